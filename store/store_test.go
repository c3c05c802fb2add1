package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/workflow"
)

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// newStore is a store on a fresh database with one account of every role.
func newStore(t *testing.T) (*Store, map[workflow.Role]workflow.Actor) {
	t.Helper()
	keys, err := ParseKeys([]string{NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := Connect(t.Context(), storetest.DB(t), keys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	who := map[workflow.Role]workflow.Actor{}
	for _, r := range workflow.Roles() {
		u := User{Email: string(r) + "@example.org", Name: "Test " + string(r), Roles: []workflow.Role{r}}
		if u.ID, err = s.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
			t.Fatal(err)
		}
		who[r] = u.Actor()
	}
	return s, who
}

// receive keeps a mail and settles it as a referral by a mother of a 13-year-old.
func receive(t *testing.T, s *Store, uid uint32, urgency workflow.Urgency) (workflow.MessageID, CaseMade) {
	t.Helper()
	raw := fmt.Appendf(nil, "From: karen@example.org\r\nSubject: help %d\r\n\r\nPlease help my son.\r\n", uid)
	kept, err := s.Keep(t.Context(), []Incoming{{Folder: Folder{"essex", "INBOX", 7}, UID: uid, InternalDate: monday, Raw: raw}})
	if err != nil {
		t.Fatal(err)
	}
	m := kept[0].Message
	kind := workflow.L1
	if urgency == workflow.Crisis {
		kind = workflow.L2
	}
	done, err := s.Settle(t.Context(), []Settlement{{
		Message: m, End: EndCase, Class: "referral_family", Urgency: urgency, FromAddr: "karen@example.org", MessageID: "a@b", At: monday,
		Reading: map[string]string{"class": "referral_family"}, Search: "please help my son",
		Reply: &workflow.LetterDue{Kind: kind, To: "karen@example.org", Content: workflow.Full},
		Cases: []NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, Message: m, ReceivedAt: monday, Urgency: urgency,
			Parties: []workflow.Party{{Role: workflow.PartyMother, Name: "Karen Poole", Email: "karen@example.org", Referrer: true}}},
			Facts: []FactRow{{Field: workflow.FieldName, Value: "Tom Poole", Part: "1", Start: 0, End: 9, Quote: "Tom Poole", Method: "pattern", Confidence: 0.9},
				{Field: workflow.FieldGrounds, Values: []string{"hospital_admission"}, Part: "1", Confidence: 0.8}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if done[0].Err != nil || len(done[0].Cases) != 1 {
		t.Fatalf("settled: %+v", done[0])
	}
	return m, done[0].Cases[0]
}

func act(t *testing.T, s *Store, id workflow.CaseID, do func(workflow.File) (workflow.Change, error)) workflow.Case {
	t.Helper()
	c, err := s.Act(t.Context(), id, 0, do)
	if err != nil {
		t.Fatalf("act: %v", err)
	}
	return c
}

func TestKeepIsIdempotent(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	in := Incoming{Folder: Folder{"essex", "INBOX", 7}, UID: 5, InternalDate: monday, Raw: []byte("From: a@example.org\r\n\r\nx")}
	first, err := s.Keep(t.Context(), []Incoming{in})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Keep(t.Context(), []Incoming{in, {Folder: Folder{"essex", "Junk", 9}, UID: 1, InternalDate: monday, Raw: in.Raw}})
	if err != nil {
		t.Fatal(err)
	}
	if first[0].Known || !again[0].Known || again[0].Message != first[0].Message || again[1].Message != first[0].Message {
		t.Errorf("first %+v, again %+v: want one message for equal bytes", first, again)
	}
	known, err := s.Ledger(t.Context(), in.Folder)
	if err != nil || known.Lacks(5) || len(known) != 1 {
		t.Errorf("ledger %v, %v: want UID 5", known, err)
	}
	got, err := s.Raw(t.Context(), first[0].Message)
	if err != nil || string(got) != string(in.Raw) {
		t.Errorf("raw %q, %v: want the bytes as they came", got, err)
	}
}

func TestSettleMakesACaseOnce(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	m, made := receive(t, s, 1, workflow.Routine)
	again, err := s.Settle(t.Context(), []Settlement{{Message: m, End: EndCase, At: monday,
		Cases: []NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, ReceivedAt: monday}}}}})
	if err != nil || !again[0].Already || len(again[0].Cases) != 0 {
		t.Fatalf("settled again: %+v, %v", again, err)
	}
	f, err := s.File(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if f.Case.State != workflow.New || f.Value(workflow.FieldName) != "Tom Poole" || f.Facts[workflow.FieldName].Confirmed || f.Parties[0].Confirmed {
		t.Errorf("file %+v: want a new case with nothing confirmed", f.Case)
	}
	if len(f.Letters) != 1 || f.Letters[0].Kind != workflow.L1 || len(f.Tasks) != 1 {
		t.Errorf("letters %v tasks %v: want one acknowledgement and one task", f.Letters, f.Tasks)
	}
}

func TestOneFailingSettlementDoesNotHoldOthers(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	kept, err := s.Keep(t.Context(), []Incoming{
		{UID: 1, Folder: Folder{"e", "INBOX", 1}, InternalDate: monday, Raw: []byte("a")},
		{UID: 2, Folder: Folder{"e", "INBOX", 1}, InternalDate: monday, Raw: []byte("b")}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Settle(t.Context(), []Settlement{
		{Message: kept[0].Message, End: "no such end", At: monday},
		{Message: kept[1].Message, End: EndIgnored, At: monday}})
	if err != nil || out[0].Err == nil || out[1].Err != nil {
		t.Fatalf("got %+v, %v: want the first to fail alone", out, err)
	}
}

func TestCrisisReplyIsNotHeldBackByAcknowledgements(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	for uid := range uint32(7) {
		receive(t, s, uid+1, workflow.Routine)
	}
	_, made := receive(t, s, 99, workflow.Crisis)
	f, err := s.File(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Letters) != 1 || f.Letters[0].Kind != workflow.L2 {
		t.Errorf("letters %v: want the crisis reply after the day's acknowledgements were used up", f.Letters)
	}
	out, err := s.ClaimReplies(t.Context(), monday, 10)
	if err != nil || len(out) != 6 || out[0].Kind != workflow.L2 {
		t.Errorf("claimed %d, %v: want the crisis reply first and five acknowledgements", len(out), err)
	}
	_, second := receive(t, s, 100, workflow.Crisis)
	if f, _ = s.File(t.Context(), second.ID); len(f.Letters) != 0 {
		t.Errorf("letters %v: want one crisis reply to an address a day", f.Letters)
	}
	alerts, err := s.ClaimAlerts(t.Context(), monday, 10)
	if err != nil || len(alerts) != 0 {
		t.Errorf("alerts %v, %v: none were asked for", alerts, err)
	}
}

func TestAStaleVersionIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, made := receive(t, s, 1, workflow.Routine)
	take := func(f workflow.File) (workflow.Change, error) { return f.Take(who[workflow.Coordinator], monday) }
	if _, err := s.Act(t.Context(), made.ID, 1, take); err != nil {
		t.Fatal(err)
	}
	_, err := s.Act(t.Context(), made.ID, 1, func(f workflow.File) (workflow.Change, error) {
		return f.AddNote(who[workflow.Coordinator], monday, "late")
	})
	if !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

// TestALifeOfACase walks one case from the mail to the register through every
// table that takes part, and checks the audit chain at the end.
func TestALifeOfACase(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, made := receive(t, s, 1, workflow.Routine)
	id := made.ID
	co, pr, ma, ch := who[workflow.Coordinator], who[workflow.Practitioner], who[workflow.Manager], who[workflow.Chair]
	act(t, s, id, func(f workflow.File) (workflow.Change, error) { return f.Take(co, monday) })
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		fields := []workflow.FieldChange{{Field: workflow.FieldGrounds, Values: []string{"hospital_admission"}}}
		for name, v := range map[workflow.Field]string{workflow.FieldName: "Tom Poole", workflow.FieldKnownAs: "Tommy", workflow.FieldDOB: "2013-05-03",
			workflow.FieldPostcode: "CM1 1LX", workflow.FieldLD: "no", workflow.FieldAutism: "yes", workflow.FieldReason: "talk of a hospital",
			workflow.FieldNeeds: "standard", workflow.FieldCare: "none", workflow.FieldArea: "in"} {
			fields = append(fields, workflow.FieldChange{Field: name, Value: v})
		}
		return f.ConfirmFields(co, monday, fields)
	})
	mother := func(f workflow.File) workflow.Party { p, _ := f.Referrer(); return p }
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		p := mother(f)
		p.Confirmed, p.HasPR, p.MayWrite, p.OrdinaryOK, p.Involved = true, workflow.Yes, workflow.Yes, true, true
		return f.SetParty(co, monday, p)
	})
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		return f.RecordConsent(pr, monday, workflow.Consent{About: workflow.Inclusion, DecidedBy: workflow.ByParent, Party: mother(f).ID, ChildView: "wants help",
			Answer: workflow.SaidYes, Evidence: workflow.Conversation, Words: "rang her", From: workflow.DateOf(monday)})
	})
	act(t, s, id, func(f workflow.File) (workflow.Change, error) { return f.MakeReady(pr, monday) })

	meeting := monday.AddDate(0, 0, 7)
	panel, err := s.SavePanel(t.Context(), co, monday, workflow.Panel{Kind: workflow.ReferralPanel, At: meeting, Capacity: 5, Chair: ch.ID,
		Members: []workflow.Member{{Actor: ch.ID, Name: "ch", Role: workflow.Chair, Sector: workflow.SocialCare, Present: true},
			{Actor: who[workflow.PanelMember].ID, Name: "pm", Role: workflow.PanelMember, Sector: workflow.Health, Present: true},
			{Actor: pr.ID, Name: "pr", Role: workflow.PanelMember, Sector: workflow.Education, Present: true},
			{Actor: who[workflow.Expert].ID, Name: "ex", Role: workflow.Expert, Present: true}}})
	if err != nil {
		t.Fatal(err)
	}
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		p, err := s.Panel(t.Context(), panel)
		if err != nil {
			return workflow.Change{}, err
		}
		return f.PutOnPanel(co, monday, p)
	})
	for _, r := range []workflow.Actor{ch, who[workflow.PanelMember], pr, who[workflow.Expert]} {
		act(t, s, id, func(f workflow.File) (workflow.Change, error) {
			by := r
			by.Roles = []workflow.Role{workflow.PanelMember}
			return f.DeclareInterest(by, meeting, workflow.Interest{Member: r.ID, Kind: workflow.NoInterest})
		})
	}
	act(t, s, id, func(f workflow.File) (workflow.Change, error) { return f.OpenInPanel(ch, meeting) })
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		return f.Accept(ch, meeting, workflow.Decision{Text: "We think the register can help you and your family now.", PersonViews: "Tommy wants to stay at home.",
			Rating: workflow.Amber, RatingReason: "talk of admission", LeadNamedBy: "the children's team by Friday", Support: "a keyworker"})
	})
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		return f.RecordContact(pr, meeting, workflow.Contact{Party: mother(f).ID, How: "phone", Reached: "reached"}, "told her")
	})
	letter := approvedLetter(t, s, id, workflow.L6, co, ma, meeting)
	f, err := s.File(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if f.Case.State != workflow.OnRegister || f.Rating() != workflow.Amber || f.Case.NextReview.IsZero() || !f.Person.Confirmed {
		t.Fatalf("case %+v: want it on the register, rated, with a review", f.Case)
	}
	later := meeting.Add(time.Hour)
	o, ok, err := s.ClaimLetter(t.Context(), Claim{By: "test", At: later})
	if err != nil || !ok || o.ID != letter || string(o.Raw) != "the very bytes" {
		t.Fatalf("claimed %+v %v %v: want the approved letter", o.ID, ok, err)
	}
	if err := s.MarkSent(t.Context(), Sent{Letter: o.ID, Attempt: o.Attempt, State: workflow.LetterAccepted, At: later, Code: 250}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.ClaimLetter(t.Context(), Claim{By: "test", At: later}); ok || err != nil {
		t.Errorf("claimed again: %v, %v", ok, err)
	}
	checkChain(t, s)
}

// approvedLetter submits and approves the due letter of a kind, with made-up bytes.
func approvedLetter(t *testing.T, s *Store, id workflow.CaseID, k workflow.LetterKind, drafts, approves workflow.Actor, at time.Time) workflow.LetterID {
	t.Helper()
	var letter workflow.LetterID
	raw := []byte("the very bytes")
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		for _, l := range f.Letters {
			if l.Kind == k {
				letter = l.ID
				p, err := f.Party(l.Party)
				if err != nil {
					return workflow.Change{}, err
				}
				return f.SubmitLetter(drafts, at, workflow.Frozen{Letter: l.ID, Raw: raw, Hash: sha256.Sum256(raw), To: p.Email, Token: "t", MessageID: "dsr.t.1@example.org"})
			}
		}
		return workflow.Change{}, errors.New("no letter is due")
	})
	_, err := s.Act(t.Context(), id, 0, func(f workflow.File) (workflow.Change, error) {
		return f.ApproveLetter(drafts, at, letter, sha256.Sum256(raw), sha256.Sum256(raw))
	})
	if !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("the drafter approved alone: %v", err)
	}
	act(t, s, id, func(f workflow.File) (workflow.Change, error) {
		return f.ApproveLetter(approves, at, letter, sha256.Sum256(raw), sha256.Sum256(raw))
	})
	return letter
}

