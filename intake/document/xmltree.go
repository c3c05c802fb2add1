package document

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html/charset"
)

// elem is an XML element. Names are local: the office formats never use one
// local name for two meanings in the same place.
type elem struct {
	name  string
	attrs []xml.Attr
	kids  []*elem // an element without a name is text
	text  string
}

// attr returns the value of an attribute by its local name, "" when absent.
func (e *elem) attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// child returns the first child of that name, nil when absent.
func (e *elem) child(name string) *elem {
	if e == nil {
		return nil
	}
	for _, k := range e.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// on reads an on/off property: its presence means on unless it says otherwise.
func (e *elem) on() bool {
	if e == nil {
		return false
	}
	switch strings.ToLower(e.attr("val")) {
	case "0", "false", "none", "off", "nil", "clear":
		return false
	}
	return true
}

// allText joins the text below an element.
func (e *elem) allText() string {
	if e == nil {
		return ""
	}
	if e.name == "" {
		return e.text
	}
	var sb strings.Builder
	for _, k := range e.kids {
		sb.WriteString(k.allText())
	}
	return sb.String()
}

// xml parses one part. A part cut short still gives the tree up to the cut,
// beside the error. A document type declaration is refused: no office file has
// one, and entity tricks need one.
func (r *reader) xml(ctx context.Context, from io.Reader) (*elem, error) {
	d := xml.NewDecoder(r.meter(ctx, from))
	d.CharsetReader = charset.NewReaderLabel
	root := &elem{name: "/"}
	stack := []*elem{root}
	for n := 0; ; n++ {
		if n > r.limits.Nodes {
			return root, tooLarge("It has far more parts than a document should have; only its beginning was read.")
		}
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, nil
		}
		if err != nil {
			return root, err
		}
		top := stack[len(stack)-1]
		switch t := t.(type) {
		case xml.Directive:
			return nil, quarantined("It declares its own XML types, which no office program does.")
		case xml.StartElement:
			if len(stack) > r.limits.Nesting {
				return root, tooLarge("It is nested deeper than a document should be; only its beginning was read.")
			}
			e := &elem{name: t.Name.Local, attrs: t.Attr}
			top.kids = append(top.kids, e)
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) > 1 {
				stack = stack[:len(stack)-1]
			}
		case xml.CharData:
			top.kids = append(top.kids, &elem{text: string(t)})
		}
	}
}
