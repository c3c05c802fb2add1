package workflow

import (
	"slices"
	"testing"
	"time"
)

func london(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, London)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func timerOf(c Change, k TimerKind) string {
	for _, t := range slices.Backward(c.Timers) {
		if t.Kind == k {
			return t.At.In(London).Format("2006-01-02 15:04")
		}
	}
	return ""
}

func taskOf(c Change, k TaskKind) bool {
	return slices.ContainsFunc(c.Tasks, func(t TaskDue) bool { return t.Kind == k })
}

// TestClocksFollowTheState: entering a state starts its clock, leaving it stops it.
func TestClocksFollowTheState(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		from, to State
		urgency  Urgency
		timer    TimerKind
		at       string
		stops    TimerKind
	}{
		"a routine referral":                 {None, New, Routine, TimerTriage, "2026-11-25 17:00", ""},
		"an urgent referral":                 {None, New, Urgent, TimerTriage, "2026-11-23 14:00", ""},
		"what nobody could read":             {None, New, Unread, TimerUnread, "2026-11-23 14:00", ""},
		"taken":                              {New, Triage, "", "", "", TimerTriage},
		"asked for information":              {Triage, AwaitingInfo, "", TimerInfo, "2026-11-30 17:00", ""},
		"the information came":               {AwaitingInfo, Triage, "", "", "", TimerInfo},
		"asked for consent":                  {Triage, AwaitingConsent, "", TimerConsent, "2026-11-30 17:00", ""},
		"complete":                           {AwaitingConsent, ReadyForPanel, "", TimerPanel, "2026-12-21 17:00", TimerConsent},
		"decided":                            {InPanel, Accepted, "", TimerLetters, "2026-11-25 17:00", TimerPanel},
		"deferred: the panel's clock stands": {InPanel, Deferred, "", "", "", TimerPanel},
	} {
		f := File{Settings: DefaultSettings()}
		f.Case.State = x.from
		c := f.Timed(Change{From: x.from, To: x.to, Urgency: x.urgency, By: Service(), At: monday})
		if x.timer != "" && timerOf(c, x.timer) != x.at {
			t.Errorf("%s: %q at %q, want %q", name, x.timer, timerOf(c, x.timer), x.at)
		}
		if x.stops != "" && !slices.Contains(c.StopTimers, x.stops) {
			t.Errorf("%s: stops %v, want %q among them", name, c.StopTimers, x.stops)
		}
	}
	f := File{Settings: DefaultSettings()}
	f.Case.State = OnRegister
	if c := f.Timed(Change{From: OnRegister, To: Closed, Timers: []TimerDue{{TimerReview, monday}}}); !c.StopAllTimers || len(c.Timers) > 0 {
		t.Errorf("closed with clocks: %+v", c)
	}
}

// TestTheClockStandsWhileOthersOweAnAnswer, and both counts are told.
func TestTheClockStandsWhileOthersOweAnAnswer(t *testing.T) {
	t.Parallel()
	f := File{Settings: DefaultSettings()}
	f.Case.State, f.Case.ReceivedAt = ReadyForPanel, monday
	day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
	f.History = []Step{{New, monday}, {Triage, day(0)}, {AwaitingInfo, day(1)}, {Triage, day(8)}, {ReadyForPanel, day(9)}}
	if days, ours := f.Clock(day(14)); days != 14 || ours != 5 { // 10 working days, less the 5 of waiting
		t.Errorf("%d days, %d ours: want 14 and 5", days, ours)
	}
	f.History = append(f.History, Step{AwaitingConsent, day(14)}) // ready for 3 working days
	f.Case.State = AwaitingConsent
	c := f.Timed(Change{From: AwaitingConsent, To: ReadyForPanel, By: Service(), At: day(28)})
	if got := timerOf(c, TimerPanel); got != "2027-01-18 17:00" { // 17 working days after 21 December
		t.Errorf("the panel is due %s, want 17 of the 20 working days later", got)
	}
}

