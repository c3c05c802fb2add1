package main

import (
	"context"
	"io"
	"os"
)

// serve prints the settings.
func serve(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	fs := newFlags("serve", "--print-config", "Prints the settings that the service runs with.")
	printConfig := fs.Bool("print-config", false, "print the settings, secrets masked, and end")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	if !*printConfig {
		return usage(stderr, "serve", "needs --print-config")
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, "serve", err)
	}
	c.Print(stdout, getenv)
	return exitDone
}
