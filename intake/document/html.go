package document

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

// html reads an attached web page: a form saved as HTML, or a page that some
// secure-mail system sends in place of the mail.
func (r *reader) html(b []byte, d *Document) error {
	from, err := charset.NewReader(bytes.NewReader(b), d.Type)
	if err != nil {
		return err
	}
	root, err := html.ParseWithOptions(from, html.ParseOptionEnableScripting(false))
	if err != nil {
		return unreadable("The page is nested deeper than a document should be.")
	}
	w := &htmlWalker{limit: r.limits.Nesting}
	nodes := w.blocks(root, false, 0)
	for _, s := range w.warnings {
		d.warn(s)
	}
	if !d.setFlow(nodes, r.limits.TextBytes) || w.deep {
		return tooLarge("It is too long; only its beginning was read.")
	}
	return nil
}

// htmlNodes reads HTML that is already UTF-8.
func htmlNodes(b []byte, nesting int) []node {
	root, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		return plainNodes(string(b))
	}
	w := &htmlWalker{limit: nesting}
	return w.blocks(root, false, 0)
}

type htmlWalker struct {
	limit    int
	deep     bool
	warnings []string
}

// blocks reads flow content. Text and inline elements gather into a paragraph
// that the next block element ends.
func (w *htmlWalker) blocks(n *html.Node, flat bool, depth int) []node {
	f := &htmlFlow{flat: flat}
	w.flow(n, f, style{}, depth)
	return f.done()
}

type htmlFlow struct {
	nodes []node
	cur   *para
	flat  bool
	kind  BlockKind
}

func (f *htmlFlow) para() *para {
	if f.cur == nil {
		f.cur = &para{flat: f.flat, kind: f.kind}
	}
	return f.cur
}

func (f *htmlFlow) end() {
	if f.cur != nil {
		f.nodes = append(f.nodes, f.cur)
	}
	f.cur = nil
}

func (f *htmlFlow) done() []node {
	f.end()
	return f.nodes
}

func (w *htmlWalker) flow(n *html.Node, f *htmlFlow, st style, depth int) {
	if depth > w.limit {
		w.deep = true
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.Type {
		case html.TextNode:
			w.text(c.Data, f, st)
		case html.DocumentNode:
			w.flow(c, f, st, depth+1)
		case html.ElementNode:
			w.element(c, f, st, depth)
		}
	}
}

// text folds white space as browsers do.
func (w *htmlWalker) text(s string, f *htmlFlow, st style) {
	t := strings.Join(strings.Fields(s), " ")
	if t == "" && f.cur == nil {
		return
	}
	p := f.para()
	if n := len(p.text); n > 0 && p.text[n-1] != ' ' && p.text[n-1] != '\n' && s != "" && isSpace(s[0]) {
		p.write(" ", style{})
	}
	p.write(t, st)
	if t != "" && isSpace(s[len(s)-1]) {
		p.write(" ", style{})
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func (w *htmlWalker) element(n *html.Node, f *htmlFlow, st style, depth int) {
	if hidden(n) {
		return
	}
	switch n.DataAtom {
	case atom.Script, atom.Noscript:
		if n.DataAtom == atom.Script {
			w.warn("It holds scripts. They were not run.")
		}
	case atom.Style, atom.Head, atom.Template, atom.Iframe, atom.Object, atom.Svg:
	case atom.Br:
		f.para().write("\n", style{})
	case atom.Table:
		f.end()
		f.nodes = append(f.nodes, w.table(n, depth))
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		f.end()
		f.kind = Heading
		w.flow(n, f, st, depth+1)
		f.end()
		f.kind = Paragraph
	case atom.Input, atom.Select, atom.Textarea:
		htmlControl(n, f.para())
	default:
		if block(n.DataAtom) {
			f.end()
			w.flow(n, f, htmlStyle(n, st), depth+1)
			f.end()
			return
		}
		w.flow(n, f, htmlStyle(n, st), depth+1)
	}
}

func (w *htmlWalker) warn(s string) { w.warnings = append(w.warnings, s) }

func block(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Li, atom.Ul, atom.Ol, atom.Dl, atom.Dt, atom.Dd, atom.Blockquote, atom.Pre,
		atom.Section, atom.Article, atom.Header, atom.Footer, atom.Form, atom.Fieldset, atom.Legend, atom.Center,
		atom.Body, atom.Html, atom.Main, atom.Hr, atom.Address, atom.Option:
		return true
	}
	return false
}

func hidden(n *html.Node) bool {
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "type":
			if n.DataAtom == atom.Input && strings.EqualFold(a.Val, "hidden") {
				return true
			}
		case "style":
			s := strings.ReplaceAll(strings.ToLower(a.Val), " ", "")
			if strings.Contains(s, "display:none") || strings.Contains(s, "visibility:hidden") || strings.Contains(s, "font-size:0") {
				return true
			}
		}
	}
	return false
}

