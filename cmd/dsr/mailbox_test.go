package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/cmd/dsr/demo"
)

func TestMailboxCheck(t *testing.T) {
	t.Parallel()
	world, err := demo.Start(t.Context(), demo.Options{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = world.Close() })
	tests := []struct {
		name string
		env  map[string]string
		code int
		out  string
	}{
		{"all well", map[string]string{"DSR_IMAP_URL": world.IMAPURL(), "DSR_IMAP_PASSWORD": world.Password()}, exitDone, "mailbox main\n  ok   "},
		{"flags and moves", map[string]string{"DSR_IMAP_URL": world.IMAPURL(), "DSR_IMAP_PASSWORD": world.Password(), "DSR_IMAP_AFTER": "flag"}, exitDone, "ok   "},
		{"a folder that is not there", map[string]string{"DSR_IMAP_URL": world.IMAPURL(), "DSR_IMAP_PASSWORD": world.Password(), "DSR_IMAP_AFTER": "move:Nowhere"}, exitFailed, "FAIL "},
		{"wrong password", map[string]string{"DSR_IMAP_URL": world.IMAPURL(), "DSR_IMAP_PASSWORD": "guess"}, exitFailed, "FAIL "},
		{"no mailbox", map[string]string{}, exitFailed, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			code, out, problems := runWith(t, test.env, "mailbox", "check")
			if code != test.code || !strings.Contains(out, test.out) || (code == exitFailed) != (strings.Count(problems, "\n") == 1) {
				t.Errorf("exit %d\n%s%s", code, out, problems)
			}
			if strings.Contains(out, world.Password()) || strings.Contains(out, "guess") {
				t.Errorf("a password is shown:\n%s", out)
			}
		})
	}
}
