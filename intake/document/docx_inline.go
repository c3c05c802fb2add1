package document

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// wordField is a complex field between its begin and end marks, which may
// stand in different paragraphs.
type wordField struct {
	result bool     // past the separator: what follows is shown
	data   *elem    // ffData of a legacy form field
	para   *para    // where the result began
	start  int      // and its place there
	parts  []string // result text of earlier paragraphs
}

// para reads a paragraph; text boxes anchored in it become blocks after it.
func (w *docxWalker) para(e *elem, inCell bool) (*para, []node) {
	p := &para{origin: w.origin, flat: inCell, kind: headingKind(e.child("pPr"))}
	for _, f := range w.fields {
		if f.result {
			f.carry(p)
		}
	}
	var boxes []node
	w.inline(e, p, &boxes)
	return p, boxes
}

// carry goes on collecting a field's result in the next paragraph.
func (f *wordField) carry(p *para) {
	if f.para != nil {
		f.parts = append(f.parts, string(f.para.text[min(f.start, len(f.para.text)):]))
	}
	f.para, f.start = p, 0
}

func headingKind(pr *elem) BlockKind {
	id := strings.ToLower(pr.child("pStyle").attr("val"))
	if strings.HasPrefix(id, "heading") || id == "title" || id == "subtitle" || pr.child("outlineLvl") != nil {
		return Heading
	}
	return Paragraph
}

func (w *docxWalker) inline(e *elem, p *para, boxes *[]node) {
	for _, k := range e.children() {
		switch k.name {
		case "r":
			w.textRun(k, p, boxes)
		case "sdt":
			w.inlineControl(k, p, boxes)
		case "del", "moveFrom":
			w.drop(k)
		case "txbxContent":
			w.textBox(k, boxes)
		case "t": // mathematics
			w.put(p, k.allText(), style{})
		case "", "pPr", "rPr", "Fallback", "sectPr", "rt":
		default: // hyperlink, smartTag, ins, fldSimple, customXml: transparent
			w.inline(k, p, boxes)
		}
	}
}

func (w *docxWalker) textBox(e *elem, boxes *[]node) {
	origin, fields := w.origin, w.fields
	w.origin, w.fields = "textbox", nil
	*boxes = append(*boxes, w.blocks(e, false)...)
	w.origin, w.fields = origin, fields
}

// put writes text unless it belongs to another field's code.
func (w *docxWalker) put(p *para, s string, st style) {
	if n := len(w.fields); n > 1 && !w.fields[n-2].result {
		return
	}
	p.write(s, st)
}

func (w *docxWalker) textRun(e *elem, p *para, boxes *[]node) {
	pr := e.child("rPr")
	if pr.child("vanish").on() || pr.child("specVanish").on() {
		w.hidden = w.hidden || strings.TrimSpace(deletedText(e)) != ""
		return
	}
	st, font := runStyle(pr), pr.child("rFonts").attr("ascii")
	for _, k := range e.kids {
		switch k.name {
		case "t":
			w.put(p, symbols(font, k.allText()), st)
		case "delText":
			w.drop(e)
		case "tab", "ptab":
			w.put(p, "\t", style{})
		case "br", "cr":
			w.put(p, "\n", style{})
		case "noBreakHyphen":
			w.put(p, "-", st)
		case "sym":
			w.put(p, symbol(k), st)
		case "fldChar":
			w.fieldMark(k, p)
		case "ruby":
			w.inline(k.child("rubyBase"), p, boxes)
		case "", "rPr", "instrText", "Fallback":
		default: // drawing, pict, object, AlternateContent: text boxes inside
			w.inline(k, p, boxes)
		}
	}
}

func runStyle(pr *elem) style {
	shade := strings.ToLower(pr.child("shd").attr("fill"))
	return style{
		strike:    pr.child("strike").on() || pr.child("dstrike").on(),
		bold:      pr.child("b").on(),
		underline: pr.child("u") != nil && pr.child("u").on(),
		highlight: pr.child("highlight").on() || shade == "ffff00",
	}
}

