package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/essex-dsr/dsr/workflow"
)

// file loads all that a rule may look at. With lock the case row, then the
// person row, stay locked to the end of the transaction.
func (s *Store) file(ctx context.Context, q sqlx.ExtContext, id workflow.CaseID, lock bool) (workflow.File, error) {
	f := workflow.File{}
	for _, load := range []func(context.Context, sqlx.ExtContext, *workflow.File) error{
		func(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
			return loadCase(ctx, q, f, id, lock)
		},
		func(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
			return loadPerson(ctx, q, f, lock)
		},
		loadSettings, loadFacts, loadReferrals, loadParties, loadConsents, loadCapacities, loadBestInterests,
		loadContacts, loadRatings, loadItem, loadDecision, loadRemoval, loadLetters, loadTasks, loadSignposts, loadCare, loadMerge, loadPlan, loadResponsible, loadHistory,
	} {
		if err := load(ctx, q, &f); err != nil {
			return workflow.File{}, fmt.Errorf("load case %d: %w", id, err)
		}
	}
	return f, nil
}

func forUpdate(lock bool) string {
	if lock {
		return ` FOR UPDATE`
	}
	return ``
}

func loadCase(ctx context.Context, q sqlx.ExtContext, f *workflow.File, id workflow.CaseID, lock bool) error {
	c := &f.Case
	var flags pq.StringArray
	var owner, lead sql.NullInt64
	var onRegister, review sql.NullTime
	err := q.QueryRowxContext(ctx, `
		SELECT id, ref, person_id, state, since, before, closed, urgency, flags, owner, version,
		       received_at, on_register, next_review, lead, lead_named, coalesce(follows, 0)
		FROM cases
		WHERE id = $1`+forUpdate(lock), id).Scan(&c.ID, &c.Ref, &c.PersonID, &c.State, &c.Since, &c.Before, &c.Closed,
		&c.Urgency, &flags, &owner, &c.Version, &c.ReceivedAt, &onRegister, &review, &lead, &c.LeadNamed, &c.Follows)
	if err != nil {
		return none(err, "There is no such case.")
	}
	for _, x := range flags {
		c.Flags = append(c.Flags, workflow.Flag(x))
	}
	c.Owner, c.Lead = workflow.ActorID(owner.Int64), workflow.PartyID(lead.Int64)
	c.OnRegister, c.NextReview = day(onRegister), day(review)
	return nil
}

func loadPerson(ctx context.Context, q sqlx.ExtContext, f *workflow.File, lock bool) error {
	p := &f.Person
	var dob, died sql.NullTime
	var nhs sql.NullString
	err := q.QueryRowxContext(ctx, `
		SELECT id, confirmed, name, known_as, date_of_birth, nhs_number, needs, deceased, died_on
		FROM people
		WHERE id = $1`+forUpdate(lock), f.Case.PersonID).Scan(&p.ID, &p.Confirmed, &p.Name, &p.KnownAs, &dob, &nhs,
		(*pq.StringArray)(&p.Needs), &p.Deceased, &died)
	if err != nil {
		return none(err, "There is no such person.")
	}
	p.DateOfBirth, p.DiedOn, p.NHSNumber = day(dob), day(died), nhs.String
	return nil
}

func loadFacts(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	f.Facts = map[workflow.Field]workflow.Fact{}
	return each(ctx, q, `
		SELECT DISTINCT ON (field) id, field, value, list, confirmed_by IS NOT NULL
		FROM facts
		WHERE case_id = $1 AND superseded_by IS NULL
		ORDER BY field, (confirmed_by IS NOT NULL) DESC, confidence DESC, id DESC`, func(r *sqlx.Rows) error {
		var x workflow.Fact
		var name workflow.Field
		if err := r.Scan(&x.ID, &name, &x.Value, (*pq.StringArray)(&x.Values), &x.Confirmed); err != nil {
			return err
		}
		f.Facts[name] = x
		return nil
	}, f.Case.ID)
}

func loadReferrals(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, coalesce(message_id, 0), how, type, received_at, coalesce(told_to, 0)
		FROM referrals
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Referral
		if err := r.Scan(&x.ID, &x.MessageID, &x.How, &x.Type, &x.ReceivedAt, &x.ToldTo); err != nil {
			return err
		}
		f.Referrals = append(f.Referrals, x)
		return nil
	}, f.Case.ID)
}

