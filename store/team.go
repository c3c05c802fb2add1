package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// User is an account. Passwords are argon2id hashes made by the caller.
type User struct {
	ID       workflow.ActorID
	Email    string
	Name     string
	Roles    []workflow.Role
	Password string
	Disabled bool
	Failures int
	LockedTo time.Time
	SignedIn time.Time
	Version  workflow.Version
}

// Actor is the user as the one who acts.
func (u User) Actor() workflow.Actor { return workflow.Actor{ID: u.ID, Name: u.Name, Roles: u.Roles} }

const userColumns = `
		SELECT id, email, name, roles, password, disabled, failures, locked_to, signed_in, version
		FROM users`

func users(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]User, error) {
	var out []User
	err := each(ctx, q, userColumns+where, func(r *sqlx.Rows) error {
		var u User
		var roles pq.StringArray
		var locked, signed sql.NullTime
		if err := r.Scan(&u.ID, &u.Email, &u.Name, &roles, &u.Password, &u.Disabled, &u.Failures, &locked, &signed, &u.Version); err != nil {
			return err
		}
		for _, x := range roles {
			u.Roles = append(u.Roles, workflow.Role(x))
		}
		u.LockedTo, u.SignedIn = locked.Time, signed.Time
		out = append(out, u)
		return nil
	}, args...)
	return out, err
}

// Users lists the accounts by name.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	return users(ctx, s.db, ` ORDER BY name, id`)
}

// User loads one account.
func (s *Store) User(ctx context.Context, id workflow.ActorID) (User, error) {
	return oneUser(users(ctx, s.db, ` WHERE id = $1`, id))
}

// UserByEmail finds an account by its address.
func (s *Store) UserByEmail(ctx context.Context, email string) (User, error) {
	return oneUser(users(ctx, s.db, ` WHERE email = $1`, strings.ToLower(strings.TrimSpace(email))))
}

func oneUser(list []User, err error) (User, error) {
	if err != nil {
		return User{}, fmt.Errorf("account: %w", err)
	}
	if len(list) == 0 {
		return User{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such account."}
	}
	return list[0], nil
}

// SaveUser adds an account (ID 0) or changes one. by may be the service: the
// first account is made from the command line.
func (s *Store) SaveUser(ctx context.Context, by workflow.Actor, at time.Time, u User) (workflow.ActorID, error) {
	u.Email, u.Name = strings.ToLower(strings.TrimSpace(u.Email)), strings.TrimSpace(u.Name)
	if err := checkUser(by, u); err != nil {
		return 0, err
	}
	err := s.write(ctx, "save account", func(tx *sqlx.Tx) error {
		action := workflow.Action("change an account")
		if u.ID == 0 {
			action = "add an account"
			err := tx.GetContext(ctx, &u.ID, `
				INSERT INTO users (email, name, roles, password)
				VALUES ($1, $2, $3, $4)
				RETURNING id`, u.Email, u.Name, stringsOf(u.Roles), u.Password)
			if isUnique(err, "users_email_key") {
				return &workflow.Refusal{Kind: workflow.ErrConflict, Field: "email", Words: "There is already an account with this email address."}
			}
			if err != nil {
				return err
			}
		} else {
			res, err := tx.ExecContext(ctx, `
				UPDATE users
				SET email = $2, name = $3, roles = $4, disabled = $5, password = CASE WHEN $6 = '' THEN password ELSE $6 END,
				    failures = 0, locked_to = NULL, version = version + 1
				WHERE id = $1 AND ($7 = 0 OR version = $7)`, u.ID, u.Email, u.Name, stringsOf(u.Roles), u.Disabled, u.Password, u.Version)
			if err != nil {
				return err
			}
			if err := one(res, "Somebody changed this account meanwhile."); err != nil {
				return err
			}
		}
		if u.Disabled || u.Password != "" {
			if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, u.ID); err != nil {
				return err
			}
		}
		_, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: action, Subject: fmt.Sprintf("user %d", u.ID)})
		return err
	})
	return u.ID, err
}

