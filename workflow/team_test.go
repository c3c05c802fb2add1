package workflow

import (
	"crypto/sha256"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// worked is a case that a team works on under a driven clock, with its timers as
// the rows that package store keeps.
type worked struct {
	life
	timers map[TimerKind]time.Time
	armed  int
	ended  int // fired or stopped
	seen   []State
}

// do applies a Change as the store does: clocks first, then everything else.
func (w *worked) do(t *testing.T, c Change, err error) bool {
	t.Helper()
	if err != nil {
		return false
	}
	c = w.f.Timed(c)
	w.apply(c)
	if len(w.seen) == 0 || w.seen[len(w.seen)-1] != c.To {
		w.seen = append(w.seen, c.To)
		w.f.History = append(w.f.History, Step{c.To, c.At})
	}
	if c.By.IsPerson() {
		w.f.ReadAt = c.At
	}
	if !c.OnRegister.IsZero() {
		w.f.Case.OnRegister = c.OnRegister
	}
	w.f.Tasks = slices.DeleteFunc(w.f.Tasks, func(x Task) bool { return slices.Contains(c.Done, x.Kind) })
	for _, x := range c.Tasks {
		w.f.Tasks = append(w.f.Tasks, Task{Kind: x.Kind, Due: x.Due})
	}
	for k := range w.timers {
		if c.StopAllTimers || slices.Contains(c.StopTimers, k) {
			delete(w.timers, k)
			w.ended++
		}
	}
	for _, x := range c.Timers {
		if _, runs := w.timers[x.Kind]; !runs {
			w.armed++
		}
		w.timers[x.Kind] = x.At
	}
	return true
}

// fire fires what is due: the row goes first, so that it fires once.
func (w *worked) fire(t *testing.T) {
	t.Helper()
	for _, k := range TimerKinds() {
		if at, runs := w.timers[k]; runs && !w.at.Before(at) {
			delete(w.timers, k)
			w.ended++
			c, err := w.f.Fire(w.at, k)
			if !w.do(t, c, err) {
				t.Errorf("%s did not fire: %v", k, err)
			}
		}
	}
}

// letters has every letter submitted by one person and approved by another.
func (w *worked) letters(t *testing.T) {
	t.Helper()
	for _, l := range slices.Clone(w.f.Letters) {
		if l.State != LetterDueNow || l.Kind.IsAutomatic() {
			continue
		}
		p, err := w.f.Party(l.Party)
		if err != nil {
			t.Errorf("a letter to nobody: %+v", l)
			continue
		}
		c, err := w.f.RecordContact(gamePr, w.at, Contact{Party: p.ID, How: "phone", Reached: "reached"}, "told")
		w.do(t, c, err)
		raw := []byte("bytes")
		hash := sha256.Sum256(raw)
		c, err = w.f.SubmitLetter(gameCo, w.at, Frozen{Letter: l.ID, Raw: raw, Hash: hash, To: p.Email})
		if !w.do(t, c, err) {
			continue
		}
		c, err = w.f.ApproveLetter(gameMa, w.at, l.ID, hash, hash)
		w.do(t, c, err)
	}
}

// meet holds the panel of a case: everybody declares, the chair opens and decides.
func (w *worked) meet(t *testing.T, r *rand.Rand, decided map[Outcome]int) {
	t.Helper()
	for _, m := range []Actor{gameCh, gamePr, gamePm, gameEx} {
		m.Roles = append(slices.Clone(m.Roles), PanelMember)
		c, err := w.f.DeclareInterest(m, w.at, Interest{Member: m.ID, Kind: NoInterest})
		w.do(t, c, err)
	}
	c, err := w.f.OpenInPanel(gameCh, w.at)
	if !w.do(t, c, err) {
		t.Errorf("a panel did not open: %v", err)
		return
	}
	d := Decision{Text: "This is what it means for you, said at some length.", PersonViews: "wants to stay at home", Rating: Ratings()[r.IntN(3)], RatingReason: "as agreed", Lead: 3,
		Support: "a keyworker", Reasons: []ReasonCode{"needs_met"}, Recommendations: []Recommendation{{Text: "short breaks"}}, Signposts: []SignpostID{1}, Awaited: "a report", From: "the school", Due: DateOf(w.at).Add(14)}
	outcome := OutcomeDeferred
	switch n := r.IntN(10); {
	case n < 6:
		outcome = OutcomeAccepted
		c, err = w.f.Accept(gameCh, w.at, d)
	case n < 9:
		outcome = OutcomeNotAccepted
		c, err = w.f.NotAccept(gameCh, w.at, d)
	default:
		c, err = w.f.Defer(gameCh, w.at, d)
	}
	if !w.do(t, c, err) {
		t.Errorf("a panel did not decide %s: %v", outcome, err)
		return
	}
	decided[outcome]++
}

// day is what the team does with one case on a working day.
func (w *worked) day(t *testing.T, r *rand.Rand, decided map[Outcome]int) {
	t.Helper()
	f, at := w.f, w.at
	yes := Consent{About: Inclusion, DecidedBy: ByPerson, Answer: SaidYes, Evidence: Conversation, Words: "rang", From: DateOf(at)}
	try := func(c Change, err error) { w.do(t, c, err) }
	switch f.Case.State {
	case New:
		try(f.Take(gameCo, at))
	case Triage:
		if r.IntN(4) == 0 {
			try(f.AskForConsent(gameCo, at))
			return
		}
		try(f.RecordConsent(gamePr, at, yes))
		try(w.f.MakeReady(gamePr, at))
	case AwaitingConsent:
		switch r.IntN(8) {
		case 0:
			no := yes
			no.Answer = SaidNo
			try(f.RecordConsent(gamePr, at, no))
			try(w.f.RefuseConsent(gamePr, at, "asked, and said no"))
		case 1, 2:
			try(f.RecordConsent(gamePr, at, yes))
			try(w.f.SettleConsent(gamePr, at))
		}
	case ReadyForPanel:
		try(f.PutOnPanel(gameCo, at, panelOf(at)))
	case PanelScheduled:
		if !at.Before(f.Panel.At) {
			w.meet(t, r, decided)
		}
	case Deferred:
		try(f.ItemsIn(gameCo, at, "the report came"))
	case OnRegister:
		if slices.ContainsFunc(f.Tasks, func(x Task) bool { return x.Kind == TaskReview }) {
			try(f.Review(gamePr, at, Reviewed{Words: "steady", Rating: f.Rating()}))
		}
		if r.IntN(200) == 0 {
			try(f.RecordDeath(gamePr, at, DateOf(at), "the GP rang"))
		}
	}
	w.letters(t)
}

// TestATeamsMonth plays a team at work: 150 referrals in a month, or 2,000 in a
// year with DSR_TEST_LONG=1. Every timer ends once, nobody is forgotten, and a
// count of our own agrees.
func TestATeamsMonth(t *testing.T) {
	t.Parallel()
	days, perDay := 31, 7
	if os.Getenv("DSR_TEST_LONG") == "1" {
		days, perDay = 365, 8
	}
	r := rand.New(rand.NewPCG(1, 2))
	cal := DefaultSettings().Calendar()
	var all []*worked
	decided := map[Outcome]int{}
	for n := range days {
		at := DateOf(monday).Add(n).At(10, 0)
		for _, w := range all {
			w.at = at
			w.fire(t)
		}
		if !cal.IsWorking(DateOf(at)) {
			continue
		}
		for range perDay {
			all = append(all, arrive(t, at, CaseID(len(all)+1)))
		}
		for _, w := range all {
			w.day(t, r, decided)
		}
	}
	count(t, all, decided)
}

// arrive is a self-referral of a young adult, read and confirmed.
func arrive(t *testing.T, at time.Time, id CaseID) *worked {
	t.Helper()
	w := &worked{life: life{at: at, next: int64(id) * 1000}, timers: map[TimerKind]time.Time{}}
	w.f = File{Settings: DefaultSettings(), Facts: map[Field]Fact{}}
	c, err := OpenCase(Service(), at, Opening{Type: BySelf, ReceivedAt: at, Urgency: Routine}, w.f.Settings)
	c.Case = id
	w.f.Case = Case{ID: id, Urgency: Routine, ReceivedAt: at}
	if !w.do(t, c, err) {
		t.Fatal(err)
	}
	w.f.Person = Person{ID: PersonID(id), Name: "Jo Marsh", DateOfBirth: Date{2006, 5, 3}, Confirmed: true}
	for _, n := range []Field{FieldName, FieldDOB, FieldAddress, FieldLD, FieldGrounds, FieldReason, FieldNeeds} {
		w.f.Facts[n] = Fact{Value: "x", Confirmed: true}
	}
	w.f.Facts[FieldArea] = Fact{Value: "in", Confirmed: true}
	w.f.Parties = []Party{{ID: 3, Role: PartySocial, Name: "Priya", Email: "priya@essex.example", Sector: SocialCare, Confirmed: true, MayWrite: Yes, Involved: true},
		{ID: 4, Role: PartySelf, Name: "Jo", Email: "jo@example.org", Confirmed: true, MayWrite: Yes, Referrer: true}}
	w.f.Referrals = []Referral{{ID: 1, Type: BySelf}}
	w.f.Signposts = []Signpost{{ID: 1, Name: "A line", For: "talking", Phone: "01632 960001", VerifiedOn: DateOf(at), VerifiedBy: "Ma", ReviewBy: Date{2030, 1, 1}}}
	return w
}

// count counts by what each case went through, not by where it says it stands.
func count(t *testing.T, all []*worked, decided map[Outcome]int) {
	t.Helper()
	went := map[State]int{}
	for _, w := range all {
		last := w.seen[len(w.seen)-1]
		if last != w.f.Case.State {
			t.Errorf("case %d is %q and went to %q last", w.f.Case.ID, w.f.Case.State, last)
		}
		for _, s := range w.seen {
			went[s]++
		}
		if running := len(w.timers); w.armed != w.ended+running {
			t.Errorf("case %d: %d timers began, %d ended, %d run", w.f.Case.ID, w.armed, w.ended, running)
		}
		if w.f.Case.State == Closed && (len(w.timers) > 0 || w.f.Case.Closed == "") {
			t.Errorf("case %d is closed (%q) with clocks %v", w.f.Case.ID, w.f.Case.Closed, w.timers)
		}
		_, review := w.timers[TimerReview]
		if w.f.Case.State == OnRegister && !review && !slices.ContainsFunc(w.f.Tasks, func(x Task) bool { return x.Kind == TaskReview }) {
			t.Errorf("case %d is on the register and nobody will review it", w.f.Case.ID)
		}
		for k, at := range w.timers {
			if w.at.After(at) {
				t.Errorf("case %d: %s was due %s and did not fire", w.f.Case.ID, k, at)
			}
		}
	}
	if went[Accepted] != decided[OutcomeAccepted] || went[NotAccepted] != decided[OutcomeNotAccepted] || went[Deferred] != decided[OutcomeDeferred] {
		t.Errorf("cases went %v, panels decided %v", went, decided)
	}
	if went[New] != len(all) || decided[OutcomeAccepted] < 20 || decided[OutcomeNotAccepted] < 10 || went[Closed] < 10 {
		t.Errorf("too little happened to prove anything: %v, %v of %d", went, decided, len(all))
	}
}
