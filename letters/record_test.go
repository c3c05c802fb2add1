package letters

import (
	"errors"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

const (
	tomID workflow.PartyID = iota + 1
	motherID
	fatherID
	socialWorkerID
)

// sampleFile is the record of an invented young man, accepted last Thursday.
func sampleFile() workflow.File {
	set := workflow.DefaultSettings()
	set.Phone, set.PhoneHours = "01632 960123", "Monday to Friday, 9am to 5pm"
	return workflow.File{
		Case:   workflow.Case{ID: 7, Ref: "DSR-2026-00123-K", ReceivedAt: day(2).At(10, 0), State: workflow.Accepted},
		Person: workflow.Person{Name: "Thomas Reed", KnownAs: "Tom", DateOfBirth: workflow.Date{Year: 2007, Month: 5, Day: 4}, NHSNumber: "9991234055"},
		Parties: []workflow.Party{
			{ID: tomID, Role: workflow.PartySelf, Name: "Thomas Reed", Email: "tom@home.example", Confirmed: true, MayWrite: workflow.Yes, OrdinaryOK: true},
			{ID: motherID, Role: workflow.PartyMother, Name: "Anna Reed", Email: "anna@home.example", Confirmed: true},
			{ID: fatherID, Role: workflow.PartyFather, Name: "Colin Reed", Phone: "07700 900123", Address: "3 Example Lane", Blocked: true},
			{ID: socialWorkerID, Role: workflow.PartySocial, Name: "Sam Jones", Phone: "01632 960010", Email: "sam@essex.gov.uk", Sector: workflow.SocialCare, Confirmed: true},
		},
		Consents: []workflow.Consent{
			{About: workflow.Inclusion, DecidedBy: workflow.ByPerson, Answer: workflow.SaidYes, Evidence: workflow.OwnEmail, From: day(3)},
			{About: workflow.ShareSocial, DecidedBy: workflow.ByPerson, Answer: workflow.SaidYes, Evidence: workflow.OwnEmail, From: day(3)},
			{About: workflow.ShareEducation, DecidedBy: workflow.ByPerson, Answer: workflow.SaidNo, Evidence: workflow.OwnEmail, From: day(3)},
		},
		Decision: &workflow.Decision{
			Outcome: workflow.OutcomeAccepted, At: day(19).At(11, 0), Rating: workflow.Amber, Lead: socialWorkerID,
			Text: "You told us what helps on bad days.\n\nWe could see how hard you work.", Support: "- Sam visits twice a week\n- A plan for bad days",
			Reasons:         []workflow.ReasonCode{"needs_met"},
			Recommendations: []workflow.Recommendation{{Text: "Have a yearly health check", Who: "Your GP surgery", By: "2027-01-29"}},
			Signposts:       []workflow.SignpostID{4},
		},
		Ratings:   []workflow.Assessment{{Rating: workflow.Amber, Reason: "…", At: day(19).At(11, 0)}},
		Signposts: []workflow.Signpost{{ID: 4, Name: "Example Advocacy", For: "Somebody on your side", Phone: "01632 960001", VerifiedOn: day(2), VerifiedBy: "Priya", ReviewBy: workflow.Date{Year: 2027, Month: 5, Day: 2}}},
		Settings:  set,
	}
}

func office(t *testing.T) Office {
	return Office{Book: book(t), From: netmail.Address{Name: "Essex DSR team", Address: "dsr@council.example"}}
}

func draftAt(at time.Time) Draft {
	return Draft{MessageID: MessageID("k7f3q2m9x4t8w6yz", 1, "council.example"), Date: at, Answers: "first@home.example"}
}

func letterTo(kind workflow.LetterKind, p workflow.PartyID) workflow.Letter {
	return workflow.Letter{ID: 1, Kind: kind, Party: p, Content: workflow.Full}
}

func TestFreezeFromTheRecord(t *testing.T) {
	t.Parallel()
	m, found, err := office(t).Freeze(sampleFile(), letterTo(workflow.L6, tomID), draftAt(day(23).At(10, 0)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Dear Tom\n", "We have added you to the register from Monday 23 November 2026.",
		"Sam Jones, social worker, will contact you by Thursday 3 December 2026",
		"You can reach Sam Jones on 01632 960010.", "We look at the plan again on Monday 21 December 2026.",
		"- Sam visits twice a week.\n- A plan for bad days.", "Your colour at the moment is amber.",
		"A care and treatment review", "- social care\n", "Reference: DSR-2026-00123-K", "01632 960123, Monday to Friday, 9am to 5pm",
	} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the letter does not say %q:\n%s", want, m.Text)
		}
	}
	for _, secret := range []string{"Colin", "Anna", "9991234055", "Example Lane", "- education"} {
		if strings.Contains(m.Text, secret) {
			t.Errorf("the letter says %q", secret)
		}
	}
	if len(found) != 0 {
		t.Errorf("found %+v", found)
	}
	if m.Template != "L6, plain, full, version 1" {
		t.Errorf("template %q", m.Template)
	}
	raw := string(m.Raw)
	if !strings.Contains(raw, "To: \"Thomas Reed\" <tom@home.example>\r\n") || strings.Contains(raw, "Auto-Submitted") {
		t.Errorf("headers of a decision:\n%s", raw[:600])
	}
}

func TestFreezeAgainIsTheSameUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	o := office(t)
	again := func(kind workflow.LetterKind, change func(*workflow.File), at time.Time) [32]byte {
		f := sampleFile()
		change(&f)
		m, _, err := o.Freeze(f, letterTo(kind, tomID), draftAt(at))
		if err != nil {
			t.Fatal(err)
		}
		return m.Hash
	}
	nothing := func(*workflow.File) {}
	now := day(23).At(10, 0)
	accepted, asked := again(workflow.L6, nothing, now), again(workflow.L4, nothing, now)
	if again(workflow.L6, nothing, now) != accepted || again(workflow.L4, nothing, now) != asked {
		t.Error("made again from the same record it is another letter")
	}
	for name, changed := range map[string][32]byte{
		"the next day":    again(workflow.L4, nothing, day(24).At(10, 0)),
		"another name":    again(workflow.L4, func(f *workflow.File) { f.Person.KnownAs = "Tommy" }, now),
		"another address": again(workflow.L4, func(f *workflow.File) { f.Parties[0].Email = "tom@new.example" }, now),
		"another phone":   again(workflow.L4, func(f *workflow.File) { f.Settings.Phone = "01632 960999" }, now),
		"another rating":  again(workflow.L6, func(f *workflow.File) { f.Ratings[0].Rating = workflow.Green }, now),
	} {
		if changed == asked || changed == accepted {
			t.Errorf("%s: the letter is the same", name)
		}
	}
}

