package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const livePath = "/queue/version"

const queuePageSize = 25

func (a *App) queueRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/{$}", Title: "The queue", May: workflow.Roles(), Handler: a.showQueue},
		{Method: "GET", Pattern: livePath, Title: "Has the queue changed", May: staff(), API: true, Handler: a.queueVersion},
	}
}

// stream is a tab of the queue: the states that belong together.
type stream struct {
	name, text string
	states     []workflow.State
	empty      string
}

func streams() []stream {
	open := slices.DeleteFunc(workflow.States(), func(s workflow.State) bool { return s == workflow.Closed })
	return []stream{
		{"new", "New", []workflow.State{workflow.New}, "Nothing new: everything that came in has been taken."},
		{"triage", "Triage", []workflow.State{workflow.Triage}, "No case is in triage."},
		{"waiting", "Waiting for facts", []workflow.State{workflow.AwaitingInfo}, "Nobody owes us an answer."},
		{"consent", "Consent", []workflow.State{workflow.AwaitingConsent}, "No case waits for consent."},
		{"ready", "Ready", []workflow.State{workflow.ReadyForPanel}, "No case is ready for a panel."},
		{"panel", "Panel", []workflow.State{workflow.PanelScheduled, workflow.InPanel, workflow.Deferred}, "No case is on a panel's agenda."},
		{"decided", "Letters to go", []workflow.State{workflow.Accepted, workflow.NotAccepted}, "No decision waits for its letters."},
		{"register", "On the register", []workflow.State{workflow.OnRegister, workflow.RemovalProposed, workflow.Transferring}, "Nobody is on the register."},
		{"open", "All open", open, "No case is open."},
		{"closed", "Closed", []workflow.State{workflow.Closed}, "No case is closed."},
	}
}

func streamNamed(name string) stream {
	for _, s := range streams() {
		if s.name == name {
			return s
		}
	}
	return streams()[0]
}

// queuePage lists cases; what is most pressing stands first.
type queuePage struct {
	Layout
	Search Input
	Tabs   Tabs
	Live   Live
	Polled string // when the mailbox was last read
	Filter Filter
	Table  Table
	Pages  Pagination
	ByHand bool // the reader may write down a referral
}

// showQueue is the team's start page; everybody else is led to the first page
// of their own menu.
func (a *App) showQueue(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	if !by.Has(staff()...) {
		return a.leadOn(w, r, by)
	}
	q := readQueue(r.URL.Query())
	a.keepPlace(r, q.address(q.page))
	rows, total, err := a.store.Queue(r.Context(), q.query(by.ID))
	if err != nil {
		return err
	}
	counts, err := a.store.StateCounts(r.Context())
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	p := &queuePage{Layout: Layout{Title: "Queue"}, Search: searchInput(&Form{}, ""), Tabs: q.tabs(counts), Filter: q.filter(),
		Table: queueTable(rows, q.stream, set.Calendar(), a.now()), Pages: paginate(q.page, queuePageSize, total, q.address),
		ByHand: by.Has(rolesOf(workflow.Open)...)}
	if p.Live, err = a.queueLive(r.Context()); err != nil {
		return err
	}
	if p.Alerts, p.Polled, err = a.notes(r.Context(), set); err != nil {
		return err
	}
	return a.page(w, r, http.StatusOK, "queue", p)
}

// keyPlace is the list that somebody saw last, with its stream, filters and
// page: a case leads back to it.
const keyPlace = "place"

func (a *App) keepPlace(r *http.Request, address string) {
	if a.sessions.GetString(r.Context(), keyPlace) != address {
		a.sessions.Put(r.Context(), keyPlace, address)
	}
}

// backToList leads back to the list that somebody came from.
func (a *App) backToList(r *http.Request) *Link {
	place := or(a.sessions.GetString(r.Context(), keyPlace), "/")
	if strings.HasPrefix(place, "/search/") {
		return &Link{"Back to the search", place}
	}
	return &Link{"Back to the queue", place}
}

// leadOn leads to the first page of somebody's menu.
func (a *App) leadOn(w http.ResponseWriter, r *http.Request, by workflow.Actor) error {
	for _, e := range a.menu {
		if by.Has(e.may...) {
			return seeOther(w, r, e.href)
		}
	}
	return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Your account has no role that has pages here. Ask your team manager."}
}

