package workflow

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, London)

func today() Date { return DateOf(monday) }

func date(t *testing.T, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestWorkingDays holds the calendar against counted days.
func TestWorkingDays(t *testing.T) {
	t.Parallel()
	c := NewCalendar(nil, 17)
	for _, x := range []struct{ received, zero, two, five, twenty string }{
		{"2026-11-23 10:00", "2026-11-23", "2026-11-25", "2026-11-30", "2026-12-21"},
		{"2026-11-27 16:59", "2026-11-27", "2026-12-01", "2026-12-04", "2026-12-29"},
		{"2026-11-27 17:00", "2026-11-30", "2026-12-02", "2026-12-07", "2026-12-30"},
		{"2026-12-24 16:30", "2026-12-24", "2026-12-30", "2027-01-05", "2027-01-26"},
		{"2026-12-26 09:00", "2026-12-29", "2026-12-31", "2027-01-06", "2027-01-27"},
		{"2027-03-25 12:00", "2027-03-25", "2027-03-31", "2027-04-05", "2027-04-26"},
		{"2027-05-01 08:00", "2027-05-04", "2027-05-06", "2027-05-11", "2027-06-02"},
		{"2027-12-24 18:00", "2027-12-29", "2027-12-31", "2028-01-06", "2028-01-27"},
		{"2028-01-01 00:01", "2028-01-04", "2028-01-06", "2028-01-11", "2028-02-01"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", x.received, London)
		if err != nil {
			t.Fatal(err)
		}
		zero := c.DayZero(at)
		got := []string{zero.String(), c.Add(zero, 2).String(), c.Add(zero, 5).String(), c.Add(zero, 20).String()}
		want := []string{x.zero, x.two, x.five, x.twenty}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("received %s: got %v, want %v", x.received, got, want)
		}
	}
	closed := NewCalendar([]Date{date(t, "2026-11-24")}, 17)
	if got := closed.Add(today(), 1).String(); got != "2026-11-25" {
		t.Errorf("the day after a closure: got %s, want 2026-11-25", got)
	}
}

func TestBirthdaysOnLeapDays(t *testing.T) {
	t.Parallel()
	born := date(t, "2012-02-29")
	if got := born.AgeOn(date(t, "2027-02-28")); got != 14 {
		t.Errorf("the day before: %d, want 14", got)
	}
	if got := born.AgeOn(date(t, "2027-03-01")); got != 15 {
		t.Errorf("on 1 March of a common year: %d, want 15", got)
	}
	if got := born.Birthday(15).String(); got != "2027-03-01" {
		t.Errorf("fifteenth birthday %s, want 2027-03-01", got)
	}
}

func TestNHSNumber(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"9990272832": true, "9990546662": false, "9990544662": true, "9990272833": false,
		"9999999999": false, "0000000000": false, "999027283": false, "99902728x2": false, "9434765919": true, "4857773456": false} {
		if got := ValidNHSNumber(s); got != want {
			t.Errorf("%s: got %v, want %v", s, got, want)
		}
	}
}

func TestRefsHoldTheirCheckCharacter(t *testing.T) {
	t.Parallel()
	ref := Ref(2026, 12)
	if got := FindRefs("Re: your letter " + strings.ToLower(ref) + " and DSR-2026-00013-A"); len(got) != 1 || got[0] != ref {
		t.Errorf("found %v, want %s alone", got, ref)
	}
	for i := range 9 { // any single wrong digit
		digits := []byte(ref)
		at := map[int]int{0: 4, 1: 5, 2: 6, 3: 7, 4: 9, 5: 10, 6: 11, 7: 12, 8: 13}[i]
		digits[at] = '0' + (digits[at]-'0'+1)%10
		if got := FindRefs(string(digits)); len(got) != 0 {
			t.Errorf("%s was taken for a reference", digits)
		}
	}
}

