package letters

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Sender hands letters to one mail host: one connection a letter, one
// recipient a letter. It may be used by several goroutines at once.
type Sender struct {
	server   Server
	auth     Auth
	hello    string
	timeouts Timeouts
	roots    *tls.Config
}

// Auth is how the sender signs in. The zero value signs in nowhere.
type Auth struct {
	User     string
	Password string
	// Token, where it is set, is asked for an access token before each
	// connection, and XOAUTH2 is used instead of the password.
	Token func(context.Context) (string, error)
}

// Timeouts bound each step. The last reply may take long: a host that scans
// attachments answers late, and hanging up on it makes an Unknown
// (RFC 5321 4.5.3.2 asks for ten minutes).
type Timeouts struct {
	Dial, Command, Content, End time.Duration
}

// DefaultTimeouts are for a mail host in the same country.
func DefaultTimeouts() Timeouts {
	return Timeouts{Dial: 30 * time.Second, Command: time.Minute, Content: 3 * time.Minute, End: 10 * time.Minute}
}

// NewSender makes a sender for server. hello is the name it greets with;
// tlsConfig may be nil and is for hosts with a certificate of their own maker.
func NewSender(server Server, auth Auth, hello string, t Timeouts, tlsConfig *tls.Config) *Sender {
	if hello == "" {
		hello = "localhost"
	}
	cfg := &tls.Config{}
	if tlsConfig != nil {
		cfg = tlsConfig.Clone()
	}
	cfg.ServerName, cfg.MinVersion = server.Host, tls.VersionTLS12
	return &Sender{server: server, auth: auth, hello: hello, timeouts: t, roots: cfg}
}

// Send gives raw, byte for byte, to the mail host for one recipient. It never
// sends part of a letter: after any error the connection is dropped without
// another word, because the next command would end an unfinished letter and
// the host would keep it. When ctx ends, so does the attempt, at once.
func (s *Sender) Send(ctx context.Context, envelopeFrom, to string, raw []byte) Outcome {
	if err := checkSend(envelopeFrom, to, raw); err != nil {
		return Outcome{Class: Failed, Step: StepBytes, Text: trimText(err.Error())}
	}
	sess, step, err := s.open(ctx)
	if err != nil {
		return classify(step, err)
	}
	defer sess.drop()
	reply, step, err := sess.deliver(envelopeFrom, to, raw)
	if err != nil {
		return classify(step, err)
	}
	// The letter is theirs now; how the farewell goes changes nothing.
	sess.within(s.timeouts.Command)
	_ = sess.client.Quit()
	return Outcome{
		Class: Accepted, Step: StepEnd, Code: 250, Text: trimText(reply),
		Enhanced: enhancedStatus.FindString(reply), QueueID: queueID(reply),
	}
}

// Check connects and signs in as Send would and sends nothing.
func (s *Sender) Check(ctx context.Context) error {
	sess, step, err := s.open(ctx)
	if err != nil {
		return fmt.Errorf("mail host at %s: %w", step, err)
	}
	defer sess.drop()
	sess.within(s.timeouts.Command)
	_ = sess.client.Quit()
	return nil
}

func checkSend(from, to string, raw []byte) error {
	for _, a := range []string{from, to} {
		if !plainAddress(a) {
			return fmt.Errorf("%q is not one plain address", a)
		}
	}
	return checkRaw(raw)
}

// session is one connection to the mail host.
type session struct {
	conn     net.Conn
	client   *smtp.Client
	timeouts Timeouts
	stop     func() bool // takes back the interest in the context

	mu    sync.Mutex
	ended bool // the context is over: no deadline may be moved any more
}

// open connects, secures and signs in; on error it has closed everything and
// says at which step it was.
func (s *Sender) open(ctx context.Context) (*session, Step, error) {
	sess := &session{timeouts: s.timeouts}
	conn, step, err := s.dial(ctx)
	if err != nil {
		return nil, step, err
	}
	sess.conn = conn
	sess.stop = context.AfterFunc(ctx, sess.interrupt)
	if step, err := sess.begin(ctx, s); err != nil {
		sess.drop()
		return nil, step, err
	}
	return sess, "", nil
}