// symbol is a character of a symbol font; one that is no box or tick is
// decoration.
func symbol(e *elem) string {
	n, err := strconv.ParseUint(e.attr("char"), 16, 32)
	if err != nil {
		return ""
	}
	font := e.attr("font")
	if g, ok := wingdings(font, rune(n)); ok && strings.HasPrefix(font, "Wingdings") {
		return g
	}
	if n >= 0xE000 && n <= 0xF8FF || strings.HasPrefix(font, "Wingdings") || strings.HasPrefix(font, "Webdings") {
		return privateBoxes(string(rune(n | 0xF000)))
	}
	return string(rune(n))
}

// symbols maps text typed in a symbol font.
func symbols(font, s string) string {
	if !strings.HasPrefix(font, "Wingdings") {
		return privateBoxes(s)
	}
	var sb strings.Builder
	for _, r := range s {
		if g, ok := wingdings(font, r); ok {
			sb.WriteString(g)
		} else {
			sb.WriteRune(r)
		}
	}
	return sb.String()
}

func (w *docxWalker) fieldMark(e *elem, p *para) {
	n := len(w.fields)
	switch e.attr("fldCharType") {
	case "begin":
		if n < 50 {
			w.fields = append(w.fields, &wordField{data: e.child("ffData"), para: p, start: len(p.text)})
		}
	case "separate":
		if n > 0 {
			f := w.fields[n-1]
			f.result, f.para, f.start = true, p, len(p.text)
		}
	case "end":
		if n > 0 {
			f := w.fields[n-1]
			w.fields = w.fields[:n-1]
			w.endField(f, p)
		}
	}
}

// endField turns a finished legacy form field into a control.
func (w *docxWalker) endField(f *wordField, p *para) {
	if f.data == nil {
		return
	}
	c := Control{Name: f.data.child("name").attr("val")}
	c.Label = c.Name
	if h := f.data.child("helpText").attr("val"); h != "" {
		c.Label = h
	} else if h := f.data.child("statusText").attr("val"); h != "" {
		c.Label = h
	}
	switch {
	case f.data.child("checkBox") != nil:
		w.legacyBox(f.data.child("checkBox"), p, c)
	case f.data.child("ddList") != nil:
		w.legacyList(f.data.child("ddList"), p, c)
	default:
		legacyText(f, p, c)
	}
}

func (w *docxWalker) legacyBox(e *elem, p *para, c Control) {
	c.Kind = CheckBox
	if state := e.child("checked"); state != nil {
		c.Checked = state.on()
	} else {
		c.Checked = e.child("default").on()
	}
	at := len(p.text)
	w.put(p, glyph(c.Checked), style{})
	p.control(c, at)
}

func (w *docxWalker) legacyList(e *elem, p *para, c Control) {
	c.Kind = DropDown
	for _, k := range e.kids {
		if k.name == "listEntry" && len(c.Options) < 500 {
			c.Options = append(c.Options, k.attr("val"))
		}
	}
	chosen := number(e.child("default").attr("val"))
	if r := e.child("result"); r != nil {
		chosen = number(r.attr("val"))
	}
	if chosen < len(c.Options) {
		c.Value = strings.TrimSpace(c.Options[chosen])
	}
	if isPrompt(c.Value) {
		c.Value, c.Placeholder = "", true
	}
	at := len(p.text)
	w.put(p, c.Value, style{})
	p.control(c, at)
}

func legacyText(f *wordField, p *para, c Control) {
	c.Kind = TextBox
	if f.data.child("textInput").child("type").attr("val") == "date" {
		c.Kind = DateBox
	}
	if !f.result || f.para != p || f.start > len(p.text) {
		f.para, f.start = p, len(p.text)
	}
	own := string(p.text[f.start:])
	c.Value = strings.TrimSpace(strings.Join(append(f.parts, own), "\n"))
	if isPrompt(c.Value) {
		c.Value, c.Placeholder = "", true
		p.cut(f.start)
	}
	p.control(c, f.start)
}

func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
