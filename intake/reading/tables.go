package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// cell is a cell of a table, of a document or of lines parted by tabs.
type cell struct {
	span
	col, width int // place in the grid
	controls   []document.Control
}

func (c cell) text(s *sheet) string { return strings.TrimSpace(c.of(s.norm)) }

// tableOf makes rows of cells from a table of a document.
func tableOf(s *sheet, b document.Block) [][]cell {
	var rows [][]cell
	for _, row := range b.Rows {
		var cells []cell
		col := 0
		for _, c := range row.Cells {
			width := max(c.Span, 1)
			cells = append(cells, cell{span{s.at(c.Start), s.at(c.End)}, col, width, c.Controls})
			col += width
		}
		rows = append(rows, cells)
	}
	return rows
}

// tabbed reads the run of lines with tabs that begins at from as a table and
// returns where it ends.
func (f *formReader) tabbed(from, to int) int {
	var rows [][]cell
	at := from
	for at < to {
		end := lineEnd(f.sheet.norm, at, to)
		if !strings.Contains(strings.TrimSpace(f.sheet.norm[at:end]), "\t") {
			break
		}
		var cells []cell
		start := at
		for i := at; i <= end; i++ {
			if i == end || f.sheet.norm[i] == '\t' {
				cells = append(cells, cell{span{start, i}, len(cells), 1, nil})
				start = i + 1
			}
		}
		rows = append(rows, cells)
		at = end + 1
	}
	f.table(rows)
	return at
}

// table reads rows of whatever shape: label beside value, labels above values,
// both in one cell, several pairs in a row, crosses in columns.
func (f *formReader) table(rows [][]cell) {
	for r := 0; r < len(rows); r++ {
		row := rows[r]
		full := filled(f.sheet, row)
		var next []cell
		if r+1 < len(rows) {
			next = rows[r+1]
		}
		switch {
		case len(full) == 0:
		case len(full) == 1:
			if f.lone(row, full[0], next) {
				r++
			}
		case f.stacked(full):
			for _, c := range full {
				f.inside(c, true)
			}
		case f.answerColumns(row) != nil:
			r += f.crosses(row, rows[r+1:])
		case f.isHead(row, full, next):
			r += f.below(row, rows[r+1:])
		default:
			f.beside(row)
		}
	}
}

// stacked reports whether the cells of a row each hold a label with its value
// below it.
func (f *formReader) stacked(full []cell) bool {
	known := 0
	for _, c := range full {
		first, rest, ok := strings.Cut(c.text(f.sheet), "\n")
		second, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		if !ok || len(first) > 60 || f.isLabel(second) || f.isHint(second) {
			return false
		}
		if f.isLabel(first) {
			known++
		}
	}
	return known >= 1 && len(full) >= 2
}

func filled(s *sheet, row []cell) []cell {
	var out []cell
	for _, c := range row {
		if c.text(s) != "" {
			out = append(out, c)
		}
	}
	return out
}

// lone reads a row with one filled cell and reports whether it took the next
// row for the value of its label.
func (f *formReader) lone(row []cell, c cell, next []cell) bool {
	text := c.text(f.sheet)
	if f.inside(c, len(row) == 1) {
		return false
	}
	field, exact := f.fieldOf(text)
	below := filled(f.sheet, next)
	if len(row) == 1 && field != "" && len(below) == 1 && len(next) == 1 && !f.isLabel(below[0].text(f.sheet)) && f.labels.section(below[0].text(f.sheet)) == "" {
		f.add(pair{label: c.span, value: below[0].span, field: field, exact: exact, controls: below[0].controls})
		return true
	}
	if f.section(text) {
		return false
	}
	if field != "" && len(row) > 1 {
		f.add(pair{label: c.span, value: span{c.end, c.end}, field: field, exact: exact})
	} else if len(row) == 1 && len(text) < 60 && !strings.ContainsAny(text, ".☐☒") {
		f.heading, f.about = "none", ""
	}
	return false
}

// inside reads a cell that holds label and value itself.
func (f *formReader) inside(c cell, alone bool) bool {
	text := c.of(f.sheet.norm)
	start, _ := trim(f.sheet.norm, c.start, c.end)
	first := f.sheet.norm[start:lineEnd(f.sheet.norm, start, c.end)]
	label, value, colon := splitLabel(first)
	more := strings.TrimSpace(f.sheet.norm[start+len(first):c.end]) != ""
	if label == "" || !f.isLabel(label) || !(value != "" && colon || more && (strings.HasSuffix(strings.TrimSpace(first), ":") || alone)) {
		return f.boxesAlone(c, text)
	}
	before := len(f.pairs)
	f.lines(c.start, c.end)
	for i := before; i < len(f.pairs); i++ {
		f.pairs[i].controls = c.controls
	}
	return true
}

