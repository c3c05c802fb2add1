package document

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/emersion/go-vcard"
)

// vcard reads a contact card: a line for each thing it says.
func (r *reader) vcard(b []byte, d *Document) error {
	dec := vcard.NewDecoder(bytes.NewReader(b))
	var nodes []node
	for range 50 {
		card, err := dec.Decode()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if len(nodes) == 0 {
				return unreadable("The contact card is damaged.")
			}
			break
		}
		nodes = append(nodes, cardLines(card)...)
	}
	d.setFlow(nodes, r.limits.TextBytes)
	return nil
}

var cardLabels = []struct{ field, label string }{
	{vcard.FieldFormattedName, "Name"},
	{vcard.FieldTitle, "Job title"},
	{vcard.FieldRole, "Role"},
	{vcard.FieldOrganization, "Organisation"},
	{vcard.FieldTelephone, "Telephone"},
	{vcard.FieldEmail, "Email"},
	{vcard.FieldAddress, "Address"},
	{vcard.FieldBirthday, "Date of birth"},
	{vcard.FieldNote, "Note"},
}

func cardLines(card vcard.Card) (nodes []node) {
	for _, l := range cardLabels {
		for _, f := range card[l.field] {
			v := strings.Join(strings.FieldsFunc(f.Value, func(r rune) bool { return r == ';' }), ", ")
			if strings.TrimSpace(v) == "" {
				continue
			}
			p := &para{}
			p.write(l.label+": "+v, style{})
			nodes = append(nodes, p)
		}
	}
	return nodes
}
