package message

import (
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlToText gives what a reader of the page sees, as lines: blocks begin a
// line, rows of tables are lines with tabs between their cells. hidden is true
// when there was text that the page does not show. What is not parsed at end is
// left out.
func htmlToText(page string, end time.Time) (text string, hidden bool) {
	doc, err := html.Parse(&untilReader{strings.NewReader(page), end})
	if err != nil { // nested deeper than the parser goes
		return flatText(page, end), false
	}
	w := &htmlWriter{behind: "white"}
	w.walk(doc)
	return w.text(), w.hidden
}

// flatText takes the words of a page without looking at how they nest; what is
// hidden there is shown as well.
func flatText(page string, end time.Time) string {
	w := &htmlWriter{}
	tokens := html.NewTokenizer(&untilReader{strings.NewReader(page), end})
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return w.text()
		case html.TextToken:
			w.write(html.UnescapeString(string(tokens.Raw())))
		case html.StartTagToken:
			name, _ := tokens.TagName()
			switch atom.Lookup(name) {
			case atom.Script, atom.Style, atom.Title:
				tokens.Next()
			case atom.P, atom.Div, atom.Tr, atom.Br, atom.Li, atom.Table, atom.Blockquote:
				w.block(1)
			case atom.Td, atom.Th:
				w.space = true
			}
		}
	}
}

// htmlWriter collects text; spaces and line breaks wait until text follows them.
type htmlWriter struct {
	out    strings.Builder
	breaks int    // line breaks due before the next text
	space  bool   // a space is due
	fresh  bool   // a cell has just begun
	pre    int    // inside <pre>
	cell   int    // inside a table cell that shares its row with others
	behind string // colour of the page here
	hidden bool   // text was left out that a reader cannot see
}

func (w *htmlWriter) text() string {
	s := strings.TrimRight(w.out.String(), "\n\t ")
	if s != "" {
		s += "\n"
	}
	return s
}

func (w *htmlWriter) walk(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.write(n.Data)
		return
	case html.ElementNode:
		if neverShown(n) {
			return
		}
		if len(n.Attr) > 0 {
			l := lookOf(n)
			behind := w.behind
			if l.background != "" {
				w.behind = l.background
				defer func() { w.behind = behind }()
			}
			if isHidden(n, l, w.behind) {
				w.hidden = w.hidden || hasWords(n)
				return
			}
		}
	}
	w.element(n)
}

func (w *htmlWriter) element(n *html.Node) {
	switch n.DataAtom {
	case atom.Br:
		w.lineBreak()
	case atom.Tr:
		w.row(n)
	case atom.Td, atom.Th:
		w.children(n)
	case atom.Pre, atom.Textarea:
		w.block(1)
		w.pre++
		w.children(n)
		w.pre--
		w.block(1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Ul, atom.Ol, atom.Dl, atom.Hr:
		w.block(2)
		w.children(n)
		w.block(2)
	case atom.Li:
		w.block(1)
		w.write("- ")
		w.children(n)
		w.block(1)
	case atom.Div, atom.Table, atom.Tbody, atom.Thead, atom.Tfoot, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer,
		atom.Address, atom.Center, atom.Form, atom.Fieldset, atom.Main, atom.Nav, atom.Aside, atom.Figure, atom.Caption, atom.Option, atom.Body:
		w.block(1)
		w.children(n)
		w.block(1)
	case atom.Input:
		w.write(inputText(n))
	default:
		w.children(n)
	}
}

func (w *htmlWriter) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.walk(c)
	}
}

// row puts a table row on one line when it has several cells: a form's label
// and its answer belong together. Rows that only lay out a page hold blocks;
// these keep their own lines.
func (w *htmlWriter) row(n *html.Node) {
	w.block(1)
	var cells []*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom == atom.Td || c.DataAtom == atom.Th {
			cells = append(cells, c)
		}
	}
	if len(cells) < 2 || hasTable(n) || isLayout(cells) {
		w.children(n)
		w.block(1)
		return
	}
	w.cell++
	for i, c := range cells {
		if i > 0 {
			w.tab()
		}
		w.walk(c)
	}
	w.cell--
	w.block(1)
}

// isLayout says that only one cell, not the first, has words: the others are margins.
func isLayout(cells []*html.Node) bool {
	if hasWords(cells[0]) {
		return false
	}
	filled := 0
	for _, c := range cells[1:] {
		if hasWords(c) {
			filled++
		}
	}
	return filled == 1
}

func hasTable(n *html.Node) bool {
	for d := range n.Descendants() {
		if d.DataAtom == atom.Table {
			return true
		}
	}
	return false
}

// block asks for n line breaks before the next text; inside a cell a space does.
func (w *htmlWriter) block(n int) {
	if w.cell > 0 {
		w.space = w.space || w.out.Len() > 0
		return
	}
	w.breaks = max(w.breaks, n)
	w.space = false
}

func (w *htmlWriter) lineBreak() {
	if w.cell > 0 {
		w.space = true
		return
	}
	if w.breaks < 3 {
		w.breaks++
	}
	w.space = false
}

func (w *htmlWriter) tab() {
	w.flush()
	w.out.WriteByte('\t')
	w.space, w.fresh = false, true
}

func (w *htmlWriter) flush() {
	if w.breaks > 0 && w.out.Len() > 0 {
		w.out.WriteString(strings.Repeat("\n", w.breaks))
		w.space = false
	}
	w.breaks = 0
}

func (w *htmlWriter) write(s string) {
	if w.pre > 0 {
		w.flush()
		w.out.WriteString(newlines(s))
		return
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	w.space = w.space || isBlank(first)
	for i, word := range strings.FieldsFunc(s, isBlank) {
		w.space = w.space || i > 0
		w.word(word)
	}
	w.space = w.space || isBlank(last)
}

// isBlank counts the spaces that do not break as well: pages align with them.
func isBlank(c rune) bool {
	return c < 0x80 && isSpace(byte(c)) || c == '\u00A0' || c == '\u2007' || c == '\u202F'
}

// word drops what has no width, which senders use to break up words or pad previews.
func (w *htmlWriter) word(s string) {
	s = strings.Map(func(c rune) rune {
		switch c {
		case '\u200B', '\u200C', '\u2060', '\uFEFF', '\u00AD', '\u034F':
			return -1
		}
		return c
	}, s)
	if s == "" {
		return
	}
	atStart := w.breaks > 0 || w.out.Len() == 0
	w.flush()
	if w.space && !atStart && !w.fresh {
		w.out.WriteByte(' ')
	}
	w.space, w.fresh = false, false
	w.out.WriteString(s)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

// inputText keeps what somebody filled in a form that was mailed as HTML.
func inputText(n *html.Node) string {
	switch strings.ToLower(attr(n, "type")) {
	case "", "text", "email", "tel", "date":
		return " " + attr(n, "value") + " "
	case "checkbox", "radio":
		if hasAttr(n, "checked") {
			return " [x] "
		}
		return " [ ] "
	}
	return ""
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttr(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}