// young and grown are files of a 13-year-old with a mother who holds parental
// responsibility, and of a 17-year-old.
func young(t *testing.T) File {
	f := File{Settings: DefaultSettings(), Facts: map[Field]Fact{}}
	f.Case = Case{ID: 1, State: Triage, Version: 1}
	f.Person = Person{ID: 1, Name: "Tom Poole", DateOfBirth: date(t, "2013-05-03")}
	f.Parties = []Party{
		{ID: 1, Role: PartyMother, Name: "Karen Poole", Email: "karen@example.org", HasPR: Yes, Referrer: true, Confirmed: true, MayWrite: Yes, OrdinaryOK: true},
		{ID: 2, Role: PartyFather, Name: "Lee Poole", Email: "lee@example.org", HasPR: Yes, Confirmed: true, MayWrite: Yes},
		{ID: 3, Role: PartySocial, Name: "Priya Nair", Email: "priya@essex.example", Sector: SocialCare, Confirmed: true, MayWrite: Yes},
	}
	f.Referrals = []Referral{{ID: 1, Type: ByFamily}}
	return f
}

func grown(t *testing.T) File {
	f := young(t)
	f.Person.DateOfBirth = date(t, "2009-02-09")
	f.Parties = append(f.Parties, Party{ID: 4, Role: PartySelf, Name: "Tom Poole", Email: "tom@example.org", Confirmed: true, MayWrite: Yes})
	return f
}

// guarded has a special guardian beside the parents; adult is 20.
func guarded(t *testing.T) File {
	f := young(t)
	f.Parties = append(f.Parties, Party{ID: 5, Role: PartyGuardian, Name: "Ann Lake", HasPR: Yes, Confirmed: true})
	return f
}

func adult(t *testing.T) File {
	f := grown(t)
	f.Person.DateOfBirth = date(t, "2006-02-09")
	return f
}

func settled(who PartyID, a ConsentAnswer) Consent {
	c := said(ByParent, who, a, today())
	c.Settles = true
	return c
}

func said(by DecidedBy, who PartyID, a ConsentAnswer, on Date) Consent {
	return Consent{About: Inclusion, DecidedBy: by, Party: who, Answer: a, Evidence: Conversation, Words: "rang", From: on}
}

