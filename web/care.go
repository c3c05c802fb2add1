package web

import (
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// careDeedsOnRegister are what a team records while somebody is on the register:
// the plan, its lead, who answers for the person, and what was told to whom.
func careDeedsOnRegister() []deed {
	return []deed{
		{path: "/register/plan", title: "Add to the support plan", button: "Add it", may: rolesOf(workflow.ChangePlan), action: workflow.ChangePlan, back: "/register", said: "The plan is changed.",
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("what", "What will be done", "", 1000), ""), input(f.Input("who", "Who does it", ""), ""), dateField(f.DateInput("due", "By when", workflow.Date{}), "For example, 23 11 2026")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.AddToPlan(by, a.now(), workflow.PlanItem{What: f.Text("what"), Who: f.Text("who"), Due: f.Date("due", "By when")})
			}},
		{path: "/register/plan/end", title: "Record what came of the plan", button: "Record it", may: rolesOf(workflow.ChangePlan), action: workflow.ChangePlan, back: "/register", said: "Recorded.",
			fields: planEndFields, do: endPlanItem},
		{path: "/register/lead", title: "Name the lead professional", button: "Name them", may: rolesOf(workflow.SetLead), action: workflow.SetLead, back: "/register", said: "The lead professional is named.",
			fields: func(f *Form, x workflow.File) []Control {
				lead := f.Choices("lead", "Lead professional", leadOptions(x))
				return []Control{{Select: &lead}, input(f.Input("named_by", "If nobody is named yet: who names one, and by when", ""), ""), textarea(f.Textarea("why", "Why, and that they agreed", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.SetLead(by, a.now(), workflow.Lead{Party: workflow.PartyID(max(0, atoi(f.Text("lead")))), NamedBy: f.Text("named_by")}, f.Text("why"))
			}},
		{path: "/register/responsible", title: "Say which council or board answers", button: "Record it", may: rolesOf(workflow.SetResponsible), action: workflow.SetResponsible, back: "/register", said: "Recorded.",
			words:  []string{"The council is that of ordinary residence, not of a placement. The board follows from the GP surgery, and for a placed child from who placed them."},
			fields: responsibleFields,
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.SetResponsible(by, a.now(), workflow.OrganisationID(max(0, atoi(f.Text("organisation")))), f.Date("from", "From"), f.Text("why"))
			}},
		{path: "/share", title: "Record what was told to a professional", button: "Record it", may: rolesOf(workflow.RecordShare), action: workflow.RecordShare, back: "/register", said: "Recorded.",
			words:  []string{"The least that helps, to people of a sector that consent covers. Without consent only the manager decides, and writes why."},
			fields: shareFields,
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.RecordShare(by, a.now(), workflow.Share{Party: workflow.PartyID(max(0, atoi(f.Text("party")))), Fields: f.Chosen("fields"), Basis: workflow.ShareBasis(f.Text("basis")), Why: f.Text("why")})
			}},
		{path: "/share/told", title: "Record that somebody was told to stop", button: "Record it", may: rolesOf(workflow.RecordShareStop), action: workflow.RecordShareStop, back: "/register", said: "Recorded.",
			fields: func(f *Form, x workflow.File) []Control {
				var options []Option
				for _, s := range x.Shares {
					if !s.StoppedAt.IsZero() && s.ToldAt.IsZero() {
						options = append(options, Option{Value: idText(s.ID), Text: partyByID(x, s.Party), Hint: sentence(s.StoppedWhy)})
					}
				}
				return []Control{radios(f.Choices("share", "Who was told to stop", options), emptyHint(options, "Nobody has to be told.")), textarea(f.Textarea("words", "How, and what they said", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.ShareStopTold(by, a.now(), workflow.ShareID(max(0, atoi(f.Text("share")))), f.Text("words"))
			}},
	}
}

func leadOptions(x workflow.File) []Option {
	out := []Option{{Value: "", Text: "Not named yet"}}
	for _, p := range x.Parties {
		if p.Role.IsProfessional() && p.Confirmed {
			out = append(out, Option{Value: idText(p.ID), Text: partyWords(p)})
		}
	}
	return out
}

func planEndFields(f *Form, x workflow.File) []Control {
	var options []Option
	for _, p := range x.Plan {
		if p.EndedAt.IsZero() {
			options = append(options, Option{Value: idText(p.ID), Text: p.What, Hint: p.Who + ", by " + dayWords(p.Due)})
		}
	}
	came := f.Choices("done", "What came of it", []Option{{Value: "yes", Text: "It was done"}, {Value: "no", Text: "It was not done"}})
	return []Control{radios(f.Choices("item", "What has ended", options), emptyHint(options, "Nothing of the plan is open.")), radios(came, ""), textarea(f.Textarea("outcome", "In words", "", 1000), "")}
}

func endPlanItem(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	if v := f.Text("done"); v != "yes" && v != "no" {
		f.Wrong("done", "Choose what came of it.")
	}
	return x.EndPlanItem(by, a.now(), workflow.PlanEnd{ID: workflow.PlanID(max(0, atoi(f.Text("item")))), Done: f.Text("done") == "yes", Outcome: f.Text("outcome")})
}

func responsibleFields(f *Form, x workflow.File) []Control {
	var options []Option
	for _, o := range x.Organisations {
		hint := ""
		if !o.ValidTo.IsZero() {
			hint = "Until " + dayWords(o.ValidTo.Add(-1))
		}
		options = append(options, Option{Value: idText(o.ID), Text: sentence(o.Kind.Words()) + ": " + o.Name, Hint: hint})
	}
	return []Control{radios(f.Choices("organisation", "Which", options), ""), dateField(f.DateInput("from", "From", workflow.Date{}), "For example, 23 11 2026"),
		textarea(f.Textarea("why", "How you know", "", 1000), "Ordinary residence, GP, who placed or pays.")}
}

func shareFields(f *Form, x workflow.File) []Control {
	var who []Option
	for _, p := range x.Parties {
		if p.Role.IsProfessional() {
			who = append(who, Option{Value: idText(p.ID), Text: partyWords(p), Hint: sentence(p.Sector.Words())})
		}
	}
	var what []Option
	for _, s := range workflow.Shareable() {
		what = append(what, Option{Value: s, Text: sentence(s)})
	}
	told := f.Choices("fields", "What was told", what)
	return []Control{radios(f.Choices("party", "Who was told", who), emptyHint(who, "Name somebody on the People page first.")), {Checkboxes: &told},
		radios(f.Choices("basis", "On what basis", optionsOf(workflow.ShareBases())), ""), textarea(f.Textarea("why", "Why, where it is not by consent", "", 1000), "")}
}

// planTable is the support plan, what is open first.
func planTable(x workflow.File, today workflow.Date) Table {
	t := Table{Caption: "Support plan", ShowTitle: true, Stacked: true, Empty: "Nothing is planned yet.", Columns: []Column{{Text: "What"}, {Text: "Who"}, {Text: "By when"}, {Text: "What came of it"}}}
	open := func(p workflow.PlanItem) bool { return p.EndedAt.IsZero() }
	for _, want := range []bool{true, false} {
		for _, p := range x.Plan {
			if open(p) != want {
				continue
			}
			due, came := Cell{Text: dayWords(p.Due)}, Cell{Text: "Open"}
			if want && p.Due.Before(today) {
				due.Late, due.Sub = true, "overdue"
			}
			if !want {
				came = Cell{Text: p.Outcome, Sub: map[bool]string{true: "done", false: "not done"}[p.Done] + ", " + dateTime(p.EndedAt)}
			}
			t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: p.What}, {Text: p.Who}, due, came}})
		}
	}
	return t
}

