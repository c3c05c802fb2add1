package store

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// The services that a team in Essex is likely to name, as published pages had
// them, with the page as source. Pages go stale: none is shipped as verified,
// and no letter may name one before somebody of the team has checked it.
//
//go:embed signposts.csv
var shippedSignposts []byte

// SeedSignposts fills an empty directory with the shipped entries, all of them
// unverified, and reports how many it added. A directory that holds anything, or
// ever held anything, is left alone.
func (s *Store) SeedSignposts(ctx context.Context, at time.Time) (int, error) {
	entries, err := readSignposts(shippedSignposts)
	if err != nil {
		return 0, err
	}
	added := 0
	err = s.write(ctx, "fill the directory", func(tx *sqlx.Tx) error {
		added = 0
		// Several programs may start at once: one fills, the others wait and see.
		if _, err := tx.ExecContext(ctx, `LOCK TABLE signposts IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		var held bool
		if err := tx.GetContext(ctx, &held, `SELECT EXISTS (SELECT FROM signposts)`); err != nil || held {
			return err
		}
		for _, x := range entries {
			if err := insertShipped(ctx, tx, x); err != nil {
				return err
			}
			added++
		}
		_, err := addEvent(ctx, tx, event{At: at, Action: "fill the directory", Subject: "directory"})
		return err
	})
	return added, err
}

func insertShipped(ctx context.Context, tx *sqlx.Tx, x workflow.Signpost) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO signposts (name, what_for, age_from, age_to, areas, needs, how, phone, email, web, hours, source)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, x.Name, x.For, x.AgeFrom, x.AgeTo, stringsOf(x.Areas), stringsOf(x.Needs),
		x.How, x.Phone, x.Email, x.Web, x.Hours, x.Source)
	if err != nil {
		return fmt.Errorf("directory entry %q: %w", x.Name, err)
	}
	return nil
}

// readSignposts reads the columns name, for, age_from, age_to, areas, needs, how,
// phone, email, web, hours and source; lists are parted by bars.
func readSignposts(file []byte) ([]workflow.Signpost, error) {
	rows, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("shipped directory: %w", err)
	}
	list := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '|' })
	}
	var out []workflow.Signpost
	for i, r := range rows[1:] {
		x := workflow.Signpost{Name: r[0], For: r[1], Areas: list(r[4]), Needs: list(r[5]), How: r[6], Phone: r[7], Email: r[8],
			Web: r[9], Hours: r[10], Source: r[11]}
		var err1, err2 error
		x.AgeFrom, err1 = strconv.Atoi(r[2])
		x.AgeTo, err2 = strconv.Atoi(r[3])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("shipped directory, line %d: ages %q and %q", i+2, r[2], r[3])
		}
		if err := x.Check(); err != nil {
			return nil, fmt.Errorf("shipped directory, line %d: %w", i+2, err)
		}
		out = append(out, x)
	}
	return out, nil
}
