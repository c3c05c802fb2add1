package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// wait keeps a mail and ends it as one that waits for a person.
func wait(t *testing.T, s *Store, uid uint32, change func(*Settlement)) workflow.MessageID {
	t.Helper()
	raw := fmt.Appendf(nil, "From: jo@example.org\r\nSubject: number %d\r\n\r\nHello.\r\n", uid)
	kept, err := s.Keep(t.Context(), []Incoming{{Folder: Folder{"essex", "INBOX", 7}, UID: uid, InternalDate: monday, Raw: raw}})
	if err != nil {
		t.Fatal(err)
	}
	x := Settlement{Message: kept[0].Message, End: EndHolding, Why: "look at this", Class: "other", Urgency: workflow.Routine,
		FromName: "Jo Poole", FromAddr: "jo@example.org", Subject: "Hello", At: monday, Due: monday.Add(time.Hour)}
	if change != nil {
		change(&x)
	}
	done, err := s.Settle(t.Context(), []Settlement{x})
	if err != nil || done[0].Err != nil {
		t.Fatalf("settle: %v, %v", err, done[0].Err)
	}
	return kept[0].Message
}

func TestMessagesThatWaitComeCrisisFirst(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	later := wait(t, s, 1, func(x *Settlement) { x.Due = monday.Add(9 * time.Hour) })
	sooner := wait(t, s, 2, nil)
	crisis := wait(t, s, 3, func(x *Settlement) { x.Urgency, x.Due = workflow.Crisis, monday.Add(99*time.Hour) })
	wait(t, s, 4, func(x *Settlement) { x.End, x.Due, x.Class = EndIgnored, time.Time{}, "spam" })
	rows, total, err := s.Messages(t.Context(), MessageList{End: EndHolding, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []workflow.MessageID
	for _, r := range rows {
		got = append(got, r.ID)
	}
	if want := fmt.Sprint([]workflow.MessageID{crisis, sooner, later}); fmt.Sprint(got) != want || total != 3 {
		t.Errorf("listed %v of %d, want %s of 3", got, total, want)
	}
	rows, total, err = s.Messages(t.Context(), MessageList{Classes: []string{"spam"}, Limit: 10})
	if err != nil || total != 1 || rows[0].End != EndIgnored {
		t.Errorf("spam: %+v of %d, %v: want the one that was put aside", rows, total, err)
	}
	c, err := s.MessageCounts(t.Context())
	if err != nil || c.Holding != 3 || c.Crisis != 1 || c.Unread != 0 {
		t.Errorf("counts %+v, %v: want 3 holding, 1 of them a crisis", c, err)
	}
}

func TestJoinByHand(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, made := receive(t, s, 1, workflow.Routine)
	m := wait(t, s, 2, func(x *Settlement) {
		x.Class = "withdrawal"
		x.Reading = map[string]any{"Facts": [][]FactRow{{{Field: workflow.FieldPhone, Value: "+447700900123", Part: "1", Method: "pattern"}}}}
	})
	if err := s.FileByHand(t.Context(), who[workflow.Admin], monday, m, EndHolding, made.ID); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Fatalf("joined by an administrator: %v, want it refused", err)
	}
	if err := s.FileByHand(t.Context(), who[workflow.Coordinator], monday, m, EndProblem, made.ID); !errors.Is(err, workflow.ErrConflict) {
		t.Fatalf("joined from another end than was shown: %v, want a conflict", err)
	}
	if err := s.FileByHand(t.Context(), who[workflow.Coordinator], monday, m, EndHolding, 999); !errors.Is(err, workflow.ErrNotFound) {
		t.Fatalf("joined to no case: %v, want not found", err)
	}
	if err := s.FileByHand(t.Context(), who[workflow.Coordinator], monday, m, EndHolding, made.ID); err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !f.Case.Has(workflow.FlagHold) || f.Value(workflow.FieldPhone) != "+447700900123" || f.Facts[workflow.FieldPhone].Confirmed {
		t.Errorf("case %+v: want it on hold, with the phone number proposed", f.Case)
	}
	p, err := s.OpenMessage(t.Context(), who[workflow.Coordinator], monday, m)
	if err != nil || p.End != EndFiled || len(p.Cases) != 1 || p.Cases[0].How != "by hand" || !p.Due.IsZero() || p.EndedBy != "Test coordinator" {
		t.Errorf("message %+v, %v: want it filed to the case by the coordinator", p.MessageRow, err)
	}
	if err := s.FileByHand(t.Context(), who[workflow.Coordinator], monday, m, EndFiled, made.ID); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("joined twice: %v, want it refused", err)
	}
}

