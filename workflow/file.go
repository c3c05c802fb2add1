package workflow

import "time"

// File is all that a rule may look at. Package store loads it under the lock:
// the case row, then the person row, then the rest.
type File struct {
	Case          Case
	Person        Person
	Facts         map[Field]Fact // the newest value of each field; see Fact.Confirmed
	Referrals     []Referral
	Parties       []Party
	Consents      []Consent // oldest first, never overwritten
	Capacities    []Capacity
	BestInterests []BestInterests
	Contacts      []Contact
	Ratings       []Assessment
	Item          *PanelItem // the live place on an agenda
	Panel         *Panel     // the meeting of Item
	Decision      *Decision  // the latest, if any
	Removal       *Removal   // the live proposal, if any
	Letters       []Letter
	Tasks         []Task     // open ones
	Signposts     []Signpost // the entries that the action names, and those that the decision named
	Settings      Settings
	History       []Step    // changes of state, oldest first
	ReadAt        time.Time // when somebody of the team last read or touched the case
	CrisisAt      time.Time // when the newest crisis mail came
	CETR          CETRStep  // the newest step
	Keyworker     KeyworkerStep
	Merge         *Merge // the newest, of this case into another
	Plan          []PlanItem
	Shares        []Share
	Responsible   []Responsibility // oldest first
	Organisations []Organisation
}

// Case is one episode: from a referral to its end.
type Case struct {
	ID         CaseID
	Ref        string // DSR-2026-00012-K
	PersonID   PersonID
	State      State
	Since      time.Time
	Before     State // the state it was closed from
	Closed     ClosedReason
	Urgency    Urgency
	Flags      []Flag
	Owner      ActorID
	Version    Version
	ReceivedAt time.Time
	OnRegister Date // first day on the register, zero before
	NextReview Date
	Lead       PartyID // lead professional
	LeadNamed  string  // "to be named by …" while there is none
	Follows    CaseID  // the earlier episode of the same person
}

// Has reports whether the flag is raised.
func (c Case) Has(f Flag) bool {
	for _, g := range c.Flags {
		if g == f {
			return true
		}
	}
	return false
}

// Person is the one on, or proposed for, the register. Until staff confirm who
// it is, its columns are empty and only facts speak.
type Person struct {
	ID          PersonID
	Confirmed   bool
	Name        string
	KnownAs     string
	DateOfBirth Date
	NHSNumber   string
	Deceased    bool
	DiedOn      Date
	Needs       []string // accessible-information needs: easy read, large print, …
}

// Greeting is the name that letters use: the known-as name, else the first of the names.
func (p Person) Greeting() string {
	if p.KnownAs != "" {
		return p.KnownAs
	}
	for i, r := range p.Name {
		if r == ' ' {
			return p.Name[:i]
		}
	}
	return p.Name
}

// Age is the age on a day; ok is false while the date of birth is unknown.
func (p Person) Age(on Date) (years int, ok bool) {
	if p.DateOfBirth.IsZero() {
		return 0, false
	}
	return p.DateOfBirth.AgeOn(on), true
}

// Field names a fact, in the words of `dsr parse --json`.
type Field string

