package letters

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/wneessen/go-mail"
)

// Mail is everything that a letter's bytes are made of. Nothing else goes in:
// no clock, no random number, no host name.
type Mail struct {
	From        netmail.Address
	ReplyTo     string // the plain mailbox, without a name
	To          netmail.Address
	Subject     string
	Date        time.Time
	MessageID   string   // with its angle brackets, see MessageID
	InReplyTo   string   // the mail that this letter answers, if any
	References  []string // the thread so far, oldest first
	Automatic   bool     // no person decided to send this: L1, L2 and L14
	Text        string
	HTML        string
	Attachments []Attachment
}

// Attachment is one file of a letter, from memory: a reader that fails while
// sending would deliver half a letter.
type Attachment struct {
	Name string
	Type string // a media type, with its parameters if it needs any
	Data []byte
}

// Limits of a letter. A list of references longer than this says nothing more
// to a mail program; mail hosts refuse what is larger than about 25 MB.
const (
	maxReferences  = 20
	maxLetterBytes = 20 << 20
	maxLineOctets  = 998 // RFC 5322 2.1.1
)

// Render composes the complete mail. The result is seven-bit with CRLF line
// ends and is equal for equal input, so it can be stored, approved by its hash
// and sent any number of times.
func Render(m Mail) ([]byte, error) {
	msg, err := message(m)
	if err != nil {
		return nil, fmt.Errorf("render letter: %w", err)
	}
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("render letter: %w", err)
	}
	raw := fixBoundaries(b.Bytes(), m.MessageID)
	if err := checkRaw(raw); err != nil {
		return nil, fmt.Errorf("render letter: %w", err)
	}
	return raw, nil
}

// Hash is the name by which a letter's bytes are approved.
func Hash(raw []byte) [32]byte { return sha256.Sum256(raw) }

// message fills go-mail's message. Only values are taken from m, never header
// names: go-mail writes names, content types and preformatted values unescaped.
func message(m Mail) (*mail.Msg, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithEncoding(mail.EncodingQP), mail.WithNoDefaultUserAgent())
	// The forms that take a name and an address as text put quotes round the
	// name and parse again: a name with a quote in it is then refused.
	msg.FromMailAddress(&netmail.Address{Name: oneLine(m.From.Name), Address: m.From.Address})
	msg.ToMailAddress(&netmail.Address{Name: oneLine(m.To.Name), Address: m.To.Address})
	msg.ReplyToMailAddress(&netmail.Address{Address: m.ReplyTo})
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(strings.Trim(m.MessageID, "<>"))
	if m.InReplyTo != "" {
		msg.SetGenHeader(mail.HeaderInReplyTo, m.InReplyTo)
	}
	if refs := threadOf(m); refs != "" {
		msg.SetGenHeader(mail.HeaderReferences, refs)
	}
	if m.Automatic {
		// RFC 3834 5: an automatic answer says that it is one, so that no
		// other machine answers it. A decision is a person's and does not.
		msg.SetGenHeader("Auto-Submitted", "auto-replied")
		msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	for _, a := range m.Attachments {
		msg.AttachReadSeeker(safeName(a.Name), bytes.NewReader(a.Data),
			mail.WithFileContentType(mail.ContentType(a.Type)), mail.WithFileEncoding(mail.EncodingB64))
	}
	return msg, nil
}

func (m Mail) check() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	need(m.Subject != "", "no subject")
	need(m.Text != "", "no text")
	need(!m.Date.IsZero(), "no date")
	need(validID(m.MessageID), "no valid message id")
	need(m.InReplyTo == "" || validID(m.InReplyTo), "the id of the mail it answers is not valid")
	for _, a := range []string{m.From.Address, m.To.Address, m.ReplyTo} {
		need(plainAddress(a), fmt.Sprintf("%q is not one plain address", a))
	}
	for _, a := range m.Attachments {
		need(len(a.Data) > 0, "attachment without content: "+safeName(a.Name))
		need(mediaType.MatchString(a.Type), "attachment without a media type: "+safeName(a.Name))
	}
	return errors.Join(errs...)
}

