package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// skip says that a reader does not see n. Elements that never show are passed
// over in silence; text hidden by its style is noted, since it is how a mail
// says one thing to a person and another to a program.
func (w *htmlWriter) skip(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Meta, atom.Link, atom.Noscript, atom.Template,
		atom.Svg, atom.Math, atom.Object, atom.Embed, atom.Iframe, atom.Audio, atom.Video, atom.Canvas:
		return true
	}
	if !isHidden(n) {
		return false
	}
	if hasWords(n) {
		w.hidden = true
	}
	return true
}

func isHidden(n *html.Node) bool {
	if hasAttr(n, "hidden") {
		return true
	}
	style := attr(n, "style")
	colour := attr(n, "color")
	if style == "" && colour == "" {
		return false
	}
	css := declarations(style)
	if css["display"] == "none" || css["visibility"] == "hidden" || css["visibility"] == "collapse" ||
		isZero(css["font-size"]) || isZero(css["opacity"]) || css["mso-hide"] == "all" && css["display"] == "none" {
		return true
	}
	if (isZero(css["max-height"]) || isZero(css["height"])) && css["overflow"] == "hidden" {
		return true
	}
	if colour == "" {
		colour = css["color"]
	}
	return colour != "" && sameColour(colour, background(n))
}

func declarations(style string) map[string]string {
	css := map[string]string{}
	for _, d := range strings.Split(strings.ToLower(style), ";") {
		if k, v, ok := strings.Cut(d, ":"); ok {
			v, _, _ = strings.Cut(v, "!")
			css[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return css
}

func isZero(v string) bool {
	return v != "" && strings.Trim(v, "0.") == strings.TrimLeft(strings.TrimLeft(v, "0."), "0.") && strings.HasPrefix(v, "0") &&
		strings.Trim(v, "0.abcdefghijklmnopqrstuvwxyz%") == "" && !strings.ContainsAny(v, "123456789")
}

// background is the colour behind n: its own or the nearest around it; a page is white.
func background(n *html.Node) string {
	for ; n != nil; n = n.Parent {
		if n.Type != html.ElementNode {
			continue
		}
		if c := attr(n, "bgcolor"); c != "" {
			return strings.ToLower(c)
		}
		css := declarations(attr(n, "style"))
		for _, name := range []string{"background-color", "background"} {
			if c := css[name]; c != "" && c != "transparent" && c != "none" && c != "inherit" {
				return c
			}
		}
	}
	return "white"
}

func sameColour(a, b string) bool {
	x, okA := colourOf(a)
	y, okB := colourOf(b)
	return okA && okB && x == y
}

// colourOf knows the ways in which white, and any colour in figures, is written.
func colourOf(s string) (string, bool) {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "")
	switch {
	case s == "white", s == "window", s == "rgb(255,255,255)":
		return "ffffff", true
	case s == "black", s == "rgb(0,0,0)":
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
		if d.Type == html.TextNode && strings.TrimFunc(d.Data, func(c rune) bool {
			return c <= ' ' || c == '\u00A0' || c == '\u200B' || c == '\u200C' || c == '\u034F' || c == '\u00AD' || c == '\u2007' || c == '\uFEFF'
		}) != "" {
			return true
		}
	}
	return false
}
