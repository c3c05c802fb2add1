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
//
// The truth may come late: when the letter was taken for unknown meanwhile, what
// really happened wins, and one that a mail host took is not sent again. A
// letter that came back, or was given another attempt, keeps its state; the
// attempt is written all the same.
func (s *Store) MarkSent(ctx context.Context, x Sent) error {
	return s.write(ctx, fmt.Sprintf("mark letter %d", x.Letter), func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE letter_attempts
			SET ended_at = $3, outcome = $4, code = $5, enhanced = $6, step = $7, words = $8, queue_id = $9
			WHERE letter_id = $1 AND number = $2 AND outcome IN ('', 'unknown')`, x.Letter, x.Attempt, x.At, string(x.State), x.Code, x.Status,
			x.Step, clip(x.Words, 500), clip(x.QueueID, 100))
		if err != nil {
			return err
		}
		if err := one(res, "This attempt was already marked."); err != nil {
			return err
		}
		var before workflow.LetterState
		var attempts int
		err = tx.QueryRowContext(ctx, `
			SELECT state, attempts
			FROM letters
			WHERE id = $1
			FOR UPDATE`, x.Letter).Scan(&before, &attempts)
		if err != nil {
			return err
		}
		late := before == workflow.LetterUnknown || before == workflow.LetterRetry && x.State == workflow.LetterAccepted
		if attempts != x.Attempt || before != workflow.LetterSending && !late {
			return nil
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE letters
			SET state = $2, outcome = $3, next_try = $4, sending_since = NULL, asked_at = NULL,
			    sent_at = CASE WHEN $2 = 'accepted' THEN $5 ELSE sent_at END
			WHERE id = $1`, x.Letter, string(x.State), clip(x.Words, 500), nullTime(x.Next), x.At)
		if err != nil {
			return err
		}
		if late {
			if err := closeLetterTasks(ctx, tx, x.Letter, workflow.Service(), x.At); err != nil {
				return err
			}
		}
		return s.tellOfLetter(ctx, tx, x.Letter, x.At, x.State)
	})
}

// tellOfLetter writes the event of what became of a letter, and a task where a
// person must reach somebody whom it did not reach.
func (s *Store) tellOfLetter(ctx context.Context, tx *sqlx.Tx, id workflow.LetterID, at time.Time, now workflow.LetterState) error {
	var of sql.NullInt64
	if err := tx.GetContext(ctx, &of, `SELECT case_id FROM letters WHERE id = $1`, id); err != nil {
		return err
	}
	_, err := addEvent(ctx, tx, event{At: at, Action: workflow.Action("letter " + string(now)), Case: workflow.CaseID(of.Int64), Letter: id})
	if err != nil || now != workflow.LetterFailed && now != workflow.LetterReturned {
		return err
	}
	return letterTask(ctx, tx, workflow.TaskUndelivered, id, at)
}

