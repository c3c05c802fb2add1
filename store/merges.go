package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// ActBoth is the door for what concerns two cases: a merge and its undoing. Both
// are locked in the order of their ids; both Changes are applied, or neither.
// seen is the version of the first that the page showed.
func (s *Store) ActBoth(ctx context.Context, id, other workflow.CaseID, seen workflow.Version, do func(f, o workflow.File) (workflow.Change, workflow.Change, error)) error {
	if id == other {
		return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "of", Words: "Name another case than this one."}
	}
	return s.write(ctx, fmt.Sprintf("act on cases %d and %d", id, other), func(tx *sqlx.Tx) error {
		files := map[workflow.CaseID]workflow.File{}
		for _, x := range []workflow.CaseID{min(id, other), max(id, other)} {
			f, err := s.file(ctx, tx, x, true)
			if err != nil {
				return err
			}
			files[x] = f
		}
		if v := files[id].Case.Version; seen != 0 && seen != v {
			return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "Somebody changed this case after you opened it. Look at what they did, then try again: nothing of yours was saved."}
		}
		first, second, err := do(files[id], files[other])
		if err != nil {
			return err
		}
		if _, err := s.apply(ctx, tx, files[id], first); err != nil {
			return err
		}
		_, err = s.apply(ctx, tx, files[other], second)
		return err
	})
}

// merge writes a proposal, moves what a merge moves, or moves it back.
func (a applying) merge() error {
	switch m := a.c.Merge; {
	case m == nil:
		return nil
	case m.Undone:
		return a.undoMerge(*m)
	case m.Done:
		return a.doMerge(*m)
	default:
		return a.exec("merge", `
			INSERT INTO merges (case_id, into_case, proposed_by, proposed_at)
			VALUES ($1, $2, $3, $4)`, a.c.Case, m.Into, m.By, m.At)
	}
}

// joinedNote marks proposals that came from a joined case.
func (a applying) joinedNote() string { return "from " + a.f.Case.Ref }

func (a applying) doMerge(m workflow.Merge) error {
	for _, q := range []struct {
		words, query string
		args         []any
	}{
		{"merge", `
			UPDATE merges
			SET confirmed_by = $2, done_at = $3, referrals = ARRAY(SELECT id FROM referrals WHERE case_id = $4)
			WHERE id = $1 AND done_at IS NULL`, []any{m.ID, a.c.By.ID, a.c.At, a.c.Case}},
		{"referrals", `UPDATE referrals SET case_id = $2 WHERE case_id = $1`, []any{a.c.Case, m.Into}},
		{"mails", `
			INSERT INTO case_messages (case_id, message_id, how)
			SELECT $2, message_id, 'joined' FROM case_messages WHERE case_id = $1
			ON CONFLICT (case_id, message_id) DO NOTHING`, []any{a.c.Case, m.Into}},
		{"fields", `
			INSERT INTO facts (case_id, field, value, list, message_id, part, page, span_start, span_end, quote, method, confidence, note,
			    rivals, proposed_by, proposed_at)
			SELECT $2, field, value, list, message_id, part, page, span_start, span_end, quote, method, confidence, $3, rivals, proposed_by, proposed_at
			FROM facts
			WHERE case_id = $1 AND superseded_by IS NULL`, []any{a.c.Case, m.Into, a.joinedNote()}},
		{"person", `
			UPDATE people
			SET merged_into = (SELECT person_id FROM cases WHERE id = $2)
			WHERE id = $1 AND id <> (SELECT person_id FROM cases WHERE id = $2)`, []any{a.f.Person.ID, m.Into}},
	} {
		if err := a.exec(q.words, q.query, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// undoMerge gives referrals and mails back. A proposal that somebody confirmed
// meanwhile stays: a person stands behind it.
func (a applying) undoMerge(m workflow.Merge) error {
	for _, q := range []struct {
		words, query string
		args         []any
	}{
		{"referrals", `
			UPDATE referrals
			SET case_id = $2
			WHERE id = ANY(SELECT unnest(referrals) FROM merges WHERE id = $1)`, []any{m.ID, a.c.Case}},
		{"mails", `
			DELETE FROM case_messages
			WHERE case_id = $2 AND how = 'joined' AND message_id IN (SELECT message_id FROM case_messages WHERE case_id = $1)`, []any{a.c.Case, m.Into}},
		{"fields", `
			DELETE FROM facts
			WHERE case_id = $1 AND note = $2 AND confirmed_by IS NULL
			      AND NOT EXISTS (SELECT FROM facts o WHERE o.superseded_by = facts.id)`, []any{m.Into, a.joinedNote()}},
		{"person", `UPDATE people SET merged_into = NULL WHERE id = $1`, []any{a.f.Person.ID}},
		{"merge", `UPDATE merges SET undone_by = $2, undone_at = $3 WHERE id = $1`, []any{m.ID, a.c.By.ID, a.c.At}},
	} {
		if err := a.exec(q.words, q.query, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// loadMerge loads the newest proposal that the case joins another.
func loadMerge(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var m workflow.Merge
	var done, undone sql.NullTime
	err := q.QueryRowxContext(ctx, `
		SELECT m.id, m.into_case, c.ref, m.proposed_by, m.proposed_at, m.done_at, m.undone_at
		FROM merges m
		JOIN cases c ON c.id = m.into_case
		WHERE m.case_id = $1
		ORDER BY m.id DESC
		LIMIT 1`, f.Case.ID).Scan(&m.ID, &m.Into, &m.IntoRef, &m.By, &m.At, &done, &undone)
	if err == sql.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	m.Done, m.Undone = done.Valid, undone.Valid
	f.Merge = &m
	return nil
}
