package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// Bounds of what the sink keeps; beyond them the oldest letter goes.
const (
	maxLetters    = 500
	maxLetterSize = 10 << 20
)

// sink is an SMTP server that keeps what it is given and relays nothing.
type sink struct {
	addr     string
	now      func() time.Time
	listener net.Listener
	server   *smtp.Server
	ended    chan error

	mu      sync.Mutex
	count   int
	letters []Letter // oldest first
}

func openSink(ctx context.Context, now func() time.Time, log *slog.Logger) (*sink, error) {
	s := &sink{now: now, ended: make(chan error, 1)}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &delivery{sink: s}, nil
	}))
	s.server.Domain = "sink.demo.example"
	s.server.MaxMessageBytes = maxLetterSize
	s.server.MaxRecipients = 10
	s.server.ReadTimeout = time.Minute
	s.server.WriteTimeout = time.Minute
	s.server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.addr = s.listener.Addr().String()
	go func() { s.ended <- s.server.Serve(s.listener) }()
	return s, nil
}

// close stops listening first, as the mailbox does; go-smtp reports a listener
// that is closed already as an error.
func (s *sink) close() error {
	err := s.listener.Close()
	for _, other := range []error{<-s.ended, s.server.Close()} {
		if err == nil && !errors.Is(other, net.ErrClosed) {
			err = other
		}
	}
	if err != nil {
		return fmt.Errorf("close the demo mail sink: %w", err)
	}
	return nil
}

func (s *sink) keep(from string, to []string, raw []byte) {
	letter := readLetter(raw)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	letter.Number, letter.At = s.count, s.now()
	letter.EnvelopeFrom, letter.EnvelopeTo = from, to
	s.letters = append(s.letters, letter)
	if len(s.letters) > maxLetters {
		s.letters = slices.Delete(s.letters, 0, 1)
	}
}

func (s *sink) lastTo(addr string) (Letter, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, letter := range slices.Backward(s.letters) {
		if slices.ContainsFunc(letter.EnvelopeTo, func(to string) bool { return strings.EqualFold(to, addr) }) {
			return letter, true
		}
	}
	return Letter{}, false
}

func (s *sink) numbered(n int) (Letter, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.letters, func(l Letter) bool { return l.Number == n })
	if i < 0 {
		return Letter{}, false
	}
	return s.letters[i], true
}

// Outbox lists the letters that left, the newest first.
func (w *World) Outbox() []Letter {
	w.sink.mu.Lock()
	defer w.sink.mu.Unlock()
	all := slices.Clone(w.sink.letters)
	slices.Reverse(all)
	return all
}

// delivery is one SMTP connection.
type delivery struct {
	sink *sink
	from string
	to   []string
}

func (d *delivery) Reset()        { d.from, d.to = "", nil }
func (d *delivery) Logout() error { return nil }

func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.from = from
	return nil
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = append(d.to, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r) // the server bounds it
	if err != nil {
		return err
	}
	d.sink.keep(d.from, d.to, raw)
	return nil
}