func loadParties(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, role, name, known_as, organisation, sector, email, phone, address, has_pr, involved, referrer,
		       confirmed, may_write, ordinary_ok, safe_to_write, blocked, blocked_why, needs, version
		FROM parties
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var p workflow.Party
		err := r.Scan(&p.ID, &p.Role, &p.Name, &p.KnownAs, &p.Organisation, &p.Sector, &p.Email, &p.Phone, &p.Address, &p.HasPR,
			&p.Involved, &p.Referrer, &p.Confirmed, &p.MayWrite, &p.OrdinaryOK, &p.SafeToWrite, &p.Blocked, &p.BlockedWhy,
			(*pq.StringArray)(&p.Needs), &p.Version)
		if err != nil {
			return err
		}
		f.Parties = append(f.Parties, p)
		return nil
	}, f.Case.ID)
}

func loadConsents(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, about, decided_by, coalesce(party, 0), answer, evidence, words, child_view, settles, valid_from, valid_to, by_user, at
		FROM consents
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Consent
		var from, to sql.NullTime
		if err := r.Scan(&x.ID, &x.About, &x.DecidedBy, &x.Party, &x.Answer, &x.Evidence, &x.Words, &x.ChildView, &x.Settles, &from, &to, &x.By, &x.At); err != nil {
			return err
		}
		x.From, x.Until = day(from), day(to)
		f.Consents = append(f.Consents, x)
		return nil
	}, f.Case.ID)
}

func loadCapacities(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, decision, assessor, assessor_role, understand, retain, weigh, tell, support, impairment, outcome, on_day, by_user, at
		FROM capacities
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Capacity
		var on sql.NullTime
		if err := r.Scan(&x.ID, &x.Decision, &x.Assessor, &x.Role, &x.Understand, &x.Retain, &x.Weigh, &x.Tell, &x.Support,
			&x.Impairment, &x.Outcome, &on, &x.By, &x.At); err != nil {
			return err
		}
		x.On = day(on)
		f.Capacities = append(f.Capacities, x)
		return nil
	}, f.Case.ID)
}

func loadBestInterests(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, decision, maker, consulted, wishes, options, in_favour, on_day, review_by, by_user, at
		FROM best_interests
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.BestInterests
		var on, by sql.NullTime
		if err := r.Scan(&x.ID, &x.Decision, &x.Maker, &x.Consulted, &x.Wishes, &x.Options, &x.InFavour, &on, &by, &x.By, &x.At); err != nil {
			return err
		}
		x.On, x.ReviewBy = day(on), day(by)
		f.BestInterests = append(f.BestInterests, x)
		return nil
	}, f.Case.ID)
}

func loadContacts(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT party, how, reached, next, next_by, at, by_user
		FROM contacts
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Contact
		var by sql.NullTime
		if err := r.Scan(&x.Party, &x.How, &x.Reached, &x.Next, &by, &x.At, &x.By); err != nil {
			return err
		}
		x.NextBy = day(by)
		f.Contacts = append(f.Contacts, x)
		return nil
	}, f.Case.ID)
}

func loadRatings(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT rating, reason, by_user, at
		FROM assessments
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var x workflow.Assessment
		if err := r.Scan(&x.Rating, &x.Reason, &x.By, &x.At); err != nil {
			return err
		}
		f.Ratings = append(f.Ratings, x)
		return nil
	}, f.Case.ID)
}

// loadItem loads the live place on an agenda; while a decision waits for its
// letters, the item that it was decided on.
func loadItem(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var x workflow.PanelItem
	err := q.QueryRowxContext(ctx, `
		SELECT id, panel_id, state
		FROM panel_items
		WHERE case_id = $1 AND state IN ('listed', 'opened')
		ORDER BY id DESC
		LIMIT 1`, f.Case.ID).Scan(&x.ID, &x.Panel, &x.State)
	if err == sql.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	p, err := loadPanel(ctx, q, x.Panel)
	if err != nil {
		return err
	}
	f.Item, f.Panel = &x, &p
	err = each(ctx, q, `
		SELECT member, kind, words, exclude
		FROM interests
		WHERE item_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var i workflow.Interest
		if err := r.Scan(&i.Member, &i.Kind, &i.Words, &i.Exclude); err != nil {
			return err
		}
		x.Interests = append(x.Interests, i)
		return nil
	}, x.ID)
	if err != nil {
		return err
	}
	return each(ctx, q, `
		SELECT member, words, dissent
		FROM views
		WHERE item_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var v workflow.View
		if err := r.Scan(&v.Member, &v.Words, &v.Dissent); err != nil {
			return err
		}
		x.Views = append(x.Views, v)
		return nil
	}, x.ID)
}

