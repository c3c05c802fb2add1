package store

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/store/storetest"
)

// openEmpty is a guarded pool over a database without tables.
func openEmpty(t *testing.T) *sqlx.DB {
	t.Helper()
	db, err := openDB(storetest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// write runs statements in one transaction.
func write(t *testing.T, db *sqlx.DB, statements ...string) {
	t.Helper()
	tx, err := db.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, s := range statements {
		if _, err := tx.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// shout makes the server answer with an error of n bytes.
const shout = `CREATE FUNCTION shout(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', repeat('x', n); END $$`

// TestOversizedErrorDoesNotPoisonThePool fails with lib/pq 1.12.3 unguarded:
// the next query on the only connection says "already a query being
// processed", and the transaction hangs past its context.
func TestOversizedErrorDoesNotPoisonThePool(t *testing.T) {
	t.Parallel()
	db := openEmpty(t)
	db.SetMaxOpenConns(1)
	write(t, db, shout)
	ways := map[string]func(ctx context.Context) error{
		"query": func(ctx context.Context) error {
			var n int
			return db.GetContext(ctx, &n, `SELECT shout(60000)`)
		},
		"query with a parameter": func(ctx context.Context) error {
			var n int
			return db.GetContext(ctx, &n, `SELECT shout($1)`, 60000)
		},
		"prepared": func(ctx context.Context) error {
			s, err := db.PreparexContext(ctx, `SELECT shout($1)`)
			if err != nil {
				return err
			}
			var n int
			return errors.Join(s.GetContext(ctx, &n, 60000), s.Close())
		},
		"in the middle of a result": func(ctx context.Context) error {
			var ns []int
			return db.SelectContext(ctx, &ns, `SELECT CASE WHEN g < 900 THEN g ELSE shout(60000) END FROM generate_series(1, 1000) g`)
		},
		"in a transaction": func(ctx context.Context) error {
			tx, err := db.BeginTxx(ctx, nil)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `SELECT shout(60000)`)
			if _, again := tx.ExecContext(ctx, `SELECT 1`); !errors.Is(again, errOversized) {
				return fmt.Errorf("the next statement says %v", again)
			}
			if err := tx.Rollback(); err != nil {
				return fmt.Errorf("rollback: %w", err)
			}
			return err
		},
		"at the commit": func(ctx context.Context) error {
			tx, err := db.BeginTxx(ctx, nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			for _, s := range []string{
				`CREATE TEMP TABLE late (x int)`,
				`CREATE FUNCTION pg_temp.late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.shout(60000); RETURN NULL; END'`,
				`CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.late()`,
				`INSERT INTO late VALUES (1)`,
			} {
				if _, err := tx.ExecContext(ctx, s); err != nil {
					return err
				}
			}
			return tx.Commit()
		},
	}
	for name, fail := range ways {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			err := fail(ctx)
			if !errors.Is(err, errOversized) {
				t.Fatalf("got %.200v, want %v", err, errOversized)
			}
			if strings.Contains(err.Error(), "xxx") {
				t.Error("the server's text is repeated in the error")
			}
			var one int
			if err := db.GetContext(ctx, &one, `SELECT 1`); err != nil || one != 1 {
				t.Fatalf("the next query: %d, %v; want 1", one, err)
			}
			write(t, db, `CREATE TABLE after_it (x int)`, `DROP TABLE after_it`)
		})
	}
	var n int
	if err := db.Get(&n, `SELECT shout(20000)`); err == nil || errors.Is(err, errOversized) || !strings.Contains(err.Error(), "xxx") {
		t.Errorf("an error of 20,000 bytes: got %.80v, want the server's own", err)
	}
}

func TestWritesOutsideATransactionAreRefused(t *testing.T) {
	t.Parallel()
	db := openEmpty(t)
	write(t, db, `CREATE TABLE m (k text PRIMARY KEY)`)
	refused := map[string]func() error{
		"exec": func() error { _, err := db.Exec(`INSERT INTO m VALUES ('a')`); return err },
		"query": func() error {
			var k string
			return db.Get(&k, `INSERT INTO m VALUES ('a') RETURNING k`)
		},
		"hidden in WITH": func() error {
			var k []string
			return db.Select(&k, `WITH d AS (DELETE FROM m RETURNING k) SELECT k FROM d`)
		},
		"prepared": func() error { _, err := db.Prepare(`UPDATE m SET k = 'b'`); return err },
		"after a transaction": func() error {
			conn, err := db.Connx(t.Context())
			if err != nil {
				return err
			}
			defer conn.Close()
			tx, err := conn.BeginTxx(t.Context(), nil)
			if err != nil {
				return err
			}
			if err := tx.Commit(); err != nil {
				return err
			}
			_, err = conn.ExecContext(t.Context(), `INSERT INTO m VALUES ('a')`)
			return err
		},
	}
	for name, do := range refused {
		if err := do(); !errors.Is(err, errAutocommit) {
			t.Errorf("%s: got %v, want %v", name, err, errAutocommit)
		}
	}
	var n int
	if err := db.Get(&n, `SELECT count(*) FROM m`); err != nil || n != 0 {
		t.Errorf("rows: %d, %v; want none", n, err)
	}
}

func TestOnlyReads(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]bool{
		"SELECT 1": true,
		"\n\t-- why\n/* and\nhow */ select k from m":                        true,
		"(SELECT 1) UNION (SELECT 2)":                                       true,
		"SELECT 'DELETE FROM m'":                                            true,
		"WITH a AS (SELECT 1) SELECT * FROM a":                              true,
		"WITH a AS (SELECT updated, deleted FROM m) TABLE a":                true,
		"SHOW server_version":                                               true,
		"VALUES (1)":                                                        true,
		"INSERT INTO m VALUES (1)":                                          false,
		"update m set k = 1":                                                false,
		"WITH a AS (UPDATE ONLY m x SET k = 1 RETURNING k) SELECT k FROM a": false,
		"WITH a AS (\nupdate m\n set k = 1 RETURNING k) SELECT k FROM a":    false,
		"with a as (insert into m values (1) returning k) select k from a":  false,
		"CREATE TABLE m (k text)":                                           false,
		"SELECTED":                                                          false,
		"DO $$ BEGIN END $$":                                                false,
		"NOTIFY x":                                                          false,
		"":                                                                  false,
	} {
		if got := onlyReads(query); got != want {
			t.Errorf("onlyReads(%q) = %v, want %v", query, got, want)
		}
	}
}

func TestContextErrorWins(t *testing.T) {
	t.Parallel()
	db := openEmpty(t)
	inTx := func(ctx, statement context.Context) error {
		tx, err := db.BeginTxx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		_, err = tx.ExecContext(statement, `SELECT pg_sleep(60)`)
		return err
	}
	for name, do := range map[string]func(ctx context.Context) error{
		"query": func(ctx context.Context) error {
			var s string
			return db.GetContext(ctx, &s, `SELECT pg_sleep(60)::text`)
		},
		"between rows": func(ctx context.Context) error {
			var s []string
			return db.SelectContext(ctx, &s, `SELECT pg_sleep(g)::text FROM generate_series(0, 60, 30) g`)
		},
		"statement in a transaction":          func(ctx context.Context) error { return inTx(ctx, ctx) },
		"statement without, transaction with": func(ctx context.Context) error { return inTx(ctx, t.Context()) },
		"transaction without, statement with": func(ctx context.Context) error { return inTx(t.Context(), ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
			}
		})
	}
}

