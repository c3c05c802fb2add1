package store

import (
	"errors"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestQueueOrdersByUrgencyThenClock(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, routine := receive(t, s, 1, workflow.Routine)
	_, urgent := receive(t, s, 2, workflow.Urgent)
	_, crisis := receive(t, s, 3, workflow.Crisis)
	co := who[workflow.Coordinator]
	act(t, s, urgent.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(co, monday.Add(time.Hour)) })
	rows, total, err := s.Queue(t.Context(), QueueQuery{States: workflow.States(), Limit: 10})
	if err != nil || total != 3 || len(rows) != 3 {
		t.Fatalf("queue: %d of %d, %v", len(rows), total, err)
	}
	for i, want := range []CaseMade{crisis, urgent, routine} {
		if rows[i].Ref != want.Ref {
			t.Errorf("place %d: %s, want %s", i, rows[i].Ref, want.Ref)
		}
	}
	if r := rows[1]; r.Name != "Tom Poole" || r.Confirmed || r.Referrer != "Karen Poole" || r.RefersAs != workflow.PartyMother ||
		r.OwnerName != co.Name || len(r.History) != 2 || r.History[1].To != workflow.Triage {
		t.Errorf("row: %+v", r)
	}
	for name, c := range map[string]struct {
		q    QueueQuery
		want int
	}{
		"mine":           {QueueQuery{States: workflow.States(), Mine: true, By: co.ID, Limit: 10}, 1},
		"nobody's":       {QueueQuery{States: workflow.States(), Nobodys: true, By: co.ID, Limit: 10}, 2},
		"either":         {QueueQuery{States: workflow.States(), Mine: true, Nobodys: true, By: co.ID, Limit: 10}, 3},
		"crisis":         {QueueQuery{States: workflow.States(), Urgency: []workflow.Urgency{workflow.Crisis}, Limit: 10}, 1},
		"triage":         {QueueQuery{States: []workflow.State{workflow.Triage}, Limit: 10}, 1},
		"second page":    {QueueQuery{States: workflow.States(), Limit: 2, Offset: 2}, 1},
		"nothing closed": {QueueQuery{States: []workflow.State{workflow.Closed}, Closed: true, Limit: 10}, 0},
	} {
		rows, _, err := s.Queue(t.Context(), c.q)
		if err != nil || len(rows) != c.want {
			t.Errorf("%s: %d rows, %v; want %d", name, len(rows), err, c.want)
		}
	}
}

func TestWaitingNamesTheOldestCrisis(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, first := receive(t, s, 1, workflow.Crisis)
	receive(t, s, 2, workflow.Crisis)
	w, err := s.Waiting(t.Context(), who[workflow.Coordinator].ID)
	if err != nil || w.Crisis != 2 || w.Queue != 2 || w.CrisisRef != first.Ref || !w.CrisisSince.Equal(monday) {
		t.Errorf("waiting: %+v, %v", w, err)
	}
	act(t, s, first.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(who[workflow.Coordinator], monday) })
	if w, err = s.Waiting(t.Context(), 1); err != nil || w.Crisis != 1 || w.CrisisRef == first.Ref {
		t.Errorf("after taking one: %+v, %v", w, err)
	}
}

