package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// itemPage is one case on one agenda, for those who sit on the panel: what they
// declare, then the papers, then what they think; for its chair also the
// decision.
type itemPage struct {
	Layout
	Address  string
	Version  workflow.Version
	Notice   string
	Declared string // what this reader declared
	Interest *Choices
	Words    *Textarea
	Papers   []Card
	View     *Textarea
	Dissent  *Choices
	Views    []Line
	Members  Table // for the chair and the team: what everybody declared
	For      *Choices
	ForKind  *Choices
	ForWords *Textarea
	Can      Cell
	Open     *Button
	Decide   []Button
}

// itemAt is a case on the agenda that an address names, with the meeting, for
// the team and those who sit on it.
func (a *App) itemAt(r *http.Request) (workflow.Panel, store.AgendaRow, error) {
	p, err := a.panelToRead(r)
	if err != nil {
		return p, store.AgendaRow{}, err
	}
	by, _ := actorOf(r)
	rows, err := a.store.Agenda(r.Context(), p.ID, by.ID)
	if err != nil {
		return p, store.AgendaRow{}, err
	}
	var found store.AgendaRow
	for _, i := range rows {
		if strings.EqualFold(i.Ref, r.PathValue("ref")) && (found.Item == 0 || i.ItemState != workflow.TakenOff) {
			found = i
		}
	}
	if found.Item == 0 {
		return p, found, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This case is not on the agenda of this panel."}
	}
	return p, found, nil
}

func (a *App) showItem(w http.ResponseWriter, r *http.Request) error {
	p, i, err := a.itemAt(r)
	if err != nil {
		return err
	}
	return a.itemPage(w, r, http.StatusOK, p, i, &Form{})
}

func (a *App) itemPage(w http.ResponseWriter, r *http.Request, status int, panel workflow.Panel, i store.AgendaRow, f *Form) error {
	x, err := a.store.File(r.Context(), i.Case)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	back := fmt.Sprintf("/panels/%d", panel.ID)
	p := &itemPage{Layout: Layout{Title: i.Ref, Ref: i.Ref, Caption: sentence(string(panel.Kind)) + ", " + longDate(panel.At), Back: &Link{"Back to the agenda", back}, Errors: f.Errors},
		Address: back + "/cases/" + i.Ref, Version: x.Case.Version}
	if x.Item == nil || x.Panel.ID != panel.ID {
		p.Notice = "This case is " + string(i.ItemState) + ". Its papers are closed."
		if i.Outcome != "" {
			p.Notice = "The panel decided: " + string(i.Outcome) + ". Its papers are closed."
		}
		return a.page(w, r, status, "panel-item", p)
	}
	if sits(by, panel) || by.Has(staff()...) {
		p.Title = a.nameForMember(x, by)
	}
	reads := sits(by, panel) && x.MaySeePapers(by, a.now()) == nil
	if sits(by, panel) {
		a.offerMember(p, x, by, f)
	}
	if reads {
		if err := a.store.Log(r.Context(), by, a.now(), "read panel papers", fmt.Sprintf("panel %d", panel.ID), x.Case.ID, 0); err != nil {
			return err
		}
		p.Papers = papersOf(x, workflow.DateOf(a.now()))
	}
	if reads || panel.Chair == by.ID || by.Has(staff()...) {
		p.Members = declaredTable(x)
	}
	if reads {
		p.Views = viewLines(x)
	}
	if panel.Chair == by.ID {
		a.offerChair(p, x, by, f)
	}
	return a.page(w, r, status, "panel-item", p)
}

// nameForMember is the name of the person where the reader may know who it is
// about: members need it to say whether they have an interest, from the day on
// which the papers can be read.
func (a *App) nameForMember(x workflow.File, by workflow.Actor) string {
	opens, closes := packDays(*x.Panel, x.Settings)
	today := workflow.DateOf(a.now())
	if by.Has(staff()...) || !x.Case.Has(workflow.FlagHold) && !today.Before(opens) && !closes.Before(today) {
		return nameOf(x)
	}
	return x.Case.Ref
}

func interestOptions() []Option {
	return []Option{{Value: string(workflow.NoInterest), Text: "No interest"},
		{Value: string(workflow.PersonalInterest), Text: "A personal interest", Hint: "Family, your own caseworker’s case, or you referred. You get no papers and have no voice."},
		{Value: string(workflow.OrganisationalInterest), Text: "An interest of your organisation", Hint: "The same team or employer. You stay, unless the chair says otherwise."}}
}

