package demo

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

// Letter is one mail that the program sent.
type Letter struct {
	Number       int
	At           time.Time
	EnvelopeFrom string
	EnvelopeTo   []string
	Raw          []byte

	From      string
	To        string
	Subject   string
	MessageID string // with its angle brackets
	Header    string // as it left
	Text      string // of the plain part
	HTML      string // of the HTML part; "" none

	rawSubject string // as in the header, unfolded
}

// readLetter takes a letter apart. The letters are our own, well-formed mails;
// of anything else the raw bytes are shown.
func readLetter(raw []byte) Letter {
	l := Letter{Raw: raw}
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	l.Header = strings.ReplaceAll(string(head), "\r\n", "\n")
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		l.Text = string(raw)
		return l
	}
	var words mime.WordDecoder
	decoded := func(name string) string {
		v, err := words.DecodeHeader(m.Header.Get(name))
		if err != nil {
			return m.Header.Get(name)
		}
		return v
	}
	l.From, l.To, l.Subject = decoded("From"), decoded("To"), decoded("Subject")
	if to, err := mail.ParseAddress(l.To); err == nil && to.Name == "" {
		l.To = to.Address // without the angle brackets
	}
	l.MessageID = strings.TrimSpace(m.Header.Get("Message-ID"))
	l.rawSubject = m.Header.Get("Subject")
	l.readPart(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 0)
	return l
}

// readPart finds the first plain and the first HTML part.
func (l *Letter) readPart(contentType, encoding string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < 5 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err != nil {
				return
			}
			l.readPart(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, depth+1)
		}
	}
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return
	}
	switch {
	case kind == "text/plain" && l.Text == "":
		l.Text = string(text)
	case kind == "text/html" && l.HTML == "":
		l.HTML = string(text)
	}
}
