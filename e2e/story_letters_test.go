package e2e

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"strings"
	"testing"
)

// writeLetters submits and approves the letters of both decisions: two people,
// and hard news only after a call.
func (x *story) writeLetters() {
	x.t.Helper()
	x.approveAll(x.alfie, "Accepted", 2)
	x.approveAll(x.maisie, "Not accepted", 1)
	x.carol.open("/cases/" + x.alfie)
	says(x.t, x.carol, "On register")
	x.carol.open("/letters?tab=leaving")
	says(x.t, x.carol, "Leaving 3", "You can stop it until then")
	look(x.carol, "letters")
}

// approveAll brings all letters of a kind on their way.
func (x *story) approveAll(ref, title string, want int) {
	x.t.Helper()
	for _, at := range x.lettersOf(ref, title, want) {
		c := x.carol
		c.open(at)
		look(c, "letter-draft")
		c.press("Submit for approval")
		says(x.t, c, "The letter waits for approval", "You cannot approve it now")
		if strings.Contains(c.text(), "Speak to them first") {
			c.choose("You rang", "I spoke to them")
			c.fill("Told her what the panel decided and why.", "What was said")
			c.press("Record the call")
			says(x.t, c, "The call is recorded")
		}
		m := x.maya
		m.open(at)
		x.approved[at] = m.text()
		look(m, "letter-approve")
		m.press("Approve these words")
		says(x.t, m, "The letter is approved")
	}
}

// lettersOf are the addresses of a case's letters of a kind.
func (x *story) lettersOf(ref, title string, want int) []string {
	x.t.Helper()
	c := x.carol
	c.open("/cases/" + ref + "/letters")
	var out []string
	for _, at := range c.links("/letters/") {
		c.open(at)
		if strings.Contains(c.text(), "Letter: "+title) {
			out = append(out, at)
		}
	}
	if len(out) != want {
		x.t.Fatalf("%d letters %q of %s, want %d", len(out), title, ref, want)
	}
	return out
}

// lettersArrive checks what came out of the mail host: to whom, how often, in
// which thread, and that it is what was approved, to the byte.
func (x *story) lettersArrive() {
	x.t.Helper()
	x.arrives(patient, x.form, "we have put your name on it")
	x.arrives(doctor, x.form, "")
	x.arrives(mother, x.family, "Example Family Support Line", "a quiet room")
	x.checkCount(map[string]int{patient: 1, doctor: 2, mother: 2})
	x.carol.open("/cases/" + x.maisie)
	says(x.t, x.carol, "Closed", "Not accepted")
}

// arrives waits for the latest letter to somebody, which is no acknowledgement.
func (x *story) arrives(who string, answers []byte, says ...string) {
	x.t.Helper()
	l := x.s.awaitLetter(x.t, who, "letter", func(l letter) bool {
		return !subject("We have got your email")(l) && !x.seen[l.Get("Message-ID")]
	})
	x.seen[l.Get("Message-ID")] = true
	if got := l.Get("In-Reply-To"); got != messageID(answers) {
		x.t.Errorf("the letter to %s answers %q, want %q", who, got, messageID(answers))
	}
	text := plainText(x.t, l.Raw)
	for _, want := range says {
		if !strings.Contains(text, want) {
			x.t.Errorf("the letter to %s does not say %q:\n%s", who, want, text)
		}
	}
	for at, page := range x.approved {
		if strings.Contains(page, strings.Join(strings.Fields(text), " ")) {
			x.sameBytes(at, l)
			return
		}
	}
	x.t.Errorf("nobody approved the words that %s got:\n%s", who, text)
}

// sameBytes compares what was approved with what arrived below the head that
// the mail host put on it.
func (x *story) sameBytes(at string, l letter) {
	x.t.Helper()
	reader := newPaper(x.t, x.s.base)
	signIn(reader, address("Carol Reed"), password)
	res, err := reader.client.Get(x.s.base + at + "/message.eml")
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		x.t.Fatalf("%s/message.eml: %s, %v", at, res.Status, err)
	}
	if approved := strings.ReplaceAll(string(raw), "\r\n", "\n"); !strings.HasSuffix(l.Raw, approved) {
		x.t.Errorf("other bytes arrived than were approved:\n%s\nwant\n%s", l.Raw, approved)
	}
}

// checkCount wants so many letters to each, and none to anybody else.
func (x *story) checkCount(want map[string]int) {
	x.t.Helper()
	if got := x.s.counts(x.t); fmt.Sprint(got) != fmt.Sprint(want) {
		x.t.Errorf("letters arrived: %v, want %v", got, want)
	}
}

// plainText is the first plain text of a mail.
func plainText(t testing.TB, raw string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	text, err := firstText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	if err != nil {
		t.Fatalf("%v in\n%s", err, raw)
	}
	return text
}

func firstText(kind, encoding string, body io.Reader) (string, error) {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(media, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			p, err := parts.NextRawPart()
			if err != nil {
				return "", fmt.Errorf("no plain text: %w", err)
			}
			if text, err := firstText(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err == nil {
				return text, nil
			}
		}
	}
	if media != "text/plain" {
		return "", fmt.Errorf("%s is no plain text", media)
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(body)
	return b.String(), err
}
