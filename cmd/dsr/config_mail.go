package main

import (
	"net"
	"net/mail"
	"net/url"
	"strings"

	"github.com/essex-dsr/dsr/intake"
	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/letters"
)

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

// checkMailboxes reads the addresses and gives each mailbox its password, or the
// token that all share.
func (c *Config) checkMailboxes(getenv func(string) string, hasOAuth bool, wrong *faults) {
	var missing []string
	accounts, err := mailbox.ParseURLs(c.IMAPURL, func(name string) (string, error) {
		password := secretOf(getenv, passwordName(name), wrong)
		if password == "" {
			password = c.IMAPPassword
		}
		if password == "" && !hasOAuth {
			missing = append(missing, name)
		}
		return password, nil
	})
	if err != nil {
		wrong.add("DSR_IMAP_URL", "%v", err)
		return
	}
	for _, name := range missing {
		wrong.add("DSR_IMAP_PASSWORD", "is required for the mailbox %s (also as %s), or the DSR_OAUTH_ settings", name, passwordName(name))
	}
	c.Mailboxes = accounts
}

// passwordName is the setting of one mailbox's own password.
func passwordName(mailbox string) string {
	return "DSR_IMAP_PASSWORD_" + strings.ToUpper(strings.ReplaceAll(mailbox, "-", "_"))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (c *Config) checkAfterAndStart(wrong *faults) {
	var err error
	if c.After, err = intake.ParseAfter(c.IMAPAfter); err != nil {
		wrong.add("DSR_IMAP_AFTER", "%v", err)
	}
	if c.Start, err = intake.ParseStart(c.IMAPStart); err != nil {
		wrong.add("DSR_IMAP_START", "%v", err)
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
