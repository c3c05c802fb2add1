package demo

import (
	"bytes"
	"embed"
	"fmt"
	"regexp"
	"strings"
	"time"
)

//go:embed mails
var mails embed.FS

// onButton is the time of a mail that waits for the button.
const onButton = time.Duration(-1)

// sample is one mail of the demo.
type sample struct {
	name    string
	after   time.Duration
	answers string // address whose last letter it answers; "" none
	raw     []byte
}

// loadSamples reads the embedded order and mails.
func loadSamples() ([]sample, error) {
	order, err := mails.ReadFile("mails/order.txt")
	if err != nil {
		return nil, err
	}
	var all []sample
	for line := range strings.Lines(string(order)) {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) < 2 || len(words) > 3 {
			return nil, fmt.Errorf("order.txt: %q is not WHEN MAIL [ANSWERS]", strings.TrimSpace(line))
		}
		s := sample{name: words[1], after: onButton}
		if words[0] != "button" {
			if s.after, err = time.ParseDuration(words[0]); err != nil {
				return nil, fmt.Errorf("order.txt: %s: %w", s.name, err)
			}
		}
		if len(words) == 3 {
			s.answers = words[2]
		}
		if s.raw, err = mails.ReadFile("mails/" + s.name + ".eml"); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// headerDate is a date as Date and Received write it (RFC 5322 section 3.3).
var headerDate = regexp.MustCompile(`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}`)

// fresh makes the dates of a mail's own header those of now; dates within the
// text are the writer's words and stay.
func fresh(raw []byte, now time.Time) []byte {
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		end = len(raw)
	}
	stamp := []byte(now.Format(time.RFC1123Z))
	return append(headerDate.ReplaceAllLiteral(raw[:end:end], stamp), raw[end:]...)
}

// answer fills in the holes of a mail that answers a letter.
func answer(raw []byte, letter Letter) []byte {
	for hole, value := range map[string]string{
		"{{LETTER-ID}}":      letter.MessageID,
		"{{LETTER-SUBJECT}}": letter.rawSubject,
		"{{LETTER-QUOTED}}":  quoted(letter),
	} {
		raw = bytes.ReplaceAll(raw, []byte(hole), []byte(value))
	}
	return raw
}

// quoted is the letter's text as a mail program puts it below a reply.
func quoted(letter Letter) string {
	var b strings.Builder
	fmt.Fprintf(&b, "On %s, %s wrote:\r\n", letter.At.Format("Monday 2 January 2006 at 15:04"), letter.From)
	for line := range strings.Lines(letter.Text) {
		b.WriteString(strings.TrimRight("> "+strings.TrimRight(line, "\r\n"), " ") + "\r\n")
	}
	return b.String()
}
