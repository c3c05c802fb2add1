package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

func nestedMultiparts(n int) []byte {
	var b bytes.Buffer
	b.WriteString("From: a@b.example\r\nSubject: x\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("Content-Type: text/plain\r\n\r\ndeep\r\n")
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "--b%d--\r\n", i)
	}
	return b.Bytes()
}

func nestedMails(n int) []byte {
	return []byte(strings.Repeat("From: a@b.example\r\nSubject: x\r\nContent-Type: message/rfc822\r\n\r\n", n) + "Subject: inner\r\n\r\nhello\r\n")
}

func manyParts(n int) []byte {
	return []byte("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n" +
		strings.Repeat("--q\r\nContent-Type: application/x-a\r\n\r\nz\r\n", n) + "--q--\r\n")
}

// TestReadKeepsToItsLimits feeds mails that were made to wear a reader out.
func TestReadKeepsToItsLimits(t *testing.T) {
	// Alone and one after the other: each is held to a time.
	big := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("x"), 3<<20))
	tests := []struct {
		name   string
		raw    []byte
		limits Limits
		warn   string
	}{
		{"bytes", wire("From: a@b.example", "", strings.Repeat("word ", 1000)), Limits{Bytes: 100}, "only the first 0 MB"},
		{"depth", nestedMultiparts(5000), Limits{}, "nested deeper than 20"},
		{"attached mails", nestedMails(5000), Limits{}, "deeper than 5"},
		{"parts", manyParts(300_000), Limits{}, "more than 1000 parts"},
		{"header", wire("From: a@b.example", "X-Big: "+strings.Repeat("y ", 2<<20), "Subject: x", "", "hi"), Limits{}, "header is too long"},
		{"folded header", []byte("From: a@b.example\r\nX-Big: y\r\n" + strings.Repeat(" y\r\n", 1<<20) + "\r\nhi"), Limits{}, "header is too long"},
		{"many fields", []byte(strings.Repeat("A: b\r\n", 1<<18) + "\r\nhi"), Limits{}, "header is too long"},
		{"many recipients", []byte("To: " + strings.Repeat("p <p@b.example>,\r\n ", 40_000) + "z@z.example\r\n\r\nhi"), Limits{}, ""},
		{"recipients that cannot be read", []byte("To: " + strings.Repeat(`p, "`, 100_000) + "\r\n\r\nhi"), Limits{}, ""},
		{"decoded", wire("From: a@b.example", "Content-Type: application/pdf", "Content-Transfer-Encoding: base64", "", big), Limits{Decoded: 1 << 20}, "longer than 1 MB together"},
		{"boundaries that nearly match", append(wire("Content-Type: multipart/mixed; boundary=qqqqqqqqqqqqqqqq", "", "--qqqqqqqqqqqqqqqq", ""), bytes.Repeat([]byte("--qqqqqqqqqqqqqqqqx\r\n"), 1<<19)...), Limits{}, ""},
		{"open HTML tags", wire("Content-Type: text/html", "", strings.Repeat("<div><b><table><td>", 100_000)), Limits{}, ""},
		{"long HTML", wire("Content-Type: text/html", "", strings.Repeat("<b>word ", 1_000_000)), Limits{}, "this long"},
		{"HTML styles", wire("Content-Type: text/html", "", strings.Repeat(`<font color=white style="x:y">a`, 100_000)), Limits{}, ""},
		{"flowed", wire("Content-Type: text/plain; format=flowed; delsp=yes", "", strings.Repeat("a \r\n", 200_000)), Limits{}, ""},
		{"encoded words", wire("Subject: "+strings.Repeat("=?utf-8?q?a?= ", 60_000), "", "hi"), Limits{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			start := time.Now()
			m := Read(tt.raw, tt.limits)
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("took %s", took)
			}
			if tt.warn != "" && !strings.Contains(strings.Join(m.Warnings, "\n"), tt.warn) && !strings.Contains(strings.Join(allWarnings(m), "\n"), tt.warn) {
				t.Errorf("warnings: got %q, want one with %q", m.Warnings, tt.warn)
			}
			checkStrings(t, tt.name, m)
		})
	}
}

// TestLongPagesKeepTheirEnd holds that nothing is cut from a page too long for a tree.
func TestLongPagesKeepTheirEnd(t *testing.T) {
	t.Parallel()
	m := Read(wire("Content-Type: text/html", "", "<p>first</p>"+strings.Repeat("<p>word</p>", 300_000)+"<p>last</p>"), Limits{})
	if got := m.Parts[0].Text; !strings.HasPrefix(got, "first\nword\n") || !strings.HasSuffix(got, "word\nlast\n") {
		t.Errorf("got %.40q … %q", got, got[max(0, len(got)-20):])
	}
}

func allWarnings(m *Message) []string {
	all := m.Warnings
	for _, p := range m.Parts {
		if p.Mail != nil {
			all = append(all, allWarnings(p.Mail)...)
		}
	}
	return all
}

// TestReadEndsInTime holds the time limit with a mail that would take much longer.
func TestReadEndsInTime(t *testing.T) {
	t.Parallel()
	page := "Content-Type: text/html\r\n\r\n" + strings.Repeat("<p>word ", 100_000)
	raw := []byte("Content-Type: multipart/mixed; boundary=q\r\n\r\n" + strings.Repeat("--q\r\n"+page+"\r\n", 60))
	start := time.Now()
	m := Read(raw, Limits{Time: 50 * time.Millisecond})
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
	if !strings.Contains(strings.Join(m.Warnings, "\n"), "took longer") {
		t.Errorf("warnings: got %q, want one on time", m.Warnings)
	}
}

func FuzzRead(f *testing.F) {
	for _, raw := range fuzzSeeds() {
		f.Add(raw)
	}
	limits := Limits{Bytes: 1 << 20, Decoded: 2 << 20, Time: 5 * time.Second}
	f.Fuzz(func(t *testing.T, raw []byte) {
		start := time.Now()
		m := Read(raw, limits)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("reading took %s", took)
		}
		for _, w := range allWarnings(m) {
			if strings.Contains(w, "fault:") {
				t.Error(w)
			}
		}
		checkStrings(t, "mail", m)
		m.Made([]string{"team@register.example"})
		Verdict(m, "mx.register.example")
		Fingerprint(m)
		for _, p := range m.Parts {
			checkCover(t, p.Text, Segments(p.Text, nil))
		}
	})
}

// checkCover holds what Segments promises of its marks.
func checkCover(t testing.TB, text string, segments []Segment) {
	t.Helper()
	at := 0
	for _, s := range segments {
		if s.Start != at || s.End <= s.Start {
			t.Fatalf("segment %+v does not follow %d", s, at)
		}
		at = s.End
	}
	if at != len(text) {
		t.Fatalf("segments end at %d of %d", at, len(text))
	}
}
