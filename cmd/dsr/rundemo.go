package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/cmd/dsr/demo"
	"github.com/essex-dsr/dsr/web"
	"github.com/essex-dsr/dsr/workflow"
)

// demoUser is one of the people to sign in as.
type demoUser struct {
	email, name string
	roles       []workflow.Role
	does        string
}

func demoUsers() []demoUser {
	return []demoUser{
		{"coordinator@demo.example", "Cora Dean", []workflow.Role{workflow.Coordinator}, "works the queue, drafts letters"},
		{"practitioner@demo.example", "Pat Rowe", []workflow.Role{workflow.Practitioner, workflow.PanelMember}, "records consent, rates, reviews"},
		{"chair@demo.example", "Chidi Hall", []workflow.Role{workflow.Chair}, "opens cases in the panel, records decisions"},
		{"member@demo.example", "Mo Singh", []workflow.Role{workflow.PanelMember}, "sits on the panel for health"},
		{"expert@demo.example", "Esme Ward", []workflow.Role{workflow.Expert}, "expert by experience on the panel"},
		{"manager@demo.example", "Maya Cole", []workflow.Role{workflow.Manager}, "approves letters, corrects, settings"},
		{"governance@demo.example", "Gwen Shaw", []workflow.Role{workflow.Governance}, "audit"},
		{"admin@demo.example", "Ade Frost", []workflow.Role{workflow.Admin}, "accounts; sees no case"},
	}
}

// runDemo is `dsr serve` with settings of its own, so that it can never touch a
// real mailbox or database, and with an outside world in the same process.
func runDemo(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, _ func(string) string) int {
	fs := newFlags("demo", "[--addr 127.0.0.1:8080] [--data DIR]",
		"Runs everything on this machine without any set-up, with sample mails that arrive over the first minutes. It ignores every DSR_ setting.")
	addr := fs.String("addr", "127.0.0.1:8080", "`address` of the pages")
	data := fs.String("data", "", "a `folder` to keep; without it a fresh one is used and removed at the end")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	if code, done := noArguments(fs, stderr); done {
		return code
	}
	if err := demoIn(ctx, *addr, *data, stdout); err != nil {
		return fail(stderr, "demo", err)
	}
	return exitDone
}

func demoIn(ctx context.Context, addr, data string, stdout io.Writer) (err error) {
	dir, remove, err := demoFolder(data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	logFile, err := os.OpenFile(filepath.Join(dir, "dsr.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()
	log := slog.New(slog.NewTextHandler(logFile, nil))
	world, err := demo.Start(ctx, demo.Options{Dir: keptIn(data, dir), Now: time.Now, Log: log, Icon: "/static/demo/icon.svg",
		Stylesheets: []string{"/static/demo/govuk-frontend.min.css", "/static/demo/moj-frontend.min.css", "/static/demo/app.css"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, world.Close()) }()
	c, err := demoConfig(addr, dir, world)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "Starting PostgreSQL, a mailbox and a mail sink on this machine …")
	more := extra{pages: map[string]http.Handler{"/demo/": world.Handler()},
		notices: []string{"This is a demonstration: every person and mail is invented, and nothing leaves this machine. Letters that were sent, and a button that delivers the next mail, are at /demo/outbox."}}
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	return runService(ctx, c, parts{true, true, true, true}, log, more, func(at string, s *service) {
		passwords, err := s.furnish(ctx)
		if err != nil {
			stop(fmt.Errorf("furnish the demo: %w", err))
			return
		}
		greet(stdout, at, passwords)
		deliveries.Go(func() {
			if err := world.Run(ctx); err != nil {
				stop(err)
			}
		})
	})
}

// keptIn is where the mailbox of the demo survives a restart: only in a folder
// that the user chose.
func keptIn(data, dir string) string {
	if data == "" {
		return ""
	}
	return filepath.Join(dir, "mailbox")
}

func demoFolder(data string) (dir string, remove func() error, err error) {
	if data != "" {
		dir, err = filepath.Abs(data)
		if err == nil {
			err = os.MkdirAll(dir, 0o711)
		}
		return dir, func() error { return nil }, err
	}
	dir, err = os.MkdirTemp("", "dsr-demo-")
	if err == nil {
		err = os.Chmod(dir, 0o711) // the database's own user must pass through
	}
	return dir, func() error { return os.RemoveAll(dir) }, err
}

// demoConfig is the whole of the demo's settings; the environment has no say.
func demoConfig(addr, dir string, w *demo.World) (Config, error) {
	settings := map[string]string{
		"DSR_DATA_DIR": dir, "DSR_HTTP_ADDR": addr, "DSR_IMAP_URL": w.IMAPURL(), "DSR_IMAP_PASSWORD": w.Password(), "DSR_IMAP_START": "all",
		"DSR_SMTP_URL": w.SMTPURL(), "DSR_MAIL_FROM": "Essex DSR team <" + demo.Address + ">", "DSR_AUTHSERV_ID": demo.AuthServID,
		"DSR_CACHE_DIR": demoCache(dir),
	}
	return loadConfig(func(name string) string { return settings[name] }, os.Geteuid() == 0)
}

// demoCache keeps the compiled PDF engine between demos, where there is a place.
func demoCache(dir string) string {
	if c, err := os.UserCacheDir(); err == nil {
		return filepath.Join(c, "dsr")
	}
	return filepath.Join(dir, "cache")
}

// furnish makes accounts, names and a panel, unless an earlier run did.
func (s *service) furnish(ctx context.Context) (map[string]string, error) {
	passwords := map[string]string{}
	ids := map[string]workflow.ActorID{}
	password := strings.ToLower(rand.Text()[:4] + "-" + rand.Text()[:4] + "-" + rand.Text()[:4])
	hash, err := web.HashPassword(password)
	if err != nil {
		return nil, err
	}
	var known bool
	for _, u := range demoUsers() {
		account := demoAccount(u, hash)
		if old, err := s.db.UserByEmail(ctx, u.email); err == nil {
			account.ID, account.Version, known = old.ID, old.Version, true
		}
		id, err := s.db.SaveUser(ctx, workflow.Service(), s.config.Now(), account)
		if err != nil {
			return nil, err
		}
		ids[u.email], passwords[u.email] = id, password
	}
	if known {
		return passwords, nil
	}
	return passwords, errors.Join(s.furnishTeam(ctx), s.furnishDirectory(ctx), s.furnishPanel(ctx, ids))
}

func greet(out io.Writer, at string, passwords map[string]string) {
	fmt.Fprintf(out, "\nThe demo runs at http://%s/\n\nSign in as:\n", at)
	for _, u := range demoUsers() {
		fmt.Fprintf(out, "  %-27s %s   %s\n", u.email, passwords[u.email], u.does)
	}
	fmt.Fprintf(out, `
Sample mails are arriving now, a crisis mail among them. Try this:
  1. As coordinator: open the queue, take a case, confirm what was read beside the mail.
  2. As practitioner: record consent, make the case ready.
  3. As coordinator: put it on the panel; as chair: open it and record the decision.
  4. As coordinator: submit the letter; as manager: approve it.
  5. Read the letters that left, and deliver more mails: http://%s/demo/outbox
Stop with Ctrl-C.
`, at)
}
