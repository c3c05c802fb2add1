// Package intake brings mail in: mailbox → raw bytes kept → read → a case, or
// another end that a person can see. It loses nothing: a mail counts as ours
// only when its raw bytes are committed, nothing is done to the mailbox before
// that, and every mail gets exactly one named end.
//
// A mail that nothing is understood of, or that makes the reader fail, ends as a
// problem with its bytes kept, and the next mail is read. The words that mean
// danger are looked for first and need nothing else to have worked. Inbound mail
// adds to a case; it decides nothing, confirms nobody and becomes no recipient:
// the one answer that goes by itself is a fixed reply to the From address.
package intake

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
	"github.com/essex-dsr/dsr/intake/reading"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// Service reads mails that are kept and gives them their ends.
type Service struct {
	Store     *store.Store
	Documents func(ctx context.Context, files []document.File) ([]document.Document, error)
	Pictures  func(ctx context.Context, f document.File, most int) ([]document.Picture, error) // nil: no page is drawn
	Own       []string                                                                         // the register's own addresses
	Authserv  string                                                                           // the host whose Authentication-Results are believed
	Labels    reading.Dictionary                                                               // zero: the shipped one; what the team taught is added
	Limits    message.Limits
	Clock     func() time.Time
	Log       *slog.Logger
	Counts    Counts
	Hold      time.Duration // how long a mail taken to be read is ours; 0 is two minutes

	wake chan struct{}
	once sync.Once
}

// Counts are told what happened, for metrics; each may be nil.
type Counts struct {
	Kept    func(folder string)
	Settled func(class, end string)
}

// maxTries is how often a mail that stops its reader is tried before it becomes
// a problem for a person.
const maxTries = 3

// Wake tells the reader that mail was kept.
func (s *Service) Wake() {
	select {
	case s.woken() <- struct{}{}:
	default:
	}
}

func (s *Service) woken() chan struct{} {
	s.once.Do(func() { s.wake = make(chan struct{}, 1) })
	return s.wake
}

// Run reads what has no end yet until ctx ends, woken by new mail and at least
// every few seconds, since another program may have kept some.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		for {
			n, err := s.ReadSome(ctx)
			if err != nil && ctx.Err() == nil {
				s.Log.Error("mails not read", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.woken():
		case <-tick.C:
		}
	}
}

// ReadSome reads and settles what is at hand, at most 20 mails, and reports how
// many it took.
func (s *Service) ReadSome(ctx context.Context) (int, error) {
	mails, err := s.Store.ClaimUnread(ctx, 20, cmp.Or(s.Hold, 2*time.Minute))
	if err != nil || len(mails) == 0 {
		return 0, err
	}
	s.dangerFirst(mails)
	var read []store.Unsettled
	var all []store.Settlement
	began := s.Clock()
	for _, m := range mails {
		x, err := s.settlement(ctx, m)
		if err != nil {
			// The database, or the bytes; it comes again, and the others are read.
			s.Log.Error("mail not read", "message", m.ID, "error", err)
			continue
		}
		read, all = append(read, m), append(all, x)
		if x.Urgency == workflow.Crisis || s.Clock().Sub(began) > longestBatch {
			if err := s.settle(ctx, read, all); err != nil {
				return len(mails), err
			}
			read, all, began = nil, nil, s.Clock()
		}
	}
	return len(mails), s.settle(ctx, read, all)
}

// longestBatch is how long mails that were read wait for others to be settled
// with.
const longestBatch = 2 * time.Second

// dangerFirst puts the mails whose plain words mean danger before the others, so
// that none of them waits while large files of others are read.
func (s *Service) dangerFirst(mails []store.Unsettled) {
	if len(mails) < 2 {
		return
	}
	danger := map[workflow.MessageID]bool{}
	for _, m := range mails {
		u := understood{mail: &message.Message{}}
		u.guard("parse the mail", func() { u.mail = message.Read(m.Raw, s.Limits) })
		u.alarm(m.Raw, s.Own, m.ReceivedAt)
		danger[m.ID] = u.result.Urgency == reading.Crisis
	}
	slices.SortStableFunc(mails, func(a, b store.Unsettled) int {
		switch {
		case danger[a.ID] == danger[b.ID]:
			return 0
		case danger[a.ID]:
			return -1
		}
		return 1
	})
}

// settle gives mails that were read their ends. What was read must not be thrown
// away by a shutdown that comes now.
func (s *Service) settle(ctx context.Context, read []store.Unsettled, all []store.Settlement) error {
	if len(all) == 0 {
		return nil
	}
	save, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	done, err := s.Store.Settle(save, all)
	for i, d := range done {
		s.report(all[i], d)
		if d.Err != nil && read[i].Tries >= maxTries {
			d.Err = s.parkFailed(save, read[i], all[i])
		}
	}
	return err
}

func (s *Service) report(x store.Settlement, d store.Settled) {
	if d.Err != nil {
		s.Log.Error("mail not settled", "message", x.Message, "error", d.Err)
		return
	}
	s.Log.Info("mail settled", "message", x.Message, "class", x.Class, "urgency", x.Urgency, "end", d.End, "cases", len(d.Cases))
	if s.Counts.Settled != nil {
		s.Counts.Settled(x.Class, string(d.End))
	}
}

// parkFailed ends a mail as a problem when its settlement cannot be stored: its
// urgency and alerts are kept, the rest is left to a person.
func (s *Service) parkFailed(ctx context.Context, m store.Unsettled, x store.Settlement) error {
	bare := store.Settlement{Message: x.Message, End: store.EndProblem, Why: "what was read could not be stored", Class: x.Class,
		Urgency: x.Urgency, Machine: x.Machine, FromAddr: x.FromAddr, Reply: x.Reply, Alerts: x.Alerts, At: x.At, Due: x.Due}
	if bare.Reply != nil && bare.Reply.Kind != "L2" {
		bare.Reply = nil
	}
	if bare.Due.IsZero() {
		bare.Due = x.At.Add(4 * time.Hour)
	}
	done, err := s.Store.Settle(ctx, []store.Settlement{bare})
	if err == nil && done[0].Err != nil {
		err = done[0].Err
	}
	if err != nil {
		return fmt.Errorf("park message %d: %w", m.ID, err)
	}
	return nil
}
