package workflow

import (
	"slices"
	"time"
)

// About is what somebody was asked to agree to.
type About string

const (
	Inclusion      About = "being on the register"
	ShareHealth    About = "sharing with health"
	ShareEducation About = "sharing with education"
	ShareSocial    About = "sharing with social care"
	ShareParent    About = "sharing with a parent"
	Keyworker      About = "referral to a keyworker"
	CETR           About = "a care, education and treatment review"
	OrdinaryEmail  About = "letters at an ordinary email address"
)

// Abouts lists them in the order of forms.
func Abouts() []About {
	return []About{Inclusion, ShareHealth, ShareEducation, ShareSocial, ShareParent, Keyworker, CETR, OrdinaryEmail}
}

// DecidedBy is who gave an answer.
type DecidedBy string

const (
	ByPerson        DecidedBy = "person"             // 16 or over, capacity presumed (Mental Capacity Act 2005 s.1)
	ByChild         DecidedBy = "competent child"    // under 16, assessed as competent
	ByParent        DecidedBy = "parent"             // somebody with parental responsibility, for a child under 16
	ByBestInterests DecidedBy = "best interests"     // 16 or over and lacking capacity for this decision
	ByAttorney      DecidedBy = "attorney or deputy" // health and welfare, 18 or over
	ByCourt         DecidedBy = "court"
	ByCouncil       DecidedBy = "council" // with parental responsibility under a care order
)

// DecidedBys lists them in the order of forms.
func DecidedBys() []DecidedBy {
	return []DecidedBy{ByPerson, ByParent, ByChild, ByBestInterests, ByAttorney, ByCourt, ByCouncil}
}

// ConsentAnswer is what was said.
type ConsentAnswer string

const (
	SaidYes     ConsentAnswer = "yes"
	SaidNo      ConsentAnswer = "no"
	TookBack    ConsentAnswer = "withdrawn"
	NotYetAsked ConsentAnswer = "not yet asked"
)

// Evidence is what an answer rests on.
type Evidence string

const (
	SignedForm   Evidence = "signed form"
	OwnEmail     Evidence = "email from the one who decides"
	Conversation Evidence = "recorded conversation"
	ReferrerSays Evidence = "the referrer says so" // reported, never held
	OldList      Evidence = "as in the old list"
)

// Evidences lists them in the order of forms.
func Evidences() []Evidence {
	return []Evidence{SignedForm, OwnEmail, Conversation, ReferrerSays, OldList}
}

// Consent is one dated answer. It is never overwritten; the latest valid one rules.
type Consent struct {
	ID        int64
	About     About
	DecidedBy DecidedBy
	Party     PartyID // who answered, when not the person
	Answer    ConsentAnswer
	Evidence  Evidence
	Words     string // who was told what, how, with which support
	From      Date
	Until     Date // asked again by; zero means the setting's months after From
	By        ActorID
	At        time.Time
}

// Capacity is one assessment of capacity for one decision (Mental Capacity Act 2005 ss.2, 3).
type Capacity struct {
	ID         int64
	Decision   About
	Assessor   string
	Role       string
	Understand Answer
	Retain     Answer
	Weigh      Answer
	Tell       Answer
	Support    string // given, so that the person could decide
	Impairment string // of mind or brain, and that the inability is because of it
	Outcome    CapacityOutcome
	On         Date
	By         ActorID
	At         time.Time
}

// CapacityOutcome is what an assessment found.
type CapacityOutcome string

const (
	HasCapacity   CapacityOutcome = "has capacity"
	LacksCapacity CapacityOutcome = "lacks capacity"
	Fluctuates    CapacityOutcome = "fluctuates"
	Competent     CapacityOutcome = "competent child"       // under 16
	NotCompetent  CapacityOutcome = "not a competent child" // under 16
)

// BestInterests is a decision made for somebody who lacks capacity for it
// (Mental Capacity Act 2005 s.4).
type BestInterests struct {
	ID        int64
	Decision  About
	Maker     string
	Consulted string
	Wishes    string // the person's own
	Options   string // less restrictive ones
	InFavour  bool
	On        Date
	ReviewBy  Date
	By        ActorID
	At        time.Time
}

// Route is how consent to being on the register is held.
type Route struct {
	DecidedBy DecidedBy
	Words     string
	Until     Date
}

// ConsentRoute is the consent guard: how inclusion is consented to on a day, or
// in words why it is not. Unanswered is not yes, and reported is not held.
func (f File) ConsentRoute(today Date) (Route, error) {
	if c, ok := f.latest(Inclusion); ok && (c.Answer == SaidNo || c.Answer == TookBack) && !f.outranked(c, today) {
		return Route{}, conflict("The last answer to being on the register is %q.", c.Answer)
	}
	age, known := f.Person.Age(today)
	if !known || age >= 16 {
		return f.adultRoute(today, age, known)
	}
	return f.childRoute(today)
}

