package letters

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// FactsOf takes from the record what one letter to one recipient may know. It
// takes only what people confirmed or decided; what the record does not hold
// stays empty and is named by Compose.
func FactsOf(file workflow.File, l workflow.Letter, at time.Time) (Facts, error) {
	party, err := file.Party(l.Party)
	if err != nil {
		return Facts{}, fmt.Errorf("facts for letter %d: %w", l.ID, err)
	}
	r := record{file, l, party, workflow.DateOf(at), file.Settings.Calendar()}
	f := Facts{
		Date: r.today, Reference: file.Case.Ref,
		Team:       teamOf(file.Settings),
		Reader:     r.reader(),
		Person:     Person{KnownAs: file.Person.Greeting(), First: firstName(file.Person.Name), Council: file.Council()},
		ReceivedAt: file.Case.ReceivedAt,
		ReadBy:     r.days.Add(r.today, file.Settings.TriageWD),
		ReplyBy:    r.replyBy(),
		Shares:     r.shares(),
	}
	f.Person.Age, _ = file.Person.Age(r.today)
	for _, a := range l.Asks {
		f.Asks = append(f.Asks, r.askOf(a))
	}
	f.Panel = r.panel()
	f.Decision = r.decision()
	f.Register = r.register()
	f.Removal = r.removal()
	f.Sharing = Sharing{Sector: party.Sector.Words(), Consent: f.Register.Consent}
	f.Review = r.review()
	f.Birthday, f.BirthdayOn = r.birthday()
	f.Tried = r.tried()
	f.Corrects = r.corrects()
	f.Transfer.OutOfArea = !file.IsMoving()
	f.ByPost = l.Way == workflow.ByPost
	f.Forms = r.forms()
	if l.Kind == workflow.L16 {
		f.Message = strings.Join(l.Asks, "\n\n")
	}
	f.Secrets = r.secrets()
	if err := f.Typed(l.Kind, l.Typed); err != nil {
		return Facts{}, fmt.Errorf("facts for letter %d: %w", l.ID, err)
	}
	return f, nil
}

// forms says whether the blank forms go along: by email, once they are approved.
func (r record) forms() bool {
	set := r.file.Settings
	v, _ := VariantFor(r.file.NeedsOf(r.party), IsPerson)
	return r.letter.Way != workflow.ByPost && set.FormsChecked != "" && (v != EasyRead || set.FormsReadBy != "")
}

// corrects is the day of the letter that this one corrects, in words.
func (r record) corrects() string {
	old, err := r.file.Letter(r.letter.Replaces)
	if err != nil || old.SentAt.IsZero() {
		return ""
	}
	return old.SentAt.In(workflow.London).Format("Monday 2 January 2006")
}

// ReplyFacts are those of the fixed replies, which tell nothing: L1, L2, L14.
func ReplyFacts(set workflow.Settings, reference string, receivedAt, now time.Time) Facts {
	days := set.Calendar()
	return Facts{
		Date: workflow.DateOf(now), Reference: reference, Team: teamOf(set),
		Reader:     Reader{Who: IsOther, Content: workflow.Full},
		ReceivedAt: receivedAt, OpenNow: set.OpenAt(now), NextOpen: set.NextOpening(now),
		ReadBy: workflow.DateOf(days.Due(receivedAt, set.TriageWD)),
	}
}

func teamOf(s workflow.Settings) Team {
	return Team{
		Name: s.Team, Phone: s.Phone, Hours: s.PhoneHours, Email: s.Email, Postal: s.Postal, Privacy: s.Privacy,
		Opens: s.Opens, Closes: s.Closes,
	}
}

func firstName(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first
}

// record is one file seen from one recipient.
type record struct {
	file   workflow.File
	letter workflow.Letter
	party  workflow.Party
	today  workflow.Date
	days   workflow.Calendar
}

func (r record) reader() Reader {
	who := IsOther
	switch role := r.party.Role; {
	case role == workflow.PartySelf:
		who = IsPerson
	case role.IsProfessional():
		who = IsProfessional
	case role.IsParental():
		who = IsParent
	case slices.Contains([]workflow.PartyRole{workflow.PartyCarer, workflow.PartyFoster, workflow.PartyPartner, workflow.PartyRelative}, role):
		who = IsFamily
	}
	content := ContentAt(r.file.Settings, r.letter, r.party)
	greeting := r.party.Greeting()
	if who == IsPerson {
		greeting = r.file.Person.Greeting()
	}
	return Reader{Greeting: greeting, Who: who, Content: content}
}

