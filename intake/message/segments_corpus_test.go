package message

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type segmentTruth struct {
	Forward *struct {
		Forwarded bool
		Body      string
		From      struct{ Name, Address string }
		Message   *string
	}
	Reply *struct {
		Trimmed       *string
		FirstFragment *string `json:"first_fragment"`
		VisibleText   *string `json:"visible_text"`
	}
}

func truth(t testing.TB, file string) (v segmentTruth, ok bool) {
	raw, err := os.ReadFile(file + ".json")
	if err != nil {
		return v, false
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v, true
}

func squeeze(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, ">", " ")), " ")
}

func wordsOf(text string, segments []Segment, kinds ...SegmentKind) string {
	var out strings.Builder
	for _, s := range segments {
		for _, k := range kinds {
			if s.Kind == k {
				out.WriteString(text[s.Start:s.End])
			}
		}
	}
	return squeeze(out.String())
}

func TestCorpusForwards(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	found, author, own := &score{name: "forward found"}, &score{name: "its author"}, &score{name: "words above it"}
	files, _ := filepath.Glob(filepath.Join(dir, "forward-text", "*.txt"))
	for _, file := range files {
		v, ok := truth(t, file)
		if !ok || v.Forward == nil || !v.Forward.Forwarded {
			continue
		}
		raw, _ := os.ReadFile(file)
		text, _ := decodeText(raw, "utf-8")
		text = newlines(text)
		segments := Segments(text, nil)
		name := filepath.Base(file)
		got := wordsOf(text, segments, Forwarded, Quoted, Signature, Disclaimer)
		head, _, _ := strings.Cut(v.Forward.Body, "\n")
		found.add(strings.Contains(got, squeeze(head)) && (v.Forward.Message == nil || wordsOf(text, segments, New) != squeeze(text)), name+" "+got[:min(80, len(got))])
		var from Address
		for _, s := range segments {
			if s.From != (Address{}) {
				from = s.From
				break
			}
		}
		author.add(from.Addr == strings.ToLower(v.Forward.From.Address) && (v.Forward.From.Name == "" || from.Name == v.Forward.From.Name), name+" got "+from.Name+" "+from.Addr+" want "+v.Forward.From.Name+" "+v.Forward.From.Address)
		if v.Forward.Message != nil {
			own.add(wordsOf(text, segments, New) == squeeze(*v.Forward.Message), name+" got "+wordsOf(text, segments, New))
		}
	}
	found.report(t, 0.95)
	author.report(t, 0.9)
	own.report(t, 0.95)
}

func TestCorpusReplies(t *testing.T) {
	t.Parallel()
	dir := corpus(t)
	own := &score{name: "new words of replies"}
	files, _ := filepath.Glob(filepath.Join(dir, "reply-quotation", "*.txt"))
	for _, file := range files {
		v, ok := truth(t, file)
		if !ok || v.Reply == nil {
			continue
		}
		raw, _ := os.ReadFile(file)
		text, _ := decodeText(raw, "utf-8")
		text = newlines(text)
		segments := Segments(text, nil)
		want := v.Reply.Trimmed
		if want == nil {
			want = v.Reply.VisibleText
		}
		if want == nil {
			want = v.Reply.FirstFragment
		}
		if want == nil {
			continue
		}
		without, with := wordsOf(text, segments, New), wordsOf(text, segments, New, Signature)
		own.add(squeeze(*want) == without || squeeze(*want) == with, filepath.Base(file)+"\n    got  "+with+"\n    want "+squeeze(*want))
	}
	own.report(t, 0.75)
}
