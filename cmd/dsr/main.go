// Command dsr is the email-driven intake and case service of the Essex Dynamic
// Support Register: one program with a sub-command for each thing an operator
// does.
//
// It promises exit status 0 when the thing was done, 1 when it failed (one line
// on standard error saying what and what to do) and 2 when it was called
// wrongly. Settings come from the environment alone (config.go). This package
// only wires: every rule stands in a room below.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// runFunc is a sub-command: its arguments without its name, and the outside
// world as parameters so that a test can give it another.
type runFunc func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int

// command is one row of the table of sub-commands.
type command struct {
	name   string // one or two words: "version", "mailbox check"
	args   string // what follows, for the usage line
	short  string // one line for the list
	hidden bool   // started by the program itself, not by people
	run    runFunc
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program without its process.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		printHelp(stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help", "-help":
		return help(args[1:], stdout, stderr)
	case "--version", "-version":
		args = []string{"version"}
	}
	c, rest, err := find(args)
	if err != nil {
		fmt.Fprintf(stderr, "dsr: %v; `dsr help` lists the commands\n", err)
		return exitUsage
	}
	return c.run(ctx, rest, stdin, stdout, stderr, getenv)
}

// find matches the longest command name that args begin with.
func find(args []string) (command, []string, error) {
	var best *command
	all := commands()
	for i := range all {
		words := strings.Fields(all[i].name)
		if len(words) > len(args) || strings.Join(args[:len(words)], " ") != all[i].name {
			continue
		}
		if best == nil || len(all[i].name) > len(best.name) {
			best = &all[i]
		}
	}
	if best != nil {
		return *best, args[len(strings.Fields(best.name)):], nil
	}
	if below := family(args[0]); len(below) > 0 {
		return command{}, nil, fmt.Errorf("%q needs one of: %s", args[0], strings.Join(below, ", "))
	}
	return command{}, nil, fmt.Errorf("there is no command %q", args[0])
}

// family lists the second words of the commands that begin with word.
func family(word string) []string {
	var second []string
	for _, c := range commands() {
		if first, rest, ok := strings.Cut(c.name, " "); ok && first == word {
			second = append(second, rest)
		}
	}
	return second
}

func help(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		printHelp(stdout)
		return exitDone
	}
	c, _, err := find(args)
	if err != nil {
		fmt.Fprintf(stderr, "dsr: %v; `dsr help` lists the commands\n", err)
		return exitUsage
	}
	none := func(string) string { return "" }
	return c.run(context.Background(), []string{"--help"}, strings.NewReader(""), stdout, stderr, none)
}

func printHelp(w io.Writer) {
	fmt.Fprint(w, "dsr - intake and cases of the Essex Dynamic Support Register\n\nusage: dsr COMMAND [options]\n\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(w, "  %-18s %s\n", c.name, c.short)
		}
	}
	fmt.Fprint(w, "\n`dsr COMMAND --help` says more. Settings are environment variables: `dsr serve --print-config`.\n")
}

// newFlags makes the flag set of a command. Parse errors and help are printed
// by parse, so that each goes to the right stream.
func newFlags(name, args, about string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: %s\n\n%s\n", strings.TrimSpace("dsr "+name+" "+args), about)
		any := false
		fs.VisitAll(func(*flag.Flag) { any = true })
		if any {
			fmt.Fprint(fs.Output(), "\noptions:\n")
			fs.PrintDefaults()
		}
	}
	return fs
}

// parse reads the flags, which may stand before, between and after the other
// words; what follows a bare -- is words only. When done is true the command
// ends with code: help was asked for, or the call was wrong.
func parse(fs *flag.FlagSet, args []string, stdout, stderr io.Writer) (code int, done bool) {
	var literal []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, literal = args[:i], args[i+1:]
	}
	words := []string{"--"}
	for {
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			fs.SetOutput(stdout)
			fs.Usage()
			return exitDone, true
		case err != nil:
			return usage(stderr, fs.Name(), "%v", err), true
		}
		if fs.NArg() == 0 {
			break
		}
		words, args = append(words, fs.Arg(0)), fs.Args()[1:]
	}
	if err := fs.Parse(append(words, literal...)); err != nil { // only words are left
		return usage(stderr, fs.Name(), "%v", err), true
	}
	return exitDone, false
}

// usage reports a wrong call in one line.
func usage(stderr io.Writer, name, format string, args ...any) int {
	fmt.Fprintf(stderr, "dsr %s: %s; see `dsr %s --help`\n", name, fmt.Sprintf(format, args...), name)
	return exitUsage
}

// fail reports what went wrong in one line and ends with status 1.
func fail(stderr io.Writer, name string, err error) int {
	fmt.Fprintf(stderr, "dsr %s: %s\n", name, oneLine(err))
	return exitFailed
}

func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// noArguments refuses what follows the flags of a command that takes nothing.
func noArguments(fs *flag.FlagSet, stderr io.Writer) (code int, done bool) {
	if fs.NArg() > 0 {
		return usage(stderr, fs.Name(), "does not take %q", fs.Arg(0)), true
	}
	return exitDone, false
}
