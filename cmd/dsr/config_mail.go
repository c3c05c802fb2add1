package main

import (
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/letters"
)

// TLS says how a connection to a mail server is made secret.
type TLS string

const (
	TLSFromTheStart TLS = "tls"
	TLSByCommand    TLS = "starttls"
	TLSNone         TLS = "none" // on loopback only
)

// Mailbox is one account that is read.
type Mailbox struct {
	Name     string // "" when there is only one and it has no name
	Addr     string // host:port
	User     string
	Password string // "" means the OAuth token
	TLS      TLS
	Folders  []string
}

func (m Mailbox) passwordName() string {
	if m.Name == "" {
		return "DSR_IMAP_PASSWORD"
	}
	return "DSR_IMAP_PASSWORD_" + strings.ToUpper(strings.ReplaceAll(m.Name, "-", "_"))
}

// Start says what of a full mailbox is taken.
type Start struct {
	All   bool
	Since time.Time // zero with All false: what arrives from now on
}

func (c *Config) checkMail(getenv func(string) string, wrong *faults) {
	hasOAuth := c.checkOAuth(wrong)
	c.checkMailboxes(getenv, hasOAuth, wrong)
	c.checkAfterAndStart(wrong)
	c.checkRelay(hasOAuth, wrong)
	if c.MailFrom == "" {
		if c.SMTPURL != "" {
			wrong.add("DSR_MAIL_FROM", "is required with DSR_SMTP_URL, e.g. Essex DSR team <Essex.DSR@essex.gov.uk>")
		}
		return
	}
	from, err := mail.ParseAddress(c.MailFrom)
	if err != nil {
		wrong.add("DSR_MAIL_FROM", "%q is not an address like Essex DSR team <Essex.DSR@essex.gov.uk>", c.MailFrom)
		return
	}
	c.From = *from
}

// checkOAuth reports whether the client-credentials flow is configured whole.
func (c *Config) checkOAuth(wrong *faults) bool {
	parts := []struct{ name, value string }{
		{"DSR_OAUTH_TOKEN_URL", c.OAuthTokenURL}, {"DSR_OAUTH_CLIENT_ID", c.OAuthClientID},
		{"DSR_OAUTH_CLIENT_SECRET", c.OAuthClientSecret}, {"DSR_OAUTH_SCOPE", c.OAuthScope},
	}
	set := 0
	for _, p := range parts {
		if p.value != "" {
			set++
		}
	}
	if set == 0 {
		return false
	}
	for _, p := range parts {
		if p.value == "" {
			wrong.add(p.name, "is required with the other DSR_OAUTH_ settings")
		}
	}
	if c.OAuthTokenURL != "" {
		u, err := url.Parse(c.OAuthTokenURL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname()))) {
			wrong.add("DSR_OAUTH_TOKEN_URL", "is not an https address")
		}
	}
	return true
}

var mailboxName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// checkMailboxes reads `URL`, or several as `name=URL` separated by spaces.
func (c *Config) checkMailboxes(getenv func(string) string, hasOAuth bool, wrong *faults) {
	const name = "DSR_IMAP_URL"
	words := strings.Fields(c.IMAPURL)
	seen := map[string]bool{}
	for _, word := range words {
		label, address, found := strings.Cut(word, "=")
		if !found || strings.Contains(label, ":") { // the = stood in the address
			label, address = "", word
		}
		switch {
		case label == "" && len(words) > 1:
			wrong.add(name, "several mailboxes need names: name=imaps://...")
			continue
		case label != "" && !mailboxName.MatchString(label):
			wrong.add(name, "the mailbox name %q may hold letters, digits, - and _ only", label)
			continue
		case seen[strings.ToLower(label)]:
			wrong.add(name, "two mailboxes are named %q", label)
			continue
		}
		seen[strings.ToLower(label)] = true
		m, problem := parseMailbox(address)
		if problem != "" {
			wrong.add(name, "%s%s", labelled(label), problem)
			continue
		}
		m.Name = label
		m.Password = c.passwordOf(getenv, m, wrong)
		if m.Password == "" && !hasOAuth {
			wrong.add(m.passwordName(), "is required for the mailbox, or the DSR_OAUTH_ settings")
		}
		c.Mailboxes = append(c.Mailboxes, m)
	}
}

