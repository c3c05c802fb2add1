package workflow

import (
	"errors"
	"maps"
	"slices"
	"testing"
)

// with changes a copy of a file.
func with(f File, changes ...func(*File)) File {
	f.Parties, f.Consents = slices.Clone(f.Parties), slices.Clone(f.Consents)
	for _, c := range changes {
		c(&f)
	}
	return f
}

func agreesTo(a About) func(*File) {
	return func(f *File) {
		f.Consents = append(f.Consents, Consent{About: a, DecidedBy: ByPerson, Answer: SaidYes, Evidence: Conversation, From: today()})
	}
}

func refersInstead(p Party) func(*File) {
	return func(f *File) {
		f.Parties[0].Referrer = false
		p.ID, p.Referrer, p.Confirmed = 9, true, true
		if p.Name == "" {
			p.Name = "Sandra Holt"
		}
		p.Email = "sandra@example.org"
		f.Parties = append(f.Parties, p)
	}
}

func workerRefers(f *File) { f.Parties[0].Referrer, f.Parties[2].Referrer = false, true }

// TestRecipients holds the table of recipients against the situations of the
// service's rules: who gets the letter, how much, and whether a person must
// reach somebody in another way.
func TestRecipients(t *testing.T) {
	t.Parallel()
	child, teen := young(t), grown(t)
	child.Consents = []Consent{said(ByParent, 1, SaidYes, today())}
	lacks := func(f *File) {
		f.Capacities = []Capacity{{Decision: Inclusion, Outcome: LacksCapacity, On: today()}}
		f.BestInterests = []BestInterests{{Decision: Inclusion, InFavour: true, Maker: "Dr Ash", On: today()}}
		f.Parties = append(f.Parties, Party{ID: 5, Role: PartyAdvocate, Name: "Ade", Email: "ade@example.org", Confirmed: true, MayWrite: Yes},
			Party{ID: 6, Role: PartyHealth, Name: "Dr Ash", Email: "ash@nhs.net", Confirmed: true})
	}
	blocked := func(f *File) { f.Parties[0].Blocked, f.Parties[0].BlockedWhy = true, "an order" }
	onlyPost := func(f *File) { f.Parties[0].Email, f.Parties[0].Address = "", "4 Mill Lane" }
	involved := func(f *File) { f.Parties[2].Involved = true }
	onRegister := func(f *File) { f.Case.OnRegister = today() }
	for name, x := range map[string]struct {
		file File
		kind LetterKind
		want map[PartyID]Content
		task bool
	}{
		"self referred": {with(teen, func(f *File) { f.Parties[0].Referrer, f.Parties[3].Referrer = false, true }), L7, map[PartyID]Content{4: Full}, false},

		"16 or over, a professional referred, no sharing":              {with(teen, workerRefers), L6, map[PartyID]Content{4: Full}, false},
		"16 or over, a professional referred, consent covers them":     {with(teen, workerRefers, agreesTo(ShareSocial)), L6, map[PartyID]Content{4: Full, 3: OutcomeOnly}, false},
		"16 or over, a professional referred, consent for health only": {with(teen, workerRefers, agreesTo(ShareHealth)), L6, map[PartyID]Content{4: Full}, false},

		"under 16, a professional referred":                   {with(child, workerRefers, agreesTo(ShareSocial)), L7, map[PartyID]Content{1: Full, 3: OutcomeOnly}, false},
		"under 16, the other parent":                          {child, L6, map[PartyID]Content{1: Full}, false},
		"under 16, the other parent, recorded as safe":        {with(child, func(f *File) { f.Parties[1].SafeToWrite = "asked Karen on 20 November" }), L6, map[PartyID]Content{1: Full, 2: Full}, false},
		"under 16, its mother referred":                       {child, L7, map[PartyID]Content{1: Full}, false},
		"under 16, the writer has no parental responsibility": {with(child, func(f *File) { f.Parties[0].HasPR, f.Consents = No, nil }), L7, map[PartyID]Content{1: Thanks}, true},

		"16 or over, mother referred, nothing agreed":     {teen, L7, map[PartyID]Content{4: Full}, false},
		"16 or over, mother referred, agreed she is told": {with(teen, agreesTo(ShareParent)), L7, map[PartyID]Content{4: Full, 1: OutcomeOnly}, false},
		"16 or over, what the mother hears":               {teen, L4b, map[PartyID]Content{1: Full}, false},
		"under 16, nobody is told that the law decides":   {child, L4b, map[PartyID]Content{}, false},
		"16 or over, the mother and the panel's date":     {teen, L5, map[PartyID]Content{4: Full}, false},

		"a neighbour referred":          {with(teen, refersInstead(Party{Role: PartyFriend})), L6, map[PartyID]Content{4: Full, 9: Thanks}, false},
		"a relative referred":           {with(child, refersInstead(Party{Role: PartyRelative})), L7, map[PartyID]Content{1: Full, 9: Thanks}, false},
		"a foster carer referred":       {with(teen, refersInstead(Party{Role: PartyFoster})), L7, map[PartyID]Content{4: Full, 9: Thanks}, false},
		"a neighbour and panel's date":  {with(teen, refersInstead(Party{Role: PartyFriend})), L5, map[PartyID]Content{4: Full}, false},
		"a neighbour and the removal":   {with(teen, refersInstead(Party{Role: PartyFriend})), L8, map[PartyID]Content{4: Full}, false},
		"somebody passed a referral on": {with(teen, refersInstead(Party{Role: PartyForwarder, Sector: Health}), agreesTo(ShareHealth)), L6, map[PartyID]Content{4: Full}, false},
		"nobody is asked who passed on": {with(teen, refersInstead(Party{Role: PartyForwarder})), L3, map[PartyID]Content{}, true},

		"other agencies without consent": {with(teen, involved), L11, map[PartyID]Content{}, false},
		"other agencies with consent":    {with(teen, involved, agreesTo(ShareSocial)), L11, map[PartyID]Content{3: Full}, false},

		"lacks capacity": {with(teen, lacks), L6, map[PartyID]Content{4: Full, 5: Full, 6: Full}, false},

		"a blocked mother":         {with(child, blocked), L7, map[PartyID]Content{}, true},
		"a mother without email":   {with(child, onlyPost), L7, map[PartyID]Content{1: Full}, false},
		"nothing may come by post": {with(child, onlyPost, func(f *File) { f.Parties[0].Needs = []string{NoPost} }), L7, map[PartyID]Content{}, true},
		"reads braille":            {with(child, func(f *File) { f.Parties[0].Needs = []string{"braille"} }), L7, map[PartyID]Content{1: Full}, true},

		"asking for what is missing":                  {teen, L3, map[PartyID]Content{1: Full}, false},
		"said no before the register":                 {with(teen, workerRefers), L10, map[PartyID]Content{4: Full, 3: OutcomeOnly}, false},
		"came off the register by choice":             {with(teen, workerRefers, onRegister), L10, map[PartyID]Content{4: Full}, false},
		"moves away":                                  {with(teen, func(f *File) { f.Case.State, f.Case.Lead = Transferring, 3 }, agreesTo(ShareSocial)), L9, map[PartyID]Content{4: Full, 3: Full}, false},
		"of another area":                             {teen, L9, map[PartyID]Content{1: Full}, false},
		"removed: the lead hears all, others of it":   {with(teen, involved, agreesTo(ShareSocial), func(f *File) { f.Case.Lead = 3 }), L8, map[PartyID]Content{4: Full, 3: Full}, false},
		"removed: somebody involved hears of it only": {with(teen, involved, agreesTo(ShareSocial)), L8, map[PartyID]Content{4: Full, 3: OutcomeOnly}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			letters, tasks := x.file.due(x.kind, monday)
			got := map[PartyID]Content{}
			for _, l := range letters {
				got[l.Party] = l.Content
			}
			byHand := slices.ContainsFunc(tasks, func(d TaskDue) bool { return d.Kind == TaskWriteByHand })
			if !maps.Equal(got, x.want) || len(letters) != len(got) || byHand != x.task {
				t.Fatalf("got %v (task %v), want %v (task %v)", got, byHand, x.want, x.task)
			}
		})
	}
}

