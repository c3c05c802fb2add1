package workflow

import (
	"slices"
	"strings"
	"time"
)

// Take puts a new case into somebody's hands.
func (f File) Take(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, Take)
	if err != nil {
		return Change{}, err
	}
	c.Owner = &by.ID
	c.Done = []TaskKind{TaskTriage, TaskReadUnread}
	return c, nil
}

// ConfirmFields confirms what was read, corrects it, or types what was told. A
// correction of something a person confirmed before needs a reason.
func (f File) ConfirmFields(by Actor, at time.Time, fields []FieldChange) (Change, error) {
	c, err := f.begin(by, at, ConfirmFields)
	if err != nil {
		return Change{}, err
	}
	p := f.Person
	for i, x := range fields {
		if err := x.check(at); err != nil {
			return Change{}, err
		}
		old := f.Facts[x.Field]
		if old.Confirmed && old.Value != x.Value && strings.TrimSpace(x.Why) == "" {
			return Change{}, invalid(string(x.Field), "Somebody confirmed %q before. Say why it changes.", old.Value)
		}
		fields[i] = x
		p.take(x)
	}
	c.Fields = fields
	if p.Name != "" && (p.Name != f.Person.Name || !p.DateOfBirth.IsZero()) {
		p.Confirmed = true
	}
	c.Person = &p
	return c, nil
}

// take copies a confirmed value to the identity columns.
func (p *Person) take(x FieldChange) {
	switch x.Field {
	case FieldName:
		p.Name = x.Value
	case FieldKnownAs:
		p.KnownAs = x.Value
	case FieldDOB:
		p.DateOfBirth, _ = ParseDate(x.Value) // checked before
	case FieldNHS:
		if x.Value != "unknown" {
			p.NHSNumber = x.Value
		}
	case FieldNeeds:
		p.Needs = x.Values // codes; words about how somebody communicates choose no letter
	}
}

func (x FieldChange) check(at time.Time) error {
	if x.Value == "" && len(x.Values) == 0 {
		return invalid(string(x.Field), "Enter a value, or “unknown” when nobody knows.")
	}
	switch x.Field {
	case FieldDOB:
		d, err := ParseDate(x.Value)
		if err != nil {
			return invalid(string(x.Field), "Enter a real date of birth.")
		}
		if today := DateOf(at); !d.Before(today) || d.AgeOn(today) > 120 {
			return invalid(string(x.Field), "The date of birth must be in the past, and within 120 years.")
		}
	case FieldNHS:
		if x.Value != "unknown" && !ValidNHSNumber(x.Value) {
			return invalid(string(x.Field), "This is not a valid NHS number: its check digit does not hold. Enter “unknown” if nobody knows it.")
		}
	case FieldGrounds:
		for _, v := range x.Values {
			if !slices.Contains(Grounds(), Ground(v)) {
				return invalid(string(x.Field), "Choose from the four grounds.")
			}
		}
	}
	return nil
}

// ValidNHSNumber checks ten digits by modulus 11 and refuses repeated digits,
// which pass the check and are never issued.
func ValidNHSNumber(s string) bool {
	if len(s) != 10 || strings.Count(s, s[:1]) == 10 {
		return false
	}
	sum := 0
	for i, r := range s {
		if r < '0' || r > '9' {
			return false
		}
		if i < 9 {
			sum += int(r-'0') * (10 - i)
		}
	}
	check := 11 - sum%11
	if check == 11 {
		check = 0
	}
	return check != 10 && check == int(s[9]-'0')
}

