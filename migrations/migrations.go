// Package migrations holds the database's schema as numbered files. They are
// only added to, never changed; each runs in one transaction and is safe
// beside the running version.
package migrations

import "embed"

// FS is the files, as goose reads them.
//
//go:embed *.sql
var FS embed.FS
