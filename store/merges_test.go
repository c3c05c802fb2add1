package store

import (
	"errors"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

// TestMergeAndUndo joins two referrals of one boy and takes them apart again:
// nothing is lost either way, and one person alone cannot do it.
func TestMergeAndUndo(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co, pr, ma := who[workflow.Coordinator], who[workflow.Practitioner], who[workflow.Manager]
	_, keep := receive(t, s, 1, workflow.Routine)
	mail, drop := receive(t, s, 2, workflow.Urgent)
	for _, id := range []workflow.CaseID{keep.ID, drop.ID} {
		act(t, s, id, func(f workflow.File) (workflow.Change, error) { return f.Take(co, monday) })
	}
	into := func() workflow.File {
		f, err := s.File(t.Context(), keep.ID)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	confirm := func(by workflow.Actor) error {
		return s.ActBoth(t.Context(), drop.ID, keep.ID, 0, func(f, o workflow.File) (workflow.Change, workflow.Change, error) {
			return f.ConfirmMerge(by, monday, o, "the same mother and birthday")
		})
	}
	if err := confirm(pr); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("joined without a proposal: %v", err)
	}
	act(t, s, drop.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ProposeMerge(co, monday, into(), "the same boy")
	})
	if err := confirm(co); !errors.Is(err, workflow.ErrNotAllowed) {
		t.Errorf("one person alone joined them: %v", err)
	}
	if err := confirm(pr); err != nil {
		t.Fatal(err)
	}
	f := into()
	mails, err := s.CaseMails(t.Context(), keep.ID)
	if err != nil || len(f.Referrals) != 2 || len(mails) != 2 || f.Case.Urgency != workflow.Urgent || len(f.Parties) != 1 {
		t.Errorf("joined: %d referrals, %d mails, %q, parties %+v, %v: want 2, 2, urgent and the mother once", len(f.Referrals), len(mails), f.Case.Urgency, f.Parties, err)
	}
	gone, err := s.File(t.Context(), drop.ID)
	if err != nil || gone.Case.State != workflow.Closed || gone.Case.Closed != workflow.DuplicateMerged {
		t.Errorf("the duplicate is %q (%q), %v", gone.Case.State, gone.Case.Closed, err)
	}
	err = s.ActBoth(t.Context(), drop.ID, keep.ID, 0, func(f, o workflow.File) (workflow.Change, workflow.Change, error) {
		return f.UndoMerge(ma, monday, o, "they are twins")
	})
	if err != nil {
		t.Fatal(err)
	}
	f = into()
	back, err := s.File(t.Context(), drop.ID)
	kept, err2 := s.CaseMails(t.Context(), keep.ID)
	if errors.Join(err, err2) != nil || len(f.Referrals) != 1 || len(kept) != 1 || len(back.Referrals) != 1 || back.Referrals[0].MessageID != mail || back.Case.State != workflow.Triage {
		t.Errorf("apart: %+v and %+v, %d mails, %v", f.Referrals, back.Referrals, len(kept), errors.Join(err, err2))
	}
	if _, err := s.SealEvents(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Verify(t.Context()); err != nil || !v.OK {
		t.Errorf("verify: %+v, %v", v.Broken, err)
	}
}

// TestANewEpisodeFollowsTheOld: identity, needs and blocks come along, decisions
// do not, and nobody has two open cases.
func TestANewEpisodeFollowsTheOld(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co, pr := who[workflow.Coordinator], who[workflow.Practitioner]
	_, old := receive(t, s, 1, workflow.Routine)
	act(t, s, old.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(co, monday) })
	act(t, s, old.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(co, monday, []workflow.FieldChange{{Field: workflow.FieldName, Value: "Tom Poole"}, {Field: workflow.FieldDOB, Value: "2013-05-03"}, {Field: workflow.FieldNeeds, Values: []string{"easy read"}}})
	})
	act(t, s, old.ID, func(f workflow.File) (workflow.Change, error) {
		return f.SetParty(co, monday, workflow.Party{Role: workflow.PartyFather, Name: "Lee Poole", Blocked: true, BlockedWhy: "an order"})
	})
	_, next := receive(t, s, 2, workflow.Routine)
	link := func() error {
		_, err := s.Act(t.Context(), next.ID, 0, func(f workflow.File) (workflow.Change, error) {
			before, err := s.File(t.Context(), old.ID)
			if err != nil {
				return workflow.Change{}, err
			}
			return f.FollowEpisode(co, monday, before, "the same boy")
		})
		return err
	}
	if err := link(); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("linked to an open case: %v", err)
	}
	act(t, s, old.ID, func(f workflow.File) (workflow.Change, error) {
		return f.WithdrawReferral(pr, monday, "she changed her mind")
	})
	if err := link(); err != nil {
		t.Fatal(err)
	}
	f, err := s.File(t.Context(), next.ID)
	if err != nil || f.Case.Follows != old.ID || f.Person.Name != "Tom Poole" || len(f.Person.Needs) != 1 || len(f.Consents) != 0 {
		t.Errorf("the new episode: %+v of %+v, %v", f.Case, f.Person, err)
	}
	blocked := false
	for _, p := range f.Parties {
		blocked = blocked || p.Blocked && p.Role == workflow.PartyFather
	}
	if !blocked {
		t.Errorf("parties %+v: who was blocked may be written to again", f.Parties)
	}
}
