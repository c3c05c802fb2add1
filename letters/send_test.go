package letters

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/letters/letterstest"
)

// short are timeouts for hosts that never answer; the others answer at once.
func short() Timeouts {
	return Timeouts{Dial: 2 * time.Second, Command: 300 * time.Millisecond, Content: 300 * time.Millisecond, End: 300 * time.Millisecond}
}

func senderTo(s *letterstest.Server, security Security, auth Auth) *Sender {
	var roots *tls.Config
	if security != NoTLS {
		roots = s.ClientTLS()
	}
	return NewSender(Server{Host: s.Host, Port: s.Port, TLS: security}, auth, "dsr.example", short(), roots)
}

const (
	envelopeFrom = "dsr@council.example"
	envelopeTo   = "zoe@example.org"
)

// TestSendOutcomes is the table of what mail hosts do, and what each means.
// took is the truth at the host; want is what we may say of it.
func TestSendOutcomes(t *testing.T) {
	t.Parallel()
	type f = letterstest.Fault
	for name, tt := range map[string]struct {
		fault f
		want  Class
		step  Step
		took  int
	}{
		"all well":                    {f{}, Accepted, StepEnd, 1},
		"busy at the greeting":        {f{At: "greeting", Reply: "421 4.3.2 service not active"}, Retry, StepGreet, 0},
		"blocked at the greeting":     {f{At: "greeting", Reply: "554 5.7.1 blocked"}, Stop, StepGreet, 0},
		"gone at the greeting":        {f{At: "greeting", Drop: true}, Retry, StepGreet, 0},
		"silent at the greeting":      {f{At: "greeting", Hang: true}, Retry, StepGreet, 0},
		"gone at EHLO":                {f{At: "EHLO", Drop: true}, Retry, StepGreet, 0},
		"451 at MAIL":                 {f{At: "MAIL", Reply: "451 4.7.500 Server busy. Please try again later"}, Retry, StepFrom, 0},
		"421 at MAIL":                 {f{At: "MAIL", Reply: "421 4.3.2 closing", Drop: true}, Retry, StepFrom, 0},
		"452 at MAIL":                 {f{At: "MAIL", Reply: "452 4.3.1 insufficient storage"}, Retry, StepFrom, 0},
		"5.7 at MAIL":                 {f{At: "MAIL", Reply: "550 5.7.60 client does not have permissions to send as this sender"}, Stop, StepFrom, 0},
		"our address unknown":         {f{At: "MAIL", Reply: "550 5.1.8 bad sender"}, Stop, StepFrom, 0},
		"not signed in":               {f{At: "MAIL", Reply: "530 authentication required"}, Stop, StepFrom, 0},
		"other 550 at MAIL":           {f{At: "MAIL", Reply: "550 5.3.0 no"}, Failed, StepFrom, 0},
		"552 at MAIL":                 {f{At: "MAIL", Reply: "552 5.2.2 quota"}, Retry, StepFrom, 0},
		"silent at MAIL":              {f{At: "MAIL", Hang: true}, Retry, StepFrom, 0},
		"gone at MAIL":                {f{At: "MAIL", Drop: true}, Retry, StepFrom, 0},
		"550 at RCPT":                 {f{At: "RCPT", Reply: "550 5.1.1 no such user"}, Failed, StepTo, 0},
		"5.7 at RCPT":                 {f{At: "RCPT", Reply: "550 5.7.1 recipient refuses"}, Failed, StepTo, 0},
		"mailbox full, 4.2.2":         {f{At: "RCPT", Reply: "452 4.2.2 mailbox full"}, Retry, StepTo, 0},
		"mailbox full, 5.2.2":         {f{At: "RCPT", Reply: "554 5.2.2 mailbox full"}, Retry, StepTo, 0},
		"552 at RCPT":                 {f{At: "RCPT", Reply: "552 too many"}, Retry, StepTo, 0},
		"421 at RCPT":                 {f{At: "RCPT", Reply: "421 4.4.2 timeout", Drop: true}, Retry, StepTo, 0},
		"gone at RCPT":                {f{At: "RCPT", Drop: true}, Retry, StepTo, 0},
		"451 at DATA":                 {f{At: "DATA", Reply: "451 4.3.0 try later"}, Retry, StepData, 0},
		"554 at DATA":                 {f{At: "DATA", Reply: "554 5.5.1 no"}, Failed, StepData, 0},
		"gone at DATA":                {f{At: "DATA", Drop: true}, Retry, StepData, 0},
		"dies in the body":            {f{At: "body", Drop: true}, Unknown, StepEnd, 0},
		"silent in the body":          {f{At: "body", Hang: true}, Unknown, StepEnd, 0},
		"dies after the dot":          {f{At: "end", Drop: true, Took: true}, Unknown, StepEnd, 1},
		"no reply after the dot":      {f{At: "end", Hang: true, Took: true}, Unknown, StepEnd, 1},
		"nonsense after the dot":      {f{At: "end", Reply: "hello there", Took: true}, Unknown, StepEnd, 1},
		"another code after the dot":  {f{At: "end", Reply: "220 odd", Took: true}, Unknown, StepEnd, 1},
		"451 after the dot":           {f{At: "end", Reply: "451 4.7.1 greylisted"}, Retry, StepEnd, 0},
		"421 after the dot":           {f{At: "end", Reply: "421 4.3.2 closing", Drop: true}, Retry, StepEnd, 0},
		"552 after the dot":           {f{At: "end", Reply: "552 5.3.4 too big"}, Retry, StepEnd, 0},
		"5.7 after the dot":           {f{At: "end", Reply: "550 5.7.1 looks like spam"}, Failed, StepEnd, 0},
		"554 after the dot":           {f{At: "end", Reply: "554 5.6.0 refused"}, Failed, StepEnd, 0},
		"dies after its 250":          {f{At: "end", Reply: "250 2.0.0 queued as ABC123", Drop: true, Took: true}, Accepted, StepEnd, 1},
		"RSET refused":                {f{At: "RSET", Reply: "451 4.3.0 no"}, Accepted, StepEnd, 1},
		"RSET dropped":                {f{At: "RSET", Drop: true}, Accepted, StepEnd, 1},
		"QUIT dropped":                {f{At: "QUIT", Drop: true}, Accepted, StepEnd, 1},
		"QUIT unanswered":             {f{At: "QUIT", Hang: true}, Accepted, StepEnd, 1},
		"QUIT refused":                {f{At: "QUIT", Reply: "451 stay"}, Accepted, StepEnd, 1},
		"several lines after the dot": {f{At: "end", Reply: "250-2.0.0 fine\r\n250 2.0.0 queued as ABC123", Took: true}, Accepted, StepEnd, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := letterstest.Start(t, letterstest.Options{}, tt.fault)
			m := sampleMail()
			raw := render(t, m)
			got := senderTo(server, NoTLS, Auth{}).Send(t.Context(), envelopeFrom, envelopeTo, raw)
			if got.Class != tt.want || got.Step != tt.step {
				t.Errorf("got %s (%s), want %s at %s", got, got.Text, tt.want, tt.step)
			}
			if took := server.Took(m.MessageID); took != tt.took {
				t.Errorf("the host took it %d times, want %d", took, tt.took)
			}
			for _, l := range server.Letters() {
				if !bytes.Equal(l.Raw, raw) {
					t.Errorf("the host holds other bytes than were sent:\n%s", l.Raw)
				}
			}
			if got.Class == Accepted && tt.fault.Reply == "" && got.QueueID != "ABC123" {
				t.Errorf("queue id %q, want ABC123", got.QueueID)
			}
		})
	}
}