// TestEveryKindHasItsReaders: what no row names is started by hand or is a
// fixed reply.
func TestEveryKindHasItsReaders(t *testing.T) {
	t.Parallel()
	for _, k := range LetterKinds() {
		named := slices.ContainsFunc(Readers(), func(r Reader) bool { return slices.Contains(r.Kinds, k) })
		byHand := k == L16
		if named == (byHand || k.IsAutomatic()) {
			t.Errorf("letter %s: named in the table %v", k, named)
		}
	}
}

func TestALetterGoesTheWayItsReaderBears(t *testing.T) {
	t.Parallel()
	f := with(young(t), func(f *File) { f.Parties[0].Email, f.Parties[0].Address = "", "4 Mill Lane, Chelmsford" })
	f.Consents = []Consent{said(ByParent, 1, SaidYes, today())}
	due, _ := f.due(L7, monday)
	if len(due) != 1 || due[0].Way != ByPost {
		t.Fatalf("got %+v, want one by post", due)
	}
	f.Letters = []Letter{{ID: 1, Kind: L7, Party: 1, Way: ByPost, Content: Full, State: LetterDueNow}}
	co, pr := Actor{ID: 1, Roles: []Role{Coordinator}}, Actor{ID: 2, Roles: []Role{Practitioner}}
	sub, err := f.SubmitLetter(co, monday, Frozen{Letter: 1, Hash: [32]byte{1}, To: "4 Mill Lane, Chelmsford"})
	if err != nil || sub.Frozen == nil {
		t.Fatalf("submitted: %v", err)
	}
	f.Letters[0].State, f.Letters[0].Hash, f.Letters[0].SubmittedBy, f.Letters[0].SubmittedAt = LetterSubmitted, [32]byte{1}, 1, monday
	if _, err := f.PostLetter(co, monday, 1, today()); !errors.Is(err, ErrConflict) {
		t.Errorf("posted before it was approved: %v", err)
	}
	f.Contacts = []Contact{{Party: 1, How: "phone", Reached: "reached", At: monday}}
	if _, err := f.ApproveLetter(pr, monday, 1, [32]byte{1}, [32]byte{1}); err != nil {
		t.Fatalf("approve: %v", err)
	}
	f.Letters[0].State = LetterQueued
	for name, on := range map[string]Date{"tomorrow": today().Add(1), "before it was made": today().Add(-1), "no day": {}} {
		if _, err := f.PostLetter(co, monday, 1, on); !errors.Is(err, ErrInvalid) {
			t.Errorf("posted %s: %v", name, err)
		}
	}
	if c, err := f.PostLetter(co, monday, 1, today()); err != nil || c.Posted == nil {
		t.Errorf("post: %v", err)
	}
	f.Parties[0].Blocked, f.Parties[0].BlockedWhy = true, "an order"
	if _, err := f.PostLetter(co, monday, 1, today()); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("posted to somebody blocked: %v", err)
	}
}

