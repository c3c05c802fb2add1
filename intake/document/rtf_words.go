package document

import "strings"

// rtfSkipped are groups whose text is not the document's.
var rtfSkipped = map[string]bool{
	"colortbl": true, "stylesheet": true, "info": true, "pict": true, "generator": true, "listtable": true,
	"listoverridetable": true, "rsidtbl": true, "themedata": true, "datastore": true, "latentstyles": true,
	"fldinst": true, "object": true, "bkmkstart": true, "bkmkend": true, "pgdsctbl": true, "xmlnstbl": true,
	"datafield": true, "colorschememapping": true, "nonshppict": true, "pntext": true, "revtbl": true,
	"filetbl": true, "listtext": true, "footnote": false,
}

var rtfSymbols = map[string]string{
	"tab": "\t", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“",
	"rdblquote": "”", "bullet": "•", "line": "\n", "emspace": " ", "enspace": " ", "softline": "\n",
}

// act does what a control word asks for.
func (w *rtfReader) act(word string, arg int, has bool) {
	on := !has || arg != 0
	if s, ok := rtfSymbols[word]; ok {
		w.put(s)
		return
	}
	if rtfSkipped[word] {
		w.objects = w.objects || word == "object"
		w.pictures = w.pictures || word == "pict"
		w.state.skip = true
		return
	}
	switch word {
	case "fonttbl":
		w.state.dest = "fonttbl"
	case "f":
		w.font = arg
		w.state.font = arg
	case "ansicpg":
		w.page = codePage(arg)
	case "uc":
		w.state.uc = max(0, min(arg, 10))
	case "u":
		if arg < 0 {
			arg += 65536
		}
		w.put(string(rune(arg)))
		w.leave = w.state.uc
	case "bin":
		w.at = min(len(w.in), w.at+max(0, arg))
	case "b":
		w.state.style.bold = on
	case "ul", "uld", "uldb":
		w.state.style.underline = on
	case "ulnone":
		w.state.style.underline = false
	case "strike", "striked":
		w.state.style.strike = on
	case "highlight":
		w.state.style.highlight = arg != 0
	case "plain":
		w.state.style, w.state.hidden = style{}, false
	case "v", "deleted", "htmlrtf": // the last: RTF put around HTML by Outlook
		w.state.hidden = on
	case "header", "footer", "headerl", "headerr", "headerf", "footerl", "footerr", "footerf":
		w.endPara()
	case "shptxt":
		w.endPara()
		w.state.skip = false // the only part of a shape that is text
	case "annotation":
		w.state.skip = true
	default:
		w.layout(word, arg)
	}
}

// layout handles paragraphs, tables and form fields.
func (w *rtfReader) layout(word string, arg int) {
	switch word {
	case "par", "sect", "page":
		if !w.state.skip {
			w.endPara()
		}
	case "pard":
		w.state.inTable = false
	case "intbl":
		w.state.inTable = true
	case "trowd":
		w.merged, w.merge = nil, false
	case "clmrg":
		w.merge = true
	case "cellx":
		w.merged = append(w.merged, w.merge)
		w.merge = false
	case "cell", "nestcell":
		w.endCell()
	case "row", "nestrow":
		w.endRow()
	case "formfield":
		w.state.skip = true
		w.field = &rtfField{start: len(w.cur.text), para: w.cur, depth: w.within}
	case "fftype":
		w.setField(func(f *rtfField) { f.kind = arg })
	case "ffres":
		w.setField(func(f *rtfField) { f.result = arg + 1 })
	case "ffdefres":
		w.setField(func(f *rtfField) { f.standard = arg })
	case "ffname", "ffl", "ffhelptext":
		w.state.dest, w.state.skip = word, false
	case "field":
		w.within = len(w.stack)
	case "fldrslt":
		if w.field != nil {
			w.field.start, w.field.para, w.field.depth = len(w.cur.text), w.cur, len(w.stack)
		}
	}
}

func (w *rtfReader) setField(do func(*rtfField)) {
	if w.field != nil {
		do(w.field)
	}
}

func (w *rtfReader) fieldText(s string) {
	switch w.state.dest {
	case "ffname":
		if w.field.label == "" {
			w.field.label = s
		}
	case "ffhelptext":
		w.field.label = s
	case "ffl":
		if len(w.field.list) < 500 {
			w.field.list = append(w.field.list, s)
		}
	}
}

// endField turns a finished form field into a control. A result of 25 means
// that nobody touched the field.
func (w *rtfReader) endField() {
	f := w.field
	w.field = nil
	c := Control{Label: f.label, Name: f.label}
	chosen := f.standard
	if f.result > 0 && f.result-1 != 25 {
		chosen = f.result - 1
	}
	at := len(w.cur.text)
	switch f.kind {
	case 1:
		c.Kind, c.Checked = CheckBox, chosen == 1
		w.cur.write(glyph(c.Checked), style{})
	case 2:
		c.Kind, c.Options = DropDown, f.list
		if chosen >= 0 && chosen < len(f.list) {
			c.Value = strings.TrimSpace(f.list[chosen])
		}
		if f.para == w.cur && f.start <= at && strings.TrimSpace(string(w.cur.text[f.start:])) == c.Value {
			at = f.start
		} else {
			w.cur.write(c.Value, style{})
		}
	default:
		c.Kind = TextBox
		if f.para == w.cur && f.start <= at {
			at = f.start
		}
		c.Value = strings.TrimSpace(string(w.cur.text[at:]))
		if isPrompt(c.Value) {
			c.Value, c.Placeholder = "", true
			w.cur.cut(at)
		}
	}
	w.cur.control(c, at)
}

func (w *rtfReader) endPara() {
	p := w.cur
	w.cur = &para{flat: w.state.inTable}
	if w.state.inTable {
		w.cell = append(w.cell, p)
		return
	}
	if len(p.text) == 0 && len(p.controls) == 0 {
		return
	}
	w.endTable()
	w.nodes = append(w.nodes, p)
}

func (w *rtfReader) endCell() {
	p := w.cur
	p.flat = true
	w.cur = &para{flat: true}
	w.cell = append(w.cell, p)
	n, i := len(w.row.cells), w.column
	w.column++
	if n > 0 && i < len(w.merged) && w.merged[i] && blank(w.cell) {
		w.row.cells[n-1].span = max(1, w.row.cells[n-1].span) + 1
	} else {
		w.row.cells = append(w.row.cells, gridCell{nodes: w.cell})
	}
	w.cell = nil
}

func (w *rtfReader) endRow() {
	if w.table == nil {
		w.table = &grid{}
	}
	if len(w.row.cells) > 0 {
		w.table.rows = append(w.table.rows, w.row)
	}
	w.row, w.cell, w.column = gridRow{}, nil, 0
}

func (w *rtfReader) endTable() {
	if len(w.row.cells) > 0 || !blank(w.cell) {
		if !blank(w.cell) {
			w.row.cells = append(w.row.cells, gridCell{nodes: w.cell})
		}
		w.endRow()
	}
	w.cell = nil
	if w.table != nil {
		w.nodes = append(w.nodes, w.table)
		w.table = nil
	}
}