func TestConsentRoute(t *testing.T) {
	t.Parallel()
	unknownAge := young(t)
	unknownAge.Person.DateOfBirth = Date{}
	lacks := Capacity{Decision: Inclusion, Outcome: LacksCapacity, On: today()}
	best := BestInterests{Decision: Inclusion, InFavour: true, Maker: "Dr Ash", On: today()}
	for name, x := range map[string]struct {
		file     File
		consents []Consent
		capacity []Capacity
		best     []BestInterests
		day      Date
		want     bool
	}{
		"nobody asked":                      {file: young(t)},
		"a mother with PR says yes":         {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, today())}, want: true},
		"somebody without PR says yes":      {file: young(t), consents: []Consent{said(ByParent, 3, SaidYes, today())}},
		"a professional ticked the box":     {file: young(t), consents: []Consent{{About: Inclusion, DecidedBy: ByParent, Party: 1, Answer: SaidYes, Evidence: ReferrerSays, From: today()}}},
		"a yes that was taken back":         {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, today()), said(ByParent, 1, TookBack, today())}},
		"a yes over a year ago":             {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, date(t, "2025-11-23"))}},
		"a yes of tomorrow":                 {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, date(t, "2026-11-24"))}},
		"a parent's yes at 17":              {file: grown(t), consents: []Consent{said(ByParent, 1, SaidYes, today())}},
		"the person's yes at 17":            {file: grown(t), consents: []Consent{said(ByPerson, 0, SaidYes, today())}, want: true},
		"a parent's no does not undo it":    {file: grown(t), consents: []Consent{said(ByPerson, 0, SaidYes, today()), said(ByParent, 1, SaidNo, today())}, want: true},
		"the person's no":                   {file: grown(t), consents: []Consent{said(ByPerson, 0, SaidYes, today()), said(ByPerson, 0, SaidNo, today())}},
		"the day before 16":                 {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, date(t, "2029-04-01"))}, day: date(t, "2029-05-02"), want: true},
		"the sixteenth birthday":            {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, date(t, "2029-04-01"))}, day: date(t, "2029-05-03")},
		"lacks capacity, no best interests": {file: grown(t), consents: []Consent{said(ByParent, 1, SaidYes, today())}, capacity: []Capacity{lacks}},
		"lacks capacity, best interests":    {file: grown(t), capacity: []Capacity{lacks}, best: []BestInterests{best}, want: true},
		"best interests without assessment": {file: grown(t), best: []BestInterests{best}},
		"an attorney before 18":             {file: grown(t), consents: []Consent{said(ByAttorney, 1, SaidYes, today())}},
		"the age is unknown":                {file: unknownAge, consents: []Consent{said(ByParent, 1, SaidYes, today())}},
		"a competent child":                 {file: young(t), consents: []Consent{said(ByChild, 0, SaidYes, today())}, capacity: []Capacity{{Decision: Inclusion, Outcome: Competent}}, want: true},
		"a child of unknown competence":     {file: young(t), consents: []Consent{said(ByChild, 0, SaidYes, today())}},
		"a competent child's no, a later yes of the mother": {file: young(t), consents: []Consent{said(ByChild, 0, SaidNo, today()), said(ByParent, 1, SaidYes, today())},
			capacity: []Capacity{{Decision: Inclusion, Outcome: Competent}}},
		"another child's no, the mother's yes":          {file: young(t), consents: []Consent{said(ByChild, 0, SaidNo, today()), said(ByParent, 1, SaidYes, today())}, want: true},
		"the father says no, then the mother yes":       {file: young(t), consents: []Consent{said(ByParent, 2, SaidNo, today()), said(ByParent, 1, SaidYes, today())}},
		"the mother says yes, then the father no":       {file: young(t), consents: []Consent{said(ByParent, 1, SaidYes, today()), said(ByParent, 2, SaidNo, today())}},
		"they disagreed, and it was settled":            {file: young(t), consents: []Consent{said(ByParent, 2, SaidNo, today()), said(ByParent, 1, SaidYes, today()), settled(1, SaidYes)}, want: true},
		"it was settled, then the father says no again": {file: young(t), consents: []Consent{settled(1, SaidYes), said(ByParent, 2, SaidNo, today())}},
		"a special guardian's yes, the mother's no":     {file: guarded(t), consents: []Consent{said(ByParent, 5, SaidYes, today()), said(ByParent, 1, SaidNo, today())}, want: true},
		"a special guardian's no, the mother's yes":     {file: guarded(t), consents: []Consent{said(ByParent, 1, SaidYes, today()), said(ByParent, 5, SaidNo, today())}},
		"an attorney for somebody with capacity":        {file: adult(t), consents: []Consent{said(ByAttorney, 1, SaidYes, today())}},
		"an attorney for somebody who lacks it":         {file: adult(t), consents: []Consent{said(ByAttorney, 1, SaidYes, today())}, capacity: []Capacity{lacks}, want: true},
		"an assessment over a year ago":                 {file: grown(t), capacity: []Capacity{{Decision: Inclusion, Outcome: LacksCapacity, On: date(t, "2025-11-22")}}, best: []BestInterests{best}},
		"best interests, then an objection":             {file: grown(t), capacity: []Capacity{lacks}, best: []BestInterests{{Decision: Inclusion, InFavour: true, Maker: "Dr Ash", On: date(t, "2026-11-01")}}, consents: []Consent{said(ByPerson, 0, SaidNo, today())}},
		"an objection, then best interests anew":        {file: grown(t), capacity: []Capacity{lacks}, best: []BestInterests{best}, consents: []Consent{said(ByPerson, 0, SaidNo, date(t, "2026-11-20"))}, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := x.file
			f.Consents, f.Capacities, f.BestInterests = x.consents, x.capacity, x.best
			day := x.day
			if day.IsZero() {
				day = today()
			}
			if _, err := f.ConsentRoute(day); (err == nil) != x.want {
				t.Errorf("got %v, want held=%v", err, x.want)
			}
		})
	}
}