// notes are what the team must know of the service itself, once a day rather
// than on every page.
func (a *App) notes(ctx context.Context, set workflow.Settings) (out []Alert, polled string, err error) {
	for _, n := range a.notices {
		out = append(out, Alert{Text: n})
	}
	if why := a.sending(); why != "" {
		out = append(out, Alert{Kind: "warning", Title: "Letters wait", Text: "No letter leaves: " + why + "."})
	}
	if set.OutOfHours == "" {
		out = append(out, Alert{Kind: "warning", Title: "Nobody is on call",
			Text: "Nobody has recorded who answers a crisis out of hours, or that nobody does. The manager records it on the settings page."})
	}
	folders, err := a.store.Folders(ctx)
	var oldest time.Time // of several folders the one that is furthest behind
	for _, f := range folders {
		if oldest.IsZero() || f.LastGood.Before(oldest) {
			oldest = f.LastGood
		}
	}
	if a.now().Sub(oldest) <= longestSilence {
		polled = "The mailbox was last read at " + clockWords(oldest) + "."
	}
	return out, polled, err
}

// asked is a choice of the queue as its address says it.
type asked struct {
	stream  stream
	owners  []string
	urgency []string
	page    int
}

func readQueue(v url.Values) asked {
	q := asked{stream: streamNamed(v.Get("stream")), page: max(1, atoi(v.Get("page")))}
	for _, o := range v["owner"] {
		if o == "me" || o == "nobody" {
			q.owners = append(q.owners, o)
		}
	}
	for _, u := range v["urgency"] {
		if slices.Contains(urgencies(), workflow.Urgency(u)) {
			q.urgency = append(q.urgency, u)
		}
	}
	return q
}

func urgencies() []workflow.Urgency {
	return []workflow.Urgency{workflow.Crisis, workflow.Urgent, workflow.Unread, workflow.Routine}
}

func (q asked) query(by workflow.ActorID) store.QueueQuery {
	x := store.QueueQuery{States: q.stream.states, By: by, Mine: slices.Contains(q.owners, "me"), Nobodys: slices.Contains(q.owners, "nobody"),
		Closed: q.stream.name == "closed", Limit: queuePageSize, Offset: (q.page - 1) * queuePageSize}
	for _, u := range q.urgency {
		x.Urgency = append(x.Urgency, workflow.Urgency(u))
	}
	return x
}

// at is the address of the same choice, changed.
func (q asked) at(change func(url.Values)) string {
	v := url.Values{"stream": {q.stream.name}, "owner": slices.Clone(q.owners), "urgency": slices.Clone(q.urgency)}
	change(v)
	return "/?" + v.Encode()
}

func (q asked) address(page int) string {
	return q.at(func(v url.Values) {
		if page > 1 {
			v.Set("page", strconv.Itoa(page))
		}
	})
}

func (q asked) tabs(counts map[workflow.State]int) Tabs {
	t := Tabs{Label: "Streams of the queue"}
	for _, s := range streams() {
		n := 0
		for _, state := range s.states {
			n += counts[state]
		}
		t.Items = append(t.Items, Tab{Text: s.text, Href: q.at(func(v url.Values) { v.Set("stream", s.name) }), Count: n, Counted: s.name != "closed",
			Current: s.name == q.stream.name})
	}
	return t
}

func (q asked) filter() Filter {
	owners := []Option{{Value: "me", Text: "Me"}, {Value: "nobody", Text: "Nobody"}}
	var levels []Option
	for _, u := range urgencies() {
		levels = append(levels, Option{Value: string(u), Text: urgencyTag(u).Text})
	}
	f := Filter{Action: "/", Clear: "/?stream=" + q.stream.name, Hidden: []Pair{{"stream", q.stream.name}}}
	for _, g := range []struct {
		name, legend string
		options      []Option
		chosen       []string
	}{{"owner", "Assigned to", owners, q.owners}, {"urgency", "Urgency", levels, q.urgency}} {
		c := (&Form{}).Choices(g.name, g.legend, g.options, g.chosen...)
		c.Small = true
		f.Groups = append(f.Groups, c)
		for _, o := range c.Options {
			if o.Checked {
				f.Chosen = append(f.Chosen, Link{o.Text, q.at(func(v url.Values) {
					v[g.name] = slices.DeleteFunc(v[g.name], func(x string) bool { return x == o.Value })
				})})
			}
		}
	}
	return f
}

func queueTable(rows []store.QueueRow, s stream, cal workflow.Calendar, now time.Time) Table {
	t := Table{Caption: s.text, Stacked: true, Empty: s.empty,
		Columns: []Column{{Text: "Person"}, {Text: "Status"}, {Text: "Referred by"}, {Text: "Received"}, {Text: "Due"}, {Text: "Assigned to"}}}
	for _, x := range rows {
		t.Rows = append(t.Rows, queueRow(x, cal, now))
	}
	return t
}

func queueRow(x store.QueueRow, cal workflow.Calendar, now time.Time) Row {
	ours, days := clockOf(x, cal, now)
	due, late := dueIn(x.Due, cal, now)
	return Row{Crisis: x.Urgency == workflow.Crisis && x.State != workflow.Closed, Cells: []Cell{
		{Head: true, Text: personWords(x), Href: "/cases/" + x.Ref, Sub: x.Ref},
		{Tags: rowTags(x)},
		{Text: or(x.Referrer, "Not known"), Sub: relationWords(x)},
		{Text: shortDate(x.ReceivedAt), Sub: clockLine(ours, days)},
		{Text: due, Late: late},
		{Text: or(x.OwnerName, "Nobody")},
	}}
}

