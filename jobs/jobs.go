// Package jobs is what the service does by itself: it renders fixed replies and
// sends letters that are due, resolves those of unknown outcome, fires timers,
// gives alerts, seals the audit chain and sweeps. Every job is safe beside a
// second service on the same database: work is claimed, or done under a lease.
//
// It promises that a letter is handed to the mail host only after its attempt is
// committed, that one letter, timer or alert that fails never stops the others,
// and that nothing personal stands in a log line or an alert. It decides nothing
// about a case: a timer only asks, and the rules of package workflow answer.
package jobs

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
)

// Service runs the jobs. Sender and Finder may be nil: without a mail host
// letters wait, and without a mailbox nobody looks for a letter of unknown outcome.
type Service struct {
	Store  *store.Store
	Office letters.Office
	Sender Sender
	Finder Finder
	Base   string // address of the pages, for the link in an alert
	Clock  func() time.Time
	Log    *slog.Logger
	Name   string // of this program among others, for leases
	// PerMinute is how many letters leave in a minute, whichever program sends
	// them; 0 is no limit. Crisis replies are never held back by it.
	PerMinute int
	Counts    Counts

	stopped stopped
	life    string
	born    sync.Once
	shelf   letters.Shelf
}

// sender names this run of the program. A program that is started again under
// the same name must not be taken for the one that died with a letter in hand.
func (s *Service) sender() string {
	s.born.Do(func() { s.life = s.Name + " " + rand.Text() })
	return s.life
}

// Sender hands frozen bytes to the mail host.
type Sender interface {
	Send(ctx context.Context, envelopeFrom, to string, raw []byte) letters.Outcome
}

// Finder looks for a letter that may have left: in the Sent folder or our own
// mailbox.
type Finder interface {
	Find(ctx context.Context, messageID string) (bool, error)
}

// Counts are told what happened, for metrics; each may be nil.
type Counts struct {
	Letter func(outcome string)
	Alert  func(kind string)
}

// stopped holds why all sending stopped: sign-in refused, certificate wrong, our
// own address refused, or no mail host to be had. It is tried again after a while.
type stopped struct {
	sync.Mutex
	until time.Time
	why   string
}

// Stopped says why nothing is sent, "" while letters may leave.
func (s *Service) Stopped() string {
	s.stopped.Lock()
	defer s.stopped.Unlock()
	if s.Clock().Before(s.stopped.until) {
		return s.stopped.why
	}
	return ""
}

// job is one thing done again and again. Its name is also its lease, where only
// one program may do it at a time.
type job struct {
	name   string
	every  time.Duration
	leased bool
	do     func(ctx context.Context) error
}

// RunLetters renders and sends letters until ctx ends, then finishes the one in
// hand. Without a mail host replies are rendered and wait.
func (s *Service) RunLetters(ctx context.Context) {
	all := []job{{"replies", 500 * time.Millisecond, false, s.RenderReplies}}
	if s.Sender == nil {
		s.run(ctx, all)
		return
	}
	// The sign of life goes on until the last letter in hand is marked.
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	var life sync.WaitGroup
	life.Go(func() {
		s.repeat(alive, job{"sign of life", 5 * time.Second, false, func(ctx context.Context) error { return s.Store.SenderLives(ctx, s.sender()) }})
	})
	s.run(ctx, append(all,
		job{"crisis replies", 500 * time.Millisecond, false, s.SendCrisis},
		job{"letters", 500 * time.Millisecond, false, s.SendDue},
		job{"unknown", 10 * time.Second, true, s.ResolveUnknown}))
	end()
	life.Wait()
	gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Store.SenderEnds(gone, s.sender()); err != nil {
		s.Log.Warn("sender not signed off", "error", err) // its lease runs out by itself
	}
}

// RunChores fires timers, gives alerts, seals the audit chain and sweeps until
// ctx ends.
func (s *Service) RunChores(ctx context.Context) {
	s.run(ctx, []job{
		{"timers", 10 * time.Second, false, s.FireTimers},
		{"alerts", time.Second, false, s.GiveAlerts},
		{"seal", 3 * time.Second, true, s.SealEvents},
		{"sweep", time.Hour, true, s.Store.Sweep},
	})
}

func (s *Service) run(ctx context.Context, jobs []job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		all.Go(func() { s.repeat(ctx, j) })
	}
	all.Wait()
}

// repeat does one job at its pace. A failure or a panic is told and the job
// comes round again: it must not stop the others.
func (s *Service) repeat(ctx context.Context, j job) {
	tick := time.NewTicker(j.every)
	defer tick.Stop()
	failing := false
	for {
		err := s.guarded(ctx, j)
		if err != nil && ctx.Err() == nil && !failing {
			s.Log.Error("job failing", "job", j.name, "error", err)
		}
		if err == nil && failing {
			s.Log.Info("job works again", "job", j.name)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Service) guarded(ctx context.Context, j job) (err error) {
	defer func() {
		if x := recover(); x != nil {
			err = fmt.Errorf("%s: panic at %s", j.name, frames(debug.Stack()))
		}
	}()
	if j.leased {
		held, err := s.Store.Lease(ctx, "job "+j.name, s.Name, 5*j.every+10*time.Second)
		if err != nil || !held {
			return err
		}
	}
	return j.do(ctx)
}

// frames keeps the places of a stack and drops its values, which may be personal.
func frames(stack []byte) string {
	if len(stack) > 1500 {
		stack = stack[:1500]
	}
	return string(stack)
}

// FireTimers fires what is due; one that fails does not hold the others.
func (s *Service) FireTimers(ctx context.Context) error {
	_, err := s.Store.FireTimers(ctx, s.Clock(), 200)
	return err
}

// SealEvents appends every event without a seal to the audit chain.
func (s *Service) SealEvents(ctx context.Context) error {
	for {
		n, err := s.Store.SealEvents(ctx, 500)
		if err != nil || n < 500 {
			return err
		}
	}
}
