package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// Act is the door through which a case changes. The case is locked and loaded,
// do decides on it by a rule of package workflow, and the Change is applied
// whole. seen is the version that the page showed; 0 means "as it is now" and is
// for the service. When somebody was quicker the answer is ErrConflict, in words.
func (s *Store) Act(ctx context.Context, id workflow.CaseID, seen workflow.Version, do func(workflow.File) (workflow.Change, error)) (workflow.Case, error) {
	var after workflow.Case
	err := s.write(ctx, fmt.Sprintf("act on case %d", id), func(tx *sqlx.Tx) error {
		f, err := s.file(ctx, tx, id, true)
		if err != nil {
			return err
		}
		if seen != 0 && seen != f.Case.Version {
			return &workflow.Refusal{Kind: workflow.ErrConflict,
				Words: "Somebody changed this case after you opened it. Look at what they did, then try again: nothing of yours was saved."}
		}
		c, err := do(f)
		if err != nil {
			return err
		}
		if after, err = s.apply(ctx, tx, f, c); err != nil {
			return err
		}
		return nil
	})
	return after, err
}

// apply writes everything that a Change means. Nothing else changes a case.
func (s *Store) apply(ctx context.Context, tx *sqlx.Tx, f workflow.File, c workflow.Change) (workflow.Case, error) {
	if c.Case != f.Case.ID {
		return f.Case, fmt.Errorf("a change of case %d on case %d", c.Case, f.Case.ID)
	}
	c = f.Timed(c)
	cause, err := addEvent(ctx, tx, eventOf(f, c))
	if err != nil {
		return f.Case, err
	}
	a := applying{s, ctx, tx, f, c, cause}
	for _, step := range []func() error{a.note, a.person, a.facts, a.parties, a.records, a.panel, a.decision, a.removal,
		a.care, a.merge, a.letters, a.tasks, a.timers, a.alerts} {
		if err := step(); err != nil {
			return f.Case, err
		}
	}
	return a.theCase()
}

// applying is one Change on its way into the tables.
type applying struct {
	s     *Store
	ctx   context.Context
	tx    *sqlx.Tx
	f     workflow.File
	c     workflow.Change
	cause workflow.EventID
}

