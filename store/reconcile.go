package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Reconciliation is the account of every mail that a mailbox ever showed.
type Reconciliation struct {
	Folders []FolderAccount `json:"folders"`
	OK      bool            `json:"ok"` // nothing has been without an end for too long
}

// FolderAccount is that of one folder under one UIDVALIDITY.
type FolderAccount struct {
	Mailbox     string       `json:"mailbox"`
	Folder      string       `json:"folder"`
	UIDValidity uint32       `json:"uidvalidity"`
	OnServer    int          `json:"on_server"` // at the last good poll
	InLedger    int          `json:"in_ledger"`
	Gone        int          `json:"gone"` // in the ledger, and moved or deleted by somebody since
	ByEnd       map[End]int  `json:"by_end"`
	WithoutEnd  []WithoutEnd `json:"without_end"`

	Current  bool      `json:"-"` // the folder is read, and was last seen under this UIDVALIDITY
	LastGood time.Time `json:"-"`
	Trouble  string    `json:"-"`
	Since    time.Time `json:"-"` // of the trouble
	StartAt  time.Time `json:"-"`
}

// WithoutEnd is a mail that has no end yet: it is being read, or the server
// would not give it.
type WithoutEnd struct {
	UID   uint32    `json:"uid"`
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// Reconcile counts, for each folder, what the server showed, what the ledger
// holds and how it ended, and lists every mail that has no end. It is OK while
// none of them has waited longer than patience, by the database's clock, and the
// ledger holds as much as the server showed.
func (s *Store) Reconcile(ctx context.Context, patience time.Duration) (Reconciliation, error) {
	out := Reconciliation{Folders: []FolderAccount{}, OK: true}
	now, err := s.Now(ctx)
	if err != nil {
		return out, err
	}
	if out.Folders, err = s.folderAccounts(ctx); err != nil {
		return out, fmt.Errorf("reconcile: %w", err)
	}
	for i := range out.Folders {
		f := &out.Folders[i]
		if err := s.accountOf(ctx, f); err != nil {
			return out, fmt.Errorf("reconcile folder %d of %d: %w", i+1, len(out.Folders), err)
		}
		if f.Current && f.OnServer > f.InLedger-f.Gone {
			out.OK = false
		}
		for _, w := range f.WithoutEnd {
			out.OK = out.OK && now.Sub(w.Since) <= patience
		}
	}
	return out, nil
}

func (s *Store) folderAccounts(ctx context.Context) ([]FolderAccount, error) {
	out := []FolderAccount{}
	err := each(ctx, s.db, `
		SELECT f.account, f.folder, f.uidvalidity, coalesce(p.on_server, 0), p.last_good, coalesce(p.trouble, ''), p.trouble_since, f.start_at,
		       p.account IS NOT NULL
		FROM folders f
		LEFT JOIN polls p ON p.account = f.account AND p.folder = f.folder
		    AND NOT EXISTS (SELECT FROM folders g WHERE g.account = f.account AND g.folder = f.folder AND g.id > f.id)
		ORDER BY f.account, f.folder, f.id DESC`, func(r *sqlx.Rows) error {
		f := FolderAccount{ByEnd: map[End]int{}, WithoutEnd: []WithoutEnd{}}
		var good, since, start sql.NullTime
		if err := r.Scan(&f.Mailbox, &f.Folder, &f.UIDValidity, &f.OnServer, &good, &f.Trouble, &since, &start, &f.Current); err != nil {
			return err
		}
		f.LastGood, f.Since, f.StartAt = good.Time, since.Time, start.Time
		out = append(out, f)
		return nil
	})
	return out, err
}

// accountOf counts one folder. A mail that was only seen before the start has
// that as its end.
func (s *Store) accountOf(ctx context.Context, f *FolderAccount) error {
	key := []any{f.Mailbox, f.Folder, int64(f.UIDValidity)}
	err := each(ctx, s.db, `
		SELECT CASE WHEN x.state = 'before_start' THEN 'before_start' ELSE coalesce(m.end_state, '') END AS ended,
		       count(*), count(*) FILTER (WHERE x.gone_at IS NOT NULL)
		FROM sightings x
		LEFT JOIN messages m ON m.raw_id = x.raw_id
		WHERE x.account = $1 AND x.folder = $2 AND x.uidvalidity = $3
		GROUP BY ended`, func(r *sqlx.Rows) error {
		var end End
		var n, gone int
		if err := r.Scan(&end, &n, &gone); err != nil {
			return err
		}
		f.InLedger, f.Gone = f.InLedger+n, f.Gone+gone
		if end != "" {
			f.ByEnd[end] = n
		}
		return nil
	}, key...)
	if err != nil {
		return err
	}
	return each(ctx, s.db, `
		SELECT x.uid, x.seen_at,
		       CASE WHEN x.state = 'unfetchable' THEN x.why
		            WHEN m.tries > 1 THEN 'it is being read for the ' || m.tries || '. time'
		            ELSE 'it is being read' END
		FROM sightings x
		LEFT JOIN messages m ON m.raw_id = x.raw_id
		WHERE x.account = $1 AND x.folder = $2 AND x.uidvalidity = $3 AND x.state IN ('stored', 'unfetchable') AND m.end_state IS NULL
		ORDER BY x.uid`, func(r *sqlx.Rows) error {
		var w WithoutEnd
		err := r.Scan(&w.UID, &w.Since, &w.Why)
		f.WithoutEnd = append(f.WithoutEnd, w)
		return err
	}, key...)
}