// offerMember asks for a declaration, and for a view once papers are open.
func (a *App) offerMember(p *itemPage, x workflow.File, by workflow.Actor, f *Form) {
	if mine, ok := interestOf(x, by.ID); ok {
		p.Declared = map[workflow.InterestKind]string{workflow.NoInterest: "You declared no interest in this case.",
			workflow.PersonalInterest: "You declared a personal interest in this case.", workflow.OrganisationalInterest: "You declared an interest of your organisation."}[mine.Kind]
		if mine.Exclude {
			p.Declared += " The chair decided that you do not take part."
		}
	}
	if err := x.MaySeePapers(by, a.now()); err != nil {
		p.Notice = err.Error()
	} else {
		view, dissent := f.Textarea("view", "What you think", "", 2000), f.Choices("dissent", "", []Option{{Value: "yes", Text: "I disagree with what the panel seems to decide", Hint: "Your words are minuted."}})
		dissent.Label = "If you disagree"
		p.View, p.Dissent = &view, &dissent
	}
	if x.May(by, workflow.DeclareInterest) == nil {
		kind, words := f.Choices("interest", "Do you have an interest in this case?", interestOptions()), f.Textarea("words", "What the interest is", "", 500)
		words.Rows, words.Hint = 3, "A few words, if you have one."
		p.Interest, p.Words = &kind, &words
	}
}

// offerChair adds what the chair does with the case.
func (a *App) offerChair(p *itemPage, x workflow.File, by workflow.Actor, f *Form) {
	p.Can = decideCell(x, by, a.now())
	if x.May(by, workflow.OpenPanel) == nil && x.Can(by, workflow.OpenPanel, a.now()) == nil {
		p.Open = &Button{Text: "Open this case in the panel", Confirm: true}
	}
	for _, k := range decisionKinds()[:3] {
		if x.Can(by, k.action, a.now()) == nil {
			p.Decide = append(p.Decide, Button{Text: k.title, Kind: "secondary", Href: "/cases/" + x.Case.Ref + "/decision/" + k.path})
		}
	}
	if x.May(by, workflow.DeclareInterest) != nil {
		return
	}
	var members []Option
	for _, m := range x.Panel.Members {
		if m.Actor != by.ID {
			members = append(members, Option{Value: fmt.Sprint(m.Actor), Text: m.Name})
		}
	}
	kinds := interestOptions()
	for i := range kinds {
		kinds[i].Hint = ""
	}
	kinds[1].Text, kinds[2].Text = "A personal interest: takes no part", "An interest of the organisation: stays"
	kinds = append(kinds, Option{Value: "exclude", Text: "An interest of the organisation: takes no part in this case"})
	who, kind, words := f.Choices("member", "Member", append([]Option{{Value: "", Text: "Choose a member"}}, members...)), f.Choices("for_interest", "What they declare", kinds), f.Textarea("for_words", "What the interest is", "", 500)
	words.Rows = 2
	p.For, p.ForKind, p.ForWords = &who, &kind, &words
}

// declaredTable is what every member declared.
func declaredTable(x workflow.File) Table {
	t := Table{Caption: "Interests", ShowTitle: true, Stacked: true, Columns: []Column{{Text: "Member"}, {Text: "Declared"}, {Text: "There"}}}
	for _, m := range x.Panel.Members {
		there := "No"
		if m.Present {
			there = "Yes"
		}
		declared := Cell{Tags: []Tag{{Text: "Not yet", Colour: "yellow"}}}
		if i, ok := interestOf(x, m.Actor); ok {
			declared = Cell{Text: sentence(string(i.Kind)), Sub: i.Words}
			if i.Exclude {
				declared.Text += ": takes no part"
			}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: m.Name}, declared, {Text: there}}})
	}
	return t
}

func viewLines(x workflow.File) []Line {
	var out []Line
	for _, v := range x.Item.Views {
		l := Line{Key: "A member", Value: v.Words}
		for _, m := range x.Panel.Members {
			if m.Actor == v.Member {
				l.Key = m.Name
			}
		}
		if v.Dissent {
			l.Tags = []Tag{{Text: "Disagrees", Colour: "orange"}}
		}
		out = append(out, l)
	}
	return out
}

