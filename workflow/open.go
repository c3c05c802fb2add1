package workflow

import (
	"fmt"
	"time"
)

// Opening is a referral on its way to becoming a case: what was read, with
// nothing confirmed. Parties are proposals until a person confirms them.
type Opening struct {
	Type       ReferralType
	Message    MessageID
	How        string // of what was told: phone, post, in person
	ReceivedAt time.Time
	Urgency    Urgency
	Safeguards bool
	Hold       bool // a "no" stands in it: everything stops until a practitioner has read it
	Parties    []Party
	Household  bool       // another person of the same mail has a case too
	Secure     bool       // a secure message waits behind a portal
	Reply      *LetterDue // L1, L2 or nothing
}

// OpenCase makes a case of a referral: the machine at intake, or staff for what was
// told by phone, post or in person.
func OpenCase(by Actor, at time.Time, o Opening, set Settings) (Change, error) {
	f := File{Settings: set}
	c, err := f.begin(by, at, Open)
	if err != nil {
		return Change{}, err
	}
	if o.Urgency == "" {
		o.Urgency = Routine
	}
	c.Urgency, c.Parties = o.Urgency, o.Parties
	if x := o.Urgency.Flag(); x != "" {
		c.Raise = append(c.Raise, x)
	}
	for flag, up := range map[Flag]bool{FlagSafeguarding: o.Safeguards, FlagHold: o.Hold, FlagHousehold: o.Household, FlagSecureMail: o.Secure} {
		if up {
			c.Raise = append(c.Raise, flag)
		}
	}
	for _, p := range o.Parties {
		if p.Confirmed && !by.IsPerson() {
			return Change{}, fmt.Errorf("open a case: %w: the machine confirms nobody", ErrNotAllowed)
		}
	}
	c.Tasks = set.firstTasks(o, at)
	if o.Type == BySelf {
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskSpeak, Due: set.Calendar().Due(at, set.SpeakWD)})
	}
	if o.Hold { // it arrived with a no: nothing begins before somebody has read it
		c.To = AwaitingConsent
	}
	if o.Reply != nil {
		if !o.Reply.Kind.IsAutomatic() {
			return Change{}, fmt.Errorf("open a case: %w: %s is no fixed reply", ErrNotAllowed, o.Reply.Kind)
		}
		c.Letters = []LetterDue{*o.Reply}
	}
	return c, nil
}

// firstTasks are what people must do with a new case, by when.
func (s Settings) firstTasks(o Opening, at time.Time) []TaskDue {
	var out []TaskDue
	cal := s.Calendar()
	soon := cal.WorkingHours(at, s.UrgentHours, s.Opens, s.Closes)
	switch o.Urgency {
	case Crisis:
		out = append(out, TaskDue{Kind: TaskOpenCrisis, Due: at.Add(time.Duration(s.CrisisMinutes) * time.Minute)})
	case Urgent:
		out = append(out, TaskDue{Kind: TaskTriage, Due: soon})
	case Unread:
		out = append(out, TaskDue{Kind: TaskReadUnread, Due: soon})
	default:
		out = append(out, TaskDue{Kind: TaskTriage, Due: cal.Due(at, s.TriageWD)})
	}
	if o.Safeguards {
		out = append(out, TaskDue{Kind: TaskSafeguarding, Due: cal.WorkingHours(at, s.SafeguardingHours, s.Opens, s.Closes)})
	}
	if o.Hold {
		out = append(out, TaskDue{Kind: TaskReadHold, Due: cal.Due(at, s.HoldWD)})
	}
	return out
}

// FileMessage joins a message to the case: by the machine when its token and its
// sender are known, else by a person. It may raise urgency and put the case on
// hold; it decides nothing.
func (f File) FileMessage(by Actor, at time.Time, m Opening) (Change, error) {
	c, err := f.begin(by, at, FileMessage)
	if err != nil {
		return Change{}, err
	}
	if m.Urgency.Rank() > f.Case.Urgency.Rank() {
		c.Urgency = m.Urgency
	}
	if x := m.Urgency.Flag(); x != "" && !f.Case.Has(x) {
		c.Raise = append(c.Raise, x)
	}
	if m.Safeguards && !f.Case.Has(FlagSafeguarding) {
		c.Raise = append(c.Raise, FlagSafeguarding)
	}
	if m.Urgency == Routine || m.Urgency == "" {
		c.Tasks = []TaskDue{{Kind: TaskNewFact, Due: f.Settings.Calendar().Due(at, f.Settings.TriageWD), Owner: f.Case.Owner}}
	}
	hold := m.Hold
	m.Hold = false // its task comes with the hold
	c.Tasks = append(c.Tasks, f.Settings.raised(m, at)...)
	if f.Case.State == AwaitingInfo {
		c.To = Triage
		c.Done = []TaskKind{TaskChaseInfo}
	}
	if hold && f.Case.State.IsOpen() {
		f.hold(&c, 1)
	}
	if m.Reply != nil && m.Reply.Kind.IsAutomatic() {
		c.Letters = []LetterDue{*m.Reply}
	}
	return c, nil
}

// raised are the tasks of a message that says more than a routine one does.
func (s Settings) raised(m Opening, at time.Time) []TaskDue {
	var out []TaskDue
	for _, t := range s.firstTasks(m, at) {
		if t.Kind != TaskTriage || m.Urgency == Urgent {
			out = append(out, t)
		}
	}
	return out
}