func htmlStyle(n *html.Node, st style) style {
	switch n.DataAtom {
	case atom.B, atom.Strong:
		st.bold = true
	case atom.U:
		st.underline = true
	case atom.S, atom.Strike, atom.Del:
		st.strike = true
	case atom.Mark:
		st.highlight = true
	}
	s := strings.ReplaceAll(strings.ToLower(attribute(n, "style")), " ", "")
	if strings.Contains(s, "line-through") {
		st.strike = true
	}
	if strings.Contains(s, "background:yellow") || strings.Contains(s, "background-color:yellow") {
		st.highlight = true
	}
	return st
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func (w *htmlWalker) table(n *html.Node, depth int) *grid {
	g := &grid{}
	w.rows(n, g, depth+1)
	return g
}

func (w *htmlWalker) rows(n *html.Node, g *grid, depth int) {
	if depth > w.limit {
		w.deep = true
		return
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Tr:
			var row gridRow
			headers := 0
			for k := c.FirstChild; k != nil; k = k.NextSibling {
				if k.DataAtom == atom.Td || k.DataAtom == atom.Th {
					row.cells = append(row.cells, gridCell{nodes: w.blocks(k, true, depth+1), span: number(attribute(k, "colspan"))})
				}
				if k.DataAtom == atom.Th {
					headers++
				}
			}
			row.header = headers > 0 && headers == len(row.cells)
			g.rows = append(g.rows, row)
		case atom.Caption:
		default:
			if c.Type == html.ElementNode {
				w.rows(c, g, depth+1)
			}
		}
	}
}

// htmlControl reads a field of a saved web form.
func htmlControl(n *html.Node, p *para) {
	c := Control{Kind: TextBox, Label: attribute(n, "name"), Value: attribute(n, "value")}
	at := len(p.text)
	switch {
	case n.DataAtom == atom.Select:
		c.Kind = DropDown
		chooseOption(n, &c)
	case n.DataAtom == atom.Textarea && n.FirstChild != nil:
		c.Value = strings.TrimSpace(n.FirstChild.Data)
	case n.DataAtom == atom.Input:
		switch strings.ToLower(attribute(n, "type")) {
		case "checkbox", "radio":
			c.Kind = CheckBox
			c.Checked = has(n, "checked")
			p.write(glyph(c.Checked), style{})
			p.control(c, at)
			return
		case "submit", "button", "reset", "image", "password", "file":
			return
		case "date":
			c.Kind = DateBox
		}
	}
	p.write(c.Value, style{})
	p.control(c, at)
}

func chooseOption(n *html.Node, c *Control) {
	for o := n.FirstChild; o != nil; o = o.NextSibling {
		if o.DataAtom != atom.Option || o.FirstChild == nil || len(c.Options) > 500 {
			continue
		}
		t := strings.TrimSpace(o.FirstChild.Data)
		c.Options = append(c.Options, t)
		if has(o, "selected") && !isPrompt(t) {
			c.Value = t
		}
	}
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}
