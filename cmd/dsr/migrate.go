package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// migrate brings the schema up to date, or says how it stands.
func migrate(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("migrate", "[up|status]", "Applies what the database's schema lacks, or says how it stands. Without a word: up.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	what := fs.Arg(0)
	if fs.NArg() > 1 || what != "" && what != "up" && what != "status" {
		return usage(stderr, "migrate", "knows up and status")
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, "migrate", err)
	}
	err = withDatabase(ctx, c, func(d *database) error {
		if what != "status" {
			if err := d.Migrate(ctx); err != nil {
				return err
			}
		}
		have, want, err := d.Schema(ctx)
		if err == nil {
			fmt.Fprintf(stdout, "schema %d of %d\n", have, want)
		}
		return err
	})
	if err != nil {
		return fail(stderr, "migrate", err)
	}
	return exitDone
}
