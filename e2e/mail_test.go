package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mailFrom is a mail of testdata, its holes filled: to whom, when, and what
// else the test wants another word for.
func (s *service) mailFrom(t testing.TB, name string, instead ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata/mails", name))
	if err != nil {
		t.Fatal(err)
	}
	holes := append([]string{"{{TO}}", s.from, "{{DATE}}", s.now().UTC().Format(time.RFC1123Z), "{{ID}}", s.mailbox}, instead...)
	return []byte(strings.NewReplacer(holes...).Replace(string(raw)))
}

// messageID is a mail's own, as answers name it.
func messageID(raw []byte) string {
	for line := range bytes.Lines(raw) {
		if name, value, found := bytes.Cut(line, []byte(":")); found && strings.EqualFold(string(name), "Message-ID") {
			return strings.TrimSpace(string(value))
		}
	}
	return ""
}
