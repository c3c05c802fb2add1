package store

import (
	"slices"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestTheDirectoryIsShippedUnverified(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	n, err := s.SeedSignposts(t.Context(), monday)
	if err != nil || n < 30 {
		t.Fatalf("added %d, %v: want the whole directory", n, err)
	}
	if again, err := s.SeedSignposts(t.Context(), monday); err != nil || again != 0 {
		t.Errorf("added %d more, %v: want none the second time", again, err)
	}
	all, err := s.Signposts(t.Context())
	if err != nil || len(all) != n {
		t.Fatalf("%d entries, %v: want %d", len(all), err, n)
	}
	names := map[string]workflow.Signpost{}
	for _, x := range all {
		if x.Usable(workflow.DateOf(monday)) == nil {
			t.Errorf("%s: it may stand in a letter, and nobody has checked it", x.Name)
		}
		if x.Source == "" {
			t.Errorf("%s: it has no source", x.Name)
		}
		for _, a := range x.Areas {
			if !slices.Contains(workflow.Councils(), a) {
				t.Errorf("%s: its area %q is no council of the list", x.Name, a)
			}
		}
		names[x.Name] = x
	}
	for name, phone := range map[string]string{"SET CAMHS": "0800 953 0222", "Samaritans": "116 123",
		"Essex County Council, children's social care": "0345 603 7627", "Thurrock Council, at night and at weekends": "01375 372468"} {
		if names[name].Phone != phone {
			t.Errorf("%s: %q, want %q", name, names[name].Phone, phone)
		}
	}
	if v := names["VoiceAbility, all age advocacy in Essex"]; !slices.Equal(v.Areas, []string{"Essex"}) {
		t.Errorf("advocacy serves %v, want Essex alone", v.Areas)
	}
	if _, err := s.SaveSignpost(t.Context(), who[workflow.Admin], monday, all[0]); err == nil {
		t.Error("an administrator changed the directory")
	}
}

func TestADirectoryInUseIsNotFilled(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	if _, err := s.SaveSignpost(t.Context(), who[workflow.Coordinator], monday, workflow.Signpost{Name: "Ours", For: "us", Phone: "01632 960001"}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.SeedSignposts(t.Context(), monday); err != nil || n != 0 {
		t.Errorf("added %d, %v: want none", n, err)
	}
}

func TestAVerifiedEntryThatChangesIsUnverified(t *testing.T) {
	t.Parallel()
	s, who := newStore(t)
	co, set := who[workflow.Coordinator], workflow.DefaultSettings()
	x := workflow.Signpost{Name: "Ours", For: "us", Phone: "01632 960001"}
	save := func(x workflow.Signpost) workflow.Signpost {
		t.Helper()
		id, err := s.SaveSignpost(t.Context(), co, monday, x)
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Signposts(t.Context())
		if err != nil || len(all) != 1 || all[0].ID != id {
			t.Fatalf("directory %+v, %v", all, err)
		}
		return all[0]
	}
	x, err := workflow.VerifySignpost(co, monday, save(x), set)
	if err != nil {
		t.Fatal(err)
	}
	if x = save(x); x.VerifiedBy == "" {
		t.Fatal("the verification was not kept")
	}
	x.Phone = "01632 960002" // and still claims to be verified
	if x = save(x); x.VerifiedBy != "" || !x.VerifiedOn.IsZero() {
		t.Errorf("with another number: %+v, want it unverified", x)
	}
}
