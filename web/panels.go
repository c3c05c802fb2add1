package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) panelRoutes() []Route {
	arrange := []workflow.Role{workflow.Coordinator, workflow.Manager, workflow.Chair}
	seated := []workflow.Role{workflow.Chair, workflow.PanelMember, workflow.Expert}
	chair := []workflow.Role{workflow.Chair}
	routes := []Route{
		{Method: "GET", Pattern: "/panels", Title: "Panels", May: readers(), Handler: a.showPanels},
		{Method: "GET", Pattern: "/panels/new", Title: "Arrange a panel", May: arrange, Handler: a.showPanelForm},
		{Method: "POST", Pattern: "/panels/new", Title: "Arrange a panel", May: arrange, Handler: a.savePanel},
		{Method: "GET", Pattern: "/panels/{id}", Title: "A panel and its agenda", May: readers(), Handler: a.showPanel},
		{Method: "GET", Pattern: "/panels/{id}/edit", Title: "Change a panel", May: arrange, Handler: a.showPanelForm},
		{Method: "POST", Pattern: "/panels/{id}/edit", Title: "Change a panel", May: arrange, Handler: a.savePanel},
		{Method: "POST", Pattern: "/panels/{id}/present", Title: "Who is there", May: arrange, Handler: a.savePresent},
		{Method: "POST", Pattern: "/panels/{id}/close", Title: "Close a panel", May: arrange, Handler: a.closePanel},
		{Method: "POST", Pattern: "/panels/{id}/agenda", Title: "Put a case on the agenda", May: []workflow.Role{workflow.Coordinator}, Handler: a.listOnPanel},
		{Method: "GET", Pattern: "/panels/{id}/cases/{ref}", Title: "A case on a panel", May: readers(), Handler: a.showItem},
		{Method: "POST", Pattern: "/panels/{id}/cases/{ref}/interest", Title: "Declare an interest", May: seated, Handler: a.declareInterest},
		{Method: "POST", Pattern: "/panels/{id}/cases/{ref}/view", Title: "Give a view", May: seated, Handler: a.giveView},
		{Method: "POST", Pattern: "/panels/{id}/cases/{ref}/open", Title: "Open a case in the panel", May: chair, Handler: a.openInPanel},
		{Method: "GET", Pattern: "/cases/{ref}/panel", Title: "A case and its panel", May: staff(), Handler: a.showCasePanel},
		{Method: "POST", Pattern: "/cases/{ref}/panel", Title: "Put a case on a panel", May: []workflow.Role{workflow.Coordinator}, Handler: a.putOnPanel},
	}
	return slices.Concat(routes, a.deedRoutes(panelDeeds()...), a.decisionRoutes())
}

// panelsPage lists meetings.
type panelsPage struct {
	Layout
	Own     bool // a member's own panels
	Arrange bool
	Coming  Table
	Over    Table
	Ready   Table // for a chair: cases that may be included at once
}

func (a *App) showPanels(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	p := &panelsPage{Layout: Layout{Title: "Panels"}, Own: !by.Has(staff()...), Arrange: by.Has(workflow.Coordinator, workflow.Manager, workflow.Chair)}
	rows, err := a.store.PanelRows(r.Context(), by.ID, p.Own)
	if err != nil {
		return err
	}
	p.Coming = Table{Caption: "Meetings to come", Stacked: true, Empty: "No meeting is arranged."}
	p.Over = Table{Caption: "Meetings that are over", ShowTitle: true, Stacked: true}
	if p.Own {
		p.Title, p.Coming.Empty = "Your panels", "You have no seat on a panel to come."
	}
	columns := []Column{{Text: "Meeting"}, {Text: "What for"}, {Text: "Chair"}, {Text: "Cases"}, {Text: "For you to do"}}
	p.Coming.Columns, p.Over.Columns = columns, columns
	for _, x := range rows {
		if x.Closed {
			p.Over.Rows = append(p.Over.Rows, panelRow(x, a.now()))
		} else {
			p.Coming.Rows = append(p.Coming.Rows, panelRow(x, a.now()))
		}
	}
	if by.Has(workflow.Chair) {
		if p.Ready, err = a.interimTable(r); err != nil {
			return err
		}
	}
	return a.page(w, r, http.StatusOK, "panels", p)
}