func (r record) replyBy() workflow.Date {
	s := r.file.Settings
	switch {
	case r.letter.Kind == workflow.L4 && len(s.ConsentWD) > 0:
		return r.days.Add(r.today, s.ConsentWD[0])
	case r.letter.Kind == workflow.L1c:
		return r.days.Add(r.today, 10)
	case len(s.InfoWD) > 0:
		return r.days.Add(r.today, s.InfoWD[0])
	}
	return workflow.Date{}
}

// askOf takes "what (why)" apart, and says "you" or the name for "the person".
func (r record) askOf(s string) Ask {
	what, why, ok := strings.Cut(strings.TrimSuffix(s, ")"), " (")
	if !ok {
		what, why = s, ""
	}
	if name := r.file.Person.Greeting(); r.party.Role == workflow.PartySelf {
		what = toYou.Replace(what)
	} else if name != "" {
		what = strings.NewReplacer("the person's", name+"’s", "the person’s", name+"’s", "the person", name).Replace(what)
	}
	return Ask{What: what, Why: why}
}

// toYou turns what is missing of a person into a question to that person.
var toYou = strings.NewReplacer(
	"the person's", "your", "the person’s", "your", "the person lives", "you live", "their GP", "your GP", "the GP surgery", "your GP surgery",
	"the person has", "you have", "or is autistic", "or are autistic", "the person likes", "you like",
	"the NHS number", "your NHS number", "the person", "you",
)

// shares are the sectors that nobody has said no to.
func (r record) shares() []string {
	var out []string
	for _, s := range []workflow.Sector{workflow.Health, workflow.Education, workflow.SocialCare} {
		if !r.file.Refused(s) {
			out = append(out, s.Words())
		}
	}
	return out
}

func (r record) sharedWith() []string {
	var out []string
	for _, s := range []workflow.Sector{workflow.Health, workflow.Education, workflow.SocialCare} {
		if r.file.SharesWith(s, r.today) {
			out = append(out, s.Words())
		}
	}
	return out
}

// panel names seats, never people.
func (r record) panel() Panel {
	p := r.file.Panel
	if p == nil {
		return Panel{}
	}
	on := workflow.DateOf(p.At)
	out := Panel{
		At: p.At, ViewsBy: r.days.Add(on, -2), Decides: r.days.Add(on, r.file.Settings.LettersOutWD),
		Papers: []string{"the referral", "what you and others told us"},
	}
	for _, m := range p.Members {
		words := "somebody from " + m.Sector.Words()
		switch {
		case m.Role == workflow.Expert:
			words, out.Expert = "an expert by experience", true
		case m.Role == workflow.Chair:
			words = "the chair"
		case m.Sector == workflow.NoSector:
			words = "another member"
		}
		if !slices.Contains(out.Roles, words) {
			out.Roles = append(out.Roles, words)
		}
	}
	return out
}

func (r record) decision() Decision {
	d := r.file.Decision
	if d == nil {
		return Decision{}
	}
	out := Decision{On: workflow.DateOf(d.At), Text: d.Text, LookAgainBy: r.today.Add(r.file.Settings.LookAgainDays)}
	for _, code := range d.Reasons {
		out.Reasons = append(out.Reasons, workflow.ReasonWords(code))
	}
	for _, x := range d.Recommendations {
		if strings.TrimSpace(x.Text) != "" {
			out.Recommendations = append(out.Recommendations, Recommendation{x.Text, x.Who, inStyle(x.By)})
		}
	}
	for _, id := range d.Signposts {
		if i := slices.IndexFunc(r.file.Signposts, func(s workflow.Signpost) bool { return s.ID == id }); i >= 0 {
			out.Signposts = append(out.Signposts, signpostOf(r.file.Signposts[i]))
		}
	}
	return out
}

// inStyle writes a date that a form gave as letters write dates; other words
// stay as they are.
func inStyle(s string) string {
	d, err := workflow.ParseDate(strings.TrimSpace(s))
	if err != nil {
		return s
	}
	return d.At(12, 0).Format("Monday 2 January 2006")
}

func signpostOf(s workflow.Signpost) Signpost {
	out := Signpost{
		Name: s.Name, For: s.For, How: s.How, Phone: s.Phone, Hours: s.Hours, Email: s.Email, Web: s.Web,
		ReviewBy: s.ReviewBy, AgeFrom: s.AgeFrom, AgeTo: s.AgeTo, Areas: s.Areas, EasyRead: s.EasyRead,
	}
	if s.VerifiedBy != "" && !s.Retired {
		out.CheckedOn = s.VerifiedOn
	}
	return out
}
