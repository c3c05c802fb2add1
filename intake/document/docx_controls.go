package document

import "strings"

// Content controls stand around runs, paragraphs, cells or rows.

// contentControl reads the properties; ok is false for wrappers that are no
// field: groups, repeating sections, tables of contents, pictures.
func contentControl(e *elem) (c Control, ok bool) {
	pr := e.child("sdtPr")
	c = Control{Kind: TextBox, Label: pr.child("alias").attr("val")}
	c.Name = pr.child("tag").attr("val")
	if c.Label == "" {
		c.Label = c.Name
	}
	c.Placeholder = pr.child("showingPlcHdr").on()
	for _, k := range pr.children() {
		switch k.name {
		case "group", "repeatingSection", "repeatingSectionItem", "docPartObj", "docPartList", "picture", "equation", "citation", "bibliography":
			return c, false
		case "checkbox":
			c.Kind, c.Checked, c.Placeholder = CheckBox, k.child("checked") != nil && k.child("checked").on(), false
		case "dropDownList", "comboBox":
			c.Kind = DropDown
			for _, o := range k.kids {
				if o.name == "listItem" && len(c.Options) < 500 {
					c.Options = append(c.Options, o.displayText())
				}
			}
		case "date":
			c.Kind = DateBox
			if full := k.attr("fullDate"); len(full) >= 10 && !c.Placeholder {
				c.Options = []string{full[:10]}
			}
		}
	}
	return c, true
}

func (e *elem) displayText() string {
	if t := e.attr("displayText"); t != "" {
		return t
	}
	return e.attr("value")
}

func (w *docxWalker) inlineControl(e *elem, p *para, boxes *[]node) {
	c, ok := contentControl(e)
	at, had := len(p.text), len(p.controls)
	content := e.child("sdtContent")
	if content == nil {
		return
	}
	w.inline(content, p, boxes)
	if !ok || len(p.controls) > had {
		return // a wrapper, or a control with finer ones inside
	}
	at = min(at, len(p.text))
	switch {
	case c.Kind == CheckBox:
		p.cut(at)
		w.put(p, glyph(c.Checked), style{})
	case c.Placeholder || isPrompt(string(p.text[at:])):
		p.cut(at)
		c.Placeholder = true
	default:
		c.Value = strings.TrimSpace(string(p.text[at:]))
	}
	p.control(c, at)
}

func (w *docxWalker) blockControl(e *elem, inCell bool) []node {
	c, ok := contentControl(e)
	content := e.child("sdtContent")
	if content == nil {
		return nil
	}
	nodes := w.blocks(content, inCell)
	c, nodes, ok = settle(c, ok, nodes, inCell)
	if !ok {
		return nodes
	}
	return []node{&group{control: c, nodes: nodes, origin: w.origin}}
}

// settle decides what a control around whole paragraphs says. A control around
// other controls or a table is only a wrapper.
func settle(c Control, ok bool, nodes []node, flat bool) (Control, []node, bool) {
	switch {
	case !ok:
		return c, nodes, false
	case c.Kind == CheckBox:
		p := &para{flat: flat}
		p.write(glyph(c.Checked), style{})
		return c, []node{p}, true
	case c.Placeholder:
		return c, nil, true
	case hasControls(nodes):
		return c, nodes, false
	case isPrompt(words(nodes)):
		c.Placeholder = true
		return c, nil, true
	}
	return c, nodes, true
}

func hasControls(nodes []node) bool {
	for _, n := range nodes {
		switch n := n.(type) {
		case *para:
			if len(n.controls) > 0 {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// rowControl is a control around table rows. Around a single row it names the
// row's last cell; around several it is a repeating section.
func (w *docxWalker) rowControl(e *elem, g *grid) {
	c, ok := contentControl(e)
	content := e.child("sdtContent")
	if content == nil {
		return
	}
	at := len(g.rows)
	w.rows(content, g)
	if !ok || len(g.rows) != at+1 {
		return
	}
	row := &g.rows[at]
	if n := len(row.cells); n > 0 && row.cells[n-1].control == nil {
		row.cells[n-1].wrap(c)
	}
}

// cellControl is a control around one cell (or, rarely, several).
func (w *docxWalker) cellControl(e *elem, row *gridRow) {
	c, ok := contentControl(e)
	content := e.child("sdtContent")
	if content == nil {
		return
	}
	at := len(row.cells)
	w.cells(content, row)
	if ok && len(row.cells) == at+1 {
		row.cells[at].wrap(c)
	}
}

func (cell *gridCell) wrap(c Control) {
	c, nodes, ok := settle(c, true, cell.nodes, true)
	cell.nodes = nodes
	if ok {
		cell.control = &c
	}
}
