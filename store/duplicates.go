package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Duplicate is another case that may be of the same person, and why. It is a
// suggestion: nothing is ever merged by the service.
type Duplicate struct {
	Case  workflow.CaseID
	Ref   string
	Name  string
	State workflow.State
	workflow.Likeness
}

// Duplicates looks for cases that may be of the same person as one, the likeliest
// first. It compares what was read and what was confirmed alike.
func (s *Store) Duplicates(ctx context.Context, id workflow.CaseID) ([]Duplicate, error) {
	return duplicates(ctx, s.db, id)
}

// mostAlike bounds how many cases are weighed: those of one postcode or one
// birthday are few, and an odd value that hundreds share tells nobody apart.
const mostAlike = 200

func duplicates(ctx context.Context, q sqlx.QueryerContext, id workflow.CaseID) ([]Duplicate, error) {
	var near []Duplicate
	err := each(ctx, q, `
		WITH mine AS (
		    SELECT f.field, lower(f.value) AS value
		    FROM facts f
		    WHERE f.case_id = $1 AND f.superseded_by IS NULL AND f.value <> '' AND f.value <> 'unknown'
		          AND f.field IN ('person.nhs_number', 'person.name', 'person.date_of_birth', 'person.postcode', 'person.phone')
		), keys AS (
		    SELECT field, value FROM mine
		    UNION
		    SELECT field, regexp_replace(value, '^(....)-(..)-(..)$', '\1-\3-\2')
		    FROM mine
		    WHERE field = 'person.date_of_birth'
		)
		SELECT DISTINCT c.id, c.ref, c.state
		FROM keys k
		JOIN facts f ON f.field = k.field AND lower(f.value) = k.value AND f.superseded_by IS NULL
		JOIN cases c ON c.id = f.case_id
		WHERE f.case_id <> $1
		ORDER BY c.id DESC
		LIMIT $2`, func(r *sqlx.Rows) error {
		var d Duplicate
		err := r.Scan(&d.Case, &d.Ref, &d.State)
		near = append(near, d)
		return err
	}, int64(id), mostAlike)
	if err != nil {
		return nil, fmt.Errorf("duplicates of case %d: %w", id, err)
	}
	if len(near) == 0 {
		return nil, nil
	}
	return weigh(ctx, q, id, near)
}

// weigh keeps those of the cases that are likely enough, the likeliest first.
func weigh(ctx context.Context, q sqlx.QueryerContext, id workflow.CaseID, near []Duplicate) ([]Duplicate, error) {
	ids := pq.Int64Array{int64(id)}
	for _, d := range near {
		ids = append(ids, int64(d.Case))
	}
	who, err := identities(ctx, q, ids)
	if err != nil {
		return nil, fmt.Errorf("duplicates of case %d: %w", id, err)
	}
	var out []Duplicate
	for _, d := range near {
		other := who[d.Case]
		d.Likeness, d.Name = who[id].Compare(other), other.Name
		if d.Likely() {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Duplicate) int { return cmp.Compare(b.Bits, a.Bits) })
	return out[:min(len(out), 20)], nil
}

// identities are what tells the people of cases apart: what was confirmed, else
// what was read most surely.
func identities(ctx context.Context, q sqlx.QueryerContext, ids pq.Int64Array) (map[workflow.CaseID]workflow.Identity, error) {
	out := map[workflow.CaseID]workflow.Identity{}
	err := each(ctx, q, `
		SELECT DISTINCT ON (f.case_id, f.field) f.case_id, f.field, f.value
		FROM facts f
		WHERE f.case_id = any($1) AND f.superseded_by IS NULL AND f.value <> '' AND f.value <> 'unknown'
		      AND f.field IN ('person.nhs_number', 'person.name', 'person.known_as', 'person.date_of_birth', 'person.postcode', 'person.phone')
		ORDER BY f.case_id, f.field, (f.confirmed_at IS NOT NULL) DESC, f.confidence DESC, f.id`, func(r *sqlx.Rows) error {
		var id workflow.CaseID
		var field workflow.Field
		var value string
		if err := r.Scan(&id, &field, &value); err != nil {
			return err
		}
		x := out[id]
		switch field {
		case workflow.FieldNHS:
			x.NHS = value
		case workflow.FieldName:
			x.Name = value
		case workflow.FieldKnownAs:
			x.KnownAs = value
		case workflow.FieldPostcode:
			x.Postcode = value
		case workflow.FieldPhone:
			x.Phone = value
		case workflow.FieldDOB:
			if born, err := workflow.ParseDate(value); err == nil { // an odd date tells nobody apart
				x.Born = born
			}
		}
		out[id] = x
		return nil
	}, ids)
	return out, err
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
