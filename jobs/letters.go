package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// RenderReplies renders fixed replies once, before the first SMTP command, and
// queues them: crisis replies first.
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
		received := o.Thread.ReceivedAt
		if received.IsZero() {
			received = o.DueAt
		}
		fr, err := s.Office.FreezeReply(o.ID, o.Kind, o.Address, set, o.Ref, received,
			letters.Draft{MessageID: s.Office.NewMessageID(), Date: now, Answers: o.Thread.MessageID})
		if err == nil {
			err = s.Store.FreezeReply(ctx, fr, now)
		}
		if err != nil {
			// One reply that cannot be made must not hold the others; it stays
			// due, and readiness tells of the oldest letter that has not left.
			s.Log.Error("reply not made", "letter", o.ID, "kind", o.Kind, "error", err)
		}
	}
	return nil
}

// SendDue sends what may leave now, one letter at a time.
func (s *Service) SendDue(ctx context.Context) error {
	pace := s.pace()
	for ctx.Err() == nil && s.Stopped() == "" {
		o, ok, err := s.Store.ClaimLetter(ctx, s.Clock())
		if err != nil || !ok {
			return err
		}
		if err := s.send(ctx, o); err != nil {
			return err
		}
		if o.Kind == workflow.L2 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(pace):
		}
	}
	return nil
}

// pace is the pause after a letter that keeps below the mail host's rate.
func (s *Service) pace() time.Duration {
	if s.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(time.Minute) / s.Rate)
}

// send hands one claimed letter over and marks how it went. The attempt is
// committed already; the mark outlives a shutdown.
func (s *Service) send(ctx context.Context, o store.Outgoing) error {
	outcome := s.Sender.Send(ctx, s.Office.From.Address, o.Address, o.Raw)
	now := s.Clock()
	x := store.Sent{Letter: o.ID, Attempt: o.Attempt, State: s.stateAfter(o, outcome, now), Step: string(outcome.Step),
		Code: outcome.Code, Status: outcome.Enhanced, Words: outcome.Text, QueueID: outcome.QueueID, At: now}
	if x.State == workflow.LetterRetry {
		x.Next = now.Add(letters.Backoff(o.Attempt, outcome, rand.Float64()))
	}
	if outcome.Class == letters.Stop {
		s.stop(now, outcome)
	}
	mark, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.Store.MarkSent(mark, x); err != nil {
		return fmt.Errorf("letter %d: %w", o.ID, err)
	}
	s.Log.Info("letter handed over", "letter", o.ID, "kind", o.Kind, "attempt", o.Attempt, "state", x.State, "step", x.Step, "code", x.Code)
	if s.Counts.Letter != nil {
		s.Counts.Letter(string(x.State))
	}
	return nil
}

// stateAfter is what an outcome makes of a letter: a retry that lasted too long
// becomes a person's.
func (s *Service) stateAfter(o store.Outgoing, out letters.Outcome, now time.Time) workflow.LetterState {
	switch out.Class {
	case letters.Accepted:
		return workflow.LetterAccepted
	case letters.Unknown:
		return workflow.LetterUnknown
	case letters.Failed:
		return workflow.LetterFailed
	case letters.Stop:
		return workflow.LetterRetry
	}
	if now.Sub(o.NotBefore) > letters.GiveUp(out) {
		return workflow.LetterFailed
	}
	return workflow.LetterRetry
}

// stop stops all sending for a while: every other letter would fare the same.
func (s *Service) stop(now time.Time, out letters.Outcome) {
	s.stopped.Lock()
	defer s.stopped.Unlock()
	s.stopped.until = now.Add(5 * time.Minute)
	s.stopped.why = fmt.Sprintf("the mail host refused us at %s (%d)", out.Step, out.Code)
	s.Log.Error("sending stopped", "step", out.Step, "code", out.Code, "until", s.stopped.until)
}

// ResolveUnknown looks after letters that may or may not have left: those of a
// program that died while handing over, and those whose reply was lost. A letter
// found in Sent has left. Of those not found a crisis reply goes again at once
// (twice is harmless, never is not), other fixed replies are let be, and any
// other waits for a person.
func (s *Service) ResolveUnknown(ctx context.Context) error {
	if _, err := s.Store.Interrupted(ctx, s.Clock(), 3*time.Minute); err != nil {
		return err
	}
	unknown, err := s.Store.Unknown(ctx)
	if err != nil {
		return err
	}
	for _, l := range unknown {
		if err := s.resolve(ctx, l); err != nil {
			s.Log.Error("unknown letter not resolved", "letter", l.ID, "error", err)
		}
	}
	return nil
}

func (s *Service) resolve(ctx context.Context, l store.Letter) error {
	now := s.Clock()
	if s.Finder != nil && l.SMTPID != "" && now.Sub(l.NotBefore) < 24*time.Hour {
		found, err := s.Finder.Find(ctx, l.SMTPID)
		if err != nil {
			return err
		}
		if found {
			return s.Store.Resolve(ctx, workflow.Service(), now, l.ID, workflow.LetterAccepted, "found among the mails that left")
		}
	}
	if l.Kind == workflow.L2 && l.Attempts < 5 {
		return s.Store.Resolve(ctx, workflow.Service(), now, l.ID, workflow.LetterRetry, "a crisis reply goes again: twice is harmless, never is not")
	}
	return nil
}
