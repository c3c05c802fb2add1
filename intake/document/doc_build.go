package document

import (
	"bytes"
	"strings"
)

// Operations of [MS-DOC] 2.6 that matter for what a text says.
const (
	sprmDeleted   = 0x0800
	sprmBold      = 0x0835
	sprmStrike    = 0x0837
	sprmHidden    = 0x083C
	sprmStrike2   = 0x2A53
	sprmHighlight = 0x2A0C
	sprmUnderline = 0x2A3E
	sprmSymbol    = 0x6A09
	sprmPicture   = 0x6A03
	sprmRowEnd    = 0x2417
)

// wordBuilder turns the characters into the tree of flow.go.
type wordBuilder struct {
	file    *wordFile
	doc     *Document
	origin  string
	cur     *para
	cell    []node
	row     gridRow
	table   *grid
	nodes   []node
	fields  []*wordMark
	deleted bool
}

// wordMark is an open field.
type wordMark struct {
	code   strings.Builder
	result bool
	para   *para
	start  int
	form   *wordForm
}

func (b *wordBuilder) part(p wordPart) {
	b.origin = p.origin
	b.cur, b.fields = &para{origin: p.origin}, nil
	for _, c := range b.file.chars[p.from:p.to] {
		b.char(c)
	}
	b.endPara(nil)
	b.endTable()
}

func (b *wordBuilder) char(c wordChar) {
	switch c.r {
	case '\r', '\f':
		b.endPara(find(b.file.papx, c.fc))
	case 7:
		b.endCell(find(b.file.papx, c.fc))
	case 0x13:
		if len(b.fields) < 50 {
			b.fields = append(b.fields, &wordMark{para: b.cur, start: len(b.cur.text)})
		}
	case 0x14:
		if n := len(b.fields); n > 0 {
			f := b.fields[n-1]
			f.result, f.para, f.start = true, b.cur, len(b.cur.text)
		}
	case 0x15:
		if n := len(b.fields); n > 0 {
			f := b.fields[n-1]
			b.fields = b.fields[:n-1]
			b.endField(f)
		}
	case 0x1E:
		b.put("-", c)
	case 0x01:
		b.special(c)
	case 0x02, 0x05, 0x08, 0x1F:
	default:
		b.put(string(c.r), c)
	}
}

// special is a picture, or the data of a form field.
func (b *wordBuilder) special(c wordChar) {
	n := len(b.fields)
	if n == 0 || b.fields[n-1].result {
		return
	}
	if at, ok := find(b.file.chpx, c.fc).sprm(sprmPicture); ok {
		b.fields[n-1].form = b.file.form(at.u32(0))
	}
}

func (b *wordBuilder) put(s string, c wordChar) {
	run := find(b.file.chpx, c.fc)
	if n := len(b.fields); n > 0 && !b.fields[n-1].result {
		b.fields[n-1].code.WriteString(s)
		return
	}
	switch {
	case run.on(sprmDeleted):
		b.deleted = true
		return
	case run.on(sprmHidden):
		return
	}
	if v, ok := run.sprm(sprmSymbol); ok {
		s = symbolOf(v)
	}
	b.cur.write(privateBoxes(s), run.style())
}

func symbolOf(v little) string {
	r := rune(v.u16(2))
	if g, ok := wingdings("", r); ok {
		return g
	}
	return privateBoxes(string(r | 0xF000))
}

func (r *wordRun) style() style {
	if r == nil || len(r.grpprl) == 0 {
		return style{}
	}
	high, marked := r.sprm(sprmHighlight)
	line, lined := r.sprm(sprmUnderline)
	return style{
		strike:    r.on(sprmStrike) || r.on(sprmStrike2),
		bold:      r.on(sprmBold),
		highlight: marked && high.u8(0) != 0,
		underline: lined && line.u8(0) != 0,
	}
}

func (b *wordBuilder) endPara(pap *wordRun) {
	p := b.cur
	b.cur = &para{origin: b.origin}
	if pap != nil && pap.on(0x2416) { // in a table
		p.flat = true
		p.text = bytes.ReplaceAll(p.text, []byte("\t"), []byte(" "))
		b.cell = append(b.cell, p)
		return
	}
	b.endTable()
	if pap != nil && pap.istd >= 1 && pap.istd <= 9 {
		p.kind = Heading
	}
	b.nodes = append(b.nodes, p)
}

