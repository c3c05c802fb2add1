package mailbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// someUIDs bounds the length of one command line.
const someUIDs = 500

// Flag puts a keyword on mails. A folder that keeps no keywords (Microsoft
// 365's do not) refuses, because a mark that is gone tomorrow is no mark.
func (c *Conn) Flag(ctx context.Context, uids []UID, keyword string) error {
	doing := "flag mails"
	if err := c.writable(doing); err != nil {
		return err
	}
	if !c.keeps(keyword) {
		return &Error{Doing: doing, Kind: ErrRefused, Err: fmt.Errorf("folder %s keeps no keyword %s", c.folder, keyword)}
	}
	return c.store(ctx, doing, uids, imap.Flag(keyword))
}

// keeps says whether a keyword outlives the session: PERMANENTFLAGS names it
// or allows new ones; a server that sends none keeps all (RFC 3501 7.1).
func (c *Conn) keeps(keyword string) bool {
	return len(c.keywords) == 0 || slices.ContainsFunc(c.keywords, func(f imap.Flag) bool {
		return f == imap.FlagWildcard || strings.EqualFold(string(f), keyword)
	})
}

func (c *Conn) writable(doing string) error {
	if _, err := c.selected(doing); err != nil {
		return err
	}
	if c.readOnly {
		return &Error{Doing: doing, Kind: ErrRefused, Err: fmt.Errorf("folder %s is open for reading only", c.folder)}
	}
	return nil
}

func (c *Conn) store(ctx context.Context, doing string, uids []UID, flag imap.Flag) error {
	for some := range slices.Chunk(distinct(slices.Clone(uids)), someUIDs) {
		set, _ := setOf(some)
		if err := c.do(ctx, doing, smallTalk, func() error {
			return c.client.Store(set, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil).Close()
		}); err != nil {
			return err
		}
	}
	return nil
}

// Move puts mails into another folder. Any failure is ErrMoved besides its
// own kind: the answer may be lost or unreadable after the deed was done
// (Exchange's COPYUID is malformed now and then), so the caller lists the
// folder again before it believes anything.
//
// Without MOVE it copies, and only after the server said OK marks and
// expunges just these mails; without UIDPLUS they stay, marked as deleted,
// because a plain EXPUNGE would remove what somebody else has marked.
func (c *Conn) Move(ctx context.Context, uids []UID, folder string) error {
	doing := "move mails to " + folder
	if err := c.writable(doing); err != nil {
		return err
	}
	for some := range slices.Chunk(distinct(slices.Clone(uids)), someUIDs) {
		set, asked := setOf(some)
		var err error
		// Both must say so: the client's own fallback sends COPY and the
		// removal together, and loses mails when the copy is refused.
		if c.caps.Has(imap.CapMove) && c.client.Caps().Has(imap.CapMove) {
			err = c.do(ctx, doing, smallTalk, func() error {
				_, err := c.client.Move(set, folder).Wait()
				return err
			})
		} else {
			err = c.copyAway(ctx, doing, set, asked, folder)
		}
		if err != nil {
			return moveError(doing, err)
		}
	}
	return nil
}

func moveError(doing string, err error) error {
	return &Error{Doing: doing, Kind: ErrMoved, Wait: Backoff(err), Err: err}
}

func (c *Conn) copyAway(ctx context.Context, doing string, set imap.UIDSet, asked map[UID]bool, folder string) error {
	var copied *imap.CopyData
	if err := c.do(ctx, doing, smallTalk, func() (err error) {
		copied, err = c.client.Copy(set, folder).Wait()
		return err
	}); err != nil {
		return err
	}
	uids := sorted(asked)
	if len(copied.SourceUIDs) > 0 { // then only what the server says it copied may go
		said, err := expand(copied.SourceUIDs)
		if err != nil {
			return &Error{Doing: doing, Kind: ErrTemporary, Err: err}
		}
		uids = slices.DeleteFunc(said, func(u UID) bool { return !asked[u] })
	}
	if set, _ = setOf(uids); len(set) == 0 {
		return nil
	}
	if err := c.store(ctx, doing, uids, imap.FlagDeleted); err != nil {
		return err
	}
	if !c.caps.Has(imap.CapUIDPlus) {
		return nil
	}
	return c.do(ctx, doing, smallTalk, func() error { return c.client.UIDExpunge(set).Close() })
}

// FindMessageID looks for a Message-ID in a folder, such as the one for sent
// mail, to learn what became of a letter. Yes is certain enough to act on; no
// only means that it is not there now. The folder stays open for reading.
func (c *Conn) FindMessageID(ctx context.Context, folder, id string) (bool, error) {
	doing := "look for a letter in " + folder
	id = strings.Trim(id, "<> ")
	if id == "" || !isASCII(id) || strings.ContainsAny(id, "\r\n\x00") {
		return false, &Error{Doing: doing, Kind: ErrRefused, Err: errors.New("not a Message-ID")}
	}
	if _, err := c.Select(ctx, folder, true); err != nil {
		return false, err
	}
	var found []UID
	err := c.do(ctx, doing, listTalk, func() error {
		data, err := c.client.UIDSearch(&imap.SearchCriteria{
			Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: id}},
		}, nil).Wait()
		if err == nil {
			found, err = expand(data.All)
		}
		return err
	})
	return len(found) > 0, err
}

// Append stores a mail in a folder, as already read: the copy of a letter
// that was sent. A refusal costs the connection.
func (c *Conn) Append(ctx context.Context, folder string, raw []byte) error {
	return c.do(ctx, "store a mail in "+folder, smallTalk, func() error {
		cmd := c.client.Append(folder, int64(len(raw)), &imap.AppendOptions{Flags: []imap.Flag{imap.FlagSeen}})
		_, writeErr := cmd.Write(raw)
		closeErr := cmd.Close()
		// The server's own words come with Wait; the others follow from them.
		if _, err := cmd.Wait(); err != nil {
			return err
		}
		return errors.Join(writeErr, closeErr)
	})
}

// Listed is a folder of the mailbox and what the server says it is for.
type Listed struct {
	Name string
	Use  []string // such as \Sent, \Junk; many servers say nothing
}

// Folders lists the folders that can be opened.
func (c *Conn) Folders(ctx context.Context) ([]Listed, error) {
	var folders []Listed
	options := &imap.ListOptions{ReturnSpecialUse: c.caps.Has(imap.CapSpecialUse)}
	err := c.do(ctx, "list folders", smallTalk, func() error {
		all, err := c.client.List("", "*", options).Collect()
		for _, f := range all {
			if slices.Contains(f.Attrs, imap.MailboxAttrNoSelect) || slices.Contains(f.Attrs, imap.MailboxAttrNonExistent) {
				continue
			}
			listed := Listed{Name: f.Mailbox}
			for _, a := range f.Attrs {
				listed.Use = append(listed.Use, string(a))
			}
			folders = append(folders, listed)
		}
		return err
	})
	return folders, err
}
