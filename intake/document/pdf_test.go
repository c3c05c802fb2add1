package document

import (
	"strings"
	"testing"
)

func TestPDFSamplesGiveEveryValue(t *testing.T) {
	t.Parallel()
	tr := loadTruth(t)
	names := []string{
		"referral-A-text-table.pdf",
		"referral-B-text-fourcolumn.pdf",
		"referral-C-text-table.pdf",
		"referral-C-text-labelcolon.pdf",
		"referral-C-text-encrypted-owneronly.pdf",
		"referral-A-acroform-badnames.pdf",
		"referral-C-acroform-goodnames.pdf",
	}
	var files []File
	for _, n := range names {
		files = append(files, sample(t, n))
	}
	for i, d := range openConfined(t, sandbox(t), files...) {
		if d.State != Read {
			t.Errorf("%s: %s: %s", names[i], d.State, d.Why)
			continue
		}
		want := tr.of(t, names[i])
		if names[i] == "referral-C-text-labelcolon.pdf" {
			delete(want, "ref_email") // on the page only a space parts it from its label
		}
		total, missed := misses(tr, want, d)
		if len(missed) > 0 {
			t.Errorf("%s: %d of %d values missed:\n%s", names[i], len(missed), total, strings.Join(missed, "\n"))
		}
	}
}

func TestPDFStates(t *testing.T) {
	t.Parallel()
	docs := openConfined(t, sandbox(t),
		sample(t, "referral-C-text-encrypted-password-is-secret.pdf"),
		sample(t, "referral-blank-acroform.pdf"),
		sample(t, "hostile/pdf-header-only.pdf"),
		sample(t, "hostile/pdf-javascript-launch.pdf"),
	)
	want := []State{Encrypted, Read, Unreadable, Read}
	for i, d := range docs {
		if d.State != want[i] {
			t.Errorf("%s is %s (%s), want %s", d.Name, d.State, d.Why, want[i])
		}
	}
	for _, c := range allControls(docs[1]) {
		if c.Value != "" && c.Kind != CheckBox || c.Checked {
			t.Errorf("the blank form says %q = %q", c.Label, c.Value)
		}
	}
	if n := len(allControls(docs[1])); n < 40 {
		t.Errorf("the blank form has %d fields", n)
	}
	if len(docs[3].Warnings) == 0 {
		t.Error("nothing warns of the PDF's script")
	}
}

func allControls(d Document) (cs []Control) {
	for _, b := range d.Blocks {
		cs = append(cs, b.Controls...)
		for _, row := range b.Rows {
			for _, c := range row.Cells {
				cs = append(cs, c.Controls...)
			}
		}
	}
	return cs
}
