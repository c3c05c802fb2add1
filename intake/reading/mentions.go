package reading

import (
	"strings"
)

// mention is a name in a text, with what speaks for its being the person
// referred.
type mention struct {
	span
	score int
	kin   string // the word before it: son, sister, pupil
}

const kinWords = `son|daughter|boy|girl|lad|child|kid|eldest|youngest|teenager|grandson|granddaughter|grandchild|brother|sister|husband|wife|partner|nephew|niece|cousin|mum|mother|dad|father|friend|neighbour|stepson|stepdaughter|step-son|step-daughter|foster son|foster daughter|foster child|uncle|aunt|godson|goddaughter`
const clientWords = `client|patient|pupil|student|resident|service user|tenant|young person|young man|young woman|young lady|gentleman|lady|man|woman|person|individual|learner|boy|girl|child|adult|customer|one of yours|year \d+ pupil`

var (
	myKin     = lazy(`\b(?:my|our)\s+(?:(?:own|dear|lovely|autistic|older|younger|elder|eldest|youngest|little|big|adult|teenage|adopted|foster|disabled|late|poor|beautiful|middle|other|twin|only|\d+[- ]year[- ]old|\w+-year-old)\s+){0,2}(` + kinWords + `)(?:'s name is|'s name:| is called| called| named| is| -|:|,)?[\s(]+`)
	aClient   = lazy(`\b(?:a|an|the|this|our|my|one of (?:our|my))\s+(?:[\w-]+\s+){0,4}?(` + clientWords + `)(?: we (?:look after|support|work with|care for))?(?: is called| called| named| known as|,|:| -)?[\s(]+`)
	nameIs    = lazy(`\b(?:his|her|their|the (?:child|boy|girl|pupil|client|patient|young person)'s|person's) (?:full )?name(?:'s| is|:)\s+|\b(?:he|she)(?:'s| is) called\s+|\bnazywa się\s+|\bam fy (?:mab|merch),?\s+|\bmój syn,?\s+|\bmoja córka,?\s+`)
	aboutWhom = lazy(`(?m)\b(?:to refer|refer|referring|referral (?:for|of|re:?|regarding)|(?:details|particulars) (?:of|for)|nominat\w+|regarding|concerning|update (?:on|re:?|about)|on behalf of|put forward|please (?:consider|accept|remove|add)|(?:i|we) (?:support|work with|care for|look after)|writing (?:about|for|re)|(?:keyworker|key worker|social worker|nurse|advocate|support worker|teacher|care co-?ordinator|manager|psychologist|deputy|guardian|mum|dad|mother|father|parent|sister|brother|wife|husband|carer) (?:of|for|to)|removing|take)\s+(?:my \w+,?\s+)?|^\s*re:?\s+|\bclient:\s*`)
	ageBehind = lazy(`^['s]{0,2}\s*[,(:\-–]{0,2}\s*(?:\(?\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b|\(?\s*(?:dob|d\.o\.b|date of birth|born|b\.\s?\d|nhs (?:no|num|:|\d)|aged?\b|age:)|\(?\d{1,2}(?:\)|,|\s*(?:years|yrs|yo)\b|\s+and\b)|\d{1,2},? (?:and |yrs? )?(?:autistic|asd|asc|with|male|female|m\b|f\b|\(dob|year)|\d{1,2} \(|is \d{1,2}\b|who(?:'s| is) \d{1,2}\b|was born|turned \d|is (?:our|a|an) (?:\w+ )?(?:year|pupil|client))`)
	selfName  = lazy(`\b(?:my (?:full |legal |real )?name(?:'s| is|:|s)|legal name(?: is|:)|i am called|i'm called|im called|this is|it's|name:)\s+`)
	iAm       = lazy(`\b(?:i am|i'm|im)\s+`)
)

// mentions finds the names in norm[sp) and how much speaks for each.
func mentions(s *sheet, sp span) []mention {
	var out []mention
	low := sp.of(s.low)
	at := func(re *pattern, score int) {
		for _, m := range re.FindAllStringSubmatchIndex(low, -1) {
			name, ok := nameAt(s.norm, sp.start+m[1])
			if !ok || name.start > sp.start+m[1]+6 || name.end > sp.end {
				continue
			}
			kin := ""
			if len(m) > 2 && m[2] >= 0 {
				kin = low[m[2]:m[3]]
			}
			out = append(out, mention{name, score, kin})
		}
	}
	at(myKin, 60)
	out = append(out, smallNames(s, sp)...)
	at(aClient, 45)
	at(nameIs, 40)
	at(aboutWhom, 42)
	out = append(out, agedNames(s, sp)...)
	return out
}

// kinThenSmall is a name without its capital, as phones write: "my son kyle hes
// 15". What follows must be said of somebody, or any word would be a name.
var kinThenSmall = lazy(`\b(?:my|our) (?:\w+ )?(` + kinWords + `)(?:'s name is| is called| called| named|,)? (\p{Ll}{3,}(?: \p{Ll}{3,})?),? (?:hes|shes|he's|she's|he is|she is|who's|who is|is|aged|hes only)? ?\(?\d{1,2}\b`)

func smallNames(s *sheet, sp span) []mention {
	var out []mention
	for _, m := range kinThenSmall.FindAllStringSubmatchIndex(sp.of(s.norm), -1) {
		if name, ok := lowerNameAt(s.norm, sp.start+m[4]); ok && name.end <= sp.start+m[5] {
			out = append(out, mention{name, 55, sp.of(s.low)[m[2]:m[3]]})
		}
	}
	return out
}

// agedNames are names with an age, a birth date or an NHS number behind them.
func agedNames(s *sheet, sp span) []mention {
	var out []mention
	for _, name := range allNames(s, sp) {
		if name.end-name.start > 2 && ageBehind.MatchString(s.low[name.end:min(len(s.low), name.end+40)]) {
			out = append(out, mention{span: name, score: 50})
		}
	}
	return out
}

// allNames lists what looks like a name, the first word of a sentence included
// when more follow.
func allNames(s *sheet, sp span) []span {
	var out []span
	for i := sp.start; i < sp.end; {
		c := s.norm[i]
		if (c < 'A' || c > 'Z') && c < 0xC3 || !edgeBefore(s.norm, i) {
			i++
			continue
		}
		name, ok := nameAt(s.norm, i)
		if !ok || name.end > sp.end || name.start < i {
			for i++; i < sp.end && !edgeBefore(s.norm, i); i++ {
			}
			continue
		}
		out = append(out, name)
		i = max(name.end, i+1)
	}
	return out
}

// firstWord is the first word of a name, in lower case.
func firstWord(n string) string {
	f := strings.Fields(strings.ToLower(bareName(n)))
	if len(f) == 0 {
		return ""
	}
	return f[0]
}
