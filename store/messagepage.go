package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// MessageRow is a message as lists show it.
type MessageRow struct {
	ID          workflow.MessageID
	ReceivedAt  time.Time
	Folder      string
	FromName    string
	FromAddr    string
	Subject     string
	Class, Kind string
	Urgency     workflow.Urgency
	Verdict     string
	Machine     bool
	End         End
	EndedAt     time.Time
	Why         string
	Owner       workflow.ActorID
	OwnerName   string
	Due         time.Time
	Waits       bool // a routed one that nobody has dealt with
	Tries       int
	Duplicate   workflow.MessageID // the first mail with the same fingerprint
}

// Mail is the row as the rules about messages look at it.
func (m MessageRow) Mail() workflow.Mail {
	return workflow.Mail{ID: m.ID, ReceivedAt: m.ReceivedAt, Class: m.Class, Urgency: m.Urgency, End: m.End, Owner: m.Owner, Due: m.Due, Waits: m.Waits}
}

const messageColumns = `
		SELECT m.id, m.received_at, m.folder, m.from_name, m.from_addr, m.subject, m.class, m.kind, m.urgency, m.verdict, m.machine,
		       coalesce(m.end_state, ''), m.ended_at, m.why, coalesce(m.owner, 0), coalesce(u.name, ''), m.due_at,
		       EXISTS (SELECT FROM tasks t WHERE t.message_id = m.id AND t.kind = 'take a mail to the right place' AND t.done_at IS NULL) AS waits,
		       m.tries, coalesce(m.duplicate_of, 0)
		FROM messages m
		LEFT JOIN users u ON u.id = m.owner`

func scanMessage(r interface{ Scan(...any) error }, more ...any) (MessageRow, error) {
	var m MessageRow
	var ended, due sql.NullTime
	err := r.Scan(append([]any{&m.ID, &m.ReceivedAt, &m.Folder, &m.FromName, &m.FromAddr, &m.Subject, &m.Class, &m.Kind, &m.Urgency,
		&m.Verdict, &m.Machine, &m.End, &ended, &m.Why, &m.Owner, &m.OwnerName, &due, &m.Waits, &m.Tries, &m.Duplicate}, more...)...)
	m.EndedAt, m.Due = ended.Time, due.Time
	return m, err
}

// MessageList says which messages a list is of.
type MessageList struct {
	End     End      // "": whatever the end
	Unread  bool     // those that have no end yet
	Classes []string // of the reading; none: all
	Limit   int
	Offset  int
}

