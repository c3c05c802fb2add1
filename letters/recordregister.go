package letters

import (
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

func (r record) register() Register {
	c := r.file.Case
	rating := r.file.Rating()
	out := Register{
		Since: c.OnRegister, NextReview: c.NextReview, Rating: string(rating), Means: r.means(rating),
		SharedWith: r.sharedWith(), LeadNamed: c.LeadNamed, ReviewName: "care, education and treatment review",
	}
	if out.Since.IsZero() {
		out.Since = r.today // from the day of the letter, which is that of its approval
	}
	if out.NextReview.IsZero() && rating != workflow.Unrated {
		out.NextReview = r.today.Add(r.file.Settings.ReviewDays[rating])
	}
	if age, known := r.file.Person.Age(r.today); known && age >= 18 {
		out.ReviewName = "care and treatment review"
	}
	if rating == workflow.Red || rating == workflow.Amber {
		out.CETR = "We will talk with " + r.whom() + " about having one."
	}
	if route, err := r.file.ConsentRoute(r.today); err == nil {
		out.Consent = r.consentDate(route)
	}
	if d := r.file.Decision; d != nil {
		out.Support = linesOf(d.Support)
		if out.LeadNamed == "" {
			out.LeadNamed = d.LeadNamedBy
		}
	}
	out.Lead = r.lead(rating)
	return out
}

func (r record) whom() string {
	if r.party.Role == workflow.PartySelf {
		return "you"
	}
	return r.file.Person.Greeting()
}

func (r record) consentDate(route workflow.Route) workflow.Date {
	for _, c := range slices.Backward(r.file.Consents) {
		if c.About == workflow.Inclusion && c.Answer == workflow.SaidYes && c.DecidedBy == route.DecidedBy {
			return c.From
		}
	}
	return workflow.Date{}
}

func (r record) leadID() workflow.PartyID {
	if r.file.Case.Lead == 0 && r.file.Decision != nil {
		return r.file.Decision.Lead
	}
	return r.file.Case.Lead
}

func (r record) lead(rating workflow.Rating) Lead {
	id := r.leadID()
	p, err := r.file.Party(id)
	if err != nil || id == 0 {
		return Lead{}
	}
	out := Lead{Name: p.Name, Role: string(p.Role), Contact: p.Phone}
	if out.Contact == "" {
		out.Contact = p.Email
	}
	if p.ID == r.party.ID {
		out.Contact = "" // nobody is told their own number
	}
	if d := r.file.Decision; d != nil && d.Outcome == workflow.OutcomeAccepted {
		wd := r.file.Settings.FirstSupportWD
		if rating == workflow.Red {
			wd = r.file.Settings.FirstSupportRedWD
		}
		out.CallsBy = r.days.Add(workflow.DateOf(d.At), wd)
	}
	return out
}

// means finishes "This means that …".
func (r record) means(rating workflow.Rating) string {
	switch rating {
	case workflow.Red:
		return "there is a high risk of going into hospital very soon, and we act now"
	case workflow.Amber:
		return "there may be a risk of going into hospital unless the right support comes soon"
	case workflow.Green:
		return "there are some risks, and the support at home manages them well"
	case workflow.Blue:
		if r.party.Role == workflow.PartySelf {
			return "you are in hospital now, and we plan for you to come home"
		}
		return r.file.Person.Greeting() + " is in hospital now, and we plan for coming home"
	}
	return ""
}

func linesOf(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.Trim(l, " \t\r\n-•"); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (r record) removal() Removal {
	out := Removal{On: r.today, Never: r.file.Case.OnRegister.IsZero(), Told: r.sharedWith()}
	x := r.file.Removal
	if x == nil {
		out.NotEligible = r.letter.Kind == workflow.L8
		return out
	}
	latest := map[workflow.PartyID]workflow.Agreement{}
	for _, a := range x.Answers {
		latest[a.Party] = a
	}
	for _, p := range r.file.Parties {
		if a, ok := latest[p.ID]; ok && a.Answer == workflow.Agrees {
			out.Agreed = append(out.Agreed, r.roleWords(p))
		}
	}
	out.GoesOn = linesOf(x.Plan)
	return out
}

// roleWords names a party by role from where the reader stands: you, your
// social worker, Tom's social worker.
func (r record) roleWords(p workflow.Party) string {
	switch {
	case p.ID == r.party.ID:
		return "you"
	case p.Role == workflow.PartySelf:
		return r.file.Person.Greeting()
	case r.party.Role == workflow.PartySelf:
		return "your " + string(p.Role)
	}
	return r.file.Person.Greeting() + "’s " + string(p.Role)
}

func (r record) review() Review {
	n := len(r.file.Ratings)
	if n == 0 {
		return Review{}
	}
	last := r.file.Ratings[n-1]
	out := Review{On: workflow.DateOf(last.At), Said: last.Reason}
	if n > 1 && r.file.Ratings[n-2].Rating != last.Rating {
		out.Changed, out.Was = true, string(r.file.Ratings[n-2].Rating)
	}
	return out
}

// birthday is the one of 16 or 18 that is near: within a hundred days before
// or a month after.
func (r record) birthday() (int, workflow.Date) {
	dob := r.file.Person.DateOfBirth
	if dob.IsZero() {
		return 0, workflow.Date{}
	}
	for _, n := range []int{16, 18} {
		b := dob.Birthday(n)
		if b.Before(r.today.Add(100)) && r.today.Before(b.Add(31)) {
			return n, b
		}
	}
	return 0, workflow.Date{}
}

// tried tells when the reader was written to and called.
func (r record) tried() []string {
	var out []string
	for _, l := range r.file.Letters {
		if l.Party == r.party.ID && l.State == workflow.LetterAccepted && (l.Kind == workflow.L3 || l.Kind == workflow.L4) {
			out = append(out, "an email on "+l.DueAt.In(workflow.London).Format("Monday 2 January 2006"))
		}
	}
	for _, c := range r.file.Contacts {
		if c.Party == r.party.ID && c.Reached != "reached" {
			out = append(out, contactWords(c.How)+" on "+c.At.In(workflow.London).Format("Monday 2 January 2006"))
		}
	}
	return out
}

func contactWords(how string) string {
	switch how {
	case "phone":
		return "a phone call"
	case "post":
		return "a letter by post"
	case "message":
		return "a message"
	}
	return "a " + how
}
