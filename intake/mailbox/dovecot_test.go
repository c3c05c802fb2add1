package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

func dovecotAccount(d *mailboxtest.Dovecot, user string) Account {
	return Account{
		Name: "test", User: user, Password: d.Password, Host: d.Host, Port: d.TLSPort,
		TLS: Implicit, RootCAs: d.CAs, Folders: []string{"INBOX"}, Timeout: 20 * time.Second,
	}
}

func dial(t *testing.T, a Account) *Conn {
	t.Helper()
	c, err := Dial(t.Context(), a, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDovecot(t *testing.T) {
	d := mailboxtest.NewDovecot(t)
	t.Run("sign in", func(t *testing.T) { testSignIn(t, d) })
	t.Run("read, flag, move, append", func(t *testing.T) { testWork(t, d) })
	t.Run("idle", func(t *testing.T) { testIdle(t, d) })
	t.Run("another UIDVALIDITY", func(t *testing.T) { testUIDValidity(t, d) })
	t.Run("a big mail", func(t *testing.T) { testBig(t, d) })
	t.Run("killed", func(t *testing.T) { testKilled(t, d) }) // last
}

func testSignIn(t *testing.T, d *mailboxtest.Dovecot) {
	good := func(token string) string {
		if token == "good" {
			return "ann"
		}
		return ""
	}
	d.Token.Store(&good)
	cases := []struct {
		name string
		edit func(*Account)
		want error
	}{
		{"TLS", func(*Account) {}, nil},
		{"STARTTLS", func(a *Account) { a.TLS, a.Port = StartTLS, d.Port }, nil},
		{"in clear on loopback", func(a *Account) { a.TLS, a.Port = None, d.Port }, nil},
		{"wrong password", func(a *Account) { a.Password = "wrong" }, ErrAuth},
		{"password beyond ASCII", func(a *Account) { a.Password = "pässword" }, ErrAuth},
		{"token", func(a *Account) { a.Token = tokens("good") }, nil},
		{"token with STARTTLS", func(a *Account) { a.TLS, a.Port, a.Token = StartTLS, d.Port, tokens("good") }, nil},
		{"expired token, then a fresh one", func(a *Account) { a.Token = tokens("old", "good") }, nil},
		{"expired token", func(a *Account) { a.Token = tokens("old") }, ErrAuth},
		{"unknown authority", func(a *Account) { a.RootCAs = nil }, ErrUntrusted},
		{"unknown authority with STARTTLS", func(a *Account) { a.TLS, a.Port, a.RootCAs = StartTLS, d.Port, nil }, ErrUntrusted},
		{"TLS where there is none", func(a *Account) { a.Port = d.Port }, ErrUntrusted},
		{"nobody listens", func(a *Account) { a.Port = 1 }, ErrTemporary},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := dovecotAccount(d, "ann")
			tc.edit(&a)
			c, err := Dial(t.Context(), a, nil)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("error %v, want %v", err, tc.want)
			}
			if c != nil {
				if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
					t.Error(err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func testWork(t *testing.T, d *mailboxtest.Dovecot) {
	ctx := t.Context()
	for i := range 5 {
		d.Deliver(t, "work", "INBOX", mail(1000+i*16))
	}
	c := dial(t, dovecotAccount(d, "work"))
	f, err := c.Select(ctx, "INBOX", false)
	if err != nil || f.UIDValidity == 0 || f.Exists != 5 || f.UIDNext != 6 {
		t.Fatalf("Select = %+v, %v; want 5 mails", f, err)
	}
	uids, err := c.UIDs(ctx)
	if err != nil || !slices.Equal(uids, []UID{1, 2, 3, 4, 5}) {
		t.Fatalf("UIDs = %v, %v", uids, err)
	}
	want := d.Mails(t, "work", "INBOX")
	got := map[UID][]byte{}
	if err := c.Fetch(ctx, uids, func(m Mail) error {
		if m.InternalDate.IsZero() || slices.Contains(m.Flags, `\Seen`) {
			t.Errorf("mail %d: date %v, flags %v; want a date and not seen", m.UID, m.InternalDate, m.Flags)
		}
		return keep(got)(m)
	}); err != nil {
		t.Fatal(err)
	}
	for i, raw := range want {
		if crlf := bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")); !bytes.Equal(bytes.ReplaceAll(got[UID(i+1)], []byte("\r\n"), []byte("\n")), crlf) {
			t.Errorf("mail %d differs: %d bytes, want %d", i+1, len(got[UID(i+1)]), len(raw))
		}
	}
	err = c.Fetch(ctx, []UID{3, 99}, keep(map[UID][]byte{}))
	if u, ok := errors.AsType[*Unanswered](err); !ok || !slices.Equal(u.UIDs, []UID{99}) {
		t.Errorf("fetch of a mail that is not there: %v, want 99 unanswered", err)
	}

	if err := c.Flag(ctx, []UID{1}, "$DSR"); err != nil {
		t.Error(err)
	}
	flags := map[UID][]string{}
	if err := c.Fetch(ctx, []UID{1, 2}, func(m Mail) error { flags[m.UID] = m.Flags; return nil }); err != nil {
		t.Error(err)
	}
	if !slices.Contains(flags[1], "$DSR") || slices.Contains(flags[2], "$DSR") {
		t.Errorf("flags %v, want $DSR on 1 alone", flags)
	}

	if err := c.Move(ctx, []UID{1, 2, 77}, "Processed"); err != nil {
		t.Error(err)
	}
	if n := len(d.Mails(t, "work", "Processed")); n != 2 {
		t.Errorf("%d mails in the target, want 2", n)
	}
	kinds(t, c.Move(ctx, []UID{3}, "Nowhere"), ErrMoved, ErrNoFolder)
	if f, err := c.Look(ctx); err != nil || f.Exists != 3 {
		t.Errorf("Look = %+v, %v; want 3 left", f, err)
	}

	letter := []byte("Message-ID: <dsr.0123456789abcdef.1@dsr.example>\r\nSubject: a letter\r\n\r\nDear Ada\r\n")
	if err := c.Append(ctx, "Sent", letter); err != nil {
		t.Error(err)
	}
	for id, want := range map[string]bool{"<dsr.0123456789abcdef.1@dsr.example>": true, "dsr.fedcba9876543210.1@dsr.example": false} {
		if found, err := c.FindMessageID(ctx, "Sent", id); err != nil || found != want {
			t.Errorf("FindMessageID(%s) = %v, %v; want %v", id, found, err, want)
		}
	}
	folders, err := c.Folders(ctx)
	if i := slices.IndexFunc(folders, func(f Listed) bool { return f.Name == "Junk" }); err != nil || i < 0 || !slices.Contains(folders[i].Use, `\Junk`) {
		t.Errorf("Folders = %v, %v; want Junk with its use", folders, err)
	}
	_, err = c.Select(ctx, "Nowhere", true)
	kinds(t, err, ErrNoFolder)
	kinds(t, c.Append(ctx, "Nowhere", letter), ErrNoFolder)
}

func testIdle(t *testing.T, d *mailboxtest.Dovecot) {
	c := dial(t, dovecotAccount(d, "idle"))
	if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
		t.Fatal(err)
	}
	before, err := c.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	woken := make(chan error, 1)
	go func() { woken <- c.Idle(t.Context(), time.Minute) }()
	began := time.Now()
	d.Deliver(t, "idle", "INBOX", mail(1000))
	if err := <-woken; err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(began); waited > 30*time.Second {
		t.Errorf("woken after %v", waited)
	} else {
		t.Logf("woken after %v", waited)
	}
	if after, err := c.Look(t.Context()); err != nil || after.Exists != before.Exists+1 || after.UIDNext <= before.UIDNext {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
}

func testUIDValidity(t *testing.T, d *mailboxtest.Dovecot) {
	d.Deliver(t, "reset", "INBOX", mail(1000))
	read := func() Folder {
		c := dial(t, dovecotAccount(d, "reset"))
		f, err := c.Select(t.Context(), "INBOX", true)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	before := read()
	d.ResetUIDValidity(t, "reset", "INBOX")
	if after := read(); after.UIDValidity == before.UIDValidity || after.Exists != 1 {
		t.Errorf("before %+v, after %+v; want another UIDVALIDITY and the mail", before, after)
	}
}

func testBig(t *testing.T, d *mailboxtest.Dovecot) {
	const size = 20 << 20
	for range 2 {
		d.Deliver(t, "big", "INBOX", append(mail(100), bytes.Repeat([]byte("0123456789abcde\r\n"), size/17)...))
	}
	c := dial(t, dovecotAccount(d, "big"))
	if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	peak, total := before.HeapInuse, int64(0)
	began := time.Now()
	piece := make([]byte, 1<<20)
	if err := c.Fetch(t.Context(), []UID{1, 2}, func(m Mail) error {
		for {
			n, err := m.Body.Read(piece)
			total += int64(n)
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("%d MB over TLS in %v, peak heap +%d KB", total>>20, took, (peak-before.HeapInuse)>>10)
	if total < 2*size-1000 || peak-before.HeapInuse > 16<<20 {
		t.Errorf("%d bytes, heap grew by %d MB", total, (peak-before.HeapInuse)>>20)
	}
}

// Whatever is under way when the server is killed ends with an error, and the
// next connection works.
func testKilled(t *testing.T, d *mailboxtest.Dovecot) {
	d.Deliver(t, "kill", "INBOX", append(mail(100), bytes.Repeat([]byte("0123456789abcde\r\n"), 1<<20)...))
	c := dial(t, dovecotAccount(d, "kill"))
	if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
		t.Fatal(err)
	}
	err := c.Fetch(t.Context(), []UID{1}, func(m Mail) error {
		if _, err := io.CopyN(io.Discard, m.Body, 100<<10); err != nil {
			return err
		}
		d.Kill()
		n, err := io.Copy(io.Discard, m.Body)
		if err == nil {
			return fmt.Errorf("whole after the kill: %d more", n)
		}
		return err
	})
	kinds(t, err, ErrCut, ErrTemporary)
	d.Start(t)
	c = dial(t, dovecotAccount(d, "kill"))
	if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
		t.Fatal(err)
	}
	got := map[UID][]byte{}
	if err := c.Fetch(t.Context(), []UID{1}, keep(got)); err != nil || len(got[1]) < 17<<20 {
		t.Errorf("%d bytes, %v", len(got[1]), err)
	}
}

// tokens gives one token after another, the last for ever.
func tokens(all ...string) func(context.Context, string) (string, error) {
	i := -1
	return func(context.Context, string) (string, error) {
		i = min(i+1, len(all)-1)
		return all[i], nil
	}
}
