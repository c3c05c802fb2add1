package web

import (
	"net/http"
	"slices"

	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) partyRoutes() []Route {
	may := rolesOf(workflow.SetParty)
	return []Route{
		{Method: "GET", Pattern: "/cases/{ref}/people", Title: "People around the person", May: staff(), Handler: a.showPeople},
		{Method: "GET", Pattern: "/cases/{ref}/people/{party}", Title: "Somebody around the person", May: may, Handler: a.showParty},
		{Method: "POST", Pattern: "/cases/{ref}/people/{party}", Title: "Change somebody around the person", May: may, Handler: a.saveParty},
	}
}

// peoplePage lists those around the person and who may be written to.
type peoplePage struct {
	Layout
	Head     caseHead
	People   []Card
	Add      *Button
	Contacts Table
	Record   *Button
}

func (a *App) showPeople(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	names, err := a.names(r.Context())
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	here := "/cases/" + x.Case.Ref
	p := &peoplePage{Layout: Layout{Title: "People", Ref: x.Case.Ref, Back: a.backToList(r)}, Head: headOf(x, by, workflow.DateOf(a.now()), "/people"),
		Contacts: contactTable(x, names)}
	changes := x.May(by, workflow.SetParty) == nil
	for _, party := range x.Parties {
		c := partyCard(party)
		if changes {
			c.Actions = []Link{{"Change", here + "/people/" + idText(party.ID)}}
			if !party.Confirmed {
				c.Actions[0].Text = "Check and confirm"
			}
		}
		p.People = append(p.People, c)
	}
	if changes {
		p.Add = &Button{Text: "Add somebody", Kind: "secondary", Href: here + "/people/new"}
	}
	if x.May(by, workflow.RecordContact) == nil && len(x.Parties) > 0 {
		p.Record = &Button{Text: "Record a call, visit or meeting", Kind: "secondary", Href: here + "/contact"}
	}
	return a.page(w, r, http.StatusOK, "people", p)
}

func partyCard(p workflow.Party) Card {
	c := Card{ID: "party-" + idText(p.ID), Title: partyWords(p)}
	add := func(key, value string) {
		if value != "" {
			c.Lines = append(c.Lines, Line{Key: key, Value: value})
		}
	}
	status := Line{Key: "Status"}
	if p.Confirmed {
		status.Tags = append(status.Tags, Tag{Text: "Confirmed", Colour: "green"})
	} else {
		status.Tags = append(status.Tags, Tag{Text: "Only read, not confirmed", Colour: "yellow"})
		status.Note = "No letter goes to an address that nobody has confirmed."
	}
	if p.Blocked {
		status.Tags = append(status.Tags, Tag{Text: "Must not be written to", Colour: "red"})
		status.Note = p.BlockedWhy
	}
	if p.Referrer {
		status.Tags = append(status.Tags, Tag{Text: "Referrer", Colour: "blue"})
	}
	if p.Involved {
		status.Tags = append(status.Tags, Tag{Text: "Involved in care now", Colour: "teal"})
	}
	c.Lines = append(c.Lines, status)
	add("Organisation", p.Organisation)
	add("Sector", sentence(p.Sector.Words()))
	add("Email", p.Email)
	add("Phone", p.Phone)
	add("Address", p.Address)
	if p.Role.IsParental() || p.HasPR != workflow.Unknown {
		c.Lines = append(c.Lines, Line{Key: "Parental responsibility", Value: sentence(string(p.HasPR)), Missing: p.HasPR == workflow.Unknown})
	}
	add("May get letters about decisions", sentence(string(p.MayWrite)))
	add("Safe to write to", p.SafeToWrite)
	for i, n := range p.Needs {
		add(map[bool]string{true: "Needs", false: "Also needs"}[i == 0], sentence(n))
	}
	return c
}

func contactTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "Calls, visits and meetings", ShowTitle: true, Stacked: true, Empty: "None recorded.",
		Columns: []Column{{Text: "When"}, {Text: "Whom"}, {Text: "How"}, {Text: "What came of it"}, {Text: "By"}}}
	for _, c := range slices.Backward(x.Contacts) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: dateTime(c.At)}, {Text: partyByID(x, c.Party)}, {Text: sentence(c.How)}, {Text: sentence(c.Reached)}, {Text: names[c.By]}}})
	}
	return t
}

// partyPage is the form of one of them.
type partyPage struct {
	Layout
	Name     string
	Action   string
	Version  workflow.Version
	Controls []Control
	Button   Button
	Away     Link
}

// partyAt is whom an address names; "new" is somebody not yet recorded.
func partyAt(r *http.Request, x workflow.File) (workflow.Party, error) {
	if r.PathValue("party") == "new" {
		return workflow.Party{}, nil
	}
	return x.Party(workflow.PartyID(atoi(r.PathValue("party"))))
}

func (a *App) showParty(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	return a.partyPage(w, r, http.StatusOK, x, &Form{})
}

func (a *App) partyPage(w http.ResponseWriter, r *http.Request, status int, x workflow.File, f *Form) error {
	old, err := partyAt(r, x)
	if err != nil {
		return err
	}
	here := "/cases/" + x.Case.Ref + "/people"
	p := &partyPage{Layout: Layout{Title: "Add somebody", Ref: x.Case.Ref, Back: &Link{"Back", here}, Errors: f.Errors}, Name: nameOf(x), Action: here + "/" + r.PathValue("party"),
		Version: x.Case.Version, Controls: partyControls(f, old), Button: Button{Text: "Save", Confirm: true}, Away: Link{"Cancel", here}}
	if old.ID != 0 {
		p.Title = partyWords(old)
	}
	return a.page(w, r, status, "party", p)
}

