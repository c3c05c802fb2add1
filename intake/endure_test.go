package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// TestOneMailByTwoWays holds the three keys of a mail apart: equal bytes are one
// message; the same mail with what another host added is a copy of it; the same
// Message-ID over other words is another mail.
func TestOneMailByTwoWays(t *testing.T) {
	t.Parallel()
	s := newService(t)
	raw := mail("karen@example.org", "help for my son", plea)
	first := settle(t, s, put(t, s, "INBOX", raw))
	if first.End != store.EndCase || len(first.Cases) != 1 {
		t.Fatalf("got %+v, want a case", first)
	}
	if again := settle(t, s, put(t, s, "Archive", raw)); again.ID != first.ID || len(again.Sightings) != 2 {
		t.Errorf("the same bytes: %+v, want the one message, seen twice", again)
	}
	byWay := append([]byte("Received: from gateway.example by mx.example; Mon, 23 Nov 2026 10:00:00 +0000\r\n"), raw...)
	duplicate := settle(t, s, put(t, s, "INBOX", byWay))
	if duplicate.End != store.EndFiled || len(duplicate.Cases) != 1 || duplicate.Cases[0].ID != first.Cases[0].ID {
		t.Errorf("by another way: %+v, want it filed with the first", duplicate)
	}
	hostile := bytes.Replace(raw, []byte("Tom Poole"), []byte("Jim Poole"), 1)
	other := settle(t, s, put(t, s, "INBOX", hostile))
	if other.End != store.EndCase || len(other.Cases) != 1 || other.Cases[0].ID == first.Cases[0].ID || !strings.Contains(other.Why, "Message-ID") {
		t.Errorf("the same Message-ID over other words: %+v, want a case of its own, and the doubt said", other)
	}
	f, err := s.Store.File(t.Context(), first.Cases[0].ID)
	if err != nil || len(f.Letters) != 1 {
		t.Errorf("letters %+v, %v: want one acknowledgement", f.Letters, err)
	}
	sound(t, s)
}

// TestCopiesReadAtOnce reads the copies of one mail in two readers.
func TestCopiesReadAtOnce(t *testing.T) {
	t.Parallel()
	s := newService(t)
	raw := mail("karen@example.org", "help for my son", plea)
	for i := range 12 {
		put(t, s, "INBOX", append(fmt.Appendf(nil, "Received: by mx%d.example; Mon, 23 Nov 2026 10:00:00 +0000\r\n", i), raw...))
	}
	ends := make(chan error, 3)
	for range 3 {
		go func() { _, err := s.ReadSome(t.Context()); ends <- err }()
	}
	for range 3 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	settle(t, s, 1)
	list, n, err := s.Store.Messages(t.Context(), store.MessageList{Limit: 50})
	if err != nil || n != 12 {
		t.Fatal(n, err)
	}
	cases := 0
	for _, m := range list {
		if m.End == store.EndCase {
			cases++
		}
	}
	if cases != 1 {
		t.Errorf("%d of 12 copies opened a case, want 1", cases)
	}
	sound(t, s)
}

func TestAHugeMailKeepsItsBeginning(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Account.Timeout = 30 * time.Second
	server.Change("INBOX", func(b *mailboxtest.Box) {
		b.Mails, b.UIDNext = []mailboxtest.Mail{{UID: 1, Size: 200 << 20}}, 2
	})
	server.Change("INBOX", func(b *mailboxtest.Box) {
		b.Mails, b.UIDNext = append(b.Mails, mailboxtest.Mail{UID: 2, Raw: pleas(1)[0], Date: "23-Nov-2026 10:00:00 +0000"}), 3
	})
	running(t, func() bool { return messages(t, s) == 2 }, p)
	m := settle(t, s, 1)
	raw, err := s.Store.Raw(t.Context(), 1)
	if err != nil || len(raw) != cutRaw || m.End != store.EndProblem || m.Urgency != workflow.Unread || !strings.Contains(m.Why, "160 MB") {
		t.Errorf("%d bytes, %v, %+v: want the beginning kept and a person told", len(raw), err, m)
	}
	if next := settle(t, s, 2); next.End != store.EndCase {
		t.Errorf("the mail behind it: %+v, want a case", next)
	}
	if out, err := s.Store.ClaimReplies(t.Context(), time.Now(), 9); err != nil || len(out) != 1 {
		t.Errorf("replies %+v, %v: want one, of the other mail", out, err)
	}
	sound(t, s)
}