func TestSendKeepsTheHostsWords(t *testing.T) {
	t.Parallel()
	server := letterstest.Start(t, letterstest.Options{}, letterstest.Fault{
		At: "RCPT", Reply: "550 5.1.1 no such user\x07 " + strings.Repeat("x", 900)})
	got := senderTo(server, NoTLS, Auth{}).Send(t.Context(), envelopeFrom, envelopeTo, render(t, sampleMail()))
	if got.Code != 550 || got.Enhanced != "5.1.1" || !strings.HasPrefix(got.Text, "5.1.1 no such user") || len([]rune(got.Text)) > maxText {
		t.Errorf("got %+v", got)
	}
	if s := got.String(); s != "failed at rcpt to 550 5.1.1" {
		t.Errorf("for the log: %q", s)
	}
}

func TestSendAsksForNotices(t *testing.T) {
	t.Parallel()
	for _, noDSN := range []bool{false, true} {
		server := letterstest.Start(t, letterstest.Options{NoDSN: noDSN})
		got := senderTo(server, NoTLS, Auth{}).Send(t.Context(), envelopeFrom, envelopeTo, render(t, sampleMail()))
		if got.Class != Accepted {
			t.Fatal(got)
		}
		l := server.Letters()[0]
		from, to := "FROM:<dsr@council.example> BODY=8BITMIME RET=HDRS", "TO:<zoe@example.org> NOTIFY=FAILURE,DELAY"
		if noDSN {
			from, to = "FROM:<dsr@council.example> BODY=8BITMIME", "TO:<zoe@example.org>"
		}
		if l.From != from || l.To != to {
			t.Errorf("no DSN %v: envelope %q %q, want %q %q", noDSN, l.From, l.To, from, to)
		}
	}
}

