package reading

import (
	"strings"
	"time"
	"unicode"
)

// found is a fact with the field it is for.
type found struct {
	field string
	Fact
}

// valueReader reads the values of pairs.
type valueReader struct {
	now time.Time // when the mail came: no birth or referral is later
	out []found
	p   pair
	a   answer
}

// readPairs turns pairs into facts.
func readPairs(pairs []pair, now time.Time) []found {
	v := &valueReader{now: now}
	for _, p := range pairs {
		v.p = p
		if p.fixed != nil {
			v.a = *p.fixed
		} else {
			v.a = readAnswer(p.sheet, p.value, p.controls)
		}
		for _, field := range strings.Split(p.field, "+") {
			v.read(field, p.value)
		}
	}
	joinNames(v)
	v.uniteGrounds()
	return v.out
}

// uniteGrounds makes one set of grounds that were ticked in several places.
func (v *valueReader) uniteGrounds() {
	first := -1
	kept := v.out[:0]
	for _, f := range v.out {
		if f.field != "grounds" {
			kept = append(kept, f)
			continue
		}
		if first < 0 {
			first = len(kept)
			kept = append(kept, f)
			continue
		}
		for _, g := range f.Values {
			if !contains(kept[first].Values, g) {
				kept[first].Values = append(kept[first].Values[:len(kept[first].Values):len(kept[first].Values)], g)
			}
		}
	}
	v.out = kept
}

// words is the value as written, or the words of the boxes that are ticked.
func (v *valueReader) words() (string, span) {
	if v.a.options != nil {
		chosen := v.a.chosen()
		if len(chosen) == 0 {
			return "", span{}
		}
		var texts []string
		for _, o := range chosen {
			texts = append(texts, oneLine(o.of(v.p.sheet.norm)))
		}
		if v.p.fixed != nil {
			for i, o := range chosen {
				texts[i] = o.text
			}
			if len(chosen) == 1 && v.p.method == "control" {
				return chosen[0].text, chosen[0].span
			}
			return strings.Join(texts, ", "), v.a.span
		}
		return strings.Join(texts, ", "), span{chosen[0].start, chosen[len(chosen)-1].end}
	}
	text := v.p.value.of(v.p.sheet.norm)
	if isPlaceholder(text) {
		return "", span{}
	}
	return strings.TrimSpace(text), v.p.value
}

// one is the single answer given; "" when several boxes are ticked.
func (v *valueReader) one() (string, span) {
	if v.a.options != nil && len(v.a.chosen()) != 1 {
		return "", span{}
	}
	return v.words()
}

func (v *valueReader) add(field, value string, sp span) {
	if value == "" || sp.start >= sp.end {
		return
	}
	confidence := 0.95
	if !v.p.exact {
		confidence = 0.88
	}
	v.out = append(v.out, found{field, Fact{Value: value, Source: v.p.sheet.source(sp.start, sp.end), Method: v.p.method, Confidence: confidence}})
}

func (v *valueReader) addSet(field string, values []string, sp span) {
	if len(values) == 0 {
		return
	}
	v.out = append(v.out, found{field, Fact{Values: values, Source: v.p.sheet.source(sp.start, sp.end), Method: v.p.method, Confidence: 0.95}})
}

// coded are the fields whose answer is one of a few codes.
var coded = map[string]func(string) string{
	"person.gender":                    genderCode,
	"person.learning_disability":       condition,
	"person.autism":                    condition,
	"person.ehcp":                      ehcpCode,
	"person.interpreter":               interpreterCode,
	"person.inpatient":                 yesNo,
	"capacity.reported":                capacityCode,
	"rag_suggested":                    ragCode,
	"safeguarding":                     safeguardingCode,
	"guardian.parental_responsibility": parentalResponsibility,
	"referrer.relationship":            relationCode,
	"guardian.relationship":            relationCode,
	"capacity.lacks":                   func(s string) string { return map[string]string{"yes": "lacks"}[yesNo(s)] },
	"capacity.doubt":                   doubtCode,
	"person.address_confidential":      func(s string) string { return map[string]string{"yes": "yes"}[yesNo(s)] },
	"person.learning_disability_degree": func(s string) string {
		return map[bool]string{true: "yes"}[diagnosedWords.MatchString(strings.ToLower(s))]
	},
}

