package workflow

import (
	"errors"
	"slices"
	"testing"
)

// told is a case on the register whose person agreed that social care is told.
func told(t *testing.T) File {
	f := grown(t)
	f.Case.State, f.Case.OnRegister = OnRegister, today()
	f.Consents = []Consent{said(ByPerson, 0, SaidYes, today()), {About: ShareSocial, DecidedBy: ByPerson, Answer: SaidYes, Evidence: Conversation, Words: "rang", From: today()}}
	return f
}

func TestSharingFollowsConsent(t *testing.T) {
	t.Parallel()
	ma := Actor{ID: 9, Roles: []Role{Manager}}
	byConsent := Share{Party: 3, Basis: SharedByConsent, Fields: Shareable()[:2]}
	if c, err := told(t).RecordShare(gamePr, monday, byConsent); err != nil || c.Shares[0].Sector != SocialCare {
		t.Fatalf("with consent: %+v, %v", c.Shares, err)
	}
	for name, spoil := range map[string]func(*File, *Share){
		"no consent for the sector":        func(f *File, _ *Share) { f.Consents = f.Consents[:1] },
		"only the referrer says so":        func(f *File, _ *Share) { f.Consents[1].Evidence = ReferrerSays },
		"consent to be on it lapsed":       func(f *File, _ *Share) { f.Consents[0].From = date(t, "2025-11-20") },
		"on hold":                          func(f *File, _ *Share) { f.Case.Flags = []Flag{FlagHold} },
		"blocked":                          func(f *File, _ *Share) { f.Parties[2].Blocked, f.Parties[2].BlockedWhy = true, "an order" },
		"nobody confirmed them":            func(f *File, _ *Share) { f.Parties[2].Confirmed = false },
		"nothing was told":                 func(_ *File, s *Share) { s.Fields = nil },
		"more than the least":              func(_ *File, s *Share) { s.Fields = []string{"the whole file"} },
		"without consent, not the manager": func(_ *File, s *Share) { s.Basis, s.Why = SharedForSafety, "he was in danger tonight" },
		"what a parent agreed to, at 17":   func(f *File, _ *Share) { f.Consents[1].DecidedBy = ByParent },
	} {
		f, s := told(t), byConsent
		spoil(&f, &s)
		if _, err := f.RecordShare(gamePr, monday, s); err == nil {
			t.Errorf("%s: shared all the same", name)
		}
	}
	s := Share{Party: 3, Basis: SharedForSafety, Fields: Shareable()[:1]}
	f := told(t)
	f.Consents = nil
	if _, err := f.RecordShare(ma, monday, s); !errors.Is(err, ErrInvalid) {
		t.Errorf("the manager without a reason: %v", err)
	}
	s.Why = "He was in danger and could not be asked."
	if _, err := f.RecordShare(ma, monday, s); err != nil {
		t.Errorf("the manager with a reason: %v", err)
	}
}

// TestWithdrawalStopsSharing: everything by consent when consent goes, one
// sector when that answer goes, and people must be told.
func TestWithdrawalStopsSharing(t *testing.T) {
	t.Parallel()
	f := told(t)
	f.Shares = []Share{{ID: 1, Party: 3, Sector: SocialCare, Basis: SharedByConsent}, {ID: 2, Party: 3, Sector: Health, Basis: SharedByConsent}, {ID: 3, Party: 3, Sector: SocialCare, Basis: SharedForSafety}}
	c, err := f.RecordConsent(gamePr, monday, Consent{About: ShareSocial, DecidedBy: ByPerson, Answer: TookBack, Evidence: Conversation, Words: "rang", From: today()})
	if err != nil || !slices.Equal(c.SharesStopped, []ShareID{1}) || !taskOf(c, TaskTellSharers) || slices.Contains(c.Raise, FlagHold) {
		t.Errorf("social care: stopped %v, %+v, %v", c.SharesStopped, c.Tasks, err)
	}
	f.Consents = append(f.Consents, said(ByPerson, 0, TookBack, today()))
	c, err = f.Withdraw(gamePr, monday, "she rang")
	if err != nil || !slices.Equal(c.SharesStopped, []ShareID{1, 2}) || !taskOf(c, TaskTellSharers) {
		t.Errorf("withdrawal: stopped %v, %+v, %v", c.SharesStopped, c.Tasks, err)
	}
	f.Case.State = Closed
	f.Shares[0].StoppedAt, f.Shares[1].StoppedAt = monday, monday
	if c, err = f.ShareStopTold(gamePr, monday, 1, "wrote to her"); err != nil || len(c.Done) > 0 {
		t.Errorf("one of two was told: %+v, %v", c.Done, err)
	}
	f.Shares[0].ToldAt = monday
	if c, err = f.ShareStopTold(gamePr, monday, 2, "wrote to him"); err != nil || !slices.Contains(c.Done, TaskTellSharers) {
		t.Errorf("both were told: %+v, %v", c.Done, err)
	}
}