// TestRecipients: who hears a decision follows from who decides and who referred.
func TestRecipientRefusals(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*File){
		"dead":           func(f *File) { f.Person.Deceased = true },
		"on hold":        func(f *File) { f.Case.Flags = []Flag{FlagHold} },
		"blocked":        func(f *File) { f.Parties[0].Blocked, f.Parties[0].BlockedWhy = true, "an order" },
		"unconfirmed":    func(f *File) { f.Parties[0].Confirmed = false },
		"no address":     func(f *File) { f.Parties[0].Email = "" },
		"no agreement":   func(f *File) { f.Parties[0].MayWrite = Unknown },
		"do not contact": func(f *File) { f.Case.Flags = []Flag{FlagDoNotContact} },
	} {
		f := young(t)
		if _, err := f.Recipient(L7, 1); err != nil {
			t.Fatalf("before: %v", err)
		}
		spoil(&f)
		if _, err := f.Recipient(L7, 1); !errors.Is(err, ErrNotAllowed) {
			t.Errorf("%s: got %v, want refused", name, err)
		}
	}
}

func TestHardNewsLeavesWhenSomebodyCanBeReached(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	for approved, want := range map[string]string{
		"2026-11-23 10:00": "2026-11-23 10:10", // Monday morning
		"2026-11-23 15:55": "2026-11-24 09:00", // the hold ends after 4pm
		"2026-11-27 11:45": "2026-11-27 11:55", // Friday before midday
		"2026-11-27 12:30": "2026-11-30 09:00", // Friday afternoon
		"2026-11-28 10:00": "2026-11-30 09:00", // Saturday
		"2026-12-24 09:30": "2026-12-29 09:00", // the day before Christmas
		"2026-11-24 07:00": "2026-11-24 09:00", // early
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", approved, London)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.SendingTime(L7, at).In(London).Format("2006-01-02 15:04"); got != want {
			t.Errorf("approved %s: leaves %s, want %s", approved, got, want)
		}
	}
	if got := s.SendingTime(L3, monday); got != monday.Add(10*time.Minute) {
		t.Errorf("another letter leaves %s, want after the hold", got)
	}
}

func TestTheMachineLowersNothing(t *testing.T) {
	t.Parallel()
	f := young(t)
	f.Case.Urgency, f.Case.Flags = Crisis, []Flag{FlagCrisis}
	if _, err := f.SetUrgency(Service(), monday, Routine, "it seems fine"); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("got %v, want refused", err)
	}
	c, err := f.FileMessage(Service(), monday, Opening{Urgency: Routine})
	if err != nil || c.Urgency != "" || len(c.Lower) > 0 {
		t.Errorf("a routine mail changed urgency: %+v, %v", c, err)
	}
	if _, err := OpenCase(Service(), monday, Opening{Parties: []Party{{Role: PartyMother, Confirmed: true}}}, f.Settings); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("the machine confirmed somebody: %v", err)
	}
}

func TestANoPutsTheCaseOnHold(t *testing.T) {
	t.Parallel()
	f := grown(t)
	pr := Actor{ID: 5, Roles: []Role{Practitioner}}
	c, err := f.RecordConsent(pr, monday, said(ByPerson, 0, SaidNo, today()))
	if err != nil || len(c.Raise) != 1 || c.Raise[0] != FlagHold {
		t.Fatalf("got %+v, %v: want the hold", c.Raise, err)
	}
	f.Case.Flags = c.Raise
	f.Case.State = AwaitingConsent
	if _, err := f.SettleConsent(pr, monday); err == nil {
		t.Error("consent was settled on a held case")
	}
	if _, err := f.Recipient(L3, 1); err == nil {
		t.Error("a letter may leave on a held case")
	}
}

