package jobs

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// RenderReplies renders fixed replies once, before the first SMTP command, and
// queues them: crisis replies first. One that cannot be made is set aside: it
// must not hold the others.
func (s *Service) RenderReplies(ctx context.Context) error {
	now := s.Clock()
	due, err := s.Store.ClaimReplies(ctx, now, 50)
	if err != nil || len(due) == 0 {
		return err
	}
	set, _, err := s.Store.Settings(ctx)
	if err != nil {
		return err
	}
	for _, o := range due {
		if ctx.Err() != nil {
			return nil // the service ends: what is left is due at its next start
		}
		fr, err := s.makeReply(ctx, o, set, now)
		if err != nil {
			err = s.setAside(ctx, o, now, err)
		} else if err = s.Store.FreezeReply(ctx, fr, now); errors.Is(err, workflow.ErrConflict) {
			err = nil // another program made it first
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeReply makes the bytes; a panic over one reply is that reply's own fault.
func (s *Service) makeReply(ctx context.Context, o store.Outgoing, set workflow.Settings, now time.Time) (fr workflow.Frozen, err error) {
	defer func() {
		if x := recover(); x != nil {
			s.Log.Error("panic over a reply", "letter", o.ID, "at", frames(debug.Stack()))
			err = errors.New("the program failed to make it")
		}
	}()
	received := o.Thread.ReceivedAt
	if received.IsZero() {
		received = o.DueAt
	}
	draft := letters.Draft{MessageID: s.Office.NewMessageID(), Date: now, Answers: o.Thread.MessageID}
	if fr, err = s.desk(ctx).FreezeReply(o.ID, o.Kind, o.Address, set, o.Ref, received, draft); err == nil {
		return fr, nil
	}
	// A reply must not fail because of how the team worded it.
	return s.Office.FreezeReply(o.ID, o.Kind, o.Address, set, o.Ref, received, draft)
}

// desk is the office with the team's wordings; where they cannot be had, the
// shipped ones serve.
func (s *Service) desk(ctx context.Context) letters.Office {
	stamp, err := s.Store.WordingStamp(ctx)
	if err == nil {
		var book *letters.Book
		if book, err = s.shelf.Book(s.Office.Book, stamp, func() (map[string]string, error) { return s.Store.WordingsInForce(ctx) }); err == nil {
			return letters.Office{Book: book, From: s.Office.From}
		}
	}
	s.Log.Error("the team's wordings cannot be read, the shipped ones serve", "error", err)
	return s.Office
}

// setAside puts a reply that cannot be made off, when only a fact about the team
// is missing, which somebody will fill in; after a day, and for any other cause,
// a person answers instead. What was wrong may hold the address: it is kept with
// the letter and not logged.
func (s *Service) setAside(ctx context.Context, o store.Outgoing, now time.Time, why error) error {
	var holes letters.Holes
	if errors.As(why, &holes) && now.Sub(o.DueAt) < 24*time.Hour {
		s.Log.Warn("reply waits", "letter", o.ID, "kind", o.Kind, "missing", fmt.Sprint([]string(holes)))
		return s.Store.PutOffReply(ctx, o.ID, now.Add(time.Minute), why.Error())
	}
	s.Log.Error("reply cannot be made", "letter", o.ID, "kind", o.Kind)
	return s.Store.FailReply(ctx, o.ID, now, why.Error())
}

// SendDue sends what may leave now, one letter at a time, crisis replies first.
func (s *Service) SendDue(ctx context.Context) error { return s.sendAll(ctx, false) }

// SendCrisis sends crisis replies alone. It runs beside SendDue, so that none
// waits until a slow mail host has taken some other letter.
func (s *Service) SendCrisis(ctx context.Context) error { return s.sendAll(ctx, true) }

func (s *Service) sendAll(ctx context.Context, crisis bool) error {
	for ctx.Err() == nil && s.Stopped() == "" {
		o, ok, err := s.Store.ClaimLetter(ctx, store.Claim{By: s.sender(), At: s.Clock(), PerMinute: s.PerMinute, Crisis: crisis})
		if err != nil || !ok {
			return err
		}
		if err := s.send(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// send hands one claimed letter over and marks how it went. The attempt is
// committed already; the mark outlives a shutdown.
func (s *Service) send(ctx context.Context, o store.Outgoing) error {
	outcome := s.Sender.Send(ctx, s.Office.From.Address, o.Address, o.Raw)
	now := s.Clock()
	x := store.Sent{Letter: o.ID, Attempt: o.Attempt, State: stateAfter(o, outcome, now), Step: string(outcome.Step),
		Code: outcome.Code, Status: outcome.Enhanced, Words: outcome.Text, QueueID: outcome.QueueID, At: now}
	if x.State == workflow.LetterRetry {
		x.Next = now.Add(wait(o, outcome, rand.Float64()))
	}
	s.pause(now, outcome)
	if err := s.mark(ctx, x); err != nil {
		return fmt.Errorf("letter %d: %w", o.ID, err)
	}
	s.Log.Info("letter handed over", "letter", o.ID, "kind", o.Kind, "attempt", o.Attempt, "state", x.State, "step", x.Step, "code", x.Code)
	if s.Counts.Letter != nil {
		s.Counts.Letter(string(x.State))
	}
	return nil
}

// mark writes how an attempt ended, and tries again for as long as a shutdown
// leaves time: the database may be away for some seconds, and a letter that left
// and was not marked would have to be asked about.
func (s *Service) mark(ctx context.Context, x store.Sent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	again := time.NewTicker(250 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.Store.MarkSent(ctx, x)
		if err == nil || errors.Is(err, workflow.ErrConflict) {
			return nil // a conflict: an earlier try was done, and its answer lost
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// stateAfter is what an outcome makes of a letter: a retry that lasted too long
// becomes a person's. A mail host that takes no letter at all is not held
// against any of them.
func stateAfter(o store.Outgoing, out letters.Outcome, now time.Time) workflow.LetterState {
	switch out.Class {
	case letters.Accepted:
		return workflow.LetterAccepted
	case letters.Unknown:
		return workflow.LetterUnknown
	case letters.Failed:
		return workflow.LetterFailed
	}
	if out.Class == letters.Retry && !out.AboutHost() && now.Sub(o.Since) > letters.GiveUp(out) {
		return workflow.LetterFailed
	}
	return workflow.LetterRetry
}

// Longest waits: of a letter whose mail host took no letter, and of a crisis
// reply, for which somebody waits.
const (
	longestForHost   = 5 * time.Minute
	longestForCrisis = time.Minute
)

// wait is how long a letter waits for its next attempt. rnd, from 0 to 1,
// spreads letters that failed together.
func wait(o store.Outgoing, out letters.Outcome, rnd float64) time.Duration {
	d := letters.Backoff(o.Tries, out, rnd)
	if out.AboutHost() {
		d = min(d, longestForHost)
	}
	if o.Kind == workflow.L2 {
		d = min(d, longestForCrisis)
	}
	return d
}

// pause stops all sending for a while after an attempt that every other letter
// would share: long where only a person can mend it, short where the mail host
// was not to be had.
func (s *Service) pause(now time.Time, out letters.Outcome) {
	s.stopped.Lock()
	defer s.stopped.Unlock()
	switch {
	case out.Class == letters.Stop:
		s.stopped.until, s.stopped.why = now.Add(5*time.Minute), fmt.Sprintf("the mail host refused us at %s (%d)", out.Step, out.Code)
		s.Log.Error("sending stopped", "step", out.Step, "code", out.Code, "until", s.stopped.until)
	case out.Class == letters.Retry && out.AboutHost():
		s.stopped.until, s.stopped.why = now.Add(20*time.Second), fmt.Sprintf("the mail host could not be used at %s (%d)", out.Step, out.Code)
		s.Log.Warn("mail host not to be had", "step", out.Step, "code", out.Code)
	case out.Class == letters.Accepted:
		s.stopped.until = time.Time{}
	}
}
