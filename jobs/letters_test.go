package jobs

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/letters/letterstest"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

type fault = letterstest.Fault

func TestAReplyIsRenderedOnceAndSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.owed(t, workflow.L1, mother)
	w.do(t, w.RenderReplies)
	made := w.letter(t, id)
	if made.State != workflow.LetterQueued || made.SMTPID == "" {
		t.Fatalf("letter %+v: want it queued with its bytes", made)
	}
	w.do(t, w.RenderReplies, w.twin().RenderReplies, w.SendDue, w.SendDue)
	sent := w.letter(t, id)
	if sent.State != workflow.LetterAccepted || sent.Hash != made.Hash || sent.SMTPID != made.SMTPID {
		t.Errorf("letter %+v: want it accepted, its bytes those that were made first", sent)
	}
	got := w.host.Letters()
	if len(got) != 1 || got[0].From != "FROM:<"+ourAddr+"> BODY=8BITMIME RET=HDRS" || got[0].To != "TO:<"+mother+"> NOTIFY=FAILURE,DELAY" {
		t.Fatalf("the host took %+v", got)
	}
	raw, err := w.Store.LetterBytes(t.Context(), id)
	if err != nil || !bytes.Equal(raw, got[0].Raw) {
		t.Errorf("the host took other bytes than are kept (%v)", err)
	}
	for _, name := range []string{"Karen", "Poole"} {
		if bytes.Contains(raw, []byte(name)) {
			t.Errorf("the reply says %q: it must be safe to be read by anybody", name)
		}
	}
	w.check(t)
}

// A crisis reply leaves before letters that waited longer, when no more letters
// may leave in this minute, and while a slow mail host holds another letter.
func TestACrisisReplyLeavesBeforeAllElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.PerMinute = 3
	var old []workflow.LetterID
	for i := range 5 {
		old = append(old, w.owed(t, workflow.L1, fmt.Sprintf("p%d@example.org", i)))
		w.pass(time.Second)
	}
	crisis := w.owed(t, workflow.L2, mother)
	w.do(t, w.RenderReplies, w.SendDue)
	got := w.host.Letters()
	if len(got) != 3 || got[0].MessageID != "<"+w.letter(t, crisis).SMTPID+">" {
		t.Fatalf("%d letters left, want three and the crisis reply first", len(got))
	}
	// The minute is full now; a crisis reply leaves all the same, whatever the
	// same address had before.
	again := w.owed(t, workflow.L2, "p0@example.org")
	w.do(t, w.RenderReplies, w.SendDue)
	if w.letter(t, again).State != workflow.LetterAccepted || len(w.host.Letters()) != 4 {
		t.Errorf("state %s, %d letters left: want the crisis reply and nothing else", w.letter(t, again).State, len(w.host.Letters()))
	}
	w.exec(t, `UPDATE letter_attempts SET claimed_at = claimed_at - interval '1 minute'`)
	w.do(t, w.SendDue)
	w.exec(t, `UPDATE letter_attempts SET claimed_at = claimed_at - interval '1 minute'`)
	w.do(t, w.SendDue)
	for _, id := range old {
		if got := w.letter(t, id).State; got != workflow.LetterAccepted {
			t.Errorf("letter %d is %s, want every acknowledgement to have left within its minutes", id, got)
		}
	}
	w.check(t)
}

func TestACrisisReplyDoesNotWaitForASlowHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Sender = w.sendTo(letters.DefaultTimeouts())
	slow := w.owed(t, workflow.L1, "slow@example.org")
	w.do(t, w.RenderReplies)
	reached, goOn := make(chan struct{}), make(chan struct{})
	w.host.Once(fault{At: "end", First: func() { close(reached); <-goOn }})
	sent := make(chan error, 1)
	go func() { sent <- w.SendDue(t.Context()) }()
	<-reached
	crisis := w.owed(t, workflow.L2, mother)
	w.do(t, w.RenderReplies, w.SendCrisis)
	if got := w.letter(t, crisis).State; got != workflow.LetterAccepted {
		t.Errorf("the crisis reply is %s while another letter is in hand, want accepted", got)
	}
	if got := w.letter(t, slow).State; got != workflow.LetterSending {
		t.Errorf("the other letter is %s, want it still in hand", got)
	}
	close(goOn)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if got := w.letter(t, slow).State; got != workflow.LetterAccepted {
		t.Errorf("the slow letter is %s, want accepted", got)
	}
}

