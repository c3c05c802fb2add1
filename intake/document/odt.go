package document

import (
	"archive/zip"
	"context"
	"strconv"
	"strings"
)

// openDocument reads text documents and spreadsheets of LibreOffice.
func (r *reader) openDocument(ctx context.Context, z *zip.Reader, d *Document) error {
	if f := zipFile(z, "META-INF/manifest.xml"); f != nil {
		if m, err := r.zipXML(ctx, f); err == nil && m.find("encryption-data") != nil {
			return errLocked
		}
	}
	f := zipFile(z, "content.xml")
	if f == nil {
		return unreadable("It calls itself an OpenDocument file but has no content.")
	}
	root, err := r.zipXML(ctx, f)
	if root == nil {
		return err
	}
	w := &odtWalker{styles: map[string]style{}, fields: map[string]*elem{}, left: r.limits.Nodes / 4}
	w.gather(root)
	nodes := w.pageParts(ctx, r, z, "header")
	w.origin = "content.xml"
	nodes = append(nodes, w.blocks(root.find("body"), false)...)
	nodes = append(nodes, w.pageParts(ctx, r, z, "footer")...)
	if !d.setFlow(nodes, r.limits.TextBytes) && err == nil {
		err = tooLarge("It is too long; only its beginning was read.")
	}
	if d.Text == "" && err == nil {
		r.pictureMembers(ctx, z, d, "Pictures/")
	}
	return err
}

// odtWalker turns OpenDocument text into the tree of flow.go.
type odtWalker struct {
	origin string
	styles map[string]style
	fields map[string]*elem // form controls by id
	marks  []odtMark        // open field marks
	left   int              // cells that may still be written out
}

type odtMark struct {
	elem *elem
	at   int
}

// gather finds the automatic styles and the form controls.
func (w *odtWalker) gather(e *elem) {
	switch e.name {
	case "style":
		w.styles[e.attr("name")] = odtStyle(e.child("text-properties"))
	case "checkbox", "radio", "text", "textarea", "listbox", "combobox", "formatted-text", "date":
		if id := e.attr("id"); id != "" {
			w.fields[id] = e
		}
	}
	for _, k := range e.kids {
		w.gather(k)
	}
}

func odtStyle(e *elem) style {
	lined := func(s string) bool { return s != "" && s != "none" }
	colour := e.attr("background-color")
	return style{
		strike:    lined(e.attr("text-line-through-style")) || lined(e.attr("text-line-through-type")),
		underline: lined(e.attr("text-underline-style")),
		bold:      e.attr("font-weight") == "bold",
		highlight: colour != "" && colour != "transparent" && !strings.EqualFold(colour, "#ffffff"),
	}
}

// pageParts reads the headers or footers, which stand with the page styles.
func (w *odtWalker) pageParts(ctx context.Context, r *reader, z *zip.Reader, name string) (nodes []node) {
	f := zipFile(z, "styles.xml")
	if f == nil {
		return nil
	}
	root, err := r.zipXML(ctx, f)
	if err != nil {
		return nil
	}
	w.origin = name
	seen := map[string]bool{}
	for _, page := range root.find("master-styles").children() {
		ns := w.blocks(page.child(name), false)
		if t := words(ns); page.child(name) != nil && t != "" && !seen[t] {
			seen[t] = true
			nodes = append(nodes, ns...)
		}
	}
	return nodes
}

func (w *odtWalker) blocks(e *elem, inCell bool) (out []node) {
	for _, k := range e.children() {
		switch k.name {
		case "p", "h":
			p := &para{origin: w.origin, flat: inCell}
			if k.name == "h" {
				p.kind = Heading
			}
			var boxes []node
			w.inline(k, p, w.styles[k.attr("style-name")], &boxes)
			out = append(append(out, p), boxes...)
		case "table":
			sheet := e.name == "spreadsheet"
			if n := k.attr("name"); sheet && n != "" {
				p := &para{kind: Heading, origin: w.origin}
				p.write(n, style{})
				out = append(out, p)
			}
			g := &grid{origin: w.origin, sheet: sheet}
			w.rows(k, g, false)
			if sheet {
				g.trim()
			}
			out = append(out, g)
		case "", "tracked-changes", "forms", "sequence-decls", "calculation-settings", "table-of-content", "named-expressions":
		default: // section, list, list-item: transparent
			out = append(out, w.blocks(k, inCell)...)
		}
	}
	return out
}

