package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// blocks reads a document: runs of paragraphs as lines, tables by their cells,
// form fields by their labels.
func (f *formReader) blocks(blocks []document.Block) {
	for i := 0; i < len(blocks); i++ {
		b := blocks[i]
		switch b.Kind {
		case document.Table:
			f.table(tableOf(f.sheet, b))
		case document.Form:
			f.form(b)
		default:
			start, end := f.sheet.at(b.Start), f.sheet.at(b.End)
			before := len(f.pairs)
			var controls []document.Control
			controls = append(controls, b.Controls...)
			for i+1 < len(blocks) && (blocks[i+1].Kind == document.Paragraph || blocks[i+1].Kind == document.Heading) {
				i++
				end = f.sheet.at(blocks[i].End)
				controls = append(controls, blocks[i].Controls...)
			}
			f.lines(start, end)
			f.give(before, controls)
		}
	}
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
	for _, sep := range []string{": ", " - ", " – ", " = ", "? ", "/"} {
		if i := strings.LastIndex(label, sep); i > 0 {
			return label[:i], strings.TrimSpace(label[i+len(sep):])
		}
	}
	return label, ""
}
