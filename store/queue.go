package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Waiting is how much waits, for the menu and the band of crisis.
type Waiting struct {
	Queue       int    // cases that nobody has taken
	Messages    int    // mails that wait for a person
	Letters     int    // letters that wait for an approval
	Tasks       int    // of this reader, due now
	Crisis      int    // crises that nobody has taken: new cases, and mails that made none
	CrisisRef   string // of the oldest, or
	CrisisMail  workflow.MessageID
	CrisisSince time.Time
}

// Waiting counts what waits for somebody.
func (s *Store) Waiting(ctx context.Context, by workflow.ActorID) (Waiting, error) {
	var w Waiting
	var ref sql.NullString
	var mail sql.NullInt64
	var since sql.NullTime
	err := s.db.QueryRowContext(ctx, `
		WITH crises AS (
		    SELECT ref, 0 AS message, received_at
		    FROM cases
		    WHERE state = 'new' AND urgency = 'crisis'
		    UNION ALL
		    SELECT '', id, received_at
		    FROM messages
		    WHERE end_state IN ('holding', 'problem', 'quarantined') AND urgency = 'crisis' AND owner IS NULL
		)
		SELECT (SELECT count(*) FROM cases WHERE state = 'new'),
		       (SELECT count(*) FROM messages m WHERE m.end_state IN ('holding', 'problem', 'quarantined') OR m.end_state = 'routed'
		           AND EXISTS (SELECT FROM tasks t WHERE t.message_id = m.id AND t.kind = 'take a mail to the right place' AND t.done_at IS NULL)),
		       (SELECT count(*) FROM letters WHERE state = 'submitted'),
		       (SELECT count(*) FROM tasks WHERE done_at IS NULL AND owner = $1),
		       (SELECT count(*) FROM crises), x.ref, x.message, x.received_at
		FROM (SELECT 1) one
		LEFT JOIN (SELECT ref, message, received_at FROM crises ORDER BY received_at LIMIT 1) x ON true`,
		by).Scan(&w.Queue, &w.Messages, &w.Letters, &w.Tasks, &w.Crisis, &ref, &mail, &since)
	if err != nil {
		return w, fmt.Errorf("count what waits: %w", err)
	}
	w.CrisisRef, w.CrisisMail, w.CrisisSince = ref.String, workflow.MessageID(mail.Int64), since.Time
	return w, nil
}

// QueueQuery chooses and orders cases of the queue.
type QueueQuery struct {
	States  []workflow.State
	Urgency []workflow.Urgency // none is any
	Mine    bool               // owned by By
	Nobodys bool               // owned by nobody; with Mine either
	By      workflow.ActorID
	Closed  bool // the newest end first, not the most pressing
	Limit   int
	Offset  int
}

// QueueRow is a case as the queue lists it.
type QueueRow struct {
	ID         workflow.CaseID
	Ref        string
	Name       string // as confirmed, else as read
	KnownAs    string
	Confirmed  bool // people have said who it is
	Type       workflow.ReferralType
	Referrer   string
	RefersAs   workflow.PartyRole
	ReceivedAt time.Time
	State      workflow.State
	Since      time.Time
	Closed     workflow.ClosedReason
	Urgency    workflow.Urgency
	Flags      []workflow.Flag
	Rating     workflow.Rating
	Owner      workflow.ActorID
	OwnerName  string
	Due        time.Time // the earliest of its open tasks
	History    []Step    // of its state, oldest first
}

// Step is a change of state.
type Step struct {
	To workflow.State
	At time.Time
}

const queueColumns = `
		SELECT c.id, c.ref,
		       coalesce(nullif(p.name, ''), (SELECT value FROM facts f WHERE f.case_id = c.id AND f.field = 'person.name' AND f.superseded_by IS NULL
		                                     ORDER BY (f.confirmed_by IS NOT NULL) DESC, f.confidence DESC, f.id DESC LIMIT 1), ''),
		       coalesce(nullif(p.known_as, ''), (SELECT value FROM facts f WHERE f.case_id = c.id AND f.field = 'person.known_as' AND f.superseded_by IS NULL
		                                         ORDER BY (f.confirmed_by IS NOT NULL) DESC, f.confidence DESC, f.id DESC LIMIT 1), ''),
		       p.confirmed, coalesce(r.type, ''), coalesce(q.name, ''), coalesce(q.role, ''), c.received_at, c.state, c.since, c.closed,
		       c.urgency, c.flags, c.rating, coalesce(c.owner, 0), coalesce(u.name, ''), d.due_at
		FROM cases c
		JOIN people p ON p.id = c.person_id
		LEFT JOIN users u ON u.id = c.owner
		LEFT JOIN LATERAL (SELECT type FROM referrals WHERE case_id = c.id ORDER BY id LIMIT 1) r ON true
		LEFT JOIN LATERAL (SELECT name, role FROM parties WHERE case_id = c.id AND referrer ORDER BY id LIMIT 1) q ON true
		LEFT JOIN LATERAL (SELECT min(due_at) AS due_at FROM tasks WHERE case_id = c.id AND done_at IS NULL) d ON true`

// Crisis, urgent and unread come before the clock, and the clock before the age.
const mostPressing = `
		ORDER BY CASE c.urgency WHEN 'crisis' THEN 0 WHEN 'urgent' THEN 1 WHEN 'unread' THEN 2 ELSE 3 END,
		         d.due_at NULLS LAST, c.received_at, c.id`

