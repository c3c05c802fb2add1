package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/store"
)

// Poller keeps every mail of one mailbox: it looks each minute and whenever the
// server wakes it, compares all UIDs with the ledger, and commits raw bytes
// before it touches anything. Any number may run for one mailbox: one at a time
// holds its lease, and the others wait for it to end.
type Poller struct {
	Store   *store.Store
	Account mailbox.Account
	After   After
	Start   Start
	Every   time.Duration // between looks; IDLE only wakes sooner
	Lease   time.Duration // how long the hold on the mailbox outlives us; 0 is half a minute
	Pause   time.Duration // after a first failure, longer after others; 0 is a second
	Retry   time.Duration // until a mail that could not be had is asked for again, longer each time; 0 is a minute
	Clock   func() time.Time
	Log     *slog.Logger
	Name    string // of this program among others
	Kept    func() // wakes the reader
	Good    func() // after each good look at every folder: the heartbeat
	Counts  Counts

	careful map[store.Folder]*care
}

// After is what happens to a mail once it is safely stored: nothing, a keyword,
// or a move to a folder.
type After struct{ Flag, Move string }

// ParseAfter reads keep, flag or move:FOLDER.
func ParseAfter(s string) (After, error) {
	to, isMove := strings.CutPrefix(s, "move:")
	switch {
	case s == "" || s == "keep":
		return After{}, nil
	case s == "flag":
		return After{Flag: "$DSRKept"}, nil
	case isMove && strings.TrimSpace(to) != "":
		return After{Move: strings.TrimSpace(to)}, nil
	}
	return After{}, fmt.Errorf("%q is not keep, flag or move:FOLDER", s)
}

// Start says what of a full mailbox is taken in at the first connection.
type Start struct {
	All  bool
	From time.Time // zero: the moment of the first connection
}

// ParseStart reads now, all or a date.
func ParseStart(s string) (Start, error) {
	switch s {
	case "", "now":
		return Start{}, nil
	case "all":
		return Start{All: true}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Start{}, fmt.Errorf("%q is not now, all or a date like 2026-11-23", s)
	}
	return Start{From: t}, nil
}

func (s Start) at(now time.Time) time.Time {
	switch {
	case s.All:
		return time.Time{}
	case s.From.IsZero():
		return now
	}
	return s.From
}

// errNotOurs ends a session whose lease went to another program.
var errNotOurs = errors.New("another program reads this mailbox")

// noted is trouble that stands with its folder already.
type noted struct{ error }

func (n noted) Unwrap() error { return n.error }

// Run polls until ctx ends. Trouble stands with the folders at once, for all to
// see, and is tried again with a growing pause.
func (p *Poller) Run(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		ours, let, err := p.hold(ctx)
		if err != nil {
			p.Log.Error("mailbox not held", "mailbox", p.Account.Name, "error", err)
		}
		if ours == nil {
			wait(ctx, p.lease()/3)
			continue
		}
		began := time.Now() // of the machine: the service's own clock may stand still
		err = p.session(ours)
		switch {
		case errors.Is(err, errEnough):
			err = nil // the connection was ours to end
		case ours.Err() == nil:
			p.trouble(ours, err)
		}
		if err == nil || time.Since(began) > 2*p.longest() {
			failures = 0
		}
		pause := p.pauseAfter(err, failures)
		failures++
		if errors.Is(err, mailbox.ErrThrottled) {
			wait(ours, pause) // whoever took over would be one more to knock
			let()
			continue
		}
		let()
		wait(ctx, pause)
	}
	return nil
}

// pauseAfter is how long to stay away: as long as the server asks, long when it
// is tired of us or does not know us (a guess repeated quickly locks the
// account), else short, since mail waits.
func (p *Poller) pauseAfter(err error, failures int) time.Duration {
	first, most := p.pause(), p.longest()
	switch asked := mailbox.Backoff(err); {
	case err == nil:
		return 0
	case asked > 0:
		return asked
	case errors.Is(err, mailbox.ErrThrottled):
		first, most = 30*first, 900*first
	case errors.Is(err, mailbox.ErrAuth):
		first, most = 20*first, 300*first
	}
	pause := min(first<<min(failures, 10), most)
	return pause/2 + rand.N(pause/2+1)
}

