package mailbox

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// The kinds of failure a caller may branch on, by errors.Is.
var (
	// ErrAuth: the server refused the user, password or token. Trying again
	// with the same ones locks accounts; a person must look.
	ErrAuth = errors.New("sign-in refused")
	// ErrToken: no access token was to be had, so nothing was tried.
	ErrToken = errors.New("no access token")
	// ErrUntrusted: the server's certificate is not to be trusted, or it
	// offers no TLS. Nothing was said to it.
	ErrUntrusted = errors.New("connection is not safe")
	// ErrThrottled: the server wants us to stay away for a while (see Backoff).
	ErrThrottled = errors.New("the server asks to slow down")
	// ErrTemporary: the line or the server failed; dial again.
	ErrTemporary = errors.New("connection failed")
	// ErrCut: a mail ended before its declared length. Nothing of it counts.
	ErrCut = fmt.Errorf("mail was cut off: %w", io.ErrUnexpectedEOF)
	// ErrUnanswered: the server said OK and left mails out that were asked
	// for; see Unanswered. They are unread, not gone.
	ErrUnanswered = errors.New("mails asked for were not sent")
	// ErrIncomplete: fewer UIDs were listed than the folder holds. Those
	// listed are good; nothing may be called gone.
	ErrIncomplete = errors.New("list of mails is incomplete")
	// ErrMoved: a move failed at a point where mails may have been moved.
	// List the folder again; what is not in it any more was moved.
	ErrMoved = errors.New("mails may have been moved")
	// ErrNoFolder: there is no such folder.
	ErrNoFolder = errors.New("no such folder")
	// ErrRefused: the server understood and said no, or we did not ask
	// because it could not be.
	ErrRefused = errors.New("the server refuses")
)

// Error is every failure of this package: what was being done, its kind, and
// what caused it. Its text may carry words of the server, never a mail's.
type Error struct {
	Doing string
	Kind  error
	Wait  time.Duration // how long the server asked to be left alone; 0 when it did not say
	Err   error         // may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %v", e.Doing, e.Kind)
	}
	return fmt.Sprintf("%s: %v: %v", e.Doing, e.Kind, e.Err)
}

// Unwrap gives the kind and the cause, so errors.Is finds either.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Unanswered names the mails that a Fetch asked for in vain.
type Unanswered struct{ UIDs []UID }

func (u *Unanswered) Error() string { return fmt.Sprintf("%d missing", len(u.UIDs)) }

// Backoff is how long the server asked us to stay away, 0 when it did not say.
func Backoff(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Wait
	}
	return 0
}

// throttleTexts are the sentences of servers that want fewer connections. The
// first has three known causes at Microsoft 365: throttling, too many
// connections at once, and a shared mailbox the account may not open.
var throttleTexts = []string{
	"authenticated but not connected",
	"throttled",
	"too many connections",
	"too many simultaneous",
	"maximum number of connections",
	"connection limit",
	"bandwidth limit",
	"rate limit",
}

// passingTexts mark a refusal that is about the server's state, not about us.
var passingTexts = []string{
	"server unavailable", "server busy", "temporar", "try again", "internal error", "timeout",
	"accesstokenexpired", "session expired", "wrongserverexception",
}

var backoffPattern = regexp.MustCompile(`(?i)back-?off time: *(\d{1,9}) *(?:milliseconds|ms)`)

// kindOf sorts what a server said. signIn is true where a refusal is about
// the user rather than about a folder or command.
func kindOf(text string, code imap.ResponseCode, bad, signIn bool) (wait time.Duration, kind error) {
	low := strings.ToLower(text)
	if containsAny(low, throttleTexts) {
		return backoffOf(text), ErrThrottled
	}
	switch code {
	case imap.ResponseCodeLimit, imap.ResponseCodeInUse:
		return backoffOf(text), ErrThrottled
	case imap.ResponseCodeUnavailable, imap.ResponseCodeServerBug:
		return 0, ErrTemporary
	case imap.ResponseCodeNonExistent, imap.ResponseCodeTryCreate:
		return 0, ErrNoFolder
	case imap.ResponseCodeAuthenticationFailed, imap.ResponseCodeAuthorizationFailed, imap.ResponseCodeExpired:
		return 0, ErrAuth
	}
	switch {
	case containsAny(low, passingTexts):
		return 0, ErrTemporary
	case signIn && !bad:
		return 0, ErrAuth
	case !signIn && (strings.Contains(low, "doesn't exist") || strings.Contains(low, "does not exist") || strings.Contains(low, "no such mailbox")):
		return 0, ErrNoFolder
	}
	return 0, ErrRefused
}

func backoffOf(text string) time.Duration {
	m := backoffPattern.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	ms, _ := strconv.Atoi(m[1]) // at most nine digits: cannot fail
	return min(time.Duration(ms)*time.Millisecond, 15*time.Minute)
}

func containsAny(s string, subs []string) bool {
	for _, sub := range subs {
		if strings.Contains(s, sub) {
			return true
		}
	}
	return false
}

// tame makes a server's words fit for a log line.
func tame(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return ' '
		}
		return r
	}, s)
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
