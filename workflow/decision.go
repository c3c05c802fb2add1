package workflow

import (
	"slices"
	"strings"
	"time"
)

// Outcome is what a panel decided.
type Outcome string

const (
	OutcomeAccepted    Outcome = "accepted"
	OutcomeNotAccepted Outcome = "not accepted"
	OutcomeDeferred    Outcome = "deferred"
)

// ReasonCode is why a panel did not accept, for counting; the letter uses the chair's words.
type ReasonCode string

// ReasonCodes lists them with the words of forms and letters.
func ReasonCodes() []struct {
	Code  ReasonCode
	Words string
} {
	return []struct {
		Code  ReasonCode
		Words string
	}{
		{"no_ld_autism", "we were not told of a learning disability or autism"},
		{"not_at_risk", "none of the four reasons for being on the register seems to apply at the moment"},
		{"needs_met", "the services already involved are meeting the needs"},
		{"ehcp", "the main need is an education, health and care plan or a school place"},
		{"diagnosis", "the main need is a diagnosis"},
		{"waiting_list", "the question is about a waiting list"},
		{"out_of_area", "another area is responsible"},
		{"other_commissioner", "the person is in hospital under another area's care"},
		{"insufficient", "we did not have enough information, after asking"},
	}
}

// Recommendation is one thing somebody should do.
type Recommendation struct {
	Text string
	Who  string
	By   string // when, in words or a date
}

// Decision is one dated decision of a panel, recorded by its chair. A corrected
// one points to what it corrects and both are kept.
type Decision struct {
	ID              DecisionID
	Outcome         Outcome
	Item            ItemID
	Reasons         []ReasonCode
	Text            string // written to the person
	Recommendations []Recommendation
	Signposts       []SignpostID
	Rating          Rating
	RatingReason    string
	Lead            PartyID
	LeadNamedBy     string
	Support         string // discussed: what, with whom, when
	PersonViews     string // the person's own, or why not
	Dissent         string
	Awaited         string  // deferred: what
	From            string  // from whom
	FromParty       PartyID // who is asked by letter; 0 where somebody asks by hand
	Due             Date    // by when
	By              ActorID
	At              time.Time
	Corrects        DecisionID
	Members         []ActorID // who sat on the panel that took it
}

// freshEyes is the rule of a second look: another chair decides, or at least
// somebody sits who did not decide the first time.
func (f File) freshEyes(by Actor) error {
	d := f.Decision
	if d == nil || d.Outcome != OutcomeNotAccepted || d.By != by.ID || len(d.Members) == 0 {
		return nil
	}
	for _, m := range f.free() {
		if m.Actor != by.ID && !slices.Contains(d.Members, m.Actor) {
			return nil
		}
	}
	return conflict("This was not accepted before: another chair must decide, or a member who was not there the first time.")
}

// minDecisionText is how short a decision written to somebody may not be.
const minDecisionText = 40

func (d Decision) common() error {
	if len(strings.TrimSpace(d.Text)) < minDecisionText {
		return invalid("text", "Write the decision to the person, in at least %d characters: what it means for them.", minDecisionText)
	}
	if strings.TrimSpace(d.PersonViews) == "" {
		return invalid("person_views", "Record the person's own views, or why there are none.")
	}
	return nil
}

