package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// lookFor is how long a letter of unknown outcome is looked for: a copy among
// the sent mail may come late.
const lookFor = 15 * time.Minute

// crisisTries is how often a crisis reply goes again before a person is asked.
const crisisTries = 5

// ResolveUnknown looks after letters that may or may not have left: those of a
// program that died while handing over, and those whose reply was lost. A letter
// found in Sent has left. Of those not found a crisis reply goes again at once
// (twice is harmless, never is not), other fixed replies are let be, and about
// any other a person is asked.
func (s *Service) ResolveUnknown(ctx context.Context) error {
	if n, err := s.Store.Interrupted(ctx, s.Clock()); err != nil {
		return err
	} else if n > 0 {
		s.Log.Warn("letters were interrupted while they were handed over", "count", n)
	}
	unknown, err := s.Store.Unknown(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range unknown {
		err := s.resolve(ctx, l)
		if err != nil && !errors.Is(err, workflow.ErrNotFound) { // else its sender told the truth meanwhile
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Service) resolve(ctx context.Context, l store.UnknownLetter) error {
	now := s.Clock()
	looked, found := s.find(ctx, l)
	switch {
	case found:
		s.Log.Info("letter found", "letter", l.ID)
		return s.Store.Resolve(ctx, workflow.Service(), now, l.ID, workflow.LetterAccepted, "found among the mails that left")
	case l.Kind == workflow.L2 && l.Attempts < crisisTries:
		s.Log.Warn("crisis reply goes again", "letter", l.ID, "attempts", l.Attempts)
		return s.Store.Resolve(ctx, workflow.Service(), now, l.ID, workflow.LetterRetry, "a crisis reply goes again: twice is harmless, never is not")
	case looked && now.Sub(l.Since) < lookFor:
		return nil
	}
	s.Log.Warn("letter found nowhere", "letter", l.ID, "kind", l.Kind)
	return s.Store.StopLooking(ctx, l.ID, now, l.Kind.IsAutomatic() && l.Kind != workflow.L2)
}

// find looks for a letter among the mails that left. looked is whether there is
// anywhere to look; trouble with it is told, and the letter is looked for again.
func (s *Service) find(ctx context.Context, l store.UnknownLetter) (looked, found bool) {
	if s.Finder == nil || l.SMTPID == "" {
		return false, false
	}
	found, err := s.Finder.Find(ctx, l.SMTPID)
	if err != nil {
		s.Log.Warn("letter could not be looked for", "letter", l.ID, "error", err)
	}
	return true, found
}
