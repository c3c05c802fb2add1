package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// The gallery shows every component with sample data. It exists in tests only.

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type galleryPage struct {
	Layout
	Tabs                 Tabs
	Live                 Live
	Filter               Filter
	Queue, Ages, Nothing Table
	Pages                Pagination
	Warning, Inset       string
	Tags                 []Tag
	Card                 Card
	Lines                []Line
	Steps                []Step
	Fold                 Fold
	Happenings           []Happening
}

type reviewPage struct {
	Layout
	Identity  Identity
	Tabs      Tabs
	Source    Source
	Name, NHS Input
	Born      DateInput
	Consent   Choices
	Grounds   Choices
	Area      Choices
	Why       Textarea
	Buttons   []Button
}

func gallery() *galleryPage {
	return &galleryPage{
		Layout: Layout{Title: "Queue", Alerts: []Alert{
			{Kind: "success", Text: "The letter to Jordan's referrer is queued. It can be stopped until 2:05pm.", Link: &Link{"Stop it", "/letters/4"}},
			{Kind: "warning", Title: "One mail could not be read", Text: "It is encrypted. Somebody must open it by hand."},
			{Text: "The mailbox was last read at 12:01pm."},
			{Kind: "error", Text: "No mail has been read for 9 minutes."},
		}},
		Tabs: Tabs{Label: "Queue", Items: []Tab{
			{Text: "To look at", Href: "/queue", Count: 12, Counted: true, Alarm: true, Current: true},
			{Text: "Waiting for a reply", Href: "/queue/waiting", Count: 4, Counted: true},
			{Text: "Letters to approve", Href: "/queue/letters", Counted: true},
			{Text: "Mail problems", Href: "/queue/problems", Count: 1, Counted: true},
		}},
		Live: Live{Address: "/queue/version", Version: "v1"},
		Filter: Filter{Action: "/queue", Clear: "/queue", Chosen: []Link{{"Autism", "/queue?area=south"}, {"Mid Essex", "/queue"}},
			Groups: []Choices{{Field: Field{Name: "area", Label: "Area"}, Small: true, Options: []Option{{Value: "mid", Text: "Mid Essex", Checked: true}, {Value: "south", Text: "South Essex"}, {Value: "unknown", Text: "Not known"}}}},
			Hidden: []Pair{{"sort", "due"}}},
		Queue: Table{Caption: "Referrals to look at", Stacked: true,
			Columns: []Column{{Text: "Person"}, {Text: "Came in", Sort: "/queue?sort=came", Sorted: "ascending"}, {Text: "Due", Sort: "/queue?sort=due"}, {Text: "Referred by"}, {Text: "Status"}, {Text: "Assigned to"}},
			Rows: []Row{
				{Crisis: true, Cells: []Cell{{Head: true, Text: "Jordan Avery", Href: "/cases/1", Sub: "DSR-2026-00042-K"}, {Text: "11:48am", Sub: "today"}, {Text: "in 3 minutes", Late: true}, {Text: "Mother"}, {Tags: []Tag{urgencyTag(workflow.Crisis)}}, {Text: "Nobody"}}},
				{Cells: []Cell{{Head: true, Text: "Name not known", Href: "/cases/2", Sub: "DSR-2026-00041-H"}, {Text: "20 November 2026"}, {Text: "overdue by 1 working day", Late: true}, {Text: "Sam Hale", Sub: "Care provider"}, {Tags: []Tag{stateTag(workflow.Triage), flagTag(workflow.FlagDuplicate)}}, {Text: "Priya Nair"}}},
				{Cells: []Cell{{Head: true, Text: "Bartholomew Featherstonehaugh-Cholmondeley", Href: "/cases/3", Sub: "DSR-2026-00040-F"}, {Text: "19 November 2026"}, {Text: dueWords(2)}, {Text: "Community nurse"}, {Tags: []Tag{stateTag(workflow.New)}}, {Text: "Nobody"}}},
			}},
		Pages:   paginate(3, 25, 263, func(n int) string { return "/queue?page=" + string(rune('0'+n%10)) }),
		Ages:    Table{Caption: "Open referrals by age", ShowTitle: true, Dense: true, Columns: []Column{{Text: "Age"}, {Text: "Open", Numeric: false}}, Rows: []Row{{Cells: []Cell{{Head: true, Text: "0 to 4 days"}, {Text: "9", Percent: 90}}}, {Cells: []Cell{{Head: true, Text: "5 days or more"}, {Text: "2", Percent: 20}}}}},
		Nothing: Table{Caption: "Letters", Empty: "There are no letters to approve."},
		Warning: "Attachments are not scanned for viruses on this machine.",
		Inset:   "This is the last letter that the family gets from this process.",
		Tags:    []Tag{ratingTag(workflow.Red), ratingTag(workflow.Amber), ratingTag(workflow.Green), ratingTag(workflow.Blue), ratingTag(workflow.Unrated), urgencyTag(workflow.Urgent), urgencyTag(workflow.Unread), flagTag(workflow.FlagHold), stateTag(workflow.OnRegister), stateTag(workflow.NotAccepted)},
		Card: Card{ID: "person", Title: "Person", Actions: []Link{{"Change", "/cases/1/person"}}, Lines: []Line{
			{Key: "Name", Value: "Jordan Avery", Note: "Read from the form, page 1"}, {Key: "Date of birth", Value: "3 July 2009", Changed: true}, {Key: "NHS number", Missing: true}}},
		Lines: []Line{{Key: "Email", Value: "s.hale@provider.example", Action: &Link{"Change", "/x"}}, {Key: "Rating", Tags: []Tag{ratingTag(workflow.Amber)}}, {Key: "Case", Value: "DSR-2026-00042-K", Href: "/cases/1"}},
		Steps: []Step{{Text: "Check the details", Href: "/a"}, {Text: "Settle consent", Href: "/b", Hint: "Jordan is 17 and decides", Tag: &Tag{Text: "To do", Colour: "blue"}}, {Text: "Put on a panel", Tag: &Tag{Text: "Cannot start yet"}}},
		Fold:  Fold{"Who may see this case", "The coordinators and practitioners.\nThe panel, from the day it is on the agenda."},
		Happenings: []Happening{
			{Title: "Date of birth changed", By: "Priya Nair", At: noon.Add(time.Hour), Changes: []Changed{{"Date of birth", "3 July 2008", "3 July 2009"}, {"Phone", "07700 900123", ""}}},
			{Title: "Acknowledgement sent", By: "the service", At: noon, Text: "Accepted by the mail host.", Links: []Link{{"Read the letter", "/letters/3"}}, Tag: &Tag{Text: "Sent", Colour: "green"}},
			{Title: "Mail came in", By: "the service", At: noon.Add(-time.Minute)},
		},
	}
}