func (c *Config) passwordOf(getenv func(string) string, m Mailbox, wrong *faults) string {
	if m.Name != "" {
		if own := secretOf(getenv, m.passwordName(), wrong); own != "" {
			return own
		}
	}
	return c.IMAPPassword
}

func labelled(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

// parseMailbox reads imaps://user@host:993/INBOX and its kin; problem says in
// words what is wrong, never repeating a password that stands in the address.
func parseMailbox(address string) (m Mailbox, problem string) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return m, "is not an address like imaps://user@host:993/INBOX"
	}
	m.TLS, m.Addr, problem = security(u, "imap", "143", "993")
	if problem != "" {
		return m, problem
	}
	if _, has := u.User.Password(); has {
		return m, "holds a password; it belongs in DSR_IMAP_PASSWORD"
	}
	if m.User = u.User.Username(); m.User == "" {
		return m, "names no user: imaps://user@host/INBOX (write %40 for an @ in the user's name)"
	}
	m.Folders, problem = folders(u)
	return m, problem
}

// folders reads the folders of an IMAP address: ?folders= wins over the path.
// The list is cut before it is decoded, so that a name may hold a comma.
func folders(u *url.URL) ([]string, string) {
	list := ""
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case "folders":
			list = value
		case "tls", "":
		default:
			return nil, "has an unknown option " + key + "; known are tls and folders"
		}
	}
	if list == "" {
		path := strings.TrimPrefix(u.EscapedPath(), "/")
		if path == "" {
			path = "INBOX"
		}
		name, err := url.PathUnescape(path)
		if err != nil {
			return nil, "has a folder that is not well encoded"
		}
		return []string{name}, ""
	}
	var all []string
	for part := range strings.SplitSeq(list, ",") {
		name, err := url.PathUnescape(part)
		if err != nil || name == "" {
			return nil, "has a folder that is empty or not well encoded"
		}
		all = append(all, name)
	}
	return all, ""
}

// security reads scheme, port and ?tls= of a mail server's address.
func security(u *url.URL, scheme, port, securePort string) (TLS, string, string) {
	mode := TLSByCommand
	if u.Scheme == scheme+"s" {
		mode, port = TLSFromTheStart, securePort
	} else if u.Scheme != scheme {
		return "", "", "must begin with " + scheme + "s:// or " + scheme + "://"
	}
	switch want := u.Query().Get("tls"); {
	case want == "", want == "starttls" && mode == TLSByCommand:
	case want == "none" && mode == TLSByCommand:
		if !isLoopback(u.Hostname()) {
			return "", "", "tls=none is allowed on loopback only"
		}
		mode = TLSNone
	default:
		return "", "", "has an unknown tls=" + want
	}
	if p := u.Port(); p != "" {
		port = p
	}
	return mode, net.JoinHostPort(u.Hostname(), port), ""
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (c *Config) checkAfterAndStart(wrong *faults) {
	folder, moves := strings.CutPrefix(c.IMAPAfter, "move:")
	if c.IMAPAfter != "keep" && c.IMAPAfter != "flag" && (!moves || folder == "") {
		wrong.add("DSR_IMAP_AFTER", "%q is none of keep, flag, move:FOLDER", c.IMAPAfter)
	}
	switch c.IMAPStart {
	case "now":
	case "all":
		c.Start.All = true
	default:
		day, err := time.Parse(time.DateOnly, c.IMAPStart)
		if err != nil {
			wrong.add("DSR_IMAP_START", "%q is none of now, all, or a date like 2026-11-23", c.IMAPStart)
		}
		c.Start.Since = day
	}
}

func (c *Config) checkRelay(hasOAuth bool, wrong *faults) {
	const name = "DSR_SMTP_URL"
	if c.SMTPURL == "" {
		return
	}
	server, err := letters.ParseURL(c.SMTPURL)
	if err != nil {
		wrong.add(name, "%v", err)
		return
	}
	if server.User != "" && c.SMTPPassword == "" && !hasOAuth {
		wrong.add("DSR_SMTP_PASSWORD", "is required for the user in DSR_SMTP_URL, or the DSR_OAUTH_ settings")
	}
	if server.User == "" && c.SMTPPassword != "" {
		wrong.add(name, "names no user for DSR_SMTP_PASSWORD")
	}
	c.SMTP = &server
}
