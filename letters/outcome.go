package letters

import (
	"crypto/tls"
	"errors"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Class says what became of one attempt, and so what may be done next.
type Class string

// The five ends of an attempt.
const (
	// Accepted: the mail host took the letter. It says nothing about arrival.
	Accepted Class = "accepted"
	// Retry: surely not taken; the same bytes may go again later.
	Retry Class = "retry"
	// Failed: surely not taken and never will be; a person looks at it.
	Failed Class = "failed"
	// Unknown: nobody can know whether it was taken. Sending it again may
	// send it twice, not sending it may lose it: the kind of letter decides.
	Unknown Class = "unknown"
	// Stop: surely not taken, and every other letter would fare the same
	// (login, certificate, our own address): the whole sender stops.
	Stop Class = "stop"
)

// Step is the point of the SMTP dialogue at which an attempt ended.
type Step string

// The steps in their order.
const (
	StepBytes Step = "bytes" // before any connection: the bytes cannot travel
	StepDial  Step = "dial"
	StepGreet Step = "greeting"
	StepTLS   Step = "tls"
	StepAuth  Step = "auth"
	StepFrom  Step = "mail from"
	StepTo    Step = "rcpt to"
	StepData  Step = "data"    // the DATA command; nothing of the letter has gone
	StepBody  Step = "content" // the letter itself
	StepEnd   Step = "end of content"
)

// Outcome is what one attempt came to. Text is the mail host's own words, for
// staff to read and for no log: hosts repeat addresses in them.
type Outcome struct {
	Class    Class
	Step     Step
	Code     int    // the host's reply, 0 if there was none
	Enhanced string // its enhanced status (RFC 3463), "" if there was none
	Text     string
	QueueID  string // the host's own name for the letter, if it gave one
}

// classify decides on an error at a step. What follows the DATA command
// without a reply is Unknown: the connection may have died before the host had
// the letter or after it took it, and both look the same from here.
func classify(step Step, err error) Outcome {
	o := Outcome{Class: Retry, Step: step, Text: trimText(err.Error())}
	if step == StepBody || step == StepEnd {
		o.Class = Unknown
	}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		o.Code, o.Text = reply.Code, trimText(reply.Msg)
		o.Enhanced = enhancedStatus.FindString(reply.Msg)
		o.Class = o.replyClass()
	}
	if errors.Is(err, errStop) || notTLS(err) {
		o.Class = Stop
	}
	return o
}

// notTLS says whether the line could not be made safe, which the next attempt
// will not mend: a certificate of somebody else, or a host that speaks no TLS.
func notTLS(err error) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	return errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &alert)
}

// errStop marks what no retry mends: the host does not offer what we insist on.
var errStop = errors.New("sender must stop")

// replyClass decides on a reply of the mail host.
func (o Outcome) replyClass() Class {
	switch {
	case o.Code >= 400 && o.Code < 500:
		return Retry
	case o.Code < 500:
		// A reply that means something else than was asked. After the content
		// it may mean that the letter was taken.
		if o.Step == StepEnd {
			return Unknown
		}
		return Retry
	case o.AboutHost():
		return Stop // a refusal before any letter was named is not about a letter
	case o.Step == StepFrom && (o.about("5.7.") || o.about("5.1.7") || o.about("5.1.8") || o.Code == 530 || o.Code == 535):
		return Stop // our own address or our right to send
	case o.Code == 552, o.about("5.2.2"):
		return Retry // full: RFC 5321 4.5.3.1.10 lets 552 be temporary
	}
	return Failed
}

// AboutHost says that the attempt ended before any letter was named: the next
// letter would have fared the same, and this one is no worse for it.
func (o Outcome) AboutHost() bool {
	return o.Step == StepDial || o.Step == StepGreet || o.Step == StepTLS || o.Step == StepAuth
}

func (o Outcome) about(status string) bool { return strings.HasPrefix(o.Enhanced, status) }

var enhancedStatus = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)

// maxText keeps a talkative host from filling the letter's history.
const maxText = 300

func trimText(s string) string {
	s = oneLine(s)
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText-1]) + "…"
	}
	return s
}

// queueName matches the ways in which mail hosts name a letter they took:
// "queued as ABC", "Queued mail for delivery id=ABC", "OK id=ABC".
var queueName = regexp.MustCompile(`(?i)(?:queued(?: mail for delivery)? as|\bid[= :]|\[internalid=)\s*<?([A-Za-z0-9._:-]{4,100})`)

func queueID(reply string) string {
	if m := queueName.FindStringSubmatch(reply); m != nil {
		return m[1]
	}
	return ""
}

// Waits between attempts, and how long a letter is tried at all. A full
// mailbox is seldom emptied on the second day.
var waits = [...]time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 4 * time.Hour}

const (
	giveUpAfter     = 48 * time.Hour
	giveUpFullAfter = 24 * time.Hour
)

// Backoff is the wait after attempt (the first is 1) ended in o. Letters that
// failed together must not come back together: rnd, from 0 to 1, spreads them
// by a fifth either way. A letter of its own host's full mailbox waits at
// least an hour.
func Backoff(attempt int, o Outcome, rnd float64) time.Duration {
	i := min(max(attempt, 1), len(waits)) - 1
	wait := waits[i]
	if o.full() {
		wait = max(wait, time.Hour)
	}
	return time.Duration(float64(wait) * (0.8 + 0.4*min(max(rnd, 0), 1)))
}

// GiveUp is how long after its first attempt a letter that ended in o is still
// tried; after that a person looks at it.
func GiveUp(o Outcome) time.Duration {
	if o.full() {
		return giveUpFullAfter
	}
	return giveUpAfter
}

func (o Outcome) full() bool {
	return o.about("4.2.2") || o.about("5.2.2") || o.Code == 552
}

// String is what a log may carry: no words of the mail host.
func (o Outcome) String() string {
	s := string(o.Class) + " at " + string(o.Step)
	if o.Code != 0 {
		s += " " + strconv.Itoa(o.Code)
	}
	if o.Enhanced != "" {
		s += " " + o.Enhanced
	}
	return s
}
