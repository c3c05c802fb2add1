package store

import (
	"errors"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestTasksByOwnerAndDue(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co, pr := who[workflow.Coordinator], who[workflow.Practitioner]
	_, routine := receive(t, s, 1, workflow.Routine)
	_, crisis := receive(t, s, 2, workflow.Crisis)
	act(t, s, routine.ID, func(f workflow.File) (workflow.Change, error) { return f.Assign(co, monday, co.ID) })
	all, total, err := s.Tasks(t.Context(), TaskList{Limit: 10})
	if err != nil || total != 2 || all[0].Case != crisis.ID || all[0].Person != "Tom Poole" || all[0].OwnerName != "" {
		t.Fatalf("tasks %+v, %v: want the crisis first, nobody's", all, err)
	}
	for name, x := range map[string]struct {
		list TaskList
		want int
	}{
		"mine, by the case's owner": {TaskList{Owner: co.ID, Limit: 10}, 1}, "another's": {TaskList{Owner: pr.ID, Limit: 10}, 0},
		"nobody's": {TaskList{Nobody: true, Limit: 10}, 1}, "done": {TaskList{Done: true, Limit: 10}, 0},
		"overdue in an hour": {TaskList{Overdue: monday.Add(time.Hour), Limit: 10}, 1}, "overdue now": {TaskList{Overdue: monday, Limit: 10}, 0},
	} {
		if _, n, err := s.Tasks(t.Context(), x.list); err != nil || n != x.want {
			t.Errorf("%s: %d, %v: want %d", name, n, err, x.want)
		}
	}
	c, err := s.TaskCounts(t.Context(), co.ID, monday.Add(time.Hour))
	if want := (TaskCounts{Mine: 1, Nobody: 1, All: 2, Overdue: 1}); err != nil || c != want {
		t.Errorf("counts %+v, %v: want %+v", c, err, want)
	}
	if err := s.OwnTask(t.Context(), who[workflow.Admin], monday, all[0].ID, pr.ID); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("given by an administrator: %v, want it refused", err)
	}
	if err := s.OwnTask(t.Context(), co, monday, all[0].ID, pr.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Task(t.Context(), all[0].ID); err != nil || got.Owner != pr.ID {
		t.Errorf("task %+v, %v: want the practitioner's", got, err)
	}
}

func TestFinishTask(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co := who[workflow.Coordinator]
	_, made := receive(t, s, 1, workflow.Routine)
	m := wait(t, s, 2, func(x *Settlement) {
		x.Reply = &workflow.LetterDue{Kind: workflow.L1, To: "jo@example.org", Content: workflow.Full}
		x.Cases = []NewCase{{Opening: workflow.Opening{Type: workflow.BySelf, ReceivedAt: monday}}}
		x.End, x.At = EndCase, monday.AddDate(0, 0, 3) // too late for an automatic acknowledgement
	})
	rows, _, err := s.Tasks(t.Context(), TaskList{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[workflow.TaskKind]TaskRow{}
	for _, r := range rows {
		if r.Case == made.ID || r.Message == m {
			byKind[r.Kind] = r
		}
	}
	triage, ack := byKind[workflow.TaskTriage].ID, byKind[workflow.TaskAcknowledge].ID
	if triage == 0 || ack == 0 {
		t.Fatalf("tasks %+v: want one to triage and one to acknowledge", rows)
	}
	for name, x := range map[string]struct {
		id    workflow.TaskID
		by    workflow.Actor
		words string
		want  error
	}{
		"by an administrator": {ack, who[workflow.Admin], "rang her", workflow.ErrNotAllowed},
		"without a word":      {ack, co, " ", workflow.ErrInvalid}, "triage without a word": {triage, co, "", workflow.ErrInvalid},
		"no such task": {9999, co, "rang her", workflow.ErrNotFound},
	} {
		if err := s.FinishTask(t.Context(), x.by, monday, x.id, x.words); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	for _, id := range []workflow.TaskID{ack, triage} {
		if err := s.FinishTask(t.Context(), co, monday, id, "rang her at 10"); err != nil {
			t.Fatal(err)
		}
		if err := s.FinishTask(t.Context(), co, monday, id, "rang her at 10"); !errors.Is(err, workflow.ErrConflict) {
			t.Errorf("task %d finished twice: %v, want a conflict", id, err)
		}
	}
	done, n, err := s.Tasks(t.Context(), TaskList{Done: true, Limit: 10})
	if err != nil || n != 2 || done[0].DoneBy != "Test coordinator" {
		t.Errorf("done %+v, %v: want two by the coordinator", done, err)
	}
}
