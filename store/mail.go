package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
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

// Incoming is one whole mail on its way to being kept.
type Incoming struct {
	Folder       Folder
	UID          uint32 // 0: put in by hand (dsr intake)
	InternalDate time.Time
	Raw          []byte
	Cut          bool // only its beginning was kept: over the limit
}

// Stored is what became of an Incoming.
type Stored struct {
	Message workflow.MessageID
	Known   bool // these very bytes were kept before
	SHA256  [32]byte
}

// Keep commits raw bytes and sighting, before anything is understood: this is
// the point at which a mail is ours. Bytes known already are linked, not kept twice.
func (s *Store) Keep(ctx context.Context, mails []Incoming) ([]Stored, error) {
	out := make([]Stored, len(mails))
	err := s.write(ctx, "keep mail", func(tx *sqlx.Tx) error {
		for i, m := range mails {
			kept, err := s.keep(ctx, tx, m)
			if err != nil {
				return err
			}
			out[i] = kept
		}
		return nil
	})
	return out, err
}

func (s *Store) keep(ctx context.Context, tx *sqlx.Tx, m Incoming) (Stored, error) {
	out := Stored{SHA256: sha256.Sum256(m.Raw)}
	raw, known, err := s.keepRaw(ctx, tx, m, out.SHA256)
	if err != nil {
		return out, err
	}
	if m.UID != 0 {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO sightings (account, folder, uidvalidity, uid, raw_id, state, internal_date)
			VALUES ($1, $2, $3, $4, $5, 'stored', $6)
			ON CONFLICT (account, folder, uidvalidity, uid)
			DO UPDATE SET raw_id = excluded.raw_id, state = excluded.state, internal_date = excluded.internal_date
			WHERE sightings.raw_id IS NULL`, m.Folder.Account, m.Folder.Name, int64(m.Folder.UIDValidity), int64(m.UID), raw, nullTime(m.InternalDate))
		if err != nil {
			return out, fmt.Errorf("sighting: %w", err)
		}
	}
	out.Known = known
	out.Message, err = keepMessage(ctx, tx, m, raw)
	return out, err
}

func (s *Store) keepRaw(ctx context.Context, tx *sqlx.Tx, m Incoming, sum [32]byte) (raw int64, known bool, err error) {
	err = tx.GetContext(ctx, &raw, `SELECT id FROM raws WHERE sha256 = $1`, sum[:])
	if err == nil {
		return raw, true, nil
	}
	if err != sql.ErrNoRows {
		return 0, false, fmt.Errorf("raw mail: %w", err)
	}
	object, size, err := s.put(ctx, tx, bytes.NewReader(m.Raw))
	if err != nil {
		return 0, false, err
	}
	// A rival poller may commit the same bytes between the look and here: the
	// unique hash decides, and the loser's object is swept.
	err = tx.GetContext(ctx, &raw, `
		INSERT INTO raws (sha256, size, object_id, whole)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (sha256) DO UPDATE SET size = raws.size
		RETURNING id`, sum[:], size, object, !m.Cut)
	if err != nil {
		return 0, false, fmt.Errorf("raw mail: %w", err)
	}
	return raw, false, nil
}

func keepMessage(ctx context.Context, tx *sqlx.Tx, m Incoming, raw int64) (workflow.MessageID, error) {
	var id workflow.MessageID
	err := tx.GetContext(ctx, &id, `
		INSERT INTO messages (raw_id, received_at, folder)
		VALUES ($1, $2, $3)
		ON CONFLICT (raw_id) DO UPDATE SET raw_id = excluded.raw_id
		RETURNING id`, raw, m.InternalDate, m.Folder.Name)
	if err != nil {
		return 0, fmt.Errorf("message: %w", err)
	}
	return id, nil
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

// Unsettled is a message that has no end yet, with its bytes.
type Unsettled struct {
	ID         workflow.MessageID
	ReceivedAt time.Time
	Folder     string
	Raw        []byte
	Whole      bool
	Tries      int
}

// ClaimUnread takes up to n messages that have no end yet, oldest first, and
// puts their next try off, so that a mail which stops its reader does not stop
// the others and comes again later.
func (s *Store) ClaimUnread(ctx context.Context, n int) ([]Unsettled, error) {
	var out []Unsettled
	var objects []ObjectID
	err := s.write(ctx, "claim unread mail", func(tx *sqlx.Tx) error {
		out, objects = nil, nil
		return each(ctx, tx, `
			WITH next AS (
			    SELECT id
			    FROM messages
			    WHERE end_state IS NULL AND next_try <= now()
			    ORDER BY received_at, id
			    LIMIT $1
			    FOR UPDATE SKIP LOCKED
			)
			UPDATE messages m
			SET tries = m.tries + 1, next_try = now() + make_interval(secs => 120)
			FROM next, raws r
			WHERE m.id = next.id AND r.id = m.raw_id
			RETURNING m.id, m.received_at, m.folder, m.tries, r.object_id, r.whole`, func(rows *sqlx.Rows) error {
			var x Unsettled
			var o ObjectID
			if err := rows.Scan(&x.ID, &x.ReceivedAt, &x.Folder, &x.Tries, &o, &x.Whole); err != nil {
				return err
			}
			out, objects = append(out, x), append(objects, o)
			return nil
		}, n)
	})
	if err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].Raw, err = s.object(ctx, s.db, objects[i]); err != nil {
			return nil, fmt.Errorf("message %d: %w", out[i].ID, err)
		}
	}
	return out, nil
}

// Raw unseals the bytes of a message as they came.
func (s *Store) Raw(ctx context.Context, id workflow.MessageID) ([]byte, error) {
	var o ObjectID
	err := s.db.GetContext(ctx, &o, `
		SELECT r.object_id
		FROM messages m
		JOIN raws r ON r.id = m.raw_id
		WHERE m.id = $1`, id)
	if err != nil {
		return nil, fmt.Errorf("raw mail of message %d: %w", id, none(err, "There is no such message."))
	}
	return s.object(ctx, s.db, o)
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

// KnownSender reports whether an address belongs to somebody of the case: a
// party that is not blocked, or the writer of a mail that opened it.
func (s *Store) KnownSender(ctx context.Context, id workflow.CaseID, addr string) (bool, error) {
	var known bool
	err := s.db.GetContext(ctx, &known, `
		SELECT EXISTS (SELECT FROM parties WHERE case_id = $1 AND email = lower($2) AND NOT blocked)
		    OR (EXISTS (SELECT FROM referrals r JOIN messages m ON m.id = r.message_id WHERE r.case_id = $1 AND m.from_addr = lower($2))
		        AND NOT EXISTS (SELECT FROM parties WHERE case_id = $1 AND email = lower($2) AND blocked))`, int64(id), addr)
	if err != nil {
		return false, fmt.Errorf("sender of a case: %w", err)
	}
	return known, nil
}
