package web

import (
	"net/http"

	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) consentRoutes() []Route {
	return []Route{{Method: "GET", Pattern: "/cases/{ref}/consent", Title: "Consent on a case", May: staff(), Handler: a.showConsent}}
}

// consentPage shows how inclusion is consented to, or why it is not, and every
// dated record behind it.
type consentPage struct {
	Layout
	Head       caseHead
	Held       bool
	Route      string
	Lines      []Line
	Said       string // what the referrer says; reported, never held
	Buttons    []Button
	Next       string // who goes on, where the reader cannot
	Answers    Table
	Capacities Table
	Interests  Table
}

func (a *App) showConsent(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	names, err := a.names(r.Context())
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	today := workflow.DateOf(a.now())
	p := &consentPage{Layout: Layout{Title: "Consent", Ref: x.Case.Ref, Back: a.backToList(r)}, Head: headOf(x, by, today, "/consent"),
		Answers: answerTable(x, names), Capacities: capacityTable(x, names), Interests: interestTable(x, names)}
	route, err := x.ConsentRoute(today)
	if p.Held = err == nil; p.Held {
		p.Route = "Consent to being on the register is held: " + route.Words + "."
		p.Lines = append(p.Lines, Line{Key: "Ask again by", Value: dayWords(route.Until), Missing: route.Until.IsZero()})
	} else {
		p.Route = err.Error()
	}
	p.Lines = append([]Line{{Key: "Who decides", Value: decides(x, today)}}, p.Lines...)
	if said := x.Value(workflow.FieldConsentSaid); said != "" {
		p.Said = "The referrer says: " + said + ". That is a report. It counts only when whoever decides has said it."
	}
	for _, d := range consentDeeds() {
		if d.back == "/consent" && x.Can(by, d.action, a.now()) == nil {
			p.Buttons = append(p.Buttons, Button{Text: d.title, Kind: "secondary", Href: "/cases/" + x.Case.Ref + d.path})
		}
	}
	switch {
	case len(p.Buttons) > 0:
		p.Buttons[0].Kind = ""
	case !p.Held && x.Case.State == workflow.New:
		p.Next = "Take the case first: then a practitioner records who was asked and what they said."
	case !p.Held && x.Case.State.IsUndecided():
		p.Next = "A practitioner records who was asked and what they said."
	}
	return a.page(w, r, http.StatusOK, "consent", p)
}

// decides says in words who may answer for this person.
func decides(x workflow.File, today workflow.Date) string {
	switch age, known := x.Person.Age(today); {
	case !known:
		return "The age is not known: treat as 16 or over, so the person decides."
	case age < 16 && x.Settings.Gillick:
		return "Somebody with parental responsibility, or the child, if assessed as competent to decide this."
	case age < 16:
		return "Somebody with parental responsibility."
	}
	return "The person. From 16 nobody else can say yes for them, unless they lack capacity for this decision."
}

func answerTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "Answers", ShowTitle: true, Stacked: true, Empty: "Nobody has been asked yet.",
		Columns: []Column{{Text: "About"}, {Text: "Answer"}, {Text: "By whom"}, {Text: "What it rests on"}, {Text: "Day"}, {Text: "Recorded by"}}}
	for i := len(x.Consents) - 1; i >= 0; i-- {
		c := x.Consents[i]
		who := sentence(string(c.DecidedBy))
		if name := partyByID(x, c.Party); name != "" {
			who += ": " + name
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: sentence(string(c.About))}, {Tags: []Tag{consentTag(c)}}, {Text: who},
			{Text: sentence(string(c.Evidence)), Sub: saidWords(c)}, {Text: dayWords(c.From), Sub: untilWords(c.Until)}, {Text: names[c.By]}}})
	}
	return t
}

// saidWords is what was said, and what the child says where somebody else answered.
func saidWords(c workflow.Consent) string {
	if c.ChildView == "" {
		return c.Words
	}
	return c.Words + " The child: " + c.ChildView
}

