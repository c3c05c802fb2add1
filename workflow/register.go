package workflow

import (
	"slices"
	"strings"
	"time"
)

// Rate changes the rating. A practitioner may raise it at once; lowering needs a
// review meeting or the chair.
func (f File) Rate(by Actor, at time.Time, r Rating, why string) (Change, error) {
	c, err := f.begin(by, at, Rate)
	if err != nil {
		return Change{}, err
	}
	if err := f.rate(&c, by, at, r, why, by.Has(Chair)); err != nil {
		return Change{}, err
	}
	return c, nil
}

func (f File) rate(c *Change, by Actor, at time.Time, r Rating, why string, mayLower bool) error {
	switch {
	case !slices.Contains(Ratings(), r):
		return invalid("rating", "Choose a rating.")
	case strings.TrimSpace(why) == "":
		return invalid("reason", "Say why.")
	case f.Rating() == Blue && r != Blue && r != Red:
		return invalid("rating", "Somebody who leaves hospital is rated red first, for at least %d days.", f.Settings.DischargeRedDays)
	case r.Rank() < f.Rating().Rank() && f.redUntil(DateOf(at)):
		return invalid("rating", "After a discharge the rating stays red for at least %d days.", f.Settings.DischargeRedDays)
	case r.Rank() < f.Rating().Rank() && !mayLower:
		return notAllowed("A rating is lowered in a review meeting, or by the chair.")
	}
	c.Rating = &Assessment{Rating: r, Reason: why, By: by.ID, At: at}
	c.NextReview = f.Settings.nextReview(r, DateOf(at))
	c.Timers = append(c.Timers, TimerDue{TimerReview, c.NextReview.At(9, 0)})
	if r == Red && f.Rating() != Red {
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskCETR, Due: f.Settings.Calendar().Due(at, f.Settings.CETRWarnWD), Owner: f.Case.Owner})
	}
	return nil
}

// redUntil reports whether a discharge from hospital still holds the rating at red.
func (f File) redUntil(today Date) bool {
	for i := len(f.Ratings) - 1; i > 0 && f.Ratings[i].Rating == Red; i-- {
		if f.Ratings[i-1].Rating == Blue {
			return today.Before(DateOf(f.Ratings[i].At).Add(f.Settings.DischargeRedDays))
		}
	}
	return false
}

// Reviewed is what a review found.
type Reviewed struct {
	Words    string
	Rating   Rating // the same or another
	Why      string
	Meeting  bool // it was a meeting of those involved, so the rating may come down
	Next     Date // zero: by the rating
	TellThem bool // asked for, or the plan changed
}

// Review records a review and sets the next one.
func (f File) Review(by Actor, at time.Time, v Reviewed) (Change, error) {
	c, err := f.begin(by, at, Review)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(v.Words) == "" {
		return Change{}, invalid("words", "Write what the review found.")
	}
	changed := v.Rating != f.Rating()
	c.NextReview = f.Settings.nextReview(f.Rating(), DateOf(at))
	if changed {
		if err := f.rate(&c, by, at, v.Rating, v.Why, v.Meeting || by.Has(Chair)); err != nil {
			return Change{}, err
		}
	}
	if !v.Next.IsZero() {
		if !DateOf(at).Before(v.Next) || c.NextReview.Before(v.Next) {
			return Change{}, invalid("next", "The next review must be to come, and not later than %s.", c.NextReview)
		}
		c.NextReview = v.Next
	}
	c.Note, c.Done = v.Words, []TaskKind{TaskReview}
	c.Timers = []TimerDue{{TimerReview, c.NextReview.At(9, 0)}}
	if changed || v.TellThem {
		letters, tasks := f.due(L12, at)
		c.Letters, c.Tasks = append(c.Letters, letters...), append(c.Tasks, tasks...)
	}
	return c, nil
}

// AgreementAnswer is what one of those involved says to a removal.
type AgreementAnswer string

const (
	Agrees    AgreementAnswer = "agrees"
	Disagrees AgreementAnswer = "disagrees"
	NoView    AgreementAnswer = "no view"
	Unreached AgreementAnswer = "could not be reached"
)

// Agreement is one answer to a removal; the latest of a party counts.
type Agreement struct {
	Party  PartyID
	Answer AgreementAnswer
	Words  string
	By     ActorID
	At     time.Time
}

// Removal is a proposal that somebody comes off the register, with the answers.
type Removal struct {
	ID       RemovalID
	By       ActorID
	At       time.Time
	Why      string
	Plan     string // the community plan that support goes on by
	Answers  []Agreement
	AgreedAt time.Time // when the chair or manager found that all agree
	Ended    bool
}

// answer is the latest answer of a party.
func (r Removal) answer(id PartyID) (Agreement, bool) {
	for _, a := range slices.Backward(r.Answers) {
		if a.Party == id {
			return a, true
		}
	}
	return Agreement{}, false
}

