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

func sampleEnvelope() Envelope {
	return Envelope{
		From:      netmail.Address{Name: "Essex DSR team", Address: "dsr@council.example"},
		MessageID: MessageID("k7f3q2m9x4t8w6yz", 1, "council.example"),
		Date:      day(23).At(10, 0), InReplyTo: "<first@home.example>",
	}
}

func letterTo(kind workflow.LetterKind, p workflow.PartyID) workflow.Letter {
	return workflow.Letter{ID: 1, Kind: kind, Party: p, Content: workflow.Full}
}

func TestMakeFromTheRecord(t *testing.T) {
	t.Parallel()
	m, err := book(t).Make(sampleFile(), letterTo(workflow.L6, tomID), day(23).At(10, 0), sampleEnvelope())
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
	if len(m.Findings) != 0 {
		t.Errorf("found %+v", m.Findings)
	}
	if m.Template != "L6, plain, full, version 1" {
		t.Errorf("template %q", m.Template)
	}
	raw := string(m.Raw)
	if !strings.Contains(raw, "To: \"Thomas Reed\" <tom@home.example>\r\n") || strings.Contains(raw, "Auto-Submitted") {
		t.Errorf("headers of a decision:\n%s", raw[:600])
	}
}

func TestMakeAgainIsTheSameUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	b := book(t)
	again := func(change func(*workflow.File), at time.Time) [32]byte {
		f := sampleFile()
		change(&f)
		m, err := b.Make(f, letterTo(workflow.L6, tomID), at, sampleEnvelope())
		if err != nil {
			t.Fatal(err)
		}
		return m.Hash
	}
	nothing := func(*workflow.File) {}
	first := again(nothing, day(23).At(10, 0))
	if again(nothing, day(23).At(16, 0)) != first {
		t.Error("an hour later on the same day it is another letter")
	}
	for name, changed := range map[string][32]byte{
		"the next day":    again(nothing, day(24).At(10, 0)),
		"another rating":  again(func(f *workflow.File) { f.Ratings[0].Rating = workflow.Green }, day(23).At(10, 0)),
		"another name":    again(func(f *workflow.File) { f.Person.KnownAs = "Tommy" }, day(23).At(10, 0)),
		"another address": again(func(f *workflow.File) { f.Parties[0].Email = "tom@new.example" }, day(23).At(10, 0)),
		"another phone":   again(func(f *workflow.File) { f.Settings.Phone = "01632 960999" }, day(23).At(10, 0)),
	} {
		if changed == first {
			t.Errorf("%s: the letter is the same", name)
		}
	}
}

func TestMakeSaysNoMoreThanTheChannelBears(t *testing.T) {
	t.Parallel()
	b := book(t)
	f := sampleFile()
	f.Parties[0].OrdinaryOK = false
	m, err := b.Make(f, letterTo(workflow.L6, tomID), day(23).At(10, 0), sampleEnvelope())
	if err != nil {
		t.Fatal(err)
	}
	if m.Template != "L6, plain, notice, version 1" || strings.Contains(m.Text, "amber") || strings.Contains(m.Text, "panel") {
		t.Errorf("to an ordinary address without agreement goes %s:\n%s", m.Template, m.Text)
	}
	outcome := letterTo(workflow.L6, socialWorkerID)
	outcome.Content = workflow.OutcomeOnly
	m, err = b.Make(f, outcome, day(23).At(10, 0), sampleEnvelope())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.Text, "decided to add Tom") || strings.Contains(m.Text, "amber") || strings.Contains(m.Text, "bad days") {
		t.Errorf("the referrer is told:\n%s", m.Text)
	}
}

func TestMakeRefuses(t *testing.T) {
	t.Parallel()
	b := book(t)
	for name, tt := range map[string]struct {
		kind  workflow.LetterKind
		to    workflow.PartyID
		spoil func(*workflow.File)
		hole  string
		err   error
	}{
		"nobody":                      {workflow.L6, 99, func(*workflow.File) {}, "", workflow.ErrNotFound},
		"sign language":               {workflow.L6, tomID, func(f *workflow.File) { f.Person.Needs = []string{"BSL"} }, "", ErrNoTemplate},
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
			m, err := b.Make(f, letterTo(tt.kind, tt.to), day(23).At(10, 0), sampleEnvelope())
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

func TestMakeAddsWhatIsToKeep(t *testing.T) {
	t.Parallel()
	b := book(t)
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
		m, err := b.Make(f, letterTo(kind, tomID), day(23).At(10, 0), sampleEnvelope())
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

func TestMakeReply(t *testing.T) {
	t.Parallel()
	b := book(t)
	e := sampleEnvelope()
	e.To = netmail.Address{Name: "Their <script> name", Address: "writer@home.example"}
	for name, tt := range map[string]struct {
		kind workflow.LetterKind
		v    Variant
		now  time.Time
		want []string
	}{
		"L1":              {workflow.L1, Plain, day(23).At(14, 6), []string{"on Monday 23 November 2026 at 2:05pm", "by Wednesday 25 November", "DSR-2026-00123-K"}},
		"L2 in hours":     {workflow.L2, Plain, day(23).At(14, 6), []string{"We read emails from 9am to 5pm, Monday to Friday."}},
		"L2 at night":     {workflow.L2, Plain, day(23).At(22, 0), []string{"Nobody reads this mailbox until 9am on Tuesday 24 November 2026."}},
		"L2 on a Friday":  {workflow.L2, Plain, day(27).At(18, 0), []string{"Nobody reads this mailbox until 9am on Monday 30 November 2026."}},
		"L14":             {workflow.L14, Plain, day(23).At(14, 6), []string{"we could not open all of it", "Do not send us a password by email."}},
		"L2 in Easy Read": {workflow.L2, EasyRead, day(23).At(14, 6), []string{"Are you or someone else in danger?\n\nCall 999 now."}},
		"L1 is a draft":   {workflow.L1, EasyRead, day(23).At(14, 6), []string{"Thank you for writing to the"}},
		"L1 in sign":      {workflow.L1, "BSL", day(23).At(14, 6), []string{"Thank you for writing to the"}},
		"L1 at the night": {workflow.L1, Plain, day(23).At(22, 0), []string{"at 2:05pm"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := workflow.DefaultSettings() // before anybody has filled in a phone number
			m, err := b.MakeReply(tt.kind, tt.v, ReplyFacts(set, "DSR-2026-00123-K", day(23).At(14, 5), tt.now), e)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(m.Text, want) {
					t.Errorf("does not say %q:\n%s", want, m.Text)
				}
			}
			raw := string(m.Raw)
			if strings.Contains(raw, "script") || !strings.Contains(raw, "Auto-Submitted: auto-replied\r\n") {
				t.Errorf("headers:\n%s", raw[:500])
			}
		})
	}
	if _, err := b.MakeReply(workflow.L7, Plain, sampleFacts(), e); err == nil {
		t.Error("a decision was made as a fixed reply")
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
