package mailbox

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// CheckWants is what the service will do with the mailbox, so that Check can
// say whether it may.
type CheckWants struct {
	Keyword string // to be put on mails that are stored; "" for none
	MoveTo  string // the folder stored mails are moved to; "" for none
	Sent    string // the folder for copies of letters; "" for none
}

// Step is one thing that was tried. Detail says what was found, Do what a
// person can do about it; Do is empty where nothing needs doing. A step may be
// OK and still have advice.
type Step struct {
	Name   string
	OK     bool
	Detail string
	Do     string
}

// Check tries everything the service will need, step by step, and changes no
// mail: no mail is marked, moved or fetched whole. It stops at the first step without which the next make no sense.
func Check(ctx context.Context, a Account, want CheckWants) []Step {
	k := &checker{account: a}
	if !k.settings() || !k.lookup(ctx) || !k.connect(ctx) {
		return k.steps
	}
	c := k.signIn(ctx)
	if c == nil {
		return k.steps
	}
	k.abilities(c, want)
	folders := k.folders(ctx, c, want)
	for _, name := range a.Folders {
		if !k.folder(ctx, c, name, want, folders) {
			break
		}
	}
	if err := c.Close(); err != nil {
		k.add(Step{Name: "sign off", OK: true, Detail: err.Error()})
	}
	return k.steps
}

type checker struct {
	account Account
	steps   []Step
}

func (k *checker) add(s Step) bool {
	k.steps = append(k.steps, s)
	return s.OK
}

func (k *checker) settings() bool {
	s := Step{Name: "settings", OK: true}
	protection := map[TLSMode]string{Implicit: "TLS", StartTLS: "STARTTLS", None: "no TLS, on this machine only"}[k.account.TLS]
	secret := "a password"
	if k.account.Token != nil {
		secret = "an OAuth 2 token"
	}
	s.Detail = fmt.Sprintf("%s as %s with %s, by %s", k.account.address(), k.account.User, secret, protection)
	if err := k.account.check(); err != nil {
		s.OK, s.Detail = false, err.Error()
		s.Do = "Look at DSR_IMAP_URL and DSR_IMAP_PASSWORD (or the DSR_OAUTH_ settings)."
	}
	return k.add(s)
}

func (k *checker) lookup(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, k.account.timeout())
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, k.account.Host)
	if err != nil {
		return k.add(Step{Name: "find the server", Detail: err.Error(),
			Do: "The name " + k.account.Host + " is not known here. Check the spelling, and that this machine may ask the DNS."})
	}
	return k.add(Step{Name: "find the server", OK: true, Detail: k.account.Host + " is " + strings.Join(addresses, ", ")})
}

// connect opens a connection of its own, to tell a closed firewall from a
// wrong certificate and to show until when the certificate is good.
func (k *checker) connect(ctx context.Context) bool {
	l, err := connect(ctx, k.account)
	if err != nil {
		name, do := "connect", fmt.Sprintf("Nothing answers at %s. A firewall between here and there must let this machine out to port %d.", k.account.address(), k.account.Port)
		if errors.Is(err, ErrUntrusted) {
			name, do = "secure the connection", certificateAdvice(err)
		}
		return k.add(Step{Name: name, Detail: err.Error(), Do: do})
	}
	defer l.cut(nil)
	s := Step{Name: "secure the connection", OK: true, Detail: "no TLS: the server is this machine"}
	if conn, ok := l.conn.(*tls.Conn); ok {
		state := conn.ConnectionState()
		leaf := state.PeerCertificates[0] // a finished handshake of a client has one
		s.Detail = fmt.Sprintf("%s, certificate of %s from %s, good until %s", tls.VersionName(state.Version),
			k.account.Host, leaf.Issuer.CommonName, leaf.NotAfter.UTC().Format(time.DateOnly))
	}
	return k.add(s)
}

func certificateAdvice(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "The certificate comes from an authority this machine does not know. If it is the council's own, install its root certificate (update-ca-certificates) or name its file in SSL_CERT_FILE."
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "The certificate is for another name. Use the name that stands in it."
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return "The certificate has run out, or this machine's clock is wrong."
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "The server does not speak TLS on this port: imaps:// goes with port 993, imap:// (STARTTLS) with port 143."
	}
	return "The server does not offer a connection that can be trusted. Ask whoever runs it; DSR never signs in without."
}

func (k *checker) signIn(ctx context.Context) *Conn {
	c, err := Dial(ctx, k.account, nil)
	if err == nil {
		k.add(Step{Name: "sign in", OK: true, Detail: "signed in as " + k.account.User})
		return c
	}
	s := Step{Name: "sign in", Detail: err.Error(), Do: "Try again in some minutes. If it stays, ask whoever runs the mail server."}
	switch {
	case errors.Is(err, ErrToken):
		s.Do = "No token was given: check DSR_OAUTH_TOKEN_URL, _CLIENT_ID, _CLIENT_SECRET (it may have run out) and _SCOPE (Microsoft 365: https://outlook.office365.com/.default)."
	case errors.Is(err, ErrAuth) && k.account.Token != nil:
		s.Do = "The token is not accepted for this mailbox. At Microsoft 365: the app needs IMAP.AccessAsApp with an administrator's consent, a service principal in Exchange, and full access to the mailbox (Add-MailboxPermission); IMAP must be switched on for it."
	case errors.Is(err, ErrAuth):
		s.Do = "Check user and password. Microsoft 365 takes no passwords for IMAP since 2022: there the DSR_OAUTH_ settings are needed."
	case errors.Is(err, ErrThrottled):
		s.Do = throttleAdvice
	}
	k.add(s)
	return nil
}

