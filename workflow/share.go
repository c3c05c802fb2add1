package workflow

import (
	"slices"
	"strings"
	"time"
)

// ShareBasis is on what ground something was told to a professional.
type ShareBasis string

const (
	SharedByConsent ShareBasis = "consent"
	SharedForSafety ShareBasis = "safeguarding"
	SharedForLife   ShareBasis = "vital interests"
	SharedByLaw     ShareBasis = "a court order or the law"
)

// ShareBases lists them in the order of forms.
func ShareBases() []ShareBasis {
	return []ShareBasis{SharedByConsent, SharedForSafety, SharedForLife, SharedByLaw}
}

// Share is what was told to one professional, when and on what basis. It is
// never changed; when it stops, and when they were told so, is added.
type Share struct {
	ID         ShareID
	Party      PartyID
	Sector     Sector
	Fields     []string // what was told, in words
	Basis      ShareBasis
	Why        string
	Letter     LetterID
	By         ActorID
	At         time.Time
	StoppedAt  time.Time
	StoppedWhy string
	ToldAt     time.Time // that they were told to stop
}

// Shareable is what may be told to a professional: the least that helps.
func Shareable() []string {
	return []string{"that the person is on the register", "the rating and what it means", "what support is needed", "the lead professional", "actions asked of them", "the next review", "the communication needs"}
}

// RecordShare records what was told to a professional. By consent only what the
// person, or who decides, agreed to for that sector; without it only a manager,
// who says why: then it is a decision about information, not about the register.
func (f File) RecordShare(by Actor, at time.Time, x Share) (Change, error) {
	c, err := f.begin(by, at, RecordShare)
	if err != nil {
		return Change{}, err
	}
	p, err := f.Party(x.Party)
	if err != nil {
		return Change{}, invalid("party", "Choose who was told.")
	}
	x.Sector = p.Sector
	if err := f.mayShare(by, at, p, x); err != nil {
		return Change{}, err
	}
	x.By, x.At = by.ID, at
	c.Shares, c.Note = []Share{x}, x.Why
	return c, nil
}

func (f File) mayShare(by Actor, at time.Time, p Party, x Share) error {
	switch {
	case !slices.Contains(ShareBases(), x.Basis):
		return invalid("basis", "Choose on what basis it was told.")
	case len(x.Fields) == 0:
		return invalid("fields", "Choose what was told.")
	case slices.ContainsFunc(x.Fields, func(s string) bool { return !slices.Contains(Shareable(), s) }):
		return invalid("fields", "Choose from the list: the least that helps.")
	case p.Blocked:
		return notAllowed("%s must not be told anything: %s.", nameOr(p), p.BlockedWhy)
	case x.Basis != SharedByConsent && !by.Has(Manager):
		return notAllowed("Without consent only the manager decides that something is told.")
	case x.Basis != SharedByConsent && len(strings.Fields(x.Why)) < 3:
		return invalid("why", "Write why it had to be told without consent, and what was weighed.")
	case x.Basis != SharedByConsent:
		return nil
	case f.Case.Has(FlagHold):
		return conflict("The case is on hold: nothing is shared until a practitioner has read why.")
	case !p.Confirmed || p.Sector == NoSector:
		return invalid("party", "Confirm first who %s is and in which sector they work.", nameOr(p))
	case !f.SharesWith(p.Sector, DateOf(at)):
		return conflict("Consent to tell %s is not held.", p.Sector.Words())
	}
	_, err := f.ConsentRoute(DateOf(at))
	return err
}

// ShareStopTold records that somebody we shared with was told to stop.
func (f File) ShareStopTold(by Actor, at time.Time, id ShareID, words string) (Change, error) {
	c, err := f.begin(by, at, RecordShareStop)
	if err != nil {
		return Change{}, err
	}
	i := slices.IndexFunc(f.Shares, func(s Share) bool { return s.ID == id })
	switch {
	case i < 0 || f.Shares[i].StoppedAt.IsZero():
		return Change{}, invalid("share", "Choose whom you told to stop.")
	case !f.Shares[i].ToldAt.IsZero():
		return Change{}, conflict("They were told already.")
	case strings.TrimSpace(words) == "":
		return Change{}, invalid("words", "Write whom you told, how, and what they said.")
	}
	c.SharesTold, c.Note = []ShareID{id}, words
	if !slices.ContainsFunc(f.Shares, func(s Share) bool { return s.ID != id && !s.StoppedAt.IsZero() && s.ToldAt.IsZero() }) {
		c.Done = []TaskKind{TaskTellSharers}
	}
	return c, nil
}

// stopShares ends what is shared by consent: all of it, or with one sector.
// People tell whoever was told.
func (f File) stopShares(c *Change, why string, only Sector) {
	for _, s := range f.Shares {
		if s.StoppedAt.IsZero() && s.Basis == SharedByConsent && (only == NoSector || s.Sector == only) {
			c.SharesStopped = append(c.SharesStopped, s.ID)
		}
	}
	if len(c.SharesStopped) > 0 {
		c.SharesStoppedWhy = why
		c.Tasks = append(c.Tasks, TaskDue{Kind: TaskTellSharers, Due: f.Settings.Calendar().Due(c.At, 1), Owner: f.Case.Owner})
	}
}

// sectorOf is the sector that an answer about sharing is about.
func sectorOf(a About) Sector {
	return map[About]Sector{ShareHealth: Health, ShareEducation: Education, ShareSocial: SocialCare}[a]
}

// sharedBy is the record of a sharing notice once it is approved.
func (f File) sharedBy(l Letter, p Party, c Change) Share {
	return Share{Party: p.ID, Sector: p.Sector, Basis: SharedByConsent, Letter: l.ID, By: c.By.ID, At: c.At, Fields: Shareable()}
}
