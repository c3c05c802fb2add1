package document

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"
)

// MAPI properties that a mail needs ([MS-OXPROPS]).
const (
	mapiSubject     = 0x0037
	mapiSubmitted   = 0x0039
	mapiHeaders     = 0x007D
	mapiSenderName  = 0x0C1A
	mapiSenderMail  = 0x0C1F
	mapiSenderSMTP  = 0x5D01
	mapiDelivered   = 0x0E06
	mapiBody        = 0x1000
	mapiRTF         = 0x1009
	mapiHTML        = 0x1013
	mapiMessageID   = 0x1035
	mapiReferences  = 0x1039
	mapiInReplyTo   = 0x1042
	mapiDisplayName = 0x3001
	mapiAddress     = 0x3003
	mapiData        = 0x3701
	mapiShortName   = 0x3704
	mapiLongName    = 0x3707
	mapiMIMEType    = 0x370E
	mapiContentID   = 0x3712
	mapiRecipient   = 0x0C15
	mapiSMTP        = 0x39FE
	mapiCodePage    = 0x3FDE
	mapiMessagePage = 0x3FFD
)

// mapi are the properties of one item, by their number.
type mapi struct {
	text   map[int]string
	binary map[int][]byte
	number map[int]int
	time   map[int]time.Time
}

func newMAPI() *mapi {
	return &mapi{map[int]string{}, map[int][]byte{}, map[int]int{}, map[int]time.Time{}}
}

// outlookMail turns an Outlook item into the mail it was, with its attachments
// as parts, so that it is read by the same code as any other mail.
func outlookMail(s *streams) []byte { return s.mail(32, 0) }

// mail converts the item in this storage; head is the length of its property
// stream's header, which differs between an item and one inside another.
func (s *streams) mail(head, depth int) []byte {
	p := s.properties(head)
	m := &mimeWriter{}
	m.header(p, s.recipients())
	var parts []mimePart
	parts = append(parts, p.bodies()...)
	for _, dir := range s.dirs("__attach_version1.0_#") {
		if len(parts) > 200 {
			break
		}
		parts = append(parts, s.within(dir).attachment(depth))
	}
	m.parts(parts)
	return m.Bytes()
}

func (s *streams) attachment(depth int) mimePart {
	p := s.properties(8)
	part := mimePart{kind: p.text[mapiMIMEType], name: p.text[mapiLongName], id: p.text[mapiContentID], data: p.binary[mapiData], attached: true}
	if part.name == "" {
		part.name = p.text[mapiShortName]
	}
	const inner = "__substg1.0_3701000D"
	if depth < 3 && len(s.dirs(inner)) > 0 {
		part.kind = typeMail
		part.data = s.within(inner).mail(24, depth+1)
		if part.name == "" {
			part.name = "message.eml"
		}
	}
	return part
}

// properties reads an item's values: long ones have streams of their own.
func (s *streams) properties(head int) *mapi {
	p := newMAPI()
	fixed := little(s.get("__properties_version1.0"))
	for at := head; at+16 <= len(fixed); at += 16 {
		kind, id := fixed.u16(at), fixed.u16(at+2)
		switch kind {
		case 0x0003, 0x000B, 0x0002:
			p.number[id] = fixed.u32(at + 8)
		case 0x0040:
			p.time[id] = fileTime(fixed.at(at+8, 8))
		}
	}
	page := p.number[mapiMessagePage]
	if page == 0 {
		page = p.number[mapiCodePage]
	}
	for _, n := range s.names {
		rest, ok := strings.CutPrefix(n, s.prefix+"__substg1.0_")
		if !ok || len(rest) != 8 {
			continue
		}
		var id, kind int
		if _, err := fmt.Sscanf(rest, "%04X%04X", &id, &kind); err != nil {
			continue
		}
		switch b := s.data[n]; kind {
		case 0x001F:
			p.text[id] = utf16Text(b)
		case 0x001E:
			p.text[id] = strings.TrimRight(narrowText(b, page), "\x00")
		case 0x0102:
			p.binary[id] = b
		}
	}
	return p
}

func narrowText(b []byte, page int) string {
	if isASCII(b) || page == 65001 && utf8.Valid(b) {
		return string(b)
	}
	if page < 874 || page > 1258 {
		page = 1252
	}
	s, err := codePage(page).NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(s)
}