func TestSearchFinds(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, made := receive(t, s, 1, workflow.Routine)
	co := who[workflow.Coordinator]
	act(t, s, made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(co, monday, []workflow.FieldChange{{Field: workflow.FieldNHS, Value: "9990000018"}})
	})
	for words, want := range map[string]int{made.Ref: 1, "tom": 1, "karen poole": 1, "999 000 0018": 1, "help my son": 1, "daughter": 0, "%": 0, "t_m": 0, `\`: 0} {
		rows, err := s.Search(t.Context(), co, monday, words)
		if err != nil || len(rows) != want {
			t.Errorf("search %q: %d rows, %v; want %d", words, len(rows), err, want)
		}
	}
}

func TestCasePageShowsMailFactsAndTimeline(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	m, made := receive(t, s, 1, workflow.Routine)
	co := who[workflow.Coordinator]
	mails, err := s.CaseMails(t.Context(), made.ID)
	if err != nil || len(mails) != 1 || mails[0].ID != m || mails[0].FromAddr != "karen@example.org" {
		t.Fatalf("mails: %+v, %v", mails, err)
	}
	if err := s.CaseMessage(t.Context(), made.ID, m+1); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("a message of no case: %v", err)
	}
	later := monday.Add(time.Minute + 123456789)
	act(t, s, made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(co, later, []workflow.FieldChange{{Field: workflow.FieldName, Value: "Thomas Poole"}, {Field: workflow.FieldGrounds, Values: []string{"hospital_admission"}}})
	})
	facts, err := s.CaseFacts(t.Context(), made.ID)
	if err != nil || len(facts) != 2 || facts[0].ConfirmedBy != co.Name || facts[1].Value != "Thomas Poole" || facts[1].Method != "typed" {
		t.Errorf("facts: %+v, %v", facts, err)
	}
	if _, err := s.Open(t.Context(), made.ID, co, later); err != nil {
		t.Fatal(err)
	}
	line, err := s.Timeline(t.Context(), made.ID, false)
	if err != nil || len(line) != 2 || line[0].Name != co.Name || len(line[0].Changes) != 1 || line[0].Changes[0].Old != "Tom Poole" || line[0].Changes[0].New != "Thomas Poole" {
		t.Errorf("timeline: %+v, %v", line, err)
	}
	if line, err = s.Timeline(t.Context(), made.ID, true); err != nil || len(line) != 3 || line[0].Action != "read" {
		t.Errorf("with looks: %+v, %v", line, err)
	}
}

func TestOpenByHand(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	o := workflow.Opening{Type: workflow.ByFamily, ReceivedAt: monday, Parties: []workflow.Party{{Role: workflow.PartyMother, Name: "Karen Poole", Phone: "07700 900123", Referrer: true, Confirmed: true}}}
	if _, err := s.OpenByHand(t.Context(), who[workflow.Chair], monday, o, nil); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("a chair opens a case: %v", err)
	}
	if _, err := s.OpenByHand(t.Context(), who[workflow.Coordinator], monday, o, []workflow.FieldChange{{Field: workflow.FieldNHS, Value: "1"}}); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("a wrong NHS number: %v", err)
	}
	if _, total, err := s.Queue(t.Context(), QueueQuery{States: workflow.States(), Limit: 10}); err != nil || total != 0 {
		t.Errorf("refused openings left %d cases, %v", total, err)
	}
	made, err := s.OpenByHand(t.Context(), who[workflow.Coordinator], monday, o, []workflow.FieldChange{{Field: workflow.FieldName, Value: "Tom Poole"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), made.ID)
	if err != nil || f.Case.State != workflow.Triage || f.Case.Owner != who[workflow.Coordinator].ID || !f.Facts[workflow.FieldName].Confirmed ||
		f.Person.Name != "Tom Poole" || len(f.Referrals) != 1 || f.Referrals[0].ToldTo != who[workflow.Coordinator].ID || len(f.Letters) != 0 {
		t.Errorf("file: %+v, %v", f, err)
	}
}

func TestSessionsEndByTime(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	now, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for token, until := range map[string]time.Time{"good": now.Add(time.Hour), "late": now.Add(-time.Second)} {
		if err := s.SaveSession(t.Context(), token, []byte(token), 1, until); err != nil {
			t.Fatal(err)
		}
	}
	for token, want := range map[string]bool{"good": true, "late": false, "none": false} {
		if b, ok, err := s.Session(t.Context(), token); err != nil || ok != want || ok && string(b) != token {
			t.Errorf("%s: %q %v %v, want %v", token, b, ok, err, want)
		}
	}
	var kept int
	if err := s.db.GetContext(t.Context(), &kept, `SELECT count(*) FROM sessions WHERE token_hash = 'good'::bytea`); err != nil || kept != 0 {
		t.Errorf("the token itself stands in the table: %d, %v", kept, err)
	}
}
