package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/jobs"
	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/web"
)

// parts are what one process does; several may share the work.
type parts struct{ intake, letters, web, jobs bool }

// parseParts reads --only; "" is everything.
func parseParts(s string) (parts, error) {
	if s == "" {
		return parts{true, true, true, true}, nil
	}
	var p parts
	for _, name := range strings.Split(s, ",") {
		switch strings.TrimSpace(name) {
		case "intake":
			p.intake = true
		case "letters":
			p.letters = true
		case "web":
			p.web = true
		case "jobs":
			p.jobs = true
		default:
			return p, fmt.Errorf("%q is not one of intake, letters, web, jobs", name)
		}
	}
	return p, nil
}

// service is everything wired together: `dsr serve` and `dsr demo` are the same
// function with other settings.
type service struct {
	config  Config
	parts   parts
	db      *database
	log     *slog.Logger
	name    string
	metrics *metrics
	reader  *intake.Service
	pollers []*intake.Poller
	jobs    *jobs.Service
	handler http.Handler
}

// extra is what the demo adds: pages of its own, and words on the start page.
type extra struct {
	pages   map[string]http.Handler
	notices []string
}

func newService(c Config, p parts, db *database, log *slog.Logger, more extra) (*service, error) {
	s := &service{config: c, parts: p, db: db, log: log, name: ownName(), metrics: newMetrics()}
	tokens := newTokens(c)
	book, err := letters.Open(templates.Letters)
	if err != nil {
		return nil, err
	}
	office := letters.Office{Book: book, From: c.From}
	if err := s.wireIntake(tokens); err != nil {
		return nil, err
	}
	s.wireJobs(office, tokens)
	if s.handler, err = s.pages(office, more); err != nil {
		return nil, err
	}
	return s, nil
}

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return host
}

// ownName tells this program from others on the same database.
func ownName() string { return fmt.Sprintf("%s/%d", hostName(), os.Getpid()) }

