package workflow

import (
	"slices"
	"strings"
	"time"
)

// Merge is a proposal that two open cases are about the same person, or what
// became of it. The case that it is proposed on closes; its referral, parties and
// mails join the other. Both referrals are kept, and it can be undone.
type Merge struct {
	ID      MergeID
	Into    CaseID
	IntoRef string
	By      ActorID // who proposed it
	At      time.Time
	Done    bool
	Undone  bool
}

// ProposeMerge says that the case is about the same person as another open one.
// Somebody else looks too before anything is joined.
func (f File) ProposeMerge(by Actor, at time.Time, into File, why string) (Change, error) {
	c, err := f.begin(by, at, ProposeMerge)
	if err != nil {
		return Change{}, err
	}
	switch {
	case into.Case.ID == f.Case.ID || into.Case.ID == 0:
		return Change{}, invalid("of", "Name the other case.")
	case !into.Case.State.IsOpen():
		return Change{}, conflict("Case %s is closed: link this one to it as a new referral instead.", into.Case.Ref)
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("why", "Say how you know that it is the same person, and not a twin, a brother or a sister.")
	}
	c.Merge = &Merge{Into: into.Case.ID, IntoRef: into.Case.Ref, By: by.ID, At: at}
	c.Raise, c.Note = []Flag{FlagDuplicate}, why
	c.Tasks = []TaskDue{{Kind: TaskConfirmMerge, Due: f.Settings.Calendar().Due(at, 1)}}
	return c, nil
}

// ConfirmMerge joins two cases, by somebody other than who proposed it. It gives
// what it means for the case that closes and for the one that goes on.
func (f File) ConfirmMerge(by Actor, at time.Time, into File, note string) (from, onto Change, err error) {
	if from, err = f.close(by, at, CloseDuplicate, DuplicateMerged, note, L1b); err != nil {
		return Change{}, Change{}, err
	}
	if err = f.mayMerge(by, into); err != nil {
		return Change{}, Change{}, err
	}
	if onto, err = into.begin(by, at, TakeMerged); err != nil {
		return Change{}, Change{}, err
	}
	from.Merge, from.Lower = &Merge{ID: f.Merge.ID, Into: into.Case.ID, Done: true}, []Flag{FlagDuplicate}
	from.Done = []TaskKind{TaskConfirmMerge}
	onto.Note = "Joined with " + f.Case.Ref + ". " + note
	onto.Lower = []Flag{FlagDuplicate}
	onto.Parties = into.newParties(f.Parties)
	if f.Case.Urgency.Rank() > into.Case.Urgency.Rank() { // never lowered by a join
		onto.Urgency = f.Case.Urgency
	}
	for _, x := range []Flag{FlagCrisis, FlagUrgent, FlagSafeguarding, FlagHold, FlagDoNotContact} {
		switch {
		case !f.Case.Has(x) || into.Case.Has(x):
		case x == FlagHold:
			into.hold(&onto, 1)
		default:
			onto.Raise = append(onto.Raise, x)
		}
	}
	return from, onto, nil
}

func (f File) mayMerge(by Actor, into File) error {
	switch {
	case f.Merge == nil || f.Merge.Done || f.Merge.Into != into.Case.ID:
		return conflict("Nobody has proposed that these two are the same person.")
	case f.Merge.By == by.ID:
		return notAllowed("You proposed this: somebody else must look too.")
	case f.Person.Confirmed && into.Person.Confirmed && f.Person.NHSNumber != "" && into.Person.NHSNumber != "" && f.Person.NHSNumber != into.Person.NHSNumber:
		return conflict("The two cases have different confirmed NHS numbers: correct one first, or keep both.")
	case f.Person.Confirmed && into.Person.Confirmed && !f.Person.DateOfBirth.IsZero() && !into.Person.DateOfBirth.IsZero() && f.Person.DateOfBirth != into.Person.DateOfBirth:
		return conflict("The two cases have different confirmed dates of birth: correct one first, or keep both.")
	}
	return nil
}

