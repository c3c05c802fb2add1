package letters

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

var update = flag.Bool("update", false, "write the golden letters anew, to be read in review")

// each calls f for every template that there is, with facts that fit it.
func each(t *testing.T, f func(t *testing.T, name string, w Words)) {
	t.Helper()
	b := book(t)
	for key, p := range b.letters {
		name := strings.TrimSuffix(p.file, ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := sampleFacts()
			facts.Reader.Content = key.content
			if key.variant == Professional || key.content == workflow.OutcomeOnly {
				facts.Reader = Reader{Greeting: "Dr Okafor", Who: IsProfessional, Content: key.content}
			}
			kind := key.kind
			if kind == anyKind {
				kind = workflow.L7
			}
			w, err := b.Compose(kind, key.variant, facts)
			if err != nil {
				t.Fatal(err)
			}
			f(t, name, w)
		})
	}
}

// turns are the other ways that a letter can read: another reader, another
// end, less known.
var turns = map[string]struct {
	kind workflow.LetterKind
	v    Variant
	turn func(*Facts)
}{
	"L2.closed":                {workflow.L2, Plain, func(f *Facts) { f.OpenNow, f.Reference = false, "" }},
	"L3.one-thing-parent":      {workflow.L3, Plain, func(f *Facts) { parent(f); f.Asks = f.Asks[:1] }},
	"L3.to-a-professional":     {workflow.L3, Professional, func(f *Facts) { f.Reader.Who, f.Reader.Greeting = IsProfessional, "Dr Okafor" }},
	"L4.parent":                {workflow.L4, Plain, parent},
	"L4.parent-easy-read":      {workflow.L4, EasyRead, parent},
	"L6.parent-nothing-shared": {workflow.L6, Plain, func(f *Facts) { parent(f); f.Register.SharedWith, f.Register.Lead = nil, Lead{} }},
	"L6.no-rating":             {workflow.L6, Plain, func(f *Facts) { f.Register.Rating, f.Register.Means, f.Register.CETR = "", "", "" }},
	"L7.parent":                {workflow.L7, Plain, func(f *Facts) { parent(f); f.Decision.ReturnWhen = "" }},
	"L7.two-reasons":           {workflow.L7, Plain, func(f *Facts) { f.Decision.Reasons = append(f.Decision.Reasons, "another area is responsible") }},
	"L8.parent":                {workflow.L8, Plain, func(f *Facts) { parent(f); f.Removal.Signs = nil }},
	"L8.not-eligible":          {workflow.L8, Plain, func(f *Facts) { f.Removal.NotEligible, f.Removal.Agreed = true, nil }},
	"L9.out-of-area":           {workflow.L9, Plain, func(f *Facts) { parent(f); f.Transfer.OutOfArea = true }},
	"L10.never":                {workflow.L10, Plain, func(f *Facts) { f.Removal.Never = true }},
	"L10.parent":               {workflow.L10, Plain, parent},
	"L12.same-colour":          {workflow.L12, Plain, func(f *Facts) { parent(f); f.Review.Changed = false }},
	"L13.sixteen-parent":       {workflow.L13, Plain, parent},
	"L13.eighteen":             {workflow.L13, Plain, func(f *Facts) { f.Birthday = 18 }},
	"L13.eighteen-parent":      {workflow.L13, Plain, func(f *Facts) { parent(f); f.Birthday = 18 }},
	"L14.unknown-file":         {workflow.L14, Plain, func(f *Facts) { f.File, f.Reference = "", "" }},
	"L7.no-phone":              {workflow.L7, Plain, func(f *Facts) { f.Team.Phone, f.Team.Contact, f.Team.Privacy, f.Team.Postal = "", "", "", "" }},
	"L7.corrected":             {workflow.L7, Plain, func(f *Facts) { f.Corrects = "Friday 20 November 2026" }},
}

func parent(f *Facts) { f.Reader.Who, f.Reader.Greeting = IsParent, "Anna" }

func TestLettersReadWellAtEveryTurn(t *testing.T) {
	t.Parallel()
	b := book(t)
	for name, tt := range turns {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := sampleFacts()
			tt.turn(&f)
			w, err := b.Compose(tt.kind, tt.v, f)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("turns", name+".txt"), "Subject: "+w.Subject+"\n\n"+w.Text())
			for _, x := range Check(w, f) {
				if !(w.Draft && x.Where == "the template") {
					t.Errorf("%s: %s", x.Where, x.Why)
				}
			}
		})
	}
}

func TestLettersReadAsTheyDid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string, w Words) {
		golden(t, name+".txt", "Subject: "+w.Subject+"\n\n"+w.Text())
		golden(t, name+".html", htmlOf(t, w))
	})
}

// A notice, thanks or an outcome is read by somebody who may know no more.
func TestLimitedLettersTellNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, w Words) {
		if w.Content == workflow.Full {
			return
		}
		tells := []string{"amber", "flat feels safe", "Sam ", "meeting the needs", "autis", "learning disab", "hospital", "Example Advocacy", "GP"}
		if w.Content != workflow.OutcomeOnly {
			tells = append(tells, "panel", "Panel", "decided")
		}
		for _, tell := range tells {
			if strings.Contains(w.Subject+w.Text(), tell) {
				t.Errorf("it says %q:\n%s", tell, w.Text())
			}
		}
	})
}

func htmlOf(t *testing.T, w Words) string {
	t.Helper()
	s, err := w.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		writeFile(t, file, []byte(got))
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s reads otherwise than before (renew with -update and read it):\n%s", name, got)
	}
}

// The two parts of a mail are one letter: a reader of the plain text must not
// be told anything else.
func TestTextAndHTMLSayTheSameWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, _ string, w Words) {
		_, body, _ := strings.Cut(htmlOf(t, w), "<body")
		got := wordsOf(html.UnescapeString(regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`).ReplaceAllString(regexp.MustCompile(`</?a[^>]*>`).ReplaceAllString("<body"+body, ""), " ")))
		text := regexp.MustCompile(`(?m)^(- |\d+\. )`).ReplaceAllString(w.Text(), "")
		want := wordsOf(text)
		if !slices.Equal(got, want) {
			t.Errorf("HTML says\n%s\ntext says\n%s", strings.Join(got, " "), strings.Join(want, " "))
		}
	})
}

// wordsOf leaves out the colon that stands for a table's line in plain text.
func wordsOf(s string) []string {
	return strings.Fields(strings.ReplaceAll(s, ":", " "))
}

func writeFile(t *testing.T, file string, b []byte) {
	t.Helper()
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
