package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// commands is the table of all sub-commands, in the order of the help page. A
// command stands here only when it works.
func commands() []command {
	return []command{
		{name: "serve", args: "[--only PARTS]", short: "the service: mailbox, letters, clocks and pages", run: serve},
		{name: "demo", short: "the service with a world of its own, to try it", run: runDemo},
		{name: "user add", args: "--email ADDRESS --name NAME --role ROLE", short: "add an account", run: userAdd()},
		{name: "user list", short: "list the accounts", run: userList()},
		{name: "user disable", args: "--email ADDRESS", short: "stop an account from signing in", run: userDisable()},
		{name: "user reset", args: "--email ADDRESS", short: "set a new password and unlock an account", run: userReset()},
		{name: "parse", args: "FILE...", short: "read mails and print what is understood of them", run: parseCommand},
		{name: "intake", args: "[--json] [--mailbox NAME] FILE...", short: "take raw mails in and say what became of each", run: intakeCommand},
		{name: "mailbox check", short: "say step by step what works with the mailbox", run: mailboxCheck},
		{name: "mailbox reconcile", args: "[--json]", short: "account for every mail that the mailboxes showed", run: mailboxReconcile},
		{name: "migrate", args: "[up|status]", short: "bring the schema up to date, or say how it stands", run: migrate},
		{name: "letter preview", args: "KIND", short: "show a letter with the facts of an invented person", run: letterPreview},
		{name: "audit verify", short: "check the hash chain of the audit log", run: auditVerify},
		{name: "verify", args: "[--json]", short: "check that everything kept is whole", run: verify},
		{name: "workflow", args: "[--format text|mermaid|svg]", short: "print the life of a case from the transition table", run: printWorkflow},
		{name: "healthcheck", short: "ask the running service whether it is ready", run: healthcheck},
		{name: "completion", args: "bash", short: "print the shell completion", run: completion},
		{name: "version", short: "print version, commit and Go version", run: version},
		{name: document.ChildCommand, hidden: true, run: documentChild},
		{name: "document-warm", hidden: true, run: documentWarm},
	}
}

func version(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, _ func(string) string) int {
	fs := newFlags("version", "", "Prints the version, the commit it was built from and the Go version.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	v, commit := built()
	fmt.Fprintf(stdout, "dsr %s, commit %s, %s %s/%s\n", v, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitDone
}

// built says what the Go tool recorded in the binary about its source.
func built() (version, commit string) {
	version, commit = "unknown", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if v := info.Main.Version; v != "" {
		version = v
	}
	changed := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			commit = s.Value
		case "vcs.modified":
			changed = s.Value == "true"
		}
	}
	if changed {
		commit += " (with changes)"
	}
	return version, commit
}

func completion(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, _ func(string) string) int {
	fs := newFlags("completion", "bash", "Prints a completion script. To use it now: source <(dsr completion bash)")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if fs.NArg() != 1 || fs.Arg(0) != "bash" {
		return usage(stderr, "completion", "needs the shell, and knows only bash")
	}
	fmt.Fprint(stdout, bashCompletion(commands()))
	return exitDone
}

// bashCompletion completes the first and second word of a command and file
// names after that.
func bashCompletion(all []command) string {
	second := map[string][]string{}
	first := []string{"help"}
	for _, c := range all {
		if c.hidden {
			continue
		}
		head, rest, _ := strings.Cut(c.name, " ")
		if second[head] == nil {
			second[head] = []string{}
			first = append(first, head)
		}
		if rest != "" {
			second[head] = append(second[head], rest)
		}
	}
	var b strings.Builder
	b.WriteString("_dsr() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words=--help\n  if [ \"$COMP_CWORD\" = 1 ]; then\n")
	fmt.Fprintf(&b, "    words=%q\n  elif [ \"$COMP_CWORD\" = 2 ]; then\n    case ${COMP_WORDS[1]} in\n", strings.Join(first, " "))
	fmt.Fprintf(&b, "      help) words=%q ;;\n", strings.Join(first[1:], " "))
	for _, head := range first {
		if len(second[head]) > 0 {
			fmt.Fprintf(&b, "      %s) words=%q ;;\n", head, strings.Join(append(second[head], "--help"), " "))
		}
	}
	b.WriteString("    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -o default -F _dsr dsr\n")
	return b.String()
}
