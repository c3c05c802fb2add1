package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Waiting is how much waits, for the menu and the band of crisis.
type Waiting struct {
	Queue       int // cases that nobody has taken
	Messages    int // mails that wait for a person
	Letters     int // letters that wait for an approval
	Tasks       int // of this reader, due now
	Crisis      int // crises that nobody has opened
	CrisisRef   string
	CrisisSince time.Time
}

// Waiting counts what waits for somebody.
func (s *Store) Waiting(ctx context.Context, by workflow.ActorID) (Waiting, error) {
	var w Waiting
	var ref sql.NullString
	var since sql.NullTime
	err := s.db.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM cases WHERE state = 'new'),
		       (SELECT count(*) FROM messages WHERE end_state IN ('holding', 'problem', 'quarantined', 'routed')),
		       (SELECT count(*) FROM letters WHERE state = 'submitted'),
		       (SELECT count(*) FROM tasks WHERE done_at IS NULL AND owner = $1),
		       (SELECT count(*) FROM cases WHERE state = 'new' AND urgency = 'crisis'),
		       x.ref, x.received_at
		FROM (SELECT 1) one
		LEFT JOIN (SELECT ref, received_at FROM cases WHERE state = 'new' AND urgency = 'crisis' ORDER BY received_at, id LIMIT 1) x ON true`,
		by).Scan(&w.Queue, &w.Messages, &w.Letters, &w.Tasks, &w.Crisis, &ref, &since)
	if err != nil {
		return w, fmt.Errorf("count what waits: %w", err)
	}
	w.CrisisRef, w.CrisisSince = ref.String, since.Time
	return w, nil
}