func TestMakingALetterAgain(t *testing.T) {
	t.Parallel()
	co := Actor{ID: 1, Roles: []Role{Coordinator}}
	file := func(state LetterState) File {
		f := young(t)
		f.Letters = []Letter{{ID: 1, Kind: L6, Party: 1, Content: Full, State: state}}
		return f
	}
	for name, x := range map[string]struct {
		state    LetterState
		corrects bool
		why      string
		err      error
		replaces LetterID
	}{
		"did not arrive":       {LetterReturned, false, "a new address", nil, 0},
		"said something wrong": {LetterAccepted, true, "the date was wrong", nil, 1},
		"was stopped":          {LetterWithdrawn, false, "the wording is mended", nil, 0},
		"still on its way":     {LetterQueued, false, "why", ErrConflict, 0},
		"never left":           {LetterFailed, true, "why", ErrConflict, 0},
		"without a reason":     {LetterReturned, false, " ", ErrInvalid, 0},
	} {
		c, err := file(x.state).MakeAgain(co, monday, 1, x.corrects, x.why)
		if !errors.Is(err, x.err) || err == nil && x.err != nil {
			t.Errorf("%s: %v, want %v", name, err, x.err)
			continue
		}
		if x.err == nil && (len(c.Letters) != 1 || c.Letters[0].Replaces != x.replaces || c.Letters[0].Party != 1) {
			t.Errorf("%s: due %+v", name, c.Letters)
		}
	}
	twice := file(LetterReturned)
	twice.Letters = append(twice.Letters, Letter{ID: 2, Kind: L6, Party: 1, State: LetterDueNow})
	if _, err := twice.MakeAgain(co, monday, 1, false, "again"); !errors.Is(err, ErrConflict) {
		t.Errorf("two of them under way: %v", err)
	}
}

