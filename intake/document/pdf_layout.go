package document

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// nodes lays a page out: ruled tables with their cells, and the lines around
// them, from top to bottom. Lines set larger than usual are headings.
func (p *pdfPage) nodes(usual float64) []node {
	right := 0.0
	for _, t := range p.tokens {
		right = max(right, t.x1)
	}
	p.label()
	free, tables := p.split()
	type placed struct {
		y    float64
		node node
	}
	var all []placed
	ls := lines(free)
	// Lines between two tables make their paragraphs among themselves.
	for len(ls) > 0 {
		n := 1
		for n < len(ls) && !slices.ContainsFunc(tables, func(t table) bool {
			return t.box.cy() > ls[n-1].cy() && t.box.cy() < ls[n].cy()
		}) {
			n++
		}
		y := ls[0].y0
		for i, node := range freeParas(ls[:n], p.number, usual, right) {
			all = append(all, placed{y + float64(i)/1000, node})
		}
		ls = ls[n:]
	}
	for _, t := range tables {
		all = append(all, placed{t.box.y0, t.grid})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return compare(a.y, b.y) })
	out := make([]node, 0, len(all))
	for _, a := range all {
		out = append(out, a.node)
	}
	for _, n := range p.notes {
		note := &para{page: p.number, origin: "annotation"}
		note.write(n, style{})
		out = append(out, note)
	}
	return out
}

// place is the height at which a token stands: a tall answer box on its first
// line.
func (t token) place() float64 {
	if t.control != nil {
		return t.band().cy()
	}
	return t.cy()
}

type table struct {
	box  rect
	grid *grid
}

// split gives each token to its cell; what is in no table stays free.
func (p *pdfPage) split() (free []token, tables []table) {
	l := p.rules.lattice()
	if l == nil {
		return p.tokens, nil
	}
	in := make([][]token, len(l.cells))
	for _, t := range p.tokens {
		c := l.at(t.cx(), t.place())
		if c < 0 {
			free = append(free, t)
			continue
		}
		in[c] = append(in[c], t)
	}
	used := make([]bool, len(l.cells))
	for _, cells := range l.tables(p.width, p.height) {
		rows := l.rows(cells)
		switch {
		case len(cells) == 1:
			// A lone box is an answer's frame: its label stands outside, so
			// both belong to the same lines.
			continue
		case p.scanned && len(rows) == len(cells):
			continue // one column of a table whose other lines were not found
		case comb(l, rows):
			free = append(free, combToken(l, rows[0], in))
		default:
			tables = append(tables, p.table(l, cells, rows, in))
		}
		for _, c := range cells {
			used[c] = true
		}
	}
	for c, tokens := range in {
		if !used[c] {
			free = append(free, tokens...)
		}
	}
	return free, tables
}

func (p *pdfPage) table(l *lattice, cells []int, rows [][]int, in [][]token) table {
	t := table{box: l.cells[cells[0]], grid: &grid{page: p.number}}
	for _, row := range rows {
		var r gridRow
		for _, c := range row {
			b := l.cells[c]
			t.box = rect{min(t.box.x0, b.x0), min(t.box.y0, b.y0), max(t.box.x1, b.x1), max(t.box.y1, b.y1)}
			r.cells = append(r.cells, gridCell{nodes: []node{cellPara(in[c], b, p.number)}, span: l.span(c, cells)})
		}
		t.grid.rows = append(t.grid.rows, r)
	}
	return t
}

// comb reports a row of narrow boxes for one character each.
func comb(l *lattice, rows [][]int) bool {
	if len(rows) != 1 || len(rows[0]) < 4 {
		return false
	}
	for _, c := range rows[0] {
		if l.cells[c].w() > 30 {
			return false
		}
	}
	return true
}

