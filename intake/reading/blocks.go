package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// blocks reads a document: runs of paragraphs as lines, tables by their cells,
// form fields by their labels.
func (f *formReader) blocks(blocks []document.Block) {
	labelled := f.isLabelled(blocks)
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		if labelled && b.Kind != document.Table {
			i = f.fields(blocks, i)
			continue
		}
		switch b.Kind {
		case document.Heading:
			f.headline(b)
		case document.Table:
			f.table(tableOf(f.sheet, b))
		case document.Form:
			f.form(b)
		default:
			start, end := f.sheet.at(b.Start), f.sheet.at(b.End)
			before := len(f.pairs)
			var controls []document.Control
			controls = append(controls, b.Controls...)
			for i+1 < len(blocks) && blocks[i+1].Kind == document.Paragraph {
				i++
				end = f.sheet.at(blocks[i].End)
				controls = append(controls, blocks[i].Controls...)
			}
			f.lines(start, end)
			f.give(before, controls)
		}
	}
}

// headline opens the section of a heading; one that nobody knows is about
// nobody, except the title above everything.
func (f *formReader) headline(b document.Block) {
	text := strings.TrimSpace(f.sheet.norm[f.sheet.at(b.Start):f.sheet.at(b.End)])
	if f.section(text) {
		return
	}
	if label, value, _ := splitLabel(text); value != "" || f.isLabel(label) {
		f.lines(f.sheet.at(b.Start), f.sheet.at(b.End))
		return
	}
	if f.heading != "" {
		f.heading, f.about = "none", ""
	}
}

// isLabelled reports whether the paragraphs hold form fields that carry their
// questions themselves, as those of a fillable PDF do.
func (f *formReader) isLabelled(blocks []document.Block) bool {
	n := 0
	for _, b := range blocks {
		if b.Kind == document.Table {
			continue
		}
		for _, c := range b.Controls {
			if c.Label != "" && f.controlField(c.Label) != "" {
				n++
			}
		}
	}
	return n >= 5
}

// controlField is the field that the label of a form field means.
func (f *formReader) controlField(label string) string {
	if field, _ := f.fieldOf(label); field != "" && field != "hint" {
		return field
	}
	question, _ := cutOption(label)
	field, _ := f.fieldOf(question)
	if field == "hint" {
		return ""
	}
	return field
}

// fields reads the labelled fields of the block at i and returns the last block
// that it used: boxes of one question may go on in the next.
func (f *formReader) fields(blocks []document.Block, i int) int {
	if b := blocks[i]; len(b.Controls) == 0 {
		if text := f.sheet.norm[f.sheet.at(b.Start):f.sheet.at(b.End)]; b.Kind == document.Heading || len(text) < 70 {
			f.section(text)
		}
		return i
	}
	last := i
	var boxes []document.Control
	for ; last < len(blocks) && len(blocks[last].Controls) > 0 && blocks[last].Kind != document.Table; last++ {
		boxes = append(boxes, blocks[last].Controls...)
	}
	for k := 0; k < len(boxes); {
		c := boxes[k]
		if c.Kind != document.CheckBox {
			f.field(c)
			k++
			continue
		}
		question, _ := cutOption(c.Label)
		end := k + 1
		for end < len(boxes) && boxes[end].Kind == document.CheckBox {
			if q, _ := cutOption(boxes[end].Label); q != question {
				break
			}
			end++
		}
		f.boxes(question, boxes[k:end])
		k = end
	}
	return last - 1
}

// field reads one text field.
func (f *formReader) field(c document.Control) {
	field := f.controlField(c.Label)
	v := span{f.sheet.at(c.Start), f.sheet.at(c.End)}
	if field == "" {
		if c.Label != "" && v.start < v.end {
			f.addUnknown(v, v)
		}
		return
	}
	f.add(pair{label: v, value: v, field: field, exact: true, method: "control"})
}

// boxes reads the boxes of one question; the words of each stand behind it, or
// in its own label.
func (f *formReader) boxes(question string, boxes []document.Control) {
	field := f.controlField(question)
	if field == "" {
		field = f.controlField(boxes[0].Label)
	}
	if field == "" {
		return
	}
	a := answer{}
	for _, c := range boxes {
		at := span{f.sheet.at(c.Start), f.sheet.at(c.End)}
		_, own := cutOption(c.Label)
		words := f.behind(at.end)
		if own == "" || !strings.EqualFold(own, words) && words != "" && len(boxes) > 1 {
			own = words
		}
		if full, _ := f.fieldOf(c.Label); len(boxes) == 1 && (own == "" || full != "") {
			own = "yes"
		}
		at.end = min(at.end+len(words)+1, lineEnd(f.sheet.norm, at.end, len(f.sheet.norm)))
		a.options = append(a.options, option{at, strings.ToLower(own), c.Checked})
		a.marked = a.marked || c.Checked
	}
	a.span = span{a.options[0].start, a.options[len(a.options)-1].end}
	if a.marked {
		f.add(pair{label: a.span, value: a.span, field: field, exact: true, method: "control", fixed: &a})
	}
}

// behind is what stands right behind a box, up to the next box or column.
func (f *formReader) behind(at int) string {
	rest := f.sheet.norm[at:lineEnd(f.sheet.norm, at, len(f.sheet.norm))]
	if i := strings.IndexAny(strings.TrimLeft(rest, " "), "\t☐☒"); i >= 0 {
		rest = strings.TrimLeft(rest, " ")[:i]
	}
	return strings.TrimSpace(rest)
}

// give hands controls to the pairs in whose values they stand.
func (f *formReader) give(from int, controls []document.Control) {
	for i := from; i < len(f.pairs); i++ {
		p := &f.pairs[i]
		for _, c := range controls {
			if f.sheet.at(c.Start) >= p.value.start && f.sheet.at(c.End) <= p.value.end {
				p.controls = append(p.controls, c)
			}
		}
	}
}

// form reads form fields that stand in no text: each has its label, and its
// value as text or as a tick.
func (f *formReader) form(b document.Block) {
	for _, c := range b.Controls {
		if c.Placeholder {
			continue
		}
		v := span{f.sheet.at(c.Start), f.sheet.at(c.End)}
		label, chosen := c.Label, ""
		if field, _ := f.fieldOf(label); field == "" && c.Kind == document.CheckBox {
			label, chosen = cutOption(c.Label)
		}
		field, exact := f.fieldOf(label)
		if field == "" && c.Kind == document.CheckBox {
			if g := groundOption(c.Label); g != "" && c.Checked {
				f.add(pair{label: v, value: v, field: "grounds", exact: true, method: "control",
					fixed: &answer{span: v, options: []option{{v, strings.ToLower(c.Label), true}}, marked: true}})
			}
			continue
		}
		if field == "" || v.start >= v.end {
			continue
		}
		p := pair{label: v, value: v, field: field, exact: exact, method: "control"}
		if c.Kind == document.CheckBox {
			word := strings.ToLower(chosen)
			if word == "" {
				word = "yes"
			}
			p.fixed = &answer{span: v, options: []option{{v, word, c.Checked}}, marked: c.Checked}
			if !c.Checked {
				continue
			}
		}
		f.add(p)
	}
}

// cutOption splits the label of a box into its question and its own answer:
// "Gender: Male", "Autism - yes".
func cutOption(label string) (question, answer string) {
	for _, sep := range []string{": ", " - ", " – ", " = ", "? "} {
		if i := strings.LastIndex(label, sep); i > 0 {
			return label[:i], strings.TrimSpace(label[i+len(sep):])
		}
	}
	return label, ""
}