// asField is the field that a helper label answers.
var asField = map[string]string{"capacity.lacks": "capacity.reported", "capacity.doubt": "capacity.reported", "person.learning_disability_degree": "person.learning_disability"}

func doubtCode(s string) string {
	if strings.Contains(strings.ToLower(s), "has capacity") || yesNo(s) == "no" {
		return "has"
	}
	return ""
}

func interpreterCode(s string) string {
	s = strings.ToLower(s)
	if yn := yesNo(s); yn != "" {
		return yn
	}
	switch {
	case strings.HasPrefix(s, "not "):
		return "no"
	case strings.Contains(s, "bsl") || strings.Contains(s, "makaton") || strings.Contains(s, "required") || strings.Contains(s, "needed") || strings.Contains(s, "speaking"):
		return "yes"
	}
	return ""
}

func parentalResponsibility(s string) string {
	if yn := yesNo(s); yn != "" {
		return yn
	}
	if relationCode(s) != "" || strings.Contains(strings.ToLower(s), "council") {
		return "yes"
	}
	return ""
}

// read reads one field of a pair whose value is sp.
func (v *valueReader) read(field string, sp span) {
	if code, ok := coded[field]; ok {
		text, at := v.one()
		if as := asField[field]; as != "" {
			field = as
		}
		value := ""
		if strings.Contains(v.p.field, "+") && v.a.options == nil && len(text) < 80 {
			value, at = v.piece(code)
		} else {
			value = code(text)
		}
		v.add(field, value, at)
		return
	}
	who, what, _ := strings.Cut(field, ".")
	switch what {
	case "name", "family_name", "given_name", "known_as", "previous_names":
		v.name(field)
	case "date_of_birth":
		v.birth()
	case "date":
		v.date(field)
	case "phone", "email", "contact":
		v.contact(who, what)
	case "care_status":
		text, at := v.words()
		v.add(field, careStatus(v.p.label.of(v.p.sheet.norm), text), at)
	default:
		v.readOther(field, who, what)
	}
}

func (v *valueReader) readOther(field, who, what string) {
	switch field {
	case "person.age":
		v.age()
	case "person.nhs_number":
		v.nhs()
	case "person.postcode":
		for _, h := range postcodes(v.p.value.of(v.p.sheet.norm)) {
			v.add(field, h.value, span{v.p.value.start + h.start, v.p.value.start + h.end})
		}
	case "person.address":
		v.address()
	case "placement.risk":
		if text, at := v.one(); yesNo(text) == "yes" {
			v.out = append(v.out, found{"placement.risk", Fact{Values: []string{"placement_breakdown"}, Source: v.p.sheet.source(at.start, at.end), Method: v.p.method, Confidence: 0.6}})
		}
	case "person.hospital":
		if text, at := v.words(); text != "" && !isNothing(text) && yesNo(text) == "" {
			v.add("person.inpatient", "yes", at)
			v.out[len(v.out)-1].Confidence = 0.7
		}
	case "person.diagnosis":
		v.diagnosis()
	case "grounds":
		v.grounds()
	case "do_not_tell":
		if text, at := v.words(); yesNo(text) != "no" && text != "" {
			v.add(field, oneLine(text), at)
		}
	default:
		if who == "consent" {
			v.consent(what)
			return
		}
		v.text(field)
	}
}

// piece looks for a code in the parts of a value that answers two labels.
func (v *valueReader) piece(code func(string) string) (string, span) {
	for _, sp := range pieces(v.p.sheet.norm, v.p.value) {
		if c := code(sp.of(v.p.sheet.norm)); c != "" {
			return c, sp
		}
	}
	return "", span{}
}