// Accept records that the panel accepts. People set the rating; nothing is pre-selected.
func (f File) Accept(by Actor, at time.Time, d Decision) (Change, error) {
	c, err := f.begin(by, at, Accept)
	if err != nil {
		return Change{}, err
	}
	if err := f.acceptable(d); err != nil {
		return Change{}, err
	}
	d.Outcome, d.Item, d.By, d.At = OutcomeAccepted, f.Item.ID, by.ID, at
	c.Decision = &d
	c.Rating = &Assessment{Rating: d.Rating, Reason: d.RatingReason, By: by.ID, At: at}
	c.Lead = &Lead{Party: d.Lead, NamedBy: d.LeadNamedBy}
	if c.Plan = f.planOf(d, at); len(c.Plan) > 0 {
		c.Tasks = append(c.Tasks, f.planTask(c.Plan[0].Due))
	}
	c.Item = &ItemChange{Panel: f.Panel.ID, State: Decided}
	letters, tasks := f.due(L6, at)
	c.Letters, c.Tasks = letters, append(c.Tasks, tasks...)
	days := f.Settings.Calendar()
	first := f.Settings.FirstSupportWD
	if d.Rating == Red {
		first = f.Settings.FirstSupportRedWD
	}
	c.Tasks = append(c.Tasks, TaskDue{Kind: TaskFirstSupport, Due: days.Due(at, first), Owner: f.Case.Owner})
	if d.Rating == Red {
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskCETR, Due: days.Due(at, f.Settings.CETRWarnWD), Owner: f.Case.Owner})
	}
	return c, nil
}

func (f File) acceptable(d Decision) error {
	if err := d.common(); err != nil {
		return err
	}
	switch {
	case !slices.Contains(Ratings(), d.Rating):
		return invalid("rating", "Choose the rating the panel agreed.")
	case strings.TrimSpace(d.RatingReason) == "":
		return invalid("rating_reason", "Say why the panel chose this rating.")
	case d.Lead == 0 && strings.TrimSpace(d.LeadNamedBy) == "":
		return invalid("lead", "Name the lead professional, or who will name one.")
	case strings.TrimSpace(d.Support) == "":
		return invalid("support", "Write at least one support that was discussed.")
	}
	if d.Lead != 0 {
		if _, err := f.Party(d.Lead); err != nil {
			return invalid("lead", "The lead professional must be named on the case.")
		}
	}
	return nil
}

// NotAccept records that the panel does not accept: never without a reason, a
// recommendation and a signpost that fits and was checked in time.
func (f File) NotAccept(by Actor, at time.Time, d Decision) (Change, error) {
	c, err := f.begin(by, at, NotAccept)
	if err != nil {
		return Change{}, err
	}
	if err := f.declinable(d, DateOf(at)); err != nil {
		return Change{}, err
	}
	d.Outcome, d.Item, d.By, d.At = OutcomeNotAccepted, f.Item.ID, by.ID, at
	c.Decision = &d
	c.Item = &ItemChange{Panel: f.Panel.ID, State: Decided}
	c.Letters, c.Tasks = f.due(L7, at)
	return c, nil
}

func (f File) declinable(d Decision, today Date) error {
	if err := d.common(); err != nil {
		return err
	}
	if len(d.Reasons) == 0 {
		return invalid("reasons", "Choose at least one reason.")
	}
	for _, r := range d.Reasons {
		if ReasonWords(r) == "" {
			return invalid("reasons", "Choose the reasons from the list.")
		}
	}
	if !slices.ContainsFunc(d.Recommendations, func(r Recommendation) bool { return strings.TrimSpace(r.Text) != "" }) {
		return invalid("recommendations", "Write at least one recommendation: what would help, and who does it.")
	}
	if len(d.Signposts) == 0 {
		return invalid("signposts", "Choose at least one service that can help.")
	}
	for _, id := range d.Signposts {
		s, err := f.signpost(id)
		if err != nil {
			return err
		}
		if err := s.Usable(today); err != nil {
			return err
		}
		if err := s.Fits(f, today); err != nil {
			return err
		}
	}
	return nil
}

// ReasonWords is a reason code in words, "" for one not in the list.
func ReasonWords(code ReasonCode) string {
	for _, r := range ReasonCodes() {
		if r.Code == code {
			return r.Words
		}
	}
	return ""
}

