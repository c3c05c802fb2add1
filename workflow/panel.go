package workflow

import (
	"slices"
	"time"
)

// PanelKind is what a meeting is for.
type PanelKind string

const (
	ReferralPanel PanelKind = "referral panel"
	UrgentPanel   PanelKind = "urgent panel"
	ReviewMeeting PanelKind = "review meeting"
)

// Panel is a dated meeting with its members.
type Panel struct {
	ID       PanelID
	Kind     PanelKind
	At       time.Time
	Place    string
	Capacity int // most items on the agenda
	Listed   int // items on it now
	Chair    ActorID
	Members  []Member
	Closed   bool
	Version  Version
}

// Member is one seat of a panel. Role is Chair, PanelMember or Expert.
type Member struct {
	Actor   ActorID
	Name    string
	Role    Role
	Sector  Sector
	Present bool
}

// ItemState is where a case stands on an agenda.
type ItemState string

const (
	Listed   ItemState = "listed"
	Opened   ItemState = "opened"
	Decided  ItemState = "decided"
	TakenOff ItemState = "taken off"
)

// PanelItem is one case on one agenda.
type PanelItem struct {
	ID        ItemID
	Panel     PanelID
	State     ItemState
	Interests []Interest
	Views     []View
}

// InterestKind is what a member declares on one item before its papers open.
type InterestKind string

const (
	NoInterest             InterestKind = "none"
	PersonalInterest       InterestKind = "personal"       // family, own caseworker, referrer: no papers, no voice
	OrganisationalInterest InterestKind = "organisational" // same team or employer: stays unless the chair says otherwise
)

// Interest is one member's declaration on one item.
type Interest struct {
	Member  ActorID
	Kind    InterestKind
	Words   string
	Exclude bool // the chair's word on an organisational interest
}

// View is what one member said on an item.
type View struct {
	Member  ActorID
	Words   string
	Dissent bool
}

func (f File) interest(m ActorID) (Interest, bool) {
	for _, i := range slices.Backward(f.Item.Interests) {
		if i.Member == m {
			return i, true
		}
	}
	return Interest{}, false
}

// MaySeePapers reports whether an actor may read this case as a member of its
// panel: seated, declared, free of a personal interest, and the pack open.
func (f File) MaySeePapers(by Actor, at time.Time) error {
	if err := sitsOnIt.Check(f, by, at); err != nil {
		return err
	}
	if f.Case.Has(FlagHold) {
		return notAllowed("The pack of this case is closed.")
	}
	if _, err := f.ConsentRoute(DateOf(at)); err != nil {
		return notAllowed("The panel may not read this: consent is not held.")
	}
	days := f.Settings.Calendar()
	if today := DateOf(at); today.Before(days.Add(DateOf(f.Panel.At), -f.Settings.PackOpensWD)) ||
		days.Add(DateOf(f.Panel.At), f.Settings.PackClosesWD).Before(today) {
		return notAllowed("The pack of this panel is not open today.")
	}
	i, ok := f.interest(by.ID)
	if !ok {
		return notAllowed("Say first whether you have an interest in this case.")
	}
	if i.Kind == PersonalInterest || i.Exclude {
		return notAllowed("You declared an interest: this case is not for you.")
	}
	return nil
}

// free lists the present members who may take part in this item.
func (f File) free() []Member {
	var out []Member
	for _, m := range f.Panel.Members {
		i, ok := f.interest(m.Actor)
		if !m.Present || !ok || i.Kind == PersonalInterest || i.Exclude || (m.Sector != NoSector && f.Refused(m.Sector)) {
			continue
		}
		out = append(out, m)
	}
	return out
}

// quorum is the quorum and mix guard for this item.
func (f File) quorum(today Date) error {
	free := f.free()
	count := func(want func(Member) bool) (n int) {
		for _, m := range free {
			if want(m) {
				n++
			}
		}
		return n
	}
	s := f.Settings
	if count(func(m Member) bool { return m.Actor == f.Panel.Chair }) == 0 {
		return conflict("The chair is not there, or has an interest: a deputy must chair this item.")
	}
	if n := count(func(m Member) bool { return m.Role == PanelMember }); n < s.QuorumProfessionals {
		return conflict("The panel needs %d professionals beside the chair who are free of interest; there are %d.", s.QuorumProfessionals, n)
	}
	if count(func(m Member) bool { return m.Role == Expert }) < s.QuorumExperts {
		return conflict("The panel needs at least %d expert by experience: it can discuss, not decide.", s.QuorumExperts)
	}
	if len(free) < s.QuorumFree {
		return conflict("At least %d people free of interest must be there for this item.", s.QuorumFree)
	}
	for _, sector := range f.sectorsNeeded(today) {
		if count(func(m Member) bool { return m.Sector == sector }) == 0 && !f.Refused(sector) {
			return conflict("Nobody from %s is there for this item.", sector.Words())
		}
	}
	return nil
}

func (f File) sectorsNeeded(today Date) []Sector {
	out := []Sector{Health, SocialCare}
	if age, known := f.Person.Age(today); known && age < 18 || f.Value("person.ehcp") == "yes" {
		out = append(out, Education)
	}
	return out
}

func (f File) interests() error {
	if f.Panel == nil || f.Item == nil {
		return conflict("This case is not on a panel's agenda.")
	}
	for _, m := range f.Panel.Members {
		if _, ok := f.interest(m.Actor); m.Present && !ok {
			return conflict("%s has not yet said whether there is an interest in this case.", m.Name)
		}
	}
	return nil
}

