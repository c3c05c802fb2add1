package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// long reports whether the tests that take minutes shall run.
func long() bool { return os.Getenv("DSR_TEST_LONG") != "" }

// scripted is a poller of a server that fails as it is told to, with pauses so
// short that a test need not wait.
func scripted(t *testing.T, s *Service, server *mailboxtest.Scripted, folders ...string) *Poller {
	t.Helper()
	if len(folders) == 0 {
		folders = []string{"INBOX"}
	}
	return &Poller{Store: s.Store, Start: Start{All: true}, Every: 20 * time.Millisecond, Pause: time.Millisecond, Retry: time.Millisecond, Clock: time.Now,
		Log: s.Log, Name: "test", Account: mailbox.Account{Name: "essex", User: server.User, Password: server.Password, Host: "127.0.0.1", Port: server.Listen(t),
			TLS: mailbox.None, Folders: folders, Timeout: 300 * time.Millisecond}}
}

// once looks one time and wants it to go well.
func once(t *testing.T, p *Poller) {
	t.Helper()
	if err := p.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// again looks until what is asked for has come: pauses go by the database's clock.
func again(t *testing.T, p *Poller, until func() bool) {
	t.Helper()
	for range 500 {
		if once(t, p); until() {
			return
		}
	}
	t.Error("it did not come in 500 looks")
}

// running runs pollers until what is asked for has come, and waits for their end.
func running(t *testing.T, until func() bool, pollers ...*Poller) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	var all sync.WaitGroup
	for _, p := range pollers {
		all.Go(func() {
			if err := p.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	for !until() {
		if ctx.Err() != nil {
			t.Error("it did not come within two minutes")
			break
		}
		wait(ctx, 5*time.Millisecond)
	}
	stop()
	all.Wait()
}

// account is what the ledger says of the only folder.
func account(t *testing.T, s *Service) store.FolderAccount {
	t.Helper()
	r, err := s.Store.Reconcile(t.Context(), time.Hour)
	if err != nil || len(r.Folders) == 0 {
		t.Fatalf("reconcile: %+v, %v", r, err)
	}
	return r.Folders[0]
}

// raws are the bytes of every message that was kept, oldest first.
func raws(t *testing.T, s *Service) [][]byte {
	t.Helper()
	var out [][]byte
	for id := workflow.MessageID(1); len(out) < messages(t, s); id++ {
		raw, err := s.Store.Raw(t.Context(), id)
		switch {
		case err == nil:
			out = append(out, raw)
		case !errors.Is(err, workflow.ErrNotFound) || id > 100_000:
			t.Fatal(err)
		}
	}
	return out
}

// sound runs every check of the store over what a test left.
func sound(t *testing.T, s *Service) {
	t.Helper()
	if _, err := s.Store.SealEvents(t.Context(), 100_000); err != nil {
		t.Fatal(err)
	}
	v, err := s.Store.Verify(t.Context())
	if err != nil || !v.OK {
		t.Errorf("verify: %+v, %v", v.Broken, err)
	}
}

// pleas are mails of so many families.
func pleas(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = mail(fmt.Sprintf("parent%d@example.org", i), "help for my son", strings.ReplaceAll(plea, "Poole", fmt.Sprintf("Poole%d", i)))
	}
	return out
}

// TestAReplyCutAtAnyByteKeepsNoPartOfAMail cuts the answer that brings a mail of
// 4 KB, and looks at what was kept before and after the next connection. CI
// takes a sample; package mailbox cuts at every byte without a database.
func TestAReplyCutAtAnyByteKeepsNoPartOfAMail(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	step := 97
	if long() {
		step = 1
	}
	bad, cuts := 0, 0
	for at := 1; at < 4096+120; at += step {
		cuts++
		raw := slices.Concat(mail("karen@example.org", fmt.Sprint("help ", at), plea), bytes.Repeat([]byte("0123456789abcde\n"), 220))[:4096]
		uid := server.Add("INBOX", raw)[0]
		server.Fail(mailboxtest.Fault{On: "UID FETCH", Cut: at, Times: 1})
		_ = p.Once(t.Context()) // what becomes of the mail is what counts
		server.Mend()
		now, err := s.Store.Ledger(t.Context(), store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7})
		if err != nil {
			t.Fatal(err)
		}
		if _, kept := now[uid]; kept && at < 4096 {
			t.Errorf("cut at byte %d: the mail is in the ledger", at)
			bad++
		}
		once(t, p)
	}
	all := raws(t, s)
	for i, raw := range all {
		if len(raw) != 4096 || !bytes.Contains(raw, []byte("help "+fmt.Sprint(1+i*step))) {
			bad++
			t.Errorf("message %d has %d bytes", i+1, len(raw))
		}
	}
	if len(all) != cuts {
		t.Errorf("%d messages, want %d", len(all), cuts)
	}
	sound(t, s)
	t.Logf("FETCH reply cut at %d of %d offsets: %d bad stores", cuts, 4096+120, bad)
}

// TestASilentServerIsLeft lets the server fall silent at each command once. What
// it costs is the time limit of one command (30 s in the service) and the pause
// after a first failure (1 s).
func TestASilentServerIsLeft(t *testing.T) {
	t.Parallel()
	if wait := 30*time.Second + (&Poller{}).pauseAfter(mailbox.ErrTemporary, 0); wait >= time.Minute {
		t.Errorf("the service needs %s to be back", wait)
	}
	s := newService(t)
	for i, command := range []string{"GREETING", "LOGIN", "CAPABILITY", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "IDLE", "DONE"} {
		server := mailboxtest.NewScripted(t)
		p := scripted(t, s, server)
		p.Account.Name, p.After = fmt.Sprint("box", i), After{Flag: "$DSRKept"}
		server.Add("INBOX", mail("karen@example.org", "help before "+command, plea))
		server.Fail(mailboxtest.Fault{On: command, Silent: true, Times: 1})
		had, second := messages(t, s), false
		began := time.Now()
		running(t, func() bool {
			if messages(t, s) > had && !second {
				server.Add("INBOX", mail("karen@example.org", "help after "+command, plea))
				second = true
			}
			return messages(t, s) == had+2
		}, p)
		if messages(t, s) != had+2 {
			t.Errorf("%s: %d messages, want the mail before and the mail after the silence", command, messages(t, s)-had)
		}
		t.Logf("silent at %s: both mails after %s, with a time limit of %s", command, time.Since(began).Round(time.Millisecond), p.Account.Timeout)
	}
}

func TestAMailThatEndsEveryConnectionHoldsNothingBack(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	server.Add("INBOX", pleas(12)...)
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[3].Fatal = true })
	running(t, func() bool { return messages(t, s) == 11 && len(account(t, s).WithoutEnd) == 12 }, p)
	left := account(t, s).WithoutEnd
	if i := slices.IndexFunc(left, func(w store.WithoutEnd) bool { return w.UID == 4 }); i < 0 || !strings.Contains(left[i].Why, "connection ends") {
		t.Errorf("without an end: %+v, want mail 4 shown, with why", left)
	}
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[3].Fatal = false })
	running(t, func() bool { return messages(t, s) == 12 }, p)
}