func TestCaseByHand(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	m := wait(t, s, 1, func(x *Settlement) {
		x.End, x.Urgency = EndProblem, workflow.Urgent
		x.Reading = map[string]any{"Facts": [][]FactRow{{{Field: workflow.FieldName, Value: "Tom Poole", Part: "1", Method: "pattern"}}, {{Field: workflow.FieldName, Value: "Ann Poole"}}}}
	})
	if _, err := s.CaseByHand(t.Context(), who[workflow.Manager], monday, m, EndProblem, ByHand{Type: workflow.ByFamily}); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Fatalf("made by the manager: %v, want it refused", err)
	}
	made, err := s.CaseByHand(t.Context(), who[workflow.Practitioner], monday, m, EndProblem, ByHand{Type: workflow.ByFamily, Acknowledge: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f.Case.State != workflow.New || f.Case.Urgency != workflow.Urgent || f.Value(workflow.FieldName) != "Tom Poole" || len(f.Parties) != 1 || f.Parties[0].Confirmed {
		t.Errorf("case %+v of %+v: want a new urgent case of Tom, its sender proposed", f.Case, f.Parties)
	}
	if len(f.Letters) != 1 || f.Letters[0].Kind != workflow.L1 {
		t.Errorf("letters %+v, want one acknowledgement", f.Letters)
	}
	if _, err := s.CaseByHand(t.Context(), who[workflow.Practitioner], monday, m, EndProblem, ByHand{Type: workflow.ByFamily}); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("made twice: %v, want a conflict", err)
	}
	old := wait(t, s, 2, nil)
	made, err = s.CaseByHand(t.Context(), who[workflow.Practitioner], monday.AddDate(0, 0, 3), old, EndHolding, ByHand{Type: workflow.BySelf, Acknowledge: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err = s.File(t.Context(), made.ID)
	if err != nil || len(f.Letters) != 0 || f.Parties[0].Role != workflow.PartySelf {
		t.Errorf("letters %+v to %+v, %v: want none by itself three days later", f.Letters, f.Parties, err)
	}
	of := map[workflow.TaskKind]bool{}
	for _, x := range f.Tasks {
		of[x.Kind] = true
	}
	if len(f.Tasks) != 3 || !of[workflow.TaskAcknowledge] || !of[workflow.TaskTriage] || !of[workflow.TaskSpeak] {
		t.Errorf("tasks %+v, want one to acknowledge by hand, one to look and one to speak with the person", f.Tasks)
	}
}

func TestRouteAndFinish(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co := who[workflow.Coordinator]
	m := wait(t, s, 1, nil)
	route := func(x workflow.Mail, set workflow.Settings) (workflow.MailChange, error) {
		return x.Route(co, monday, workflow.RouteAccess, who[workflow.Manager].ID, "to the council's team", set)
	}
	if err := s.MoveMessage(t.Context(), m, EndHolding, route); err != nil {
		t.Fatal(err)
	}
	c, err := s.MessageCounts(t.Context())
	if err != nil || c.Routed != 1 || c.Holding != 0 {
		t.Errorf("counts %+v, %v: want one routed", c, err)
	}
	rows, _, err := s.Tasks(t.Context(), TaskList{Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Kind != workflow.TaskRouted || rows[0].OwnerName != "Test manager" || rows[0].Due.Month() != time.December {
		t.Fatalf("tasks %+v, %v: want the manager's, due in a month", rows, err)
	}
	if err := s.MoveMessage(t.Context(), m, EndRouted, func(x workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return x.Own(co, monday, co.ID)
	}); err != nil {
		t.Fatal(err)
	}
	finish := func(x workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return x.Finish(co, monday, "sent on 4 December")
	}
	if err := s.MoveMessage(t.Context(), m, EndRouted, finish); err != nil {
		t.Fatal(err)
	}
	if err := s.MoveMessage(t.Context(), m, EndRouted, finish); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("finished twice: %v, want a conflict", err)
	}
	p, err := s.OpenMessage(t.Context(), co, monday, m)
	if err != nil || p.End != EndRouted || p.Waits || p.Kind != "sar" || p.Owner != co.ID {
		t.Errorf("message %+v, %v: want it routed as a subject access request and dealt with", p.MessageRow, err)
	}
	var words []string
	for _, e := range p.Events {
		words = append(words, e.Action+": "+e.Words)
	}
	if got := strings.Join(words, "; "); !strings.Contains(got, "finish a routed mail: sent on 4 December") || !strings.Contains(got, "to the council's team") {
		t.Errorf("events %q, want the moves with their words", got)
	}
}

func TestReadAgain(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	doc := []DocumentRow{{Part: "2", Name: "form.docx", Type: "application/octet-stream", State: "unreadable"}}
	m := wait(t, s, 1, func(x *Settlement) { x.End, x.Documents = EndProblem, doc })
	again := func(x workflow.Mail, _ workflow.Settings) (workflow.MailChange, error) {
		return x.Reread(who[workflow.Coordinator], monday)
	}
	if err := s.MoveMessage(t.Context(), m, EndProblem, again); err != nil {
		t.Fatal(err)
	}
	claimed, err := s.ClaimUnread(t.Context(), 5, time.Minute)
	if err != nil || len(claimed) != 1 || claimed[0].ID != m || claimed[0].Tries != 1 {
		t.Fatalf("claimed %+v, %v: want the message as if it were new", claimed, err)
	}
	doc[0].State = "read"
	if done, err := s.Settle(t.Context(), []Settlement{{Message: m, End: EndHolding, At: monday, Documents: doc}}); err != nil || done[0].Err != nil {
		t.Fatalf("settled again: %+v, %v", done, err)
	}
	p, err := s.OpenMessage(t.Context(), who[workflow.Coordinator], monday, m)
	if err != nil || p.End != EndHolding || len(p.Documents) != 1 || p.Documents[0].State != "read" {
		t.Errorf("message %+v with %+v, %v: want the second reading", p.End, p.Documents, err)
	}
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, made := receive(t, s, 1, workflow.Routine)
	_, other := receive(t, s, 2, workflow.Routine)
	act(t, s, other.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(who[workflow.Practitioner], monday, []workflow.FieldChange{{Field: workflow.FieldNHS, Value: "9990272832"}})
	})
	texts := func(text string) func(*Settlement) {
		return func(x *Settlement) {
			x.FromName, x.FromAddr, x.Search = "Someone Else", "else@example.org", text
			x.Reading = map[string]any{"Texts": []map[string]string{{"Part": "1", "Text": text}}}
		}
	}
	uid := uint32(10)
	for name, x := range map[string]struct {
		change func(*Settlement)
		first  CaseMade
		why    string
		none   bool
	}{
		"its reference":  {change: texts("about " + made.Ref + ", thank you"), first: made, why: "reference"},
		"an NHS number":  {change: texts("his number is 999 027 2832"), first: other, why: "NHS number"},
		"the name":       {change: texts("Tom Poole was arrested last night"), why: "name stands"},
		"a known sender": {change: func(x *Settlement) { x.FromAddr = "Karen@example.org" }, why: "address is recorded"},
		"nothing known":  {change: texts("call me on 07700 900123 about Tommy Pool"), none: true},
	} {
		uid++
		m := wait(t, s, uid, x.change)
		got, err := s.Guesses(t.Context(), m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if x.none {
			if len(got) != 0 {
				t.Errorf("%s: %+v, want none", name, got)
			}
			continue
		}
		if len(got) == 0 || x.first.ID != 0 && got[0].Case != x.first.ID || !strings.Contains(strings.Join(got[0].Why, "; "), x.why) {
			t.Errorf("%s: %+v, want %s first because of %q", name, got, x.first.Ref, x.why)
		}
	}
}