func (w *odtWalker) rows(e *elem, g *grid, header bool) {
	for _, k := range e.kids {
		switch k.name {
		case "table-row":
			row := gridRow{header: header}
			w.cells(k, &row)
			for range w.times(k, "number-rows-repeated", row) {
				g.rows = append(g.rows, row)
			}
		case "table-header-rows":
			w.rows(k, g, true)
		case "", "table-columns", "table-column", "forms":
		default:
			w.rows(k, g, header)
		}
	}
}

func (w *odtWalker) cells(e *elem, row *gridRow) {
	for _, k := range e.kids {
		if k.name != "table-cell" {
			continue // covered cells belong to the one that spans them
		}
		c := gridCell{span: number(k.attr("number-columns-spanned")), nodes: w.blocks(k, true)}
		for range w.times(k, "number-columns-repeated", gridRow{cells: []gridCell{c}}) {
			row.cells = append(row.cells, c)
		}
	}
}

// times says how often a repeated row or cell is written out: an empty one
// once, since sheets end with a million of them.
func (w *odtWalker) times(e *elem, attr string, row gridRow) int {
	n, err := strconv.Atoi(e.attr(attr))
	empty := true
	for _, c := range row.cells {
		empty = empty && blank(c.nodes)
	}
	if err != nil || n < 1 || empty {
		n = 1
	}
	n = min(n, 1000, max(1, w.left/max(1, len(row.cells))))
	w.left -= n * len(row.cells)
	return n
}

// trim drops the empty rows and cells at a sheet's end.
func (g *grid) trim() {
	for i := range g.rows {
		cells := g.rows[i].cells
		for len(cells) > 1 && cells[len(cells)-1].control == nil && blank(cells[len(cells)-1].nodes) {
			cells = cells[:len(cells)-1]
		}
		g.rows[i].cells = cells
	}
	for len(g.rows) > 0 {
		last := g.rows[len(g.rows)-1]
		for _, c := range last.cells {
			if c.control != nil || !blank(c.nodes) {
				return
			}
		}
		g.rows = g.rows[:len(g.rows)-1]
	}
}

func (w *odtWalker) inline(e *elem, p *para, st style, boxes *[]node) {
	for _, k := range e.kids {
		switch k.name {
		case "":
			p.write(foldSpace(k.text, p), st)
		case "s":
			p.write(strings.Repeat(" ", min(max(1, number(k.attr("c"))), 200)), st)
		case "tab":
			p.write("\t", style{})
		case "line-break":
			p.write("\n", style{})
		case "span":
			w.inline(k, p, st.or(w.styles[k.attr("style-name")]), boxes)
		case "content-control":
			w.contentControl(k, p, st, boxes)
		case "fieldmark", "fieldmark-start", "fieldmark-end":
			w.fieldMark(k, p)
		case "drop-down":
			w.dropDown(k, p)
		case "placeholder":
			p.control(Control{Kind: TextBox, Placeholder: true, Label: k.attr("description")}, len(p.text))
		case "control":
			w.formControl(w.fields[k.attr("control")], p)
		case "text-box":
			old := w.origin
			w.origin = "textbox"
			*boxes = append(*boxes, w.blocks(k, false)...)
			w.origin = old
		case "annotation":
			old := w.origin
			w.origin = "comment"
			*boxes = append(*boxes, w.blocks(k, false)...)
			w.origin = old
		case "note-citation", "tracked-changes", "title", "desc", "creator":
		case "note-body":
			*boxes = append(*boxes, w.blocks(k, false)...)
		default:
			w.inline(k, p, st, boxes)
		}
	}
}

// or joins the looks of a span and of what it stands in.
func (s style) or(o style) style {
	return style{s.strike || o.strike, s.highlight || o.highlight, s.bold || o.bold, s.underline || o.underline}
}

// foldSpace folds white space as OpenDocument does: runs of it are one space.
func foldSpace(s string, p *para) string {
	var sb strings.Builder
	space := len(p.text) > 0 && p.text[len(p.text)-1] == ' '
	for _, r := range s {
		if r == ' ' || r == '\n' || r == '\t' || r == '\r' {
			if !space {
				sb.WriteByte(' ')
			}
			space = true
			continue
		}
		space = false
		sb.WriteRune(r)
	}
	return privateBoxes(sb.String())
}
