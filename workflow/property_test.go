package workflow

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// life applies Changes to a File in memory as package store does to its tables,
// so that any sequence of actions can be played without a database.
type life struct {
	f    File
	at   time.Time
	next int64
}

func (l *life) id() int64 { l.next++; return l.next }

// apply is one Change; what no rule looks at is left out.
func (l *life) apply(c Change) {
	f := &l.f
	if c.To != f.Case.State {
		f.Case.Before, f.Case.State, f.Case.Since = f.Case.State, c.To, c.At
	}
	if f.Case.State != Closed {
		f.Case.Closed = ""
	} else if c.Closed != "" {
		f.Case.Closed = c.Closed
	}
	for _, x := range c.Raise {
		if !f.Case.Has(x) {
			f.Case.Flags = append(f.Case.Flags, x)
		}
	}
	f.Case.Flags = slices.DeleteFunc(f.Case.Flags, func(x Flag) bool { return slices.Contains(c.Lower, x) })
	if c.Urgency != "" {
		f.Case.Urgency = c.Urgency
	}
	if c.Lead != nil {
		f.Case.Lead = c.Lead.Party
	}
	if c.Person != nil {
		f.Person = *c.Person
	}
	for _, x := range c.Fields {
		f.Facts[x.Field] = Fact{ID: FactID(l.id()), Value: x.Value, Values: x.Values, Confirmed: true}
	}
	for _, p := range c.Parties {
		if i := slices.IndexFunc(f.Parties, func(q Party) bool { return q.ID == p.ID }); i >= 0 {
			f.Parties[i] = p
		}
	}
	f.Consents = append(f.Consents, c.Consents...)
	f.Capacities = append(f.Capacities, c.Capacities...)
	f.BestInterests = append(f.BestInterests, c.BestInterests...)
	f.Contacts = append(f.Contacts, c.Contacts...)
	if c.Rating != nil {
		f.Ratings = append(f.Ratings, *c.Rating)
	}
	if c.Decision != nil {
		d := *c.Decision
		d.ID = DecisionID(l.id())
		f.Decision = &d
	}
	l.applyPanel(c)
	l.applyRemoval(c)
	l.applyLetters(c)
}

func (l *life) applyPanel(c Change) {
	f := &l.f
	if x := c.Item; x != nil {
		switch x.State {
		case Listed:
			p := panelOf(l.at)
			f.Panel, f.Item = &p, &PanelItem{ID: ItemID(l.id()), Panel: p.ID, State: Listed}
		case Opened:
			f.Item.State = Opened
		default:
			f.Panel, f.Item = nil, nil
		}
	}
	if c.Interest != nil && f.Item != nil {
		f.Item.Interests = append(f.Item.Interests, *c.Interest)
	}
}

func (l *life) applyRemoval(c Change) {
	f := &l.f
	if c.Removal != nil {
		r := *c.Removal
		if r.ID == 0 {
			r.ID = RemovalID(l.id())
		}
		f.Removal = &r
		if r.Ended {
			f.Removal = nil
		}
	}
	if c.Agreement != nil && f.Removal != nil {
		f.Removal.Answers = append(f.Removal.Answers, *c.Agreement)
	}
	if f.Case.State == Closed {
		f.Removal = nil
	}
}

