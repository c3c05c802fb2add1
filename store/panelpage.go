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

// PanelRow is a meeting as lists show it.
type PanelRow struct {
	ID         workflow.PanelID
	Kind       workflow.PanelKind
	At         time.Time
	Place      string
	Capacity   int
	Listed     int // places taken
	Waiting    int // of those, not yet decided
	Closed     bool
	Chair      string
	Members    int
	Undeclared int // waiting cases on which the reader has not yet declared
}

// PanelRows lists meetings, the next first, those that are over last and the
// latest of them first. With own only those on which the reader has a seat.
func (s *Store) PanelRows(ctx context.Context, reader workflow.ActorID, own bool) ([]PanelRow, error) {
	var out []PanelRow
	err := each(ctx, s.db, `
		SELECT p.id, p.kind, p.at, p.place, p.capacity, p.closed, u.name,
		       (SELECT count(*) FROM panel_items i WHERE i.panel_id = p.id AND i.state <> 'taken off'),
		       (SELECT count(*) FROM panel_items i WHERE i.panel_id = p.id AND i.state IN ('listed', 'opened')),
		       (SELECT count(*) FROM panel_members m WHERE m.panel_id = p.id),
		       (SELECT count(*)
		        FROM panel_items i
		        WHERE i.panel_id = p.id AND i.state IN ('listed', 'opened')
		              AND EXISTS (SELECT 1 FROM panel_members m WHERE m.panel_id = p.id AND m.user_id = $1)
		              AND NOT EXISTS (SELECT 1 FROM interests x WHERE x.item_id = i.id AND x.member = $1))
		FROM panels p
		JOIN users u ON u.id = p.chair
		WHERE NOT $2 OR EXISTS (SELECT 1 FROM panel_members m WHERE m.panel_id = p.id AND m.user_id = $1)
		ORDER BY p.closed, CASE WHEN p.closed THEN NULL ELSE p.at END, p.at DESC, p.id
		LIMIT 200`, func(r *sqlx.Rows) error {
		var p PanelRow
		err := r.Scan(&p.ID, &p.Kind, &p.At, &p.Place, &p.Capacity, &p.Closed, &p.Chair, &p.Listed, &p.Waiting, &p.Members, &p.Undeclared)
		out = append(out, p)
		return err
	}, int64(reader), own)
	if err != nil {
		return nil, fmt.Errorf("list panels: %w", err)
	}
	return out, nil
}

// AgendaRow is one case on an agenda.
type AgendaRow struct {
	Item      workflow.ItemID
	Case      workflow.CaseID
	Ref       string
	Name      string
	State     workflow.State
	ItemState workflow.ItemState
	ListedAt  time.Time
	Why       string // it was taken off
	Outcome   workflow.Outcome
	Declared  bool // the reader has declared on it
}

// Agenda lists the cases of a meeting in the order in which they were put on,
// those taken off last.
func (s *Store) Agenda(ctx context.Context, id workflow.PanelID, reader workflow.ActorID) ([]AgendaRow, error) {
	var out []AgendaRow
	err := each(ctx, s.db, `
		SELECT i.id, c.id, c.ref, p.name, c.state, i.state, i.listed_at, i.why,
		       coalesce((SELECT d.outcome FROM decisions d WHERE d.item_id = i.id ORDER BY d.id DESC LIMIT 1), ''),
		       EXISTS (SELECT 1 FROM interests x WHERE x.item_id = i.id AND x.member = $2)
		FROM panel_items i
		JOIN cases c ON c.id = i.case_id
		JOIN people p ON p.id = c.person_id
		WHERE i.panel_id = $1
		ORDER BY i.state = 'taken off', i.id
		LIMIT 500`, func(r *sqlx.Rows) error {
		var x AgendaRow
		err := r.Scan(&x.Item, &x.Case, &x.Ref, &x.Name, &x.State, &x.ItemState, &x.ListedAt, &x.Why, &x.Outcome, &x.Declared)
		out = append(out, x)
		return err
	}, id, int64(reader))
	if err != nil {
		return nil, fmt.Errorf("agenda of panel %d: %w", id, err)
	}
	return out, nil
}

// ReadyRow is a case that waits for a place on an agenda.
type ReadyRow struct {
	Case    workflow.CaseID
	Ref     string
	Name    string
	Since   time.Time
	Urgency workflow.Urgency
	Flags   []workflow.Flag
	Version workflow.Version
}

// ReadyForPanel lists the cases that may be put on an agenda: the urgent ones
// first, then who has waited longest.
func (s *Store) ReadyForPanel(ctx context.Context) ([]ReadyRow, error) {
	var out []ReadyRow
	err := each(ctx, s.db, `
		SELECT c.id, c.ref, p.name, c.since, c.urgency, c.flags, c.version
		FROM cases c
		JOIN people p ON p.id = c.person_id
		WHERE c.state = 'ready for panel'
		ORDER BY CASE c.urgency WHEN 'crisis' THEN 0 WHEN 'urgent' THEN 1 ELSE 2 END, c.since, c.id
		LIMIT 200`, func(r *sqlx.Rows) error {
		var x ReadyRow
		var flags pq.StringArray
		err := r.Scan(&x.Case, &x.Ref, &x.Name, &x.Since, &x.Urgency, &flags, &x.Version)
		for _, f := range flags {
			x.Flags = append(x.Flags, workflow.Flag(f))
		}
		out = append(out, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("cases ready for a panel: %w", err)
	}
	return out, nil
}

// ChairMayRead says whether a chair may read a case outside a meeting: a panel
// of theirs had it, they decided on it, or it is included for now and waits for
// a full panel. A chair reads no other cases.
func (s *Store) ChairMayRead(ctx context.Context, id workflow.CaseID, chair workflow.ActorID) (bool, error) {
	var may bool
	err := s.db.GetContext(ctx, &may, `
		SELECT EXISTS (
		           SELECT 1
		           FROM panel_items i
		           JOIN panels p ON p.id = i.panel_id
		           WHERE i.case_id = $1 AND p.chair = $2 AND i.state <> 'taken off')
		       OR EXISTS (SELECT 1 FROM decisions d WHERE d.case_id = $1 AND d.by_user = $2)
		       OR EXISTS (SELECT 1 FROM cases c WHERE c.id = $1 AND 'interim inclusion' = any(c.flags))`, id, int64(chair))
	if err != nil {
		return false, fmt.Errorf("chairs of case %d: %w", id, err)
	}
	return may, nil
}

// DecidedIn is the meeting that decided a case last, 0 when none did.
func (s *Store) DecidedIn(ctx context.Context, id workflow.CaseID) (workflow.PanelID, error) {
	var panel sql.NullInt64
	err := s.db.GetContext(ctx, &panel, `
		SELECT max(i.panel_id)
		FROM panel_items i
		WHERE i.case_id = $1 AND i.state = 'decided'`, id)
	if err != nil {
		return 0, fmt.Errorf("panel of case %d: %w", id, err)
	}
	return workflow.PanelID(panel.Int64), nil
}
