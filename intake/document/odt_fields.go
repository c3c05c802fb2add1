package document

import "strings"

// contentControl reads LibreOffice's form controls in the text.
func (w *odtWalker) contentControl(e *elem, p *para, st style, boxes *[]node) {
	c := Control{Kind: TextBox, Label: e.attr("alias"), Name: e.attr("tag")}
	if c.Label == "" {
		c.Label = c.Name
	}
	at := len(p.text)
	switch {
	case e.attr("checkbox") == "true":
		c.Kind, c.Checked = CheckBox, e.attr("checked") == "true"
		p.write(glyph(c.Checked), style{})
		p.control(c, at)
		return
	case e.attr("date") == "true":
		c.Kind = DateBox
	case e.child("list-item") != nil:
		c.Kind = DropDown
		for _, k := range e.kids {
			if k.name == "list-item" && len(c.Options) < 500 {
				c.Options = append(c.Options, k.attr("display-text"))
			}
		}
	}
	w.inline(e, p, st, boxes)
	c.Value = strings.TrimSpace(string(p.text[at:]))
	if e.attr("showing-place-holder") == "true" || isPrompt(c.Value) {
		c.Value, c.Placeholder = "", true
		p.cut(at)
	}
	p.control(c, at)
}

// fieldMark reads the form fields that LibreOffice keeps of a Word file.
func (w *odtWalker) fieldMark(e *elem, p *para) {
	kind := e.attr("type")
	switch {
	case e.name == "fieldmark-start":
		w.marks = append(w.marks, odtMark{e, len(p.text)})
	case e.name == "fieldmark-end":
		if n := len(w.marks); n > 0 {
			m := w.marks[n-1]
			w.marks = w.marks[:n-1]
			m.end(p)
		}
	case strings.HasSuffix(kind, "FORMCHECKBOX"):
		c := Control{Kind: CheckBox, Name: e.attr("name"), Checked: e.param("Checkbox_Checked") == "true"}
		c.Label = c.Name
		at := len(p.text)
		p.write(glyph(c.Checked), style{})
		p.control(c, at)
	case strings.HasSuffix(kind, "FORMDROPDOWN"):
		c := Control{Kind: DropDown, Name: e.attr("name")}
		c.Label = c.Name
		for _, k := range e.kids {
			if k.name == "param" && k.attr("name") == "Dropdown_ListEntry" {
				c.Options = append(c.Options, k.attr("value"))
			}
		}
		if i := number(e.param("Dropdown_Selected")); e.param("Dropdown_Selected") != "" && i < len(c.Options) {
			c.Value = strings.TrimSpace(c.Options[i])
		}
		at := len(p.text)
		p.write(c.Value, style{})
		p.control(c, at)
	}
}

func (e *elem) param(name string) string {
	for _, k := range e.kids {
		if k.name == "param" && k.attr("name") == name {
			return k.attr("value")
		}
	}
	return ""
}

func (m odtMark) end(p *para) {
	if !strings.HasSuffix(m.elem.attr("type"), "FORMTEXT") || m.at > len(p.text) {
		return
	}
	c := Control{Kind: TextBox, Name: m.elem.attr("name"), Value: strings.TrimSpace(string(p.text[m.at:]))}
	c.Label = c.Name
	if isPrompt(c.Value) {
		c.Value, c.Placeholder = "", true
		p.cut(m.at)
	}
	p.control(c, m.at)
}

func (w *odtWalker) dropDown(e *elem, p *para) {
	c := Control{Kind: DropDown, Label: e.attr("name")}
	for _, k := range e.kids {
		if k.name == "label" && len(c.Options) < 500 {
			c.Options = append(c.Options, k.attr("value"))
			if k.attr("current-selected") == "true" {
				c.Value = k.attr("value")
			}
		}
	}
	at := len(p.text)
	p.write(c.Value, style{})
	p.control(c, at)
}

// formControl reads a control drawn on the page.
func (w *odtWalker) formControl(e *elem, p *para) {
	if e == nil {
		return
	}
	c := Control{Kind: TextBox, Label: e.attr("label"), Name: e.attr("name"), Value: e.attr("current-value")}
	if c.Label == "" {
		c.Label = c.Name
	}
	at := len(p.text)
	switch e.name {
	case "checkbox", "radio":
		c.Kind, c.Value = CheckBox, ""
		c.Checked = e.attr("current-state") == "checked" || e.attr("current-selected") == "true"
		p.write(glyph(c.Checked), style{})
		p.control(c, at)
		if l := e.attr("label"); l != "" {
			p.write(" "+l+" ", style{})
		}
		return
	case "listbox", "combobox":
		c.Kind = DropDown
		for _, k := range e.kids {
			if k.name == "option" && k.attr("current-selected") == "true" {
				c.Value = k.attr("label")
			}
		}
	case "date":
		c.Kind = DateBox
	}
	p.write(c.Value, style{})
	p.control(c, at)
}
