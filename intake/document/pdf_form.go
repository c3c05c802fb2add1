package document

import (
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// annotations reads form fields and what people put onto a page: typed notes,
// text-marker strokes, lines through words.
func (f *pdfFile) annotations(ref requests.Page, p *pdfPage) error {
	n, err := f.pdf.FPDFPage_GetAnnotCount(&requests.FPDFPage_GetAnnotCount{Page: ref})
	if err != nil {
		return err
	}
	if n.Count == 0 {
		return nil
	}
	if _, err := f.pdf.FORM_OnAfterLoadPage(&requests.FORM_OnAfterLoadPage{Page: ref, FormHandle: f.form}); err != nil {
		return err
	}
	for i := range min(n.Count, 3000) {
		a, err := f.pdf.FPDFPage_GetAnnot(&requests.FPDFPage_GetAnnot{Page: ref, Index: i})
		if err != nil {
			continue
		}
		f.annotation(a.Annotation, p)
		_, _ = f.pdf.FPDFPage_CloseAnnot(&requests.FPDFPage_CloseAnnot{Annotation: a.Annotation})
	}
	return nil
}

func (f *pdfFile) annotation(a references.FPDF_ANNOTATION, p *pdfPage) {
	kind, err := f.pdf.FPDFAnnot_GetSubtype(&requests.FPDFAnnot_GetSubtype{Annotation: a})
	if err != nil {
		return
	}
	q, err := f.pdf.FPDFAnnot_GetRect(&requests.FPDFAnnot_GetRect{Annotation: a})
	if err != nil {
		return
	}
	b := p.place(float64(q.Rect.Left), float64(q.Rect.Bottom), float64(q.Rect.Right), float64(q.Rect.Top))
	if b.y0 > b.y1 {
		b.y0, b.y1 = b.y1, b.y0
	}
	switch kind.Subtype {
	case enums.FPDF_ANNOT_SUBTYPE_WIDGET:
		if c, ok := f.field(a); ok {
			p.tokens = append(p.tokens, token{rect: b, text: shown(c), seq: -1, control: &c})
		}
	case enums.FPDF_ANNOT_SUBTYPE_FREETEXT:
		if t := f.annotText(a, "Contents"); t != "" {
			p.tokens = append(p.tokens, token{rect: b, text: t, seq: -1})
		}
	case enums.FPDF_ANNOT_SUBTYPE_TEXT:
		if t := f.annotText(a, "Contents"); t != "" {
			p.notes = append(p.notes, t)
		}
	case enums.FPDF_ANNOT_SUBTYPE_HIGHLIGHT, enums.FPDF_ANNOT_SUBTYPE_CIRCLE, enums.FPDF_ANNOT_SUBTYPE_SQUARE,
		enums.FPDF_ANNOT_SUBTYPE_UNDERLINE, enums.FPDF_ANNOT_SUBTYPE_INK:
		if b.w() < p.width*0.8 || b.h() < 40 {
			p.shades = append(p.shades, b)
		}
	case enums.FPDF_ANNOT_SUBTYPE_STRIKEOUT:
		p.rules.across = append(p.rules.across, line{at: b.cy(), from: b.x0, to: b.x1})
	}
}

func (f *pdfFile) annotText(a references.FPDF_ANNOTATION, key string) string {
	v, err := f.pdf.FPDFAnnot_GetStringValue(&requests.FPDFAnnot_GetStringValue{Annotation: a, Key: key})
	if err != nil {
		return ""
	}
	return strings.TrimSpace(v.Value)
}

// shown is how a field stands in the text.
func shown(c Control) string {
	if c.Kind == CheckBox {
		return glyph(c.Checked)
	}
	return c.Value
}

// field reads a form field; buttons and signatures are none.
func (f *pdfFile) field(a references.FPDF_ANNOTATION) (Control, bool) {
	kind, err := f.pdf.FPDFAnnot_GetFormFieldType(&requests.FPDFAnnot_GetFormFieldType{FormHandle: f.form, Annotation: a})
	if err != nil {
		return Control{}, false
	}
	var c Control
	if n, err := f.pdf.FPDFAnnot_GetFormFieldName(&requests.FPDFAnnot_GetFormFieldName{FormHandle: f.form, Annotation: a}); err == nil {
		c.Name = n.FormFieldName
	}
	if n, err := f.pdf.FPDFAnnot_GetFormFieldAlternateName(&requests.FPDFAnnot_GetFormFieldAlternateName{FormHandle: f.form, Annotation: a}); err == nil {
		c.Label = strings.TrimSpace(n.FormFieldAlternateName)
	}
	switch kind.FormFieldType {
	case enums.FPDF_FORMFIELD_TYPE_TEXTFIELD:
		c.Kind = TextBox
		c.Value = f.fieldValue(a)
	case enums.FPDF_FORMFIELD_TYPE_COMBOBOX, enums.FPDF_FORMFIELD_TYPE_LISTBOX:
		c.Kind = DropDown
		f.choice(a, &c)
	case enums.FPDF_FORMFIELD_TYPE_CHECKBOX, enums.FPDF_FORMFIELD_TYPE_RADIOBUTTON:
		c.Kind = CheckBox
		f.tickBox(a, &c)
	default:
		return c, false
	}
	if c.Kind != CheckBox && isPrompt(c.Value) {
		c.Value, c.Placeholder = "", true
	}
	return c, true
}

func (f *pdfFile) fieldValue(a references.FPDF_ANNOTATION) string {
	v, err := f.pdf.FPDFAnnot_GetFormFieldValue(&requests.FPDFAnnot_GetFormFieldValue{FormHandle: f.form, Annotation: a})
	if err != nil {
		return ""
	}
	var p para // as the text will show it
	p.write(v.FormFieldValue, style{})
	return strings.TrimSpace(string(p.text))
}

func (f *pdfFile) choice(a references.FPDF_ANNOTATION, c *Control) {
	n, err := f.pdf.FPDFAnnot_GetOptionCount(&requests.FPDFAnnot_GetOptionCount{FormHandle: f.form, Annotation: a})
	if err != nil {
		return
	}
	var chosen []string
	for i := range min(n.OptionCount, 300) {
		l, err := f.pdf.FPDFAnnot_GetOptionLabel(&requests.FPDFAnnot_GetOptionLabel{FormHandle: f.form, Annotation: a, Index: i})
		if err != nil {
			continue
		}
		c.Options = append(c.Options, l.OptionLabel)
		s, err := f.pdf.FPDFAnnot_IsOptionSelected(&requests.FPDFAnnot_IsOptionSelected{FormHandle: f.form, Annotation: a, Index: i})
		if err == nil && s.IsOptionSelected {
			chosen = append(chosen, strings.TrimSpace(l.OptionLabel))
		}
	}
	c.Value = strings.Join(chosen, "; ")
	if c.Value == "" {
		c.Value = f.fieldValue(a) // typed into an editable list
	}
}

func (f *pdfFile) tickBox(a references.FPDF_ANNOTATION, c *Control) {
	if k, err := f.pdf.FPDFAnnot_IsChecked(&requests.FPDFAnnot_IsChecked{FormHandle: f.form, Annotation: a}); err == nil {
		c.Checked = k.IsChecked
	}
	if v, err := f.pdf.FPDFAnnot_GetFormFieldExportValue(&requests.FPDFAnnot_GetFormFieldExportValue{FormHandle: f.form, Annotation: a}); err == nil {
		c.Options = []string{strings.TrimSpace(v.Value)}
		if c.Checked {
			c.Value = c.Options[0]
		}
	}
}
