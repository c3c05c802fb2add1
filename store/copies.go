package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// asCopy looks whether a mail is here already, come by another way: mails with
// equal bytes are one message from the first, this is about those whose hosts
// added something. The same Message-ID, date, author, words and files are the
// same mail: it goes where the first went, opens nothing, and is answered by
// nothing. The same Message-ID over other words is another mail, since anybody
// may write any Message-ID, and is marked as such.
func asCopy(ctx context.Context, tx *sqlx.Tx, x Settlement) (Settlement, error) {
	if len(x.Fingerprint) == 0 {
		return x, nil
	}
	// Two copies that are read at once must not both be the first.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))`, x.Fingerprint); err != nil {
		return x, fmt.Errorf("look for a copy: %w", err)
	}
	var hasCase bool
	err := tx.QueryRowContext(ctx, `
		SELECT o.id, EXISTS (SELECT FROM case_messages c WHERE c.message_id = o.id)
		FROM messages o
		WHERE o.fingerprint = $1 AND o.id <> $2 AND o.end_state IS NOT NULL AND o.duplicate_of IS NULL
		ORDER BY o.id
		LIMIT 1`, x.Fingerprint, x.Message).Scan(&x.copyOf, &hasCase)
	switch {
	case err == sql.ErrNoRows:
		return markSameID(ctx, tx, x)
	case err != nil:
		return x, fmt.Errorf("look for a copy: %w", err)
	case x.MessageID == "":
		return x, nil // too little to go by: linked, and read as its own
	}
	x.End, x.Why = EndIgnored, "a copy of a mail that is here already"
	if hasCase {
		x.End = EndFiled
	}
	x.Cases, x.Filing, x.Reply, x.Withheld, x.Alerts = nil, nil, nil, "", nil
	return x, nil
}

func markSameID(ctx context.Context, tx *sqlx.Tx, x Settlement) (Settlement, error) {
	var other bool
	err := tx.GetContext(ctx, &other, `SELECT EXISTS (SELECT FROM messages WHERE message_id = $1 AND message_id <> '' AND id <> $2)`, x.MessageID, x.Message)
	if err != nil {
		return x, fmt.Errorf("look for a Message-ID: %w", err)
	}
	if !other {
		return x, nil
	}
	if x.Why != "" {
		x.Why += "; "
	}
	x.Why += "another mail with other words bears its Message-ID"
	return x, nil
}

// joinCopy shows a copy on the cases of the first.
func joinCopy(ctx context.Context, tx *sqlx.Tx, of, m workflow.MessageID) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO case_messages (case_id, message_id, how)
		SELECT case_id, $2, 'copy'
		FROM case_messages
		WHERE message_id = $1
		ON CONFLICT (case_id, message_id) DO NOTHING`, of, m)
	if err != nil {
		return fmt.Errorf("file the copy %d of message %d: %w", m, of, err)
	}
	return nil
}
