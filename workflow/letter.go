package workflow

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// LetterKind is one of the letters of the service.
type LetterKind string

const (
	L0  LetterKind = "L0"  // guidance reply to an enquiry
	L1  LetterKind = "L1"  // acknowledgement, automatic
	L1b LetterKind = "L1b" // we already have this referral
	L1c LetterKind = "L1c" // we are looking again
	L2  LetterKind = "L2"  // crisis acknowledgement, automatic
	L3  LetterKind = "L3"  // request for information
	L4  LetterKind = "L4"  // consent request
	L4b LetterKind = "L4b" // to a parent or partner of somebody 16 or over
	L5  LetterKind = "L5"  // panel date
	L5b LetterKind = "L5b" // panel date moved
	L6  LetterKind = "L6"  // acceptance
	L7  LetterKind = "L7"  // not accepted, with recommendations and signposting
	L8  LetterKind = "L8"  // removal
	L9  LetterKind = "L9"  // transfer or redirect
	L10 LetterKind = "L10" // withdrawal confirmed
	L11 LetterKind = "L11" // sharing notice to professionals
	L12 LetterKind = "L12" // review outcome
	L13 LetterKind = "L13" // birthday
	L14 LetterKind = "L14" // secure message or unreadable file, automatic
	L15 LetterKind = "L15" // closing for no contact
	L16 LetterKind = "L16" // free message to one confirmed party
)

func kinds(k ...LetterKind) []LetterKind { return k }

// LetterKinds lists every kind in order.
func LetterKinds() []LetterKind {
	return []LetterKind{L0, L1, L1b, L1c, L2, L3, L4, L4b, L5, L5b, L6, L7, L8, L9, L10, L11, L12, L13, L14, L15, L16}
}

// Words names the letter on pages.
func (k LetterKind) Words() string {
	return map[LetterKind]string{
		L0: "guidance", L1: "acknowledgement", L1b: "already with us", L1c: "looking again", L2: "crisis reply",
		L3: "request for information", L4: "consent request", L4b: "to a parent or partner", L5: "panel date",
		L5b: "panel date moved", L6: "accepted", L7: "not accepted", L8: "removal", L9: "transfer", L10: "withdrawal confirmed",
		L11: "sharing notice", L12: "review outcome", L13: "birthday", L14: "could not be opened", L15: "no contact", L16: "message",
	}[k]
}

// IsAutomatic reports whether the letter is a fixed reply that the service sends
// by itself to the From address: words that tell nothing.
func (k LetterKind) IsAutomatic() bool { return k == L1 || k == L2 || k == L14 }

// NeedsSecond reports whether another person than the one who submitted it must
// approve the letter; nobody can switch this off.
func (k LetterKind) NeedsSecond() bool { return k == L6 || k == L7 || k == L8 }

// IsHardNews reports whether the letter leaves only at hours when somebody can
// be reached about it.
func (k LetterKind) IsHardNews() bool { return k == L7 || k == L8 || k == L15 }

// NeedsAgreement reports whether the recipient's recorded agreement to be
// written to about decisions is needed.
func (k LetterKind) NeedsAgreement() bool { return slices.Contains(kinds(L6, L7, L8, L12), k) }

// Content is how much a letter may say to its recipient.
type Content string

const (
	Full        Content = "full"
	OutcomeOnly Content = "outcome" // outcome and date only
	Notice      Content = "notice"  // "we have written to you": an ordinary address without agreement
	Thanks      Content = "thanks"  // "thank you, we cannot tell you more"
)

// LetterState is where a letter is between being due and having left.
type LetterState string

const (
	LetterDueNow    LetterState = "due"       // to be drafted, or (automatic) to be sent
	LetterSubmitted LetterState = "submitted" // frozen bytes wait for approval
	LetterQueued    LetterState = "queued"    // approved; leaves at NotBefore
	LetterSending   LetterState = "sending"   // an attempt is under way
	LetterRetry     LetterState = "retry"
	LetterAccepted  LetterState = "accepted" // by the mail host; never "received"
	LetterFailed    LetterState = "failed"
	LetterUnknown   LetterState = "unknown"   // it may or may not have left: a person decides
	LetterReturned  LetterState = "returned"  // bounced
	LetterWithdrawn LetterState = "withdrawn" // stopped before it left
	LetterPosted    LetterState = "posted"    // printed and posted
)