func TestTheSupportPlan(t *testing.T) {
	t.Parallel()
	f := told(t)
	c, err := f.AddToPlan(gamePr, monday, PlanItem{What: "a quiet room", Who: "the school", Due: date(t, "2026-12-14")})
	if err != nil || len(c.Plan) != 1 || !taskOf(c, TaskPlan) {
		t.Fatalf("got %+v, %v", c, err)
	}
	f.Plan = []PlanItem{{ID: 1, Due: date(t, "2026-12-14")}, {ID: 2, Due: date(t, "2027-01-11")}}
	c, err = f.EndPlanItem(gamePr, monday, PlanEnd{ID: 1, Done: true, Outcome: "it is there"})
	if err != nil || len(c.Tasks) != 1 || DateOf(c.Tasks[0].Due) != date(t, "2027-01-11") {
		t.Errorf("ended: next %+v, %v", c.Tasks, err)
	}
	f.Plan[0].EndedAt = monday
	if _, err = f.EndPlanItem(gamePr, monday, PlanEnd{ID: 1, Done: true, Outcome: "again"}); err == nil {
		t.Error("ended twice")
	}
	in := f.planOf(Decision{Rating: Red, Recommendations: []Recommendation{{Text: "a keyworker", By: "2026-12-01"}, {Text: " "}, {Text: "short breaks", Who: "the council", By: "soon"}}}, monday)
	if len(in) != 2 || in[0].Due != date(t, "2026-12-01") || in[1].Due != date(t, "2026-11-30") {
		t.Errorf("a decision's plan: %+v", in)
	}
}

// TestOrganisationsHaveDates: a board that is no more cannot answer for anybody.
func TestOrganisationsHaveDates(t *testing.T) {
	t.Parallel()
	f := told(t)
	f.Organisations = []Organisation{{ID: 1, Kind: ICB, Name: "the old board", ValidFrom: date(t, "2022-07-01"), ValidTo: date(t, "2026-04-01")},
		{ID: 2, Kind: ICB, Name: "the new board", ValidFrom: date(t, "2026-04-01")}, {ID: 3, Kind: Council, Name: "Essex", ValidFrom: date(t, "1974-04-01")}}
	if _, err := f.SetResponsible(gamePr, monday, 1, today(), "her GP"); err == nil {
		t.Error("a board that is no more was recorded")
	}
	f.Responsible = []Responsibility{{Organisation: f.Organisations[0], From: date(t, "2025-01-01")}}
	if r, ok := f.ResponsibleOn(ICB, today()); ok || r.Organisation.ID != 1 {
		t.Errorf("the old board still answers: %+v", r)
	}
	c, err := f.SetResponsible(gamePr, monday, 3, today(), "she lives there")
	if err != nil || len(c.Fields) != 1 || c.Fields[0].Value != "Essex" {
		t.Errorf("the council: %+v, %v", c.Fields, err)
	}
}
