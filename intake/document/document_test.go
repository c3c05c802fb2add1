package document

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func sample(t testing.TB, name string) File {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return File{Part: "2", Name: name, Data: b}
}

func open(t testing.TB, f File) Document {
	t.Helper()
	docs := Open(t.Context(), []File{f}, DefaultLimits())
	if len(docs) != 1 {
		t.Fatalf("%d documents for one file", len(docs))
	}
	checkSpans(t, docs[0])
	return docs[0]
}

// truth is what stands in each sample, keyed by field.
type truth struct {
	Labels map[string]string
	Files  []struct {
		File   string
		Fields map[string]any
	}
}

func loadTruth(t *testing.T) truth {
	t.Helper()
	b, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := json.Unmarshal(b, &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

func (tr truth) of(t *testing.T, file string) map[string]any {
	t.Helper()
	for _, f := range tr.Files {
		if f.File == file {
			return f.Fields
		}
	}
	t.Fatalf("no truth for %s", file)
	return nil
}

// misses compares what a plain label/value reading of the document's cells,
// lines and controls gives with the truth.
func misses(tr truth, want map[string]any, d Document) (total int, missed []string) {
	got := pairs(d)
	for key, v := range want {
		w := wanted(v)
		if w == "" || key == "profs" {
			continue
		}
		total++
		g := got[plain(tr.Labels[key])]
		if w == "yes" || w == "no" {
			g = ticked(g)
		}
		if plain(g) != plain(w) {
			missed = append(missed, fmt.Sprintf("%s: want %q, got %q", key, w, g))
		}
	}
	return total, missed
}

func wanted(v any) string {
	switch v := v.(type) {
	case string:
		if v == "Yes" || v == "No" {
			return strings.ToLower(v)
		}
		return v
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	}
	return ""
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}☒☐@.]+`)

func plain(s string) string {
	s = strings.NewReplacer("¹", "", "²", "").Replace(s) // footnote marks
	return strings.TrimSpace(notWord.ReplaceAllString(strings.ToLower(s), " "))
}

// ticked reads "☐ Yes ☒ No", "Yes ☒ No ☐", a single box, or a word.
func ticked(s string) string {
	s = plain(s)
	for _, w := range []string{"yes", "no"} {
		before := strings.HasPrefix(s, "☒") || strings.HasPrefix(s, "☐")
		if before && strings.Contains(s, "☒ "+w) || !before && strings.Contains(s, w+" ☒") {
			return w
		}
	}
	switch {
	case s == "☒":
		return "yes"
	case s == "☐":
		return "no"
	case strings.HasPrefix(s, "yes"):
		return "yes"
	}
	return s
}

func pairs(d Document) map[string]string {
	out := map[string]string{}
	put := func(label, value string) {
		if l := plain(label); l != "" && (out[l] == "") {
			out[l] = value
		}
	}
	last := "" // a label whose value stands in the next paragraph
	for _, b := range d.Blocks {
		for _, row := range b.Rows {
			for i, c := range row.Cells {
				text := d.Text[c.Start:c.End]
				if i+1 < len(row.Cells) {
					next := row.Cells[i+1]
					put(text, unstruck(d, next))
				}
				if l, v, ok := strings.Cut(text, "\n"); ok {
					put(l, v)
				}
				if l, v, ok := strings.Cut(text, ":"); ok && len(row.Cells) < 3 {
					put(l, v)
				}
				if rest := strings.TrimLeft(text, "☒☐ "); rest != text {
					put(rest, text[:len("☒")])
				}
			}
		}
		for _, c := range b.Controls {
			if c.Kind == CheckBox && c.Label != "" {
				put(c.Label, glyph(c.Checked))
			} else {
				put(c.Label, c.Value)
			}
		}
		if b.Kind == Paragraph {
			text := strings.NewReplacer("[x]", "☒", "[ ]", "☐").Replace(d.Text[b.Start:b.End])
			if rest := strings.TrimLeft(text, "☒☐ "); rest != text {
				put(rest, text[:len("☒")])
			}
			if l, v, ok := strings.Cut(text, "...."); ok {
				put(l, strings.Trim(v, ". "))
			}
			put(last, text)
			last = ""
			if l, v, ok := strings.Cut(text, ":"); ok && v != "" {
				put(l, v)
			} else if ok {
				last = l
			} else if l, v, ok := strings.Cut(text, "\t"); ok {
				put(l, v)
			} else if l, v, ok := strings.Cut(text, "?"); ok {
				put(l, v)
			}
		}
	}
	return out
}

// unstruck leaves out what is struck through: the choice not meant.
func unstruck(d Document, c Cell) string {
	text := d.Text[c.Start:c.End]
	for _, k := range c.Controls {
		if k.Kind == Struck {
			text = strings.Replace(text, k.Value, "", 1)
		}
	}
	return text
}

// checkSpans holds for every document: spans lie in the text, in order, cells
// inside rows inside tables, controls inside their block or cell.
func checkSpans(t testing.TB, d Document) {
	t.Helper()
	inside := func(what string, start, end, from, to int) {
		if start < from || end > to || start > end {
			t.Errorf("%s: %s at %d-%d outside %d-%d", d.Name, what, start, end, from, to)
		}
	}
	controls := func(cs []Control, from, to int) {
		for _, c := range cs {
			inside("control", c.Start, c.End, from, to)
			if s := d.Text[c.Start:c.End]; c.Kind != CheckBox && c.Start < c.End && plain(s) != plain(c.Value) {
				t.Errorf("%s: control %q says %q where the text has %q", d.Name, c.Label, c.Value, s)
			}
			if c.Placeholder && c.Value != "" {
				t.Errorf("%s: a prompt is no value: %q", d.Name, c.Value)
			}
		}
	}
	for _, b := range d.Blocks {
		inside(string(b.Kind), b.Start, b.End, 0, len(d.Text))
		controls(b.Controls, b.Start, len(d.Text))
		at := b.Start
		for _, row := range b.Rows {
			for i, c := range row.Cells {
				inside("cell", c.Start, c.End, at, b.End)
				if i > 0 && d.Text[c.Start-1] != '\t' {
					t.Errorf("%s: cell at %d is not parted by a tab", d.Name, c.Start)
				}
				if c.Span < 1 {
					t.Errorf("%s: cell spans %d columns", d.Name, c.Span)
				}
				controls(c.Controls, c.Start, c.End)
				at = c.End
			}
		}
	}
	for _, m := range d.Members {
		checkSpans(t, m)
	}
}

func TestWordSamplesGiveEveryValue(t *testing.T) {
	t.Parallel()
	tr := loadTruth(t)
	for _, name := range []string{
		"referral-A-word-contentcontrols.docx",
		"referral-B-word-legacyformfields.docx",
		"referral-C-libreoffice-table.docx",
		"referral-C-word-labelcolon.docx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, sample(t, name))
			if d.State != Read {
				t.Fatalf("state %s: %s", d.State, d.Why)
			}
			total, missed := misses(tr, tr.of(t, name), d)
			if len(missed) > 0 {
				t.Errorf("%d of %d values missed:\n%s", len(missed), total, strings.Join(missed, "\n"))
			}
		})
	}
}

func BenchmarkWordForm(b *testing.B) {
	f := sample(b, "referral-A-word-contentcontrols.docx")
	for b.Loop() {
		Open(context.Background(), []File{f}, DefaultLimits())
	}
}
