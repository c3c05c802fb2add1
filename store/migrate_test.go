package store

import (
	"errors"
	"testing"

	"github.com/essex-dsr/dsr/store/storetest"
)

// TestMigrateThroughTheGuard: the migrations run on the pool that the service
// uses, which refuses writes outside a transaction.
func TestMigrateThroughTheGuard(t *testing.T) {
	t.Parallel()
	db, err := openDB(storetest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	have, want, err := Schema(t.Context(), db)
	if err != nil || have != want || have == 0 {
		t.Fatalf("have %d, want %d, %v", have, want, err)
	}
	write(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`)
	if err := Migrate(t.Context(), db); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want %v", err, ErrNewer)
	}
}
