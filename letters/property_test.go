package letters

import (
	"bytes"
	"errors"
	"html"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/essex-dsr/dsr/workflow"
)

var tags = regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`)

// Whatever people type, a letter is either refused with its hole named or is
// sound: it can travel, its two parts say the same, and nothing typed became a
// header, a heading or a piece of HTML.
func TestAnyWordsMakeASoundLetter(t *testing.T) {
	t.Parallel()
	b := book(t)
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-#>!|1-9. \\\r\n<&"a-z\x{202e}\x{e000}-\x{e002}{}]{0,40}`))
		f := sampleFacts()
		f.Decision.Text = typed.Draw(t, "text")
		f.Decision.Recommendations[0].Text = typed.Draw(t, "recommendation")
		f.Decision.Signposts[0].Name = typed.Draw(t, "service")
		f.Reader.Greeting = typed.Draw(t, "name")
		w, err := b.Compose(workflow.L7, Plain, f)
		var holes Holes
		if errors.As(err, &holes) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		h, err := w.HTML()
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(h, "<h1"); n != 1 {
			t.Fatalf("%d first headings", n)
		}
		_, body, _ := strings.Cut(h, "<body")
		body = regexp.MustCompile(`</?[ab]( [^>]*)?>`).ReplaceAllString("<body"+body, "")
		got := wordsOf(html.UnescapeString(tags.ReplaceAllString(body, " ")))
		want := wordsOf(w.Text())
		if !slices.Equal(listless(got), listless(want)) {
			t.Fatalf("HTML says\n%q\ntext says\n%q", got, want)
		}
		raw, err := Render(Mail{
			From: netmail.Address{Address: "dsr@council.example"}, ReplyTo: "dsr@council.example",
			To: netmail.Address{Name: f.Reader.Greeting, Address: "zoe@example.org"}, Subject: w.Subject, Date: day(23).At(9, 0),
			MessageID: MessageID("k7f3q2m9x4t8w6yz", 1, "council.example"), Text: w.Text(), HTML: h,
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Header) != 8 {
			t.Fatalf("headers: %v", m.Header)
		}
		Check(w, f)
		w.Grade()
	})
}

// listless leaves out the marks of lists, which HTML draws by itself.
func listless(words []string) []string {
	mark := regexp.MustCompile(`^(-|\d+\.)$`)
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return mark.MatchString(w) })
}

// gaps are the marks of words that a missing fact left behind.
var gaps = regexp.MustCompile(`<no value>|[{}]|%!|  |(?m)^- *$|^\d+\. *$| [,.;:]|\(\)|“”|January 0001`)

// Whatever the record lacks and whoever the reader is, a letter is whole, or it
// is not made; and it goes only to somebody confirmed whom nobody blocked.
func TestAnyRecordMakesAWholeLetterOrNone(t *testing.T) {
	t.Parallel()
	o := office(t)
	spoil := []func(*workflow.File, *workflow.Letter){
		func(f *workflow.File, _ *workflow.Letter) { f.Settings.Phone = "" },
		func(f *workflow.File, _ *workflow.Letter) { f.Settings.PhoneHours = "" },
		func(f *workflow.File, _ *workflow.Letter) { f.Person.KnownAs = "" },
		func(f *workflow.File, _ *workflow.Letter) { f.Person.Name, f.Person.KnownAs = "", "" },
		func(f *workflow.File, _ *workflow.Letter) { f.Person.DateOfBirth = workflow.Date{} },
		func(f *workflow.File, _ *workflow.Letter) { f.Decision = nil },
		func(f *workflow.File, _ *workflow.Letter) {
			if f.Decision != nil {
				f.Decision.Support, f.Decision.Lead = "", 0
			}
		},
		func(f *workflow.File, _ *workflow.Letter) {
			if f.Decision != nil {
				f.Decision.Recommendations, f.Decision.Reasons = []workflow.Recommendation{{Text: " "}}, nil
			}
		},
		func(f *workflow.File, _ *workflow.Letter) { f.Signposts = nil },
		func(f *workflow.File, _ *workflow.Letter) { f.Ratings = nil },
		func(f *workflow.File, _ *workflow.Letter) { f.Consents = nil },
		func(f *workflow.File, _ *workflow.Letter) { f.Case.Ref = "" },
		func(f *workflow.File, _ *workflow.Letter) {
			f.Panel = &workflow.Panel{At: day(26).At(10, 0), Members: []workflow.Member{{Name: "Ch", Role: workflow.Chair}}}
		},
		func(f *workflow.File, l *workflow.Letter) { l.Asks = []string{"where the person lives"} },
		func(f *workflow.File, l *workflow.Letter) { l.Content = workflow.OutcomeOnly },
		func(f *workflow.File, l *workflow.Letter) { l.Content = workflow.Thanks },
		func(f *workflow.File, l *workflow.Letter) { l.Way = workflow.ByPost },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].Needs = []string{"easy read"} },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].Needs = []string{"braille"} },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].Confirmed = false },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].Blocked = true },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].OrdinaryOK = false },
		func(f *workflow.File, l *workflow.Letter) { f.Parties[l.Party-1].Address = "4 Mill Lane, Chelmsford" },
		func(f *workflow.File, l *workflow.Letter) {
			f.Case.State, f.Case.OnRegister = workflow.OnRegister, day(1)
		},
		func(f *workflow.File, l *workflow.Letter) {
			f.Removal = &workflow.Removal{Plan: "Sam goes on visiting"}
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		f := sampleFile()
		f.Parties[1].MayWrite, f.Parties[3].MayWrite = workflow.Yes, workflow.Yes
		l := letterTo(rapid.SampledFrom(workflow.LetterKinds()).Draw(t, "kind"), rapid.SampledFrom([]workflow.PartyID{tomID, motherID, fatherID, socialWorkerID}).Draw(t, "to"))
		for i := range spoil {
			if rapid.IntRange(0, 9).Draw(t, "spoil") == 9 {
				spoil[i](&f, &l)
			}
		}
		m, _, err := o.Freeze(f, l, draftAt(day(23).At(10, 0)))
		if err != nil {
			if len(m.Raw) > 0 {
				t.Fatalf("refused with %v, and made all the same", err)
			}
			return
		}
		if p, err := f.Party(l.Party); err != nil || p.Blocked || !p.Confirmed {
			t.Fatalf("letter %s was made to %+v", l.Kind, p)
		}
		text := regexp.MustCompile(`(?m)^ +`).ReplaceAllString(m.Text, "")
		if gap := gaps.FindString(text); gap != "" {
			t.Fatalf("letter %s, %s, has a gap at %q:\n%s", l.Kind, m.Template, gap, m.Text)
		}
	})
}