func clockLine(ours, days int) string {
	if days == 0 {
		return "today"
	}
	return fmt.Sprintf("%s with us, %s in all", workingDays(ours), countWords(days, "day", "days"))
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func shortDate(t time.Time) string { return inLondon(t, "2 Jan 2006") }

// personWords is the name, with the name that the person goes by.
func personWords(x store.QueueRow) string {
	switch {
	case x.Name == "" && x.KnownAs == "":
		return "No name yet"
	case x.Name == "":
		return x.KnownAs
	case x.KnownAs != "" && !strings.EqualFold(firstWord(x.Name), x.KnownAs):
		return x.Name + " (" + x.KnownAs + ")"
	}
	return x.Name
}

func firstWord(s string) string {
	first, _, _ := strings.Cut(s, " ")
	return first
}

func relationWords(x store.QueueRow) string {
	if x.RefersAs == workflow.PartyOther || x.RefersAs == "" {
		return map[workflow.ReferralType]string{workflow.BySelf: "the person", workflow.ByFamily: "family", workflow.ByProfessional: "professional"}[x.Type]
	}
	if x.RefersAs == workflow.PartySelf {
		return "the person"
	}
	return string(x.RefersAs)
}

// rowTags are urgency, state and flags, each said once.
func rowTags(x store.QueueRow) []Tag {
	var out []Tag
	if x.Urgency != workflow.Routine && x.State != workflow.Closed {
		out = append(out, urgencyTag(x.Urgency))
	}
	out = append(out, stateTag(x.State))
	if x.Closed != "" {
		out = append(out, Tag{Text: sentence(string(x.Closed))})
	}
	if x.Rating != workflow.Unrated {
		out = append(out, ratingTag(x.Rating))
	}
	for _, f := range x.Flags {
		if f != workflow.FlagCrisis && f != workflow.FlagUrgent && f != workflow.FlagUnread {
			out = append(out, flagTag(f))
		}
	}
	return out
}

// clockOf counts the working days that a case lay with us, and the days since it
// came. While others owe an answer, or once it is closed, our clock stands.
func clockOf(x store.QueueRow, cal workflow.Calendar, now time.Time) (ours, days int) {
	end := now
	state, since := workflow.New, cal.DayZero(x.ReceivedAt)
	count := func(until workflow.Date) {
		if state != workflow.AwaitingInfo && state != workflow.AwaitingConsent && state != workflow.Closed && since.Before(until) {
			ours += cal.Between(since, until)
		}
	}
	for _, step := range x.History {
		day := workflow.DateOf(step.At)
		count(day)
		if state = step.To; since.Before(day) {
			since = day
		}
		if step.To == workflow.Closed {
			end = step.At
		}
	}
	count(workflow.DateOf(now))
	first, last := workflow.DateOf(x.ReceivedAt).At(12, 0), workflow.DateOf(end).At(12, 0)
	return ours, int(last.Sub(first).Hours()+1) / 24 // a day of 23 hours is one too
}

// dueIn says how far a time is: in minutes near it, else in working days.
func dueIn(due time.Time, cal workflow.Calendar, now time.Time) (words string, late bool) {
	left := due.Sub(now)
	today, day := workflow.DateOf(now), workflow.DateOf(due)
	switch {
	case due.IsZero():
		return "", false
	case left < 0 && today == day:
		return "overdue by " + sinceWords(-left), true
	case left < 0:
		return dueWords(-max(1, cal.Between(day, today))), true
	case left < 2*time.Hour:
		return "in " + sinceWords(left), false
	}
	return dueWords(cal.Between(today, day)), false
}

func (a *App) queueLive(ctx context.Context) (Live, error) {
	cases, event, err := a.store.QueueMark(ctx)
	return Live{Address: livePath, Version: fmt.Sprintf("%d-%d", cases, event)}, err
}

// queueVersion tells a page whether its list has changed since it was made.
func (a *App) queueVersion(w http.ResponseWriter, r *http.Request) error {
	cases, event, err := a.store.QueueMark(r.Context())
	if err != nil {
		return err
	}
	words := "The queue has changed."
	if before, _, ok := strings.Cut(strings.Trim(r.Header.Get("If-None-Match"), `"`), "-"); ok {
		if n := int(cases) - atoi(before); n > 0 {
			words = countWords(n, "new referral has come in.", "new referrals have come in.")
		}
	}
	return a.live(w, r, fmt.Sprintf("%d-%d", cases, event), words)
}