func TestADateThatCannotBeReadHoldsNothingBack(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Start = Start{From: monday.AddDate(0, -2, 0)}
	server.Add("INBOX", pleas(12)...)
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[3].Date = "yesterday, I think" })
	running(t, func() bool { return messages(t, s) == 12 }, p)
	if n := messages(t, s); n != 12 {
		t.Errorf("%d messages, want all 12, also the one whose date ends the connection", n)
	}
}

func TestAMailThatIsNotSentIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	server.Add("INBOX", pleas(3)...)
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[1].Withheld = true })
	once(t, p)
	if left := account(t, s).WithoutEnd; messages(t, s) != 2 || len(left) != 3 || left[1].UID != 2 || !strings.Contains(left[1].Why, "does not send it") {
		t.Errorf("without an end: %+v, want mail 2 shown, with why", left)
	}
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[1].Withheld = false })
	again(t, p, func() bool { return messages(t, s) == 3 })
}

func TestAStandInIsShownOnceAndAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewExchange(t)
	p := scripted(t, s, server)
	server.Add("INBOX", []byte(mailboxtest.StandIn))
	fetches := func() int {
		return len(slices.DeleteFunc(server.Log(), func(line string) bool { return !strings.Contains(line, "BODY.PEEK") }))
	}
	again(t, p, func() bool {
		n := fetches()
		raw := []byte(strings.Replace(mailboxtest.StandIn, "10:00:00", fmt.Sprintf("10:00:%02d", n), 1))
		server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[0].Raw = raw })
		return n >= 3
	})
	left := account(t, s).WithoutEnd
	if n := messages(t, s); n != 1 || len(left) != 1 || !strings.Contains(left[0].Why, "Outlook") {
		t.Fatalf("%d messages, %+v: want one problem, and the mail itself waited for", n, left)
	}
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[0].Raw = pleas(1)[0] })
	again(t, p, func() bool { return messages(t, s) == 2 })
	if m := settle(t, s, 2); m.End != store.EndCase || account(t, s).ByEnd[store.EndCase] != 1 {
		t.Errorf("got %+v, want the mail itself a case, once the server gives it", m)
	}
	sound(t, s)
}