// TestAHoldOpensNoPanel: a no takes a case off the agenda and back to consent,
// and lifting the hold does not bring it back without consent.
func TestAHoldOpensNoPanel(t *testing.T) {
	t.Parallel()
	pr := Actor{ID: 5, Roles: []Role{Practitioner}}
	for name, do := range map[string]func(File) (Change, error){
		"put on hold by hand":  func(f File) (Change, error) { return f.Hold(pr, monday, "she rang") },
		"a mail that says no":  func(f File) (Change, error) { return f.FileMessage(Service(), monday, Opening{Hold: true}) },
		"a no that was record": func(f File) (Change, error) { return f.RecordConsent(pr, monday, said(ByPerson, 0, SaidNo, today())) },
	} {
		f := grown(t)
		f.Case.State, f.Panel, f.Item = PanelScheduled, &Panel{ID: 7}, &PanelItem{ID: 8, Panel: 7, State: Listed}
		c, err := do(f)
		if err != nil || c.To != AwaitingConsent || c.Item == nil || c.Item.State != TakenOff || !slices.Contains(c.Raise, FlagHold) {
			t.Errorf("%s: %+v, %v: want it off the agenda, on hold, awaiting consent", name, c, err)
		}
	}
	c, err := OpenCase(Service(), monday, Opening{Hold: true}, DefaultSettings())
	if err != nil || c.To != AwaitingConsent || !slices.Contains(c.Raise, FlagHold) {
		t.Errorf("a referral that came with a no: %+v, %v", c, err)
	}
}

// TestClosingLeavesNoPlaceOnAnAgenda, and reopening gives none back.
func TestClosingLeavesNoPlaceOnAnAgenda(t *testing.T) {
	t.Parallel()
	ma := Actor{ID: 9, Roles: []Role{Manager}}
	f := grown(t)
	f.Case.State, f.Panel, f.Item = PanelScheduled, &Panel{ID: 7}, &PanelItem{ID: 8, Panel: 7, State: Listed}
	c, err := f.CloseError(ma, monday, "the wrong person")
	if err != nil || c.Item == nil || c.Item.State != TakenOff {
		t.Fatalf("closed: %+v, %v", c.Item, err)
	}
	f.Case.State, f.Case.Before, f.Case.Since, f.Panel, f.Item = Closed, PanelScheduled, monday, nil, nil
	if c, err = f.Reopen(ma, monday, "it was right"); err != nil || c.To != AwaitingConsent {
		t.Errorf("reopened without consent: to %q, %v", c.To, err)
	}
	f.Consents = []Consent{said(ByPerson, 0, SaidYes, today())}
	if c, err = f.Reopen(ma, monday, "it was right"); err != nil || c.To != ReadyForPanel {
		t.Errorf("reopened with consent: to %q, %v", c.To, err)
	}
}

// TestRatingAfterHospital: a discharge leads to red, and red holds for two weeks.
func TestRatingAfterHospital(t *testing.T) {
	t.Parallel()
	ch := Actor{ID: 9, Roles: []Role{Chair}}
	f := grown(t)
	f.Case.State, f.Ratings = OnRegister, []Assessment{{Rating: Blue, At: monday.AddDate(0, -1, 0)}}
	if _, err := f.Rate(ch, monday, Green, "home"); err == nil {
		t.Error("from hospital to green at once")
	}
	if _, err := f.Rate(ch, monday, Red, "home"); err != nil {
		t.Errorf("from hospital to red: %v", err)
	}
	f.Ratings = append(f.Ratings, Assessment{Rating: Red, At: monday})
	if _, err := f.Rate(ch, monday.AddDate(0, 0, 13), Amber, "settled"); err == nil {
		t.Error("lowered 13 days after a discharge")
	}
	if _, err := f.Rate(ch, monday.AddDate(0, 0, 14), Amber, "settled"); err != nil {
		t.Errorf("lowered after 14 days: %v", err)
	}
}

// TestLookingAgain: in time, or with a reason, and with fresh eyes.
func TestLookingAgain(t *testing.T) {
	t.Parallel()
	ma, ch := Actor{ID: 9, Roles: []Role{Manager}}, Actor{ID: 1, Roles: []Role{Chair}}
	f := grown(t)
	f.Case.State, f.Case.Closed, f.Case.Since = Closed, ClosedNotAccepted, monday.AddDate(0, 0, -29)
	if _, err := f.LookAgain(ma, monday, "a new report", ""); err == nil {
		t.Error("asked after 29 days without a reason")
	}
	if _, err := f.LookAgain(ma, monday, "a new report", "the letter came in Easy Read three weeks late"); err != nil {
		t.Errorf("asked late with a reason: %v", err)
	}
	f.Panel = &Panel{ID: 1, Chair: 1, Members: []Member{{Actor: 1, Present: true}, {Actor: 2, Present: true}}}
	f.Item = &PanelItem{Interests: []Interest{{Member: 1, Kind: NoInterest}, {Member: 2, Kind: NoInterest}}}
	f.Decision = &Decision{Outcome: OutcomeNotAccepted, By: 1, Members: []ActorID{1, 2}}
	if err := f.freshEyes(ch); err == nil {
		t.Error("the same people decided again")
	}
	if err := f.freshEyes(Actor{ID: 3}); err != nil {
		t.Errorf("another chair: %v", err)
	}
	f.Decision.Members = []ActorID{1}
	if err := f.freshEyes(ch); err != nil {
		t.Errorf("a new member: %v", err)
	}
}

