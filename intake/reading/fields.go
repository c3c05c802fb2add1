package reading

// isField names the fields that a referral may have.
var isField = wordSet(`person.name person.known_as person.date_of_birth person.age person.nhs_number person.gender person.ethnicity person.first_language person.interpreter
person.communication_needs person.address person.postcode person.phone person.email person.accommodation person.gp person.school person.ehcp person.care_status person.inpatient
person.learning_disability person.autism person.address_confidential referrer.name referrer.relationship referrer.role referrer.organisation referrer.email referrer.phone referral.date
guardian.name guardian.relationship guardian.phone guardian.email guardian.parental_responsibility consent.reported consent.by consent.share consent.not_share capacity.reported rag_suggested safeguarding
safeguarding.cue grounds reason tried do_not_tell`)

// forPanel are the fields that a panel needs, in the order in which the team
// asks for them.
var forPanel = []string{"person.name", "person.date_of_birth", "person.nhs_number", "person.address", "person.gp", "person.learning_disability", "person.autism",
	"person.communication_needs", "grounds", "reason", "tried", "consent.reported", "consent.by", "referrer.name", "referrer.email", "safeguarding"}
