package message

import (
	"bytes"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/mail"
)

// header is a block of header fields, repaired so far that go-message takes it;
// its own methods fall back to tolerance where go-message gives up.
type header struct {
	mail.Header
	raw []Field // in order, unfolded, not decoded
}

// header reads the header block at the start of raw and returns what follows it.
func (r *reader) header(m *Message, raw []byte, top bool) (header, []byte) {
	s := &headerScan{rest: raw}
	if top {
		s.skipJunk()
	}
	s.run(r.limits.Header)
	for _, note := range s.notes {
		m.warn("%s", note)
	}
	h := header{raw: make([]Field, len(s.fields))}
	for i := len(s.fields) - 1; i >= 0; i-- {
		f := s.fields[i]
		h.raw[i] = Field{f.name, strings.TrimSpace(strings.ReplaceAll(string(f.value), "\x00", ""))}
		h.Add(f.name, h.raw[i].Value) // Add puts a field on top
	}
	return h, s.rest
}

// headerScan walks over the lines of a header block.
type headerScan struct {
	rest   []byte
	fields []rawField
	notes  []string
}

// rawField grows line by line.
type rawField struct {
	name  string
	value []byte
}

func (s *headerScan) note(text string) {
	if len(s.notes) < maxWarnings {
		s.notes = append(s.notes, text)
	}
}

// skipJunk passes over what stores and gateways put above a mail: a byte order
// mark, blank lines, an mbox separator.
func (s *headerScan) skipJunk() {
	s.rest = bytes.TrimPrefix(s.rest, []byte("\uFEFF"))
	for len(s.rest) > 0 {
		end := endOfLine(s.rest, 0)
		line := bytes.TrimSpace(s.rest[:end])
		switch {
		case len(line) == 0:
			s.note("blank lines above the header")
		case bytes.HasPrefix(line, []byte("From ")), bytes.HasPrefix(line, []byte(">From ")):
			s.note("an mbox line above the header")
		default:
			return
		}
		s.rest = s.rest[end:]
	}
}

// run collects fields until the header ends: at a blank line, at a boundary, or
// where no more fields follow.
func (s *headerScan) run(limit int) {
	used := 0
	for len(s.rest) > 0 {
		end := endOfLine(s.rest, 0)
		line := bytes.TrimRight(s.rest[:end], "\r\n")
		if len(line) == 0 {
			s.rest = s.rest[end:]
			return
		}
		if used += end; used > limit {
			s.note("the header is too long: the rest of it was not read")
			s.rest = afterBlankLine(s.rest)
			return
		}
		if !s.line(line, s.rest[end:]) {
			return
		}
		s.rest = s.rest[end:]
	}
}

// line takes one line; false when it already belongs to the body.
func (s *headerScan) line(line, next []byte) bool {
	if line[0] == ' ' || line[0] == '\t' {
		if len(bytes.TrimSpace(line)) == 0 && !startsField(next) && !startsFolded(next) {
			s.note("no clean blank line after the header")
			return false
		}
		if len(s.fields) == 0 {
			return startsField(next)
		}
		s.extend(line)
		return true
	}
	name, value, ok := splitField(line)
	if ok {
		s.fields = append(s.fields, rawField{name, bytes.Clone(value)})
		return true
	}
	if bytes.HasPrefix(line, []byte("--")) {
		s.note("the header ends without a blank line")
		return false
	}
	return s.stray(line, next)
}

// stray decides on a line that is no field: part of the one before it, noise
// among fields, or the body without a blank line before it.
func (s *headerScan) stray(line, next []byte) bool {
	n := len(s.fields)
	if n == 0 && !startsField(next) {
		s.note("no header")
		return false
	}
	if n > 0 {
		last := &s.fields[n-1]
		if strings.HasPrefix(strings.ToLower(last.name), "content-") && bytes.IndexByte(line, '=') > 0 {
			s.note("a parameter of " + last.name + " stood on a line of its own")
			s.extend(append([]byte{' '}, line...))
			return true
		}
		if !startsField(next) {
			s.note("the header ends without a blank line")
			return false
		}
		if strings.EqualFold(last.name, "Subject") {
			s.extend(append([]byte{' '}, line...))
		}
	}
	s.note("a line in the header is no field")
	return true
}

func (s *headerScan) extend(line []byte) {
	last := &s.fields[len(s.fields)-1]
	last.value = append(bytes.TrimRight(last.value, " \t\r"), line...)
}

func splitField(line []byte) (name string, value []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return "", nil, false
	}
	key := bytes.TrimRight(line[:colon], " \t")
	if len(key) == 0 || len(key) > 200 || bytes.HasPrefix(key, []byte("--")) {
		return "", nil, false
	}
	for _, c := range key {
		if c <= ' ' || c >= 0x7F {
			return "", nil, false
		}
	}
	return string(key), line[colon+1:], true
}

