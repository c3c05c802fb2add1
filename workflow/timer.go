package workflow

import (
	"slices"
	"time"
)

// Timed completes a Change with the clocks that follow from it: what stops when
// a state is left, what starts when one is entered, and what an answer, a rating
// or a birthday sets. Package store asks it of every Change before it is
// applied, so no action can forget its clock.
func (f File) Timed(c Change) Change {
	if c.To != c.From {
		c = f.timedMove(c)
	}
	if c.To == Closed {
		c.StopAllTimers, c.Timers = true, nil
		return c
	}
	after := f.after(c)
	c = f.timedAlarms(c)
	if c.Rating != nil && c.Rating.Rating != f.Rating() {
		c = f.timedRating(c, c.Rating.Rating)
	}
	if c.Person != nil && c.Person.DateOfBirth != f.Person.DateOfBirth {
		if at, ok := f.nextBirthday(c.Person.DateOfBirth, c.At); ok {
			c.Timers = append(c.Timers, TimerDue{TimerBirthday, at})
		}
	}
	if len(c.Consents) > 0 || len(c.BestInterests) > 0 || len(c.Capacities) > 0 || c.Person != nil {
		c = after.timedConsent(c)
	}
	return c
}

// after is the file as far as consent looks at it, once the Change has happened.
func (f File) after(c Change) File {
	f.Consents = slices.Concat(f.Consents, c.Consents)
	f.Capacities = slices.Concat(f.Capacities, c.Capacities)
	f.BestInterests = slices.Concat(f.BestInterests, c.BestInterests)
	if c.Person != nil {
		f.Person = *c.Person
	}
	return f
}

// stateTimers are the clocks that run in a state and stop when it is left.
func stateTimers(s State) []TimerKind {
	switch s {
	case New:
		return []TimerKind{TimerTriage, TimerUnread}
	case AwaitingInfo:
		return []TimerKind{TimerInfo}
	case AwaitingConsent:
		return []TimerKind{TimerConsent}
	case ReadyForPanel, PanelScheduled, InPanel:
		return []TimerKind{TimerPanel}
	case Accepted, NotAccepted:
		return []TimerKind{TimerLetters}
	}
	return nil
}

func (f File) timedMove(c Change) Change {
	for _, k := range stateTimers(c.From) {
		if !slices.Contains(stateTimers(c.To), k) {
			c.StopTimers = append(c.StopTimers, k)
		}
	}
	if f.Case.Has(FlagOverdue) && c.From != ReadyForPanel && c.From != PanelScheduled {
		c.Lower = append(c.Lower, FlagOverdue)
	}
	s, cal := f.Settings, f.Settings.Calendar()
	add := func(k TimerKind, at time.Time) { c.Timers = append(c.Timers, TimerDue{k, at}) }
	switch c.To {
	case New:
		switch c.Urgency {
		case Unread:
			add(TimerUnread, cal.WorkingHours(c.At, s.UrgentHours, s.Opens, s.Closes))
		case Urgent, Crisis:
			add(TimerTriage, cal.WorkingHours(c.At, s.UrgentHours, s.Opens, s.Closes))
		default:
			add(TimerTriage, cal.Due(c.At, s.TriageWD))
		}
	case AwaitingInfo:
		add(TimerInfo, cal.Due(c.At, s.InfoWD[0]))
	case AwaitingConsent:
		add(TimerConsent, cal.Due(c.At, s.ConsentWD[0]))
	case ReadyForPanel:
		if !slices.Contains([]State{PanelScheduled, InPanel}, c.From) { // the clock went on there
			add(TimerPanel, f.panelDue(c.At))
		}
	case Accepted, NotAccepted:
		add(TimerLetters, cal.Due(c.At, s.LettersOutWD))
	}
	return c
}

