package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// furnished is a world with a case in every state, a mail at every end, and
// what stands round them.
func furnished(t *testing.T) *casework {
	t.Helper()
	w := newCasework(t)
	uid := uint32(1)
	fresh := func(steps ...func(*casework)) *casework {
		c := &casework{world: w.world, uid: uid}
		uid++
		for _, step := range steps {
			step(c)
		}
		return c
	}
	co, pr, ch := w.who[workflow.Coordinator], w.who[workflow.Practitioner], w.who[workflow.Chair]
	act := func(do func(workflow.File) (workflow.Change, error)) func(*casework) {
		return func(c *casework) { c.act(do) }
	}
	makeReady := act(func(x workflow.File) (workflow.Change, error) { return x.MakeReady(pr, w.now) })
	toReady := []func(*casework){(*casework).triage, (*casework).confirm, (*casework).agree, makeReady}
	letters := func(c *casework) { c.approveAll(workflow.L6, co, w.who[workflow.Manager]) }
	good := w.signpost("Family line", true, 0)
	w.signpost("Nobody rang them", false, 0)

	// Those whom the first panel decided, three months ago.
	first := w.panel()
	var green, amber, moving, declined *casework
	for _, c := range []**casework{&green, &amber, &moving, &declined} {
		*c = fresh(append(toReady, func(c *casework) { c.listed(first) })...)
	}
	w.now = w.now.AddDate(0, 0, 7)
	for c, r := range map[*casework]workflow.Rating{green: workflow.Green, amber: workflow.Amber, moving: workflow.Green} {
		c.opened()
		c.accepted(r)
		letters(c)
	}
	declined.opened()
	declined.act(func(x workflow.File) (workflow.Change, error) {
		return x.NotAccept(ch, w.now, workflow.Decision{Text: "We do not add you to the register at the moment.", PersonViews: "Tommy wants help with school.", Reasons: []workflow.ReasonCode{"needs_met"},
			Recommendations: []workflow.Recommendation{{Text: "A quiet room", Who: "the school", By: "before Easter"}}, Signposts: []workflow.SignpostID{good}})
	})
	declined.act(func(x workflow.File) (workflow.Change, error) {
		return x.RecordContact(co, w.now, workflow.Contact{Party: declined.mother, How: "phone", Reached: "reached"}, "told her what the panel decided")
	})
	declined.approveAll(workflow.L7, co, w.who[workflow.Manager])
	w.now = w.now.AddDate(0, 0, 20)
	fresh((*casework).triage, (*casework).confirm, (*casework).agree, (*casework).fatherSaysNo)
	w.now = w.now.AddDate(0, 0, 70)
	green.act(func(x workflow.File) (workflow.Change, error) {
		return x.Review(pr, w.now, workflow.Reviewed{Words: "calm for three months", Rating: workflow.Green, Meeting: true})
	})
	green.act(func(x workflow.File) (workflow.Change, error) {
		return x.ProposeRemoval(pr, w.now, "calm", "school plan")
	})
	for _, p := range green.file().Asked(workflow.DateOf(w.now)) {
		green.act(func(x workflow.File) (workflow.Change, error) {
			return x.RecordAgreement(pr, w.now, workflow.Agreement{Party: p.ID, Answer: workflow.Agrees, Words: "rang, and agrees"})
		})
	}
	moving.act(func(x workflow.File) (workflow.Change, error) {
		return x.BeginTransfer(pr, w.now, "Suffolk; she agrees")
	})

	// Today's panel, and the next one.
	today := w.panel()
	accepted, deferred, before := fresh(toReady...), fresh(toReady...), fresh(toReady...)
	for _, c := range []*casework{accepted, deferred, before} {
		c.listed(today)
	}
	w.now = w.now.AddDate(0, 0, 7)
	for _, c := range []*casework{accepted, deferred, before} {
		c.opened()
	}
	accepted.accepted(workflow.Red)
	deferred.act(func(x workflow.File) (workflow.Change, error) {
		return x.Defer(ch, w.now, workflow.Decision{Text: "We need more.", PersonViews: "Not asked.", Awaited: "a report", From: "the school", Due: workflow.DateOf(w.now).Add(14)})
	})
	fresh(append(toReady, func(c *casework) { c.listed(c.panel()) })...)
	fresh(append(toReady, act(func(x workflow.File) (workflow.Change, error) {
		return x.IncludeInterim(ch, w.now, workflow.Decision{Text: "We add you now because you may have to go into hospital.", PersonViews: "Not asked yet.",
			Rating: workflow.Red, RatingReason: "may be detained", LeadNamedBy: "the crisis team", Support: "a bed at home"}, "Ann Example, health")
	}))...)

	// Those on their way.
	fresh(toReady...)
	fresh((*casework).triage, (*casework).confirm, (*casework).agree)
	fresh((*casework).triage)
	fresh((*casework).triage, (*casework).confirmMother)
	fresh((*casework).triage, (*casework).confirmMother, act(func(x workflow.File) (workflow.Change, error) { return x.AskForInformation(co, w.now) }))
	fresh((*casework).triage, (*casework).confirm, act(func(x workflow.File) (workflow.Change, error) { return x.AskForConsent(co, w.now) }), (*casework).agree)
	fresh((*casework).triage, act(func(x workflow.File) (workflow.Change, error) { return x.Hold(co, w.now, "she may not want it") }))
	fresh((*casework).triage, act(func(x workflow.File) (workflow.Change, error) {
		return x.CloseError(w.who[workflow.Manager], w.now, "twice")
	}))
	kept, proposed, joined := fresh((*casework).triage), fresh((*casework).triage), fresh((*casework).triage)
	for _, c := range []*casework{proposed, joined} {
		c.act(func(x workflow.File) (workflow.Change, error) {
			return x.ProposeMerge(co, w.now, kept.file(), "the same NHS number")
		})
	}
	if err := w.store.ActBoth(t.Context(), joined.id, kept.id, 0, func(x, o workflow.File) (workflow.Change, workflow.Change, error) {
		return x.ConfirmMerge(pr, w.now, o, "looked at both")
	}); err != nil {
		t.Fatal(err)
	}
	w.world.receive(workflow.Crisis, 100)
	w.world.receive(workflow.Routine, 101)

	// Mails that made no case.
	for i, end := range []workflow.MailEnd{store.EndHolding, store.EndProblem, store.EndQuarantined, store.EndIgnored} {
		w.mail(uint32(200+i), func(x *store.Settlement) { x.End, x.Subject = end, "About "+green.ref })
	}
	w.mail(210, nil)
	if err := w.store.MoveMessage(t.Context(), w.lastMail(), store.EndHolding, func(m workflow.Mail, set workflow.Settings) (workflow.MailChange, error) {
		return m.Route(co, w.now, workflow.RouteComplaint, w.who[workflow.Manager].ID, "to the complaints team", set)
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

// fatherSaysNo has a second parent answer otherwise than the first.
func (w *casework) fatherSaysNo() {
	w.Helper()
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.SetParty(w.who[workflow.Coordinator], w.now, workflow.Party{Role: workflow.PartyFather, Name: "Sean Poole", HasPR: workflow.Yes, Confirmed: true, Involved: true})
	})
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.RecordConsent(w.who[workflow.Practitioner], w.now, workflow.Consent{About: workflow.Inclusion, DecidedBy: workflow.ByParent, Party: x.Parties[len(x.Parties)-1].ID,
			Answer: workflow.SaidNo, Evidence: workflow.Conversation, Words: "rang him", ChildView: "wants help", From: workflow.DateOf(w.now)})
	})
}