func startsField(b []byte) bool {
	_, _, ok := splitField(b[:endOfLine(b, 0)])
	return ok
}

func startsFolded(b []byte) bool {
	line := b[:endOfLine(b, 0)]
	return len(line) > 0 && (line[0] == ' ' || line[0] == '\t') && len(bytes.TrimSpace(line)) > 0
}

func afterBlankLine(b []byte) []byte {
	for pos := 0; pos < len(b); {
		end := endOfLine(b, pos)
		if len(bytes.TrimRight(b[pos:end], "\r\n")) == 0 {
			return b[end:]
		}
		pos = end
	}
	return nil
}

// looksLikeHeader says that b begins as a mail does.
func looksLikeHeader(b []byte) bool {
	s := &headerScan{rest: b[:min(len(b), 4096)]}
	s.skipJunk()
	return startsField(s.rest)
}

// get is the first value of a field, decoded.
func (h header) get(name string) string {
	if v := h.Get(name); v != "" {
		return decodeWords(v)
	}
	return ""
}

// encoding is the transfer encoding, without the comments and quotes that some put there.
func (h header) encoding() string {
	v, _, _ := strings.Cut(h.Get("Content-Transfer-Encoding"), ";")
	v, _, _ = strings.Cut(v, "(")
	return strings.ToLower(strings.Trim(v, " \t\"'"))
}

// fill sets what a Message says of itself.
func (m *Message) fill(h header) {
	m.Header = make([]Field, 0, len(h.raw))
	for _, f := range h.raw {
		if !utf8.ValidString(f.Value) {
			m.warn("the header holds bytes of no named charset")
		}
		m.Header = append(m.Header, Field{clean(f.Name), decodeWords(f.Value)})
	}
	m.From = h.addresses("From")
	m.Sender = h.addresses("Sender")
	m.ReplyTo = h.addresses("Reply-To")
	m.To = h.addresses("To")
	m.Cc = h.addresses("Cc")
	m.ReturnPath = h.returnPath()
	m.Subject = strings.TrimSpace(oneLine(m.Get("Subject")))
	m.Date = h.date()
	m.MessageID = first(h.ids("Message-Id"))
	m.InReplyTo = h.ids("In-Reply-To")
	m.References = h.ids("References")
	if len(m.From) == 0 {
		m.warn("no sender's address")
	}
}

func first(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// oneLine turns controls into spaces: what is shown as one line is one line.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7F {
			return ' '
		}
		return c
	}, s)
}

func (h header) date() time.Time {
	if t, err := h.Date(); err == nil {
		return t
	}
	v := strings.TrimSpace(h.Get("Date"))
	for _, layout := range dateLayouts() {
		if t, err := time.Parse(layout, v); err == nil {
			return t
		}
	}
	return time.Time{}
}

// dateLayouts are met in mails although RFC 5322 has only one.
func dateLayouts() []string {
	return []string{
		time.RFC3339, time.ANSIC, time.UnixDate, time.RFC850, time.RFC1123,
		"Mon, 2 Jan 2006 15:04:05", "Mon, 2 January 2006 15:04:05 -0700", "Monday, 2 January 2006 15:04:05 -0700",
		"Mon Jan 2 15:04:05 2006 -0700", "Mon, Jan 2 2006 15:04:05 -0700", "2 Jan 2006 15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05",
		"Mon, 2 Jan 2006 15.04.05 -0700", "Mon, 2 Jan 2006 15:04:05 MST -0700", "2 Jan 06 15:04:05 MST", "02/01/2006 15:04:05",
	}
}

var bracketed = regexp.MustCompile(`<\s*([^<>\s]+)\s*>`)

// ids are the message identifiers of a field, found by their brackets, else word by word.
func (h header) ids(name string) []string {
	if list, err := h.MsgIDList(name); err == nil && len(list) > 0 {
		for i, id := range list {
			list[i] = clean(id)
		}
		return list
	}
	var ids []string
	v := unfold(h.Get(name))
	for _, found := range bracketed.FindAllStringSubmatch(v, -1) {
		ids = append(ids, clean(found[1]))
	}
	if ids != nil {
		return ids
	}
	for _, word := range strings.Fields(v) {
		if strings.Contains(word, "@") || strings.EqualFold(name, "Message-Id") {
			ids = append(ids, trimID(word))
		}
	}
	return ids
}

func unfold(s string) string {
	return strings.NewReplacer("\r", "", "\n", "").Replace(s)
}

func trimID(s string) string { return clean(strings.Trim(strings.TrimSpace(s), "<>")) }
