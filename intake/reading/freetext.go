package reading

import (
	"strings"
	"time"
)

// letterFacts reads the facts that a letter tells of the people it refers.
type letterFacts struct {
	now    time.Time
	self   bool // the writer is the person
	people []person
	out    [][]found // for each person
}

// about is a sentence with the people it speaks of.
type about struct {
	s   *sheet
	sen sentence
	who []int // indexes of people; all of them where it names none
}

var everybody = lazy(`^they\b|\b(?:both|we all|all of us|the (?:boys|girls|twins|children)|we live|our address|we are at|we're at|each of them)\b`)

// attribute says of whom each sentence speaks: those it names, else whoever the
// paragraph spoke of last, else everybody.
func (f *letterFacts) attribute(s *sheet) []about {
	var out []about
	everyone := make([]int, len(f.people))
	for i := range everyone {
		everyone[i] = i
	}
	for _, sp := range s.letterWords() {
		last, para := everyone, -1
		for _, sen := range sentences(s.norm, sp.start, sp.end) {
			if sen.para != para {
				last, para = everyone, sen.para
			}
			who := everyone
			if len(f.people) > 1 {
				who = f.named(sen.of(s.low))
				switch {
				case everybody.MatchString(sen.of(s.low)) && len(who) != 1:
					who = everyone
				case len(who) == 0:
					who = last
				}
				last = who
			}
			out = append(out, about{s, sen, who})
		}
	}
	return out
}

// named lists the people whose first names a text holds; of several the one
// that is named first, if only one is the subject.
func (f *letterFacts) named(low string) []int {
	var who []int
	first := len(low) + 1
	for i, p := range f.people {
		w := firstWord(p.value())
		if w == "" {
			continue
		}
		if at := wordIndex(low, w); at >= 0 {
			if at < first {
				first = at
				who = append([]int{i}, who...)
			} else {
				who = append(who, i)
			}
		}
	}
	if len(who) > 1 && first < 25 && !f.together(low) {
		return who[:1] // "Ella is frightened of Ben" is about Ella
	}
	return who
}

// together reports whether a text names two of the people side by side: "Taiwo
// and Kehinde".
func (f *letterFacts) together(low string) bool {
	for _, a := range f.people {
		for _, b := range f.people {
			if x, y := firstWord(a.value()), firstWord(b.value()); x != y && strings.Contains(low, x+" and "+y) {
				return true
			}
		}
	}
	return false
}

func wordIndex(s, w string) int {
	for at := 0; ; {
		i := strings.Index(s[at:], w)
		if i < 0 {
			return -1
		}
		i += at
		if edgeBefore(s, i) && edgeAfter(s, i+len(w)) {
			return i
		}
		at = i + len(w)
	}
}

// put gives a fact to everybody that the sentence is about.
func (f *letterFacts) put(a about, field, value string, start, end int, confidence float64) {
	if value == "" || start >= end {
		return
	}
	fact := Fact{Value: value, Source: a.s.source(start, end), Method: "phrase", Confidence: confidence}
	for _, i := range a.who {
		f.out[i] = append(f.out[i], found{field, fact})
	}
}

// sentence takes every fact from one sentence.
func (f *letterFacts) sentence(a about) {
	low := flat(a.sen.of(a.s.low))
	f.birth(a, low)
	f.age(a, low)
	f.gender(a, low)
	f.nhs(a)
	f.place(a, low)
	f.services(a, low)
	f.plans(a, low)
	f.needs(a, low)
	f.people2(a, low)
	f.knownAs(a, low)
	if !f.isOfOther(low) && !labelLine.MatchString(a.sen.of(a.s.norm)+" ") {
		for _, c := range conditions(a.s, a.sen.span, false) {
			f.put(a, c.field, c.value, c.start, c.end, 0.8)
		}
	}
}

var goesBy = lazy(`\b(?:goes by|go by|known as|likes to be called|like to be called|prefers (?:to be called|the name)|prefer (?:to be called|the name)|everyone calls (?:him|her|them|me)|we call (?:him|her|them)) "?$`)

// knownAs reads what somebody is called, where the letter says so.
func (f *letterFacts) knownAs(a about, low string) {
	for _, n := range allNames(a.s, a.sen.span) {
		v := n.of(a.s.norm)
		if !strings.Contains(v, " ") && goesBy.MatchString(low[:n.start-a.sen.start]) {
			f.put(a, "person.known_as", v, n.start, n.end, 0.8)
		}
	}
}