func (w *world) lastMail() workflow.MessageID {
	w.Helper()
	rows, _, err := w.store.Messages(w.Context(), store.MessageList{End: store.EndHolding, Limit: 100})
	if err != nil {
		w.Fatal(err)
	}
	return slices.MaxFunc(rows, func(a, b store.MessageRow) int { return int(a.ID - b.ID) }).ID
}

// pageLog collects the names of the pages that were made, from the log.
type pageLog struct {
	slog.Handler
	mu    sync.Mutex
	pages map[string]bool
}

func (s *pageLog) Enabled(context.Context, slog.Level) bool { return true }

func (s *pageLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "page shown" && a.Key == "page" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.pages[a.Value.String()] = true
		}
		return true
	})
	return nil
}

// crawler follows every link of the pages that one visitor sees.
type crawler struct {
	v     *visitor
	mux   *http.ServeMux
	gets  map[string]bool // patterns of the table that answer a GET
	seen  map[string]bool
	todo  []string
	found map[string]string // pattern: an address by which it was reached
	sorts map[string]int    // how many choices of a list were tried
}

func newCrawler(v *visitor, table []Route, found map[string]string) *crawler {
	c := &crawler{v: v, mux: http.NewServeMux(), gets: map[string]bool{}, seen: map[string]bool{}, found: found, sorts: map[string]int{}}
	for _, r := range table {
		if r.Method == http.MethodGet {
			c.gets[r.Pattern] = true
			c.mux.Handle("GET "+r.Pattern, http.NotFoundHandler())
		}
	}
	return c
}

// want notes an address. Of the many choices of one list a few are enough.
func (c *crawler) want(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "/static/") {
		return
	}
	u.Fragment = ""
	if u.RawQuery != "" {
		if c.sorts[u.Path]++; c.sorts[u.Path] > 12 {
			return
		}
	}
	if at := u.String(); !c.seen[at] {
		c.seen[at] = true
		c.todo = append(c.todo, at)
	}
}