// boxesAlone reads a cell of boxes with neither label nor question: "☒ Learning
// disability ☐ Autism". The words are kept for the section's meaning.
func (f *formReader) boxesAlone(c cell, text string) bool {
	if !strings.ContainsAny(text, "☐☒") {
		return false
	}
	for _, o := range readAnswer(f.sheet, c.span, c.controls).options {
		field, exact := f.fieldOf(o.text)
		if field != "" {
			yes := answer{span: o.span, options: []option{{o.span, "yes", o.chosen}}, marked: o.chosen}
			f.add(pair{label: o.span, value: o.span, field: field, exact: exact, fixed: &yes, method: "control"})
		} else if g := groundOption(o.text); g != "" {
			yes := answer{span: o.span, options: []option{{o.span, o.text, o.chosen}}, marked: o.chosen}
			f.add(pair{label: o.span, value: o.span, field: "grounds", exact: true, fixed: &yes, method: "control"})
		}
	}
	return false
}

// answerColumns recognises the head of a grid of crosses: an empty or general
// first cell and answers above the columns.
func (f *formReader) answerColumns(row []cell) []string {
	if len(row) < 3 {
		return nil
	}
	var out []string
	for _, c := range row[1:] {
		switch t := strings.ToLower(c.text(f.sheet)); t {
		case "yes", "no", "not known", "unknown", "n/a", "not applicable", "don't know", "not sure":
			out = append(out, t)
		default:
			return nil
		}
	}
	return out
}

// crosses reads the rows below such a head and returns how many they are.
func (f *formReader) crosses(head []cell, rows [][]cell) int {
	names := f.answerColumns(head)
	n := 0
	for _, row := range rows {
		if len(row) != len(head) || row[0].text(f.sheet) == "" {
			break
		}
		n++
		a := answer{}
		for i, c := range row[1:] {
			t := c.text(f.sheet)
			o := option{c.span, names[i], t != "" && t != "☐" && !isPlaceholder(t)}
			a.marked = a.marked || o.chosen
			a.options = append(a.options, o)
		}
		a.span = row[0].span
		if chosen := a.chosen(); len(chosen) == 1 {
			a.span = span{row[0].start, chosen[0].end}
		} else {
			a.marked = false
		}
		if field, exact := f.fieldOf(row[0].text(f.sheet)); field != "" {
			f.add(pair{label: row[0].span, value: a.span, field: field, exact: exact, fixed: &a})
		}
	}
	return n
}

// isHead recognises a row of labels above a row of values.
func (f *formReader) isHead(row, full, next []cell) bool {
	if len(full) != len(row) || len(next) == 0 {
		return false
	}
	for _, c := range full {
		if !f.isLabel(c.text(f.sheet)) || f.inCell(c) {
			return false
		}
	}
	below := filled(f.sheet, next)
	if len(below) == 0 {
		return false
	}
	return !f.isLabel(below[0].text(f.sheet)) && !f.inCell(below[0])
}

func (f *formReader) inCell(c cell) bool {
	label, value, colon := splitLabel(c.text(f.sheet))
	return colon && value != "" && f.isLabel(label)
}

// below pairs labels with the cells under them. Several rows of values are a
// list of people, which is nobody's form: it is passed over.
func (f *formReader) below(head []cell, rows [][]cell) int {
	n := 0
	for n < len(rows) && len(filled(f.sheet, rows[n])) > 0 && !f.isLabel(filled(f.sheet, rows[n])[0].text(f.sheet)) && len(rows[n]) > 1 {
		n++
	}
	if n > 1 {
		return n
	}
	for _, label := range head {
		var v span
		var controls []document.Control
		for _, c := range rows[0] {
			if c.col < label.col+label.width && label.col < c.col+c.width {
				if v.end == 0 {
					v.start = c.start
				}
				v.end = c.end
				controls = append(controls, c.controls...)
			}
		}
		field, exact := f.fieldOf(label.text(f.sheet))
		if v.end > 0 {
			f.add(pair{label: label.span, value: v, field: field, exact: exact, controls: controls})
		}
	}
	return 1
}

// beside reads label | value | label | value, where a value may fill several
// cells.
func (f *formReader) beside(row []cell) {
	for i := 0; i < len(row); {
		c := row[i]
		if c.text(f.sheet) == "" || f.inside(c, false) {
			i++
			continue
		}
		field, exact := f.fieldOf(c.text(f.sheet))
		j := i + 1
		if j >= len(row) {
			return
		}
		v := cell{span: row[j].span, controls: row[j].controls}
		for j++; j < len(row) && !f.opensPair(row, i, j, field); j++ {
			if row[j].text(f.sheet) != "" {
				v.end = row[j].end
				v.controls = append(v.controls[:len(v.controls):len(v.controls)], row[j].controls...)
			}
		}
		if field == "" {
			f.addUnknown(c.span, v.span)
		} else {
			f.add(pair{label: c.span, value: v.span, field: field, exact: exact, controls: v.controls})
		}
		i = j
	}
}

// opensPair reports whether the cell j begins a new pair after the label at i.
func (f *formReader) opensPair(row []cell, i, j int, field string) bool {
	text := row[j].text(f.sheet)
	if text == "" {
		return false
	}
	if f.isLabel(text) || f.inCell(row[j]) {
		return true
	}
	switch field {
	case "person.nhs_number", "person.date_of_birth", "referral.date":
		return false
	}
	return j-i == 2 && (len(row)-i)%2 == 0 && len(text) < 60 && !strings.ContainsAny(text, "☐☒")
}
