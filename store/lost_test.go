package store

import (
	"context"
	"errors"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/workflow"
)

// throughProxy is a store whose words to the database may be lost, and one whose
// are not.
func throughProxy(t *testing.T) (*storetest.Proxy, *Store, *Store) {
	t.Helper()
	keys, err := ParseKeys([]string{NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	url := storetest.DB(t)
	proxy, through := storetest.NewProxy(t, url)
	var stores []*Store
	for _, u := range []string{through, url} {
		s, err := Connect(t.Context(), u, keys)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		stores = append(stores, s)
	}
	return proxy, stores[0], stores[1]
}

// once loses the first packet of a kind, and no other.
func loseOnce(is func(storetest.Packet) bool) func(storetest.Packet) bool {
	lost := false
	return func(p storetest.Packet) bool {
		if lost || !is(p) {
			return false
		}
		lost = true
		return true
	}
}

// A COMMIT whose request is lost was not done, and the caller hears it; one whose
// reply is lost was done, and the caller hears that.
func TestALostCommit(t *testing.T) {
	t.Parallel()
	proxy, s, sure := throughProxy(t)
	note := func(name string) error {
		return s.write(t.Context(), "note", func(tx *sqlx.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO leases (name, owner, expires_at) VALUES ($1, 'test', now())`, name)
			return err
		})
	}
	count := func(name string) (n int) {
		if err := sure.db.GetContext(t.Context(), &n, `SELECT count(*) FROM leases WHERE name = $1`, name); err != nil {
			t.Fatal(err)
		}
		return n
	}
	proxy.Lose(loseOnce(storetest.Packet.CommitRequest))
	if err := note("request"); err == nil || count("request") != 0 {
		t.Errorf("request lost: %v, %d rows, want an error and none", err, count("request"))
	}
	proxy.Lose(loseOnce(storetest.Packet.CommitReply))
	if err := note("reply"); err != nil || count("reply") != 1 {
		t.Errorf("reply lost: %v, %d rows, want it done and known to be done", err, count("reply"))
	}
	proxy.Lose(loseOnce(storetest.Packet.CommitReply))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := s.write(ctx, "note", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `SELECT 1`)
		return err
	})
	if err == nil {
		t.Error("a transaction that wrote nothing has no number to ask for: its lost reply is an error")
	}
}

// A constraint that fails, and a backend that dies, exactly at COMMIT.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	_, s, sure := throughProxy(t)
	for _, q := range []string{`
		CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
		    IF NEW.name = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
		    IF NEW.name = 'fail' THEN RAISE EXCEPTION 'on purpose'; END IF;
		    RETURN NULL;
		END $$`, `
		CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON leases DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()`} {
		err := sure.write(t.Context(), "trap", func(tx *sqlx.Tx) error {
			_, err := tx.ExecContext(t.Context(), q)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"die": false, "fail": false, "live": true} {
		held, err := s.Lease(t.Context(), name, "test", 0)
		var n int
		if err := sure.db.GetContext(t.Context(), &n, `SELECT count(*) FROM leases WHERE name = $1`, name); err != nil {
			t.Fatal(err)
		}
		if (err == nil) != want || (n == 1) != want || want && !held {
			t.Errorf("%s: %v, %d rows, want it done: %v", name, err, n, want)
		}
	}
}

// A person whose click was done hears that it was done, and a second click finds
// the page out of date: nothing is written twice.
func TestAClickWhoseCommitIsLost(t *testing.T) {
	t.Parallel()
	proxy, s, _ := throughProxy(t)
	who := workflow.Actor{ID: 1, Name: "Test", Roles: []workflow.Role{workflow.Coordinator}}
	_, made := receive(t, s, 1, workflow.Routine)
	note := func(f workflow.File) (workflow.Change, error) { return f.AddNote(who, monday, "rang her") }
	proxy.Lose(loseOnce(storetest.Packet.CommitReply))
	after, err := s.Act(t.Context(), made.ID, 1, note)
	if err != nil || after.Version != 2 {
		t.Fatalf("%+v, %v: want the note taken", after, err)
	}
	if _, err := s.Act(t.Context(), made.ID, 1, note); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("the same click again: %v, want a conflict", err)
	}
}