func (b *wordBuilder) endCell(pap *wordRun) {
	if pap.on(sprmRowEnd) {
		b.endRow()
		b.cur = &para{origin: b.origin}
		return
	}
	p := b.cur
	p.text = bytes.ReplaceAll(p.text, []byte("\t"), []byte(" "))
	b.cur = &para{origin: b.origin}
	b.row.cells = append(b.row.cells, gridCell{nodes: append(b.cell, p)})
	b.cell = nil
}

func (b *wordBuilder) endRow() {
	if b.table == nil {
		b.table = &grid{origin: b.origin}
	}
	if len(b.row.cells) > 0 {
		b.table.rows = append(b.table.rows, b.row)
	}
	b.row = gridRow{}
}

func (b *wordBuilder) endTable() {
	if len(b.row.cells) > 0 {
		b.endRow()
	}
	b.nodes = append(b.nodes, b.cell...)
	b.cell = nil
	if b.table != nil {
		b.nodes = append(b.nodes, b.table)
		b.table = nil
	}
}

// wordForm is the data of a legacy form field ([MS-DOC] 2.9.78).
type wordForm struct {
	kind    int // 0 text, 1 check box, 2 list
	result  int
	name    string
	help    string
	options []string
}

func (w *wordFile) form(at int) *wordForm {
	if at < 0 || at > len(w.data) {
		return nil
	}
	b := w.data[at:]
	head := b.u16(4)
	b = b.at(head, min(max(0, b.u32(0)-head), len(b)-min(head, len(b))))
	if b.u32(0) != 0xFFFFFFFF {
		return nil
	}
	bits := b.u16(4)
	f := &wordForm{kind: bits & 3, result: bits >> 2 & 31}
	b = b[min(10, len(b)):]
	f.name, b = b.counted()
	if f.kind == 0 {
		_, b = b.counted() // the standard text
	} else {
		if f.result == 25 { // nobody touched it
			f.result = b.u16(0)
		}
		b = b[min(2, len(b)):]
	}
	_, b = b.counted()
	f.help, b = b.counted()
	for range 3 {
		_, b = b.counted()
	}
	if f.kind == 2 && b.u16(0) == 0xFFFF {
		n := b.u16(2)
		b = b[min(6, len(b)):]
		for range min(n, 500) {
			size := b.u16(0)
			f.options = append(f.options, utf16Text(b.at(2, 2*size)))
			b = b[min(2+2*size, len(b)):]
		}
	}
	return f
}

// counted reads a counted string that also ends in a zero.
func (b little) counted() (string, little) {
	n := b.u16(0)
	return utf16Text(b.at(2, 2*n)), b[min(2+2*n+2, len(b)):]
}

func (b *wordBuilder) endField(f *wordMark) {
	code := strings.TrimSpace(f.code.String())
	if f.form == nil || !strings.HasPrefix(code, "FORM") {
		return
	}
	c := Control{Name: f.form.name, Label: f.form.name}
	if f.form.help != "" {
		c.Label = f.form.help
	}
	at := len(b.cur.text)
	switch f.form.kind {
	case 1:
		c.Kind, c.Checked = CheckBox, f.form.result == 1
		b.cur.write(glyph(c.Checked), style{})
	case 2:
		c.Kind, c.Options = DropDown, f.form.options
		if f.form.result < len(c.Options) {
			c.Value = strings.TrimSpace(c.Options[f.form.result])
		}
		if f.result && f.para == b.cur {
			at = min(at, f.start)
			b.cur.cut(at)
		}
		b.cur.write(c.Value, style{})
	default:
		c.Kind = TextBox
		if f.result && f.para == b.cur {
			at = min(at, f.start)
		}
		c.Value = strings.TrimSpace(string(b.cur.text[at:]))
		if isPrompt(c.Value) {
			c.Value, c.Placeholder = "", true
			b.cur.cut(at)
		}
	}
	b.cur.control(c, at)
}