// letterTask asks whoever owns the case to see to a letter: one open task of a
// kind for a case, or for the mail that a letter without a case answers.
func letterTask(ctx context.Context, tx *sqlx.Tx, kind workflow.TaskKind, id workflow.LetterID, at time.Time) error {
	set, _, err := settings(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO tasks (kind, case_id, message_id, letter_id, owner, due_at, why, made_at)
		SELECT $1, l.case_id, l.message_id, l.id, c.owner, $3, 'letter ' || l.kind, $4
		FROM letters l
		LEFT JOIN cases c ON c.id = l.case_id
		WHERE l.id = $2
		ON CONFLICT DO NOTHING`, string(kind), id, set.Calendar().Due(at, 1), at)
	if err != nil {
		return fmt.Errorf("task of letter %d: %w", id, err)
	}
	return nil
}

// closeLetterTasks ends the tasks about a letter that is settled, unless another
// letter of its case needs the same.
func closeLetterTasks(ctx context.Context, tx *sqlx.Tx, id workflow.LetterID, by workflow.Actor, at time.Time) error {
	_, err := tx.ExecContext(ctx, `
		UPDATE tasks t
		SET done_at = $4, done_by = $5
		FROM letters l
		WHERE l.id = $1 AND t.done_at IS NULL AND t.kind IN ($2, $3) AND (t.letter_id = l.id OR t.case_id = l.case_id)
		      AND NOT EXISTS (
		          SELECT FROM letters o
		          WHERE o.id <> l.id AND o.case_id = t.case_id
		                AND (t.kind = $2 AND o.state IN ('failed', 'returned') OR t.kind = $3 AND o.state = 'unknown' AND o.asked_at IS NOT NULL
		                     AND o.kind NOT IN ('L1', 'L14')))`,
		id, string(workflow.TaskUndelivered), string(workflow.TaskUnknown), at, int64(by.ID))
	if err != nil {
		return fmt.Errorf("tasks of letter %d: %w", id, err)
	}
	return nil
}

// Interrupted finds letters whose sender died while it handed them over: they
// may or may not have left, so they become unknown. A sender that only waits for
// a slow mail host gives its sign of life and keeps its letter.
func (s *Store) Interrupted(ctx context.Context, at time.Time) (int, error) {
	count := 0
	err := s.write(ctx, "find interrupted letters", func(tx *sqlx.Tx) error {
		var ids []workflow.LetterID
		err := each(ctx, tx, `
			UPDATE letters l
			SET state = 'unknown', outcome = 'the program stopped while this letter was being handed over', sending_since = NULL, asked_at = NULL
			WHERE l.state = 'sending'
			      AND NOT EXISTS (SELECT FROM leases x WHERE x.name = 'sender ' || l.sending_by AND x.expires_at > now())
			RETURNING l.id`, func(r *sqlx.Rows) error {
			var id workflow.LetterID
			err := r.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return err
		}
		for _, id := range ids {
			_, err := tx.ExecContext(ctx, `
				UPDATE letter_attempts
				SET ended_at = $2, outcome = 'unknown'
				WHERE letter_id = $1 AND outcome = ''`, id, at)
			if err != nil {
				return err
			}
			if err := s.tellOfLetter(ctx, tx, id, at, workflow.LetterUnknown); err != nil {
				return err
			}
		}
		count = len(ids)
		return nil
	})
	return count, err
}

// UnknownLetter is a letter of which nobody knows whether it left.
type UnknownLetter struct {
	Letter
	Since time.Time
}

// Unknown lists the letters of which nobody knows whether they left and that are
// still looked for, crisis replies first.
func (s *Store) Unknown(ctx context.Context) ([]UnknownLetter, error) {
	list, err := letterRows(ctx, s.db, ` WHERE l.state = 'unknown' AND l.asked_at IS NULL ORDER BY l.priority DESC, l.id LIMIT 500`)
	if err != nil {
		return nil, fmt.Errorf("letters of unknown outcome: %w", err)
	}
	out := make([]UnknownLetter, len(list))
	for i, l := range list {
		out[i].Letter = l
		err := s.db.GetContext(ctx, &out[i].Since, `
			SELECT max(coalesce(ended_at, began_at))
			FROM letter_attempts
			WHERE letter_id = $1`, l.ID)
		if err != nil {
			return nil, fmt.Errorf("letter %d of unknown outcome: %w", l.ID, err)
		}
	}
	return out, nil
}

// StopLooking ends the search for an unknown letter that was found nowhere. A
// person is asked, or, where let is true, it is let be and shown so.
func (s *Store) StopLooking(ctx context.Context, id workflow.LetterID, at time.Time, let bool) error {
	return s.write(ctx, fmt.Sprintf("stop looking for letter %d", id), func(tx *sqlx.Tx) error {
		words := "found nowhere: somebody must find out whether it arrived"
		if let {
			words = "found nowhere, and let be: a fixed reply is not worth a second one"
		}
		res, err := tx.ExecContext(ctx, `
			UPDATE letters
			SET asked_at = $2, outcome = $3
			WHERE id = $1 AND state = 'unknown' AND asked_at IS NULL`, id, at, words)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 || let {
			return err
		}
		return letterTask(ctx, tx, workflow.TaskUnknown, id, at)
	})
}

// Resolve settles a letter that did not surely arrive: it was found to have
// left, or it is sent again (the same bytes), or a person marks what they found.
// One that is sent again has the whole time to be tried in once more.
func (s *Store) Resolve(ctx context.Context, by workflow.Actor, at time.Time, id workflow.LetterID, to workflow.LetterState, why string) error {
	return s.write(ctx, fmt.Sprintf("resolve letter %d", id), func(tx *sqlx.Tx) error {
		if to != workflow.LetterAccepted && to != workflow.LetterRetry && to != workflow.LetterFailed {
			return &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "Choose what became of the letter."}
		}
		var owner sql.NullInt64
		err := tx.GetContext(ctx, &owner, `
			UPDATE letters
			SET state = $2, outcome = $3, next_try = $4, asked_at = NULL, sent_at = CASE WHEN $2 = 'accepted' THEN $4 ELSE sent_at END,
			    not_before = CASE WHEN $2 = 'retry' THEN greatest(not_before, $4) ELSE not_before END
			WHERE id = $1 AND state IN ('unknown', 'failed', 'returned') AND (bytes IS NOT NULL OR $2 <> 'retry')
			RETURNING case_id`, id, string(to), clip(why, 500), at)
		if err != nil {
			return none(err, "This letter is not waiting for an answer.")
		}
		if err := closeLetterTasks(ctx, tx, id, by, at); err != nil {
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
