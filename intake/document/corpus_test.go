package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpus lists the files of a folder of the shared corpus.
func corpus(t *testing.T, folder, ext string) []string {
	t.Helper()
	root := os.Getenv("DSR_CORPUS")
	if root == "" {
		t.Skip("DSR_CORPUS is not set")
	}
	names, err := filepath.Glob(filepath.Join(root, folder, "*"+ext))
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s in %s: %v", ext, folder, err)
	}
	return names
}

func load(t *testing.T, name string) File {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return File{Part: "2", Name: filepath.Base(name), Data: b}
}

func TestCorpusOutlookItems(t *testing.T) {
	t.Parallel()
	for _, name := range append(corpus(t, "outlook-msg", ".msg"), corpus(t, "tnef-stream", ".tnef")...) {
		d := open(t, load(t, name))
		if strings.HasSuffix(name, ".msg") && len(d.Mails) != 1 {
			t.Errorf("%s gives %d mails (%s: %s)", d.Name, len(d.Mails), d.State, d.Why)
		}
	}
}

type corpusTruth struct {
	Class  string
	Counts string
	Flags  string
	Fields []struct {
		Name            string
		Type            string
		Checkbox, Radio bool
		Value           any
	}
}

func corpusTruthOf(t *testing.T, name string) (tr corpusTruth) {
	t.Helper()
	b, err := os.ReadFile(name + ".json")
	if err != nil {
		return tr
	}
	if err := json.Unmarshal(b, &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestCorpusWordForms(t *testing.T) {
	t.Parallel()
	for _, name := range corpus(t, "forms-docx", ".docx") {
		d := open(t, load(t, name))
		tr := corpusTruthOf(t, name)
		if tr.Class == "encrypted" && d.State != Encrypted {
			t.Errorf("%s is %s (%s), want encrypted", d.Name, d.State, d.Why)
		}
		if slices.Contains([]string{"form", "checkbox", "table"}, tr.Class) && d.State != Read && d.State != NeedsHands && d.State != Empty {
			t.Errorf("%s is %s (%s)", d.Name, d.State, d.Why)
		}
	}
}

func TestCorpusPDFForms(t *testing.T) {
	t.Parallel()
	names := corpus(t, "forms-pdf", ".pdf")
	if testing.Short() {
		names = names[:10]
	}
	s := sandbox(t)
	right, total := 0, 0
	var wrong []string
	for chunk := range slices.Chunk(names, 12) {
		var files []File
		for _, n := range chunk {
			files = append(files, load(t, n))
		}
		for i, d := range openConfined(t, s, files...) {
			tr := corpusTruthOf(t, chunk[i])
			if d.State == Quarantined {
				t.Errorf("%s stopped the reader: %s", d.Name, d.Why)
			}
			if d.State == Encrypted && tr.Class != "encrypted" {
				t.Errorf("%s needs no password", d.Name)
			}
			if d.State == Encrypted {
				continue
			}
			r, n, w := compareFields(tr, d)
			right, total = right+r, total+n
			wrong = append(wrong, w...)
		}
	}
	t.Logf("%d of %d field values as the truth files say", right, total)
	if right*100 < total*95 {
		t.Errorf("only %d of %d field values:\n%s", right, total, strings.Join(wrong[:min(60, len(wrong))], "\n"))
	}
}

// compareFields compares each named field that stands on a page.
func compareFields(tr corpusTruth, d Document) (right, total int, wrong []string) {
	byName := map[string][]Control{}
	for _, c := range allControls(d) {
		byName[c.Name] = append(byName[c.Name], c)
	}
	for _, f := range tr.Fields {
		if f.Type != "/Tx" && f.Type != "/Ch" && !f.Checkbox && !f.Radio {
			continue
		}
		total++
		got := byName[f.Name]
		if sameValue(f.Value, f.Checkbox || f.Radio, got) {
			right++
			continue
		}
		wrong = append(wrong, d.Name+": "+f.Name+": want "+strings.Join(values(f.Value), "; ")+", got "+said(got))
	}
	return right, total, wrong
}

func values(v any) (out []string) {
	switch v := v.(type) {
	case string:
		out = append(out, strings.TrimPrefix(v, "u:"))
	case []any:
		for _, e := range v {
			out = append(out, values(e)...)
		}
	}
	return out
}

func said(cs []Control) string {
	var out []string
	for _, c := range cs {
		out = append(out, string(c.Kind)+" "+c.Value)
	}
	return strings.Join(out, "|")
}

func sameValue(want any, ticks bool, got []Control) bool {
	if len(got) == 0 {
		return false
	}
	if ticks {
		v := strings.Join(values(want), "")
		on := v != "" && v != "/Off"
		return on == slices.ContainsFunc(got, func(c Control) bool { return c.Checked })
	}
	w := plain(strings.Join(values(want), " "))
	return slices.ContainsFunc(got, func(c Control) bool { return plain(c.Value) == w || c.Placeholder && isPrompt(w) })
}
