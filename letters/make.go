package letters

import (
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Envelope is what a letter's bytes need besides its words.
type Envelope struct {
	From       netmail.Address // the register's own
	To         netmail.Address
	MessageID  string // see MessageID; kept, so that making the letter again gives the same bytes
	Date       time.Time
	InReplyTo  string
	References []string
}

// Made is a letter ready to be read, approved and sent.
type Made struct {
	Words    Words
	Findings []Finding
	Raw      []byte
	Hash     [32]byte
	Text     string // the plain-text part, as the page shows it
	Template string // kind, variant, content and version
}

// Make composes, checks and renders one letter of the record. It gives the
// same bytes for the same record, day and envelope: approving compares them.
// A letter with a finding that stops it is made too, so that staff see what to
// mend; whoever submits it looks at Stops first.
func (b *Book) Make(file workflow.File, l workflow.Letter, at time.Time, e Envelope, more ...func(*Facts)) (Made, error) {
	f, err := FactsOf(file, l, at)
	if err != nil {
		return Made{}, err
	}
	for _, add := range more {
		add(&f)
	}
	party, err := file.Party(l.Party)
	if err != nil {
		return Made{}, fmt.Errorf("make letter %d: %w", l.ID, err)
	}
	needs := party.Needs
	if f.Reader.Who == IsPerson {
		needs = append(needs[:len(needs):len(needs)], file.Person.Needs...)
	}
	v, unserved := VariantFor(needs, f.Reader.Who)
	if v == Plain && f.Reader.Who == IsPerson && f.Person.Age >= 16 && f.Person.Age <= 25 && b.approved(l.Kind, YoungPerson, f.Reader.Content) {
		v = YoungPerson
	}
	if len(unserved) > 0 {
		return Made{}, fmt.Errorf("make letter %d: the reader needs %s: %w", l.ID, list(unserved), ErrNoTemplate)
	}
	e.To = netmail.Address{Name: party.Name, Address: party.Email}
	m, err := b.make(l.Kind, v, f, e)
	if err != nil {
		return Made{}, fmt.Errorf("make letter %d: %w", l.ID, err)
	}
	return m, nil
}

// MakeReply makes a fixed reply (L1, L2, L14), which tells nothing and which no
// person approves. It goes to the bare address: a name would be theirs.
func (b *Book) MakeReply(kind workflow.LetterKind, v Variant, f Facts, e Envelope) (Made, error) {
	if !kind.IsAutomatic() {
		return Made{}, fmt.Errorf("make reply: %s is no fixed reply", kind)
	}
	e.To.Name = ""
	if !b.approved(kind, v, workflow.Full) {
		v = Plain // an answer in plain English is better than none
	}
	m, err := b.make(kind, v, f, e)
	if err != nil {
		return Made{}, fmt.Errorf("make reply: %w", err)
	}
	if kind == workflow.L2 {
		return m, nil // better with a fault than not at all
	}
	for _, x := range m.Findings {
		if x.Stop {
			return Made{}, fmt.Errorf("make reply %s: %s", kind, x.Why)
		}
	}
	return m, nil
}

// approved says whether a wording exists and a person has approved it.
func (b *Book) approved(kind workflow.LetterKind, v Variant, c workflow.Content) bool {
	p, err := b.page(kind, v, c)
	return err == nil && !p.draft
}

func (b *Book) make(kind workflow.LetterKind, v Variant, f Facts, e Envelope) (Made, error) {
	w, err := b.Compose(kind, v, f)
	if err != nil {
		return Made{}, err
	}
	html, err := w.HTML()
	if err != nil {
		return Made{}, err
	}
	files, err := attachments(w, f, e)
	if err != nil {
		return Made{}, err
	}
	text := w.Text()
	raw, err := Render(Mail{
		From: e.From, ReplyTo: e.From.Address, To: e.To, Subject: w.Subject, Date: e.Date,
		MessageID: e.MessageID, InReplyTo: e.InReplyTo, References: e.References,
		Automatic: kind.IsAutomatic(), Text: text, HTML: html, Attachments: files,
	})
	if err != nil {
		return Made{}, err
	}
	return Made{Words: w, Findings: Check(w, f), Raw: raw, Hash: Hash(raw), Text: text, Template: w.Template()}, nil
}

// Template names what the words were made from, for the letter's history.
func (w Words) Template() string {
	return strings.Join([]string{string(w.Kind), string(w.Variant), string(w.Content), fmt.Sprint("version ", w.Version)}, ", ")
}
