package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// refer fills the result's referrals: one for each person referred, and one with
// the facts that a reply, an update or a withdrawal adds.
func (r *reader) refer() {
	c := r.result.Class
	r.safeguards()
	switch {
	case c.IsReferral():
		r.referral(c)
	case c == Reply || c == Update || c == Withdrawal:
		r.addition(c)
	}
}

// referral makes the referrals of a mail that refers somebody.
func (r *reader) referral(c Class) {
	self := c == ReferralSelf
	r.professionals()
	main := r.main()
	letters := r.letterSheets(main)
	w := r.writer()
	forms := r.filledForms()
	var people []person
	if len(forms) == 0 || forms[0].doc == nil {
		people = r.people(letters, w, self)
	} else {
		people = []person{{}}
		letters = nil
	}
	if self {
		w.isPerson(people[0])
	} else {
		w.relate(letters, r.letters[0].header, people[0])
	}
	w.ownPhone(letters)
	told := r.tellOf(letters, people, self, w)
	if full := r.wholeForms(forms); len(full) > 1 && len(people) == 1 && differ(r.forms, full) {
		forms = full
		for _, f := range forms {
			facts := append(append([]found{}, r.forms[f].facts...), r.common(c, w, []*sheet{f})...)
			r.push(facts, []*sheet{f}, letters)
		}
		return
	}
	for i := range people {
		facts := told[i]
		name, source := people[i].names()
		if name != "" {
			facts = append(facts, found{"person.name", Fact{Value: name, Source: source, Method: "phrase", Confidence: 0.8}})
		}
		if len(people) == 1 {
			for _, f := range forms {
				facts = append(facts, r.forms[f].facts...)
			}
		}
		facts = append(facts, r.common(c, w, forms)...)
		r.push(facts, forms, letters)
	}
}

// push settles facts into a referral.
func (r *reader) push(facts []found, forms, letters []*sheet) {
	fields := r.settle(facts)
	tidy(fields)
	ref := Referral{Fields: fields}
	for _, name := range forPanel {
		if _, ok := fields[name]; !ok {
			ref.Missing = append(ref.Missing, name)
		}
	}
	for _, s := range append(append([]*sheet{}, forms...), letters...) {
		if f := r.forms[s]; f != nil {
			for _, u := range f.unknown {
				ref.Unknown = append(ref.Unknown, Labelled{Label: oneLine(u.label.of(s.norm)), Value: oneLine(u.value.of(s.norm)), Source: s.source(u.value.start, u.value.end)})
			}
		}
	}
	r.result.Referrals = append(r.result.Referrals, ref)
}

// tidy takes back what contradicts itself.
func tidy(fields map[string]Fact) {
	if g, ok := fields["guardian.name"]; ok {
		if ref, ok := fields["referrer.name"]; ok && sameFirstName(g.Value, ref.Value) && g.Method == "phrase" {
			delete(fields, "guardian.name")
			delete(fields, "guardian.relationship")
			delete(fields, "guardian.phone")
		}
		if p, ok := fields["person.name"]; ok && strings.EqualFold(p.Value, g.Value) {
			delete(fields, "guardian.name")
		}
	}
	if r, ok := fields["referrer.phone"]; ok && r.Method != "label" && r.Method != "control" && fields["referrer.relationship"].Value == "professional" && fields["person.phone"].Value == r.Value {
		delete(fields, "referrer.phone")
	}
	if k, ok := fields["person.known_as"]; ok && isNothing(k.Value) {
		delete(fields, "person.known_as")
	}
	if c, ok := fields["consent.by"]; ok && c.Value == "person" {
		if r, ok := fields["consent.reported"]; !ok || r.Value == "" {
			delete(fields, "consent.by")
		}
	}
}

// people finds who is referred in the letters.
func (r *reader) people(letters []*sheet, w writer, self bool) []person {
	if self {
		return []person{r.selfPerson(letters, w)}
	}
	subject := newSheet("header", r.letters[0].header.text)
	subject.segs = r.subjectSegment(subject)
	found := people(letters, subject, w, self)
	if len(found) == 0 {
		return []person{{}}
	}
	return found
}

