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

// FolderStart is what of a full folder is taken in.
type FolderStart struct {
	At  time.Time // mails that arrived before are not; zero: all are
	UID uint32    // mails from here on came after the first connection; 0: not known
}

// Takes reports whether a mail is taken in however old it is.
func (s FolderStart) Takes(uid uint32) bool {
	return s.At.IsZero() || s.UID > 0 && uid >= s.UID
}

// KnowFolder makes the folder known and returns its start, which is fixed at the
// first connection under any UIDVALIDITY: a later one takes over its time.
func (s *Store) KnowFolder(ctx context.Context, f Folder, start FolderStart) (FolderStart, error) {
	var out FolderStart
	err := s.write(ctx, "know folder", func(tx *sqlx.Tx) error {
		var at sql.NullTime
		uid := int64(0)
		err := tx.GetContext(ctx, &at, `
			SELECT start_at
			FROM folders
			WHERE account = $1 AND folder = $2
			ORDER BY id
			LIMIT 1`, f.Account, f.Name)
		if err == sql.ErrNoRows {
			at, uid = nullTime(start.At), int64(start.UID)
		} else if err != nil {
			return err
		}
		err = tx.QueryRowContext(ctx, `
			INSERT INTO folders (account, folder, uidvalidity, start_at, start_uid)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (account, folder, uidvalidity) DO UPDATE SET account = excluded.account
			RETURNING start_at, start_uid`, f.Account, f.Name, int64(f.UIDValidity), at, uid).Scan(&at, &out.UID)
		out.At = at.Time
		return err
	})
	return out, err
}

// Ledger is what is known of a folder's UIDs.
type Ledger map[uint32]Accounted

// Accounted is one UID of which something is known.
type Accounted struct {
	Fetch   bool // it is to be fetched: it could not be had before, or was taken for gone
	Tries   int  // how often it was listed and could not be had
	Pending bool // it is stored, and was not yet flagged or moved
}

// Ledger lists the UIDs of a folder that are accounted for.
func (s *Store) Ledger(ctx context.Context, f Folder) (Ledger, error) {
	out := Ledger{}
	err := each(ctx, s.db, `
		SELECT uid, state = 'gone' OR (state = 'unfetchable' AND next_try <= now()), tries, state = 'stored' AND moved_at IS NULL
		FROM sightings
		WHERE account = $1 AND folder = $2 AND uidvalidity = $3`, func(r *sqlx.Rows) error {
		var uid int64
		var x Accounted
		err := r.Scan(&uid, &x.Fetch, &x.Tries, &x.Pending)
		out[uint32(uid)] = x
		return err
	}, f.Account, f.Name, int64(f.UIDValidity))
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return out, nil
}

// Lacks reports whether a UID that the server lists is to be fetched.
func (l Ledger) Lacks(uid uint32) bool {
	x, known := l[uid]
	return !known || x.Fetch
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

// longestRetry is the longest pause between two tries of a mail that the server
// lists and does not give.
const longestRetry = 6 * time.Hour

// Unfetchable accounts for a UID that the server listed and did not give. It is
// tried again after wait, and after twice as long each time that it fails.
func (s *Store) Unfetchable(ctx context.Context, f Folder, uid uint32, why string, wait time.Duration) error {
	return s.write(ctx, "note an unfetchable mail", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO sightings (account, folder, uidvalidity, uid, state, why, tries, next_try)
			VALUES ($1, $2, $3, $4, 'unfetchable', $5, 1, now() + make_interval(secs => $6))
			ON CONFLICT (account, folder, uidvalidity, uid)
			DO UPDATE SET state = 'unfetchable', why = excluded.why, tries = sightings.tries + 1, gone_at = NULL,
			              next_try = now() + least(make_interval(secs => $6 * 2 ^ least(sightings.tries, 20)), make_interval(secs => $7))
			WHERE sightings.state IN ('unfetchable', 'gone')`, f.Account, f.Name, int64(f.UIDValidity), int64(uid), why, wait.Seconds(), longestRetry.Seconds())
		return err
	})
}

// mostGaps bounds the rows made of UIDs that were given away between two lists.
const mostGaps = 10_000

// Listed notes what a list of the folder showed. With all of it shown, what the
// ledger has and the list lacks was moved or deleted by somebody (what was kept
// stays), and a UID below next that was never listed is gone before it could be
// read. A UID that is listed again is back.
func (s *Store) Listed(ctx context.Context, f Folder, uids []uint32, next uint32, all bool) error {
	list := make(pq.Int64Array, len(uids))
	for i, u := range uids {
		list[i] = int64(u)
	}
	key := []any{f.Account, f.Name, int64(f.UIDValidity)}
	return s.write(ctx, "note a list of mails", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `
			UPDATE sightings
			SET gone_at = NULL
			WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND gone_at IS NOT NULL AND state <> 'gone'
			      AND uid IN (SELECT unnest($4::bigint[]))`, append(key, list)...); err != nil || !all {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE sightings
			SET gone_at = now(), state = CASE WHEN state = 'unfetchable' THEN 'gone' ELSE state END
			WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND gone_at IS NULL
			      AND uid NOT IN (SELECT unnest($4::bigint[]))`, append(key, list)...); err != nil {
			return err
		}
		return gaps(ctx, tx, key, list, next)
	})
}

// gaps accounts for UIDs that came and went between two lists.
func gaps(ctx context.Context, tx *sqlx.Tx, key []any, listed pq.Int64Array, next uint32) error {
	if _, err := tx.ExecContext(ctx, `
		INSERT INTO sightings (account, folder, uidvalidity, uid, state, why, gone_at)
		SELECT f.account, f.folder, f.uidvalidity, u, 'gone', 'gone before it could be read', now()
		FROM folders f, generate_series(greatest(f.accounted_to, $4::bigint - $6::bigint), $4::bigint - 1) AS u
		WHERE f.account = $1 AND f.folder = $2 AND f.uidvalidity = $3 AND f.accounted_to > 0
		      AND u NOT IN (SELECT unnest($5::bigint[]))
		ON CONFLICT (account, folder, uidvalidity, uid) DO NOTHING`, append(key, int64(next), listed, mostGaps)...); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `
		UPDATE folders
		SET accounted_to = $4::bigint
		WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND accounted_to < $4::bigint`, append(key, int64(next))...)
	return err
}

// Handled notes that stored mails were flagged or moved as the settings want.
func (s *Store) Handled(ctx context.Context, f Folder, uids []uint32) error {
	list := make(pq.Int64Array, len(uids))
	for i, u := range uids {
		list[i] = int64(u)
	}
	return s.write(ctx, "note what was flagged or moved", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			UPDATE sightings
			SET moved_at = now()
			WHERE account = $1 AND folder = $2 AND uidvalidity = $3 AND uid = any($4) AND state = 'stored'`,
			f.Account, f.Name, int64(f.UIDValidity), list)
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
