package workflow

import (
	"slices"
	"strings"
	"time"
)

// CETRState is how far a care, education and treatment review has come.
type CETRState string

const (
	CETRNeeded    CETRState = "needed"
	CETRRequested CETRState = "requested"
	CETRHeld      CETRState = "held"
	CETRReported  CETRState = "report received"
	CETRRefused   CETRState = "refused by the person"
)

// CETRStates lists them in the order of forms.
func CETRStates() []CETRState {
	return []CETRState{CETRNeeded, CETRRequested, CETRHeld, CETRReported, CETRRefused}
}

// CETRStep is one dated step of a review; the newest counts, the others stay.
type CETRStep struct {
	State CETRState
	On    Date
	Words string
	By    ActorID
	At    time.Time
}

// Is reports whether the step is one of some.
func (c CETRStep) Is(states ...CETRState) bool { return slices.Contains(states, c.State) }

// KeyworkerState is how far a keyworker has come.
type KeyworkerState string

const (
	KeyworkerReferred  KeyworkerState = "referred"
	KeyworkerAllocated KeyworkerState = "allocated"
	KeyworkerDeclined  KeyworkerState = "declined"
	KeyworkerNotNeeded KeyworkerState = "not needed"
)

// KeyworkerStates lists them in the order of forms.
func KeyworkerStates() []KeyworkerState {
	return []KeyworkerState{KeyworkerReferred, KeyworkerAllocated, KeyworkerDeclined, KeyworkerNotNeeded}
}

// KeyworkerStep is one dated step towards a keyworker.
type KeyworkerStep struct {
	State KeyworkerState
	Name  string // of the keyworker, once allocated
	On    Date
	Words string
	By    ActorID
	At    time.Time
}

// RecordCETR records that a review is needed, requested, held, reported or
// refused. A report is due some days after the review.
func (f File) RecordCETR(by Actor, at time.Time, x CETRStep) (Change, error) {
	c, err := f.begin(by, at, RecordCETR)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !slices.Contains(CETRStates(), x.State):
		return Change{}, invalid("cetr", "Choose how far the review has come.")
	case x.On.IsZero():
		return Change{}, invalid("on", "Enter the day.")
	case DateOf(at).Before(x.On):
		return Change{}, invalid("on", "Enter a day that has come.")
	case x.State == CETRRefused && strings.TrimSpace(x.Words) == "":
		return Change{}, invalid("words", "Write who said no, and what was offered instead.")
	}
	x.By, x.At = by.ID, at
	c.CETR, c.Note = &x, x.Words
	if x.State != CETRNeeded {
		c.Done, c.StopTimers = []TaskKind{TaskCETR}, []TimerKind{TimerCETR}
	}
	switch x.State {
	case CETRHeld:
		c.Tasks = []TaskDue{{Kind: TaskCETRReport, Due: x.On.Add(f.Settings.CETRReportDays).At(f.Settings.Closes, 0), Owner: f.Case.Owner}}
	case CETRReported:
		c.Done = append(c.Done, TaskCETRReport)
	}
	return c, nil
}

// RecordKeyworker records that a keyworker was asked for, named, or not wanted.
func (f File) RecordKeyworker(by Actor, at time.Time, x KeyworkerStep) (Change, error) {
	c, err := f.begin(by, at, RecordKeyworker)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !slices.Contains(KeyworkerStates(), x.State):
		return Change{}, invalid("keyworker", "Choose how far it has come.")
	case x.On.IsZero() || DateOf(at).Before(x.On):
		return Change{}, invalid("on", "Enter the day, today or before.")
	case x.State == KeyworkerAllocated && strings.TrimSpace(x.Name) == "":
		return Change{}, invalid("name", "Name the keyworker.")
	case (x.State == KeyworkerDeclined || x.State == KeyworkerNotNeeded) && strings.TrimSpace(x.Words) == "":
		return Change{}, invalid("words", "Write why.")
	}
	x.By, x.At = by.ID, at
	c.Keyworker, c.Note = &x, x.Words
	c.Done, c.StopTimers = []TaskKind{TaskKeyworker}, []TimerKind{TimerKeyworker}
	return c, nil
}

// PlanItem is one thing of the support plan: what, who, by when. Once ended it
// keeps what came of it.
type PlanItem struct {
	ID      PlanID
	What    string
	Who     string
	Due     Date
	By      ActorID
	At      time.Time
	EndedAt time.Time
	Done    bool
	Outcome string
}

// PlanEnd says that something of the plan was done, or will not be.
type PlanEnd struct {
	ID      PlanID
	Done    bool
	Outcome string
}

// AddToPlan adds what somebody will do to the support plan.
func (f File) AddToPlan(by Actor, at time.Time, x PlanItem) (Change, error) {
	c, err := f.begin(by, at, ChangePlan)
	if err != nil {
		return Change{}, err
	}
	switch {
	case strings.TrimSpace(x.What) == "":
		return Change{}, invalid("what", "Write what will be done.")
	case strings.TrimSpace(x.Who) == "":
		return Change{}, invalid("who", "Name who does it.")
	case x.Due.IsZero() || x.Due.Before(DateOf(at)):
		return Change{}, invalid("due", "Enter by when, today or later.")
	}
	x.By, x.At = by.ID, at
	c.Plan = []PlanItem{x}
	c.Tasks = []TaskDue{f.planTask(x.Due)}
	return c, nil
}

