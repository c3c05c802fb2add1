package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// LetterCounts counts, by state, the letters that LettersIn lists.
func (s *Store) LetterCounts(ctx context.Context) (map[workflow.LetterState]int, error) {
	out := map[workflow.LetterState]int{}
	err := each(ctx, s.db, `
		SELECT state, count(*)
		FROM letters
		WHERE kind NOT IN ('L1', 'L2', 'L14') OR state <> 'due'
		GROUP BY state`, func(r *sqlx.Rows) error {
		var state workflow.LetterState
		var n int
		err := r.Scan(&state, &n)
		out[state] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count letters: %w", err)
	}
	return out, nil
}

// LettersSent lists the letters that a mail host took since a time, fixed
// replies too, the newest first.
func (s *Store) LettersSent(ctx context.Context, since time.Time) ([]Letter, error) {
	return letterRows(ctx, s.db, `
		WHERE l.state IN ('accepted', 'posted') AND l.sent_at >= $1
		ORDER BY l.sent_at DESC, l.id DESC
		LIMIT 500`, since)
}

// LetterSteps says who submitted and approved a letter, and when.
type LetterSteps struct {
	SubmittedBy, ApprovedBy string
	SubmittedAt, ApprovedAt time.Time
}

// LetterSteps loads who submitted and approved a letter.
func (s *Store) LetterSteps(ctx context.Context, id workflow.LetterID) (LetterSteps, error) {
	var x LetterSteps
	var submitted, approved sql.NullTime
	err := s.db.QueryRowxContext(ctx, `
		SELECT coalesce(d.name, ''), l.submitted_at, coalesce(a.name, ''), l.approved_at
		FROM letters l
		LEFT JOIN users d ON d.id = l.submitted_by
		LEFT JOIN users a ON a.id = l.approved_by
		WHERE l.id = $1`, id).Scan(&x.SubmittedBy, &submitted, &x.ApprovedBy, &approved)
	if err != nil {
		return x, fmt.Errorf("steps of letter %d: %w", id, none(err, "There is no such letter."))
	}
	x.SubmittedAt, x.ApprovedAt = submitted.Time, approved.Time
	return x, nil
}

// LetterAttempt is one try to hand a letter to the mail host.
type LetterAttempt struct {
	Number  int
	BeganAt time.Time
	Outcome string // "" while it is under way, or was interrupted
	Code    int
	Step    string
	Words   string // the host's, for staff
}

// LetterAttempts lists the tries, the last first.
func (s *Store) LetterAttempts(ctx context.Context, id workflow.LetterID) ([]LetterAttempt, error) {
	var out []LetterAttempt
	err := each(ctx, s.db, `
		SELECT number, began_at, outcome, code, step, words
		FROM letter_attempts
		WHERE letter_id = $1
		ORDER BY number DESC
		LIMIT 50`, func(r *sqlx.Rows) error {
		var x LetterAttempt
		err := r.Scan(&x.Number, &x.BeganAt, &x.Outcome, &x.Code, &x.Step, &x.Words)
		out = append(out, x)
		return err
	}, id)
	if err != nil {
		return nil, fmt.Errorf("attempts of letter %d: %w", id, err)
	}
	return out, nil
}

// GiveUpLetter ends the tries with a letter that did not arrive: somebody
// reaches its reader in another way, and says how.
func (s *Store) GiveUpLetter(ctx context.Context, by workflow.Actor, at time.Time, id workflow.LetterID, why string) error {
	return s.write(ctx, fmt.Sprintf("give up letter %d", id), func(tx *sqlx.Tx) error {
		var owner sql.NullInt64
		err := tx.GetContext(ctx, &owner, `
			UPDATE letters
			SET state = 'withdrawn', outcome = $2, next_try = NULL
			WHERE id = $1 AND state IN ('unknown', 'failed', 'returned')
			RETURNING case_id`, id, clip(why, 500))
		if err != nil {
			return none(err, "This letter is not waiting for an answer.")
		}
		if err := closeLetterTasks(ctx, tx, id, by, at); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "letter given up", Case: workflow.CaseID(owner.Int64), Letter: id})
		return err
	})
}
