package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// look is what an element's own attributes say of how it is shown.
type look struct {
	css        map[string]string
	colour     string // of its text; "" when not set here
	background string // "" when not set here
}

func lookOf(n *html.Node) look {
	l := look{css: declarations(attr(n, "style")), colour: strings.ToLower(attr(n, "color")), background: strings.ToLower(attr(n, "bgcolor"))}
	if c := l.css["color"]; c != "" {
		l.colour = c
	}
	for _, name := range []string{"background", "background-color"} {
		if c := l.css[name]; c != "" && c != "transparent" && c != "none" && c != "inherit" {
			l.background = c
		}
	}
	return l
}

func declarations(style string) map[string]string {
	if style == "" {
		return nil
	}
	css := map[string]string{}
	for d := range strings.SplitSeq(strings.ToLower(style), ";") {
		if k, v, ok := strings.Cut(d, ":"); ok {
			v, _, _ = strings.Cut(v, "!")
			css[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return css
}

// neverShown are elements whose content no mail program shows as text.
func neverShown(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Meta, atom.Link, atom.Noscript, atom.Template,
		atom.Svg, atom.Math, atom.Object, atom.Embed, atom.Iframe, atom.Audio, atom.Video, atom.Canvas:
		return true
	}
	return false
}

// isHidden says that the look of n keeps its text from a reader's eyes. behind
// is the colour of the page there.
func isHidden(n *html.Node, l look, behind string) bool {
	switch {
	case hasAttr(n, "hidden"),
		l.css["display"] == "none",
		l.css["visibility"] == "hidden",
		l.css["visibility"] == "collapse",
		isZero(l.css["font-size"]),
		isZero(l.css["opacity"]),
		isZero(l.css["max-height"]) && l.css["overflow"] == "hidden",
		isZero(l.css["height"]) && l.css["overflow"] == "hidden":
		return true
	}
	return l.colour != "" && sameColour(l.colour, behind)
}

// isZero reads a length or a number: "0", "0px", "0.0", "0%".
func isZero(v string) bool {
	number := strings.TrimRight(v, "abcdefghijklmnopqrstuvwxyz% ")
	return number != "" && strings.Trim(number, "0.") == ""
}

func sameColour(a, b string) bool {
	x, okA := colourOf(a)
	y, okB := colourOf(b)
	return okA && okB && x == y
}

// colourOf knows the ways in which white, black, and any colour in figures are written.
func colourOf(s string) (string, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "")
	switch {
	case s == "white", s == "window", s == "rgb(255,255,255)":
		return "ffffff", true
	case s == "black", s == "windowtext", s == "rgb(0,0,0)":
		return "000000", true
	case strings.HasPrefix(s, "#") && len(s) == 4:
		return string([]byte{s[1], s[1], s[2], s[2], s[3], s[3]}), true
	case strings.HasPrefix(s, "#") && len(s) == 7:
		return s[1:], true
	case strings.HasPrefix(s, "rgb("):
		return s, true
	}
	return "", false
}

func hasWords(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.Type == html.TextNode && strings.TrimFunc(d.Data, isNoInk) != "" {
			return true
		}
	}
	return false
}

// isNoInk are the characters that senders pad previews with.
func isNoInk(c rune) bool {
	switch c {
	case '\u00A0', '\u00AD', '\u034F', '\u2007', '\u200B', '\u200C', '\u200D', '\u2060', '\uFEFF':
		return true
	}
	return c <= ' '
}