func (f File) planTask(due Date) TaskDue {
	return TaskDue{Kind: TaskPlan, Due: due.At(f.Settings.Closes, 0), Owner: f.Case.Owner}
}

// EndPlanItem records what came of something on the plan.
func (f File) EndPlanItem(by Actor, at time.Time, x PlanEnd) (Change, error) {
	c, err := f.begin(by, at, ChangePlan)
	if err != nil {
		return Change{}, err
	}
	i := slices.IndexFunc(f.Plan, func(p PlanItem) bool { return p.ID == x.ID && p.EndedAt.IsZero() })
	if i < 0 {
		return Change{}, invalid("item", "Choose what of the plan has ended.")
	}
	if strings.TrimSpace(x.Outcome) == "" {
		return Change{}, invalid("outcome", "Write what came of it.")
	}
	c.PlanEnds, c.Done = []PlanEnd{x}, []TaskKind{TaskPlan}
	next := Date{}
	for j, p := range f.Plan {
		if j != i && p.EndedAt.IsZero() && (next.IsZero() || p.Due.Before(next)) {
			next = p.Due
		}
	}
	if !next.IsZero() {
		c.Tasks = []TaskDue{f.planTask(next)}
	}
	return c, nil
}

// planOf turns the actions of a decision into the plan. Those without a date
// are looked at with the first review.
func (f File) planOf(d Decision, at time.Time) []PlanItem {
	var out []PlanItem
	for _, r := range d.Recommendations {
		if strings.TrimSpace(r.Text) == "" {
			continue
		}
		due, err := ParseDate(strings.TrimSpace(r.By))
		if err != nil || due.Before(DateOf(at)) {
			due = f.Settings.nextReview(d.Rating, DateOf(at))
		}
		who := r.Who
		if strings.TrimSpace(who) == "" {
			who = "the lead professional"
		}
		out = append(out, PlanItem{What: r.Text, Who: who, Due: due, By: d.By, At: at})
	}
	return out
}

// SetLead names the lead professional, or who will name one.
func (f File) SetLead(by Actor, at time.Time, l Lead, why string) (Change, error) {
	c, err := f.begin(by, at, SetLead)
	if err != nil {
		return Change{}, err
	}
	if l.Party == 0 && strings.TrimSpace(l.NamedBy) == "" {
		return Change{}, invalid("lead", "Name the lead professional, or who will name one.")
	}
	if l.Party != 0 {
		p, err := f.Party(l.Party)
		if err != nil || !p.Confirmed {
			return Change{}, invalid("lead", "The lead professional must be named on the case and confirmed.")
		}
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say why, and that they agreed.")
	}
	c.Lead, c.Note = &l, why
	return c, nil
}

// OrganisationKind is what an organisation is to the register.
type OrganisationKind string

const (
	Council OrganisationKind = "council" // of ordinary residence, Mental Health Act 1983 s.125D(2)
	ICB     OrganisationKind = "icb"     // responsible integrated care board
)

// Words is the kind as pages write it.
func (k OrganisationKind) Words() string {
	if k == ICB {
		return "responsible integrated care board"
	}
	return "council of ordinary residence"
}

// Organisation is a council or an integrated care board in the days in which it
// exists under this name.
type Organisation struct {
	ID        OrganisationID
	Kind      OrganisationKind
	Name      string
	Code      string
	ValidFrom Date
	ValidTo   Date // the first day on which it is no more; zero while it is
}

// ValidOn reports whether the organisation exists on a day.
func (o Organisation) ValidOn(d Date) bool {
	return !d.Before(o.ValidFrom) && (o.ValidTo.IsZero() || d.Before(o.ValidTo))
}

// Responsibility says which organisation answers for the person from a day on.
type Responsibility struct {
	Organisation Organisation
	From         Date
	Why          string
	By           ActorID
	At           time.Time
}

// ResponsibleOn is who of a kind answers on a day; ok is false when nobody is
// recorded, or when who was recorded is no more.
func (f File) ResponsibleOn(k OrganisationKind, d Date) (Responsibility, bool) {
	for _, r := range slices.Backward(f.Responsible) {
		if r.Organisation.Kind == k && !d.Before(r.From) {
			return r, r.Organisation.ValidOn(d)
		}
	}
	return Responsibility{}, false
}

// SetResponsible records which council or board answers for the person.
func (f File) SetResponsible(by Actor, at time.Time, id OrganisationID, from Date, why string) (Change, error) {
	c, err := f.begin(by, at, SetResponsible)
	if err != nil {
		return Change{}, err
	}
	i := slices.IndexFunc(f.Organisations, func(o Organisation) bool { return o.ID == id })
	switch {
	case i < 0:
		return Change{}, invalid("organisation", "Choose the organisation.")
	case from.IsZero():
		return Change{}, invalid("from", "Enter from when.")
	case !f.Organisations[i].ValidOn(from):
		return Change{}, invalid("organisation", "%s does not exist on that day: choose the one that does.", f.Organisations[i].Name)
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("why", "Say how you know: ordinary residence, GP, who placed or pays.")
	}
	o := f.Organisations[i]
	c.Responsible, c.Note = &Responsibility{Organisation: o, From: from, Why: why, By: by.ID, At: at}, why
	if o.Kind == Council && slices.Contains(Councils(), o.Name) {
		c.Fields = []FieldChange{{Field: FieldCouncil, Value: o.Name, Why: why}}
	}
	return c, nil
}