// SetParty names somebody around the person, confirms who they are, or changes
// how they may be reached. Blocking needs a reason.
func (f File) SetParty(by Actor, at time.Time, p Party) (Change, error) {
	c, err := f.begin(by, at, SetParty)
	if err != nil {
		return Change{}, err
	}
	p.Email = strings.ToLower(strings.TrimSpace(p.Email))
	switch {
	case !slices.Contains(PartyRoles(), p.Role):
		return Change{}, invalid("role", "Choose what they are to the person.")
	case p.Blocked && strings.TrimSpace(p.BlockedWhy) == "":
		return Change{}, invalid("blocked_why", "Say why they must not be written to.")
	case strings.TrimSpace(p.Name) == "" && p.Confirmed:
		return Change{}, invalid("name", "Enter the name of whom you confirm.")
	case p.Email != "" && (strings.Count(p.Email, "@") != 1 || strings.ContainsAny(p.Email, " ,;<>\r\n")):
		return Change{}, invalid("email", "Enter one email address, like name@example.org.")
	case p.HasPR == Yes && !p.Role.IsParental() && p.Role != PartyFoster:
		return Change{}, invalid("has_pr", "Parental responsibility belongs to a parent, a guardian or a council.")
	}
	if p.ID != 0 {
		if _, err := f.Party(p.ID); err != nil {
			return Change{}, err
		}
	}
	c.Parties = []Party{p}
	return c, nil
}

// AskForInformation asks the original referrer for what is missing.
func (f File) AskForInformation(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, AskForInformation)
	if err != nil {
		return Change{}, err
	}
	c.Letters, c.Tasks = f.due(L3, at)
	return c, nil
}

// InformationCame takes the case back into triage.
func (f File) InformationCame(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, InformationCame)
	if err != nil {
		return Change{}, err
	}
	c.Done = []TaskKind{TaskChaseInfo}
	return c, nil
}

// AskForConsent asks whoever decides. A parent or partner who wrote for somebody
// of 16 or over hears that the person is asked.
func (f File) AskForConsent(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, AskForConsent)
	if err != nil {
		return Change{}, err
	}
	c.Letters, c.Tasks = f.due(L4, at)
	if len(c.Letters) == 0 {
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskAskPerson, Due: f.Settings.Calendar().Due(at, f.Settings.TriageWD), Owner: f.Case.Owner})
	}
	family, tasks := f.due(L4b, at)
	c.Letters, c.Tasks = append(c.Letters, family...), append(c.Tasks, tasks...)
	return c, nil
}

// RecordConsent records one dated answer. A no or a withdrawal puts the case on
// hold at once.
func (f File) RecordConsent(by Actor, at time.Time, x Consent) (Change, error) {
	c, err := f.begin(by, at, RecordConsent)
	if err != nil {
		return Change{}, err
	}
	if err := f.checkConsent(x, DateOf(at)); err != nil {
		return Change{}, err
	}
	x.By, x.At, x.Settles = by.ID, at, false
	c.Consents = []Consent{x}
	if x.About == Inclusion && isNo(x) {
		f.hold(&c, 1)
		if x.DecidedBy == ByPerson && f.lacksCapacity(DateOf(at)) { // an objection, however it is made
			c.Tasks = append(c.Tasks, TaskDue{Kind: TaskBestInterests, Due: f.Settings.Calendar().Due(at, f.Settings.ObjectionWD), Owner: f.Case.Owner})
		}
	}
	if s := sectorOf(x.About); s != NoSector && isNo(x) {
		f.stopShares(&c, "consent for "+s.Words()+" was taken back", s)
	}
	return c, nil
}

// SettleDisagreement records what a practitioner and the manager settled where
// those with parental responsibility gave different answers.
func (f File) SettleDisagreement(by Actor, at time.Time, x Consent, practitioner string) (Change, error) {
	c, err := f.begin(by, at, SettleDisagreement)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(practitioner) == "" {
		return Change{}, invalid("practitioner", "Name the practitioner with whom you settled it.")
	}
	x.About, x.DecidedBy, x.Evidence = Inclusion, ByParent, Conversation
	if x.Answer != SaidYes && x.Answer != SaidNo {
		return Change{}, invalid("answer", "Choose the answer.")
	}
	if err := f.checkConsent(x, DateOf(at)); err != nil {
		return Change{}, err
	}
	x.By, x.At, x.Settles = by.ID, at, true
	x.Words += " Settled with " + practitioner + "."
	c.Consents = []Consent{x}
	if x.Answer == SaidNo {
		f.hold(&c, 1)
	}
	return c, nil
}

