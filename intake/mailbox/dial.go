package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
)

// Dial connects, secures the line, signs in and asks what the server can do:
// some say so only after the sign-in (RFC 3501 6.2.2). A refused token is
// tried once more when Account.Token, told of it, gives another one. log may be nil.
func Dial(ctx context.Context, a Account, log *slog.Logger) (*Conn, error) {
	if err := a.check(); err != nil {
		return nil, &Error{Doing: "connect", Kind: ErrRefused, Err: err}
	}
	token, err := a.token(ctx, "")
	if err != nil {
		return nil, err
	}
	c, err := dialOnce(ctx, a, token, log)
	if a.Token == nil || !errors.Is(err, ErrAuth) {
		return c, err
	}
	again, tokenErr := a.token(ctx, token)
	if tokenErr != nil {
		return nil, tokenErr
	}
	if again == token {
		return nil, err
	}
	return dialOnce(ctx, a, again, log)
}

func (a Account) token(ctx context.Context, refused string) (string, error) {
	if a.Token == nil {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout())
	defer cancel()
	token, err := a.Token(ctx, refused)
	if err == nil && token == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", &Error{Doing: signingIn, Kind: ErrToken, Err: err}
	}
	return token, nil
}

func dialOnce(ctx context.Context, a Account, token string, log *slog.Logger) (*Conn, error) {
	l, err := connect(ctx, a)
	if err != nil {
		return nil, err
	}
	return signIn(ctx, a, token, l, log)
}

// connect opens the TCP connection and TLS, within one time limit.
func connect(ctx context.Context, a Account) (*link, error) {
	limited, cancel := context.WithTimeout(ctx, a.timeout())
	defer cancel()
	raw, err := new(net.Dialer).DialContext(limited, "tcp", a.address())
	if err != nil {
		return nil, connectError(ctx, "connect to "+a.address(), ErrTemporary, err)
	}
	stop := context.AfterFunc(limited, func() { _ = raw.Close() })
	l, err := secure(limited, a, raw)
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		_ = raw.Close() // the error that matters is the one we have
		kind := ErrUntrusted
		if _, ok := errors.AsType[net.Error](err); ok || errors.Is(err, io.EOF) || limited.Err() != nil {
			kind = ErrTemporary
		}
		return nil, connectError(ctx, "secure the connection to "+a.address(), kind, err)
	}
	return l, nil
}

func connectError(ctx context.Context, doing string, kind, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	return &Error{Doing: doing, Kind: kind, Err: err}
}

// secure makes of a TCP connection the link that the client speaks over.
func secure(ctx context.Context, a Account, raw net.Conn) (*link, error) {
	config := &tls.Config{ServerName: a.Host, RootCAs: a.RootCAs, MinVersion: tls.VersionTLS12}
	switch a.TLS {
	case None:
		// The name said loopback; what it resolved to must be, too.
		addr, ok := raw.RemoteAddr().(*net.TCPAddr)
		if !ok || !addr.IP.IsLoopback() {
			return nil, errors.New("a connection without TLS left this machine")
		}
		return newLink(raw, raw, a.timeout(), ""), nil
	case StartTLS:
		if err := askTLS(raw); err != nil {
			return nil, err
		}
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		// The client must not believe the greeting that came in clear; it
		// gets an empty one and asks for the capabilities itself.
		return newLink(conn, raw, a.timeout(), "* OK ready\r\n"), nil
	default:
		conn := tls.Client(raw, config)
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return newLink(conn, raw, a.timeout(), ""), nil
	}
}

