package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
)

func TestFetchBelievesOnlyWhatWasAskedAndCame(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		say    string
		whole  []UID
		kinds  []error
		absent []UID
	}{
		{"OK without data", "$TAG OK done\r\n", nil, []error{ErrUnanswered}, []UID{1, 2}},
		{"one of two", "* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n$TAG OK done\r\n", []UID{1}, []error{ErrUnanswered}, []UID{2}},
		{"UID behind the body", "* 1 FETCH (BODY[] {2}\r\nhi UID 1)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"a UID nobody asked for", "* 9 FETCH (UID 9 BODY[] {2}\r\nhi)\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{1, 2}, nil, nil},
		{"no UID at all", "* 1 FETCH (BODY[] {2}\r\nhi)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"NIL", "* 1 FETCH (UID 1 BODY[] NIL)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"an empty mail", "* 1 FETCH (UID 1 BODY[] {0}\r\n)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"only the header", "* 1 FETCH (UID 1 BODY[HEADER] {2}\r\nhi)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"only a part", "* 1 FETCH (UID 1 BODY[]<0> {2}\r\nhi)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"twice", "* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nHI)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{1, 2}, nil, nil},
		{"a flag change first", "* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{2}, []error{ErrUnanswered}, []UID{1}},
		{"quoted", "* 1 FETCH (UID 1 BODY[] \"hi\")\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{1, 2}, nil, nil},
		{"small letters, bare line feeds", "* 1 fetch (uid 1 body[] {2}\nhi)\n* 2 fetch (uid 2 body[] {2}\nho)\n$TAG OK done\n", []UID{1, 2}, nil, nil},
		{"EXISTS between", "* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n* 3 EXISTS\r\n* 2 FETCH (UID 2 BODY[] {2}\r\nho)\r\n$TAG OK done\r\n", []UID{1, 2}, nil, nil},
		{"NO behind whole mails", "* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n$TAG NO [SERVERBUG] out of order\r\n", []UID{1}, []error{ErrTemporary}, nil},
		{"throttled", "$TAG BAD Request is throttled. Suggested Backoff Time: 277622 milliseconds\r\n", nil, []error{ErrThrottled}, nil},
		{"unknown data", "* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n* VANISHED 41\r\n$TAG OK done\r\n", []UID{1}, []error{ErrTemporary}, nil},
		{"unknown item", "* 1 FETCH (UID 1 X-GM-MSGID 1 BODY[] {2}\r\nhi)\r\n$TAG OK done\r\n", nil, []error{ErrTemporary}, nil},
		{"unreadable date", "* 1 FETCH (UID 1 INTERNALDATE \"yesterday\" BODY[] {2}\r\nhi)\r\n$TAG OK done\r\n", nil, []error{ErrTemporary}, nil},
		{"not a number of bytes", "* 1 FETCH (UID 1 BODY[] {-5}\r\n)\r\n$TAG OK done\r\n", nil, []error{ErrTemporary}, nil},
		{"an empty line", "\r\n* 1 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n$TAG OK done\r\n", nil, []error{ErrTemporary}, nil},
		{"rubbish", "\x00\xff\xfe rubbish\r\n", nil, []error{ErrTemporary}, nil},
		{"goodbye", "* BYE Session invalidated - AccessTokenExpired\r\n", nil, []error{ErrTemporary}, nil},
		{"goodbye, too many", "* BYE Too many connections\r\n", nil, []error{ErrThrottled}, nil},
		{"message number 0", "* 0 FETCH (UID 1 BODY[] {2}\r\nhi)\r\n$TAG OK done\r\n", nil, []error{ErrTemporary}, nil},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				s.Add("INBOX", mail(100), mail(100))
				c := opened(t, s)
				s.Fail(mailboxtest.Fault{On: "UID FETCH", Say: tc.say})
				got := map[UID][]byte{}
				err := c.Fetch(t.Context(), []UID{2, 1, 2, 0}, keep(got))
				if whole := slices.Sorted(maps.Keys(got)); !slices.Equal(whole, tc.whole) {
					t.Errorf("stored %v, want %v", whole, tc.whole)
				}
				if string(got[1]) == "HI" {
					t.Error("the second answer for a mail was taken for the mail")
				}
				if (err == nil) != (len(tc.kinds) == 0) {
					t.Fatalf("error %v, want kinds %v", err, tc.kinds)
				}
				if err != nil {
					kinds(t, err, tc.kinds...)
				}
				if u, ok := errors.AsType[*Unanswered](err); ok != (tc.absent != nil) || ok && !slices.Equal(u.UIDs, tc.absent) {
					t.Errorf("unanswered %v, want %v", err, tc.absent)
				}
			})
		})
	}
}

func TestBackoffIsWhatTheServerAskedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewExchange(t)
		c := opened(t, s)
		s.Fail(mailboxtest.Fault{On: "UID SEARCH", Say: mailboxtest.ExchangeBackoff})
		_, err := c.UIDs(t.Context())
		kinds(t, err, ErrThrottled)
		if got, want := Backoff(fmt.Errorf("poll: %w", err)), 277622*time.Millisecond; got != want {
			t.Errorf("Backoff = %v, want %v", got, want)
		}
	})
}

func TestASinkThatFailsEndsTheConnection(t *testing.T) {
	t.Parallel()
	broken := errors.New("database is away")
	sinks := map[string]func(Mail) error{
		"at once":    func(Mail) error { return broken },
		"half read":  func(m Mail) error { _, _ = io.CopyN(io.Discard, m.Body, 50_000); return broken },
		"after all":  func(m Mail) error { _, _ = io.Copy(io.Discard, m.Body); return broken },
		"with panic": func(m Mail) error { _, _ = io.CopyN(io.Discard, m.Body, 10); panic(broken) },
	}
	for name, sink := range sinks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mailboxtest.NewScripted(t)
				for range 200 { // more than the client's channel holds
					s.Add("INBOX", mail(100_000))
				}
				c := opened(t, s)
				uids, err := c.UIDs(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				calls := 0
				err = func() (err error) {
					defer func() {
						if v := recover(); v != nil {
							err = v.(error)
						}
					}()
					return c.Fetch(t.Context(), uids, func(m Mail) error { calls++; return sink(m) })
				}()
				if !errors.Is(err, broken) || calls != 1 {
					t.Errorf("after %d calls: %v, want the sink's error after 1", calls, err)
				}
				if _, err := c.Look(t.Context()); !errors.Is(err, ErrTemporary) {
					t.Errorf("the connection lives on in the middle of a mail: %v", err)
				}
			})
		})
	}
}

func TestASinkMaySkipAMail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		s.Add("INBOX", mail(50_000), mail(300))
		c := opened(t, s)
		got := map[UID][]byte{}
		err := c.Fetch(t.Context(), []UID{1, 2}, func(m Mail) error {
			if m.Size > 1000 {
				return nil
			}
			return keep(got)(m)
		})
		if err != nil || len(got) != 1 || got[2] == nil {
			t.Errorf("got %d mails, error %v; want mail 2 alone", len(got), err)
		}
	})
}

func TestAnUnreadableDateDoesNotHoldAMailBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		s.Add("INBOX", mail(300))
		c := opened(t, s)
		got := map[UID][]byte{}
		if err := c.FetchBare(t.Context(), 1, keep(got)); err != nil || !bytes.Equal(got[1], mail(300)) {
			t.Errorf("got %d bytes, error %v", len(got[1]), err)
		}
		log := s.Log()
		if last := log[len(log)-1]; last != "UID FETCH 1 (UID BODY.PEEK[])" {
			t.Errorf("asked %q, want nothing but the bytes", last)
		}
	})
}

