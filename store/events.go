package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// event is a row of events: who, when, what, ids and field names. Values never
// stand in it, only salted digests of them.
type event struct {
	At      time.Time
	Actor   workflow.ActorID
	Action  workflow.Action
	Case    workflow.CaseID
	Message workflow.MessageID
	Letter  workflow.LetterID
	Subject string // "user 3", "panel 9", "signpost 12": an id, never a name
	From    workflow.State
	To      workflow.State
	Fields  []string
	Digests []string
}

func addEvent(ctx context.Context, tx *sqlx.Tx, e event) (workflow.EventID, error) {
	var id workflow.EventID
	err := tx.GetContext(ctx, &id, `
		INSERT INTO events (at, actor, action, case_id, message_id, letter_id, subject, from_state, to_state, fields, digests)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		RETURNING id`, e.At.UTC().Truncate(time.Microsecond), e.Actor, string(e.Action), nullID(e.Case), nullID(e.Message), nullID(e.Letter), e.Subject,
		string(e.From), string(e.To), stringsOf(e.Fields), stringsOf(e.Digests))
	if err != nil {
		return 0, fmt.Errorf("event %q: %w", e.Action, err)
	}
	return id, nil
}

// eventOf is the event of a Change: which fields it touched, and digests of old
// and new, so that a later change of a value can be noticed and nothing be read.
func eventOf(f workflow.File, c workflow.Change) event {
	e := event{At: c.At, Actor: c.By.ID, Action: c.Action, Case: c.Case, From: c.From, To: c.To}
	for _, x := range c.Fields {
		old := f.Facts[x.Field]
		e.Fields = append(e.Fields, string(x.Field))
		e.Digests = append(e.Digests, digest(old.Value, old.Values)+">"+digest(x.Value, x.Values))
	}
	for name, touched := range map[string]bool{"parties": len(c.Parties) > 0, "consent": len(c.Consents) > 0,
		"capacity": len(c.Capacities) > 0, "best interests": len(c.BestInterests) > 0, "rating": c.Rating != nil,
		"decision": c.Decision != nil, "urgency": c.Urgency != "", "owner": c.Owner != nil, "flags": len(c.Raise)+len(c.Lower) > 0} {
		if touched {
			e.Fields = append(e.Fields, name)
		}
	}
	slices.Sort(e.Fields[len(c.Fields):])
	switch {
	case c.Frozen != nil:
		e.Letter = c.Frozen.Letter
	case c.Approval != nil:
		e.Letter = c.Approval.Letter
	case c.SendBack != 0:
		e.Letter = c.SendBack
	case c.StopLetter != 0:
		e.Letter = c.StopLetter
	case c.Typed != nil:
		e.Letter = c.Typed.Letter
	case c.Posted != nil:
		e.Letter = c.Posted.Letter
	}
	return e
}

func digest(value string, list []string) string {
	if value == "" && len(list) == 0 {
		return ""
	}
	salt := make([]byte, 8)
	rand.Read(salt)
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(value + "\x00" + strings.Join(list, "\x00")))
	return hex.EncodeToString(salt) + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

// Log writes an event that belongs to no case's rule: a sign-in, a download, a
// change of accounts or settings. subject is an id, never a name.
func (s *Store) Log(ctx context.Context, by workflow.Actor, at time.Time, action workflow.Action, subject string, id workflow.CaseID, m workflow.MessageID) error {
	return s.write(ctx, "log "+string(action), func(tx *sqlx.Tx) error {
		_, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: action, Subject: subject, Case: id, Message: m})
		return err
	})
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	if string(b) == "null" {
		return "[]", nil
	}
	return string(b), nil
}
