package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Outgoing is a letter claimed for sending. Fixed replies have no bytes until
// FreezeReply; every other letter was frozen when it was submitted.
type Outgoing struct {
	Letter
	Raw     []byte
	Attempt int
	Thread  Thread
	Urgent  workflow.Urgency // of the message that a fixed reply answers
}

// Thread is what a letter answers: the ids of the mail that began it.
type Thread struct {
	MessageID  string // of the mail answered, "" when it had none
	ReceivedAt time.Time
}

// ClaimReplies takes fixed replies that are due and not yet rendered, crisis
// replies first. They are rendered once, before the first SMTP command.
func (s *Store) ClaimReplies(ctx context.Context, at time.Time, n int) ([]Outgoing, error) {
	letters, err := letterRows(ctx, s.db, `
		WHERE l.state = 'due' AND l.kind IN ('L1', 'L2', 'L14') AND l.not_before <= $1
		ORDER BY l.priority DESC, l.due_at, l.id
		LIMIT $2`, at, n)
	if err != nil {
		return nil, fmt.Errorf("claim replies: %w", err)
	}
	out := make([]Outgoing, len(letters))
	for i, l := range letters {
		out[i] = Outgoing{Letter: l}
		if err := s.thread(ctx, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Store) thread(ctx context.Context, o *Outgoing) error {
	var urgency string
	err := s.db.QueryRowContext(ctx, `
		SELECT m.message_id, m.received_at, m.urgency
		FROM messages m
		WHERE m.id = coalesce(nullif($1::bigint, 0), (
		    SELECT r.message_id FROM referrals r WHERE r.case_id = $2 AND r.message_id IS NOT NULL ORDER BY r.id LIMIT 1))`,
		int64(o.Message), int64(o.Case)).Scan(&o.Thread.MessageID, &o.Thread.ReceivedAt, &urgency)
	if err == sql.ErrNoRows {
		return nil
	}
	o.Urgent = workflow.Urgency(urgency)
	return err
}

// ThreadOf is the mail that a letter of a case answers: the first referral's.
func (s *Store) ThreadOf(ctx context.Context, id workflow.CaseID) (Thread, error) {
	o := Outgoing{Letter: Letter{Case: id}}
	err := s.thread(ctx, &o)
	return o.Thread, err
}

// FreezeReply keeps the bytes of a fixed reply and queues it.
func (s *Store) FreezeReply(ctx context.Context, x workflow.Frozen, at time.Time) error {
	return s.write(ctx, fmt.Sprintf("freeze reply %d", x.Letter), func(tx *sqlx.Tx) error {
		if err := s.freezeBytes(ctx, tx, x, "queued", 0, at); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET next_try = not_before
			WHERE id = $1`, x.Letter)
		return err
	})
}

// ClaimLetter takes the next letter that may leave and writes the attempt,
// committed before the caller speaks SMTP. A crash after this leaves the letter
// in "sending", which Interrupted turns into "unknown": it is never simply sent
// again. ok is false when nothing may leave.
//
// The record is asked again here: a recipient blocked, a hold or a death since
// the approval stops the letter.
func (s *Store) ClaimLetter(ctx context.Context, at time.Time) (o Outgoing, ok bool, err error) {
	err = s.write(ctx, "claim letter", func(tx *sqlx.Tx) error {
		o, ok = Outgoing{}, false
		list, err := letterRows(ctx, tx, `
			WHERE l.state IN ('queued', 'retry') AND l.next_try <= $1 AND l.not_before <= $1
			ORDER BY l.priority DESC, l.next_try, l.id
			LIMIT 1
			FOR UPDATE OF l SKIP LOCKED`, at)
		if err != nil || len(list) == 0 {
			return err
		}
		o.Letter, ok = list[0], true
		if refused, err := s.refuseNow(ctx, tx, &o, at); err != nil || refused {
			ok = false
			return err
		}
		o.Attempt = o.Attempts + 1
		_, err = tx.ExecContext(ctx, `
			UPDATE letters
			SET state = 'sending', attempts = $2, sending_since = $3
			WHERE id = $1`, o.ID, o.Attempt, at)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO letter_attempts (letter_id, number, began_at)
			VALUES ($1, $2, $3)`, o.ID, o.Attempt, at)
		return err
	})
	if err != nil || !ok {
		return o, false, err
	}
	if o.Raw, err = s.LetterBytes(ctx, o.ID); err != nil {
		return o, false, err
	}
	if sha256.Sum256(o.Raw) != o.Hash {
		return o, false, fmt.Errorf("letter %d: its bytes are not those that were approved", o.ID)
	}
	return o, true, nil
}

// refuseNow withdraws a letter whose recipient may no longer be written to, and
// makes a task for a person.
func (s *Store) refuseNow(ctx context.Context, tx *sqlx.Tx, o *Outgoing, at time.Time) (bool, error) {
	if o.Case == 0 || o.Party == 0 {
		return false, nil
	}
	f, err := s.file(ctx, tx, o.Case, false)
	if err != nil {
		return false, err
	}
	p, err := f.Recipient(o.Kind, o.Party)
	if err == nil && p.Email == o.Address {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE letters
		SET state = 'withdrawn', outcome = 'the record changed after approval: this recipient may not be written to now'
		WHERE id = $1`, o.ID)
	if err != nil {
		return true, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tasks (kind, case_id, letter_id, due_at, why, made_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`, string(workflow.TaskWriteByHand), int64(o.Case), int64(o.ID), f.Settings.Calendar().Due(at, 1), "letter "+string(o.Kind), at)
	return true, err
}

// Sent is how one attempt ended.
type Sent struct {
	Letter  workflow.LetterID
	Attempt int
	State   workflow.LetterState // accepted, retry, failed or unknown
	Next    time.Time            // of a retry
	Step    string
	Code    int
	Status  string // enhanced status code
	Words   string // the server's, for staff
	QueueID string
	At      time.Time
}

// MarkSent writes how an attempt ended. The caller uses a context that outlives
// a shutdown: a letter sent and not marked would have to be asked about.
func (s *Store) MarkSent(ctx context.Context, x Sent) error {
	return s.write(ctx, fmt.Sprintf("mark letter %d", x.Letter), func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET state = $2, outcome = $3, next_try = $4, sending_since = NULL,
			    sent_at = CASE WHEN $2 = 'accepted' THEN $5 ELSE sent_at END
			WHERE id = $1 AND state = 'sending' AND attempts = $6`, x.Letter, string(x.State), clip(x.Words, 500), nullTime(x.Next), x.At, x.Attempt)
		if err != nil {
			return err
		}
		if err := one(res, "This attempt was already marked."); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE letter_attempts
			SET ended_at = $3, outcome = $4, code = $5, enhanced = $6, step = $7, words = $8, queue_id = $9
			WHERE letter_id = $1 AND number = $2`, x.Letter, x.Attempt, x.At, string(x.State), x.Code, x.Status, x.Step,
			clip(x.Words, 500), clip(x.QueueID, 100))
		if err != nil {
			return err
		}
		return s.afterSending(ctx, tx, x)
	})
}

