package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// sealed is an event row as the chain hashes it.
type sealed struct {
	ID      int64
	At      time.Time
	Actor   int64
	Action  string
	Case    sql.NullInt64
	Message sql.NullInt64
	Letter  sql.NullInt64
	Subject string
	From    string
	To      string
	Fields  pq.StringArray
	Digests pq.StringArray
}

const sealedColumns = `e.id, e.at, e.actor, e.action, e.case_id, e.message_id, e.letter_id, e.subject, e.from_state, e.to_state, e.fields, e.digests`

func (x *sealed) targets() []any {
	return []any{&x.ID, &x.At, &x.Actor, &x.Action, &x.Case, &x.Message, &x.Letter, &x.Subject, &x.From, &x.To, &x.Fields, &x.Digests}
}

// hash chains the row to the one before. Fields are length-prefixed, so that no
// two rows share a text.
func (x sealed) hash(previous []byte) []byte {
	h := sha256.New()
	h.Write(previous)
	for _, f := range []string{fmt.Sprint(x.ID), x.At.UTC().Format(time.RFC3339Nano), fmt.Sprint(x.Actor), x.Action,
		fmt.Sprint(x.Case.Int64), fmt.Sprint(x.Message.Int64), fmt.Sprint(x.Letter.Int64), x.Subject, x.From, x.To,
		strings.Join(x.Fields, "\x1f"), strings.Join(x.Digests, "\x1f")} {
		fmt.Fprintf(h, "%d:%s;", len(f), f)
	}
	return h.Sum(nil)
}

// SealEvents appends up to n events to the hash chain: those without a seal, not
// those above a mark, because sequences commit out of order. The caller holds
// the lease "seal"; the table's key refuses a second writer all the same.
func (s *Store) SealEvents(ctx context.Context, n int) (int, error) {
	count := 0
	err := s.write(ctx, "seal events", func(tx *sqlx.Tx) error {
		count = 0
		var number int64
		previous := make([]byte, sha256.Size)
		err := tx.QueryRowContext(ctx, `
			SELECT number, hash
			FROM event_seals
			ORDER BY number DESC
			LIMIT 1`).Scan(&number, &previous)
		if err != nil && err != sql.ErrNoRows {
			return err
		}
		var rows []sealed
		err = each(ctx, tx, `
			SELECT `+sealedColumns+`
			FROM events e
			WHERE NOT EXISTS (SELECT FROM event_seals x WHERE x.event_id = e.id)
			ORDER BY e.id
			LIMIT $1`, func(r *sqlx.Rows) error {
			var x sealed
			err := r.Scan(x.targets()...)
			rows = append(rows, x)
			return err
		}, n)
		if err != nil {
			return err
		}
		for _, x := range rows {
			number++
			previous = x.hash(previous)
			if _, err := tx.ExecContext(ctx, `
				INSERT INTO event_seals (number, event_id, hash)
				VALUES ($1, $2, $3)`, number, x.ID, previous); err != nil {
				return err
			}
			count++
		}
		return nil
	})
	return count, err
}

// Chain is what a check of the audit log found.
type Chain struct {
	Events   int
	Head     []byte // the newest hash: kept elsewhere, it shows a log cut short
	Broken   string // the first broken link in words, "" when whole
	Unsealed int    // events older than a minute that no seal covers
}

// VerifyAudit walks the whole chain: each seal's event, its number and its hash.
func (s *Store) VerifyAudit(ctx context.Context) (Chain, error) {
	var c Chain
	previous := make([]byte, sha256.Size)
	next := int64(1)
	err := each(ctx, s.db, `
		SELECT x.number, x.event_id, x.hash, e.id IS NULL, coalesce(e.id, 0), coalesce(e.at, now()), coalesce(e.actor, 0), coalesce(e.action, ''),
		       e.case_id, e.message_id, e.letter_id, coalesce(e.subject, ''), coalesce(e.from_state, ''), coalesce(e.to_state, ''),
		       coalesce(e.fields, '{}'), coalesce(e.digests, '{}')
		FROM event_seals x
		LEFT JOIN events e ON e.id = x.event_id
		ORDER BY x.number`, func(r *sqlx.Rows) error {
		if c.Broken != "" {
			return nil
		}
		var x sealed
		var number, event int64
		var hash []byte
		var missing bool
		if err := r.Scan(append([]any{&number, &event, &hash, &missing}, x.targets()...)...); err != nil {
			return err
		}
		previous = x.hash(previous)
		switch {
		case number != next:
			c.Broken = fmt.Sprintf("seal %d is missing", next)
		case missing:
			c.Broken = fmt.Sprintf("event %d of seal %d is missing", event, number)
		case string(previous) != string(hash):
			c.Broken = fmt.Sprintf("event %d is not what seal %d says", event, number)
		}
		next++
		c.Events++
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("verify the audit log: %w", err)
	}
	c.Head = previous
	err = s.db.GetContext(ctx, &c.Unsealed, `
		SELECT count(*)
		FROM events e
		WHERE e.at < now() - interval '1 minute' AND NOT EXISTS (SELECT FROM event_seals x WHERE x.event_id = e.id)`)
	if err != nil {
		return c, fmt.Errorf("verify the audit log: %w", err)
	}
	return c, nil
}
