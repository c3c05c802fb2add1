package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Verification is what a check of everything kept found.
type Verification struct {
	Checked Checked `json:"checked"`
	Broken  []Break `json:"broken"`
	OK      bool    `json:"ok"`
}

// Checked is how many of each were looked at.
type Checked struct {
	Messages  int `json:"messages"`
	Documents int `json:"documents"`
	Cases     int `json:"cases"`
	Letters   int `json:"letters"`
	Events    int `json:"events"`
}

// Break is one thing that is not as it must be. It names ids, never people.
type Break struct {
	What string `json:"what"` // "letter 9"
	Why  string `json:"why"`
}

// Verify checks every invariant: each sighting has its raw mail and its bytes the
// hash they were stored under, each message one end or is being read, each case
// its opening, each letter at most one acceptance and the bytes that were
// approved, each decision what it needs, and the chain of events is whole. It
// changes nothing. Bytes are unsealed one object at a time.
func (s *Store) Verify(ctx context.Context) (Verification, error) {
	v := verifying{s: s, Verification: Verification{Broken: []Break{}}}
	for _, check := range []func(context.Context) error{v.counts, v.raws, v.readings, v.rows, v.letters, v.chain} {
		if err := check(ctx); err != nil {
			return v.Verification, fmt.Errorf("verify: %w", err)
		}
	}
	v.OK = len(v.Broken) == 0
	return v.Verification, nil
}

type verifying struct {
	s *Store
	Verification
}

func (v *verifying) broken(what, why string) { v.Broken = append(v.Broken, Break{what, why}) }

func (v *verifying) counts(ctx context.Context) error {
	c := &v.Checked
	return v.s.db.QueryRowContext(ctx, `
		SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM documents), (SELECT count(*) FROM cases),
		       (SELECT count(*) FROM letters), (SELECT count(*) FROM events)`).
		Scan(&c.Messages, &c.Documents, &c.Cases, &c.Letters, &c.Events)
}

// sealedRow is something whose bytes are sealed, with the hash that they must have.
type sealedRow struct {
	what   string
	object ObjectID
	sum    []byte
	size   int64 // -1 when no size was noted
}

func (v *verifying) sealed(ctx context.Context, query, what string) error {
	var rows []sealedRow
	err := each(ctx, v.s.db, query, func(r *sqlx.Rows) error {
		var id int64
		x := sealedRow{}
		err := r.Scan(&id, &x.object, &x.sum, &x.size)
		x.what = fmt.Sprintf("%s %d", what, id)
		rows = append(rows, x)
		return err
	})
	if err != nil {
		return err
	}
	for _, x := range rows {
		b, err := v.s.object(ctx, v.s.db, x.object)
		sum := sha256.Sum256(b)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			v.broken(x.what, "its bytes cannot be had: "+err.Error())
		case x.sum != nil && !bytes.Equal(x.sum, sum[:]):
			v.broken(x.what, "its bytes do not have the hash that they were stored under")
		case x.size >= 0 && x.size != int64(len(b)):
			v.broken(x.what, fmt.Sprintf("it has %d bytes and should have %d", len(b), x.size))
		}
	}
	return nil
}

func (v *verifying) raws(ctx context.Context) error {
	return v.sealed(ctx, `
		SELECT id, object_id, sha256, size
		FROM raws
		ORDER BY id`, "raw mail")
}

func (v *verifying) readings(ctx context.Context) error {
	return v.sealed(ctx, `
		SELECT id, reading, NULL::bytea, -1
		FROM messages
		WHERE reading IS NOT NULL
		ORDER BY id`, "reading of message")
}

// rows runs the checks that need no bytes: each query names what is broken.
func (v *verifying) rows(ctx context.Context) error {
	for _, c := range rowChecks() {
		err := each(ctx, v.s.db, c.query, func(r *sqlx.Rows) error {
			var id int64
			if err := r.Scan(&id); err != nil {
				return err
			}
			v.broken(fmt.Sprintf("%s %d", c.what, id), c.why)
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c.why, err)
		}
	}
	return nil
}

type rowCheck struct{ what, why, query string }

