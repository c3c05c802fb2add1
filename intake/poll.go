package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/store"
)

// Poller keeps every mail of one mailbox: it looks each minute and whenever the
// server wakes it, compares all UIDs with the ledger, and commits raw bytes
// before it touches anything.
type Poller struct {
	Store   *store.Store
	Account mailbox.Account
	After   After
	Start   Start
	Every   time.Duration // between looks; IDLE only wakes sooner
	Clock   func() time.Time
	Log     *slog.Logger
	Name    string // of this program among others
	Kept    func() // wakes the reader
	Good    func() // after each good look at every folder: the heartbeat
	Counts  Counts

	folders map[string]*folder
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

const (
	leaseLength = 5 * time.Minute
	fullEvery   = 5 * time.Minute // a full list, whatever the server says of itself
	maxRaw      = 160 << 20       // larger mails keep their beginning, and a person opens them
	cutRaw      = 1 << 20
)

// folder is what the poller knows of one folder between looks.
type folder struct {
	store.FolderState
	known    map[uint32]bool
	seen     mailbox.Folder
	listedAt time.Time
}

// Run polls until ctx ends. Trouble is told once, shown with the folder, and
// tried again with a growing pause.
func (p *Poller) Run(ctx context.Context) error {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		began := p.Clock()
		err := p.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if p.Clock().Sub(began) > time.Minute {
			pause = 0 // it worked for a while: begin again at once
		}
		pause = min(max(2*pause, time.Second), 2*time.Minute)
		if w := mailbox.Backoff(err); w > 0 {
			pause = min(w, 15*time.Minute)
		}
		if err != nil {
			p.trouble(ctx, err)
		}
		wait := time.Duration(float64(pause) * (0.75 + rand.Float64()/2))
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return p.Store.Release(context.WithoutCancel(ctx), p.lease(), p.Name)
}

func (p *Poller) lease() string { return "mailbox " + p.Account.Name }

func (p *Poller) trouble(ctx context.Context, err error) {
	p.Log.Error("mailbox trouble", "mailbox", p.Account.Name, "error", err)
	for _, name := range p.Account.Folders {
		f := store.Folder{Account: p.Account.Name, Name: name}
		if e := p.Store.Polled(ctx, f, 0, p.Clock(), err.Error()); e != nil {
			p.Log.Error("mailbox trouble not noted", "mailbox", p.Account.Name, "error", e)
		}
	}
}

// session is one connection: look, take in, wait, and again. A nil error means
// that another program holds the lease.
func (p *Poller) session(ctx context.Context) error {
	if held, err := p.hold(ctx); err != nil || !held {
		return err
	}
	conn, err := mailbox.Dial(ctx, p.Account, p.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	p.folders = map[string]*folder{}
	for {
		for _, name := range p.Account.Folders {
			if err := p.look(ctx, conn, name); err != nil {
				return err
			}
		}
		if p.Good != nil {
			p.Good()
		}
		if held, err := p.hold(ctx); err != nil || !held {
			return err
		}
		if err := conn.Idle(ctx, p.Every); err != nil {
			return err
		}
	}
}

func (p *Poller) hold(ctx context.Context) (bool, error) {
	return p.Store.Lease(ctx, p.lease(), p.Name, leaseLength)
}

// Once looks at every folder one time, for tests and the command line.
func (p *Poller) Once(ctx context.Context) error {
	conn, err := mailbox.Dial(ctx, p.Account, p.Log)
	if err != nil {
		return err
	}
	defer conn.Close()
	p.folders = map[string]*folder{}
	for _, name := range p.Account.Folders {
		if err := p.look(ctx, conn, name); err != nil {
			return err
		}
	}
	return nil
}

// look compares a folder with the ledger when anything moved, and at least every
// few minutes, and takes in what is missing. Without IDLE for the last folder
// selected the next look comes after p.Every.
func (p *Poller) look(ctx context.Context, conn *mailbox.Conn, name string) error {
	readOnly := p.After == After{}
	now, err := conn.Select(ctx, name, readOnly)
	if err != nil {
		return err
	}
	f := p.folders[name]
	if f == nil || f.UIDValidity != now.UIDValidity {
		if f, err = p.know(ctx, now); err != nil {
			return err
		}
		p.folders[name] = f
	}
	if f.seen != now || p.Clock().Sub(f.listedAt) > fullEvery {
		if err := p.takeIn(ctx, conn, f); err != nil {
			return err
		}
		f.seen, f.listedAt = now, p.Clock()
	}
	return p.Store.Polled(ctx, f.Folder, now.Exists, p.Clock(), "")
}

func (p *Poller) know(ctx context.Context, now mailbox.Folder) (*folder, error) {
	id := store.Folder{Account: p.Account.Name, Name: now.Name, UIDValidity: now.UIDValidity}
	state, err := p.Store.KnowFolder(ctx, id, p.Start.at(p.Clock()))
	if err != nil {
		return nil, err
	}
	known, err := p.Store.Ledger(ctx, id)
	if err != nil {
		return nil, err
	}
	return &folder{FolderState: state, known: known}, nil
}

// takeIn lists every UID and keeps the mails that the ledger lacks, oldest first.
func (p *Poller) takeIn(ctx context.Context, conn *mailbox.Conn, f *folder) error {
	uids, err := conn.UIDs(ctx)
	incomplete := errors.Is(err, mailbox.ErrIncomplete)
	if err != nil && !incomplete {
		return err
	}
	if f.known, err = p.Store.Ledger(ctx, f.Folder); err != nil {
		return err
	}
	missing := mailbox.Missing(uids, func(u mailbox.UID) bool { return f.known[uint32(u)] })
	if missing, err = p.afterStart(ctx, conn, f, missing); err != nil {
		return err
	}
	sizes := map[mailbox.UID]int64{}
	if len(missing) > 0 {
		if sizes, err = conn.Sizes(ctx, missing); err != nil {
			return err
		}
	}
	for _, batch := range mailbox.Batches(missing, sizes) {
		if err := p.batch(ctx, conn, f, batch, sizes); err != nil {
			return err
		}
	}
	if incomplete {
		return nil // what was not listed may still be there
	}
	return p.gone(ctx, f, uids)
}

// afterStart accounts for mails that arrived before the start, and leaves the rest.
func (p *Poller) afterStart(ctx context.Context, conn *mailbox.Conn, f *folder, missing []mailbox.UID) ([]mailbox.UID, error) {
	if f.StartAt.IsZero() || len(missing) == 0 {
		return missing, nil
	}
	arrived, err := conn.Arrived(ctx, missing)
	if err != nil {
		return nil, err
	}
	before := map[uint32]time.Time{}
	var rest []mailbox.UID
	for _, u := range missing {
		// A server gives whole seconds; a mail without a time is taken in.
		if t, ok := arrived[u]; ok && t.Before(f.StartAt.Truncate(time.Second)) {
			before[uint32(u)] = t
		} else {
			rest = append(rest, u)
		}
	}
	return rest, p.Store.BeforeStart(ctx, f.Folder, before)
}

// batch keeps some mails: whole ones are committed whatever becomes of the
// others. A batch that failed is tried again in halves, down to one mail, and a
// mail that cannot be had alone is accounted for and tried later.
func (p *Poller) batch(ctx context.Context, conn *mailbox.Conn, f *folder, uids []mailbox.UID, sizes map[mailbox.UID]int64) error {
	if len(uids) == 1 && sizes[uids[0]] > maxRaw {
		return p.beginning(ctx, conn, f, uids[0])
	}
	got, err := p.fetch(ctx, conn, f, uids)
	if keepErr := p.keep(ctx, conn, f, got); keepErr != nil {
		return keepErr
	}
	if err == nil {
		return nil
	}
	var left *mailbox.Unanswered
	if errors.As(err, &left) {
		for _, u := range left.UIDs {
			if e := p.unfetchable(ctx, f, u, "the server did not send it"); e != nil {
				return e
			}
		}
		return nil
	}
	if len(uids) == 1 && !errors.Is(err, mailbox.ErrTemporary) && ctx.Err() == nil {
		if e := p.unfetchable(ctx, f, uids[0], "the connection ends at this mail"); e != nil {
			return e
		}
	}
	return err
}

func (p *Poller) unfetchable(ctx context.Context, f *folder, u mailbox.UID, why string) error {
	p.Log.Warn("mail not fetched", "mailbox", p.Account.Name, "folder", f.Name, "uid", u, "why", why)
	return p.Store.Unfetchable(ctx, f.Folder, uint32(u), why, 5*time.Minute)
}

// fetch streams mails into memory; only whole ones are returned.
func (p *Poller) fetch(ctx context.Context, conn *mailbox.Conn, f *folder, uids []mailbox.UID) ([]store.Incoming, error) {
	var got []store.Incoming
	err := conn.Fetch(ctx, uids, func(m mailbox.Mail) error {
		if m.Size > maxRaw {
			return nil // the size was not what the server had said: it comes alone next time
		}
		raw, err := io.ReadAll(m.Body)
		if err != nil {
			return err
		}
		got = append(got, p.incoming(f, m.UID, m.InternalDate, raw))
		return nil
	})
	return got, err
}

func (p *Poller) incoming(f *folder, uid mailbox.UID, arrived time.Time, raw []byte) store.Incoming {
	if arrived.IsZero() || arrived.After(p.Clock().Add(time.Hour)) {
		arrived = p.Clock() // the server's word, within reason; never the mail's own Date
	}
	return store.Incoming{Folder: f.Folder, UID: uint32(uid), InternalDate: arrived, Raw: raw}
}

// beginning keeps the first part of a mail that is too large to be kept whole.
func (p *Poller) beginning(ctx context.Context, conn *mailbox.Conn, f *folder, uid mailbox.UID) error {
	raw, err := conn.Beginning(ctx, uid, cutRaw)
	if err != nil {
		return err
	}
	m := p.incoming(f, uid, time.Time{}, raw)
	m.Cut = true
	return p.keep(ctx, conn, f, []store.Incoming{m})
}

// keep commits, and only then touches the mailbox.
func (p *Poller) keep(ctx context.Context, conn *mailbox.Conn, f *folder, mails []store.Incoming) error {
	if len(mails) == 0 {
		return nil
	}
	if _, err := p.Store.Keep(ctx, mails); err != nil {
		return err
	}
	uids := make([]mailbox.UID, len(mails))
	for i, m := range mails {
		f.known[m.UID] = true
		uids[i] = mailbox.UID(m.UID)
		if p.Counts.Kept != nil {
			p.Counts.Kept(f.Name)
		}
	}
	p.Log.Info("mail kept", "mailbox", p.Account.Name, "folder", f.Name, "mails", len(mails))
	if p.Kept != nil {
		p.Kept()
	}
	return p.afterwards(ctx, conn, uids)
}

// afterwards flags or moves what is safely stored. A refusal leaves the mails
// where they are, which harms nobody; after a doubtful move the folder is listed
// again, and what is not in it any more was moved.
func (p *Poller) afterwards(ctx context.Context, conn *mailbox.Conn, uids []mailbox.UID) error {
	var err error
	switch {
	case p.After.Flag != "":
		err = conn.Flag(ctx, uids, p.After.Flag)
	case p.After.Move != "":
		err = conn.Move(ctx, uids, p.After.Move)
	}
	if errors.Is(err, mailbox.ErrRefused) || errors.Is(err, mailbox.ErrNoFolder) {
		p.Log.Warn("mails kept and left in place", "mailbox", p.Account.Name, "error", err)
		return nil
	}
	return err
}

// gone marks what the ledger has and the server lists no more.
func (p *Poller) gone(ctx context.Context, f *folder, listed []mailbox.UID) error {
	there := make(map[uint32]bool, len(listed))
	for _, u := range listed {
		there[uint32(u)] = true
	}
	var gone []uint32
	for u := range f.known {
		if !there[u] {
			gone = append(gone, u)
		}
	}
	slices.Sort(gone)
	return p.Store.Gone(ctx, f.Folder, gone)
}
