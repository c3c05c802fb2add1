package web

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// actOnLetter does something with a letter of a case: under the version of the
// case that the page showed. A refusal brings the letter's page back.
func (a *App) actOnLetter(w http.ResponseWriter, r *http.Request, f *Form, said string, do func(l store.Letter, x workflow.File) (workflow.Change, error)) error {
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	if l.Case == 0 {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This letter belongs to no case."}
	}
	seen, err := f.version()
	if err != nil {
		return err
	}
	_, err = a.store.Act(r.Context(), l.Case, seen, func(x workflow.File) (workflow.Change, error) { return do(l, x) })
	if status, mine := f.takes(err); mine {
		l, err := a.store.Letter(r.Context(), l.ID)
		if err != nil {
			return err
		}
		return a.letterPage(w, r, status, l, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, fmt.Sprintf("/letters/%d", l.ID))
}

// submitLetter freezes the bytes as the record is now and offers them for
// approval.
func (a *App) submitLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	at := a.now().Truncate(time.Second) // the letter's own date has no more
	return a.actOnLetter(w, r, f, "The letter waits for approval.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		rule, err := x.Letter(l.ID)
		if err != nil {
			return workflow.Change{}, err
		}
		fr, found, err := a.draw(r.Context(), x, rule, a.office.NewMessageID(), at)
		if lines := blockedBy(err, x.Case.Ref); len(lines) > 0 {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "This letter cannot be made yet: see below what is missing."}
		}
		if err != nil {
			return workflow.Change{}, err
		}
		if letters.Stops(found) {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "Something in these words must be mended first: see below."}
		}
		return x.SubmitLetter(by, at, fr)
	})
}

// approveLetter queues the bytes that its reader saw, if the record still gives
// the same.
func (a *App) approveLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	var seen [32]byte
	raw, err := hex.DecodeString(f.Text("hash"))
	if err != nil || len(raw) != len(seen) {
		return fmt.Errorf("field hash: %w", workflow.ErrInvalid)
	}
	copy(seen[:], raw)
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "The letter is approved.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		rule, err := x.Letter(l.ID)
		if err != nil {
			return workflow.Change{}, err
		}
		v := letterView{letter: l, file: x, rule: rule, frozen: true}
		if rule.State == workflow.LetterSubmitted {
			if err := a.redraw(r.Context(), &v); err != nil {
				return workflow.Change{}, err
			}
		}
		return x.ApproveLetter(by, a.now(), l.ID, seen, v.again)
	})
}

func (a *App) sendBackLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "The letter goes back to be written again.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		return x.SendBackLetter(by, a.now(), l.ID, f.Text("why"))
	})
}

func (a *App) stopLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "The letter is stopped.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		if f.Text("stop_why") == "" {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "stop_why", Words: "Say why it must not go."}
		}
		return x.StopALetter(by, a.now(), l.ID, f.Text("stop_why"))
	})
}

func (a *App) contactAboutLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	return a.actOnLetter(w, r, f, "The call is recorded.", func(l store.Letter, x workflow.File) (workflow.Change, error) {
		return x.RecordContact(by, a.now(), workflow.Contact{Party: l.Party, How: "phone", Reached: f.Text("reached"), At: a.now()}, f.Text("said"))
	})
}

// resolveLetter settles a letter that did not surely arrive.
func (a *App) resolveLetter(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	became, why := f.Text("became"), f.Text("became_why")
	if !slices.Contains([]string{"accepted", "retry", "given up"}, became) {
		f.Wrong("became", "Say what became of it.")
	}
	if why == "" {
		f.Wrong("became_why", "Say how you know, or what is done instead.")
	}
	if f.OK() && became == "given up" {
		err = a.store.GiveUpLetter(r.Context(), by, a.now(), l.ID, why)
	} else if f.OK() {
		err = a.store.Resolve(r.Context(), by, a.now(), l.ID, workflow.LetterState(became), why)
	}
	if status, mine := f.takes(err); mine || !f.OK() {
		if !mine {
			status = http.StatusUnprocessableEntity
		}
		return a.letterPage(w, r, status, l, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "Recorded what became of the letter.")
	return seeOther(w, r, fmt.Sprintf("/letters/%d", l.ID))
}