// askTLS says STARTTLS (RFC 3501 6.2.1) before the client is there, so that
// the client lives wholly inside TLS. It reads byte by byte: whatever a
// stranger has put behind the server's OK goes to the handshake and fails.
func askTLS(raw net.Conn) error {
	hello, err := readLine(raw)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToUpper(hello), "* OK") {
		return fmt.Errorf("the server greets with %q", tame(hello)) // PREAUTH here is an attack
	}
	if _, err := io.WriteString(raw, "S1 STARTTLS\r\n"); err != nil {
		return err
	}
	for range 20 {
		line, err := readLine(raw)
		if err != nil {
			return err
		}
		if answer, ok := strings.CutPrefix(line, "S1 "); ok {
			if strings.HasPrefix(strings.ToUpper(answer), "OK") {
				return nil
			}
			return fmt.Errorf("the server has no STARTTLS: %s", tame(answer))
		}
	}
	return errors.New("the server talks instead of starting TLS")
}

func readLine(r io.Reader) (string, error) {
	var line []byte
	one := make([]byte, 1)
	for len(line) < 8<<10 {
		if _, err := io.ReadFull(r, one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return strings.TrimRight(string(line), "\r"), nil
		}
		line = append(line, one[0])
	}
	return "", errors.New("the server's line is too long")
}

// signIn turns a link into a Conn. On failure nothing is left open.
func signIn(ctx context.Context, a Account, token string, l *link, log *slog.Logger) (*Conn, error) {
	c := newConn(a, l, log)
	err := c.do(ctx, greeting, smallTalk, c.client.WaitGreeting)
	if err == nil {
		err = c.authenticate(ctx, a, token)
	}
	if err == nil {
		err = c.do(ctx, "ask what the server can do", smallTalk, func() error {
			caps, err := c.client.Capability().Wait()
			if caps != nil {
				c.caps = caps
			}
			return err
		})
	}
	if err != nil {
		c.drop(nil)
		return nil, err
	}
	c.log.Debug("mailbox connected", "mailbox", a.Name, "move", c.caps.Has(imap.CapMove), "idle", c.caps.Has(imap.CapIdle))
	return c, nil
}

func (c *Conn) authenticate(ctx context.Context, a Account, token string) error {
	const doing = signingIn
	if c.client.State() == imap.ConnStateAuthenticated {
		return &Error{Doing: doing, Kind: ErrAuth, Err: errors.New("the server signed us in by itself, as somebody")}
	}
	if err := c.do(ctx, greeting, smallTalk, func() error {
		if c.caps = c.client.Caps(); c.caps == nil { // it asks when the greeting did not say
			return errors.New("no list of capabilities")
		}
		return nil
	}); err != nil {
		return err
	}
	caps := c.caps
	switch {
	case token != "":
		if !caps.Has(imap.AuthCap("XOAUTH2")) {
			return &Error{Doing: doing, Kind: ErrAuth, Err: errors.New("the server does not offer XOAUTH2")}
		}
		return c.do(ctx, doing, smallTalk, func() error {
			return c.client.Authenticate(&xoauth2{user: a.User, token: token})
		})
	case caps.Has(imap.AuthCap("PLAIN")) && (caps.Has(imap.CapLoginDisabled) || !isASCII(a.User+a.Password)):
		// LOGIN has no way to say which charset a password is in; PLAIN is UTF-8 (RFC 4616).
		return c.do(ctx, doing, smallTalk, func() error {
			return c.client.Authenticate(sasl.NewPlainClient("", a.User, a.Password))
		})
	case caps.Has(imap.CapLoginDisabled):
		return &Error{Doing: doing, Kind: ErrAuth, Err: errors.New("the server takes no passwords here (LOGINDISABLED)")}
	}
	return c.do(ctx, doing, smallTalk, c.client.Login(a.User, a.Password).Wait)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// xoauth2 is the SASL mechanism of Microsoft and Google for OAuth 2 tokens.
type xoauth2 struct{ user, token string }

func (x *xoauth2) Start() (mech string, ir []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next is asked only when the token was refused: the challenge says why. An
// empty answer would be sent as "=" and be answered with BAD, so the exchange
// ends here, and with it the connection.
func (x *xoauth2) Next(challenge []byte) ([]byte, error) {
	return nil, &tokenRefused{string(challenge)}
}

type tokenRefused struct{ challenge string }

func (t *tokenRefused) Error() string { return "the token was refused: " + tame(t.challenge) }
