package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestInbox sends what a mailbox gets beside referrals: a crisis in an old
// thread, answers of people and of machines, a wish to stop, and what nobody
// could read. Nothing is set about whose checks of senders are believed.
func TestInbox(t *testing.T) {
	t.Parallel()
	s := newService(t, tuesday())
	s.start(t)
	carol := newPaper(t, s.base)
	signIn(carol, s.addUser(t, "Carol Reed", "coordinator"), password)

	family := s.mailFrom(t, "family.eml")
	s.deliver(t, s.mailFrom(t, "professional.eml")) // an urgent case stands above the family's
	s.deliver(t, family)
	thanks := s.awaitLetter(t, mother, "acknowledgement", subject("We have got your email"))
	s.awaitLetter(t, doctor, "acknowledgement", subject("We have got your email"))
	ref, ours := reference.FindString(thanks.Get("Subject")), thanks.Get("Message-ID")
	answer := func(from, body string, more ...string) {
		t.Helper()
		s.deliver(t, s.mail(from, "Re: "+thanks.Get("Subject"), body, append(more, "In-Reply-To: "+ours, "References: "+ours)...))
	}

	// An absence robot gets nothing, and its mail joins the case that it answers.
	answer(mother, "I am away until Monday.", "Auto-Submitted: auto-replied")
	awaitPage(t, carol, "/cases/"+ref+"/timeline", "Mail filed")

	// Who is known joins the thread; who is not waits for a person.
	answer(mother, "Her doctor's number is 01632 960333. Thank you.")
	answer("somebody.else@elsewhere.example", "Please send me what you have about her.")
	awaitPage(t, carol, "/messages", "somebody.else@elsewhere.example")
	look(carol, "messages")
	carol.open("/cases/" + ref)
	says(t, carol, "01632 960333")
	if strings.Contains(carol.text(), "what you have about her") {
		t.Error("a stranger's mail joined the case of the thread")
	}

	// A crisis is answered within a minute, whatever was answered before.
	asked := time.Now()
	answer(mother, "Please help, Maisie has taken a lot of tablets and says she wants to die. She is on the bathroom floor.")
	now := s.awaitLetter(t, mother, "crisis reply", subject("If you need help now"))
	t.Logf("the crisis reply took %s", time.Since(asked).Round(time.Millisecond))
	for _, number := range []string{"999", "111"} {
		if !strings.Contains(plainText(t, now.Raw), number) {
			t.Errorf("the crisis reply does not name %s", number)
		}
	}
	awaitPage(t, carol, "/", "Crisis")
	if first := carol.links("/cases/DSR-"); len(first) < 2 || first[0] != "/cases/"+ref {
		t.Errorf("the queue begins with %v, want %s", first, ref)
	}
	carol.open("/cases/" + ref)
	says(t, carol, "Crisis: ring now", "+447700900812")
	eventually(t, patience, "alert in the log", func() (struct{}, bool) {
		return struct{}{}, strings.Contains(s.log.String(), "msg=alert kind=crisis case="+ref)
	})

	// A wish to stop stops everything at once.
	answer(mother, "We have talked about it and we want to stop this please. Take Maisie off the list.")
	awaitPage(t, carol, "/cases/"+ref, "Lift the hold")

	// What the server could not hand over is a row for a person, and the next mail is read.
	s.deliver(t, []byte("Subject: Retrieval using the IMAP4 protocol failed for the following message: 17\r\n\r\nThe server could not retrieve the following message.\r\n"))
	s.deliver(t, s.mail("hana.kovac@letterbox.example", "hello", "I am writing about my brother, he is autistic and 24. I want him to be put on the register."))
	s.awaitLetter(t, "hana.kovac@letterbox.example", "acknowledgement", subject("We have got your email"))
	carol.open("/messages?tab=problem")
	says(t, carol, "Could not be read 1", "open it in Outlook")

	want := map[string]int{mother: 2, doctor: 1, "hana.kovac@letterbox.example": 1}
	if got := s.counts(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("letters: %v, want %v", got, want)
	}
	// The one that was not handed over is asked for again, and accounted for until then.
	ends := map[string]int{"case": 3, "filed": 4, "holding": 1}
	if r := s.reconcile(t); r.OnServer != 9 || r.InLedger != 9 || fmt.Sprint(r.ByEnd) != fmt.Sprint(ends) || len(r.WithoutEnd) != 1 || !strings.Contains(r.WithoutEnd[0].Why, "open it in Outlook") {
		t.Errorf("the mailbox's account: %+v, want 8 of 9 mails to end: %v, and one waited for", r, ends)
	}
	s.checkWhole(t)
	s.checkLog(t, "Maisie", "Thorne", "Helen", "Alfie", "Natarajan", "Hana", "Kovac", "tablets", "01632", ".example", "Carol", "Reed")
}