// TestANoIsConfirmedAlthoughItHoldsTheCase: the hold that a no brings must not
// keep back the letter that confirms it.
func TestANoIsConfirmedAlthoughItHoldsTheCase(t *testing.T) {
	t.Parallel()
	f := grown(t)
	f.Case.State, f.Case.Flags = AwaitingConsent, []Flag{FlagHold}
	f.Consents = []Consent{said(ByPerson, 0, SaidNo, today())}
	c, err := f.RefuseConsent(Actor{ID: 2, Roles: []Role{Practitioner}}, monday, "he said no")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Letters) == 0 || c.Letters[0].Kind != L10 || c.Letters[0].Party != 4 {
		t.Errorf("due %+v, want L10 to the person", c.Letters)
	}
}

// TestAMovedMeetingIsToldOnce: the new date goes out in one letter, and nobody
// hears of a date that falls away before they knew it.
func TestAMovedMeetingIsToldOnce(t *testing.T) {
	t.Parallel()
	co := Actor{ID: 1, Roles: []Role{Coordinator}}
	f := grown(t)
	f.Case.State, f.Consents = PanelScheduled, []Consent{said(ByPerson, 0, SaidYes, today())}
	p := panelOf(monday)
	p.Kind = UrgentPanel // which may see a case from which something is missing
	f.Panel, f.Item = &p, &PanelItem{ID: 1, Panel: p.ID, State: Listed}
	f.Letters = []Letter{{ID: 1, Kind: L5, Party: 4, State: LetterDueNow}}
	c, err := f.TakeOffPanel(co, monday, "too few people")
	if err != nil || len(c.Letters) != 0 || !slices.Contains(c.StopKinds, L5) {
		t.Errorf("an unsent date: %v, due %+v, stopped %v", err, c.Letters, c.StopKinds)
	}
	f.Letters[0].State = LetterAccepted
	c, err = f.TakeOffPanel(co, monday, "too few people")
	if err != nil || len(c.Letters) == 0 || c.Letters[0].Kind != L5b || c.Letters[0].Typed["Panel.Why"] != "too few people" {
		t.Fatalf("a sent date: %v, due %+v", err, c.Letters)
	}
	f.Case.State, f.Letters = ReadyForPanel, append(f.Letters, Letter{ID: 2, Kind: L5b, Party: 4, State: LetterDueNow})
	if c, err = f.PutOnPanel(co, monday, p); err != nil || len(c.Letters) != 0 {
		t.Errorf("put on another panel: %v, due %+v", err, c.Letters)
	}
}
