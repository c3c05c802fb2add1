package mailbox

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

// first returns the first step that is not OK.
func first(steps []Step) Step {
	for _, s := range steps {
		if !s.OK {
			return s
		}
	}
	return Step{}
}

func TestCheckSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		server func(*mailboxtest.Scripted)
		edit   func(*Account)
		want   CheckWants
		step   string
		do     string
	}{
		{name: "all well", want: CheckWants{Keyword: "$DSR", MoveTo: "Done", Sent: "Done"}},
		{name: "in clear to elsewhere", edit: func(a *Account) { a.Host = "192.0.2.1" }, step: "settings", do: "DSR_IMAP_URL"},
		{name: "unknown host", edit: func(a *Account) { a.Host, a.TLS = "mail.invalid", Implicit }, step: "find the server", do: "spelling"},
		{name: "nobody listens", edit: func(a *Account) { a.Port = 1 }, step: "connect", do: "firewall"},
		{name: "no TLS there", edit: func(a *Account) { a.TLS = Implicit }, step: "secure the connection", do: "port 993"},
		{name: "no STARTTLS there", edit: func(a *Account) { a.TLS = StartTLS }, step: "secure the connection", do: "trusted"},
		{name: "wrong password", edit: func(a *Account) { a.Password = "wrong" }, step: "sign in", do: "DSR_OAUTH_"},
		{name: "wrong token", edit: func(a *Account) { a.Token = tokens("bad") }, step: "sign in", do: "IMAP.AccessAsApp"},
		{name: "no token", edit: func(a *Account) {
			a.Token = func(context.Context, string) (string, error) { return "", errors.New("invalid_client") }
		}, step: "sign in", do: "DSR_OAUTH_TOKEN_URL"},
		{name: "throttled at sign-in", server: func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "LOGIN", Say: mailboxtest.ExchangeThrottled})
		}, step: "sign in", do: "shared mailbox"},
		{name: "throttled at the folder", server: func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "SELECT", Say: mailboxtest.ExchangeThrottled})
		}, step: "folder INBOX", do: "shared mailbox"},
		{name: "no such folder", edit: func(a *Account) { a.Folders = []string{"Inbx"} }, step: "folder Inbx", do: "Done, INBOX"},
		{name: "no target", want: CheckWants{MoveTo: "Processed"}, step: "folder Processed", do: "Make it"},
		{name: "no way to move", server: func(s *mailboxtest.Scripted) { s.Caps = "IMAP4rev1" }, want: CheckWants{MoveTo: "Done"}, step: "mails can be moved", do: "keep"},
		{name: "no keywords", server: func(s *mailboxtest.Scripted) {
			s.Change("INBOX", func(b *mailboxtest.Box) { b.PermanentFlags = `\Seen` })
		}, want: CheckWants{Keyword: "$DSR"}, step: "flag mails in INBOX", do: "Microsoft 365"},
		{name: "a mail that is not handed over", server: func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "UID FETCH", Empty: true})
		}, step: "read from INBOX", do: "Outlook"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := mailboxtest.NewScripted(t)
			s.Add("INBOX", mail(1000), mail(2000))
			s.Add("Done")
			if tc.server != nil {
				tc.server(s)
			}
			a := Account{User: s.User, Password: s.Password, Host: "127.0.0.1", Port: s.Listen(t), TLS: None, Folders: []string{"INBOX"}, Timeout: 20 * time.Second}
			if tc.edit != nil {
				tc.edit(&a)
			}
			steps := Check(t.Context(), a, tc.want)
			bad := first(steps)
			if bad.Name != tc.step || !strings.Contains(bad.Do, tc.do) || bad.Name != "" && bad.Detail == "" {
				t.Errorf("first failing step %+v\nwant %q with advice on %q", bad, tc.step, tc.do)
			}
			for _, line := range s.Log() {
				for _, word := range []string{"UID STORE", "UID MOVE", "UID COPY", "EXPUNGE", "APPEND", "CREATE"} {
					if strings.HasPrefix(line, word) {
						t.Errorf("a check sent %q", line)
					}
				}
			}
		})
	}
}

func TestCheckOnDovecot(t *testing.T) {
	d := mailboxtest.NewDovecot(t)
	d.Deliver(t, "check", "INBOX", mail(1000))
	a := dovecotAccount(d, "check")
	a.Folders = []string{"INBOX", "Junk"}
	steps := Check(t.Context(), a, CheckWants{Keyword: "$DSR", MoveTo: "Processed", Sent: "Sent"})
	for _, s := range steps {
		t.Logf("%v %s: %s %s", s.OK, s.Name, s.Detail, s.Do)
	}
	if bad := first(steps); bad.Name != "" {
		t.Errorf("%+v", bad)
	}
	a.RootCAs = nil
	if bad := first(Check(t.Context(), a, CheckWants{})); !strings.Contains(bad.Do, "root certificate") {
		t.Errorf("unknown authority: %+v", bad)
	}
}

func TestCertificateAdviceFitsTheFault(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"another name": x509.HostnameError{},
		"run out":      x509.CertificateInvalidError{Reason: x509.Expired},
		"trusted":      errors.New("anything else"),
	} {
		if got := certificateAdvice(&Error{Kind: ErrUntrusted, Err: err}); !strings.Contains(got, want) {
			t.Errorf("%T: %q, want advice on %q", err, got, want)
		}
	}
}
