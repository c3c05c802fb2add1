package message

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the expected readings anew")

// dump shows a reading as text, for golden files.
func dump(m *Message, indent string) string {
	var out strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&out, indent+format+"\n", args...) }
	for _, a := range m.From {
		line("From: %q %s", a.Name, a.Addr)
	}
	line("Subject: %q", m.Subject)
	for _, p := range m.Parts {
		line("Part %s %s %s charset=%q name=%q truncated=%t", p.Number, p.Type, p.Role, p.Charset, p.Name, p.Truncated)
		if isText(p.Type) {
			line("  text %q", p.Text)
		} else if p.Mail == nil {
			line("  data %q", p.Data[:min(len(p.Data), 60)])
		}
		if p.Mail != nil {
			out.WriteString(dump(p.Mail, indent+"    "))
		}
	}
	for _, w := range m.Warnings {
		line("Warning: %s", w)
	}
	return out.String()
}

// TestReadOddMails compares each odd mail with its expected reading beside it.
func TestReadOddMails(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/odd/*.eml")
	if err != nil || len(files) < 34 {
		t.Fatalf("found %d odd mails, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m := Read(raw, Limits{})
			checkStrings(t, file, m)
			got := dump(m, "")
			golden := strings.TrimSuffix(file, ".eml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}
