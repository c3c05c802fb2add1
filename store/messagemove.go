package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// MoveMessage is the door through which a message changes after the machine gave
// it its end: the row is locked, the rule decides, and end, owner, clock, task
// and event are written together. seen is the end that the page showed; when
// somebody was quicker the answer is ErrConflict, in words.
func (s *Store) MoveMessage(ctx context.Context, id workflow.MessageID, seen End, do func(workflow.Mail, workflow.Settings) (workflow.MailChange, error)) error {
	return s.write(ctx, fmt.Sprintf("move message %d", id), func(tx *sqlx.Tx) error {
		m, err := lockMessage(ctx, tx, id, seen)
		if err != nil {
			return err
		}
		set, _, err := settings(ctx, tx)
		if err != nil {
			return err
		}
		c, err := do(m.Mail(), set)
		if err != nil {
			return err
		}
		return applyMail(ctx, tx, id, c)
	})
}

// FileByHand joins a message to a case, because a person says that it belongs
// there. What was read of it stands on the case as proposals; a wish to stop puts
// the case on hold.
func (s *Store) FileByHand(ctx context.Context, by workflow.Actor, at time.Time, id workflow.MessageID, seen End, to workflow.CaseID) error {
	return s.write(ctx, fmt.Sprintf("join message %d to case %d", id, to), func(tx *sqlx.Tx) error {
		m, err := lockMessage(ctx, tx, id, seen)
		if err != nil {
			return err
		}
		c, err := m.Mail().Join(by, at)
		if err != nil {
			return err
		}
		var there bool
		err = tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT FROM case_messages WHERE case_id = $1 AND message_id = $2)`, to, id)
		if err != nil {
			return err
		}
		if there {
			return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "case", Words: "The mail belongs to this case already."}
		}
		k, err := s.kept(ctx, tx, id)
		if err != nil {
			return err
		}
		x := Filing{Case: to, How: "by hand", Bounced: m.Class == "bounce", Words: m.Why, Opening: m.opening(k)}
		for _, f := range k.Facts {
			x.Facts = append(x.Facts, f...)
		}
		if err := s.fileMessage(ctx, tx, by, at, x, id); err != nil {
			return err
		}
		return applyMail(ctx, tx, id, c)
	})
}

// opening is the message as a rule about cases looks at it.
func (m MessageRow) opening(k Kept) workflow.Opening {
	o := workflow.Opening{Message: m.ID, ReceivedAt: m.ReceivedAt, Urgency: m.Urgency, Hold: m.Mail().IsWithdrawal()}
	for _, facts := range k.Facts {
		for _, f := range facts {
			o.Hold = o.Hold || f.Field == workflow.FieldConsentSaid && f.Value == "no"
			o.Safeguards = o.Safeguards || f.Field == workflow.FieldSafeguarding && f.Value == "yes" || f.Field == "safeguarding.cue" && f.Value == "yes"
		}
	}
	return o
}

// ByHand is how a person makes a case of a message.
type ByHand struct {
	Type        workflow.ReferralType
	Acknowledge bool // send the acknowledgement, under the limits of all of them
}

// CaseByHand makes a case of a message that the reader made none of. The sender
// is proposed as the referrer, confirmed by nobody yet.
func (s *Store) CaseByHand(ctx context.Context, by workflow.Actor, at time.Time, id workflow.MessageID, seen End, how ByHand) (CaseMade, error) {
	var made CaseMade
	err := s.write(ctx, fmt.Sprintf("make a case of message %d", id), func(tx *sqlx.Tx) error {
		m, err := lockMessage(ctx, tx, id, seen)
		if err != nil {
			return err
		}
		c, err := m.Mail().OpenCase(by, at)
		if err != nil {
			return err
		}
		k, err := s.kept(ctx, tx, id)
		if err != nil {
			return err
		}
		n := NewCase{Opening: m.opening(k)}
		n.Opening.Type, n.Opening.Parties = how.Type, m.sender(how.Type)
		if len(k.Facts) > 0 {
			n.Facts = k.Facts[0]
		}
		x := Settlement{Message: id, At: at, Machine: m.Machine, Cases: []NewCase{n}}
		if how.Acknowledge && m.MayAcknowledge() {
			x.Reply = &workflow.LetterDue{Kind: workflow.L1, To: m.FromAddr, Message: id, Content: workflow.Full}
		}
		reply, why, err := s.mayReply(ctx, tx, x)
		if err != nil {
			return err
		}
		n.Opening.Reply = reply
		if made, err = s.openCase(ctx, tx, by, at, n, id); err != nil {
			return err
		}
		if err := s.settleAlerts(ctx, tx, x, []CaseMade{made}, why); err != nil {
			return err
		}
		return applyMail(ctx, tx, id, c)
	})
	return made, err
}

// MayAcknowledge reports whether an acknowledgement may go to the sender at all:
// never to a machine, never after our own host said that the sender is forged,
// and not beside a crisis reply.
func (m MessageRow) MayAcknowledge() bool {
	return !m.Machine && m.Verdict != "fail" && m.Urgency != workflow.Crisis && strings.Count(m.FromAddr, "@") == 1
}

// sender is the party that the From address proposes.
func (m MessageRow) sender(t workflow.ReferralType) []workflow.Party {
	if m.FromAddr == "" {
		return nil
	}
	role := map[workflow.ReferralType]workflow.PartyRole{workflow.BySelf: workflow.PartySelf, workflow.ByFamily: workflow.PartyRelative}[t]
	if role == "" {
		role = workflow.PartyOther
	}
	return []workflow.Party{{Role: role, Name: m.FromName, Email: m.FromAddr, Referrer: true}}
}

func lockMessage(ctx context.Context, tx *sqlx.Tx, id workflow.MessageID, seen End) (MessageRow, error) {
	m, err := scanMessage(tx.QueryRowContext(ctx, messageColumns+` WHERE m.id = $1 FOR UPDATE OF m`, id))
	if err != nil {
		return m, none(err, "There is no such message.")
	}
	if m.End != seen {
		return m, &workflow.Refusal{Kind: workflow.ErrConflict,
			Words: "Somebody moved this mail after you opened it. Look at what they did, then try again: nothing of yours was saved."}
	}
	return m, nil
}

// applyMail writes what a move means for the message.
func applyMail(ctx context.Context, tx *sqlx.Tx, id workflow.MessageID, c workflow.MailChange) error {
	cause, err := addEvent(ctx, tx, event{At: c.At, Actor: c.By.ID, Action: workflow.Action(c.Move), Message: id,
		From: workflow.State(c.From), To: workflow.State(c.To)})
	if err != nil {
		return err
	}
	if c.Note != "" {
		if _, err := tx.ExecContext(ctx, `INSERT INTO notes (event_id, words) VALUES ($1, $2)`, cause, c.Note); err != nil {
			return fmt.Errorf("note: %w", err)
		}
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE messages
		SET end_state = nullif($2, ''),
		    ended_at = CASE WHEN $2 = '' THEN NULL WHEN end_state = $2 THEN ended_at ELSE $3 END,
		    ended_by = CASE WHEN end_state = $2 THEN ended_by ELSE $4 END,
		    owner = $5, due_at = $6,
		    why = CASE WHEN $7 = '' THEN why ELSE $7 END,
		    kind = CASE WHEN $8 = '' THEN kind ELSE $8 END
		WHERE id = $1`, id, string(c.To), c.At, c.By.ID, nullID(c.Owner), nullTime(c.Due), c.Why, string(c.Kind))
	if err != nil {
		return fmt.Errorf("move message %d: %w", id, err)
	}
	if c.Move == workflow.RereadMail {
		return readAgain(ctx, tx, id)
	}
	return routedTask(ctx, tx, id, c)
}

