// Package mailboxtest has mail servers for tests: Scripted, a small IMAP
// server that fails in every way asked of it, and Dovecot, the real one from
// the machine's packages, private to the test.
//
// Only test files import it, and it imports nothing of ours, so that package
// mailbox can use it too.
package mailboxtest

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// What servers say they can do. The Exchange lists are the ones seen at
// Microsoft 365, whose greeting names none.
const (
	PlainCaps          = "IMAP4rev1 LITERAL+ SASL-IR IDLE UIDPLUS MOVE AUTH=PLAIN AUTH=XOAUTH2"
	ExchangeCaps       = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
	ExchangeLaterCaps  = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+"
	ExchangeGreeting   = "* OK The Microsoft Exchange IMAP4 service is ready. [TABPADcA]"
	ExchangeThrottled  = "$TAG BAD User is authenticated but not connected.\r\n"
	ExchangeBackoff    = "$TAG BAD Request is throttled. Suggested Backoff Time: 277622 milliseconds\r\n"
	ExchangeWrongHome  = "$TAG OK [Error=\"Microsoft.Exchange.Data.Storage.WrongServerException:Cross Server access is not allowed for mailbox x\" AuthResultFromPopImapEnd=0 Proxy=X.PROD.OUTLOOK.COM:1993:SSL MailboxBE=X Service=Imap4] AUTHENTICATE completed.\r\n"
	ExchangeTokenEnded = "* BYE Session invalidated - AccessTokenExpired\r\n"
)

// StandIn is what Exchange hands out in place of a mail it cannot convert.
const StandIn = "From: \"Microsoft Exchange Server\" <postmaster@dsr.example>\r\n" +
	"To: dsr@dsr.example\r\n" +
	"Subject: Retrieval using the IMAP4 protocol failed for the following message: 12\r\n" +
	"Date: Mon, 2 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" +
	"The server couldn't retrieve the following message:\r\n\r\nSubject: \"Referral\"\r\n\r\n" +
	"The message hasn't been deleted. You might be able to view it using either Outlook or Outlook on the web.\r\n"

// Mail is one mail of a scripted folder. Size without Raw is a mail made while
// it is sent, as big as one likes.
type Mail struct {
	UID   uint32
	Raw   []byte
	Size  int64
	Flags []string
	Date  string // INTERNALDATE as sent; "" is a Monday morning

	Hidden   bool // there for EXISTS, not for SEARCH and FETCH: Exchange's late mails
	Withheld bool // listed, and left out when its bytes are asked for
	Fatal    bool // the connection ends within its bytes, each time
}

func (m Mail) size() int64 {
	if m.Raw == nil {
		return m.Size
	}
	return int64(len(m.Raw))
}

// Box is one folder.
type Box struct {
	UIDValidity uint32
	UIDNext     uint32
	Mails       []Mail
	// PermanentFlags as sent, e.g. `\Seen \Deleted`; "" means `\Deleted \Seen \*`.
	PermanentFlags string
}

// Fault makes one command go wrong. Of its kinds one is set.
type Fault struct {
	On    string // the command: "GREETING", "LOGIN", "SELECT" (EXAMINE too), "UID FETCH", "DONE", …; "" is any
	Skip  int    // so many times it goes well first
	Times int    // how often it strikes; 0 is always

	Silent bool   // never an answer, and the connection stays
	Cut    int    // the connection ends after so many bytes of the answer; -1 before the first
	Say    string // this instead of the answer; $TAG is the command's tag
	Before string // this before the answer
	After  bool   // with Say, or Cut -1: the deed is done all the same
	Empty  bool   // OK and no data
}

// Scripted is an IMAP server for one user with faults to order. It speaks
// what package mailbox asks and no more. Its fields are set before it is
// used; Change is for afterwards.
type Scripted struct {
	User, Password string
	Token          func(token string) bool // nil: no token is good
	Greeting       string                  // without CRLF
	Caps           string
	CapsAfter      string      // after the sign-in; "" is the same
	TLS            *tls.Config // for STARTTLS, or for all of it with Implicit
	Implicit       bool

	mu       sync.Mutex
	boxes    map[string]*Box
	faults   []Fault
	log      []string
	conns    map[net.Conn]bool
	waiting  map[chan string]string // IDLE: channel to folder
	listener net.Listener
	done     sync.WaitGroup
	quit     chan struct{}
}

