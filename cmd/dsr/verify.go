package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// readingAlarm is how long a mail may be without an end before it is an alarm.
const readingAlarm = 5 * time.Minute

// mailboxReconcile accounts for every mail that a mailbox ever showed.
func mailboxReconcile(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "mailbox reconcile"
	var r store.Reconciliation
	code, asJSON, done := check(ctx, name, "Counts each mail that the mailboxes showed by how it ended, as of the last good poll, and lists those without an end.",
		args, stdout, stderr, getenv, func(d *database) (err error) {
			r, err = d.Reconcile(ctx, readingAlarm)
			return err
		})
	if done {
		return code
	}
	if asJSON {
		return printCheck(stdout, stderr, name, r, r.OK)
	}
	for _, f := range r.Folders {
		printFolder(stdout, f)
	}
	if len(r.Folders) == 0 {
		fmt.Fprintln(stdout, "No mailbox has been read yet.")
	}
	if !r.OK {
		return fail(stderr, name, fmt.Errorf("not every mail is accounted for: open those listed above in the mailbox itself, and see whether `dsr serve` runs"))
	}
	return exitDone
}

func printFolder(w io.Writer, f store.FolderAccount) {
	fmt.Fprintf(w, "%s/%s (UIDVALIDITY %d): %d on the server, %d in the ledger, %d gone since\n", f.Mailbox, f.Folder, f.UIDValidity, f.OnServer, f.InLedger, f.Gone)
	for _, end := range workflow.MailEnds() {
		if n := f.ByEnd[end]; n > 0 {
			fmt.Fprintf(w, "  %-12s %d\n", end, n)
		}
	}
	for _, m := range f.WithoutEnd {
		fmt.Fprintf(w, "  without an end: UID %d since %s, %s\n", m.UID, m.Since.Format(time.RFC3339), m.Why)
	}
}

// verify checks that everything kept is whole.
func verify(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "verify"
	var v store.Verification
	code, asJSON, done := check(ctx, name, "Checks that every message, document, case, letter and event is whole. Changes nothing.",
		args, stdout, stderr, getenv, func(d *database) (err error) {
			v, err = d.Verify(ctx)
			return err
		})
	if done {
		return code
	}
	if asJSON {
		return printCheck(stdout, stderr, name, v, v.OK)
	}
	for _, b := range v.Broken {
		fmt.Fprintf(stdout, "broken: %s: %s\n", b.What, b.Why)
	}
	c := v.Checked
	fmt.Fprintf(stdout, "checked: %d messages, %d documents, %d cases, %d letters, %d events\n", c.Messages, c.Documents, c.Cases, c.Letters, c.Events)
	if !v.OK {
		return fail(stderr, name, fmt.Errorf("%d things are not whole; keep the database as it is, and compare with a backup", len(v.Broken)))
	}
	return exitDone
}

// check is what the commands share that look at the database and print what they
// found, as text or as JSON.
func check(ctx context.Context, name, about string, args []string, stdout, stderr io.Writer, getenv func(string) string,
	look func(*database) error) (code int, asJSON, done bool) {
	fs := newFlags(name, "[--json]", about)
	j := fs.Bool("json", false, "print JSON")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code, false, true
	}
	if code, done := noArguments(fs, stderr); done {
		return code, false, true
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err == nil {
		err = withDatabase(ctx, c, func(d *database) error {
			if err := d.ready(ctx); err != nil {
				return err
			}
			return look(d)
		})
	}
	if err != nil {
		return fail(stderr, name, err), false, true
	}
	return exitDone, *j, false
}

func printCheck(stdout, stderr io.Writer, name string, found any, ok bool) int {
	if err := json.NewEncoder(stdout).Encode(found); err != nil {
		return fail(stderr, name, err)
	}
	if !ok {
		return exitFailed
	}
	return exitDone
}
