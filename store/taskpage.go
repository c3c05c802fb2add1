package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/essex-dsr/dsr/workflow"
)

// TaskRow is a task as lists show it, with what it is about.
type TaskRow struct {
	ID        workflow.TaskID
	Kind      workflow.TaskKind
	Case      workflow.CaseID
	Ref       string
	Person    string
	Urgency   workflow.Urgency
	Message   workflow.MessageID
	Subject   string // of the message
	Letter    workflow.LetterID
	Signpost  workflow.SignpostID
	Owner     workflow.ActorID // of the task, else of its case
	OwnerName string
	Due       time.Time
	Why       string
	DoneAt    time.Time
	DoneBy    string
}

// TaskList says which tasks a list is of.
type TaskList struct {
	Owner   workflow.ActorID // of this person; 0: whoever's
	Nobody  bool             // that nobody has
	Overdue time.Time        // due before; zero: whenever
	Done    bool             // those that are done, the newest first
	Limit   int
	Offset  int
}

// A task without an owner of its own is the owner's of its case.
const taskTables = `
		FROM tasks t
		LEFT JOIN cases c ON c.id = t.case_id
		LEFT JOIN people p ON p.id = c.person_id
		LEFT JOIN messages m ON m.id = t.message_id
		LEFT JOIN users u ON u.id = coalesce(t.owner, c.owner)
		LEFT JOIN users d ON d.id = t.done_by
		WHERE (t.done_at IS NOT NULL) = $1
		      AND ($2 = 0 OR coalesce(t.owner, c.owner) = $2)
		      AND (NOT $3 OR coalesce(t.owner, c.owner) IS NULL)
		      AND ($4::timestamptz IS NULL OR t.due_at < $4)`

const taskColumns = `
		SELECT t.id, t.kind, coalesce(t.case_id, 0), coalesce(c.ref, ''),
		       coalesce(nullif(p.name, ''), (
		           SELECT f.value
		           FROM facts f
		           WHERE f.case_id = c.id AND f.field = 'person.name' AND f.superseded_by IS NULL
		           ORDER BY (f.confirmed_by IS NOT NULL) DESC, f.confidence DESC, f.id DESC
		           LIMIT 1), ''),
		       coalesce(c.urgency, m.urgency, ''), coalesce(t.message_id, 0), coalesce(m.subject, ''), coalesce(t.letter_id, 0),
		       coalesce(t.signpost_id, 0), coalesce(u.id, 0), coalesce(u.name, ''), t.due_at, t.why, t.done_at,
		       CASE WHEN t.done_at IS NULL THEN '' ELSE coalesce(d.name, 'the service') END`

func scanTask(r interface{ Scan(...any) error }) (TaskRow, error) {
	var t TaskRow
	var done sql.NullTime
	err := r.Scan(&t.ID, &t.Kind, &t.Case, &t.Ref, &t.Person, &t.Urgency, &t.Message, &t.Subject, &t.Letter, &t.Signpost,
		&t.Owner, &t.OwnerName, &t.Due, &t.Why, &done, &t.DoneBy)
	t.DoneAt = done.Time
	return t, err
}

func (l TaskList) args() []any {
	return []any{l.Done, int64(l.Owner), l.Nobody, nullTime(l.Overdue)}
}