func TestErrorHelpers(t *testing.T) {
	t.Parallel()
	db := openEmpty(t)
	write(t, db, `CREATE TABLE m (k text CONSTRAINT m_key PRIMARY KEY, n int CONSTRAINT m_positive CHECK (n > 0))`, `INSERT INTO m VALUES ('a', 1)`)
	attempt := func(q string) error {
		tx, err := db.Beginx()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		_, err = tx.Exec(q)
		return fmt.Errorf("wrapped: %w", err)
	}
	twice, negative := attempt(`INSERT INTO m VALUES ('a', 2)`), attempt(`INSERT INTO m VALUES ('b', -1)`)
	if !isUnique(twice, "m_key") || !isUnique(twice, "") {
		t.Errorf("%v is not seen as a violation of m_key", twice)
	}
	if isUnique(twice, "other") || isUnique(negative, "") || isUnique(nil, "") || isTransient(twice) {
		t.Error("an error is seen as what it is not")
	}
	for _, code := range []string{"40001", "40P01"} {
		if !isTransient(attempt(`DO $$ BEGIN RAISE EXCEPTION 'tie' USING ERRCODE = '` + code + `'; END $$`)) {
			t.Errorf("%s is not seen as transient", code)
		}
	}
}

// TestTypesInBinaryMode pins how each Go type must be handed over, since
// binary_parameters changes it.
func TestTypesInBinaryMode(t *testing.T) {
	t.Parallel()
	db := openEmpty(t)
	at := time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC)
	var got struct {
		B []byte         `db:"b"`
		J string         `db:"j"`
		T time.Time      `db:"t"`
		A pq.StringArray `db:"a"`
		I pq.Int64Array  `db:"i"`
		N *int64         `db:"n"`
	}
	err := db.Get(&got, `SELECT $1::bytea AS b, $2::jsonb AS j, $3::timestamptz AS t, $4::text[] AS a, $5::bigint[] AS i, $6::bigint AS n`,
		[]byte{0, 1, 255}, `{"a": 1}`, at, pq.StringArray{"x", `y"z`}, pq.Int64Array{1, 2}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.B) != "\x00\x01\xff" || got.J != `{"a": 1}` || !got.T.Equal(at) || got.A[1] != `y"z` || got.I[1] != 2 || got.N != nil {
		t.Errorf("got %+v", got)
	}
	var zone string
	if err := db.Get(&zone, `SHOW timezone`); err != nil || zone != "UTC" {
		t.Errorf("session zone %q, %v; want UTC", zone, err)
	}
}