func (l *life) applyLetters(c Change) {
	f := &l.f
	unsent := func(x Letter) bool {
		return slices.Contains([]LetterState{LetterDueNow, LetterSubmitted, LetterQueued, LetterRetry, LetterFailed}, x.State)
	}
	for i := range f.Letters {
		x := &f.Letters[i]
		switch {
		case unsent(*x) && (c.StopLetters || slices.Contains(c.StopKinds, x.Kind) || c.StopLetter == x.ID):
			x.State = LetterWithdrawn
		case c.Frozen != nil && c.Frozen.Letter == x.ID:
			x.State, x.Hash, x.SubmittedBy, x.SubmittedAt = LetterSubmitted, c.Frozen.Hash, c.By.ID, c.At
		case c.Approval != nil && c.Approval.Letter == x.ID:
			x.State, x.ApprovedBy, x.NotBefore = LetterQueued, c.By.ID, c.Approval.NotBefore
		case c.SendBack == x.ID:
			x.State = LetterDueNow
		case c.Typed != nil && c.Typed.Letter == x.ID:
			x.Way, x.Typed = c.Typed.Way, c.Typed.Words
		case c.Posted != nil && c.Posted.Letter == x.ID:
			x.State = LetterPosted
		case x.State == LetterQueued && x.Way != ByPost && !l.at.Before(x.NotBefore):
			x.State = LetterAccepted
		}
	}
	for _, d := range c.Letters {
		f.Letters = append(f.Letters, Letter{ID: LetterID(l.id()), Kind: d.Kind, Party: d.Party, To: d.To, Way: d.Way, Content: d.Content, Typed: d.Typed,
			Replaces: d.Replaces, State: LetterDueNow, DueAt: l.at})
	}
}

// The team of the game: ids say who is who.
var (
	gameCo = Actor{ID: 11, Name: "Co", Roles: []Role{Coordinator}}
	gamePr = Actor{ID: 12, Name: "Pr", Roles: []Role{Practitioner, PanelMember}}
	gameCh = Actor{ID: 13, Name: "Ch", Roles: []Role{Chair}}
	gameMa = Actor{ID: 14, Name: "Ma", Roles: []Role{Manager}}
	gameEx = Actor{ID: 15, Name: "Ex", Roles: []Role{Expert}}
	gamePm = Actor{ID: 16, Name: "Pm", Roles: []Role{PanelMember}}
	gameAd = Actor{ID: 17, Name: "Ad", Roles: []Role{Admin, Governance}}
)

func panelOf(at time.Time) Panel {
	return Panel{ID: 1, Kind: ReferralPanel, At: at.Add(48 * time.Hour), Capacity: 10, Chair: gameCh.ID, Members: []Member{
		{Actor: gameCh.ID, Name: "Ch", Role: Chair, Sector: SocialCare, Present: true}, {Actor: gamePr.ID, Name: "Pr", Role: PanelMember, Sector: Education, Present: true},
		{Actor: gamePm.ID, Name: "Pm", Role: PanelMember, Sector: Health, Present: true}, {Actor: gameEx.ID, Name: "Ex", Role: Expert, Present: true}}}
}

