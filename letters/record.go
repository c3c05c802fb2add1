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
		Person:     Person{KnownAs: file.Person.Greeting()},
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
	f.Secrets = r.secrets()
	return f, nil
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
	content := ContentAt(r.letter.Kind, r.letter.Content, r.party.Email, r.file.Settings.SecureDomains, r.party.OrdinaryOK)
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
		if r.file.SharesWith(s) {
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
		ReviewBy: s.ReviewBy, AgeFrom: s.AgeFrom, AgeTo: s.AgeTo, EasyRead: s.EasyRead,
	}
	if s.VerifiedBy != "" && !s.Retired {
		out.CheckedOn = s.VerifiedOn
	}
	return out
}

func (r record) register() Register {
	c := r.file.Case
	rating := r.file.Rating()
	out := Register{
		Since: c.OnRegister, NextReview: c.NextReview, Rating: string(rating), Means: r.means(rating),
		SharedWith: r.sharedWith(), LeadNamed: c.LeadNamed, ReviewName: "care, education and treatment review",
	}
	if out.Since.IsZero() {
		out.Since = r.today // from the day of the letter, which is that of its approval
	}
	if out.NextReview.IsZero() && rating != workflow.Unrated {
		out.NextReview = r.today.Add(r.file.Settings.ReviewDays[rating])
	}
	if age, known := r.file.Person.Age(r.today); known && age >= 18 {
		out.ReviewName = "care and treatment review"
	}
	if rating == workflow.Red || rating == workflow.Amber {
		out.CETR = "We will talk with " + r.whom() + " about having one."
	}
	if route, err := r.file.ConsentRoute(r.today); err == nil {
		out.Consent = r.consentDate(route)
	}
	if d := r.file.Decision; d != nil {
		out.Support = linesOf(d.Support)
		if out.LeadNamed == "" {
			out.LeadNamed = d.LeadNamedBy
		}
	}
	out.Lead = r.lead(rating)
	return out
}

func (r record) whom() string {
	if r.party.Role == workflow.PartySelf {
		return "you"
	}
	return r.file.Person.Greeting()
}

func (r record) consentDate(route workflow.Route) workflow.Date {
	for _, c := range slices.Backward(r.file.Consents) {
		if c.About == workflow.Inclusion && c.Answer == workflow.SaidYes && c.DecidedBy == route.DecidedBy {
			return c.From
		}
	}
	return workflow.Date{}
}

func (r record) leadID() workflow.PartyID {
	if r.file.Case.Lead == 0 && r.file.Decision != nil {
		return r.file.Decision.Lead
	}
	return r.file.Case.Lead
}

func (r record) lead(rating workflow.Rating) Lead {
	id := r.leadID()
	p, err := r.file.Party(id)
	if err != nil || id == 0 {
		return Lead{}
	}
	out := Lead{Name: p.Name, Role: string(p.Role), Contact: p.Phone}
	if out.Contact == "" {
		out.Contact = p.Email
	}
	if p.ID == r.party.ID {
		out.Contact = "" // nobody is told their own number
	}
	if d := r.file.Decision; d != nil && d.Outcome == workflow.OutcomeAccepted {
		wd := r.file.Settings.FirstSupportWD
		if rating == workflow.Red {
			wd = r.file.Settings.FirstSupportRedWD
		}
		out.CallsBy = r.days.Add(workflow.DateOf(d.At), wd)
	}
	return out
}

// means finishes "This means that …".
func (r record) means(rating workflow.Rating) string {
	switch rating {
	case workflow.Red:
		return "there is a high risk of going into hospital very soon, and we act now"
	case workflow.Amber:
		return "there may be a risk of going into hospital unless the right support comes soon"
	case workflow.Green:
		return "there are some risks, and the support at home manages them well"
	case workflow.Blue:
		if r.party.Role == workflow.PartySelf {
			return "you are in hospital now, and we plan for you to come home"
		}
		return r.file.Person.Greeting() + " is in hospital now, and we plan for coming home"
	}
	return ""
}