func TestSendSecurityAndSignIn(t *testing.T) {
	t.Parallel()
	type o = letterstest.Options
	token := func(s string, err error) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return s, err }
	}
	for name, tt := range map[string]struct {
		host     o
		security Security
		auth     Auth
		distrust bool
		fault    letterstest.Fault
		want     Class
		step     Step
	}{
		"STARTTLS, PLAIN":               {host: o{StartTLS: true, User: "u", Password: "p"}, security: StartTLS, auth: Auth{User: "u", Password: "p"}, want: Accepted, step: StepEnd},
		"STARTTLS, LOGIN":               {host: o{StartTLS: true, User: "u", Password: "p", Methods: "LOGIN"}, security: StartTLS, auth: Auth{User: "u", Password: "p"}, want: Accepted, step: StepEnd},
		"STARTTLS, token":               {host: o{StartTLS: true, User: "u", Token: "t"}, security: StartTLS, auth: Auth{User: "u", Token: token("t", nil)}, want: Accepted, step: StepEnd},
		"implicit TLS":                  {host: o{Implicit: true, User: "u", Password: "p"}, security: ImplicitTLS, auth: Auth{User: "u", Password: "p"}, want: Accepted, step: StepEnd},
		"no STARTTLS offered":           {host: o{}, security: StartTLS, want: Stop, step: StepTLS},
		"STARTTLS for later":            {host: o{StartTLS: true}, security: StartTLS, fault: letterstest.Fault{At: "STARTTLS", Reply: "454 4.7.0 TLS not available"}, want: Retry, step: StepTLS},
		"STARTTLS dropped":              {host: o{StartTLS: true}, security: StartTLS, fault: letterstest.Fault{At: "STARTTLS", Drop: true}, want: Retry, step: StepTLS},
		"unknown certificate":           {host: o{StartTLS: true}, security: StartTLS, distrust: true, want: Stop, step: StepTLS},
		"unknown certificate, implicit": {host: o{Implicit: true}, security: ImplicitTLS, distrust: true, want: Stop, step: StepTLS},
		"no TLS there":                  {host: o{}, security: ImplicitTLS, want: Stop, step: StepTLS},
		"wrong password":                {host: o{StartTLS: true, User: "u", Password: "p"}, security: StartTLS, auth: Auth{User: "u", Password: "x"}, want: Stop, step: StepAuth},
		"wrong token":                   {host: o{StartTLS: true, User: "u", Token: "t"}, security: StartTLS, auth: Auth{User: "u", Token: token("old", nil)}, want: Stop, step: StepAuth},
		"no token to be had":            {host: o{StartTLS: true, User: "u", Token: "t"}, security: StartTLS, auth: Auth{User: "u", Token: token("", fmt.Errorf("503"))}, want: Retry, step: StepAuth},
		"sign-in for later":             {host: o{StartTLS: true, User: "u", Password: "p"}, security: StartTLS, auth: Auth{User: "u", Password: "p"}, fault: letterstest.Fault{At: "AUTH", Reply: "454 4.7.0 temporary authentication failure"}, want: Retry, step: StepAuth},
		"no sign-in offered":            {host: o{StartTLS: true}, security: StartTLS, auth: Auth{User: "u", Password: "p"}, want: Stop, step: StepAuth},
		"only strange sign-ins":         {host: o{StartTLS: true, User: "u", Methods: "NTLM"}, security: StartTLS, auth: Auth{User: "u", Password: "p"}, want: Stop, step: StepAuth},
		"sign-in needed, none given":    {host: o{StartTLS: true, User: "u", Password: "p"}, security: StartTLS, want: Stop, step: StepFrom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var faults []letterstest.Fault
			if tt.fault.At != "" {
				faults = append(faults, tt.fault)
			}
			server := letterstest.Start(t, tt.host, faults...)
			sender := senderTo(server, tt.security, tt.auth)
			if tt.distrust {
				sender = NewSender(Server{Host: server.Host, Port: server.Port, TLS: tt.security}, tt.auth, "", short(), nil)
			}
			got := sender.Send(t.Context(), envelopeFrom, envelopeTo, render(t, sampleMail()))
			if got.Class != tt.want || got.Step != tt.step {
				t.Errorf("got %s (%s), want %s at %s", got, got.Text, tt.want, tt.step)
			}
			err := sender.Check(t.Context())
			if ok := tt.want == Accepted || tt.step == StepFrom; (err == nil) != ok {
				t.Errorf("Check says %v", err)
			}
			if n := len(server.Letters()); n > 1 {
				t.Errorf("%d letters", n)
			}
		})
	}
}