// panelDue is by when a complete case is before a panel. The clock stands while
// others owe an answer: the working days that the case was already ready count,
// those in which it waited do not.
func (f File) panelDue(at time.Time) time.Time {
	days := f.Settings.PanelWD
	if f.isUrgent() {
		days = f.Settings.UrgentPanelWD
	}
	used := f.daysIn(at, ReadyForPanel, PanelScheduled, InPanel)
	return f.Settings.Calendar().Due(at, max(1, days-used))
}

// Step is a change of state that happened.
type Step struct {
	To State
	At time.Time
}

// daysIn counts the working days that the case spent in some states until at.
func (f File) daysIn(at time.Time, states ...State) (n int) {
	cal := f.Settings.Calendar()
	for i, s := range f.History {
		if !slices.Contains(states, s.To) {
			continue
		}
		end := at
		if i+1 < len(f.History) {
			end = f.History[i+1].At
		}
		n += cal.Between(DateOf(s.At), DateOf(end))
	}
	return n
}

// Clock is how long a case has taken: calendar days since it came, and the
// working days that it lay with us. While others owe an answer ours stands.
func (f File) Clock(at time.Time) (days, ours int) {
	end := at
	if f.Case.State == Closed {
		end = f.Case.Since
	}
	first, last := DateOf(f.Case.ReceivedAt).At(12, 0), DateOf(end).At(12, 0)
	all := f.Settings.Calendar().Between(f.Settings.Calendar().DayZero(f.Case.ReceivedAt), DateOf(end))
	return int(last.Sub(first).Hours()+1) / 24, max(0, all-f.daysIn(end, AwaitingInfo, AwaitingConsent, Deferred))
}

// timedAlarms start the clocks of crisis, safeguarding and hold.
func (f File) timedAlarms(c Change) Change {
	s, cal := f.Settings, f.Settings.Calendar()
	if !c.By.IsPerson() && (c.Urgency == Crisis || slices.Contains(c.Raise, FlagCrisis)) {
		c.Timers = append(c.Timers, TimerDue{TimerCrisis, c.At.Add(time.Duration(s.CrisisMinutes) * time.Minute)})
	}
	if slices.Contains(c.Raise, FlagSafeguarding) {
		c.Timers = append(c.Timers, TimerDue{TimerSafeguarding, cal.WorkingHours(c.At, s.SafeguardingHours, s.Opens, s.Closes)})
	}
	if slices.Contains(c.Raise, FlagHold) {
		c.Timers = append(c.Timers, TimerDue{TimerHold, cal.Due(c.At, 1)})
	}
	for flag, timers := range map[Flag][]TimerKind{FlagHold: {TimerHold}, FlagSafeguarding: {TimerSafeguarding, TimerReferred}, FlagCrisis: {TimerCrisis}} {
		if slices.Contains(c.Lower, flag) {
			c.StopTimers = append(c.StopTimers, timers...)
		}
	}
	slices.Sort(c.StopTimers)
	return c
}

// timedRating starts the warnings that follow from a rating.
func (f File) timedRating(c Change, r Rating) Change {
	cal := f.Settings.Calendar()
	if r == Red {
		c.Timers = append(c.Timers, TimerDue{TimerCETR, cal.Due(c.At, f.Settings.CETRWarnWD)})
	} else {
		c.StopTimers = append(c.StopTimers, TimerCETR)
	}
	if age, known := f.Person.Age(DateOf(c.At)); r != Green && known && age < 26 {
		c.Timers = append(c.Timers, TimerDue{TimerKeyworker, cal.Due(c.At, f.Settings.KeyworkerWD)})
	}
	return c
}

// timedConsent sets when consent must be asked anew.
func (f File) timedConsent(c Change) Change {
	r, err := f.ConsentRoute(DateOf(c.At))
	if err != nil || r.Until.IsZero() {
		return c
	}
	if f.Case.Has(FlagRecheck) {
		c.Lower = append(c.Lower, FlagRecheck)
		c.Done = append(c.Done, TaskRecheck)
	}
	c.Timers = append(c.Timers, TimerDue{TimerConsentEnd, r.Until.At(0, 1)})
	return c
}