// adultRoute is for 16 and over, and for an unknown age, where the stricter rule holds.
func (f File) adultRoute(today Date, age int, known bool) (Route, error) {
	lacks := f.lacksCapacity()
	for _, c := range f.valid(today) {
		switch {
		case c.DecidedBy == ByPerson && !lacks,
			c.DecidedBy == ByAttorney && known && age >= 18,
			c.DecidedBy == ByCourt:
			return f.route(c), nil
		}
	}
	if lacks {
		if b, ok := f.bestInterests(today); ok {
			return Route{ByBestInterests, "best-interests decision by " + b.Maker, b.ReviewBy}, nil
		}
		return Route{}, conflict("The person lacks capacity for this: a best-interests decision in favour, in date, is needed.")
	}
	for _, c := range f.Consents {
		if c.About == Inclusion && c.DecidedBy == ByParent && c.Answer == SaidYes {
			return Route{}, conflict("A parent supports the referral, but from 16 the person decides: ask the person.")
		}
	}
	if !known {
		return Route{}, conflict("The age is not known, so the person's own answer is needed.")
	}
	return Route{}, conflict("The person's own answer is needed: nobody else can give it from 16.")
}

func (f File) childRoute(today Date) (Route, error) {
	competent := f.Settings.Gillick && f.competentChild()
	for _, c := range f.valid(today) {
		switch {
		case c.DecidedBy == ByCourt, c.DecidedBy == ByCouncil && f.holdsPR(c.Party),
			c.DecidedBy == ByParent && f.holdsPR(c.Party),
			c.DecidedBy == ByChild && competent:
			return f.route(c), nil
		}
	}
	return Route{}, conflict("Somebody with parental responsibility must say yes%s.", orChild(f.Settings.Gillick))
}

func orChild(gillick bool) string {
	if gillick {
		return ", or the child, if assessed as competent to decide this"
	}
	return ""
}

// valid lists, newest first, the answers of yes to inclusion that are held and in date.
func (f File) valid(today Date) []Consent {
	var out []Consent
	for _, c := range slices.Backward(f.Consents) {
		if c.About != Inclusion || c.Answer != SaidYes || c.Evidence == ReferrerSays {
			continue
		}
		if today.Before(c.From) || !today.Before(f.until(c)) {
			continue
		}
		out = append(out, c)
	}
	return out
}

// until is when an answer must be asked again: its own date or the setting's
// months, and a parent's answer ends on the sixteenth birthday.
func (f File) until(c Consent) Date {
	end := c.Until
	if end.IsZero() {
		end = DateOf(c.From.At(12, 0).AddDate(0, f.Settings.ConsentMonths, 0))
	}
	if dob := f.Person.DateOfBirth; !dob.IsZero() && slices.Contains([]DecidedBy{ByParent, ByCouncil, ByChild}, c.DecidedBy) {
		if b := dob.Birthday(16); b.Before(end) {
			end = b
		}
	}
	return end
}

func (f File) route(c Consent) Route {
	words := "answer of the " + string(c.DecidedBy)
	if p, err := f.Party(c.Party); err == nil && p.Name != "" {
		words += " (" + p.Name + ")"
	}
	return Route{c.DecidedBy, words, f.until(c)}
}

func (f File) latest(a About) (Consent, bool) {
	for _, c := range slices.Backward(f.Consents) {
		if c.About == a && c.Answer != NotYetAsked {
			return c, true
		}
	}
	return Consent{}, false
}

// outranked reports whether a no came from somebody who does not decide: a
// parent's no does not undo the yes of somebody of 16 or over.
func (f File) outranked(no Consent, today Date) bool {
	age, known := f.Person.Age(today)
	if known && age < 16 {
		return no.DecidedBy == ByChild && !f.competentChild()
	}
	return no.DecidedBy == ByParent || no.DecidedBy == ByChild
}

func (f File) holdsPR(id PartyID) bool {
	p, err := f.Party(id)
	return err == nil && p.HasPR == Yes
}

func (f File) lacksCapacity() bool {
	for _, c := range slices.Backward(f.Capacities) {
		if c.Decision == Inclusion && c.Outcome != Competent && c.Outcome != NotCompetent {
			return c.Outcome == LacksCapacity
		}
	}
	return false
}

func (f File) competentChild() bool {
	for _, c := range slices.Backward(f.Capacities) {
		if c.Decision == Inclusion && (c.Outcome == Competent || c.Outcome == NotCompetent) {
			return c.Outcome == Competent
		}
	}
	return false
}

func (f File) bestInterests(today Date) (BestInterests, bool) {
	for _, b := range slices.Backward(f.BestInterests) {
		if b.Decision == Inclusion {
			return b, b.InFavour && (b.ReviewBy.IsZero() || today.Before(b.ReviewBy))
		}
	}
	return BestInterests{}, false
}

// SharesWith reports whether consent covers telling a sector.
func (f File) SharesWith(s Sector) bool {
	about := map[Sector]About{Health: ShareHealth, Education: ShareEducation, SocialCare: ShareSocial}[s]
	c, ok := f.latest(about)
	return ok && c.Answer == SaidYes && c.Evidence != ReferrerSays
}

// Refused reports whether the person, or who decides, said no to telling a sector.
func (f File) Refused(s Sector) bool {
	about := map[Sector]About{Health: ShareHealth, Education: ShareEducation, SocialCare: ShareSocial}[s]
	c, ok := f.latest(about)
	return ok && (c.Answer == SaidNo || c.Answer == TookBack)
}

// agreed reports whether the latest answer to something is a held yes.
func (f File) agreed(a About) bool {
	c, ok := f.latest(a)
	return ok && c.Answer == SaidYes && c.Evidence != ReferrerSays
}