func untilWords(d workflow.Date) string {
	if d.IsZero() {
		return ""
	}
	return "until " + dayWords(d)
}

func consentTag(c workflow.Consent) Tag {
	t := Tag{Text: sentence(string(c.Answer))}
	switch {
	case c.Answer == workflow.SaidYes && c.Evidence == workflow.ReferrerSays:
		return Tag{Text: "Yes, as reported", Colour: "yellow"}
	case c.Answer == workflow.SaidYes:
		t.Colour = "green"
	case c.Answer == workflow.SaidNo, c.Answer == workflow.TookBack:
		t.Colour = "red"
	}
	return t
}

func capacityTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "Assessments of capacity", ShowTitle: true, Stacked: true, Empty: "None. From 16, capacity is presumed.",
		Columns: []Column{{Text: "Decision"}, {Text: "Found"}, {Text: "Assessor"}, {Text: "Day"}, {Text: "Recorded by"}}}
	for i := len(x.Capacities) - 1; i >= 0; i-- {
		c := x.Capacities[i]
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: sentence(string(c.Decision))}, {Text: sentence(string(c.Outcome)), Sub: c.Impairment},
			{Text: c.Assessor, Sub: c.Role}, {Text: dayWords(c.On)}, {Text: names[c.By]}}})
	}
	return t
}

func interestTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "Best-interests decisions", ShowTitle: true, Stacked: true, Empty: "None.",
		Columns: []Column{{Text: "Decision"}, {Text: "Outcome"}, {Text: "Made by"}, {Text: "The person's wishes"}, {Text: "Day"}, {Text: "Recorded by"}}}
	for i := len(x.BestInterests) - 1; i >= 0; i-- {
		b := x.BestInterests[i]
		outcome := Tag{Text: "Against", Colour: "red"}
		if b.InFavour {
			outcome = Tag{Text: "In favour", Colour: "green"}
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: sentence(string(b.Decision))}, {Tags: []Tag{outcome}}, {Text: b.Maker, Sub: "Consulted: " + b.Consulted},
			{Text: b.Wishes}, {Text: dayWords(b.On), Sub: untilWords(b.ReviewBy)}, {Text: names[b.By]}}})
	}
	return t
}

// consentDeeds record answers, capacity and best interests. Each is dated and
// stays as it was; a later one rules.
func consentDeeds() []deed {
	return []deed{
		{path: "/consent/answer", title: "Record an answer", button: "Record the answer", may: rolesOf(workflow.RecordConsent), action: workflow.RecordConsent,
			back: "/consent", said: "The answer is recorded.", fields: answerFields, do: recordAnswer,
			words: []string{"One answer to one question. A no, or consent taken back, puts the case on hold at once."}},
		{path: "/consent/capacity", title: "Record an assessment of capacity", button: "Record the assessment", may: rolesOf(workflow.RecordCapacity), action: workflow.RecordCapacity,
			back: "/consent", said: "The assessment is recorded.", fields: capacityFields, do: recordCapacity,
			words: []string{"Of this one decision, at this time. From 16 capacity is presumed until an assessment finds otherwise (Mental Capacity Act 2005, sections 1 to 3)."}},
		{path: "/consent/best-interests", title: "Record a best-interests decision", button: "Record the decision", may: rolesOf(workflow.RecordBestInterest), action: workflow.RecordBestInterest,
			back: "/consent", said: "The decision is recorded.", fields: interestFields, do: recordInterests,
			words: []string{"For somebody of 16 or over who lacks capacity for this decision (Mental Capacity Act 2005, section 4)."}},
		{path: "/consent/settle", title: "Settle what parents disagree about", button: "Record what was settled", may: rolesOf(workflow.SettleDisagreement), action: workflow.SettleDisagreement,
			back: "/consent", said: "What was settled is recorded.", fields: settleFields, do: settleDisagreement,
			words: []string{"Those with parental responsibility gave different answers. Neither the first nor the last rules: a practitioner and the manager settle it, after hearing everybody."}},
	}
}