func panelRow(x store.PanelRow, now time.Time) Row {
	when := Cell{Head: true, Text: longDate(x.At), Href: fmt.Sprintf("/panels/%d", x.ID), Sub: clockWords(x.At)}
	if x.Place != "" {
		when.Sub += ", " + x.Place
	}
	todo := Cell{Text: "Nothing"}
	switch {
	case x.Undeclared > 0:
		todo = Cell{Tags: []Tag{{Text: countWords(x.Undeclared, "interest to declare", "interests to declare"), Colour: "yellow"}}}
	case !x.Closed && x.Waiting > 0 && x.At.Add(24*time.Hour).Before(now):
		todo = Cell{Text: countWords(x.Waiting, "case was not decided", "cases were not decided"), Late: true}
	}
	return Row{Cells: []Cell{when, {Text: sentence(string(x.Kind))}, {Text: x.Chair}, {Text: fmt.Sprintf("%d of %d", x.Listed, x.Capacity)}, todo}}
}

// interimTable offers a chair the cases that may be included for now. Only the
// reference is shown: they are not yet on a panel of this chair.
func (a *App) interimTable(r *http.Request) (Table, error) {
	t := Table{Caption: "Ready for a panel", ShowTitle: true, Stacked: true, Columns: []Column{{Text: "Case"}, {Text: "Urgency"}, {Text: "If somebody may be detained within days"}}}
	ready, err := a.store.ReadyForPanel(r.Context())
	if err != nil {
		return t, err
	}
	for _, x := range ready {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: x.Ref}, {Tags: []Tag{urgencyTag(x.Urgency)}}, {Text: "Include for now", Href: "/cases/" + x.Ref + "/decision/interim"}}})
	}
	return t, nil
}

// panelFormPage arranges or changes a meeting.
type panelFormPage struct {
	Layout
	Action   string
	Version  workflow.Version
	Controls []Control
	Seats    []seatForm
	Error    string // about the members together
	Away     string
}

// seatForm is one account and the seat it has.
type seatForm struct {
	Name         string
	Seat, Sector Choices
}

func (a *App) panelAt(r *http.Request) (workflow.Panel, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return workflow.Panel{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such panel."}
	}
	return a.store.Panel(r.Context(), workflow.PanelID(n))
}

// mayArrange keeps a chair to their own meetings.
func mayArrange(by workflow.Actor, p workflow.Panel) error {
	if by.Has(workflow.Coordinator, workflow.Manager) || p.ID == 0 || p.Chair == by.ID {
		return nil
	}
	return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Another chair holds this meeting."}
}

func (a *App) panelToArrange(r *http.Request) (workflow.Panel, error) {
	if r.PathValue("id") == "" {
		return workflow.Panel{Capacity: 8}, nil
	}
	p, err := a.panelAt(r)
	if err != nil {
		return p, err
	}
	by, _ := actorOf(r)
	return p, mayArrange(by, p)
}

func (a *App) showPanelForm(w http.ResponseWriter, r *http.Request) error {
	p, err := a.panelToArrange(r)
	if err != nil {
		return err
	}
	return a.panelForm(w, r, http.StatusOK, p, &Form{})
}

// seatsFor are the accounts that may sit on a panel.
func (a *App) seatsFor(r *http.Request) ([]store.User, error) {
	users, err := a.store.Users(r.Context())
	return slices.DeleteFunc(users, func(u store.User) bool {
		return u.Disabled || !u.Actor().Has(workflow.Chair, workflow.PanelMember, workflow.Expert)
	}), err
}

func (a *App) panelForm(w http.ResponseWriter, r *http.Request, status int, x workflow.Panel, f *Form) error {
	users, err := a.seatsFor(r)
	if err != nil {
		return err
	}
	p := &panelFormPage{Layout: Layout{Title: "Arrange a panel", Back: &Link{"Back to panels", "/panels"}, Errors: f.Errors},
		Action: "/panels/new", Away: "/panels", Version: x.Version, Error: f.Errors.For("members")}
	if x.ID != 0 {
		here := fmt.Sprintf("/panels/%d", x.ID)
		p.Title, p.Action, p.Away, p.Back = "Change the panel", here+"/edit", here, &Link{"Back to the panel", here}
	}
	var kinds, chairs []Option
	for _, k := range []workflow.PanelKind{workflow.ReferralPanel, workflow.UrgentPanel, workflow.ReviewMeeting} {
		kinds = append(kinds, Option{Value: string(k), Text: sentence(string(k))})
	}
	chairs = append(chairs, Option{Value: "", Text: "Choose a chair"})
	for _, u := range users {
		if u.Actor().Has(workflow.Chair) {
			chairs = append(chairs, Option{Value: fmt.Sprint(u.ID), Text: u.Name})
		}
		p.Seats = append(p.Seats, seatOf(f, x, u))
	}
	day, clock := workflow.Date{}, ""
	if !x.At.IsZero() {
		day, clock = workflow.DateOf(x.At), x.At.In(workflow.London).Format("15:04")
	}
	chair := f.Choices("chair", "Chair", chairs, fmt.Sprint(x.Chair))
	at, capacity := f.Input("clock", "Time", clock), f.Input("capacity", "How many cases fit", fmt.Sprint(x.Capacity))
	at.Width, capacity.Width, capacity.InputMode = "5", "3", "numeric"
	p.Controls = []Control{radios(f.Choices("kind", "What it is for", kinds, string(x.Kind)), ""), dateField(f.DateInput("at", "Day", day), "For example, 7 12 2026"),
		input(at, "For example, 2pm or 14:30"), input(f.Input("place", "Where", x.Place), "A room, or how to join"), input(capacity, ""), {Select: &chair}}
	return a.page(w, r, status, "panel-form", p)
}

