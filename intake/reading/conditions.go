package reading

import (
	"strings"
)

// stated is a condition that a text speaks of, with its state.
type stated struct {
	span
	field string
	value string // yes, awaiting_assessment, suspected, no
}

var (
	autismTerm   = lazy(`\b(?:autistic|autism|asd|asc|asperger'?s?(?: syndrome)?|on the (?:autis\w+ )?spectrum|aspie)\b`)
	ldTerm       = lazy(`\b(?:(?:mild|moderate|severe|profound|significant)(?: to \w+)? )?(?:learning disabilit(?:y|ies)|learning[- ]disabled|intellectual disabilit(?:y|ies)|global learning disability|ld|pmld|sld|mld)\b`)
	termOfOther  = lazy(`^[\s,]*(?:\w+[ ])?(?:groups?|teams?|assessments?|pathways?|therapist|therapy|services?|unit|charity|nurse|nursing|nurses|specialist|support|school|base|outreach|awareness|society|hub|register|psychology|psychologist|psychiatr\w+|liaison|partnership|provision|resource|champion|list|clinic|team|adults?|children|people|south|north|mid|east|west|friendly|coach|mentor|practitioner|or autis\w+)\b`)
	deniesBefore = lazy(`\b(?:no|not|never|isn't|isnt|without|doesn't|doesnt|don't|dont|hasn't|nor|neither|ruled out|denies|rather than)\b(?:[^,;.]{0,40})$`)
	deniesAfter  = lazy(`^[\s:)–-]*(?:(?:was|is|has been)\s)?(?:no\b|none|ruled out|not (?:diagnosed|present|confirmed as)|excluded)`)
	waitsNear    = lazy(`\btest(?:ing|ed) (?:him|her|me|them) for\b|\bunder assessment\b|\bwait|\bpathway\b|being assessed|referred for|on (?:the|a|our) (?:waiting )?list|assessment (?:is )?(?:pending|due|booked)|pending`)
	suspectsNear = lazy(`\b(?:think|thinks|thought|suspect\w*|possible|possibly|probabl[ey]|query|queried|may (?:be|have)|might (?:be|have)|maybe|wonder\w*|undiagnosed|traits|could be|seems|not (?:yet )?(?:been )?(?:diagnosed|assessed)|i'd say|i would say)\b|\?`)
	otherTerm    = lazy(`\b(?:adhd|dyslexia|dyspraxia|ocd|epilepsy|ehcp|bed|flat|place)\b`)
	ofOthers     = lazy(`\b(?:his|her|their|my other|my own|our other|whose)\s+(?:\w+\s+)?(?:brother|sister|mum|mother|dad|father|cousin|twin|son|daughter|friend|nephew|niece)\b[^.;]*$`)
	bareEvidence = lazy(`(?:\b(?:has|have|had|having|with|got|of|is|are|am|i'm|im|he's|hes|she's|shes|they're|being|diagnosed|diagnosis|both|an?|severe|severely|mild|mildly|moderate|profound|and|also|,|:|non-verbal|young|who's|is also|confirmed|as|maybe|possibly|possible|query|suspected|think|thinks|no|not|my|very|really|our|aged|male|female|says?|likely|therefore|plus|\d+)|\(|[+&/]|^)\s*(?:an?\s+|the\s+)?(?:diagnosis of\s+)?$`)
)

// clauseBreak ends what a negation or a waiting list speaks of.
var clauseBreak = lazy(`[;,.]\s|\bbut\b|\band\b|\n`)

// conditions finds what a stretch of text says of learning disability and
// autism. As an answer under a label the bare word is enough; in a letter it
// must be said of somebody. Where a text contradicts itself the first is taken.
func conditions(s *sheet, sp span, answer bool) []stated {
	text := sp.of(s.low)
	var out []stated
	for _, t := range []struct {
		field string
		term  *pattern
	}{{"person.autism", autismTerm}, {"person.learning_disability", ldTerm}} {
		for _, m := range t.term.FindAllStringIndex(text, -1) {
			v := stateOf(text, m[0], m[1], answer)
			if v == "" {
				continue
			}
			a, b := evidence(text, m[0], m[1])
			out = append(out, stated{span{sp.start + a, sp.start + b}, t.field, v})
		}
	}
	return out
}

// stateOf decides what text says of the term at [start,end).
func stateOf(text string, start, end int, answer bool) string {
	before, after := text[:start], text[end:]
	if ofOthers.MatchString(before) && !answer {
		return ""
	}
	clauseStart, clauseEnd := clause(text, start, end)
	inClause := text[clauseStart:clauseEnd]
	waits := waitsNear.MatchString(near(text, start, end)) && !otherTerm.MatchString(after[:min(len(after), 60)])
	if termOfOther.MatchString(after) {
		if waits && (strings.Contains(after[:min(len(after), 40)], "assess") || strings.Contains(after[:min(len(after), 40)], "pathway")) {
			return "awaiting_assessment"
		}
		return ""
	}
	switch {
	case deniesAfter.MatchString(after):
		if waits {
			return "awaiting_assessment"
		}
		return "no"
	case deniesBefore.MatchString(text[clauseStart:start]) && !strings.Contains(text[clauseStart:start], "not only"):
		return "no"
	case waits && (suspectsNear.MatchString(near(text, start, end)) || waitsNear.MatchString(inClause)) && !strings.Contains(near(text, start, end), "diagnosed"):
		return "awaiting_assessment"
	case isSuspected(text, clauseStart, start, end, clauseEnd):
		return "suspected"
	case answer, bareEvidence.MatchString(before), strings.HasPrefix(text[start:], "autistic"), strings.TrimSpace(before) == "":
		return "yes"
	case strings.HasPrefix(strings.TrimLeft(after, " "), "(") || strings.HasPrefix(strings.TrimLeft(after, " "), "diagnos"):
		return "yes"
	}
	return ""
}

// isSuspected reports whether the clause only suspects the term. A doubt behind
// it may be about another condition: "autistic with suspected ADHD".
func isSuspected(text string, from, start, end, to int) bool {
	if suspectsNear.MatchString(text[from:start]) {
		return true
	}
	m := suspectsNear.FindStringIndex(text[end:to])
	return m != nil && !otherTerm.MatchString(text[end+m[0]:to])
}

// near is what stands close to a term in its sentence.
func near(text string, start, end int) string {
	return text[max(0, start-70):min(len(text), end+90)]
}

func clause(text string, start, end int) (int, int) {
	from, to := 0, len(text)
	for _, m := range clauseBreak.FindAllStringIndex(text, -1) {
		if m[1] <= start {
			from = m[1]
		} else if m[0] >= end {
			to = m[0]
			break
		}
	}
	return from, to
}

// evidence widens a term to its clause, for the quote.
func evidence(text string, start, end int) (int, int) {
	from, to := clause(text, start, end)
	a, b := trim(text, from, to)
	if b-a > 160 {
		return start, end
	}
	return a, b
}