// diedHere reports whether a name of such a program is one of this machine whose
// process is gone. In a container of the same host name a living one may look
// dead; then two poll one mailbox for a while, which the ledger's keys bear.
func diedHere(name string) bool {
	host, process, found := strings.Cut(name, "/")
	process, _, _ = strings.Cut(process, " ") // what one of its lives is called may follow
	pid, err := strconv.Atoi(process)
	return found && err == nil && pid > 0 && host == hostName() && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func (s *service) wireIntake(t *tokens) error {
	var err error
	if s.reader, err = newReader(s.config, s.db, s.log, s.metrics.intake()); err != nil {
		return err
	}
	for _, account := range s.config.accounts(t) {
		s.pollers = append(s.pollers, &intake.Poller{Store: s.db.Store, Account: account, After: s.config.After, Start: s.config.Start, Every: time.Minute,
			Clock: s.config.Now, Log: s.log, Name: s.name, Kept: s.reader.Wake, Good: s.heartbeat(), Counts: s.metrics.intake()})
	}
	return nil
}

func (s *service) wireJobs(office letters.Office, t *tokens) {
	s.jobs = &jobs.Service{Store: s.db.Store, Office: office, Base: s.config.BaseURL, Clock: s.config.Now, Log: s.log, Name: s.name,
		PerMinute: 30, Counts: s.metrics.jobs()}
	if s.config.SMTP != nil {
		auth := letters.Auth{User: s.config.SMTP.User, Password: s.config.SMTPPassword}
		if auth.Password == "" && t != nil {
			auth.Token = t.Token
		}
		s.jobs.Sender = letters.NewSender(*s.config.SMTP, auth, hostName(), letters.DefaultTimeouts(), nil)
	}
	if accounts := s.config.accounts(t); len(accounts) > 0 {
		s.jobs.Finder = finder{accounts, s.log}
	}
}

// heartbeat pings the address that alarms somewhere else when we fall silent.
func (s *service) heartbeat() func() {
	if s.config.HeartbeatURL == "" {
		return nil
	}
	client := &http.Client{Timeout: 10 * time.Second}
	return func() {
		resp, err := client.Get(s.config.HeartbeatURL)
		if err != nil {
			s.log.Warn("heartbeat not given")
			return
		}
		resp.Body.Close()
	}
}

func (s *service) pages(office letters.Office, more extra) (http.Handler, error) {
	base, err := url.Parse(s.config.BaseURL)
	if err != nil {
		return nil, err
	}
	v, _ := built()
	app, err := web.NewApp(web.AppConfig{Store: s.db.Store, Office: office, Clock: s.config.Now, Log: s.log, Base: base, Version: v,
		Notices: more.notices, Metrics: s.metrics.registry, Problems: s.problems, Sending: s.sending, Intake: s.parts.intake, File: intake.FileOf, Look: look})
	if err != nil {
		return nil, err
	}
	if len(more.pages) == 0 {
		return app, nil
	}
	mux := http.NewServeMux()
	mux.Handle("/", app)
	for pattern, h := range more.pages {
		mux.Handle(pattern, h)
	}
	return mux, nil
}

// look is a mail as its writer laid it out, for the page that cleans it.
func look(raw []byte) (html string, carried map[string]web.Picture) {
	l := intake.LookOf(raw)
	carried = map[string]web.Picture{}
	for id, p := range l.Pictures {
		carried[id] = web.Picture{Type: p.Type, Body: p.Data}
	}
	return l.HTML, carried
}

// sending says why no letter leaves, "" when they leave.
func (s *service) sending() string {
	if s.config.SMTP == nil {
		return "no mail host is set (DSR_SMTP_URL): letters wait"
	}
	return s.jobs.Stopped()
}

// problems are what only the program knows of its own readiness.
func (s *service) problems(ctx context.Context) []web.Problem {
	var out []web.Problem
	warn := func(what, detail, do string) {
		out = append(out, web.Problem{Level: "warn", What: what, Detail: detail, Do: do})
	}
	if len(s.config.Mailboxes) == 0 {
		warn("mailbox", "no mailbox is read", "set DSR_IMAP_URL")
	}
	if s.config.AuthServID == "" {
		warn("sender checks", "no host is set whose checks of senders are believed", "set DSR_AUTHSERV_ID")
	}
	warn("antivirus", "attachments are not scanned", "open them with care: this version has no scanner")
	if ok, why := document.Confined(); !ok {
		warn("document reader", why, "run on a kernel with Landlock")
	}
	if s.config.DatabaseURL == "" && len(s.config.Keys) == 0 {
		warn("keys", "the encryption keys lie on the same disk as the data", "keep a copy elsewhere, or set DSR_ENCRYPTION_KEYS")
	}
	if s.config.Clock != "" {
		warn("clock", "the service runs on a test clock", "unset DSR_CLOCK")
	} else if now, err := s.db.Now(ctx); err == nil {
		if off := time.Since(now).Abs(); off > 2*time.Second {
			warn("clock", fmt.Sprintf("this machine's clock and the database's differ by %s", off.Round(time.Second)), "set both by NTP")
		}
	}
	return out
}

// run does the parts until ctx ends or one of them cannot go on, then finishes
// what is in hand within half a minute.
func (s *service) run(ctx context.Context, ready func(addr string)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var all sync.WaitGroup
	part := func(on bool, do func(context.Context)) {
		if on {
			all.Go(func() { do(ctx) })
		}
	}
	if err := s.db.Reclaim(ctx, diedHere); err != nil {
		return err
	}
	if s.parts.intake {
		if err := s.watch(ctx); err != nil {
			return err
		}
	}
	server, listener, err := s.listen()
	if err != nil {
		return err
	}
	part(s.parts.intake, func(ctx context.Context) { s.reader.Run(ctx) })
	part(s.parts.intake, s.reader.RunPictures)
	for _, p := range s.pollers {
		part(s.parts.intake, func(ctx context.Context) { p.Run(ctx) })
	}
	part(s.parts.letters, s.jobs.RunLetters)
	part(s.parts.jobs, s.jobs.RunChores)
	part(s.parts.web, func(context.Context) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			stop(fmt.Errorf("serve pages: %w", err))
		}
	})
	part(s.db.cluster != nil, func(ctx context.Context) {
		select {
		case <-s.db.cluster.Done():
			stop(errors.New("PostgreSQL ended by itself; its log is in the data directory"))
		case <-ctx.Done():
		}
	})
	s.log.Info("service started", "name", s.name, "intake", s.parts.intake, "letters", s.parts.letters, "web", s.parts.web, "jobs", s.parts.jobs)
	if ready != nil && listener != nil {
		ready(listener.Addr().String())
	}
	<-ctx.Done()
	return s.finish(ctx, server, &all)
}

// watch makes the mailboxes of the settings known, so that one which never lets
// us in is missed.
func (s *service) watch(ctx context.Context) error {
	var folders []store.Folder
	for _, a := range s.config.Mailboxes {
		for _, name := range a.Folders {
			folders = append(folders, store.Folder{Account: a.Name, Name: name})
		}
	}
	return s.db.Watch(ctx, folders, s.config.Now())
}

func (s *service) listen() (*http.Server, net.Listener, error) {
	if !s.parts.web {
		return nil, nil, nil
	}
	l, err := net.Listen("tcp", s.config.HTTPAddr)
	if err != nil {
		return nil, nil, fmt.Errorf("listen on DSR_HTTP_ADDR: %w", err)
	}
	return web.HTTPServer(s.config.HTTPAddr, s.handler, s.log), l, nil
}

// finish waits for what is in hand; the cause of the end is the answer, nil for
// a signal.
func (s *service) finish(ctx context.Context, server *http.Server, all *sync.WaitGroup) error {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 25*time.Second)
	defer cancel()
	var errs []error
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		errs = append(errs, cause)
	}
	if server != nil {
		if err := server.Shutdown(limit); err != nil {
			errs = append(errs, fmt.Errorf("finish the pages in hand: %w", err))
		}
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-limit.Done():
		errs = append(errs, errors.New("something did not finish within 25 seconds"))
	}
	s.log.Info("service ended")
	return errors.Join(errs...)
}
