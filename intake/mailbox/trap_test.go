package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

func TestMoveThatGoesWrongSaysListAgain(t *testing.T) {
	t.Parallel()
	shapes := map[string]string{ // seen at Exchange; the client gives up on each
		"nothing copied":    "* OK [COPYUID 14  ]\r\n* 1 EXPUNGE\r\n$TAG OK MOVE completed.\r\n",
		"an open range":     "* OK [COPYUID 14 5 100:*]\r\n* 1 EXPUNGE\r\n$TAG OK MOVE completed.\r\n",
		"not a number":      "* OK [COPYUID 14 x y]\r\n* 1 EXPUNGE\r\n$TAG OK MOVE completed.\r\n",
		"answer lost":       "",
		"goodbye":           "* BYE Server shutting down.\r\n",
		"refused half way":  "* 1 EXPUNGE\r\n$TAG NO [SERVERBUG] internal error\r\n",
		"message number 0":  "* 0 EXPUNGE\r\n$TAG OK done\r\n",
		"throttled instead": mailboxtest.ExchangeBackoff,
	}
	for name, say := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewExchange(t)
				s.Add("INBOX", mail(100), mail(200))
				s.Add("Done")
				c := opened(t, s)
				fault := mailboxtest.Fault{On: "UID MOVE", Say: say, After: true, Times: 1}
				if say == "" {
					fault = mailboxtest.Fault{On: "UID MOVE", Cut: -1, After: true, Times: 1}
				}
				s.Fail(fault)
				err := c.Move(t.Context(), []UID{1}, "Done")
				if !errors.Is(err, ErrMoved) {
					t.Fatalf("error %v, want ErrMoved", err)
				}
				// Listing again tells what became of it, whatever the answer was.
				c = opened(t, s)
				uids, err := c.UIDs(t.Context())
				if err != nil || !slices.Equal(uids, []UID{2}) && !slices.Equal(uids, []UID{1, 2}) {
					t.Errorf("UIDs = %v, %v", uids, err)
				}
				if left, there := len(s.Mails("INBOX")), len(s.Mails("Done")); left+there != 2 {
					t.Errorf("%d in INBOX and %d in Done, want 2 together", left, there)
				}
			})
		})
	}
}

func TestMoveWithoutMOVE(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name        string
		caps        string
		target      string
		fail        *mailboxtest.Fault
		left, there int
		want        []error
		never       string
	}{
		{"copied and removed", "IMAP4rev1 UIDPLUS", "Done", nil, 2, 1, nil, "UID MOVE"},
		{"no such target: the mail stays", "IMAP4rev1 UIDPLUS", "Nowhere", nil, 3, 0, []error{ErrMoved, ErrNoFolder}, "UID STORE"},
		{"copy refused: the mail stays", "IMAP4rev1 UIDPLUS", "Done", &mailboxtest.Fault{On: "UID COPY", Say: "$TAG NO [OVERQUOTA] full\r\n"}, 3, 0, []error{ErrMoved, ErrRefused}, "UID STORE"},
		{"copy's answer lost: the mail stays", "IMAP4rev1 UIDPLUS", "Done", &mailboxtest.Fault{On: "UID COPY", Cut: -1}, 3, 1, []error{ErrMoved, ErrTemporary}, "UID STORE"},
		{"nothing was copied, so nothing goes", "IMAP4rev1 UIDPLUS", "Done", &mailboxtest.Fault{On: "UID COPY", Say: "$TAG OK [COPYUID 7 2 1] done\r\n"}, 3, 0, nil, "UID STORE"},
		{"no UIDPLUS: marked, not expunged", "IMAP4rev1", "Done", nil, 3, 1, nil, "EXPUNGE"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Caps = tc.caps
				s.Add("INBOX", mail(100), mail(200), mail(300))
				s.Add("Done")
				s.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[2].Flags = []string{`\Deleted`} }) // by somebody else
				c := opened(t, s)
				if tc.fail != nil {
					s.Fail(*tc.fail)
				}
				err := c.Move(t.Context(), []UID{1}, tc.target)
				if (err == nil) != (tc.want == nil) {
					t.Fatalf("error %v, want kinds %v", err, tc.want)
				}
				if err != nil {
					kinds(t, err, tc.want...)
				}
				if left, there := len(s.Mails("INBOX")), len(s.Mails("Done")); left != tc.left || there != tc.there {
					t.Errorf("%d in INBOX and %d in Done, want %d and %d", left, there, tc.left, tc.there)
				}
				for _, line := range s.Log() {
					if strings.HasPrefix(line, tc.never) || line == "EXPUNGE" {
						t.Errorf("%q was sent", line)
					}
				}
			})
		})
	}
}

