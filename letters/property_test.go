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