// HasLeft reports whether the letter left or may have.
func (s LetterState) HasLeft() bool {
	return slices.Contains([]LetterState{LetterSending, LetterAccepted, LetterUnknown, LetterReturned, LetterPosted}, s)
}

// Way is how a letter reaches its reader.
type Way string

const (
	ByEmail Way = "email" // also of letters from before there was a choice
	ByPost  Way = "post"  // printed by the team and posted
)

// Letter is one letter to one recipient.
type Letter struct {
	ID          LetterID
	Kind        LetterKind
	Party       PartyID
	To          string // of fixed replies
	Way         Way
	Content     Content
	Typed       map[string]string // what staff wrote for this letter alone, by the fact it fills
	Replaces    LetterID          // the letter to the same reader that this one corrects
	State       LetterState
	Hash        [32]byte // of the frozen bytes
	Asks        []string
	SubmittedBy ActorID
	SubmittedAt time.Time
	ApprovedBy  ActorID
	DueAt       time.Time
	NotBefore   time.Time
	SentAt      time.Time // handed to the mail host, or posted
}

// Frozen is a rendering submitted for approval: the very bytes that will leave.
type Frozen struct {
	Letter    LetterID
	Raw       []byte
	Hash      [32]byte
	Subject   string
	Text      string // the plain-text part, for the page
	Template  string // kind, variant and version
	Token     string // thread token; stored hashed
	MessageID string
	To        string  // the address frozen into it: of email, or on the envelope
	Stops     string  // the first finding of the checks that forbids sending it, "" when none does
	Grade     float64 // of reading, about the years of school that the words ask for
	Notice    bool    // it says only "we have written to you": the letter itself goes another way
}

// Approval queues frozen bytes.
type Approval struct {
	Letter    LetterID
	Hash      [32]byte
	NotBefore time.Time
}

// Recipient says whether a full letter may go to a party by email now; it is asked
// when the letter is made due, at approval and again before it is sent.
func (f File) Recipient(k LetterKind, id PartyID) (Party, error) {
	return f.RecipientOf(Letter{Kind: k, Party: id, Content: Full})
}

// RecipientOf says the same of a letter, by the way that it goes.
func (f File) RecipientOf(l Letter) (Party, error) {
	p, err := f.Party(l.Party)
	if err != nil {
		return Party{}, err
	}
	switch {
	case f.Person.Deceased:
		return p, notAllowed("The person has died: letters are written by hand.")
	case f.Case.Has(FlagHold):
		return p, notAllowed("The case is on hold: no letter leaves.")
	case p.Blocked:
		return p, notAllowed("%s must not be written to: %s.", sentenceOf(nameOr(p)), p.BlockedWhy)
	case f.Case.Has(FlagDoNotContact):
		return p, notAllowed("This case is marked: do not contact.")
	case !p.Confirmed:
		return p, notAllowed("Nobody has confirmed who %s is and how to reach them.", nameOr(p))
	case l.Way == ByPost:
		return p, f.mayPost(p)
	case p.Email == "":
		return p, notAllowed("There is no email address for %s.", nameOr(p))
	case l.Kind.NeedsAgreement() && l.Content != Thanks && p.MayWrite != Yes && !f.isColleague(p):
		return p, notAllowed("It is not recorded that %s may be written to about decisions.", nameOr(p))
	}
	return p, nil
}

// isColleague says whether somebody reads at a secure address of a service: there
// a decision needs no agreement to email.
func (f File) isColleague(p Party) bool {
	return p.Role.IsProfessional() && p.MayWrite != No && f.Settings.IsSecure(p.Email)
}

// mayPost refuses the post where there is no address, or where others would see
// the envelope.
func (f File) mayPost(p Party) error {
	switch {
	case hasNeed(f.NeedsOf(p), NoPost):
		return notAllowed("Nothing may come to %s by post.", nameOr(p))
	case f.PostalOf(p) == "":
		return notAllowed("There is no postal address for %s.", nameOr(p))
	}
	return nil
}

// PostalOf is where a letter to a party is posted: its own address, or the
// person's as staff confirmed it.
func (f File) PostalOf(p Party) string {
	if p.Address != "" || p.Role != PartySelf {
		return p.Address
	}
	address, postcode := f.confirmed(FieldAddress), f.confirmed(FieldPostcode)
	if address != "" && postcode != "" && !strings.Contains(strings.ToUpper(address), strings.ToUpper(postcode)) {
		address += ", " + postcode
	}
	return address
}

