package workflow

import (
	"slices"
	"strings"
	"time"
)

// MailEnd is the one end of a message.
type MailEnd string

const (
	MailCase        MailEnd = "case"
	MailFiled       MailEnd = "filed"
	MailHolding     MailEnd = "holding"     // may belong to a case: a person says
	MailProblem     MailEnd = "problem"     // nothing was understood, or the reader failed
	MailQuarantined MailEnd = "quarantined" // malware, bomb
	MailRouted      MailEnd = "routed"      // subject access, complaint …: a person, elsewhere
	MailIgnored     MailEnd = "ignored"     // machine mail that answers nothing of ours, or what a person put aside
	MailBeforeStart MailEnd = "before_start"
)

// MailEnds lists the ends in the order of pages.
func MailEnds() []MailEnd {
	return []MailEnd{MailCase, MailFiled, MailHolding, MailProblem, MailQuarantined, MailRouted, MailIgnored, MailBeforeStart}
}

// IsOpen reports whether a message with this end waits for a person.
func (e MailEnd) IsOpen() bool {
	return e == MailHolding || e == MailProblem || e == MailQuarantined || e == MailRouted
}

// Mail is a message as far as the rules about messages look at it.
type Mail struct {
	ID         MessageID
	ReceivedAt time.Time
	Class      string // of the reading; see IsWithdrawal
	Urgency    Urgency
	End        MailEnd
	Owner      ActorID
	Due        time.Time
	Waits      bool // a routed one that nobody has dealt with
}

// IsWithdrawal reports whether the writer wants to stop: whatever case the mail
// joins is put on hold until a practitioner has read it.
func (m Mail) IsWithdrawal() bool { return m.Class == "withdrawal" }

// MailMove is what a person does with a message.
type MailMove string

const (
	OwnMail      MailMove = "give a mail to somebody"
	JoinMail     MailMove = "join a mail to a case"
	OpenFromMail MailMove = "make a case of a mail"
	RouteMail    MailMove = "route a mail"
	FinishMail   MailMove = "finish a routed mail"
	IgnoreMail   MailMove = "ignore a mail"
	ReleaseMail  MailMove = "release a mail from quarantine"
	RereadMail   MailMove = "read a mail again"
	RestoreMail  MailMove = "take a mail back"
)

// TaskRouted is open as long as a routed mail has not been dealt with.
const TaskRouted TaskKind = "take a mail to the right place"

// mailMoves says from which ends a person may move a message.
func mailMoves() map[MailMove][]MailEnd {
	return map[MailMove][]MailEnd{
		OwnMail: {MailHolding, MailProblem, MailQuarantined, MailRouted},
		// A mail about brothers and sisters belongs to more than one case.
		JoinMail:     {MailHolding, MailProblem, MailRouted, MailFiled, MailCase},
		OpenFromMail: {MailHolding, MailProblem, MailRouted},
		RouteMail:    {MailHolding, MailProblem, MailRouted},
		FinishMail:   {MailRouted},
		IgnoreMail:   {MailHolding, MailProblem, MailQuarantined},
		ReleaseMail:  {MailQuarantined},
		RereadMail:   {MailProblem},
		RestoreMail:  {MailIgnored},
	}
}

// MailChange is what one move means for the message itself; store applies it.
type MailChange struct {
	Move     MailMove
	By       Actor
	At       time.Time
	From, To MailEnd
	Kind     RouteKind // of a routed one; "" leaves what the reading said
	Owner    ActorID
	Due      time.Time // zero: no clock
	Why      string    // shown beside the message; "" leaves it
	Note     string    // words of the person, kept with the event
}

// Can refuses a move to somebody who is not of the team, and from an end where
// it has no meaning.
func (m Mail) Can(by Actor, what MailMove) error {
	if !by.Has(Coordinator, Practitioner, Manager) {
		return notAllowed("Only the team works on mail.")
	}
	if (what == JoinMail || what == OpenFromMail) && !by.Has(Coordinator, Practitioner) {
		return notAllowed("Only a coordinator or a practitioner joins a mail to a case.")
	}
	if !slices.Contains(mailMoves()[what], m.End) {
		return conflict("That is not possible for a mail that %s.", m.End.words())
	}
	if what == FinishMail && !m.Waits {
		return conflict("This mail has been dealt with already.")
	}
	return nil
}