const lastEnded = `
		ORDER BY c.since DESC, c.id DESC`

// Queue lists cases, and says how many there are in all.
func (s *Store) Queue(ctx context.Context, x QueueQuery) ([]QueueRow, int, error) {
	where := `
		WHERE c.state = any($1)
		      AND (cardinality($2::text[]) = 0 OR c.urgency = any($2))
		      AND (NOT ($3 OR $4) OR ($3 AND c.owner = $5) OR ($4 AND c.owner IS NULL))`
	args := []any{stringsOf(x.States), stringsOf(x.Urgency), x.Mine, x.Nobodys, x.By}
	var total int
	if err := s.db.GetContext(ctx, &total, `SELECT count(*) FROM cases c`+where, args...); err != nil {
		return nil, 0, fmt.Errorf("queue: %w", err)
	}
	order := mostPressing
	if x.Closed {
		order = lastEnded
	}
	rows, err := s.queueRows(ctx, where+order+`
		LIMIT $6
		OFFSET $7`, append(args, x.Limit, x.Offset)...)
	return rows, total, err
}

func (s *Store) queueRows(ctx context.Context, rest string, args ...any) ([]QueueRow, error) {
	var out []QueueRow
	err := each(ctx, s.db, queueColumns+rest, func(r *sqlx.Rows) error {
		var x QueueRow
		var due sql.NullTime
		var flags pq.StringArray
		if err := r.Scan(&x.ID, &x.Ref, &x.Name, &x.KnownAs, &x.Confirmed, &x.Type, &x.Referrer, &x.RefersAs, &x.ReceivedAt, &x.State, &x.Since,
			&x.Closed, &x.Urgency, &flags, &x.Rating, &x.Owner, &x.OwnerName, &due); err != nil {
			return err
		}
		for _, f := range flags {
			x.Flags = append(x.Flags, workflow.Flag(f))
		}
		x.Due = due.Time
		out = append(out, x)
		return nil
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	return out, s.histories(ctx, out)
}

// histories fills in when each case came into each of its states.
func (s *Store) histories(ctx context.Context, rows []QueueRow) error {
	at := make(map[workflow.CaseID]int, len(rows))
	ids := make(pq.Int64Array, len(rows))
	for i, x := range rows {
		at[x.ID], ids[i] = i, int64(x.ID)
	}
	err := each(ctx, s.db, `
		SELECT case_id, to_state, at
		FROM events
		WHERE case_id = any($1) AND from_state <> to_state AND to_state <> ''
		ORDER BY id`, func(r *sqlx.Rows) error {
		var id workflow.CaseID
		var x Step
		if err := r.Scan(&id, &x.To, &x.At); err != nil {
			return err
		}
		rows[at[id]].History = append(rows[at[id]].History, x)
		return nil
	}, ids)
	if err != nil {
		return fmt.Errorf("histories of cases: %w", err)
	}
	return nil
}

// StateCounts counts the cases in each state.
func (s *Store) StateCounts(ctx context.Context) (map[workflow.State]int, error) {
	out := map[workflow.State]int{}
	err := each(ctx, s.db, `
		SELECT state, count(*)
		FROM cases
		GROUP BY state`, func(r *sqlx.Rows) error {
		var x workflow.State
		var n int
		err := r.Scan(&x, &n)
		out[x] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count cases: %w", err)
	}
	return out, nil
}

// QueueMark tells whether the queue changed: how many cases there ever were, and
// the newest event of any of them that is not a look.
func (s *Store) QueueMark(ctx context.Context) (cases, event int64, err error) {
	err = s.db.QueryRowContext(ctx, `
		SELECT (SELECT coalesce(max(id), 0) FROM cases),
		       (SELECT coalesce(max(id), 0) FROM events WHERE case_id IS NOT NULL AND action NOT IN ('read', 'note', 'download a mail', 'download a file'))`).
		Scan(&cases, &event)
	if err != nil {
		return 0, 0, fmt.Errorf("version of the queue: %w", err)
	}
	return cases, event, nil
}

// SearchLimit is how many cases a search shows; whoever needs more searches for
// something narrower.
const SearchLimit = 50

// Search finds cases by reference, NHS number, a name of the person or of
// somebody around, or words of their mails. That somebody searched is an event;
// for what is not.
func (s *Store) Search(ctx context.Context, by workflow.Actor, at time.Time, words string) ([]QueueRow, error) {
	words = strings.TrimSpace(words)
	digits := strings.ReplaceAll(words, " ", "")
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(words) + "%"
	if err := s.Log(ctx, by, at, "search", "cases", 0, 0); err != nil {
		return nil, err
	}
	return s.queueRows(ctx, `
		WHERE c.ref = upper($1)
		      OR p.nhs_number = $2
		      OR p.name ILIKE $3
		      OR p.known_as ILIKE $3
		      OR EXISTS (SELECT FROM facts f WHERE f.case_id = c.id AND (f.field IN ('person.name', 'person.known_as') AND f.value ILIKE $3
		                                                                 OR f.field = 'person.nhs_number' AND f.value = $2))
		      OR EXISTS (SELECT FROM parties y WHERE y.case_id = c.id AND y.name ILIKE $3)
		      OR EXISTS (SELECT FROM case_messages j JOIN messages m ON m.id = j.message_id
		                 WHERE j.case_id = c.id AND m.search @@ websearch_to_tsquery('simple', $1))`+mostPressing+`
		LIMIT $4`, words, digits, like, SearchLimit)
}
