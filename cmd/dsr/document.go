package main

import (
	"context"
	"io"
	"os"

	"github.com/essex-dsr/dsr/intake/document"
)

// documentChild is the program's other life: the confined reader of untrusted
// documents that document.Sandbox starts.
func documentChild(_ context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, _ func(string) string) int {
	if len(args) > 0 {
		return usage(stderr, document.ChildCommand, "is started by the program itself and takes no arguments")
	}
	return document.ChildMain(stdin, stdout)
}

// documentWarm fills the cache with the compiled PDF engine, so that a
// container's image has it ready-made.
func documentWarm(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("document-warm", "", "Compiles the PDF engine into DSR_CACHE_DIR.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, "document-warm", err)
	}
	exe, err := os.Executable()
	if err != nil {
		return fail(stderr, "document-warm", err)
	}
	if err := document.NewSandbox(exe, c.CacheDir).Prepare(ctx); err != nil {
		return fail(stderr, "document-warm", err)
	}
	return exitDone
}