func TestNoContactNeedsRemindersAndATry(t *testing.T) {
	t.Parallel()
	pr := Actor{ID: 5, Roles: []Role{Practitioner}}
	f := young(t)
	f.Case.State = AwaitingInfo
	sent := Letter{Kind: L3, State: LetterAccepted}
	f.Letters, f.Contacts = []Letter{sent, sent, sent}, []Contact{{Party: 1, How: "phone", Reached: "no answer"}}
	if _, err := f.CloseNoContact(pr, monday, "nobody answers"); err != nil {
		t.Fatalf("asked, two reminders, one call: %v", err)
	}
	for name, spoil := range map[string]func(*File){
		"one reminder":    func(f *File) { f.Letters = f.Letters[:2] },
		"no call":         func(f *File) { f.Contacts = nil },
		"they were there": func(f *File) { f.Contacts[0].Reached = "reached" },
		"urgent":          func(f *File) { f.Case.Flags = []Flag{FlagUrgent} },
	} {
		g := f
		g.Letters, g.Contacts = slices.Clone(f.Letters), slices.Clone(f.Contacts)
		spoil(&g)
		if _, err := g.CloseNoContact(pr, monday, "nobody answers"); err == nil {
			t.Errorf("%s: closed all the same", name)
		}
	}
}

func TestOnlyAnUrgentPanelSeesGaps(t *testing.T) {
	t.Parallel()
	pr, co := Actor{ID: 5, Roles: []Role{Practitioner}}, Actor{ID: 6, Roles: []Role{Coordinator}}
	f := grown(t)
	f.Consents = []Consent{said(ByPerson, 0, SaidYes, today())}
	f.Facts[FieldArea] = Fact{Value: "in", Confirmed: true}
	if _, err := f.MakeReady(pr, monday); err == nil {
		t.Error("a routine case went on with gaps")
	}
	f.Case.Flags = []Flag{FlagUrgent}
	if _, err := f.MakeReady(pr, monday); err != nil {
		t.Errorf("urgent: %v", err)
	}
	f.Case.State = ReadyForPanel
	p := Panel{ID: 1, At: monday.AddDate(0, 0, 3), Capacity: 5}
	for kind, want := range map[PanelKind]bool{ReferralPanel: false, UrgentPanel: true} {
		p.Kind = kind
		if _, err := f.PutOnPanel(co, monday, p); (err == nil) != want {
			t.Errorf("%s: %v, want allowed=%v", kind, err, want)
		}
	}
	f.Consents = nil
	if _, err := f.PutOnPanel(co, monday, p); err == nil {
		t.Error("an urgent panel without a consent route")
	}
}

