package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Outgoing is a letter claimed for sending. Fixed replies have no bytes until
// FreezeReply; every other letter was frozen when it was submitted.
type Outgoing struct {
	Letter
	Raw     []byte
	Attempt int
	Tries   int       // this one among those in which the letter itself was spoken of
	Since   time.Time // the first of them began
	Thread  Thread
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
		WHERE l.state = 'due' AND l.kind IN ('L1', 'L2', 'L14') AND l.not_before <= $1 AND coalesce(l.next_try, $1) <= $1
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
	err := s.db.QueryRowContext(ctx, `
		SELECT m.message_id, m.received_at
		FROM messages m
		WHERE m.id = coalesce(nullif($1::bigint, 0), (
		    SELECT r.message_id FROM referrals r WHERE r.case_id = $2 AND r.message_id IS NOT NULL ORDER BY r.id LIMIT 1))`,
		int64(o.Message), int64(o.Case)).Scan(&o.Thread.MessageID, &o.Thread.ReceivedAt)
	if err == sql.ErrNoRows {
		return nil
	}
	return err
}

// ThreadOf is the mail that a letter of a case answers: the first referral's.
func (s *Store) ThreadOf(ctx context.Context, id workflow.CaseID) (Thread, error) {
	o := Outgoing{Letter: Letter{Case: id}}
	err := s.thread(ctx, &o)
	return o.Thread, err
}

// FreezeReply keeps the bytes of a fixed reply and queues it. When another
// program was quicker it answers ErrConflict, and its own bytes are forgotten.
func (s *Store) FreezeReply(ctx context.Context, x workflow.Frozen, at time.Time) error {
	return s.write(ctx, fmt.Sprintf("freeze reply %d", x.Letter), func(tx *sqlx.Tx) error {
		var due bool
		err := tx.GetContext(ctx, &due, `
			SELECT state = 'due'
			FROM letters
			WHERE id = $1
			FOR UPDATE`, x.Letter)
		if err != nil {
			return none(err, "There is no such letter.")
		}
		if !due {
			return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "This reply was made already."}
		}
		if err := s.freezeBytes(ctx, tx, x, "queued", 0, at); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE letters
			SET next_try = not_before
			WHERE id = $1`, x.Letter)
		return err
	})
}

// PutOffReply tries a reply that could not be made again later, so that it does
// not stand in the way of the others.
func (s *Store) PutOffReply(ctx context.Context, id workflow.LetterID, until time.Time, why string) error {
	return s.write(ctx, fmt.Sprintf("put off reply %d", id), func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET next_try = $2, outcome = $3
			WHERE id = $1 AND state = 'due'`, id, until, clip(why, 500))
		return err
	})
}

// FailReply gives a reply that can never be made to a person.
func (s *Store) FailReply(ctx context.Context, id workflow.LetterID, at time.Time, why string) error {
	return s.write(ctx, fmt.Sprintf("fail reply %d", id), func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET state = 'failed', next_try = NULL, outcome = $2
			WHERE id = $1 AND state = 'due'`, id, clip(why, 500))
		if err != nil {
			return err
		}
		if err := one(res, "This reply was made already."); err != nil {
			return err
		}
		return s.tellOfLetter(ctx, tx, id, at, workflow.LetterFailed)
	})
}

// Claim says who asks for a letter to send, and which may leave.
type Claim struct {
	By        string // the sender's lease, held while it lives
	At        time.Time
	PerMinute int  // letters that leave in a minute, whoever sends them; 0 is no limit
	Crisis    bool // only crisis replies, which no limit holds back
}

// senderLease is how long a sender is taken to live after its last sign of life.
const senderLease = 30 * time.Second

// ClaimLetter takes the next letter that may leave and writes the attempt,
// committed before the caller speaks SMTP. A crash after this leaves the letter
// in "sending", which Interrupted turns into "unknown": it is never simply sent
// again. ok is false when nothing may leave.
//
// The record is asked again here: a recipient blocked, a hold or a death since
// the approval stops the letter, and hard news waits for its hours. What cannot
// be unsealed is put off: it must not hold up the letters behind it.
func (s *Store) ClaimLetter(ctx context.Context, c Claim) (o Outgoing, ok bool, err error) {
	for found := true; found && !ok && err == nil; {
		err = s.write(ctx, "claim letter", func(tx *sqlx.Tx) error {
			o, ok = Outgoing{}, false
			var err error
			if found, err = s.next(ctx, tx, c, &o); err != nil || !found {
				return err
			}
			if ok, err = s.mayLeave(ctx, tx, &o, c.At); err != nil || !ok {
				return err
			}
			return s.begin(ctx, tx, c, &o)
		})
	}
	return o, ok && err == nil, err
}

// next locks the first letter in order.
func (s *Store) next(ctx context.Context, tx *sqlx.Tx, c Claim, o *Outgoing) (bool, error) {
	only := c.Crisis
	if !only && c.PerMinute > 0 {
		// Two senders that count at once would each see room for one more.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtext('letters in a minute'))`); err != nil {
			return false, err
		}
		err := tx.GetContext(ctx, &only, `
			SELECT count(*) >= $1
			FROM letter_attempts
			WHERE claimed_at > clock_timestamp() - interval '1 minute'`, c.PerMinute)
		if err != nil {
			return false, err
		}
	}
	list, err := letterRows(ctx, tx, `
		WHERE l.state IN ('queued', 'retry') AND l.way = 'email' AND l.next_try <= $1 AND l.not_before <= $1 AND (l.kind = 'L2' OR NOT $2)
		ORDER BY l.priority DESC, l.next_try, l.id
		LIMIT 1
		FOR UPDATE OF l SKIP LOCKED`, c.At, only)
	if err != nil || len(list) == 0 {
		return false, err
	}
	o.Letter = list[0]
	return true, nil
}

