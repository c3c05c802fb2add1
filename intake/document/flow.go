package document

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Every reader builds a small tree of paragraphs, grids and groups; only
// layout turns it into Text and spans, so that no reader counts offsets.

type node interface{ isNode() }

// para is a paragraph under construction. Offsets inside it are its own.
type para struct {
	text     []byte
	kind     BlockKind
	page     int
	origin   string
	controls []Control
	looks    []look
	flat     bool // inside a cell: a tab would be taken for a cell boundary
}

// grid is a table.
type grid struct {
	rows   []gridRow
	page   int
	origin string
	sheet  bool // of a spreadsheet: empty cells at a row's end mean nothing
}

type gridRow struct {
	cells  []gridCell
	header bool
}

type gridCell struct {
	nodes []node
	span  int
	// control is set when a form control wraps the whole cell.
	control *Control
}

// group is a form control that wraps whole paragraphs or tables.
type group struct {
	control Control
	nodes   []node
	page    int
	origin  string
}

func (*para) isNode()  {}
func (*grid) isNode()  {}
func (*group) isNode() {}

// style is how a stretch of text looks, as far as looks can answer a question.
type style struct{ strike, highlight, bold, underline bool }

type look struct {
	start, end int
	style
}

// write appends text, without what nobody sees: control characters, zero-width
// marks, direction overrides. Special spaces become plain ones, so that an
// empty form field (five en spaces in Word) is empty.
func (p *para) write(s string, st style) {
	start := len(p.text)
	for _, r := range s {
		p.rune(r)
	}
	if st != (style{}) && len(p.text) > start {
		if n := len(p.looks); n > 0 && p.looks[n-1].style == st && p.looks[n-1].end == start {
			p.looks[n-1].end = len(p.text)
			return
		}
		p.looks = append(p.looks, look{start, len(p.text), st})
	}
}

func (p *para) rune(r rune) {
	atStart := len(p.text) == 0 || p.text[len(p.text)-1] == '\n'
	switch {
	case r == '\r' || r == '\v' || r == '\f':
		r = '\n'
	case r == '\t' && p.flat:
		r = ' '
	case r == '\t' || r == '\n':
	case unicode.Is(unicode.Zs, r):
		r = ' '
	case r == 0xAD, unicode.Is(unicode.Cf, r) && r != 0x200D, unicode.IsControl(r):
		return
	}
	if atStart && (r == ' ' || r == '\t' || r == '\n' && len(p.text) == 0) {
		return
	}
	p.text = utf8.AppendRune(p.text, r)
}

// cut drops everything from byte n on, for prompts that are no answer.
func (p *para) cut(n int) {
	p.text = p.text[:n]
	kept := p.controls[:0]
	for _, c := range p.controls {
		if c.Start <= n {
			c.End = min(c.End, n)
			kept = append(kept, c)
		}
	}
	p.controls = kept
	looks := p.looks[:0]
	for _, l := range p.looks {
		if l.start < n {
			l.end = min(l.end, n)
			looks = append(looks, l)
		}
	}
	p.looks = looks
}

// control appends a control that covers the text from start to here.
func (p *para) control(c Control, start int) {
	c.Start, c.End = start, len(p.text)
	p.controls = append(p.controls, c)
}

// layout writes the tree into a Document.
type layout struct {
	doc   *Document
	out   []byte
	limit int
	full  bool
}

// setFlow gives the document its Text, Blocks and controls. It reports whether
// everything fitted into limit bytes.
func (d *Document) setFlow(nodes []node, limit int) bool {
	l := &layout{doc: d, limit: limit}
	l.top(nodes)
	d.Text = string(l.out)
	return !l.full
}

func (l *layout) top(nodes []node) {
	for _, n := range nodes {
		if l.full {
			return
		}
		switch n := n.(type) {
		case *para:
			l.paragraph(n)
		case *grid:
			if len(n.rows) > 0 {
				l.newline()
				l.grid(n)
			}
		case *group:
			l.topGroup(n)
		}
	}
}

func (l *layout) newline() {
	if len(l.out) > 0 {
		l.out = append(l.out, '\n')
	}
}

func (l *layout) paragraph(p *para) {
	text := bytes.TrimRight(p.text, " \t\n")
	if len(text) == 0 && len(p.controls) == 0 {
		return
	}
	l.newline()
	b := Block{Kind: p.kind, Page: p.page, Origin: p.origin, Start: len(l.out)}
	if b.Kind == "" {
		b.Kind = Paragraph
	}
	b.Controls, b.Bold = l.run(p, text, nil)
	b.Controls = append(b.Controls, l.answers(b.Start, l.looks(p, b.Start), b.Controls)...)
	b.End = len(l.out)
	l.doc.Blocks = append(l.doc.Blocks, b)
}

