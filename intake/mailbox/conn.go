package mailbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Conn is a signed-in connection. It belongs to one goroutine at a time.
type Conn struct {
	client *imapclient.Client
	link   *link
	log    *slog.Logger
	limit  time.Duration
	caps   imap.CapSet
	moved  chan struct{} // holds one token when the selected folder changed since we last looked

	folder   string // selected; "" when none
	readOnly bool
	keywords []imap.Flag // that the folder keeps; empty when the server did not say
}

// What is being done while a refusal is about the user, not about a folder.
const (
	greeting  = "greet"
	signingIn = "sign in"
)

// What a server may say, outside of mails, in answer to one command.
const (
	smallTalk int64 = 1 << 20
	listTalk  int64 = 16 << 20 // UIDs of a million mails
)

func newConn(a Account, l *link, log *slog.Logger) *Conn {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	c := &Conn{link: l, log: log, limit: a.timeout(), moved: make(chan struct{}, 1)}
	c.client = imapclient.New(l, &imapclient.Options{
		// These run in the client's reader: they may not wait.
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Expunge: func(uint32) { c.wake() },
			Mailbox: func(d *imapclient.UnilateralDataMailbox) {
				if d.NumMessages != nil {
					c.wake()
				}
			},
		},
	})
	return c
}

func (c *Conn) wake() {
	select {
	case c.moved <- struct{}{}:
	default:
	}
}

func (c *Conn) settle() {
	select {
	case <-c.moved:
	default:
	}
}

