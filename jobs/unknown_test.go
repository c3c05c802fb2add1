package jobs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/letters/letterstest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// sentFolder answers for the folder of sent mail: what really left is found
// there, when it is shown at all.
type sentFolder struct {
	host  *letterstest.Server
	empty bool
	err   error
	asked int
}

func (f *sentFolder) Find(_ context.Context, id string) (bool, error) {
	f.asked++
	if f.err != nil {
		return false, f.err
	}
	return !f.empty && f.host.Took("<"+id+">") > 0, nil
}

// TestUnknownLetters is what becomes of a letter whose last reply was lost, by
// what the folder of sent mail shows and by its kind. In each of them the letter
// is taken or not as the host likes; only a crisis reply may be taken twice.
func TestUnknownLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost, never := fault{At: "end", Drop: true, Took: true}, fault{At: "body", Drop: true}
	for name, x := range map[string]struct {
		kind   workflow.LetterKind
		fault  fault
		finder *sentFolder
		want   workflow.LetterState
		took   int
		asked  bool // a person is
	}{
		"a letter that is found":               {workflow.L16, lost, &sentFolder{}, workflow.LetterAccepted, 1, false},
		"a letter that left and is not shown":  {workflow.L16, lost, &sentFolder{empty: true}, workflow.LetterUnknown, 1, true},
		"a letter that never left":             {workflow.L16, never, &sentFolder{}, workflow.LetterUnknown, 0, true},
		"a letter, the mailbox out of reach":   {workflow.L16, lost, &sentFolder{err: errors.New("no mailbox")}, workflow.LetterUnknown, 1, true},
		"a letter, and nowhere to look":        {workflow.L16, lost, nil, workflow.LetterUnknown, 1, true},
		"a thank you that never left":          {workflow.L1, never, &sentFolder{}, workflow.LetterUnknown, 0, false},
		"a thank you that left":                {workflow.L1, lost, &sentFolder{}, workflow.LetterAccepted, 1, false},
		"a crisis reply that is found":         {workflow.L2, lost, &sentFolder{}, workflow.LetterAccepted, 1, false},
		"a crisis reply that never left":       {workflow.L2, never, &sentFolder{}, workflow.LetterAccepted, 1, false},
		"a crisis reply, and nowhere to look":  {workflow.L2, lost, nil, workflow.LetterAccepted, 2, false},
		"a crisis reply, mailbox out of reach": {workflow.L2, lost, &sentFolder{err: errors.New("no mailbox")}, workflow.LetterAccepted, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			w.Finder = nil
			if x.finder != nil {
				x.finder.host, w.Finder = w.host, x.finder
			}
			tasks := w.tasks(t, workflow.TaskUnknown)
			var id workflow.LetterID
			if x.kind.IsAutomatic() {
				id = w.owed(t, x.kind, fmt.Sprintf("p%d@example.org", w.uid)) // a limit holds for each address
				w.do(t, w.RenderReplies)
			} else {
				id = w.ready(t)
			}
			w.host.Misbehave(x.fault)
			w.do(t, w.SendDue)
			if got := w.letter(t, id).State; got != workflow.LetterUnknown {
				t.Fatalf("after the lost reply it is %s", got)
			}
			w.host.Misbehave()
			for range 5 { // the first minutes
				w.do(t, w.ResolveUnknown, w.SendDue)
				w.pass(2 * time.Minute)
			}
			if x.kind == workflow.L16 && x.finder != nil && w.tasks(t, workflow.TaskUnknown) != tasks {
				t.Error("a person is asked while it may still be found")
			}
			for range 5 {
				w.do(t, w.ResolveUnknown, w.SendDue)
				w.pass(5 * time.Minute)
			}
			l := w.letter(t, id)
			if l.State != x.want || w.took(t, id) != x.took {
				t.Errorf("it is %s and was taken %d times, want %s and %d", l.State, w.took(t, id), x.want, x.took)
			}
			if got := w.tasks(t, workflow.TaskUnknown) > tasks; got != x.asked {
				t.Errorf("a person is asked: %v, want %v", got, x.asked)
			}
			if x.finder != nil {
				before := x.finder.asked
				w.do(t, w.ResolveUnknown)
				if x.finder.asked != before {
					t.Error("it is looked for without end")
				}
			}
		})
	}
	w.check(t)
}

// A person says what became of a letter; their task ends with it, and one that
// they send again has its whole time to be tried in.
func TestAPersonResolvesALetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	co := w.who[workflow.Coordinator]
	id := w.ready(t)
	w.host.Misbehave(fault{At: "body", Drop: true})
	w.do(t, w.SendDue, w.ResolveUnknown)
	if n := w.tasks(t, workflow.TaskUnknown); n != 1 {
		t.Fatalf("%d tasks, want one", n)
	}
	w.pass(60 * time.Hour)
	w.host.Misbehave(fault{At: "RCPT", Reply: "451 4.7.1 later"})
	if err := w.Store.Resolve(t.Context(), co, w.clock(), id, workflow.LetterRetry, "she did not get it"); err != nil {
		t.Fatal(err)
	}
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterRetry || w.tasks(t, workflow.TaskUnknown) != 0 {
		t.Errorf("sent again it is %s with %d tasks, want it tried again", l.State, w.tasks(t, workflow.TaskUnknown))
	}
	w.host.Misbehave()
	w.pass(time.Hour)
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterAccepted || w.took(t, id) != 1 {
		t.Errorf("it is %s, taken %d times: want accepted once", l.State, w.took(t, id))
	}
	err := w.Store.Resolve(t.Context(), co, w.clock(), id, workflow.LetterRetry, "once more")
	if !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("a letter that left is sent again: %v", err)
	}
	w.check(t)
}

