package workflow

import "slices"

// State is where a case is in its life.
type State string

const (
	None            State = ""                     // before the case exists
	New             State = "new"                  // made from a message, nobody looked yet
	Triage          State = "triage"               // a person checks fields, class, urgency, area, duplicates
	AwaitingInfo    State = "awaiting information" // the referrer was asked for what is missing
	AwaitingConsent State = "awaiting consent"     // consent, capacity or parental responsibility not settled
	ReadyForPanel   State = "ready for panel"      // complete, with a valid consent route
	PanelScheduled  State = "panel scheduled"      // on the agenda of a dated panel
	InPanel         State = "in panel"             // the panel has opened it
	Deferred        State = "deferred"             // the panel needs more before deciding
	Accepted        State = "accepted"             // decided; letters not yet approved
	NotAccepted     State = "not accepted"         // decided; letters not yet approved
	OnRegister      State = "on register"          // active, rated, with a lead and a next review
	RemovalProposed State = "removal proposed"     // collecting everybody's agreement
	Transferring    State = "transferring"         // moving to another area's register
	Closed          State = "closed"               // with a ClosedReason
)

// States lists every state in the order of a case's life.
func States() []State {
	return []State{New, Triage, AwaitingInfo, AwaitingConsent, ReadyForPanel, PanelScheduled, InPanel,
		Deferred, Accepted, NotAccepted, OnRegister, RemovalProposed, Transferring, Closed}
}

// IsOpen reports whether a case in this state is still being worked.
func (s State) IsOpen() bool { return s != None && s != Closed }

// IsUndecided reports whether no panel has decided yet.
func (s State) IsUndecided() bool {
	return slices.Contains([]State{New, Triage, AwaitingInfo, AwaitingConsent, ReadyForPanel, PanelScheduled, InPanel, Deferred}, s)
}

func open() []State {
	return slices.DeleteFunc(States(), func(s State) bool { return s == Closed })
}

func undecided() []State {
	return slices.DeleteFunc(States(), func(s State) bool { return !s.IsUndecided() })
}

// ClosedReason says why a case is closed.
type ClosedReason string

const (
	RemovedAgreed     ClosedReason = "removed by agreement"
	ConsentWithdrawn  ClosedReason = "consent withdrawn"
	ClosedNotAccepted ClosedReason = "not accepted"
	WithdrawnBefore   ClosedReason = "withdrawn before a decision"
	TransferredOut    ClosedReason = "transferred out"
	OutOfArea         ClosedReason = "out of area"
	DuplicateMerged   ClosedReason = "duplicate, merged"
	NoContact         ClosedReason = "no contact"
	Died              ClosedReason = "died"
	MadeInError       ClosedReason = "made in error"
	EnquiryOnly       ClosedReason = "enquiry only"
	NotLDOrAutistic   ClosedReason = "no learning disability or autism after assessment"
)

// Flag stands beside the state and never replaces it.
type Flag string

const (
	FlagCrisis       Flag = "crisis"
	FlagUrgent       Flag = "urgent"
	FlagUnread       Flag = "unread" // what would tell how urgent it is could not be read
	FlagSafeguarding Flag = "safeguarding"
	FlagDuplicate    Flag = "possible duplicate"
	FlagUndelivered  Flag = "letter undelivered"
	FlagSecureMail   Flag = "secure mail waiting"
	FlagLegalHold    Flag = "legal hold"
	FlagDoNotContact Flag = "do not contact"
	// FlagHold closes the pack and stops every letter but L2 until a practitioner
	// has read why. It is set by the machine at a "no"; it is not a consent record.
	FlagHold      Flag = "hold"
	FlagHousehold Flag = "same household"
	FlagInterim   Flag = "interim inclusion"
	FlagBirthday  Flag = "birthday due"
	FlagOverdue   Flag = "overdue"
	FlagRecheck   Flag = "consent to be asked again"
)

// Urgency says how soon a person must look. The machine only ever raises it.
type Urgency string

const (
	Crisis  Urgency = "crisis"
	Urgent  Urgency = "urgent"
	Unread  Urgency = "unread"
	Routine Urgency = "routine"
)

// Rank orders urgencies: the higher, the sooner.
func (u Urgency) Rank() int {
	switch u {
	case Crisis:
		return 3
	case Urgent:
		return 2
	case Unread:
		return 1
	}
	return 0
}

// Flag is the flag that this urgency raises, "" for routine.
func (u Urgency) Flag() Flag {
	switch u {
	case Crisis:
		return FlagCrisis
	case Urgent:
		return FlagUrgent
	case Unread:
		return FlagUnread
	}
	return ""
}

// Rating is the risk of admission to a mental health hospital, set by people
// only. It is not the ground of a referral.
type Rating string

const (
	Unrated Rating = ""
	Red     Rating = "red"   // immediate risk
	Amber   Rating = "amber" // immediate risk without urgent intervention
	Green   Rating = "green" // some risks, managed well
	Blue    Rating = "blue"  // in hospital now
)

// Words is the rating as the public is told it.
func (r Rating) Words() string {
	switch r {
	case Red:
		return "Red: a high risk of going into hospital straight away"
	case Amber:
		return "Amber: a risk of going into hospital without the right care and treatment soon"
	case Green:
		return "Green: risks managed well at home"
	case Blue:
		return "Blue: in hospital now"
	}
	return "Not rated"
}

// Rank orders ratings by risk; blue stands apart and ranks with red.
func (r Rating) Rank() int {
	switch r {
	case Red, Blue:
		return 3
	case Amber:
		return 2
	case Green:
		return 1
	}
	return 0
}

// Ratings lists what a panel may choose from, in the order of forms.
func Ratings() []Rating { return []Rating{Red, Amber, Green, Blue} }

// Ground is a reason of the leaflet for being on the register.
type Ground string

const (
	HospitalAdmission  Ground = "hospital_admission"
	PlacementBreakdown Ground = "placement_breakdown"
	ResidentialSetting Ground = "residential_setting"
	CriminalJustice    Ground = "criminal_justice"
)

// Grounds lists the four grounds of the leaflet.
func Grounds() []Ground {
	return []Ground{HospitalAdmission, PlacementBreakdown, ResidentialSetting, CriminalJustice}
}

// Words is the ground in the leaflet's words.
func (g Ground) Words() string {
	switch g {
	case HospitalAdmission:
		return "admission to a mental health hospital"
	case PlacementBreakdown:
		return "placement breakdown"
	case ResidentialSetting:
		return "moving into a residential setting"
	case CriminalJustice:
		return "entering the criminal justice system"
	}
	return string(g)
}