func TestFoldersThatTellLittle(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		faults []mailboxtest.Fault
		want   Folder
		kind   error
	}{
		{"UIDVALIDITY only in STATUS", []mailboxtest.Fault{{On: "SELECT", Say: "* 2 EXISTS\r\n$TAG OK done\r\n"}}, Folder{"INBOX", 7, 3, 2}, nil},
		{"UIDVALIDITY 0 everywhere", []mailboxtest.Fault{
			{On: "SELECT", Say: "* 2 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\n* OK [UIDNEXT 3] x\r\n$TAG OK done\r\n"},
			{On: "STATUS", Say: "* STATUS INBOX (MESSAGES 2 UIDNEXT 3 UIDVALIDITY 0)\r\n$TAG OK done\r\n"}}, Folder{"INBOX", 0, 3, 2}, nil},
		{"no STATUS either", []mailboxtest.Fault{{On: "SELECT", Say: "* 2 EXISTS\r\n$TAG OK done\r\n"}, {On: "STATUS", Say: "$TAG BAD what?\r\n"}}, Folder{"INBOX", 0, 0, 2}, nil},
		{"OK and nothing", []mailboxtest.Fault{{On: "SELECT", Empty: true}, {On: "STATUS", Empty: true}}, Folder{}, ErrTemporary},
		{"authenticated but not connected", []mailboxtest.Fault{{On: "SELECT", Say: mailboxtest.ExchangeThrottled}}, Folder{}, ErrThrottled},
		{"missing", []mailboxtest.Fault{{On: "SELECT", Say: "$TAG NO INBOX doesn't exist.\r\n"}}, Folder{}, ErrNoFolder},
		{"not allowed", []mailboxtest.Fault{{On: "SELECT", Say: "$TAG NO [NOPERM] not yours\r\n"}}, Folder{}, ErrRefused},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Add("INBOX", mail(100), mail(200))
				c, err := pipe(t, s, Account{})
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range tc.faults {
					s.Fail(f)
				}
				f, err := c.Select(t.Context(), "INBOX", true)
				if f != tc.want || !errors.Is(err, tc.kind) || (err == nil) != (tc.kind == nil) {
					t.Errorf("Select = %+v, %v; want %+v, %v", f, err, tc.want, tc.kind)
				}
			})
		})
	}
}

func TestUIDsDoNotBelieveAnEmptyList(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		fault *mailboxtest.Fault
		hide  uint32
		want  []UID
		kind  error
	}{
		{"all well", nil, 0, []UID{1, 2, 3}, nil},
		{"SEARCH says OK and nothing: FETCH knows", &mailboxtest.Fault{On: "UID SEARCH", Empty: true}, 0, []UID{1, 2, 3}, nil},
		{"one comes late", nil, 2, []UID{1, 3}, ErrIncomplete},
		{"a list beyond reason", &mailboxtest.Fault{On: "UID SEARCH", Say: "* ESEARCH (TAG \"$TAG\") UID ALL 1:4294967295\r\n$TAG OK done\r\n"}, 0, nil, ErrTemporary},
		{"by message number", &mailboxtest.Fault{On: "UID SEARCH", Say: "* ESEARCH (TAG \"$TAG\") ALL 1:3\r\n$TAG OK done\r\n"}, 0, []UID{1, 2, 3}, nil},
		{"0 is no UID", &mailboxtest.Fault{On: "UID SEARCH", Say: "* SEARCH 3 0 1 2 2\r\n$TAG OK done\r\n"}, 0, []UID{1, 2, 3}, nil},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Add("INBOX", mail(100), mail(200), mail(300))
				s.Change("INBOX", func(b *mailboxtest.Box) {
					for i := range b.Mails {
						b.Mails[i].Hidden = b.Mails[i].UID == tc.hide
					}
				})
				c := opened(t, s)
				if tc.fault != nil {
					s.Fail(*tc.fault)
				}
				uids, err := c.UIDs(t.Context())
				if !slices.Equal(uids, tc.want) || !errors.Is(err, tc.kind) || (err == nil) != (tc.kind == nil) {
					t.Errorf("UIDs = %v, %v; want %v, %v", uids, err, tc.want, tc.kind)
				}
			})
		})
	}
}

