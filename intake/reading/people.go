package reading

import (
	"sort"
	"strings"
)

// person is somebody referred, as a letter names him or her.
type person struct {
	sheet *sheet
	name  span // empty when the letter gives no name
	kin   string
}

func (p person) value() string {
	v, _ := p.names()
	return v
}

var (
	plural    = lazy(`\b(?:my|our) (?:two|three|\w+ and \w+ year olds?)\b|\bboth (?:of )?(?:my|our|the (?:boys|girls|children|twins)|them|children|boys|girls|sons|daughters|brothers|sisters)\b|\b(?:they|who) (?:are|have|were) both\b|\bboth (?:are|have|were) (?:\w+ )?autistic|\btwins?\b|\bmy (?:sons|daughters|children|boys|girls|brothers|sisters|grandchildren|grandsons|granddaughters|lads)\b|\bour (?:sons|daughters|children|boys|girls)\b|\btwo (?:children|siblings|brothers|sisters|pupils|residents|clients|people|young people|referrals)\b`)
	andName   = lazy(`\s+(?:and|&)\s+`)
	pluralKin = lazy(`\b(?:my|our|two|both|of|have|twin)\s+(?:\w+\s+)?(?:two|sons|daughters|children|boys|girls|twins|brothers|sisters|grandchildren|grandsons|lads|kids|pupils|residents|siblings)\b,?[\s:(-]+`)
)

// people finds who is referred in letters: one person, or several where the
// writer says so in so many words.
func people(letters []*sheet, subject *sheet, w writer, self bool) []person {
	var all []mention
	writer := w.name
	sheets := map[int]*sheet{}
	for _, s := range letters {
		for _, whole := range s.ownWords() {
			for _, sp := range w.above(s, whole) {
				for _, m := range mentions(s, sp) {
					sheets[len(all)] = s
					all = append(all, m)
				}
			}
		}
	}
	if self {
		return nil
	}
	if two := siblings(letters, writer); len(two) > 1 {
		return two
	}
	best := -1
	for i, m := range all {
		n := bareName(m.of(sheets[i].norm))
		if isWriter(n, writer) || isOtherKin(sheets[i], m) {
			continue
		}
		score := m.score + 4*min(strings.Count(n, " "), 3)
		for k, o := range all {
			if k != i && sameFirstName(n, o.of(sheets[k].norm)) {
				score += o.score / 4
			}
		}
		all[i].score = score
		if best < 0 || score > all[best].score {
			best = i
		}
	}
	if best < 0 {
		p := subjectPerson(subject, letters, writer)
		p.kin = firstKin(letters)
		return []person{p}
	}
	p := person{sheet: sheets[best], name: all[best].span, kin: all[best].kin}
	p = fuller(p, letters, subject, writer)
	if p.kin == "" {
		for i, m := range all {
			if m.kin != "" && sameFirstName(p.value(), m.of(sheets[i].norm)) {
				p.kin = m.kin
			}
		}
	}
	return []person{p}
}

// firstKin is what the writer calls somebody whom no name is given of.
func firstKin(letters []*sheet) string {
	for _, s := range letters {
		for _, sp := range s.ownWords() {
			for _, m := range myKinAlone.FindAllStringSubmatch(sp.of(s.low), -1) {
				if kinOfPerson[m[1]] != "" {
					return m[1]
				}
			}
		}
	}
	return ""
}

// isWriter reports whether a name is that of whoever wrote the letter.
func isWriter(n, writer string) bool {
	if writer == "" {
		return false
	}
	if strings.EqualFold(bareName(n), bareName(writer)) {
		return true
	}
	return !strings.Contains(n, " ") && sameFirstName(n, writer)
}

var otherKin = lazy(`\b(?:his|her|their|my|'s)\s+(?:\w+\s+)?(?:stepdad|stepfather|stepmum|twin|brother|sister|mother|mum|father|dad|partner|wife|husband|boyfriend|girlfriend|social worker|advocate|keyworker|teacher|psychiatrist|doctor|gp|friend|flatmate|carer|solicitor|cousin|nan|aunt|uncle|colleague|manager|neighbour|senco)(?:'s name is|,| is| called)?[\s(]*$`)

// isOtherKin reports whether a name is introduced as somebody else's relative,
// or as a professional: "his brother Declan", "her advocate is Pearl Simms".
func isOtherKin(s *sheet, m mention) bool {
	if m.kin != "" {
		return false
	}
	return otherKin.MatchString(s.low[max(0, m.start-50):m.start])
}

// fuller looks for a longer form of a person's name elsewhere.
func fuller(p person, letters []*sheet, subject *sheet, writer string) person {
	have := p.value()
	for _, s := range append(letters[:len(letters):len(letters)], subject) {
		if s == nil {
			continue
		}
		spans := s.ownWords()
		for _, sp := range spans {
			for _, n := range allNames(s, sp) {
				v := bareName(oneLine(n.of(s.norm)))
				if strings.Count(v, " ") > strings.Count(have, " ") && (sameFirstName(v, have) || sameLastName(v, have)) && !strings.EqualFold(v, writer) && extends(have, v) {
					have, p.sheet, p.name = v, s, n
				}
			}
		}
	}
	return p
}

