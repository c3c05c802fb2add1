package mailbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Fetch streams mails, in the server's order, to sink. Nothing is marked as
// read (BODY.PEEK). A mail is the sink's to keep exactly when its Body ended
// with io.EOF, whatever becomes of the rest: the error of Fetch is about the
// mails that the sink did not get whole. An error from the sink ends the
// Fetch and the connection, and comes back wrapped.
//
// Mails that the server left out make the Fetch fail with ErrUnanswered; they
// are unread, not gone, until UIDs no longer lists them.
func (c *Conn) Fetch(ctx context.Context, uids []UID, sink func(Mail) error) error {
	return c.fetch(ctx, uids, &imap.FetchOptions{UID: true, Flags: true, InternalDate: true}, sink)
}

// FetchBare asks for nothing but one mail's bytes: the last resort for a mail
// whose date or flags are such that the client gives up the connection.
func (c *Conn) FetchBare(ctx context.Context, uid UID, sink func(Mail) error) error {
	return c.fetch(ctx, []UID{uid}, &imap.FetchOptions{UID: true}, sink)
}

func (c *Conn) fetch(ctx context.Context, uids []UID, what *imap.FetchOptions, sink func(Mail) error) error {
	folder, err := c.selected("fetch mails")
	if err != nil {
		return err
	}
	doing := fmt.Sprintf("fetch %d mails from %s", len(uids), folder)
	set, asked := setOf(uids)
	if len(asked) == 0 {
		return nil
	}
	what.BodySection = []*imap.FetchItemBodySection{{Peek: true}}
	var sinkErr error
	err = c.do(ctx, doing, smallTalk, func() error {
		cmd := c.client.Fetch(set, what)
		sinkErr = c.receive(cmd, what.BodySection[0], asked, sink)
		return cmd.Close()
	})
	switch {
	case ctx.Err() != nil && err != nil:
		return err
	case errors.Is(sinkErr, ErrCut) && err != nil:
		return &Error{Doing: doing, Kind: ErrCut, Wait: Backoff(err), Err: err}
	case sinkErr != nil:
		return fmt.Errorf("%s: %w", doing, sinkErr)
	case err != nil:
		return err
	case len(asked) > 0:
		return &Error{Doing: doing, Kind: ErrUnanswered, Err: &Unanswered{UIDs: sorted(asked)}}
	}
	return nil
}

// receive hands each whole reply to the sink and strikes it from asked. When
// the sink fails or panics the connection is cut before the command is
// drained: what is left may be many megabytes, and the client cannot close
// while a literal is unread.
func (c *Conn) receive(cmd *imapclient.FetchCommand, section *imap.FetchItemBodySection, asked map[UID]bool, sink func(Mail) error) (err error) {
	var last *body
	done := false
	defer func() {
		if done {
			return
		}
		c.link.cut(cmp.Or(err, errClosed))
		if last != nil && errors.Is(last.err, ErrCut) {
			// Draining reads a literal that has ended once more; in a cut one
			// that would race with the client's reader, which is about to end.
			<-c.client.Closed()
		}
		_ = cmd.Close() // of a cut connection: the failure above is the one to report
	}()
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		uid, err := deliver(msg, section, asked, func(m Mail, b *body) error {
			last = b
			return sink(m)
		})
		if err != nil {
			return err
		}
		delete(asked, uid)
	}
	done = true
	return nil
}

// deliver reads one reply: a UID that was asked, then its bytes. A reply with
// no bytes, NIL or an empty literal is no mail: 0 comes back.
func deliver(msg *imapclient.FetchMessageData, section *imap.FetchItemBodySection, asked map[UID]bool, sink func(Mail, *body) error) (UID, error) {
	var m Mail
	var done UID
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.UID = UID(item.UID)
		case imapclient.FetchItemDataInternalDate:
			m.InternalDate = item.Time
		case imapclient.FetchItemDataFlags:
			m.Flags = flagNames(item.Flags)
		case imapclient.FetchItemDataBodySection:
			wanted := item.Literal != nil && item.Literal.Size() > 0 && item.MatchCommand(section)
			if !wanted || done != 0 || !asked[m.UID] {
				continue
			}
			m.Size = item.Literal.Size()
			b := &body{literal: item.Literal, left: m.Size}
			m.Body = b
			err := sink(m, b)
			if err == nil && errors.Is(b.err, ErrCut) {
				err = b.err // whatever the sink made of it
			}
			if err != nil {
				return 0, fmt.Errorf("mail %d: %w", m.UID, err)
			}
			done = m.UID
		}
	}
	return done, nil
}