func TestRemovalNeedsEverybody(t *testing.T) {
	t.Parallel()
	ma := Actor{ID: 9, Roles: []Role{Manager}}
	base := func() File {
		f := grown(t)
		f.Case.State, f.Case.Lead = RemovalProposed, 3
		f.Parties[2].Involved = true
		f.Ratings = []Assessment{{Rating: Green, At: monday.AddDate(0, 0, -85)}}
		f.Removal = &Removal{ID: 1, Answers: []Agreement{{Party: 3, Answer: Agrees}, {Party: 4, Answer: Agrees}}}
		return f
	}
	if _, err := base().Remove(ma, monday, "all agree"); err != nil {
		t.Fatalf("all agree: %v", err)
	}
	for name, spoil := range map[string]func(*File){
		"one was not asked":    func(f *File) { f.Removal.Answers = f.Removal.Answers[:1] },
		"the person disagrees": func(f *File) { f.Removal.Answers[1].Answer = Disagrees },
		"the lead has no view": func(f *File) { f.Removal.Answers[0].Answer = NoView },
		"no lead":              func(f *File) { f.Case.Lead = 0 },
		"not green for long":   func(f *File) { f.Ratings[0].At = monday.AddDate(0, 0, -80) },
		"amber since":          func(f *File) { f.Ratings = append(f.Ratings, Assessment{Rating: Amber, At: monday.AddDate(0, 0, -10)}) },
		"on hold":              func(f *File) { f.Case.Flags = []Flag{FlagHold} },
		"the person not named": func(f *File) { f.Parties = f.Parties[:3] },
	} {
		f := base()
		spoil(&f)
		if _, err := f.Remove(ma, monday, ""); err == nil {
			t.Errorf("%s: removed all the same", name)
		}
	}
}

func TestQuorum(t *testing.T) {
	t.Parallel()
	base := func() File {
		f := grown(t)
		f.Panel = &Panel{ID: 1, Chair: 1, At: monday, Members: []Member{
			{Actor: 1, Name: "A", Role: Chair, Sector: SocialCare, Present: true},
			{Actor: 2, Name: "B", Role: PanelMember, Sector: Health, Present: true},
			{Actor: 3, Name: "C", Role: PanelMember, Sector: Education, Present: true},
			{Actor: 4, Name: "D", Role: Expert, Present: true}}}
		f.Item = &PanelItem{ID: 1, Panel: 1}
		for _, m := range f.Panel.Members {
			f.Item.Interests = append(f.Item.Interests, Interest{Member: m.Actor, Kind: NoInterest})
		}
		return f
	}
	if err := base().quorum(today()); err != nil {
		t.Fatalf("a full panel: %v", err)
	}
	for name, spoil := range map[string]func(*File){
		"no expert by experience":      func(f *File) { f.Panel.Members[3].Present = false },
		"the expert has an interest":   func(f *File) { f.Item.Interests[3].Kind = PersonalInterest },
		"nobody from health":           func(f *File) { f.Panel.Members[1].Sector = SocialCare },
		"17 and nobody from education": func(f *File) { f.Panel.Members[2].Sector = Health },
		"the chair has an interest":    func(f *File) { f.Item.Interests[0].Kind = PersonalInterest },
		"one member undeclared":        func(f *File) { f.Item.Interests = f.Item.Interests[:3] },
		"a member excluded":            func(f *File) { f.Item.Interests[1] = Interest{Member: 2, Kind: OrganisationalInterest, Exclude: true} },
	} {
		f := base()
		spoil(&f)
		if err := f.quorum(today()); err == nil {
			t.Errorf("%s: quorate all the same", name)
		}
	}
}

func TestReplyLimits(t *testing.T) {
	t.Parallel()
	s := DefaultSettings()
	off := s
	off.AutomaticL1 = false
	for name, x := range map[string]struct {
		set  Settings
		kind LetterKind
		c    ReplyCounts
		go_  bool
	}{
		"a first acknowledgement":        {s, L1, ReplyCounts{}, true},
		"the sixth of a day":             {s, L1, ReplyCounts{ToAddress: 5}, false},
		"an old mail":                    {s, L1, ReplyCounts{Age: 25 * time.Hour}, false},
		"the cap of the hour":            {s, L1, ReplyCounts{L1Hour: 100}, false},
		"switched off":                   {off, L1, ReplyCounts{}, false},
		"a crisis, all L1 used up":       {off, L2, ReplyCounts{L1Hour: 1000, Age: 48 * time.Hour}, true},
		"a second crisis reply in a day": {s, L2, ReplyCounts{ToAddress: 1}, false},
	} {
		if got := x.set.MayReply(x.kind, x.c); (got == "") != x.go_ {
			t.Errorf("%s: got %q, want goes=%v", name, got, x.go_)
		}
	}
}