func optionsOf[T ~string](values []T) []Option {
	var out []Option
	for _, v := range values {
		out = append(out, Option{Value: string(v), Text: sentence(string(v))})
	}
	return out
}

func answerFields(f *Form, x workflow.File) []Control {
	party := []Option{{Value: "0", Text: "The person, or nobody by name"}}
	for _, p := range x.Parties {
		o := Option{Value: idText(p.ID), Text: partyWords(p)}
		if p.HasPR == workflow.Yes {
			o.Text += ", has parental responsibility"
		}
		party = append(party, o)
	}
	about, who := f.Choices("about", "What was asked", optionsOf(workflow.Abouts()), string(workflow.Inclusion)), f.Choices("party", "Their name", party, "0")
	decided := f.Choices("decided_by", "Who answered", optionsOf(workflow.DecidedBys()))
	answer := f.Choices("answer", "The answer", optionsOf([]workflow.ConsentAnswer{workflow.SaidYes, workflow.SaidNo, workflow.TookBack, workflow.NotYetAsked}))
	rests := f.Choices("evidence", "What it rests on", optionsOf(workflow.Evidences()))
	for _, c := range []*Choices{&decided, &answer, &rests} {
		c.Small = true
	}
	return []Control{{Select: &about}, radios(decided, ""), {Select: &who}, radios(answer, ""),
		radios(rests, "What only the referrer says is a report: it is kept, and does not count."),
		textarea(f.Textarea("words", "Who asked, how, with which help, and what was said", "", 2000), ""),
		textarea(f.Textarea("child_view", "What the child says about it", "", 1000), "Only under 16, where somebody else answers. If the child was not asked, write why."),
		dateField(f.DateInput("from", "Day of the answer", workflow.Date{}), "For example, 23 11 2026"),
		dateField(f.DateInput("until", "Ask again by", workflow.Date{}), "Leave empty for the usual time.")}
}

func recordAnswer(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	return x.RecordConsent(by, a.now(), workflow.Consent{About: workflow.About(f.Text("about")), DecidedBy: workflow.DecidedBy(f.Text("decided_by")),
		Party: workflow.PartyID(max(0, atoi(f.Text("party")))), Answer: workflow.ConsentAnswer(f.Text("answer")), Evidence: workflow.Evidence(f.Text("evidence")),
		Words: f.Text("words"), ChildView: f.Text("child_view"), From: f.Date("from", "Day of the answer"), Until: f.Date("until", "Ask again by")})
}

// settleFields ask the manager what was settled where parents disagree.
func settleFields(f *Form, x workflow.File) []Control {
	var party []Option
	for _, p := range x.Parties {
		if p.HasPR == workflow.Yes {
			party = append(party, Option{Value: idText(p.ID), Text: partyWords(p)})
		}
	}
	answer := f.Choices("answer", "What was settled", []Option{{Value: string(workflow.SaidYes), Text: "Yes: the child may be on the register"}, {Value: string(workflow.SaidNo), Text: "No"}})
	return []Control{radios(answer, ""), radios(f.Choices("party", "Whose answer stands", party), emptyHint(party, "Record first who has parental responsibility.")),
		input(f.Input("practitioner", "The practitioner with whom you settled it", ""), ""),
		textarea(f.Textarea("words", "Who was heard, and why", "", 2000), ""),
		textarea(f.Textarea("child_view", "What the child says about it, or why they were not asked", "", 1000), "")}
}

func settleDisagreement(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	return x.SettleDisagreement(by, a.now(), workflow.Consent{Party: workflow.PartyID(max(0, atoi(f.Text("party")))), Answer: workflow.ConsentAnswer(f.Text("answer")),
		Words: f.Text("words"), ChildView: f.Text("child_view"), From: workflow.DateOf(a.now())}, f.Text("practitioner"))
}

