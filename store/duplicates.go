package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Duplicate is another case that may be of the same person, and why. It is a
// suggestion: twins share a surname, a birthday and an address, so nothing is
// ever merged by the service.
type Duplicate struct {
	Case  workflow.CaseID
	Ref   string
	State workflow.State
	Why   string
}

// Duplicates looks for cases that may be of the same person as one: the same NHS
// number, the same name and date of birth, or the same date of birth and
// postcode. It compares what was read and what was confirmed alike.
func (s *Store) Duplicates(ctx context.Context, id workflow.CaseID) ([]Duplicate, error) {
	return duplicates(ctx, s.db, id)
}

func duplicates(ctx context.Context, q sqlx.QueryerContext, id workflow.CaseID) ([]Duplicate, error) {
	var out []Duplicate
	err := each(ctx, q, `
		WITH live AS (
		    SELECT f.case_id, f.field, lower(f.value) AS value
		    FROM facts f
		    WHERE f.superseded_by IS NULL AND f.value <> '' AND f.value <> 'unknown'
		          AND f.field IN ('person.nhs_number', 'person.name', 'person.date_of_birth', 'person.postcode')
		), alike AS (
		    SELECT o.case_id,
		           bool_or(o.field = 'person.nhs_number') AS nhs,
		           bool_or(o.field = 'person.name') AS name,
		           bool_or(o.field = 'person.date_of_birth') AS born,
		           bool_or(o.field = 'person.postcode') AS lives
		    FROM live m
		    JOIN live o ON o.field = m.field AND o.value = m.value AND o.case_id <> m.case_id
		    WHERE m.case_id = $1
		    GROUP BY o.case_id
		)
		SELECT c.id, c.ref, c.state,
		       CASE WHEN a.nhs THEN 'the same NHS number'
		            WHEN a.name AND a.born THEN 'the same name and date of birth'
		            ELSE 'the same date of birth and postcode: twins are possible' END
		FROM alike a
		JOIN cases c ON c.id = a.case_id
		WHERE a.nhs OR a.born AND (a.name OR a.lives)
		ORDER BY a.nhs DESC, a.name DESC, c.id DESC
		LIMIT 20`, func(r *sqlx.Rows) error {
		var d Duplicate
		err := r.Scan(&d.Case, &d.Ref, &d.State, &d.Why)
		out = append(out, d)
		return err
	}, int64(id))
	if err != nil {
		return nil, fmt.Errorf("duplicates of case %d: %w", id, err)
	}
	return out, nil
}

// suspectDuplicate raises the flag on a case being opened when another open case
// may be of the same person.
func suspectDuplicate(ctx context.Context, tx *sqlx.Tx, id workflow.CaseID, c *workflow.Change) error {
	found, err := duplicates(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, d := range found {
		if d.State.IsOpen() {
			c.Raise = append(c.Raise, workflow.FlagDuplicate)
			return nil
		}
	}
	return nil
}