// papersOf is the least that a panel needs to decide, from what people have
// confirmed: no addresses, no numbers, nobody but the person by name.
func papersOf(x workflow.File, today workflow.Date) []Card {
	line := func(key string, names ...workflow.Field) Line {
		var values []string
		for _, n := range names {
			fact := x.Facts[n]
			if !fact.Confirmed {
				continue
			}
			if len(fact.Values) > 0 {
				values = append(values, strings.Join(fact.Values, ", "))
			} else if fact.Value != "" {
				values = append(values, sentence(strings.ReplaceAll(fact.Value, "_", " ")))
			}
		}
		return Line{Key: key, Value: strings.Join(values, "\n"), Missing: len(values) == 0}
	}
	age := Line{Key: "Age", Missing: true}
	if n, known := x.Person.Age(today); known {
		age = Line{Key: "Age", Value: fmt.Sprint(n)}
	}
	return []Card{
		{Title: "The person", Lines: []Line{{Key: "Likes to be called", Value: x.Person.Greeting()}, age, line("Learning disability", workflow.FieldLD), line("Autistic", workflow.FieldAutism),
			{Key: "How they like to be told things", Value: needsWords(x), Missing: needsWords(x) == ""}}},
		{Title: "Why they were referred", Lines: []Line{groundsLine(x), line("What is happening now", workflow.FieldReason), line("Risks, in the words we were given", "risk.immediate", "risk"),
			line("What has been tried", workflow.FieldTried), line("Who is involved", workflow.FieldServices), line("What they hope for", "hopes", "person.views")}},
	}
}

func needsWords(x workflow.File) string {
	words := strings.Join(x.Person.Needs, ", ")
	if fact := x.Facts[workflow.FieldNeeds]; words == "" && fact.Confirmed {
		words = fact.Value
	}
	return words
}

func groundsLine(x workflow.File) Line {
	fact, l := x.Facts[workflow.FieldGrounds], Line{Key: "What might happen"}
	if fact.Confirmed {
		var words []string
		for _, g := range fact.Values {
			words = append(words, workflow.Ground(g).Words())
		}
		l.Value = sentence(strings.Join(words, "; "))
	}
	l.Missing = l.Value == ""
	return l
}

// actOnItem does something with a case on an agenda. What members declare and
// say concerns themselves, and they do it at the same time: it goes by the
// record as it is now. What the chair decides goes by the version that the page
// showed.
func (a *App) actOnItem(w http.ResponseWriter, r *http.Request, f *Form, chair bool, said string, do func(x workflow.File) (workflow.Change, error)) error {
	panel, i, err := a.itemAt(r)
	if err != nil {
		return err
	}
	seen := workflow.Version(0)
	if chair {
		if seen, err = f.version(); err != nil {
			return err
		}
	}
	_, err = a.store.Act(r.Context(), i.Case, seen, func(x workflow.File) (workflow.Change, error) {
		if x.Panel == nil || x.Panel.ID != panel.ID {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrConflict, Words: "This case is not on this agenda any more."}
		}
		return do(x)
	})
	if status, mine := f.takes(err); mine {
		return a.itemPage(w, r, status, panel, i, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, fmt.Sprintf("/panels/%d/cases/%s", panel.ID, i.Ref))
}

// declareInterest records what a member declares; the chair may record it for
// another.
func (a *App) declareInterest(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	i := workflow.Interest{Member: by.ID, Kind: workflow.InterestKind(f.Text("interest")), Words: f.Text("words")}
	forAnother := f.Text("for") == "another"
	if forAnother {
		kind := f.Text("for_interest")
		i = workflow.Interest{Member: workflow.ActorID(max(atoi(f.Text("member")), 0)), Kind: workflow.InterestKind(kind), Words: f.Text("for_words")}
		if kind == "exclude" {
			i.Kind, i.Exclude = workflow.OrganisationalInterest, true
		}
	}
	return a.actOnItem(w, r, f, false, "The declaration is recorded.", func(x workflow.File) (workflow.Change, error) {
		seat := false
		for _, m := range x.Panel.Members {
			seat = seat || m.Actor == i.Member
		}
		if forAnother && !seat {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "member", Words: "Choose a member of this panel."}
		}
		c, err := x.DeclareInterest(by, a.now(), i)
		return c, inFields(err, forAnother)
	})
}

// inFields moves a refusal to the chair's own fields.
func inFields(err error, forAnother bool) error {
	refusal, ok := err.(*workflow.Refusal)
	if !ok || !forAnother || refusal.Field == "" {
		return err
	}
	return &workflow.Refusal{Kind: refusal.Kind, Field: "for_" + refusal.Field, Words: refusal.Words}
}

func (a *App) giveView(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnItem(w, r, f, false, "Your view is recorded.", func(x workflow.File) (workflow.Change, error) {
		if f.Text("view") == "" {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "view", Words: "Write your view."}
		}
		return x.GiveView(by, a.now(), f.Text("view"), f.Text("dissent") == "yes")
	})
}

func (a *App) openInPanel(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnItem(w, r, f, true, "The case is open in the panel.", func(x workflow.File) (workflow.Change, error) {
		return x.OpenInPanel(by, a.now())
	})
}