func (e MailEnd) words() string {
	switch e {
	case "":
		return "is still being read"
	case MailCase, MailFiled:
		return "belongs to a case"
	case MailRouted:
		return "was taken elsewhere"
	case MailQuarantined:
		return "is in quarantine: release it first"
	case MailIgnored:
		return "was put aside: take it back first"
	case MailBeforeStart:
		return "came before the service began"
	}
	return "waits for somebody"
}

func (m Mail) begin(by Actor, at time.Time, what MailMove) (MailChange, error) {
	if err := m.Can(by, what); err != nil {
		return MailChange{}, err
	}
	return MailChange{Move: what, By: by, At: at, From: m.End, To: m.End, Owner: m.Owner, Due: m.Due}, nil
}

// Own gives the message to somebody, or to nobody.
func (m Mail) Own(by Actor, at time.Time, to ActorID) (MailChange, error) {
	c, err := m.begin(by, at, OwnMail)
	c.Owner = to
	return c, err
}

// Join ends the message in a case, whose own rule decides what follows there.
func (m Mail) Join(by Actor, at time.Time) (MailChange, error) {
	c, err := m.begin(by, at, JoinMail)
	c.Owner, c.Due = 0, time.Time{}
	if c.To != MailCase {
		c.To = MailFiled
	}
	return c, err
}

// OpenCase ends the message in a case of its own.
func (m Mail) OpenCase(by Actor, at time.Time) (MailChange, error) {
	c, err := m.begin(by, at, OpenFromMail)
	c.To, c.Owner, c.Due = MailCase, 0, time.Time{}
	return c, err
}

// Route takes a message that is no referral to where it belongs, with an owner
// and a clock. The clock runs from the receipt, not from the click.
func (m Mail) Route(by Actor, at time.Time, kind RouteKind, owner ActorID, words string, set Settings) (MailChange, error) {
	c, err := m.begin(by, at, RouteMail)
	switch {
	case err != nil:
		return c, err
	case !slices.Contains(RouteKinds(), kind):
		return c, invalid("route", "Choose where it belongs.")
	case owner == 0:
		return c, invalid("route-owner", "Choose who sees to it.")
	case kind == RouteOther && len(strings.Fields(words)) < 2:
		return c, invalid("route-words", "Write where it goes.")
	}
	c.To, c.Kind, c.Owner, c.Note = MailRouted, kind, owner, words
	c.Due, c.Why = set.RouteDue(kind, m.ReceivedAt), kind.Words()
	return c, nil
}

// Finish says that a routed message was dealt with, and how.
func (m Mail) Finish(by Actor, at time.Time, words string) (MailChange, error) {
	c, err := m.begin(by, at, FinishMail)
	if err == nil && strings.TrimSpace(words) == "" {
		err = invalid("finish-words", "Write what was done: who, when, and any reference.")
	}
	c.Note = words
	return c, err
}

// Ignore puts a message aside for a reason.
func (m Mail) Ignore(by Actor, at time.Time, why string) (MailChange, error) {
	c, err := m.begin(by, at, IgnoreMail)
	if err == nil && len(strings.Fields(why)) < 2 {
		err = invalid("ignore-why", "Write why nobody needs to act on this mail.")
	}
	c.To, c.Owner, c.Due, c.Note, c.Why = MailIgnored, 0, time.Time{}, why, "put aside by hand"
	return c, err
}

// Release lets a message out of quarantine, to be looked at.
func (m Mail) Release(by Actor, at time.Time, why string, set Settings) (MailChange, error) {
	c, err := m.begin(by, at, ReleaseMail)
	if err == nil && len(strings.Fields(why)) < 2 {
		err = invalid("release-why", "Write how you know that it is safe.")
	}
	c.To, c.Note, c.Why = MailHolding, why, "released from quarantine"
	c.Due = set.Calendar().WorkingHours(at, set.UrgentHours, set.Opens, set.Closes)
	return c, err
}

// Reread gives the message to the reader again.
func (m Mail) Reread(by Actor, at time.Time) (MailChange, error) {
	c, err := m.begin(by, at, RereadMail)
	c.To, c.Due = "", time.Time{}
	return c, err
}

// Restore takes back what was put aside.
func (m Mail) Restore(by Actor, at time.Time, set Settings) (MailChange, error) {
	c, err := m.begin(by, at, RestoreMail)
	c.To, c.Why, c.Due = MailHolding, "taken back after it was put aside", set.Calendar().Due(at, set.TriageWD)
	return c, err
}

// RouteKind is where a message belongs that is no referral, in the reader's words.
type RouteKind string