func TestRemindersComeInTurnAndEndWithAPerson(t *testing.T) {
	t.Parallel()
	f := young(t)
	f.Case.State, f.Case.Since = AwaitingInfo, monday
	for _, x := range []struct {
		at, next string
		task     TaskKind
	}{{"2026-11-30 17:00", "2026-12-07 17:00", TaskChaseInfo}, {"2026-12-07 17:00", "2026-12-21 17:00", TaskChaseInfo}, {"2026-12-21 17:00", "", TaskNoContact}} {
		c, err := f.Fire(london(t, x.at), TimerInfo)
		if err != nil || timerOf(c, TimerInfo) != x.next || !taskOf(c, x.task) || c.To != AwaitingInfo {
			t.Errorf("at %s: next %q, tasks %+v, %v: want %q and %q", x.at, timerOf(c, TimerInfo), c.Tasks, err, x.next, x.task)
		}
	}
	f.Case.Flags = []Flag{FlagUrgent}
	if c, _ := f.Fire(london(t, "2026-12-21 17:00"), TimerInfo); taskOf(c, TaskNoContact) {
		t.Error("somebody was asked to close an urgent case for silence")
	}
	f.Case.State = AwaitingConsent
	if c, _ := f.Fire(london(t, "2026-11-30 17:00"), TimerConsent); !taskOf(c, TaskChaseConsent) || timerOf(c, TimerConsent) != "2026-12-07 17:00" {
		t.Errorf("first consent reminder: %+v", c)
	}
	if c, _ := f.Fire(london(t, "2026-12-07 17:00"), TimerConsent); !taskOf(c, TaskAskPerson) || timerOf(c, TimerConsent) != "" {
		t.Errorf("after the last a practitioner rings: %+v", c)
	}
}

func TestACrisisAlertsUntilSomebodyLooks(t *testing.T) {
	t.Parallel()
	f := young(t)
	f.Case.State, f.Case.Urgency, f.Case.Flags, f.CrisisAt = New, Crisis, []Flag{FlagCrisis}, monday
	c := File{Settings: f.Settings}.Timed(Change{To: New, Urgency: Crisis, Raise: []Flag{FlagCrisis}, By: Service(), At: monday})
	if got := timerOf(c, TimerCrisis); got != "2026-11-23 10:15" {
		t.Fatalf("first look at %q, want after 15 minutes", got)
	}
	for _, x := range []struct {
		after time.Duration
		alert string
	}{{15 * time.Minute, AlertCrisisSecond}, {30 * time.Minute, AlertCrisisManager}, {45 * time.Minute, AlertCrisisManager}, {9 * time.Hour, AlertCrisisOutOfHours}} {
		at := monday.Add(x.after)
		c, err := f.Fire(at, TimerCrisis)
		if err != nil || !slices.Equal(c.Alerts, []string{x.alert}) || timerOf(c, TimerCrisis) != at.Add(15*time.Minute).Format("2006-01-02 15:04") {
			t.Errorf("after %s: %v, next %q, %v", x.after, c.Alerts, timerOf(c, TimerCrisis), err)
		}
	}
	f.ReadAt = monday.Add(10 * time.Minute)
	if c, _ := f.Fire(monday.Add(15*time.Minute), TimerCrisis); len(c.Alerts)+len(c.Timers) > 0 {
		t.Errorf("alerted after somebody looked: %+v", c)
	}
	f.CrisisAt = monday.Add(time.Hour) // another crisis mail
	if c, _ := f.Fire(monday.Add(75*time.Minute), TimerCrisis); len(c.Alerts) == 0 {
		t.Error("a second crisis mail was covered by the first look")
	}
}

func TestASafeguardingConcernIsPassedOnTheSameDay(t *testing.T) {
	t.Parallel()
	f := young(t)
	f.Case.State, f.Case.ReceivedAt, f.Case.Flags = New, monday, []Flag{FlagSafeguarding}
	c, _ := f.Fire(monday.Add(time.Hour), TimerSafeguarding)
	if !slices.Equal(c.Alerts, []string{AlertSafeguarding}) || timerOf(c, TimerReferred) != "2026-11-23 17:00" {
		t.Errorf("unopened after an hour: %v, next %q", c.Alerts, timerOf(c, TimerReferred))
	}
	c, _ = f.Fire(london(t, "2026-11-23 17:00"), TimerReferred)
	if !slices.Equal(c.Alerts, []string{AlertSafeguardingNotPassed}) {
		t.Errorf("at the end of the day: %v, want the manager", c.Alerts)
	}
	f.Case.Flags = nil
	if c, _ = f.Fire(london(t, "2026-11-23 17:00"), TimerReferred); len(c.Alerts)+len(c.Timers) > 0 {
		t.Errorf("alerted after it was passed on: %+v", c)
	}
}

