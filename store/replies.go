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
		return nil, "", nil
	}
	r := *x.Reply
	r.Message = x.Message
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtext('reply ' || $1))`, r.To); err != nil {
		return nil, "", fmt.Errorf("limits of replies: %w", err)
	}
	set, _, err := settings(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	var c workflow.ReplyCounts
	since := x.At.Add(-24 * time.Hour)
	err = tx.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE recipient = $1 AND kind = $2),
		       count(*) FILTER (WHERE kind = 'L1' AND due_at > $4),
		       count(*) FILTER (WHERE kind = 'L2' AND due_at > $4)
		FROM letters
		WHERE kind IN ('L1', 'L2', 'L14') AND due_at > $3 AND state <> 'withdrawn'`,
		r.To, string(r.Kind), since, x.At.Add(-time.Hour)).Scan(&c.ToAddress, &c.L1Hour, &c.L2Hour)
	if err != nil {
		return nil, "", fmt.Errorf("limits of replies: %w", err)
	}
	c.Age = x.At.Sub(receivedAt(x))
	if why := set.MayReply(r.Kind, c); why != "" {
		return nil, why, nil
	}
	return &r, "", nil
}

func receivedAt(x Settlement) time.Time {
	for _, k := range x.Cases {
		return k.Opening.ReceivedAt
	}
	if x.Filing != nil && !x.Filing.Opening.ReceivedAt.IsZero() {
		return x.Filing.Opening.ReceivedAt
	}
	return x.At
}
