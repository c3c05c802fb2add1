package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) directoryRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/directory", Title: "The signposting directory", May: readers(), Handler: a.showDirectory},
		{Method: "GET", Pattern: "/directory/new", Title: "Add a service to the directory", May: staff(), Handler: a.newSignpost},
		{Method: "POST", Pattern: "/directory/new", Title: "Add a service to the directory", May: staff(), Handler: a.saveSignpost},
		{Method: "GET", Pattern: "/directory/{id}", Title: "A service of the directory", May: readers(), Handler: a.showSignpost},
		{Method: "GET", Pattern: "/directory/{id}/change", Title: "Change a service of the directory", May: staff(), Handler: a.changeSignpost},
		{Method: "POST", Pattern: "/directory/{id}/change", Title: "Change a service of the directory", May: staff(), Handler: a.saveSignpost},
		{Method: "POST", Pattern: "/directory/{id}/verify", Title: "Verify a service of the directory", May: staff(), Handler: a.verifySignpost},
		{Method: "POST", Pattern: "/directory/{id}/retire", Title: "Retire a service of the directory", May: staff(), Handler: a.retireSignpost},
	}
}

// standing is where an entry stands today: a letter may name only what is good.
type standing struct{ name, text, empty string }

func standings() []standing {
	return []standing{
		{"good", "Verified", "No service is verified. A letter cannot name any until somebody has checked it."},
		{"new", "Not verified", "Every service has been checked."},
		{"late", "Review due", "No service is due to be checked again."},
		{"retired", "Retired", "No service has been retired."},
	}
}

func standingOf(s workflow.Signpost, today workflow.Date) string {
	switch {
	case s.Retired:
		return "retired"
	case s.Usable(today) == nil:
		return "good"
	case s.VerifiedBy == "":
		return "new"
	}
	return "late"
}

func standingTag(s workflow.Signpost, today workflow.Date) Tag {
	switch standingOf(s, today) {
	case "retired":
		return Tag{Text: "Retired"}
	case "good":
		return Tag{Text: "Verified", Colour: "green"}
	case "late":
		return Tag{Text: "Review due", Colour: "orange"}
	}
	return Tag{Text: "Not verified", Colour: "yellow"}
}

// directoryPage lists the services that letters may send people to.
type directoryPage struct {
	Layout
	Tabs  Tabs
	Table Table
	Add   *Button
}

func (a *App) showDirectory(w http.ResponseWriter, r *http.Request) error {
	all, err := a.store.Signposts(r.Context())
	if err != nil {
		return err
	}
	today := workflow.DateOf(a.now())
	counts := map[string]int{}
	for _, s := range all {
		counts[standingOf(s, today)]++
	}
	current := standings()[0]
	if counts["good"] == 0 {
		current = standings()[1]
	}
	for _, x := range standings() {
		if x.name == r.URL.Query().Get("tab") {
			current = x
		}
	}
	p := &directoryPage{Layout: Layout{Title: "Signposting directory"}, Tabs: Tabs{Label: "Directory"},
		Table: Table{Caption: current.text, Stacked: true, Empty: current.empty,
			Columns: []Column{{Text: "Service"}, {Text: "For whom"}, {Text: "How to reach it"}, {Text: "Checked"}}}}
	for _, x := range standings() {
		p.Tabs.Items = append(p.Tabs.Items, Tab{Text: x.text, Href: "/directory?tab=" + x.name, Count: counts[x.name], Counted: true, Alarm: x.name == "late",
			Current: x.name == current.name})
	}
	for _, s := range all {
		if standingOf(s, today) == current.name {
			p.Table.Rows = append(p.Table.Rows, signpostRow(s, today))
		}
	}
	if by, _ := actorOf(r); by.Has(staff()...) {
		p.Add = &Button{Text: "Add a service", Kind: "secondary", Href: "/directory/new"}
	}
	return a.page(w, r, http.StatusOK, "directory", p)
}

