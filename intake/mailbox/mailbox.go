// Package mailbox reads a mailbox over IMAP without losing a mail. It is the
// one package that speaks to go-imap's client, and it stands between that
// client's faults and everybody else.
//
// It promises:
//   - No mail is taken for whole that is not. A Mail's Body ends with io.EOF
//     only after exactly Size bytes; a cut literal ends with ErrCut.
//   - No call waits for ever. A server that says nothing for Account.Timeout
//     is left, a cancelled context closes the connection, Close always ends
//     and leaves no goroutine.
//   - A hostile or broken server costs a connection, not the process: what it
//     says outside of mails is counted and bounded, and structures that the
//     client would build in memory (BODYSTRUCTURE, ENVELOPE) are never asked.
//   - Nothing in the mailbox changes unless Flag, Move or Append is called,
//     and a move that went wrong half way says so (ErrMoved).
//   - The password or token goes only over verified TLS, or over loopback.
//
// It does not promise that a mail's size, date, flags or a UID list are true:
// they are what the server said. It keeps no ledger, takes no decisions and
// does not reconnect; its caller does. On every failure the caller gets an
// *Error of one of the kinds below, and after most of them the connection is
// gone: close it and dial again.
//
// A Conn belongs to one goroutine at a time.
package mailbox

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

// UID numbers a mail within one folder and one UIDVALIDITY (RFC 3501 2.3.1.1).
type UID uint32

// TLSMode says how the connection is protected.
type TLSMode int

// The three ways to connect. None is refused beyond loopback.
const (
	Implicit TLSMode = iota // TLS from the first byte, port 993
	StartTLS                // STARTTLS before anything else is said, port 143
	None                    // in clear, to this machine only
)

// Account is one mailbox to sign in to.
type Account struct {
	Name     string // the operator's short name for it; stands in ledger and logs
	User     string
	Host     string
	Port     int
	TLS      TLSMode
	Folders  []string
	Password string
	// Token gives a current OAuth 2 access token; when set, XOAUTH2 is used
	// and Password is not. It is asked at each Dial, and once more with the
	// token that the server refused, "" at first.
	Token func(ctx context.Context, refused string) (string, error)
	// RootCAs are the authorities believed; nil means the machine's own.
	RootCAs *x509.CertPool
	// Timeout is how long the server may be silent within one command; 0
	// means 30 seconds.
	Timeout time.Duration
}

// String leaves the secrets out, so that an Account may be printed.
func (a Account) String() string {
	return fmt.Sprintf("%s (%s at %s)", a.Name, a.User, a.address())
}

// LogValue is all that a log line may hold of an account.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.Name) }

const defaultTimeout = 30 * time.Second

func (a Account) timeout() time.Duration {
	if a.Timeout <= 0 {
		return defaultTimeout
	}
	return a.Timeout
}

func (a Account) address() string {
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// check refuses an account that must not be dialled at all.
func (a Account) check() error {
	switch {
	case a.Host == "" || a.Port <= 0 || a.Port > 65535:
		return fmt.Errorf("no server to connect to: %q", a.address())
	case a.User == "":
		return errors.New("no user name")
	case a.Password == "" && a.Token == nil:
		return errors.New("neither a password nor an OAuth 2 token")
	case strings.ContainsAny(a.User, "\x00\x01\r\n"), strings.ContainsAny(a.Password, "\x00\r\n"):
		return errors.New("user name or password contains a control character")
	case a.TLS == None && !loopback(a.Host):
		return fmt.Errorf("a connection without TLS is allowed to this machine only, not to %s", a.Host)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// Folder is what the server says of one folder now.
type Folder struct {
	Name string
	// UIDValidity is part of every UID's key. Some servers say 0; then 0 it
	// is, and the caller matches known mails by what they contain.
	UIDValidity uint32
	UIDNext     UID // 0 when the server does not say
	Exists      int
}

// Mail is one mail on its way in. Size is the literal's declared length, which
// alone counts; InternalDate and Flags are empty when the server sends them
// late or not at all.
type Mail struct {
	UID          UID
	Size         int64
	InternalDate time.Time
	Flags        []string
	// Body gives io.EOF after exactly Size bytes, and an error that is
	// ErrCut (and io.ErrUnexpectedEOF) when the mail ended before. It may be
	// read only until the sink returns.
	Body io.Reader
}
