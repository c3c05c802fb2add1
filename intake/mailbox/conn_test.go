package mailbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipe signs in to a scripted server without a network, so that time can be
// driven by synctest.
func pipe(t testing.TB, s *mailboxtest.Scripted, a Account) (*Conn, error) {
	t.Helper()
	if a.User == "" {
		a.User, a.Password = s.User, s.Password
	}
	near, far := net.Pipe()
	s.Serve(far)
	token, err := a.token(t.Context(), "")
	if err != nil {
		return nil, err
	}
	c, err := signIn(t.Context(), a, token, newLink(near, near, a.timeout(), ""), nil)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return c, err
}

func opened(t testing.TB, s *mailboxtest.Scripted) *Conn {
	t.Helper()
	c, err := pipe(t, s, Account{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Select(t.Context(), "INBOX", false); err != nil {
		t.Fatal(err)
	}
	return c
}

func mail(n int) []byte {
	head := "From: Ada Example <ada@example.org>\r\nSubject: referral\r\nMessage-ID: <m1@example.org>\r\n\r\n"
	return append([]byte(head), bytes.Repeat([]byte("0123456789abcde\n"), max(0, n-len(head))/16)...)
}

// keep is a sink that stores only what is whole.
func keep(into map[UID][]byte) func(Mail) error {
	return func(m Mail) error {
		raw, err := io.ReadAll(m.Body)
		if err != nil {
			return err
		}
		into[m.UID] = raw
		return nil
	}
}

// kinds checks an error's kinds, those it must have and no other of the list.
func kinds(t *testing.T, err error, want ...error) {
	t.Helper()
	all := []error{ErrAuth, ErrToken, ErrUntrusted, ErrThrottled, ErrTemporary, ErrCut, ErrUnanswered, ErrIncomplete, ErrMoved, ErrNoFolder, ErrRefused}
	for _, kind := range all {
		if got := errors.Is(err, kind); got != slices.Contains(want, kind) {
			t.Errorf("error %v: is %q = %v, want %v", err, kind, got, !got)
		}
	}
}

func TestACutAtAnyByteStoresNothing(t *testing.T) {
	t.Parallel()
	raw := mail(4096)
	whole := len(fmt.Sprintf("* 1 FETCH (UID 1 FLAGS () INTERNALDATE \" 2-Nov-2026 10:00:00 +0000\" BODY[] {%d}\r\n", len(raw))) + len(raw)
	tail := len(")\r\nT4 OK done\r\n")
	stored, cut := 0, 0
	for at := -1; at < whole+tail; at++ {
		if at == 0 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			s := mailboxtest.NewScripted(t)
			s.Add("INBOX", raw)
			s.Fail(mailboxtest.Fault{On: "UID FETCH", Cut: at})
			c := opened(t, s)
			got := map[UID][]byte{}
			err := c.Fetch(t.Context(), []UID{1}, keep(got))
			if err == nil && at < whole { // behind the mail, "T4 OK" may already be an answer
				t.Fatalf("cut at byte %d: no error", at)
			}
			if at < whole && len(got) > 0 || len(got) > 0 && !bytes.Equal(got[1], raw) {
				t.Fatalf("cut at byte %d of %d: a mail of %d bytes was stored", at, whole, len(got[1]))
			}
			if at >= whole && len(got) == 0 {
				t.Fatalf("cut at byte %d, behind the mail: it was whole and was not stored: %v", at, err)
			}
			stored += len(got)
			if errors.Is(err, ErrCut) {
				cut++
			}
			switch {
			case err == nil:
			case errors.Is(err, ErrCut):
				kinds(t, err, ErrTemporary, ErrCut)
			default:
				kinds(t, err, ErrTemporary)
			}
		})
	}
	if cut < len(raw)-1 {
		t.Errorf("ErrCut was given %d times, want once for each byte inside the mail (%d)", cut, len(raw))
	}
	if stored != tail {
		t.Errorf("stored %d times, want %d: each cut behind the last byte", stored, tail)
	}
}

func TestSilenceAtEachCommandEnds(t *testing.T) {
	t.Parallel()
	use := map[string]func(context.Context, *Conn) error{
		"SELECT":     func(ctx context.Context, c *Conn) error { _, err := c.Select(ctx, "INBOX", true); return err },
		"NOOP":       func(ctx context.Context, c *Conn) error { _, err := c.Look(ctx); return err },
		"STATUS":     func(ctx context.Context, c *Conn) error { _, err := c.Look(ctx); return err },
		"UID SEARCH": func(ctx context.Context, c *Conn) error { _, err := c.UIDs(ctx); return err },
		"UID FETCH":  func(ctx context.Context, c *Conn) error { return c.Fetch(ctx, []UID{1}, keep(map[UID][]byte{})) },
		"UID STORE":  func(ctx context.Context, c *Conn) error { return c.Flag(ctx, []UID{1}, "$DSR") },
		"UID MOVE":   func(ctx context.Context, c *Conn) error { return c.Move(ctx, []UID{1}, "Done") },
		"IDLE":       func(ctx context.Context, c *Conn) error { return c.Idle(ctx, time.Minute) },
		"DONE":       func(ctx context.Context, c *Conn) error { return c.Idle(ctx, time.Minute) },
		"APPEND":     func(ctx context.Context, c *Conn) error { return c.Append(ctx, "INBOX", mail(100)) },
		"LIST":       func(ctx context.Context, c *Conn) error { _, err := c.Folders(ctx); return err },
		"LOGOUT":     func(_ context.Context, c *Conn) error { return c.Close() },
	}
	for name, f := range use {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Add("INBOX", mail(100))
				c := opened(t, s)
				s.Fail(mailboxtest.Fault{On: name, Silent: true})
				began := time.Now()
				err := f(t.Context(), c)
				waited := time.Since(began)
				if name == "DONE" {
					waited -= time.Minute // of IDLE
				}
				if err == nil || waited > 31*time.Second {
					t.Fatalf("returned after %v with %v, want an error within 30 s", waited, err)
				}
				if !errors.Is(err, ErrTemporary) {
					t.Errorf("error %v is not ErrTemporary", err)
				}
				if name == "UID MOVE" && !errors.Is(err, ErrMoved) {
					t.Errorf("error %v is not ErrMoved", err)
				}
			})
		})
	}
	for _, name := range []string{"GREETING", "LOGIN", "CAPABILITY"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Fail(mailboxtest.Fault{On: name, Silent: true})
				began := time.Now()
				_, err := pipe(t, s, Account{})
				if waited := time.Since(began); err == nil || waited > 31*time.Second {
					t.Fatalf("returned after %v with %v, want an error within 30 s", waited, err)
				}
				kinds(t, err, ErrTemporary)
			})
		})
	}
}

func TestAServerThatDripsIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var done sync.WaitGroup
		defer done.Wait()
		done.Go(func() {
			defer far.Close()
			for _, b := range []byte("* OK " + strings.Repeat("slowly ", 1000)) {
				if _, err := far.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(10 * time.Second)
			}
		})
		began := time.Now()
		_, err := signIn(t.Context(), Account{User: "dsr", Password: "x"}, "", newLink(near, near, 30*time.Second, ""), nil)
		if waited := time.Since(began); waited > 31*time.Second {
			t.Errorf("left after %v, want 30 s", waited)
		}
		kinds(t, err, ErrTemporary)
	})
}

func TestASlowSinkIsNotASilentServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		s.Add("INBOX", mail(100_000), mail(100_000), mail(100_000))
		c := opened(t, s)
		time.Sleep(time.Hour) // between commands a server may be silent as long as it likes
		got := map[UID][]byte{}
		err := c.Fetch(t.Context(), []UID{1, 2, 3}, func(m Mail) error {
			one := make([]byte, 1000)
			if _, err := io.ReadFull(m.Body, one); err != nil {
				return err
			}
			time.Sleep(6 * time.Minute) // the client's own limit is five
			rest, err := io.ReadAll(m.Body)
			got[m.UID] = append(one, rest...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for u := UID(1); u <= 3; u++ {
			if len(got[u]) < 99_000 {
				t.Errorf("mail %d: %d bytes", u, len(got[u]))
			}
		}
	})
}

func TestACancelledContextEndsACommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		c := opened(t, s)
		s.Fail(mailboxtest.Fault{On: "NOOP", Silent: true})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Look(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Second {
			t.Errorf("after %v: %v, want deadline exceeded after 1 s", time.Since(began), err)
		}
		if _, err := c.Look(t.Context()); !errors.Is(err, ErrTemporary) {
			t.Errorf("a connection that was given up is used again: %v", err)
		}
	})
}

func TestIdleWakesAndEndsInTime(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		caps string
		do   func(s *mailboxtest.Scripted, cancel func())
		want time.Duration
		err  error
	}{
		{"new mail", "", func(s *mailboxtest.Scripted, _ func()) { s.Add("INBOX", mail(100)) }, 10 * time.Second, nil},
		{"nothing", "", func(*mailboxtest.Scripted, func()) {}, 5 * time.Minute, nil},
		{"no IDLE", "IMAP4rev1", func(*mailboxtest.Scripted, func()) {}, 5 * time.Minute, nil},
		{"shutdown", "", func(_ *mailboxtest.Scripted, cancel func()) { cancel() }, 10 * time.Second, context.Canceled},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				if tc.caps != "" {
					s.Caps = tc.caps
				}
				c := opened(t, s)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				timer := time.AfterFunc(10*time.Second, func() { tc.do(s, cancel) })
				defer timer.Stop()
				began := time.Now()
				err := c.Idle(ctx, 5*time.Minute)
				if !errors.Is(err, tc.err) {
					t.Errorf("error %v, want %v", err, tc.err)
				}
				if waited := time.Since(began); waited != tc.want {
					t.Errorf("waited %v, want %v", waited, tc.want)
				}
				if _, err := c.Look(t.Context()); err != nil {
					t.Errorf("afterwards the connection is no good: %v", err)
				}
				if err := c.Close(); err != nil {
					t.Errorf("sign off: %v", err)
				}
				if log := s.Log(); log[len(log)-1] != "LOGOUT" {
					t.Errorf("last command %q, want LOGOUT", log[len(log)-1])
				}
			})
		})
	}
}

func TestMailBetweenLookAndIdleIsNotSlept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		c := opened(t, s)
		s.Fail(mailboxtest.Fault{On: "IDLE", Before: "* 4 EXISTS\r\n"})
		began := time.Now()
		if err := c.Idle(t.Context(), 5*time.Minute); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited > time.Second {
			t.Errorf("EXISTS before \"+ idling\" was slept through for %v", waited)
		}
	})
}

func TestIdleIsBoundedWhateverIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := opened(t, mailboxtest.NewScripted(t))
		began := time.Now()
		if err := c.Idle(t.Context(), time.Hour); err != nil || time.Since(began) != maxIdle {
			t.Errorf("after %v: %v, want %v", time.Since(began), err, maxIdle)
		}
	})
}
