package web

import (
	"net/http"
	"slices"

	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) byHandRoutes() []Route {
	may := rolesOf(workflow.Open)
	return []Route{
		{Method: "GET", Pattern: "/cases/new", Title: "Write down a referral", May: may, Handler: a.showByHand},
		{Method: "POST", Pattern: "/cases/new", Title: "Write down a referral", May: may, Handler: a.openByHand},
	}
}

// byHandPage takes what somebody was told by phone, by post or in person.
type byHandPage struct {
	Layout
	Referrer, Person, Why []Control
	Button                Button
}

func (a *App) showByHand(w http.ResponseWriter, r *http.Request) error {
	return a.byHandPage(w, r, http.StatusOK, &Form{})
}

func (a *App) byHandPage(w http.ResponseWriter, r *http.Request, status int, f *Form) error {
	kind := f.Choices("type", "Who refers", referrerOptions())
	role := f.Choices("role", "What they are to the person", append([]Option{{Value: "", Text: "Choose"}}, optionsOf(workflow.PartyRoles())...))
	how := f.Choices("how", "How we were told", []Option{{Value: "phone", Text: "Phone"}, {Value: "post", Text: "Post"}, {Value: "in person", Text: "In person"}, {Value: transferIn, Text: "Another area’s register passes the person on"}}, "phone")
	how.Small = true
	said := saidOptions()
	ld, autism := f.Choices(string(workflow.FieldLD), "Learning disability", said), f.Choices(string(workflow.FieldAutism), "Autism", said)
	urgency := f.Choices("urgency", "How urgent it is", urgencyOptions(workflow.Crisis, workflow.Urgent, workflow.Routine), string(workflow.Routine))
	grounds := f.Choices(string(workflow.FieldGrounds), "What might happen", groundOptions())
	harm := f.Choices("safeguards", "Safeguarding", []Option{{Value: "yes", Text: "Somebody may be abused, neglected or exploited", Hint: "This makes a task for today."}})
	p := &byHandPage{Layout: Layout{Title: "Write down a referral", Back: &Link{"Back to the queue", "/"}, Errors: f.Errors},
		Referrer: []Control{radios(how, ""), input(f.Input("from_area", "Which area, if it is a transfer", ""), ""), input(f.Input("prior_rating", "Their rating there, if it is a transfer", ""), "For the panel to know. Consent is asked anew."), radios(kind, ""), {Select: &role}, input(f.Input("referrer", "Their name", ""), ""), input(f.Input("phone", "Their phone", ""), ""), input(f.Input("email", "Their email", ""), "")},
		Person: []Control{input(f.Input(string(workflow.FieldName), "Full name", ""), ""), dateField(f.DateInput(string(workflow.FieldDOB), "Date of birth", workflow.Date{}), "For example, 27 3 2008"),
			input(f.Input(string(workflow.FieldNHS), "NHS number", ""), ""), input(f.Input(string(workflow.FieldAddress), "Where they live", ""), ""), {Select: &ld}, {Select: &autism}},
		Why: []Control{textarea(f.Textarea(string(workflow.FieldReason), "What is happening now", "", 0), "In their words."), {Checkboxes: &grounds}, radios(urgency, ""), {Checkboxes: &harm},
			dateField(f.DateInput("told", "Day on which we were told", workflow.DateOf(a.now())), "")},
		Button: Button{Text: "Open the case", Confirm: true}}
	return a.page(w, r, status, "by-hand", p)
}

func referrerOptions() []Option {
	return []Option{{Value: string(workflow.BySelf), Text: "The person"}, {Value: string(workflow.ByFamily), Text: "Family, a carer or a friend"}, {Value: string(workflow.ByProfessional), Text: "A professional"}}
}

func (a *App) openByHand(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	o, fields := a.told(f)
	if !f.OK() {
		return a.byHandPage(w, r, http.StatusUnprocessableEntity, f)
	}
	by, _ := actorOf(r)
	made, err := a.store.OpenByHand(r.Context(), by, a.now(), o, fields)
	if status, mine := f.takes(err); mine {
		return a.byHandPage(w, r, status, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The case is open, and yours.")
	return seeOther(w, r, "/cases/"+made.Ref)
}

// told reads what was typed into an opening and the fields that it confirms.
func (a *App) told(f *Form) (workflow.Opening, []workflow.FieldChange) {
	o := workflow.Opening{How: f.Text("how"), Type: workflow.ReferralType(f.Text("type")), ReceivedAt: a.now(), Urgency: workflow.Urgency(f.Text("urgency")),
		Safeguards: slices.Contains(f.Chosen("safeguards"), "yes")}
	role := workflow.PartyRole(f.Text("role"))
	if o.Type == workflow.BySelf {
		role = workflow.PartySelf
	}
	if !slices.Contains([]string{"phone", "post", "in person", transferIn}, o.How) {
		f.Wrong("how", "Choose how we were told.")
	}
	switch {
	case !mentioned(referrerOptions(), string(o.Type)):
		f.Wrong("type", "Choose who refers.")
	case !slices.Contains(workflow.PartyRoles(), role):
		f.Wrong("role", "Choose what they are to the person.")
	case f.Text("referrer") == "":
		f.Wrong("referrer", "Enter the name of whoever told us.")
	}
	if !slices.Contains(urgencies(), o.Urgency) {
		f.Wrong("urgency", "Choose how urgent it is.")
	}
	today := workflow.DateOf(a.now())
	switch day := f.Date("told", "Day on which we were told"); {
	case day.IsZero(), today.Before(day):
		f.Wrong("told", "Enter the day on which we were told, today or before.")
	case day != today:
		o.ReceivedAt = day.At(12, 0)
	}
	o.Parties = []workflow.Party{{Role: role, Name: f.Text("referrer"), Phone: f.Text("phone"), Email: f.Text("email"), Referrer: true, Confirmed: f.Text("referrer") != ""}}
	var fields []workflow.FieldChange
	for _, g := range reviewed() {
		for _, spec := range g.specs {
			if c := f.typedOf(spec); c.Value != "" || len(c.Values) > 0 {
				fields = append(fields, c)
			}
		}
	}
	if o.How == transferIn {
		if f.Text("from_area") == "" {
			f.Wrong("from_area", "Name the area that passes the person on.")
			return o, fields
		}
		fields = append(fields, workflow.FieldChange{Field: workflow.FieldFromArea, Value: f.Text("from_area")})
		if r := f.Text("prior_rating"); r != "" {
			fields = append(fields, workflow.FieldChange{Field: workflow.FieldPriorRating, Value: r})
		}
	}
	return o, fields
}

// transferIn is a referral by which another area's register passes somebody on.
const transferIn = "transfer from another area"