// The attempt stands in the database before the first word to the mail host: a
// program that dies after it never simply sends again.
func TestTheAttemptIsCommittedBeforeDialling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ready(t)
	seen := make(chan string, 1)
	w.host.Misbehave(fault{At: "greeting", First: func() {
		var state string
		err := w.db.QueryRow(`SELECT l.state || ', attempt ' || a.number || a.outcome FROM letters l JOIN letter_attempts a ON a.letter_id = l.id WHERE l.id = $1`, int64(id)).Scan(&state)
		if err != nil {
			state = err.Error()
		}
		seen <- state
	}})
	w.do(t, w.SendDue)
	if got := <-seen; got != "sending, attempt 1" {
		t.Errorf("when the host was dialled the letter was %q: want the first attempt under way", got)
	}
}

// TestWhatTheMailHostSays is what each misbehaviour makes of a letter. took is
// the truth at the host.
func TestWhatTheMailHostSays(t *testing.T) {
	t.Parallel()
	const (
		retry, failed, unknown, accepted = workflow.LetterRetry, workflow.LetterFailed, workflow.LetterUnknown, workflow.LetterAccepted
	)
	w := newWorld(t)
	for name, x := range map[string]struct {
		fault   fault
		want    workflow.LetterState
		took    int
		stopped bool // the whole sender, for longer than a host that is busy
	}{
		"421 at the greeting":       {fault{At: "greeting", Reply: "421 4.3.2 not now", Drop: true}, retry, 0, false},
		"5.7.1 at the greeting":     {fault{At: "greeting", Reply: "554 5.7.1 your network is blocked", Drop: true}, retry, 0, true},
		"gone at the greeting":      {fault{At: "greeting", Drop: true}, retry, 0, false},
		"silent at the greeting":    {fault{At: "greeting", Hang: true}, retry, 0, false},
		"451 at MAIL FROM":          {fault{At: "MAIL", Reply: "451 4.7.500 Server busy"}, retry, 0, false},
		"452 at MAIL FROM":          {fault{At: "MAIL", Reply: "452 4.3.1 no room"}, retry, 0, false},
		"5.7.60 at MAIL FROM":       {fault{At: "MAIL", Reply: "550 5.7.60 not allowed to send as"}, retry, 0, true},
		"silent at MAIL FROM":       {fault{At: "MAIL", Hang: true}, retry, 0, false},
		"5.1.1 at RCPT":             {fault{At: "RCPT", Reply: "550 5.1.1 no such user"}, failed, 0, false},
		"5.7.1 at RCPT":             {fault{At: "RCPT", Reply: "550 5.7.1 refused"}, failed, 0, false},
		"421 at RCPT":               {fault{At: "RCPT", Reply: "421 4.4.2 timeout", Drop: true}, retry, 0, false},
		"452 4.2.2 at RCPT":         {fault{At: "RCPT", Reply: "452 4.2.2 mailbox full"}, retry, 0, false},
		"5.2.2 at RCPT":             {fault{At: "RCPT", Reply: "552 5.2.2 mailbox full"}, retry, 0, false},
		"gone at DATA":              {fault{At: "DATA", Drop: true}, retry, 0, false},
		"dies in DATA":              {fault{At: "body", Drop: true}, unknown, 0, false},
		"dies after the dot":        {fault{At: "end", Drop: true, Took: true}, unknown, 1, false},
		"silent after the dot":      {fault{At: "end", Hang: true, Took: true}, unknown, 1, false},
		"silent, and not taken":     {fault{At: "end", Hang: true}, unknown, 0, false},
		"451 after the dot":         {fault{At: "end", Reply: "451 4.7.1 greylisted"}, retry, 0, false},
		"5.7.1 after the dot":       {fault{At: "end", Reply: "550 5.7.1 looks like spam"}, failed, 0, false},
		"dies after its 250":        {fault{At: "end", Reply: "250 2.0.0 queued as ABC123", Drop: true, Took: true}, accepted, 1, false},
		"QUIT refused":              {fault{At: "QUIT", Reply: "451 4.3.0 no"}, accepted, 1, false},
		"QUIT dropped":              {fault{At: "QUIT", Drop: true}, accepted, 1, false},
		"all well, but no farewell": {fault{At: "QUIT", Hang: true}, accepted, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			tasks := w.tasks(t, workflow.TaskUndelivered)
			id := w.ready(t)
			w.host.Misbehave(x.fault)
			w.do(t, w.SendDue)
			l := w.letter(t, id)
			if l.State != x.want || w.took(t, id) != x.took {
				t.Fatalf("the letter is %s and was taken %d times, want %s and %d (%s)", l.State, w.took(t, id), x.want, x.took, l.Outcome)
			}
			w.pass(time.Minute)
			if got := w.Stopped() != ""; got != x.stopped {
				t.Errorf("after a minute sending is stopped: %v (%s), want %v", got, w.Stopped(), x.stopped)
			}
			if got := w.tasks(t, workflow.TaskUndelivered) - tasks; (got == 1) != (x.want == failed) {
				t.Errorf("%d tasks to reach somebody, state %s", got, x.want)
			}
			attempts, err := w.Store.LetterAttempts(t.Context(), id)
			if err != nil || len(attempts) != 1 || attempts[0].Outcome != string(x.want) {
				t.Errorf("attempts %+v, %v: want one, %s", attempts, err, x.want)
			}
			w.host.Misbehave()
			w.pass(2 * time.Hour) // past every first wait
			w.do(t, w.SendDue)
			if x.want == retry && (w.letter(t, id).State != accepted || w.took(t, id) != 1) {
				t.Errorf("later it is %s and was taken %d times, want accepted once", w.letter(t, id).State, w.took(t, id))
			}
			if x.want != retry && w.took(t, id) != x.took {
				t.Errorf("it was sent again: taken %d times, want %d", w.took(t, id), x.took)
			}
		})
	}
	w.check(t)
}