// The fields that rules look at; the readers know more.
const (
	FieldName         Field = "person.name"
	FieldKnownAs      Field = "person.known_as"
	FieldDOB          Field = "person.date_of_birth"
	FieldAge          Field = "person.age"
	FieldNHS          Field = "person.nhs_number"
	FieldAddress      Field = "person.address"
	FieldPostcode     Field = "person.postcode"
	FieldPhone        Field = "person.phone"
	FieldEmail        Field = "person.email"
	FieldGP           Field = "person.gp"
	FieldLD           Field = "person.learning_disability"
	FieldAutism       Field = "person.autism"
	FieldCare         Field = "person.care_status"
	FieldNeeds        Field = "person.communication_needs"
	FieldConfidential Field = "person.address_confidential"
	FieldGrounds      Field = "grounds"
	FieldReason       Field = "reason"
	FieldTried        Field = "tried"
	FieldSafeguarding Field = "safeguarding"
	FieldCouncil      Field = "person.council" // council of ordinary residence, Mental Health Act 1983 s.125D(2)
	FieldArea         Field = "person.area"    // staff: in, out, border
	FieldServices     Field = "services"       // other services involved
	FieldPR           Field = "guardian.parental_responsibility"
	FieldGuardian     Field = "guardian.name"
	FieldReferrer     Field = "referrer.name"
	FieldRelation     Field = "referrer.relationship"
	FieldReferrerMail Field = "referrer.email"
	FieldConsentSaid  Field = "consent.reported"
	FieldFromArea     Field = "transfer.from"
	FieldPriorRating  Field = "transfer.rating" // of the other area; told, never taken over
)

// Fact is the newest value of one field with who stands behind it.
type Fact struct {
	ID        FactID
	Value     string   // "unknown" where staff recorded that nobody knows
	Values    []string // of sets
	Confirmed bool     // a person confirmed or typed it
}

// ReferralType says who refers.
type ReferralType string

const (
	BySelf         ReferralType = "self"
	ByFamily       ReferralType = "family"
	ByProfessional ReferralType = "professional"
)

// Referral is one referral received; several may feed one case.
type Referral struct {
	ID         int64
	MessageID  MessageID // 0 when told by phone, post or in person
	How        string    // phone, post, in person; "" for a mail
	Type       ReferralType
	ReceivedAt time.Time
	ToldTo     ActorID
}

// PartyRole is what somebody is to the person.
type PartyRole string

const (
	PartySelf      PartyRole = "self"
	PartyMother    PartyRole = "mother"
	PartyFather    PartyRole = "father"
	PartyParent    PartyRole = "parent"
	PartyGuardian  PartyRole = "guardian"
	PartyCarer     PartyRole = "carer"
	PartyFoster    PartyRole = "foster carer"
	PartyPartner   PartyRole = "partner"
	PartyRelative  PartyRole = "relative"
	PartyFriend    PartyRole = "friend"
	PartyAdvocate  PartyRole = "advocate"
	PartyAttorney  PartyRole = "attorney or deputy"
	PartyCouncil   PartyRole = "council with parental responsibility"
	PartyLead      PartyRole = "lead professional"
	PartySocial    PartyRole = "social worker"
	PartyHealth    PartyRole = "health professional"
	PartySchool    PartyRole = "school or college"
	PartyPolice    PartyRole = "police, probation or youth justice"
	PartyProvider  PartyRole = "provider"
	PartyForwarder PartyRole = "forwarder" // sent somebody else's referral on; gets nothing but an acknowledgement
	PartyOther     PartyRole = "other"
)

// PartyRoles lists the roles in the order of forms.
func PartyRoles() []PartyRole {
	return []PartyRole{PartySelf, PartyMother, PartyFather, PartyParent, PartyGuardian, PartyCarer, PartyFoster, PartyPartner,
		PartyRelative, PartyFriend, PartyAdvocate, PartyAttorney, PartyCouncil, PartyLead, PartySocial, PartyHealth, PartySchool,
		PartyPolice, PartyProvider, PartyForwarder, PartyOther}
}

// IsProfessional reports whether somebody in this role acts for an organisation.
func (r PartyRole) IsProfessional() bool {
	switch r {
	case PartyCouncil, PartyLead, PartySocial, PartyHealth, PartySchool, PartyPolice, PartyProvider, PartyForwarder:
		return true
	}
	return false
}

// IsParental reports whether somebody in this role may hold parental responsibility.
func (r PartyRole) IsParental() bool {
	switch r {
	case PartyMother, PartyFather, PartyParent, PartyGuardian, PartyCouncil:
		return true
	}
	return false
}