// The client would build these in memory, or on the stack, and may take the
// process with it; asked for are only lines and the bytes of mails.
func TestNothingDangerousIsEverAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		s.Add("INBOX", mail(300))
		s.Add("Done")
		c := opened(t, s)
		ctx := t.Context()
		_, err1 := c.UIDs(ctx)
		_, err2 := c.Arrived(ctx, []UID{1})
		_, err3 := c.Beginning(ctx, 1, 100)
		err := errors.Join(err1, err2, err3, c.Fetch(ctx, []UID{1}, keep(map[UID][]byte{})),
			c.Flag(ctx, []UID{1}, "$DSR"), c.Move(ctx, []UID{1}, "Done"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range s.Log() {
			for _, bad := range []string{"BODYSTRUCTURE", "ENVELOPE", "BODY["} {
				if strings.Contains(line, bad) {
					t.Errorf("%q asks for %s", line, bad)
				}
			}
			if strings.HasPrefix(line, "FETCH") || strings.HasPrefix(line, "STORE") || line == "EXPUNGE" {
				t.Errorf("%q goes by message number or by all marked mails", line)
			}
		}
	})
}

func TestAHostileServerCostsAConnection(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ begin, then string }{
		"a line without end":             {"* OK ", "x"},
		"lines without end":              {"", "* 1 EXISTS\r\n"},
		"a nest without end":             {"* 1 FETCH (UID 1 BODYSTRUCTURE ", "("},
		"a long literal that is no mail": {"* 1 FETCH (UID 1 ENVELOPE ({67108864}\r\n", "x"},
		"a literal where none is":        {"* OK {67108864}\r\n* OK ", "x"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			served := make(chan struct{})
			go func() {
				defer close(served)
				defer far.Close()
				_, _ = fmt.Fprint(far, "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n")
				b := make([]byte, 1000)
				n, _ := far.Read(b)
				if n == 0 {
					return
				}
				_, err := fmt.Fprint(far, tc.begin)
				some := []byte(strings.Repeat(tc.then, 12000))
				for range 64 << 20 / len(some) {
					if err != nil {
						return
					}
					_, err = far.Write(some)
				}
				t.Error("the server could say 64 MB")
			}()
			c := newConn(Account{}, newLink(near, near, 30*time.Second, ""), nil)
			if err := c.client.WaitGreeting(); err != nil {
				t.Fatal(err)
			}
			c.folder = "INBOX"
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := c.Fetch(t.Context(), []UID{1}, keep(map[UID][]byte{}))
			runtime.ReadMemStats(&after)
			c.drop(nil)
			<-served
			kinds(t, err, ErrTemporary)
			if grown := int64(after.HeapSys+after.StackSys) - int64(before.HeapSys+before.StackSys); grown > 32<<20 {
				t.Errorf("memory grew by %d MB", grown>>20)
			}
		})
	}
}

func TestABigMailStreams(t *testing.T) {
	const size = 200 << 20
	s := mailboxtest.NewScripted(t)
	s.Change("INBOX", func(b *mailboxtest.Box) {
		b.Mails = append(b.Mails, mailboxtest.Mail{UID: 1, Size: size})
	})
	c, err := Dial(t.Context(), Account{User: "dsr", Password: "secret", Host: "127.0.0.1", Port: s.Listen(t), TLS: None}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Select(t.Context(), "INBOX", true); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, n := time.Now(), int64(0)
	if err := c.Fetch(t.Context(), []UID{1}, func(m Mail) (err error) {
		n, err = io.Copy(io.Discard, m.Body)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapInuse) - int64(before.HeapInuse)
	t.Logf("%d MB in %v, heap %+d KB", n>>20, time.Since(began), grown>>10)
	if n != size || grown > 16<<20 {
		t.Errorf("read %d bytes, want %d; heap grew by %d MB", n, size, grown>>20)
	}
	head, err := c.Beginning(t.Context(), 1, 1000)
	if err != nil || len(head) != 1000 {
		t.Errorf("Beginning: %d bytes, %v; want 1000", len(head), err)
	}
}

func TestArrivedSaysWhen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := mailboxtest.NewScripted(t)
		s.Add("INBOX", mail(300))
		c := opened(t, s)
		dates, err := c.Arrived(t.Context(), []UID{1, 5})
		if want := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC); err != nil || len(dates) != 1 || !dates[1].Equal(want) {
			t.Errorf("Arrived = %v, %v; want %v", dates, err, want)
		}
	})
}
