package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

// reference is a case's, as letters and pages write it.
var reference = regexp.MustCompile(`DSR-\d{4}-\d{5}-[0-9A-Z]`)

// TestKill delivers mails to a service that is killed again and again: no mail
// may be lost, none may become two cases, and nobody may be thanked twice.
func TestKill(t *testing.T) {
	t.Parallel()
	const mails, kills = 24, 6
	s := newService(t, tuesday())
	s.start(t)
	carol := newPaper(t, s.base)
	signIn(carol, s.addUser(t, "Carol Reed", "coordinator"), password)
	for kill := range kills {
		for n := kill * mails / kills; n < (kill+1)*mails/kills; n++ {
			s.deliver(t, s.mailFrom(t, "family.eml", numbered(n)...))
		}
		// A power cut comes at any time: while it connects, fetches, reads, settles, sends.
		<-time.After(time.Duration(rand.IntN(1500)) * time.Millisecond)
		s.kill(t)
		s.start(t)
		s.leasesEnd(t)
	}
	eventually(t, 2*time.Minute, "end for every mail", func() (struct{}, bool) {
		r := s.reconcile(t)
		return struct{}{}, r.ByEnd["case"] == mails && len(r.WithoutEnd) == 0
	})
	s.checkThanks(t, carol, mails)
	s.checkWhole(t)
}

// numbered makes the family's mail another family's.
func numbered(n int) []string {
	name := string(rune('A'+n/26)) + string(rune('a'+n%26))
	return []string{"helen.thorne@", fmt.Sprintf("parent%d@", n), "e2e-family-", fmt.Sprintf("e2e-family-%d-", n), "Thorne", "Th" + name + "orne",
		"Maisie", "Ma" + name + "isie", "14 May 2015", fmt.Sprintf("%d May 20%d", 1+n%28, 10+n/28)}
}

// checkThanks waits until each family was thanked once, or the letter is shown
// as in doubt: it was in the air when the service died, nobody knows whether it
// left, and so it is not sent again. Nobody is thanked twice.
func (s *service) checkThanks(t *testing.T, team screen, families int) {
	t.Helper()
	s.restart(t, s.now().Add(10*time.Minute)) // as long as a letter may be in the air
	s.leasesEnd(t)
	eventually(t, 2*time.Minute, "answer to all families", func() (struct{}, bool) {
		team.open("/letters?tab=problems")
		doubtful, to := team.text(), s.counts(t)
		for n := range families {
			if who := fmt.Sprintf("parent%d@family.example", n); to[who] == 0 && !strings.Contains(doubtful, who) {
				return struct{}{}, false
			}
		}
		return struct{}{}, true
	})
	for who, n := range s.counts(t) {
		if n > 1 {
			t.Errorf("%s was thanked %d times", who, n)
		}
	}
	cases := map[string]int{}
	for _, l := range s.letters(t) {
		cases[reference.FindString(l.Get("Subject"))]++
	}
	delete(cases, "") // a crisis reply names none
	for ref, n := range cases {
		if n > 1 {
			t.Errorf("%d acknowledgements name the case %q", n, ref)
		}
	}
}

// counts says how many letters arrived at each address.
func (s *service) counts(t testing.TB) map[string]int {
	t.Helper()
	to := map[string]int{}
	for _, l := range s.letters(t) {
		to[l.To]++
	}
	return to
}

// reconciled is what `dsr mailbox reconcile --json` promises of a folder.
type reconciled struct {
	OnServer   int            `json:"on_server"`
	InLedger   int            `json:"in_ledger"`
	ByEnd      map[string]int `json:"by_end"`
	WithoutEnd []struct {
		UID int    `json:"uid"`
		Why string `json:"why"`
	} `json:"without_end"`
}

// reconcile accounts for the mails of the service's one folder.
func (s *service) reconcile(t testing.TB) reconciled {
	t.Helper()
	out, err := s.try("", "mailbox", "reconcile", "--json")
	var answer struct{ Folders []reconciled }
	if decode := json.Unmarshal([]byte(out), &answer); decode != nil || len(answer.Folders) != 1 {
		t.Fatalf("dsr mailbox reconcile --json: %v, %v\n%s", err, decode, out)
	}
	return answer.Folders[0]
}

// checkWhole lets the program verify everything that it kept.
func (s *service) checkWhole(t testing.TB) {
	t.Helper()
	if out, err := s.try("", "verify", "--json"); err != nil {
		t.Errorf("dsr verify: %v\n%s", err, out)
	}
	if out, err := s.try("", "audit", "verify"); err != nil {
		t.Errorf("dsr audit verify: %v\n%s", err, out)
	}
}

// tuesday is an ordinary working morning, far from holidays. Letters with hard
// news leave on it.
func tuesday() time.Time { return london(2027, time.March, 2, 10, 0) }

func london(year int, month time.Month, day, hour, minute int) time.Time {
	place, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // the test machine has no time zones
	}
	return time.Date(year, month, day, hour, minute, 0, 0, place)
}

// addUser makes an account as an operator does; its address is of its name.
func (s *service) addUser(t testing.TB, name string, roles ...string) (email string) {
	t.Helper()
	email = address(name)
	args := []string{"user", "add", "--email", email, "--name", name}
	for _, r := range roles {
		args = append(args, "--role", r)
	}
	s.command(t, password+"\n", args...)
	return email
}