// A retry sends the very bytes, days later too.
func TestARetryIsByteEqual(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ready(t)
	w.host.Misbehave(fault{At: "end", Reply: "451 4.7.1 later", Took: true})
	for range 3 {
		w.do(t, w.SendDue)
		w.pass(5 * time.Hour)
	}
	got := w.host.Letters()
	if len(got) != 3 || w.letter(t, id).Attempts != 3 {
		t.Fatalf("%d letters, %d attempts, want three", len(got), w.letter(t, id).Attempts)
	}
	for _, l := range got {
		if !bytes.Equal(l.Raw, got[0].Raw) {
			t.Error("another attempt sent other bytes")
		}
	}
}

// A letter that is refused for now is tried for two days, one to a full mailbox
// for one; then a person is asked. A mail host that is away holds nothing against
// a letter.
func TestTriesEnd(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		fault  fault
		within time.Duration // still tried
		after  time.Duration // given to a person, 0 for never
	}{
		"busy":                   {fault{At: "RCPT", Reply: "451 4.7.500 busy"}, 44 * time.Hour, 56 * time.Hour},
		"full":                   {fault{At: "RCPT", Reply: "452 4.2.2 full"}, 20 * time.Hour, 32 * time.Hour},
		"the host is away":       {fault{At: "greeting", Drop: true}, 100 * time.Hour, 0},
		"the host throws us out": {fault{At: "greeting", Reply: "554 5.7.1 blocked", Drop: true}, 100 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.ready(t)
			w.host.Misbehave(x.fault)
			begin := w.clock()
			for w.clock().Sub(begin) < max(x.after, x.within) {
				w.do(t, w.SendDue)
				if got := w.letter(t, id).State; w.clock().Sub(begin) < x.within && got != workflow.LetterRetry {
					t.Fatalf("after %v it is %s, want it tried again", w.clock().Sub(begin), got)
				}
				w.pass(2 * time.Hour)
			}
			got := w.letter(t, id)
			if want := x.after > 0; (got.State == workflow.LetterFailed) != want || (w.tasks(t, workflow.TaskUndelivered) == 1) != want {
				t.Errorf("in the end it is %s with %d tasks, want it given to a person: %v", got.State, w.tasks(t, workflow.TaskUndelivered), want)
			}
			if x.after > 0 {
				return
			}
			w.host.Misbehave()
			w.pass(6 * time.Minute)
			w.do(t, w.SendDue)
			if got := w.letter(t, id).State; got != workflow.LetterAccepted {
				t.Errorf("minutes after the host came back it is %s, want accepted", got)
			}
		})
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	busy := letters.Outcome{Class: letters.Retry, Step: letters.StepTo, Code: 451, Enhanced: "4.7.500"}
	away := letters.Outcome{Class: letters.Retry, Step: letters.StepDial}
	for _, x := range []struct {
		kind  workflow.LetterKind
		tries int
		out   letters.Outcome
		rnd   float64
		want  time.Duration
	}{
		{workflow.L6, 1, busy, 0.5, time.Minute},
		{workflow.L6, 1, busy, 0, 48 * time.Second},
		{workflow.L6, 1, busy, 1, 72 * time.Second},
		{workflow.L6, 3, busy, 0.5, 15 * time.Minute},
		{workflow.L6, 30, busy, 0.5, 4 * time.Hour},
		{workflow.L6, 30, away, 0.5, 5 * time.Minute},
		{workflow.L2, 30, busy, 1, time.Minute},
		{workflow.L2, 30, away, 1, time.Minute},
	} {
		got := wait(store.Outgoing{Letter: store.Letter{Letter: workflow.Letter{Kind: x.kind}}, Tries: x.tries}, x.out, x.rnd)
		if got.Round(time.Second) != x.want {
			t.Errorf("%s try %d %s at %v: wait %v, want %v", x.kind, x.tries, x.out, x.rnd, got, x.want)
		}
	}
}