func signpostRow(s workflow.Signpost, today workflow.Date) Row {
	return Row{Cells: []Cell{
		{Head: true, Text: s.Name, Href: fmt.Sprintf("/directory/%d", s.ID), Sub: s.For},
		{Text: ageWords(s), Sub: areaWords(s)},
		{Text: or(s.Phone, or(s.Email, or(s.Web, s.How))), Sub: s.Hours},
		{Tags: []Tag{standingTag(s, today)}, Sub: checkedWords(s)},
	}}
}

// ageWords is "18 and over", "up to 25", "14 to 25" or "all ages".
func ageWords(s workflow.Signpost) string {
	switch {
	case s.AgeFrom == 0 && s.AgeTo == 0:
		return "All ages"
	case s.AgeTo == 0:
		return fmt.Sprintf("%d and over", s.AgeFrom)
	case s.AgeFrom == 0:
		return fmt.Sprintf("Up to %d", s.AgeTo)
	}
	return fmt.Sprintf("%d to %d", s.AgeFrom, s.AgeTo)
}

func areaWords(s workflow.Signpost) string {
	if len(s.Areas) == 0 {
		return "everywhere"
	}
	return strings.Join(s.Areas, ", ")
}

func checkedWords(s workflow.Signpost) string {
	if s.VerifiedBy == "" {
		return ""
	}
	return fmt.Sprintf("by %s on %s, again by %s", s.VerifiedBy, dayWords(s.VerifiedOn), dayWords(s.ReviewBy))
}

// signpostPage shows one service and what may be done with it.
type signpostPage struct {
	Layout
	Address  string
	Tag      Tag
	Standing string
	Lines    []Line
	EasyRead string
	Version  workflow.Version
	Confirm  *Choices
	Retire   *Button
}

