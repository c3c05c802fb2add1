package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// FolderState is how the reading of a folder goes.
type FolderState struct {
	Folder              // under the newest UIDVALIDITY; 0 before the first connection
	WatchedAt time.Time // since when the settings name it
	StartAt   time.Time // mails that arrived before are not taken in; zero: all
	LastGood  time.Time
	OnServer  int
	Trouble   string // why it cannot be read, "" when it can
	Since     time.Time
	Remark    string // what does not go as the settings want, though it is read
}

// SilentSince is the last good look, or when we began to look.
func (f FolderState) SilentSince() time.Time {
	if f.LastGood.After(f.WatchedAt) {
		return f.LastGood
	}
	return f.WatchedAt
}

// Watch makes the folders of the settings known, before anything was read, and
// forgets how the reading of others went. What was read of them stays.
func (s *Store) Watch(ctx context.Context, folders []Folder, at time.Time) error {
	accounts, names := make(pq.StringArray, len(folders)), make(pq.StringArray, len(folders))
	for i, f := range folders {
		accounts[i], names[i] = f.Account, f.Name
	}
	return s.write(ctx, "watch folders", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			DELETE FROM polls
			WHERE (account, folder) NOT IN (SELECT w.account, w.folder FROM unnest($1::text[], $2::text[]) AS w (account, folder))`, accounts, names); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO polls (account, folder, watched_at)
			SELECT w.account, w.folder, $3
			FROM unnest($1::text[], $2::text[]) AS w (account, folder)
			ON CONFLICT (account, folder) DO NOTHING`, accounts, names, at)
		return err
	})
}

// Polled notes a good look at a folder, or the trouble there was.
func (s *Store) Polled(ctx context.Context, f Folder, onServer int, at time.Time, trouble string) error {
	return s.write(ctx, "note a poll", func(tx *sqlx.Tx) error {
		if trouble != "" {
			_, err := tx.ExecContext(ctx, `
				INSERT INTO polls (account, folder, watched_at, trouble, trouble_since)
				VALUES ($1, $2, $4, $3, $4)
				ON CONFLICT (account, folder)
				DO UPDATE SET trouble = excluded.trouble, trouble_since = coalesce(polls.trouble_since, excluded.trouble_since)`,
				f.Account, f.Name, trouble, at)
			return err
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO polls (account, folder, watched_at, last_good, on_server)
			VALUES ($1, $2, $3, $3, $4)
			ON CONFLICT (account, folder)
			DO UPDATE SET last_good = excluded.last_good, on_server = excluded.on_server, trouble = '', trouble_since = NULL`,
			f.Account, f.Name, at, onServer)
		return err
	})
}

// Remark notes what does not go as the settings want; "" when all does.
func (s *Store) Remark(ctx context.Context, f Folder, words string) error {
	return s.write(ctx, "note a remark on a folder", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE polls
			SET remark = $3
			WHERE account = $1 AND folder = $2 AND remark <> $3`, f.Account, f.Name, words)
		return err
	})
}

// Folders lists how the reading of every folder goes.
func (s *Store) Folders(ctx context.Context) ([]FolderState, error) {
	var out []FolderState
	err := each(ctx, s.db, `
		SELECT p.account, p.folder, coalesce(f.uidvalidity, 0), p.watched_at, f.start_at, p.last_good, p.on_server, p.trouble, p.trouble_since, p.remark
		FROM polls p
		LEFT JOIN LATERAL (
		    SELECT uidvalidity, start_at
		    FROM folders
		    WHERE account = p.account AND folder = p.folder
		    ORDER BY id DESC
		    LIMIT 1) f ON true
		ORDER BY p.account, p.folder`, func(r *sqlx.Rows) error {
		var x FolderState
		var start, good, since sql.NullTime
		if err := r.Scan(&x.Account, &x.Name, &x.UIDValidity, &x.WatchedAt, &start, &good, &x.OnServer, &x.Trouble, &since, &x.Remark); err != nil {
			return err
		}
		x.StartAt, x.LastGood, x.Since = start.Time, good.Time, since.Time
		out = append(out, x)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("folders: %w", err)
	}
	return out, nil
}

// Lease takes or renews a lease for a time by the database's clock; it reports
// whether owner holds it now.
func (s *Store) Lease(ctx context.Context, name, owner string, length time.Duration) (bool, error) {
	held := false
	err := s.write(ctx, "lease "+name, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO leases (name, owner, expires_at)
			VALUES ($1, $2, now() + make_interval(secs => $3))
			ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
			WHERE leases.owner = excluded.owner OR leases.expires_at < now()`, name, owner, length.Seconds())
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		held = n == 1
		return err
	})
	return held, err
}

// Release gives a lease back, so that another may take it at once.
func (s *Store) Release(ctx context.Context, name, owner string) error {
	return s.write(ctx, "release "+name, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE name = $1 AND owner = $2`, name, owner)
		return err
	})
}
