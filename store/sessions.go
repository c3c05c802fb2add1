package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// Tokens of sessions and links are kept as hashes only: whoever reads the
// tables can become nobody.
func tokenHash(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// Session is what a session holds; false when there is none of this token, or
// it has ended.
func (s *Store) Session(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.db.GetContext(ctx, &data, `
		SELECT data
		FROM sessions
		WHERE token_hash = $1 AND expires_at > now()`, tokenHash(token))
	if err == sql.ErrNoRows {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("session: %w", err)
	}
	return data, true, nil
}

// SaveSession keeps what a session holds; user is 0 before somebody signs in.
func (s *Store) SaveSession(ctx context.Context, token string, data []byte, user workflow.ActorID, expires time.Time) error {
	return s.write(ctx, "save session", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO sessions (token_hash, data, user_id, expires_at)
			VALUES ($1, $2, $3, $4)
			ON CONFLICT (token_hash) DO UPDATE
			SET data = excluded.data, user_id = excluded.user_id, expires_at = excluded.expires_at`,
			tokenHash(token), data, nullID(user), expires)
		return err
	})
}

// EndSession forgets a session.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.write(ctx, "end session", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE token_hash = $1`, tokenHash(token))
		return err
	})
}

// NewUserLink makes a link by which somebody sets their own password, once,
// before a time. Older links of the account end. The answer is the token; it is
// nowhere kept.
func (s *Store) NewUserLink(ctx context.Context, by workflow.Actor, at time.Time, id workflow.ActorID, until time.Time) (string, error) {
	if by.IsPerson() && !by.Has(workflow.Admin, workflow.Manager) {
		return "", &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Only an administrator or the manager makes such a link."}
	}
	token := rand.Text()
	err := s.write(ctx, "make a password link", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM user_links WHERE user_id = $1 AND used_at IS NULL`, id); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO user_links (token_hash, user_id, expires_at)
			VALUES ($1, $2, $3)`, tokenHash(token), id, until); err != nil {
			return err
		}
		_, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "make a password link", Subject: fmt.Sprintf("user %d", id)})
		return err
	})
	return token, err
}

// UserOfLink is whom a link belongs to, while it is good.
func (s *Store) UserOfLink(ctx context.Context, token string, at time.Time) (User, error) {
	return s.userOfLink(ctx, s.db, token, at)
}

func (s *Store) userOfLink(ctx context.Context, q sqlx.QueryerContext, token string, at time.Time) (User, error) {
	u, err := oneUser(users(ctx, q, `
		WHERE NOT disabled AND id = (SELECT user_id FROM user_links WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2)`,
		tokenHash(token), at))
	if err != nil {
		return User{}, fmt.Errorf("password link: %w", err)
	}
	return u, nil
}

// SetPassword sets a password by a link, which is used up; every session of the
// account ends.
func (s *Store) SetPassword(ctx context.Context, token, hash string, at time.Time) error {
	return s.write(ctx, "set a password", func(tx *sqlx.Tx) error {
		u, err := s.userOfLink(ctx, tx, token, at)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `UPDATE user_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL`, tokenHash(token), at)
		if err != nil {
			return err
		}
		if err := one(res, "This link was used already."); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `
			UPDATE users
			SET password = $2, failures = 0, locked_to = NULL, version = version + 1
			WHERE id = $1`, u.ID, hash); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, u.ID); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: u.ID, Action: "set a password", Subject: fmt.Sprintf("user %d", u.ID)})
		return err
	})
}
