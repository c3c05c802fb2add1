package workflow

import "time"

// due makes the letters of a kind due to everybody whom the record allows, and
// a task for each whom no letter may reach. Who gets what follows from who
// decides for the person and who referred.
func (f File) due(k LetterKind, at time.Time) ([]LetterDue, []TaskDue) {
	var letters []LetterDue
	blocked := 0
	seen := map[PartyID]bool{}
	for _, w := range f.wanted(k, DateOf(at)) {
		if w.Party == 0 {
			blocked++
			continue
		}
		if seen[w.Party] {
			continue
		}
		seen[w.Party] = true
		if _, err := f.Recipient(k, w.Party); err != nil {
			blocked++
			continue
		}
		w.Kind, w.Asks = k, f.asks(k, at)
		letters = append(letters, w)
	}
	if blocked == 0 {
		return letters, f.draftTask(k, letters, at)
	}
	return letters, append(f.draftTask(k, letters, at), TaskDue{Kind: TaskWriteByHand, Owner: f.Case.Owner,
		Due: f.Settings.Calendar().Due(at, f.Settings.LettersOutWD), Why: "letter " + string(k)})
}

func (f File) draftTask(k LetterKind, letters []LetterDue, at time.Time) []TaskDue {
	if len(letters) == 0 || k.IsAutomatic() {
		return nil
	}
	return []TaskDue{{Kind: TaskDraft, Due: f.Settings.Calendar().Due(at, f.Settings.LettersOutWD), Owner: f.Case.Owner, Why: "letter " + string(k)}}
}

func (f File) asks(k LetterKind, at time.Time) []string {
	if k != L3 {
		return nil
	}
	var out []string
	for _, g := range f.Missing(DateOf(at)) {
		if g.Ask && len(out) < 7 {
			out = append(out, g.Words+" ("+g.Why+")")
		}
	}
	return out
}

// wanted is who should hear, before asking whether they may. A zero party stands
// for somebody who should hear and is not named on the case.
func (f File) wanted(k LetterKind, today Date) []LetterDue {
	switch k {
	case L0, L1b, L1c, L3, L9:
		return f.toReferrer(Full)
	case L4:
		return f.toDecider(today)
	case L5, L5b, L15:
		return append(f.toDecider(today), f.toReferrer(OutcomeOnly)...)
	case L6, L7:
		return append(f.toDecider(today), f.referrersShare(today)...)
	case L8:
		return append(append(f.toDecider(today), f.toLead()...), f.referrersShare(today)...)
	case L10:
		return f.toDecider(today)
	case L12:
		return append(f.toDecider(today), f.toLead()...)
	}
	return nil
}

// toDecider is the person from 16, else who holds parental responsibility and
// consented; where the person lacks capacity, the advocate hears beside them.
func (f File) toDecider(today Date) []LetterDue {
	age, known := f.Person.Age(today)
	if known && age < 16 {
		return f.toParents()
	}
	self, ok := f.Self()
	out := []LetterDue{{Party: self.ID, Content: Full}}
	if !ok {
		out = []LetterDue{{}}
	}
	if f.lacksCapacity(today) {
		for _, p := range f.Parties {
			if p.Role == PartyAdvocate || p.Role == PartyAttorney {
				out = append(out, LetterDue{Party: p.ID, Content: Full})
			}
		}
	}
	return out
}

// toParents is the holder of parental responsibility who consented, and any
// other only once a practitioner recorded that it is safe to write to them.
func (f File) toParents() []LetterDue {
	var out []LetterDue
	consented := PartyID(0)
	if c, ok := f.latest(Inclusion); ok {
		consented = c.Party
	}
	for _, p := range f.Parties {
		if p.HasPR == Yes && (p.ID == consented || consented == 0 && p.Referrer || p.SafeToWrite != "") {
			out = append(out, LetterDue{Party: p.ID, Content: Full})
		}
	}
	if len(out) == 0 {
		return []LetterDue{{}}
	}
	return out
}

func (f File) toReferrer(c Content) []LetterDue {
	for _, p := range f.Parties {
		if p.Referrer {
			return []LetterDue{{Party: p.ID, Content: c}}
		}
	}
	return []LetterDue{{}}
}

// referrersShare is what the original referrer may hear of a decision: everything
// where they decide, the outcome where consent covers their sector, or where the
// person agreed that a parent is told, else nothing but thanks.
func (f File) referrersShare(today Date) []LetterDue {
	var out []LetterDue
	for _, p := range f.Parties {
		if !p.Referrer || p.Role == PartySelf || p.Role == PartyForwarder {
			continue
		}
		switch {
		case f.isDecider(p, today):
			out = append(out, LetterDue{Party: p.ID, Content: Full})
		case p.Role.IsProfessional() && p.Sector != NoSector && f.SharesWith(p.Sector):
			out = append(out, LetterDue{Party: p.ID, Content: OutcomeOnly})
		case f.isFamily(p) && f.agreed(ShareParent):
			out = append(out, LetterDue{Party: p.ID, Content: OutcomeOnly})
		}
	}
	return out
}

func (f File) isDecider(p Party, today Date) bool {
	age, known := f.Person.Age(today)
	return known && age < 16 && p.HasPR == Yes
}

func (f File) isFamily(p Party) bool {
	switch p.Role {
	case PartyMother, PartyFather, PartyParent, PartyGuardian, PartyCarer, PartyPartner:
		return true
	}
	return false
}

func (f File) toLead() []LetterDue {
	p, err := f.Party(f.Case.Lead)
	if err != nil || p.Sector == NoSector || !f.SharesWith(p.Sector) {
		return nil
	}
	return []LetterDue{{Party: p.ID, Content: Full}}
}

// Needs lists the accessible-information needs that forms offer (the Accessible
// Information Standard, DAPB1605); they choose the form of every letter.
func Needs() []string {
	return []string{"easy read", "large print", "phone call first", "braille", "audio", "british sign language", "another language"}
}
