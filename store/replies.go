package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// mayReply asks the limits of fixed replies: nil and why, where one is withheld.
// The address is locked for the transaction, so that two mails read at once
// cannot both be answered.
func (s *Store) mayReply(ctx context.Context, tx *sqlx.Tx, x Settlement) (*workflow.LetterDue, string, error) {
	if x.Reply == nil {
		return nil, x.Withheld, nil
	}
	r := *x.Reply
	r.Message = x.Message
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtext('reply ' || lower($1)))`, r.To); err != nil {
		return nil, "", fmt.Errorf("limits of replies: %w", err)
	}
	set, _, err := settings(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	var c workflow.ReplyCounts
	since := x.At.Add(-24 * time.Hour)
	err = tx.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE lower(recipient) = lower($1) AND kind = $2),
		       count(*) FILTER (WHERE kind <> 'L2' AND due_at > $4),
		       count(*) FILTER (WHERE kind = 'L2' AND due_at > $4)
		FROM letters
		WHERE kind IN ('L1', 'L2', 'L14') AND due_at > $3 AND state <> 'withdrawn'`,
		r.To, string(r.Kind), since, x.At.Add(-time.Hour)).Scan(&c.ToAddress, &c.L1Hour, &c.L2Hour)
	if err != nil {
		return nil, "", fmt.Errorf("limits of replies: %w", err)
	}
	var received time.Time
	if err := tx.GetContext(ctx, &received, `SELECT received_at FROM messages WHERE id = $1`, x.Message); err != nil {
		return nil, "", fmt.Errorf("limits of replies: %w", err)
	}
	c.Age = x.At.Sub(received)
	if why := set.MayReply(r.Kind, c); why != "" {
		return nil, why, nil
	}
	return &r, "", nil
}