func flagNames(flags []imap.Flag) []string {
	names := make([]string, len(flags))
	for i, f := range flags {
		names[i] = string(f)
	}
	return names
}

// body is a mail's literal with an end that can be believed: the client ends
// a cut literal with io.EOF as if it were whole.
type body struct {
	literal io.Reader
	left    int64
	err     error
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.literal.Read(p)
	b.left -= int64(n)
	switch {
	case err == nil:
		return n, nil
	case b.left == 0 && err == io.EOF:
		b.err = io.EOF
	case err == io.EOF:
		b.err = fmt.Errorf("%w, %d bytes are missing", ErrCut, b.left)
	default:
		b.err = fmt.Errorf("%w: %w", ErrCut, err)
	}
	return n, b.err
}

// Beginning returns at most the first n bytes of a mail: for one too big to
// be kept. It is never the whole of anything.
func (c *Conn) Beginning(ctx context.Context, uid UID, n int64) ([]byte, error) {
	folder, err := c.selected("fetch a mail's beginning")
	if err != nil {
		return nil, err
	}
	doing := fmt.Sprintf("fetch the beginning of mail %d from %s", uid, folder)
	set, asked := setOf([]UID{uid})
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: n}}
	var head []byte
	var sinkErr error
	err = c.do(ctx, doing, smallTalk, func() error {
		cmd := c.client.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}})
		sinkErr = c.receive(cmd, section, asked, func(m Mail) (err error) {
			head, err = io.ReadAll(io.LimitReader(m.Body, n))
			return err
		})
		return cmd.Close()
	})
	switch {
	case err != nil:
		return nil, err
	case sinkErr != nil:
		return nil, &Error{Doing: doing, Kind: ErrTemporary, Err: sinkErr}
	case head == nil:
		return nil, &Error{Doing: doing, Kind: ErrUnanswered, Err: &Unanswered{UIDs: []UID{uid}}}
	}
	return head, nil
}

// Arrived asks when mails arrived (INTERNALDATE). It is a hint: copying a
// mailbox from elsewhere may set it anew.
func (c *Conn) Arrived(ctx context.Context, uids []UID) (map[UID]time.Time, error) {
	dates := make(map[UID]time.Time, len(uids))
	err := c.each(ctx, "ask for dates", uids, &imap.FetchOptions{UID: true, InternalDate: true}, func(uid UID, d imapclient.FetchItemData) {
		if t, ok := d.(imapclient.FetchItemDataInternalDate); ok {
			dates[uid] = t.Time
		}
	})
	return dates, err
}

// each fetches small attributes a thousand mails at a time, so that neither
// our line nor the server's answer grows without bound.
func (c *Conn) each(ctx context.Context, doing string, uids []UID, what *imap.FetchOptions, take func(UID, imapclient.FetchItemData)) error {
	if _, err := c.selected(doing); err != nil {
		return err
	}
	_, asked := setOf(uids)
	for some := range slices.Chunk(sorted(asked), 1000) {
		set, _ := setOf(some)
		var uid UID
		err := c.attributes(ctx, doing, set, what, func(d imapclient.FetchItemData) {
			if u, ok := d.(imapclient.FetchItemDataUID); ok {
				uid = UID(u.UID)
			}
			if asked[uid] {
				take(uid, d)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// attributes runs a FETCH without bodies.
func (c *Conn) attributes(ctx context.Context, doing string, set imap.UIDSet, what *imap.FetchOptions, take func(imapclient.FetchItemData)) error {
	return c.do(ctx, doing, listTalk, func() error {
		cmd := c.client.Fetch(set, what)
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			// The UID may stand behind what it is the UID of.
			var items []imapclient.FetchItemData
			for item := msg.Next(); item != nil; item = msg.Next() {
				if _, ok := item.(imapclient.FetchItemDataUID); ok {
					take(item)
					continue
				}
				items = append(items, item)
			}
			for _, item := range items {
				take(item)
			}
		}
		return cmd.Close()
	})
}

// setOf makes the set that is sent. 0 would mean "*", the last mail.
func setOf(uids []UID) (imap.UIDSet, map[UID]bool) {
	var set imap.UIDSet
	asked := make(map[UID]bool, len(uids))
	for _, u := range uids {
		if u != 0 && !asked[u] {
			asked[u] = true
			set.AddNum(imap.UID(u))
		}
	}
	return set, asked
}

func sorted(set map[UID]bool) []UID {
	uids := make([]UID, 0, len(set))
	for u := range set {
		uids = append(uids, u)
	}
	slices.Sort(uids)
	return uids
}