// Sector is where a professional works; consent to share names sectors.
type Sector string

const (
	Health     Sector = "health"
	Education  Sector = "education"
	SocialCare Sector = "social_care"
	NoSector   Sector = ""
)

// Words is the sector as pages and letters write it.
func (s Sector) Words() string {
	if s == SocialCare {
		return "social care"
	}
	return string(s)
}

// Answer is yes, no, or not known (yet).
type Answer string

const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = ""
)

// Party is somebody around the person, in one role on one case.
type Party struct {
	ID           PartyID
	Role         PartyRole
	Name         string
	KnownAs      string
	Organisation string
	Sector       Sector
	Email        string
	Phone        string
	Address      string
	HasPR        Answer // parental responsibility; never assumed of the writer
	Involved     bool   // involved in the care now: asked before a removal
	Referrer     bool   // the original referrer of a referral
	Confirmed    bool   // a person confirmed who it is and how to reach them
	MayWrite     Answer // may receive letters about decisions
	OrdinaryOK   bool   // agreed to full letters at an ordinary (not secure) address
	SafeToWrite  string // "asked NAME on DATE" where another parent's letter needs it
	Blocked      bool
	BlockedWhy   string
	Needs        []string // accessible-information needs of this party
	Version      Version
}

// Greeting is the name a letter to the party uses.
func (p Party) Greeting() string {
	if p.KnownAs != "" {
		return p.KnownAs
	}
	return p.Name
}

// Contact is a call, visit, meeting or letter by hand, recorded by staff.
type Contact struct {
	Party   PartyID
	How     string // phone, visit, meeting, post, message
	Reached string // reached, voicemail, no answer
	Next    string // what is to be done next, "" for nothing
	NextBy  Date
	At      time.Time
	By      ActorID
}

// Assessment is one rating with its reason; the history is never changed.
type Assessment struct {
	Rating Rating
	Reason string
	By     ActorID
	At     time.Time
}

// Rating is the rating now.
func (f File) Rating() Rating {
	if n := len(f.Ratings); n > 0 {
		return f.Ratings[n-1].Rating
	}
	return Unrated
}

// Party finds a party of the case.
func (f File) Party(id PartyID) (Party, error) {
	for _, p := range f.Parties {
		if p.ID == id {
			return p, nil
		}
	}
	return Party{}, &Refusal{ErrNotFound, "", "That person is not named on this case."}
}

// Self is the party that is the person, if one is recorded.
func (f File) Self() (Party, bool) {
	for _, p := range f.Parties {
		if p.Role == PartySelf {
			return p, true
		}
	}
	return Party{}, false
}

// Referrer is the original referrer of the first referral.
func (f File) Referrer() (Party, bool) {
	for _, p := range f.Parties {
		if p.Referrer {
			return p, true
		}
	}
	return Party{}, false
}

// Value is the value of a field, "" where there is none.
func (f File) Value(name Field) string { return f.Facts[name].Value }

// confirmed is the value of a field that a person stands behind, else "".
func (f File) confirmed(name Field) string {
	x := f.Facts[name]
	if !x.Confirmed {
		return ""
	}
	if x.Value == "" && len(x.Values) > 0 {
		return x.Values[0]
	}
	return x.Value
}

// ReferralType is the type of the first referral; a case typed in by hand has one too.
func (f File) ReferralType() ReferralType {
	if len(f.Referrals) == 0 {
		return ByProfessional // the stricter list of what must be complete
	}
	return f.Referrals[0].Type
}

// Letter finds a letter of the case.
func (f File) Letter(id LetterID) (Letter, error) {
	for _, l := range f.Letters {
		if l.ID == id {
			return l, nil
		}
	}
	return Letter{}, &Refusal{ErrNotFound, "", "That letter does not belong to this case."}
}

// Task is something a person must do by a time.
type Task struct {
	ID   TaskID
	Kind TaskKind
	Due  time.Time
}
