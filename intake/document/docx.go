package document

import (
	"archive/zip"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// docx reads a Word document: body, headers, footers, notes and comments.
func (r *reader) docx(ctx context.Context, z *zip.Reader, d *Document) error {
	main := mainPart(ctx, r, z)
	if main == nil {
		return unreadable("It calls itself a Word document but has no text part.")
	}
	w := &docxWalker{doc: d}
	var nodes []node
	var first error
	seen := map[string]bool{}
	for _, part := range docxParts(z, main) {
		w.origin = part.origin
		ns, err := w.part(ctx, r, part.file)
		if t := words(ns); part.file != main && (t == "" || seen[t]) && blankControls(ns) {
			continue // the same header stands in the file once for each section
		} else {
			seen[t] = true
		}
		nodes = append(nodes, ns...)
		if err != nil && first == nil {
			first = fmt.Errorf("%s: %w", part.file.Name, err)
		}
	}
	if !d.setFlow(nodes, r.limits.TextBytes) && first == nil {
		first = tooLarge("It is too long; only its beginning was read.")
	}
	w.warn()
	officeWarnings(ctx, r, z, d)
	if d.Text == "" && first == nil && blank(nodes) {
		r.pictureMembers(ctx, z, d, "word/media/")
	}
	return first
}

func blankControls(ns []node) bool {
	var d Document
	d.setFlow(ns, 1<<20)
	for _, b := range d.Blocks {
		if len(b.Controls) > 0 {
			return false
		}
		for _, row := range b.Rows {
			for _, c := range row.Cells {
				if len(c.Controls) > 0 {
					return false
				}
			}
		}
	}
	return true
}

type docxPart struct {
	file   *zip.File
	origin string
}

// docxParts lists the parts in reading order: headers, the body, footers,
// notes, comments.
func docxParts(z *zip.Reader, main *zip.File) []docxPart {
	dir := path.Dir(main.Name) + "/"
	rank := map[string]int{"header": 0, "body": 1, "footer": 2, "footnote": 3, "endnote": 4, "comment": 5}
	parts := []docxPart{{main, main.Name}}
	order := map[string]int{main.Name: rank["body"]}
	for _, f := range z.File {
		name, ok := strings.CutPrefix(f.Name, dir)
		name, isXML := strings.CutSuffix(name, ".xml")
		if !ok || !isXML || f == main {
			continue
		}
		origin := strings.TrimSuffix(strings.TrimRight(name, "0123456789"), "s")
		if n, known := rank[origin]; known && origin != "body" && len(parts) < 40 {
			parts = append(parts, docxPart{f, origin})
			order[f.Name] = n
		}
	}
	slices.SortStableFunc(parts, func(a, b docxPart) int {
		if d := order[a.file.Name] - order[b.file.Name]; d != 0 {
			return d
		}
		return strings.Compare(a.file.Name, b.file.Name)
	})
	return parts
}

// mainPart finds the body by the package's relations; SharePoint calls it
// document2.xml.
func mainPart(ctx context.Context, r *reader, z *zip.Reader) *zip.File {
	target := "word/document.xml"
	if f := zipFile(z, "_rels/.rels"); f != nil {
		if rels, err := r.zipXML(ctx, f); err == nil {
			for _, rel := range rels.child("Relationships").children() {
				if strings.HasSuffix(rel.attr("Type"), "/officeDocument") {
					target = strings.TrimPrefix(path.Clean(rel.attr("Target")), "/")
				}
			}
		}
	}
	if f := zipFile(z, target); f != nil {
		return f
	}
	for _, f := range z.File {
		if ok, _ := path.Match("word/document*.xml", f.Name); ok {
			return f
		}
	}
	return nil
}

// children is the list of child elements, empty for nil.
func (e *elem) children() []*elem {
	if e == nil {
		return nil
	}
	return e.kids
}

// docxWalker turns WordprocessingML into the tree of flow.go.
type docxWalker struct {
	doc     *Document
	origin  string
	fields  []*wordField
	deleted []string
	hidden  bool
	chunk   bool
}

func (w *docxWalker) part(ctx context.Context, r *reader, f *zip.File) ([]node, error) {
	root, err := r.zipXML(ctx, f)
	if root == nil {
		return nil, err
	}
	w.fields = nil
	return w.blocks(root, false), err
}

func (w *docxWalker) warn() {
	if len(w.deleted) > 0 {
		t := strings.Join(strings.Fields(strings.Join(w.deleted, " ")), " ")
		w.doc.warn("Text that was deleted under tracked changes is left out: “" + shorten(t, 200) + "”")
	}
	if w.hidden {
		w.doc.warn("Text formatted as hidden is left out.")
	}
	if w.chunk {
		w.doc.warn("It embeds another document, which was not read.")
	}
}

// blocks reads block content: paragraphs, tables and controls around them.
func (w *docxWalker) blocks(e *elem, inCell bool) []node {
	var out []node
	for _, k := range e.kids {
		switch k.name {
		case "p":
			p, boxes := w.para(k, inCell)
			out = append(append(out, p), boxes...)
		case "tbl":
			out = append(out, w.table(k))
		case "sdt":
			out = append(out, w.blockControl(k, inCell)...)
		case "del", "moveFrom":
			w.drop(k)
		case "altChunk":
			w.chunk = true
		case "", "Fallback", "sectPr", "tblPr", "tcPr", "pPr":
		default: // body, customXml, ins, footnote, comment: transparent
			out = append(out, w.blocks(k, inCell)...)
		}
	}
	return out
}

func (w *docxWalker) drop(e *elem) {
	if t := strings.TrimSpace(deletedText(e)); t != "" {
		w.deleted = append(w.deleted, t)
	}
}

func deletedText(e *elem) string {
	var sb strings.Builder
	for _, k := range e.kids {
		if k.name == "t" || k.name == "delText" {
			sb.WriteString(k.allText())
		} else {
			sb.WriteString(deletedText(k))
		}
	}
	return sb.String()
}

func (w *docxWalker) table(e *elem) *grid {
	g := &grid{origin: w.origin}
	w.rows(e, g)
	return g
}

func (w *docxWalker) rows(e *elem, g *grid) {
	for _, k := range e.kids {
		switch k.name {
		case "tr":
			pr := k.child("trPr")
			if pr.child("del") != nil {
				w.drop(k)
				continue
			}
			row := gridRow{header: pr.child("tblHeader").on()}
			row.pad(pr.child("gridBefore"))
			w.cells(k, &row)
			g.rows = append(g.rows, row)
		case "sdt":
			w.rowControl(k, g)
		case "", "tblPr", "tblGrid", "del", "Fallback":
		default:
			w.rows(k, g)
		}
	}
}

// pad keeps later cells in their column where a row starts further right.
func (row *gridRow) pad(before *elem) {
	if n := number(before.attr("val")); n > 0 {
		row.cells = append(row.cells, gridCell{span: n})
	}
}

func (w *docxWalker) cells(e *elem, row *gridRow) {
	for _, k := range e.kids {
		switch k.name {
		case "tc":
			pr := k.child("tcPr")
			if pr.child("cellDel") != nil {
				w.drop(k)
				continue
			}
			c := gridCell{span: number(pr.child("gridSpan").attr("val")), nodes: w.blocks(k, true)}
			row.cells = append(row.cells, c)
		case "sdt":
			w.cellControl(k, row)
		case "", "trPr", "tblPrEx", "Fallback":
		default:
			w.cells(k, row)
		}
	}
}

// number reads a small count, 0 when it is none.
func number(s string) int {
	n := 0
	for _, r := range s {
		if r < '0' || r > '9' || n > 1000 {
			return 0
		}
		n = n*10 + int(r-'0')
	}
	return n
}
