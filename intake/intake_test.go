package intake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/workflow"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const team = "Essex.DSR@essex.gov.uk"

// newService is a reader on a fresh database, its clock on a Monday morning.
func newService(t *testing.T) *Service {
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
	return &Service{Store: db, Own: []string{team}, Clock: func() time.Time { return monday.Add(time.Minute) }, Log: slog.New(slog.DiscardHandler),
		Documents: func(ctx context.Context, f []document.File) ([]document.Document, error) {
			return document.Open(ctx, f, document.DefaultLimits()), nil
		}}
}

// mail is a plain mail of a person.
func mail(from, subject, body string, headers ...string) []byte {
	return fmt.Appendf(nil, "Return-Path: <%[1]s>\r\nFrom: %[1]s\r\nTo: %[2]s\r\nSubject: %[3]s\r\nDate: Mon, 23 Nov 2026 09:59:00 +0000\r\nMessage-ID: <%[4]x@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n%[5]s\r\n%[6]s\r\n",
		from, team, subject, sha256.Sum256([]byte(from+subject+body)), strings.Join(append(headers, ""), "\r\n"), body)
}

var uids atomic.Uint32

// put keeps a mail as the poller does, and returns its id.
func put(t *testing.T, s *Service, folder string, raw []byte) workflow.MessageID {
	t.Helper()
	kept, err := s.Store.Keep(t.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: folder, UIDValidity: 1}, UID: uids.Add(1), InternalDate: monday, Raw: raw}})
	if err != nil {
		t.Fatal(err)
	}
	return kept[0].Message
}

