package workflow

import (
	"slices"
	"strings"
	"time"
)

// Reader is one row of who hears what: the people to whom letters of some kinds
// go, and how much they may be told. The rows are tried in order; somebody who
// stands in two hears what the first allows.
type Reader struct {
	Kinds   []LetterKind
	Who     string // in words, as the printed table says it
	Content Content
	Pick    func(f File, today Date) []PartyID // 0: somebody should hear and is not named on the case
}

// Readers is the table of recipients as data. Who hears of a decision follows
// from who decides for the person, who referred, and what was agreed; nobody
// else is ever written to about it.
func Readers() []Reader {
	return []Reader{
		{kinds(L0, L1b, L1c, L3), "whoever referred", Full, File.referrer},
		{kinds(L4, L5, L5b, L6, L7, L8, L10, L12, L13, L15), "the person, or who decides for them", Full, File.deciders},
		{kinds(L4b), "a parent or partner who wrote about somebody of 16 or over", Full, File.familyOfAdult},
		{kinds(L5, L5b, L15), "a professional who referred", OutcomeOnly, File.professionalReferrer},
		{kinds(L6, L7), "a professional who referred, where consent covers their sector", OutcomeOnly, File.coveredReferrer},
		{kinds(L5, L5b, L6, L7, L8, L15), "family who referred, where the person agreed that they are told", OutcomeOnly, File.agreedFamily},
		{kinds(L6, L7), "a neighbour, friend, relative or foster carer who referred, or a parent without parental responsibility", Thanks, File.strangers},
		{kinds(L8, L12), "the lead professional, where consent covers their sector", Full, File.coveredLead},
		{kinds(L8), "professionals involved now, where consent covers their sector", OutcomeOnly, File.covered},
		{kinds(L9), "the person who moves, or who decides for them", Full, File.moving},
		{kinds(L9), "the lead professional of somebody who moves, where consent covers their sector", Full, File.movingLead},
		{kinds(L9), "whoever referred somebody of another area", Full, File.referrerElsewhere},
		{kinds(L10), "whoever referred somebody who was never on the register", OutcomeOnly, File.referrerOfNever},
		{kinds(L11), "professionals involved now, where consent covers their sector", Full, File.covered},
	}
}

// due makes the letters of a kind due to everybody whom the record allows, and
// a task for each whom no letter may reach.
func (f File) due(k LetterKind, at time.Time) ([]LetterDue, []TaskDue) {
	var letters []LetterDue
	blocked, odd := 0, false
	for _, l := range f.hearers(k, DateOf(at)) {
		if l.Party == 0 {
			blocked++
			continue
		}
		p, way, err := f.reach(l)
		if err != nil {
			blocked++
			continue
		}
		l.Way, l.Asks = way, f.asks(k, at)
		odd = odd || len(Unserved(f.NeedsOf(p))) > 0
		letters = append(letters, l)
	}
	tasks := f.draftTask(k, letters, at)
	out := f.Settings.Calendar().Due(at, f.Settings.LettersOutWD)
	switch {
	case blocked > 0:
		tasks = append(tasks, TaskDue{Kind: TaskWriteByHand, Owner: f.Case.Owner, Due: out, Why: "letter " + string(k)})
	case odd:
		tasks = append(tasks, TaskDue{Kind: TaskWriteByHand, Owner: f.Case.Owner, Due: out, Why: "letter " + string(k) + " in another form"})
	}
	return letters, tasks
}

// hearers are those whom the table names for a kind, each once.
func (f File) hearers(k LetterKind, today Date) []LetterDue {
	var out []LetterDue
	seen := map[PartyID]bool{}
	for _, r := range Readers() {
		if !slices.Contains(r.Kinds, k) {
			continue
		}
		for _, id := range r.Pick(f, today) {
			if !seen[id] {
				seen[id] = true
				out = append(out, LetterDue{Kind: k, Party: id, Content: r.Content})
			}
		}
	}
	return out
}

// reach finds the way by which a letter may go: by email, or by post where there
// is no email address.
func (f File) reach(l LetterDue) (Party, Way, error) {
	p, err := f.RecipientOf(Letter{Kind: l.Kind, Party: l.Party, Content: l.Content})
	if err == nil || p.Email != "" {
		return p, ByEmail, err
	}
	p, posted := f.RecipientOf(Letter{Kind: l.Kind, Party: l.Party, Content: l.Content, Way: ByPost})
	if posted != nil {
		return p, ByEmail, err
	}
	return p, ByPost, nil
}

func (f File) draftTask(k LetterKind, letters []LetterDue, at time.Time) []TaskDue {
	if len(letters) == 0 || k.IsAutomatic() {
		return nil
	}
	return []TaskDue{{Kind: TaskDraft, Due: f.Settings.Calendar().Due(at, f.Settings.LettersOutWD), Owner: f.Case.Owner, Why: "letter " + string(k)}}
}

func (f File) asks(k LetterKind, at time.Time) []string {
	if k != L3 {
		return nil
	}
	var out []string
	for _, g := range f.Missing(DateOf(at)) {
		if g.Ask && len(out) < 7 {
			out = append(out, g.Words+" ("+g.Why+")")
		}
	}
	return out
}

