package schema_test

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	_ "github.com/lib/pq"

	"github.com/essex-dsr/dsr/migrations"
	"github.com/essex-dsr/dsr/store/schema"
	"github.com/essex-dsr/dsr/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestUpFromNothingAndAgain(t *testing.T) {
	t.Parallel()
	db := open(t, storetest.Empty(t))
	have, want, err := schema.Versions(t.Context(), db)
	if err != nil || have != 0 || want < 1 {
		t.Fatalf("empty database: have %d, want %d, %v", have, want, err)
	}
	for range 2 {
		if err := schema.Up(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if have, _, err = schema.Versions(t.Context(), db); err != nil || have != want {
			t.Fatalf("have %d, %v; want %d", have, err, want)
		}
	}
}

func TestSeveralServicesAtOnce(t *testing.T) {
	t.Parallel()
	url := storetest.Empty(t)
	var wg sync.WaitGroup
	for range 3 {
		db := open(t, url)
		wg.Go(func() {
			if err := schema.Up(t.Context(), db); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	var applied, distinct int
	err := open(t, url).QueryRow(`SELECT count(*), count(DISTINCT version_id) FROM goose_db_version`).Scan(&applied, &distinct)
	if err != nil || applied != distinct {
		t.Errorf("%d rows for %d versions, %v; want each applied once", applied, distinct, err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, storetest.DB(t))
	if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := schema.Up(t.Context(), db); !errors.Is(err, schema.ErrNewer) {
		t.Errorf("got %v, want %v", err, schema.ErrNewer)
	}
}

// TestFilesKeepTheRules: forward only, one transaction each, numbered without
// a gap.
func TestFilesKeepTheRules(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("migrations: %v, %v", files, err)
	}
	forbidden := regexp.MustCompile(`(?im)^--\s*\+goose\s+(down|no\s+transaction)`)
	for i, name := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, want) {
			t.Errorf("%s does not begin with %s", name, want)
		}
		b, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if m := forbidden.Find(b); m != nil {
			t.Errorf("%s says %q", name, m)
		}
	}
}