func TestLateUIDsAreFoundAndGapsAccounted(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	server.Add("INBOX", pleas(1)...)
	once(t, p)
	server.Add("INBOX", pleas(4)[1:]...) // 2, 3, 4
	server.Change("INBOX", func(b *mailboxtest.Box) {
		b.Mails = slices.DeleteFunc(b.Mails, func(m mailboxtest.Mail) bool { return m.UID == 2 || m.UID == 3 })
	})
	once(t, p)
	if a := account(t, s); a.InLedger != 4 || a.Gone != 2 || messages(t, s) != 2 {
		t.Errorf("account %+v: want 4 in the ledger, 2 of them gone before they could be read", a)
	}
	server.Change("INBOX", func(b *mailboxtest.Box) { // Exchange shows a mail after one with a higher UID
		b.Mails = slices.Insert(b.Mails, 1, mailboxtest.Mail{UID: 3, Raw: pleas(4)[2]})
	})
	once(t, p)
	if a := account(t, s); a.InLedger != 4 || a.Gone != 1 || messages(t, s) != 3 {
		t.Errorf("account %+v: want the late mail read and no longer gone", a)
	}
	server.Add("INBOX", pleas(5)[4])
	server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[len(b.Mails)-1].Hidden = true })
	running(t, func() bool {
		server.Change("INBOX", func(b *mailboxtest.Box) { b.Mails[len(b.Mails)-1].Hidden = false })
		return messages(t, s) == 4
	}, p)
}

func TestAnotherUIDValidityMakesNoNewMail(t *testing.T) {
	t.Parallel()
	n := 100
	if long() {
		n = 5000
	}
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Account.Timeout = 30 * time.Second
	server.Add("INBOX", pleas(n)...)
	once(t, p)
	for range 3 {
		settle(t, s, 1)
	}
	before, _, err := s.Store.Messages(t.Context(), store.MessageList{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, validity := range []uint32{8, 0} {
		server.Change("INBOX", func(b *mailboxtest.Box) {
			b.UIDValidity = validity
			for i := range b.Mails {
				b.Mails[i].UID = uint32(1000 + i)
			}
			b.UIDNext = uint32(1000 + n)
		})
		began := time.Now()
		once(t, p)
		took := time.Since(began)
		m := settle(t, s, before[0].ID)
		if got := messages(t, s); got != n || len(m.Cases) != 1 {
			t.Errorf("UIDVALIDITY %d: %d messages, %d cases of one of them; want %d and 1", validity, got, len(m.Cases), n)
		}
		t.Logf("UIDVALIDITY %d over a box of %d mails: 0 new messages, %s", validity, n, took.Round(time.Millisecond))
		if took > time.Minute {
			t.Errorf("it took %s, want less than a minute", took)
		}
	}
}

func TestOneFolderThatIsNotThereHoldsNoOtherBack(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server, "INBOX", "Junk Email", "Jnuk")
	server.Add("INBOX", pleas(1)...)
	server.Add("Junk Email", mail("lee@example.org", "help for my daughter", plea))
	once(t, p)
	if n := messages(t, s); n != 2 {
		t.Errorf("%d messages, want those of both folders that are there", n)
	}
	states, err := s.Store.Folders(t.Context())
	if err != nil || len(states) != 3 {
		t.Fatal(states, err)
	}
	for _, f := range states {
		if missing := f.Name == "Jnuk"; missing != f.LastGood.IsZero() || missing != (f.Trouble != "") {
			t.Errorf("folder %+v: want trouble with the missing one alone", f)
		}
	}
}

func TestJunkIsReadAndAnsweredOnlyInACrisis(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server, "INBOX", "Junk Email")
	server.Add("Junk Email", mail("lee@example.org", "help for my daughter", plea), mail("karen@example.org", "please", "He says he wants to die and has taken tablets. Please help."))
	once(t, p)
	if m := settle(t, s, 1); m.End != store.EndCase {
		t.Errorf("a referral in Junk: %+v, want a case", m)
	}
	out, err := s.Store.ClaimReplies(t.Context(), time.Now().Add(time.Hour), 20)
	if err != nil || len(out) != 1 || out[0].Kind != workflow.L2 || out[0].Address != "karen@example.org" {
		t.Errorf("replies %+v, %v: want the crisis reply and no acknowledgement", out, err)
	}
}