// newParties are those of another case who are not named on this one. Who was
// blocked there stays blocked; who refers stays a referrer.
func (f File) newParties(others []Party) []Party {
	var out []Party
	for _, p := range others {
		i := slices.IndexFunc(f.Parties, func(q Party) bool { return p.sameAs(q) })
		switch {
		case i < 0:
			p.ID = 0
			out = append(out, p)
		case p.Blocked && !f.Parties[i].Blocked || p.Referrer && !f.Parties[i].Referrer:
			q := f.Parties[i]
			q.Referrer = q.Referrer || p.Referrer
			if p.Blocked {
				q.Blocked, q.BlockedWhy = true, p.BlockedWhy
			}
			out = append(out, q)
		}
	}
	return out
}

func (p Party) sameAs(q Party) bool {
	if p.Email != "" && q.Email != "" {
		return strings.EqualFold(p.Email, q.Email) && p.Role == q.Role
	}
	return p.Name != "" && strings.EqualFold(p.Name, q.Name) && p.Role == q.Role
}

// UndoMerge takes two joined cases apart: each gets its own referral and mails
// back. Parties stay on both, since something may have been said by them since.
func (f File) UndoMerge(by Actor, at time.Time, into File, why string) (from, onto Change, err error) {
	if from, err = f.begin(by, at, UndoMerge); err != nil {
		return Change{}, Change{}, err
	}
	if onto, err = into.begin(by, at, GiveBack); err != nil {
		return Change{}, Change{}, err
	}
	switch {
	case f.Merge == nil || !f.Merge.Done || f.Merge.Undone || f.Merge.Into != into.Case.ID:
		return Change{}, Change{}, conflict("These two cases are not joined.")
	case strings.TrimSpace(why) == "":
		return Change{}, Change{}, invalid("why", "Say how you know that they are two people.")
	}
	from.To, from.Note = Triage, why
	from.Merge = &Merge{ID: f.Merge.ID, Into: into.Case.ID, Done: true, Undone: true}
	onto.Note = "Taken apart from " + f.Case.Ref + ". " + why
	return from, onto, nil
}

// FollowEpisode says that the person of a new case was with us before: the case
// is a new episode of theirs. Identity, needs and blocks come along; nothing that
// was decided does.
func (f File) FollowEpisode(by Actor, at time.Time, old File, why string) (Change, error) {
	c, err := f.begin(by, at, FollowEpisode)
	if err != nil {
		return Change{}, err
	}
	switch {
	case old.Case.ID == 0 || old.Case.ID == f.Case.ID:
		return Change{}, invalid("of", "Name the earlier case.")
	case old.Case.State.IsOpen():
		return Change{}, conflict("Case %s is open: propose that the two are joined instead.", old.Case.Ref)
	case !old.Person.Confirmed:
		return Change{}, conflict("Nobody confirmed who the person of %s is.", old.Case.Ref)
	case old.Person.Deceased:
		return Change{}, conflict("The person of %s has died.", old.Case.Ref)
	case f.Person.Confirmed && f.Person.ID != old.Person.ID && (f.Person.DateOfBirth != old.Person.DateOfBirth || f.Person.NHSNumber != "" && old.Person.NHSNumber != "" && f.Person.NHSNumber != old.Person.NHSNumber):
		return Change{}, conflict("The confirmed dates of birth or NHS numbers differ.")
	case strings.TrimSpace(why) == "":
		return Change{}, invalid("why", "Say how you know that it is the same person.")
	}
	p := old.Person
	c.Follows, c.Person, c.Note = old.Case.ID, &p, why
	c.Lower = []Flag{FlagDuplicate}
	for _, q := range old.Parties {
		if q.Blocked {
			c.Parties = append(c.Parties, f.newParties([]Party{q})...)
		}
	}
	if old.Facts[FieldConfidential].Value == "yes" {
		c.Fields = []FieldChange{{Field: FieldConfidential, Value: "yes", Why: "as in " + old.Case.Ref}}
	}
	return c, nil
}

// StopTransfer ends a transfer that did not happen: the person stays with us.
func (f File) StopTransfer(by Actor, at time.Time, why string) (Change, error) {
	c, err := f.begin(by, at, StopTransfer)
	if err != nil {
		return Change{}, err
	}
	if strings.TrimSpace(why) == "" {
		return Change{}, invalid("why", "Say why the person stays with us.")
	}
	c.Note = why
	return c, nil
}
