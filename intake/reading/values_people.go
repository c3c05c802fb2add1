package reading

import (
	"strings"
)

var callsHim = lazy(`(?i)\((?:everyone calls (?:him|her|them)|known as|prefers(?: to be called)?|likes to be called|goes by|aka|a\.k\.a\.?|called|please (?:use|call (?:me|him|her|them)))\s+["']?(\p{L}[\p{L}'-]*)`)

// name reads a name and what people write beside it: what the person is called,
// a relationship, a number, a job.
func (v *valueReader) name(field string) {
	text, at := v.words()
	if text == "" || isNothing(text) || yesNo(text) != "" && len(text) < 6 {
		return
	}
	who, what, _ := strings.Cut(field, ".")
	norm := v.p.sheet.norm
	if who == "person" && what == "name" {
		if m := callsHim.FindStringSubmatchIndex(text); m != nil {
			v.add("person.known_as", text[m[2]:m[3]], span{at.start + m[2], at.start + m[3]})
		}
	}
	if who == "guardian" && what == "name" && v.guardianKin(text, at) {
		return
	}
	sp, ok := nameAt(norm[:at.end], at.start)
	if !ok || sp.end > at.end {
		sp = v.wholeName(text, at)
	}
	if sp.end > at.start {
		v.add(field, properName(withoutNickname(oneLine(sp.of(norm)))), sp)
		if m := innerNickname.FindString(oneLine(sp.of(norm))); m != "" && field == "person.name" {
			v.add("person.known_as", strings.Trim(m[1+len(" "):len(m)-len(" x")], ` ()'"`), sp)
		}
	}
	if what == "name" && who != "person" && sp.end > 0 {
		v.beside(who, span{sp.end, at.end})
	}
}

// guardianKin reads "Mother" or "Mum and dad" where a name is asked for.
func (v *valueReader) guardianKin(text string, at span) bool {
	first, rest, _ := strings.Cut(text, " ")
	code := relationCodes[strings.ToLower(strings.Trim(first, ",.:"))]
	if code == "" {
		return false
	}
	v.add("guardian.relationship", code, at)
	if rest == "" || !isNameWord(strings.Fields(rest)[0], false) {
		return true
	}
	start := at.start + len(first) + 1
	if sp, ok := nameAt(v.p.sheet.norm[:at.end], start); ok && sp.end <= at.end {
		v.add("guardian.name", properName(sp.of(v.p.sheet.norm)), sp)
		v.beside("guardian", span{sp.end, at.end})
	}
	return true
}

// wholeName takes a short value for a name although it does not look like one:
// the label says that it is.
func (v *valueReader) wholeName(text string, at span) span {
	end := len(text)
	if i := strings.IndexAny(text, ",(/\n\t;"); i > 0 {
		end = i
	}
	words := strings.Fields(text[:end])
	if len(words) == 0 || len(words) > 5 || strings.ContainsAny(text[:end], "0123456789@☐☒:?") {
		return span{}
	}
	start, stop := trim(v.p.sheet.norm, at.start, at.start+end)
	return span{start, stop}
}

var afterName = lazy(`^[\s,/(|-]*(?:and\s+)?([^,/|()\n.;]+)`)

// beside reads what stands after a name in the same value: relationship, phone,
// e-mail, job, organisation.
func (v *valueReader) beside(who string, rest span) {
	norm := v.p.sheet.norm
	text := rest.of(norm)
	if strings.TrimSpace(text) == "" {
		return
	}
	if hits := phones(text); len(hits) > 0 {
		v.add(who+".phone", hits[0].value, span{rest.start + hits[0].start, rest.start + hits[0].end})
	}
	if hits := emails(text); len(hits) > 0 {
		v.add(who+".email", hits[0].value, span{rest.start + hits[0].start, rest.start + hits[0].end})
	}
	if who == "guardian" {
		if m := afterName.FindStringSubmatchIndex(text); m != nil {
			v.add("guardian.relationship", relationCode(text[m[2]:m[3]]), span{rest.start + m[2], rest.start + m[3]})
		}
		return
	}
	job := parseJob(norm, rest)
	v.add("referrer.role", oneLine(job.role.of(norm)), job.role)
	v.add("referrer.organisation", oneLine(job.organisation.of(norm)), job.organisation)
}

// joinNames makes one name of the cells for first and family name.
func joinNames(v *valueReader) {
	for _, who := range []string{"person", "referrer", "guardian", "professional"} {
		given, family := -1, -1
		for i, f := range v.out {
			switch f.field {
			case who + ".given_name":
				if given < 0 {
					given = i
				}
			case who + ".family_name":
				if family < 0 {
					family = i
				}
			}
		}
		if given < 0 && family < 0 {
			continue
		}
		var f found
		switch {
		case given < 0:
			f = v.out[family]
		case family < 0:
			f = v.out[given]
		default:
			g, s := v.out[given], v.out[family]
			f = g
			f.Value = g.Value + " " + s.Value
			f.Source = join(g.Source, s.Source)
			if f.Source.Part == "" {
				continue
			}
		}
		f.field = who + ".name"
		v.out = append(v.out, f)
	}
}