// mayLeave holds a letter against the record as it is now, and unseals it.
func (s *Store) mayLeave(ctx context.Context, tx *sqlx.Tx, o *Outgoing, at time.Time) (bool, error) {
	if refused, err := s.refuseNow(ctx, tx, o, at); err != nil || refused {
		return false, err
	}
	later := ""
	until := at.Add(5 * time.Minute)
	raw, err := s.letterBytes(ctx, tx, o.ID)
	switch {
	case err != nil:
		later = "its bytes cannot be unsealed at the moment"
	case sha256.Sum256(raw) != o.Hash:
		_, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET state = 'failed', next_try = NULL, outcome = 'its bytes are not those that were approved'
			WHERE id = $1`, o.ID)
		if err != nil {
			return false, err
		}
		return false, s.tellOfLetter(ctx, tx, o.ID, at, workflow.LetterFailed)
	case o.Kind.IsHardNews():
		set, _, err := settings(ctx, tx)
		if err != nil {
			return false, err
		}
		set.HoldMinutes = 0 // it has passed already
		if t := set.SendingTime(o.Kind, at); t.After(at) {
			later, until = "it waits for hours at which somebody can be reached about it", t
		}
	}
	o.Raw = raw
	if later == "" {
		return true, nil
	}
	_, err = tx.ExecContext(ctx, `
		UPDATE letters
		SET next_try = $2, outcome = $3
		WHERE id = $1`, o.ID, until, later)
	return false, err
}

// begin writes the attempt, and that its sender lives.
func (s *Store) begin(ctx context.Context, tx *sqlx.Tx, c Claim, o *Outgoing) error {
	o.Attempt = o.Attempts + 1
	_, err := tx.ExecContext(ctx, `
		UPDATE letters
		SET state = 'sending', attempts = $2, sending_since = $3, sending_by = $4, asked_at = NULL
		WHERE id = $1`, o.ID, o.Attempt, c.At, c.By)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO letter_attempts (letter_id, number, began_at, claimed_at)
		VALUES ($1, $2, $3, clock_timestamp())`, o.ID, o.Attempt, c.At)
	if err != nil {
		return err
	}
	if err := live(ctx, tx, c.By); err != nil {
		return err
	}
	// What failed before the letter was named is not held against it.
	return tx.QueryRowContext(ctx, `
		SELECT count(*), min(began_at)
		FROM letter_attempts
		WHERE letter_id = $1 AND began_at >= $2 AND step NOT IN ('dial', 'greeting', 'tls', 'auth')`, o.ID, o.NotBefore).Scan(&o.Tries, &o.Since)
}

// SenderLives is a sender's sign of life while it hands letters over.
func (s *Store) SenderLives(ctx context.Context, sender string) error {
	return s.write(ctx, "sign of life", func(tx *sqlx.Tx) error { return live(ctx, tx, sender) })
}

func live(ctx context.Context, tx *sqlx.Tx, sender string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO leases (name, owner, expires_at)
		VALUES ('sender ' || $1, $1, clock_timestamp() + make_interval(secs => $2))
		ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`, sender, senderLease.Seconds())
	if err != nil {
		return fmt.Errorf("sign of life: %w", err)
	}
	return nil
}

// SenderEnds ends a sender that has nothing in hand any more.
func (s *Store) SenderEnds(ctx context.Context, sender string) error {
	return s.Release(ctx, "sender "+sender, sender)
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
	p, err := f.RecipientOf(o.Letter.Letter)
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
	_, err = addEvent(ctx, tx, event{At: at, Action: "letter withdrawn", Case: o.Case, Letter: o.ID})
	if err != nil {
		return true, err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tasks (kind, case_id, letter_id, owner, due_at, why, made_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT DO NOTHING`, string(workflow.TaskWriteByHand), int64(o.Case), int64(o.ID), nullID(f.Case.Owner),
		f.Settings.Calendar().Due(at, 1), "letter "+string(o.Kind), at)
	return true, err
}
