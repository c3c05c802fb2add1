package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/essex-dsr/dsr/intake/mailbox"
)

// mailboxCheck tries everything that the service will need of the mailboxes and
// changes nothing in them.
func mailboxCheck(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "mailbox check"
	fs := newFlags(name, "", "Signs in to the mailboxes of the settings and says step by step what works. Changes nothing.")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, name, err)
	}
	if len(c.Mailboxes) == 0 {
		return fail(stderr, name, fmt.Errorf("no mailbox is set; set DSR_IMAP_URL, such as imaps://user@host/INBOX"))
	}
	want := mailbox.CheckWants{Keyword: c.After.Flag, MoveTo: c.After.Move}
	failed := 0
	for _, account := range c.accounts(newTokens(c)) {
		fmt.Fprintf(stdout, "mailbox %s\n", account.Name)
		failed += printSteps(stdout, mailbox.Check(ctx, account, want))
	}
	if failed > 0 {
		return fail(stderr, name, fmt.Errorf("%d of the steps above did not work; each says what to do", failed))
	}
	return exitDone
}

// accounts are the mailboxes with the token that all without a password share.
func (c Config) accounts(t *tokens) []mailbox.Account {
	all := append([]mailbox.Account(nil), c.Mailboxes...)
	for i := range all {
		if all[i].Password == "" && t != nil {
			all[i].Token = t.Instead
		}
	}
	return all
}

func printSteps(w io.Writer, steps []mailbox.Step) (failed int) {
	for _, s := range steps {
		mark := "ok  "
		if !s.OK {
			mark = "FAIL"
			failed++
		}
		fmt.Fprintf(w, "  %s %s: %s\n", mark, s.Name, s.Detail)
		if s.Do != "" {
			fmt.Fprintf(w, "       %s\n", s.Do)
		}
	}
	return failed
}