var (
	iHave     = lazy(`\b(?:i am|i'm|im|i have|i've|ive|i was|i think i)\b`)
	otherSubj = lazy(`^(?:and |but |also )?(?:his|her|their|my (?:other|older|younger|own)|the other) (?:\w+ )?(?:sister|brother|twin|son|daughter|mum|mother|dad|father|cousin|friend)\b|\bthis isn't about (?:her|him)\b`)
)

// isOfOther reports whether a sentence speaks of the writer or of a relative
// where it says what somebody has.
func (f *letterFacts) isOfOther(low string) bool {
	if otherSubj.MatchString(low) {
		return true
	}
	if f.self {
		return false
	}
	m := iHave.FindStringIndex(low)
	if m == nil {
		return false
	}
	t := autismTerm.FindStringIndex(low)
	if t == nil {
		t = ldTerm.FindStringIndex(low)
	}
	return t != nil && m[1] < t[0] && t[0]-m[1] < 25 && !strings.Contains(low[m[1]:t[0]], "writing")
}

var (
	birthWord   = lazy(`(?:\bd\.?\s?o\.?\s?b\b\.?|\bdate of birth\b|\bborn\b|\bbirthda(?:y|te)\b|\bbirth\b|\bb\.|\burodzon[ay]\b|\bn[ăa]scut[ăa]?\b|\bgeboren\b|\bnacid[oa]\b|\bnata?o?\b il|\bné[e]?\b|\bgim(?:ęs|usi)\b|\bdoğum\b|\bur\.|\bgeni\b|\b(?:an?wyd|ganwyd|ganed)(?: ar)?\b|\bd\.of b)[^\d\n]{0,25}$`)
	ageThenDate = lazy(`\b(?:is|was|turned|turns|am|i'm|'s|aged?) \d{1,2}\b[^.]{0,30}\($|\d{1,2} tomorrow \($|\p{L},? \d{1,2} \($`)
	isDate      = lazy(`\b(?:he|she|they)(?:'s| is|s)\s+$`)
	turned      = lazy(`\bturn(?:ed|s|ing) \d{1,2} in (jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)`)
	american    = lazy(`\b(?:mom|semester|my cell|counseling|in the states|\w+ college in the us|color|center)\b`)
)

func (f *letterFacts) birth(a about, low string) {
	for _, d := range dates(low, f.now) {
		if d.why != "" || d.year == 0 || d.time().After(f.now.AddDate(0, 0, -7)) || age(d.time(), f.now) > 110 {
			continue
		}
		before := low[:d.start]
		behindName := f.behindName(a, a.sen.start+d.start)
		if !birthWord.MatchString(before) && !behindName && !(ageThenDate.MatchString(before) || isDate.MatchString(before)) {
			continue
		}
		if isDate.MatchString(before) && d.year > f.now.Year()-3 || otherSubj.MatchString(low) {
			continue
		}
		if f.doubtful(a, d, low) {
			continue
		}
		f.put(a, "person.date_of_birth", d.iso(), a.sen.start+d.start, a.sen.start+d.end, 0.9)
		return
	}
}

// doubtful reports whether a date may be in American order: the writer says
// that the person turned N in another month, or writes as Americans do.
func (f *letterFacts) doubtful(a about, d dateHit, low string) bool {
	if d.day > 12 || d.day == d.month || strings.ContainsAny(low[d.start:d.end], "abcdefghijklmnopqrstuvwxyz") {
		return false
	}
	if m := turned.FindStringSubmatch(low); m != nil && monthNumber[m[1]] != d.month {
		return true
	}
	return american.MatchString(a.s.low)
}

// behindName reports whether a date stands right behind the person's name:
// "Kofi Danso (14/02/1985)".
func (f *letterFacts) behindName(a about, at int) bool {
	for _, i := range a.who {
		p := f.people[i]
		if p.sheet == a.s && p.name.end > 0 && at > p.name.end && at-p.name.end <= 3 {
			return true
		}
	}
	return false
}

var numberWords = map[string]string{"three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "twenty-one": "21", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60"}

const ageNumber = `(\d{1,2}|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty)`