const sampleMail = `Hello,

I would like to refer Jordan Avery, born 3/7/09. His NHS number is 999 000 0018.

He agreed to this yesterday when we talked. His placement may break down within two weeks and we are worried that he will be admitted.

Thank you
Sam Hale
`

func review(typed url.Values) *reviewPage {
	f := &Form{typed: typed}
	if typed != nil {
		f.Date("born", "Date of birth")
		f.Wrong("name", "Enter the person's name")
		f.Wrong("consent", "Say whether the person agreed")
	}
	p := &reviewPage{
		Layout: Layout{Title: "Check what we read", Ref: "DSR-2026-00042-K", Back: &Link{"Back to the queue", "/queue"}, Errors: f.Errors},
		Identity: Identity{Ref: "DSR-2026-00042-K", Name: "Jordan Avery", Tags: []Tag{urgencyTag(workflow.Crisis), stateTag(workflow.Triage), flagTag(workflow.FlagHold)},
			Facts: []Line{{Key: "Born", Value: "3 July 2009 (17)"}, {Key: "NHS number", Missing: true}, {Key: "Area", Value: "Mid Essex"}, {Key: "Assigned to", Value: "Priya Nair"}}},
		Tabs:    Tabs{Label: "Case", Items: []Tab{{Text: "Details", Href: "/cases/1", Current: true}, {Text: "Letters", Href: "/cases/1/letters", Count: 2, Counted: true}, {Text: "History", Href: "/cases/1/history"}}},
		Source:  newSource("The mail's text", sampleMail, []Mark{{"name", 30, 42}, {"born", 49, 55}, {"nhs", 75, 87}, {"consent", 90, 106}}),
		Name:    f.Input("name", "Full name", "Jordan Avery"),
		Born:    f.DateInput("born", "Date of birth", workflow.Date{Year: 2009, Month: 7, Day: 3}),
		NHS:     f.Input("nhs", "NHS number", "999 000 0018"),
		Grounds: f.Choices("grounds", "Why they were referred", []Option{{Value: "hospital", Text: "Admission to a mental health hospital"}, {Value: "placement", Text: "Placement breakdown"}}, "placement"),
		Area:    f.Choices("area", "Area", []Option{{Value: "", Text: "Choose"}, {Value: "mid", Text: "Mid Essex"}}, "mid"),
		Why:     f.Textarea("why", "In their words", "His placement may break down", 500),
		Buttons: []Button{{Text: "Confirm and open next", Confirm: true}, {Text: "Save and come back later", Kind: "secondary", Name: "then", Value: "queue"}, {Text: "Not a referral", Kind: "secondary", Href: "/cases/1/not"}},
	}
	p.Consent = f.Choices("consent", "Did the person agree?", []Option{{Value: "yes", Text: "Yes", Hint: "They said so themselves"}, {Value: "no", Text: "No"}, {Value: "unclear", Text: "Not clear", Or: true, Textarea: &Textarea{Field: Field{Name: "unclear-why", Label: "What is not clear?"}, Rows: 3}}}, "yes")
	p.Name.Read, p.Name.Marked = "Read from the mail", true
	p.Born.Read, p.Born.Marked, p.Born.Hint = "Read from the mail. Jordan is 17 and decides himself", true, "For example, 27 3 2008"
	p.NHS.Read, p.NHS.Marked, p.NHS.Width, p.NHS.Tag = "Read from the mail. The check digit is right", true, "20", &Tag{Text: "Check this", Colour: "yellow"}
	p.Consent.Marked, p.Consent.Read = true, "Read from the mail"
	return p
}