func TestExchangeSignIn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		tokens  []string
		fault   *mailboxtest.Fault
		caps    string
		want    error
		signIns int
	}{
		{"good token", []string{"good"}, nil, "", nil, 1},
		{"expired, then fresh", []string{"old", "good"}, nil, "", nil, 2},
		{"expired twice", []string{"old", "older", "good"}, nil, "", ErrAuth, 2},
		{"expired, and no other to be had", []string{"old"}, nil, "", ErrAuth, 1},
		{"no token", []string{""}, nil, "", ErrToken, 0},
		{"refused without a reason", []string{"old"}, &mailboxtest.Fault{On: "AUTHENTICATE", Say: "$TAG NO AUTHENTICATE failed.\r\n"}, "", ErrAuth, 1},
		{"the wrong server answers OK", []string{"good"}, &mailboxtest.Fault{On: "AUTHENTICATE", Say: mailboxtest.ExchangeWrongHome}, "", ErrTemporary, 1},
		{"server unavailable", []string{"good"}, &mailboxtest.Fault{On: "AUTHENTICATE", Say: "$TAG NO Server Unavailable. 15\r\n"}, "", ErrTemporary, 1},
		{"too many connections", []string{"good"}, &mailboxtest.Fault{On: "GREETING", Say: "* BYE Too many connections\r\n"}, "", ErrThrottled, 0},
		{"a greeting that is none", []string{"good"}, &mailboxtest.Fault{On: "GREETING", Say: "HTTP/1.1 400 Bad Request\r\n"}, "", ErrTemporary, 0},
		{"signed in as somebody", []string{"good"}, &mailboxtest.Fault{On: "GREETING", Say: "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n"}, "", ErrAuth, 0},
		{"XOAUTH2 is not offered", []string{"good"}, nil, "IMAP4rev1 AUTH=PLAIN", ErrAuth, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := mailboxtest.NewExchange(t)
			s.Token = func(token string) bool { return token == "good" }
			if tc.caps != "" {
				s.Caps = tc.caps
			}
			if tc.fault != nil {
				s.Fail(*tc.fault)
			}
			c, err := Dial(t.Context(), Account{Name: "test", User: s.User, Host: "127.0.0.1", Port: s.Listen(t), TLS: None, Token: tokens(tc.tokens...)}, nil)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("error %v, want %v", err, tc.want)
			}
			if err == nil {
				if !c.caps.Has("MOVE") {
					t.Error("MOVE, which is said only after the sign-in, was not noticed")
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
			n := 0
			for _, line := range s.Log() {
				if line == "AUTHENTICATE …" {
					n++
				}
			}
			if n != tc.signIns {
				t.Errorf("%d sign-ins, want %d: %q", n, tc.signIns, s.Log())
			}
		})
	}
}

func TestTokenThatCannotBeHad(t *testing.T) {
	t.Parallel()
	away := errors.New("the token server is away")
	a := Account{User: "dsr", Host: "127.0.0.1", Port: 1, TLS: None, Token: func(context.Context, string) (string, error) { return "", away }}
	_, err := Dial(t.Context(), a, nil)
	kinds(t, err, ErrToken)
	if !errors.Is(err, away) {
		t.Errorf("%v does not tell the cause", err)
	}
}

func TestPasswordsGoOnlyWhereTheyMay(t *testing.T) {
	t.Parallel()
	good := Account{User: "dsr", Password: "secret", Host: "127.0.0.1", Port: 1, TLS: None}
	cases := map[string]func(*Account){
		"in clear to elsewhere": func(a *Account) { a.Host = "mail.example" },
		"no user":               func(a *Account) { a.User = "" },
		"neither secret":        func(a *Account) { a.Password = "" },
		"a line break in it":    func(a *Account) { a.Password = "a\r\nT9 DELETE INBOX" },
		"a line break in user":  func(a *Account) { a.User = "a\nb" },
		"a mark of XOAUTH2":     func(a *Account) { a.User = "a\x01auth=Bearer x" },
		"no port":               func(a *Account) { a.Port = 0 },
	}
	for name, edit := range cases {
		a := good
		edit(&a)
		_, err := Dial(t.Context(), a, nil)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want ErrRefused before anything is dialled", name, err)
		}
	}
	s := mailboxtest.NewScripted(t)
	s.Caps = "IMAP4rev1 LOGINDISABLED"
	good.Port = s.Listen(t)
	_, err := Dial(t.Context(), good, nil)
	kinds(t, err, ErrAuth)
	for _, line := range s.Log() {
		if strings.HasPrefix(line, "LOGIN") {
			t.Error("a password was sent although LOGINDISABLED stood there")
		}
	}
}

