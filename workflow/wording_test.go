package workflow

import (
	"errors"
	"testing"
)

func TestWordingNeedsTwoPeopleAndEasyReadItsReaders(t *testing.T) {
	t.Parallel()
	co, pr, ma := Actor{ID: 1, Roles: []Role{Coordinator}}, Actor{ID: 2, Roles: []Role{Practitioner}}, Actor{ID: 3, Roles: []Role{Manager}}
	draft, err := WriteWording(ma, monday, Wording{File: "L3.plain.txt", Source: "words", Note: "shorter"})
	if err != nil {
		t.Fatal(err)
	}
	shipped, easy, done := draft, draft, draft
	shipped.AsShipped, shipped.MadeBy = true, 0
	easy.EasyRead = true
	done.ApprovedBy = 9
	for name, x := range map[string]struct {
		by   Actor
		w    Wording
		read string
		on   Date
		err  error
	}{
		"another person":               {pr, draft, "", Date{}, nil},
		"who wrote it":                 {ma, draft, "", Date{}, ErrNotAllowed},
		"a coordinator":                {co, draft, "", Date{}, ErrNotAllowed},
		"as it was shipped":            {ma, shipped, "", Date{}, nil},
		"twice":                        {pr, done, "", Date{}, ErrConflict},
		"Easy Read that nobody read":   {pr, easy, " ", today(), ErrInvalid},
		"Easy Read, read some time":    {pr, easy, "the Tuesday group", Date{}, ErrInvalid},
		"Easy Read, to be read":        {pr, easy, "the Tuesday group", today().Add(1), ErrInvalid},
		"Easy Read, read by its group": {pr, easy, "the Tuesday group", today(), nil},
	} {
		got, err := ApproveWording(x.by, monday, x.w, x.read, x.on)
		if !errors.Is(err, x.err) || x.err == nil && (err != nil || got.ApprovedBy != x.by.ID || got.MadeBy == 0) {
			t.Errorf("%s: %+v, %v, want %v", name, got, err, x.err)
		}
	}
	for name, x := range map[string]struct {
		by  Actor
		w   Wording
		err error
	}{
		"nothing":     {co, Wording{Note: "why"}, ErrInvalid},
		"no reason":   {co, Wording{Source: "words"}, ErrInvalid},
		"an outsider": {Actor{ID: 4, Roles: []Role{Chair}}, Wording{Source: "words", Note: "why"}, ErrNotAllowed},
	} {
		if _, err := WriteWording(x.by, monday, x.w); !errors.Is(err, x.err) {
			t.Errorf("%s: %v, want %v", name, err, x.err)
		}
	}
	if _, err := RestoreWording(ma, monday, draft, "better"); !errors.Is(err, ErrConflict) {
		t.Errorf("a draft came back into force: %v", err)
	}
	if w, err := RestoreWording(ma, monday, done, "better"); err != nil || w.ApprovedBy != ma.ID || w.Note != "better" {
		t.Errorf("restored %+v, %v", w, err)
	}
}