var (
	heIs      = lazy(`(?:^|[,;(.] ?|\band |\bbut |\bautistic |\bwho )(he|she|they|who|i|hes|shes|he's|she's|i'm|im|they're|aged|is)(?:'s|'m| is| are| am)? (now |only |just |about |nearly |almost |aged |already )?(?:an? )?` + ageNumber + `(?:[ ,.;)-]|$)`)
	ageParen  = lazy(`^['s]{0,2}[,]?\s*\(\s*(?:aged? |age: ?)?(\d{1,2})(?:\s*(?:years old|yrs|yo|years))?\s*[,)]`)
	ageComma  = lazy(`^,?\s*(?:who(?:'s| is)|aged?|is|are|who is aged|is aged|who's aged|is now|was)\s*(?:now |aged )?` + ageNumber + `\b`)
	ageBare   = lazy(`^,?\s*(\d{1,2})(?:,|\s*(?:years old|yrs|yo)|\.(?:\s|$)|$|\s*\(|\s+(?:and|autistic|asd|asc|with)\b)`)
	hesAge    = lazy(`\b(?:hes|shes|he's|she's) (?:only |now |just )?(\d{1,2})\b`)
	autAge    = lazy(`^(?:i am |i'm )?(?:autistic|asd|asc),? (?:and |aged )?(\d{2})\b`)
	ageFirst  = lazy(`^(?:aged )?(\d{1,2}),? (?:and )?(?:autistic|asd|asc|with|years old|yrs)\b`)
	listedAge = lazy(`\b(?:i'm|im|i am) [^.;:!?]{2,40}, (\d{1,2})(?:,|\.| and|$)`)
	thisOld   = lazy(`\b(?:this|an?|the) (\d{1,2})[- ]years?[- ]old (?:\w+ ){0,2}?(?:man|woman|boy|girl|lady|gentleman|male|female|person|student|pupil|patient|client)\b`)
	notYet    = lazy(`\b(?:before|when|until|till|til|once|if|after|since|by the time|as soon as|like) $`)
	yearOld   = lazy(`\bmy (?:\w+ )?` + ageNumber + `[- ]years?[- ]old\b`)
	iAmAge    = lazy(`\b(?:i'm|im|i am)(?: only| now| just)? (\d{1,2})(?:\b[^a-z%/:.\d]|[ ,]| and|$)`)
	turnedAge = lazy(`\b(?:he|she|they|who) (?:has )?(?:just )?turned (\d{1,2}) (?:in|on|last|this|yesterday|today)\b`)
	notAnAge  = lazy(`^\s*(?:(?:on |in |this |next )?(?:next|soon|in (?:january|february|march|april|may|june|july|august|september|october|november|december|a |two|three|\d))\b|%|of\b|people|times|weeks|days|months|hours|minutes|miles|pm\b|am\b|st\b|nd\b|rd\b|th\b|tomorrow|on my own|nights|in a|and a half (?:hours|weeks))`)
)

func (f *letterFacts) age(a about, low string) {
	take := func(m []int, g int) bool {
		n := low[m[g]:m[g+1]]
		if w := numberWords[n]; w != "" {
			n = w
		}
		if notAnAge.MatchString(low[m[g+1]:]) || atoi(n) < 1 || atoi(n) > 105 {
			return false
		}
		f.put(a, "person.age", n, a.sen.start+m[0], a.sen.start+m[g+1], 0.8)
		return true
	}
	for _, i := range a.who {
		if f.ageBehindName(about{a.s, a.sen, []int{i}}, low, i) && len(a.who) == 1 {
			return
		}
	}
	if otherSubj.MatchString(low) {
		return
	}
	if m := yearOld.FindStringSubmatchIndex(low); m != nil && take(m, 2) {
		return
	}
	for _, re := range []*pattern{hesAge, ageFirst, thisOld} {
		if m := re.FindStringSubmatchIndex(low); m != nil && !f.self && !f.spokenOf(a, low[:m[0]]) && !notYet.MatchString(low[:m[0]]) && take(m, 2) {
			return
		}
	}
	if f.self {
		for _, re := range []*pattern{listedAge, autAge} {
			if m := re.FindStringSubmatchIndex(low); m != nil && take(m, 2) {
				return
			}
		}
		if m := iAmAge.FindStringSubmatchIndex(low); m != nil && take(m, 2) {
			return
		}
	}
	if m := turnedAge.FindStringSubmatchIndex(low); m != nil && take(m, 2) {
		return
	}
	if m := heIs.FindStringSubmatchIndex(low); m != nil {
		subject, near := low[m[2]:m[3]], m[4] >= 0 && strings.Contains("nearly almost ", low[m[4]:m[5]])
		first := subject == "i" || subject == "i'm" || subject == "im"
		if first != f.self || near || subject == "is" && !f.nameBefore(a, m[2]) || subject == "aged" && f.self {
			return
		}
		if (subject == "he" || subject == "she") && m[0] > 0 && !strings.HasPrefix(low[m[0]:], ".") && f.spokenOf(a, low[:m[0]]) {
			return
		}
		take(m, 6)
	}
}

