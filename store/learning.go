package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Precision is how often what was read turned out right. Every confirmation and
// correction that people make is kept beside what was proposed, so this counts
// deeds, not opinions.
type Precision struct {
	Key   string // a field, a way of reading, or a month
	Right int    // confirmed as it was read
	Wrong int    // somebody typed something else
	Open  int    // nobody has said yet
}

// PrecisionBy is what Precision counts by.
type PrecisionBy string

const (
	ByField  PrecisionBy = "field"
	ByMethod PrecisionBy = "method"
	ByKind   PrecisionBy = "kind"  // of the file it stood in
	ByMonth  PrecisionBy = "month" // in which it was read
)

// precisionKeys are the columns behind the names.
func precisionKeys() map[PrecisionBy]string {
	return map[PrecisionBy]string{ByField: `f.field`, ByMethod: `f.method`, ByKind: `coalesce(nullif(d.type, ''), 'mail')`, ByMonth: `to_char(f.proposed_at, 'YYYY-MM')`}
}

// Precision counts what was read of mails since a time, by one key.
func (s *Store) Precision(ctx context.Context, by PrecisionBy, since time.Time) ([]Precision, error) {
	key, known := precisionKeys()[by]
	if !known {
		return nil, fmt.Errorf("precision by %q", by)
	}
	var out []Precision
	err := each(ctx, s.db, `
		SELECT `+key+` AS key,
		       count(*) FILTER (WHERE f.confirmed_at IS NOT NULL OR n.confirmed_at IS NOT NULL AND (n.value, n.list) = (f.value, f.list)),
		       count(*) FILTER (WHERE f.confirmed_at IS NULL AND n.confirmed_at IS NOT NULL AND (n.value, n.list) <> (f.value, f.list)),
		       count(*) FILTER (WHERE f.confirmed_at IS NULL AND n.confirmed_at IS NULL)
		FROM facts f
		LEFT JOIN facts n ON n.id = f.superseded_by
		LEFT JOIN documents d ON d.message_id = f.message_id AND d.part = f.part
		WHERE f.proposed_by = 0 AND f.message_id IS NOT NULL AND f.proposed_at >= $1
		GROUP BY key
		ORDER BY 3 DESC, 2 DESC, key`, func(r *sqlx.Rows) error {
		var p Precision
		err := r.Scan(&p.Key, &p.Right, &p.Wrong, &p.Open)
		out = append(out, p)
		return err
	}, since)
	if err != nil {
		return nil, fmt.Errorf("precision by %s: %w", by, err)
	}
	return out, nil
}

// Correction is what was read wrongly, and what is right.
type Correction struct {
	Ref         string
	Field       workflow.Field
	Read, Right string
	Method      string
	At          time.Time
}

// Corrections lists the latest corrections of what was read.
func (s *Store) Corrections(ctx context.Context, n int) ([]Correction, error) {
	var out []Correction
	err := each(ctx, s.db, `
		SELECT c.ref, f.field, CASE WHEN f.value = '' THEN array_to_string(f.list, ', ') ELSE f.value END,
		       CASE WHEN n.value = '' THEN array_to_string(n.list, ', ') ELSE n.value END, f.method, n.confirmed_at
		FROM facts f
		JOIN facts n ON n.id = f.superseded_by
		JOIN cases c ON c.id = f.case_id
		WHERE f.proposed_by = 0 AND f.message_id IS NOT NULL AND f.confirmed_at IS NULL AND n.confirmed_at IS NOT NULL
		      AND (n.value, n.list) <> (f.value, f.list)
		ORDER BY n.confirmed_at DESC, f.id DESC
		LIMIT $1`, func(r *sqlx.Rows) error {
		var x Correction
		err := r.Scan(&x.Ref, &x.Field, &x.Read, &x.Right, &x.Method, &x.At)
		out = append(out, x)
		return err
	}, n)
	if err != nil {
		return nil, fmt.Errorf("corrections: %w", err)
	}
	return out, nil
}

// UnknownLabel is a label of a form that no rule knows.
type UnknownLabel struct {
	Label string
	Mails int
}

// UnknownLabels counts the labels that nobody taught, in the newest n mails.
func (s *Store) UnknownLabels(ctx context.Context, n int) ([]UnknownLabel, error) {
	var ids []workflow.MessageID
	err := each(ctx, s.db, `
		SELECT m.id
		FROM messages m
		WHERE m.reading IS NOT NULL AND EXISTS (SELECT FROM documents d WHERE d.message_id = m.id)
		ORDER BY m.id DESC
		LIMIT $1`, func(r *sqlx.Rows) error {
		var id workflow.MessageID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, n)
	if err != nil {
		return nil, fmt.Errorf("unknown labels: %w", err)
	}
	var out []UnknownLabel
	at := map[string]int{}
	for _, id := range ids {
		k, err := s.kept(ctx, s.db, id)
		if err != nil {
			return nil, err
		}
		for _, u := range k.Unknown {
			key := strings.ToLower(u.Label)
			if _, seen := at[key]; !seen {
				at[key] = len(out)
				out = append(out, UnknownLabel{Label: u.Label})
			}
			out[at[key]].Mails++
		}
	}
	return out, nil
}
