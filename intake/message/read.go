package message

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// reader carries what is counted over a whole mail, attached mails included.
type reader struct {
	limits  Limits
	end     time.Time
	parts   int
	decoded int64
}

// Read turns raw into a Message. It does not fail: what cannot be read is left
// out and named in Warnings, at the worst the Message has nothing else. The
// parts share memory with raw, which must not be changed afterwards.
func Read(raw []byte, limits Limits) *Message {
	limits = limits.withDefaults()
	// Only a duration is measured: no stored time comes from this clock.
	r := &reader{limits: limits, end: time.Now().Add(limits.Time)}
	m := &Message{}
	if int64(len(raw)) > limits.Bytes {
		raw = raw[:limits.Bytes]
		m.warn("only the first %d MB of the mail were read", limits.Bytes>>20)
	}
	r.mail(m, raw, "", 0)
	return m
}

// mail reads one mail, the outer one or an attached one, into m.
func (r *reader) mail(m *Message, raw []byte, prefix string, depth int) {
	defer m.survive("the mail")
	raw = lineFeeds(raw, m)
	h, body := r.header(m, raw, true)
	m.fill(h)
	root := r.entity(m, h, body, place{prefix: prefix, mails: depth})
	assignRoles(root)
	m.Parts = root.leaves(nil)
}

// survive keeps what was read of a mail when a fault in this package or in one
// of its libraries would have thrown it away.
func (m *Message) survive(what string) {
	if v := recover(); v != nil {
		m.warn("reading %s stopped at a fault: %v", what, v)
	}
}

func (m *Message) warn(format string, args ...any) {
	w := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	for _, old := range m.Warnings {
		if old == w {
			return
		}
	}
	if len(m.Warnings) < maxWarnings {
		m.Warnings = append(m.Warnings, w)
	}
}

// lineFeeds gives a mail that ends its lines with CR alone the line feeds that
// everything below looks for.
func lineFeeds(raw []byte, m *Message) []byte {
	if bytes.IndexByte(raw, '\n') >= 0 || bytes.IndexByte(raw, '\r') < 0 {
		return raw
	}
	m.warn("lines end in CR alone")
	return bytes.ReplaceAll(raw, []byte("\r"), []byte("\n"))
}

// place says where an entity stands in its mail.
type place struct {
	prefix string // of an attached mail's parts: "3/"
	number string // "" for the root
	parent string // media type of the multipart around it
	depth  int    // multiparts around it
	mails  int    // mails around it
}

func (p place) leaf() string {
	if p.number == "" {
		return p.prefix + "1"
	}
	return p.prefix + p.number
}

func (p place) child(i int, mediaType string) place {
	p.parent, p.depth = mediaType, p.depth+1
	if p.number == "" {
		p.number = strconv.Itoa(i)
	} else {
		p.number += "." + strconv.Itoa(i)
	}
	return p
}

// entity is a node of the tree that MIME draws; only leaves become Parts. A
// leaf has children when it is an envelope that was opened.
type entity struct {
	mediaType  string
	params     map[string]string
	attachment bool // Content-Disposition says so
	children   []*entity
	part       *Part
}

func (e *entity) leaves(to []Part) []Part {
	if e.part != nil {
		to = append(to, *e.part)
	}
	for _, c := range e.children {
		to = c.leaves(to)
	}
	return to
}

// entity reads what a header and a body make: a multipart with all below it, or a leaf.
func (r *reader) entity(m *Message, h header, body []byte, at place) *entity {
	e := &entity{}
	r.parts++
	e.mediaType, e.params = h.contentType(m, at.parent)
	disposition, dispositionParams := h.disposition()
	e.attachment = disposition == "attachment"
	if strings.HasPrefix(e.mediaType, "multipart/") {
		if r.multipart(m, e, h, body, at) {
			return e
		}
		e.mediaType = "text/plain"
	}
	e.part = &Part{
		Number:    at.leaf(),
		Type:      e.mediaType,
		Charset:   strings.ToLower(clean(e.params["charset"])),
		Name:      fileName(dispositionParams["filename"], e.params["name"]),
		ContentID: trimID(h.get("Content-Id")),
	}
	defer m.survive("part " + e.part.Number)
	r.leaf(m, e, h, body, at)
	return e
}

// multipart reads the children of e; false when body has none, so that it is
// to be read as text instead.
func (r *reader) multipart(m *Message, e *entity, h header, body []byte, at place) bool {
	if at.depth >= r.limits.Depth {
		m.warn("parts are nested deeper than %d: not opened", r.limits.Depth)
		e.mediaType = "application/octet-stream"
		e.part = &Part{Number: at.leaf(), Type: "application/octet-stream", Data: body, Truncated: true}
		return true
	}
	sections := findParts(m, h, body, e.params["boundary"])
	if sections == nil {
		return false
	}
	for i, s := range sections {
		if !r.room(m) {
			break
		}
		ch, cb := r.header(m, s, false)
		e.children = append(e.children, r.entity(m, ch, cb, at.child(i+1, e.mediaType)))
	}
	return true
}