// spokenOf reports whether a sentence has named somebody else before: "he
// pushed his nan over, and she is 74".
func (f *letterFacts) spokenOf(a about, before string) bool {
	return relativeWord.MatchString(before)
}

var relativeWord = lazy(`\b(?:his|her|their) (?:\w+ )?(?:nan|nana|gran|grandma|grandmother|grandad|grandfather|mum|mother|dad|father|brother|sister|wife|husband|aunt|uncle|partner|stepdad|stepfather)\b|\bmy (?:wife|husband|mum|dad|mother|father|partner)\b`)

// ageBehindName reads "Ben who is 11", "Jack Dunmow (19)", "Savannah, 14,".
func (f *letterFacts) ageBehindName(a about, low string, who int) bool {
	w := firstWord(f.people[who].value())
	kin := f.people[who].kin
	var ends []int
	for _, n := range allNames(a.s, a.sen.span) {
		if w != "" && firstWord(n.of(a.s.norm)) == w {
			ends = append(ends, n.end-a.sen.start)
		}
	}
	if kin != "" {
		if at := wordIndex(low, kin); at >= 0 {
			ends = append(ends, at+len(kin))
		}
	}
	for _, end := range ends {
		for _, re := range []*pattern{ageParen, ageComma, ageBare} {
			m := re.FindStringSubmatchIndex(low[end:])
			if m == nil {
				continue
			}
			n := low[end+m[2] : end+m[3]]
			if word := numberWords[n]; word != "" {
				n = word
			}
			if notAnAge.MatchString(low[end+m[3]:]) {
				continue
			}
			f.put(a, "person.age", n, a.sen.start+end+m[0], a.sen.start+end+m[3], 0.85)
			return true
		}
	}
	return false
}

func (f *letterFacts) nameBefore(a about, at int) bool {
	before := a.sen.of(a.s.low)[:at]
	for _, i := range a.who {
		if w := firstWord(f.people[i].value()); w != "" && wordIndex(before, w) >= 0 {
			return true
		}
	}
	return false
}

var (
	maleKin   = lazy(`\b(?:my|our) (?:\w+ ){0,2}?(?:son|boy|lad|brother|grandson|nephew|husband|stepson|godson|dad|father|uncle|young man|gentleman)\b|\b(?:young man|gentleman|i am a man|i'm a man|autistic man|autistic boy)\b|\b(?:mój syn|fy mab)\b`)
	femaleKin = lazy(`\b(?:my|our) (?:\w+ ){0,2}?(?:daughter|girl|sister|granddaughter|niece|wife|stepdaughter|goddaughter|mum|mother|aunt)\b|\b(?:young woman|young lady|i am a woman|i'm a woman|autistic woman|autistic girl)\b|\b(?:mojej córki|moja córka|fy merch)\b`)
	nonBinary = lazy(`\bnon-?binary\b|\benby\b`)
)

// gender comes from plain words for the person, never from a name.
func (f *letterFacts) gender(a about, low string) {
	if otherSubj.MatchString(low) {
		return
	}
	for _, g := range []struct {
		value string
		re    *pattern
	}{{"non-binary", nonBinary}, {"male", maleKin}, {"female", femaleKin}} {
		m := g.re.FindStringIndex(low)
		if m == nil || f.self && strings.Contains(low[m[0]:m[1]], "my ") {
			continue
		}
		if kin := f.people[a.who[0]].kin; kin != "" && !f.self && !strings.Contains(low[m[0]:m[1]], kin) {
			continue
		}
		f.put(a, "person.gender", g.value, a.sen.start+m[0], a.sen.start+m[1], 0.7)
		return
	}
}

// nearest narrows a sentence about several people to the one who is named last
// before an offset: "Taiwo's NHS number is … and Kehinde's is …".
func (f *letterFacts) nearest(a about, at int) about {
	if len(f.people) < 2 {
		return a
	}
	before := a.sen.of(a.s.low)[:at]
	best, last := -1, -1
	for i, p := range f.people {
		if w := firstWord(p.value()); w != "" {
			if k := strings.LastIndex(before, w); k > last && edgeBefore(before, k) {
				best, last = i, k
			}
		}
	}
	if best >= 0 {
		a.who = []int{best}
	}
	return a
}

func (f *letterFacts) nhs(a about) {
	for _, h := range nhsNumbers(a.sen.of(a.s.norm)) {
		if h.why == "" {
			a := f.nearest(a, h.start)
			f.put(a, "person.nhs_number", h.digits, a.sen.start+h.start, a.sen.start+h.end, 0.93)
		}
	}
}
