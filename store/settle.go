package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// End is the one end of a message.
type End = workflow.MailEnd

const (
	EndCase        = workflow.MailCase
	EndFiled       = workflow.MailFiled
	EndHolding     = workflow.MailHolding
	EndProblem     = workflow.MailProblem
	EndQuarantined = workflow.MailQuarantined
	EndRouted      = workflow.MailRouted
	EndIgnored     = workflow.MailIgnored
	EndBeforeStart = workflow.MailBeforeStart
)

// FactRow is a proposed fact with its place in the mail.
type FactRow struct {
	Field      workflow.Field
	Value      string
	Values     []string
	Part       string
	Page       int
	Start, End int
	Quote      string
	Method     string
	Confidence float64
	Note       string
	Rivals     []RivalRow
}

// RivalRow is another reading of a fact.
type RivalRow struct {
	Value, Why, Part string
	Start, End       int
	Quote            string
}

// DocumentRow is a file of a mail and what became of it.
type DocumentRow struct {
	Part, Name, Type string
	Size             int64
	State, Why       string
	Pages            []int // of those that are drawn
}

// NewCase is one referral of a mail: how it opens, and what was read of it.
type NewCase struct {
	Opening workflow.Opening
	Facts   []FactRow
}

// Filing joins the message to a case by its letter's token and a known sender.
type Filing struct {
	Case    workflow.CaseID
	Letter  workflow.LetterID // that it answers, if any
	How     string            // "token", "letter returned", "automatic answer"
	Opening workflow.Opening
	Facts   []FactRow
	Bounced bool   // the letter did not arrive
	Words   string // what the other host said; for staff
}

// Returned is a letter without a case that did not arrive, and what the other
// host said.
type Returned struct {
	Letter workflow.LetterID
	Words  string
}

// Settlement is what is to become of one message.
type Settlement struct {
	Message     workflow.MessageID
	End         End
	Why         string
	Class, Kind string
	Urgency     workflow.Urgency
	Verdict     string
	Machine     bool
	FromName    string
	FromAddr    string
	Subject     string
	MessageID   string
	Fingerprint []byte
	Reading     any    // kept sealed, as JSON, for the case page
	Search      string // text to be found by
	Documents   []DocumentRow
	Cases       []NewCase
	Filing      *Filing
	Returned    *Returned           // a letter that belongs to no case
	Reply       *workflow.LetterDue // L1, L2 or L14, under the limits
	Withheld    string              // why the mail is owed a reply and gets none by itself
	Alerts      []string            // kinds: crisis, safeguarding, unread
	Due         time.Time           // of an open end
	At          time.Time

	copyOf workflow.MessageID // the same mail, here before
}

// Settled is what became of it.
type Settled struct {
	Message  workflow.MessageID
	End      End
	Already  bool // it had its end before
	Cases    []CaseMade
	Replied  bool
	Withheld string // why no automatic reply goes, "" when one does or none was asked
	Err      error
}

// CaseMade is a case that a message opened.
type CaseMade struct {
	ID  workflow.CaseID
	Ref string
}