func (a applying) exec(what, query string, args ...any) error {
	if _, err := a.tx.ExecContext(a.ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (a applying) note() error {
	if a.c.Note == "" {
		return nil
	}
	return a.exec("note", `
		INSERT INTO notes (event_id, case_id, words)
		VALUES ($1, $2, $3)`, a.cause, a.c.Case, a.c.Note)
}

// theCase writes the case row last: state, flags, urgency, owner and version.
func (a applying) theCase() (workflow.Case, error) {
	k, c := a.f.Case, a.c
	if c.To != k.State {
		k.Before, k.State, k.Since = k.State, c.To, c.At
	}
	k.Closed = c.Closed
	if k.State == workflow.Closed && k.Closed == "" {
		k.Closed = a.f.Case.Closed
	}
	k.Flags = flags(k.Flags, c.Raise, c.Lower)
	if c.Urgency != "" {
		k.Urgency = c.Urgency
	}
	if c.Owner != nil {
		k.Owner = *c.Owner
	}
	if !c.OnRegister.IsZero() {
		k.OnRegister = c.OnRegister
	}
	if !c.NextReview.IsZero() {
		k.NextReview = c.NextReview
	}
	if c.Lead != nil {
		k.Lead, k.LeadNamed = c.Lead.Party, c.Lead.NamedBy
	}
	if !c.Keeps() {
		k.Version++
	}
	if c.Follows != 0 {
		k.Follows, k.PersonID = c.Follows, c.Person.ID
	}
	rating := a.f.Rating()
	if c.Rating != nil {
		rating = c.Rating.Rating
	}
	confirmed := a.f.Person.Confirmed
	if c.Person != nil {
		confirmed = c.Person.Confirmed
	}
	err := a.exec("case", `
		UPDATE cases
		SET state = $2, since = $3, before = $4, closed = $5, urgency = $6, flags = $7, owner = $8, version = $9,
		    on_register = $10, next_review = $11, lead = $12, lead_named = $13, rating = $14, person_confirmed = $15,
		    follows = $16, person_id = $17
		WHERE id = $1`, k.ID, string(k.State), k.Since, string(k.Before), string(k.Closed), string(k.Urgency), stringsOf(k.Flags),
		nullID(k.Owner), k.Version, nullDate(k.OnRegister), nullDate(k.NextReview), nullID(k.Lead), k.LeadNamed, string(rating), confirmed, nullID(k.Follows), k.PersonID)
	if isUnique(err, "cases_one_open") {
		return k, &workflow.Refusal{Kind: workflow.ErrConflict, Words: "This person already has an open case: settle first whether this is a duplicate."}
	}
	return k, err
}

func flags(now, raise, lower []workflow.Flag) []workflow.Flag {
	out := slices.Clone(now)
	for _, x := range raise {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return slices.DeleteFunc(out, func(x workflow.Flag) bool { return slices.Contains(lower, x) })
}

func stringsOf[T ~string](in []T) pq.StringArray {
	out := make(pq.StringArray, len(in))
	for i, x := range in {
		out[i] = string(x)
	}
	return out
}

func (a applying) person() error {
	p := a.c.Person
	if p == nil {
		return nil
	}
	return a.exec("person", `
		UPDATE people
		SET confirmed = $2, name = $3, known_as = $4, date_of_birth = $5, nhs_number = $6, needs = $7, deceased = $8, died_on = $9
		WHERE id = $1`, p.ID, p.Confirmed, p.Name, p.KnownAs, nullDate(p.DateOfBirth), nullText(p.NHSNumber),
		stringsOf(p.Needs), p.Deceased, nullDate(p.DiedOn))
}

// facts adds what people confirmed or typed; the value before stays, superseded.
func (a applying) facts() error {
	for _, x := range a.c.Fields {
		old := a.f.Facts[x.Field]
		if old.ID != 0 && old.Value == x.Value && slices.Equal(old.Values, x.Values) {
			if err := a.exec("confirm "+string(x.Field), `
				UPDATE facts
				SET confirmed_by = $2, confirmed_at = $3
				WHERE id = $1 AND confirmed_by IS NULL`, old.ID, a.c.By.ID, a.c.At); err != nil {
				return err
			}
			if err := a.supersede(x.Field, old.ID); err != nil {
				return err
			}
			continue
		}
		var id workflow.FactID
		err := a.tx.GetContext(a.ctx, &id, `
			INSERT INTO facts (case_id, field, value, list, method, confidence, note, proposed_by, proposed_at, confirmed_by, confirmed_at)
			VALUES ($1, $2, $3, $4, 'typed', 1, $5, $6, $7, $6, $7)
			RETURNING id`, a.c.Case, string(x.Field), x.Value, stringsOf(x.Values), x.Why, a.c.By.ID, a.c.At)
		if err != nil {
			return fmt.Errorf("field %s: %w", x.Field, err)
		}
		if err := a.supersede(x.Field, id); err != nil {
			return err
		}
	}
	return nil
}

func (a applying) supersede(field workflow.Field, by workflow.FactID) error {
	return a.exec("supersede "+string(field), `
		UPDATE facts
		SET superseded_by = $3
		WHERE case_id = $1 AND field = $2 AND id <> $3 AND superseded_by IS NULL`, a.c.Case, string(field), by)
}

func (a applying) parties() error {
	for _, p := range a.c.Parties {
		if err := a.party(p); err != nil {
			return err
		}
	}
	return nil
}

func (a applying) party(p workflow.Party) error {
	var confirmedBy any
	if p.Confirmed {
		confirmedBy = int64(a.c.By.ID)
	}
	args := []any{a.c.Case, string(p.Role), p.Name, p.KnownAs, p.Organisation, string(p.Sector), p.Email, p.Phone, p.Address,
		string(p.HasPR), p.Involved, p.Referrer, p.Confirmed, confirmedBy, string(p.MayWrite), p.OrdinaryOK, p.SafeToWrite,
		p.Blocked, p.BlockedWhy, stringsOf(p.Needs)}
	if p.ID == 0 {
		return a.exec("party", `
			INSERT INTO parties (case_id, role, name, known_as, organisation, sector, email, phone, address, has_pr, involved,
			    referrer, confirmed, confirmed_by, may_write, ordinary_ok, safe_to_write, blocked, blocked_why, needs)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`, args...)
	}
	return a.exec("party", `
		UPDATE parties
		SET role = $2, name = $3, known_as = $4, organisation = $5, sector = $6, email = $7, phone = $8, address = $9, has_pr = $10,
		    involved = $11, referrer = $12, confirmed = $13, confirmed_by = $14, may_write = $15, ordinary_ok = $16,
		    safe_to_write = $17, blocked = $18, blocked_why = $19, needs = $20, version = version + 1
		WHERE case_id = $1 AND id = $21`, append(args, p.ID)...)
}

// records adds the dated records: they are never changed.
func (a applying) records() error {
	id := a.c.Case
	for _, x := range a.c.Consents {
		if err := a.exec("consent", `
			INSERT INTO consents (case_id, about, decided_by, party, answer, evidence, words, child_view, settles, valid_from, valid_to, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, id, string(x.About), string(x.DecidedBy), nullID(x.Party),
			string(x.Answer), string(x.Evidence), x.Words, x.ChildView, x.Settles, x.From.String(), nullDate(x.Until), x.By, x.At); err != nil {
			return err
		}
	}
	for _, x := range a.c.Capacities {
		if err := a.exec("capacity", `
			INSERT INTO capacities (case_id, decision, assessor, assessor_role, understand, retain, weigh, tell, support, impairment,
			    outcome, on_day, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`, id, string(x.Decision), x.Assessor, x.Role,
			string(x.Understand), string(x.Retain), string(x.Weigh), string(x.Tell), x.Support, x.Impairment, string(x.Outcome),
			x.On.String(), x.By, x.At); err != nil {
			return err
		}
	}
	for _, x := range a.c.BestInterests {
		if err := a.exec("best interests", `
			INSERT INTO best_interests (case_id, decision, maker, consulted, wishes, options, in_favour, on_day, review_by, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, id, string(x.Decision), x.Maker, x.Consulted, x.Wishes, x.Options,
			x.InFavour, x.On.String(), nullDate(x.ReviewBy), x.By, x.At); err != nil {
			return err
		}
	}
	for _, x := range a.c.Contacts {
		if err := a.exec("contact", `
			INSERT INTO contacts (case_id, party, how, reached, words, next, next_by, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, id, x.Party, x.How, x.Reached, a.c.Note, x.Next, nullDate(x.NextBy), x.By, x.At); err != nil {
			return err
		}
	}
	if x := a.c.Rating; x != nil {
		return a.exec("rating", `
			INSERT INTO assessments (case_id, rating, reason, by_user, at)
			VALUES ($1, $2, $3, $4, $5)`, id, string(x.Rating), x.Reason, x.By, x.At)
	}
	return nil
}

func (a applying) panel() error {
	if x := a.c.Item; x != nil {
		if err := a.item(*x); err != nil {
			return err
		}
	}
	if x := a.c.Interest; x != nil {
		if err := a.exec("interest", `
			INSERT INTO interests (item_id, member, kind, words, exclude, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.f.Item.ID, x.Member, string(x.Kind), x.Words, x.Exclude, a.c.At); err != nil {
			return err
		}
	}
	if x := a.c.View; x != nil {
		return a.exec("view", `
			INSERT INTO views (item_id, member, words, dissent, at)
			VALUES ($1, $2, $3, $4, $5)`, a.f.Item.ID, x.Member, x.Words, x.Dissent, a.c.At)
	}
	return nil
}

func (a applying) item(x workflow.ItemChange) error {
	if x.State == workflow.Listed {
		return a.exec("agenda", `
			INSERT INTO panel_items (panel_id, case_id, state, listed_at)
			VALUES ($1, $2, 'listed', $3)`, x.Panel, a.c.Case, a.c.At)
	}
	return a.exec("agenda", `
		UPDATE panel_items
		SET state = $3, why = $4
		WHERE panel_id = $1 AND case_id = $2 AND state IN ('listed', 'opened')`, x.Panel, a.c.Case, string(x.State), x.Why)
}

func (a applying) decision() error {
	d := a.c.Decision
	if d == nil {
		return nil
	}
	recs, err := toJSON(d.Recommendations)
	if err != nil {
		return err
	}
	posts := make(pq.Int64Array, len(d.Signposts))
	for i, p := range d.Signposts {
		posts[i] = int64(p)
	}
	return a.exec("decision", `
		INSERT INTO decisions (case_id, item_id, outcome, reasons, text, recommendations, signposts, rating, rating_reason, lead,
		    lead_named, support, person_views, dissent, awaited, awaited_from, awaited_by, by_user, at, corrects)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		a.c.Case, nullID(d.Item), string(d.Outcome), stringsOf(d.Reasons), d.Text, recs, posts, string(d.Rating), d.RatingReason,
		nullID(d.Lead), d.LeadNamedBy, d.Support, d.PersonViews, d.Dissent, d.Awaited, d.From, nullDate(d.Due), d.By, d.At,
		nullID(d.Corrects))
}

func (a applying) removal() error {
	if r := a.c.Removal; r != nil {
		if r.ID == 0 {
			if err := a.exec("removal", `
				INSERT INTO removals (case_id, by_user, at, why, plan)
				VALUES ($1, $2, $3, $4, $5)`, a.c.Case, r.By, r.At, r.Why, r.Plan); err != nil {
				return err
			}
		} else if err := a.exec("removal", `
			UPDATE removals
			SET agreed_at = $2, ended = $3
			WHERE id = $1`, r.ID, nullTime(r.AgreedAt), r.Ended); err != nil {
			return err
		}
	}
	if x := a.c.Agreement; x != nil {
		if err := a.exec("agreement", `
			INSERT INTO agreements (removal_id, party, answer, words, by_user, at)
			VALUES ($1, $2, $3, $4, $5, $6)`, a.f.Removal.ID, x.Party, string(x.Answer), x.Words, x.By, x.At); err != nil {
			return err
		}
	}
	if a.c.To == workflow.Closed && a.f.Case.State != workflow.Closed {
		return a.exec("removal", `
			UPDATE removals
			SET ended = true
			WHERE case_id = $1`, a.c.Case)
	}
	return nil
}

func (a applying) tasks() error {
	for _, k := range a.c.Done {
		if err := a.exec("task", `
			UPDATE tasks
			SET done_at = $3, done_by = $4
			WHERE case_id = $1 AND kind = $2 AND done_at IS NULL`, a.c.Case, string(k), a.c.At, a.c.By.ID); err != nil {
			return err
		}
	}
	if a.c.To == workflow.Closed && a.f.Case.State != workflow.Closed {
		if err := a.exec("task", `
			UPDATE tasks
			SET done_at = $2, done_by = $3
			WHERE case_id = $1 AND done_at IS NULL
			      AND kind NOT IN ('act on a safeguarding concern', 'approve a letter', 'draft a letter', 'reach somebody whom no letter may go to')`,
			a.c.Case, a.c.At, a.c.By.ID); err != nil {
			return err
		}
	}
	for _, t := range a.c.Tasks {
		if err := a.exec("task", `
			INSERT INTO tasks (kind, case_id, owner, due_at, why, made_at)
			VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (kind, case_id) WHERE done_at IS NULL AND case_id IS NOT NULL
			DO UPDATE SET due_at = least(tasks.due_at, excluded.due_at)`, string(t.Kind), a.c.Case, nullID(t.Owner), t.Due, t.Why, a.c.At); err != nil {
			return err
		}
	}
	return nil
}

func (a applying) timers() error {
	if a.c.StopAllTimers {
		if err := a.exec("timers", `DELETE FROM timers WHERE case_id = $1`, a.c.Case); err != nil {
			return err
		}
	}
	for _, k := range a.c.StopTimers {
		if err := a.exec("timer", `DELETE FROM timers WHERE case_id = $1 AND kind = $2`, a.c.Case, string(k)); err != nil {
			return err
		}
	}
	for _, t := range a.c.Timers {
		if err := a.exec("timer", `
			INSERT INTO timers (case_id, kind, at)
			VALUES ($1, $2, $3)
			ON CONFLICT (case_id, kind) DO UPDATE SET at = excluded.at`, a.c.Case, string(t.Kind), t.At); err != nil {
			return err
		}
	}
	return nil
}

// due letters and what became of letters: see letters.go.
func (a applying) letters() error {
	for _, l := range a.c.Letters {
		if err := a.letterDue(l); err != nil {
			return err
		}
	}
	if x := a.c.Frozen; x != nil {
		if err := a.freeze(*x); err != nil {
			return err
		}
	}
	if x := a.c.Approval; x != nil {
		if err := a.approve(*x); err != nil {
			return err
		}
	}
	if x := a.c.Typed; x != nil {
		if err := a.typed(*x); err != nil {
			return err
		}
	}
	if x := a.c.Posted; x != nil {
		if err := a.posted(*x); err != nil {
			return err
		}
	}
	if a.c.SendBack != 0 {
		if err := a.exec("letter", `
			UPDATE letters
			SET state = 'due', bytes = NULL, words = NULL, sha256 = NULL
			WHERE id = $1 AND state = 'submitted'`, a.c.SendBack); err != nil {
			return err
		}
	}
	return a.stopLetters()
}

// stopLetters withdraws what has not left.
func (a applying) stopLetters() error {
	const unsent = ` AND state IN ('due', 'submitted', 'queued', 'retry', 'failed')`
	if a.c.StopLetter != 0 {
		res, err := a.tx.ExecContext(a.ctx, `UPDATE letters SET state = 'withdrawn' WHERE id = $1`+unsent, a.c.StopLetter)
		if err != nil {
			return fmt.Errorf("stop letter %d: %w", a.c.StopLetter, err)
		}
		// The sender takes letters without the case's lock: it may have been quicker.
		if err := one(res, "This letter has left, or is leaving now: it cannot be stopped."); err != nil {
			return err
		}
	}
	if len(a.c.StopKinds) > 0 {
		if err := a.exec("letters", `UPDATE letters SET state = 'withdrawn' WHERE case_id = $1 AND kind = any($2) AND cause <> $3`+unsent,
			a.c.Case, stringsOf(a.c.StopKinds), a.cause); err != nil {
			return err
		}
	}
	if !a.c.StopLetters {
		return nil
	}
	return a.exec("letters", `UPDATE letters SET state = 'withdrawn' WHERE case_id = $1 AND cause <> $2`+unsent, a.c.Case, a.cause)
}
