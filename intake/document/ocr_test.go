package document

import (
	"strings"
	"testing"
)

// A scan stays a matter for people, but most of what stands in it is proposed.
func TestScansAreReadAsAProposal(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of CPU")
	}
	t.Parallel()
	s := sandbox(t)
	if s.Recogniser == "" {
		t.Skip("tesseract is not installed")
	}
	tr := loadTruth(t)
	for name, least := range map[string]int{
		"referral-A-scan-200dpi-skew1deg.pdf":   24,
		"referral-B-scan-200dpi-upsidedown.pdf": 25,
	} {
		t.Run(name, func(t *testing.T) {
			d := openConfined(t, s, sample(t, name))[0]
			if d.State != NeedsHands || d.Why == "" {
				t.Errorf("state %s: %s", d.State, d.Why)
			}
			for _, b := range d.Blocks {
				if b.Origin != "ocr" {
					t.Fatalf("a block's origin is %q", b.Origin)
				}
			}
			found, total := 0, 0
			text := plain(d.Text)
			for key, v := range tr.of(t, name) {
				w, ok := v.(string)
				if !ok || w == "" || w == "Yes" || w == "No" || w == "N/A" {
					continue
				}
				total++
				if strings.Contains(text, plain(w)) {
					found++
				} else {
					t.Logf("%s: no %q", key, w)
				}
			}
			_, missed := misses(tr, tr.of(t, name), d)
			t.Logf("%d of %d values stand in the text; %d not beside their label: %v", found, total, len(missed), missed)
			if found < least {
				t.Errorf("only %d of %d values, want %d", found, total, least)
			}
		})
	}
}