// Messages lists messages: those that wait with a crisis on top, then by what is
// due; others the newest first. It also tells how many there are.
func (s *Store) Messages(ctx context.Context, l MessageList) ([]MessageRow, int, error) {
	where := `
		WHERE ($1 = '' OR m.end_state = $1) AND (NOT $2 OR m.end_state IS NULL) AND (cardinality($3::text[]) = 0 OR m.class = any($3))`
	args := []any{string(l.End), l.Unread, pq.StringArray(append([]string{}, l.Classes...))}
	var total int
	if err := s.db.GetContext(ctx, &total, `SELECT count(*) FROM messages m`+where, args...); err != nil {
		return nil, 0, fmt.Errorf("count messages: %w", err)
	}
	order := `
		ORDER BY m.received_at DESC, m.id DESC`
	if l.End.IsOpen() || l.Unread {
		order = `
		ORDER BY (m.urgency = 'crisis') DESC, waits DESC, m.due_at NULLS LAST, m.received_at, m.id`
	}
	var out []MessageRow
	err := each(ctx, s.db, messageColumns+where+order+`
		LIMIT $4 OFFSET $5`, func(r *sqlx.Rows) error {
		m, err := scanMessage(r)
		out = append(out, m)
		return err
	}, append(args, l.Limit, l.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list messages: %w", err)
	}
	return out, total, nil
}

// MessageCounts is how many messages wait in each place.
type MessageCounts struct {
	Holding, Problem, Quarantined, Routed, Unread int
	Crisis                                        int // of those that wait for a person
}

// MessageCounts counts what waits; of the routed only what nobody dealt with.
func (s *Store) MessageCounts(ctx context.Context) (MessageCounts, error) {
	var c MessageCounts
	err := s.db.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE end_state = 'holding'),
		       count(*) FILTER (WHERE end_state = 'problem'),
		       count(*) FILTER (WHERE end_state = 'quarantined'),
		       count(*) FILTER (WHERE end_state = 'routed'
		           AND EXISTS (SELECT FROM tasks t WHERE t.message_id = m.id AND t.kind = 'take a mail to the right place' AND t.done_at IS NULL)),
		       count(*) FILTER (WHERE end_state IS NULL),
		       count(*) FILTER (WHERE end_state IN ('holding', 'problem', 'quarantined') AND urgency = 'crisis')
		FROM messages m
		WHERE end_state IS NULL OR end_state IN ('holding', 'problem', 'quarantined', 'routed')`).
		Scan(&c.Holding, &c.Problem, &c.Quarantined, &c.Routed, &c.Unread, &c.Crisis)
	if err != nil {
		return c, fmt.Errorf("count messages that wait: %w", err)
	}
	return c, nil
}

// MessagePage is all that the page of one message shows.
type MessagePage struct {
	MessageRow
	EndedBy   string // "" for the service
	Size      int64
	SHA256    []byte
	Whole     bool
	Documents []DocumentRow
	Cases     []MessageCase
	Sightings []Sighting
	Letters   []Letter // that answer it
	Events    []MessageEvent
	Kept      Kept
}

// MessageCase is a case that the message belongs to.
type MessageCase struct {
	ID    workflow.CaseID
	Ref   string
	State workflow.State
	How   string
}

// Ended is the end of a message, "" while it is being read.
type Ended struct {
	End     End
	Cases   []string // references
	Repeats []byte   // hash of the first mail with the same fingerprint
}

// Ended looks up what became of a message, without opening it.
func (s *Store) Ended(ctx context.Context, id workflow.MessageID) (Ended, error) {
	var e Ended
	var refs pq.StringArray
	err := s.db.QueryRowContext(ctx, `
		SELECT coalesce(m.end_state, ''), r.sha256,
		       array(SELECT c.ref FROM case_messages x JOIN cases c ON c.id = x.case_id WHERE x.message_id = m.id ORDER BY c.id)
		FROM messages m
		LEFT JOIN messages d ON d.id = m.duplicate_of
		LEFT JOIN raws r ON r.id = d.raw_id
		WHERE m.id = $1`, id).Scan(&e.End, &e.Repeats, &refs)
	e.Cases = refs
	return e, none(err, "There is no such message.")
}

// Sighting is one place where a mail stood.
type Sighting struct {
	Account, Folder string
	UID             uint32
	SeenAt, GoneAt  time.Time
}

// MessageEvent is what happened to a message, with the words that belong to it.
type MessageEvent struct {
	At     time.Time
	Actor  string
	Action string
	Words  string
}

// OpenMessage is reading a message: everything about it, and an event that says
// who read it.
func (s *Store) OpenMessage(ctx context.Context, by workflow.Actor, at time.Time, id workflow.MessageID) (MessagePage, error) {
	var p MessagePage
	err := s.write(ctx, fmt.Sprintf("open message %d", id), func(tx *sqlx.Tx) error {
		var err error
		if p, err = s.messagePage(ctx, tx, id); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "read", Message: id})
		return err
	})
	if err != nil {
		return p, err
	}
	p.Documents, err = s.documents(ctx, id)
	return p, err
}

func (s *Store) messagePage(ctx context.Context, tx *sqlx.Tx, id workflow.MessageID) (MessagePage, error) {
	p := MessagePage{}
	row, err := scanMessage(tx.QueryRowContext(ctx, messageColumns+` WHERE m.id = $1`, id))
	if err != nil {
		return p, none(err, "There is no such message.")
	}
	p.MessageRow = row
	err = tx.QueryRowContext(ctx, `
		SELECT coalesce(u.name, ''), r.size, r.sha256, r.whole
		FROM messages m
		JOIN raws r ON r.id = m.raw_id
		LEFT JOIN users u ON u.id = m.ended_by
		WHERE m.id = $1`, id).Scan(&p.EndedBy, &p.Size, &p.SHA256, &p.Whole)
	if err != nil {
		return p, err
	}
	if p.Kept, err = s.kept(ctx, tx, id); err != nil {
		return p, err
	}
	for _, load := range []func(context.Context, *sqlx.Tx, *MessagePage) error{messageCases, messageSightings, messageEvents} {
		if err := load(ctx, tx, &p); err != nil {
			return p, err
		}
	}
	p.Letters, err = letterRows(ctx, tx, ` WHERE l.message_id = $1 ORDER BY l.id`, id)
	return p, err
}

func messageCases(ctx context.Context, tx *sqlx.Tx, p *MessagePage) error {
	return each(ctx, tx, `
		SELECT c.id, c.ref, c.state, x.how
		FROM case_messages x
		JOIN cases c ON c.id = x.case_id
		WHERE x.message_id = $1
		ORDER BY x.joined_at, c.id`, func(r *sqlx.Rows) error {
		var c MessageCase
		err := r.Scan(&c.ID, &c.Ref, &c.State, &c.How)
		p.Cases = append(p.Cases, c)
		return err
	}, p.ID)
}

func messageSightings(ctx context.Context, tx *sqlx.Tx, p *MessagePage) error {
	return each(ctx, tx, `
		SELECT x.account, x.folder, x.uid, x.seen_at, x.gone_at
		FROM sightings x
		JOIN messages m ON m.raw_id = x.raw_id
		WHERE m.id = $1
		ORDER BY x.id`, func(r *sqlx.Rows) error {
		var x Sighting
		var gone sql.NullTime
		err := r.Scan(&x.Account, &x.Folder, &x.UID, &x.SeenAt, &gone)
		x.GoneAt = gone.Time
		p.Sightings = append(p.Sightings, x)
		return err
	}, p.ID)
}

func messageEvents(ctx context.Context, tx *sqlx.Tx, p *MessagePage) error {
	return each(ctx, tx, `
		SELECT e.at, coalesce(u.name, ''), e.action, coalesce(n.words, '')
		FROM events e
		LEFT JOIN users u ON u.id = e.actor
		LEFT JOIN notes n ON n.event_id = e.id
		WHERE e.message_id = $1 AND e.action <> 'read'
		ORDER BY e.id DESC
		LIMIT 100`, func(r *sqlx.Rows) error {
		var x MessageEvent
		err := r.Scan(&x.At, &x.Actor, &x.Action, &x.Words)
		p.Events = append(p.Events, x)
		return err
	}, p.ID)
}

// Kept is what intake keeps of one message: its reading, and what only the
// message's own page and a join by hand need.
type Kept struct {
	Reading
	Auth  string // who vouched for the sender, in the words of our mail host
	To    []string
	Cc    []string
	Facts [][]FactRow // of each person whom the mail is about
}

func (s *Store) kept(ctx context.Context, q sqlx.QueryerContext, id workflow.MessageID) (Kept, error) {
	var k Kept
	var object sql.NullInt64
	if err := sqlx.GetContext(ctx, q, &object, `SELECT reading FROM messages WHERE id = $1`, id); err != nil {
		return k, none(err, "There is no such message.")
	}
	if !object.Valid {
		return k, nil
	}
	raw, err := s.object(ctx, q, ObjectID(object.Int64))
	if err != nil {
		return k, fmt.Errorf("reading of message %d: %w", id, err)
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return k, fmt.Errorf("reading of message %d: %w", id, err)
	}
	return k, nil
}
