package letters

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"slices"
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
	return MessageID(hex.EncodeToString(raw), 1, o.domain())
}

func (o Office) domain() string {
	_, domain, _ := strings.Cut(o.From.Address, "@")
	return domain
}

// Freeze renders a letter to a party of the case into the very bytes that will
// leave, with what the checks found. A finding that stops a letter is for the
// caller to heed.
func (o Office) Freeze(f workflow.File, l workflow.Letter, d Draft) (workflow.Frozen, []Finding, error) {
	party, err := f.Recipient(l.Kind, l.Party)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	facts, err := FactsOf(f, l, d.Date)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	needs := party.Needs
	if party.Role == workflow.PartySelf {
		needs = slices.Concat(f.Person.Needs, party.Needs)
	}
	v, unserved := VariantFor(needs, facts.Reader.Who)
	if len(unserved) > 0 {
		return workflow.Frozen{}, nil, fmt.Errorf("%w: %s", ErrUnserved, strings.Join(unserved, ", "))
	}
	words, err := o.Book.Compose(l.Kind, v, facts)
	if err != nil {
		return workflow.Frozen{}, nil, err
	}
	fr, err := o.bytes(words, l.Kind, netmail.Address{Name: party.Name, Address: party.Email}, d)
	fr.Letter = l.ID
	return fr, Check(words, facts), err
}

// FreezeReply renders a fixed reply: L1, L2 or L14. It tells nothing of the
// mail that it answers, and goes to that mail's From address alone.
func (o Office) FreezeReply(id workflow.LetterID, k workflow.LetterKind, to string, set workflow.Settings, ref string, receivedAt time.Time, d Draft) (workflow.Frozen, error) {
	if !k.IsAutomatic() {
		return workflow.Frozen{}, fmt.Errorf("letter %s is no fixed reply: %w", k, workflow.ErrNotAllowed)
	}
	words, err := o.Book.Compose(k, Plain, ReplyFacts(set, ref, receivedAt, d.Date))
	if err != nil {
		return workflow.Frozen{}, err
	}
	fr, err := o.bytes(words, k, netmail.Address{Address: to}, d)
	fr.Letter = id
	return fr, err
}

func (o Office) bytes(w Words, k workflow.LetterKind, to netmail.Address, d Draft) (workflow.Frozen, error) {
	html, err := w.HTML()
	if err != nil {
		return workflow.Frozen{}, err
	}
	m := Mail{
		From: o.From, ReplyTo: o.From.Address, To: to, Subject: w.Subject, Date: d.Date.In(workflow.London), MessageID: d.MessageID,
		Automatic: k.IsAutomatic(), Text: w.Text(), HTML: html,
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
		MessageID: strings.Trim(d.MessageID, "<>"), Template: fmt.Sprintf("%s %s %d", w.Kind, w.Variant, w.Version),
	}, nil
}