// move draws one action with an input that may or may not be good enough.
func (l *life) move(t *rapid.T) (Change, error) {
	f, at := l.f, l.at
	by := rapid.SampledFrom([]Actor{gameCo, gamePr, gameCh, gameMa, gameEx, gamePm, gameAd, Service()}).Draw(t, "by")
	words := rapid.SampledFrom([]string{"", "because of what was said"}).Draw(t, "words")
	party := rapid.SampledFrom(f.Parties).Draw(t, "party")
	today := DateOf(at)
	decision := Decision{Text: "This is what it means for you, said at some length.", PersonViews: "wants to stay at home", Rating: rapid.SampledFrom([]Rating{Unrated, Red, Amber, Green}).Draw(t, "rating"),
		RatingReason: words, Lead: 3, Support: words, Reasons: []ReasonCode{"needs_met"}, Recommendations: []Recommendation{{Text: words}}, Signposts: []SignpostID{1},
		Awaited: words, From: "the school", Due: today.Add(14)}
	consent := Consent{About: rapid.SampledFrom([]About{Inclusion, ShareParent, ShareSocial}).Draw(t, "about"), DecidedBy: rapid.SampledFrom(DecidedBys()).Draw(t, "decidedBy"),
		Party: party.ID, Answer: rapid.SampledFrom([]ConsentAnswer{SaidYes, SaidYes, SaidNo, TookBack}).Draw(t, "answer"),
		Evidence: rapid.SampledFrom(Evidences()).Draw(t, "evidence"), Words: "asked", From: today}
	letter := LetterID(0)
	var hash [32]byte
	if len(f.Letters) > 0 {
		x := rapid.SampledFrom(f.Letters).Draw(t, "letter")
		letter, hash = x.ID, x.Hash
	}
	raw := []byte("bytes")
	changed := party
	changed.Blocked, changed.BlockedWhy = rapid.Bool().Draw(t, "block"), words
	changed.Confirmed = rapid.Bool().Draw(t, "confirm")
	moves := []func() (Change, error){
		func() (Change, error) { return f.Take(by, at) },
		func() (Change, error) { return f.AskForInformation(by, at) },
		func() (Change, error) { return f.FileMessage(by, at, Opening{Urgency: Routine, Hold: words == ""}) },
		func() (Change, error) { return f.AskForConsent(by, at) },
		func() (Change, error) { return f.RecordConsent(by, at, consent) },
		func() (Change, error) { return f.SettleConsent(by, at) },
		func() (Change, error) { return f.MakeReady(by, at) },
		func() (Change, error) { return f.RefuseConsent(by, at, words) },
		func() (Change, error) { return f.PutOnPanel(by, at, panelOf(at)) },
		func() (Change, error) { return f.TakeOffPanel(by, at, words) },
		func() (Change, error) { return f.DeclareInterest(by, at, Interest{Member: by.ID, Kind: NoInterest}) },
		func() (Change, error) { return f.OpenInPanel(by, at) },
		func() (Change, error) { return f.Accept(by, at, decision) },
		func() (Change, error) { return f.NotAccept(by, at, decision) },
		func() (Change, error) { return f.Defer(by, at, decision) },
		func() (Change, error) { return f.ItemsIn(by, at, words) },
		func() (Change, error) { return f.IncludeInterim(by, at, decision, words) },
		func() (Change, error) { return f.Rate(by, at, decision.Rating, words) },
		func() (Change, error) { return f.ProposeRemoval(by, at, words, words) },
		func() (Change, error) {
			return f.RecordAgreement(by, at, Agreement{Party: party.ID, Answer: rapid.SampledFrom([]AgreementAnswer{Agrees, Agrees, Disagrees}).Draw(t, "agrees"), Words: "asked"})
		},
		func() (Change, error) { return f.Remove(by, at, words) },
		func() (Change, error) { return f.KeepOnRegister(by, at, words) },
		func() (Change, error) { return f.Withdraw(by, at, words) },
		func() (Change, error) { return f.LiftHold(by, at, words) },
		func() (Change, error) { return f.Reopen(by, at, words) },
		func() (Change, error) { return f.LookAgain(by, at, words, "") },
		func() (Change, error) { return f.ConsentLapsed(Service(), at) },
		func() (Change, error) { return f.SetParty(by, at, changed) },
		func() (Change, error) {
			return f.RecordContact(by, at, Contact{Party: party.ID, How: "phone", Reached: "reached"}, words)
		},
		func() (Change, error) {
			return f.SubmitLetter(by, at, Frozen{Letter: letter, Raw: raw, Hash: sha256.Sum256(raw), To: party.Email})
		},
		func() (Change, error) {
			return f.WriteLetter(by, at, letter, rapid.SampledFrom([]Way{ByEmail, ByPost}).Draw(t, "way"), nil)
		},
		func() (Change, error) { return f.PostLetter(by, at, letter, today) },
		func() (Change, error) { return f.MakeAgain(by, at, letter, words != "", words) },
		func() (Change, error) { return f.ApproveLetter(by, at, letter, hash, hash) },
		func() (Change, error) { return f.SendBackLetter(by, at, letter, words) },
		func() (Change, error) { return f.StopALetter(by, at, letter, words) },
		func() (Change, error) { return f.RecordDeath(by, at, today, words) },
		func() (Change, error) {
			return f.RecordShare(by, at, Share{Party: party.ID, Basis: rapid.SampledFrom(ShareBases()).Draw(t, "basis"), Fields: Shareable()[:1], Why: words})
		},
		func() (Change, error) {
			return f.AddToPlan(by, at, PlanItem{What: words, Who: "the school", Due: today})
		},
		func() (Change, error) { return f.RecordCETR(by, at, CETRStep{State: CETRRequested, On: today}) },
		func() (Change, error) { return f.SetLead(by, at, Lead{Party: party.ID}, words) },
		func() (Change, error) { return f.BeginTransfer(by, at, words) },
		func() (Change, error) { return f.StopTransfer(by, at, words) },
		func() (Change, error) { return f.CompleteTransfer(by, at, words) },
		func() (Change, error) { return f.SettleDisagreement(by, at, consent, words) },
		func() (Change, error) { return f.Hold(by, at, words) },
		func() (Change, error) {
			return f.Fire(at, rapid.SampledFrom(TimerKinds()).Draw(t, "timer"))
		},
	}
	return moves[rapid.IntRange(0, len(moves)-1).Draw(t, "move")]()
}

