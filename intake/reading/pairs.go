package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// pair is a label with the value that stands beside, below or behind it.
// Whatever shape a form has, it becomes pairs; forms differ in how they are
// laid out, not in what they ask.
type pair struct {
	sheet    *sheet
	label    span
	value    span // empty when nothing was filled in
	field    string
	exact    bool
	method   string // label, control
	controls []document.Control
	fixed    *answer // an answer that the layout gives (a cross in a column)
}

// formReader walks a sheet and collects its pairs.
type formReader struct {
	sheet   *sheet
	labels  *labelIndex
	pairs   []pair
	unknown []pair
	heading string // section that a heading opened; "none" for one that is about nobody
	about   string // whom the last specific label was about
	seen    map[string]int
}

func newFormReader(s *sheet, labels *labelIndex) *formReader {
	return &formReader{sheet: s, labels: labels, seen: map[string]int{}}
}

// fieldOf returns the field of a label text: the whole, then its first line
// (hints stand below it), then its parts where it asks for two things.
func (f *formReader) fieldOf(label string) (string, bool) {
	if len(label) > 300 || strings.ContainsAny(label, "☐☒") {
		return "", false
	}
	if field, exact := f.labels.field(label); field != "" {
		return field, exact
	}
	if field := f.scoped(label); field != "" {
		return field, true
	}
	if first, _, ok := strings.Cut(strings.TrimSpace(label), "\n"); ok {
		if field, exact := f.labels.field(first); field != "" {
			return field, exact
		}
		c := f.compound(first)
		return c, c != ""
	}
	c := f.compound(label)
	return c, c != ""
}

var (
	ownerBefore = lazy(`^(?:the )?(?:(student|client|patient|pupil|child|young person|young adult|person|individual|service user|resident|adult)|(referrer|professional)|(parents?|parent or carer|carer|mother|father|guardian|next of kin|nok|parents or carers))(?:'s|s')? (.+)$`)
	ownerAfter  = lazy(`^(.+?) (?:of|for) (?:the |a )?(?:(student|client|patient|pupil|child|young person|person being referred|person|individual|service user|resident)|(referrer|person making (?:the |this )?referral)|(parents?|parent or carer|carer|mother|father|guardian|next of kin))$`)
)

// scoped reads labels that name whom they are about: "Student mobile", "Email of
// referrer".
func (f *formReader) scoped(label string) string {
	n := normalLabel(label)
	what, owner := "", -1
	if m := ownerBefore.FindStringSubmatch(n); m != nil {
		what, owner = m[4], which(m[1:4])
	} else if m := ownerAfter.FindStringSubmatch(n); m != nil {
		what, owner = m[1], which(m[2:5])
	} else if head, _, ok := strings.Cut(n, ", "); ok && head != n {
		return f.scoped(head)
	}
	if owner < 0 || what[0] >= '0' && what[0] <= '9' {
		return "" // "Person 1: name" is one of a list
	}
	field, exact := f.labels.field(what)
	if !exact {
		return ""
	}
	who := []string{"person", "referrer", "guardian"}[owner]
	if rest, ok := strings.CutPrefix(field, "*."); ok {
		return who + "." + rest
	}
	if head, rest, _ := strings.Cut(field, "."); head == "person" && who != "person" && (rest == "name" || rest == "address") {
		return map[bool]string{true: who + "." + rest, false: "other"}[rest == "name"]
	}
	return field
}

func which(groups []string) int {
	for i, g := range groups {
		if g != "" {
			return i
		}
	}
	return -1
}

// isHint reports whether a line only explains the question above it.
func (f *formReader) isHint(text string) bool {
	field, _ := f.labels.field(text)
	return field == "hint" || hintLine.MatchString(text)
}