// A host that is silent must not hold up a shutdown, at no step.
func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]Class{
		"greeting": Retry, "EHLO": Retry, "MAIL": Retry, "RCPT": Retry, "DATA": Retry, "body": Unknown, "end": Unknown, "QUIT": Accepted,
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			server := letterstest.Start(t, letterstest.Options{}, letterstest.Fault{At: at, Hang: true})
			hour := Timeouts{Dial: time.Hour, Command: time.Hour, Content: time.Hour, End: time.Hour}
			sender := NewSender(Server{Host: server.Host, Port: server.Port, TLS: NoTLS}, Auth{}, "dsr.example", hour, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			raw := render(t, sampleMail())
			done := make(chan Outcome, 1)
			go func() { done <- sender.Send(ctx, envelopeFrom, envelopeTo, raw) }()
			select {
			case got := <-done:
				if got.Class != want {
					t.Errorf("got %s, want %s", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("still waiting long after the context ended")
			}
		})
	}
}

func TestSendRefusesWhatCannotTravel(t *testing.T) {
	t.Parallel()
	server := letterstest.Start(t, letterstest.Options{})
	sender := senderTo(server, NoTLS, Auth{})
	raw := render(t, sampleMail())
	for name, try := range map[string]struct {
		from, to string
		raw      []byte
	}{
		"no recipient":        {envelopeFrom, "", raw},
		"two recipients":      {envelopeFrom, "a@example.org> <b@example.org", raw},
		"recipient two lines": {envelopeFrom, "a@example.org\r\nRCPT TO:<b@example.org", raw},
		"no sender":           {"", envelopeTo, raw},
		"no bytes":            {envelopeFrom, envelopeTo, nil},
		"bare line feeds":     {envelopeFrom, envelopeTo, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))},
		"eight bit":           {envelopeFrom, envelopeTo, append(bytes.Clone(raw), "Zoë\r\n"...)},
		"cut off":             {envelopeFrom, envelopeTo, raw[:len(raw)-1]},
		"long line":           {envelopeFrom, envelopeTo, append(bytes.Repeat([]byte("x"), 999), "\r\n"...)},
	} {
		got := sender.Send(t.Context(), try.from, try.to, try.raw)
		if got.Class != Failed || got.Step != StepBytes {
			t.Errorf("%s: got %s, want %s at %s", name, got, Failed, StepBytes)
		}
	}
	if got := server.Commands(); len(got) != 0 {
		t.Errorf("the host was spoken to: %q", got)
	}
}