// ProposeRemoval begins a removal: the risk is said to be safely managed.
func (f File) ProposeRemoval(by Actor, at time.Time, why, plan string) (Change, error) {
	c, err := f.begin(by, at, ProposeRemoval)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say why the person can now be supported safely.")
	}
	if strings.TrimSpace(plan) == "" {
		return Change{}, invalid("plan", "Name the plan by which support goes on.")
	}
	c.Removal = &Removal{By: by.ID, At: at, Why: why, Plan: plan}
	c.NextReview = DateOf(at).Add(f.Settings.RemovalReviewDays)
	c.Timers = []TimerDue{{TimerReview, c.NextReview.At(9, 0)}}
	return c, nil
}

// RecordAgreement records what one of those involved says.
func (f File) RecordAgreement(by Actor, at time.Time, a Agreement) (Change, error) {
	c, err := f.begin(by, at, RecordAgreement)
	if err != nil {
		return Change{}, err
	}
	p, err := f.Party(a.Party)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !slices.Contains([]AgreementAnswer{Agrees, Disagrees, NoView, Unreached}, a.Answer):
		return Change{}, invalid("answer", "Choose the answer.")
	case strings.TrimSpace(a.Words) == "":
		return Change{}, invalid("words", "Write how they were asked and what they said.")
	case a.Answer == Unreached && p.Role == PartySelf:
		return Change{}, invalid("answer", "The person can never be “could not be reached”.")
	case a.Answer == Unreached && f.tries(p.ID) < 2:
		return Change{}, invalid("answer", "Record two tries to reach %s first.", nameOr(p))
	}
	a.By, a.At = by.ID, at
	c.Agreement = &a
	return c, nil
}

func (f File) tries(id PartyID) (n int) {
	for _, x := range f.Contacts {
		if x.Party == id && x.Reached != "reached" {
			n++
		}
	}
	return n
}

// Asked lists who must be asked about a removal: the person, or who holds
// parental responsibility for a child, and everybody involved in the care.
func (f File) Asked(today Date) []Party {
	age, known := f.Person.Age(today)
	child := known && age < 16
	var out []Party
	for _, p := range f.Parties {
		if p.Role == PartySelf || child && p.HasPR == Yes || p.Involved || p.ID == f.Case.Lead && p.ID != 0 {
			out = append(out, p)
		}
	}
	return out
}

// removalAgreed is the removal guard: agreed by all those involved in the care.
func (f File) removalAgreed(by Actor, at time.Time) error {
	today := DateOf(at)
	if f.Removal == nil {
		return conflict("Nobody has proposed a removal.")
	}
	age, known := f.Person.Age(today)
	entitled := false
	for _, p := range f.Asked(today) {
		a, ok := f.Removal.answer(p.ID)
		switch {
		case !ok:
			return conflict("%s has not been asked yet.", nameOr(p))
		case a.Answer == Disagrees:
			return conflict("%s disagrees.", nameOr(p))
		case a.Answer == Unreached && !by.Has(Manager):
			return notAllowed("%s could not be reached: only a manager may go on.", nameOr(p))
		case p.ID == f.Case.Lead && a.Answer != Agrees:
			return conflict("The lead professional must agree.")
		}
		entitled = entitled || p.Role == PartySelf || known && age < 16 && p.HasPR == Yes
	}
	if !entitled {
		return conflict("The person, or who decides for them, must be named on the case and asked.")
	}
	if _, err := f.Party(f.Case.Lead); err != nil {
		return conflict("The case needs a lead professional who agrees.")
	}
	return f.greenLongEnough(today)
}

func (f File) greenLongEnough(today Date) error {
	since := time.Time{}
	for _, r := range slices.Backward(f.Ratings) {
		if r.Rating != Green {
			break
		}
		since = r.At
	}
	if since.IsZero() || today.Before(DateOf(since).Add(f.Settings.RemovalGreenDays)) {
		return conflict("The rating must have been green for %d days.", f.Settings.RemovalGreenDays)
	}
	return nil
}

// Remove finds that all those involved agree. The case closes when the letter
// is approved by a second person.
func (f File) Remove(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.begin(by, at, Remove)
	if err != nil {
		return Change{}, err
	}
	if !f.Removal.AgreedAt.IsZero() {
		return Change{}, conflict("This was already found; the letters wait for approval.")
	}
	r := *f.Removal
	r.AgreedAt = at
	c.Removal, c.Note = &r, note
	c.Letters, c.Tasks = f.due(L8, at)
	return c, nil
}

// KeepOnRegister ends a proposal: somebody disagrees.
func (f File) KeepOnRegister(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, KeepOnRegister)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say who disagrees and why.")
	}
	if f.Removal != nil {
		r := *f.Removal
		r.Ended = true
		c.Removal = &r
	}
	c.Note, c.StopKinds = why, kinds(L8)
	c.NextReview = f.Settings.nextReview(f.Rating(), DateOf(at))
	c.Timers = []TimerDue{{TimerReview, c.NextReview.At(9, 0)}}
	c.Letters, c.Tasks = f.due(L12, at)
	return c, nil
}

// CloseNotEligible records that an assessment found neither a learning
// disability nor autism; the case closes when the letter is approved.
func (f File) CloseNotEligible(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, CloseNotEligible)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Name the assessment, and what the person said when asked.")
	}
	c.Note = why
	c.Letters, c.Tasks = f.due(L8, at)
	return c, nil
}
