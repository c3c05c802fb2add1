package intake

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/store"
)

const (
	fullEvery = 5         // looks, after which all is listed whatever the server says of itself
	maxRaw    = 160 << 20 // larger mails keep their beginning, and a person opens them
	cutRaw    = 1 << 20
	bigRaw    = 8 << 20  // larger mails go to the database piece by piece
	heldRaw   = 16 << 20 // at most about this much waits in memory to be committed
	aloneMost = 3        // failures of a mail alone before it is left for later
)

// errEnough ends a connection on purpose: the rest of a huge mail is not wanted.
var errEnough = errors.New("the rest of a mail was not wanted")

// folder is what the poller knows of one folder between looks.
type folder struct {
	store.Folder
	start      store.FolderStart
	seen       mailbox.Folder
	looks      int // since the last list
	incomplete bool
	ledger     store.Ledger
}

// look compares a folder with the ledger when anything moved, and every few
// looks, and takes in what is missing.
func (p *Poller) look(ctx context.Context, conn *mailbox.Conn, known map[string]*folder, name string) error {
	now, err := conn.Select(ctx, name, p.After == After{})
	if err != nil {
		return err
	}
	f := known[name]
	if f == nil || f.UIDValidity != now.UIDValidity {
		f = &folder{Folder: store.Folder{Account: p.Account.Name, Name: now.Name, UIDValidity: now.UIDValidity}}
		start := store.FolderStart{At: p.Start.at(p.Clock()), UID: uint32(now.UIDNext)}
		if f.start, err = p.Store.KnowFolder(ctx, f.Folder, start); err != nil {
			return err
		}
		known[name] = f
	}
	if f.looks++; f.seen != now || f.incomplete || f.looks >= fullEvery {
		f.seen = mailbox.Folder{}
		if err := p.takeIn(ctx, conn, f, now); err != nil {
			return err
		}
		f.seen, f.looks = now, 0
	}
	return p.Store.Polled(ctx, f.Folder, now.Exists, p.Clock(), "")
}

// takeIn lists every UID and keeps the mails that the ledger lacks, oldest
// first; those that could not be had before come last and alone.
func (p *Poller) takeIn(ctx context.Context, conn *mailbox.Conn, f *folder, now mailbox.Folder) error {
	uids, err := conn.UIDs(ctx)
	f.incomplete = errors.Is(err, mailbox.ErrIncomplete)
	if err != nil && !f.incomplete {
		return err
	}
	if f.ledger, err = p.Store.Ledger(ctx, f.Folder); err != nil {
		return err
	}
	var fresh, again []mailbox.UID
	for _, u := range mailbox.Missing(uids, func(u mailbox.UID) bool { return !f.ledger.Lacks(uint32(u)) }) {
		if f.ledger[uint32(u)].Tries > 0 {
			again = append(again, u)
		} else {
			fresh = append(fresh, u)
		}
	}
	if fresh, err = p.afterStart(ctx, conn, f, fresh); err != nil {
		return err
	}
	if err := p.fetchAll(ctx, conn, f, fresh, again); err != nil {
		return err
	}
	if err := p.Store.Listed(ctx, f.Folder, numbers(uids), uint32(now.UIDNext), !f.incomplete); err != nil {
		return err
	}
	return p.afterwards(ctx, conn, f, uids)
}

func numbers(uids []mailbox.UID) []uint32 {
	out := make([]uint32, len(uids))
	for i, u := range uids {
		out[i] = uint32(u)
	}
	return out
}

// afterStart accounts for mails that arrived before the start, and returns the
// rest. Each answer is stored at once: a date that ends the connection is found
// by asking for fewer, and a mail whose date cannot be had is taken in.
func (p *Poller) afterStart(ctx context.Context, conn *mailbox.Conn, f *folder, missing []mailbox.UID) ([]mailbox.UID, error) {
	var rest, old []mailbox.UID
	c := p.careOf(f.Folder)
	for _, u := range missing {
		if f.start.Takes(uint32(u)) || c.undated[u] {
			rest = append(rest, u)
		} else {
			old = append(old, u)
		}
	}
	for some := range slices.Chunk(old, c.dates) {
		arrived, err := conn.Arrived(ctx, some)
		if err != nil {
			if c.dates = max(1, c.dates/10); len(some) == 1 {
				c.undated[some[0]] = true
			}
			return nil, err
		}
		before := map[uint32]time.Time{}
		for _, u := range some {
			// A server gives whole seconds.
			if t, ok := arrived[u]; ok && t.Before(f.start.At.Truncate(time.Second)) {
				before[uint32(u)] = t
			} else {
				rest = append(rest, u)
			}
		}
		if err := p.Store.BeforeStart(ctx, f.Folder, before); err != nil {
			return nil, err
		}
	}
	slices.Sort(rest)
	return rest, nil
}

