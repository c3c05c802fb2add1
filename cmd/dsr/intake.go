package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// newReader is the reader of mails that are kept, for the service and for mails
// put in by hand.
func newReader(c Config, db *database, log *slog.Logger, counts intake.Counts) (*intake.Service, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program itself, which reads documents in a child: %w", err)
	}
	sandbox := document.NewSandbox(exe, c.CacheDir)
	r := &intake.Service{Store: db.Store, Documents: sandbox.Open, Pictures: sandbox.Pictures, Own: []string{c.From.Address}, Authserv: c.AuthServID,
		Clock: c.Now, Log: log, Counts: counts}
	for _, m := range c.Mailboxes {
		r.Own = append(r.Own, m.User)
	}
	return r, nil
}

// intakeCommand puts raw mails through the door that the poller uses: kept,
// read, settled. A running service may be quicker at reading them.
func intakeCommand(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "intake"
	fs := newFlags(name, "[--json] [--mailbox NAME] FILE...", "Takes raw mails in (- is standard input), as if they had come by the mailbox, and says what became of each.")
	asJSON := fs.Bool("json", false, "print one JSON object a line")
	account := fs.String("mailbox", "by hand", "the `name` of the mailbox that they belong to")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if fs.NArg() == 0 {
		return usage(stderr, name, "needs a file, or - for standard input")
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, name, err)
	}
	code := exitDone
	err = withDatabase(ctx, c, func(d *database) error {
		if err := d.ready(ctx); err != nil {
			return err
		}
		reader, err := newReader(c, d, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})), intake.Counts{})
		if err != nil {
			return err
		}
		for _, file := range fs.Args() {
			got, err := takeIn(ctx, reader, stdin, file, *account)
			if err != nil {
				code = fail(stderr, name, fmt.Errorf("%s: %w", file, err))
				continue
			}
			if err := got.print(stdout, *asJSON); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fail(stderr, name, err)
	}
	return code
}

// takenIn is what became of one file.
type takenIn struct {
	File        string   `json:"file"`
	SHA256      string   `json:"sha256"`
	End         string   `json:"end"`
	Cases       []string `json:"cases"`
	DuplicateOf *string  `json:"duplicate_of"` // the hash of the mail that it repeats
}

func (t takenIn) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(t)
	}
	line := fmt.Sprintf("%s  %s  %s", t.File, t.SHA256, t.End)
	if len(t.Cases) > 0 {
		line += "  " + strings.Join(t.Cases, " ")
	}
	if t.DuplicateOf != nil {
		line += "  repeats " + *t.DuplicateOf
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// readPatience is how long a command waits for a mail's end. A mail that stops
// its reader is tried again after minutes, by the service too.
const readPatience = 10 * time.Minute

func takeIn(ctx context.Context, reader *intake.Service, stdin io.Reader, file, account string) (takenIn, error) {
	raw, err := readMail(file, stdin)
	if err != nil {
		return takenIn{}, err
	}
	if len(raw) == 0 {
		return takenIn{}, errors.New("it is empty")
	}
	kept, err := reader.Store.Keep(ctx, []store.Incoming{{Folder: store.Folder{Account: account}, InternalDate: reader.Clock(), Raw: raw}})
	if err != nil {
		return takenIn{}, err
	}
	out := takenIn{File: file, SHA256: fmt.Sprintf("%x", kept[0].SHA256), Cases: []string{}}
	ended, err := awaitEnd(ctx, reader, kept[0].Message)
	if err != nil {
		return out, err
	}
	out.End, out.Cases = string(ended.End), append(out.Cases, ended.Cases...)
	switch {
	case kept[0].Known:
		out.DuplicateOf = &out.SHA256
	case len(ended.Repeats) > 0:
		first := fmt.Sprintf("%x", ended.Repeats)
		out.DuplicateOf = &first
	}
	return out, nil
}

// awaitEnd reads what is at hand until the message has its end, here or by a
// service at work on the same database.
func awaitEnd(ctx context.Context, reader *intake.Service, id workflow.MessageID) (store.Ended, error) {
	ctx, cancel := context.WithTimeout(ctx, readPatience)
	defer cancel()
	for {
		if _, err := reader.ReadSome(ctx); err != nil {
			return store.Ended{}, err
		}
		ended, err := reader.Store.Ended(ctx, id)
		if err != nil || ended.End != "" {
			return ended, err
		}
		select {
		case <-ctx.Done():
			return ended, fmt.Errorf("it is kept, and still being read: %w", ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