// loadPanel loads a meeting with its members and how many items are on it.
func loadPanel(ctx context.Context, q sqlx.ExtContext, id workflow.PanelID) (workflow.Panel, error) {
	var p workflow.Panel
	err := q.QueryRowxContext(ctx, `
		SELECT p.id, p.kind, p.at, p.place, p.capacity, p.chair, p.closed, p.version,
		       (SELECT count(*) FROM panel_items i WHERE i.panel_id = p.id AND i.state <> 'taken off')
		FROM panels p
		WHERE p.id = $1`, id).Scan(&p.ID, &p.Kind, &p.At, &p.Place, &p.Capacity, &p.Chair, &p.Closed, &p.Version, &p.Listed)
	if err != nil {
		return workflow.Panel{}, none(err, "There is no such panel.")
	}
	err = each(ctx, q, `
		SELECT m.user_id, u.name, m.role, m.sector, m.present
		FROM panel_members m
		JOIN users u ON u.id = m.user_id
		WHERE m.panel_id = $1
		ORDER BY m.role, u.name`, func(r *sqlx.Rows) error {
		var m workflow.Member
		if err := r.Scan(&m.Actor, &m.Name, &m.Role, &m.Sector, &m.Present); err != nil {
			return err
		}
		p.Members = append(p.Members, m)
		return nil
	}, id)
	return p, err
}

func loadDecision(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var d workflow.Decision
	var reasons pq.StringArray
	var recs []byte
	var posts pq.Int64Array
	var due sql.NullTime
	err := q.QueryRowxContext(ctx, `
		SELECT id, outcome, coalesce(item_id, 0), reasons, text, recommendations::text, signposts, rating, rating_reason,
		       coalesce(lead, 0), lead_named, support, person_views, dissent, awaited, awaited_from, awaited_by, by_user, at,
		       coalesce(corrects, 0)
		FROM decisions
		WHERE case_id = $1
		ORDER BY id DESC
		LIMIT 1`, f.Case.ID).Scan(&d.ID, &d.Outcome, &d.Item, &reasons, &d.Text, &recs, &posts, &d.Rating, &d.RatingReason,
		&d.Lead, &d.LeadNamedBy, &d.Support, &d.PersonViews, &d.Dissent, &d.Awaited, &d.From, &due, &d.By, &d.At, &d.Corrects)
	if err == sql.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range reasons {
		d.Reasons = append(d.Reasons, workflow.ReasonCode(r))
	}
	for _, p := range posts {
		d.Signposts = append(d.Signposts, workflow.SignpostID(p))
	}
	d.Due = day(due)
	if err := json.Unmarshal(recs, &d.Recommendations); err != nil {
		return fmt.Errorf("recommendations of decision %d: %w", d.ID, err)
	}
	f.Decision = &d
	return each(ctx, q, `
		SELECT m.user_id
		FROM panel_members m
		JOIN panel_items i ON i.panel_id = m.panel_id
		WHERE i.id = $1 AND m.present`, func(r *sqlx.Rows) error {
		var id workflow.ActorID
		err := r.Scan(&id)
		d.Members = append(d.Members, id)
		return err
	}, nullID(d.Item))
}

func loadRemoval(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var x workflow.Removal
	var agreed sql.NullTime
	err := q.QueryRowxContext(ctx, `
		SELECT id, by_user, at, why, plan, agreed_at
		FROM removals
		WHERE case_id = $1 AND NOT ended`, f.Case.ID).Scan(&x.ID, &x.By, &x.At, &x.Why, &x.Plan, &agreed)
	if err == sql.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	x.AgreedAt = agreed.Time
	f.Removal = &x
	return each(ctx, q, `
		SELECT party, answer, words, by_user, at
		FROM agreements
		WHERE removal_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var a workflow.Agreement
		if err := r.Scan(&a.Party, &a.Answer, &a.Words, &a.By, &a.At); err != nil {
			return err
		}
		x.Answers = append(x.Answers, a)
		return nil
	}, x.ID)
}

func loadLetters(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, kind, coalesce(party, 0), address, content, state, sha256, asks, coalesce(submitted_by, 0), submitted_at,
		       coalesce(approved_by, 0), due_at, not_before, way, typed, coalesce(replaces, 0), sent_at
		FROM letters
		WHERE case_id = $1
		ORDER BY id`, func(r *sqlx.Rows) error {
		var l workflow.Letter
		var hash, typed []byte
		var submitted, sent sql.NullTime
		if err := r.Scan(&l.ID, &l.Kind, &l.Party, &l.To, &l.Content, &l.State, &hash, (*pq.StringArray)(&l.Asks), &l.SubmittedBy,
			&submitted, &l.ApprovedBy, &l.DueAt, &l.NotBefore, &l.Way, &typed, &l.Replaces, &sent); err != nil {
			return err
		}
		if err := json.Unmarshal(typed, &l.Typed); err != nil {
			return fmt.Errorf("letter %d: %w", l.ID, err)
		}
		copy(l.Hash[:], hash)
		l.SubmittedAt, l.SentAt = submitted.Time, sent.Time
		f.Letters = append(f.Letters, l)
		return nil
	}, f.Case.ID)
}