// addressOf is the address that the letter's way needs.
func (f File) addressOf(l Letter, p Party) string {
	if l.Way == ByPost {
		return f.PostalOf(p)
	}
	return p.Email
}

func nameOr(p Party) string {
	if p.Name != "" {
		return p.Name
	}
	return "the " + string(p.Role)
}

// DraftLetter makes a letter due by hand to one confirmed party.
func (f File) DraftLetter(by Actor, at time.Time, k LetterKind, to PartyID) (Change, error) {
	c, err := f.begin(by, at, DraftLetter)
	if err != nil {
		return Change{}, err
	}
	if k.IsAutomatic() || k.NeedsSecond() {
		return Change{}, invalid("kind", "This letter follows from what is decided; it cannot be started by hand.")
	}
	if k.Words() == "" {
		return Change{}, invalid("kind", "Choose the letter.")
	}
	_, way, err := f.reach(LetterDue{Kind: k, Party: to, Content: Full})
	if err != nil {
		return Change{}, err
	}
	c.Letters = []LetterDue{{Kind: k, Party: to, Content: Full, Way: way, Asks: f.asks(k, at)}}
	return c, nil
}

// DraftMessage makes a free message due to one confirmed party. Its words are
// kept with the letter, a paragraph each, in place of what a letter asks.
func (f File) DraftMessage(by Actor, at time.Time, to PartyID, words string) (Change, error) {
	c, err := f.DraftLetter(by, at, L16, to)
	if err != nil {
		return Change{}, err
	}
	for paragraph := range strings.SplitSeq(words, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
			c.Letters[0].Asks = append(c.Letters[0].Asks, paragraph)
		}
	}
	if len(c.Letters[0].Asks) == 0 {
		return Change{}, invalid("message", "Write the message.")
	}
	return c, nil
}

// SubmitLetter offers the exact bytes of a letter for approval.
func (f File) SubmitLetter(by Actor, at time.Time, fr Frozen) (Change, error) {
	c, err := f.begin(by, at, SubmitLetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(fr.Letter)
	if err != nil {
		return Change{}, err
	}
	if l.State != LetterDueNow && l.State != LetterSubmitted {
		return Change{}, conflict("This letter is %s: it cannot be changed any more.", l.State)
	}
	p, err := f.RecipientOf(l)
	if err != nil {
		return Change{}, err
	}
	if !strings.EqualFold(f.addressOf(l, p), fr.To) {
		return Change{}, conflict("The address of %s has changed: make the letter again.", nameOr(p))
	}
	if fr.Stops != "" {
		return Change{}, conflict("This letter cannot go: %s", fr.Stops)
	}
	c.Frozen = &fr
	out := f.Settings.Calendar().Due(at, f.Settings.LettersOutWD)
	c.Tasks = []TaskDue{{Kind: TaskApprove, Due: out}}
	if fr.Notice {
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskWriteByHand, Due: out, Owner: f.Case.Owner, Why: "letter " + string(l.Kind) + " went as a notice"})
	}
	if !f.draftsWait(l) {
		c.Done = []TaskKind{TaskDraft}
	}
	return c, nil
}

// draftsWait reports whether another letter of the case is still to be drafted.
func (f File) draftsWait(l Letter) bool {
	return slices.ContainsFunc(f.Letters, func(o Letter) bool {
		return o.ID != l.ID && o.State == LetterDueNow && !o.Kind.IsAutomatic()
	})
}