func TestTwoMailboxesShareWhatCameToBoth(t *testing.T) {
	t.Parallel()
	s := newService(t)
	raw := pleas(2)
	for i, name := range []string{"essex", "southend"} {
		server := mailboxtest.NewScripted(t)
		p := scripted(t, s, server)
		p.Account.Name = name
		server.Add("INBOX", raw[0])
		server.Add("INBOX", append(slices.Clone(raw[1]), fmt.Sprintln("by way of", i)...))
		once(t, p)
	}
	m := settle(t, s, 1)
	if n := messages(t, s); n != 3 || len(m.Sightings) != 2 || len(m.Cases) != 1 {
		t.Errorf("%d messages, the first %+v: want the one mail seen in both, and the others apart", n, m)
	}
}

// TestPollersShareAMailbox runs three at once, ends the one at work in the
// middle, and lets two more look without asking for the lease.
func TestPollersShareAMailbox(t *testing.T) {
	t.Parallel()
	n := 90
	if long() {
		n = 10_000
	}
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	port := scripted(t, s, server)
	all := pleas(n)
	newPoller := func(name string) *Poller {
		p := *port
		p.Name, p.Lease, p.Account.Timeout, p.careful = name, 300*time.Millisecond, 30*time.Second, nil
		return &p
	}
	ctx, kill := context.WithCancel(t.Context())
	var first sync.WaitGroup
	first.Go(func() { _ = newPoller("first").Run(ctx) })
	server.Add("INBOX", all[:n/3]...)
	running(t, func() bool {
		if messages(t, s) >= n/6 && ctx.Err() == nil {
			kill()
			first.Wait()
			server.Add("INBOX", all[n/3:]...)
			first.Go(func() {
				if err := newPoller("forced").Once(t.Context()); err != nil {
					t.Errorf("without the lease: %v", err)
				}
			})
		}
		return messages(t, s) == n
	}, newPoller("second"), newPoller("third"))
	kill()
	first.Wait()
	a := account(t, s)
	if messages(t, s) != n || a.InLedger != n || a.Gone != 0 {
		t.Errorf("%d messages, account %+v: want %d, each once", messages(t, s), a, n)
	}
	t.Logf("3 pollers and one without the lease, %d mails: %d messages, %d UIDs accounted", n, messages(t, s), a.InLedger)
}

// TestALostLeaseEndsTheWork takes the lease away from a poller at work.
func TestALostLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	s := newService(t)
	p := &Poller{Store: s.Store, Log: s.Log, Name: "a", Lease: 150 * time.Millisecond, Account: mailbox.Account{Name: "essex"}}
	ours, let, err := p.hold(t.Context())
	if err != nil || ours == nil {
		t.Fatal(ours, err)
	}
	defer let()
	if other, _, err := (&Poller{Store: s.Store, Log: s.Log, Name: "b", Account: p.Account}).hold(t.Context()); err != nil || other != nil {
		t.Fatalf("two hold one mailbox: %v", err)
	}
	for held := false; !held; { // it may have renewed between the two statements
		if err := s.Store.Release(t.Context(), "mailbox essex", "a"); err != nil {
			t.Fatal(err)
		}
		if held, err = s.Store.Lease(t.Context(), "mailbox essex", "b", time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	<-ours.Done()
	if !errors.Is(context.Cause(ours), errNotOurs) {
		t.Errorf("it ended with %v", context.Cause(ours))
	}
}