// TestAnySequenceOfActions plays random lives: whoever does whatever in any
// order, the promises hold after every step.
func TestAnySequenceOfActions(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := &life{at: monday, next: 100}
		l.f = File{Settings: DefaultSettings(), Facts: map[Field]Fact{}}
		l.f.Case = Case{ID: 1, State: rapid.SampledFrom([]State{New, Triage, ReadyForPanel, InPanel, OnRegister, RemovalProposed}).Draw(t, "start"), Urgency: Routine}
		l.f.Person = Person{ID: 1, Name: "Tom Poole", DateOfBirth: Date{rapid.IntRange(2006, 2014).Draw(t, "born"), 5, 3}, Confirmed: true}
		for _, n := range []Field{FieldName, FieldDOB, FieldAddress, FieldLD, FieldGrounds, FieldReason, FieldNeeds, FieldArea, FieldPR, FieldCare} {
			l.f.Facts[n] = Fact{Value: "x", Confirmed: true}
		}
		l.f.Parties = []Party{
			{ID: 1, Role: PartyMother, Name: "Karen", Email: "karen@example.org", Address: "4 Mill Lane, CM1 1LX", HasPR: Yes, Referrer: true, Confirmed: true, MayWrite: Yes},
			{ID: 3, Role: PartySocial, Name: "Priya", Email: "priya@essex.example", Sector: SocialCare, Confirmed: true, MayWrite: Yes, Involved: true},
			{ID: 4, Role: PartySelf, Name: "Tom", Email: "tom@example.org", Confirmed: true, MayWrite: Yes}}
		l.f.Referrals = []Referral{{ID: 1, Type: ByFamily}}
		l.f.Signposts = []Signpost{{ID: 1, Name: "A line", For: "talking", Phone: "01632 960001", VerifiedOn: DateOf(monday), VerifiedBy: "Ma", ReviewBy: Date{2028, 1, 1}}}
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			l.at = l.at.Add(time.Duration(rapid.IntRange(1, 5000).Draw(t, "minutes")) * time.Minute)
			before := l.f
			c, err := l.move(t)
			if err != nil {
				continue
			}
			c = before.Timed(c)
			l.promises(t, before, c)
			l.apply(c)
		}
	})
}