func (c *crawler) pattern(at string) string {
	r, err := http.NewRequest(http.MethodGet, at, nil)
	if err != nil {
		return ""
	}
	_, pattern := c.mux.Handler(r)
	return strings.TrimPrefix(pattern, "GET ")
}

// run follows links until none is left, and says which are dead. A form leads to
// the page at its own address, if there is one.
func (c *crawler) run(t *testing.T, role workflow.Role) {
	t.Helper()
	c.want("/")
	for len(c.todo) > 0 {
		at := c.todo[0]
		c.todo = c.todo[1:]
		got := c.v.get(at)
		c.found[c.pattern(at)] = at
		if to := got.header.Get("Location"); got.status == http.StatusSeeOther && !strings.HasPrefix(to, signInPath) {
			c.want(to)
			continue
		}
		if got.status != http.StatusOK {
			t.Errorf("%s is led to %s: %d, %s", role, at, got.status, wordsOf(got.body))
			continue
		}
		if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") && got.header.Get("Content-Security-Policy") == pagePolicy {
			for _, fault := range faults(t, got.body) {
				t.Errorf("%s at %s: %s", role, at, fault)
			}
			c.links(t, got.body)
		}
	}
}

func (c *crawler) links(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		switch n.Data {
		case "a":
			c.want(attribute(n, "href"))
		case "form":
			if at := attribute(n, "action"); c.pattern(at) != "" && at != "/" {
				c.want(at)
			}
		}
	}
}

// TestEveryLinkLeadsSomewhere crawls the service as every role: no link is dead,
// every page of the table is reached by some link, and every template is shown.
func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	w := furnished(t)
	log := &pageLog{Handler: slog.DiscardHandler, pages: map[string]bool{}}
	w.app.log = slog.New(log)
	table, found := w.app.routes(), map[string]string{}
	for _, role := range workflow.Roles() {
		newCrawler(w.as(role), table, found).run(t, role)
	}
	byForm := []string{
		livePath, "/search/{id}", "/set-password/{token}", // after a script, a search, a link in a mail
		"/cases/{ref}/decision/accept/confirm", "/cases/{ref}/decision/not-accept/confirm", "/cases/{ref}/decision/defer/confirm",
		"/cases/{ref}/decision/interim/confirm", "/cases/{ref}/decision/correct/confirm", // after the decision was typed
		"/messages/{id}/pages/{page}/{part...}", // a picture in a page
		"/cases/{ref}/no-contact",               // after a letter, two reminders and a call
		"/healthz", "/readyz", "/metrics", signInPath,
	}
	for _, r := range table {
		if _, ok := found[r.Pattern]; r.Method == http.MethodGet && !ok && !slices.Contains(byForm, r.Pattern) {
			t.Errorf("nothing leads to %s (%s)", r.Pattern, r.Title)
		}
	}
	w.showTheRest(t)
	for name := range w.app.pages.byName {
		if !log.pages[name] {
			t.Errorf("the template %s was never shown", name)
		}
	}
}

// showTheRest shows the pages that come only after a form.
func (w *casework) showTheRest(t *testing.T) {
	t.Helper()
	w.visitor().page("/sign-in")
	co, ch, admin := w.as(workflow.Coordinator), w.as(workflow.Chair), w.as(workflow.Admin)
	if got := co.get("/nowhere"); got.status != 404 {
		t.Errorf("GET /nowhere: %d", got.status)
	}
	found := co.send("/", "/search", url.Values{"words": {"Poole"}})
	found.done(t, "/search/")
	co.page(found.header.Get("Location"))
	link := admin.send(addr("/users/%d", w.who["second"].ID), addr("/users/%d/link", w.who["second"].ID), nil)
	at := link.body[strings.Index(link.body, passwordPath+"/"):]
	w.visitor().page(at[:strings.IndexAny(at, "\"< ")])
	rows, _, err := w.store.Queue(t.Context(), store.QueueQuery{States: []workflow.State{workflow.InPanel}, Limit: 1})
	if err != nil || len(rows) == 0 {
		t.Fatalf("cases in a panel %v, %v: want one", rows, err)
	}
	form := addr("/cases/%s/decision/defer", rows[0].Ref)
	day := workflow.DateOf(w.now).Add(14)
	ch.send(form, form, url.Values{"awaited": {"a report"}, "from": {"the school"}, "due-day": {fmt.Sprint(day.Day)}, "due-month": {fmt.Sprint(int(day.Month))}, "due-year": {fmt.Sprint(day.Year)}}).done(t, form+"/confirm")
	ch.page(form + "/confirm")
}
