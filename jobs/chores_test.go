package jobs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// alarmed settles a mail that the duty list must hear of.
func (w *world) alarmed(t *testing.T, kinds ...string) store.Settled {
	t.Helper()
	m := w.kept(t)
	return w.settle(t, store.Settlement{Message: m, End: store.EndCase, Class: "referral_family", Urgency: workflow.Crisis, FromAddr: mother, FromName: secret, Subject: child, At: w.clock(), Alerts: kinds,
		Cases: []store.NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, Message: m, ReceivedAt: w.clock(), Urgency: workflow.Crisis}}}})
}

func TestAlertsReachTheDutyList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.set(t, func(s *workflow.Settings) { s.DutyEmail = "duty@council.example" })
	counted := map[string]int{}
	w.Counts.Alert = func(kind string) { counted[kind]++ }
	ref := w.alarmed(t, "crisis", "unread").Cases[0].Ref
	w.do(t, w.GiveAlerts, w.GiveAlerts, w.twin().GiveAlerts)
	got := w.host.Letters()
	if len(got) != 2 || counted["crisis"] != 1 || counted["unread"] != 1 {
		t.Fatalf("%d alerts, counted %v: want one of each kind, once", len(got), counted)
	}
	for i, kind := range []string{"crisis", "unread"} {
		raw := string(got[i].Raw)
		for _, want := range []string{"Subject: Look now: " + kind + ", case " + ref, "https://dsr.example/cases/" + ref, "To: <duty@council.example>", "Auto-Submitted:"} {
			if !strings.Contains(raw, want) {
				t.Errorf("the %s alert lacks %q:\n%s", kind, want, raw)
			}
		}
		for _, name := range []string{"Karen", "karen", "Poole", "Tom"} {
			if strings.Contains(raw, name) {
				t.Errorf("the %s alert says %q", kind, name)
			}
		}
	}
	m := w.kept(t)
	w.settle(t, store.Settlement{Message: m, End: store.EndProblem, Urgency: workflow.Unread, At: w.clock(), Due: w.clock(), Alerts: []string{"unread"}})
	w.do(t, w.GiveAlerts)
	if got := w.host.Letters(); len(got) != 3 || !strings.Contains(string(got[2].Raw), fmt.Sprintf("https://dsr.example/messages/%d", m)) {
		t.Errorf("a mail without a case: %d alerts, want a third that leads to the mail", len(got))
	}
	w.check(t)
}

// An alert that the mail host did not take, or may not have taken, comes round
// again each minute; one of unknown outcome not for ever.
func TestAlertsComeRoundAgain(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		fault fault
		tries int64 // in half an hour, the host never mended
	}{
		"refused": {fault{At: "RCPT", Reply: "550 5.1.1 no such user"}, 30},
		"away":    {fault{At: "greeting", Drop: true}, 30},
		"unknown": {fault{At: "end", Drop: true, Took: true}, alertTries},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.set(t, func(s *workflow.Settings) { s.DutyEmail = "duty@council.example" })
			w.alarmed(t, "crisis")
			var tried atomic.Int64
			w.host.Misbehave(fault{At: x.fault.At, Reply: x.fault.Reply, Drop: x.fault.Drop, Took: x.fault.Took, First: func() { tried.Add(1) }})
			for range 30 {
				w.do(t, w.GiveAlerts, w.GiveAlerts)
				w.pass(time.Minute)
			}
			if tried.Load() != x.tries {
				t.Errorf("tried %d times in half an hour, want %d", tried.Load(), x.tries)
			}
			w.host.Misbehave()
			before := len(w.host.Letters())
			w.do(t, w.GiveAlerts, w.GiveAlerts)
			if got, want := len(w.host.Letters())-before, 1; x.tries == 30 && got != want {
				t.Errorf("once the host is mended %d alerts arrive, want %d", got, want)
			}
			w.check(t)
		})
	}
}

func TestAlertsWithoutADutyAddressAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.alarmed(t, "safeguarding")
	w.do(t, w.GiveAlerts, w.GiveAlerts)
	if n := strings.Count(w.logs.String(), "msg=alert"); n != 1 || len(w.host.Letters()) != 0 {
		t.Errorf("%d lines and %d mails, want one line", n, len(w.host.Letters()))
	}
}

// due makes a timer of a case due now.
func (w *world) due(t *testing.T, id workflow.CaseID, kind workflow.TimerKind) {
	t.Helper()
	w.exec(t, `INSERT INTO timers (case_id, kind, at) VALUES ($1, $2, $3)`, int64(id), string(kind), w.clock())
}