// promises are checked on every Change that a rule allowed.
func (l *life) promises(t *rapid.T, before File, c Change) {
	today := DateOf(c.At)
	_, consent := before.ConsentRoute(today)
	reading := []State{ReadyForPanel, PanelScheduled, InPanel, Accepted}
	if c.To != c.From && slices.Contains(reading, c.To) && c.Action != TakeOffPanel && c.Action != Reopen && consent != nil {
		t.Fatalf("%s led to %q without consent: %v", c.Action, c.To, consent)
	}
	if c.To == OnRegister && c.From != OnRegister && c.Action != KeepOnRegister && c.Action != Reopen && before.Rating() == Unrated && c.Rating == nil {
		t.Fatalf("%s put somebody on the register without a rating by people", c.Action)
	}
	if c.To == Closed && c.Closed == "" && before.Case.State != Closed {
		t.Fatalf("%s closed without a reason", c.Action)
	}
	if !c.By.IsPerson() && (c.Decision != nil || c.Rating != nil || len(c.Consents) > 0 || len(c.Capacities) > 0 || c.Approval != nil || c.To == Closed && c.From != Closed) {
		t.Fatalf("the machine did %s: %+v", c.Action, c)
	}
	for _, d := range c.Letters {
		if d.Kind.IsAutomatic() {
			continue
		}
		if n := under(before.Letters, d, c.StopKinds); n > 0 && d.Kind != L12 && d.Kind != L10 && !c.StopLetters && c.Action != DraftLetter {
			t.Fatalf("%s made a second %s to party %d due while %d are under way", c.Action, d.Kind, d.Party, n)
		}
		p, err := before.Party(d.Party)
		if err != nil || p.Blocked || !p.Confirmed || before.Person.Deceased {
			t.Fatalf("%s made %s due to party %d: %v %+v", c.Action, d.Kind, d.Party, err, p)
		}
	}
	for _, s := range c.Shares {
		p, _ := before.Party(s.Party)
		if p.Blocked || s.Basis == SharedByConsent && (consent != nil || before.Case.Has(FlagHold) || !before.SharesWith(s.Sector, today)) || s.Basis != SharedByConsent && !c.By.Has(Manager) {
			t.Fatalf("%s told %+v something without a basis: %+v", c.Action, p, s)
		}
	}
	if c.To == Closed && c.From != Closed && before.Item != nil && before.Item.State == Listed && (c.Item == nil || c.Item.State != TakenOff) {
		t.Fatalf("%s closed a case and left it on an agenda", c.Action)
	}
	if c.To == Closed && !c.StopAllTimers {
		t.Fatalf("%s closed a case and left its clocks", c.Action)
	}
	if c.Approval != nil {
		x, err := before.Letter(c.Approval.Letter)
		if err != nil || x.Kind.NeedsSecond() && x.SubmittedBy == c.By.ID {
			t.Fatalf("one person alone approved %+v: %v", x, err)
		}
		if p, _ := before.Party(x.Party); p.Blocked || !p.Confirmed || before.Case.Has(FlagHold) {
			t.Fatalf("a letter to %+v was approved", p)
		}
	}
	if x := c.Posted; x != nil {
		l, err := before.Letter(x.Letter)
		if p, _ := before.Party(l.Party); err != nil || l.ApprovedBy == 0 || p.Blocked || !p.Confirmed || before.Case.Has(FlagHold) {
			t.Fatalf("%+v was posted to %+v: %v", l, p, err)
		}
	}
	if before.Case.Has(FlagHold) && c.To != c.From && c.To != Closed && c.Action != ConsentLapsed && c.Action != FileMessage &&
		!slices.Contains([]Action{Take, TakeOffPanel, KeepOnRegister, Reopen, LookAgain, Defer, StopTransfer}, c.Action) && c.To != AwaitingConsent {
		t.Fatalf("%s moved a held case to %q", c.Action, c.To)
	}
}

// under counts the letters of a kind to a reader that are under way and stay so.
func under(list []Letter, d LetterDue, stopped []LetterKind) (n int) {
	for _, l := range list {
		if l.Kind == d.Kind && l.Party == d.Party && (l.State == LetterDueNow || l.State == LetterSubmitted) && !slices.Contains(stopped, l.Kind) {
			n++
		}
	}
	return n
}
