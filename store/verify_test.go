package store

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// keptStore fills a store with one of everything that Verify looks at, and seals its
// events.
func keptStore(t *testing.T) *Store {
	t.Helper()
	s, _ := newStore(t)
	receive(t, s, 1, workflow.Routine)
	wait(t, s, 2, func(x *Settlement) { x.Documents = []DocumentRow{{Part: "2", Name: "a.pdf", State: "read"}} })
	claimed, err := s.ClaimReplies(t.Context(), monday, 5)
	if err != nil || len(claimed) != 1 {
		t.Fatalf("replies %+v, %v", claimed, err)
	}
	raw := []byte("Subject: hello\r\n\r\nhello\r\n")
	err = s.write(t.Context(), "freeze", func(tx *sqlx.Tx) error {
		x := workflow.Frozen{Letter: claimed[0].ID, Raw: raw, Hash: sha256.Sum256(raw), To: "karen@example.org", MessageID: "dsr.x.1@example.org", Token: "x"}
		if err := s.freezeBytes(t.Context(), tx, x, "accepted", 0, monday); err != nil {
			return err
		}
		_, err := tx.ExecContext(t.Context(), `
			INSERT INTO letter_attempts (letter_id, number, began_at, outcome)
			VALUES ($1, 1, $2, 'accepted')`, claimed[0].ID, monday)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SealEvents(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerifyWhole(t *testing.T) {
	t.Parallel()
	v, err := keptStore(t).Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !v.OK || len(v.Broken) != 0 || v.Checked.Messages != 2 || v.Checked.Documents != 1 || v.Checked.Cases != 1 || v.Checked.Letters != 1 || v.Checked.Events == 0 {
		t.Errorf("verified %+v, want 2 messages, 1 document, 1 case and 1 letter, all whole", v)
	}
}

// TestVerifyNamesWhatIsBroken breaks one row at a time, as a fault or a hand in
// the database might, and wants it named.
func TestVerifyNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		deed []string
		what string
		why  string
	}{
		"another hash":         {[]string{`UPDATE raws SET sha256 = sha256('x') WHERE id = 1`}, "raw mail 1", "hash"},
		"another size":         {[]string{`UPDATE raws SET size = 3 WHERE id = 1`}, "raw mail 1", "and should have 3"},
		"chunks lost":          {[]string{`DELETE FROM object_chunks WHERE object_id = (SELECT object_id FROM raws WHERE id = 1)`}, "raw mail 1", "not whole"},
		"a sealed byte":        {[]string{`UPDATE object_chunks SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20)) WHERE object_id = (SELECT reading FROM messages WHERE id = 1)`}, "reading of message 1", "cannot be had"},
		"a sighting's mail":    {[]string{`ALTER TABLE sightings DROP CONSTRAINT sightings_check`, `UPDATE sightings SET raw_id = NULL WHERE uid = 1`}, "sighting 1", "no raw mail"},
		"no end":               {[]string{`UPDATE messages SET end_state = NULL, ended_at = NULL WHERE id = 2`, `UPDATE raws SET stored_at = now() - interval '6 minutes'`}, "message 2", "no end"},
		"no message":           {[]string{`DELETE FROM documents`, `DELETE FROM messages WHERE id = 2`}, "raw mail 2", "no message"},
		"an end without clock": {[]string{`UPDATE messages SET due_at = NULL WHERE id = 2`}, "message 2", "clock"},
		"in no case":           {[]string{`DELETE FROM case_messages`}, "message 1", "belongs to none"},
		"no referral":          {[]string{`DELETE FROM referrals`}, "case 1", "no referral"},
		"a state by hand":      {[]string{`UPDATE cases SET state = 'on register'`}, "case 1", "newest event"},
		"accepted twice":       {[]string{`INSERT INTO letter_attempts (letter_id, number, began_at, outcome) VALUES (1, 2, now(), 'accepted')`}, "letter 1", "more than once"},
		"never tried":          {[]string{`DELETE FROM letter_attempts`}, "letter 1", "no attempt"},
		"other bytes":          {[]string{`UPDATE letters SET sha256 = sha256('x')`}, "letter 1", "hash"},
		"no bytes":             {[]string{`UPDATE letters SET bytes = NULL`}, "letter 1", "missing"},
		"alone approved":       {[]string{`ALTER TABLE letters DROP CONSTRAINT letters_check1`, `UPDATE letters SET kind = 'L7', approved_by = 1, submitted_by = 1`}, "letter 1", "second person"},
		"a bare refusal":       {[]string{`ALTER TABLE decisions DROP CONSTRAINT decisions_check1`, `INSERT INTO decisions (case_id, outcome, by_user, at) VALUES (1, 'not accepted', 1, now())`}, "decision 1", "without a reason"},
		"an unrated one":       {[]string{`ALTER TABLE decisions DROP CONSTRAINT decisions_check`, `INSERT INTO decisions (case_id, outcome, by_user, at) VALUES (1, 'accepted', 1, now())`}, "decision 1", "without a rating"},
		"an event":             {[]string{`ALTER TABLE events DISABLE TRIGGER ALL`, `UPDATE events SET actor = 7 WHERE id = 3`}, "audit log", "event 3"},
		"no opening":           {[]string{`ALTER TABLE events DISABLE TRIGGER ALL`, `DELETE FROM events WHERE action = 'open'`}, "case 1", "opening"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := keptStore(t)
			err := s.write(t.Context(), "break", func(tx *sqlx.Tx) error {
				for _, d := range x.deed {
					if _, err := tx.ExecContext(t.Context(), d); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			v, err := s.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if v.OK {
				t.Error("it is called whole")
			}
			for _, b := range v.Broken {
				if b.What == x.what && strings.Contains(b.Why, x.why) {
					return
				}
			}
			t.Errorf("broken: %+v, want %s with %q", v.Broken, x.what, x.why)
		})
	}
}