// NewScripted makes a server with an empty INBOX (UIDVALIDITY 7) and ends it
// with the test. Listen makes it reachable; Serve takes a connection directly.
func NewScripted(t testing.TB) *Scripted {
	s := &Scripted{
		User: "dsr", Password: "secret", Caps: PlainCaps,
		boxes:   map[string]*Box{"INBOX": {UIDValidity: 7, UIDNext: 1}},
		conns:   map[net.Conn]bool{},
		waiting: map[chan string]string{},
		quit:    make(chan struct{}),
	}
	t.Cleanup(s.Stop)
	return s
}

// NewExchange makes one that greets and answers as Microsoft 365 does.
func NewExchange(t testing.TB) *Scripted {
	s := NewScripted(t)
	s.Greeting, s.Caps, s.CapsAfter = ExchangeGreeting, ExchangeCaps, ExchangeLaterCaps
	s.boxes["INBOX"].PermanentFlags = `\Seen \Answered \Flagged \Deleted \Draft $MDNSent`
	return s
}

// Listen opens a port on loopback and returns its number.
func (s *Scripted) Listen(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.listener = l
	s.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.Serve(conn)
		}
	})
	return l.Addr().(*net.TCPAddr).Port
}

// Serve speaks with one client until it or the server ends; it returns at once.
func (s *Scripted) Serve(conn net.Conn) {
	s.mu.Lock()
	s.conns[conn] = true
	s.mu.Unlock()
	s.done.Go(func() {
		s.talk(conn)
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	})
}

// Stop ends all connections and waits for them.
func (s *Scripted) Stop() {
	s.mu.Lock()
	select {
	case <-s.quit:
	default:
		close(s.quit)
	}
	if s.listener != nil {
		_ = s.listener.Close()
	}
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.done.Wait()
}

// Fail orders a fault. Several may stand; the first that fits strikes.
func (s *Scripted) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Mend removes all faults.
func (s *Scripted) Mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Add puts mails into a folder, which is made if need be, and returns their UIDs.
func (s *Scripted) Add(folder string, raws ...[]byte) []uint32 {
	var uids []uint32
	s.Change(folder, func(b *Box) {
		for _, raw := range raws {
			uids = append(uids, b.UIDNext)
			b.Mails = append(b.Mails, Mail{UID: b.UIDNext, Raw: raw})
			b.UIDNext++
		}
	})
	return uids
}

// Change gives a folder, made if need be, to f, and tells whoever waits in IDLE.
func (s *Scripted) Change(folder string, f func(*Box)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[folder]
	if b == nil {
		b = &Box{UIDValidity: 7, UIDNext: 1}
		s.boxes[folder] = b
	}
	f(b)
	for ch, name := range s.waiting {
		if name == folder {
			select {
			case ch <- fmt.Sprintf("* %d EXISTS\r\n", len(b.Mails)):
			default:
			}
		}
	}
}

// Mails returns what a folder holds.
func (s *Scripted) Mails(folder string) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.boxes[folder]; b != nil {
		return slices.Clone(b.Mails)
	}
	return nil
}

// Log returns the commands received so far, without tags, passwords masked.
func (s *Scripted) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// errEnd ends a connection: asked for, cut or lost, the same to the server.
var errEnd = errors.New("end of connection")

// session is one connection.
type session struct {
	s        *Scripted
	conn     net.Conn
	r        *bufio.Reader
	out      io.Writer // where this command's answer goes, perhaps cut
	folder   string
	readOnly bool
	signedIn bool
}

func (s *Scripted) talk(conn net.Conn) {
	if s.Implicit && s.TLS != nil {
		conn = tls.Server(conn, s.TLS)
	}
	c := &session{s: s, conn: conn, r: bufio.NewReader(conn), out: conn}
	greeting := s.Greeting
	if greeting == "" {
		greeting = "* OK [CAPABILITY " + s.Caps + "] ready"
	}
	err := c.answer("GREETING", "*", func() error { return c.print("%s\r\n", greeting) })
	for err == nil {
		err = c.next()
	}
}

