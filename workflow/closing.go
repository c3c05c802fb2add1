package workflow

import (
	"slices"
	"strings"
	"time"
)

// closed finishes a Change that closes the case: timers end with it.
func (c Change) closed(why ClosedReason, note string) Change {
	c.Closed, c.Note, c.StopAllTimers = why, note, true
	return c
}

func (f File) close(by Actor, at time.Time, a Action, reason ClosedReason, note string, letters ...LetterKind) (Change, error) {
	c, err := f.begin(by, at, a)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(note) == "" {
		return Change{}, invalid("why", "Say why, and what was done.")
	}
	c = c.closed(reason, note)
	c.Item = f.offAgenda("the case was closed")
	for _, k := range letters {
		l, t := f.due(k, at)
		c.Letters, c.Tasks = append(c.Letters, l...), append(c.Tasks, t...)
	}
	return c, nil
}

// RefuseConsent closes a case whose person, or who decides for them, said no.
func (f File) RefuseConsent(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.close(by, at, RefuseConsent, ConsentWithdrawn, note)
	if err != nil {
		return Change{}, err
	}
	if x, ok := f.latest(Inclusion); !ok || x.Answer == SaidYes {
		return Change{}, conflict("Record the answer “no” first.")
	}
	c.Letters, c.Tasks = f.lifted().due(L10, at)
	c.Lower, c.StopLetters = []Flag{FlagHold}, true
	f.stopShares(&c, "the answer was no", NoSector)
	return c, nil
}

// Withdraw closes a case because the person, or who decides for them, took
// consent back. Nobody else has to agree.
func (f File) Withdraw(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.close(by, at, Withdraw, ConsentWithdrawn, note)
	if err != nil {
		return Change{}, err
	}
	if x, ok := f.latest(Inclusion); !ok || x.Answer != TookBack && x.Answer != SaidNo {
		return Change{}, conflict("Record first that consent was withdrawn, by whom and how you know.")
	}
	c.Letters, c.Tasks = f.lifted().due(L10, at)
	c.Lower, c.StopLetters = []Flag{FlagHold}, true
	f.stopShares(&c, "consent was taken back", NoSector)
	return c, nil
}

// lifted is the file without its hold: the letter that confirms a no may leave
// although the no put the case on hold.
func (f File) lifted() File {
	f.Case.Flags = without(f.Case.Flags, FlagHold)
	return f
}

func without(flags []Flag, x Flag) []Flag {
	var out []Flag
	for _, f := range flags {
		if f != x {
			out = append(out, f)
		}
	}
	return out
}

// WithdrawReferral closes a case whose referrer took it back, where nobody
// entitled wants it.
func (f File) WithdrawReferral(by Actor, at time.Time, note string) (Change, error) {
	return f.close(by, at, WithdrawReferral, WithdrawnBefore, note, L10)
}

// CloseOutOfArea closes a case for which another area's register is the right one.
func (f File) CloseOutOfArea(by Actor, at time.Time, note string) (Change, error) {
	return f.close(by, at, CloseOutOfArea, OutOfArea, note, L9)
}

// CloseEnquiry closes a case that refers nobody.
func (f File) CloseEnquiry(by Actor, at time.Time, note string) (Change, error) {
	return f.close(by, at, CloseEnquiry, EnquiryOnly, note, L0)
}

// CloseNoContact closes a case in which nobody could be reached.
func (f File) CloseNoContact(by Actor, at time.Time, note string) (Change, error) {
	return f.close(by, at, CloseNoContact, NoContact, note, L15)
}

// CloseError closes a case that was made in error.
func (f File) CloseError(by Actor, at time.Time, note string) (Change, error) {
	c, err := f.close(by, at, CloseError, MadeInError, note)
	c.StopLetters = true
	return c, err
}

// BeginTransfer starts the move to another area's register; until that area
// accepts in writing the person stays on ours.
func (f File) BeginTransfer(by Actor, at time.Time, to string) (Change, error) {
	c, err := f.begin(by, at, BeginTransfer)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(to) == "" {
		return Change{}, invalid("to", "Name the other area, and that the person agrees to pass this on.")
	}
	c.Note = to
	return c, nil
}

