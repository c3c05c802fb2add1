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
	ChildView string // under 16, where somebody else answers: what the child says, or why they were not asked
	Settles   bool   // a practitioner and the manager settled a disagreement of those with parental responsibility
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
	age, known := f.Person.Age(today)
	if !known || age >= 16 {
		return f.adultRoute(today, age, known)
	}
	return f.childRoute(today)
}

// adultRoute is for 16 and over, and for an unknown age, where the stricter rule
// holds: the newest answer of somebody who decides rules.
func (f File) adultRoute(today Date, age int, known bool) (Route, error) {
	lacks := f.lacksCapacity(today)
	best, decided := f.bestInterests(today)
	for _, c := range f.answers() {
		decides := c.DecidedBy == ByPerson || c.DecidedBy == ByCourt || c.DecidedBy == ByAttorney && lacks && known && age >= 18
		switch {
		case !decides:
		case isNo(c) && lacks && c.DecidedBy == ByPerson && decided && best.after(c):
			// an objection that the newer best-interests decision weighed
		case isNo(c):
			return Route{}, lastAnswer(c)
		case !(c.DecidedBy == ByPerson && lacks) && f.holds(c, today):
			return f.route(c), nil
		}
	}
	if lacks {
		if decided && best.InFavour {
			return Route{ByBestInterests, "best-interests decision by " + best.Maker, best.ReviewBy}, nil
		}
		return Route{}, conflict("The person lacks capacity for this: a best-interests decision in favour, in date, is needed.")
	}
	return Route{}, f.notAnswered(known)
}

func (f File) notAnswered(known bool) error {
	for _, c := range f.Consents {
		if c.About == Inclusion && c.DecidedBy == ByParent && c.Answer == SaidYes {
			return conflict("A parent supports the referral, but from 16 the person decides: ask the person.")
		}
	}
	if !known {
		return conflict("The age is not known, so the person's own answer is needed.")
	}
	return conflict("The person's own answer is needed: nobody else can give it from 16.")
}

// childRoute is for under 16. A court's answer and a competent child's no rule;
// then a special guardian's; and where those with parental responsibility
// disagree, neither the first nor the last answer does: people settle it.
func (f File) childRoute(today Date) (Route, error) {
	competent := f.Settings.Gillick && f.competentChild()
	var yes, no *Consent
	for _, c := range f.answers() {
		switch {
		case c.DecidedBy == ByCourt, c.DecidedBy == ByChild && competent && isNo(c), f.isGuardian(c.Party):
			return f.ruling(c, today)
		case c.Settles && no == nil:
			return f.ruling(c, today)
		case (c.DecidedBy == ByParent || c.DecidedBy == ByCouncil) && (isNo(c) || f.holdsPR(c.Party)), c.DecidedBy == ByChild && competent:
			if isNo(c) && no == nil {
				no = &c
			}
			if yes == nil && f.holds(c, today) {
				yes = &c
			}
		}
	}
	switch {
	case yes != nil && no != nil:
		return Route{}, conflict("Those with parental responsibility do not agree: a practitioner and the manager settle it.")
	case no != nil:
		return Route{}, lastAnswer(*no)
	case yes != nil:
		return f.route(*yes), nil
	}
	return Route{}, conflict("Somebody with parental responsibility must say yes%s.", orChild(f.Settings.Gillick))
}

// Disagreement reports whether those with parental responsibility gave different
// answers that nobody has settled.
func (f File) Disagreement(today Date) bool {
	if age, known := f.Person.Age(today); !known || age >= 16 {
		return false
	}
	yes, no := false, false
	for _, c := range f.answers() {
		if c.Settles {
			break
		}
		if c.DecidedBy == ByParent || c.DecidedBy == ByCouncil {
			yes, no = yes || c.Answer == SaidYes, no || isNo(c)
		}
	}
	return yes && no
}

// ruling is the answer of somebody whose word stands alone.
func (f File) ruling(c Consent, today Date) (Route, error) {
	switch {
	case isNo(c):
		return Route{}, lastAnswer(c)
	case !f.holds(c, today):
		return Route{}, conflict("The yes of the %s is not held, or is out of date: ask again.", c.DecidedBy)
	}
	return f.route(c), nil
}

func isNo(c Consent) bool { return c.Answer == SaidNo || c.Answer == TookBack }

func lastAnswer(c Consent) error {
	return conflict("The last answer to being on the register is %q.", c.Answer)
}

// after reports whether the decision is newer than an answer.
func (b BestInterests) after(c Consent) bool {
	if b.On == c.From {
		return b.At.After(c.At)
	}
	return c.From.Before(b.On)
}

func (f File) isGuardian(id PartyID) bool {
	p, err := f.Party(id)
	return err == nil && p.Role == PartyGuardian && p.HasPR == Yes
}

func orChild(gillick bool) string {
	if gillick {
		return ", or the child, if assessed as competent to decide this"
	}
	return ""
}

// answers lists the newest answer to inclusion of each who gave one, newest first.
func (f File) answers() []Consent {
	type who struct {
		by    DecidedBy
		party PartyID
	}
	seen := map[who]bool{}
	var out []Consent
	for _, c := range slices.Backward(f.Consents) {
		w := who{c.DecidedBy, c.Party}
		if c.DecidedBy == ByPerson || c.DecidedBy == ByChild || c.DecidedBy == ByCourt {
			w.party = 0
		}
		if c.About != Inclusion || c.Answer == NotYetAsked || seen[w] {
			continue
		}
		seen[w] = true
		out = append(out, c)
	}
	return out
}

// holds reports whether an answer is a yes that is evidenced and in date.
func (f File) holds(c Consent, today Date) bool {
	return c.Answer == SaidYes && c.Evidence != ReferrerSays && !today.Before(c.From) && today.Before(f.until(c))
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

func (f File) holdsPR(id PartyID) bool {
	p, err := f.Party(id)
	return err == nil && p.HasPR == Yes
}

// lacksCapacity reports whether the latest assessment for this decision, in
// date, found that the person lacks capacity; otherwise capacity is presumed.
func (f File) lacksCapacity(today Date) bool {
	for _, c := range slices.Backward(f.Capacities) {
		if c.Decision == Inclusion && c.Outcome != Competent && c.Outcome != NotCompetent {
			end := DateOf(c.On.At(12, 0).AddDate(0, f.Settings.ConsentMonths, 0))
			return c.Outcome == LacksCapacity && today.Before(end)
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

// bestInterests is the latest decision of that kind; ok is whether it is in date.
func (f File) bestInterests(today Date) (BestInterests, bool) {
	for _, b := range slices.Backward(f.BestInterests) {
		if b.Decision == Inclusion {
			return b, b.ReviewBy.IsZero() || today.Before(b.ReviewBy)
		}
	}
	return BestInterests{}, false
}

// SharesWith reports whether consent covers telling a sector on a day. What a
// parent agreed to ends on the sixteenth birthday.
func (f File) SharesWith(s Sector, today Date) bool {
	about := map[Sector]About{Health: ShareHealth, Education: ShareEducation, SocialCare: ShareSocial}[s]
	c, ok := f.latest(about)
	return ok && f.holds(c, today)
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
