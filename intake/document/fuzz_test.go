package document

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzOpen feeds the readers whatever comes: they may refuse, never panic or
// give a span outside the text. PDFs are left to the sandbox, which holds
// PDFium's own faults.
func FuzzOpen(f *testing.F) {
	names, err := filepath.Glob("testdata/*.*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if !strings.HasSuffix(name, ".pdf") && !strings.HasSuffix(name, ".json") && len(b) < 50_000 {
			f.Add(b)
		}
	}
	limits := DefaultLimits()
	limits.Nodes, limits.Unpacked = 20_000, 4<<20
	f.Fuzz(func(t *testing.T, b []byte) {
		if sniff(File{Data: b}) == typePDF {
			t.Skip()
		}
		for _, name := range []string{"a", "a.csv", "a.vcf", "a.html"} {
			for _, d := range Open(context.Background(), []File{{Part: "2", Name: name, Data: b}}, limits) {
				for _, w := range d.Warnings {
					if strings.HasPrefix(w, "reader stopped") {
						t.Error(w)
					}
				}
				checkSpans(t, d)
			}
		}
	})
}
