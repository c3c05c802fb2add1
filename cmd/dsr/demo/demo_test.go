package demo

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

var monday = time.Date(2027, 1, 4, 9, 30, 0, 0, time.UTC)

func start(t *testing.T, dir string) *World {
	t.Helper()
	w, err := Start(t.Context(), Options{
		Dir: dir, Now: func() time.Time { return monday }, Log: slog.New(slog.DiscardHandler), Stylesheets: []string{"/static/site.css"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return w
}

// connect signs in with what the World hands out and selects the folder.
func connect(t *testing.T, w *World, options *imapclient.Options) *imapclient.Client {
	t.Helper()
	u, err := url.Parse(w.IMAPURL())
	if err != nil {
		t.Fatal(err)
	}
	c, err := imapclient.DialInsecure(u.Host, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Login(u.User.Username(), w.Password()).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select(strings.TrimPrefix(u.Path, "/"), nil).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

// readAll fetches every mail by UID.
func readAll(t *testing.T, w *World) map[imap.UID]string {
	t.Helper()
	c := connect(t, w, nil)
	body := &imap.FetchItemBodySection{Peek: true}
	list, err := c.Fetch(imap.UIDSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{body}}).Collect()
	if err != nil {
		t.Fatal(err)
	}
	all := map[imap.UID]string{}
	for _, m := range list {
		all[m.UID] = string(m.FindBodySection(body))
	}
	return all
}

func send(t *testing.T, w *World, from, to, raw string) {
	t.Helper()
	u, err := url.Parse(w.SMTPURL())
	if err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(u.Host, nil, from, []string{to}, []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

const letter = "From: Essex DSR team <Essex.DSR@essex.gov.uk>\r\nTo: <imogen.farrow@letterbox.example>\r\n" +
	"Subject: =?utf-8?q?Your_referral_=E2=80=93_we_have_it?=\r\nMessage-ID: <dsr.abc.1@essex.gov.uk>\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDear Imogen=\r\n Farrow <b>\r\n" +
	"--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Dear <b>Imogen</b></p><script>alert(1)</script>\r\n--x--\r\n"

func TestSampleMails(t *testing.T) {
	t.Parallel()
	samples, err := loadSamples()
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) < 24 {
		t.Errorf("%d mails, want 24 or more", len(samples))
	}
	seen := map[string]bool{}
	senders := map[string]int{} // position of the first mail of each writer
	for i, s := range samples {
		m, err := mail.ReadMessage(bytes.NewReader(s.raw))
		if err != nil || seen[s.name] || len(s.raw) > 60<<10 {
			t.Errorf("%s: %v, seen %v, %d bytes", s.name, err, seen[s.name], len(s.raw))
			continue
		}
		seen[s.name] = true
		if from, err := mail.ParseAddress(m.Header.Get("From")); err == nil {
			if _, known := senders[from.Address]; !known {
				senders[from.Address] = i
			}
		}
		if s.answers == "" {
			if bytes.Contains(s.raw, []byte("{{")) {
				t.Errorf("%s has holes and answers nobody", s.name)
			}
			continue
		}
		if first, ok := senders[s.answers]; !ok || first >= i {
			t.Errorf("%s answers a letter to %s, who has not written before", s.name, s.answers)
		}
		if filled := answer(s.raw, Letter{MessageID: "<m@h>", rawSubject: "S", Text: "T\r\n"}); bytes.Contains(filled, []byte("{{")) || !bytes.Contains(filled, []byte("<m@h>")) {
			t.Errorf("%s: not filled in:\n%s", s.name, filled)
		}
	}
	if left, err := mails.ReadDir("mails"); err != nil || len(left) != len(samples)+1 {
		t.Errorf("%d files for %d mails in the order (%v)", len(left), len(samples), err)
	}
}

func TestDeliveredMailIsReadOverIMAP(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	raw := "Date: Mon, 16 Nov 2026 10:05:10 +0000\r\nFrom: Pat <pat@example.org>\r\n\r\nOn Mon, 16 Nov 2026 10:05:10 +0000 she fell.\r\n"
	if err := w.Deliver([]byte(raw)); err != nil {
		t.Fatal(err)
	}
	want := "Date: Mon, 04 Jan 2027 09:30:00 +0000\r\nFrom: Pat <pat@example.org>\r\n\r\nOn Mon, 16 Nov 2026 10:05:10 +0000 she fell.\r\n"
	if got := readAll(t, w); len(got) != 1 || got[1] != want {
		t.Errorf("got %v", got)
	}
}

func TestIdleIsToldOfADelivery(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	told := make(chan uint32, 1)
	c := connect(t, w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				told <- *data.NumMessages
			}
		},
	}})
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Deliver([]byte("From: a@b.example\r\n\r\nx\r\n")); err != nil {
		t.Fatal(err)
	}
	select {
	case n := <-told:
		if n != 1 {
			t.Errorf("told of %d mails", n)
		}
	case <-time.After(5 * time.Second):
		t.Error("not told within 5 s")
	}
	if err := idle.Close(); err != nil {
		t.Error(err)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	c, err := imapclient.DialInsecure(w.box.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(w.box.user, "guess").Wait(); err == nil {
		t.Error("let in")
	}
}

func TestMailsAreThereAgainAfterARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	for range 3 {
		if _, err := first.DeliverNext(); err != nil {
			t.Fatal(err)
		}
	}
	before := readAll(t, first)
	second := start(t, dir)
	after := readAll(t, second)
	if len(before) != 3 || len(after) != 3 {
		t.Fatalf("%d mails before, %d after", len(before), len(after))
	}
	for uid, raw := range before {
		if after[uid] != raw {
			t.Errorf("uid %d is another mail", uid)
		}
	}
	if first.Waiting() != second.Waiting() {
		t.Errorf("%d waited, now %d", first.Waiting(), second.Waiting())
	}
}

func TestOrderAndTimes(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	next, err := w.deliverDue(0)
	if err != nil || len(readAll(t, w)) != 3 || next != again && next != 5*time.Second {
		t.Fatalf("at the start: %d mails, next in %v, %v", len(readAll(t, w)), next, err)
	}
	if next, err = w.deliverDue(time.Hour); err != nil || next != again {
		t.Errorf("what answers letters asks again in %v (%v), want %v", next, err, again)
	}
	arrived := len(readAll(t, w))
	send(t, w, Address, "Imogen.Farrow@letterbox.example", letter)
	if _, err := w.deliverDue(time.Hour); err != nil {
		t.Fatal(err)
	}
	all := readAll(t, w)
	if len(all) != arrived+1 {
		t.Fatalf("%d mails, want the answer as number %d", len(all), arrived+1)
	}
	answer := all[imap.UID(len(all))]
	for _, want := range []string{"In-Reply-To: <dsr.abc.1@essex.gov.uk>\r\n", "Subject: Re: =?utf-8?q?Your_referral_=E2=80=93_we_have_it?=\r\n", "\r\n> Dear Imogen Farrow <b>\r\n"} {
		if !strings.Contains(answer, want) {
			t.Errorf("%q is missing in:\n%s", want, answer)
		}
	}
	for w.Waiting() > 3 { // three more answer letters that never leave
		if _, err := w.DeliverNext(); err != nil {
			t.Fatal(err)
		}
	}
	if name, err := w.DeliverNext(); err != ErrNothingWaits {
		t.Errorf("delivered %q, %v", name, err)
	}
}

func TestRunDeliversAtOnceAndEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	told := make(chan struct{}, 10)
	c := connect(t, w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(*imapclient.UnilateralDataMailbox) { told <- struct{}{} },
	}})
	idle, err := c.Idle()
	if err != nil {
		t.Fatal(err)
	}
	go func() { ended <- w.Run(ctx) }()
	select {
	case <-told:
	case <-time.After(5 * time.Second):
		t.Error("nothing arrived within 5 s")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := idle.Close(); err != nil {
		t.Error(err)
	}
}