func loadTasks(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	return each(ctx, q, `
		SELECT id, kind, due_at
		FROM tasks
		WHERE case_id = $1 AND done_at IS NULL
		ORDER BY due_at`, func(r *sqlx.Rows) error {
		var t workflow.Task
		if err := r.Scan(&t.ID, &t.Kind, &t.Due); err != nil {
			return err
		}
		f.Tasks = append(f.Tasks, t)
		return nil
	}, f.Case.ID)
}

// loadSignposts loads the directory: a few dozen entries, of which the rules
// look only at those that an action names.
func loadSignposts(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var err error
	f.Signposts, err = signposts(ctx, q)
	return err
}

func signposts(ctx context.Context, q sqlx.ExtContext) ([]workflow.Signpost, error) {
	var out []workflow.Signpost
	err := each(ctx, q, `
		SELECT id, name, what_for, age_from, age_to, areas, needs, how, phone, email, web, hours, easy_read, source,
		       verified_on, verified_by, review_by, retired, version
		FROM signposts
		ORDER BY name, id`, func(r *sqlx.Rows) error {
		var x workflow.Signpost
		var on, by sql.NullTime
		if err := r.Scan(&x.ID, &x.Name, &x.For, &x.AgeFrom, &x.AgeTo, (*pq.StringArray)(&x.Areas), (*pq.StringArray)(&x.Needs),
			&x.How, &x.Phone, &x.Email, &x.Web, &x.Hours, &x.EasyRead, &x.Source, &on, &x.VerifiedBy, &by, &x.Retired, &x.Version); err != nil {
			return err
		}
		x.VerifiedOn, x.ReviewBy = day(on), day(by)
		out = append(out, x)
		return nil
	})
	return out, err
}

func loadSettings(ctx context.Context, q sqlx.ExtContext, f *workflow.File) error {
	var err error
	f.Settings, _, err = settings(ctx, q)
	return err
}

// settings are the team's, over the defaults for what the team never changed.
func settings(ctx context.Context, q sqlx.ExtContext) (workflow.Settings, workflow.Version, error) {
	out := workflow.DefaultSettings()
	var value []byte
	var version workflow.Version
	err := q.QueryRowxContext(ctx, `
		SELECT value::text, version
		FROM settings
		WHERE name = 'team'`).Scan(&value, &version)
	if err == sql.ErrNoRows {
		return out, 0, nil
	}
	if err != nil {
		return out, 0, fmt.Errorf("settings: %w", err)
	}
	if err := json.Unmarshal(value, &out); err != nil {
		return out, 0, fmt.Errorf("settings: %w", err)
	}
	return out, version, nil
}

// each runs a query and calls fn for every row.
func each(ctx context.Context, q sqlx.QueryerContext, query string, fn func(*sqlx.Rows) error, args ...any) error {
	rows, err := q.QueryxContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// File loads a case for a rule to look at, without a lock and without an event:
// for the service itself. Pages use Open.
func (s *Store) File(ctx context.Context, id workflow.CaseID) (workflow.File, error) {
	return s.file(ctx, s.db, id, false)
}

// Open is reading a case: its file, and an event that says who read it.
func (s *Store) Open(ctx context.Context, id workflow.CaseID, by workflow.Actor, at time.Time) (workflow.File, error) {
	var f workflow.File
	err := s.write(ctx, "open case", func(tx *sqlx.Tx) error {
		var err error
		if f, err = s.file(ctx, tx, id, false); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "read", Case: id})
		return err
	})
	return f, err
}

// CaseByRef finds a case by its reference.
func (s *Store) CaseByRef(ctx context.Context, ref string) (workflow.CaseID, error) {
	var id workflow.CaseID
	err := s.db.GetContext(ctx, &id, `
		SELECT id
		FROM cases
		WHERE ref = upper($1)`, ref)
	if err != nil {
		return 0, none(err, "There is no case with this reference.")
	}
	return id, nil
}