// birthdays are the ages at which something changes: who decides, which services
// answer, and that keyworking ends.
func birthdays() []int { return []int{16, 18, 26} }

// milestones are when people are reminded of a birthday: months before, on the
// day, and some days after the sixteenth, when a manager must say what follows.
func (s Settings) milestones(born Date) []time.Time {
	var out []time.Time
	for _, age := range birthdays() {
		day := born.Birthday(age)
		for _, months := range s.BirthdayMonths {
			out = append(out, day.At(0, 1).AddDate(0, -months, 0))
		}
		out = append(out, day.At(0, 1))
		if age == 16 {
			out = append(out, day.Add(s.Birthday16Days).At(0, 1))
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

func (f File) nextBirthday(born Date, at time.Time) (time.Time, bool) {
	if born.IsZero() {
		return time.Time{}, false
	}
	for _, m := range f.Settings.milestones(born) {
		if m.After(at) {
			return m, true
		}
	}
	return time.Time{}, false
}

// Fire is what a timer asks for: a task for a person, a flag, an alert without
// names, or a change that the rule decides again now. Nothing a timer does can
// decide about somebody.
func (f File) Fire(at time.Time, k TimerKind) (Change, error) {
	c := Change{Case: f.Case.ID, Action: TimerFired, From: f.Case.State, To: f.Case.State, By: Service(), At: at}
	if !f.Case.State.IsOpen() {
		return c, nil
	}
	switch k {
	case TimerCrisis:
		f.fireCrisis(&c)
	case TimerSafeguarding, TimerReferred:
		f.fireSafeguarding(&c, k)
	case TimerInfo:
		f.fireInfo(&c)
	case TimerConsent:
		f.fireConsent(&c)
	case TimerBirthday, TimerConsentEnd:
		return f.fireConsentEnd(c, k)
	case TimerReview:
		f.remind(&c, TaskReview)
	case TimerRatify:
		f.remind(&c, TaskRatify)
		c.Raise = []Flag{FlagOverdue}
	case TimerCETR:
		if !f.CETR.Is(CETRRequested, CETRHeld, CETRRefused) && f.Rating() == Red {
			f.remind(&c, TaskCETR)
			c.Raise = []Flag{FlagOverdue}
		}
	case TimerKeyworker:
		if f.Keyworker.State == "" {
			f.remind(&c, TaskKeyworker)
		}
	case TimerPanel:
		f.remind(&c, TaskPanel)
		c.Raise = []Flag{FlagOverdue}
	default: // triage, unread, hold, letters: the task stands already
		c.Raise = []Flag{FlagOverdue}
	}
	return c, nil
}

func (f File) remind(c *Change, k TaskKind) {
	c.Tasks = append(c.Tasks, TaskDue{Kind: k, Due: f.Settings.Calendar().Due(c.At, 1), Owner: f.Case.Owner})
}

// fireCrisis alerts again until somebody has opened the case: the next person,
// then the manager; outside hours whoever is named for them.
func (f File) fireCrisis(c *Change) {
	if f.ReadAt.After(f.CrisisAt) || !f.Case.Has(FlagCrisis) {
		return
	}
	every := time.Duration(f.Settings.CrisisMinutes) * time.Minute
	alert := AlertCrisisSecond
	switch {
	case !f.Settings.OpenAt(c.At):
		alert = AlertCrisisOutOfHours
	case c.At.Sub(f.CrisisAt) >= 2*every:
		alert = AlertCrisisManager
	}
	c.Alerts = []string{alert}
	c.Timers = []TimerDue{{TimerCrisis, c.At.Add(every)}}
}

// Alerts by which the duty list and then the manager hear; they name nobody.
const (
	AlertCrisisSecond          = "crisis not opened: the second person"
	AlertCrisisManager         = "crisis not opened: the manager"
	AlertCrisisOutOfHours      = "crisis not opened: out of hours"
	AlertSafeguarding          = "safeguarding concern not opened"
	AlertSafeguardingNotPassed = "safeguarding concern not passed on: the manager"
)

// fireSafeguarding: a concern is opened within the hour and with the council the
// same day, else the manager hears.
func (f File) fireSafeguarding(c *Change, k TimerKind) {
	if !f.Case.Has(FlagSafeguarding) {
		return
	}
	s := f.Settings
	end := DateOf(c.At).At(s.Closes, 0)
	if !c.At.Before(end) {
		end = s.Calendar().NextOpening(c.At, s.Opens)
	}
	c.Timers = []TimerDue{{TimerReferred, end}}
	switch {
	case k == TimerReferred:
		c.Alerts = []string{AlertSafeguardingNotPassed}
	case !f.ReadAt.After(f.Case.ReceivedAt):
		c.Alerts = []string{AlertSafeguarding}
	}
}

// fireInfo reminds, and at the last reminder asks a person whether to close.
func (f File) fireInfo(c *Change) {
	cal, days := f.Settings.Calendar(), f.Settings.InfoWD
	for _, n := range days {
		if due := cal.Due(f.Case.Since, n); due.After(c.At) {
			c.Timers = []TimerDue{{TimerInfo, due}}
			f.remind(c, TaskChaseInfo)
			return
		}
	}
	if f.isUrgent() { // never closed for silence
		f.remind(c, TaskChaseInfo)
		return
	}
	f.remind(c, TaskNoContact)
}

// fireConsent reminds, and after the last reminder asks a practitioner to ring.
func (f File) fireConsent(c *Change) {
	for _, n := range f.Settings.ConsentWD {
		if due := f.Settings.Calendar().Due(f.Case.Since, n); due.After(c.At) {
			c.Timers = []TimerDue{{TimerConsent, due}}
			f.remind(c, TaskChaseConsent)
			return
		}
	}
	f.remind(c, TaskAskPerson)
}

// fireConsentEnd is consent running out, or a birthday. Before a decision the
// case goes back to consent; on the register support goes on, people ask, and
// the manager hears each month. Nobody comes off by silence.
func (f File) fireConsentEnd(c Change, k TimerKind) (Change, error) {
	if lapsed, err := f.ConsentLapsed(c.By, c.At); err == nil {
		c = lapsed
	} else if _, held := f.ConsentRoute(DateOf(c.At)); held != nil && !f.Case.State.IsUndecided() {
		f.remind(&c, TaskRecheck)
		c.Raise = append(c.Raise, FlagRecheck)
		c.Timers = append(c.Timers, TimerDue{TimerConsentEnd, DateOf(c.At).Add(f.Settings.RecheckDays).At(9, 0)})
	}
	if k == TimerBirthday {
		f.fireBirthday(&c)
	}
	return c, nil
}

func (f File) fireBirthday(c *Change) {
	today := DateOf(c.At)
	f.remind(c, TaskBirthday)
	c.Raise = append(c.Raise, FlagBirthday)
	if next, ok := f.nextBirthday(f.Person.DateOfBirth, c.At); ok {
		c.Timers = append(c.Timers, TimerDue{TimerBirthday, next})
	}
	age, known := f.Person.Age(today)
	if !known {
		return
	}
	if day := f.Person.DateOfBirth.Birthday(age); day == today && (age == 16 || age == 18) {
		letters, tasks := f.due(L13, c.At)
		c.Letters, c.Tasks = append(c.Letters, letters...), append(c.Tasks, tasks...)
	}
	if _, err := f.ConsentRoute(today); err != nil && age == 16 && !today.Before(f.Person.DateOfBirth.Birthday(16).Add(f.Settings.Birthday16Days)) {
		f.remind(c, TaskAfterSixteen)
	}
}