var pieceBreak = lazy(`\s*[/|]\s*|\s+&\s+|\n|\t`)

func pieces(norm string, sp span) []span {
	var out []span
	from := sp.start
	for _, m := range pieceBreak.FindAllStringIndex(sp.of(norm), -1) {
		out = append(out, span{from, sp.start + m[0]})
		from = sp.start + m[1]
	}
	return append(out, span{from, sp.end})
}

// textFields are taken as written.
var textFields = wordSet(`person.ethnicity person.first_language person.communication_needs person.accommodation person.gp person.school
 referrer.role referrer.organisation referrer.team reason tried risk.immediate urgency placement.end placement.risk person.religion person.hospital person.mha`)

func (v *valueReader) text(field string) {
	if !textFields[field] {
		return
	}
	text, at := v.words()
	if parts := strings.Split(v.p.field, "+"); len(parts) == 2 && v.a.options == nil {
		if ps := pieces(v.p.sheet.norm, v.p.value); len(ps) == 2 {
			at = ps[map[bool]int{true: 0, false: 1}[parts[0] == field]]
			text = at.of(v.p.sheet.norm)
		} else {
			return
		}
	}
	text = oneLine(text)
	if isPlaceholder(text) || isNothing(text) {
		return
	}
	if yn := yesNo(text); yn != "" && len(text) < 5 {
		return
	}
	v.add(field, text, at)
}

func isNothing(v string) bool {
	if strings.EqualFold(strings.Trim(v, " ."), "none") {
		return true
	}
	switch strings.Trim(strings.ToLower(v), " .") {
	case "none at present", "none at the moment", "not registered", "nothing", "nil", "no", "none known", "not applicable", "not stated", "prefers not to say", "prefer not to say", "unknown", "not known", "none needed", "none required":
		return true
	}
	return false
}

var (
	ageInBrackets = lazy(`(?i)\((?:aged?:? ?)?(\d{1,3})(?: ?(?:y(?:ea)?rs?(?: old)?|yo|y))?\)|\b(?:aged?|(?:he|she|they|who) (?:is|are)|(?:he|she)'s|age:?)\s(\d{1,3})\b|[/&,]\s*(\d{1,3})(?:\s*(?:y(?:ea)?rs?(?: old)?|yo))?\s*$`)
	ageAlone      = lazy(`(?i)^\s*(\d{1,3})\s*(?:y(?:ea)?rs?\.?(?: old)?|yo|y)?\b`)
)

func (v *valueReader) birth() {
	s, sp := v.p.sheet, v.p.value
	h, ok := cellDate(sp.of(s.low), v.now)
	at := span{sp.start + h.start, sp.start + h.end}
	if ok && h.why == "" && h.year > 0 {
		if h.time().Before(v.now.AddDate(0, 0, -1)) && age(h.time(), v.now) <= 115 && h.iso() != v.now.Format(time.DateOnly) {
			v.add("person.date_of_birth", h.iso(), at)
		}
	}
	if ok {
		rest := sp.of(s.norm)[h.end:]
		if m := ageInBrackets.FindStringSubmatchIndex(rest); m != nil {
			for g := 2; g < len(m); g += 2 {
				if m[g] >= 0 {
					v.add("person.age", rest[m[g]:m[g+1]], span{at.end + m[g], at.end + m[g+1]})
				}
			}
		}
	}
}

func (v *valueReader) age() {
	sp := v.p.value
	text := sp.of(v.p.sheet.norm)
	if strings.Contains(v.p.field, "+") {
		return // birth has looked for it beside the date
	}
	if m := ageAlone.FindStringSubmatchIndex(text); m != nil && atoi(text[m[2]:m[3]]) < 116 && len(text) < 40 && len(dates(lower(text), v.now)) == 0 {
		v.add("person.age", text[m[2]:m[3]], span{sp.start + m[2], sp.start + m[3]})
	}
}