func (p *Poller) pause() time.Duration { return cmp.Or(p.Pause, time.Second) }

// longest is the longest pause after a failure of line or server: a minute must
// be enough to be back.
func (p *Poller) longest() time.Duration { return 20 * p.pause() }

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (p *Poller) lease() time.Duration { return cmp.Or(p.Lease, 30*time.Second) }

// hold takes the mailbox's lease and keeps it until let is called. The context
// that it returns ends when the lease is lost; it is nil while another has it.
func (p *Poller) hold(ctx context.Context) (ours context.Context, let func(), err error) {
	name := "mailbox " + p.Account.Name
	held, err := p.Store.Lease(ctx, name, p.Name, p.lease())
	if err != nil || !held {
		return nil, nil, err
	}
	ours, lose := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { p.renew(ours, name, lose) })
	return ours, func() {
		lose(nil)
		renewing.Wait()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := p.Store.Release(last, name, p.Name); err != nil {
			p.Log.Warn("mailbox not released", "mailbox", p.Account.Name, "error", err)
		}
	}, nil
}

// renew gives the mailbox up before the lease has run out, so that two never
// work at once; if they do, unique keys keep what they store single.
func (p *Poller) renew(ctx context.Context, name string, lose func(error)) {
	tick := time.NewTicker(p.lease() / 3)
	defer tick.Stop()
	for good := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		one, cancel := context.WithTimeout(ctx, p.lease()/3)
		asked := time.Now()
		held, err := p.Store.Lease(one, name, p.Name, p.lease())
		cancel()
		switch {
		case err == nil && held:
			good = asked
		case err == nil || time.Since(good) > p.lease()*2/3:
			lose(errNotOurs)
			return
		}
	}
}

// trouble is shown with every folder of the mailbox.
func (p *Poller) trouble(ctx context.Context, err error) {
	if err == nil {
		return
	}
	p.Log.Error("mailbox trouble", "mailbox", p.Account.Name, "error", err)
	if _, already := errors.AsType[noted](err); already {
		return
	}
	for _, name := range p.Account.Folders {
		p.note(ctx, name, err)
	}
}

func (p *Poller) note(ctx context.Context, folder string, trouble error) {
	f := store.Folder{Account: p.Account.Name, Name: folder}
	if err := p.Store.Polled(ctx, f, 0, p.Clock(), trouble.Error()); err != nil {
		p.Log.Error("mailbox trouble not noted", "mailbox", p.Account.Name, "folder", folder, "error", err)
	}
}

// session is one connection: look, take in, wait, and again.
func (p *Poller) session(ctx context.Context) error {
	conn, err := mailbox.Dial(ctx, p.Account, p.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	folders := map[string]*folder{}
	for {
		if err := p.looks(ctx, conn, folders); err != nil {
			return err
		}
		if p.Good != nil {
			p.Good()
		}
		if err := conn.Idle(ctx, p.Every); err != nil {
			return err
		}
	}
}

// Once looks at every folder one time, for tests and the command line.
func (p *Poller) Once(ctx context.Context) error {
	conn, err := mailbox.Dial(ctx, p.Account, p.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	return p.looks(ctx, conn, map[string]*folder{})
}

// looks looks at each folder, the first named last: it is then the one that
// IDLE watches. A folder that cannot be opened does not keep the others unread.
func (p *Poller) looks(ctx context.Context, conn *mailbox.Conn, known map[string]*folder) error {
	var first error
	for i := range p.Account.Folders {
		name := p.Account.Folders[len(p.Account.Folders)-1-i]
		err := p.look(ctx, conn, known, name)
		if err != nil && !errors.Is(err, mailbox.ErrNoFolder) && !errors.Is(err, mailbox.ErrRefused) {
			return err
		}
		if first = err; err != nil {
			p.note(ctx, name, err)
		}
	}
	if first != nil {
		return noted{first}
	}
	return nil
}