const (
	RouteAccess       RouteKind = "sar"
	RouteFOI          RouteKind = "foi"
	RouteComplaint    RouteKind = "complaint"
	RouteSafeguarding RouteKind = "safeguarding"
	RouteLegal        RouteKind = "legal"
	RouteMedia        RouteKind = "media"
	RoutePanel        RouteKind = "panel_admin"
	RouteIncident     RouteKind = "incident"
	RouteOther        RouteKind = "other"
)

// RouteKinds lists them in the order of forms.
func RouteKinds() []RouteKind {
	return []RouteKind{RouteSafeguarding, RouteAccess, RouteFOI, RouteComplaint, RouteIncident, RouteLegal, RouteMedia, RoutePanel, RouteOther}
}

// Words is the kind as pages write it.
func (k RouteKind) Words() string {
	switch k {
	case RouteAccess:
		return "a request for somebody's own records (subject access)"
	case RouteFOI:
		return "a freedom of information request"
	case RouteComplaint:
		return "a complaint"
	case RouteSafeguarding:
		return "a safeguarding report"
	case RouteLegal:
		return "a letter of solicitors, a court or the police"
	case RouteMedia:
		return "a councillor, a Member of Parliament or the media"
	case RoutePanel:
		return "panel papers, apologies and other office mail"
	case RouteIncident:
		return "a data incident: something went to the wrong person"
	case RouteOther:
		return "something else"
	}
	return string(k)
}

// RouteDue is by when a routed message must be dealt with. One month is the UK
// GDPR's (art. 12(3)), 20 working days the Freedom of Information Act's (s. 10),
// 72 hours the UK GDPR's for incidents (art. 33); the rest is the team's habit.
func (s Settings) RouteDue(k RouteKind, received time.Time) time.Time {
	cal := s.Calendar()
	switch k {
	case RouteAccess:
		return s.oneMonth(received)
	case RouteFOI:
		return cal.Due(received, 20)
	case RouteIncident:
		return received.Add(72 * time.Hour)
	case RouteSafeguarding:
		return cal.WorkingHours(received, 1, s.Opens, s.Closes)
	case RouteComplaint:
		return cal.Due(received, 3)
	case RouteLegal, RouteMedia:
		return cal.Due(received, 1)
	}
	return cal.Due(received, s.TriageWD)
}

// oneMonth is the same day of the next month, or its last day where there is no
// such day, or the next working day after it.
func (s Settings) oneMonth(from time.Time) time.Time {
	d := DateOf(from)
	next := Date{d.Year, d.Month + 1, d.Day}
	if next.Month > time.December {
		next.Year, next.Month = next.Year+1, time.January
	}
	last := time.Date(next.Year, next.Month+1, 0, 12, 0, 0, 0, London).Day()
	next.Day = min(next.Day, last)
	cal := s.Calendar()
	for !cal.IsWorking(next) {
		next = next.Add(1)
	}
	return next.At(s.Closes, 0)
}

// EndsBy says what ends a task of this kind, "" where a person says that it is done.
func (k TaskKind) EndsBy() string {
	switch k {
	case TaskApprove:
		return "It ends when the letter is approved or sent back."
	case TaskDraft:
		return "It ends when the letter is submitted for approval."
	case TaskReadHold:
		return "It ends when a practitioner lifts the hold."
	case TaskRatify:
		return "It ends when a full panel ratifies the inclusion."
	case TaskReview:
		return "It ends when the review is recorded."
	}
	return ""
}

// FinishTask records that what a task asked for was done.
func (f File) FinishTask(by Actor, at time.Time, kind TaskKind, words string) (Change, error) {
	c, err := f.begin(by, at, Note)
	if err != nil {
		return Change{}, err
	}
	if how := kind.EndsBy(); how != "" {
		return Change{}, invalid("words", "%s", how)
	}
	if strings.TrimSpace(words) == "" {
		return Change{}, invalid("words", "Write what was done: who, when, and any reference.")
	}
	c.Note, c.Done = sentenceOf(string(kind))+": "+words, []TaskKind{kind}
	return c, nil
}

// MayFinish refuses the end of a task that belongs to no case to whoever is not
// of the team, and without words.
func MayFinish(by Actor, words string) error {
	if !by.Has(Coordinator, Practitioner, Manager) {
		return notAllowed("Only the team finishes tasks.")
	}
	if strings.TrimSpace(words) == "" {
		return invalid("words", "Write what was done: who, when, and any reference.")
	}
	return nil
}

func sentenceOf(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
