package intake

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/jobs"
	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/letters/letterstest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// office is a whole service of one team: what comes in, what goes out, and the
// mail host between it and the world.
type office struct {
	*Service
	out     *jobs.Service
	host    *letterstest.Server
	address string
	now     *time.Time
	carried int // letters of the host that the world has taken on
	uid     uint32
}

var openBook = sync.OnceValues(func() (*letters.Book, error) { return letters.Open(templates.Letters) })

func newOffice(t *testing.T, address string, now *time.Time) *office {
	t.Helper()
	keys, err := store.ParseKeys([]string{store.NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Connect(t.Context(), storetest.DB(t), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	book, err := openBook()
	if err != nil {
		t.Fatal(err)
	}
	set := workflow.DefaultSettings()
	set.Email, set.Phone, set.PhoneHours = address, "01632 960123", "Monday to Friday, 9am to 5pm"
	if _, version, err := db.Settings(t.Context()); err != nil {
		t.Fatal(err)
	} else if err := db.SaveSettings(t.Context(), workflow.Service(), *now, version, set); err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return *now }
	o := &office{host: letterstest.Start(t, letterstest.Options{}), address: address, now: now}
	o.Service = &Service{Store: db, Own: []string{address}, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Documents: func(ctx context.Context, f []document.File) ([]document.Document, error) {
			return document.Open(ctx, f, document.DefaultLimits()), nil
		}}
	o.out = &jobs.Service{Store: db, Office: letters.Office{Book: book, From: netmail.Address{Name: "DSR team", Address: address}}, Clock: clock, Name: address,
		Log:    slog.New(slog.DiscardHandler),
		Sender: letters.NewSender(letters.Server{Host: o.host.Host, Port: o.host.Port, TLS: letters.NoTLS}, letters.Auth{}, "dsr.example", letters.DefaultTimeouts(), nil)}
	return o
}

// receive reads a mail as it lies in the mailbox, and everything else that waits.
func (o *office) receive(t *testing.T, raw []byte) store.MessagePage {
	t.Helper()
	o.uid++
	kept, err := o.Store.Keep(t.Context(), []store.Incoming{{Folder: store.Folder{Account: "a", Name: "INBOX", UIDValidity: 1}, UID: o.uid, InternalDate: *o.now, Raw: raw}})
	if err != nil {
		t.Fatal(err)
	}
	return settle(t, o.Service, kept[0].Message)
}

// work sends what is due, and gives what the mail host took since the last time.
func (o *office) work(t *testing.T) []letterstest.Letter {
	t.Helper()
	for _, job := range []func(context.Context) error{o.out.RenderReplies, o.out.SendDue, o.out.ResolveUnknown} {
		if err := job(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	all := o.host.Letters()
	fresh := all[o.carried:]
	o.carried = len(all)
	return fresh
}

// openTasks counts the open tasks of a kind.
func openTasks(t *testing.T, s *store.Store, kind workflow.TaskKind) (n int) {
	t.Helper()
	rows, _, err := s.Tasks(t.Context(), store.TaskList{Limit: 200})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Kind == kind {
			n++
		}
	}
	return n
}

// recipient is the address of an envelope.
func recipient(l letterstest.Letter) string {
	_, rest, _ := strings.Cut(l.To, "<")
	addr, _, _ := strings.Cut(rest, ">")
	return addr
}

// robot answers every mail that reaches it.
type robot struct {
	address string
	answer  func(r *robot, n int, l letterstest.Letter) []byte
	got     int
}

func (r *robot) raw(n int, l letterstest.Letter, body string, headers ...string) []byte {
	return mail(r.address, fmt.Sprintf("Away from my desk %d", n), body, headers...)
}

// robots of all manners: the last ones break every rule that a robot can break.
func robots() []*robot {
	text := func(l letterstest.Letter) string {
		m, err := netmail.ReadMessage(bytes.NewReader(l.Raw))
		if err != nil {
			return ""
		}
		var b bytes.Buffer
		_, _ = b.ReadFrom(m.Body)
		return b.String()
	}
	quoted := func(l letterstest.Letter) string { return "> " + strings.ReplaceAll(text(l), "\r\n", "\r\n> ") }
	const away = "Thank you for your mail. I am away until Monday and will answer then.\r\n"
	return []*robot{
		{address: "polite@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte {
			return r.raw(n, l, away, "Auto-Submitted: auto-replied", "In-Reply-To: "+l.MessageID)
		}},
		{address: "bulk@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte {
			return r.raw(n, l, away, "Precedence: bulk")
		}},
		{address: "plain@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte {
			return r.raw(n, l, away, "In-Reply-To: "+l.MessageID, "References: "+l.MessageID)
		}},
		{address: "rude@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte { return r.raw(n, l, away) }},
		{address: "quoting@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte {
			return r.raw(n, l, away+"\r\nOn Monday you wrote:\r\n"+quoted(l))
		}},
		{address: "echo@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte { return r.raw(n, l, text(l)) }},
		{address: "warning@example.org", answer: func(r *robot, n int, l letterstest.Letter) []byte {
			return r.raw(n, l, away+"If you are in crisis or somebody is in danger, call 999 now. If you feel like ending your life ring 116 123.\r\n")
		}},
	}
}

// TestLoops lets two teams, each with this program, and robots of all manners
// write to each other for a day. Every robot hears at most one acknowledgement
// and one crisis reply, and the two teams fall silent.
func TestLoops(t *testing.T) {
	t.Parallel()
	now := monday
	a, b := newOffice(t, "a@dsr.example", &now), newOffice(t, "b@dsr.example", &now)
	all := robots()
	// Everybody begins with a mail that deserves an answer: the robots' owners to
	// the first team, and the second team's mail to the first.
	for _, r := range all {
		a.receive(t, mail(r.address, "help for my son", plea+" "+r.address))
	}
	a.receive(t, mail(b.address, "FW: help for my son", plea+" forwarded"))
	b.receive(t, mail(a.address, "please help", "He says he wants to die and has a knife. Please help us now."))
	count, rounds := map[string]int{}, 0
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(30 * time.Minute) {
		for {
			moved := 0
			for _, o := range []*office{a, b} {
				for _, l := range o.work(t) {
					to := recipient(l)
					count[to]++
					moved++
					raw := append(fmt.Appendf(nil, "Return-Path: <%s>\r\n", o.address), l.Raw...)
					for _, other := range []*office{a, b} {
						if other.address == to {
							other.receive(t, raw)
						}
					}
					for _, r := range all {
						if r.address == to {
							r.got++
							o.receive(t, r.answer(r, r.got, l))
						}
					}
				}
			}
			if rounds++; rounds > 2000 {
				t.Fatalf("they write without end: %v", count)
			}
			if moved == 0 {
				break
			}
		}
	}
	for _, r := range all {
		acks, crisis := repliesTo(t, a, r.address)
		if acks > 1 || crisis > 1 || acks+crisis == 0 {
			t.Errorf("%s heard %d acknowledgements and %d crisis replies, want one, and at most one", r.address, acks, crisis)
		}
	}
	for _, x := range []struct{ from, to *office }{{a, b}, {b, a}} {
		if n := count[x.to.address]; n > 2 {
			t.Errorf("%s wrote to %s %d times", x.from.address, x.to.address, n)
		}
	}
	t.Logf("in a day: %v", count)
}

// repliesTo counts the fixed replies that a team sent to an address.
func repliesTo(t *testing.T, o *office, address string) (acks, crisis int) {
	t.Helper()
	for _, l := range o.host.Letters() {
		if recipient(l) != address {
			continue
		}
		letter, err := o.Store.LetterByToken(t.Context(), token(l))
		if err != nil {
			t.Fatal(err)
		}
		if letter.Kind == workflow.L2 {
			crisis++
		} else {
			acks++
		}
	}
	return acks, crisis
}

func token(l letterstest.Letter) string {
	token, _, _ := letters.ParseID(l.MessageID)
	return token
}

// TestACrisisIsAnsweredInAMinute is the worst case for a crisis reply: its writer
// was thanked twelve hours ago, the day's and the hour's thanks are used up, nobody
// knows the sender's domain, and all of it happens at night while a slow mail host
// holds another letter. Here the time is real.
func TestACrisisIsAnsweredInAMinute(t *testing.T) {
	t.Parallel()
	now := monday
	o := newOffice(t, "a@dsr.example", &now)
	o.Authserv = "mx.example"
	for i := range 6 {
		o.receive(t, mail("karen@unknown.example", fmt.Sprint("help ", i), plea+fmt.Sprint(i)))
	}
	o.work(t)
	now = now.Add(12 * time.Hour)
	for i := range 101 {
		o.receive(t, mail(fmt.Sprintf("p%d@example.org", i), "help for my son", plea+fmt.Sprint(i)))
	}
	held, goOn := make(chan struct{}), make(chan struct{})
	o.host.Once(letterstest.Fault{At: "end", First: func() { close(held); <-goOn }})
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { o.out.RunLetters(ctx) })
	defer func() { stop(); all.Wait() }()
	defer close(goOn)
	<-held
	begin := time.Now()
	o.receive(t, mail("karen@unknown.example", "please", "He has a knife and says he wants to die. I cannot keep him safe tonight."))
	answered := func() bool {
		for _, l := range o.host.Letters() {
			if recipient(l) == "karen@unknown.example" {
				if x, err := o.Store.LetterByToken(t.Context(), token(l)); err == nil && x.Kind == workflow.L2 {
					return true
				}
			}
		}
		return false
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !answered() {
		if time.Since(begin) > time.Minute {
			t.Fatal("no crisis reply within a minute")
		}
		<-again.C
	}
	t.Logf("the crisis reply left %v after the mail was in the mailbox", time.Since(begin).Round(time.Millisecond))
}

// bounceOf is the report of a mail host that could not deliver a letter.
func bounceOf(l letterstest.Letter) []byte {
	m, err := netmail.ReadMessage(bytes.NewReader(l.Raw))
	if err != nil {
		return nil
	}
	var head strings.Builder
	for _, name := range []string{"From", "To", "Subject", "Message-Id"} {
		fmt.Fprintf(&head, "%s: %s\r\n", name, m.Header.Get(name))
	}
	return fmt.Appendf(nil, "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: %s\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n"+
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n"+
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n%s\r\n--b--\r\n", m.Header.Get("From"), recipient(l), head.String())
}

// A bounce comes back to the letter that it is about, on the first reading: the
// letter is shown as returned, and somebody has the task to reach its reader.
func TestABouncedLetterIsAPersonsTask(t *testing.T) {
	t.Parallel()
	now := monday
	o := newOffice(t, "a@dsr.example", &now)
	made := o.receive(t, mail("karen@example.org", "help for my son", plea)).Cases[0]
	held := o.receive(t, mail("lee@example.org", "a question", "He says he wants to die, what shall I do. Please ring me."))
	sent := o.work(t)
	if len(sent) != 2 {
		t.Fatalf("%d letters left, want the acknowledgement and the crisis reply", len(sent))
	}
	now = now.Add(30 * time.Second)
	for _, l := range sent {
		o.receive(t, bounceOf(l))
		letter, err := o.Store.LetterByToken(t.Context(), token(l))
		if err != nil || letter.State != workflow.LetterReturned || !strings.Contains(letter.Outcome, "5.1.1") {
			t.Errorf("the letter to %s is %s (%q, %v), want it returned with the host's words", recipient(l), letter.State, letter.Outcome, err)
		}
	}
	f, err := o.Store.File(t.Context(), made.ID)
	if err != nil || !f.Case.Has(workflow.FlagUndelivered) {
		t.Errorf("flags %v, %v: want the case to show it", f.Case.Flags, err)
	}
	if n := openTasks(t, o.Store, workflow.TaskUndelivered); n != 2 {
		t.Errorf("%d tasks, want one for each letter (the second answers a mail with end %s)", n, held.End)
	}
	o.receive(t, bounceOf(sent[0])) // a host may say it twice
	if n := openTasks(t, o.Store, workflow.TaskUndelivered); n != 2 {
		t.Errorf("%d tasks after the same bounce again, want no more", n)
	}
}

// Who gets no acknowledgement by itself gets one from a person: each reason makes
// a task that says so.
func TestAWithheldAcknowledgementIsATask(t *testing.T) {
	t.Parallel()
	verdict := "Authentication-Results: mx.example; dmarc=fail header.from=example.org; spf=fail smtp.mailfrom=example.org"
	for name, x := range map[string]struct {
		set     func(*workflow.Settings)
		before  int // mails of the same address before it, some in capitals
		late    time.Duration
		folder  string
		headers []string
		sent    int
	}{
		"the sender's check failed": {headers: []string{verdict}},
		"in the junk folder":        {folder: "Junk Email"},
		"read too late":             {late: 25 * time.Hour},
		"switched off":              {set: func(s *workflow.Settings) { s.AutomaticL1 = false }},
		"the sixth of a day":        {before: 5, sent: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := monday
			o := newOffice(t, "a@dsr.example", &now)
			o.Authserv = "mx.example"
			if x.set != nil {
				set, version, err := o.Store.Settings(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				x.set(&set)
				if err := o.Store.SaveSettings(t.Context(), workflow.Service(), now, version, set); err != nil {
					t.Fatal(err)
				}
			}
			for i := range x.before {
				from := []string{"karen@example.org", "Karen@Example.org"}[i%2]
				o.receive(t, mail(from, fmt.Sprint("help ", i), plea+fmt.Sprint(i)))
			}
			folder := x.folder
			if folder == "" {
				folder = "INBOX"
			}
			kept, err := o.Store.Keep(t.Context(), []store.Incoming{{Folder: store.Folder{Account: "b", Name: folder, UIDValidity: 1}, UID: 1, InternalDate: now,
				Raw: mail("karen@example.org", "help for my son", plea, x.headers...)}})
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(x.late)
			if m := settle(t, o.Service, kept[0].Message); m.End != store.EndCase {
				t.Fatalf("its end is %s, want a case all the same", m.End)
			}
			if got := len(o.work(t)); got != x.sent {
				t.Errorf("%d letters left, want %d", got, x.sent)
			}
			if n := openTasks(t, o.Store, workflow.TaskAcknowledge); n != 1 {
				t.Errorf("%d tasks to acknowledge by hand, want one", n)
			}
			// Danger is answered all the same.
			o.receive(t, mail("karen@example.org", "now", "He has a knife and says he wants to die. Please help."))
			if got := o.work(t); len(got) != 1 || !strings.Contains(string(got[0].Raw), "999") {
				t.Errorf("a crisis mail after it: %d letters, want the crisis reply", len(got))
			}
		})
	}
}
