package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// CaseMail is one mail of a case as its page shows it.
type CaseMail struct {
	ID         workflow.MessageID
	ReceivedAt time.Time
	How        string // how it came to the case
	FromName   string
	FromAddr   string
	Subject    string
	Class      string
	Verdict    string
	Urgency    workflow.Urgency
	Documents  []DocumentRow
	Reading    Reading
}

// Reading is what was understood of a mail at intake. It is for people to look
// at; no rule reads it.
type Reading struct {
	Texts      []PartText
	Why        []Cue // of its class
	UrgencyWhy []Cue
	Safeguards []Cue
	Unknown    []Labelled
	Warnings   []string
}

// PartText is the text of one part, to which the places of facts point.
type PartText struct{ Part, Text string }

// Cue is a phrase at its place and the rule that it met.
type Cue struct {
	Rule, Part, Quote string
	Start, End        int
}

// Labelled is a label of a form that no rule knows, with its value.
type Labelled struct{ Label, Value, Part string }

// CaseMails lists the mails of a case, oldest first, with what was read of each.
func (s *Store) CaseMails(ctx context.Context, id workflow.CaseID) ([]CaseMail, error) {
	var out []CaseMail
	var objects []ObjectID
	err := each(ctx, s.db, `
		SELECT m.id, m.received_at, j.how, m.from_name, m.from_addr, m.subject, m.class, m.verdict, m.urgency, coalesce(m.reading, 0)
		FROM case_messages j
		JOIN messages m ON m.id = j.message_id
		WHERE j.case_id = $1
		ORDER BY m.received_at, m.id`, func(r *sqlx.Rows) error {
		var x CaseMail
		var o ObjectID
		err := r.Scan(&x.ID, &x.ReceivedAt, &x.How, &x.FromName, &x.FromAddr, &x.Subject, &x.Class, &x.Verdict, &x.Urgency, &o)
		out, objects = append(out, x), append(objects, o)
		return err
	}, id)
	if err != nil {
		return nil, fmt.Errorf("mails of case %d: %w", id, err)
	}
	for i := range out {
		if out[i].Reading, err = s.reading(ctx, objects[i]); err != nil {
			return nil, fmt.Errorf("message %d: %w", out[i].ID, err)
		}
		if out[i].Documents, err = s.documents(ctx, out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// reading unseals what intake kept; nothing, when nothing was kept or it has
// been disposed of.
func (s *Store) reading(ctx context.Context, o ObjectID) (Reading, error) {
	var x Reading
	if o == 0 {
		return x, nil
	}
	b, err := s.object(ctx, s.db, o)
	if errors.Is(err, workflow.ErrNotFound) {
		return x, nil
	}
	if err != nil {
		return x, err
	}
	if err := json.Unmarshal(b, &x); err != nil {
		return x, fmt.Errorf("reading: %w", err)
	}
	return x, nil
}

func (s *Store) documents(ctx context.Context, id workflow.MessageID) ([]DocumentRow, error) {
	var out []DocumentRow
	err := each(ctx, s.db, `
		SELECT part, name, type, size, state, why,
		       array(SELECT p.page FROM document_pictures p WHERE p.document_id = d.id ORDER BY p.page)
		FROM documents d
		WHERE message_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x DocumentRow
		var pages pq.Int64Array
		err := r.Scan(&x.Part, &x.Name, &x.Type, &x.Size, &x.State, &x.Why, &pages)
		for _, n := range pages {
			x.Pages = append(x.Pages, int(n))
		}
		out = append(out, x)
		return err
	}, id)
	if err != nil {
		return nil, fmt.Errorf("documents of message %d: %w", id, err)
	}
	return out, nil
}

// CaseMessage reports, by an error, whether a message belongs to a case.
func (s *Store) CaseMessage(ctx context.Context, id workflow.CaseID, m workflow.MessageID) error {
	var one int
	err := s.db.GetContext(ctx, &one, `
		SELECT 1
		FROM case_messages
		WHERE case_id = $1 AND message_id = $2`, id, m)
	if err != nil {
		return fmt.Errorf("message %d of case %d: %w", m, id, none(err, "This message does not belong to this case."))
	}
	return nil
}

// FactView is a fact of a case with its place and who stands behind it.
type FactView struct {
	FactRow
	ID          workflow.FactID
	Message     workflow.MessageID
	ProposedAt  time.Time
	ConfirmedAt time.Time
	ConfirmedBy string // a name, "" while nobody has
}

// CaseFacts lists the facts of a case that nothing has superseded: of each field
// first the one that counts, then what else was read.
func (s *Store) CaseFacts(ctx context.Context, id workflow.CaseID) ([]FactView, error) {
	var out []FactView
	err := each(ctx, s.db, `
		SELECT f.id, f.field, f.value, f.list, coalesce(f.message_id, 0), f.part, f.page, f.span_start, f.span_end, f.quote, f.method,
		       f.confidence, f.note, f.rivals::text, f.proposed_at, f.confirmed_at, coalesce(u.name, '')
		FROM facts f
		LEFT JOIN users u ON u.id = f.confirmed_by
		WHERE f.case_id = $1 AND f.superseded_by IS NULL
		ORDER BY f.field, (f.confirmed_by IS NOT NULL) DESC, f.confidence DESC, f.id DESC`, func(r *sqlx.Rows) error {
		var x FactView
		var rivals []byte
		var confirmed sql.NullTime
		if err := r.Scan(&x.ID, &x.Field, &x.Value, (*pq.StringArray)(&x.Values), &x.Message, &x.Part, &x.Page, &x.Start, &x.End, &x.Quote,
			&x.Method, &x.Confidence, &x.Note, &rivals, &x.ProposedAt, &confirmed, &x.ConfirmedBy); err != nil {
			return err
		}
		x.ConfirmedAt = confirmed.Time
		if err := json.Unmarshal(rivals, &x.Rivals); err != nil {
			return fmt.Errorf("rivals of fact %d: %w", x.ID, err)
		}
		out = append(out, x)
		return nil
	}, id)
	if err != nil {
		return nil, fmt.Errorf("facts of case %d: %w", id, err)
	}
	return out, nil
}

// Happened is an entry of a case's timeline.
type Happened struct {
	ID      workflow.EventID
	At      time.Time
	Actor   workflow.ActorID
	Name    string // of the account
	Action  workflow.Action
	From    workflow.State
	To      workflow.State
	Fields  []string
	Note    string
	Message workflow.MessageID
	Letter  workflow.LetterID
	Kind    workflow.LetterKind // of the letter
	Changes []Amended
}

// Amended is a field with the value before and the value that somebody set.
type Amended struct {
	Field    workflow.Field
	Old, New string
	Why      string
}

// Timeline lists what happened to a case, the newest first; with looks also who
// read it.
func (s *Store) Timeline(ctx context.Context, id workflow.CaseID, looks bool) ([]Happened, error) {
	var out []Happened
	err := each(ctx, s.db, `
		SELECT e.id, e.at, e.actor, coalesce(u.name, ''), e.action, e.from_state, e.to_state, e.fields, coalesce(n.words, ''),
		       coalesce(e.message_id, 0), coalesce(e.letter_id, 0), coalesce(l.kind, '')
		FROM events e
		LEFT JOIN users u ON u.id = e.actor
		LEFT JOIN notes n ON n.event_id = e.id
		LEFT JOIN letters l ON l.id = e.letter_id
		WHERE e.case_id = $1 AND ($2 OR e.action <> 'read')
		ORDER BY e.id DESC
		LIMIT 500`, func(r *sqlx.Rows) error {
		var x Happened
		err := r.Scan(&x.ID, &x.At, &x.Actor, &x.Name, &x.Action, &x.From, &x.To, (*pq.StringArray)(&x.Fields), &x.Note, &x.Message, &x.Letter, &x.Kind)
		out = append(out, x)
		return err
	}, id, looks)
	if err != nil {
		return nil, fmt.Errorf("timeline of case %d: %w", id, err)
	}
	return out, s.amendments(ctx, id, out)
}

// amendments adds to each deed the values that people set by it. Events hold no
// values; the facts do, with the time of the deed.
func (s *Store) amendments(ctx context.Context, id workflow.CaseID, all []Happened) error {
	err := each(ctx, s.db, `
		SELECT f.field, f.value, f.list, f.note, f.confirmed_at, coalesce(o.value, ''), coalesce(o.list, '{}')
		FROM facts f
		LEFT JOIN LATERAL (SELECT value, list FROM facts WHERE superseded_by = f.id ORDER BY (confirmed_by IS NOT NULL) DESC, id DESC LIMIT 1) o ON true
		WHERE f.case_id = $1 AND f.confirmed_at IS NOT NULL AND f.method = 'typed'
		ORDER BY f.id`, func(r *sqlx.Rows) error {
		var x Amended
		var at time.Time
		var list, oldList pq.StringArray
		if err := r.Scan(&x.Field, &x.New, &list, &x.Why, &at, &x.Old, &oldList); err != nil {
			return err
		}
		x.New, x.Old = joined(x.New, list), joined(x.Old, oldList)
		for i := range all {
			if all[i].Action == workflow.ConfirmFields && all[i].At.Sub(at).Abs() < time.Millisecond {
				all[i].Changes = append(all[i].Changes, x)
			}
		}
		return nil
	}, id)
	if err != nil {
		return fmt.Errorf("changes of case %d: %w", id, err)
	}
	return nil
}

func joined(value string, list []string) string {
	for _, x := range list {
		if value != "" {
			value += ", "
		}
		value += x
	}
	return value
}

// OpenByHand makes a case of what somebody was told by phone, post or in person.
// Who writes it down has looked at it, so it is theirs and in triage, and what
// they typed is confirmed by them.
func (s *Store) OpenByHand(ctx context.Context, by workflow.Actor, at time.Time, o workflow.Opening, fields []workflow.FieldChange) (CaseMade, error) {
	var made CaseMade
	err := s.write(ctx, "open a case by hand", func(tx *sqlx.Tx) error {
		o.Message, o.Reply = 0, nil
		var err error
		if made, err = s.openCase(ctx, tx, by, at, NewCase{Opening: o}, 0); err != nil {
			return err
		}
		for _, do := range []func(workflow.File) (workflow.Change, error){
			func(f workflow.File) (workflow.Change, error) { return f.Take(by, at) },
			func(f workflow.File) (workflow.Change, error) { return f.ConfirmFields(by, at, fields) },
		} {
			f, err := s.file(ctx, tx, made.ID, true)
			if err != nil {
				return err
			}
			c, err := do(f)
			if err != nil {
				return err
			}
			if _, err := s.apply(ctx, tx, f, c); err != nil {
				return err
			}
		}
		return nil
	})
	return made, err
}

// Document is one file of a message.
func (s *Store) Document(ctx context.Context, m workflow.MessageID, part string) (DocumentRow, error) {
	all, err := s.documents(ctx, m)
	if err != nil {
		return DocumentRow{}, err
	}
	for _, d := range all {
		if d.Part == part {
			return d, nil
		}
	}
	return DocumentRow{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such file in this mail."}
}