func (c *session) next() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	tag, rest, _ := strings.Cut(line, " ")
	name, args, _ := strings.Cut(rest, " ")
	name = strings.ToUpper(name)
	if name == "UID" {
		sub, more, _ := strings.Cut(args, " ")
		name, args = "UID "+strings.ToUpper(sub), more
	}
	if name == "EXAMINE" {
		c.readOnly = true
	} else if name == "SELECT" {
		c.readOnly = false
	}
	c.s.note(name, args)
	on := name
	if name == "EXAMINE" {
		on = "SELECT"
	}
	return c.answer(on, tag, func() error { return c.run(name, tag, args) })
}

func (s *Scripted) note(name, args string) {
	if name == "LOGIN" || name == "AUTHENTICATE" {
		args = "…"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, strings.TrimSpace(name+" "+args))
}

// answer runs a command as the faults will have it.
func (c *session) answer(name, tag string, run func() error) error {
	f, struck := c.s.strike(name)
	if !struck {
		return run()
	}
	say := strings.ReplaceAll(f.Say, "$TAG", tag)
	switch {
	case f.Silent:
		return c.hush()
	case f.After:
		c.out = io.Discard
		err := run()
		c.out = c.conn
		if err != nil || f.Cut != 0 {
			return cmp.Or(err, errEnd)
		}
		return c.print("%s", say)
	case f.Cut != 0:
		c.out = &cutter{w: c.conn, left: max(f.Cut, 0)}
		defer func() { c.out = c.conn }()
		if err := run(); err != nil {
			return err
		}
		return errEnd // even when the answer was shorter
	case f.Say != "":
		return c.print("%s", say)
	case f.Before != "":
		if err := c.print("%s", strings.ReplaceAll(f.Before, "$TAG", tag)); err != nil {
			return err
		}
		return run()
	case f.Empty:
		return c.print("%s OK done\r\n", tag)
	}
	return run()
}

// strike finds the fault for a command and counts it.
func (s *Scripted) strike(name string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.faults {
		f := &s.faults[i]
		if f.On != "" && f.On != name {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				f.Times = -1
			}
		} else if f.Times < 0 {
			continue
		}
		return *f, true
	}
	return Fault{}, false
}

// hush reads on and says nothing until the other side or the server ends.
func (c *session) hush() error {
	_, err := io.Copy(io.Discard, c.r)
	return cmp.Or(err, errEnd)
}

// cutter ends the connection after so many bytes.
type cutter struct {
	w    io.Writer
	left int
}

func (w *cutter) Write(b []byte) (int, error) {
	if len(b) <= w.left {
		w.left -= len(b)
		return w.w.Write(b)
	}
	n, err := w.w.Write(b[:w.left])
	w.left = 0
	if err != nil {
		return n, err
	}
	return n, errEnd
}

func (c *session) print(format string, args ...any) error {
	_, err := fmt.Fprintf(c.out, format, args...)
	return err
}

// line reads one command line, with the literals in it put in as strings.
func (c *session) line() (string, error) {
	var whole strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return "", err
		}
		line = strings.TrimRight(line, "\r\n")
		open := strings.LastIndexByte(line, '{')
		if open < 0 || !strings.HasSuffix(line, "}") {
			whole.WriteString(line)
			return whole.String(), nil
		}
		var n int
		count := strings.TrimSuffix(line[open+1:len(line)-1], "+")
		if _, err := fmt.Sscanf(count, "%d", &n); err != nil || n > 64<<20 {
			return "", fmt.Errorf("literal of %s bytes", count)
		}
		if !strings.HasSuffix(line, "+}") {
			if err := c.print("+ go on\r\n"); err != nil {
				return "", err
			}
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(c.r, data); err != nil {
			return "", err
		}
		whole.WriteString(line[:open])
		whole.WriteString("\x00")
		whole.Write(data)
		whole.WriteString("\x00")
	}
}