func checkUser(by workflow.Actor, u User) error {
	invalid := func(field, words string) error {
		return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: field, Words: words}
	}
	switch {
	case by.IsPerson() && !by.Has(workflow.Admin, workflow.Manager):
		return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Only an administrator or the manager changes accounts."}
	case strings.Count(u.Email, "@") != 1:
		return invalid("email", "Enter one email address, like name@example.org.")
	case u.Name == "":
		return invalid("name", "Enter a name.")
	case len(u.Roles) == 0:
		return invalid("roles", "Choose at least one role.")
	case u.Disabled && u.ID == by.ID:
		return invalid("disabled", "You cannot disable your own account.")
	}
	for _, r := range u.Roles {
		if !slices.Contains(workflow.Roles(), r) {
			return invalid("roles", "Choose roles from the list.")
		}
	}
	return nil
}

// SignedIn notes a sign-in, good or failed; after ten failures the account is
// locked for a quarter of an hour.
func (s *Store) SignedIn(ctx context.Context, id workflow.ActorID, at time.Time, good bool) error {
	return s.write(ctx, "note a sign-in", func(tx *sqlx.Tx) error {
		action := workflow.Action("sign in")
		if good {
			if _, err := tx.ExecContext(ctx, `
				UPDATE users
				SET failures = 0, locked_to = NULL, signed_in = $2
				WHERE id = $1`, id, at); err != nil {
				return err
			}
		} else {
			action = "sign in failed"
			if _, err := tx.ExecContext(ctx, `
				UPDATE users
				SET failures = failures + 1, locked_to = CASE WHEN failures + 1 >= 10 THEN $2::timestamptz ELSE locked_to END
				WHERE id = $1`, id, at.Add(15*time.Minute)); err != nil {
				return err
			}
		}
		_, err := addEvent(ctx, tx, event{At: at, Actor: id, Action: action, Subject: fmt.Sprintf("user %d", id)})
		return err
	})
}

// Settings are the team's, with the version that a form must show.
func (s *Store) Settings(ctx context.Context) (workflow.Settings, workflow.Version, error) {
	return settings(ctx, s.db)
}