// What stands in clear before STARTTLS is anybody's.
func TestSTARTTLSBelievesNothingBeforeIt(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		say  []string // after connect, after STARTTLS
		want error
	}{
		"no STARTTLS":      {[]string{"* OK hello\r\n", "S1 BAD what?\r\n"}, ErrUntrusted},
		"signed in by it":  {[]string{"* PREAUTH hello\r\n"}, ErrUntrusted},
		"words slipped in": {[]string{"* OK hello\r\n", "S1 OK go\r\n* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n"}, ErrUntrusted},
		"cut":              {[]string{"* OK hello\r\n", ""}, ErrTemporary},
		"talk":             {[]string{"* OK hello\r\n", strings.Repeat("* OK still here\r\n", 100)}, ErrUntrusted},
		"one long line":    {[]string{strings.Repeat("x", 100_000)}, ErrUntrusted},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			heard := make(chan string, 1)
			go func() {
				conn, err := l.Accept()
				if err != nil {
					heard <- err.Error()
					return
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, tc.say[0])
				b := make([]byte, 1000)
				n, _ := conn.Read(b)
				if len(tc.say) > 1 && tc.say[1] != "" {
					_, _ = io.WriteString(conn, tc.say[1])
					more, _ := conn.Read(b[n:])
					n += more
				}
				heard <- string(b[:n])
			}()
			_, err = Dial(t.Context(), Account{User: "dsr", Password: "secret", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: StartTLS, Timeout: 5 * time.Second}, nil)
			_ = l.Close()
			kinds(t, err, tc.want)
			if said := <-heard; strings.Contains(said, "LOGIN") || strings.Contains(said, "secret") {
				t.Errorf("the client said %q", said)
			}
		})
	}
}

func TestSilenceBeforeTheGreetingEnds(t *testing.T) {
	t.Parallel()
	for _, mode := range []TLSMode{None, StartTLS, Implicit} {
		l, err := net.Listen("tcp", "127.0.0.1:0") // accepts by itself, says nothing
		if err != nil {
			t.Fatal(err)
		}
		_, err = Dial(t.Context(), Account{User: "dsr", Password: "secret", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: mode, Timeout: 50 * time.Millisecond}, nil)
		kinds(t, err, ErrTemporary)
		_ = l.Close()
	}
}

func TestFlagsThatWouldNotLastAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewExchange(t)
		s.Add("INBOX", mail(100))
		c := opened(t, s)
		kinds(t, c.Flag(t.Context(), []UID{1}, "$DSR"), ErrRefused)
		if err := c.Flag(t.Context(), []UID{1}, "$MDNSent"); err != nil {
			t.Error(err)
		}
		if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
			t.Fatal(err)
		}
		kinds(t, c.Flag(t.Context(), []UID{1}, "$MDNSent"), ErrRefused)
		kinds(t, c.Move(t.Context(), []UID{1}, "Done"), ErrRefused)
	})
}

func TestNoGoroutineOutlivesItsConnection(t *testing.T) {
	t.Parallel()
	s := mailboxtest.NewScripted(t)
	s.Add("INBOX", mail(100_000))
	a := Account{User: "dsr", Password: "secret", Host: "127.0.0.1", Port: s.Listen(t), TLS: None}
	for i := range 40 { // goleak looks at the end
		c, err := Dial(t.Context(), a, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0:
			_ = c.Idle(t.Context(), time.Millisecond)
		case 1:
			ctx, cancel := context.WithCancel(t.Context())
			_ = c.Fetch(ctx, []UID{1}, func(Mail) error { cancel(); return nil })
			cancel()
		case 2:
			_ = c.Fetch(t.Context(), []UID{1}, func(Mail) error { return io.ErrClosedPipe })
		}
		_ = c.Close()
		_ = c.Close()
	}
}

func TestScriptedSpeaksTLS(t *testing.T) {
	d := mailboxtest.NewDovecot(t)
	cert, err := d.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for _, implicit := range []bool{true, false} {
		s := mailboxtest.NewScripted(t)
		s.TLS, s.Implicit = &tls.Config{Certificates: []tls.Certificate{cert}}, implicit
		a := Account{User: "dsr", Password: "secret", Host: "localhost", Port: s.Listen(t), TLS: StartTLS, RootCAs: d.CAs}
		if implicit {
			a.TLS = Implicit
		}
		c, err := Dial(t.Context(), a, nil)
		if err != nil {
			t.Fatalf("implicit %v: %v", implicit, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestErrorsReadAsASentenceAndHideNothing(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("poll: %w", &Error{Doing: "open folder INBOX", Kind: ErrThrottled, Err: errors.New("imap: BAD x")})
	if got, want := err.Error(), "poll: open folder INBOX: the server asks to slow down: imap: BAD x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := tame("a\r\nb\x00" + strings.Repeat("é", 400)); strings.ContainsAny(got, "\r\n\x00") || len(got) > 310 {
		t.Errorf("tame leaves %q", got)
	}
}
