package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
)

// reference is a case's, as letters and pages write it.
var reference = regexp.MustCompile(`DSR-\d{4}-\d{5}-[0-9A-Z]`)

// TestKill delivers mails to a service that is killed again and again: no mail
// may be lost, none may become two cases, and nobody may be thanked twice.
func TestKill(t *testing.T) {
	t.Parallel()
	const mails, kills = 60, 8
	s := newService(t, tuesday())
	s.addUser(t, "Carol Reed", "coordinator")
	s.start(t)
	delivered := 0
	for kill := range kills {
		for ; delivered < (kill+1)*mails/kills; delivered++ {
			s.deliver(t, s.mailFrom(t, "family.eml", numbered(delivered)...))
		}
		// A power cut comes at any time: while it connects, fetches, reads, settles, sends.
		<-time.After(time.Duration(rand.IntN(1500)) * time.Millisecond)
		s.kill(t)
		s.start(t)
	}
	for ; delivered < mails; delivered++ {
		s.deliver(t, s.mailFrom(t, "family.eml", numbered(delivered)...))
	}
	last := eventually(t, 2*time.Minute, "end for every mail", func() (reconciled, bool) {
		r := s.reconcile(t)
		return r, r.Folders[0].InLedger == mails && len(r.Folders[0].WithoutEnd) == 0
	})
	if got := last.Folders[0].ByEnd["case"]; got != mails {
		t.Errorf("%d of %d mails became cases: %+v", got, mails, last)
	}
	s.checkThanks(t, mails)
}

// numbered makes the family's mail another family's.
func numbered(n int) []string {
	name := string(rune('A'+n/26)) + string(rune('a'+n%26))
	return []string{"helen.thorne@", fmt.Sprintf("parent%d@", n), "e2e-family-", fmt.Sprintf("e2e-family-%d-", n), "Thorne", "Th" + name + "orne",
		"Maisie", "Ma" + name + "isie", "14 May 2015", fmt.Sprintf("%d May 20%d", 1+n%28, 10+n/28)}
}

// checkThanks compares cases with acknowledgements: at most one of each a
// family. One that was in the air when the service died may be in doubt; then
// it is not sent again, and the page of letters shows it.
func (s *service) checkThanks(t *testing.T, families int) {
	t.Helper()
	eventually(t, patience, "quiet outbox", func() (struct{}, bool) {
		before := len(s.letters(t))
		<-time.After(2 * time.Second)
		return struct{}{}, before == len(s.letters(t)) && before > 0
	})
	to, cases := map[string]int{}, map[string]int{}
	for _, l := range s.letters(t) {
		to[l.To]++
		cases[reference.FindString(l.Get("Subject"))]++
	}
	for who, n := range to {
		if n > 1 {
			t.Errorf("%s was thanked %d times", who, n)
		}
	}
	for ref, n := range cases {
		if n > 1 || ref == "" {
			t.Errorf("%d acknowledgements name the case %q", n, ref)
		}
	}
	t.Logf("%d families, %d thanked; the others' letters are in doubt", families, len(to))
	if len(to) < families*9/10 {
		t.Errorf("only %d of %d were thanked", len(to), families)
	}
}

// reconciled is what `dsr mailbox reconcile --json` promises.
type reconciled struct {
	Folders []struct {
		OnServer   int            `json:"on_server"`
		InLedger   int            `json:"in_ledger"`
		ByEnd      map[string]int `json:"by_end"`
		WithoutEnd []struct {
			UID int    `json:"uid"`
			Why string `json:"why"`
		} `json:"without_end"`
	} `json:"folders"`
	OK bool `json:"ok"`
}

func (s *service) reconcile(t testing.TB) reconciled {
	t.Helper()
	out, err := s.try("", "mailbox", "reconcile", "--json")
	var r reconciled
	if decode := json.Unmarshal([]byte(out), &r); decode != nil || len(r.Folders) != 1 {
		t.Fatalf("dsr mailbox reconcile --json: %v, %v\n%s", err, decode, out)
	}
	return r
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