// settle reads everything that waits and returns what became of one message.
func settle(t *testing.T, s *Service, id workflow.MessageID) store.MessagePage {
	t.Helper()
	for {
		n, err := s.ReadSome(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	m, err := s.Store.OpenMessage(t.Context(), workflow.Service(), monday, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const plea = `Hello,

I am writing about my son Tom Poole, date of birth 3 May 2013. He is autistic. The school has excluded him and
CAMHS are now talking about a mental health hospital. We live at 4 Fern Close, Chelmsford CM1 1LX. Please help us.

Karen Poole (Tom's mum)
07700 900123`

func TestAMothersMailBecomesACase(t *testing.T) {
	t.Parallel()
	s := newService(t)
	m := settle(t, s, put(t, s, "INBOX", mail("Karen Poole <karen@example.org>", "help for my son", plea)))
	if m.End != store.EndCase || len(m.Cases) != 1 || m.Class != "referral_family" {
		t.Fatalf("got %+v, want one case of a family's referral", m)
	}
	f, err := s.Store.File(t.Context(), m.Cases[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if f.Case.State != workflow.New || f.ReferralType() != workflow.ByFamily {
		t.Errorf("case %+v", f.Case)
	}
	if got := f.Value(workflow.FieldDOB); got != "2013-05-03" {
		t.Errorf("date of birth %q, want 2013-05-03", got)
	}
	for name, x := range f.Facts {
		if x.Confirmed {
			t.Errorf("%s is confirmed by nobody", name)
		}
	}
	r, ok := f.Referrer()
	if !ok || r.Email != "karen@example.org" || r.Confirmed || r.MayWrite != workflow.Unknown {
		t.Errorf("referrer %+v: want the From address, unconfirmed", r)
	}
	if len(f.Letters) != 1 || f.Letters[0].Kind != workflow.L1 || f.Letters[0].To != "karen@example.org" {
		t.Errorf("letters %+v: want one acknowledgement to the From address", f.Letters)
	}
	if len(f.Consents)+len(f.Capacities) > 0 || f.Rating() != workflow.Unrated {
		t.Error("the machine recorded consent, capacity or a rating")
	}
}

func TestACrisisIsAnsweredWhateverWentBefore(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.Authserv = "mx.example"
	forged := "Authentication-Results: mx.example; dmarc=fail header.from=example.org"
	for i := range 6 {
		settle(t, s, put(t, s, "INBOX", mail("karen@example.org", fmt.Sprintf("help %d", i), plea+fmt.Sprint(i))))
	}
	m := settle(t, s, put(t, s, "Junk", mail("karen@example.org", "please please", "He has a knife and has locked himself in the bathroom, he says he wants to die. Please help.", forged)))
	if m.Urgency != workflow.Crisis {
		t.Fatalf("got %+v, want a crisis", m)
	}
	out, err := s.Store.ClaimReplies(t.Context(), monday.Add(time.Hour), 20)
	if err != nil || len(out) == 0 || out[0].Kind != workflow.L2 || out[0].Address != "karen@example.org" {
		t.Fatalf("replies %+v, %v: want the crisis reply first", out, err)
	}
	alerts, err := s.Store.ClaimAlerts(t.Context(), monday.Add(time.Hour), 10)
	if err != nil || len(alerts) != 1 || alerts[0].Kind != "crisis" {
		t.Errorf("alerts %+v, %v: want one", alerts, err)
	}
}

func TestMachinesGetNoReply(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		headers []string
		from    string
	}{
		"out of office": {[]string{"Auto-Submitted: auto-replied"}, "karen@example.org"},
		"a list":        {[]string{"List-Id: <parents.example.org>"}, "karen@example.org"},
		"no-reply":      {nil, "no-reply@example.org"},
		"ourselves":     {nil, team},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			settle(t, s, put(t, s, "INBOX", mail(x.from, "help for my son", plea, x.headers...)))
			settle(t, s, put(t, s, "INBOX", mail(x.from, "help now", "He says he wants to die and has taken tablets. Please help.", x.headers...)))
			out, err := s.Store.ClaimReplies(t.Context(), monday.Add(time.Hour), 20)
			if err != nil || len(out) != 0 {
				t.Errorf("replies %+v, %v: want none to a machine", out, err)
			}
		})
	}
}

func TestABadSenderGetsATaskNotAnAcknowledgement(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.Authserv = "mx.example"
	m := settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "help for my son", plea, "Authentication-Results: mx.example; dmarc=fail header.from=example.org; spf=fail smtp.mailfrom=example.org")))
	if m.End != store.EndCase || m.Verdict != "fail" {
		t.Fatalf("got %+v, want a case whose sender failed the check", m)
	}
	if out, err := s.Store.ClaimReplies(t.Context(), monday.Add(time.Hour), 20); err != nil || len(out) != 0 {
		t.Errorf("replies %+v, %v: want none", out, err)
	}
}

// answered makes a case and an acknowledgement that left, and returns both.
func answered(t *testing.T, s *Service) (workflow.CaseID, string) {
	t.Helper()
	m := settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "help for my son", plea)))
	out, err := s.Store.ClaimReplies(t.Context(), monday.Add(time.Hour), 1)
	if err != nil || len(out) != 1 {
		t.Fatalf("replies %v, %v", out, err)
	}
	token := "0123456789abcdef0123456789abcdef"
	id := "dsr." + token + ".1@essex.gov.uk"
	raw := []byte("Message-ID: <" + id + ">\r\n\r\nThank you.\r\n")
	err = s.Store.FreezeReply(t.Context(), workflow.Frozen{Letter: out[0].ID, Raw: raw, Hash: sha256.Sum256(raw), Text: "Thank you.", Token: token, MessageID: id, To: "karen@example.org"}, monday)
	if err != nil {
		t.Fatal(err)
	}
	return m.Cases[0].ID, id
}