// readAgain lets the reader take the message as if it had just come.
func readAgain(ctx context.Context, tx *sqlx.Tx, id workflow.MessageID) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM documents WHERE message_id = $1`, id); err != nil {
		return fmt.Errorf("documents of message %d: %w", id, err)
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE messages
		SET tries = 0, next_try = now()
		WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("read message %d again: %w", id, err)
	}
	return nil
}

// routedTask keeps the task of a routed message: open until somebody has dealt
// with it or the message has gone another way.
func routedTask(ctx context.Context, tx *sqlx.Tx, id workflow.MessageID, c workflow.MailChange) error {
	var err error
	switch {
	case c.Move == workflow.RouteMail:
		_, err = tx.ExecContext(ctx, `
			INSERT INTO tasks (kind, message_id, owner, due_at, why, made_at)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (kind, message_id) WHERE done_at IS NULL AND case_id IS NULL
			DO UPDATE SET owner = excluded.owner, due_at = excluded.due_at, why = excluded.why`,
			string(workflow.TaskRouted), id, nullID(c.Owner), c.Due, c.Kind.Words(), c.At)
	case c.Move == workflow.OwnMail:
		_, err = tx.ExecContext(ctx, `
			UPDATE tasks
			SET owner = $3
			WHERE message_id = $1 AND kind = $2 AND done_at IS NULL`, id, string(workflow.TaskRouted), nullID(c.Owner))
	case c.From == workflow.MailRouted:
		_, err = tx.ExecContext(ctx, `
			UPDATE tasks
			SET done_at = $3, done_by = $4
			WHERE message_id = $1 AND kind = $2 AND done_at IS NULL`, id, string(workflow.TaskRouted), c.At, c.By.ID)
	}
	if err != nil {
		return fmt.Errorf("task of message %d: %w", id, err)
	}
	return nil
}