// run writes a paragraph's text and returns its controls at their places.
func (l *layout) run(p *para, text []byte, into []Control) (controls []Control, bold bool) {
	if len(l.out)+len(text) > l.limit {
		l.full = true
		text = validPrefix(text, max(0, l.limit-len(l.out)))
	}
	at := len(l.out)
	l.out = append(l.out, text...)
	for _, c := range p.controls {
		c.Start = at + min(c.Start, len(text))
		c.End = at + min(c.End, len(text))
		into = append(into, c)
	}
	n := 0
	for _, k := range p.looks {
		if k.bold {
			n += min(k.end, len(text)) - min(k.start, len(text))
		}
	}
	return into, len(text) > 0 && n == len(text)
}

func validPrefix(b []byte, n int) []byte {
	if n >= len(b) {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

func (l *layout) looks(p *para, at int) []look {
	moved := make([]look, 0, len(p.looks))
	for _, k := range p.looks {
		k.start, k.end = min(at+k.start, len(l.out)), min(at+k.end, len(l.out))
		if k.start < k.end {
			moved = append(moved, k)
		}
	}
	return moved
}

func (l *layout) topGroup(g *group) {
	at, first := len(l.out), len(l.doc.Blocks)
	l.top(g.nodes)
	c := l.wrap(g.control, at)
	if first == len(l.doc.Blocks) {
		b := Block{Kind: Paragraph, Page: g.page, Origin: g.origin, Start: at, End: at}
		l.doc.Blocks = append(l.doc.Blocks, b)
	}
	b := &l.doc.Blocks[first]
	b.Controls = append(b.Controls, c)
}

// wrap gives a control the span of what was written since at.
func (l *layout) wrap(c Control, at int) Control {
	for at < len(l.out) && (l.out[at] == '\n' || l.out[at] == '\t') {
		at++
	}
	c.Start, c.End = at, len(l.out)
	if c.Value == "" && !c.Placeholder && c.Kind != CheckBox {
		c.Value = string(l.out[at:])
	}
	return c
}

func (l *layout) grid(g *grid) {
	at := len(l.doc.Blocks)
	l.doc.Blocks = append(l.doc.Blocks, Block{Kind: Table, Page: g.page, Origin: g.origin, Start: len(l.out)})
	rows := make([]Row, 0, len(g.rows))
	for i, r := range g.rows {
		if l.full {
			break
		}
		if i > 0 {
			l.out = append(l.out, '\n')
		}
		row := Row{Cells: make([]Cell, 0, len(r.cells))}
		for j, c := range r.cells {
			if j > 0 {
				l.out = append(l.out, '\t')
			}
			row.Cells = append(row.Cells, l.cell(c, r.header))
		}
		rows = append(rows, row)
	}
	l.doc.Blocks[at].Rows = rows
	l.doc.Blocks[at].End = len(l.out)
}

func (l *layout) cell(c gridCell, header bool) Cell {
	cell := Cell{Start: len(l.out), Span: max(1, c.span), Header: header}
	var looks []look
	l.inCell(c.nodes, &cell, &looks)
	if c.control != nil {
		cell.Controls = append(cell.Controls, l.wrap(*c.control, cell.Start))
	}
	cell.End = len(l.out)
	cell.Controls = append(cell.Controls, l.answers(cell.Start, looks, cell.Controls)...)
	return cell
}

func (l *layout) inCell(nodes []node, cell *Cell, looks *[]look) {
	for _, n := range nodes {
		if l.full {
			return
		}
		switch n := n.(type) {
		case *para:
			text := bytes.TrimRight(n.text, " \t\n")
			if len(text) == 0 && len(n.controls) == 0 {
				continue
			}
			l.cellLine(cell, len(text) > 0)
			at := len(l.out)
			cell.Controls, _ = l.run(n, text, cell.Controls)
			*looks = append(*looks, l.looks(n, at)...)
		case *grid:
			if len(n.rows) > 0 {
				l.cellLine(cell, true)
				l.grid(n)
			}
		case *group:
			at := len(l.out)
			l.inCell(n.nodes, cell, looks)
			cell.Controls = append(cell.Controls, l.wrap(n.control, at))
		}
	}
}

func (l *layout) cellLine(cell *Cell, hasText bool) {
	if hasText && len(l.out) > cell.Start {
		l.out = append(l.out, '\n')
	}
}

// blank reports that a tree holds neither text nor controls.
func blank(nodes []node) bool {
	for _, n := range nodes {
		switch n := n.(type) {
		case *para:
			if len(bytes.TrimSpace(n.text)) > 0 || len(n.controls) > 0 {
				return false
			}
		case *group:
			return false
		case *grid:
			for _, r := range n.rows {
				for _, c := range r.cells {
					if c.control != nil || !blank(c.nodes) {
						return false
					}
				}
			}
		}
	}
	return true
}

// words is the text of a tree, for comparing and for values.
func words(nodes []node) string {
	var d Document
	d.setFlow(nodes, 1<<20)
	return strings.TrimSpace(d.Text)
}
