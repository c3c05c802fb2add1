package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"
)

// TestServers shows that the servers that all else rests on do what is asked of
// them: what is delivered can be fetched, what is sent arrives, once.
func TestServers(t *testing.T) {
	t.Parallel()
	t.Run("Dovecot", func(t *testing.T) {
		t.Parallel()
		d := must(t, shared.dovecot)
		d.deliver(t, "somebody", []byte("Subject: hello\r\n\r\nIs it there?\r\n"), time.Date(2027, 3, 2, 10, 0, 0, 0, time.UTC))
		conn, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", d.port), &tls.Config{RootCAs: authority(t, d.authority())})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "a login somebody {%d+}\r\n%s\r\nb examine INBOX\r\nc fetch 1 (internaldate body.peek[])\r\nd logout\r\n", len(imapPassword), imapPassword)
		said, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"a OK", "* 1 EXISTS", "02-Mar-2027 10:00:00", "Is it there?", "c OK"} {
			if !strings.Contains(string(said), want) {
				t.Errorf("got no %q in:\n%s", want, said)
			}
		}
	})
	t.Run("Postfix", func(t *testing.T) {
		t.Parallel()
		p := must(t, shared.postfix)
		c, err := smtp.Dial(fmt.Sprintf("localhost:%d", p.port))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.StartTLS(&tls.Config{ServerName: "localhost", RootCAs: authority(t, p.dir+"/cert.pem")}); err != nil {
			t.Fatal(err)
		}
		steps := []error{c.Mail("tester@e2e.example"), c.Rcpt("nobody.special@anywhere.example")}
		w, err := c.Data()
		steps = append(steps, err)
		_, err = io.WriteString(w, "From: tester@e2e.example\r\nSubject: hello\r\n\r\nIs it there?\r\n")
		for _, err := range append(steps, err, w.Close(), c.Quit()) {
			if err != nil {
				t.Fatal(err)
			}
		}
		got := eventually(t, patience, "mail", func() ([]letter, bool) {
			all := p.letters(t, "tester@e2e.example")
			return all, len(all) > 0
		})
		if len(got) != 1 || got[0].To != "nobody.special@anywhere.example" || !strings.Contains(got[0].Raw, "Is it there?") {
			t.Errorf("got %+v", got)
		}
	})
}

func authority(t testing.TB, file string) *x509.CertPool {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(b)
	return pool
}