// Select opens a folder; readOnly (EXAMINE) cannot change anything in it.
func (c *Conn) Select(ctx context.Context, folder string, readOnly bool) (Folder, error) {
	doing := "open folder " + folder
	c.settle()
	c.folder = ""
	var data *imap.SelectData
	err := c.do(ctx, doing, smallTalk, func() (err error) {
		data, err = c.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	if err != nil {
		return Folder{}, err
	}
	c.folder, c.readOnly, c.keywords = folder, readOnly, data.PermanentFlags
	f := Folder{Name: folder, UIDValidity: data.UIDValidity, UIDNext: UID(data.UIDNext), Exists: int(data.NumMessages)}
	if f.UIDValidity != 0 && f.UIDNext != 0 {
		return f, nil
	}
	return c.complete(ctx, f)
}

// complete asks STATUS for what SELECT left out. A server that tells nothing
// either way has not opened anything, whatever it calls it.
func (c *Conn) complete(ctx context.Context, f Folder) (Folder, error) {
	s, err := c.status(ctx, f.Name)
	if err != nil {
		if errors.Is(err, ErrRefused) {
			return f, nil
		}
		return Folder{}, err
	}
	if f.UIDValidity == 0 {
		f.UIDValidity = s.UIDValidity
	}
	f.UIDNext = max(f.UIDNext, s.UIDNext)
	f.Exists = max(f.Exists, s.Exists)
	if f.UIDValidity == 0 && f.UIDNext == 0 && f.Exists == 0 {
		return Folder{}, &Error{Doing: "open folder " + f.Name, Kind: ErrTemporary, Err: errors.New("the server says OK and nothing else")}
	}
	return f, nil
}

func (c *Conn) status(ctx context.Context, folder string) (Folder, error) {
	var data *imap.StatusData
	err := c.do(ctx, "look at folder "+folder, smallTalk, func() (err error) {
		data, err = c.client.Status(folder, &imap.StatusOptions{NumMessages: true, UIDNext: true, UIDValidity: true}).Wait()
		return err
	})
	if err != nil {
		return Folder{}, err
	}
	f := Folder{Name: folder, UIDValidity: data.UIDValidity, UIDNext: UID(data.UIDNext)}
	if data.NumMessages != nil {
		f.Exists = int(*data.NumMessages)
	}
	return f, nil
}

// Look says what the selected folder is now, cheaply. When its UIDValidity
// is another than Select gave, the folder must be selected again before
// anything is fetched from it.
func (c *Conn) Look(ctx context.Context) (Folder, error) {
	folder, err := c.selected("look")
	if err != nil {
		return Folder{}, err
	}
	// NOOP makes the server tell of changes that STATUS of an open folder may
	// still hide (RFC 3501 6.3.10 warns of that use).
	if err := c.do(ctx, "look at folder "+folder, smallTalk, func() error { return c.client.Noop().Wait() }); err != nil {
		return Folder{}, err
	}
	c.settle()
	f, err := c.status(ctx, folder)
	if errors.Is(err, ErrRefused) || err == nil && f.UIDNext == 0 && f.UIDValidity == 0 {
		return c.Select(ctx, folder, c.readOnly)
	}
	return f, err
}

// UIDs lists every mail of the selected folder, ascending. With ErrIncomplete
// those returned are good, but the server claims to hold more than it lists.
func (c *Conn) UIDs(ctx context.Context) ([]UID, error) {
	folder, err := c.selected("list mails")
	if err != nil {
		return nil, err
	}
	doing := "list mails of " + folder
	var uids []UID
	err = c.do(ctx, doing, listTalk, func() error {
		data, err := c.client.UIDSearch(&imap.SearchCriteria{}, nil).Wait()
		if err == nil {
			uids, err = expand(data.All)
		}
		return err
	})
	if err != nil || len(uids) >= c.exists() {
		return uids, err
	}
	// SEARCH may have answered OK with no list at all. FETCH goes another way.
	if err := c.attributes(ctx, doing, imap.UIDSet{{Start: 1}}, &imap.FetchOptions{UID: true}, func(d imapclient.FetchItemData) {
		if u, ok := d.(imapclient.FetchItemDataUID); ok {
			uids = append(uids, UID(u.UID))
		}
	}); err != nil {
		return nil, err
	}
	uids = distinct(uids)
	if n := c.exists(); len(uids) < n {
		return uids, &Error{Doing: doing, Kind: ErrIncomplete, Err: fmt.Errorf("%d of %d", len(uids), n)}
	}
	return uids, nil
}

// exists is the number of mails the server last spoke of.
func (c *Conn) exists() int {
	if m := c.client.Mailbox(); m != nil {
		return int(m.NumMessages)
	}
	return 0
}

// expand turns a server's set into numbers, if there are not absurdly many:
// a reply of twenty bytes may stand for four thousand million.
func expand(all imap.NumSet) ([]UID, error) {
	set, ok := all.(imap.UIDSet)
	if !ok || set.Dynamic() {
		return nil, nil // not an answer to what was asked; EXISTS will show it
	}
	const most = 4 << 20
	total := 0
	for _, r := range set {
		if total += int(r.Stop-r.Start) + 1; total > most {
			return nil, fmt.Errorf("the server lists more than %d mails", most)
		}
	}
	uids := make([]UID, 0, total)
	for _, r := range set {
		for n := range int(r.Stop-r.Start) + 1 {
			uids = append(uids, UID(r.Start)+UID(n))
		}
	}
	return distinct(uids), nil
}

func distinct(uids []UID) []UID {
	slices.Sort(uids)
	uids = slices.Compact(uids)
	if len(uids) > 0 && uids[0] == 0 {
		uids = uids[1:] // not a UID (RFC 3501 9: nz-number)
	}
	return uids
}

func (c *Conn) selected(doing string) (string, error) {
	if c.folder == "" {
		return "", &Error{Doing: doing, Kind: ErrRefused, Err: errors.New("no folder is open")}
	}
	return c.folder, nil
}

// Close signs off and ends the connection. It always returns, and leaves
// nothing running. The error is only for a log: nothing can be lost by it.
func (c *Conn) Close() error {
	if c.link.isClosed() {
		c.drop(nil)
		return nil
	}
	// Servers count connections that were never signed off (Microsoft: 20).
	c.link.arm(min(c.limit, 5*time.Second), smallTalk)
	err := c.client.Logout().Wait()
	c.drop(nil)
	if err != nil {
		return &Error{Doing: "sign off", Kind: ErrTemporary, Err: err}
	}
	return nil
}

// drop ends the connection at once and waits for the client's reader, which
// can end because every command has been drained by then (see do and Fetch).
func (c *Conn) drop(why error) {
	c.link.cut(why)
	_ = c.client.Close() // repeats what the command already reported
}

// do runs one command under a time limit that starts anew with each progress,
// closes the connection when ctx ends, and says what kind of failure it was.
func (c *Conn) do(ctx context.Context, doing string, budget int64, f func() error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	c.link.arm(c.limit, budget)
	stop := context.AfterFunc(ctx, func() { c.link.cut(errClosed) })
	err := f()
	stop()
	c.link.disarm()
	return c.explain(ctx, doing, err)
}

func (c *Conn) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	signIn := doing == signingIn || doing == greeting
	if said, ok := errors.AsType[*imap.Error](err); ok {
		bad := said.Type == imap.StatusResponseTypeBad
		wait, kind := kindOf(said.Text, said.Code, bad, signIn)
		if said.Type == imap.StatusResponseTypeBye && kind != ErrThrottled {
			kind = ErrTemporary
		}
		return &Error{Doing: doing, Kind: kind, Wait: wait, Err: errors.New(tame(said.Error()))}
	}
	if refused, ok := errors.AsType[*tokenRefused](err); ok {
		return &Error{Doing: doing, Kind: ErrAuth, Err: refused}
	}
	bye, why := c.link.reason()
	c.link.cut(err) // whatever it was, the client has lost its place
	if bye != "" {
		wait, kind := kindOf(bye, "", true, false)
		if kind != ErrThrottled {
			kind = ErrTemporary
		}
		return &Error{Doing: doing, Kind: kind, Wait: wait, Err: fmt.Errorf("the server said goodbye: %s", bye)}
	}
	if why == nil {
		why = errors.New(tame(err.Error()))
	}
	return &Error{Doing: doing, Kind: ErrTemporary, Err: why}
}
