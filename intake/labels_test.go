package intake

import (
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestALabelThatTheTeamTaughtIsRead(t *testing.T) {
	t.Parallel()
	s := newService(t)
	form := []byte("Please see the form.\n\nName of young person: Tom Poole\nDate of birth: 03/05/2013\nSetting attended on weekdays: Fern Close Academy\nReason for referral: He may be admitted to a mental health hospital.\nReferrer name: Jo Webb\nReferrer role: SENCO\n")
	school := func(subject string) string {
		m := settle(t, s, put(t, s, "INBOX", mail("Jo Webb <jo@school.example>", subject, string(form))))
		if len(m.Cases) != 1 {
			t.Fatalf("%s: %s, %d cases", subject, m.End, len(m.Cases))
		}
		f, err := s.Store.File(t.Context(), m.Cases[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return f.Value("person.school")
	}
	if got := school("before"); got == "Fern Close Academy" {
		t.Fatalf("the label is known already: this test shows nothing")
	}
	set, version, err := s.Store.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if set, err = set.TeachLabel("Setting attended on weekdays:", "person.school"); err != nil {
		t.Fatal(err)
	}
	manager := workflow.Actor{ID: 1, Name: "Maya", Roles: []workflow.Role{workflow.Manager}}
	if err := s.Store.SaveSettings(t.Context(), manager, monday, version, set); err != nil {
		t.Fatal(err)
	}
	if got := school("after"); got != "Fern Close Academy" {
		t.Errorf("school %q, want what stands beside the taught label", got)
	}
}
