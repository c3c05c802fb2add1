package letters

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/essex-dsr/dsr/workflow"
)

const goodHead = "kind: L16\nvariant: plain\nversion: 1\nstatus: approved\nsubject: Hello\n"

func openOne(files map[string]string) (*Book, error) {
	fsys := fstest.MapFS{}
	for name, src := range files {
		fsys["letters/"+name] = &fstest.MapFile{Data: []byte(src)}
	}
	return Open(fsys)
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no dashes":         {map[string]string{"a.txt": goodHead}, "three dashes"},
		"unknown head":      {map[string]string{"a.txt": goodHead + "colour: red\n---\nHi"}, `no "colour"`},
		"head without name": {map[string]string{"a.txt": goodHead + "hello\n---\nHi"}, "name: value"},
		"no version":        {map[string]string{"a.txt": strings.Replace(goodHead, "version: 1\n", "", 1) + "---\nHi"}, "must give"},
		"version in words":  {map[string]string{"a.txt": strings.Replace(goodHead, "version: 1", "version: one", 1) + "---\nHi"}, "one"},
		"no subject":        {map[string]string{"a.txt": strings.Replace(goodHead, "subject: Hello\n", "", 1) + "---\nHi"}, "must give"},
		"unknown variant":   {map[string]string{"a.txt": strings.Replace(goodHead, "plain", "klingon", 1) + "---\nHi"}, "must give"},
		"broken action":     {map[string]string{"a.txt": goodHead + "---\n{{.Date"}, "a.txt"},
		"unknown function":  {map[string]string{"a.txt": goodHead + "---\n{{shout .Reference}}"}, "shout"},
		"broken part":       {map[string]string{"a.txt": goodHead + "---\nHi", "blocks/b.txt": "{{if}}"}, "b"},
		"twice":             {map[string]string{"a.txt": goodHead + "---\nHi", "b.txt": goodHead + "---\nHi"}, "already"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := openOne(tt.files)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}

func compose(t *testing.T, body string, f Facts) (Words, error) {
	t.Helper()
	b, err := openOne(map[string]string{"a.txt": goodHead + "---\n" + body})
	if err != nil {
		t.Fatal(err)
	}
	f.Reader.Content = workflow.Full
	return b.Compose(workflow.L16, Plain, f)
}

func TestComposeNamesEveryHole(t *testing.T) {
	t.Parallel()
	_, err := compose(t, "Dear {{.Reader.Greeting}}\n\n{{date .ReplyBy}} {{.Team.Phone}} {{clock .Panel.At}}\n{{range .Decision.Signposts}}{{.Name}}{{end}}", Facts{})
	var holes Holes
	if !errors.As(err, &holes) || len(holes) != 4 {
		t.Fatalf("error %v, want four holes", err)
	}
	for i, want := range []string{".Reader.Greeting", ".Team.Phone", "clock .Panel.At", "date .ReplyBy"} {
		if !strings.HasPrefix(holes[i], want+" (body, line ") {
			t.Errorf("hole %q, want %q and where", holes[i], want)
		}
	}
}

func TestComposeRefusesWhatHasNoStyle(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"{{.Date}}", "{{.ReceivedAt}}", "{{.Team}}", "{{date .Reference}}", "{{clock .Reference}}", "{{.NoSuchFact}}"} {
		if w, err := compose(t, body, sampleFacts()); err == nil {
			t.Errorf("%s became %q", body, w.Text())
		}
	}
}

// What somebody typed can never change what the letter is made of.
func TestFactsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"# shout", "- item", "1. item", "> note", "!> danger", "| a | b", "two\n\nlines", "  indented", `ends \`, "\uE001| \uE0029\uE002x"} {
		f := Facts{Reference: evil, Message: evil}
		w, err := compose(t, "{{.Reference}}\n\nsecond\n\n| {{.Message}} | value", f)
		if err != nil {
			t.Errorf("%q: %v", evil, err)
			continue
		}
		if len(w.Blocks) != 3 || w.Blocks[0].Kind != Paragraph || w.Blocks[2].Kind != Table || w.Blocks[2].Items[0][1] != "value" {
			t.Errorf("%q changed the letter: %+v", evil, w.Blocks)
		}
		html := htmlOf(t, w)
		if strings.Contains(html, "<h1") || strings.Contains(html, "<script") {
			t.Errorf("%q changed the HTML", evil)
		}
	}
	w, err := compose(t, "{{.Reference}}", Facts{Reference: `<script>alert("x")</script> & Co`})
	if err != nil {
		t.Fatal(err)
	}
	if html := htmlOf(t, w); !strings.Contains(html, "&lt;script&gt;") || strings.Contains(html, "<script>") {
		t.Error("a fact was not escaped")
	}
}

func TestParseBlocks(t *testing.T) {
	t.Parallel()
	w, err := compose(t, `# Heading

First line
goes on.

Kept \
line

- one
  under one
- two

1. first
7. second

> Title
> More
goes on

{{range .Shares}}
- {{.}}
{{end}}

| a | b
`, Facts{Shares: []string{"x", "y"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "Heading\n\nFirst line goes on.\n\nKept\nline\n\n- one\n  under one\n- two\n\n1. first\n2. second\n\nTitle\nMore goes on\n\n- x\n- y\n\na: b\n"
	if got := w.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i, line := range []int{7, 9, 12, 15, 19, 22, 27, 30} {
		if got := w.Blocks[i].Line; got != line {
			t.Errorf("block %d (%s) is said to stand at line %d, want %d", i, w.Blocks[i].Kind, got, line)
		}
	}
}

func TestVariantsStandInOnlyWhereTheyServe(t *testing.T) {
	t.Parallel()
	b, err := openOne(map[string]string{"a.txt": goodHead + "---\nHi"})
	if err != nil {
		t.Fatal(err)
	}
	for v, want := range map[Variant]bool{Plain: true, LargePrint: true, Professional: true, EasyRead: false, YoungPerson: false} {
		if _, err := b.page(workflow.L16, v, workflow.Full); (err == nil) != want {
			t.Errorf("%s: %v, want served %v", v, err, want)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]any{
		"9am": 9, "midday": 12, "5pm": 17, "midnight": 0, "2:05pm": day(23).At(14, 5), "12:30pm": day(23).At(12, 30), "12:30am": day(23).At(0, 30), "1am": 1,
	} {
		if got, err := clock(at); err != nil || got != want {
			t.Errorf("clock(%v) = %q, %v, want %q", at, got, err, want)
		}
	}
}
