package letters

import (
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

// Every letter that we ship keeps our own rules.
func TestShippedLettersPassTheirChecks(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, w Words) {
		f := sampleFacts()
		if strings.Contains(w.Text(), "Dear Dr Okafor") {
			f.Reader.Greeting = "Dr Okafor"
		}
		for _, x := range Check(w, f) {
			if !(w.Draft && x.Where == "the template") {
				t.Errorf("%s: %s", x.Where, x.Why)
			}
		}
		if g, goal := w.Grade(), Goal(w.Variant); g > goal {
			t.Errorf("grade %.1f, the goal is %.0f", g, goal)
		}
	})
}

// The team's address and the names of services may hold capitals: nobody can
// write them in another way.
func TestCheckLetsNamesBe(t *testing.T) {
	t.Parallel()
	for _, kind := range []workflow.LetterKind{workflow.L6, workflow.L7} {
		f := sampleFacts()
		f.Team.Name, f.Team.Postal = "Essex DSR team", "Essex DSR team, ABC House, Chelmsford"
		f.Decision.Signposts[0].Name = "SENDIASS Essex"
		w, err := book(t).Compose(kind, Plain, f)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range Check(w, f) {
			if x.Stop {
				t.Errorf("%s: %s: %s", kind, x.Where, x.Why)
			}
		}
	}
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	b := book(t)
	for name, tt := range map[string]struct {
		kind  workflow.LetterKind
		spoil func(*Facts, *Words)
		want  string
		warn  bool
	}{
		"long sentence":        {workflow.L7, text("One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty one two three four five six."), "26 words", false},
		"banned word":          {workflow.L7, text("The referral was Rejected."), "Do not write “rejected”", false},
		"banned phrase":        {workflow.L7, text("He suffers  from autism."), "Do not write “suffers from”", false},
		"acronym":              {workflow.L7, text("You have an EHCP."), "Write it out", false},
		"numeric date":         {workflow.L7, text("We met on 19/11/2026."), "not how we write a date", false},
		"iso date":             {workflow.L7, text("We met on 2026-11-19."), "not how we write a date", false},
		"ordinal":              {workflow.L7, text("We met on the 19th of November."), "not how we write a date", false},
		"short month":          {workflow.L7, text("We met on 19 Nov 2026."), "not how we write a date", false},
		"no day of the week":   {workflow.L7, text("We met on 19 November 2026."), "day of the week", true},
		"railway time":         {workflow.L7, text("We met at 14:30."), "Write times like", true},
		"NHS number":           {workflow.L7, text("Your number is 999 123 4055."), "NHS number", false},
		"name in capitals":     {workflow.L7, text("We talked about TOM."), "written Tom", false},
		"wrong greeting":       {workflow.L7, func(_ *Facts, w *Words) { w.Blocks[1].Items[0][0] = "Dear Thomas" }, "known as: Tom", false},
		"name in the subject":  {workflow.L7, func(_ *Facts, w *Words) { w.Subject = "About Tom" }, "must not carry a name", false},
		"illness in subject":   {workflow.L7, func(_ *Facts, w *Words) { w.Subject = "Your Mental Health referral" }, "must not say", false},
		"number in subject":    {workflow.L7, func(_ *Facts, w *Words) { w.Subject = "Referral 999 123 4560" }, "must not say", false},
		"draft":                {workflow.L7, func(_ *Facts, w *Words) { w.Draft = true }, "draft", false},
		"unverified signpost":  {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts[0].CheckedOn = workflow.Date{} }, "Nobody has verified", false},
		"stale signpost":       {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts[0].ReviewBy = f.Date }, "past its review date", false},
		"signpost without end": {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts[0].ReviewBy = workflow.Date{} }, "past its review date", false},
		"signpost for adults":  {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts[0].AgeFrom = 25 }, "another age", false},
		"signpost for infants": {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts[0].AgeTo = 5 }, "another age", false},
		"signpost elsewhere": {workflow.L7, func(f *Facts, _ *Words) {
			f.Person.Council, f.Decision.Signposts[0].Areas = "Thurrock", []string{"Essex", "Southend"}
		}, "does not serve Thurrock", false},
		"first name instead of the known one": {workflow.L7, func(f *Facts, w *Words) { f.Person.First = "Thomas"; text("We know Thomas’s plan.")(f, w) }, "known as: Tom", false},
		"two signposts":                       {workflow.L7, func(f *Facts, _ *Words) { f.Decision.Signposts = f.Decision.Signposts[:2] }, "Three or more", true},
		"other person's name": {workflow.L7, func(f *Facts, w *Words) {
			f.Secrets = []Secret{{"the name of the father", "Colin Reed"}}
			text("Your father, Colin  Reed, told us.")(f, w)
		}, "must not say the name of the father", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sampleFacts()
			w, err := b.Compose(tt.kind, Plain, f)
			if err != nil {
				t.Fatal(err)
			}
			tt.spoil(&f, &w)
			found := Check(w, f)
			if len(found) != 1 || !strings.Contains(found[0].Why, tt.want) || found[0].Stop == tt.warn || found[0].Where == "" {
				t.Errorf("found %+v, want one of %q", found, tt.want)
			}
			if Stops(found) == tt.warn {
				t.Errorf("Stops(%+v) is %v", found, !tt.warn)
			}
		})
	}
}