// Tasks lists tasks: of crises first, then by what is due. It also tells how many
// there are.
func (s *Store) Tasks(ctx context.Context, l TaskList) ([]TaskRow, int, error) {
	total, err := s.countTasks(ctx, l)
	if err != nil {
		return nil, 0, err
	}
	order := `
		ORDER BY (coalesce(c.urgency, m.urgency, '') = 'crisis') DESC, t.due_at, t.id`
	if l.Done {
		order = `
		ORDER BY t.done_at DESC, t.id DESC`
	}
	var out []TaskRow
	err = each(ctx, s.db, taskColumns+taskTables+order+`
		LIMIT $5 OFFSET $6`, func(r *sqlx.Rows) error {
		t, err := scanTask(r)
		out = append(out, t)
		return err
	}, append(l.args(), l.Limit, l.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list tasks: %w", err)
	}
	return out, total, nil
}

func (s *Store) countTasks(ctx context.Context, l TaskList) (int, error) {
	var n int
	if err := s.db.GetContext(ctx, &n, `SELECT count(*)`+taskTables, l.args()...); err != nil {
		return 0, fmt.Errorf("count tasks: %w", err)
	}
	return n, nil
}

// TaskCounts is how many open tasks there are.
type TaskCounts struct{ Mine, Nobody, All, Overdue int }

// TaskCounts counts the open tasks.
func (s *Store) TaskCounts(ctx context.Context, of workflow.ActorID, at time.Time) (TaskCounts, error) {
	var c TaskCounts
	err := s.db.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE coalesce(t.owner, c.owner) = $1),
		       count(*) FILTER (WHERE coalesce(t.owner, c.owner) IS NULL),
		       count(*),
		       count(*) FILTER (WHERE t.due_at < $2)
		FROM tasks t
		LEFT JOIN cases c ON c.id = t.case_id
		WHERE t.done_at IS NULL`, of, at).Scan(&c.Mine, &c.Nobody, &c.All, &c.Overdue)
	if err != nil {
		return c, fmt.Errorf("count tasks: %w", err)
	}
	return c, nil
}

// Task loads one task, open or done.
func (s *Store) Task(ctx context.Context, id workflow.TaskID) (TaskRow, error) {
	return loadTask(ctx, s.db, id)
}

func loadTask(ctx context.Context, q sqlx.QueryerContext, id workflow.TaskID) (TaskRow, error) {
	var done bool
	if err := sqlx.GetContext(ctx, q, &done, `SELECT done_at IS NOT NULL FROM tasks WHERE id = $1`, id); err != nil {
		return TaskRow{}, fmt.Errorf("task %d: %w", id, none(err, "There is no such task."))
	}
	t, err := scanTask(q.QueryRowxContext(ctx, taskColumns+taskTables+` AND t.id = $5`, append(TaskList{Done: done}.args(), id)...))
	if err != nil {
		return t, fmt.Errorf("task %d: %w", id, none(err, "Somebody changed this task meanwhile."))
	}
	return t, nil
}

// FinishTask records that what a task asked for was done, in whose words. A
// task of a case is finished through the case's door, that of a routed message
// through the message's.
func (s *Store) FinishTask(ctx context.Context, by workflow.Actor, at time.Time, id workflow.TaskID, words string) error {
	t, err := s.Task(ctx, id)
	switch {
	case err != nil:
		return err
	case !t.DoneAt.IsZero():
		return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "Somebody has done this task already."}
	case t.Case != 0:
		_, err = s.Act(ctx, t.Case, 0, func(f workflow.File) (workflow.Change, error) { return f.FinishTask(by, at, t.Kind, words) })
		return err
	case t.Kind == workflow.TaskRouted:
		return s.MoveMessage(ctx, t.Message, EndRouted, func(m workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
			return m.Finish(by, at, words)
		})
	}
	return s.finishOther(ctx, by, at, t, words)
}

// finishOther ends a task that belongs to no case: an acknowledgement by hand of
// a mail, a letter without a case, an entry of the directory.
func (s *Store) finishOther(ctx context.Context, by workflow.Actor, at time.Time, t TaskRow, words string) error {
	if err := workflow.MayFinish(by, words); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("finish task %d", t.ID), func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `
			UPDATE tasks
			SET done_at = $2, done_by = $3
			WHERE id = $1 AND done_at IS NULL`, t.ID, at, by.ID)
		if err != nil {
			return err
		}
		if err := one(res, "Somebody has done this task already."); err != nil {
			return err
		}
		cause, err := addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "finish a task", Message: t.Message, Letter: t.Letter, Subject: fmt.Sprintf("task %d", t.ID)})
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO notes (event_id, words) VALUES ($1, $2)`, cause, words)
		return err
	})
}

// OwnTask gives a task to somebody, or to nobody (0). A routed message goes with
// its task.
func (s *Store) OwnTask(ctx context.Context, by workflow.Actor, at time.Time, id workflow.TaskID, to workflow.ActorID) error {
	if !by.Has(workflow.Coordinator, workflow.Practitioner, workflow.Manager) {
		return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "Only the team gives tasks."}
	}
	return s.write(ctx, fmt.Sprintf("give task %d", id), func(tx *sqlx.Tx) error {
		t, err := loadTask(ctx, tx, id)
		if err != nil {
			return err
		}
		if t.Kind == workflow.TaskRouted {
			m, err := lockMessage(ctx, tx, t.Message, EndRouted)
			if err != nil {
				return err
			}
			c, err := m.Mail().Own(by, at, to)
			if err != nil {
				return err
			}
			return applyMail(ctx, tx, t.Message, c)
		}
		res, err := tx.ExecContext(ctx, `
			UPDATE tasks
			SET owner = $2
			WHERE id = $1 AND done_at IS NULL`, id, nullID(to))
		if err != nil {
			return err
		}
		if err := one(res, "Somebody has done this task already."); err != nil {
			return err
		}
		_, err = addEvent(ctx, tx, event{At: at, Actor: by.ID, Action: "give a task", Case: t.Case, Message: t.Message, Subject: fmt.Sprintf("task %d", id), Fields: []string{"owner"}})
		return err
	})
}
