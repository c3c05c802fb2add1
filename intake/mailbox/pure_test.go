package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

func TestParseURLs(t *testing.T) {
	t.Parallel()
	main := func(a Account) Account {
		if a.Name == "" {
			a.Name = "main"
		}
		if a.Folders == nil {
			a.Folders = []string{"INBOX"}
		}
		a.Password = "pw-" + a.Name
		return a
	}
	cases := []struct {
		in   string
		want []Account
		err  string
	}{
		{"", []Account{}, ""},
		{"imaps://dsr@mail.example", []Account{main(Account{User: "dsr", Host: "mail.example", Port: 993})}, ""},
		{"imaps://dsr@dsr.example@outlook.example:993/INBOX", []Account{main(Account{User: "dsr@dsr.example", Host: "outlook.example", Port: 993})}, ""},
		{"imaps://dsr%40dsr.example@outlook.example:1993/inbox", []Account{main(Account{User: "dsr@dsr.example", Host: "outlook.example", Port: 1993})}, ""},
		{"imap://dsr@mail.example?tls=starttls", []Account{main(Account{User: "dsr", Host: "mail.example", Port: 143, TLS: StartTLS})}, ""},
		{"imap://dsr@mail.example", []Account{main(Account{User: "dsr", Host: "mail.example", Port: 143, TLS: StartTLS})}, ""},
		{"imap://dsr@127.0.0.1:1143/?tls=none", []Account{main(Account{User: "dsr", Host: "127.0.0.1", Port: 1143, TLS: None})}, ""},
		{"imap://dsr@[::1]:1143/?tls=none", []Account{main(Account{User: "dsr", Host: "::1", Port: 1143, TLS: None})}, ""},
		{"imaps://dsr@mail.example/Referrals?folders=INBOX,Junk%20Email,A%2CB", []Account{main(Account{User: "dsr", Host: "mail.example", Port: 993, Folders: []string{"INBOX", "Junk Email", "A,B"}})}, ""},
		{"imaps://dsr@mail.example/Team/New%20mail", []Account{main(Account{User: "dsr", Host: "mail.example", Port: 993, Folders: []string{"Team/New mail"}})}, ""},
		{"essex=imaps://a@mail.example  old=imap://b@mail.example?tls=starttls", []Account{
			main(Account{Name: "essex", User: "a", Host: "mail.example", Port: 993}),
			main(Account{Name: "old", User: "b", Host: "mail.example", Port: 143, TLS: StartTLS})}, ""},

		{"imap://dsr@mail.example?tls=none", nil, "this machine only"},
		{"imaps://dsr:hunter2@mail.example", nil, "does not belong into the address"},
		{"imaps://dsr:hun%zz@mail.example", nil, "not an address"},
		{"imaps://mail.example", nil, "user and host"},
		{"imaps://dsr@/INBOX", nil, "user and host"},
		{"pop3://dsr@mail.example", nil, "pop3"},
		{"imaps://dsr@mail.example?tls=none", nil, "tls=none"},
		{"imap://dsr@mail.example?tls=maybe", nil, "tls=maybe"},
		{"imaps://dsr@mail.example?folder=INBOX", nil, "folder= is not known"},
		{"imaps://dsr@mail.example?folders=", nil, "list of names"},
		{"imaps://dsr@mail.example?folders=INBOX,Inbox", nil, "named twice"},
		{"imaps://dsr@mail.example:99999", nil, "port"},
		{"imaps://a@mail.example imaps://b@mail.example", nil, "needs a name"},
		{"x=imaps://a@mail.example x=imaps://b@mail.example", nil, "named twice"},
		{"X Y=imaps://a@mail.example", nil, "mailbox 1"},
		{"nopw=imaps://a@mail.example", nil, "password: not set"},
	}
	for _, tc := range cases {
		got, err := ParseURLs(tc.in, func(name string) (string, error) {
			if name == "nopw" {
				return "", errors.New("not set")
			}
			return "pw-" + name, nil
		})
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "hun") {
				t.Errorf("%q: error %v, want one with %q and no secret", tc.in, err, tc.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, tc.want) {
			type bare Account // without its String
			for i, a := range got {
				t.Logf("%q, %d: %+v", tc.in, i+1, bare(a))
			}
			t.Errorf("%q: got %v, %v; want %v", tc.in, got, err, tc.want)
		}
	}
}

func TestAnAccountIsPrintedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := Account{Name: "essex", User: "dsr", Host: "mail.example", Port: 993, Password: "hunter2"}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "a", a)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "a", a)
	fmt.Fprintf(&out, "%v %+v %s", a, a, &a)
	if text := out.String(); strings.Contains(text, "hunter2") || strings.Count(text, "essex") != 5 {
		t.Errorf("printed as %s", text)
	}
}

func TestWireSkipsMailsHoweverTheyArrive(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("(", 500) + "\r\n* BYE not now\r\n* 0 EXPUNGE\r\n"
	talk := fmt.Sprintf("* 1 FETCH (UID 1 BODY[] {%d}\r\n", len(body))
	stream := talk + body + ")\r\n* BYE really\x01\r\n"
	for size := 1; size <= len(stream); size++ {
		w := wire{budget: 1000}
		for piece := range slices.Chunk([]byte(stream), size) {
			if err := w.scan(piece); err != nil {
				t.Fatalf("in pieces of %d: %v", size, err)
			}
		}
		if left := 1000 - int64(len(stream)-len(body)); w.budget != left || w.bye != " really " {
			t.Fatalf("in pieces of %d: budget %d, want %d; goodbye %q", size, w.budget, left, w.bye)
		}
	}
}

func TestMissingFindsLateOnes(t *testing.T) {
	t.Parallel()
	have := map[UID]bool{1: true, 3: true, 9: true}
	got := Missing([]UID{9, 2, 3, 10, 2, 0}, func(u UID) bool { return have[u] })
	if want := []UID{2, 10}; !slices.Equal(got, want) {
		t.Errorf("Missing = %v, want %v", got, want)
	}
}

func TestIsStandIn(t *testing.T) {
	t.Parallel()
	const text = "Retrieval using the IMAP4 protocol failed for the following message: 12"
	cases := []struct {
		name string
		raw  string
		want bool
	}{
		{"Exchange's", mailboxtest.StandIn, true},
		{"bare line feeds", strings.ReplaceAll(mailboxtest.StandIn, "\r\n", "\n"), true},
		{"only its beginning", mailboxtest.StandIn[:200], true},
		{"folded subject", "Subject: Retrieval using the IMAP4 protocol\r\n failed for the following message: 12\r\n\r\nx", true},
		{"encoded subject", "Subject: =?utf-8?Q?Retrieval_using_the_IMAP4_protocol_failed_for_the_following_message=3A_12?=\r\n\r\nx", true},
		{"in the text, never received", "From: x@example.org\r\nSubject: a\r\n\r\n" + text + "\r\n", true},
		{"a person forwards it", "Received: from a by b\r\nSubject: FW: " + text + "\r\n\r\nplease look", false},
		{"a person quotes it", "Received: from a by b\r\nSubject: help\r\n\r\nwe got: " + text, false},
		{"a referral", string(mail(1000)), false},
		{"nothing", "", false},
	}
	for _, tc := range cases {
		if got := IsStandIn([]byte(tc.raw)); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