// join spans two sources of one part; the quote is filled in by the sheet that
// owns the part when the facts are settled.
func join(a, b Source) Source {
	if a.Part != b.Part {
		return Source{}
	}
	a.Start, a.End = min(a.Start, b.Start), max(a.End, b.End)
	a.Quote = ""
	return a
}

// shareNames are the circles with whom facts may be shared.
var shareNames = []struct {
	code  string
	words *pattern
}{
	{"health", lazy(`\bhealth\b|\bnhs\b|\bgp\b|\bdoctors?\b|\bcamhs\b|\bhospital\b|\bnurses?\b`)},
	{"education", lazy(`\beducation\b|\bschools?\b|\bcollege\b|\bsend\b|\bteachers?\b`)},
	{"social_care", lazy(`\bsocial (?:care|services|workers?)\b|\bcouncil\b`)},
	{"parent", lazy(`\bparents?\b|\bmum\b|\bdad\b|\bmother\b|\bfather\b|\bfamily\b`)},
}

func shareCodes(v string) []string {
	v = strings.ToLower(v)
	var out []string
	for _, s := range shareNames {
		if s.words.MatchString(v) {
			out = append(out, s.code)
		}
	}
	return out
}

// consent reads what a form reports of consent. It is never a consent that the
// register holds.
func (v *valueReader) consent(what string) {
	text, at := v.words()
	if text == "" {
		return
	}
	label := lower(v.p.label.of(v.p.sheet.norm))
	switch what {
	case "share", "not_share":
		if v.a.options == nil || what == "share" {
			v.addSet("consent."+what, shareCodes(text), at)
		}
	case "who":
		v.add("consent.by", consentBy(text), at)
	case "best_interests":
		if yesNo(text) == "yes" || v.p.fixed != nil && v.a.marked {
			v.add("consent.by", "best_interests", at)
		}
	case "reported", "parent":
		v.consentReported(what, label, text, at)
	}
}

var (
	personLabel = lazy(`\b(?:person|young person|student|client|individual|patient|adult|service user|resident|you)\b`)
	refuses     = lazy(`\b(?:refus|declin|does not (?:consent|agree|want to be|want this|want the)|doesn't (?:consent|agree|want to be|want this)|did not (?:consent|agree)|has not (?:agreed|consented|given)|not given|withheld|withdrawn|against)`)
	agrees      = lazy(`\b(?:agree|consent|agreed|agrees|consented|consents|given (?:his|her|their)?\s*(?:verbal |written )?consent|signed|verbal|written|obtained|gained|given)\b`)
	iAgree      = lazy(`\bi (?:do |also |fully )*(?:agree|consent|give)\b`)
	notAsked    = lazy(`\bnot (?:yet )?(?:asked|sought|discussed|known|obtained yet)\b|\bto be (?:obtained|discussed|sought)\b|\bpending\b`)
)

func (v *valueReader) consentReported(what, label, text string, at span) {
	low := strings.ToLower(text)
	value := ""
	switch {
	case notAsked.MatchString(low):
	case refuses.MatchString(low):
		value = "no"
	case yesNo(low) != "":
		value = yesNo(low)
	case agrees.MatchString(low):
		value = "yes"
	case consentBy(low) == "best_interests":
		v.add("consent.by", "best_interests", at)
		return
	}
	if value == "" {
		return
	}
	v.add("consent.reported", value, at)
	by := consentBy(low)
	if iAgree.MatchString(low) {
		by = "" // who "I" is, the letter around it says
	}
	switch {
	case what == "parent":
		by = "parent"
	case by == "" && personLabel.MatchString(label) && !strings.Contains(label, "parent"):
		by = "person"
	case by == "" && v.a.options == nil && len(low) > 5 && isSomebody(text):
		by = "person"
	}
	v.add("consent.by", by, at)
	if c := capacitySentence.FindString(low); c != "" {
		v.add("capacity.reported", capacityCode(c), at)
	}
}

var capacitySentence = lazy(`(?:has|have|lacks?) capacity`)

// isSomebody reports whether an answer begins with a name: "Ryan agreed".
func isSomebody(text string) bool {
	sp, ok := nameAt(text, 0)
	return ok && sp.start == 0
}

// diagnosis reads learning disability and autism from one answer.
func (v *valueReader) diagnosis() {
	s := v.p.sheet
	spans := []span{v.p.value}
	if v.a.options != nil {
		spans = nil
		for _, o := range v.a.chosen() {
			spans = append(spans, o.span)
		}
	}
	for _, sp := range spans {
		switch o := sp.of(s.low); {
		case v.a.options != nil && strings.HasPrefix(o, "both"):
			v.add("person.learning_disability", "yes", sp)
			v.add("person.autism", "yes", sp)
		case v.a.options != nil && strings.HasPrefix(o, "neither"):
			v.add("person.learning_disability", "no", sp)
			v.add("person.autism", "no", sp)
		}
		for _, c := range conditions(s, sp, true) {
			v.add(c.field, c.value, c.span)
		}
	}
}