func linesOf(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.Trim(l, " \t\r\n-•"); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (r record) removal() Removal {
	out := Removal{On: r.today, Never: r.file.Case.OnRegister.IsZero(), Told: r.sharedWith()}
	x := r.file.Removal
	if x == nil {
		out.NotEligible = r.letter.Kind == workflow.L8
		return out
	}
	latest := map[workflow.PartyID]workflow.Agreement{}
	for _, a := range x.Answers {
		latest[a.Party] = a
	}
	for _, p := range r.file.Parties {
		if a, ok := latest[p.ID]; ok && a.Answer == workflow.Agrees {
			out.Agreed = append(out.Agreed, r.roleWords(p))
		}
	}
	out.GoesOn = linesOf(x.Plan)
	return out
}

// roleWords names a party by role from where the reader stands: you, your
// social worker, Tom's social worker.
func (r record) roleWords(p workflow.Party) string {
	switch {
	case p.ID == r.party.ID:
		return "you"
	case p.Role == workflow.PartySelf:
		return r.file.Person.Greeting()
	case r.party.Role == workflow.PartySelf:
		return "your " + string(p.Role)
	}
	return r.file.Person.Greeting() + "’s " + string(p.Role)
}

func (r record) review() Review {
	n := len(r.file.Ratings)
	if n == 0 {
		return Review{}
	}
	last := r.file.Ratings[n-1]
	out := Review{On: workflow.DateOf(last.At), Said: last.Reason}
	if n > 1 && r.file.Ratings[n-2].Rating != last.Rating {
		out.Changed, out.Was = true, string(r.file.Ratings[n-2].Rating)
	}
	return out
}

// birthday is the one of 16 or 18 that is near: within a hundred days before
// or a month after.
func (r record) birthday() (int, workflow.Date) {
	dob := r.file.Person.DateOfBirth
	if dob.IsZero() {
		return 0, workflow.Date{}
	}
	for _, n := range []int{16, 18} {
		b := dob.Birthday(n)
		if b.Before(r.today.Add(100)) && r.today.Before(b.Add(31)) {
			return n, b
		}
	}
	return 0, workflow.Date{}
}

// tried tells when the reader was written to and called.
func (r record) tried() []string {
	var out []string
	for _, l := range r.file.Letters {
		if l.Party == r.party.ID && l.State == workflow.LetterAccepted && (l.Kind == workflow.L3 || l.Kind == workflow.L4) {
			out = append(out, "an email on "+l.DueAt.In(workflow.London).Format("Monday 2 January 2006"))
		}
	}
	for _, c := range r.file.Contacts {
		if c.Party == r.party.ID && c.Reached != "reached" {
			out = append(out, contactWords(c.How)+" on "+c.At.In(workflow.London).Format("Monday 2 January 2006"))
		}
	}
	return out
}

func contactWords(how string) string {
	switch how {
	case "phone":
		return "a phone call"
	case "post":
		return "a letter by post"
	case "message":
		return "a message"
	}
	return "a " + how
}

// secrets are the private data of others around the person, the names of those
// who sit on the panel, and the person's own number.
func (r record) secrets() []Secret {
	var out []Secret
	add := func(what, text string) {
		if strings.TrimSpace(text) != "" {
			out = append(out, Secret{what, text})
		}
	}
	for _, p := range r.file.Parties {
		if p.ID == r.party.ID || p.Role == workflow.PartySelf || p.ID == r.leadID() {
			continue
		}
		add("the address of the "+string(p.Role), p.Address)
		if p.Role.IsProfessional() && !p.Blocked {
			continue
		}
		add("the name of the "+string(p.Role), p.Name)
		add("the email address of the "+string(p.Role), p.Email)
		add("the phone number of the "+string(p.Role), p.Phone)
	}
	if r.file.Panel != nil && r.file.Settings.HideMembers {
		for _, m := range r.file.Panel.Members {
			add("who sits on the panel", m.Name)
		}
	}
	if r.party.Role != workflow.PartySelf && r.file.Value(workflow.FieldConfidential) != "" {
		add("where the person lives", r.file.Value(workflow.FieldAddress))
		add("where the person lives", r.file.Value(workflow.FieldPostcode))
	}
	add("the NHS number", r.file.Person.NHSNumber)
	return out
}