// TestBirthdays: reminders before, the day itself, and the manager's word after.
func TestBirthdays(t *testing.T) {
	t.Parallel()
	f := young(t) // born 3 May 2013
	f.Case.State, f.Case.OnRegister = OnRegister, today()
	f.Consents = []Consent{said(ByParent, 1, SaidYes, date(t, "2029-01-10"))}
	var got []string
	at := monday
	for {
		next, ok := f.nextBirthday(f.Person.DateOfBirth, at)
		if !ok {
			break
		}
		got = append(got, DateOf(next).String())
		at = next
	}
	want := []string{"2029-02-03", "2029-04-03", "2029-05-03", "2029-05-31", "2031-02-03", "2031-04-03", "2031-05-03", "2039-02-03", "2039-04-03", "2039-05-03"}
	if !slices.Equal(got, want) {
		t.Errorf("reminders %v, want %v", got, want)
	}
	c, err := f.Fire(date(t, "2029-05-03").At(0, 1), TimerBirthday)
	if err != nil || !taskOf(c, TaskBirthday) || !slices.Contains(c.Raise, FlagRecheck) || c.To != OnRegister {
		t.Errorf("on the day: %+v, %v: want support to go on and people to ask", c, err)
	}
	if c, _ = f.Fire(date(t, "2029-05-31").At(0, 1), TimerBirthday); !taskOf(c, TaskAfterSixteen) {
		t.Errorf("28 days later: %+v, want the manager", c.Tasks)
	}
	f.Case.State = PanelScheduled
	if c, err = f.Fire(date(t, "2029-05-03").At(0, 1), TimerBirthday); err != nil || c.To != AwaitingConsent {
		t.Errorf("before a decision: to %q, %v", c.To, err)
	}
}

func TestAnUnansweredYearlyCheckTakesNobodyOff(t *testing.T) {
	t.Parallel()
	f := grown(t)
	f.Case.State = OnRegister
	f.Consents = []Consent{said(ByPerson, 0, SaidYes, today())}
	for _, day := range []string{"2027-11-23", "2027-12-23"} {
		at := date(t, day).At(9, 0)
		c, err := f.Fire(at, TimerConsentEnd)
		if err != nil || c.To != OnRegister || !taskOf(c, TaskRecheck) || !slices.Contains(c.Raise, FlagRecheck) || timerOf(c, TimerConsentEnd) == "" {
			t.Errorf("%s: %+v, %v", day, c, err)
		}
	}
	f.Case.Flags = []Flag{FlagRecheck}
	c := f.Timed(Change{From: OnRegister, To: OnRegister, By: gamePr, At: date(t, "2028-01-10").At(9, 0), Consents: []Consent{said(ByPerson, 0, SaidYes, date(t, "2028-01-10"))}})
	if !slices.Contains(c.Lower, FlagRecheck) || timerOf(c, TimerConsentEnd) != "2029-01-10 00:01" {
		t.Errorf("asked again: %+v", c)
	}
}

func TestWarningsOfARating(t *testing.T) {
	t.Parallel()
	f := grown(t)
	f.Case.State = OnRegister
	c, err := f.Rate(gamePr, monday, Red, "it got worse")
	if err != nil {
		t.Fatal(err)
	}
	c = f.Timed(c)
	if timerOf(c, TimerCETR) != "2026-11-25 17:00" || timerOf(c, TimerKeyworker) != "2026-11-30 17:00" || timerOf(c, TimerReview) != "2026-11-30 09:00" {
		t.Errorf("red at 17: %+v", c.Timers)
	}
	f.Ratings = []Assessment{{Rating: Red}}
	if c, _ = f.Fire(monday, TimerCETR); !taskOf(c, TaskCETR) {
		t.Error("red without a review was not pointed out")
	}
	f.CETR = CETRStep{State: CETRRequested}
	if c, _ = f.Fire(monday, TimerCETR); len(c.Tasks) > 0 {
		t.Error("pointed out although it was requested")
	}
}

// TestNoTimerDecides: whatever fires in whatever state, nobody is accepted,
// declined, closed, rated or lowered.
func TestNoTimerDecides(t *testing.T) {
	t.Parallel()
	for _, k := range TimerKinds() {
		for _, s := range States() {
			f := grown(t)
			f.Case.State, f.Case.Flags, f.Case.Since = s, []Flag{FlagCrisis, FlagSafeguarding, FlagHold}, monday
			c, err := f.Fire(monday.AddDate(1, 0, 0), k)
			if err != nil {
				t.Errorf("%s in %q: %v", k, s, err)
			}
			if c.To != s && c.To != AwaitingConsent || len(c.Lower) > 0 || c.Rating != nil || c.Decision != nil || c.Closed != "" {
				t.Errorf("%s in %q did %+v", k, s, c)
			}
		}
	}
}

func TestAContactMakesItsNextStep(t *testing.T) {
	t.Parallel()
	f := grown(t)
	f.Parties[3].Referrer = true
	x := Contact{Party: 4, How: "phone", Reached: "reached", Next: "ring the school", NextBy: date(t, "2026-11-25")}
	c, err := f.RecordContact(gamePr, monday, x, "He is well.")
	if err != nil || !taskOf(c, TaskNextStep) || c.Tasks[0].Owner != gamePr.ID || !slices.Contains(c.Done, TaskSpeak) {
		t.Errorf("got %+v, %v", c, err)
	}
	x.NextBy = date(t, "2026-11-20")
	if _, err := f.RecordContact(gamePr, monday, x, "He is well."); err == nil {
		t.Error("a next step in the past")
	}
}
