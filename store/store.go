// Package store keeps everything in PostgreSQL: it is the only room that speaks
// SQL. Each exported method is one transaction, or one read; what belongs
// together commits together. A case changes through one door, Act and its kin:
// the case row is locked, the rule of package workflow decides on a fresh File,
// and state, records, letters due, tasks, timers and the event are written in
// the same transaction, or none of them.
//
// It promises that a write whose reply was lost is not done twice (unique keys
// and a re-read), that no event holds a personal value, and that mails,
// documents and letters are sealed at rest. It decides nothing about a case.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Store is the database as the rooms above see it.
type Store struct {
	db    *sqlx.DB
	keys  Keys
	fault func(point string) error // tests stop at a named point; nil in the service
}

// Connect opens the database at url. Nothing is migrated; see Migrate.
func Connect(ctx context.Context, url string, keys Keys) (*Store, error) {
	db, err := openDB(url)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the database: %w", err), db.Close())
	}
	return &Store{db: db, keys: keys}, nil
}

// Close ends every connection.
func (s *Store) Close() error { return s.db.Close() }

// Migrate applies the migrations that the database lacks.
func (s *Store) Migrate(ctx context.Context) error { return Migrate(ctx, s.db) }

// Schema is the version that the database has and the one the program wants.
func (s *Store) Schema(ctx context.Context) (have, want int64, err error) { return Schema(ctx, s.db) }

// Now is the database's clock: leases and order go by it.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var t time.Time
	if err := s.db.GetContext(ctx, &t, `SELECT now()`); err != nil {
		return time.Time{}, fmt.Errorf("ask the database's clock: %w", err)
	}
	return t, nil
}

// write runs fn in one transaction. A serialization failure or deadlock is tried
// again, since nothing of it was kept; whatever else fails is the caller's.
func (s *Store) write(ctx context.Context, what string, fn func(tx *sqlx.Tx) error) error {
	for try := 0; ; try++ {
		err := s.once(ctx, what, fn)
		if err == nil {
			return s.point("after " + what)
		}
		if try < 3 && isTransient(err) && ctx.Err() == nil {
			continue
		}
		return fmt.Errorf("%s: %w", what, err)
	}
}

func (s *Store) once(ctx context.Context, what string, fn func(tx *sqlx.Tx) error) error {
	tx, err := s.db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := fn(tx); err != nil {
		return err
	}
	if err := s.point("before " + what); err != nil {
		return err
	}
	var id sql.NullString // none when nothing was written
	if err := tx.GetContext(ctx, &id, `SELECT pg_current_xact_id_if_assigned()::text`); err != nil {
		return fmt.Errorf("number of the transaction: %w", err)
	}
	if err := tx.Commit(); err != nil && !s.committed(ctx, id.String, err) {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// committed asks what became of a transaction whose COMMIT was not answered: the
// connection was lost, and the database may have done it all the same. Without
// this a person would do it again, and a letter that was claimed would be asked
// about. When the database does not say within ten seconds, it counts as not
// done; a second try meets the unique keys.
func (s *Store) committed(ctx context.Context, id string, lost error) bool {
	if answered := (*pq.Error)(nil); id == "" || errors.As(lost, &answered) || errors.Is(lost, sql.ErrTxDone) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		var status sql.NullString
		err := s.db.GetContext(ctx, &status, `SELECT pg_xact_status($1::xid8)`, id)
		if err == nil && status.String != "in progress" {
			return status.String == "committed"
		}
		select {
		case <-ctx.Done():
			return false
		case <-again.C:
		}
	}
}

// point is where tests make a transaction fail or the program die: "before" its
// commit or "after" it, with what the transaction does.
func (s *Store) point(name string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(name)
}

// FailAt makes tests and drills stop at named points (see point).
func (s *Store) FailAt(f func(point string) error) { s.fault = f }

// none turns sql.ErrNoRows into the kind that callers branch on.
func none(err error, words string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: words}
	}
	return err
}

func nullTime(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

func nullDate(d workflow.Date) sql.NullString {
	return sql.NullString{String: d.String(), Valid: !d.IsZero()}
}

func nullID[T ~int64](id T) sql.NullInt64 { return sql.NullInt64{Int64: int64(id), Valid: id != 0} }

func nullText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// day reads a date column, which lib/pq gives as midnight UTC.
func day(t sql.NullTime) workflow.Date {
	if !t.Valid {
		return workflow.Date{}
	}
	y, m, d := t.Time.Date()
	return workflow.Date{Year: y, Month: m, Day: d}
}
