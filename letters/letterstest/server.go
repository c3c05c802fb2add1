// Package letterstest is a mail host for tests that misbehaves as it is told.
//
// It speaks real SMTP on a loopback port and remembers every letter that it
// really took, whatever it then told the client, so a test can compare what
// the sender believes with what is true. It is for test files only.
package letterstest

import (
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"testing"
)

// Fault is one misbehaviour. At names the point: greeting, EHLO, STARTTLS,
// AUTH, MAIL, RCPT, DATA, body (after the first lines of the letter), end
// (after the dot), RSET or QUIT.
type Fault struct {
	At    string
	Reply string // said instead of the usual reply; several lines by \r\n
	Drop  bool   // then the connection is closed
	Hang  bool   // then nothing more is ever said
	Took  bool   // at end: the letter was taken all the same
	First func() // called before anything else; a host is slow while it has not returned
}

// Options are what the host offers.
type Options struct {
	Implicit bool   // TLS from the first byte
	StartTLS bool   // offered, and required before MAIL
	User     string // if set, a sign-in is required before MAIL
	Password string // for PLAIN and LOGIN
	Token    string // for XOAUTH2
	Methods  string // offered sign-ins; "PLAIN LOGIN XOAUTH2" if empty
	NoDSN    bool
}

// Letter is one mail that the host took.
type Letter struct {
	From, To  string // the whole parameters of MAIL and RCPT
	MessageID string
	Raw       []byte
}

// Server is the running host.
type Server struct {
	Host, Port string

	options  Options
	listener net.Listener
	tls      *tls.Config
	done     chan struct{}
	wait     sync.WaitGroup

	mu       sync.Mutex
	faults   []Fault
	once     []Fault
	whim     func(at string) Fault
	conns    []net.Conn
	letters  []Letter
	commands []string
}

// Start begins to listen and ends with the test.
func Start(t testing.TB, o Options, faults ...Fault) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{options: o, listener: l, faults: faults, done: make(chan struct{}), tls: serverTLS(t)}
	if s.options.Methods == "" {
		s.options.Methods = "PLAIN LOGIN XOAUTH2"
	}
	if s.Host, s.Port, err = net.SplitHostPort(l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	s.wait.Go(s.accept)
	t.Cleanup(s.close)
	return s
}

// ClientTLS trusts this host's certificate.
func (s *Server) ClientTLS() *tls.Config { return clientTLS(s.tls) }

// Misbehave replaces the faults; connections under way meet the new ones.
func (s *Server) Misbehave(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = faults
}

// Whims lets f choose anew at every step of every connection; the zero Fault is
// none. It is asked where no other fault is set.
func (s *Server) Whims(f func(at string) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whim = f
}

// Once adds a fault that happens a single time, before the lasting ones.
func (s *Server) Once(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = append(s.once, f)
}

// Letters gives what was really taken, in order.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Took counts how often the letter with this id was really taken.
func (s *Server) Took(messageID string) int {
	n := 0
	for _, l := range s.Letters() {
		if l.MessageID == messageID {
			n++
		}
	}
	return n
}

// Commands gives every command line so far, those of the sign-in left out.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		s.wait.Go(func() {
			defer func() { _ = c.Close() }()
			talk(s, c)
		})
	}
}

func (s *Server) close() {
	close(s.done)
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

// fault gives what is to go wrong at a step, and uses it up if it was for once.
// A fault that only takes its time is over when it is returned from.
func (s *Server) fault(at string) (Fault, bool) {
	f, found := s.meet(at)
	if whim := s.whims(); !found && whim != nil {
		f, found = whim(at), true
	}
	if f.First != nil {
		f.First()
	}
	return f, found && (f.Reply != "" || f.Drop || f.Hang || f.Took)
}

func (s *Server) whims() func(at string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.whim
}

func (s *Server) meet(at string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.once, atStep(at)); i >= 0 {
		f := s.once[i]
		s.once = slices.Delete(s.once, i, i+1)
		return f, true
	}
	if i := slices.IndexFunc(s.faults, atStep(at)); i >= 0 {
		return s.faults[i], true
	}
	return Fault{}, false
}

// atStep picks the faults of one step.
func atStep(at string) func(Fault) bool { return func(f Fault) bool { return f.At == at } }

func (s *Server) took(l Letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, l)
}

func (s *Server) heard(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, line)
}
