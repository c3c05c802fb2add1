package workflow

import (
	"slices"
	"time"
)

// Guard is a check that needs no input: nil, or what stands in the way, in words.
type Guard struct {
	Name  string // as the printed table shows it
	Check func(f File, by Actor, at time.Time) error
}

func guards(g ...Guard) []Guard { return g }

var (
	somethingMissing = Guard{"something is missing", func(f File, _ Actor, at time.Time) error {
		if len(f.Missing(DateOf(at))) == 0 {
			return conflict("Nothing is missing: there is nothing to ask for.")
		}
		return nil
	}}
	notCrisis = Guard{"not in crisis", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Has(FlagCrisis) {
			return conflict("This is a crisis: ring, do not write. Record what was done before asking for information.")
		}
		return nil
	}}
	notUrgent = Guard{"not urgent", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Has(FlagCrisis) || f.Case.Has(FlagUrgent) {
			return conflict("A case that is urgent or in crisis is never closed for no contact.")
		}
		return nil
	}}
	notHeld = Guard{"not on hold", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Has(FlagHold) {
			return conflict("This case is on hold: a practitioner must first read why and lift the hold.")
		}
		return nil
	}}
	referrerConfirmed = Guard{"referrer confirmed", func(f File, _ Actor, _ time.Time) error {
		if r, ok := f.Referrer(); !ok || !r.Confirmed {
			return conflict("Confirm who the referrer is and how to reach them first: a letter never goes to an address that was only read.")
		}
		return nil
	}}
	consentMissing = Guard{"consent not settled", func(f File, _ Actor, at time.Time) error {
		if _, err := f.ConsentRoute(DateOf(at)); err == nil {
			return conflict("Consent is already settled.")
		}
		return nil
	}}
	consentHeld = Guard{"consent held now", func(f File, _ Actor, at time.Time) error {
		_, err := f.ConsentRoute(DateOf(at))
		return err
	}}
	complete = Guard{"complete, or urgent", func(f File, _ Actor, at time.Time) error {
		if m := f.Missing(DateOf(at)); len(m) > 0 && !f.isUrgent() {
			return conflict("Still missing: %s.", missingWords(m))
		}
		return nil
	}}
	duplicateSettled = Guard{"duplicate settled", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Has(FlagDuplicate) {
			return conflict("Settle first whether this is a duplicate.")
		}
		return nil
	}}
	areaConfirmed = Guard{"area confirmed", func(f File, _ Actor, _ time.Time) error {
		switch f.confirmed(FieldArea) {
		case "":
			return conflict("Confirm first that this area is the right one.")
		case "out":
			return conflict("Another area is responsible: redirect the referral, or correct the area.")
		}
		return nil
	}}
	chairsIt = Guard{"chairs this panel", func(f File, by Actor, _ time.Time) error {
		if f.Panel == nil || f.Panel.Chair != by.ID {
			return notAllowed("Only the chair of this panel can do this.")
		}
		return nil
	}}
	sitsOnIt = Guard{"sits on this panel", func(f File, by Actor, _ time.Time) error {
		if f.Panel == nil || f.Item == nil {
			return conflict("This case is not on a panel's agenda.")
		}
		if !slices.ContainsFunc(f.Panel.Members, func(m Member) bool { return m.Actor == by.ID }) {
			return notAllowed("Only members of this panel can do this.")
		}
		return nil
	}}
	quorate = Guard{"quorum and mix", func(f File, _ Actor, at time.Time) error {
		if f.Panel == nil || f.Item == nil {
			return conflict("This case is not on a panel's agenda.")
		}
		return f.quorum(DateOf(at))
	}}
	interestsDeclared = Guard{"interests declared", func(f File, _ Actor, _ time.Time) error { return f.interests() }}
	isInterim         = Guard{"included for now", func(f File, _ Actor, _ time.Time) error {
		if !f.Case.Has(FlagInterim) {
			return conflict("This inclusion is not an interim one.")
		}
		return nil
	}}
	hasDecision = Guard{"has a decision", func(f File, _ Actor, _ time.Time) error {
		if f.Decision == nil {
			return conflict("There is no decision to correct.")
		}
		return nil
	}}
	notRedNorBlue = Guard{"not red, not blue", func(f File, _ Actor, _ time.Time) error {
		if r := f.Rating(); r == Red || r == Blue {
			return conflict("Somebody rated %s cannot be proposed for removal.", r)
		}
		return nil
	}}
	allAgree     = Guard{"all involved agree", func(f File, by Actor, at time.Time) error { return f.removalAgreed(by, at) }}
	triedToReach = Guard{"reminders and a try", func(f File, _ Actor, _ time.Time) error {
		tries := slices.ContainsFunc(f.Contacts, func(c Contact) bool { return c.Reached != "reached" && c.How != "message" })
		asked := 0
		for _, l := range f.Letters {
			if (l.Kind == L3 || l.Kind == L4) && (l.State == LetterAccepted || l.State == LetterPosted) {
				asked++
			}
		}
		// the first letter asks; the reminders come after it
		if n := f.Settings.RemindersBeforeClose; !tries || asked < n+1 {
			return conflict("Before this: a letter that asks, %d reminders, and one try by phone or in the way they prefer, recorded.", n)
		}
		return nil
	}}
	wasNotAccepted = Guard{"was not accepted", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Closed != ClosedNotAccepted && f.Case.Closed != NotLDOrAutistic {
			return conflict("Only a case that was not accepted can be looked at again.")
		}
		return nil
	}}
	onAgenda = Guard{"on an agenda", func(f File, _ Actor, _ time.Time) error {
		if f.Panel == nil || f.Item == nil {
			return conflict("This case is not on a panel's agenda.")
		}
		return nil
	}}
	safeguardingSettled = Guard{"safeguarding checked", func(f File, _ Actor, _ time.Time) error {
		if f.Case.Has(FlagSafeguarding) {
			return conflict("There is a safeguarding concern: act on it and record what was done first.")
		}
		return nil
	}}
	disagreement = Guard{"parents disagree", func(f File, _ Actor, at time.Time) error {
		if !f.Disagreement(DateOf(at)) {
			return conflict("Those with parental responsibility do not disagree.")
		}
		return nil
	}}
	freshEyes = Guard{"somebody who did not decide before", func(f File, by Actor, _ time.Time) error { return f.freshEyes(by) }}
)
