package letters

import (
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Facts is all that a letter may know. Whoever fills it takes only what people
// have confirmed; a field that stays empty and that the letter needs is named
// as a hole.
type Facts struct {
	Date      workflow.Date // of the letter
	Reference string
	Team      Team
	Reader    Reader
	Person    Person

	ReceivedAt time.Time // of the mail that is answered
	OpenNow    bool      // L2: whether somebody reads the mailbox as this is written
	NextOpen   time.Time // when the mailbox is next read
	ReadBy     workflow.Date
	ReplyBy    workflow.Date // suggested, never "or we close"

	Asks     []Ask    // L3
	Shares   []string // L4, L6: who would be told, in words
	File     string   // L14: what could not be opened, in our words
	Forms    bool     // the forms go along
	ByPost   bool     // printed and posted, not mailed
	Panel    Panel
	Decision Decision
	Register Register
	Removal  Removal
	Transfer Transfer
	Sharing  Sharing
	Review   Review
	Birthday int // L13: 16 or 18
	// BirthdayOn is the day of it.
	BirthdayOn workflow.Date
	Message    string   // L16: what staff wrote
	Tried      []string // L15: how and when we tried, in words
	Corrects   string   // the date of the letter that this one corrects, in words

	Secrets []Secret // what must not stand in the letter; Check looks for it
}

// Team is who writes.
type Team struct {
	Name    string // Essex Dynamic Support Register team
	Phone   string
	Hours   string // of the phone
	Email   string
	Postal  string
	Privacy string // link
	Opens   int    // hour from which the mailbox is read
	Closes  int
	Contact string // a named person, where there is one
	// Complaints says in one line how the council takes them.
	Complaints string
	LookAgain  string // who looks again at a decision
}

// Who says what the reader is to the person; it decides between "you" and a name.
type Who string

// The readers.
const (
	IsPerson       Who = "person"
	IsParent       Who = "parent"       // or whoever holds parental responsibility
	IsFamily       Who = "family"       // a partner, relative or carer
	IsProfessional Who = "professional" // acts for an organisation
	IsOther        Who = "other"
)

// Reader is the one recipient.
type Reader struct {
	Greeting string // the known-as name
	Who      Who
	Content  workflow.Content // how much this reader may be told
}

// Person is the one the letter is about.
type Person struct {
	KnownAs string
	First   string // of the name on the record, where that is another
	Age     int    // 0 when not known
	Council string // of ordinary residence, once confirmed
}

// IsYou says whether the letter speaks to the person themselves.
func (f Facts) IsYou() bool { return f.Reader.Who == IsPerson }

// Who is "you" or the person's name, and Whose is "your" or "Tom's".
func (f Facts) Who() string {
	if f.IsYou() {
		return "you"
	}
	return f.Person.KnownAs
}

// Whose is the possessive of Who.
func (f Facts) Whose() string {
	if f.IsYou() {
		return "your"
	}
	if f.Person.KnownAs == "" {
		return ""
	}
	return f.Person.KnownAs + "’s"
}

// Is is the verb beside Who: you are, Tom is.
func (f Facts) Is() string { return f.either("are", "is") }

// Has is the verb beside Who.
func (f Facts) Has() string { return f.either("have", "has") }

// Them is the object beside Who.
func (f Facts) Them() string { return f.either("you", "them") }

// They is the subject in a second sentence about Who.
func (f Facts) They() string { return f.either("you", "they") }

// Their is the possessive in a second sentence about Who.
func (f Facts) Their() string { return f.either("your", "their") }

// WriteBack is how this letter is answered in writing, as the rest of a sentence.
func (f Facts) WriteBack() string {
	if f.ByPost {
		return "write to us at " + f.Team.Email
	}
	return "reply to this email"
}

func (f Facts) either(you, other string) string {
	if f.IsYou() {
		return you
	}
	return other
}

// Ask is one thing that is missing, with its plain reason.
type Ask struct{ What, Why string }

// Panel is the meeting that talks about the referral.
type Panel struct {
	At      time.Time
	Roles   []string // who sits, from the real members
	Expert  bool     // one of them has own experience
	Papers  []string // what they read
	ViewsBy workflow.Date
	Decides workflow.Date // when the decision is told
	MovedAt time.Time     // L5b: the date before
	Why     string        // L5b
}

// Decision is what a panel decided, in words to the reader.
type Decision struct {
	On              workflow.Date
	Text            string // the chair's words to the person
	EasyText        string // the same in Easy Read
	Reasons         []string
	Recommendations []Recommendation
	Signposts       []Signpost
	DoneByUs        []string
	LookAgainBy     workflow.Date
	ReturnWhen      string // what would change our view
}

// Recommendation is one thing somebody should do.
type Recommendation struct{ Text, Who, By string }

// Signpost is a service that can help.
type Signpost struct {
	Name, For, How, Phone, Hours, Email, Web string
	CheckedOn                                workflow.Date
	ReviewBy                                 workflow.Date
	AgeFrom, AgeTo                           int
	Areas                                    []string // councils; empty: everywhere
	EasyRead                                 string
}

// Register is being on it.
type Register struct {
	Since      workflow.Date
	Rating     string // red, amber, green or blue; "" where this reader may not have it
	Means      string // what the rating means, as the rest of a sentence
	Lead       Lead
	LeadNamed  string // who will name one, while there is none
	Support    []string
	NextReview workflow.Date
	ReviewName string // care and treatment review, or with education for the young
	CETR       string // what is planned about one
	SharedWith []string
	Actions    []Action
	Consent    workflow.Date // since when the person agrees
}

// Lead is the professional who stays in touch.
type Lead struct {
	Name, Role, Contact string
	CallsBy             workflow.Date
}

// Action is something a professional has to do.
type Action struct{ What, Who, By string }

// Removal is coming off the register, or being taken off by an own wish.
type Removal struct {
	On     workflow.Date
	Agreed []string // roles of those who agreed
	GoesOn []string // the support that goes on, and whom to call
	Signs  []string // warning signs
	Told   []string // L10: who was told to stop sharing
	Never  bool     // L10: was never on the register
	Kept   string   // how long the record is kept, in words
	// NotEligible: an assessment found neither a learning disability nor
	// autism, so nobody had to agree.
	NotEligible bool
}

// Transfer is going to another area's register.
type Transfer struct {
	Team, Contact string
	On            workflow.Date
	Passed        []string // what was passed on
	UntilThen     string
	Forwarded     bool // L9 to a referrer out of area
	OutOfArea     bool
}

// Sharing is L11: what a professional is told.
type Sharing struct {
	Sector  string
	Consent workflow.Date
	Needs   string
}

// Review is L12.
type Review struct {
	On      workflow.Date
	Said    string
	Changed bool   // the rating changed
	Was     string // the rating before
}
