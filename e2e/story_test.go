package e2e

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestStoryOnPaper and TestStoryInBrowser tell the same story, without a script
// and by clicking: two referrals come as mails, are worked on, go before a
// panel, one is accepted and one is not, letters leave, and in the end somebody
// comes off the register.
func TestStoryOnPaper(t *testing.T) {
	t.Parallel()
	tellStory(t, func(base string) screen { return newPaper(t, base) })
}

func TestStoryInBrowser(t *testing.T) {
	if os.Getenv("DSR_TEST_LONG") == "" {
		t.Skip("takes minutes of clicking: ./run test long")
	}
	t.Parallel()
	must(t, shared.browser)
	tellStory(t, func(base string) screen { return newWindow(t, base) })
}

// story is who takes part, each at a screen of their own.
type story struct {
	t *testing.T
	s *service

	carol, pavel, maya, chidi, nia, edie, esme screen
	family, form                               []byte            // the two mails
	maisie, alfie                              string            // the two cases
	approved                                   map[string]string // what the approver saw, by address of the letter
	seen                                       map[string]bool   // letters that arrived, by Message-ID
}

const (
	mother  = "helen.thorne@family.example"
	doctor  = "priya.natarajan@example.nhs.uk"
	patient = "alfie.smith@example.org"
)

func tellStory(t *testing.T, open func(base string) screen) {
	x := &story{t: t, s: newService(t, tuesday()), approved: map[string]string{}, seen: map[string]bool{}}
	x.s.start(t)
	x.gather(open)
	x.setUp()
	x.receive()
	x.workOnTheChild()
	x.workOnTheAdult()
	x.arrangePanel()

	x.s.restart(t, london(2027, time.March, 10, 10, 0)) // the Wednesday of the panel
	x.readPapers()
	x.decide()
	x.writeLetters()
	x.s.restart(t, x.s.now().Add(11*time.Minute)) // the hold is over
	x.lettersArrive()

	x.s.restart(t, london(2027, time.April, 7, 10, 0))
	x.review()
	x.s.restart(t, london(2027, time.July, 6, 10, 0)) // twelve weeks on green
	x.removal()
	x.s.restart(t, x.s.now().Add(11*time.Minute))
	x.removalArrives()

	x.s.checkWhole(t)
	x.s.checkLog(t, "Maisie", "Thorne", "Helen", "Alfie", "Alf ", "Smith", "Priya", "Natarajan", "family.example", "example.nhs.uk", "alfie.smith",
		"9990123403", "07700", "Example Lane", "Willow", "Carol", "Pavel", "Maya", "Chidi", "Esme")
}

// gather gives everybody an account and a screen.
func (x *story) gather(open func(base string) screen) {
	x.t.Helper()
	enter := func(name string, roles ...string) screen {
		s := open(x.s.base)
		signIn(s, x.s.addUser(x.t, name, roles...), password)
		return s
	}
	x.carol, x.pavel, x.maya = enter("Carol Reed", "coordinator"), enter("Pavel Iqbal", "practitioner"), enter("Maya Stone", "manager")
	x.chidi, x.esme = enter("Chidi Grant", "chair"), enter("Esme Frost", "expert")
	x.nia, x.edie = enter("Nia Lane", "member"), enter("Edie Marsh", "member")
}

// setUp is what a manager does on the first day.
func (x *story) setUp() {
	x.t.Helper()
	m := x.maya
	m.open("/settings")
	m.fill("01632 960100", "Phone")
	m.fill("Monday to Friday, 9am to 5pm", "When the phone is answered")
	m.fill("Essex DSR team, 1 Example Street, Chelmsford CM1 9ZZ", "Postal address")
	m.fill("https://register.example/privacy", "Privacy notice")
	m.fill("The emergency duty team, agreed in writing on 1 March 2027", "Who answers a crisis out of hours")
	m.press("Save the settings")
	says(x.t, m, "The settings are saved")
	look(m, "settings")

	x.addService("Example Family Support Line", true)
	x.addService("Example Carers Centre", false)
	m.open("/directory")
	look(m, "directory")
}

// addService adds an entry to the directory; letters may name it only when
// somebody has verified it.
func (x *story) addService(name string, verified bool) {
	x.t.Helper()
	m := x.maya
	m.open("/directory")
	m.follow("Add a service")
	m.fill(name, "Name of the service")
	m.fill("talking to somebody about caring for a child at home", "What it is for")
	m.fill("01632 960201", "Phone")
	m.fill("9am to 9pm, every day", "Hours")
	m.press("Add it")
	if verified {
		m.choose("I rang, wrote or looked today")
		m.press("Verify this service")
		says(x.t, m, "The service is verified")
	}
}

// receive delivers the two mails. Both become cases, and both writers are
// thanked in their own thread.
func (x *story) receive() {
	x.t.Helper()
	x.family, x.form = x.s.mailFrom(x.t, "family.eml"), x.s.mailFrom(x.t, "professional.eml")
	x.s.deliver(x.t, x.family)
	x.s.deliver(x.t, x.form)
	x.maisie = x.thanked(mother, x.family)
	x.alfie = x.thanked(doctor, x.form)
	awaitPage(x.t, x.carol, "/", x.maisie)
	says(x.t, x.carol, x.maisie, x.alfie)
	look(x.carol, "queue")
}

func (x *story) thanked(who string, mail []byte) (ref string) {
	x.t.Helper()
	l := x.s.awaitLetter(x.t, who, "acknowledgement", subject("We have got your email"))
	if got := l.Get("In-Reply-To"); got != messageID(mail) {
		x.t.Errorf("the acknowledgement to %s answers %q, want %q", who, got, messageID(mail))
	}
	for _, told := range []string{"Maisie", "Alfie", "school"} {
		if strings.Contains(l.Raw, told) {
			x.t.Errorf("the acknowledgement to %s tells %q", who, told)
		}
	}
	return reference.FindString(l.Get("Subject"))
}
