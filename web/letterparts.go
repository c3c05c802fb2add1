package web

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// letterParts is a letter's bytes taken apart for its reader: what the page
// shows is what leaves, not what it was made from.
type letterParts struct {
	From, To, Subject, Date, Answers string
	Text, HTML                       string
	Files                            []string
	PDF                              []byte // the same letter to print
}

// partsOf reads the bytes of a letter of ours. It is strict: what it cannot
// read, nobody may approve.
func partsOf(raw []byte) (letterParts, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return letterParts{}, fmt.Errorf("read letter: %w", err)
	}
	var p letterParts
	var words mime.WordDecoder
	for name, to := range map[string]*string{"From": &p.From, "To": &p.To, "Subject": &p.Subject, "Date": &p.Date, "In-Reply-To": &p.Answers} {
		if *to, err = words.DecodeHeader(m.Header.Get(name)); err != nil {
			return p, fmt.Errorf("read letter: header %s: %w", name, err)
		}
	}
	err = p.take(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Header.Get("Content-Disposition"), m.Body, 0)
	if err == nil && p.Text == "" {
		err = errors.New("no plain text")
	}
	if err != nil {
		return p, fmt.Errorf("read letter: %w", err)
	}
	return p, nil
}

func (p *letterParts) take(contentType, encoding, disposition string, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return err
	}
	if strings.HasPrefix(kind, "multipart/") {
		return p.takeAll(multipart.NewReader(body, params["boundary"]), depth)
	}
	if how, named, err := mime.ParseMediaType(disposition); err == nil && how == "attachment" {
		p.Files = append(p.Files, named["filename"])
		if kind != "application/pdf" || p.PDF != nil {
			return nil
		}
		p.PDF, err = io.ReadAll(decoded(body, encoding))
		return err
	}
	body = decoded(body, encoding)
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch kind {
	case "text/plain":
		p.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	case "text/html":
		p.HTML = string(text)
	default:
		p.Files = append(p.Files, kind)
	}
	return nil
}

func decoded(body io.Reader, encoding string) io.Reader {
	switch encoding {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

func (p *letterParts) takeAll(r *multipart.Reader, depth int) error {
	if depth > 3 {
		return errors.New("parts within parts within parts")
	}
	for {
		part, err := r.NextRawPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		h := part.Header
		if err := p.take(h.Get("Content-Type"), h.Get("Content-Transfer-Encoding"), h.Get("Content-Disposition"), part, depth+1); err != nil {
			return err
		}
	}
}