// ApproveLetter queues the bytes whose hash the approver saw. again is the hash
// of a rendering made now from the record: when it differs, something changed
// and a new rendering must be read. An approved decision or removal moves the case.
func (f File) ApproveLetter(by Actor, at time.Time, id LetterID, seen, again [32]byte) (Change, error) {
	c, err := f.begin(by, at, ApproveLetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	if l.State != LetterSubmitted {
		return Change{}, conflict("This letter is %s: it is not waiting for approval.", l.State)
	}
	p, err := f.RecipientOf(l)
	switch {
	case err != nil:
		return Change{}, err
	case subtle.ConstantTimeCompare(l.Hash[:], seen[:]) != 1:
		return Change{}, conflict("The letter was made again since you opened it: read the new one.")
	case l.Hash != again:
		return Change{}, conflict("The record, the words or the date changed since this letter was made: submit it again.")
	case l.Kind.NeedsSecond() && (l.SubmittedBy == by.ID || !by.IsPerson()):
		return Change{}, notAllowed("A decision or removal needs two people: somebody else must approve the letter that you submitted.")
	}
	if err := f.toldFirst(l, p); err != nil {
		return Change{}, err
	}
	c.Approval = &Approval{Letter: id, Hash: seen, NotBefore: f.Settings.SendingTime(l.Kind, at)}
	if !f.othersWait(l) {
		c.Done = []TaskKind{TaskApprove}
	}
	if l.Kind == L11 {
		c.Shares = []Share{f.sharedBy(l, p, c)}
	}
	f.moveOnApproval(&c, l)
	return c, nil
}

// TellFirst reports whether hard news to this reader still waits for a
// conversation: a contact with them is recorded before the letter. Who takes no
// calls is told in a message, the way they like.
func (f File) TellFirst(l Letter) bool {
	p, err := f.Party(l.Party)
	hard := l.Kind == L7 || l.Kind == L6 && f.Rating() == Red
	if err != nil || !hard || l.Content == Thanks || p.Role.IsProfessional() {
		return false
	}
	byMessage := hasNeed(f.NeedsOf(p), NoCalls)
	return !slices.ContainsFunc(f.Contacts, func(x Contact) bool {
		return x.Party == p.ID && (x.How != "message" || byMessage)
	})
}

func (f File) toldFirst(l Letter, p Party) error {
	if f.TellFirst(l) {
		return conflict("Speak to %s first: record the call or the try, then approve.", nameOr(p))
	}
	return nil
}

// moveOnApproval moves the case when the last letter of its decision or removal
// is approved; delivery is the letter's own state.
func (f File) moveOnApproval(c *Change, l Letter) {
	if f.othersWait(l) {
		return
	}
	today := DateOf(c.At)
	switch {
	case l.Kind == L6 && f.Case.State == Accepted:
		c.To, c.OnRegister = OnRegister, today
		c.NextReview = f.Settings.nextReview(f.Rating(), today)
		c.Timers = []TimerDue{{TimerReview, c.NextReview.At(9, 0)}}
		letters, tasks := f.due(L11, c.At)
		c.Letters, c.Tasks = append(c.Letters, letters...), append(c.Tasks, tasks...)
	case l.Kind == L7 && f.Case.State == NotAccepted:
		c.To, c.Closed, c.StopAllTimers = Closed, ClosedNotAccepted, true
	case l.Kind == L8 && f.Case.State == RemovalProposed:
		c.To, c.Closed, c.StopAllTimers = Closed, RemovedAgreed, true
	case l.Kind == L8 && f.Case.State == OnRegister:
		c.To, c.Closed, c.StopAllTimers = Closed, NotLDOrAutistic, true
	}
}

// othersWait reports whether another letter of the same kind is not yet approved.
func (f File) othersWait(l Letter) bool {
	return slices.ContainsFunc(f.Letters, func(o Letter) bool {
		return o.ID != l.ID && o.Kind == l.Kind && (o.State == LetterDueNow || o.State == LetterSubmitted)
	})
}

// SendBackLetter returns a submitted letter to be written again, with a reason.
func (f File) SendBackLetter(by Actor, at time.Time, id LetterID, why string) (Change, error) {
	c, err := f.begin(by, at, SendBackLetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	if l.State != LetterSubmitted {
		return Change{}, conflict("This letter is %s: it is not waiting for approval.", l.State)
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say what must be changed.")
	}
	c.Note, c.SendBack = why, id
	return c, nil
}

// StopALetter withdraws a letter that has not left. A decision whose letter is
// stopped must be made due again by correcting the decision.
func (f File) StopALetter(by Actor, at time.Time, id LetterID, why string) (Change, error) {
	c, err := f.begin(by, at, StopALetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	if l.State.HasLeft() {
		return Change{}, conflict("This letter has left, or may have: it cannot be stopped.")
	}
	if l.State == LetterWithdrawn {
		return Change{}, conflict("This letter was already stopped.")
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say why it must not go.")
	}
	c.Note, c.StopLetter = why, id
	return c, nil
}

// WriteLetter keeps what staff wrote for one letter alone, and the way it goes.
// What was submitted before has other words now, and is submitted again.
func (f File) WriteLetter(by Actor, at time.Time, id LetterID, way Way, typed map[string]string) (Change, error) {
	c, err := f.begin(by, at, WriteLetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	if l.State != LetterDueNow && l.State != LetterSubmitted {
		return Change{}, conflict("This letter is %s: it cannot be changed any more.", l.State)
	}
	if way != ByEmail && way != ByPost {
		return Change{}, invalid("way", "Choose how the letter goes.")
	}
	l.Way = way
	if _, err := f.RecipientOf(l); err != nil {
		return Change{}, err
	}
	c.Typed = &Typed{Letter: id, Way: way, Words: typed}
	return c, nil
}

// PostLetter records that an approved letter was printed and posted, and when.
func (f File) PostLetter(by Actor, at time.Time, id LetterID, on Date) (Change, error) {
	c, err := f.begin(by, at, PostLetter)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	switch {
	case l.Way != ByPost:
		return Change{}, conflict("This letter goes by email.")
	case l.State != LetterQueued:
		return Change{}, conflict("This letter is %s: only an approved letter is posted.", l.State)
	case on.IsZero() || DateOf(at).Before(on) || on.Before(DateOf(l.SubmittedAt)):
		return Change{}, invalid("posted", "Enter the day it was posted: today, or a day since it was made.")
	}
	if _, err := f.RecipientOf(l); err != nil {
		return Change{}, err
	}
	c.Posted = &Posted{Letter: id, On: on}
	return c, nil
}

// MakeAgain makes a letter due once more: the old one never reached its reader,
// or said something that was wrong. The new one is made from the record as it is
// now and takes the whole way again; a corrected one names the one it corrects.
func (f File) MakeAgain(by Actor, at time.Time, id LetterID, corrects bool, why string) (Change, error) {
	c, err := f.begin(by, at, MakeAgain)
	if err != nil {
		return Change{}, err
	}
	l, err := f.Letter(id)
	if err != nil {
		return Change{}, err
	}
	switch {
	case l.Kind.IsAutomatic() || l.Party == 0:
		return Change{}, notAllowed("A fixed reply is not made again.")
	case !l.State.HasLeft() && l.State != LetterWithdrawn && l.State != LetterFailed:
		return Change{}, conflict("This letter is %s: it can still be changed.", l.State)
	case corrects && !l.State.HasLeft():
		return Change{}, conflict("This letter never left: there is nothing to correct.")
	case f.underWay(l.Kind, l.Party):
		return Change{}, conflict("Another letter of this kind to the same reader is under way.")
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("again_why", "Say why it is made again.")
	}
	due := LetterDue{Kind: l.Kind, Party: l.Party, Content: l.Content, Asks: l.Asks, Typed: l.Typed}
	if _, due.Way, err = f.reach(due); err != nil {
		return Change{}, err
	}
	if corrects {
		due.Replaces = l.ID
	}
	c.Note, c.Letters = why, []LetterDue{due}
	c.Tasks = f.draftTask(l.Kind, c.Letters, at)
	return c, nil
}

// underWay reports whether a letter of a kind to a reader is on its way to them.
func (f File) underWay(k LetterKind, to PartyID) bool {
	return slices.ContainsFunc(f.Letters, func(l Letter) bool {
		return l.Kind == k && l.Party == to && slices.Contains([]LetterState{LetterDueNow, LetterSubmitted, LetterQueued, LetterRetry, LetterSending}, l.State)
	})
}

// correcting lets each due letter name the one to the same reader that it corrects.
func (f File) correcting(letters []LetterDue) []LetterDue {
	for i, d := range letters {
		for _, l := range f.Letters {
			if l.Kind == d.Kind && l.Party == d.Party && l.State.HasLeft() {
				letters[i].Replaces = l.ID
			}
		}
	}
	return letters
}

// SendingTime is the earliest time an approved letter may leave: after the hold,
// and hard news only Monday to Thursday 9am to 4pm, Friday to midday, never
// before a bank holiday.
func (s Settings) SendingTime(k LetterKind, at time.Time) time.Time {
	t := at.Add(time.Duration(s.HoldMinutes) * time.Minute)
	if !k.IsHardNews() {
		return t
	}
	cal := s.Calendar()
	for {
		d := DateOf(t)
		last := 16
		if d.At(12, 0).Weekday() == time.Friday {
			last = 12
		}
		eve := cal.IsHoliday(d.Add(1))
		switch {
		case !cal.IsWorking(d) || eve || !t.Before(d.At(last, 0)):
			t = d.Add(1).At(9, 0)
		case t.Before(d.At(9, 0)):
			return d.At(9, 0)
		default:
			return t
		}
	}
}