// throttleAdvice names the three known causes of Microsoft's sentence "User is
// authenticated but not connected".
const throttleAdvice = "The server knows the account but does not let it in. Known causes: too much was asked lately (wait a quarter of an hour); too many connections are open for this mailbox (close other programs that read it); or the account may not open this mailbox (a shared mailbox without full access, or a token for another one)."

func (k *checker) abilities(c *Conn, want CheckWants) {
	idle := Step{Name: "new mail is told at once", OK: true, Detail: "IDLE is offered"}
	if !c.caps.Has(imap.CapIdle) {
		idle.Detail = "IDLE is not offered; the mailbox is looked at each minute"
	}
	k.add(idle)
	if want.MoveTo == "" {
		return
	}
	move := Step{Name: "mails can be moved", OK: true, Detail: "MOVE is offered"}
	switch {
	case c.caps.Has(imap.CapMove):
	case c.caps.Has(imap.CapUIDPlus):
		move.Detail = "MOVE is not offered; mails will be copied and then removed"
	default:
		move.OK, move.Detail = false, "neither MOVE nor UIDPLUS is offered: mails could be copied, but not removed safely"
		move.Do = "Set DSR_IMAP_AFTER to keep (nothing is lost by it)."
	}
	k.add(move)
}

// folders says which of the folders that will be used exist, and which else.
func (k *checker) folders(ctx context.Context, c *Conn, want CheckWants) []Listed {
	folders, err := c.Folders(ctx)
	if err != nil {
		k.add(Step{Name: "list folders", OK: true, Detail: "the server does not list its folders: " + err.Error()})
		return nil
	}
	names := folderNames(folders)
	k.add(Step{Name: "list folders", OK: true, Detail: strings.Join(names, ", ")})
	for _, target := range []string{want.MoveTo, want.Sent} {
		if target == "" {
			continue
		}
		s := Step{Name: "folder " + target, OK: slices.Contains(names, target), Detail: "is there, to put mails into"}
		if !s.OK {
			s.Detail, s.Do = "is not in this mailbox", "Make it, or name another: "+strings.Join(names, ", ")+"."
		}
		k.add(s)
	}
	return folders
}

func folderNames(folders []Listed) []string {
	names := make([]string, len(folders))
	for i, f := range folders {
		names[i] = f.Name
	}
	return names
}

// folder opens one folder that will be read. False means the connection is
// no good for another.
func (k *checker) folder(ctx context.Context, c *Conn, name string, want CheckWants, folders []Listed) bool {
	s := Step{Name: "folder " + name}
	f, err := c.Select(ctx, name, true)
	var uids []UID
	if err == nil {
		uids, err = c.UIDs(ctx)
	}
	if errors.Is(err, ErrIncomplete) {
		s.Do = "Nothing: servers show some mails late, and they are found at the next look. If this stays for hours, have the mailbox repaired."
		err = nil
	}
	if err != nil {
		s.Detail, s.Do = err.Error(), "Try again in some minutes. If it stays, ask whoever runs the mail server."
		switch {
		case errors.Is(err, ErrNoFolder):
			s.Do = "Name a folder that exists: " + strings.Join(folderNames(folders), ", ") + "."
		case errors.Is(err, ErrThrottled):
			s.Do = throttleAdvice
		case errors.Is(err, ErrRefused):
			s.Do = "The account may not read this folder. Give it full access to the mailbox."
		}
		k.add(s)
		return !c.link.isClosed()
	}
	s.OK = true
	s.Detail = fmt.Sprintf("%d mails can be read (UIDVALIDITY %d, next UID %d)", len(uids), f.UIDValidity, f.UIDNext)
	if f.UIDValidity == 0 {
		s.Do = "The server numbers its mails without a UIDVALIDITY. It works, and known mails are recognised by what they contain; but it is worth a word with whoever runs it."
	}
	k.add(s)
	if len(uids) > 0 {
		k.oneMail(ctx, c, name, uids[len(uids)-1])
	}
	if want.Keyword != "" {
		k.keyword(ctx, c, name, want.Keyword)
	}
	return !c.link.isClosed()
}

// oneMail reads the beginning of the newest mail: listing is not reading.
func (k *checker) oneMail(ctx context.Context, c *Conn, name string, uid UID) {
	s := Step{Name: "read from " + name, OK: true, Detail: fmt.Sprintf("the beginning of mail %d was read and left as it was", uid)}
	head, err := c.Beginning(ctx, uid, 16<<10)
	switch {
	case err != nil:
		s.OK, s.Detail = false, err.Error()
		s.Do = "The server lists this mail but does not hand it over. Open it in Outlook and move it to another folder and back; other mails are not affected."
	case IsStandIn(head):
		s.Detail = fmt.Sprintf("for mail %d the server hands out a note that it cannot convert it", uid)
		s.Do = "Look at that mail in Outlook. It will stand among the mail problems until somebody has."
	}
	k.add(s)
}

func (k *checker) keyword(ctx context.Context, c *Conn, name, keyword string) {
	s := Step{Name: "flag mails in " + name, OK: true, Detail: "the folder keeps the keyword " + keyword}
	// Opened for reading only, a folder says that it keeps nothing (Dovecot).
	// Opening it to write changes \Recent, which nobody looks at, and no more.
	if _, err := c.Select(ctx, name, false); err != nil {
		s.OK, s.Detail, s.Do = false, err.Error(), "The account may read this folder and not change it. Give it full access, or set DSR_IMAP_AFTER to keep."
	} else if !c.keeps(keyword) {
		s.OK = false
		s.Detail = "the folder keeps no keyword " + keyword
		s.Do = "Set DSR_IMAP_AFTER to keep or to move:FOLDER. (Microsoft 365 keeps no keywords over IMAP.)"
	}
	k.add(s)
}
