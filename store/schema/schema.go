// Package schema brings a database to the shape this program expects.
//
// It promises: migrations run in order, each in one transaction, under a
// session lock, so that several starting services apply each exactly once; and
// a database that a newer program has migrated is refused with ErrNewer and
// left alone. Migrations only go forward: the way back is a restored backup.
package schema

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/essex-dsr/dsr/migrations"
)

// ErrNewer says that the database was migrated by a newer program.
var ErrNewer = errors.New("the database was migrated by a newer version of this program")

// Up applies what the database lacks.
func Up(ctx context.Context, db *sql.DB) error {
	have, want, err := Versions(ctx, db)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("schema %d, this program knows %d: %w: install that version", have, want, ErrNewer)
	}
	p, err := provider(db)
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	return nil
}

// Versions returns the version that the database has, 0 for an empty one, and
// the version that this program wants. It changes nothing.
func Versions(ctx context.Context, db *sql.DB) (have, want int64, err error) {
	p, err := provider(db)
	if err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	want = sources[len(sources)-1].Version
	var stands bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&stands); err != nil {
		return 0, 0, fmt.Errorf("look for the schema's version: %w", err)
	}
	if !stands {
		return 0, want, nil
	}
	if err := db.QueryRowContext(ctx, `SELECT COALESCE(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have); err != nil {
		return 0, 0, fmt.Errorf("read the schema's version: %w", err)
	}
	return have, want, nil
}

// provider is goose over the embedded files. The lock is tried each second
// for five minutes: a large migration of another service may hold it.
func provider(db *sql.DB) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return nil, fmt.Errorf("migration lock: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS,
		goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return p, nil
}
