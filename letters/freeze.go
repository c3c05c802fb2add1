package letters

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Office makes letters ready to leave: words from the book, under the
// register's own address. What it renders is deterministic: the same record,
// words, id and date give the same bytes, so an approval can render again and
// see whether anything changed.
type Office struct {
	Book *Book
	From netmail.Address
}

// Draft is what a rendering needs beside the record.
type Draft struct {
	MessageID string    // made once for a letter, by NewMessageID
	Date      time.Time // of the letter and of its Date header
	Answers   string    // Message-ID of the mail that began the thread, without brackets
}

// ErrUnserved says that the recipient needs a form that no variant of ours
// serves: the letter waits, and a person finds the way.
var ErrUnserved = errors.New("no variant serves the recipient's needs")

// NewMessageID makes the id of a letter from 128 random bits; replies and
// bounces are filed by it.
func (o Office) NewMessageID() string {
	raw := make([]byte, 16)
	rand.Read(raw) // never fails (crypto/rand)
	_, domain, _ := strings.Cut(o.From.Address, "@")
	return MessageID(hex.EncodeToString(raw), 1, domain)
}

// Freeze renders a letter to a party of the case into the very bytes that will
// leave, with what the checks found. A finding that stops a letter is for the
// caller to heed; the letter is made all the same, so that staff see what to
// mend.
func (o Office) Freeze(f workflow.File, l workflow.Letter, d Draft) (workflow.Frozen, []Finding, error) {
	party, err := f.RecipientOf(l)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	facts, err := FactsOf(f, l, d.Date)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	v, err := o.variant(f, l.Kind, party, facts)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	words, err := o.Book.Compose(l.Kind, v, facts)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	var fr workflow.Frozen
	if facts.ByPost {
		fr, err = o.paper(words, facts, party.Name, f.PostalOf(party), d)
	} else {
		fr, err = o.bytes(words, facts, netmail.Address{Name: party.Name, Address: party.Email}, d)
	}
	fr.Letter, fr.Notice, fr.Grade = l.ID, words.Content == workflow.Notice, words.Grade()
	found := Check(words, facts)
	for _, x := range found {
		if x.Stop && fr.Stops == "" {
			fr.Stops = x.Where + ": " + x.Why
		}
	}
	return fr, found, err
}

// variant is the form that the reader can use. A young person gets the letter
// written for them once somebody has approved its words.
func (o Office) variant(f workflow.File, k workflow.LetterKind, party workflow.Party, facts Facts) (Variant, error) {
	v, unserved := VariantFor(f.NeedsOf(party), facts.Reader.Who)
	if len(unserved) > 0 {
		return v, fmt.Errorf("%w: %s", ErrUnserved, strings.Join(unserved, ", "))
	}
	young := facts.Reader.Who == IsPerson && facts.Person.Age >= 16 && facts.Person.Age <= 25
	if v == Plain && young && o.Book.approved(k, YoungPerson, facts.Reader.Content) {
		v = YoungPerson
	}
	return v, nil
}

// Form is how much a letter may say to its reader, and in which form; Plain
// where nobody can tell.
func (o Office) Form(f workflow.File, l workflow.Letter, at time.Time) (workflow.Content, Variant) {
	facts, err := FactsOf(f, l, at)
	if err != nil {
		return "", Plain
	}
	party, err := f.Party(l.Party)
	if err != nil {
		return facts.Reader.Content, Plain
	}
	v, _ := o.variant(f, l.Kind, party, facts)
	return facts.Reader.Content, v
}

// approved says whether a wording exists and a person has approved it.
func (b *Book) approved(kind workflow.LetterKind, v Variant, c workflow.Content) bool {
	p, err := b.page(kind, v, c)
	return err == nil && !p.draft
}

// FreezeReply renders a fixed reply: L1, L2 or L14. It tells nothing of the
// mail that it answers, and goes to that mail's From address alone, without
// the name that stood there.
func (o Office) FreezeReply(id workflow.LetterID, k workflow.LetterKind, to string, set workflow.Settings, ref string, receivedAt time.Time, d Draft) (workflow.Frozen, error) {
	if !k.IsAutomatic() {
		return workflow.Frozen{}, fmt.Errorf("letter %s is no fixed reply: %w", k, workflow.ErrNotAllowed)
	}
	facts := ReplyFacts(set, ref, receivedAt, d.Date)
	words, err := o.Book.Compose(k, Plain, facts)
	if err != nil {
		return workflow.Frozen{}, err
	}
	fr, err := o.bytes(words, facts, netmail.Address{Address: to}, d)
	fr.Letter = id
	return fr, err
}

func (o Office) bytes(w Words, f Facts, to netmail.Address, d Draft) (workflow.Frozen, error) {
	html, err := w.HTML()
	if err != nil {
		return workflow.Frozen{}, err
	}
	files, err := attachments(w, f, d.Date)
	if err != nil {
		return workflow.Frozen{}, err
	}
	m := Mail{
		From: o.From, ReplyTo: o.From.Address, To: to, Subject: w.Subject, Date: d.Date.In(workflow.London), MessageID: d.MessageID,
		Automatic: w.Kind.IsAutomatic(), Text: w.Text(), HTML: html, Attachments: files,
	}
	if id := "<" + d.Answers + ">"; d.Answers != "" && validID(id) {
		m.InReplyTo, m.References = id, []string{id}
	}
	raw, err := Render(m)
	if err != nil {
		return workflow.Frozen{}, err
	}
	token, _, _ := ParseID(d.MessageID)
	return workflow.Frozen{
		Raw: raw, Hash: Hash(raw), Subject: w.Subject, Text: m.Text, To: to.Address, Token: token,
		MessageID: strings.Trim(d.MessageID, "<>"), Template: w.Template(),
	}, nil
}

// paper is a letter that is printed and posted: its bytes are those of the PDF,
// with the address where a window of an envelope shows it.
func (o Office) paper(w Words, f Facts, name, address string, d Draft) (workflow.Frozen, error) {
	w.Envelope = append([]string{name}, addressLines(address)...)
	raw, err := w.PDF(f.Date)
	if err != nil {
		return workflow.Frozen{}, err
	}
	token, _, _ := ParseID(d.MessageID)
	return workflow.Frozen{
		Raw: raw, Hash: Hash(raw), Subject: w.Subject, Text: strings.Join(w.Envelope, "\n") + "\n\n" + w.Text(), To: address, Token: token,
		MessageID: strings.Trim(d.MessageID, "<>"), Template: w.Template(),
	}, nil
}

// addressLines cuts an address as people write it on envelopes.
func addressLines(address string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(address, func(r rune) bool { return r == '\n' || r == ',' }) {
		if l = oneLine(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// Template names what the words were made from, for the letter's history.
func (w Words) Template() string {
	return strings.Join([]string{string(w.Kind), string(w.Variant), string(w.Content), fmt.Sprint("version ", w.Version)}, ", ")
}