func TestOnThisMachine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  pq.Config
		want bool
	}{
		"socket":           {pq.Config{Host: "/run/postgresql"}, true},
		"localhost":        {pq.Config{Host: "localhost"}, true},
		"IPv6 loopback":    {pq.Config{Host: "::1"}, true},
		"another name":     {pq.Config{Host: "db.example"}, false},
		"hostaddr wins":    {pq.Config{Host: "localhost", Hostaddr: netip.MustParseAddr("192.0.2.1")}, false},
		"second elsewhere": {pq.Config{Host: "localhost", Multi: []pq.ConfigMultihost{{Host: "db.example"}}}, false},
	} {
		if got := onThisMachine(c.cfg); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTLSIsVerifiedUnlessTheServerIsHere(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]pq.SSLMode{
		"postgres://u@db.example/dsr":                 pq.SSLModeVerifyFull,
		"postgres://u@db.example/dsr?sslmode=disable": pq.SSLModeDisable,
		"postgres://u@127.0.0.1/dsr":                  pq.SSLModePrefer,
		"host=/run/postgresql user=u":                 pq.SSLModeDisable,
	} {
		cfg, err := connConfig(url)
		if err != nil || cfg.SSLMode != want {
			t.Errorf("%s: sslmode %q, %v; want %q", url, cfg.SSLMode, err, want)
		}
	}
}

func TestOpenDBRefusesABadAddress(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://h:notaport/x", "sslmode=perhaps", "host"} {
		if db, err := openDB(url); err == nil {
			db.Close()
			t.Errorf("openDB(%q) is content", url)
		}
	}
}
