package workflow

import "strings"

// Gap is something a panel needs that the record lacks. Words go into the
// request for information; Why is the plain reason beside it.
type Gap struct {
	Field Field
	Words string
	Why   string
	Ask   bool // the referrer can tell; otherwise staff must settle it
}

// Missing lists what a referral lacks before a panel may see it. Consent has its
// own guard. "Unknown", recorded by staff, counts as an answer where nobody may know.
func (f File) Missing(today Date) []Gap {
	var out []Gap
	need := func(have bool, g Gap) {
		if !have {
			out = append(out, g)
		}
	}
	has := func(names ...Field) bool {
		for _, n := range names {
			if f.confirmed(n) != "" {
				return true
			}
		}
		return false
	}
	age, known := f.Person.Age(today)
	need(has(FieldName), Gap{FieldName, "the person's full name", "so that we are sure who this is about", true})
	need(has(FieldDOB, FieldAge), Gap{FieldDOB, "the person's date of birth", "because age decides who can say yes", true})
	need(has(FieldAddress, FieldPostcode, FieldGP, FieldCouncil), Gap{FieldAddress, "where the person lives, or their GP surgery", "so that we know which area can help", true})
	need(has(FieldLD, FieldAutism), Gap{FieldLD, "whether the person has a learning disability or is autistic", "because the register is for autistic people and people with a learning disability", true})
	need(has(FieldGrounds), Gap{FieldGrounds, "what might happen: hospital, losing a home or placement, a residential setting, or the police and courts", "because these are the reasons for being on the register", true})
	need(has(FieldReason), Gap{FieldReason, "what is happening now", "so that the panel understands", true})
	need(has(FieldNeeds), Gap{FieldNeeds, "how the person likes to be told things, for example Easy Read or a phone call", "so that we write in a way that works", true})
	if r, ok := f.Referrer(); !ok || !r.Confirmed || r.Email == "" && r.Phone == "" && r.Address == "" {
		need(false, Gap{FieldReferrer, "who refers, and how to reach them", "confirmed by one of us", false})
	}
	if known && age < 18 {
		need(has(FieldPR) || f.namesPR(), Gap{FieldPR, "who has parental responsibility", "because they may have to agree", true})
		need(has(FieldCare), Gap{FieldCare, "whether the child is looked after, in need or on a protection plan", "because the council may share parental responsibility", true})
	}
	if f.ReferralType() == ByProfessional {
		need(has(FieldNHS), Gap{FieldNHS, "the NHS number, or that it is not known", "so that records match", true})
		need(has(FieldGP), Gap{FieldGP, "the GP surgery", "so that the right doctor is told", true})
		need(has(FieldTried), Gap{FieldTried, "what has been tried", "so that nobody suggests it again", true})
		need(has(FieldServices), Gap{FieldServices, "who else is involved", "so that they can be asked", true})
		need(has(FieldSafeguarding), Gap{FieldSafeguarding, "whether there is a safeguarding concern", "so that it is acted on today", true})
	}
	return out
}

// isUrgent reports whether the case may go to an urgent panel with gaps.
func (f File) isUrgent() bool {
	return f.Case.Urgency == Urgent || f.Case.Urgency == Crisis || f.Case.Has(FlagUrgent) || f.Case.Has(FlagCrisis)
}

func (f File) namesPR() bool {
	for _, p := range f.Parties {
		if p.HasPR == Yes && p.Confirmed {
			return true
		}
	}
	return false
}

func missingWords(gaps []Gap) string {
	words := make([]string, len(gaps))
	for i, g := range gaps {
		words[i] = g.Words
	}
	return strings.Join(words, "; ")
}