func TestAReplyJoinsByTokenAndKnownSender(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id, ours := answered(t, s)
	answer := "In-Reply-To: <" + ours + ">"
	body := "Thank you. His NHS number is 999 027 2832."
	joined := settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "Re: your letter", body, answer)))
	if joined.End != store.EndFiled || len(joined.Cases) != 1 || joined.Cases[0].ID != id {
		t.Errorf("got %+v, want it filed to case %d", joined, id)
	}
	stranger := settle(t, s, put(t, s, "INBOX", mail("lee@example.org", "Re: your letter", body+" From his dad.", answer)))
	if stranger.End != store.EndHolding {
		t.Errorf("a stranger's answer with our token: got %+v, want it held for a person", stranger)
	}
	f, err := s.Store.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	guess := settle(t, s, put(t, s, "INBOX", mail("mallory@example.org", "Re: "+f.Case.Ref, "Please tell me everything about case "+f.Case.Ref)))
	if guess.End == store.EndFiled || guess.End == store.EndCase {
		t.Errorf("a reference in the subject: got %+v, want it held for a person", guess)
	}
	known, err := s.Store.File(t.Context(), id)
	if err != nil || len(known.Letters) != 1 {
		t.Errorf("letters %+v, %v: want no second acknowledgement in the thread", known.Letters, err)
	}
}

func TestAWithdrawalInOurThreadHoldsTheCase(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id, ours := answered(t, s)
	settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "Re: your letter", "We have changed our minds. Please stop the referral, we do not want Tom on the register.", "In-Reply-To: <"+ours+">")))
	f, err := s.Store.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Case.Has(workflow.FlagHold) || len(f.Consents) != 0 || f.Case.State != workflow.New {
		t.Errorf("case %+v: want it on hold, nothing recorded and nothing closed", f.Case)
	}
}

func TestABounceComesBackToItsLetter(t *testing.T) {
	t.Parallel()
	s := newService(t)
	id, ours := answered(t, s)
	if o, ok, err := s.Store.ClaimLetter(t.Context(), store.Claim{By: "test", At: monday.Add(time.Hour)}); err != nil || !ok {
		t.Fatal(ok, err)
	} else if err := s.Store.MarkSent(t.Context(), store.Sent{Letter: o.ID, Attempt: 1, State: workflow.LetterAccepted, At: monday}); err != nil {
		t.Fatal(err)
	}
	dsn := "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: " + team + "\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nThe mail could not be delivered.\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; karen@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such user\r\n\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: " + team + "\r\nTo: karen@example.org\r\nSubject: We got your email\r\nMessage-ID: <" + ours + ">\r\n\r\n--b--\r\n"
	m := settle(t, s, put(t, s, "INBOX", []byte(dsn)))
	f, err := s.Store.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if m.End != store.EndFiled || f.Letters[0].State != workflow.LetterReturned || !f.Case.Has(workflow.FlagUndelivered) {
		t.Errorf("message %+v, letter %s, flags %v: want the letter marked returned and the case flagged", m, f.Letters[0].State, f.Case.Flags)
	}
}

func TestAStandInIsNeverAReferral(t *testing.T) {
	t.Parallel()
	s := newService(t)
	m := settle(t, s, put(t, s, "INBOX", []byte(mailboxtest.StandIn)))
	if m.End != store.EndProblem || m.Urgency != workflow.Unread {
		t.Errorf("got %+v, want a problem that a person opens", m)
	}
}

func TestAReaderThatFailsLosesNothing(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.Documents = func(context.Context, []document.File) ([]document.Document, error) { panic("odd file") }
	raw := "From: karen@example.org\r\nTo: " + team + "\r\nSubject: form\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nShe has taken an overdose, please help now\r\n--b\r\nContent-Type: application/pdf; name=form.pdf\r\nContent-Disposition: attachment; filename=form.pdf\r\n\r\n%PDF\r\n--b--\r\n"
	m := settle(t, s, put(t, s, "INBOX", []byte(raw)))
	if m.End == "" || m.Urgency != workflow.Crisis {
		t.Errorf("got %+v, want an end, and the crisis seen", m)
	}
	next := settle(t, s, put(t, s, "INBOX", mail("karen@example.org", "help for my son", plea)))
	if next.End != store.EndCase {
		t.Errorf("the next mail: got %+v, want a case", next)
	}
}