func TestFreezeSaysNoMoreThanTheChannelBears(t *testing.T) {
	t.Parallel()
	b := office(t)
	f := sampleFile()
	f.Parties[0].OrdinaryOK = false
	m, _, err := b.Freeze(f, letterTo(workflow.L6, tomID), draftAt(day(23).At(10, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if m.Template != "L6, plain, notice, version 1" || strings.Contains(m.Text, "amber") || strings.Contains(m.Text, "panel") {
		t.Errorf("to an ordinary address without agreement goes %s:\n%s", m.Template, m.Text)
	}
	f.Parties[3].MayWrite = workflow.Yes
	outcome := letterTo(workflow.L6, socialWorkerID)
	outcome.Content = workflow.OutcomeOnly
	m, _, err = b.Freeze(f, outcome, draftAt(day(23).At(10, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "decided to add Tom") || strings.Contains(m.Text, "amber") || strings.Contains(m.Text, "bad days") {
		t.Errorf("the referrer is told:\n%s", m.Text)
	}
}

func TestFreezeRefuses(t *testing.T) {
	t.Parallel()
	b := office(t)
	for name, tt := range map[string]struct {
		kind  workflow.LetterKind
		to    workflow.PartyID
		spoil func(*workflow.File)
		hole  string
		err   error
	}{
		"nobody":                      {workflow.L6, 99, func(*workflow.File) {}, "", workflow.ErrNotFound},
		"sign language":               {workflow.L6, tomID, func(f *workflow.File) { f.Person.Needs = []string{"BSL"} }, "", ErrUnserved},
		"blocked":                     {workflow.L6, fatherID, func(*workflow.File) {}, "", workflow.ErrNotAllowed},
		"not confirmed":               {workflow.L6, tomID, func(f *workflow.File) { f.Parties[0].Confirmed = false }, "", workflow.ErrNotAllowed},
		"on hold":                     {workflow.L3, tomID, func(f *workflow.File) { f.Case.Flags = []workflow.Flag{workflow.FlagHold} }, "", workflow.ErrNotAllowed},
		"died":                        {workflow.L6, tomID, func(f *workflow.File) { f.Person.Deceased = true }, "", workflow.ErrNotAllowed},
		"no decision":                 {workflow.L6, tomID, func(f *workflow.File) { f.Decision = nil }, "Decision.Text", nil},
		"no support":                  {workflow.L6, tomID, func(f *workflow.File) { f.Decision.Support = " \n" }, "Register.Support", nil},
		"no recommendation":           {workflow.L7, tomID, func(f *workflow.File) { f.Decision.Recommendations = nil }, "Decision.Recommendations", nil},
		"no signpost":                 {workflow.L7, tomID, func(f *workflow.File) { f.Decision.Signposts = nil }, "Decision.Signposts", nil},
		"no reason":                   {workflow.L7, tomID, func(f *workflow.File) { f.Decision.Reasons = nil }, "Decision.Reasons", nil},
		"no name":                     {workflow.L6, tomID, func(f *workflow.File) { f.Person.Name, f.Person.KnownAs = "", "" }, ".Reader.Greeting", nil},
		"nobody agreed":               {workflow.L8, tomID, func(f *workflow.File) { f.Removal = &workflow.Removal{} }, "Removal.Agreed", nil},
		"nothing asked":               {workflow.L3, tomID, func(*workflow.File) {}, "Asks", nil},
		"a template that is not ours": {"L99", tomID, func(*workflow.File) {}, "", ErrNoTemplate},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sampleFile()
			tt.spoil(&f)
			m, _, err := b.Freeze(f, letterTo(tt.kind, tt.to), draftAt(day(23).At(10, 0)))
			if err == nil {
				t.Fatalf("made:\n%s", m.Text)
			}
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("error %v, want %v", err, tt.err)
			}
			var holes Holes
			if tt.hole != "" && (!errors.As(err, &holes) || !slices.ContainsFunc(holes, func(h string) bool { return strings.Contains(h, tt.hole) })) {
				t.Errorf("error %v, want a hole at %s", err, tt.hole)
			}
		})
	}
}

func TestFreezeAddsWhatIsToKeep(t *testing.T) {
	t.Parallel()
	b := office(t)
	f := sampleFile()
	f.Decision.Support = "Sam visits"
	f.Panel = &workflow.Panel{At: day(26).At(10, 0), Members: []workflow.Member{
		{Name: "Chair Person", Role: workflow.Chair}, {Name: "Doctor Person", Role: workflow.PanelMember, Sector: workflow.Health}, {Name: "Expert Person", Role: workflow.Expert},
	}}
	for kind, want := range map[workflow.LetterKind]string{
		workflow.L5: "text/plain text/html text/calendar:panel-date.ics",
		workflow.L6: "text/plain text/html application/pdf:letter-DSR-2026-00123-K.pdf",
		workflow.L4: "text/plain text/html",
	} {
		m, _, err := b.Freeze(f, letterTo(kind, tomID), draftAt(day(23).At(10, 0)))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		var got []string
		for _, l := range leaves(t, m.Raw) {
			part := l.kind
			if l.name != "" {
				part += ":" + l.name
			}
			got = append(got, part)
			if l.kind != "text/calendar" {
				continue
			}
			for _, want := range []string{"METHOD:PUBLISH\r\n", "DTSTART:20261126T100000Z\r\n", "DTSTAMP:20261123T100000Z\r\n", "UID:panel-DSR-2026-00123-K@"} {
				if !strings.Contains(l.body, want) {
					t.Errorf("the date lacks %q:\n%s", want, l.body)
				}
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s has %s, want %s", kind, s, want)
		}
		if strings.Contains(m.Text, "Person") {
			t.Errorf("%s names a member of the panel:\n%s", kind, m.Text)
		}
	}
}

// What is missing is asked of the person as "you", of others by name. Every
// gap that the rules know must come out as a question that reads well.
func TestAsksSpeakToTheirReader(t *testing.T) {
	t.Parallel()
	empty := workflow.File{Person: workflow.Person{Name: "Tom", DateOfBirth: workflow.Date{Year: 2012, Month: 5, Day: 4}}}
	gaps := empty.Missing(day(23))
	if len(gaps) < 10 {
		t.Fatalf("only %d gaps", len(gaps))
	}
	for _, g := range gaps {
		for _, to := range []workflow.PartyID{tomID, motherID} {
			f := sampleFile()
			l := letterTo(workflow.L3, to)
			l.Asks = []string{g.Words + " (" + g.Why + ")"}
			facts, err := FactsOf(f, l, day(23).At(10, 0))
			if err != nil {
				t.Fatal(err)
			}
			got := facts.Asks[0]
			if strings.Contains(got.What, "the person") || strings.ContainsAny(got.What+got.Why, "()") || got.Why != g.Why {
				t.Errorf("%q is asked as %+v", g.Words, got)
			}
		}
	}
	f := sampleFile()
	l := letterTo(workflow.L3, tomID)
	l.Asks = []string{"where the person lives, or their GP surgery (so that we know which area can help)"}
	facts, err := FactsOf(f, l, day(23).At(10, 0))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Ask{"where you live, or your GP surgery", "so that we know which area can help"}); facts.Asks[0] != want {
		t.Errorf("asked %+v, want %+v", facts.Asks[0], want)
	}
}

func TestFreezeReply(t *testing.T) {
	t.Parallel()
	o := office(t)
	for name, tt := range map[string]struct {
		kind workflow.LetterKind
		now  time.Time
		want []string
	}{
		"L1":             {workflow.L1, day(23).At(14, 6), []string{"on Monday 23 November 2026 at 2:05pm", "by Wednesday 25 November", "DSR-2026-00123-K"}},
		"L2 in hours":    {workflow.L2, day(23).At(14, 6), []string{"We read emails from 9am to 5pm, Monday to Friday."}},
		"L2 at night":    {workflow.L2, day(23).At(22, 0), []string{"Nobody reads this mailbox until 9am on Tuesday 24 November 2026."}},
		"L2 on a Friday": {workflow.L2, day(27).At(18, 0), []string{"Nobody reads this mailbox until 9am on Monday 30 November 2026."}},
		"L14":            {workflow.L14, day(23).At(14, 6), []string{"we could not open all of it", "Do not send us a password by email."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := workflow.DefaultSettings() // before anybody has filled in a phone number
			m, err := o.FreezeReply(5, tt.kind, "writer@home.example", set, "DSR-2026-00123-K", day(23).At(14, 5), draftAt(tt.now))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(m.Text, want) {
					t.Errorf("does not say %q:\n%s", want, m.Text)
				}
			}
			for _, want := range []string{"Auto-Submitted: auto-replied\r\n", "To: <writer@home.example>\r\n", "In-Reply-To: <first@home.example>\r\n"} {
				if !strings.Contains(string(m.Raw), want) {
					t.Errorf("no %q in\n%s", want, m.Raw[:500])
				}
			}
			if m.Letter != 5 || m.To != "writer@home.example" || m.Hash != Hash(m.Raw) || m.Token != "k7f3q2m9x4t8w6yz" {
				t.Errorf("frozen as %d to %s, token %s", m.Letter, m.To, m.Token)
			}
		})
	}
	if _, err := o.FreezeReply(5, workflow.L7, "writer@home.example", workflow.DefaultSettings(), "", time.Time{}, draftAt(day(23).At(9, 0))); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("a decision as a fixed reply: %v", err)
	}
}