var hintLine = lazy(`(?i)^\s*\(?(?:tick (?:one|all)|please (?:tick|circle|delete|highlight|specify|state|give)|for example\b|e\.g\.|day,? month|dd ?/ ?mm|say if|use (?:a secure|their)|attach (?:the|a|any)|type your|name them|\d+ digits|where they usually|if (?:you cannot|yes|no|not|known|under|in an emergency|the answer)|in an emergency|name, (?:relationship|organisation)|the team decides)\b`)

// compound reads labels that ask for two things: "D.O.B & Age",
// "Gender / Ethnicity". It answers with both fields, joined by "+".
func (f *formReader) compound(label string) string {
	n := normalLabel(label)
	for _, sep := range []string{" or ", " and ", ", "} {
		a, b, ok := strings.Cut(n, sep)
		if !ok {
			continue
		}
		fa, exactA := f.labels.field(a)
		fb, exactB := f.labels.field(b)
		if exactA && exactB && fa != fb && fa != "other" && fb != "hint" {
			return fa + "+" + fb
		}
	}
	return ""
}

// isLabel reports whether a text is a label that the dictionary knows exactly.
func (f *formReader) isLabel(text string) bool {
	field, exact := f.fieldOf(text)
	return field != "" && exact
}

// add records a pair, giving labels that hold for anybody to whom the section
// is about.
func (f *formReader) add(p pair) {
	p.sheet = f.sheet
	if p.method == "" {
		p.method = "label"
	}
	p.value.start, p.value.end = trim(f.sheet.norm, p.value.start, p.value.end)
	fields := strings.Split(p.field, "+")
	for i, field := range fields {
		fields[i] = f.resolve(field)
	}
	p.field = strings.Join(fields, "+")
	if p.field == "" || p.field == "other" || p.field == "hint" {
		return
	}
	f.follow(fields[0])
	f.pairs = append(f.pairs, p)
	f.seen[p.field]++
}

// addUnknown keeps a label that no rule knows, with its value.
func (f *formReader) addUnknown(label, value span) {
	if isPlaceholder(value.of(f.sheet.norm)) {
		return
	}
	f.unknown = append(f.unknown, pair{sheet: f.sheet, label: label, value: value})
}

// follow notes whom the form speaks of after a label that names somebody.
func (f *formReader) follow(field string) {
	who, rest, _ := strings.Cut(field, ".")
	switch {
	case who == "referrer" || who == "guardian" || who == "professional":
		f.about = who
	case who == "person" && (rest == "name" || rest == "family_name" || rest == "given_name" || rest == "date_of_birth" || rest == "nhs_number"):
		f.about = who
	}
}

// section opens the section of a heading, if it is one.
func (f *formReader) section(text string) bool {
	s := f.labels.section(text)
	if s == "" {
		return false
	}
	f.heading, f.about = s, ""
	return true
}

// resolve gives "*.name" its owner.
func (f *formReader) resolve(field string) string {
	what, ok := strings.CutPrefix(field, "*.")
	if !ok {
		return field
	}
	who := f.heading
	if who == "" || (who == "none" || f.about == "professional") && f.about != "" {
		who = f.about
	}
	switch what {
	case "role", "organisation", "team":
		switch {
		case who == "guardian" || who == "other":
			return ""
		case f.about == "professional":
			return "professional." + what
		}
		return "referrer." + what
	case "date":
		if f.heading == "referrer" || f.about == "referrer" || f.about == "professional" || f.heading == "" && f.about == "" {
			return "referral.date"
		}
		return ""
	case "relationship":
		return f.relationship(who)
	case "title_ignored":
		return ""
	}
	switch who {
	case "other", "none":
		return ""
	case "":
		who = "person"
		if f.seen["person."+what] > 0 || what == "name" && f.seen["person.given_name"] > 0 {
			return ""
		}
	}
	if who == "referrer" && (what == "given_name" || what == "family_name" || what == "name") {
		return "referrer." + what
	}
	return who + "." + what
}

func (f *formReader) relationship(who string) string {
	switch who {
	case "guardian":
		return "guardian.relationship"
	case "other", "professional":
		return ""
	}
	return "referrer.relationship"
}
