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

func TestLettersReadAsTheyDid(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string, w Words) {
		golden(t, name+".txt", "Subject: "+w.Subject+"\n\n"+w.Text())
		golden(t, name+".html", htmlOf(t, w))
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
