// Package workflow is the register's rules: who may do what to a case, when,
// and what follows from it. It is pure: it reads no clock, no database and no
// network. A rule looks at a File (everything known of one case) and answers
// with a Change (everything one action means) or a refusal; nothing has
// happened until package store has applied the Change in one transaction.
//
// It promises that no Change accepts, declines, closes, rates, lowers urgency
// or settles consent unless a named person asked for it, and that every letter
// a Change makes due has a recipient whom the record allows. It does not know
// the words of letters, pages or mail.
package workflow

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Ids have types, so that two of them cannot be swapped.
type (
	CaseID         int64
	PersonID       int64
	PartyID        int64
	MessageID      int64
	DocumentID     int64
	FactID         int64
	LetterID       int64
	PanelID        int64
	ItemID         int64
	SignpostID     int64
	TaskID         int64
	TimerID        int64
	EventID        int64
	DecisionID     int64
	RemovalID      int64
	MergeID        int64
	ShareID        int64
	PlanID         int64
	OrganisationID int64
	ActorID        int64 // a user; 0 is the service itself
)

// Version counts what people decide or type on a case; filed mail, timers,
// deliveries and views do not raise it.
type Version int64

// The four kinds of error that a caller may branch on; anything else is ours.
var (
	ErrInvalid    = errors.New("not valid")
	ErrNotFound   = errors.New("not found")
	ErrConflict   = errors.New("changed meanwhile")
	ErrNotAllowed = errors.New("not allowed")
)

// Refusal is an error in words that a page can show, with its kind and, where
// it belongs to one, the form field it is about.
type Refusal struct {
	Kind  error  // one of the four
	Field string // name of the input, "" for the whole
	Words string // a sentence for the person who tried
}

func (r *Refusal) Error() string { return r.Words }
func (r *Refusal) Unwrap() error { return r.Kind }

func invalid(field, format string, a ...any) error {
	return &Refusal{ErrInvalid, field, fmt.Sprintf(format, a...)}
}

func notAllowed(format string, a ...any) error {
	return &Refusal{ErrNotAllowed, "", fmt.Sprintf(format, a...)}
}

func conflict(format string, a ...any) error {
	return &Refusal{ErrConflict, "", fmt.Sprintf(format, a...)}
}

// Role is what an account, or the service, may be.
type Role string

const (
	System       Role = "system"       // the service itself
	Coordinator  Role = "coordinator"  // runs the queue, drafts letters, builds agendas
	Practitioner Role = "practitioner" // qualified in health or social care: consent, ratings, closures
	Chair        Role = "chair"        // chairs panels and records their decisions
	PanelMember  Role = "member"       // sits on panels
	Expert       Role = "expert"       // expert by experience on panels
	Manager      Role = "manager"      // leads the team, overrides with a reason
	Governance   Role = "governance"   // information governance: audit, retention, access requests
	Admin        Role = "admin"        // settings and accounts, no case content
)

// Roles lists every role that an account may hold, in the order of forms.
func Roles() []Role {
	return []Role{Coordinator, Practitioner, Chair, PanelMember, Expert, Manager, Governance, Admin}
}

// Words is the role as pages write it.
func (r Role) Words() string {
	switch r {
	case PanelMember:
		return "panel member"
	case Expert:
		return "expert by experience"
	case Governance:
		return "information governance"
	case Admin:
		return "administrator"
	}
	return string(r)
}

// Actor is who acts: a person with an account, or the service under its own name.
type Actor struct {
	ID    ActorID
	Name  string
	Roles []Role
}

// Service is the machine as an actor.
func Service() Actor { return Actor{ID: 0, Name: "the service", Roles: []Role{System}} }

// Has reports whether the actor holds any of the roles.
func (a Actor) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(a.Roles, r) })
}

// IsPerson reports whether the actor is somebody, not the service.
func (a Actor) IsPerson() bool { return a.ID != 0 }

// Date is a calendar day, without a time or a zone.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// London is the zone of pages, letters, working days and birthdays.
var London = mustLondon()

func mustLondon() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic("the time zone database lacks Europe/London: " + err.Error())
	}
	return l
}

// DateOf is the day of t in London.
func DateOf(t time.Time) Date {
	y, m, d := t.In(London).Date()
	return Date{y, m, d}
}

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Date{}, invalid("", "%q is not a date like 2026-11-23", s)
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// IsZero reports whether the date is unknown.
func (d Date) IsZero() bool { return d == Date{} }

// String is YYYY-MM-DD, "" for the zero date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// At is the time of day on d in London.
func (d Date) At(hour, minute int) time.Time {
	return time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, London)
}

// Add moves by days.
func (d Date) Add(days int) Date { return DateOf(d.At(12, 0).AddDate(0, 0, days)) }

// Before reports whether d is an earlier day than e.
func (d Date) Before(e Date) bool { return d.String() < e.String() }

// AgeOn is the age in whole years on a day. Somebody born on 29 February has a
// birthday on 1 March in a common year.
func (d Date) AgeOn(day Date) int {
	age := day.Year - d.Year
	if day.Month < d.Month || (day.Month == d.Month && day.Day < d.Day) {
		age--
	}
	return age
}

// Birthday is the day on which somebody born on d turns n.
func (d Date) Birthday(n int) Date {
	return DateOf(time.Date(d.Year+n, d.Month, d.Day, 12, 0, 0, 0, London))
}