// Another person may have the same first name: with a family name behind it,
// it is theirs.
func TestAnotherWithTheSameFirstNameIsNoFault(t *testing.T) {
	t.Parallel()
	f := sampleFacts()
	f.Person.First = "Thomas"
	w, err := book(t).Compose(workflow.L7, Plain, f)
	if err != nil {
		t.Fatal(err)
	}
	text("Thomas Hale from the school comes along.")(&f, &w)
	if found := Check(w, f); len(found) != 0 {
		t.Errorf("found %+v", found)
	}
}

// Easy Read says who does what.
func TestPassiveIsPointedOutInEasyRead(t *testing.T) {
	t.Parallel()
	f := sampleFacts()
	w, err := book(t).Compose(workflow.L3, EasyRead, f)
	if err != nil {
		t.Fatal(err)
	}
	w.Draft = false
	text("The plan was written by Sam.")(&f, &w)
	if found := Check(w, f); len(found) != 1 || found[0].Stop || !strings.Contains(found[0].Why, "was written") {
		t.Errorf("found %+v", found)
	}
}

// text puts a paragraph into the letter, as a chair might type it.
func text(s string) func(*Facts, *Words) {
	return func(_ *Facts, w *Words) {
		w.Blocks = append(w.Blocks, Block{Kind: Paragraph, Items: [][]string{{s}}})
	}
}

func TestContentAt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind    workflow.LetterKind
		want    workflow.Content
		address string
		agreed  bool
		got     workflow.Content
	}{
		{workflow.L7, workflow.Full, "a@evilnhs.net", false, workflow.Notice},
		{workflow.L7, workflow.Full, "a@trust.NHS.net", false, workflow.Full},
		{workflow.L7, workflow.Full, "a@nhs.net.example", false, workflow.Notice},
		{workflow.L7, workflow.Full, "a@nhs.net", false, workflow.Full},
		{workflow.L7, workflow.Full, "a@home.example", false, workflow.Notice},
		{workflow.L7, workflow.Full, "a@home.example", true, workflow.Full},
		{workflow.L6, workflow.OutcomeOnly, "a@home.example", false, workflow.Notice},
		{workflow.L6, workflow.OutcomeOnly, "a@nhs.net", false, workflow.OutcomeOnly},
		{workflow.L3, workflow.Full, "a@home.example", false, workflow.Full},
		{workflow.L10, workflow.Full, "a@home.example", false, workflow.Full},
		{workflow.L11, workflow.Full, "a@home.example", true, workflow.Notice},
		{workflow.L16, workflow.Full, "a@home.example", false, workflow.Notice},
		{workflow.L3, workflow.Thanks, "a@nhs.net", true, workflow.Thanks},
	} {
		set, l := workflow.Settings{SecureDomains: []string{"nhs.net"}}, workflow.Letter{Kind: tt.kind, Content: tt.want}
		if got := ContentAt(set, l, workflow.Party{Email: tt.address, OrdinaryOK: tt.agreed}); got != tt.got {
			t.Errorf("ContentAt(%s, %s, %s, %v) = %s, want %s", tt.kind, tt.want, tt.address, tt.agreed, got, tt.got)
		}
	}
}

// An envelope is closed: what goes by post says all that its reader may know.
func TestPostSaysAllThatItsReaderMayKnow(t *testing.T) {
	t.Parallel()
	for _, c := range []workflow.Content{workflow.Full, workflow.OutcomeOnly, workflow.Thanks} {
		l := workflow.Letter{Kind: workflow.L7, Content: c, Way: workflow.ByPost}
		if got := ContentAt(workflow.Settings{}, l, workflow.Party{Address: "4 Mill Lane"}); got != c {
			t.Errorf("by post %s becomes %s", c, got)
		}
	}
}

// What a reader may not be told is not there to be said, whatever a template
// tries.
func TestLimitedFactsAreGone(t *testing.T) {
	t.Parallel()
	for _, c := range []workflow.Content{workflow.OutcomeOnly, workflow.Notice, workflow.Thanks} {
		f := sampleFacts()
		f.Reader.Content = c
		f = f.limited()
		if f.Register.Rating != "" || f.Decision.Text != "" || f.Decision.Reasons != nil || f.Register.Support != nil || f.Removal.Agreed != nil || f.Message != "" {
			t.Errorf("%s keeps %+v", c, f)
		}
		if c != workflow.OutcomeOnly && f.Person.KnownAs != "" {
			t.Errorf("%s keeps the person's name", c)
		}
	}
}

func TestVariantFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		needs    []string
		who      Who
		want     Variant
		unserved int
	}{
		{nil, IsPerson, Plain, 0},
		{[]string{"Easy Read"}, IsPerson, EasyRead, 0},
		{[]string{"large_print"}, IsParent, LargePrint, 0},
		{[]string{"easy_read", "large_print"}, IsPerson, EasyRead, 0},
		{nil, IsProfessional, Professional, 0},
		{[]string{"BSL"}, IsPerson, Plain, 1},
		{[]string{"easy read", "braille"}, IsPerson, EasyRead, 1},
	} {
		got, unserved := VariantFor(tt.needs, tt.who)
		if got != tt.want || len(unserved) != tt.unserved {
			t.Errorf("VariantFor(%v, %s) = %s, %v", tt.needs, tt.who, got, unserved)
		}
	}
}
