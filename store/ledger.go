package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Folder is one folder of a mailbox under one UIDVALIDITY.
type Folder struct {
	Account     string
	Name        string
	UIDValidity uint32
}

// FolderState is what the ledger knows of a folder.
type FolderState struct {
	Folder
	StartAt  time.Time // mails that arrived before are not taken in; zero: all
	LastGood time.Time
	OnServer int
	Trouble  string
	Since    time.Time
	New      bool // this is its first connection
}

// KnowFolder makes the folder known. At its first connection under any
// UIDVALIDITY the start is fixed; a later UIDVALIDITY takes over that start.
func (s *Store) KnowFolder(ctx context.Context, f Folder, start time.Time) (FolderState, error) {
	out := FolderState{Folder: f}
	err := s.write(ctx, "know folder", func(tx *sqlx.Tx) error {
		var first sql.NullTime
		err := tx.GetContext(ctx, &first, `
			SELECT start_at
			FROM folders
			WHERE account = $1 AND folder = $2
			ORDER BY id
			LIMIT 1`, f.Account, f.Name)
		switch {
		case err == sql.ErrNoRows:
			first, out.New = nullTime(start), true
		case err != nil:
			return err
		}
		var good sql.NullTime
		err = tx.QueryRowContext(ctx, `
			INSERT INTO folders (account, folder, uidvalidity, start_at)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT (account, folder, uidvalidity) DO UPDATE SET account = excluded.account
			RETURNING start_at, last_good_poll`, f.Account, f.Name, int64(f.UIDValidity), first).Scan(&first, &good)
		out.StartAt, out.LastGood = first.Time, good.Time
		return err
	})
	return out, err
}

// Ledger lists the UIDs of a folder that are accounted for.
func (s *Store) Ledger(ctx context.Context, f Folder) (map[uint32]bool, error) {
	out := map[uint32]bool{}
	err := each(ctx, s.db, `
		SELECT uid
		FROM sightings
		WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND (state <> 'unfetchable' OR next_try > now())`, func(r *sqlx.Rows) error {
		var uid int64
		err := r.Scan(&uid)
		out[uint32(uid)] = true
		return err
	}, f.Account, f.Name, int64(f.UIDValidity))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return out, nil
}

// BeforeStart accounts for mails that arrived before the folder's start: they
// are counted, not taken in, and never answered.
func (s *Store) BeforeStart(ctx context.Context, f Folder, arrived map[uint32]time.Time) error {
	if len(arrived) == 0 {
		return nil
	}
	uids, times := make(pq.Int64Array, 0, len(arrived)), make(pq.StringArray, 0, len(arrived))
	for u, t := range arrived {
		uids, times = append(uids, int64(u)), append(times, t.UTC().Format(time.RFC3339))
	}
	return s.write(ctx, "note mails before the start", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO sightings (account, folder, uidvalidity, uid, state, internal_date)
			SELECT $1, $2, $3, u.uid, 'before_start', u.arrived
			FROM unnest($4::bigint[], $5::timestamptz[]) AS u (uid, arrived)
			ON CONFLICT (account, folder, uidvalidity, uid) DO NOTHING`, f.Account, f.Name, int64(f.UIDValidity), uids, times)
		return err
	})
}

// Unfetchable accounts for a UID that the server listed and did not give, to be
// tried again at a time.
func (s *Store) Unfetchable(ctx context.Context, f Folder, uid uint32, why string, wait time.Duration) error {
	return s.write(ctx, "note an unfetchable mail", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO sightings (account, folder, uidvalidity, uid, state, why, tries, next_try)
			VALUES ($1, $2, $3, $4, 'unfetchable', $5, 1, now() + make_interval(secs => $6))
			ON CONFLICT (account, folder, uidvalidity, uid)
			DO UPDATE SET why = excluded.why, tries = sightings.tries + 1, next_try = excluded.next_try
			WHERE sightings.state = 'unfetchable'`, f.Account, f.Name, int64(f.UIDValidity), int64(uid), why, wait.Seconds())
		return err
	})
}

// Gone marks UIDs that stood in the ledger and are no longer on the server:
// somebody moved or deleted them. What was kept stays.
func (s *Store) Gone(ctx context.Context, f Folder, uids []uint32) error {
	if len(uids) == 0 {
		return nil
	}
	list := make([]int64, len(uids))
	for i, u := range uids {
		list[i] = int64(u)
	}
	return s.write(ctx, "mark mails gone", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE sightings
			SET gone_at = now(), state = CASE WHEN state = 'unfetchable' THEN 'gone' ELSE state END
			WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND uid = any($4) AND gone_at IS NULL`,
			f.Account, f.Name, int64(f.UIDValidity), pq.Int64Array(list))
		return err
	})
}

// Polled notes a good look at a folder, or the trouble there was.
func (s *Store) Polled(ctx context.Context, f Folder, onServer int, at time.Time, trouble string) error {
	return s.write(ctx, "note a poll", func(tx *sqlx.Tx) error {
		if trouble != "" {
			_, err := tx.ExecContext(ctx, `
				UPDATE folders
				SET trouble = $4, trouble_since = coalesce(trouble_since, $5)
				WHERE account = $1 AND folder = $2 AND ($3 = 0 OR uidvalidity = $3)`, f.Account, f.Name, int64(f.UIDValidity), trouble, at)
			return err
		}
		_, err := tx.ExecContext(ctx, `
			UPDATE folders
			SET last_good_poll = $4, on_server = $5, trouble = '', trouble_since = NULL
			WHERE account = $1 AND folder = $2 AND uidvalidity = $3`, f.Account, f.Name, int64(f.UIDValidity), at, onServer)
		return err
	})
}

// Folders lists what the ledger knows of every folder, the newest UIDVALIDITY of each.
func (s *Store) Folders(ctx context.Context) ([]FolderState, error) {
	var out []FolderState
	err := each(ctx, s.db, `
		SELECT DISTINCT ON (account, folder) account, folder, uidvalidity, start_at, last_good_poll, on_server, trouble, trouble_since
		FROM folders
		ORDER BY account, folder, id DESC`, func(r *sqlx.Rows) error {
		var x FolderState
		var start, good, since sql.NullTime
		if err := r.Scan(&x.Account, &x.Name, &x.UIDValidity, &start, &good, &x.OnServer, &x.Trouble, &since); err != nil {
			return err
		}
		x.StartAt, x.LastGood, x.Since = start.Time, good.Time, since.Time
		out = append(out, x)
		return nil
	})
	return out, err
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

// Reclaim gives back the leases of owners that are known to be dead, so that
// nobody waits for their end: a crash must not leave a mailbox unread.
func (s *Store) Reclaim(ctx context.Context, dead func(owner string) bool) error {
	var owners []string
	if err := s.db.SelectContext(ctx, &owners, `SELECT DISTINCT owner FROM leases`); err != nil {
		return fmt.Errorf("owners of leases: %w", err)
	}
	owners = slices.DeleteFunc(owners, func(o string) bool { return !dead(o) })
	if len(owners) == 0 {
		return nil
	}
	return s.write(ctx, "reclaim leases", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM leases WHERE owner = any($1)`, pq.StringArray(owners))
		return err
	})
}