// One odd reply, one with spoilt bytes and one whose sender panics must not hold
// up the letter behind them.
func TestOnePoisonedLetterDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := w.owed(t, workflow.L2, `"karen poole"@example.org`) // no address that a letter can go to
	spoilt, sealed := w.ready(t), w.ready(t)
	good := w.owed(t, workflow.L1, mother)
	w.exec(t, `UPDATE letters SET sha256 = sha256('other bytes') WHERE id = $1`, int64(spoilt))
	w.exec(t, `UPDATE object_chunks SET sealed = '\x00' WHERE object_id = (SELECT bytes FROM letters WHERE id = $1)`, int64(sealed))
	w.do(t, w.RenderReplies, w.SendDue)
	for id, want := range map[workflow.LetterID]workflow.LetterState{odd: workflow.LetterFailed, spoilt: workflow.LetterFailed, sealed: workflow.LetterQueued, good: workflow.LetterAccepted} {
		if got := w.letter(t, id); got.State != want {
			t.Errorf("letter %d (%s) is %s, want %s", id, got.Kind, got.State, want)
		}
	}
	if n := w.tasks(t, workflow.TaskUndelivered); n != 2 {
		t.Errorf("%d tasks, want one for each letter that can never leave", n)
	}
	if n := len(w.host.Letters()); n != 1 {
		t.Errorf("%d letters left, want the good one", n)
	}
	log := w.logs.String()
	if strings.Contains(log, "karen") {
		t.Errorf("the log holds an address:\n%s", log)
	}
}

// A reply that lacks a fact about the team waits until it is filled in, and is a
// person's after a day; the others leave meanwhile.
func TestAReplyWaitsForTheTeamsOwnFacts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.owed(t, workflow.L1, mother)
	w.set(t, func(s *workflow.Settings) { s.Email = "" })
	w.do(t, w.RenderReplies)
	if l := w.letter(t, id); l.State != workflow.LetterDueNow {
		t.Fatalf("it is %s (%s), want it due", l.State, l.Outcome)
	}
	if again, err := w.Store.ClaimReplies(t.Context(), w.clock(), 10); err != nil || len(again) != 0 {
		t.Errorf("it stands in the way of others at once: %v, %v", again, err)
	}
	w.pass(25 * time.Hour)
	w.do(t, w.RenderReplies)
	if l := w.letter(t, id); l.State != workflow.LetterFailed || w.tasks(t, workflow.TaskUndelivered) != 1 {
		t.Errorf("after a day it is %s with %d tasks, want a person's", l.State, w.tasks(t, workflow.TaskUndelivered))
	}
}

// Between approval and sending there is a hold; a letter that is stopped within
// it never leaves, and one that is leaving cannot be stopped any more.
func TestTheHoldAndTheStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	of := w.aCase(t)
	id := w.approved(t, of)
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterQueued || len(w.host.Letters()) != 0 {
		t.Fatalf("within the hold it is %s", l.State)
	}
	stop := func(f workflow.File) (workflow.Change, error) {
		return f.StopALetter(w.who[workflow.Coordinator], w.clock(), id, "the wrong day")
	}
	w.act(t, of, stop)
	w.pass(time.Hour)
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterWithdrawn || len(w.host.Letters()) != 0 {
		t.Errorf("a stopped letter is %s, %d left", l.State, len(w.host.Letters()))
	}

	id = w.approved(t, of)
	w.pass(time.Hour)
	tried := make(chan error, 1)
	w.host.Misbehave(fault{At: "RCPT", First: func() {
		_, err := w.Store.Act(t.Context(), of, 0, stop)
		tried <- err
	}})
	w.do(t, w.SendDue)
	if err := <-tried; !errors.Is(err, workflow.ErrConflict) || w.letter(t, id).State != workflow.LetterAccepted {
		t.Errorf("stopped while leaving: %v, it is %s: want a refusal, and the letter sent", err, w.letter(t, id).State)
	}
}