func rowChecks() []rowCheck {
	return []rowCheck{
		{"sighting", "it says that its mail is stored, and there is no raw mail", `
			SELECT x.id
			FROM sightings x
			WHERE x.state = 'stored' AND NOT EXISTS (SELECT FROM raws r WHERE r.id = x.raw_id)`},
		{"raw mail", "no message was made of it", `
			SELECT r.id
			FROM raws r
			WHERE NOT EXISTS (SELECT FROM messages m WHERE m.raw_id = r.id)`},
		{"message", "it has had no end for more than 5 minutes", `
			SELECT m.id
			FROM messages m
			JOIN raws r ON r.id = m.raw_id
			WHERE m.end_state IS NULL AND r.stored_at < now() - interval '5 minutes'
			      AND NOT EXISTS (
			          SELECT FROM events e
			          WHERE e.message_id = m.id AND e.action = 'read a mail again' AND e.at > now() - interval '5 minutes')`},
		{"message", "its end is a case, and it belongs to none", `
			SELECT m.id
			FROM messages m
			WHERE m.end_state IN ('case', 'filed') AND NOT EXISTS (SELECT FROM case_messages x WHERE x.message_id = m.id)`},
		{"message", "it waits for a person, without a clock", `
			SELECT m.id
			FROM messages m
			WHERE m.end_state IN ('holding', 'problem', 'quarantined', 'routed') AND m.due_at IS NULL`},
		{"message", "no event tells of its end", `
			SELECT m.id
			FROM messages m
			WHERE m.end_state IS NOT NULL AND m.end_state <> 'before_start' AND NOT EXISTS (SELECT FROM events e WHERE e.message_id = m.id)`},
		{"case", "it has no opening event", `
			SELECT c.id
			FROM cases c
			WHERE NOT EXISTS (SELECT FROM events e WHERE e.case_id = c.id AND e.action = 'open')`},
		{"case", "it has no referral", `
			SELECT c.id
			FROM cases c
			WHERE NOT EXISTS (SELECT FROM referrals r WHERE r.case_id = c.id)`},
		{"case", "it is not in the state of its newest event", `
			SELECT c.id
			FROM cases c
			WHERE c.state <> (
			    SELECT e.to_state
			    FROM events e
			    WHERE e.case_id = c.id AND e.to_state <> '' AND e.message_id IS NULL
			    ORDER BY e.id DESC
			    LIMIT 1)`},
		{"letter", "it was accepted by a mail host more than once", `
			SELECT l.id
			FROM letters l
			WHERE l.kind <> 'L2' -- a crisis reply goes again when nobody can know
			      AND (SELECT count(*) FROM letter_attempts a WHERE a.letter_id = l.id AND a.outcome = 'accepted') > 1`},
		{"letter", "it left, and no attempt was recorded", `
			SELECT l.id
			FROM letters l
			WHERE l.state IN ('accepted', 'returned') AND NOT EXISTS (SELECT FROM letter_attempts a WHERE a.letter_id = l.id)`},
		{"letter", "it left without the approval of a second person", `
			SELECT l.id
			FROM letters l
			WHERE l.kind IN ('L6', 'L7', 'L8') AND l.state IN ('queued', 'sending', 'retry', 'accepted', 'unknown', 'returned')
			      AND (l.approved_by IS NULL OR l.approved_by = l.submitted_by)`},
		{"decision", "not accepted without a reason, a recommendation or a signpost", `
			SELECT d.id
			FROM decisions d
			WHERE d.outcome = 'not accepted' AND (d.reasons = '{}' OR d.signposts = '{}' OR d.recommendations = '[]')`},
		{"decision", "accepted without a rating", `
			SELECT d.id
			FROM decisions d
			WHERE d.outcome = 'accepted' AND d.rating = ''`},
		{"decision", "no person made it", `
			SELECT d.id
			FROM decisions d
			WHERE d.by_user = 0`},
	}
}

// letters unseals what was frozen and holds it against the hash that was
// approved.
func (v *verifying) letters(ctx context.Context) error {
	err := each(ctx, v.s.db, `
		SELECT id
		FROM letters
		WHERE bytes IS NULL AND state NOT IN ('due', 'withdrawn', 'posted', 'failed')
		ORDER BY id`, func(r *sqlx.Rows) error {
		var id workflow.LetterID
		err := r.Scan(&id)
		v.broken(fmt.Sprintf("letter %d", id), "its frozen bytes are missing")
		return err
	})
	if err != nil {
		return err
	}
	return v.sealed(ctx, `
		SELECT id, bytes, sha256, -1
		FROM letters
		WHERE bytes IS NOT NULL
		ORDER BY id`, "letter")
}

func (v *verifying) chain(ctx context.Context) error {
	c, err := v.s.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	if c.Broken != "" {
		v.broken("audit log", c.Broken)
	}
	if c.Unsealed > 0 {
		v.broken("audit log", fmt.Sprintf("%d events older than a minute have no seal", c.Unsealed))
	}
	return nil
}