// SaveSettings changes the team's settings; the manager or an administrator may.
func (s *Store) SaveSettings(ctx context.Context, by workflow.Actor, at time.Time, seen workflow.Version, x workflow.Settings) error {
	if by.IsPerson() && !by.Has(workflow.Manager, workflow.Admin) {
		return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Only the manager or an administrator changes settings."}
	}
	if err := x.Check(); err != nil {
		return err
	}
	value, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.write(ctx, "save settings", func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			INSERT INTO settings (name, value, changed_by, changed_at)
			VALUES ('team', $1, $2, $3)
			ON CONFLICT (name) DO UPDATE
			SET value = excluded.value, changed_by = excluded.changed_by, changed_at = excluded.changed_at, version = settings.version + 1
			WHERE settings.version = $4`, string(value), by.ID, at, seen)
		if err != nil {
			return err
		}
		if err := one(res, "Somebody changed the settings meanwhile: look at them, then try again."); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "change settings", Subject: "settings"})
		return err
	})
}

// Signposts lists the directory.
func (s *Store) Signposts(ctx context.Context) ([]workflow.Signpost, error) {
	return signposts(ctx, s.db)
}

// SaveSignpost adds an entry (ID 0) or changes one. An entry whose words changed
// is unverified again, unless the change is the verification itself.
func (s *Store) SaveSignpost(ctx context.Context, by workflow.Actor, at time.Time, x workflow.Signpost) (workflow.SignpostID, error) {
	if by.IsPerson() && !by.Has(workflow.Coordinator, workflow.Practitioner, workflow.Manager) {
		return 0, &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Only the team changes the directory."}
	}
	if strings.TrimSpace(x.Name) == "" || strings.TrimSpace(x.For) == "" {
		return 0, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "name", Words: "Enter a name and what the service is for."}
	}
	err := s.write(ctx, "save signpost", func(tx *sqlx.Tx) error {
		if err := unverifyChanged(ctx, tx, &x); err != nil {
			return err
		}
		args := []any{x.Name, x.For, x.AgeFrom, x.AgeTo, stringsOf(x.Areas), stringsOf(x.Needs), x.How, x.Phone, x.Email, x.Web,
			x.Hours, x.EasyRead, x.Source, nullDate(x.VerifiedOn), x.VerifiedBy, nullDate(x.ReviewBy), x.Retired}
		action := workflow.Action("change a signpost")
		if x.ID == 0 {
			action = "add a signpost"
			err := tx.GetContext(ctx, &x.ID, `
				INSERT INTO signposts (name, what_for, age_from, age_to, areas, needs, how, phone, email, web, hours, easy_read, source,
				    verified_on, verified_by, review_by, retired)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
				RETURNING id`, args...)
			if err != nil {
				return err
			}
		} else {
			res, err := tx.ExecContext(ctx, `
				UPDATE signposts
				SET name = $1, what_for = $2, age_from = $3, age_to = $4, areas = $5, needs = $6, how = $7, phone = $8, email = $9,
				    web = $10, hours = $11, easy_read = $12, source = $13, verified_on = $14, verified_by = $15, review_by = $16,
				    retired = $17, version = version + 1
				WHERE id = $18 AND version = $19`, append(args, x.ID, x.Version)...)
			if err != nil {
				return err
			}
			if err := one(res, "Somebody changed this entry meanwhile."); err != nil {
				return err
			}
		}
		_, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: action, Subject: fmt.Sprintf("signpost %d", x.ID)})
		return err
	})
	return x.ID, err
}

// unverifyChanged takes the verification from an entry whose words are not those
// that were verified, whoever asks.
func unverifyChanged(ctx context.Context, tx *sqlx.Tx, x *workflow.Signpost) error {
	if x.ID == 0 {
		return nil
	}
	all, err := signposts(ctx, tx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(y workflow.Signpost) bool { return y.ID == x.ID })
	if i < 0 {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such entry."}
	}
	if !x.SameWords(all[i]) {
		*x = x.Changed(all[i])
	}
	return nil
}

// SavePanel adds a meeting (ID 0) or changes one: its date, members, who is
// there, and whether it is over.
func (s *Store) SavePanel(ctx context.Context, by workflow.Actor, at time.Time, p workflow.Panel) (workflow.PanelID, error) {
	if err := p.Check(by, at); err != nil {
		return 0, err
	}
	err := s.write(ctx, "save panel", func(tx *sqlx.Tx) error {
		if p.ID == 0 {
			err := tx.GetContext(ctx, &p.ID, `
				INSERT INTO panels (kind, at, place, capacity, chair)
				VALUES ($1, $2, $3, $4, $5)
				RETURNING id`, string(p.Kind), p.At, p.Place, p.Capacity, p.Chair)
			if err != nil {
				return err
			}
		} else {
			res, err := tx.ExecContext(ctx, `
				UPDATE panels
				SET kind = $2, at = $3, place = $4, capacity = $5, chair = $6, closed = $7, version = version + 1
				WHERE id = $1 AND version = $8`, p.ID, string(p.Kind), p.At, p.Place, p.Capacity, p.Chair, p.Closed, p.Version)
			if err != nil {
				return err
			}
			if err := one(res, "Somebody changed this panel meanwhile."); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM panel_members WHERE panel_id = $1`, p.ID); err != nil {
			return err
		}
		for _, m := range p.Members {
			_, err := tx.ExecContext(ctx, `
				INSERT INTO panel_members (panel_id, user_id, role, sector, present)
				VALUES ($1, $2, $3, $4, $5)`, p.ID, m.Actor, string(m.Role), string(m.Sector), m.Present)
			if err != nil {
				return err
			}
		}
		_, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "save a panel", Subject: fmt.Sprintf("panel %d", p.ID)})
		return err
	})
	return p.ID, err
}

// Panel loads one meeting.
func (s *Store) Panel(ctx context.Context, id workflow.PanelID) (workflow.Panel, error) {
	p, err := loadPanel(ctx, s.db, id)
	if err != nil {
		return p, fmt.Errorf("panel %d: %w", id, err)
	}
	return p, nil
}

// Panels lists meetings, the next first, then those that are over.
func (s *Store) Panels(ctx context.Context) ([]workflow.Panel, error) {
	var ids []workflow.PanelID
	err := s.db.SelectContext(ctx, &ids, `
		SELECT id
		FROM panels
		ORDER BY closed, at, id
		LIMIT 200`)
	if err != nil {
		return nil, fmt.Errorf("panels: %w", err)
	}
	out := make([]workflow.Panel, len(ids))
	for i, id := range ids {
		if out[i], err = loadPanel(ctx, s.db, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