// care is how a folder is fetched from after failures, over connections: fewer
// mails at once, down to one, so that a mail which ends every connection is
// found and does not hold back the others.
type care struct {
	most    int // mails in one FETCH
	alone   map[mailbox.UID]int
	dates   int // asked for at once
	undated map[mailbox.UID]bool
}

const (
	fetchMost = 100
	datesMost = 1000
)

func (p *Poller) careOf(f store.Folder) *care {
	if p.careful == nil {
		p.careful = map[store.Folder]*care{}
	}
	if p.careful[f] == nil {
		p.careful[f] = &care{most: fetchMost, alone: map[mailbox.UID]int{}, dates: datesMost, undated: map[mailbox.UID]bool{}}
	}
	return p.careful[f]
}

func (c *care) went(well bool, mails int) {
	if well {
		c.most = min(2*c.most, fetchMost)
	} else {
		c.most = max(1, mails/4)
	}
}

func (p *Poller) fetchAll(ctx context.Context, conn *mailbox.Conn, f *folder, fresh, again []mailbox.UID) error {
	c := p.careOf(f.Folder)
	for len(fresh) > 0 {
		n := min(len(fresh), c.most)
		if err := p.batch(ctx, conn, f, c, fresh[:n]); err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	for _, u := range again {
		if err := p.batch(ctx, conn, f, c, []mailbox.UID{u}); err != nil {
			return err
		}
	}
	return nil
}

// batch keeps some mails: whole ones are committed whatever becomes of the
// others. A mail that cannot be had alone is accounted for and tried later.
func (p *Poller) batch(ctx context.Context, conn *mailbox.Conn, f *folder, c *care, uids []mailbox.UID) error {
	fetch := conn.Fetch
	if len(uids) == 1 && c.alone[uids[0]] == 1 { // perhaps it is only its date or its flags
		fetch = func(ctx context.Context, uids []mailbox.UID, sink func(mailbox.Mail) error) error {
			return conn.FetchBare(ctx, uids[0], sink)
		}
	}
	h := hand{p: p, f: f}
	err := fetch(ctx, uids, func(m mailbox.Mail) error { return h.take(ctx, m) })
	if e := h.keep(ctx); e != nil {
		return e
	}
	if left, ok := errors.AsType[*mailbox.Unanswered](err); ok {
		for _, u := range left.UIDs {
			if e := p.unfetchable(ctx, f, u, "the server lists it and does not send it"); e != nil {
				return e
			}
		}
		err = nil
	}
	if errors.Is(err, errEnough) || ctx.Err() != nil || errors.Is(err, mailbox.ErrThrottled) {
		return err
	}
	c.went(err == nil, len(uids))
	if len(uids) > 1 || h.failed != nil {
		return err
	}
	if err == nil {
		delete(c.alone, uids[0])
		return nil
	}
	if c.alone[uids[0]]++; c.alone[uids[0]] >= aloneMost || f.ledger[uint32(uids[0])].Tries > 0 {
		if e := p.unfetchable(ctx, f, uids[0], "the connection ends whenever it is asked for"); e != nil {
			return e
		}
		delete(c.alone, uids[0])
	}
	return err
}

func (p *Poller) unfetchable(ctx context.Context, f *folder, u mailbox.UID, why string) error {
	p.Log.Warn("mail not fetched", "mailbox", p.Account.Name, "folder", f.Name, "uid", u, "why", why)
	return p.Store.Unfetchable(ctx, f.Folder, uint32(u), why, cmp.Or(p.Retry, time.Minute))
}

// hand holds whole mails until they are committed.
type hand struct {
	p      *Poller
	f      *folder
	mails  []store.Incoming
	bytes  int
	failed error // of ours, not of the server's
}

// take is the sink of a fetch. How big a mail is says its literal, not what the
// server claimed before.
func (h *hand) take(ctx context.Context, m mailbox.Mail) error {
	in := h.p.incoming(h.f, m)
	var raw bytes.Buffer
	var err error
	switch {
	case m.Size > maxRaw:
		in.Cut = true
		_, err = io.CopyN(&raw, m.Body, cutRaw)
	case m.Size > bigRaw:
		if in.Staged, err = h.p.Store.Stage(ctx, m.Body); err != nil && !errors.Is(err, mailbox.ErrCut) {
			h.failed = err
		}
	default:
		raw.Grow(int(m.Size) + bytes.MinRead)
		_, err = raw.ReadFrom(m.Body)
	}
	if err != nil {
		return err
	}
	in.Raw = raw.Bytes()
	h.mails, h.bytes = append(h.mails, in), h.bytes+raw.Len()
	if in.Cut {
		return errEnough
	}
	if h.bytes < heldRaw {
		return nil
	}
	return h.keep(ctx)
}

func (p *Poller) incoming(f *folder, m mailbox.Mail) store.Incoming {
	arrived := m.InternalDate
	if arrived.IsZero() || arrived.After(p.Clock().Add(time.Hour)) {
		arrived = p.Clock() // the server's word, within reason; never the mail's own Date
	}
	return store.Incoming{Folder: f.Folder, UID: uint32(m.UID), InternalDate: arrived}
}

// keep commits what is in hand.
func (h *hand) keep(ctx context.Context) error {
	mails, standIns := h.sort()
	h.mails, h.bytes = nil, 0
	if len(mails) > 0 {
		if _, h.failed = h.p.Store.Keep(ctx, mails); h.failed != nil {
			return h.failed
		}
		h.p.tell(h.f, mails)
	}
	for _, u := range standIns {
		if h.failed = h.p.unfetchable(ctx, h.f, u, "the mail server cannot hand it over; open it in Outlook"); h.failed != nil {
			return h.failed
		}
	}
	return nil
}

// sort takes out what is only a note in place of a mail. The note is shown once,
// as a problem for a person; the mail itself is asked for again and again.
func (h *hand) sort() (mails []store.Incoming, standIns []mailbox.UID) {
	for _, m := range h.mails {
		if mailbox.IsStandIn(m.Raw) {
			standIns = append(standIns, mailbox.UID(m.UID))
			if h.f.ledger[m.UID].Tries > 0 {
				continue
			}
			m.UID = 0 // what stands under this UID is still to come
		}
		mails = append(mails, m)
	}
	return mails, standIns
}

func (p *Poller) tell(f *folder, mails []store.Incoming) {
	for _, m := range mails {
		if m.UID != 0 {
			f.ledger[m.UID] = store.Accounted{Pending: true}
		}
		if p.Counts.Kept != nil {
			p.Counts.Kept(f.Name)
		}
	}
	p.Log.Info("mail kept", "mailbox", p.Account.Name, "folder", f.Name, "mails", len(mails))
	if p.Kept != nil {
		p.Kept()
	}
}

// afterwards flags or moves what is safely stored, also what an earlier failure
// left undone. A refusal leaves the mails where they are, which harms nobody;
// after a doubtful move the folder is listed again, and what is not in it any
// more was moved.
func (p *Poller) afterwards(ctx context.Context, conn *mailbox.Conn, f *folder, listed []mailbox.UID) error {
	if p.After == (After{}) {
		return nil
	}
	var uids []mailbox.UID
	for _, u := range listed {
		if f.ledger[uint32(u)].Pending {
			uids = append(uids, u)
		}
	}
	if len(uids) == 0 {
		return nil
	}
	var err error
	if p.After.Flag != "" {
		err = conn.Flag(ctx, uids, p.After.Flag)
	} else {
		err = conn.Move(ctx, uids, p.After.Move)
	}
	switch {
	case err == nil:
		return errors.Join(p.Store.Handled(ctx, f.Folder, numbers(uids)), p.Store.Remark(ctx, f.Folder, ""))
	case errors.Is(err, mailbox.ErrRefused) || errors.Is(err, mailbox.ErrNoFolder):
		p.Log.Warn("mails kept and left in place", "mailbox", p.Account.Name, "folder", f.Name, "error", err)
		return p.Store.Remark(ctx, f.Folder, fmt.Sprintf("mails are kept and left in place: %v", err))
	}
	return err
}