// mediaType is deliberately narrow: the value is written to the mail as it is.
var mediaType = regexp.MustCompile(`^[a-z]+/[a-z0-9.+-]+(; [a-z-]+=[A-Za-z0-9.-]+)*$`)

// plainAddress says whether a is one bare seven-bit address. Addresses beyond
// that need SMTPUTF8 all the way, which few hosts of families offer.
func plainAddress(a string) bool {
	for _, r := range a {
		if r <= ' ' || r > '~' || strings.ContainsRune(`<>,;:"()[]\`, r) {
			return false
		}
	}
	parsed, err := netmail.ParseAddress(a)
	return err == nil && parsed.Address == a && parsed.Name == ""
}

// validID says whether id is an angle-bracketed message id that can be written
// to a header without being changed.
func validID(id string) bool {
	if len(id) < 5 || len(id) > 900 || id[0] != '<' || id[len(id)-1] != '>' {
		return false
	}
	inner := id[1 : len(id)-1]
	return strings.Contains(inner, "@") && strings.IndexFunc(inner, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '<' || r == '>'
	}) < 0
}

// threadOf gives the References of the answer: what the answered mail had, and
// that mail itself (RFC 5322 3.6.4). Ids that cannot be written are left out.
func threadOf(m Mail) string {
	var ids []string
	for _, id := range append(slices.Clone(m.References), m.InReplyTo) {
		if validID(id) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) > maxReferences {
		ids = append(ids[:1], ids[len(ids)-maxReferences+1:]...)
	}
	return strings.Join(ids, " ")
}

// oneLine strips what may not stand in a name or subject: line ends and
// controls would begin a new header, and the marks that turn writing round
// (U+202E and its kin) would show another name than the stored one.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// safeName makes a file name of letters, digits, dots and dashes.
func safeName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '-') {
			return r
		}
		return '-'
	}, oneLine(s))
	s = strings.Trim(s, "-.")
	if s == "" {
		return "letter"
	}
	return s
}

var boundaryParam = regexp.MustCompile(`boundary=([0-9A-Za-z]{20,70})\r\n`)

// fixBoundaries replaces go-mail's random boundaries by derived ones. Its own
// SetBoundary gives the outer and the inner part the same one, and a reader
// then loses the attachments. "=_" can stand neither in quoted-printable nor
// in base64 (RFC 2045 6.7), so no text can end a part early.
func fixBoundaries(raw []byte, id string) []byte {
	sum := sha256.Sum256([]byte(id))
	for i, m := range boundaryParam.FindAllSubmatch(raw, -1) {
		fixed := fmt.Appendf(nil, "=_%d_%x", i+1, sum[:12])
		raw = bytes.ReplaceAll(raw, append([]byte("boundary="), m[1]...), fmt.Appendf(nil, "boundary=%q", fixed))
		raw = bytes.ReplaceAll(raw, append([]byte("--"), m[1]...), append([]byte("--"), fixed...))
	}
	return raw
}

// checkRaw says whether raw can travel through any mail host unchanged.
func checkRaw(raw []byte) error {
	if len(raw) == 0 {
		return errors.New("empty letter")
	}
	if len(raw) > maxLetterBytes {
		return fmt.Errorf("letter of %d bytes is larger than mail hosts take", len(raw))
	}
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		return errors.New("the last line has no end")
	}
	for n, line := range bytes.Split(raw, []byte("\n")) {
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > maxLineOctets {
			return fmt.Errorf("line %d is longer than %d", n+1, maxLineOctets)
		}
		if i := bytes.IndexFunc(line, func(r rune) bool { return r > '~' || r < ' ' && r != '\t' }); i >= 0 {
			return fmt.Errorf("line %d is not seven-bit text", n+1)
		}
	}
	if bytes.Count(raw, []byte("\n")) != bytes.Count(raw, []byte("\r\n")) {
		return errors.New("bare line feed")
	}
	return nil
}
