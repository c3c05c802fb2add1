package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// letterDue writes that a letter is due. The key (cause, kind, recipient) makes
// a second try of the same transaction do nothing.
func (a applying) letterDue(l workflow.LetterDue) error {
	_, err := a.s.insertLetter(a.ctx, a.tx, l, a.c.Case, a.cause, a.c.At)
	return err
}

func (s *Store) insertLetter(ctx context.Context, tx *sqlx.Tx, l workflow.LetterDue, id workflow.CaseID, cause workflow.EventID, at time.Time) (workflow.LetterID, error) {
	recipient := fmt.Sprintf("party:%d", l.Party)
	if l.Party == 0 {
		if !l.Kind.IsAutomatic() || l.To == "" {
			return 0, fmt.Errorf("letter %s without a confirmed recipient", l.Kind)
		}
		recipient = l.To
	}
	priority := 0
	if l.Kind == workflow.L2 {
		priority = 100
	}
	notBefore := l.NotBefore
	if notBefore.IsZero() {
		notBefore = at
	}
	way := l.Way
	if way == "" {
		way = workflow.ByEmail
	}
	typed, err := typedJSON(l.Typed)
	if err != nil {
		return 0, err
	}
	var letter workflow.LetterID
	err = tx.GetContext(ctx, &letter, `
		INSERT INTO letters (cause, kind, case_id, message_id, party, recipient, content, asks, state, due_at, not_before, priority, address,
		                     way, typed, replaces)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'due', $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (cause, kind, recipient) DO UPDATE SET kind = excluded.kind
		RETURNING id`, cause, string(l.Kind), nullID(id), nullID(l.Message), nullID(l.Party), recipient, string(l.Content),
		stringsOf(l.Asks), at, notBefore, priority, l.To, string(way), typed, nullID(l.Replaces))
	if err != nil {
		return 0, fmt.Errorf("letter %s due: %w", l.Kind, err)
	}
	return letter, nil
}

func typedJSON(words map[string]string) (string, error) {
	if len(words) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(words)
	return string(b), err
}

// typed keeps what staff wrote for a letter that has not been approved.
func (a applying) typed(x workflow.Typed) error {
	words, err := typedJSON(x.Words)
	if err != nil {
		return err
	}
	res, err := a.tx.ExecContext(a.ctx, `
		UPDATE letters
		SET typed = $2, way = $3
		WHERE id = $1 AND state IN ('due', 'submitted')`, x.Letter, words, string(x.Way))
	if err != nil {
		return fmt.Errorf("write in letter %d: %w", x.Letter, err)
	}
	return one(res, "This letter cannot be changed any more.")
}

// posted notes the day on which somebody posted an approved letter, at midday.
func (a applying) posted(x workflow.Posted) error {
	res, err := a.tx.ExecContext(a.ctx, `
		UPDATE letters
		SET state = 'posted', sent_at = $2, posted_by = $3
		WHERE id = $1 AND state = 'queued' AND way = 'post'`, x.Letter, x.On.At(12, 0), int64(a.c.By.ID))
	if err != nil {
		return fmt.Errorf("post letter %d: %w", x.Letter, err)
	}
	return one(res, "This letter is not waiting to be posted.")
}

// freeze keeps the exact bytes that were submitted.
func (a applying) freeze(x workflow.Frozen) error {
	return a.s.freezeBytes(a.ctx, a.tx, x, "submitted", a.c.By.ID, a.c.At)
}

func (s *Store) freezeBytes(ctx context.Context, tx *sqlx.Tx, x workflow.Frozen, state string, by workflow.ActorID, at time.Time) error {
	if sha256.Sum256(x.Raw) != x.Hash {
		return fmt.Errorf("letter %d: the hash is not that of its bytes", x.Letter)
	}
	raw, _, err := s.put(ctx, tx, bytes.NewReader(x.Raw))
	if err != nil {
		return err
	}
	words, _, err := s.put(ctx, tx, bytes.NewReader([]byte(x.Text)))
	if err != nil {
		return err
	}
	token := sha256.Sum256([]byte(x.Token))
	res, err := tx.ExecContext(ctx, `
		UPDATE letters
		SET state = $2, bytes = $3, words = $4, sha256 = $5, subject = $6, template = $7, address = $8, smtp_id = $9, token_hash = $10,
		    submitted_by = $11, submitted_at = $12
		WHERE id = $1 AND state IN ('due', 'submitted')`, x.Letter, state, raw, words, x.Hash[:], x.Subject, x.Template, x.To,
		x.MessageID, token[:], nullID(by), at)
	if err != nil {
		return fmt.Errorf("freeze letter %d: %w", x.Letter, err)
	}
	return one(res, "This letter cannot be changed any more.")
}

func (a applying) approve(x workflow.Approval) error {
	res, err := a.tx.ExecContext(a.ctx, `
		UPDATE letters
		SET state = 'queued', approved_by = $3, approved_at = $4, not_before = $5, next_try = CASE WHEN way = 'email' THEN $5::timestamptz END
		WHERE id = $1 AND state = 'submitted' AND sha256 = $2`, x.Letter, x.Hash[:], a.c.By.ID, a.c.At, x.NotBefore)
	if err != nil {
		return fmt.Errorf("approve letter %d: %w", x.Letter, err)
	}
	return one(res, "This letter was changed meanwhile: read it again.")
}