// hold stops everything on the case until a practitioner has read why, within
// some working days. What was on its way to a panel goes back to consent.
func (f File) hold(c *Change, days int) {
	c.Raise = append(c.Raise, FlagHold)
	c.Tasks = append(c.Tasks, TaskDue{Kind: TaskReadHold, Due: f.Settings.Calendar().Due(c.At, days), Owner: f.Case.Owner})
	if slices.Contains(beforePanel(), f.Case.State) {
		c.To, c.Item = AwaitingConsent, f.offAgenda("on hold")
	}
}

// beforePanel are the states that need consent held.
func beforePanel() []State { return on(ReadyForPanel, PanelScheduled, InPanel, Deferred) }

// offAgenda takes the case off the agenda it stands on, if any.
func (f File) offAgenda(why string) *ItemChange {
	if f.Item == nil || f.Panel == nil || f.Item.State == Decided || f.Item.State == TakenOff {
		return nil
	}
	return &ItemChange{Panel: f.Panel.ID, State: TakenOff, Why: why}
}

func (f File) checkConsent(x Consent, today Date) error {
	age, known := f.Person.Age(today)
	switch {
	case !slices.Contains(Abouts(), x.About):
		return invalid("about", "Choose what was asked.")
	case !slices.Contains(DecidedBys(), x.DecidedBy):
		return invalid("decided_by", "Choose who answered.")
	case !slices.Contains([]ConsentAnswer{SaidYes, SaidNo, TookBack, NotYetAsked}, x.Answer):
		return invalid("answer", "Choose the answer.")
	case x.Answer != NotYetAsked && !slices.Contains(Evidences(), x.Evidence):
		return invalid("evidence", "Choose what the answer rests on.")
	case x.Answer != NotYetAsked && strings.TrimSpace(x.Words) == "":
		return invalid("words", "Write who asked, how, and what was said.")
	case x.From.IsZero() || today.Before(x.From):
		return invalid("from", "Enter the day of the answer, today or before.")
	case x.DecidedBy == ByParent && known && age >= 16 && x.About == Inclusion && x.Answer == SaidYes:
		return invalid("decided_by", "From 16 the person decides. Record the parent's support as a note.")
	case (x.DecidedBy == ByParent || x.DecidedBy == ByCouncil) && !f.holdsPR(x.Party) && x.Answer == SaidYes:
		return invalid("party", "Choose somebody whose parental responsibility is recorded.")
	case known && age < 16 && x.About == Inclusion && x.Answer == SaidYes && x.DecidedBy != ByChild && strings.TrimSpace(x.ChildView) == "":
		return invalid("child_view", "Write what the child says about it, or why they were not asked.")
	}
	return nil
}

// RecordCapacity records one assessment for one decision.
func (f File) RecordCapacity(by Actor, at time.Time, x Capacity) (Change, error) {
	c, err := f.begin(by, at, RecordCapacity)
	if err != nil {
		return Change{}, err
	}
	age, known := f.Person.Age(DateOf(at))
	child := x.Outcome == Competent || x.Outcome == NotCompetent
	switch {
	case strings.TrimSpace(x.Assessor) == "":
		return Change{}, invalid("assessor", "Name who assessed.")
	case x.On.IsZero() || DateOf(at).Before(x.On):
		return Change{}, invalid("on", "Enter the day of the assessment, today or before.")
	case !slices.Contains([]CapacityOutcome{HasCapacity, LacksCapacity, Fluctuates, Competent, NotCompetent}, x.Outcome):
		return Change{}, invalid("outcome", "Choose what was found.")
	case child && (!known || age >= 16), !child && known && age < 16:
		return Change{}, invalid("outcome", "Competence is for children under 16, capacity for 16 and over.")
	case x.Outcome == LacksCapacity && strings.TrimSpace(x.Impairment) == "":
		return Change{}, invalid("impairment", "Name the impairment of mind or brain, and that the inability is because of it.")
	case x.Outcome == LacksCapacity && strings.TrimSpace(x.Support) == "":
		return Change{}, invalid("support", "Write what was done to help the person decide.")
	}
	if x.Decision == "" {
		x.Decision = Inclusion
	}
	x.By, x.At = by.ID, at
	c.Capacities = []Capacity{x}
	return c, nil
}