func (s *Sender) dial(ctx context.Context) (net.Conn, Step, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeouts.Dial)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.server.Addr())
	if err != nil {
		return nil, StepDial, err
	}
	if s.server.TLS != ImplicitTLS {
		return conn, "", nil
	}
	secure := tls.Client(conn, s.roots)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, StepTLS, err
	}
	return secure, "", nil
}

// begin speaks up to the point where a letter can be named.
func (c *session) begin(ctx context.Context, s *Sender) (Step, error) {
	c.within(s.timeouts.Command)
	client, err := smtp.NewClient(c.conn, s.server.Host)
	if err != nil {
		return StepGreet, err
	}
	c.client = client
	// Addresses are seven-bit, so nothing need be asked of the hosts behind.
	client.SkipSMTPUTF8(true)
	client.SetDSNMailReturnOption("HDRS") // a bounce must not carry the letter
	client.SetDSNRcptNotifyOption("FAILURE,DELAY")
	if err := client.Hello(s.hello); err != nil {
		return StepGreet, err
	}
	if s.server.TLS == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return StepTLS, fmt.Errorf("%w: the mail host does not offer STARTTLS", errStop)
		}
		if err := client.StartTLS(s.roots); err != nil {
			return StepTLS, err
		}
	}
	return StepAuth, c.signIn(ctx, s)
}

// signIn uses what the host offers and we hold. A password goes over an open
// line only where ParseURL allowed one: to this machine.
func (c *session) signIn(ctx context.Context, s *Sender) error {
	if s.auth.User == "" {
		return nil
	}
	offered, list := c.client.Extension("AUTH")
	if !offered {
		return fmt.Errorf("%w: the mail host offers no sign-in", errStop)
	}
	methods := strings.Fields(strings.ToUpper(list))
	if s.auth.Token != nil {
		token, err := s.auth.Token(ctx)
		if err != nil {
			return fmt.Errorf("access token: %w", err)
		}
		return c.client.Auth(smtp.XOAuth2Auth(s.auth.User, token))
	}
	open := s.server.TLS == NoTLS
	switch {
	case slices.Contains(methods, "PLAIN"):
		return c.client.Auth(smtp.PlainAuth("", s.auth.User, s.auth.Password, s.server.Host, open))
	case slices.Contains(methods, "LOGIN"):
		return c.client.Auth(smtp.LoginAuth(s.auth.User, s.auth.Password, s.server.Host, open))
	}
	return fmt.Errorf("%w: the mail host offers neither PLAIN nor LOGIN", errStop)
}

// deliver speaks one transaction and returns the host's last reply.
func (c *session) deliver(from, to string, raw []byte) (string, Step, error) {
	c.within(c.timeouts.Command)
	if err := c.client.Mail("<" + from + ">"); err != nil {
		return "", StepFrom, err
	}
	c.within(c.timeouts.Command)
	if err := c.client.Rcpt("<" + to + ">"); err != nil {
		return "", StepTo, err
	}
	c.within(c.timeouts.Command)
	w, err := c.client.Data()
	if err != nil {
		return "", StepData, err
	}
	c.within(c.timeouts.Content)
	if _, err := w.Write(raw); err != nil {
		return "", StepBody, err
	}
	c.within(c.timeouts.End)
	if err := w.Close(); err != nil {
		return "", StepEnd, err
	}
	closer, ok := w.(*smtp.DataCloser)
	if !ok {
		return "", StepEnd, errors.New("the mail library changed its writer")
	}
	return closer.ServerResponse(), StepEnd, nil
}

// within gives the next step its time, unless the context is over.
func (c *session) within(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		_ = c.conn.SetDeadline(time.Now().Add(d)) // a closed connection says so at the next word
	}
}

// interrupt makes whatever is being waited for fail now.
func (c *session) interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	_ = c.conn.SetDeadline(time.Unix(1, 0))
}

// drop closes the connection without a word.
func (c *session) drop() {
	c.stop()
	_ = c.conn.Close()
}
