package letters

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"
)

func sampleMail() Mail {
	return Mail{
		From:      netmail.Address{Name: "Essex DSR team", Address: "dsr@council.example"},
		ReplyTo:   "dsr@council.example",
		To:        netmail.Address{Name: "Zoë Adéyemi", Address: "zoe@example.org"},
		Subject:   "Your referral - reference DSR-2026-00123-K",
		Date:      time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC),
		MessageID: MessageID("k7f3q2m9x4t8w6yz", 1, "council.example"),
		InReplyTo: "<first@mail.example.org>",
		Text:      "Dear Zoë\n\nWe have got your email.\n",
		HTML:      "<p>Dear Zoë</p><p>We have got your email.</p>",
	}
}

func render(t *testing.T, m Mail) []byte {
	t.Helper()
	raw, err := Render(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRenderIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	m := sampleMail()
	m.Attachments = []Attachment{{Name: "letter.pdf", Type: "application/pdf", Data: []byte("%PDF-1.7")}}
	a, b := render(t, m), render(t, m)
	if !bytes.Equal(a, b) || Hash(a) != Hash(b) {
		t.Errorf("two renderings differ:\n%s\n---\n%s", a, b)
	}
	m.Text += "x"
	if Hash(render(t, m)) == Hash(a) {
		t.Error("another text has the same hash")
	}
}

func TestRenderHeaders(t *testing.T) {
	t.Parallel()
	m := sampleMail()
	m.References = []string{"<zero@mail.example.org>", "broken id", "<first@mail.example.org>"}
	for _, automatic := range []bool{false, true} {
		m.Automatic = automatic
		got, err := netmail.ReadMessage(bytes.NewReader(render(t, m)))
		if err != nil {
			t.Fatal(err)
		}
		auto, suppress := "", ""
		if automatic {
			auto, suppress = "auto-replied", "All"
		}
		for name, want := range map[string]string{
			"From":                     `"Essex DSR team" <dsr@council.example>`,
			"Reply-To":                 "<dsr@council.example>",
			"To":                       "=?utf-8?q?Zo=C3=AB_Ad=C3=A9yemi?= <zoe@example.org>",
			"Subject":                  "Your referral - reference DSR-2026-00123-K",
			"Date":                     "Mon, 23 Nov 2026 09:30:00 +0000",
			"Message-Id":               "<dsr.k7f3q2m9x4t8w6yz.1@council.example>",
			"In-Reply-To":              "<first@mail.example.org>",
			"References":               "<zero@mail.example.org> <first@mail.example.org>",
			"Auto-Submitted":           auto,
			"X-Auto-Response-Suppress": suppress,
			"Cc":                       "",
			"Bcc":                      "",
			"X-Mailer":                 "",
			"User-Agent":               "",
		} {
			if have := got.Header.Get(name); have != want {
				t.Errorf("automatic %v: %s is %q, want %q", automatic, name, have, want)
			}
		}
	}
}

func TestRenderPartsCanBeReadBack(t *testing.T) {
	t.Parallel()
	m := sampleMail()
	m.Attachments = []Attachment{
		{Name: "Panel date.ics", Type: "text/calendar; charset=utf-8; method=PUBLISH", Data: []byte("BEGIN:VCALENDAR\r\n")},
		{Name: "letter\u202Efdp.exe", Type: "application/pdf", Data: []byte("%PDF-1.7")},
	}
	got := leaves(t, render(t, m))
	want := []leaf{
		{"text/plain", "", "Dear Zoë\r\n\r\nWe have got your email.\r\n"},
		{"text/html", "", m.HTML},
		{"text/calendar", "Panel-date.ics", "BEGIN:VCALENDAR\r\n"},
		{"application/pdf", "letterfdp.exe", "%PDF-1.7"},
	}
	if len(got) != len(want) {
		t.Fatalf("%d parts, want %d: %q", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("part %d is %q, want %q", i, got[i], want[i])
		}
	}
}

func TestRenderKeepsHostileNamesInTheirHeader(t *testing.T) {
	t.Parallel()
	m := sampleMail()
	m.To.Name = "Eve\r\nBcc: evil@x.example\x00"
	m.From.Name = "Team\u2028X-Evil: 1"
	m.Subject = "hello\r\nBcc: evil@x.example\r\n\r\nbody"
	m.To.Name += `" <evil@x.example>, "`
	raw := render(t, m)
	if to, err := netmail.ParseAddressList(strings.Split(strings.Split(string(raw), "\r\nTo: ")[1], "\r\n")[0]); err != nil || len(to) != 1 || to[0].Address != m.To.Address {
		t.Errorf("the recipients are %v, %v", to, err)
	}
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if strings.HasPrefix(line, "Bcc") || strings.HasPrefix(line, "X-Evil") {
			t.Errorf("a value became a header: %q", line)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Mail){
		"no subject":           func(m *Mail) { m.Subject = "" },
		"no text":              func(m *Mail) { m.Text = "" },
		"no date":              func(m *Mail) { m.Date = time.Time{} },
		"no message id":        func(m *Mail) { m.MessageID = "" },
		"message id two lines": func(m *Mail) { m.MessageID = "<a@b>\r\nBcc: <c@d>" },
		"answer to two lines":  func(m *Mail) { m.InReplyTo = "<a@b>\r\nBcc: <c@d>" },
		"two recipients":       func(m *Mail) { m.To.Address = "a@example.org, b@example.org" },
		"recipient two lines":  func(m *Mail) { m.To.Address = "a@example.org\r\nBcc: b@example.org" },
		"no recipient":         func(m *Mail) { m.To.Address = "" },
		"recipient not ascii":  func(m *Mail) { m.To.Address = "zoë@example.org" },
		"reply-to with a name": func(m *Mail) { m.ReplyTo = "Team <dsr@council.example>" },
		"attachment empty":     func(m *Mail) { m.Attachments = []Attachment{{Name: "a.pdf", Type: "application/pdf"}} },
		"attachment type": func(m *Mail) {
			m.Attachments = []Attachment{{Name: "a.pdf", Type: "application/pdf\r\nX-Evil: 1", Data: []byte("x")}}
		},
	} {
		m := sampleMail()
		spoil(&m)
		if raw, err := Render(m); err == nil {
			t.Errorf("%s: rendered, want a refusal:\n%s", name, raw)
		}
	}
}

func TestIDsReadBack(t *testing.T) {
	t.Parallel()
	path, err := ReturnPath("dsr@council.example", "k7f3q2m9x4t8w6yz", 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{MessageID("k7f3q2m9x4t8w6yz", 12, "council.example"), path, strings.ToUpper(path)} {
		token, n, ok := ParseID(s)
		if token != "k7f3q2m9x4t8w6yz" || n != 12 || !ok {
			t.Errorf("ParseID(%q) = %q, %d, %v", s, token, n, ok)
		}
	}
	for _, s := range []string{"", "<a@b>", "<dsr.k7f3q2m9x4t8w6yz@b>", "<dsr.short.1@b>", "<dsr.k7f3q2m9x4t8w6yz.1@b> <x@y>", "<dsr.k7f3q2m9x4t8w6yz.99999999999@b>"} {
		if token, n, ok := ParseID(s); ok {
			t.Errorf("ParseID(%q) = %q, %d, want nothing", s, token, n)
		}
	}
	if _, err := ReturnPath("not an address", "k7f3q2m9x4t8w6yz", 1); err == nil {
		t.Error("a return path was made of something that is no address")
	}
}

type leaf struct{ kind, name, body string }

// leaves reads a mail with the standard library, as a stranger would.
func leaves(t *testing.T, raw []byte) []leaf {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return leavesOf(t, m.Header.Get("Content-Type"), m.Body)
}

func leavesOf(t *testing.T, contentType string, r io.Reader) (out []leaf) {
	t.Helper()
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		t.Fatalf("content type %q: %v", contentType, err)
	}
	mr := multipart.NewReader(r, params["boundary"])
	for {
		p, err := mr.NextRawPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(kind, "multipart/") {
			out = append(out, leavesOf(t, p.Header.Get("Content-Type"), p)...)
			continue
		}
		body, err := io.ReadAll(decoded(p))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, leaf{kind, p.FileName(), string(body)})
	}
}

func decoded(p *multipart.Part) io.Reader {
	if p.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		return quotedprintable.NewReader(p)
	}
	return base64.NewDecoder(base64.StdEncoding, p)
}
