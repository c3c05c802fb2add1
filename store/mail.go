package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Incoming is one whole mail on its way to being kept.
type Incoming struct {
	Folder       Folder
	UID          uint32 // 0: put in by hand (dsr intake)
	InternalDate time.Time
	Raw          []byte
	Staged       *Staged // instead of Raw, for a big one
	Cut          bool    // only its beginning was kept: over the limit
}

// Staged is a big mail whose bytes were sealed as they came. They count only
// once Keep names them.
type Staged struct {
	object ObjectID
	size   int64
	sum    [32]byte
}

// Stage seals the bytes of a big mail as they come, each piece committed by
// itself: neither memory nor a transaction holds the whole. Bytes that end with
// an error are swept later.
func (s *Store) Stage(ctx context.Context, r io.Reader) (*Staged, error) {
	sum := sha256.New()
	object, size, err := s.putWith(ctx, func(what string, do func(tx *sqlx.Tx) error) error { return s.write(ctx, what, do) }, endsWell{io.TeeReader(r, sum)})
	if err != nil {
		return nil, err
	}
	return &Staged{object, size, [32]byte(sum.Sum(nil))}, nil
}

// endsWell takes no end for the end but io.EOF itself: a mail that was cut off
// ends with an error that looks like it (io.ErrUnexpectedEOF).
type endsWell struct{ r io.Reader }

func (e endsWell) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read the mail: %w", err)
	}
	return n, err
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
	out := Stored{}
	if out.SHA256 = sha256.Sum256(m.Raw); m.Staged != nil {
		out.SHA256 = m.Staged.sum
	}
	raw, known, err := s.keepRaw(ctx, tx, m, out.SHA256)
	if err != nil {
		return out, err
	}
	if m.UID != 0 {
		_, err = tx.ExecContext(ctx, `
			INSERT INTO sightings (account, folder, uidvalidity, uid, raw_id, state, internal_date)
			VALUES ($1, $2, $3, $4, $5, 'stored', $6)
			ON CONFLICT (account, folder, uidvalidity, uid)
			DO UPDATE SET raw_id = excluded.raw_id, state = excluded.state, internal_date = excluded.internal_date, gone_at = NULL
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
	staged := m.Staged
	if staged == nil {
		object, size, err := s.put(ctx, tx, bytes.NewReader(m.Raw))
		if err != nil {
			return 0, false, err
		}
		staged = &Staged{object: object, size: size}
	}
	// A rival poller may commit the same bytes between the look and here: the
	// unique hash decides, and the loser's object is swept.
	err = tx.GetContext(ctx, &raw, `
		INSERT INTO raws (sha256, size, object_id, whole)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (sha256) DO UPDATE SET size = raws.size
		RETURNING id`, sum[:], staged.size, staged.object, !m.Cut)
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

// Unsettled is a message that has no end yet, with its bytes.
type Unsettled struct {
	ID         workflow.MessageID
	ReceivedAt time.Time
	Folder     string
	Raw        []byte // at most its first 60 MB and a little
	Size       int64
	Whole      bool // false: only its beginning was kept
	Tries      int
	Lost       error // why its bytes cannot be had
}

// ReadLimit is how much of a mail is read; all of it is kept.
const ReadLimit = 60 << 20

// ClaimUnread takes up to n messages that have no end yet, oldest first and no
// more than can be held at once, and puts their next try off by hold, so that a
// mail which stops its reader does not stop the others and comes again later:
// after those that nobody tried, and alone, since it may take the whole program
// with it.
func (s *Store) ClaimUnread(ctx context.Context, n int, hold time.Duration) ([]Unsettled, error) {
	var out []Unsettled
	objects := map[workflow.MessageID]ObjectID{}
	err := s.write(ctx, "claim unread mail", func(tx *sqlx.Tx) error {
		out = nil
		return each(ctx, tx, `
			WITH waiting AS (
			    SELECT m.id, m.tries, m.received_at, r.size
			    FROM messages m
			    JOIN raws r ON r.id = m.raw_id
			    WHERE m.end_state IS NULL AND m.next_try <= now()
			    ORDER BY m.tries, m.received_at, m.id
			    LIMIT $1
			    FOR UPDATE OF m SKIP LOCKED
			), placed AS (
			    SELECT id, tries, size, row_number() OVER w AS place, sum(size) OVER w AS total
			    FROM waiting
			    WINDOW w AS (ORDER BY tries, received_at, id)
			)
			UPDATE messages m
			SET tries = m.tries + 1, next_try = now() + make_interval(secs => $2)
			FROM placed p, raws r
			WHERE m.id = p.id AND r.id = m.raw_id
			      AND (p.place = 1 OR p.tries = 0 AND p.total <= $3)
			RETURNING m.id, m.received_at, m.folder, m.tries, r.object_id, r.size, r.whole`, func(rows *sqlx.Rows) error {
			var x Unsettled
			var o ObjectID
			if err := rows.Scan(&x.ID, &x.ReceivedAt, &x.Folder, &x.Tries, &o, &x.Size, &x.Whole); err != nil {
				return err
			}
			out, objects[x.ID] = append(out, x), o
			return nil
		}, n, hold.Seconds(), int64(ReadLimit))
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Unsettled) int {
		return cmp.Or(a.ReceivedAt.Compare(b.ReceivedAt), cmp.Compare(a.ID, b.ID))
	})
	for i := range out {
		x := &out[i]
		if x.Raw, x.Lost = s.objectUpTo(ctx, s.db, objects[x.ID], ReadLimit+1); x.Lost != nil && ctx.Err() != nil {
			return nil, ctx.Err()
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