func TestNewMessageIDCannotBeGuessed(t *testing.T) {
	t.Parallel()
	o := office(t)
	a, b := o.NewMessageID(), o.NewMessageID()
	token, n, ok := ParseID(a)
	if a == b || !ok || len(token) != 32 || n != 1 || !strings.HasSuffix(a, "@council.example>") {
		t.Errorf("%s and %s", a, b)
	}
}

func TestFreezeSaysWhatStaffTyped(t *testing.T) {
	t.Parallel()
	l := letterTo(workflow.L16, tomID)
	l.Asks = []string{"I have asked the school.", "I will call you on Friday."}
	m, _, err := office(t).Freeze(sampleFile(), l, draftAt(day(23).At(10, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "I have asked the school.\n\nI will call you on Friday.\n") {
		t.Errorf("the letter says\n%s", m.Text)
	}
	l = letterTo(workflow.L9, tomID)
	f := sampleFile()
	f.Case.State = workflow.Transferring
	if _, _, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0))); err == nil {
		t.Error("a transfer without the other team was made")
	}
	l.Typed = map[string]string{"Transfer.Team": "the Suffolk team", "Transfer.Contact": "dsr@suffolk.example", "Transfer.On": "2026-12-07", "Transfer.Passed": "- your name\n\n- your plan"}
	if m, _, err = office(t).Freeze(f, l, draftAt(day(23).At(10, 0))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"From Monday 7 December 2026 the right team is the Suffolk team.", "- your name\n- your plan"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the letter does not say %q:\n%s", want, m.Text)
		}
	}
	for name, typed := range map[string]map[string]string{
		"the reader's name": {"Reader.Greeting": "Bob"}, "a secret": {"Secrets": "x"}, "nothing": {"Nothing": "x"}, "a rating": {"Register.Rating": "green"},
	} {
		l.Typed = typed
		if _, _, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0))); err == nil {
			t.Errorf("%s was written by hand", name)
		}
	}
}

