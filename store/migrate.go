package store

import (
	"context"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/store/schema"
)

// ErrNewer says that the database was migrated by a newer program.
var ErrNewer = schema.ErrNewer

// Migrate applies the migrations that the database lacks: forward only, in
// order, one transaction each, one service at a time. A database of a newer
// program is refused with ErrNewer.
func Migrate(ctx context.Context, db *sqlx.DB) error { return schema.Up(ctx, db.DB) }

// Schema returns the version that the database has and the one that this
// program wants. It changes nothing.
func Schema(ctx context.Context, db *sqlx.DB) (have, want int64, err error) {
	return schema.Versions(ctx, db.DB)
}
