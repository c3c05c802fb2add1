// Package demo is the outside world of `dsr demo`: a real IMAP server with a
// mailbox, a real SMTP server that keeps what it is given, sample mails that
// arrive over the first minutes, and the pages under /demo/outbox where the
// letters that left can be read and answered.
//
// It promises that nothing leaves the machine: both servers listen on loopback
// ports of their own and the SMTP server relays nothing. It does not survive
// the process, except for the mails delivered when Options.Dir is set: they are
// in the mailbox again at the next start, under the same UIDs.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Address is the register's own address, at which the sample mails arrive.
const Address = "Essex.DSR@essex.gov.uk"

// AuthServID is the server whose Authentication-Results the sample mails carry.
const AuthServID = "mx2.county-mail.example"

// Options say how the demo is set up.
type Options struct {
	Dir         string           // keeps the delivered mails; "" forgets them at the end
	Now         func() time.Time // the clock of dates and deliveries
	Log         *slog.Logger
	Stylesheets []string // addresses of the site's CSS, for the outbox pages
	Icon        string   // address of the site's icon
}

// World is the running outside world.
type World struct {
	now         func() time.Time
	log         *slog.Logger
	stylesheets []string
	icon        string
	box         *mailbox
	sink        *sink
	pages       http.Handler

	mu      sync.Mutex
	waiting []sample // in order, not yet delivered
}

// Start opens both servers and loads the sample mails. Close ends them.
func Start(ctx context.Context, o Options) (*World, error) {
	samples, err := loadSamples()
	if err != nil {
		return nil, fmt.Errorf("load the sample mails: %w", err)
	}
	w := &World{now: o.Now, log: o.Log, stylesheets: o.Stylesheets, icon: o.Icon, waiting: samples}
	if w.box, err = openMailbox(ctx, o.Dir, rand.Text(), o.Log); err != nil {
		return nil, fmt.Errorf("open the demo mailbox: %w", err)
	}
	if w.sink, err = openSink(ctx, o.Now, o.Log); err != nil {
		return nil, errors.Join(fmt.Errorf("open the demo mail sink: %w", err), w.box.close())
	}
	w.forgetDelivered()
	w.pages = w.routes()
	return w, nil
}

// Close ends both servers and waits for them.
func (w *World) Close() error { return errors.Join(w.box.close(), w.sink.close()) }

// IMAPURL is the mailbox as DSR_IMAP_URL takes it; Password is its password.
func (w *World) IMAPURL() string {
	u := url.URL{Scheme: "imap", User: url.User(w.box.user), Host: w.box.addr, Path: "/INBOX", RawQuery: "tls=none"}
	return u.String()
}

// Password is the mailbox's password, another at every start.
func (w *World) Password() string { return w.box.password }

// SMTPURL is the sink as DSR_SMTP_URL takes it; it asks for no password.
func (w *World) SMTPURL() string {
	u := url.URL{Scheme: "smtp", Host: w.sink.addr, RawQuery: "tls=none"}
	return u.String()
}

// Deliver puts a mail into the mailbox, its dates made those of now.
func (w *World) Deliver(raw []byte) error {
	return w.box.deliver("written", fresh(raw, w.now()))
}

// ErrNothingWaits means that every sample mail was delivered, or that those
// left answer letters that have not been sent yet.
var ErrNothingWaits = errors.New("no sample mail can be delivered now")

// DeliverNext delivers the next sample mail and says which.
func (w *World) DeliverNext() (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.waiting {
		name := w.waiting[i].name
		done, err := w.deliverLocked(i)
		if done || err != nil {
			return name, err
		}
	}
	return "", ErrNothingWaits
}

// Waiting counts the sample mails that were not delivered yet.
func (w *World) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.waiting)
}

// Run delivers the timed sample mails and returns when ctx ends. A mail whose
// letter has not left yet waits for it.
func (w *World) Run(ctx context.Context) error {
	start := w.now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		next, err := w.deliverDue(w.now().Sub(start))
		if err != nil {
			return err
		}
		if next < 0 {
			<-ctx.Done()
			return nil
		}
		timer.Reset(next)
	}
}

// again is how often a mail asks whether the letter that it answers has left.
const again = 3 * time.Second

// deliverDue delivers what is due after running for so long, and returns how
// long to wait for the next; negative when only the button is left.
func (w *World) deliverDue(after time.Duration) (time.Duration, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := time.Duration(-1)
	for i := 0; i < len(w.waiting); {
		s := w.waiting[i]
		wait := s.after - after
		if s.after != onButton && wait <= 0 {
			done, err := w.deliverLocked(i)
			if err != nil {
				return 0, err
			}
			if done {
				continue // the next one moved to i
			}
			wait = again
		}
		if s.after != onButton && (next < 0 || wait < next) {
			next = wait
		}
		i++
	}
	return next, nil
}

// deliverLocked delivers one waiting mail; done is false when the letter that
// it answers has not left yet.
func (w *World) deliverLocked(i int) (done bool, err error) {
	s := w.waiting[i]
	raw := s.raw
	if s.answers != "" {
		letter, ok := w.sink.lastTo(s.answers)
		if !ok {
			return false, nil
		}
		raw = answer(raw, letter)
	}
	if err := w.box.deliver(s.name, fresh(raw, w.now())); err != nil {
		return false, fmt.Errorf("deliver the sample mail %s: %w", s.name, err)
	}
	w.waiting = append(w.waiting[:i:i], w.waiting[i+1:]...)
	w.log.Info("demo mail delivered", "mail", s.name, "waiting", len(w.waiting))
	return true, nil
}

// forgetDelivered leaves out what an earlier run has delivered already.
func (w *World) forgetDelivered() {
	var left []sample
	for _, s := range w.waiting {
		if !w.box.holds(s.name) {
			left = append(left, s)
		}
	}
	w.waiting = left
}