// RecordBestInterests records a best-interests decision for somebody of 16 or
// over who lacks capacity for it.
func (f File) RecordBestInterests(by Actor, at time.Time, x BestInterests) (Change, error) {
	c, err := f.begin(by, at, RecordBestInterest)
	if err != nil {
		return Change{}, err
	}
	switch {
	case !f.lacksCapacity(DateOf(at)):
		return Change{}, conflict("Record first an assessment that found that the person lacks capacity for this.")
	case strings.TrimSpace(x.Maker) == "":
		return Change{}, invalid("maker", "Name who decides.")
	case strings.TrimSpace(x.Consulted) == "":
		return Change{}, invalid("consulted", "Write who was consulted.")
	case strings.TrimSpace(x.Wishes) == "":
		return Change{}, invalid("wishes", "Write what the person wants, as far as it can be known.")
	case x.On.IsZero() || DateOf(at).Before(x.On):
		return Change{}, invalid("on", "Enter the day of the decision, today or before.")
	}
	if x.Decision == "" {
		x.Decision = Inclusion
	}
	if x.ReviewBy.IsZero() {
		x.ReviewBy = DateOf(x.On.At(12, 0).AddDate(0, f.Settings.ConsentMonths, 0))
	}
	x.By, x.At = by.ID, at
	c.BestInterests, c.Done = []BestInterests{x}, []TaskKind{TaskBestInterests}
	return c, nil
}

// SettleConsent makes a case ready once consent is held and nothing is missing.
func (f File) SettleConsent(by Actor, at time.Time) (Change, error) {
	return f.ready(by, at, SettleConsent)
}

// MakeReady takes a complete case from triage to the panel's list.
func (f File) MakeReady(by Actor, at time.Time) (Change, error) { return f.ready(by, at, MakeReady) }

func (f File) ready(by Actor, at time.Time, a Action) (Change, error) {
	c, err := f.begin(by, at, a)
	if err != nil {
		return Change{}, err
	}
	route, err := f.ConsentRoute(DateOf(at))
	if err != nil {
		return Change{}, err
	}
	c.Done = []TaskKind{TaskChaseConsent, TaskChaseInfo, TaskAskPerson}
	if !route.Until.IsZero() {
		c.Timers = []TimerDue{{TimerConsentEnd, route.Until.At(0, 1)}}
	}
	return c, nil
}

// SetUrgency raises the urgency, or lowers it with a reason; only a person lowers.
func (f File) SetUrgency(by Actor, at time.Time, u Urgency, why string) (Change, error) {
	c, err := f.begin(by, at, SetUrgency)
	if err != nil {
		return Change{}, err
	}
	if !slices.Contains([]Urgency{Crisis, Urgent, Unread, Routine}, u) {
		return Change{}, invalid("urgency", "Choose the urgency.")
	}
	lowers := u.Rank() < f.Case.Urgency.Rank()
	if lowers && !by.IsPerson() {
		return Change{}, notAllowed("Only a person lowers urgency.")
	}
	if lowers && strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say what was done, and why it is less urgent now.")
	}
	c.Urgency, c.Note = u, why
	for _, x := range []Flag{FlagCrisis, FlagUrgent, FlagUnread} {
		if x == u.Flag() {
			c.Raise = append(c.Raise, x)
		} else if f.Case.Has(x) {
			c.Lower = append(c.Lower, x)
		}
	}
	if lowers {
		c.Done = []TaskKind{TaskOpenCrisis, TaskReadUnread}
	}
	return c, nil
}