// Defer records that the panel needs more: what, from whom, by when.
func (f File) Defer(by Actor, at time.Time, d Decision) (Change, error) {
	c, err := f.begin(by, at, Defer)
	if err != nil {
		return Change{}, err
	}
	switch {
	case strings.TrimSpace(d.Awaited) == "":
		return Change{}, invalid("awaited", "Say what the panel needs.")
	case strings.TrimSpace(d.From) == "":
		return Change{}, invalid("from", "Say who must supply it.")
	case d.Due.IsZero() || !DateOf(at).Before(d.Due):
		return Change{}, invalid("due", "Give a date to come.")
	}
	d.Outcome, d.Item, d.By, d.At = OutcomeDeferred, f.Item.ID, by.ID, at
	c.Decision = &d
	c.Item = &ItemChange{Panel: f.Panel.ID, State: Decided}
	c.Tasks = []TaskDue{{Kind: TaskChaseInfo, Due: d.Due.At(9, 0), Owner: f.Case.Owner}}
	if d.FromParty != 0 {
		if _, err := f.Recipient(L3, d.FromParty); err != nil {
			return Change{}, err
		}
		c.Letters = []LetterDue{{Kind: L3, Party: d.FromParty, Content: Full, Asks: []string{d.Awaited}}}
		c.Tasks = append(c.Tasks, f.draftTask(L3, c.Letters, at)...)
	}
	return c, nil
}

// ItemsIn takes a deferred case back: what the panel asked for is in.
func (f File) ItemsIn(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.begin(by, at, ItemsIn)
	if err != nil {
		return Change{}, err
	}
	c.Note, c.Done = note, []TaskKind{TaskChaseInfo}
	return c, nil
}

// CorrectDecision records a corrected decision of the same outcome; the old one
// is kept, and a letter that says so is due.
func (f File) CorrectDecision(by Actor, at time.Time, d Decision, why string) (Change, error) {
	c, err := f.begin(by, at, CorrectDecision)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say what was wrong.")
	}
	d.Outcome = f.Decision.Outcome
	kind := L6
	if d.Outcome == OutcomeNotAccepted {
		kind = L7
		err = f.declinable(d, DateOf(at))
	} else {
		err = f.acceptable(d)
	}
	if err != nil {
		return Change{}, err
	}
	d.Item, d.By, d.At, d.Corrects = f.Decision.Item, by.ID, at, f.Decision.ID
	c.Decision, c.Note = &d, why
	c.Letters, c.Tasks = f.due(kind, at)
	c.Letters, c.StopKinds = f.correcting(c.Letters), kinds(kind)
	return c, nil
}

// IncludeInterim puts somebody on the register at once, rated red, when they may
// be detained within days; a full panel must ratify it.
func (f File) IncludeInterim(by Actor, at time.Time, d Decision, with string) (Change, error) {
	c, err := f.begin(by, at, IncludeInterim)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(with) == "" {
		return Change{}, invalid("with", "Name the colleague from another sector who agreed today.")
	}
	if d.Rating != Red {
		return Change{}, invalid("rating", "Interim inclusion is only for a red rating.")
	}
	if err := f.acceptable(d); err != nil {
		return Change{}, err
	}
	d.Outcome, d.By, d.At = OutcomeAccepted, by.ID, at
	c.Decision, c.Note, c.Raise = &d, with, []Flag{FlagInterim}
	c.Rating = &Assessment{Rating: Red, Reason: d.RatingReason, By: by.ID, At: at}
	c.Lead = &Lead{Party: d.Lead, NamedBy: d.LeadNamedBy}
	c.OnRegister, c.NextReview = DateOf(at), f.Settings.nextReview(Red, DateOf(at))
	c.Letters, c.Tasks = f.due(L6, at)
	sharing, tasks := f.due(L11, at)
	c.Letters, c.Tasks = append(c.Letters, sharing...), append(c.Tasks, tasks...)
	c.Timers = []TimerDue{{TimerReview, c.NextReview.At(9, 0)}, {TimerRatify, f.Settings.Calendar().Due(at, f.Settings.RatifyWD)}}
	return c, nil
}

// Ratify records that a full panel ratified an interim inclusion.
func (f File) Ratify(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.begin(by, at, Ratify)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(note) == "" {
		return Change{}, invalid("note", "Say which panel ratified it.")
	}
	c.Note, c.Lower, c.StopTimers, c.Done = note, []Flag{FlagInterim}, []TimerKind{TimerRatify}, []TaskKind{TaskRatify}
	return c, nil
}