func seatOf(f *Form, x workflow.Panel, u store.User) seatForm {
	seat, sector := "", ""
	for _, m := range x.Members {
		if m.Actor == u.ID {
			seat, sector = string(m.Role), string(m.Sector)
		}
	}
	if seat == string(workflow.Chair) {
		seat = string(workflow.PanelMember) // who chairs is said once, above
	}
	seats := []Option{{Value: "", Text: "No seat"}}
	if u.Actor().Has(workflow.Chair, workflow.PanelMember) {
		seats = append(seats, Option{Value: string(workflow.PanelMember), Text: "Professional"})
	}
	if u.Actor().Has(workflow.Expert) {
		seats = append(seats, Option{Value: string(workflow.Expert), Text: "Expert by experience"})
	}
	sectors := []Option{{Value: "", Text: "None"}}
	for _, s := range []workflow.Sector{workflow.Health, workflow.SocialCare, workflow.Education} {
		sectors = append(sectors, Option{Value: string(s), Text: sentence(s.Words())})
	}
	return seatForm{Name: u.Name, Seat: f.Choices(fmt.Sprintf("seat-%d", u.ID), "Seat of "+u.Name, seats, seat),
		Sector: f.Choices(fmt.Sprintf("sector-%d", u.ID), "Sector of "+u.Name, sectors, sector)}
}

func (a *App) savePanel(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	p, err := a.panelToArrange(r)
	if err != nil {
		return err
	}
	users, err := a.seatsFor(r)
	if err != nil {
		return err
	}
	readPanel(f, &p, users)
	if p.ID != 0 {
		if p.Version, err = f.version(); err != nil {
			return err
		}
	}
	by, _ := actorOf(r)
	id := p.ID
	if f.OK() {
		id, err = a.store.SavePanel(r.Context(), by, a.now(), p)
	}
	if status, mine := f.takes(err); mine || !f.OK() {
		if !mine {
			status = http.StatusUnprocessableEntity
		}
		return a.panelForm(w, r, status, p, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The panel is saved.")
	return seeOther(w, r, fmt.Sprintf("/panels/%d", id))
}

// readPanel takes what was typed into a meeting; who was marked as present
// stays so.
func readPanel(f *Form, p *workflow.Panel, users []store.User) {
	p.Kind, p.Place, p.Capacity = workflow.PanelKind(f.Text("kind")), f.Text("place"), max(atoi(f.Text("capacity")), 0)
	p.Chair = workflow.ActorID(max(atoi(f.Text("chair")), 0))
	day := f.Date("at", "Day")
	hour, minute, ok := timeOfDay(f.Text("clock"))
	switch {
	case f.Errors.For("at") != "":
	case day.IsZero():
		f.Wrong("at", "Enter the day of the meeting.")
	case !ok:
		f.Wrong("clock", "Enter a time, like 2pm or 14:30.")
	default:
		p.At = day.At(hour, minute)
	}
	was := p.Members
	p.Members = nil
	for _, u := range users {
		seat := workflow.Role(f.Text(fmt.Sprintf("seat-%d", u.ID)))
		if u.ID == p.Chair {
			seat = workflow.Chair
		}
		if seat != workflow.Chair && seat != workflow.PanelMember && seat != workflow.Expert {
			continue
		}
		m := workflow.Member{Actor: u.ID, Name: u.Name, Role: seat, Sector: workflow.Sector(f.Text(fmt.Sprintf("sector-%d", u.ID)))}
		m.Present = slices.ContainsFunc(was, func(o workflow.Member) bool { return o.Actor == u.ID && o.Present })
		p.Members = append(p.Members, m)
	}
}

// timeOfDay reads a time of day as people write it: 14:30, 14.30, 2pm, 2:30 pm.
func timeOfDay(s string) (hour, minute int, ok bool) {
	s = strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), ".", ":"))
	if s == "midday" || s == "noon" {
		return 12, 0, true
	}
	for _, layout := range []string{"15:04", "3:04pm", "3pm", "15"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Hour(), t.Minute(), true
		}
	}
	return 0, 0, false
}
