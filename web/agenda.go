package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// panelPage is a meeting: who sits, what is on the agenda, and whether the
// panel can decide each case as it sits.
type panelPage struct {
	Layout
	Address string
	Version workflow.Version
	Lines   []Line
	Members Table
	Present *Choices
	Agenda  Table
	Put     *Choices
	Ready   []Pair // the versions of the cases that may be put on
	Edit    bool
	Close   bool
}

// sits reports whether somebody has a seat on a panel.
func sits(by workflow.Actor, p workflow.Panel) bool {
	return slices.ContainsFunc(p.Members, func(m workflow.Member) bool { return m.Actor == by.ID })
}

// panelToRead is the panel that an address names, for the team and for those
// who sit on it.
func (a *App) panelToRead(r *http.Request) (workflow.Panel, error) {
	p, err := a.panelAt(r)
	if err != nil {
		return p, err
	}
	if by, _ := actorOf(r); !by.Has(staff()...) && !sits(by, p) {
		return p, &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "You have no seat on this panel."}
	}
	return p, nil
}

func (a *App) showPanel(w http.ResponseWriter, r *http.Request) error {
	p, err := a.panelToRead(r)
	if err != nil {
		return err
	}
	return a.panelPage(w, r, http.StatusOK, p, &Form{})
}

func (a *App) panelPage(w http.ResponseWriter, r *http.Request, status int, x workflow.Panel, f *Form) error {
	by, _ := actorOf(r)
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	rows, err := a.store.Agenda(r.Context(), x.ID, by.ID)
	if err != nil {
		return err
	}
	if err := a.store.Log(r.Context(), by, a.now(), "read an agenda", fmt.Sprintf("panel %d", x.ID), 0, 0); err != nil {
		return err
	}
	p := &panelPage{Layout: Layout{Title: longDate(x.At), Caption: sentence(string(x.Kind)), Back: &Link{"Back to panels", "/panels"}, Errors: f.Errors},
		Address: fmt.Sprintf("/panels/%d", x.ID), Version: x.Version, Lines: panelLines(x, set), Members: memberTable(x)}
	arranges := by.Has(workflow.Coordinator, workflow.Manager) || by.Has(workflow.Chair) && x.Chair == by.ID
	if arranges && !x.Closed {
		p.Edit, p.Close = true, !slices.ContainsFunc(rows, func(i store.AgendaRow) bool { return i.ItemState == workflow.Listed || i.ItemState == workflow.Opened })
		p.Present = presentChoices(f, x)
	}
	if by.Has(staff()...) || x.Chair == by.ID {
		p.Agenda, err = a.agendaTable(r, x, rows)
	} else {
		p.Agenda = memberAgenda(x, set, rows, a.now())
	}
	if err != nil {
		return err
	}
	if by.Has(workflow.Coordinator) && !x.Closed {
		if err := a.offerReady(r, p, f); err != nil {
			return err
		}
	}
	return a.page(w, r, status, "panel", p)
}

// packDays are the first and the last day on which members read papers.
func packDays(x workflow.Panel, set workflow.Settings) (opens, closes workflow.Date) {
	cal, day := set.Calendar(), workflow.DateOf(x.At)
	return cal.Add(day, -set.PackOpensWD), cal.Add(day, set.PackClosesWD)
}

func panelLines(x workflow.Panel, set workflow.Settings) []Line {
	opens, closes := packDays(x, set)
	papers := Line{Key: "Cases can be added", Value: "until " + longDate(x.At.Add(-24*time.Hour)) + " at " + clockWords(x.At), Note: "Papers need 24 hours"}
	if x.Kind == workflow.UrgentPanel {
		papers = Line{Key: "Cases can be added", Value: "until it begins", Note: "An urgent panel does not wait 24 hours"}
	}
	lines := []Line{{Key: "Begins", Value: clockWords(x.At)}, {Key: "Where", Value: x.Place, Missing: x.Place == ""},
		{Key: "Places", Value: fmt.Sprintf("%d of %d taken", x.Listed, x.Capacity)}, papers,
		{Key: "Papers can be read", Value: "from " + dayWords(opens) + " to " + dayWords(closes)}}
	if x.Closed {
		lines = append(lines, Line{Key: "State", Tags: []Tag{{Text: "Over"}}})
	}
	return lines
}

