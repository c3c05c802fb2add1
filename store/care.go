package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// care writes what is recorded of the support somebody gets.
func (a applying) care() error {
	if x := a.c.CETR; x != nil {
		if err := a.exec("review step", `
			INSERT INTO cetrs (case_id, state, on_day, words, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.c.Case, string(x.State), x.On.String(), x.Words, x.By, x.At); err != nil {
			return err
		}
	}
	if x := a.c.Keyworker; x != nil {
		if err := a.exec("keyworker step", `
			INSERT INTO keyworkers (case_id, state, name, on_day, words, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, a.c.Case, string(x.State), x.Name, x.On.String(), x.Words, x.By, x.At); err != nil {
			return err
		}
	}
	if x := a.c.Responsible; x != nil {
		if err := a.exec("who is responsible", `
			INSERT INTO responsible (case_id, organisation_id, from_day, why, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.c.Case, x.Organisation.ID, x.From.String(), x.Why, x.By, x.At); err != nil {
			return err
		}
	}
	if err := a.plan(); err != nil {
		return err
	}
	return a.shares()
}

func (a applying) plan() error {
	for _, x := range a.c.Plan {
		if err := a.exec("plan", `
			INSERT INTO plan_items (case_id, what, who, due, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.c.Case, x.What, x.Who, x.Due.String(), x.By, x.At); err != nil {
			return err
		}
	}
	for _, x := range a.c.PlanEnds {
		if err := a.exec("plan", `
			UPDATE plan_items
			SET ended_at = $3, ended_by = $4, done = $5, outcome = $6
			WHERE case_id = $1 AND id = $2 AND ended_at IS NULL`, a.c.Case, x.ID, a.c.At, a.c.By.ID, x.Done, x.Outcome); err != nil {
			return err
		}
	}
	return nil
}

func (a applying) shares() error {
	for _, x := range a.c.Shares {
		if err := a.exec("share", `
			INSERT INTO shares (case_id, party, sector, fields, basis, why, letter, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, a.c.Case, x.Party, string(x.Sector), stringsOf(x.Fields), string(x.Basis), x.Why,
			nullID(x.Letter), x.By, x.At); err != nil {
			return err
		}
	}
	for _, id := range a.c.SharesStopped {
		if err := a.exec("share", `
			UPDATE shares
			SET stopped_at = $3, stopped_why = $4
			WHERE case_id = $1 AND id = $2 AND stopped_at IS NULL`, a.c.Case, id, a.c.At, a.c.SharesStoppedWhy); err != nil {
			return err
		}
	}
	for _, id := range a.c.SharesTold {
		if err := a.exec("share", `
			UPDATE shares
			SET told_at = $3
			WHERE case_id = $1 AND id = $2`, a.c.Case, id, a.c.At); err != nil {
			return err
		}
	}
	return nil
}

// alerts tell the duty list; they name the case by its reference only.
func (a applying) alerts() error {
	for _, kind := range a.c.Alerts {
		if err := a.exec("alert", `
			INSERT INTO alerts (kind, case_id, made_at, next_try)
			VALUES ($1, $2, $3, $3)`, kind, a.c.Case, a.c.At); err != nil {
			return err
		}
	}
	return nil
}

// loadCare loads the newest step of reviews and keyworkers.
func loadCare(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var on sql.NullTime
	x := &f.CETR
	err := q.QueryRowxContext(ctx, `
		SELECT state, on_day, words, by_user, at
		FROM cetrs
		WHERE case_id = $1
		ORDER BY id DESC
		LIMIT 1`, f.Case.ID).Scan(&x.State, &on, &x.Words, &x.By, &x.At)
	if err != nil && err != sql.ErrNoRows {
		return fmt.Errorf("review steps: %w", err)
	}
	x.On = day(on)
	k := &f.Keyworker
	on = sql.NullTime{}
	err = q.QueryRowxContext(ctx, `
		SELECT state, name, on_day, words, by_user, at
		FROM keyworkers
		WHERE case_id = $1
		ORDER BY id DESC
		LIMIT 1`, f.Case.ID).Scan(&k.State, &k.Name, &on, &k.Words, &k.By, &k.At)
	if err != nil && err != sql.ErrNoRows {
		return fmt.Errorf("keyworker steps: %w", err)
	}
	k.On = day(on)
	return nil
}

// loadHistory loads the changes of state, and when the case was last looked at.
func loadHistory(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	err := each(ctx, q, `
		SELECT to_state, at
		FROM events
		WHERE case_id = $1 AND to_state <> '' AND to_state <> from_state
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Step
		err := r.Scan(&x.To, &x.At)
		f.History = append(f.History, x)
		return err
	}, f.Case.ID)
	if err != nil {
		return err
	}
	var read, crisis sql.NullTime
	err = q.QueryRowxContext(ctx, `
		SELECT (SELECT max(at) FROM events WHERE case_id = $1 AND actor <> 0),
		       (SELECT max(m.received_at) FROM case_messages j JOIN messages m ON m.id = j.message_id WHERE j.case_id = $1 AND m.urgency = 'crisis')`,
		f.Case.ID).Scan(&read, &crisis)
	f.ReadAt, f.CrisisAt = read.Time, crisis.Time
	return err
}

// loadPlan loads the support plan, what was shared, and who answers for the person.
func loadPlan(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	err := each(ctx, q, `
		SELECT id, what, who, due, by_user, at, ended_at, done, outcome
		FROM plan_items
		WHERE case_id = $1
		ORDER BY due, id`, func(r *sqlx.Rows) error {
		var x workflow.PlanItem
		var due, ended sql.NullTime
		err := r.Scan(&x.ID, &x.What, &x.Who, &due, &x.By, &x.At, &ended, &x.Done, &x.Outcome)
		x.Due, x.EndedAt = day(due), ended.Time
		f.Plan = append(f.Plan, x)
		return err
	}, f.Case.ID)
	if err != nil {
		return err
	}
	return each(ctx, q, `
		SELECT id, party, sector, fields, basis, why, coalesce(letter, 0), by_user, at, stopped_at, stopped_why, told_at
		FROM shares
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Share
		var stopped, told sql.NullTime
		err := r.Scan(&x.ID, &x.Party, &x.Sector, (*pq.StringArray)(&x.Fields), &x.Basis, &x.Why, &x.Letter, &x.By, &x.At, &stopped, &x.StoppedWhy, &told)
		x.StoppedAt, x.ToldAt = stopped.Time, told.Time
		f.Shares = append(f.Shares, x)
		return err
	}, f.Case.ID)
}

func loadResponsible(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	known := map[workflow.OrganisationID]workflow.Organisation{}
	err := each(ctx, q, `
		SELECT id, kind, name, code, valid_from, valid_to
		FROM organisations
		ORDER BY kind, valid_to NULLS FIRST, name`, func(r *sqlx.Rows) error {
		var x workflow.Organisation
		var from, to sql.NullTime
		err := r.Scan(&x.ID, &x.Kind, &x.Name, &x.Code, &from, &to)
		x.ValidFrom, x.ValidTo = day(from), day(to)
		known[x.ID] = x
		f.Organisations = append(f.Organisations, x)
		return err
	})
	if err != nil {
		return err
	}
	return each(ctx, q, `
		SELECT organisation_id, from_day, why, by_user, at
		FROM responsible
		WHERE case_id = $1
		ORDER BY from_day, id`, func(r *sqlx.Rows) error {
		var x workflow.Responsibility
		var id workflow.OrganisationID
		var from sql.NullTime
		err := r.Scan(&id, &from, &x.Why, &x.By, &x.At)
		x.Organisation, x.From = known[id], day(from)
		f.Responsible = append(f.Responsible, x)
		return err
	}, f.Case.ID)
}
