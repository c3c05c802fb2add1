package storetest

import (
	"database/sql"
	"os"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	_ "github.com/lib/pq"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestDBIsFreshAndMigrated(t *testing.T) {
	t.Parallel()
	a, b := open(t, DB(t)), open(t, DB(t))
	for _, db := range []*sql.DB{a, b} {
		var version int64
		if err := db.QueryRow(`SELECT max(version_id) FROM goose_db_version`).Scan(&version); err != nil || version < 1 {
			t.Fatalf("version %d, %v; want a migrated database", version, err)
		}
	}
	if _, err := a.Exec(`CREATE TABLE only_here (x int)`); err != nil {
		t.Fatal(err)
	}
	var seen bool
	if err := b.QueryRow(`SELECT to_regclass('only_here') IS NOT NULL`).Scan(&seen); err != nil || seen {
		t.Fatalf("the table of one test is seen by another: %v, %v", seen, err)
	}
}

func TestEmptyHasNoTables(t *testing.T) {
	t.Parallel()
	var n int
	if err := open(t, Empty(t)).QueryRow(`SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`).Scan(&n); err != nil || n != 0 {
		t.Fatalf("tables: %d, %v; want none", n, err)
	}
}

func TestDatabaseIsDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("use", func(t *testing.T) {
		url = DB(t)
		open(t, url) // left with an open connection on purpose
	})
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Ping(); err == nil {
		t.Error("the database of a finished test still answers")
	}
}

func TestHashFollowsNamesAndContents(t *testing.T) {
	t.Parallel()
	file := func(name, text string) fstest.MapFS { return fstest.MapFS{name: {Data: []byte(text)}} }
	seen := map[string]string{}
	for name, files := range map[string]fstest.MapFS{
		"one": file("0001_a.sql", "a"), "other text": file("0001_a.sql", "b"), "other name": file("0002_a.sql", "a"),
	} {
		sum, err := migrationsHash(files)
		if err != nil {
			t.Fatal(err)
		}
		if twin, ok := seen[sum]; ok {
			t.Errorf("%s and %s have the same hash %s", name, twin, sum)
		}
		seen[sum] = name
	}
}

func TestSweepRemovesOnlyAbandonedFolders(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	long := time.Now().Add(-time.Hour)
	folder := func(name string, held bool, at time.Time) string {
		dir := root + "/" + folderPrefix + name
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(dir + "/postgres.lock")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if held {
			if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chtimes(f.Name(), at, at); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	cases := map[string]struct {
		dir  string
		stay bool
	}{
		"abandoned":   {folder("a", false, long), false},
		"in use":      {folder("b", true, long), true},
		"just begun":  {folder("c", false, time.Now()), true},
		"of somebody": {root + "/other", true},
	}
	if err := os.Mkdir(cases["of somebody"].dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := sweep(root); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		if _, err := os.Stat(c.dir); (err == nil) != c.stay {
			t.Errorf("%s: stat says %v, want it to stay: %v", name, err, c.stay)
		}
	}
}

func TestWithDatabaseKeepsTheRest(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres:///dsr?host=%2Ftmp%2Fx&user=dsr":  "postgres:///other?host=%2Ftmp%2Fx&user=dsr",
		"postgres://u:p@h:5433/a?sslmode=require":   "postgres://u:p@h:5433/other?sslmode=require",
		"host=/tmp/x user=dsr dbname=dsr port=5433": "host=/tmp/x user=dsr dbname=dsr port=5433 dbname=other",
	} {
		got, err := withDatabase(in, "other")
		if err != nil || got != want {
			t.Errorf("withDatabase(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