// shareTable is what was told to whom, the newest first.
func shareTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "What was told to whom", ShowTitle: true, Stacked: true, Empty: "Nothing was told to anybody yet.", Columns: []Column{{Text: "Who"}, {Text: "What"}, {Text: "Basis"}, {Text: "When"}, {Text: "Now"}}}
	for _, s := range slices.Backward(x.Shares) {
		now := Cell{Tags: []Tag{{Text: "Shared", Colour: "green"}}}
		switch {
		case !s.ToldAt.IsZero():
			now = Cell{Tags: []Tag{{Text: "Stopped"}}, Sub: "told on " + dateTime(s.ToldAt)}
		case !s.StoppedAt.IsZero():
			now = Cell{Tags: []Tag{{Text: "Tell them to stop", Colour: "red"}}, Sub: s.StoppedWhy}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: partyByID(x, s.Party), Sub: s.Sector.Words()}, {Text: sentence(strings.Join(s.Fields, "; "))},
			{Text: sentence(string(s.Basis)), Sub: s.Why}, {Text: dateTime(s.At), Sub: names[s.By]}, now}})
	}
	return t
}

// responsibleLines are the council and the board that answer for the person.
func responsibleLines(x workflow.File, today workflow.Date) []Line {
	var out []Line
	for _, k := range []workflow.OrganisationKind{workflow.Council, workflow.ICB} {
		l := Line{Key: sentence(k.Words())}
		r, ok := x.ResponsibleOn(k, today)
		if l.Value = r.Organisation.Name; l.Value != "" {
			l.Note = "Since " + dayWords(r.From) + ". " + r.Why
		}
		if !ok && l.Value != "" {
			l.Note = "It no longer exists: say which one answers now."
		}
		if l.Missing = !ok; k == workflow.Council && l.Value == "" {
			l.Value = x.Value(workflow.FieldCouncil)
		}
		out = append(out, l)
	}
	return out
}