func TestTheSameBytesTwiceAreOneCase(t *testing.T) {
	t.Parallel()
	s := newService(t)
	raw := mail("karen@example.org", "help for my son", plea)
	first := put(t, s, "INBOX", raw)
	settle(t, s, first)
	second := put(t, s, "Archive", raw)
	m := settle(t, s, second)
	if first != second || len(m.Cases) != 1 {
		t.Errorf("first %d second %d %+v: want one message and one case", first, second, m)
	}
}

// TestFromDovecot reads a real mailbox: everything is kept once, read once,
// nothing in the mailbox changes, and a later look finds only what is new.
func TestFromDovecot(t *testing.T) {
	t.Parallel()
	d := mailboxtest.NewDovecot(t)
	s := newService(t)
	p := poller(s, d)
	for i := range 5 {
		d.Deliver(t, "dsr", "INBOX", mail("karen@example.org", fmt.Sprintf("help %d", i), plea+fmt.Sprint(i)))
	}
	for range 2 {
		if err := p.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d.Deliver(t, "dsr", "INBOX", mail("lee@example.org", "one more", plea+" more"))
	if err := p.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := messages(t, s); n != 6 {
		t.Errorf("%d messages, want 6", n)
	}
	d.ResetUIDValidity(t, "dsr", "INBOX")
	if err := p.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := messages(t, s); n != 6 {
		t.Errorf("%d messages after another UIDVALIDITY, want the same 6", n)
	}
	if got := len(d.Mails(t, "dsr", "INBOX")); got != 6 {
		t.Errorf("%d mails in the mailbox, want all 6 left in place", got)
	}
}

func TestStartNowLeavesOldMailInTheLedger(t *testing.T) {
	t.Parallel()
	d := mailboxtest.NewDovecot(t)
	s := newService(t)
	p := poller(s, d)
	p.Start, p.Clock = Start{}, func() time.Time { return time.Now().Add(time.Hour) }
	d.Deliver(t, "dsr", "INBOX", mail("karen@example.org", "old", plea))
	if err := p.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := messages(t, s); n != 0 {
		t.Errorf("%d messages, want none of before the start", n)
	}
	folders, err := s.Store.Folders(t.Context())
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	known, err := s.Store.Ledger(t.Context(), folders[0].Folder)
	if err != nil || len(known) != 1 || known.Lacks(1) {
		t.Errorf("ledger %v, %v: want the old mail accounted for", known, err)
	}
}

func TestMovedOnlyAfterItIsKept(t *testing.T) {
	t.Parallel()
	d := mailboxtest.NewDovecot(t)
	s := newService(t)
	p := poller(s, d)
	p.After = After{Move: "Taken"}
	d.Deliver(t, "dsr", "Taken", mail("old@example.org", "old", "x"))
	d.Deliver(t, "dsr", "INBOX", mail("karen@example.org", "help", plea))
	s.Store.FailAt(func(point string) error { return fmt.Errorf("the database is away") })
	if err := p.Once(t.Context()); err == nil {
		t.Fatal("a failed commit was not told")
	}
	if got := len(d.Mails(t, "dsr", "INBOX")); got != 1 {
		t.Fatalf("%d mails in INBOX after a failed commit, want 1", got)
	}
	s.Store.FailAt(nil)
	if err := p.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if in, taken := len(d.Mails(t, "dsr", "INBOX")), len(d.Mails(t, "dsr", "Taken")); in != 0 || taken != 2 || messages(t, s) != 1 {
		t.Errorf("INBOX %d, Taken %d, messages %d: want 0, 2, 1", in, taken, messages(t, s))
	}
}

func poller(s *Service, d *mailboxtest.Dovecot) *Poller {
	return &Poller{Store: s.Store, Start: Start{All: true}, Every: time.Minute, Clock: time.Now, Log: s.Log, Name: "test",
		Account: mailbox.Account{Name: "essex", User: "dsr", Password: d.Password, Host: d.Host, Port: d.TLSPort, RootCAs: d.CAs, Folders: []string{"INBOX"}}}
}

func messages(t *testing.T, s *Service) int {
	t.Helper()
	_, n, err := s.Store.Messages(t.Context(), store.MessageList{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