// The blank forms go to those who can use them, once a named person has
// approved them.
func TestFormsGoOnceTheyAreApproved(t *testing.T) {
	t.Parallel()
	const plain, easy, work = "tell-us-about-you-plain.docx", "tell-us-about-you-easy-read.docx", "referral-form-professionals.docx"
	for name, tt := range map[string]struct {
		to            workflow.PartyID
		kind          workflow.LetterKind
		needs         []string
		checked, read string
		want          string
	}{
		"nobody approved them":      {motherID, workflow.L0, nil, "", "", ""},
		"to a parent":               {motherID, workflow.L0, nil, "Priya, manager", "", plain},
		"to a professional":         {socialWorkerID, workflow.L0, nil, "Priya, manager", "", work},
		"asking a professional":     {socialWorkerID, workflow.L3, nil, "Priya, manager", "", work},
		"asking a parent":           {motherID, workflow.L3, nil, "Priya, manager", "", ""},
		"in Easy Read nobody read":  {motherID, workflow.L0, []string{"easy read"}, "Priya, manager", "", ""},
		"in Easy Read that is read": {motherID, workflow.L0, []string{"easy read"}, "Priya, manager", "the Tuesday group", easy},
	} {
		f := sampleFile()
		f.Parties[1].Needs, f.Settings.FormsChecked, f.Settings.FormsReadBy = tt.needs, tt.checked, tt.read
		l := letterTo(tt.kind, tt.to)
		l.Asks = []string{"where the person lives (so that we know the area)"}
		m, _, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := ""
		for _, part := range leaves(t, m.Raw) {
			if strings.HasSuffix(part.name, ".docx") {
				got = part.name
			}
		}
		if got != tt.want {
			t.Errorf("%s: sends %q, want %q", name, got, tt.want)
		}
		if says := strings.Contains(m.Text, "form"); tt.kind == workflow.L0 && tt.want != "" && !says {
			t.Errorf("%s: it does not speak of the form:\n%s", name, m.Text)
		}
	}
}

