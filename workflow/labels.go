package workflow

import (
	"slices"
	"strings"
)

// FormLabel is a label of referral forms that the team taught the reader: what
// stands beside it is read as Field, and proposed like everything read.
type FormLabel struct {
	Label string
	Field Field
}

// LabelFields are the fields that a label may be taught to mean, in the order of
// a case's page.
func LabelFields() []Field {
	return []Field{FieldName, FieldKnownAs, FieldDOB, FieldAge, FieldNHS, FieldAddress, FieldPostcode, FieldPhone, FieldEmail, FieldGP, "person.school",
		"person.accommodation", "person.gender", "person.ethnicity", "person.first_language", "person.interpreter", "person.ehcp", FieldCare, "person.inpatient",
		FieldLD, FieldAutism, FieldNeeds, FieldGrounds, FieldReason, FieldTried, FieldSafeguarding, FieldReferrer, FieldRelation, "referrer.role",
		"referrer.organisation", FieldReferrerMail, "referrer.phone", "referral.date", FieldGuardian, "guardian.relationship", "guardian.phone", "guardian.email",
		FieldPR, FieldConsentSaid, "consent.by", "capacity.reported", "rag_suggested", "do_not_tell"}
}

// mostLabels bounds what every mail is compared with.
const mostLabels = 500

// TeachLabel adds a label, or gives one that is known another meaning.
func (s Settings) TeachLabel(label string, field Field) (Settings, error) {
	label = strings.Join(strings.Fields(strings.TrimRight(strings.TrimSpace(label), ":*?")), " ")
	switch {
	case len(label) < 2 || len(label) > 120:
		return s, invalid("label", "Enter the label as it stands on the form, in at most 120 characters.")
	case !slices.Contains(LabelFields(), field):
		return s, invalid("field", "Choose what the label means.")
	}
	s = s.ForgetLabel(label)
	if len(s.Labels) >= mostLabels {
		return s, invalid("label", "There are too many labels: take out one that no form uses.")
	}
	s.Labels = append(slices.Clone(s.Labels), FormLabel{label, field})
	slices.SortFunc(s.Labels, func(a, b FormLabel) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return s, nil
}

// ForgetLabel takes a label out.
func (s Settings) ForgetLabel(label string) Settings {
	s.Labels = slices.DeleteFunc(slices.Clone(s.Labels), func(x FormLabel) bool { return strings.EqualFold(x.Label, label) })
	return s
}