func TestABigMailIsKeptWhole(t *testing.T) {
	t.Parallel()
	size := int64(20 << 20)
	if long() {
		size = 159 << 20
	}
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Account.Timeout = 30 * time.Second
	server.Change("INBOX", func(b *mailboxtest.Box) {
		b.Mails, b.UIDNext = []mailboxtest.Mail{{UID: 1, Size: size}}, 2
	})
	server.Fail(mailboxtest.Fault{On: "UID FETCH", Cut: 12 << 20, Times: 1})
	if err := p.Once(t.Context()); err == nil || messages(t, s) != 0 {
		t.Errorf("cut after 12 MB: %v, %d messages; want an error and none", err, messages(t, s))
	}
	once(t, p)
	want := sha256.New()
	_, _ = io.Copy(want, io.LimitReader(xs{}, size)) // cannot fail
	raw, err := s.Store.Raw(t.Context(), 1)
	if got := sha256.Sum256(raw); err != nil || int64(len(raw)) != size || !bytes.Equal(got[:], want.Sum(nil)) {
		t.Errorf("%d bytes, %v; want all %d as they came", len(raw), err, size)
	}
	if m := settle(t, s, 1); m.End == "" || (size > store.ReadLimit && m.Urgency == workflow.Routine) {
		t.Errorf("got %+v, want an end, and never routine when only a part was read", m)
	}
	sound(t, s)
}

// xs is what the scripted server makes big mails of.
type xs struct{}

func (xs) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

// TestAfterwards lets what is done to the mailbox go wrong in each way known:
// in the end every mail is kept once, and where it should be or in its place.
func TestAfterwards(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]afterwardsCase{
		"move":    {After{Move: "Done"}, func(*mailboxtest.Scripted) {}, true, ""},
		"no MOVE": {After{Move: "Done"}, func(s *mailboxtest.Scripted) { s.Caps = "IMAP4rev1 UIDPLUS IDLE AUTH=PLAIN" }, true, ""},
		"Exchange": {After{Move: "Done"}, func(s *mailboxtest.Scripted) {
			s.Caps, s.CapsAfter = mailboxtest.ExchangeCaps, mailboxtest.ExchangeLaterCaps
		}, true, ""},
		"a COPYUID of words": {After{Move: "Done"}, func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "UID MOVE", Times: 1, After: true, Say: "* OK [COPYUID 7 x y] moved\r\n$TAG OK done\r\n"})
		}, true, ""},
		"a reply lost": {After{Move: "Done"}, func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "UID MOVE", Times: 1, After: true, Cut: -1})
		}, true, ""},
		"cut before": {After{Move: "Done"}, func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "UID MOVE", Times: 1, Say: "* BYE going down\r\n"})
		}, true, ""},
		"throttled once": {After{Move: "Done"}, func(s *mailboxtest.Scripted) {
			s.Fail(mailboxtest.Fault{On: "UID MOVE", Times: 1, Say: "$TAG BAD Request is throttled. Suggested Backoff Time: 3 milliseconds\r\n"})
		}, true, ""},
		"no such folder": {After{Move: "Nowhere"}, func(*mailboxtest.Scripted) {}, false, "left in place"},
		"flag":           {After{Flag: "$DSRKept"}, func(*mailboxtest.Scripted) {}, false, ""},
		"flag, cut once": {After{Flag: "$DSRKept"}, func(s *mailboxtest.Scripted) { s.Fail(mailboxtest.Fault{On: "UID STORE", Times: 1, Cut: -1}) }, false, ""},
		"no keywords": {After{Flag: "$DSRKept"}, func(s *mailboxtest.Scripted) {
			s.Change("INBOX", func(b *mailboxtest.Box) { b.PermanentFlags = `\Seen \Deleted` })
		}, false, "left in place"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			server := mailboxtest.NewScripted(t)
			x.fault(server)
			server.Add("Done")
			server.Add("INBOX", pleas(5)...)
			p := scripted(t, s, server)
			p.After = x.after
			running(t, func() bool { return x.settled(t, s, server) }, p)
			if got := messages(t, s); got != 5 {
				t.Errorf("%d messages, want 5", got)
			}
			in, done := len(server.Mails("INBOX")), len(server.Mails("Done"))
			if x.moved && (in != 0 || done != 5) || !x.moved && (in != 5 || done != 0) {
				t.Errorf("INBOX %d, Done %d", in, done)
			}
		})
	}
}