// sameLastName reports whether a single word is the family name of a whole name:
// Mr Fuller is Anthony Fuller.
func sameLastName(full, one string) bool {
	words := strings.Fields(full)
	return !strings.Contains(one, " ") && len(words) > 1 && strings.EqualFold(words[len(words)-1], one)
}

// extends reports whether all words of the short name stand in the long one.
func extends(short, long string) bool {
	words := wordSet(strings.ToLower(long))
	for _, w := range strings.Fields(strings.ToLower(short)) {
		if !words[w] {
			return false
		}
	}
	return true
}

// subjectPerson takes a name that the subject gives, if the letter uses it too.
func subjectPerson(subject *sheet, letters []*sheet, writer string) person {
	if subject == nil {
		return person{}
	}
	line := span{0, len(subject.norm)}
	if own := subject.ownWords(); len(own) == 1 {
		line = own[0]
	}
	for _, n := range allNames(subject, line) {
		v := n.of(subject.norm)
		if isWriter(v, writer) || len(v) < 3 || v == strings.ToUpper(v) && !strings.Contains(v, " ") {
			continue
		}
		if strings.Contains(v, " ") && ageBehind.MatchString(subject.low[n.end:]) {
			return person{sheet: subject, name: n} // "Connor Hemmings dob 04/11/2008"
		}
		for _, s := range letters {
			for _, sp := range s.ownWords() {
				for _, m := range allNames(s, sp) {
					if sameFirstName(m.of(s.norm), v) {
						p := person{sheet: subject, name: n}
						return fuller(p, letters, nil, writer)
					}
				}
			}
		}
	}
	return person{}
}

// siblings finds two or more people who are referred in one letter: the letter
// speaks of several, and names each with an age, a birth date or a number.
func siblings(letters []*sheet, writer string) []person {
	for _, s := range letters {
		var said bool
		byName := map[string]person{}
		var order []string
		for _, sp := range s.ownWords() {
			if !plural.MatchString(sp.of(s.low)) {
				continue
			}
			said = true
			for _, m := range append(agedNames(s, sp), pairedNames(s, sp)...) {
				n := bareName(oneLine(m.of(s.norm)))
				if isWriter(n, writer) || isOtherKin(s, m) {
					continue
				}
				first := firstWord(n)
				if old, ok := byName[first]; !ok || strings.Count(n, " ") > strings.Count(old.value(), " ") {
					if !ok {
						order = append(order, first)
					}
					byName[first] = person{sheet: s, name: m.span}
				}
			}
		}
		if !said || len(order) < 2 || len(order) > 4 {
			continue
		}
		var out []person
		for _, first := range order {
			out = append(out, fuller(byName[first], letters, nil, writer))
		}
		sort.SliceStable(out, func(i, j int) bool { return out[i].name.start < out[j].name.start })
		return shareFamilyName(s, out)
	}
	return nil
}

// pairedNames reads "my twins, Yusuf and Ibrahim Ali".
func pairedNames(s *sheet, sp span) []mention {
	var out []mention
	for _, m := range pluralKin.FindAllStringIndex(sp.of(s.low), -1) {
		a, ok := nameAt(s.norm, sp.start+m[1])
		if !ok || a.start != sp.start+m[1] {
			continue
		}
		gap := andName.FindStringIndex(s.norm[a.end:min(len(s.norm), a.end+8)])
		if gap == nil || gap[0] != 0 {
			continue
		}
		b, ok := nameAt(s.norm, a.end+gap[1])
		if ok {
			out = append(out, mention{span: a, score: 50}, mention{span: b, score: 50})
		}
	}
	return out
}

// shareFamilyName widens "Yusuf" in "Yusuf and Ibrahim Ali" to both words' span,
// so that the quote holds the family name too.
func shareFamilyName(s *sheet, all []person) []person {
	for i := range all {
		if strings.Contains(all[i].value(), " ") || i+1 >= len(all) {
			continue
		}
		next := all[i+1]
		gap := s.norm[all[i].name.end:max(all[i].name.end, next.name.start)]
		words := strings.Fields(next.value())
		if len(words) > 1 && len(gap) <= 6 && andName.MatchString(gap) {
			all[i].name.end = next.name.end
		}
	}
	return all
}

var innerNickname = lazy(`(\p{L}) (?:\(\p{Lu}\p{L}+\)|'\p{Lu}\p{L}+'|"\p{Lu}\p{L}+") (\p{L})`)

func withoutNickname(name string) string { return innerNickname.ReplaceAllString(name, "$1 $2") }

// names gives each person's name as a value; a span that covers two people
// gives the first name of the first with the family name of the last.
func (p person) names() (string, Source) {
	if p.sheet == nil || p.name.start == p.name.end {
		return "", Source{}
	}
	raw := withoutNickname(oneLine(p.name.of(p.sheet.norm)))
	if m := andName.FindStringIndex(raw); m != nil {
		words := strings.Fields(raw[m[1]:])
		raw = raw[:m[0]] + " " + strings.Join(words[1:], " ")
	}
	return properName(bareName(raw)), p.sheet.source(p.name.start, p.name.end)
}