func TestEveryBlankFillsAFact(t *testing.T) {
	t.Parallel()
	for _, k := range workflow.LetterKinds() {
		for _, v := range Variants() {
			for _, b := range Blanks(k, v) {
				words := "one; two; 2026-12-07"
				if b.Date {
					words = "2026-12-07"
				}
				var f Facts
				if err := f.Typed(k, map[string]string{b.Fact: words}); err != nil || isEmpty(f, b.Fact) {
					t.Errorf("%s %s: %v", k, b.Fact, err)
				}
			}
		}
	}
}

// A posted letter is the PDF that was approved, to the address on its envelope,
// and does not ask its reader to answer an email.
func TestFreezeOnPaper(t *testing.T) {
	t.Parallel()
	f := sampleFile()
	f.Parties[0].Email, f.Parties[0].Address = "", "4 Mill Lane, Chelmsford, CM1 1LX"
	l := letterTo(workflow.L6, tomID)
	l.Way = workflow.ByPost
	m, found, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0)))
	if err != nil || len(found) > 0 {
		t.Fatalf("%v, found %v", err, found)
	}
	if !strings.HasPrefix(string(m.Raw), "%PDF-") || m.Hash != Hash(m.Raw) || m.To != "4 Mill Lane, Chelmsford, CM1 1LX" || m.Notice {
		t.Errorf("frozen to %q, %d bytes, notice %v", m.To, len(m.Raw), m.Notice)
	}
	if !strings.HasPrefix(m.Text, "Thomas Reed\n4 Mill Lane\nChelmsford\nCM1 1LX\n\nYou are on") || strings.Contains(m.Text, "this email") {
		t.Errorf("it says\n%s", m.Text)
	}
	doc := readPDF(t, m.Raw)
	if !strings.HasPrefix(strings.Join(strings.Fields(doc.say()), " "), "Thomas Reed 4 Mill Lane Chelmsford CM1 1LX You are on") {
		t.Errorf("the page says %s", doc.say())
	}
	f.Person.Needs = []string{workflow.NoPost}
	if _, _, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0))); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("posted to somebody who wants nothing by post: %v", err)
	}
}

func TestACorrectedLetterNamesTheOneItCorrects(t *testing.T) {
	t.Parallel()
	f := sampleFile()
	f.Letters = []workflow.Letter{{ID: 5, Kind: workflow.L6, Party: tomID, State: workflow.LetterAccepted, SentAt: day(20).At(10, 0)}}
	l := letterTo(workflow.L6, tomID)
	l.Replaces = 5
	m, _, err := office(t).Freeze(f, l, draftAt(day(23).At(10, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "This letter replaces our letter of Friday 20 November 2026.") {
		t.Errorf("it says\n%s", m.Text)
	}
}

// The first lines of L2 are all that a telephone shows.
func TestCrisisReplyBeginsWith999(t *testing.T) {
	t.Parallel()
	w, err := book(t).Compose(workflow.L2, Plain, ReplyFacts(workflow.DefaultSettings(), "", time.Time{}, day(23).At(3, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(w.Text(), "\n"); !strings.Contains(first, "999") {
		t.Errorf("it begins with %q", first)
	}
	if i := strings.Index(w.Text(), "111"); i < 0 || i > 150 {
		t.Errorf("111 stands at %d", i)
	}
}