// afterSending writes the event of a letter that left, and a task where a person
// must look.
func (s *Store) afterSending(ctx context.Context, tx *sqlx.Tx, x Sent) error {
	var id sql.NullInt64
	if err := tx.GetContext(ctx, &id, `SELECT case_id FROM letters WHERE id = $1`, x.Letter); err != nil {
		return err
	}
	_, err := addEvent(ctx, tx, event{At: x.At, Action: workflow.Action("letter " + string(x.State)), Case: workflow.CaseID(id.Int64), Letter: x.Letter})
	if err != nil {
		return err
	}
	kind := map[workflow.LetterState]workflow.TaskKind{workflow.LetterFailed: workflow.TaskUndelivered, workflow.LetterUnknown: workflow.TaskUnknown}[x.State]
	if kind == "" {
		return nil
	}
	set, _, err := settings(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tasks (kind, case_id, letter_id, due_at, made_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT DO NOTHING`, string(kind), id, x.Letter, set.Calendar().Due(x.At, 1), x.At)
	return err
}

// Interrupted lists letters left in "sending" by a program that died: they may or
// may not have left, so they become unknown.
func (s *Store) Interrupted(ctx context.Context, at time.Time, longer time.Duration) ([]Letter, error) {
	var ids pq.Int64Array
	err := s.write(ctx, "find interrupted letters", func(tx *sqlx.Tx) error {
		ids = nil
		return each(ctx, tx, `
			UPDATE letters
			SET state = 'unknown', outcome = 'the program stopped while this letter was being handed over', sending_since = NULL
			WHERE state = 'sending' AND sending_since <= $1
			RETURNING id`, func(r *sqlx.Rows) error {
			var id int64
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		}, at.Add(-longer))
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return letterRows(ctx, s.db, ` WHERE l.id = any($1)`, ids)
}

// Unknown lists the letters of which nobody knows whether they left.
func (s *Store) Unknown(ctx context.Context) ([]Letter, error) {
	return letterRows(ctx, s.db, ` WHERE l.state = 'unknown' ORDER BY l.id`)
}

// Resolve settles an unknown letter: it was found to have left, or it is sent
// again (the same bytes), or a person marks what they found.
func (s *Store) Resolve(ctx context.Context, by workflow.Actor, at time.Time, id workflow.LetterID, to workflow.LetterState, why string) error {
	return s.write(ctx, fmt.Sprintf("resolve letter %d", id), func(tx *sqlx.Tx) error {
		if to != workflow.LetterAccepted && to != workflow.LetterRetry && to != workflow.LetterFailed {
			return &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "Choose what became of the letter."}
		}
		var owner sql.NullInt64
		err := tx.GetContext(ctx, &owner, `
			UPDATE letters
			SET state = $2, outcome = $3, next_try = $4, sent_at = CASE WHEN $2 = 'accepted' THEN $4 ELSE sent_at END
			WHERE id = $1 AND state IN ('unknown', 'failed', 'returned')
			RETURNING case_id`, id, string(to), why, at)
		if err != nil {
			return none(err, "This letter is not waiting for an answer.")
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE tasks
			SET done_at = $2, done_by = $3
			WHERE letter_id = $1 AND done_at IS NULL`, id, at, int64(by.ID))
		if err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: workflow.Action("letter resolved: " + string(to)), Case: workflow.CaseID(owner.Int64), Letter: id})
		return err
	})
}

// LetterByToken finds the letter that a mail answers by the token of its
// Message-ID, and LetterBySMTPID by the whole id.
func (s *Store) LetterByToken(ctx context.Context, token string) (Letter, error) {
	sum := sha256.Sum256([]byte(token))
	out, err := letterRows(ctx, s.db, ` WHERE l.token_hash = $1`, sum[:])
	if err != nil {
		return Letter{}, fmt.Errorf("letter by token: %w", err)
	}
	if len(out) == 0 {
		return Letter{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "No letter has this token."}
	}
	return out[0], nil
}
