package document

import (
	"bytes"
	"context"
	"strings"

	"github.com/klippa-app/go-pdfium/requests"
)

// xfa reads the form data of an XFA form, whose pages only ask for another
// program ("Please wait..."). It returns nil when the pages say more than that.
func (r *reader) xfa(ctx context.Context, f *pdfFile, pages []node) []node {
	n, err := f.pdf.FPDF_GetXFAPacketCount(&requests.FPDF_GetXFAPacketCount{Document: f.doc})
	if err != nil || n.Count == 0 || n.Count > 100 {
		return nil
	}
	if text := words(pages); filled(pages) || len(text) > 3000 && !strings.Contains(text, "Please wait") {
		return nil
	}
	var data, template *elem
	for i := range n.Count {
		name, err := f.pdf.FPDF_GetXFAPacketName(&requests.FPDF_GetXFAPacketName{Document: f.doc, Index: i})
		if err != nil || name.Name != "datasets" && name.Name != "template" && n.Count > 1 {
			continue
		}
		c, err := f.pdf.FPDF_GetXFAPacketContent(&requests.FPDF_GetXFAPacketContent{Document: f.doc, Index: i})
		if err != nil {
			continue
		}
		tree, err := r.xml(ctx, bytes.NewReader(c.Content))
		if err != nil && tree == nil {
			continue
		}
		if d := tree.find("datasets"); d != nil {
			data = d
		}
		if t := tree.find("template"); t != nil {
			template = t
		}
	}
	if data == nil {
		return nil
	}
	w := &xfaWalker{captions: map[string]string{}}
	w.caption(template)
	w.data(data.find("data"))
	return w.nodes
}

// filled reports that a form field of the pages has a value.
func filled(nodes []node) bool {
	for _, n := range nodes {
		switch n := n.(type) {
		case *para:
			for _, c := range n.controls {
				if c.Checked || c.Value != "" {
					return true
				}
			}
		case *grid:
			for _, row := range n.rows {
				for _, c := range row.cells {
					if filled(c.nodes) {
						return true
					}
				}
			}
		}
	}
	return false
}

// find returns the first element of that name at or below e.
func (e *elem) find(name string) *elem {
	if e == nil || e.name == name {
		return e
	}
	for _, k := range e.kids {
		if f := k.find(name); f != nil {
			return f
		}
	}
	return nil
}

type xfaWalker struct {
	captions map[string]string // of each field name
	nodes    []node
}

// caption gathers the printed label of each field.
func (w *xfaWalker) caption(e *elem) {
	if e == nil {
		return
	}
	if e.name == "field" || e.name == "exclGroup" {
		if t := strings.TrimSpace(e.child("caption").allText()); t != "" && w.captions[e.attr("name")] == "" {
			w.captions[e.attr("name")] = strings.Join(strings.Fields(t), " ")
		}
	}
	for _, k := range e.kids {
		w.caption(k)
	}
}

// data makes a line of each filled field: its label and its value.
func (w *xfaWalker) data(e *elem) {
	if e == nil {
		return
	}
	leaf := true
	for _, k := range e.kids {
		if k.name != "" {
			leaf = false
			w.data(k)
		}
	}
	if !leaf || e.name == "" || e.name == "data" {
		return
	}
	c := Control{Kind: TextBox, Name: e.name, Label: w.captions[e.name]}
	if c.Label == "" {
		c.Label = e.name
	}
	p := &para{kind: Form, origin: "xfa"}
	p.write(strings.TrimRight(c.Label, ": ")+": ", style{})
	at := len(p.text)
	p.write(strings.TrimSpace(e.allText()), style{})
	c.Value = string(p.text[at:])
	p.control(c, at)
	w.nodes = append(w.nodes, p)
}
