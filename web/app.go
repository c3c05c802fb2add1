package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// AppConfig is what the service's pages need of the program.
type AppConfig struct {
	Store   *store.Store
	Office  letters.Office // makes letters for previews
	Clock   func() time.Time
	Log     *slog.Logger
	Base    *url.URL
	Version string
	Notices []string            // said on the start page: a demo, a test clock
	Metrics prometheus.Gatherer // served at /metrics
	// Problems are what only the program knows: antivirus, clock, keys. nil is none.
	Problems func(context.Context) []Problem
	// Sending tells in words why no letter leaves, "" when they leave.
	Sending func() string
	// Intake says that this process reads mail: silence of the mailbox then means
	// that it is not ready.
	Intake bool
	// File takes one file out of a mail's bytes, by its part number.
	File func(raw []byte, part string) ([]byte, error)
	// Look is a mail as its writer laid it out: uncleaned HTML, or its text as
	// HTML, and the pictures it carries by Content-ID.
	Look func(raw []byte) (html string, carried map[string]Picture)
}

// App is the pages of the service: a Server and what its handlers need.
type App struct {
	*Server
	store    *store.Store
	office   letters.Office
	shelf    letters.Shelf
	version  string
	notices  []string
	metrics  prometheus.Gatherer
	problems func(context.Context) []Problem
	sending  func() string
	intake   bool
	file     func(raw []byte, part string) ([]byte, error)
	look     func(raw []byte) (html string, carried map[string]Picture)
	sessions *scs.SessionManager
	hashing  chan struct{} // one password hash at a time: each takes memory and a core
	menu     []menuEntry
}

// NewApp makes the handler of the whole service.
func NewApp(c AppConfig) (http.Handler, error) {
	a, err := newApp(c)
	if err != nil {
		return nil, err
	}
	return a.handler()
}

func newApp(c AppConfig) (*App, error) {
	if c.Store == nil || c.Metrics == nil || c.Sending == nil || c.File == nil || c.Look == nil {
		return nil, errors.New("web: AppConfig lacks Store, Metrics, Sending, File or Look")
	}
	a := &App{store: c.Store, office: c.Office, version: c.Version, notices: c.Notices, metrics: c.Metrics,
		problems: c.Problems, sending: c.Sending, intake: c.Intake, file: c.File, look: c.Look, hashing: make(chan struct{}, 1)}
	if a.problems == nil {
		a.problems = func(context.Context) []Problem { return nil }
	}
	s, err := New(Config{Base: c.Base, Log: c.Log, Now: c.Clock, Who: a.whoIs, Frame: a.frameOf})
	if err != nil {
		return nil, err
	}
	a.Server = s
	a.sessions = newSessions(c.Store, c.Base.Scheme == "https")
	return a, nil
}

func (a *App) handler() (http.Handler, error) {
	table := a.routes()
	a.menu = menuOf(table)
	h, err := a.Handler(table)
	if err != nil {
		return nil, fmt.Errorf("route table: %w", err)
	}
	return withSessions(a.sessions, a.log, h), nil
}

// menuEntry is a place of the menu and who may go there.
type menuEntry struct {
	text, href string
	may        []workflow.Role
}

// menuOf keeps those places of the menu that the table serves, with the table's
// own answer to who may go there.
func menuOf(table []Route) []menuEntry {
	var out []menuEntry
	for _, e := range []menuEntry{{text: "Queue", href: "/"}, {text: "Mail", href: "/messages"}, {text: "Tasks", href: "/tasks"},
		{text: "Letters", href: "/letters"}, {text: "Panels", href: "/panels"}, {text: "Register", href: "/register"},
		{text: "Directory", href: "/directory"}, {text: "Mailbox", href: "/mailbox"}, {text: "Accounts", href: "/users"}, {text: "Settings", href: "/settings"}} {
		for _, route := range table {
			if route.Method == http.MethodGet && (route.Pattern == e.href || route.Pattern == e.href+"{$}") {
				e.may = route.May
				switch e.href {
				case "/":
					e.may = staff() // others are led on from there
				case "/mailbox":
					e.may = []workflow.Role{workflow.Governance, workflow.Admin} // the team comes there from its mail
				}
				out = append(out, e)
			}
		}
	}
	return out
}

// frameOf is what stands round every page: the menu, a crisis that waits, and
// what is wrong with reading mail. When the counts cannot be had the page is
// still shown.
func (a *App) frameOf(r *http.Request, by workflow.Actor) Frame {
	f := Frame{SessionEnds: a.sessionEnds(r)}
	if said := a.sessions.PopString(r.Context(), keySaid); said != "" {
		f.Alerts = append(f.Alerts, Alert{Kind: "success", Text: said})
	}
	counts, err := a.store.Waiting(r.Context(), by.ID)
	if err != nil {
		a.log.Error("counts of the menu", "request", requestID(r), "err", err)
	}
	number := map[string]int{"/": counts.Queue, "/messages": counts.Messages, "/tasks": counts.Tasks, "/letters": counts.Letters}
	for _, e := range a.menu {
		if by.Has(e.may...) {
			f.Menu = append(f.Menu, MenuItem{Text: e.text, Href: e.href, Count: number[e.href], Current: isUnder(r.URL.Path, e.href)})
		}
	}
	if by.Has(staff()...) {
		f.Crisis = crisisBand(counts, a.now())
		f.Alerts = append(f.Alerts, a.mailTrouble(r)...)
	}
	return f
}

func isUnder(path, href string) bool {
	if href == "/" {
		return path == "/" || len(path) > 6 && path[:7] == "/cases/"
	}
	return path == href || len(path) > len(href) && path[:len(href)+1] == href+"/"
}

// crisisBand stands on every page while a crisis has not been opened.
func crisisBand(w store.Waiting, now time.Time) *Band {
	if w.Crisis == 0 {
		return nil
	}
	b := &Band{Text: countWords(w.Crisis, "crisis mail is waiting.", "crisis mails are waiting."), Link: &Link{"Open it now", "/cases/" + w.CrisisRef}}
	if w.CrisisRef == "" {
		b.Link.Href = fmt.Sprintf("/messages/%d", w.CrisisMail)
	}
	b.Detail = "Nobody has taken it for " + sinceWords(now.Sub(w.CrisisSince)) + "."
	if w.Crisis > 1 {
		b.Detail = "The oldest has waited " + sinceWords(now.Sub(w.CrisisSince)) + "."
		b.Link.Text = "Open the oldest now"
	}
	return b
}

func sinceWords(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return "a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// mailTrouble says when the mailbox has not been read for five minutes.
func (a *App) mailTrouble(r *http.Request) []Alert {
	folders, err := a.store.Folders(r.Context())
	if err != nil {
		a.log.Error("state of the mailbox", "request", requestID(r), "err", err)
		return nil
	}
	var out []Alert
	for _, f := range folders {
		if late := a.now().Sub(f.SilentSince()); late > longestSilence {
			words := "The mailbox has never been read."
			if !f.LastGood.IsZero() {
				words = "The mailbox was last read " + dateTime(f.LastGood) + ", " + sinceWords(late) + " ago."
			}
			out = append(out, Alert{Kind: "error", Title: "No new mail is coming in", Text: words + " Whoever looks after the service must act; until then look into the mailbox itself."})
		}
	}
	return out
}