func combToken(l *lattice, row []int, in [][]token) token {
	t := token{seq: -1, rect: l.cells[row[0]]}
	for _, c := range row {
		t.x1 = max(t.x1, l.cells[c].x1)
		for _, k := range in[c] {
			t.text += k.text
		}
	}
	return t
}

// meaningless field names say nothing about the answer: Text12, Check Box 3,
// topmostSubform[0].Page1[0].f1_07[0].
var meaningless = regexp.MustCompile(`(?i)^(text|check ?box|button|group|radio|field|combo ?box|list ?box|dropdown|undefined|untitled|feld|f\d+)?[ _-]*(field|box|button)?[ _\-.\d\[\]]*$`)

// label names the fields that the form's maker gave no label: after the text
// that stands beside them, as a person would.
func (p *pdfPage) label() {
	var named []*token
	for i := range p.tokens {
		if c := p.tokens[i].control; c != nil && c.Label == "" {
			named = append(named, &p.tokens[i])
		}
	}
	if len(named) == 0 {
		return
	}
	pieces := p.pieces()
	groups := map[string][]*token{}
	for _, t := range named {
		if t.control.Kind == CheckBox {
			groups[t.control.Name] = append(groups[t.control.Name], t)
		}
	}
	for _, t := range named {
		own := t.control.Name[strings.LastIndex(t.control.Name, ".")+1:]
		if !meaningless.MatchString(own) {
			t.control.Label = own
			continue
		}
		if l := beside(groups[t.control.Name], t, pieces); l != "" {
			t.control.Label = l
		} else {
			t.control.Label = t.control.Name
		}
	}
}

type piece struct {
	rect
	text string
}

// pieces are the stretches of printed text without wide gaps.
func (p *pdfPage) pieces() []piece {
	var printed []token
	for _, t := range p.tokens {
		if t.control == nil {
			printed = append(printed, t)
		}
	}
	var out []piece
	for _, l := range lines(printed) {
		for i, t := range l.tokens {
			if i == 0 || parting(l.tokens[i-1], t) == "\t" {
				out = append(out, piece{t.rect, t.text})
				continue
			}
			last := &out[len(out)-1]
			last.text += parting(l.tokens[i-1], t) + t.text
			last.x1, last.y0, last.y1 = t.x1, min(last.y0, t.y0), max(last.y1, t.y1)
		}
	}
	return out
}

// beside finds the text that labels a field: for boxes first on the right, for
// the others first on the left, else above. Boxes that share a name are one
// question: its label stands left of the first, and is none of the answers.
func beside(group []*token, t *token, pieces []piece) string {
	question := len(group) > 1
	if question {
		t = group[0]
	}
	best, far := "", 1e9
	consider := func(s string, d float64) {
		if s = strings.TrimRight(strings.TrimSpace(s), ":. "); s != "" && d < far {
			best, far = s, d
		}
	}
	for _, q := range pieces {
		if question && isOption(q.text, group) {
			continue
		}
		sameLine := q.y0 < t.band().y1 && q.y1 > t.band().y0-7
		over := q.x0 < t.x1 && q.x1 > t.x0
		switch {
		case sameLine && t.control.Kind == CheckBox && !question && q.x0 >= t.x1-2:
			consider(q.text, q.x0-t.x1)
		case sameLine && q.x1 <= t.x0+3:
			d := t.x0 - q.x1
			if t.control.Kind == CheckBox {
				d += 20
			}
			consider(q.text, d/2)
		case over && q.y1 <= t.y0+3 && t.y0-q.y1 < 25 && (t.control.Kind != CheckBox || question):
			consider(q.text, 20+(t.y0-q.y1)+math.Abs(q.x0-t.x0)/10)
		}
	}
	return best
}

func isOption(s string, group []*token) bool {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "yes") || strings.EqualFold(s, "no") {
		return true
	}
	for _, t := range group {
		if slices.ContainsFunc(t.control.Options, func(o string) bool { return strings.EqualFold(o, s) }) {
			return true
		}
	}
	return false
}