// letterSheets are the texts of a referral that are written as letters: the
// body of the mail, and attached letters.
func (r *reader) letterSheets(l *letter) []*sheet {
	out := append([]*sheet{}, l.bodies...)
	if len(r.filledForms()) == 0 {
		for _, s := range r.docs {
			if r.isLetter(s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// isLetter reports whether a document is written as a letter: not a form, not a
// long report.
func (r *reader) isLetter(s *sheet) bool {
	n := len(strings.Fields(s.norm))
	return n >= 30 && n < 1500 && len(r.forms[s].pairs) < 8 && letterStart.MatchString(s.low)
}

// letterOf is the attached letter that speaks for a mail which says little.
func (r *reader) letterOf(l *letter) *sheet {
	if l.words() > 60 || len(r.filledForms()) > 0 {
		return nil
	}
	for _, s := range r.docs {
		if r.isLetter(s) {
			return s
		}
	}
	return nil
}

// filledForms are the sheets with labels that tell of a person, documents first.
func (r *reader) filledForms() []*sheet {
	var docs, bodies []*sheet
	for _, s := range r.sheets() {
		f := r.forms[s]
		if f == nil || len(f.facts) == 0 {
			continue
		}
		switch {
		case s.doc != nil && f.about >= 4:
			docs = append(docs, s)
		case s.doc == nil:
			bodies = append(bodies, s)
		}
	}
	return append(docs, bodies...)
}

// wholeForms are the forms that each tell enough for a referral of its own.
func (r *reader) wholeForms(forms []*sheet) []*sheet {
	var out []*sheet
	for _, s := range forms {
		if r.forms[s].about >= 5 {
			out = append(out, s)
		}
	}
	return out
}

// differ reports whether forms are about different people.
func differ(forms map[*sheet]*form, sheets []*sheet) bool {
	names := map[string]bool{}
	for _, s := range sheets {
		for _, f := range forms[s].facts {
			if f.field == "person.name" {
				names[strings.ToLower(f.Value)] = true
				break
			}
		}
	}
	return len(names) > 1
}

// tellOf reads the letters' own words about each person.
func (r *reader) tellOf(letters []*sheet, people []person, self bool, w writer) [][]found {
	f := &letterFacts{now: r.now, self: self, people: people, out: make([][]found, len(people))}
	names := firstNames2(people)
	if p := people[0]; p.sheet != nil && p.sheet.isHeader() && p.sheet.segs != nil {
		for _, a := range f.attribute(p.sheet) { // what the subject tells of the person it names
			low := flat(a.sen.of(p.sheet.low))
			f.birth(a, low)
			f.age(a, low)
			f.nhs(a)
		}
	}
	for _, s := range letters {
		for _, a := range f.attribute(s) {
			if !w.below(s, a.sen.start) {
				f.sentence(a)
			} else if self {
				f.place(a, flat(a.sen.of(s.low)))
				f.signedAddress(a)
			}
		}
		f.why(s, tell(s, r.now, w))
		f.grounds(s, w)
		for _, sp := range s.ownWords() {
			for _, c := range consentFacts(s, sp, w, self, names) {
				for i := range f.out {
					f.out[i] = append(f.out[i], c)
				}
			}
		}
	}
	return f.out
}

func firstNames2(people []person) []string {
	var out []string
	for _, p := range people {
		out = append(out, firstWord(p.value()))
	}
	return out
}

// common are the facts that hold for every referral of a mail: who refers, what
// must be kept secret, signs of abuse.
func (r *reader) common(c Class, w writer, forms []*sheet) []found {
	var out []found
	add := func(field, value string, source Source, method string, confidence float64) {
		if value != "" && source.Part != "" {
			out = append(out, found{field, Fact{Value: value, Source: source, Method: method, Confidence: confidence}})
		}
	}
	add("referrer.name", w.name, w.source, w.method, 0.75)
	add("referrer.email", w.email, w.emailAt, "header", 0.7)
	add("referrer.phone", w.phone, w.phoneAt, w.method, 0.7)
	switch c {
	case ReferralProfessional:
		add("referrer.role", w.role, w.roleAt, "signature", 0.7)
		add("referrer.organisation", w.org, w.orgAt, "signature", 0.7)
		out = append(out, r.professional(w, forms)...)
	case ReferralSelf:
		at := w.source
		if at.Part == "" {
			at = w.emailAt
		}
		add("referrer.relationship", "self", at, "phrase", 0.97)
		add("person.email", w.email, w.emailAt, "header", 0.6)
		add("person.phone", w.phone, w.phoneAt, w.method, 0.6)
	default:
		add("referrer.relationship", w.relation, w.relAt, "phrase", 0.9)
	}
	return append(out, r.safety(forms)...)
}

// professional says that a professional refers, with the job as its source.
func (r *reader) professional(w writer, forms []*sheet) []found {
	out := r.letterDate()
	for _, s := range forms {
		for _, f := range r.forms[s].facts {
			if f.field == "referrer.role" || f.field == "referrer.name" {
				return append(out, found{"referrer.relationship", Fact{Value: "professional", Source: f.Source, Method: "label", Confidence: 0.98}},
					r.teamAsOrganisation(s))
			}
		}
	}
	at := w.roleAt
	if at.Part == "" {
		at = w.source
	}
	return append(out, found{"referrer.relationship", Fact{Value: "professional", Source: at, Method: w.method, Confidence: 0.98}})
}

// letterDate is the date at the head of an attached letter.
func (r *reader) letterDate() []found {
	s := r.letterOf(r.main())
	if s == nil {
		return nil
	}
	head := span{0, min(len(s.low), 900)}
	for _, d := range dates(head.of(s.low), r.now) {
		if d.why == "" && d.year > 0 && !d.time().After(r.now.AddDate(0, 0, 1)) && d.time().After(r.now.AddDate(-1, 0, 0)) {
			return []found{{"referral.date", fact(s, d.iso(), d.start, d.end, 0.75)}}
		}
	}
	return nil
}

// professionals takes the professional whom a form names under another title,
// and who sent the mail, for the referrer.
func (r *reader) professionals() {
	w := r.writer()
	for _, form := range r.forms {
		has, name := false, ""
		for _, f := range form.facts {
			has = has || f.field == "referrer.name"
			if f.field == "professional.name" && name == "" {
				name = f.Value
			}
		}
		if has || name == "" || !sameFirstName(name, w.name) {
			continue
		}
		for i, f := range form.facts {
			if what, ok := strings.CutPrefix(f.field, "professional."); ok {
				form.facts[i].field = "referrer." + what
			}
		}
	}
}

// teamAsOrganisation takes the team where a form names no organisation.
func (r *reader) teamAsOrganisation(s *sheet) found {
	for _, f := range r.forms[s].facts {
		if f.field == "referrer.team" {
			f.field, f.Confidence = "referrer.organisation", 0.8
			return f
		}
	}
	return found{}
}

// safety reads secrets and signs of abuse from all texts of the mail.
func (r *reader) safety(forms []*sheet) []found {
	var out []found
	for _, s := range r.sheets() {
		if s.part == "header" {
			continue
		}
		for _, sp := range r.spoken(s) {
			for _, f := range privacy(s, sp) {
				if s.doc != nil {
					f.Confidence += 0.03
				}
				out = append(out, f)
			}
		}
	}
	if len(r.result.Safeguards) > 0 {
		out = append(out, found{"safeguarding.cue", Fact{Value: "yes", Source: r.result.Safeguards[0].Source, Method: "phrase", Confidence: 0.8}})
	}
	return append(out, r.formGrounds(forms)...)
}

// spoken are the words of a sheet that somebody wrote: of a form its answers.
func (r *reader) spoken(s *sheet) []span {
	f := r.forms[s]
	if s.doc == nil || f == nil || len(f.pairs) < 8 {
		return s.ownWords()
	}
	var out []span
	for _, p := range f.pairs {
		if p.value.end-p.value.start > 12 && p.fixed == nil {
			out = append(out, p.value)
		}
	}
	for _, p := range f.unknown {
		out = append(out, p.value)
	}
	return out
}

// formGrounds reads grounds from what a form says in words, where it has no
// boxes for them.
func (r *reader) formGrounds(forms []*sheet) []found {
	for _, s := range forms {
		if s.doc == nil {
			continue
		}
		var values []string
		var at Source
		for _, p := range r.forms[s].pairs {
			if p.field == "grounds" {
				return nil
			}
			if p.field == "placement.risk" {
				values, at = r.placementRisk(s, values, at)
			}
			if p.field != "reason" && p.field != "risk.immediate" {
				continue
			}
			for _, h := range scanSpan(s, p.value, r.now, levelGround) {
				if !contains(values, h.rule.name) {
					values = append(values, h.rule.name)
				}
				if at.Part == "" {
					at = s.source(h.sentence.start, h.sentence.end)
				}
			}
		}
		if len(values) > 0 {
			return []found{{"grounds", Fact{Values: values, Source: at, Method: "phrase", Confidence: 0.6}}}
		}
	}
	return nil
}

// placementRisk takes a ticked "placement at risk" for a ground.
func (r *reader) placementRisk(s *sheet, values []string, at Source) ([]string, Source) {
	for _, f := range r.forms[s].facts {
		if f.field == "placement.risk" && !contains(values, "placement_breakdown") {
			return append(values, "placement_breakdown"), f.Source
		}
	}
	return values, at
}

// safeguards lists the signs of abuse or neglect, worst words first as they
// stand.
func (r *reader) safeguards() {
	for _, h := range r.hits {
		if h.level == levelGuard && h.sheet.part != "header" {
			r.result.Safeguards = append(r.result.Safeguards, h.cue())
		}
	}
}

// addition is what a reply, an update or a withdrawal tells.
func (r *reader) addition(c Class) {
	letters := r.letters[0].bodies
	w := r.writer()
	self := c == Withdrawal && !childVoice.MatchString(r.voice().words) || c == Reply && selfReply(r.voice().words)
	people := r.people(letters, w, self)
	if c == Withdrawal && self {
		people = []person{{}}
	}
	if !self {
		w.relate(letters, r.letters[0].header, people[0])
	}
	w.ownPhone(letters)
	told := r.tellOf(letters, people[:1], self, w)
	facts := told[0]
	if name, source := people[0].names(); name != "" && !self {
		facts = append(facts, found{"person.name", Fact{Value: name, Source: source, Method: "phrase", Confidence: 0.8}})
	}
	for _, s := range letters {
		facts = append(facts, r.forms[s].facts...)
	}
	class := ReferralFamily
	if w.role != "" {
		class = ReferralProfessional
	}
	facts = append(facts, r.common(class, w, letters)...)
	facts = withoutFields(facts, "grounds", "reason", "tried", "person.accommodation")
	r.push(facts, nil, letters)
	if n := len(r.result.Referrals); n > 0 {
		r.result.Referrals[n-1].Missing = nil
	}
}

func withoutFields(facts []found, fields ...string) []found {
	out := facts[:0]
	for _, f := range facts {
		if !contains(fields, f.field) {
			out = append(out, f)
		}
	}
	return out
}

// selfReply reports whether a reply speaks of the writer as the person.
func selfReply(words string) bool {
	return !familyVoice.MatchString(words) && !workVoice.MatchString(words) && (strings.Contains(words, "i want to be on") || strings.Contains(words, "i do not want") || strings.Contains(words, "i don't want") || strings.Contains(words, "i consent") || strings.Contains(words, "share with") || strings.Contains(words, "share my") || strings.Contains(words, "about me"))
}

// unread reports whether something came that could not be read and might be
// what matters.
func (r *reader) unread() bool {
	for _, d := range r.all {
		if d.State == document.Empty && d.Type == "application/pdf" {
			return true // pages without a letter: drawn, or written by hand
		}
	}
	return r.hasState(document.Encrypted, document.NeedsHands, document.Unreadable, document.TooLarge)
}

var letterStart = lazy(`(?m)^\s*(?:dear |re:|to whom|our ref|date:|referral)`)