// Two letters of one case have one task; it ends with the second of them.
func TestTheTaskStaysUntilTheLastLetterIsSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := w.aCase(t)
	ids := []workflow.LetterID{w.approved(t, of), w.approved(t, of)}
	w.pass(time.Hour)
	w.host.Misbehave(fault{At: "RCPT", Reply: "550 5.1.1 no such user"})
	w.do(t, w.SendDue)
	for i, id := range ids {
		if n := w.tasks(t, workflow.TaskUndelivered); n != 1 {
			t.Fatalf("%d tasks before letter %d is settled, want one", n, i+1)
		}
		if err := w.Store.GiveUpLetter(t.Context(), w.who[workflow.Coordinator], w.clock(), id, "rang her"); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.tasks(t, workflow.TaskUndelivered); n != 0 {
		t.Errorf("%d tasks after both were settled, want none", n)
	}
}

// claim takes a letter under a sender's name and tells nothing of its end, as a
// program does that dies.
func claim(t *testing.T, w *world, by string) store.Outgoing {
	t.Helper()
	o, ok, err := w.Store.ClaimLetter(t.Context(), store.Claim{By: by, At: w.clock()})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return o
}

// A program that died with a letter in hand is noticed by its silence; one that
// waits for a slow host gives its sign of life and keeps its letter.
func TestInterruptedAttempts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	crisis := w.owed(t, workflow.L2, mother)
	w.do(t, w.RenderReplies)
	letter := w.ready(t)
	claim(t, w, "died")
	claim(t, w, "died")
	slow := w.ready(t)
	claim(t, w, "slow")
	w.do(t, w.ResolveUnknown)
	if got := w.letter(t, letter).State; got != workflow.LetterSending {
		t.Fatalf("while its sender lives it is %s, want it in hand", got)
	}
	w.exec(t, `UPDATE leases SET expires_at = now() - interval '1 second' WHERE name LIKE 'sender %'`)
	if err := w.Store.SenderLives(t.Context(), "slow"); err != nil {
		t.Fatal(err)
	}
	w.do(t, w.ResolveUnknown, w.SendDue)
	for id, want := range map[workflow.LetterID]workflow.LetterState{crisis: workflow.LetterAccepted, letter: workflow.LetterUnknown, slow: workflow.LetterSending} {
		if l := w.letter(t, id); l.State != want {
			t.Errorf("letter %d (%s) is %s, want %s", id, l.Kind, l.State, want)
		}
	}
	if w.tasks(t, workflow.TaskUnknown) != 1 || w.took(t, letter) != 0 || w.took(t, crisis) != 1 {
		t.Errorf("%d tasks; want one for the letter, and the crisis reply sent again", w.tasks(t, workflow.TaskUnknown))
	}
	w.check(t)
}

// The truth may come after a letter was taken for unknown: it wins, ends the
// task, and a crisis reply that did leave is not sent a second time.
func TestALateTruthWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ready(t)
	o := claim(t, w, "frozen")
	w.exec(t, `DELETE FROM leases WHERE name LIKE 'sender %'`)
	w.do(t, w.ResolveUnknown)
	if w.letter(t, id).State != workflow.LetterUnknown || w.tasks(t, workflow.TaskUnknown) != 1 {
		t.Fatal("it was not taken for unknown")
	}
	if err := w.Store.MarkSent(t.Context(), store.Sent{Letter: id, Attempt: o.Attempt, State: workflow.LetterAccepted, At: w.clock()}); err != nil {
		t.Fatal(err)
	}
	if w.letter(t, id).State != workflow.LetterAccepted || w.tasks(t, workflow.TaskUnknown) != 0 {
		t.Errorf("it is %s with %d tasks, want accepted and nobody asked", w.letter(t, id).State, w.tasks(t, workflow.TaskUnknown))
	}

	crisis := w.owed(t, workflow.L2, mother)
	w.do(t, w.RenderReplies)
	o = claim(t, w, "frozen")
	w.exec(t, `DELETE FROM leases WHERE name LIKE 'sender %'`)
	w.do(t, w.ResolveUnknown) // it is to go again
	if err := w.Store.MarkSent(t.Context(), store.Sent{Letter: crisis, Attempt: o.Attempt, State: workflow.LetterAccepted, At: w.clock()}); err != nil {
		t.Fatal(err)
	}
	w.do(t, w.SendDue)
	if w.letter(t, crisis).State != workflow.LetterAccepted || w.took(t, crisis) != 0 {
		t.Errorf("it is %s and was sent %d times more, want none", w.letter(t, crisis).State, w.took(t, crisis))
	}
	w.check(t)
}

// A bounce that is read before the attempt is marked keeps the letter returned.
func TestABounceThatIsQuickerThanTheMark(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := w.aCase(t)
	id := w.approved(t, of)
	w.pass(time.Hour)
	w.host.Misbehave(fault{At: "QUIT", First: func() {
		m := w.kept(t)
		w.settle(t, store.Settlement{Message: m, End: store.EndFiled, Class: "bounce", Urgency: workflow.Routine, Machine: true, At: w.clock(),
			Filing: &store.Filing{Case: of, Letter: id, How: "letter returned", Bounced: true, Words: "5.1.1", Opening: workflow.Opening{Message: m, ReceivedAt: w.clock()}}})
	}})
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterReturned || w.tasks(t, workflow.TaskUndelivered) != 1 {
		t.Errorf("it is %s with %d tasks, want returned and a person asked", l.State, w.tasks(t, workflow.TaskUndelivered))
	}
	w.check(t)
}