// findParts cuts a multipart into its parts, with a boundary that it has to
// guess where the named one does not occur.
func findParts(m *Message, h header, body []byte, boundary string) [][]byte {
	sections, note := splitParts(body, boundary)
	if sections == nil && h.encoding() == "base64" {
		// RFC 2045 6.4 forbids it; some gateways do it all the same.
		if sections, note = splitParts(decodeBase64(body), boundary); sections != nil {
			m.warn("a multipart was itself encoded")
		}
	}
	if sections == nil {
		if sniffed := sniffBoundary(body); sniffed != "" {
			sections, note = splitParts(body, sniffed)
			m.warn("the boundary of a multipart was guessed")
		}
	}
	switch {
	case sections == nil && len(bytes.TrimSpace(body)) > 0:
		m.warn("a multipart had no parts: read as text")
	case note != "":
		m.warn("%s", note)
	}
	return sections
}

// room says whether another part may be read.
func (r *reader) room(m *Message) bool {
	if r.parts >= r.limits.Parts {
		m.warn("the mail has more than %d parts: the rest were not read", r.limits.Parts)
		return false
	}
	return r.inTime(m)
}

func (r *reader) inTime(m *Message) bool {
	if time.Now().Before(r.end) {
		return true
	}
	m.warn("reading took longer than %s: the rest was not read", r.limits.Time)
	return false
}

// leaf decodes the content of one part.
func (r *reader) leaf(m *Message, e *entity, h header, body []byte, at place) {
	p := e.part
	p.Data = r.decode(m, p, h.encoding(), body)
	switch {
	case isMail(p):
		r.attachedMail(m, p, body, at)
	case p.Type == "text/html":
		r.htmlText(m, p)
	case isText(p.Type):
		p.Text = r.plainText(m, p)
		if p.Type == "text/plain" && strings.EqualFold(e.params["format"], "flowed") {
			p.Text = unflow(p.Text, strings.EqualFold(e.params["delsp"], "yes"))
		}
	case p.Type == "application/pkcs7-mime" || p.Type == "application/x-pkcs7-mime":
		r.signed(m, e, at)
	case p.Type == "message/partial":
		m.warn("the mail is one piece of several (message/partial)")
	case p.Type == "message/external-body":
		m.warn("part %s is only a pointer to content kept elsewhere", p.Number)
	}
}

// decode removes the transfer encoding, within the limit on all parts together.
func (r *reader) decode(m *Message, p *Part, encoding string, body []byte) []byte {
	left := r.limits.Decoded - r.decoded
	if left < int64(len(body)) {
		// Decoding never makes longer, but for what uuencode's header says, which is bounded by its lines.
		body = body[:max(0, left)]
		p.Truncated = true
		m.warn("the parts are longer than %d MB together: the rest was not read", r.limits.Decoded>>20)
	}
	data, note := decodeTransfer(encoding, body)
	if note != "" {
		m.warn("part %s: %s", p.Number, note)
	}
	r.decoded += int64(len(data))
	return data
}

// attachedMail reads a mail inside the mail. Its parts are numbered under its own number.
func (r *reader) attachedMail(m *Message, p *Part, body []byte, at place) {
	if at.mails >= r.limits.Mails {
		m.warn("mails are attached to mails deeper than %d: not opened", r.limits.Mails)
		p.Truncated = true
		return
	}
	if !looksLikeHeader(p.Data) && looksLikeHeader(body) {
		p.Data = body
	}
	p.Mail = &Message{}
	r.mail(p.Mail, p.Data, p.Number+"/", at.mails+1)
	if p.Name == "" && p.Mail.Subject != "" {
		p.Name = fileName(strings.NewReplacer("/", "-", `\`, "-").Replace(p.Mail.Subject) + ".eml")
	}
}

// signed opens an S/MIME envelope that only signs. Its content is numbered like
// an attached mail's.
func (r *reader) signed(m *Message, e *entity, at place) {
	content := signedContent(e.part.Data)
	if !looksLikeHeader(content) || at.depth >= r.limits.Depth || !r.room(m) {
		return
	}
	r.decoded += int64(len(content))
	h, body := r.header(m, content, true)
	e.children = []*entity{r.entity(m, h, body, place{prefix: e.part.Number + "/", depth: at.depth + 1, mails: at.mails})}
	m.warn("the mail is signed (S/MIME); the signature was not checked")
}

// isMail recognises an attached mail by its type, or by its name and look: some
// clients attach mails as plain files.
func isMail(p *Part) bool {
	switch p.Type {
	case "message/rfc822", "message/global", "message/news":
		return true
	case "application/octet-stream", "text/plain", "application/x-download", "message/rfc-822":
		return strings.HasSuffix(strings.ToLower(p.Name), ".eml") && looksLikeHeader(p.Data)
	}
	return false
}

func isText(mediaType string) bool {
	switch mediaType {
	case "message/delivery-status", "message/disposition-notification", "message/feedback-report",
		"message/global-delivery-status", "message/global-disposition-notification", "message/rfc822-headers":
		return true
	}
	return strings.HasPrefix(mediaType, "text/")
}