// CompleteTransfer closes a case that the other area accepted in writing.
func (f File) CompleteTransfer(by Actor, at time.Time, note string) (Change, error) {
	return f.close(by, at, CompleteTransfer, TransferredOut, note, L9)
}

// RecordDeath closes the case and stops every letter and timer at once.
func (f File) RecordDeath(by Actor, at time.Time, on Date, source string) (Change, error) {
	c, err := f.close(by, at, RecordDeath, Died, source)
	if err != nil {
		return Change{}, err
	}
	if on.IsZero() || DateOf(at).Before(on) {
		return Change{}, invalid("on", "Enter the day of death, today or before.")
	}
	p := f.Person
	p.Deceased, p.DiedOn = true, on
	c.Person, c.StopLetters = &p, true
	for _, t := range f.Tasks {
		if t.Kind != TaskSafeguarding { // others may still be at risk
			c.Done = append(c.Done, t.Kind)
		}
	}
	c.Tasks = []TaskDue{{Kind: TaskDeath, Due: f.Settings.Calendar().Due(at, 1)}}
	return c, nil
}

// Reopen undoes a closure made by mistake.
func (f File) Reopen(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, Reopen)
	if err != nil {
		return Change{}, err
	}
	switch {
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("why", "Say what the mistake was.")
	case DateOf(f.Case.Since).Add(f.Settings.ReopenDays).Before(DateOf(at)):
		return Change{}, conflict("A case can be reopened for %d days: make a new referral instead.", f.Settings.ReopenDays)
	case f.Case.Before == None || f.Case.Before == Closed:
		return Change{}, conflict("The state before is not known: make a new referral instead.")
	}
	c.To, c.Note = f.reopensTo(at), why
	if f.Person.Deceased {
		p := f.Person
		p.Deceased, p.DiedOn = false, Date{}
		c.Person = &p
	}
	return c, nil
}

// reopensTo is the state before the closure. A place on an agenda is not given
// back, and what needs consent waits for it.
func (f File) reopensTo(at time.Time) State {
	to := f.Case.Before
	if to == PanelScheduled || to == InPanel {
		to = ReadyForPanel
	}
	if _, err := f.ConsentRoute(DateOf(at)); err != nil && slices.Contains(beforePanel(), to) {
		return AwaitingConsent
	}
	return to
}

// LookAgain takes a case that was not accepted back into triage: new
// information, or something was wrong. The old decision is kept.
func (f File) LookAgain(by Actor, at time.Time, why, late string) (Change, error) {
	c, err := f.begin(by, at, LookAgain)
	if err != nil {
		return Change{}, err
	}
	switch {
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("why", "Say what is new, or what was wrong.")
	case DateOf(f.Case.Since).Add(f.Settings.LookAgainDays).Before(DateOf(at)) && strings.TrimSpace(late) == "":
		return Change{}, invalid("late", "They asked after %d days. Say which help or format they needed; without that, make a new referral.", f.Settings.LookAgainDays)
	}
	if c.Note = why; strings.TrimSpace(late) != "" {
		c.Note += " Asked late because: " + late
	}
	c.Letters, c.Tasks = f.due(L1c, at)
	return c, nil
}

// ConsentLapsed takes a case back to consent when it ran out, or at the
// sixteenth birthday. The service asks; the record decides.
func (f File) ConsentLapsed(by Actor, at time.Time) (Change, error) {
	c, err := f.begin(by, at, ConsentLapsed)
	if err != nil {
		return Change{}, err
	}
	if _, err := f.ConsentRoute(DateOf(at)); err == nil && !f.Case.Has(FlagHold) {
		return Change{}, conflict("Consent is held.")
	}
	c.Item = f.offAgenda("consent lapsed")
	c.Tasks = []TaskDue{{Kind: TaskChaseConsent, Due: f.Settings.Calendar().Due(at, f.Settings.TriageWD), Owner: f.Case.Owner}}
	return c, nil
}