func (v *valueReader) date(field string) {
	sp := v.p.value
	h, ok := cellDate(sp.of(v.p.sheet.low), v.now)
	if !ok || h.why != "" || h.year == 0 || h.time().After(v.now.AddDate(0, 0, 2)) {
		return
	}
	v.add(field, h.iso(), span{sp.start + h.start, sp.start + h.end})
}

func (v *valueReader) nhs() {
	sp := v.p.value
	text := sp.of(v.p.sheet.norm)
	for _, h := range nhsNumbers(text) {
		if why := refuseNHS(h.digits); why == "" {
			v.add("person.nhs_number", h.digits, span{sp.start + h.start, sp.start + h.end})
			return
		}
	}
}

func (v *valueReader) contact(who, what string) {
	text := v.p.value.of(v.p.sheet.norm)
	base := v.p.value.start
	if what != "email" {
		for _, h := range phones(text) {
			v.add(who+".phone", h.value, span{base + h.start, base + h.end})
			break
		}
	}
	if what != "phone" {
		for _, h := range emails(text) {
			v.add(who+".email", h.value, span{base + h.start, base + h.end})
			break
		}
	}
}

// address is one line without its postcode.
func (v *valueReader) address() {
	sp := v.p.value
	text := sp.of(v.p.sheet.norm)
	if isPlaceholder(text) || !strings.ContainsFunc(text, unicode.IsLetter) {
		return
	}
	if i := strings.Index(text, " ("); i > 0 && strings.HasSuffix(strings.TrimSpace(text), ")") {
		if inner := strings.Trim(text[i:], " ().\n"); looksLikeHome(inner) {
			v.add("person.accommodation", oneLine(inner), span{sp.start + i + 2, sp.start + i + 2 + len(inner)})
		}
		text = text[:i]
	}
	end := sp.start + len(text)
	if hits := postcodes(text); len(hits) > 0 {
		h := hits[len(hits)-1]
		v.add("person.postcode", h.value, span{sp.start + h.start, sp.start + h.end})
		if strings.TrimSpace(strings.Trim(text[h.end:], " ,.\n\t")) == "" {
			text = text[:h.start]
		}
	}
	value := addressLine(text)
	if low := strings.ToLower(value); value == "" || yesNo(low) != "" && len(low) < 5 {
		return
	}
	v.add("person.address", value, span{sp.start, end})
}

// addressLine writes the lines of an address as one, parted by commas.
func addressLine(text string) string {
	var parts []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\t' }) {
		if line = strings.Trim(oneLine(line), " ,."); line != "" {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, ", ")
}

var homeWords = lazy(`(?i)supported living|residential|care home|nursing home|foster|tenancy|family home|hostel|flat\b|lodging|temporary|sheltered|hospital|shared lives|boarding`)

func looksLikeHome(s string) bool { return homeWords.MatchString(s) }

func (v *valueReader) grounds() {
	var values []string
	var at span
	take := func(text string, sp span) {
		if g := groundOption(text); g != "" && !contains(values, g) {
			values = append(values, g)
			if at.end == 0 {
				at.start = sp.start
			}
			at.end = max(at.end, sp.end)
		}
	}
	if v.a.options != nil {
		for _, o := range v.a.chosen() {
			take(o.text, o.span)
		}
	} else {
		for _, sp := range listPieces(v.p.sheet.norm, v.p.value) {
			take(sp.of(v.p.sheet.norm), sp)
		}
	}
	v.addSet("grounds", values, at)
}

var listBreak = lazy(`[;,\n]|\s+and\s+|\s/\s`)

func listPieces(norm string, sp span) []span {
	var out []span
	from := sp.start
	for _, m := range listBreak.FindAllStringIndex(sp.of(norm), -1) {
		out = append(out, span{from, sp.start + m[0]})
		from = sp.start + m[1]
	}
	return append(out, span{from, sp.end})
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