func TestOutboxPages(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	server := httptest.NewServer(w.Handler())
	t.Cleanup(server.Close)
	get := func(path string) (*http.Response, string) {
		t.Helper()
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, string(body)
	}
	if _, body := get("/demo/outbox"); !strings.Contains(body, "No letter has left yet") || !strings.Contains(body, `href="/static/site.css"`) {
		t.Errorf("empty list: %s", body)
	}
	send(t, w, Address, "imogen.farrow@letterbox.example", letter)
	resp, body := get("/demo/outbox")
	if !strings.Contains(body, "Your referral – we have it") || !strings.Contains(body, ">imogen.farrow@letterbox.example<") {
		t.Errorf("list: %s", body)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("policy %q", policy)
	}
	if _, body = get("/demo/outbox/1"); !strings.Contains(body, "Dear Imogen Farrow &lt;b&gt;") || strings.Contains(body, "<script>") || !strings.Contains(body, "&lt;dsr.abc.1@essex.gov.uk&gt;") {
		t.Errorf("letter: %s", body)
	}
	if resp, body = get("/demo/outbox/1/html"); !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") || !strings.Contains(body, "<b>Imogen</b>") {
		t.Errorf("HTML part: %v %s", resp.Header, body)
	}
	if resp, body = get("/demo/outbox/1/raw"); body != letter || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("raw: %v %q", resp.Header, body)
	}
	for _, path := range []string{"/demo/outbox/2", "/demo/outbox/x", "/demo/outbox/2/raw", "/demo/outbox/2/html"} {
		if resp, _ := get(path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestOutboxForms(t *testing.T) {
	t.Parallel()
	w := start(t, "")
	send(t, w, Address, "imogen.farrow@letterbox.example", letter)
	post := func(path string, form url.Values, origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", origin)
		rec := httptest.NewRecorder()
		w.Handler().ServeHTTP(rec, r)
		return rec
	}
	tests := []struct {
		name, path, origin string
		form               url.Values
		status, arrived    int
		says               string
	}{
		{"from another site", "/demo/outbox/next", "cross-site", nil, 403, 0, ""},
		{"next", "/demo/outbox/next", "same-origin", nil, 303, 1, ""},
		{"no writer", "/demo/outbox/write", "same-origin", url.Values{"text": {"kept words"}}, 422, 1, "kept words"},
		{"no text", "/demo/outbox/write", "same-origin", url.Values{"from": {"pat@example.org"}}, 422, 1, "Enter what the mail says"},
		{"answers no letter", "/demo/outbox/write", "same-origin", url.Values{"from": {"a@b.example"}, "text": {"x"}, "letter": {"9"}}, 404, 1, ""},
		{"new mail", "/demo/outbox/write", "same-origin", url.Values{"from": {"Zoë <zoe@example.org>"}, "subject": {"Hé\r\nBcc: x"}, "text": {"my son"}}, 303, 2, ""},
		{"answer", "/demo/outbox/write", "same-origin", url.Values{"from": {"imogen.farrow@letterbox.example"}, "text": {"yes"}, "letter": {"1"}}, 303, 3, ""},
	}
	for _, test := range tests {
		rec := post(test.path, test.form, test.origin)
		if rec.Code != test.status || !strings.Contains(rec.Body.String(), test.says) || len(readAll(t, w)) != test.arrived {
			t.Errorf("%s: %d with %d mails, want %d with %d: %s", test.name, rec.Code, len(readAll(t, w)), test.status, test.arrived, rec.Body)
		}
	}
	all := readAll(t, w)
	m, err := mail.ReadMessage(strings.NewReader(all[2]))
	if err != nil || m.Header.Get("Bcc") != "" || !strings.Contains(all[2], "Subject: =?utf-8?q?H=C3=A9_Bcc:_x?=\r\n") {
		t.Errorf("new mail (%v): %s", err, all[2])
	}
	if !strings.Contains(all[3], "In-Reply-To: <dsr.abc.1@essex.gov.uk>\r\n") {
		t.Errorf("answer: %s", all[3])
	}
}

func TestSinkForgetsTheOldest(t *testing.T) {
	t.Parallel()
	s := &sink{now: func() time.Time { return monday }}
	for range maxLetters + 2 {
		s.keep("a@b.example", []string{"c@d.example"}, []byte("Subject: x\r\n\r\ny\r\n"))
	}
	if len(s.letters) != maxLetters || s.letters[0].Number != 3 {
		t.Errorf("%d letters, first is %d", len(s.letters), s.letters[0].Number)
	}
	if l := readLetter([]byte("no header at all")); l.Text != "no header at all" {
		t.Errorf("text %q", l.Text)
	}
}