type afterwardsCase struct {
	after  After
	fault  func(*mailboxtest.Scripted)
	moved  bool
	remark string
}

// settled reports whether the mails are where they should be, and the remark too.
func (x afterwardsCase) settled(t *testing.T, s *Service, server *mailboxtest.Scripted) bool {
	states, err := s.Store.Folders(t.Context())
	if err != nil || len(states) != 1 || states[0].LastGood.IsZero() || !strings.Contains(states[0].Remark, x.remark) {
		return false
	}
	flagged := !slices.ContainsFunc(server.Mails("INBOX"), func(m mailboxtest.Mail) bool { return !slices.Contains(m.Flags, "$DSRKept") })
	switch {
	case x.remark != "":
		return messages(t, s) == 5
	case x.moved:
		return len(server.Mails("Done")) == 5
	}
	return flagged && len(server.Mails("INBOX")) == 5
}

// TestAnOutageOfThirtyDays finds a month's mails: all are read, the oldest first,
// and only those of the last day are acknowledged by themselves.
func TestAnOutageOfThirtyDays(t *testing.T) {
	t.Parallel()
	s := newService(t)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s.Clock = func() time.Time { return now }
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Start, p.Clock = Start{}, func() time.Time { return now.AddDate(0, 0, -31) }
	once(t, p)
	p.Clock = s.Clock
	all := pleas(31)
	for i, raw := range all {
		at := now.AddDate(0, 0, -30).Add(time.Duration(i) * 24 * time.Hour).Add(-time.Hour)
		server.Change("INBOX", func(b *mailboxtest.Box) {
			b.Mails = append(b.Mails, mailboxtest.Mail{UID: b.UIDNext, Raw: raw, Date: at.Format("_2-Jan-2006 15:04:05 -0700")})
			b.UIDNext++
		})
	}
	once(t, p)
	first, err := s.Store.ClaimUnread(t.Context(), 1, time.Nanosecond)
	if err != nil || len(first) != 1 || !bytes.Equal(first[0].Raw, all[0]) {
		t.Errorf("first read is %+v, %v; want the oldest", first, err)
	}
	settle(t, s, 1)
	if a := account(t, s); a.ByEnd[store.EndCase] != 31 || a.InLedger != 31 {
		t.Errorf("account %+v, want 31 cases", a)
	}
	if out, err := s.Store.ClaimReplies(t.Context(), now.Add(time.Hour), 50); err != nil || len(out) != 1 {
		t.Errorf("%d acknowledgements, %v; want one, for the mail of the last day", len(out), err)
	}
}

func TestAMailDraggedInIsTakenHoweverOld(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewScripted(t)
	p := scripted(t, s, server)
	p.Start = Start{}
	server.Add("INBOX", pleas(1)...)
	once(t, p)
	if n := messages(t, s); n != 0 {
		t.Errorf("%d messages, want none of before the start", n)
	}
	server.Add("INBOX", pleas(2)[1])
	once(t, p)
	if a := account(t, s); messages(t, s) != 1 || a.ByEnd[store.EndBeforeStart] != 1 {
		t.Errorf("account %+v, want the mail of before the start counted, and the one dragged in since taken", a)
	}
}

