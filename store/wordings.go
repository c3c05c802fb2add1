package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// WordingRow is a version of a wording with the names of who made and approved it.
type WordingRow struct {
	workflow.Wording
	Maker, Approver string
}

// Wordings lists the team's versions of one wording, the latest first.
func (s *Store) Wordings(ctx context.Context, file string) ([]WordingRow, error) {
	return wordings(ctx, s.db, ` WHERE w.file = $1 ORDER BY w.version DESC`, file)
}

// LatestWordings lists the latest version of each wording that the team has.
func (s *Store) LatestWordings(ctx context.Context) ([]WordingRow, error) {
	return wordings(ctx, s.db, ` WHERE w.version = (SELECT max(x.version) FROM wordings x WHERE x.file = w.file) ORDER BY w.file`)
}

func wordings(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]WordingRow, error) {
	var out []WordingRow
	err := each(ctx, q, `
		SELECT w.file, w.version, w.source, w.note, w.made_by, w.made_at, w.read_by, w.read_on, coalesce(w.approved_by, 0), w.approved_at,
		       coalesce(m.name, ''), coalesce(a.name, '')
		FROM wordings w
		LEFT JOIN users m ON m.id = w.made_by
		LEFT JOIN users a ON a.id = w.approved_by`+where, func(r *sqlx.Rows) error {
		var w WordingRow
		var read, approved sql.NullTime
		if err := r.Scan(&w.File, &w.Version, &w.Source, &w.Note, &w.MadeBy, &w.MadeAt, &w.ReadBy, &read, &w.ApprovedBy, &approved, &w.Maker, &w.Approver); err != nil {
			return err
		}
		if read.Valid {
			y, m, d := read.Time.Date()
			w.ReadOn = workflow.Date{Year: y, Month: m, Day: d}
		}
		w.ApprovedAt = approved.Time
		out = append(out, w)
		return nil
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("wordings: %w", err)
	}
	return out, nil
}

// WordingStamp changes whenever a wording comes into force; 0 while the team has
// none of its own.
func (s *Store) WordingStamp(ctx context.Context) (int64, error) {
	var n int64
	if err := s.db.GetContext(ctx, &n, `SELECT count(*) FROM wordings WHERE approved_by IS NOT NULL`); err != nil {
		return 0, fmt.Errorf("wordings: %w", err)
	}
	return n, nil
}

// WordingsInForce gives the source of each wording that the team approved, by
// its file.
func (s *Store) WordingsInForce(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	err := each(ctx, s.db, `
		SELECT DISTINCT ON (file) file, source
		FROM wordings
		WHERE approved_by IS NOT NULL
		ORDER BY file, version DESC`, func(r *sqlx.Rows) error {
		var file, source string
		err := r.Scan(&file, &source)
		out[file] = source
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("wordings in force: %w", err)
	}
	return out, nil
}

// AddWording adds a version: a draft, or one that is in force at once. Somebody
// who was quicker took its number, and the second one is told.
func (s *Store) AddWording(ctx context.Context, w workflow.Wording) error {
	return s.write(ctx, "add a wording", func(tx *sqlx.Tx) error {
		var approved any
		if w.ApprovedBy != 0 {
			approved = w.ApprovedAt
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO wordings (file, version, source, note, made_by, made_at, read_by, read_on, approved_by, approved_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, w.File, w.Version, w.Source, w.Note, int64(w.MadeBy), w.MadeAt, w.ReadBy, nullDate(w.ReadOn),
			nullID(w.ApprovedBy), approved)
		if isUnique(err, "wordings_file_version_key") {
			return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "Somebody else changed this wording meanwhile: look at theirs first."}
		}
		if err != nil {
			return err
		}
		action := workflow.Action("word a letter")
		if w.ApprovedBy != 0 {
			action = "put a wording in force"
		}
		_, err = addEvent(ctx, tx, event{At: w.MadeAt, Actor: w.MadeBy, Action: action, Subject: fmt.Sprintf("wording %s version %d", w.File, w.Version)})
		return err
	})
}

// PutWordingInForce approves a draft that is still the latest version.
func (s *Store) PutWordingInForce(ctx context.Context, w workflow.Wording) error {
	return s.write(ctx, "approve a wording", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE wordings
			SET approved_by = $3, approved_at = $4, read_by = $5, read_on = $6
			WHERE file = $1 AND version = $2 AND approved_by IS NULL AND version = (SELECT max(version) FROM wordings WHERE file = $1)`,
			w.File, w.Version, int64(w.ApprovedBy), w.ApprovedAt, w.ReadBy, nullDate(w.ReadOn))
		if err != nil {
			return err
		}
		if err := one(res, "There is a later version of this wording: look at it first."); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: w.ApprovedAt, Actor: w.ApprovedBy, Action: "put a wording in force", Subject: fmt.Sprintf("wording %s version %d", w.File, w.Version)})
		return err
	})
}
