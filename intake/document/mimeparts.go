package document

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"mime"
	"strings"
)

// mimePart is a part of a mail that is written.
type mimePart struct {
	kind, name, id string
	data           []byte
	attached       bool
}

// parts writes the body: alternatives of the text first, then attachments.
func (m *mimeWriter) parts(parts []mimePart) {
	m.line("MIME-Version", "1.0")
	n := 0
	for n < len(parts) && !parts[n].attached {
		n++
	}
	texts, attached := parts[:n], parts[n:]
	if len(attached) == 0 {
		m.texts(texts)
		return
	}
	mixed := boundary(parts)
	m.line("Content-Type", `multipart/mixed; boundary="`+mixed+`"`)
	fmt.Fprintf(m, "\r\n--%s\r\n", mixed)
	m.texts(texts)
	for _, p := range attached {
		fmt.Fprintf(m, "\r\n--%s\r\n", mixed)
		m.part(p)
	}
	fmt.Fprintf(m, "\r\n--%s--\r\n", mixed)
}

// boundary is made of what it parts, so that nothing inside can hold it and the
// same item always gives the same bytes.
func boundary(parts []mimePart) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p.data)
	}
	return fmt.Sprintf("=_%x", h.Sum(nil)[:12])
}

func (m *mimeWriter) texts(texts []mimePart) {
	switch len(texts) {
	case 0:
		m.part(mimePart{kind: "text/plain; charset=utf-8"})
	case 1:
		m.part(texts[0])
	default:
		alternative := "a" + boundary(texts)
		m.line("Content-Type", `multipart/alternative; boundary="`+alternative+`"`)
		for _, p := range texts {
			fmt.Fprintf(m, "\r\n--%s\r\n", alternative)
			m.part(p)
		}
		fmt.Fprintf(m, "\r\n--%s--\r\n", alternative)
	}
}

func (m *mimeWriter) part(p mimePart) {
	kind := oneLine(p.kind)
	if _, _, err := mime.ParseMediaType(kind); err != nil || kind == "" {
		kind = "application/octet-stream"
	}
	m.line("Content-Type", kind)
	if p.attached {
		d := mime.FormatMediaType("attachment", map[string]string{"filename": oneLine(p.name)})
		if d == "" {
			d = "attachment"
		}
		m.line("Content-Disposition", d)
	}
	if id := oneLine(p.id); id != "" && !strings.ContainsAny(id, "<> ") {
		m.line("Content-ID", "<"+id+">")
	}
	if kind == typeMail { // RFC 2046 5.2.1 allows no encoding here
		m.WriteString("\r\n")
		m.Write(p.data)
		return
	}
	m.line("Content-Transfer-Encoding", "base64")
	m.WriteString("\r\n")
	code := base64.StdEncoding.EncodeToString(p.data)
	for len(code) > 76 {
		m.WriteString(code[:76] + "\r\n")
		code = code[76:]
	}
	m.WriteString(code + "\r\n")
}