func (w *world) fired(t *testing.T) (n int) {
	t.Helper()
	if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM events WHERE action = $1`, string(workflow.TimerFired)).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTimersFireOnceWithTwoServices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 12 {
		w.due(t, w.aCase(t), workflow.TimerInfo)
	}
	before := w.clock()
	w.pass(-time.Hour)
	w.do(t, w.FireTimers)
	if n := w.fired(t); n != 0 {
		t.Fatalf("%d fired before their time", n)
	}
	w.pass(before.Sub(w.clock()))
	twin := w.twin()
	var all sync.WaitGroup
	for _, s := range []*Service{w.Service, twin, w.Service, twin} {
		all.Go(func() {
			if err := s.FireTimers(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := w.fired(t); n != 12 || w.tasks(t, workflow.TaskChaseInfo) != 12 {
		t.Errorf("%d fired and %d tasks, want 12 of each", n, w.tasks(t, workflow.TaskChaseInfo))
	}
	w.check(t)
}

func TestOneTimerThatFailsDoesNotStopOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd, good := w.aCase(t), w.aCase(t)
	w.due(t, odd, workflow.TimerInfo)
	w.due(t, good, workflow.TimerInfo)
	w.exec(t, `ALTER TABLE tasks ADD CONSTRAINT odd CHECK (case_id IS NULL OR case_id <> `+fmt.Sprint(odd)+` OR kind <> 'ask again for information')`)
	if err := w.FireTimers(t.Context()); err == nil {
		t.Error("the timer that failed was not told")
	}
	if n := w.fired(t); n != 1 {
		t.Errorf("%d fired, want the one behind it", n)
	}
	w.exec(t, `ALTER TABLE tasks DROP CONSTRAINT odd`)
	w.do(t, w.FireTimers)
	if n := w.fired(t); n != 2 {
		t.Errorf("%d fired in the end, want both", n)
	}
}

func TestTwoServicesSealOneChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin := w.twin()
	for range 10 {
		w.aCase(t)
		w.aCase(t)
		var all sync.WaitGroup
		for _, s := range []*Service{w.Service, twin} {
			all.Go(func() { _ = s.SealEvents(t.Context()) }) // one may be refused by the key: that is what it is for
		}
		all.Wait()
	}
	w.check(t)
	c, err := w.Store.VerifyAudit(t.Context())
	var events int
	if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM events`).Scan(&events); err != nil {
		t.Fatal(err)
	}
	if err != nil || c.Broken != "" || c.Events != events {
		t.Errorf("chain %+v, %v: want %d whole links", c, err, events)
	}
}

// One of two programs does a leased job; when it falls silent the other does.
func TestLeasedJobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	twin := w.twin()
	done := map[string]int{}
	run := func(s *Service) {
		t.Helper()
		err := s.guarded(t.Context(), job{"count", time.Second, true, func(context.Context) error { done[s.Name]++; return nil }})
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		run(w.Service)
		run(twin)
	}
	if done["test"] != 3 || done["twin"] != 0 {
		t.Fatalf("done %v: want the holder alone", done)
	}
	w.exec(t, `UPDATE leases SET expires_at = now() - interval '1 second'`)
	run(twin)
	run(w.Service)
	if done["test"] != 3 || done["twin"] != 1 {
		t.Errorf("done %v: want the other once the holder is silent", done)
	}
}

func TestAJobThatPanicsOrFailsComesRoundAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	runs := 0
	w.repeat(ctx, job{"odd", time.Millisecond, false, func(context.Context) error {
		runs++
		switch runs {
		case 1:
			panic(secret)
		case 2, 3:
			return errors.New("away")
		case 5:
			stop()
		}
		return nil
	}})
	log := w.logs.String()
	if runs != 5 || strings.Count(log, "job failing") != 1 || strings.Count(log, "job works again") != 1 {
		t.Errorf("%d runs, log:\n%s\nwant five, told once each way", runs, log)
	}
	w.check(t)
}

// The whole service, under real time: it works, and when it is told to end it
// finishes what it has in hand.
func TestTheServiceFinishesWhatItHasInHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.owed(t, workflow.L1, mother)
	reached, goOn := make(chan struct{}), make(chan struct{})
	w.host.Once(fault{At: "end", First: func() { close(reached); <-goOn }})
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() { w.RunLetters(ctx) })
	all.Go(func() { w.RunChores(ctx) })
	<-reached
	stop()
	close(goOn)
	all.Wait()
	if l := w.letter(t, id); l.State == workflow.LetterSending || l.State == workflow.LetterRetry {
		t.Errorf("it was left %s", l.State)
	}
	var leases int
	if err := w.db.QueryRowContext(t.Context(), `SELECT count(*) FROM leases WHERE name LIKE 'sender %'`).Scan(&leases); err != nil || leases != 0 {
		t.Errorf("%d leases of senders are left (%v)", leases, err)
	}
}