func capacityFields(f *Form, x workflow.File) []Control {
	clear := []Option{{Value: "yes", Text: "Yes"}, {Value: "no", Text: "No"}, {Value: "", Text: "Not clear"}}
	outcome := f.Choices("outcome", "What was found", optionsOf([]workflow.CapacityOutcome{workflow.HasCapacity, workflow.LacksCapacity, workflow.Fluctuates, workflow.Competent, workflow.NotCompetent}))
	outcome.Small = true
	decision := f.Choices("decision", "Which decision", optionsOf(workflow.Abouts()), string(workflow.Inclusion))
	out := []Control{{Select: &decision}, input(f.Input("assessor", "Who assessed", ""), ""), input(f.Input("role", "Their profession", ""), "")}
	for _, q := range []struct{ name, legend string }{{"understand", "Could they understand what it is about?"}, {"retain", "Could they keep it in mind long enough?"},
		{"weigh", "Could they weigh it up?"}, {"tell", "Could they tell their decision, in any way?"}} {
		c := f.Choices(q.name, q.legend, clear)
		c.Small, c.Inline = true, true
		out = append(out, radios(c, ""))
	}
	return append(out, textarea(f.Textarea("support", "What was done to help them decide", "", 2000), ""),
		textarea(f.Textarea("impairment", "Impairment of mind or brain", "", 2000), "Only where capacity is lacking: which, and that the inability is because of it."),
		radios(outcome, "Competence is for children under 16, capacity for 16 and over."),
		dateField(f.DateInput("on", "Day of the assessment", workflow.Date{}), "For example, 23 11 2026"))
}

func recordCapacity(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	answer := func(name string) workflow.Answer { return workflow.Answer(f.Text(name)) }
	return x.RecordCapacity(by, a.now(), workflow.Capacity{Decision: workflow.About(f.Text("decision")), Assessor: f.Text("assessor"), Role: f.Text("role"),
		Understand: answer("understand"), Retain: answer("retain"), Weigh: answer("weigh"), Tell: answer("tell"), Support: f.Text("support"),
		Impairment: f.Text("impairment"), Outcome: workflow.CapacityOutcome(f.Text("outcome")), On: f.Date("on", "Day of the assessment")})
}

func interestFields(f *Form, x workflow.File) []Control {
	decision := f.Choices("decision", "Which decision", optionsOf(workflow.Abouts()), string(workflow.Inclusion))
	outcome := f.Choices("outcome", "What was decided", []Option{{Value: "for", Text: "It is in the person's best interests"}, {Value: "against", Text: "It is not"}})
	return []Control{{Select: &decision}, input(f.Input("maker", "Who decides", ""), ""), textarea(f.Textarea("consulted", "Who was consulted", "", 2000), "Family, carers, an advocate."),
		textarea(f.Textarea("wishes", "What the person wants, as far as it can be known", "", 2000), "Any objection, in whatever way, belongs here."),
		textarea(f.Textarea("options", "Less restrictive ways that were weighed", "", 2000), ""), radios(outcome, ""),
		dateField(f.DateInput("on", "Day of the decision", workflow.Date{}), "For example, 23 11 2026"),
		dateField(f.DateInput("review", "Look at it again by", workflow.Date{}), "Leave empty for the usual time.")}
}

func recordInterests(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
	if v := f.Text("outcome"); v != "for" && v != "against" {
		f.Wrong("outcome", "Choose what was decided.")
	}
	return x.RecordBestInterests(by, a.now(), workflow.BestInterests{Decision: workflow.About(f.Text("decision")), Maker: f.Text("maker"), Consulted: f.Text("consulted"),
		Wishes: f.Text("wishes"), Options: f.Text("options"), InFavour: f.Text("outcome") == "for", On: f.Date("on", "Day of the decision"), ReviewBy: f.Date("review", "Look at it again by")})
}