// one refuses a statement that should have changed one row and did not.
func one(res interface{ RowsAffected() (int64, error) }, words string) error {
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 {
		return &workflow.Refusal{Kind: workflow.ErrConflict, Words: words}
	}
	return nil
}

// Letter is a letter as pages and the sender need it.
type Letter struct {
	workflow.Letter
	Case      workflow.CaseID
	Ref       string
	Message   workflow.MessageID
	Subject   string
	Template  string
	SMTPID    string
	Address   string // frozen into the bytes, or the From address of a fixed reply
	Attempts  int
	Outcome   string // the last one, in words for staff
	PartyName string
	Role      workflow.PartyRole
	PostedBy  string
}

const letterColumns = `
		SELECT l.id, l.kind, coalesce(l.case_id, 0) AS case_id, coalesce(c.ref, '') AS ref, coalesce(l.message_id, 0) AS message_id,
		       coalesce(l.party, 0) AS party, l.content, l.asks, l.state, l.sha256, l.subject, l.template, l.smtp_id, l.address,
		       l.attempts, l.sent_at, l.outcome, coalesce(l.submitted_by, 0) AS submitted_by, coalesce(l.approved_by, 0) AS approved_by,
		       l.due_at, l.not_before, l.way, l.typed, coalesce(l.replaces, 0) AS replaces, coalesce(u.name, '') AS posted_by,
		       coalesce(p.name, '') AS party_name, coalesce(p.role, '') AS role
		FROM letters l
		LEFT JOIN cases c ON c.id = l.case_id
		LEFT JOIN parties p ON p.id = l.party
		LEFT JOIN users u ON u.id = l.posted_by`

func scanLetter(r *sqlx.Rows) (Letter, error) {
	var l Letter
	var hash, typed []byte
	var sent sql.NullTime
	err := r.Scan(&l.ID, &l.Kind, &l.Case, &l.Ref, &l.Message, &l.Party, &l.Content, (*pq.StringArray)(&l.Asks), &l.State, &hash,
		&l.Subject, &l.Template, &l.SMTPID, &l.Address, &l.Attempts, &sent, &l.Outcome, &l.SubmittedBy, &l.ApprovedBy,
		&l.DueAt, &l.NotBefore, &l.Way, &typed, &l.Replaces, &l.PostedBy, &l.PartyName, &l.Role)
	if err == nil {
		err = json.Unmarshal(typed, &l.Typed)
	}
	copy(l.Hash[:], hash)
	l.SentAt = sent.Time
	return l, err
}

func letterRows(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]Letter, error) {
	var out []Letter
	err := each(ctx, q, letterColumns+where, func(r *sqlx.Rows) error {
		l, err := scanLetter(r)
		out = append(out, l)
		return err
	}, args...)
	return out, err
}

// Letter loads one letter.
func (s *Store) Letter(ctx context.Context, id workflow.LetterID) (Letter, error) {
	out, err := letterRows(ctx, s.db, ` WHERE l.id = $1`, id)
	if err != nil {
		return Letter{}, fmt.Errorf("letter %d: %w", id, err)
	}
	if len(out) == 0 {
		return Letter{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such letter."}
	}
	return out[0], nil
}

// LettersOf lists the letters of a case, newest first.
func (s *Store) LettersOf(ctx context.Context, id workflow.CaseID) ([]Letter, error) {
	return letterRows(ctx, s.db, ` WHERE l.case_id = $1 ORDER BY l.id DESC`, id)
}

// LettersIn lists letters by state, the longest waiting first: to draft, to
// approve, leaving, failed, unknown, returned. Fixed replies are nobody's to
// draft.
func (s *Store) LettersIn(ctx context.Context, states ...workflow.LetterState) ([]Letter, error) {
	return letterRows(ctx, s.db, ` WHERE l.state = any($1) AND (l.kind NOT IN ('L1', 'L2', 'L14') OR l.state <> 'due')
		ORDER BY l.due_at, l.id
		LIMIT 500`, stringsOf(states))
}

// LetterText unseals the words of a letter as plain text.
func (s *Store) LetterText(ctx context.Context, id workflow.LetterID) (string, error) {
	var object ObjectID
	err := s.db.GetContext(ctx, &object, `
		SELECT words
		FROM letters
		WHERE id = $1 AND words IS NOT NULL`, id)
	if err != nil {
		return "", fmt.Errorf("words of letter %d: %w", id, none(err, "This letter has not been made yet."))
	}
	raw, err := s.object(ctx, s.db, object)
	if err != nil {
		return "", fmt.Errorf("words of letter %d: %w", id, err)
	}
	return string(raw), nil
}

// LetterBytes unseals the frozen bytes of a letter.
func (s *Store) LetterBytes(ctx context.Context, id workflow.LetterID) ([]byte, error) {
	return s.letterBytes(ctx, s.db, id)
}

func (s *Store) letterBytes(ctx context.Context, q sqlx.QueryerContext, id workflow.LetterID) ([]byte, error) {
	var object ObjectID
	err := sqlx.GetContext(ctx, q, &object, `
		SELECT bytes
		FROM letters
		WHERE id = $1 AND bytes IS NOT NULL`, id)
	if err != nil {
		return nil, fmt.Errorf("bytes of letter %d: %w", id, none(err, "This letter has not been made yet."))
	}
	raw, err := s.object(ctx, q, object)
	if err != nil {
		return nil, fmt.Errorf("bytes of letter %d: %w", id, err)
	}
	return raw, nil
}
