package e2e

import (
	"strings"
	"testing"
)

// TestFirstMail is the shortest story: a mail comes, is a case on the screen,
// and is answered in its own thread. A restart changes nothing.
func TestFirstMail(t *testing.T) {
	t.Parallel()
	s := newService(t, tuesday())
	s.start(t)
	w := newWindow(t, s.base)
	w.open("/")
	w.look("sign-in")
	signIn(w, s.addUser(t, "Carol Reed", "coordinator"), password)
	says(t, w, "Nothing new")

	mail := s.mailFrom(t, "family.eml")
	s.deliver(t, mail)
	thanks := s.awaitLetter(t, "helen.thorne@family.example", "acknowledgement", subject("We have got your email"))
	if got := thanks.Get("In-Reply-To"); got != messageID(mail) {
		t.Errorf("the acknowledgement answers %q, want %q", got, messageID(mail))
	}
	ref := reference.FindString(thanks.Get("Subject"))
	awaitPage(t, w, "/", ref)
	w.look("queue")

	s.restart(t, s.now())
	awaitPage(t, w, "/mailbox", "Became a case 1")
	says(t, w, "Every mail of this folder has its end")
	w.look("mailbox")
	if all := s.letters(t); len(all) != 1 || strings.Contains(all[0].Raw, "Maisie") {
		t.Errorf("%d letters left, want the one acknowledgement, which tells nothing", len(all))
	}
	s.checkLog(t, "Helen", "Thorne", "Maisie", "family.example", "Carol", "Reed")
}