// Hold stops everything on the case until a practitioner has read why.
func (f File) Hold(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, Hold)
	if err != nil {
		return Change{}, err
	}
	c.Note = why
	f.hold(&c, 1)
	return c, nil
}

// LiftHold lets the case go on after a practitioner has read why it stopped.
func (f File) LiftHold(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, LiftHold)
	if err != nil {
		return Change{}, err
	}
	if !f.Case.Has(FlagHold) {
		return Change{}, conflict("The case is not on hold.")
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Write what you read and what you found.")
	}
	c.Note, c.Lower, c.Done = why, []Flag{FlagHold}, []TaskKind{TaskReadHold}
	return c, nil
}

// SettleFlag lowers a flag that people settle by looking: a possible duplicate, a
// safeguarding concern acted on, a secure message opened, a letter that did not arrive.
func (f File) SettleFlag(by Actor, at time.Time, x Flag, why string) (Change, error) {
	c, err := f.begin(by, at, Note)
	if err != nil {
		return Change{}, err
	}
	done := map[Flag]TaskKind{FlagDuplicate: TaskTriage, FlagSafeguarding: TaskSafeguarding, FlagSecureMail: TaskSecureMail, FlagUndelivered: TaskUndelivered}
	kind, ok := done[x]
	if !ok || !f.Case.Has(x) {
		return Change{}, invalid("flag", "This flag cannot be settled here.")
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Write what was done: who, when, and any reference.")
	}
	c.Note, c.Lower = why, []Flag{x}
	if x != FlagDuplicate {
		c.Done = []TaskKind{kind}
	}
	return c, nil
}

// Assign gives the case to somebody.
func (f File) Assign(by Actor, at time.Time, to ActorID) (Change, error) {
	c, err := f.begin(by, at, Assign)
	if err != nil {
		return Change{}, err
	}
	c.Owner = &to
	return c, nil
}

// AddNote adds words to the timeline.
func (f File) AddNote(by Actor, at time.Time, words string) (Change, error) {
	c, err := f.begin(by, at, Note)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(words) == "" {
		return Change{}, invalid("note", "Write the note.")
	}
	c.Note = words
	return c, nil
}

// RecordContact records a call, visit, meeting or post by hand.
func (f File) RecordContact(by Actor, at time.Time, x Contact, words string) (Change, error) {
	c, err := f.begin(by, at, RecordContact)
	if err != nil {
		return Change{}, err
	}
	if _, err := f.Party(x.Party); err != nil {
		return Change{}, invalid("party", "Choose whom you tried to reach.")
	}
	if !slices.Contains([]string{"phone", "visit", "meeting", "post", "message"}, x.How) {
		return Change{}, invalid("how", "Choose how.")
	}
	if !slices.Contains([]string{"reached", "voicemail", "no answer"}, x.Reached) {
		return Change{}, invalid("reached", "Choose what came of it.")
	}
	if x.At.IsZero() || at.Before(x.At) {
		x.At = at
	}
	x.By = by.ID
	c.Contacts, c.Note = []Contact{x}, words
	if p, _ := f.Party(x.Party); x.Reached == "reached" && (p.Role == PartySelf || p.Referrer) {
		c.Done = []TaskKind{TaskSpeak}
	}
	if strings.TrimSpace(x.Next) == "" {
		return c, nil
	}
	if x.NextBy.IsZero() || x.NextBy.Before(DateOf(at)) {
		return Change{}, invalid("next_by", "Enter by when the next step is done, today or later.")
	}
	c.Note = strings.TrimSpace(words + "\n\nNext: " + x.Next)
	c.Tasks = []TaskDue{{Kind: TaskNextStep, Due: x.NextBy.At(f.Settings.Closes, 0), Owner: by.ID}}
	return c, nil
}
