// Package reading judges what a mail means: its class, how urgent it is, who is
// referred by whom, and each fact with the place where it stands. It is one pure
// function over a parsed mail and its documents, the same for `dsr parse`, the
// poller and `dsr intake`; what the register knows comes later, elsewhere.
//
// It promises precision before recall: what is not certain is left out, or kept
// with a low confidence and its rivals, for people to settle. For danger it is
// the other way round: in doubt the higher urgency. It never sets consent,
// capacity, a rating or a decision: fields named *.reported and rag_suggested
// say only what somebody wrote.
package reading

import (
	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

// Class says what kind of mail it is.
type Class string

const (
	ReferralSelf         Class = "referral_self"
	ReferralFamily       Class = "referral_family"
	ReferralProfessional Class = "referral_professional"
	Reply                Class = "reply"
	Update               Class = "update"
	Withdrawal           Class = "withdrawal"
	Enquiry              Class = "enquiry"
	SecureNotice         Class = "secure_notice"
	AutoReply            Class = "auto_reply"
	Bounce               Class = "bounce"
	Receipt              Class = "receipt"
	OtherRoute           Class = "other_route"
	Spam                 Class = "spam"
	Other                Class = "other"
)

// IsReferral reports whether a mail of this class refers somebody.
func (c Class) IsReferral() bool {
	return c == ReferralSelf || c == ReferralFamily || c == ReferralProfessional
}

// Urgency says how soon a person must look.
type Urgency string

const (
	Crisis  Urgency = "crisis" // somebody may be in danger now
	Urgent  Urgency = "urgent" // admission, end of placement, arrest, release within days to two weeks; "can't go on"
	Unread  Urgency = "unread" // what would tell could not be read: a person looks before any routine mail
	Routine Urgency = "routine"
)

// Input is a mail with its documents. Own holds the register's own addresses,
// so that our letters below a reply are not taken for the writer's words.
type Input struct {
	Message   *message.Message
	Documents []document.Document
	Own       []string
	Labels    Dictionary // the team's; the shipped one when zero
}

// Result is all that Read understood.
type Result struct {
	Class       Class
	Kind        string // finer word: sar, foi, complaint, legal, media, safeguarding, consent_reply, panel_admin, incident …; may be empty
	ClassWhy    []Cue
	Urgency     Urgency
	UrgencyWhy  []Cue
	Safeguards  []Cue // signs of abuse or neglect, in or outside a referral
	Made        message.Made
	Referrals   []Referral
	Texts       []PartText // the text of every part that a source names
	Attachments []Attachment
	Warnings    []string
}

// Cue is a reason: a phrase at its place, and the rule that it met.
type Cue struct {
	Rule   string
	Source Source
}

// Referral is what is said of one person referred.
type Referral struct {
	Fields  map[string]Fact // by the names of fields.go
	Missing []string        // fields a panel needs that were not found
	Unknown []Labelled      // labels no rule knows, with their values: shown, never dropped
}

// Fact is one value with where it stands. Value is the single value; sets
// (grounds, consent.share, consent.not_share) use Values.
type Fact struct {
	Value      string
	Values     []string
	Source     Source
	Method     string  // label, control, phrase, pattern, header, signature
	Confidence float64 // 0 to 1
	Rivals     []Rival // other readings, for people
	Note       string  // "ambiguous date", "check digit fails": shown beside the field
}

// Rival is another value that was seen for the same field.
type Rival struct {
	Value  string
	Source Source
	Why    string
}

// Source is a place: bytes [Start,End) of the text of Part; Quote is exactly that text.
type Source struct {
	Part       string // MIME part number, or "header"
	Page       int
	Start, End int
	Quote      string
}

// Labelled is a label with its value, as written.
type Labelled struct {
	Label, Value string
	Source       Source
}

// PartText is the text of a part as the case page shows it.
type PartText struct{ Part, Text string }

// Attachment is one file of the mail and what became of it.
type Attachment struct {
	Part, Name, Type string
	Size             int
	State            document.State
	Why              string
}