func TestSendToNobodyListening(t *testing.T) {
	t.Parallel()
	sender := NewSender(Server{Host: "127.0.0.1", Port: "1", TLS: NoTLS}, Auth{}, "", short(), nil)
	got := sender.Send(t.Context(), envelopeFrom, envelopeTo, render(t, sampleMail()))
	if got.Class != Retry || got.Step != StepDial || !got.AboutHost() {
		t.Errorf("got %s, want %s at %s", got, Retry, StepDial)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	full := Outcome{Class: Retry, Step: StepTo, Code: 452, Enhanced: "4.2.2"}
	for _, tt := range []struct {
		attempt int
		o       Outcome
		rnd     float64
		want    time.Duration
	}{
		{1, Outcome{}, 0.5, time.Minute},
		{2, Outcome{}, 0.5, 5 * time.Minute},
		{3, Outcome{}, 0.5, 15 * time.Minute},
		{4, Outcome{}, 0.5, time.Hour},
		{5, Outcome{}, 0.5, 4 * time.Hour},
		{50, Outcome{}, 0.5, 4 * time.Hour},
		{0, Outcome{}, 0.5, time.Minute},
		{1, Outcome{}, 0, 48 * time.Second},
		{1, Outcome{}, 1, 72 * time.Second},
		{1, Outcome{}, 7, 72 * time.Second},
		{1, full, 0.5, time.Hour},
	} {
		if got := Backoff(tt.attempt, tt.o, tt.rnd); got.Round(time.Millisecond) != tt.want {
			t.Errorf("Backoff(%d, %v, %v) = %v, want %v", tt.attempt, tt.o, tt.rnd, got, tt.want)
		}
	}
	if got := GiveUp(full); got != 24*time.Hour {
		t.Errorf("a full mailbox is tried for %v", got)
	}
	if got := GiveUp(Outcome{}); got != 48*time.Hour {
		t.Errorf("a letter is tried for %v", got)
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Server{
		"smtp://dsr@mail.example":                 {"mail.example", "587", StartTLS, "dsr"},
		"smtp://dsr@mail.example:25?tls=starttls": {"mail.example", "25", StartTLS, "dsr"},
		"smtps://a%40b.example@mail.example/":     {"mail.example", "465", ImplicitTLS, "a@b.example"},
		"smtp://127.0.0.1:2525?tls=none":          {"127.0.0.1", "2525", NoTLS, ""},
		"smtp://[::1]:2525?tls=none":              {"::1", "2525", NoTLS, ""},
		"smtp://localhost:2525?tls=none":          {"localhost", "2525", NoTLS, ""},
	} {
		if got, err := ParseURL(in); err != nil || got != want {
			t.Errorf("ParseURL(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "mail.example:587", "http://mail.example", "smtp://", "smtp://mail.example?tls=none",
		"smtp://localhost.evil.example?tls=none", "smtps://127.0.0.1?tls=none", "smtps://mail.example?tls=starttls",
		"smtp://mail.example?tls=maybe", "smtp://mail.example?TLS=none", "smtp://u:secret@mail.example", "smtp://mail.example/box",
	} {
		got, err := ParseURL(in)
		if err == nil {
			t.Errorf("ParseURL(%q) = %+v, want a refusal", in, got)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
}