// The record is asked again when a letter leaves.
func TestALetterStopsWhenTheRecordChanged(t *testing.T) {
	t.Parallel()
	co := func(w *world) workflow.Actor { return w.who[workflow.Practitioner] }
	for name, change := range map[string]func(w *world, f workflow.File) (workflow.Change, error){
		"the reader is blocked": func(w *world, f workflow.File) (workflow.Change, error) {
			p, _ := f.Referrer()
			p.Blocked, p.BlockedWhy = true, "a court order"
			return f.SetParty(co(w), w.clock(), p)
		},
		"the address changed": func(w *world, f workflow.File) (workflow.Change, error) {
			p, _ := f.Referrer()
			p.Email = "new@example.org"
			return f.SetParty(co(w), w.clock(), p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			of := w.aCase(t)
			id := w.approved(t, of)
			w.act(t, of, func(f workflow.File) (workflow.Change, error) { return change(w, f) })
			w.pass(time.Hour)
			w.do(t, w.SendDue)
			if l := w.letter(t, id); l.State != workflow.LetterWithdrawn || len(w.host.Letters()) != 0 || w.tasks(t, workflow.TaskWriteByHand) != 1 {
				t.Errorf("it is %s, %d left, %d tasks: want it withdrawn and a person asked", l.State, len(w.host.Letters()), w.tasks(t, workflow.TaskWriteByHand))
			}
		})
	}
}

// Hard news that was held up leaves at hours when somebody can be reached, not
// on a Saturday because the mail host came back.
func TestHardNewsKeepsItsHours(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.ready(t)
	w.exec(t, `UPDATE letters SET kind = 'L15' WHERE id = $1`, int64(id))
	w.pass(5*24*time.Hour - 2*time.Hour) // Saturday morning
	w.do(t, w.SendDue)
	if l := w.letter(t, id); l.State != workflow.LetterQueued || len(w.host.Letters()) != 0 {
		t.Fatalf("on %s it is %s", w.clock().Weekday(), l.State)
	}
	if h, err := w.Store.Health(t.Context(), w.clock()); err != nil || !h.OldestUnsent.After(w.clock()) {
		t.Errorf("a letter that waits for its hours is told as late since %v, %v", h.OldestUnsent, err)
	}
	for range 80 {
		if len(w.host.Letters()) > 0 {
			break
		}
		w.pass(time.Hour)
		w.do(t, w.SendDue)
	}
	at := w.letter(t, id).SentAt.In(workflow.London)
	if at.Weekday() != time.Monday || at.Hour() < 9 || at.Hour() > 10 {
		t.Errorf("it left on %s, want Monday from 9am", at.Format("Monday 15:04"))
	}
}

func TestASenderThatIsStoppedTriesAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []workflow.LetterID
	for i := range 3 {
		ids = append(ids, w.owed(t, workflow.L1, fmt.Sprintf("p%d@example.org", i)))
	}
	w.do(t, w.RenderReplies)
	w.host.Misbehave(fault{At: "MAIL", Reply: "550 5.7.60 not allowed to send as this sender"})
	w.do(t, w.SendDue, w.SendDue)
	if got := strings.Count(strings.Join(w.host.Commands(), "\n"), "MAIL FROM"); got != 1 || w.Stopped() == "" {
		t.Fatalf("%d letters were tried, stopped %q: want one, and all sending stopped", got, w.Stopped())
	}
	if h, err := w.Store.Health(t.Context(), w.clock()); err != nil || h.HostTrouble != "mail from (550)" {
		t.Errorf("other programs hear %q of it, %v", h.HostTrouble, err)
	}
	w.host.Misbehave()
	w.pass(6 * time.Minute)
	w.do(t, w.SendDue)
	if h, err := w.Store.Health(t.Context(), w.clock()); err != nil || h.HostTrouble != "" {
		t.Errorf("once it is mended they still hear %q, %v", h.HostTrouble, err)
	}
	for _, id := range ids {
		if l := w.letter(t, id); l.State != workflow.LetterAccepted {
			t.Errorf("letter %d is %s, want accepted once the host is mended", id, l.State)
		}
	}
	w.check(t)
}
