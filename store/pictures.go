package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Undrawn is a file of a mail whose pages were not drawn yet.
type Undrawn struct {
	Document int64
	Message  workflow.MessageID
	Part     string
}

// drawTries is how often a file is tried: a reader that is killed again and
// again must not be fed the same file for ever.
const drawTries = 3

// ClaimUndrawn takes the next file that may have pages to draw, and puts its
// next try off, so that a file which stops the drawing comes again later and
// then no more. ErrNotFound: there is none.
func (s *Store) ClaimUndrawn(ctx context.Context) (Undrawn, error) {
	var x Undrawn
	err := s.write(ctx, "claim a file to draw", func(tx *sqlx.Tx) error {
		return tx.QueryRowContext(ctx, `
			WITH next AS (
			    SELECT id
			    FROM documents
			    WHERE draw_at <= now() AND state <> 'quarantined'
			    ORDER BY draw_at, id
			    LIMIT 1
			    FOR UPDATE SKIP LOCKED
			)
			UPDATE documents d
			SET draw_tries = d.draw_tries + 1,
			    draw_at = CASE WHEN d.draw_tries + 1 < $1 THEN now() + make_interval(secs => 120) END
			FROM next
			WHERE d.id = next.id
			RETURNING d.id, d.message_id, d.part`, drawTries).Scan(&x.Document, &x.Message, &x.Part)
	})
	return x, none(err, "No file waits to be drawn.")
}

// Drawing is one page as a picture.
type Drawing struct {
	Page          int
	Type          string
	Width, Height int
	Data          []byte
}

// KeepDrawings stores the pages of a file, sealed; none is an answer too.
func (s *Store) KeepDrawings(ctx context.Context, document int64, pages []Drawing) error {
	return s.write(ctx, fmt.Sprintf("keep drawings of file %d", document), func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE documents SET draw_at = NULL WHERE id = $1`, document); err != nil {
			return err
		}
		for _, p := range pages {
			object, _, err := s.put(ctx, tx, bytes.NewReader(p.Data))
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `
				INSERT INTO document_pictures (document_id, page, type, width, height, object_id)
				VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (document_id, page) DO NOTHING`, document, p.Page, p.Type, p.Width, p.Height, object)
			if err != nil {
				return fmt.Errorf("page %d: %w", p.Page, err)
			}
		}
		return nil
	})
}

// DrawingOf is a page of a message's file as a picture.
func (s *Store) DrawingOf(ctx context.Context, m workflow.MessageID, part string, page int) (Drawing, error) {
	d := Drawing{Page: page}
	var object ObjectID
	err := s.db.QueryRowContext(ctx, `
		SELECT p.type, p.width, p.height, p.object_id
		FROM document_pictures p
		JOIN documents d ON d.id = p.document_id
		WHERE d.message_id = $1 AND d.part = $2 AND p.page = $3`, m, part, page).Scan(&d.Type, &d.Width, &d.Height, &object)
	if err != nil {
		return d, none(err, "There is no picture of this page.")
	}
	if d.Data, err = s.object(ctx, s.db, object); err != nil {
		return d, fmt.Errorf("picture of message %d: %w", m, err)
	}
	return d, nil
}