// PutOnPanel lists the case on a meeting. p is that meeting, loaded with its count.
func (f File) PutOnPanel(by Actor, at time.Time, p Panel) (Change, error) {
	c, err := f.begin(by, at, PutOnPanel)
	if err != nil {
		return Change{}, err
	}
	switch {
	case p.Closed || !at.Before(p.At):
		return Change{}, invalid("panel", "Choose a panel that is still to come.")
	case p.Kind != UrgentPanel && p.At.Sub(at) < 24*time.Hour:
		return Change{}, invalid("panel", "Papers need 24 hours: choose a later panel, or an urgent one.")
	case p.Kind != UrgentPanel && len(f.Missing(DateOf(at))) > 0:
		return Change{}, invalid("panel", "Something is missing still, so only an urgent panel may see it: %s.", missingWords(f.Missing(DateOf(at))))
	case p.Listed >= p.Capacity:
		return Change{}, invalid("panel", "The agenda of this panel is full.")
	}
	c.Item = &ItemChange{Panel: p.ID, State: Listed}
	if !f.newDateWaits() {
		c.Letters, c.Tasks = f.due(L5, at)
	}
	return c, nil
}

// TakeOffPanel takes the case off the agenda, with a reason.
func (f File) TakeOffPanel(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, TakeOffPanel)
	if err != nil {
		return Change{}, err
	}
	if why == "" {
		return Change{}, invalid("why", "Say why it comes off the agenda.")
	}
	c.Note, c.Item = why, &ItemChange{Panel: f.Panel.ID, State: TakenOff, Why: why}
	c.StopKinds = kinds(L5, L5b)
	if !f.toldOfPanel() {
		return c, nil // nobody has heard of the date that falls away
	}
	c.Letters, c.Tasks = f.due(L5b, at)
	for i := range c.Letters {
		c.Letters[i].Typed = map[string]string{"Panel.MovedAt": f.Panel.At.Format(time.RFC3339), "Panel.Why": why}
	}
	return c, nil
}

// newDateWaits reports whether a letter that the date moved waits for the new one.
func (f File) newDateWaits() bool {
	return slices.ContainsFunc(f.Letters, func(l Letter) bool { return l.Kind == L5b && l.State == LetterDueNow })
}

// toldOfPanel reports whether a letter with the panel's date has left.
func (f File) toldOfPanel() bool {
	return slices.ContainsFunc(f.Letters, func(l Letter) bool { return (l.Kind == L5 || l.Kind == L5b) && l.State.HasLeft() })
}

// OpenInPanel is the chair opening the item in the meeting.
func (f File) OpenInPanel(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, OpenPanel)
	if err != nil {
		return Change{}, err
	}
	c.Item = &ItemChange{Panel: f.Panel.ID, State: Opened}
	return c, nil
}

// DeclareInterest records what a member declares on this item; the latest counts.
func (f File) DeclareInterest(by Actor, at time.Time, i Interest) (Change, error) {
	c, err := f.begin(by, at, DeclareInterest)
	if err != nil {
		return Change{}, err
	}
	if i.Member != by.ID && by.ID != f.Panel.Chair {
		return Change{}, notAllowed("Each member declares for themselves; only the chair may record it for another.")
	}
	if !slices.Contains([]InterestKind{NoInterest, PersonalInterest, OrganisationalInterest}, i.Kind) {
		return Change{}, invalid("interest", "Choose one of the answers.")
	}
	if i.Kind != NoInterest && i.Words == "" {
		return Change{}, invalid("words", "Say in a few words what the interest is.")
	}
	c.Interest = &i
	return c, nil
}

// GiveView records what a member thinks; dissent is minuted.
func (f File) GiveView(by Actor, at time.Time, words string, dissent bool) (Change, error) {
	c, err := f.begin(by, at, GiveView)
	if err != nil {
		return Change{}, err
	}
	if err := f.MaySeePapers(by, at); err != nil {
		return Change{}, err
	}
	if words == "" {
		return Change{}, invalid("words", "Write your view.")
	}
	c.View = &View{Member: by.ID, Words: words, Dissent: dissent}
	return c, nil
}

// Check refuses a meeting that cannot be held, or whose maker may not.
func (p Panel) Check(by Actor, at time.Time) error {
	experts, chair := 0, false
	seats := map[ActorID]bool{}
	for _, m := range p.Members {
		if seats[m.Actor] {
			return invalid("members", "%s has two seats.", m.Name)
		}
		seats[m.Actor] = true
		if m.Role == Expert {
			experts++
		}
		chair = chair || m.Actor == p.Chair
	}
	switch {
	case !by.Has(Coordinator, Manager, Chair):
		return notAllowed("Only a coordinator, the manager or a chair arranges panels.")
	case !slices.Contains([]PanelKind{ReferralPanel, UrgentPanel, ReviewMeeting}, p.Kind):
		return invalid("kind", "Choose what the meeting is for.")
	case p.ID == 0 && !at.Before(p.At):
		return invalid("at", "Choose a date and time to come.")
	case p.Capacity < 1 || p.Capacity > 100:
		return invalid("capacity", "Enter how many cases fit, 1 to 100.")
	case p.Chair == 0 || !chair:
		return invalid("chair", "Choose a chair who is one of the members.")
	case experts == 0:
		return invalid("members", "Name at least one expert by experience.")
	}
	return nil
}