// deciders is the person from 16, else who holds parental responsibility and
// consented; where the person lacks capacity, who decides in their best interests
// and the advocate hear beside them.
func (f File) deciders(today Date) []PartyID {
	if f.isChild(today) {
		return f.parents()
	}
	out := []PartyID{0}
	if self, ok := f.Self(); ok {
		out[0] = self.ID
	}
	if !f.lacksCapacity(today) {
		return out
	}
	maker := ""
	if b, ok := f.bestInterests(today); ok {
		maker = b.Maker
	}
	for _, p := range f.Parties {
		if p.Role == PartyAdvocate || p.Role == PartyAttorney || maker != "" && strings.EqualFold(strings.TrimSpace(p.Name), strings.TrimSpace(maker)) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (f File) isChild(today Date) bool {
	age, known := f.Person.Age(today)
	return known && age < 16
}

// parents is the holder of parental responsibility who consented, and any
// other only once a practitioner recorded that it is safe to write to them.
func (f File) parents() []PartyID {
	var out []PartyID
	consented := PartyID(0)
	if c, ok := f.latest(Inclusion); ok {
		consented = c.Party
	}
	for _, p := range f.Parties {
		if p.HasPR == Yes && (p.ID == consented || consented == 0 && p.Referrer || p.SafeToWrite != "") {
			out = append(out, p.ID)
		}
	}
	if len(out) == 0 {
		return []PartyID{0}
	}
	return out
}

// referrers are those who referred and chose that for themselves: somebody who
// only passed another's referral on hears nothing but the acknowledgement.
func (f File) referrers(of func(Party) bool) []PartyID {
	var out []PartyID
	for _, p := range f.Parties {
		if p.Referrer && p.Role != PartyForwarder && of(p) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (f File) referrer(Date) []PartyID {
	if all := f.referrers(func(Party) bool { return true }); len(all) > 0 {
		return all[:1]
	}
	return []PartyID{0}
}

func (f File) professionalReferrer(Date) []PartyID {
	return f.referrers(func(p Party) bool { return p.Role.IsProfessional() })
}

func (f File) coveredReferrer(today Date) []PartyID {
	return f.referrers(func(p Party) bool { return p.Role.IsProfessional() && f.covers(p, today) })
}

func (f File) agreedFamily(today Date) []PartyID {
	return f.referrers(func(p Party) bool { return !f.isChild(today) && isFamily(p) && f.agreed(ShareParent) })
}

func (f File) familyOfAdult(today Date) []PartyID {
	return f.referrers(func(p Party) bool { return !f.isChild(today) && isFamily(p) })
}

// strangers referred somebody for whom they neither decide nor work: they are
// thanked, and never learn whether anybody is on the register.
func (f File) strangers(today Date) []PartyID {
	return f.referrers(func(p Party) bool {
		if p.Role == PartySelf || p.Role.IsProfessional() || p.HasPR == Yes {
			return false
		}
		return f.isChild(today) || !isFamily(p)
	})
}

func (f File) covers(p Party, today Date) bool {
	return p.Sector != NoSector && f.SharesWith(p.Sector, today)
}

func (f File) covered(today Date) []PartyID {
	var out []PartyID
	for _, p := range f.Parties {
		if p.Involved && p.Role.IsProfessional() && f.covers(p, today) {
			out = append(out, p.ID)
		}
	}
	return out
}

func (f File) coveredLead(today Date) []PartyID {
	if p, err := f.Party(f.Case.Lead); err == nil && f.covers(p, today) {
		return []PartyID{p.ID}
	}
	return nil
}

// IsMoving reports whether the person moves, or moved, to another area's register.
func (f File) IsMoving() bool {
	return f.Case.State == Transferring || f.Case.Closed == TransferredOut
}

func (f File) moving(today Date) []PartyID {
	if !f.IsMoving() {
		return nil
	}
	return f.deciders(today)
}

func (f File) movingLead(today Date) []PartyID {
	if !f.IsMoving() {
		return nil
	}
	return f.coveredLead(today)
}

func (f File) referrerElsewhere(today Date) []PartyID {
	if f.IsMoving() {
		return nil
	}
	return f.referrer(today)
}

func (f File) referrerOfNever(Date) []PartyID {
	if !f.Case.OnRegister.IsZero() {
		return nil
	}
	return f.referrers(func(p Party) bool { return p.Role != PartySelf })
}

// isFamily says whether somebody is near enough that the person's own word about
// parents and partners covers them.
func isFamily(p Party) bool {
	switch p.Role {
	case PartyMother, PartyFather, PartyParent, PartyGuardian, PartyCarer, PartyPartner:
		return true
	}
	return false
}

// What somebody's needs say about the ways to reach them.
const (
	NoPost  = "nothing by post"
	NoCalls = "no phone calls"
)

// Needs lists the accessible-information needs that forms offer (the Accessible
// Information Standard, DAPB1605); they choose the form of every letter.
func Needs() []string {
	return []string{"easy read", "large print", "phone call first", NoCalls, NoPost, "braille", "audio", "british sign language", "another language"}
}

// NeedsOf are the needs of one reader: the person's own stand on the person too.
func (f File) NeedsOf(p Party) []string {
	if p.Role == PartySelf {
		return slices.Concat(f.Person.Needs, p.Needs)
	}
	return p.Needs
}

// Unserved are the needs that no form of a letter of ours serves: sign language,
// braille, another language, a recording. A person finds the way.
func Unserved(needs []string) []string {
	var out []string
	for _, n := range needs {
		n = strings.ToLower(strings.TrimSpace(strings.ReplaceAll(n, "_", " ")))
		served := slices.Contains([]string{"", "none", "standard", "email", "plain english", "letter", "phone call first", NoCalls, NoPost}, n)
		for _, form := range []string{"easy read", "easyread", "large print", "large text"} {
			served = served || strings.Contains(n, form)
		}
		if !served {
			out = append(out, n)
		}
	}
	return out
}

func hasNeed(needs []string, need string) bool {
	return slices.ContainsFunc(needs, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), need) })
}