// Settle gives messages their ends, with cases, filings, facts, letters due and
// alerts, in one transaction; if one of them fails, each is tried alone, so that
// one odd mail does not hold the others up. The error is nil when each has its
// own result.
func (s *Store) Settle(ctx context.Context, all []Settlement) ([]Settled, error) {
	out := make([]Settled, len(all))
	err := s.write(ctx, "settle messages", func(tx *sqlx.Tx) error {
		for i, x := range all {
			var err error
			if out[i], err = s.settle(ctx, tx, x); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || len(all) == 0 || ctx.Err() != nil {
		return out, err
	}
	for i, x := range all {
		one := s.write(ctx, fmt.Sprintf("settle message %d", x.Message), func(tx *sqlx.Tx) error {
			var err error
			out[i], err = s.settle(ctx, tx, x)
			return err
		})
		if one != nil {
			out[i] = Settled{Message: x.Message, Err: one}
		}
	}
	return out, ctx.Err()
}

func (s *Store) settle(ctx context.Context, tx *sqlx.Tx, x Settlement) (Settled, error) {
	out := Settled{Message: x.Message}
	var ended sql.NullString
	err := tx.GetContext(ctx, &ended, `SELECT end_state FROM messages WHERE id = $1 FOR UPDATE`, x.Message)
	if err != nil {
		return out, none(err, "There is no such message.")
	}
	if ended.Valid {
		out.Already, out.End = true, End(ended.String)
		return out, nil
	}
	if x, err = asCopy(ctx, tx, x); err != nil {
		return out, err
	}
	out.End = x.End
	cause, err := addEvent(ctx, tx, event{At: x.At, Actor: 0, Action: workflow.Action("settle: " + string(x.End)), Message: x.Message})
	if err != nil {
		return out, err
	}
	if err := s.endMessage(ctx, tx, x); err != nil {
		return out, err
	}
	reply, why, err := s.mayReply(ctx, tx, x)
	if err != nil {
		return out, err
	}
	out.Withheld = why
	for i, k := range x.Cases {
		if i > 0 || reply == nil {
			k.Opening.Reply = nil
		} else {
			k.Opening.Reply = reply
		}
		made, err := s.openCase(ctx, tx, workflow.Service(), x.At, k, x.Message)
		if err != nil {
			return out, err
		}
		out.Cases = append(out.Cases, made)
	}
	if err := s.fileOrReply(ctx, tx, x, reply, cause); err != nil {
		return out, err
	}
	if x.Returned != nil {
		if err := s.returned(ctx, tx, x.Returned.Letter, x.Returned.Words, x.At); err != nil {
			return out, err
		}
	}
	out.Replied = reply != nil
	return out, s.settleAlerts(ctx, tx, x, out.Cases, why)
}

// fileOrReply files the message to its case; a mail without a case still gets
// the fixed reply it is owed.
func (s *Store) fileOrReply(ctx context.Context, tx *sqlx.Tx, x Settlement, reply *workflow.LetterDue, cause workflow.EventID) error {
	if x.End == EndFiled && x.Filing == nil {
		return joinCopy(ctx, tx, x.copyOf, x.Message)
	}
	if x.Filing != nil {
		x.Filing.Opening.Reply = reply
		return s.fileMessage(ctx, tx, workflow.Service(), x.At, *x.Filing, x.Message)
	}
	if len(x.Cases) == 0 && reply != nil {
		_, err := s.insertLetter(ctx, tx, *reply, 0, cause, x.At)
		return err
	}
	return nil
}

func (s *Store) endMessage(ctx context.Context, tx *sqlx.Tx, x Settlement) error {
	reading := sql.NullInt64{}
	if x.Reading != nil {
		b, err := json.Marshal(x.Reading)
		if err != nil {
			return fmt.Errorf("reading of message %d: %w", x.Message, err)
		}
		id, _, err := s.put(ctx, tx, bytes.NewReader(b))
		if err != nil {
			return err
		}
		reading = nullID(id)
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE messages
		SET end_state = $2, ended_at = $3, ended_by = 0, why = $4, class = $5, kind = $6, urgency = $7, verdict = $8, machine = $9,
		    from_name = $10, from_addr = $11, subject = $12, message_id = $13, fingerprint = $14, reading = $15,
		    search = to_tsvector('simple', $16), due_at = $17,
		    duplicate_of = $18
		WHERE id = $1`, x.Message, string(x.End), x.At, x.Why, x.Class, x.Kind, string(x.Urgency), x.Verdict, x.Machine,
		x.FromName, x.FromAddr, x.Subject, x.MessageID, x.Fingerprint, reading, clip(x.Search, 500_000), nullTime(x.Due), nullID(x.copyOf))
	if err != nil {
		return fmt.Errorf("end of message %d: %w", x.Message, err)
	}
	for _, d := range x.Documents {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO documents (message_id, part, name, type, size, state, why)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (message_id, part) DO NOTHING`, x.Message, d.Part, d.Name, d.Type, d.Size, d.State, d.Why)
		if err != nil {
			return fmt.Errorf("documents of message %d: %w", x.Message, err)
		}
	}
	return nil
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// openCase makes a case of a referral: a provisional person, the case, its
// referral, parties and facts, and what the opening Change asks for.
func (s *Store) openCase(ctx context.Context, tx *sqlx.Tx, by workflow.Actor, at time.Time, k NewCase, m workflow.MessageID) (CaseMade, error) {
	set, _, err := settings(ctx, tx)
	if err != nil {
		return CaseMade{}, err
	}
	c, err := workflow.OpenCase(by, at, k.Opening, set)
	if err != nil {
		return CaseMade{}, err
	}
	f := workflow.File{Settings: set}
	f.Case = workflow.Case{State: workflow.None, Urgency: c.Urgency, Since: at, Version: 0, ReceivedAt: k.Opening.ReceivedAt}
	if err := s.insertCase(ctx, tx, &f, at); err != nil {
		return CaseMade{}, err
	}
	c.Case = f.Case.ID
	for i := range c.Letters {
		c.Letters[i].Message = m
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO referrals (case_id, message_id, how, type, received_at, told_to)
		VALUES ($1, $2, $3, $4, $5, $6)`, c.Case, nullID(m), k.Opening.How, string(k.Opening.Type), k.Opening.ReceivedAt, toldTo(by, m))
	if err != nil {
		return CaseMade{}, fmt.Errorf("referral: %w", err)
	}
	if m != 0 {
		if err := joinMessage(ctx, tx, c.Case, m, "opened it"); err != nil {
			return CaseMade{}, err
		}
	}
	if err := addFacts(ctx, tx, c.Case, m, by, at, k.Facts); err != nil {
		return CaseMade{}, err
	}
	if err := suspectDuplicate(ctx, tx, c.Case, &c); err != nil {
		return CaseMade{}, err
	}
	if _, err := s.apply(ctx, tx, f, c); err != nil {
		return CaseMade{}, err
	}
	return CaseMade{f.Case.ID, f.Case.Ref}, nil
}

func toldTo(by workflow.Actor, m workflow.MessageID) sql.NullInt64 {
	if m != 0 {
		return sql.NullInt64{}
	}
	return nullID(by.ID)
}

func (s *Store) insertCase(ctx context.Context, tx *sqlx.Tx, f *workflow.File, at time.Time) error {
	if err := tx.GetContext(ctx, &f.Person.ID, `INSERT INTO people DEFAULT VALUES RETURNING id`); err != nil {
		return fmt.Errorf("person: %w", err)
	}
	var n int
	if err := tx.GetContext(ctx, &n, `SELECT nextval('case_refs')`); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	f.Case.PersonID = f.Person.ID
	f.Case.Ref = workflow.Ref(workflow.DateOf(at).Year, n)
	err := tx.GetContext(ctx, &f.Case.ID, `
		INSERT INTO cases (ref, person_id, state, since, urgency, received_at, version)
		VALUES ($1, $2, 'new', $3, $4, $5, 1)
		RETURNING id`, f.Case.Ref, f.Person.ID, at, string(f.Case.Urgency), f.Case.ReceivedAt)
	if err != nil {
		return fmt.Errorf("case: %w", err)
	}
	f.Case.Version = 1
	return nil
}

func joinMessage(ctx context.Context, tx *sqlx.Tx, id workflow.CaseID, m workflow.MessageID, how string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO case_messages (case_id, message_id, how)
		VALUES ($1, $2, $3)
		ON CONFLICT (case_id, message_id) DO NOTHING`, id, m, how)
	if err != nil {
		return fmt.Errorf("join message %d to case %d: %w", m, id, err)
	}
	return nil
}

// addFacts proposes what was read. A field that a person confirmed keeps its
// value: the proposal stands beside it for people to see.
func addFacts(ctx context.Context, tx *sqlx.Tx, id workflow.CaseID, m workflow.MessageID, by workflow.Actor, at time.Time, rows []FactRow) error {
	for _, x := range rows {
		rivals, err := toJSON(x.Rivals)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO facts (case_id, field, value, list, message_id, part, page, span_start, span_end, quote, method, confidence,
			    note, rivals, proposed_by, proposed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`, id, string(x.Field), x.Value,
			stringsOf(x.Values), nullID(m), x.Part, x.Page, x.Start, x.End, x.Quote, x.Method, x.Confidence, x.Note, rivals, by.ID, at)
		if err != nil {
			return fmt.Errorf("field %s: %w", x.Field, err)
		}
	}
	return nil
}

// fileMessage joins a message to a case under the case's lock; a letter that
// came back is marked, and a task made on the case.
func (s *Store) fileMessage(ctx context.Context, tx *sqlx.Tx, by workflow.Actor, at time.Time, x Filing, m workflow.MessageID) error {
	f, err := s.file(ctx, tx, x.Case, true)
	if err == nil && f.Merge != nil && f.Merge.Done && !f.Merge.Undone { // what is about a joined case goes where it went
		x.Case = f.Merge.Into
		f, err = s.file(ctx, tx, x.Case, true)
	}
	if err != nil {
		return err
	}
	if err := joinMessage(ctx, tx, x.Case, m, x.How); err != nil {
		return err
	}
	if err := addFacts(ctx, tx, x.Case, m, by, at, x.Facts); err != nil {
		return err
	}
	c, err := f.FileMessage(by, at, x.Opening)
	if err != nil {
		return err
	}
	for i := range c.Letters {
		c.Letters[i].Message = m
	}
	if x.How != "token" && x.How != "by hand" { // machine mail adds no facts for people to read
		c.To, c.Done, c.StopTimers, c.Tasks = f.Case.State, nil, nil, nil
	}
	if x.Bounced {
		if err := s.returned(ctx, tx, x.Letter, x.Words, at); err != nil {
			return err
		}
		c.Raise = append(c.Raise, workflow.FlagUndelivered)
	}
	_, err = s.apply(ctx, tx, f, c)
	return err
}

// returned marks a letter that came back and asks a person to reach its reader.
// That it came back also says that it had left.
func (s *Store) returned(ctx context.Context, tx *sqlx.Tx, id workflow.LetterID, words string, at time.Time) error {
	res, err := tx.ExecContext(ctx, `
		UPDATE letters
		SET state = 'returned', outcome = $2, next_try = NULL
		WHERE id = $1 AND state IN ('accepted', 'unknown', 'sending', 'retry')`, id, clip(words, 500))
	if err != nil {
		return fmt.Errorf("letter %d came back: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err // a second report of the same
	}
	if err := closeLetterTasks(ctx, tx, id, workflow.Service(), at); err != nil {
		return err
	}
	return s.tellOfLetter(ctx, tx, id, at, workflow.LetterReturned)
}

func (s *Store) settleAlerts(ctx context.Context, tx *sqlx.Tx, x Settlement, made []CaseMade, withheld string) error {
	id := workflow.CaseID(0)
	if len(made) > 0 {
		id = made[0].ID
	} else if x.Filing != nil {
		id = x.Filing.Case
	}
	for _, kind := range x.Alerts {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO alerts (kind, case_id, message_id, made_at, next_try)
			VALUES ($1, $2, $3, $4, $4)
			ON CONFLICT (kind, message_id) DO NOTHING`, kind, nullID(id), x.Message, x.At)
		if err != nil {
			return fmt.Errorf("alert: %w", err)
		}
	}
	if withheld == "" || x.Machine {
		return nil
	}
	set, _, err := settings(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tasks (kind, case_id, message_id, due_at, why, made_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, string(workflow.TaskAcknowledge), nullID(id), x.Message, set.Calendar().Due(x.At, set.TriageWD), withheld, x.At)
	if err != nil {
		return fmt.Errorf("task: %w", err)
	}
	return nil
}
