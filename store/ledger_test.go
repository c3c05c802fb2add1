package store

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	take := func(name, owner string, want bool) {
		t.Helper()
		if held, err := s.Lease(t.Context(), name, owner, time.Hour); err != nil || held != want {
			t.Fatalf("%s asks for %s: held %v, %v; want %v", owner, name, held, err, want)
		}
	}
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	take("mailbox a", "one", true)
	take("mailbox a", "one", true)
	take("mailbox a", "two", false)
	take("mailbox b", "two", true)
	done(s.Release(t.Context(), "mailbox a", "two"))
	take("mailbox a", "two", false)
	done(s.Release(t.Context(), "mailbox a", "one"))
	take("mailbox a", "two", true)

	done(s.Reclaim(t.Context(), func(owner string) bool { return owner == "one" }))
	take("mailbox a", "three", false)
	done(s.Reclaim(t.Context(), func(owner string) bool { return owner == "two" }))
	take("mailbox a", "three", true)
	take("mailbox b", "three", true)

	done(s.write(t.Context(), "let time pass", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE leases SET expires_at = now() - interval '1 second'`)
		return err
	}))
	take("mailbox a", "four", true)
}