func TestAMailThatTakesTheProgramWithItIsSetAside(t *testing.T) {
	t.Parallel()
	s := newService(t)
	put(t, s, "INBOX", mail("odd@example.org", "odd", "whatever it is that ends the program"))
	put(t, s, "INBOX", mail("odd@example.org", "odd too", "whatever else it is that ends the program"))
	claim := func(want ...workflow.MessageID) {
		t.Helper()
		var ids []workflow.MessageID
		got, err := s.Store.ClaimUnread(t.Context(), 20, time.Nanosecond)
		for _, m := range got {
			ids = append(ids, m.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Fatalf("claimed %v, %v: want %v", ids, err, want)
		}
	}
	claim(1, 2)
	for range maxTries - 1 { // each was the end of the program, so each is tried alone
		claim(1)
		claim(2)
	}
	put(t, s, "INBOX", pleas(1)[0])
	claim(3) // nobody waits behind them
	for _, id := range []workflow.MessageID{1, 2} {
		if m := settle(t, s, id); m.End != store.EndProblem || m.Urgency != workflow.Unread {
			t.Errorf("got %+v, want a problem for a person", m)
		}
	}
	if m := settle(t, s, 3); m.End != store.EndCase {
		t.Errorf("the other: %+v, want a case", m)
	}
}

func TestTroubleIsSeenBeforeTheFirstConnection(t *testing.T) {
	t.Parallel()
	s := newService(t)
	server := mailboxtest.NewExchange(t)
	p := scripted(t, s, server)
	p.Account.Password = ""
	p.Account.Token = func(context.Context, string) (string, error) {
		return "", fmt.Errorf("invalid_client: the secret has run out")
	}
	if err := s.Store.Watch(t.Context(), []store.Folder{{Account: "essex", Name: "INBOX"}}, monday); err != nil {
		t.Fatal(err)
	}
	state := func() store.FolderState {
		f, err := s.Store.Folders(t.Context())
		if err != nil || len(f) != 1 {
			t.Fatal(f, err)
		}
		return f[0]
	}
	began := time.Now()
	running(t, func() bool { return state().Trouble != "" }, p)
	if f := state(); !strings.Contains(f.Trouble, "no access token") || !f.LastGood.IsZero() {
		t.Errorf("state %+v, want the trouble with the token", f)
	}
	t.Logf("token trouble visible after %s", time.Since(began).Round(time.Millisecond))
	server.Token = func(token string) bool { return token == "good" }
	p.Account.Token = func(_ context.Context, refused string) (string, error) {
		if refused == "" {
			return "withdrawn", nil
		}
		return "good", nil
	}
	running(t, func() bool { return state().Trouble == "" && !state().LastGood.IsZero() }, p)
}

// TestNobodyGetsIntoACaseByWhatTheyKnow tries what a stranger may know or
// forge. Nothing of it joins a case, and nothing of a case goes out.
func TestNobodyGetsIntoACaseByWhatTheyKnow(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.Authserv = "mx.example"
	id, ours := answered(t, s)
	f, err := s.Store.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	letters := len(f.Letters)
	token := "In-Reply-To: <" + ours + ">"
	for name, raw := range map[string][]byte{
		"the reference, by the family": mail("karen@example.org", "Re: "+f.Case.Ref, "What became of it?"),
		"the token, by a stranger":     mail("mallory@example.org", "Re: your letter", "What became of it?", token),
		"the token, under two names":   bytes.Replace(mail("mallory@example.org", "Re: your letter", "What became of it?", token), []byte("From: "), []byte("From: karen@example.org, "), 1),
		"the family as a mere name":    mail(`"karen@example.org" <mallory@example.org>`, "Re: your letter", "What became of it?", token),
		"a token of one's own making":  mail("karen@example.org", "Re: your letter", "And now?", "In-Reply-To: <dsr.AAAAAAAAAAAAAAAAAAAAAAAAAA.1@essex.gov.uk>"),
		"a code for somebody's account": mail("no-reply@chat.example", "Your code is 123456", "Enter 123456 to verify "+team, "Auto-Submitted: auto-generated",
			"References: <"+ours+">"),
	} {
		m := settle(t, s, put(t, s, "INBOX", raw))
		if m.End == store.EndCase || m.End == store.EndFiled && m.Cases[0].How != "automatic answer" {
			t.Errorf("%s: %+v, want it held for a person", name, m)
		}
	}
	if f, err = s.Store.File(t.Context(), id); err != nil || len(f.Letters) != letters {
		t.Errorf("letters %+v, %v: want none since", f.Letters, err)
	}
	out, err := s.Store.ClaimReplies(t.Context(), monday.Add(2*time.Hour), 50)
	if err != nil || len(out) != 0 {
		t.Errorf("replies %+v, %v: want none", out, err)
	}
	m := settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "Re: your letter", "Thank you. He is better now.", token)))
	if m.End != store.EndFiled || len(m.Cases) != 1 || m.Cases[0].ID != id {
		t.Errorf("the token, by the family: %+v, want it filed", m)
	}
}

// TestAForgedFloodIsNotRelayed sends mails in somebody's name, as those do who
// use a help desk to send their words on: the answers are few, fixed, and hold
// nothing of the mail.
func TestAForgedFloodIsNotRelayed(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 30 {
		put(t, s, "INBOX", mail("victim@example.org", fmt.Sprint("BUY NOW ", i), strings.ReplaceAll(plea, "Poole", fmt.Sprintf("Poole%d", i))+" BUY NOW"))
	}
	settle(t, s, 1)
	out, err := s.Store.ClaimReplies(t.Context(), monday.Add(time.Hour), 50)
	if err != nil || len(out) > 5 {
		t.Errorf("%d answers, %v; want at most 5", len(out), err)
	}
}