func coordinator() workflow.Actor {
	return workflow.Actor{ID: 7, Name: "Priya Nair", Roles: []workflow.Role{workflow.Coordinator}}
}

// newTestServer is a server whose visitor is named by the header Test-Actor:
// "coordinator", "admin" or nobody. Templates and assets are read once for all
// tests; the rest is each test's own.
func newTestServer(t testing.TB, base string) *Server {
	t.Helper()
	ready, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	c := newConfig(t, base)
	return &Server{base: c.Base, log: c.Log, now: c.Now, who: c.Who, frame: c.Frame, pages: ready.pages, assets: ready.assets}
}

var readOnce = sync.OnceValues(func() (*Server, error) {
	a, err := newAssets(static)
	if err != nil {
		return nil, err
	}
	p, err := parsePages(functions(a), templates.Pages, os.DirFS("testdata"))
	return &Server{pages: p, assets: a}, err
})

func newConfig(t testing.TB, base string) Config {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Base: u, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon }, Who: testWho, Frame: testFrame}
}

func testWho(r *http.Request) (workflow.Actor, bool) {
	switch r.Header.Get("Test-Actor") {
	case "coordinator":
		return coordinator(), true
	case "admin":
		return workflow.Actor{ID: 9, Name: "Ada Min", Roles: []workflow.Role{workflow.Admin}}, true
	}
	return workflow.Actor{}, false
}

func testFrame(*http.Request, workflow.Actor) Frame {
	return Frame{
		Menu:        []MenuItem{{Text: "Queue", Href: "/queue", Count: 12, Current: true}, {Text: "Register", Href: "/register"}, {Text: "Panels", Href: "/panels", Count: 2}, {Text: "Letters", Href: "/letters"}, {Text: "Reports", Href: "/reports"}, {Text: "Settings", Href: "/settings"}},
		Alerts:      []Alert{{Kind: "success", Text: "The case is yours now."}},
		Crisis:      &Band{Text: "1 crisis mail is waiting.", Detail: "It came 12 minutes ago and nobody has opened it.", Link: &Link{"Open it now", "/cases/1"}},
		SessionEnds: noon.Add(30 * time.Minute),
	}
}

func galleryTable(s *Server) []Route {
	co := []workflow.Role{workflow.Coordinator}
	return []Route{
		{Method: "GET", Pattern: "/gallery", Title: "The gallery", May: co, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return s.page(w, r, http.StatusOK, "gallery", gallery())
		}},
		{Method: "GET", Pattern: "/review", Title: "A review", May: co, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return s.page(w, r, http.StatusOK, "review", review(nil))
		}},
		{Method: "POST", Pattern: "/review", Title: "A review comes back", May: co, Handler: func(w http.ResponseWriter, r *http.Request) error {
			f, err := readForm(r)
			if err != nil {
				return err
			}
			return s.page(w, r, http.StatusUnprocessableEntity, "review", review(f.typed))
		}},
		{Method: "GET", Pattern: "/queue/version", Title: "Has it changed", May: co, Handler: func(w http.ResponseWriter, r *http.Request) error {
			return s.live(w, r, "v2", "3 new referrals.")
		}},
		{Method: "POST", Pattern: keepPath, Title: "Stay signed in", May: co, Handler: s.keepSession},
	}
}

func ask(t testing.TB, h http.Handler, r *http.Request) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}
