package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/essex-dsr/dsr/store/cluster"
)

// serve is the service: poller, letter sender, timers, pages.
func serve(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("serve", "[--only intake,letters,web,jobs] [--print-config]", "Runs the service. Several may run against one database.")
	only := fs.String("only", "", "the `parts` to run: intake, letters, web, jobs; all when not given")
	printConfig := fs.Bool("print-config", false, "print the settings, secrets masked, and end")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	p, err := parseParts(*only)
	if err != nil {
		return usage(stderr, "serve", "%v", err)
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, "serve", err)
	}
	if *printConfig {
		c.Print(stdout, getenv)
		return exitDone
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	if err := runService(ctx, c, p, log, extra{}, nil); err != nil {
		return fail(stderr, "serve", err)
	}
	return exitDone
}

// runService opens the database, brings the schema up to date and runs the parts
// until ctx ends.
func runService(ctx context.Context, c Config, p parts, log *slog.Logger, more extra, ready func(addr string, s *service)) (err error) {
	if err := ownerless(c); err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if c.Migrate == "on" {
		if err := db.Migrate(ctx); err != nil {
			return fmt.Errorf("bring the schema up to date: %w", err)
		}
	}
	if err := db.ready(ctx); err != nil {
		return err
	}
	rehearse(c, db.Store)
	s, err := newService(c, p, db, log, more)
	if err != nil {
		return err
	}
	return s.run(ctx, func(addr string) {
		if ready != nil {
			ready(addr, s)
		}
	})
}

// ownerless refuses a data directory whose private database another program
// runs: the service would lose its database when that program ends.
func ownerless(c Config) error {
	if c.DatabaseURL != "" {
		return nil
	}
	if _, err := cluster.Running(c.DataDir); err == nil {
		return fmt.Errorf("%s: %w; stop that program, or set another DSR_DATA_DIR", c.DataDir, cluster.ErrOwned)
	}
	return nil
}
