// Package message turns the bytes of a mail into a Message. It never refuses:
// whatever the bytes are, Read returns what it found and a list of what was
// wrong, because a mail that a program cannot read is still a family's mail
// and a person must be able to look at it.
//
// It promises valid UTF-8 without NUL in every string, parts numbered as IMAP
// numbers them, and an end within Limits for any input. It does not judge what
// a mail means (package reading) and does not open documents (package
// document). It does no I/O.
//
// go-message reads the header fields that keep to RFC 5322: addresses, dates
// and identifiers. It refuses a mail that it finds malformed, so header blocks,
// boundaries, encodings and charsets are read here, as far as they go.
package message

import "time"

// Limits bound what Read does; beyond one of them the mail keeps what was read
// and gets a warning. The zero value means the defaults of DefaultLimits.
type Limits struct {
	Bytes   int64         // raw bytes read
	Parts   int           // MIME leaves and multiparts together
	Depth   int           // nesting of multiparts
	Mails   int           // depth of mails attached to mails
	Header  int           // bytes of one header block
	Decoded int64         // decoded bytes of all parts together
	Time    time.Duration // for the whole of Read
}

// Message is a mail as a reader needs it. Offsets anywhere in package intake's
// leaves are byte offsets into UTF-8 text; `dsr parse` alone prints code points.
type Message struct {
	Header     []Field // in order, decoded
	From       []Address
	Sender     []Address
	ReplyTo    []Address
	To         []Address
	Cc         []Address
	ReturnPath *Address // nil without the field; Addr "" for the null path <>
	Subject    string
	Date       time.Time // zero when missing or unreadable; only shown, never trusted
	MessageID  string    // without angle brackets; "" when missing
	InReplyTo  []string  // ids without angle brackets
	References []string
	Parts      []Part // leaves in order of appearance
	Warnings   []string
}

// Field is one header field, its value unfolded and decoded (RFC 2047).
type Field struct{ Name, Value string }

// Address is a mailbox: a display name (may be empty) and an addr-spec in lower case.
type Address struct{ Name, Addr string }

// Role says what a part is for in its mail.
type Role string

const (
	Body         Role = "body"        // the text that a reader sees first: one part, or several in multipart/mixed
	Alternative  Role = "alternative" // the same words as the body in another form (HTML beside plain)
	Inline       Role = "inline"      // a picture of an HTML body
	Attached     Role = "attached"    // a file
	AttachedMail Role = "mail"        // message/rfc822: Mail is set
)

// Part is one leaf of a mail.
type Part struct {
	Number    string // as IMAP numbers it: "1", "2.1"; inside an attached mail "3/1.2"
	Type      string // media type, lower case
	Charset   string // as labelled
	Name      string // file name, controls removed, no path; may be empty
	ContentID string
	Role      Role
	Data      []byte   // decoded bytes (transfer encoding removed)
	Text      string   // of text parts: UTF-8, lines end in \n; of HTML: its visible text, tables kept as lines
	Mail      *Message // of an attached mail
	Truncated bool     // a limit cut it
}

// HTML is the source of an HTML part, which Text holds only as it reads; "" for
// every other part. It is whatever the writer sent: never show it uncleaned.
func (p Part) HTML() string {
	if p.Type != "text/html" {
		return ""
	}
	text, _ := decodeHTML(p.Data, p.Charset)
	return text
}

// Get returns the first value of the named header field, or "".
func (m *Message) Get(name string) string {
	for _, f := range m.Header {
		if equalFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if 'A' <= x && x <= 'Z' {
			x += 'a' - 'A'
		}
		if 'A' <= y && y <= 'Z' {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}

// Origin says who or what made a mail. Machines are never answered (RFC 3834 section 2).
type Origin string

const (
	Human     Origin = "human"
	AutoReply Origin = "auto_reply"    // out of office and other automatic answers
	Bounce    Origin = "bounce"        // delivery status notification (RFC 3464) or its free-text kin
	Receipt   Origin = "receipt"       // read receipt (RFC 8098), recall notice, meeting response
	List      Origin = "list"          // mailing list, newsletter, bulk
	Notice    Origin = "secure_notice" // only says that a message waits behind a portal
)

// Made is Origin with its reasons and, for a bounce, what it reports.
type Made struct {
	Origin     Origin
	Why        []string // header fields or phrases that showed it, for people
	NeverReply bool     // null return path, Auto-Submitted, list, mailer-daemon, our own loop: no automatic letter
	OnlyAck    bool     // with NeverReply: Precedence is the only sign; no acknowledgement, but a crisis letter goes
	Bounces    []Delivery
	About      []string // Message-IDs (without brackets) of the mail it answers, best first
}

// Delivery is what a bounce says of one recipient.
type Delivery struct {
	Recipient string // addr-spec, lower case
	Action    string // failed, delayed, delivered, relayed, expanded
	Status    string // enhanced status code, "5.1.1"; "" when only words were found
	Text      string // the reporting host's words
}

// SegmentKind says whose words a stretch of text is.
type SegmentKind string

const (
	New        SegmentKind = "new"
	Forwarded  SegmentKind = "forwarded"   // in a referral mailbox the forward IS the referral
	QuotedOurs SegmentKind = "quoted_ours" // our own letter below a reply
	Quoted     SegmentKind = "quoted"      // somebody else's mail below a reply
	Signature  SegmentKind = "signature"
	Disclaimer SegmentKind = "disclaimer"
)

// Segment marks text[Start:End]; segments are in order, do not overlap and cover the text.
type Segment struct {
	Kind       SegmentKind
	Start, End int
	From       Address // author of a forwarded or quoted segment, where a header block names one
}