func partyControls(f *Form, old workflow.Party) []Control {
	roles := append([]Option{{Value: "", Text: "Choose"}}, optionsOf(workflow.PartyRoles())...)
	for i := range roles {
		if roles[i].Value == string(workflow.PartySelf) {
			roles[i].Text = "The person"
		}
	}
	sectors := []Option{{Value: "", Text: "None"}, {Value: string(workflow.Health), Text: "Health"}, {Value: string(workflow.Education), Text: "Education"}, {Value: string(workflow.SocialCare), Text: "Social care"}}
	known := []Option{{Value: "", Text: "Not known"}, {Value: "yes", Text: "Yes"}, {Value: "no", Text: "No"}}
	choose := func(name, label string, options []Option, stored, hint string) Control {
		c := f.Choices(name, label, options, stored)
		c.Hint = hint
		return Control{Select: &c}
	}
	return []Control{
		choose("role", "What they are to the person", roles, string(old.Role), ""),
		input(f.Input("name", "Name", old.Name), ""), input(f.Input("known_as", "Likes to be called", old.KnownAs), ""),
		input(f.Input("organisation", "Organisation", old.Organisation), ""), choose("sector", "Sector", sectors, string(old.Sector), "Consent to share names sectors."),
		input(f.Input("email", "Email", old.Email), ""), input(f.Input("phone", "Phone", old.Phone), ""), input(f.Input("address", "Postal address", old.Address), ""),
		choose("has_pr", "Parental responsibility", known, string(old.HasPR), "Never assumed of whoever writes: ask, and see the papers where there is doubt."),
		choose("may_write", "May get letters about decisions", known, string(old.MayWrite), ""),
		input(f.Input("safe_to_write", "Safe to write to", old.SafeToWrite), "Where there is another parent: whom you asked, and when."),
		statusBoxes(f, old), needBoxes(f, old),
		input(f.Input("blocked_why", "Why they must not be written to", old.BlockedWhy), "Only when that box is ticked."),
	}
}

func statusBoxes(f *Form, old workflow.Party) Control {
	var on []string
	for name, is := range map[string]bool{"confirmed": old.Confirmed, "referrer": old.Referrer, "involved": old.Involved, "ordinary_ok": old.OrdinaryOK, "blocked": old.Blocked} {
		if is {
			on = append(on, name)
		}
	}
	c := f.Choices("status", "What is known", []Option{
		{Value: "confirmed", Text: "I have checked who this is and how to reach them", Hint: "Letters only go to people whom somebody has checked."},
		{Value: "referrer", Text: "The original referrer"}, {Value: "involved", Text: "Involved in the care now", Hint: "Asked before the person comes off the register."},
		{Value: "ordinary_ok", Text: "Agrees to full letters at an ordinary email address"}, {Value: "blocked", Text: "Must not be written to"}}, on...)
	return Control{Checkboxes: &c}
}

func needBoxes(f *Form, old workflow.Party) Control {
	c := f.Choices("needs", "Letters to them must be", needOptions(), old.Needs...)
	c.Small = true
	return Control{Checkboxes: &c}
}

func (f *Form) party(old workflow.Party) workflow.Party {
	p := old
	p.Role, p.Name, p.KnownAs, p.Organisation = workflow.PartyRole(f.Text("role")), f.Text("name"), f.Text("known_as"), f.Text("organisation")
	p.Sector, p.Email, p.Phone, p.Address = workflow.Sector(f.Text("sector")), f.Text("email"), f.Text("phone"), f.Text("address")
	p.HasPR, p.MayWrite, p.SafeToWrite = workflow.Answer(f.Text("has_pr")), workflow.Answer(f.Text("may_write")), f.Text("safe_to_write")
	status := f.Chosen("status")
	p.Confirmed, p.Referrer, p.Involved = slices.Contains(status, "confirmed"), slices.Contains(status, "referrer"), slices.Contains(status, "involved")
	p.OrdinaryOK, p.Blocked = slices.Contains(status, "ordinary_ok"), slices.Contains(status, "blocked")
	p.Needs, p.BlockedWhy = nil, f.Text("blocked_why")
	for _, n := range f.Chosen("needs") {
		if slices.Contains(workflow.Needs(), n) {
			p.Needs = append(p.Needs, n)
		}
	}
	return p
}

func (a *App) saveParty(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	id, err := a.caseAt(r)
	if err != nil {
		return err
	}
	seen, err := f.version()
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		old, err := partyAt(r, x)
		if err != nil {
			return workflow.Change{}, err
		}
		p := f.party(old)
		if !slices.Contains([]workflow.Answer{workflow.Unknown, workflow.Yes, workflow.No}, p.HasPR) || !slices.Contains([]workflow.Answer{workflow.Unknown, workflow.Yes, workflow.No}, p.MayWrite) ||
			!slices.Contains([]workflow.Sector{workflow.NoSector, workflow.Health, workflow.Education, workflow.SocialCare}, p.Sector) {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "Choose from the lists."}
		}
		return x.SetParty(by, a.now(), p)
	})
	if status, mine := f.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.partyPage(w, r, status, x, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "Saved.")
	return seeOther(w, r, "/cases/"+r.PathValue("ref")+"/people")
}