// signpostAt is the entry that an address names.
func (a *App) signpostAt(r *http.Request) (workflow.Signpost, error) {
	all, err := a.store.Signposts(r.Context())
	if err != nil {
		return workflow.Signpost{}, err
	}
	for _, s := range all {
		if strconv.FormatInt(int64(s.ID), 10) == r.PathValue("id") {
			return s, nil
		}
	}
	return workflow.Signpost{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such entry in the directory."}
}

func (a *App) showSignpost(w http.ResponseWriter, r *http.Request) error {
	s, err := a.signpostAt(r)
	if err != nil {
		return err
	}
	return a.signpostPage(w, r, http.StatusOK, s, &Form{})
}

func (a *App) signpostPage(w http.ResponseWriter, r *http.Request, status int, s workflow.Signpost, f *Form) error {
	today := workflow.DateOf(a.now())
	p := &signpostPage{Layout: Layout{Title: s.Name, Caption: "Signposting directory", Back: &Link{"Back to the directory", "/directory?tab=" + standingOf(s, today)}, Errors: f.Errors},
		Address: fmt.Sprintf("/directory/%d", s.ID), Tag: standingTag(s, today), EasyRead: s.EasyRead, Version: s.Version, Lines: signpostLines(s)}
	if err := s.Usable(today); err != nil {
		p.Standing = "A letter cannot name it. " + err.Error()
	}
	if by, _ := actorOf(r); by.Has(staff()...) {
		if !s.Retired {
			c := f.Choices("confirm", "Check it again", []Option{{Value: "yes", Text: "I rang, wrote or looked today, and everything above is right"}})
			p.Confirm, p.Retire = &c, &Button{Text: "Retire this service", Kind: "warning"}
		} else {
			p.Retire = &Button{Text: "Put it back into the directory", Kind: "secondary"}
		}
	}
	return a.page(w, r, status, "signpost", p)
}

func signpostLines(s workflow.Signpost) []Line {
	line := func(key, value string) Line { return Line{Key: key, Value: value, Missing: value == ""} }
	return []Line{line("What it is for", s.For), line("Ages", ageWords(s)), line("Areas", sentence(areaWords(s))), line("Helps with", strings.Join(s.Needs, ", ")),
		line("How to reach it", s.How), line("Phone", s.Phone), line("Email", s.Email), line("Web", s.Web), line("Hours", s.Hours),
		line("Where this was read", s.Source), line("Checked", sentence(checkedWords(s)))}
}

// signpostForm adds or changes a service.
type signpostForm struct {
	Layout
	Action   string
	Version  workflow.Version
	Controls []Control
	Button   Button
	Away     Link
	Warning  string
}

func (a *App) newSignpost(w http.ResponseWriter, r *http.Request) error {
	return a.signpostForm(w, r, http.StatusOK, workflow.Signpost{}, &Form{})
}

func (a *App) changeSignpost(w http.ResponseWriter, r *http.Request) error {
	s, err := a.signpostAt(r)
	if err != nil {
		return err
	}
	return a.signpostForm(w, r, http.StatusOK, s, &Form{})
}

func (a *App) signpostForm(w http.ResponseWriter, r *http.Request, status int, s workflow.Signpost, f *Form) error {
	p := &signpostForm{Layout: Layout{Title: "Add a service", Caption: "Signposting directory", Errors: f.Errors}, Action: "/directory/new",
		Controls: signpostControls(f, s), Button: Button{Text: "Add it", Confirm: true}, Away: Link{"Cancel", "/directory"}}
	if s.ID != 0 {
		here := fmt.Sprintf("/directory/%d", s.ID)
		p.Title, p.Caption, p.Action, p.Version = "Change "+s.Name, "Signposting directory", here+"/change", s.Version
		p.Button.Text, p.Away.Href = "Save the change", here
		if s.VerifiedBy != "" {
			p.Warning = "When you change what a family reads, the service is unverified until somebody has checked it again."
		}
	}
	return a.page(w, r, status, "signpost-form", p)
}

// signpostNeeds are the tags by which a service is found for somebody.
func signpostNeeds() []string {
	return []string{"crisis", "mental health", "behaviour", "social care", "safeguarding", "education", "short breaks", "carers",
		"sleep", "health", "housing", "legal", "advocacy", "autism", "learning disability"}
}

func signpostControls(f *Form, s workflow.Signpost) []Control {
	one := func(name, label, stored, hint, width string) Control {
		i := f.Input(name, label, stored)
		i.Width = width
		return input(i, hint)
	}
	number := func(name, label string, stored int, hint string) Control {
		value := ""
		if stored > 0 {
			value = strconv.Itoa(stored)
		}
		i := f.Input(name, label, value)
		i.Width, i.InputMode = "3", "numeric"
		return input(i, hint)
	}
	boxes := func(name, label, hint string, words, stored []string) Control {
		var options []Option
		for _, w := range words {
			options = append(options, Option{Value: w, Text: sentence(w)})
		}
		c := f.Choices(name, label, options, stored...)
		c.Hint, c.Small = hint, true
		return Control{Checkboxes: &c}
	}
	needs := signpostNeeds()
	for _, n := range s.Needs {
		if !slices.Contains(needs, n) {
			needs = append(needs, n)
		}
	}
	return []Control{
		one("name", "Name of the service", s.Name, "", ""),
		textarea(f.Textarea("for", "What it is for", s.For, 300), "In a sentence that a family understands. It stands in letters."),
		number("age-from", "From what age", s.AgeFrom, "Leave it empty if there is no lower age."),
		number("age-to", "Up to what age", s.AgeTo, "Leave it empty if there is no upper age."),
		boxes("areas", "Areas it serves", "Tick none if it serves everybody.", workflow.Councils(), s.Areas),
		boxes("needs", "What it helps with", "", needs, s.Needs),
		one("phone", "Phone", s.Phone, "", "20"), one("email", "Email", s.Email, "", "one-half"), one("web", "Web address", s.Web, "", "two-thirds"),
		one("hours", "Hours", s.Hours, "For example, Monday to Friday, 9am to 5pm", "two-thirds"),
		textarea(f.Textarea("how", "How to get in touch, if there is more to say", s.How, 300), "For example, ask your GP for a referral."),
		textarea(f.Textarea("easy-read", "The same in Easy Read", s.EasyRead, 600), "Short sentences, one idea each. Until there is one, Easy Read letters leave the service out."),
		one("source", "Where you found this", s.Source, "A web page, or who told you. It does not stand in letters.", ""),
	}
}

// readSignpost puts what was typed over an entry.
func readSignpost(f *Form, s workflow.Signpost) workflow.Signpost {
	s.Name, s.For, s.How, s.Phone, s.Email = f.Text("name"), f.Text("for"), f.Text("how"), f.Text("phone"), f.Text("email")
	s.Web, s.Hours, s.EasyRead, s.Source = f.Text("web"), f.Text("hours"), f.Text("easy-read"), f.Text("source")
	s.Areas, s.Needs = slices.Clone(f.Chosen("areas")), slices.Clone(f.Chosen("needs"))
	s.AgeFrom, s.AgeTo = f.age("age-from"), f.age("age-to")
	return s
}

// age is a whole number of years, 0 when nothing was typed and -1 for what is no
// number.
func (f *Form) age(name string) int {
	if f.Text(name) == "" {
		return 0
	}
	return atoi(f.Text(name))
}

func (a *App) saveSignpost(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	old := workflow.Signpost{}
	if r.PathValue("id") != "" {
		if old, err = a.signpostAt(r); err != nil {
			return err
		}
		seen, err := f.Number("version")
		if err != nil {
			return err
		}
		old.Version = workflow.Version(seen)
	}
	s := readSignpost(f, old)
	if s.ID != 0 {
		s = s.Changed(old)
	}
	if err = s.Check(); err == nil {
		by, _ := actorOf(r)
		s.ID, err = a.store.SaveSignpost(r.Context(), by, a.now(), s)
	}
	if status, mine := f.takes(err); mine {
		return a.signpostForm(w, r, status, old, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The directory is saved.")
	return seeOther(w, r, fmt.Sprintf("/directory/%d", s.ID))
}

func (a *App) verifySignpost(w http.ResponseWriter, r *http.Request) error {
	return a.actOnSignpost(w, r, "The service is verified. Letters may name it.", func(ctx context.Context, f *Form, by workflow.Actor, s workflow.Signpost) (workflow.Signpost, error) {
		if !slices.Contains(f.Chosen("confirm"), "yes") {
			return s, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "confirm", Words: "Say that you have checked it today."}
		}
		set, _, err := a.store.Settings(ctx)
		if err != nil {
			return s, err
		}
		return workflow.VerifySignpost(by, a.now(), s, set)
	})
}

func (a *App) retireSignpost(w http.ResponseWriter, r *http.Request) error {
	return a.actOnSignpost(w, r, "The directory is saved.", func(_ context.Context, _ *Form, _ workflow.Actor, s workflow.Signpost) (workflow.Signpost, error) {
		s.Retired = !s.Retired
		return s, nil
	})
}

// actOnSignpost changes one entry as its page showed it.
func (a *App) actOnSignpost(w http.ResponseWriter, r *http.Request, said string, do func(context.Context, *Form, workflow.Actor, workflow.Signpost) (workflow.Signpost, error)) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	s, err := a.signpostAt(r)
	if err != nil {
		return err
	}
	seen, err := f.Number("version")
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	next := s
	next.Version = workflow.Version(seen)
	if next, err = do(r.Context(), f, by, next); err == nil {
		_, err = a.store.SaveSignpost(r.Context(), by, a.now(), next)
	}
	if status, mine := f.takes(err); mine {
		return a.signpostPage(w, r, status, s, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, fmt.Sprintf("/directory/%d", s.ID))
}
