package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// RegisterRow is one person on the register.
type RegisterRow struct {
	Case       workflow.CaseID
	Ref        string
	Name       string
	KnownAs    string
	State      workflow.State
	Rating     workflow.Rating
	OnRegister workflow.Date
	NextReview workflow.Date
	Lead       string // the lead professional
	LeadNamed  string // who will name one, while there is none
	Council    string // of ordinary residence
	Flags      []workflow.Flag
}

// Register lists everybody who is on the register, whose review is next first.
// With a chair only the cases that ChairMayRead lets this chair read.
func (s *Store) Register(ctx context.Context, chair workflow.ActorID) ([]RegisterRow, error) {
	var out []RegisterRow
	err := each(ctx, s.db, `
		SELECT c.id, c.ref, p.name, p.known_as, c.state, c.rating, c.on_register, c.next_review, coalesce(l.name, ''), c.lead_named,
		       coalesce((SELECT f.value
		                 FROM facts f
		                 WHERE f.case_id = c.id AND f.field = 'person.council' AND f.superseded_by IS NULL AND f.confirmed_by IS NOT NULL
		                 ORDER BY f.id DESC
		                 LIMIT 1), ''),
		       c.flags
		FROM cases c
		JOIN people p ON p.id = c.person_id
		LEFT JOIN parties l ON l.id = c.lead AND l.case_id = c.id
		WHERE c.state IN ('on register', 'removal proposed', 'transferring')
		      AND ($1 = 0 OR 'interim inclusion' = any(c.flags)
		           OR EXISTS (SELECT 1 FROM decisions d WHERE d.case_id = c.id AND d.by_user = $1)
		           OR EXISTS (
		               SELECT 1
		               FROM panel_items i
		               JOIN panels m ON m.id = i.panel_id
		               WHERE i.case_id = c.id AND m.chair = $1 AND i.state <> 'taken off'))
		ORDER BY c.next_review NULLS FIRST, c.id
		LIMIT 5000`, func(r *sqlx.Rows) error {
		var x RegisterRow
		var on, review sql.NullTime
		var flags pq.StringArray
		err := r.Scan(&x.Case, &x.Ref, &x.Name, &x.KnownAs, &x.State, &x.Rating, &on, &review, &x.Lead, &x.LeadNamed, &x.Council, &flags)
		x.OnRegister, x.NextReview = day(on), day(review)
		for _, f := range flags {
			x.Flags = append(x.Flags, workflow.Flag(f))
		}
		out = append(out, x)
		return err
	}, int64(chair))
	if err != nil {
		return nil, fmt.Errorf("the register: %w", err)
	}
	return out, nil
}

// CaseNote is what somebody wrote with an action.
type CaseNote struct {
	At     time.Time
	By     string
	Action workflow.Action
	Words  string
}

// CaseNotes lists what was written with some actions on a case, newest first.
func (s *Store) CaseNotes(ctx context.Context, id workflow.CaseID, actions ...workflow.Action) ([]CaseNote, error) {
	var out []CaseNote
	err := each(ctx, s.db, `
		SELECT e.at, coalesce(u.name, ''), e.action, n.words
		FROM notes n
		JOIN events e ON e.id = n.event_id
		LEFT JOIN users u ON u.id = e.actor
		WHERE n.case_id = $1 AND e.action = any($2)
		ORDER BY e.id DESC
		LIMIT 100`, func(r *sqlx.Rows) error {
		var x CaseNote
		err := r.Scan(&x.At, &x.By, &x.Action, &x.Words)
		out = append(out, x)
		return err
	}, id, stringsOf(actions))
	if err != nil {
		return nil, fmt.Errorf("notes of case %d: %w", id, err)
	}
	return out, nil
}
