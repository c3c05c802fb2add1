package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// link is the net.Conn that the IMAP client is given. The client has no time
// limit for a command, no limit for what it buffers, and no context; link has
// all three. It ignores the client's own deadlines, which are constants meant
// for a reader that is never slow.
//
// Time is counted only while a Read waits for the server and a command is
// under way, so a slow database behind a Fetch is never taken for a silent
// server. The clock read here sets socket deadlines and nothing else.
type link struct {
	conn    net.Conn // TLS, or bare on loopback
	raw     net.Conn // what is closed: closing TLS would wait for a peer that no longer reads
	timeout time.Duration

	mu     sync.Mutex
	pre    []byte        // said before the server speaks (the greeting again, after STARTTLS)
	armed  bool          // a command is under way
	since  time.Time     // when it began
	limit  time.Duration // silence allowed while armed
	left   time.Duration // what is left of it until the next progress
	got    int           // bytes since the last progress
	why    error         // why we closed, nil when the other side did
	closed bool
	wire   wire
}

// progress is how much must arrive to earn another full time limit: a server
// that drips a byte now and then is as good as silent.
const progress = 16 << 10

var errClosed = errors.New("closed by us")

func newLink(conn, raw net.Conn, timeout time.Duration, pre string) *link {
	return &link{conn: conn, raw: raw, timeout: timeout, pre: []byte(pre), wire: wire{budget: smallTalk}}
}

// arm starts the clock for one command. budget bounds what the server may say
// outside of mails until the next arm.
func (l *link) arm(limit time.Duration, budget int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed, l.since, l.limit, l.left, l.got = true, time.Now(), limit, limit, 0
	l.wire.budget = budget
	// The client's reader already waits in Read: this deadline reaches it there.
	_ = l.conn.SetReadDeadline(l.since.Add(limit)) // an error would come back from Read
}

// disarm lets the server be silent, between commands and during IDLE.
func (l *link) disarm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.armed = false
	_ = l.conn.SetReadDeadline(time.Time{})
}

// cut closes the connection and remembers the first reason. It never waits.
func (l *link) cut(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.closed = true
	l.why = why
	_ = l.raw.Close() // nothing is pending that a failing close could lose
}

// reason says why the connection ended, as far as this side knows, and the
// server's last words.
func (l *link) reason() (bye string, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wire.bye, l.why
}

func (l *link) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

func (l *link) Read(b []byte) (int, error) {
	l.mu.Lock()
	if len(l.pre) > 0 {
		n := copy(b, l.pre)
		l.pre = l.pre[n:]
		l.mu.Unlock()
		return n, nil
	}
	began := time.Now()
	if l.armed {
		_ = l.conn.SetReadDeadline(began.Add(l.left))
	}
	l.mu.Unlock()

	n, err := l.conn.Read(b)

	l.mu.Lock()
	if l.armed {
		if began.Before(l.since) {
			began = l.since // it waited before anything was asked: not the server's time
		}
		l.spend(n, time.Since(began))
	}
	hostile := l.wire.scan(b[:n])
	silent := l.armed && isTimeout(err)
	limit := l.limit
	l.mu.Unlock()
	switch {
	case hostile != nil:
		l.cut(hostile)
		return 0, hostile
	case silent:
		err = fmt.Errorf("the server was silent for %v", limit)
		l.cut(err)
	case isTimeout(err):
		// A deadline that was lifted while it struck: nobody waits.
		return n, nil
	}
	return n, err
}

// spend takes waiting time from what is left until progress earns it anew.
func (l *link) spend(n int, waited time.Duration) {
	l.left -= waited
	l.got += n
	if l.got >= progress {
		l.left, l.got = l.limit, 0
	}
}

// Write gives each 64 KiB its own time, so a long letter on a slow line is
// not taken for a stuck one.
func (l *link) Write(b []byte) (int, error) {
	done := 0
	for done < len(b) {
		piece := b[done:min(done+64<<10, len(b))]
		if err := l.conn.SetWriteDeadline(time.Now().Add(l.timeout)); err != nil {
			return done, err
		}
		n, err := l.conn.Write(piece)
		done += n
		if err != nil {
			l.cut(fmt.Errorf("the server takes nothing: %w", err))
			return done, err
		}
	}
	return done, nil
}

// Close is called by the client when it gives up.
func (l *link) Close() error {
	l.cut(nil)
	return nil
}

func (l *link) LocalAddr() net.Addr              { return l.raw.LocalAddr() }
func (l *link) RemoteAddr() net.Addr             { return l.raw.RemoteAddr() }
func (l *link) SetDeadline(time.Time) error      { return nil } // ours alone
func (l *link) SetReadDeadline(time.Time) error  { return nil }
func (l *link) SetWriteDeadline(time.Time) error { return nil }

func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// wire watches what the server says: it skips the literals of mails, counts
// the rest, and stops what would hurt the client's decoder.
type wire struct {
	budget int64 // bytes outside of mails still allowed
	skip   int64 // bytes of a mail's literal still to come
	depth  int   // open parentheses of this line
	line   []byte
	bye    string
}

// maxDepth is far above any answer we ask for; the client's BODYSTRUCTURE
// reader recurses without a limit and takes the process with it.
const maxDepth = 64

var (
	errTalk  = errors.New("the server said too much")
	errDepth = errors.New("the server sent a list nested too deeply")
	errZero  = errors.New("the server named a message number 0")
	// bodyLiteral ends the line before a mail's bytes, the only literal that
	// may be long. All others count as talk, because the client keeps them in
	// memory.
	bodyLiteral = regexp.MustCompile(`(?i)BODY\[[A-Z.]*\](?:<\d+>)? \{(\d{1,18})\}$`)
)

func (w *wire) scan(b []byte) error {
	for len(b) > 0 {
		if w.skip > 0 {
			n := min(w.skip, int64(len(b)))
			w.skip -= n
			b = b[n:]
			continue
		}
		n := bytes.IndexByte(b, '\n') + 1
		if n == 0 {
			n = len(b)
		}
		if err := w.talk(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// talk counts one piece of a line, which may be its end.
func (w *wire) talk(b []byte) error {
	if w.budget -= int64(len(b)); w.budget < 0 {
		return errTalk
	}
	for _, c := range b {
		switch c {
		case '(':
			w.depth++
		case ')':
			w.depth--
		}
		if w.depth > maxDepth {
			return errDepth
		}
	}
	w.keep(b)
	if b[len(b)-1] != '\n' {
		return nil
	}
	return w.endLine()
}

// keep holds a line's beginning and end: enough to know a BYE and a literal.
func (w *wire) keep(b []byte) {
	w.line = append(w.line, b...)
	if len(w.line) > 1024 {
		w.line = append(w.line[:512], w.line[len(w.line)-256:]...)
	}
}

func (w *wire) endLine() error {
	line := strings.TrimRight(string(w.line), "\r\n ")
	w.line, w.depth = w.line[:0], 0
	head := strings.ToUpper(line[:min(len(line), 12)])
	if strings.HasPrefix(head, "* BYE") {
		w.bye = tame(line[len("* BYE"):])
	}
	// RFC 3501 9: message numbers begin at 1. The client's loops take 0 for
	// their end and would leave its reader waiting for ever.
	if strings.HasPrefix(head, "* 0 EXPUN") || strings.HasPrefix(head, "* 0 FETCH") {
		return errZero
	}
	if !strings.HasSuffix(line, "}") {
		return nil
	}
	if m := bodyLiteral.FindStringSubmatch(line); m != nil {
		w.skip, _ = strconv.ParseInt(m[1], 10, 64) // at most 18 digits: cannot fail
	}
	return nil
}