func checkChain(t *testing.T, s *Store) {
	t.Helper()
	n, err := s.SealEvents(t.Context(), 1000)
	if err != nil || n == 0 {
		t.Fatalf("sealed %d, %v", n, err)
	}
	c, err := s.VerifyAudit(t.Context())
	if err != nil || c.Broken != "" || c.Events != n {
		t.Fatalf("chain %+v, %v: want %d whole links", c, err, n)
	}
}

func TestATamperedEventIsFound(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	receive(t, s, 1, workflow.Routine)
	checkChain(t, s)
	tx := s.db.MustBegin()
	tx.MustExec(`ALTER TABLE events DISABLE TRIGGER events_append_only`)
	tx.MustExec(`UPDATE events SET action = 'nothing happened' WHERE id = (SELECT max(id) FROM events)`)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if c, err := s.VerifyAudit(context.Background()); err != nil || c.Broken == "" {
		t.Errorf("chain %+v, %v: want the broken link named", c, err)
	}
}

func TestDuplicatesAreSuggestedAndNothingIsMerged(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	_, first := receive(t, s, 1, workflow.Routine)
	_, second := receive(t, s, 2, workflow.Routine)
	f, err := s.File(t.Context(), second.ID)
	if err != nil || f.Case.Has(workflow.FlagDuplicate) {
		t.Fatalf("flags %v, %v: the same name alone is no duplicate", f.Case.Flags, err)
	}
	for _, id := range []workflow.CaseID{first.ID, second.ID} {
		act(t, s, id, func(f workflow.File) (workflow.Change, error) {
			return f.ConfirmFields(who[workflow.Coordinator], monday, []workflow.FieldChange{{Field: workflow.FieldDOB, Value: "2013-05-03"}})
		})
	}
	found, err := s.Duplicates(t.Context(), second.ID)
	if err != nil || len(found) != 1 || found[0].Case != first.ID || !slices.Contains(found[0].Why, "the same date of birth") || found[0].Name == "" {
		t.Errorf("found %+v, %v: want the first case by name and date of birth", found, err)
	}
	raw := []byte("From: x@example.org\r\n\r\nagain")
	kept, err := s.Keep(t.Context(), []Incoming{{UID: 3, Folder: Folder{"essex", "INBOX", 7}, InternalDate: monday, Raw: raw}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Settle(t.Context(), []Settlement{{Message: kept[0].Message, End: EndCase, At: monday, Cases: []NewCase{{
		Opening: workflow.Opening{Type: workflow.ByProfessional, ReceivedAt: monday},
		Facts:   []FactRow{{Field: workflow.FieldName, Value: "tom poole"}, {Field: workflow.FieldDOB, Value: "2013-05-03"}}}}}})
	if err != nil || out[0].Err != nil {
		t.Fatal(out, err)
	}
	if f, err = s.File(t.Context(), out[0].Cases[0].ID); err != nil || !f.Case.Has(workflow.FlagDuplicate) || f.Case.State != workflow.New {
		t.Errorf("case %+v, %v: want it new, and flagged", f.Case, err)
	}
}