// fileTime counts tenths of microseconds since 1601.
func fileTime(b []byte) time.Time {
	if len(b) < 8 {
		return time.Time{}
	}
	v := binary.LittleEndian.Uint64(b)
	const unix = 116444736000000000
	if v < unix {
		return time.Time{}
	}
	return time.Unix(int64((v-unix)/10_000_000), 0).UTC()
}

type recipient struct {
	kind int // 1 to, 2 cc, 3 bcc
	addr mail.Address
}

func (s *streams) recipients() (out []recipient) {
	for _, dir := range s.dirs("__recip_version1.0_#") {
		p := s.within(dir).properties(8)
		r := recipient{p.number[mapiRecipient], mail.Address{Name: p.text[mapiDisplayName], Address: p.smtp(mapiSMTP, mapiAddress)}}
		if len(out) < 200 {
			out = append(out, r)
		}
	}
	return out
}

// smtp returns the first of the properties that is a mail address; an Exchange
// directory's name is none.
func (p *mapi) smtp(ids ...int) string {
	for _, id := range ids {
		if v := strings.TrimSpace(p.text[id]); strings.Contains(v, "@") && !strings.ContainsAny(v, " <>\r\n") {
			return v
		}
	}
	return ""
}

// bodies gives the item's text: plain and HTML where it has them, else what
// the compressed RTF says.
func (p *mapi) bodies() (parts []mimePart) {
	if t := p.text[mapiBody]; strings.TrimSpace(t) != "" {
		parts = append(parts, mimePart{kind: "text/plain; charset=utf-8", data: []byte(t)})
	}
	switch {
	case p.text[mapiHTML] != "":
		parts = append(parts, mimePart{kind: "text/html; charset=utf-8", data: []byte(p.text[mapiHTML])})
	case len(p.binary[mapiHTML]) > 0:
		parts = append(parts, mimePart{kind: "text/html; charset=utf-8", data: []byte(narrowText(p.binary[mapiHTML], p.number[mapiCodePage]))})
	case len(parts) == 0 && len(p.binary[mapiRTF]) > 0:
		if t := rtfText(inflateRTF(p.binary[mapiRTF])); t != "" {
			parts = append(parts, mimePart{kind: "text/plain; charset=utf-8", data: []byte(t)})
		}
	}
	return parts
}

func rtfText(b []byte) string {
	var d Document
	r := reader{limits: DefaultLimits()}
	_ = r.rtf(b, &d)
	return d.Text
}

// mimeWriter writes a mail.
type mimeWriter struct{ bytes.Buffer }

// header keeps the headers the mail travelled with; without them it writes
// what the item knows.
func (m *mimeWriter) header(p *mapi, to []recipient) {
	if h := p.text[mapiHeaders]; strings.Contains(h, ":") {
		m.kept(h)
		return
	}
	from := mail.Address{Name: p.text[mapiSenderName], Address: p.smtp(mapiSenderSMTP, mapiSenderMail)}
	m.address("From", from)
	for kind, name := range []string{1: "To", 2: "Cc"} {
		for _, r := range to {
			if name != "" && r.kind == kind {
				m.address(name, r.addr)
			}
		}
	}
	m.line("Subject", mime.QEncoding.Encode("utf-8", oneLine(p.text[mapiSubject])))
	date := p.time[mapiSubmitted]
	if date.IsZero() {
		date = p.time[mapiDelivered]
	}
	if !date.IsZero() {
		m.line("Date", date.Format(time.RFC1123Z))
	}
	for _, h := range []struct {
		name string
		id   int
	}{{"Message-ID", mapiMessageID}, {"In-Reply-To", mapiInReplyTo}, {"References", mapiReferences}} {
		if v := oneLine(p.text[h.id]); v != "" {
			m.line(h.name, v)
		}
	}
}

func (m *mimeWriter) address(name string, a mail.Address) {
	switch {
	case a.Address != "":
		m.line(name, a.String())
	case a.Name != "":
		m.line(name, mime.QEncoding.Encode("utf-8", oneLine(a.Name)))
	}
}

func (m *mimeWriter) line(name, value string) { fmt.Fprintf(m, "%s: %s\r\n", name, value) }

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// kept writes the original headers, but those that describe a body which is
// written anew.
func (m *mimeWriter) kept(h string) {
	skip := true // what stands before the first header is none
	for line := range strings.Lines(strings.ReplaceAll(h, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := strings.Cut(line, ":")
			name = strings.ToLower(name)
			skip = !ok || strings.ContainsAny(name, " \t") || strings.HasPrefix(name, "content-") || name == "mime-version"
		}
		if !skip {
			m.WriteString(line + "\r\n")
		}
	}
}