func memberTable(x workflow.Panel) Table {
	t := Table{Caption: "Members", ShowTitle: true, Stacked: true, Columns: []Column{{Text: "Name"}, {Text: "Seat"}, {Text: "Sector"}, {Text: "There"}}}
	for _, m := range x.Members {
		seat := map[workflow.Role]string{workflow.Chair: "Chair", workflow.Expert: "Expert by experience"}[m.Role]
		if seat == "" {
			seat = "Professional"
		}
		there := "Not marked"
		if m.Present {
			there = "Yes"
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: m.Name}, {Text: seat}, {Text: sentence(m.Sector.Words())}, {Text: there}}})
	}
	return t
}

func presentChoices(f *Form, x workflow.Panel) *Choices {
	var options []Option
	var there []string
	for _, m := range x.Members {
		options = append(options, Option{Value: fmt.Sprint(m.Actor), Text: m.Name})
		if m.Present {
			there = append(there, fmt.Sprint(m.Actor))
		}
	}
	c := (&Form{Errors: f.Errors}).Choices("present", "Who is there", options, there...)
	c.Small, c.Hint = true, "Mark this at the meeting. Only those who are there count for the quorum."
	return &c
}

// agendaTable is the agenda for the team and the chair.
func (a *App) agendaTable(r *http.Request, x workflow.Panel, rows []store.AgendaRow) (Table, error) {
	t := Table{Caption: "Agenda", ShowTitle: true, Stacked: true, Empty: "No case is on the agenda yet.",
		Columns: []Column{{Text: "Case"}, {Text: "State"}, {Text: "Interests"}, {Text: "Can the panel decide it?"}}}
	chair := workflow.Actor{ID: x.Chair, Roles: []workflow.Role{workflow.Chair}}
	for _, i := range rows {
		head := Cell{Head: true, Text: i.Name, Href: fmt.Sprintf("/panels/%d/cases/%s", x.ID, i.Ref), Sub: i.Ref}
		if i.Name == "" {
			head.Text = "Name not known"
		}
		row := Row{Cells: []Cell{head, {Tags: []Tag{itemTag(i)}}, {}, {}}}
		if i.ItemState == workflow.Listed || i.ItemState == workflow.Opened {
			file, err := a.store.File(r.Context(), i.Case)
			if err != nil {
				return t, err
			}
			row.Crisis = file.Case.Has(workflow.FlagCrisis)
			row.Cells[2].Text = declaredWords(file)
			row.Cells[3] = decideCell(file, chair, a.now())
		} else {
			row.Cells[3].Text = i.Why
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

// decideCell tells the quorum, the mix and the interests on one case in words.
func decideCell(x workflow.File, chair workflow.Actor, now time.Time) Cell {
	action := workflow.OpenPanel
	if x.Case.State == workflow.InPanel {
		action = workflow.Accept
	}
	if err := x.Can(chair, action, now); err != nil {
		return Cell{Tags: []Tag{{Text: "Not yet", Colour: "yellow"}}, Sub: err.Error()}
	}
	return Cell{Tags: []Tag{{Text: "Yes", Colour: "green"}}}
}

func declaredWords(x workflow.File) string {
	if x.Panel == nil || x.Item == nil {
		return ""
	}
	n := 0
	for _, m := range x.Panel.Members {
		if _, ok := interestOf(x, m.Actor); ok {
			n++
		}
	}
	return fmt.Sprintf("%d of %d declared", n, len(x.Panel.Members))
}

// interestOf is the latest declaration of a member on the case's item.
func interestOf(x workflow.File, m workflow.ActorID) (workflow.Interest, bool) {
	if x.Item == nil {
		return workflow.Interest{}, false
	}
	for _, i := range slices.Backward(x.Item.Interests) {
		if i.Member == m {
			return i, true
		}
	}
	return workflow.Interest{}, false
}

func itemTag(i store.AgendaRow) Tag {
	switch {
	case i.Outcome != "":
		colour := map[workflow.Outcome]string{workflow.OutcomeAccepted: "green", workflow.OutcomeNotAccepted: "purple", workflow.OutcomeDeferred: "yellow"}[i.Outcome]
		return Tag{Text: sentence(string(i.Outcome)), Colour: colour}
	case i.ItemState == workflow.Opened:
		return Tag{Text: "Open", Colour: "blue"}
	}
	return Tag{Text: sentence(string(i.ItemState))}
}

// memberAgenda is what a member sees: names only while the papers are open.
func memberAgenda(x workflow.Panel, set workflow.Settings, rows []store.AgendaRow, now time.Time) Table {
	t := Table{Caption: "Agenda", ShowTitle: true, Stacked: true, Empty: "No case is on the agenda yet.",
		Columns: []Column{{Text: "Case"}, {Text: "State"}, {Text: "Your interest"}}}
	opens, closes := packDays(x, set)
	today := workflow.DateOf(now)
	for _, i := range rows {
		if i.ItemState == workflow.TakenOff {
			continue
		}
		head := Cell{Head: true, Text: i.Ref}
		live := i.ItemState == workflow.Listed || i.ItemState == workflow.Opened
		if live && !today.Before(opens) && !closes.Before(today) {
			head = Cell{Head: true, Text: i.Name, Sub: i.Ref, Href: fmt.Sprintf("/panels/%d/cases/%s", x.ID, i.Ref)}
		}
		declared := Cell{Tags: []Tag{{Text: "To declare", Colour: "yellow"}}}
		if i.Declared {
			declared = Cell{Text: "Declared"}
		} else if !live {
			declared = Cell{}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{head, {Tags: []Tag{itemTag(i)}}, declared}})
	}
	return t
}

// offerReady lists the cases that may be put on this agenda.
func (a *App) offerReady(r *http.Request, p *panelPage, f *Form) error {
	ready, err := a.store.ReadyForPanel(r.Context())
	if err != nil || len(ready) == 0 {
		return err
	}
	var options []Option
	for _, c := range ready {
		hint := c.Ref + ", ready since " + dateWords(c.Since)
		if c.Urgency != workflow.Routine {
			hint += ", " + string(c.Urgency)
		}
		name := c.Name
		if name == "" {
			name = "Name not known"
		}
		options = append(options, Option{Value: c.Ref, Text: name, Hint: hint})
		p.Ready = append(p.Ready, Pair{"version-" + c.Ref, fmt.Sprint(c.Version)})
	}
	choices := f.Choices("panel", "Put a case on the agenda", options)
	p.Put = &choices
	return nil
}

// savePresent marks who is there.
func (a *App) savePresent(w http.ResponseWriter, r *http.Request) error {
	return a.changePanel(w, r, "Who is there is saved.", func(f *Form, p *workflow.Panel) error {
		for i, m := range p.Members {
			p.Members[i].Present = slices.Contains(f.Chosen("present"), fmt.Sprint(m.Actor))
		}
		return nil
	})
}

// closePanel ends a meeting whose cases are all decided or taken off.
func (a *App) closePanel(w http.ResponseWriter, r *http.Request) error {
	return a.changePanel(w, r, "The meeting is over.", func(_ *Form, p *workflow.Panel) error {
		by, _ := actorOf(r)
		rows, err := a.store.Agenda(r.Context(), p.ID, by.ID)
		if err != nil {
			return err
		}
		for _, i := range rows {
			if i.ItemState == workflow.Listed || i.ItemState == workflow.Opened {
				return &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "Decide every case first, or take it off the agenda: " + i.Ref + "."}
			}
		}
		p.Closed = true
		return nil
	})
}

func (a *App) changePanel(w http.ResponseWriter, r *http.Request, said string, change func(*Form, *workflow.Panel) error) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	p, err := a.panelToArrange(r)
	if err != nil {
		return err
	}
	if p.Version, err = f.version(); err != nil {
		return err
	}
	by, _ := actorOf(r)
	if err = change(f, &p); err == nil {
		_, err = a.store.SavePanel(r.Context(), by, a.now(), p)
	}
	if status, mine := f.takes(err); mine {
		now, err := a.panelToRead(r)
		if err != nil {
			return err
		}
		return a.panelPage(w, r, status, now, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, fmt.Sprintf("/panels/%d", p.ID))
}

// listOnPanel puts a ready case on this agenda.
func (a *App) listOnPanel(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	p, err := a.panelToRead(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	ref := f.Text("panel")
	if ref == "" {
		f.Wrong("panel", "Choose a case.")
		return a.panelPage(w, r, http.StatusUnprocessableEntity, p, f)
	}
	seen, err := f.Number("version-" + ref)
	if err != nil {
		return err
	}
	id, err := a.store.CaseByRef(r.Context(), ref)
	if err != nil {
		return err
	}
	_, err = a.store.Act(r.Context(), id, workflow.Version(max(seen, 1)), func(x workflow.File) (workflow.Change, error) {
		return a.list(r, x, by, p.ID)
	})
	if status, mine := f.takes(err); mine {
		return a.panelPage(w, r, status, p, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The case is on the agenda. A letter with the date is due.")
	return seeOther(w, r, fmt.Sprintf("/panels/%d", p.ID))
}

// list asks the rule with the meeting as it is now.
func (a *App) list(r *http.Request, x workflow.File, by workflow.Actor, id workflow.PanelID) (workflow.Change, error) {
	p, err := a.store.Panel(r.Context(), id)
	if err != nil {
		return workflow.Change{}, err
	}
	return x.PutOnPanel(by, a.now(), p)
}
