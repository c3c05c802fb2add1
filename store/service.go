package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// FireTimers fires up to n timers that are due by the given clock; each only
// asks, and the rule decides again on the case as it is now. It reports how many
// fired. One that fails is told and stays due; the others fire all the same.
func (s *Store) FireTimers(ctx context.Context, at time.Time, n int) (int, error) {
	var due []timer
	err := each(ctx, s.db, `
		SELECT case_id, kind
		FROM timers
		WHERE at <= $1
		ORDER BY at, id
		LIMIT $2`, func(r *sqlx.Rows) error {
		var x timer
		err := r.Scan(&x.of, &x.kind)
		due = append(due, x)
		return err
	}, at, n)
	if err != nil {
		return 0, fmt.Errorf("timers that are due: %w", err)
	}
	fired := 0
	var errs []error
	for _, x := range due {
		ok, err := s.fireTimer(ctx, at, x)
		if ok {
			fired++
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	return fired, errors.Join(errs...)
}

// timer is one of a case; a case has one of a kind.
type timer struct {
	of   workflow.CaseID
	kind workflow.TimerKind
}

func (s *Store) fireTimer(ctx context.Context, at time.Time, x timer) (bool, error) {
	fired := false
	err := s.write(ctx, fmt.Sprintf("fire a timer of case %d", x.of), func(tx *sqlx.Tx) error {
		fired = false
		f, err := s.file(ctx, tx, x.of, true)
		if err != nil {
			return err
		}
		// Under the case's lock: whoever deletes the row fires it, once.
		res, err := tx.ExecContext(ctx, `DELETE FROM timers WHERE case_id = $1 AND kind = $2 AND at <= $3`, int64(x.of), string(x.kind), at)
		if err != nil {
			return err
		}
		gone, err := res.RowsAffected()
		if err != nil || gone == 0 {
			return err
		}
		c, err := f.Fire(at, x.kind)
		if err != nil {
			return err
		}
		fired = true
		_, err = s.apply(ctx, tx, f, c)
		return err
	})
	return fired && err == nil, err
}

// Alert is one thing the duty list must hear. It names ids and a reference only.
type Alert struct {
	ID      int64
	Kind    string
	Ref     string
	Message workflow.MessageID
	MadeAt  time.Time
	Tries   int // this one among them
}

// ClaimAlerts takes alerts that were not sent yet and puts their next try off.
func (s *Store) ClaimAlerts(ctx context.Context, at time.Time, n int) ([]Alert, error) {
	var out []Alert
	err := s.write(ctx, "claim alerts", func(tx *sqlx.Tx) error {
		out = nil
		return each(ctx, tx, `
			WITH next AS (
			    SELECT id FROM alerts
			    WHERE sent_at IS NULL AND next_try <= $1
			    ORDER BY id
			    LIMIT $2
			    FOR UPDATE SKIP LOCKED
			)
			UPDATE alerts a
			SET attempts = a.attempts + 1, next_try = $1 + interval '1 minute'
			FROM next
			WHERE a.id = next.id
			RETURNING a.id, a.kind, coalesce((SELECT ref FROM cases c WHERE c.id = a.case_id), ''), coalesce(a.message_id, 0), a.made_at, a.attempts`,
			func(r *sqlx.Rows) error {
				var x Alert
				err := r.Scan(&x.ID, &x.Kind, &x.Ref, &x.Message, &x.MadeAt, &x.Tries)
				out = append(out, x)
				return err
			}, at, n)
	})
	return out, err
}

// AlertSent marks an alert as given.
func (s *Store) AlertSent(ctx context.Context, id int64, at time.Time) error {
	return s.write(ctx, "mark an alert", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE alerts SET sent_at = $2 WHERE id = $1`, id, at)
		return err
	})
}

// Sweep removes what nothing names any more: sealed objects of transactions that
// lost a race, expired sessions and links.
func (s *Store) Sweep(ctx context.Context) error {
	return s.write(ctx, "sweep", func(tx *sqlx.Tx) error {
		for _, q := range []string{
			`DELETE FROM sessions WHERE expires_at < now()`,
			`DELETE FROM user_links WHERE expires_at < now() - interval '30 days'`,
			`DELETE FROM objects o
			 WHERE made_at < now() - interval '1 day'
			       AND NOT EXISTS (SELECT FROM raws r WHERE r.object_id = o.id)
			       AND NOT EXISTS (SELECT FROM messages m WHERE m.reading = o.id)
			       AND NOT EXISTS (SELECT FROM document_pictures p WHERE p.object_id = o.id)
			       AND NOT EXISTS (SELECT FROM letters l WHERE l.bytes = o.id OR l.words = o.id)`,
		} {
			if _, err := tx.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
		return nil
	})
}

// Health is what readiness looks at.
type Health struct {
	OldestUnread   time.Time // the oldest message without an end
	OldestUnsent   time.Time // the oldest letter that may leave and has not
	CrisisWaiting  int
	UnsealedEvents time.Time // the oldest event not yet in the chain
	Unknown        int
	HostTrouble    string // where the mail host stopped the newest attempt before any letter was named; "" when it did not
}

// Health asks what waits.
func (s *Store) Health(ctx context.Context, at time.Time) (Health, error) {
	var h Health
	var unread, unsent, unsealed sql.NullTime
	err := s.db.QueryRowContext(ctx, `
		SELECT (SELECT min(received_at) FROM messages WHERE end_state IS NULL),
		       (
		           SELECT min(CASE state WHEN 'queued' THEN greatest(not_before, next_try) ELSE not_before END)
		           FROM letters
		           WHERE state IN ('queued', 'retry') AND way = 'email' OR state = 'due' AND kind IN ('L1', 'L2', 'L14')),
		       (SELECT count(*) FROM cases WHERE state = 'new' AND urgency = 'crisis'),
		       (SELECT min(e.at) FROM events e WHERE NOT EXISTS (SELECT FROM event_seals x WHERE x.event_id = e.id)),
		       (SELECT count(*) FROM letters WHERE state = 'unknown'),
		       coalesce((
		           SELECT CASE WHEN outcome = 'retry' AND (step IN ('dial', 'greeting', 'tls', 'auth') OR step = 'mail from' AND code >= 500)
		                       THEN step || CASE WHEN code > 0 THEN ' (' || code || ')' ELSE '' END END
		           FROM letter_attempts
		           WHERE ended_at IS NOT NULL
		           ORDER BY claimed_at DESC, id DESC
		           LIMIT 1), '')`).Scan(&unread, &unsent, &h.CrisisWaiting, &unsealed, &h.Unknown, &h.HostTrouble)
	if err != nil {
		return h, fmt.Errorf("health: %w", err)
	}
	h.OldestUnread, h.OldestUnsent, h.UnsealedEvents = unread.Time, unsent.Time, unsealed.Time
	return h, nil
}
