package reading

import (
	"strings"
)

// careSaid are the other states of care that letters name in full.
var careSaid = []struct {
	code  string
	words *pattern
}{
	{"child_in_need", lazy(`\b(?:is|as|on|under|has) (?:\w+ )?(?:a child in need|child in need plan|cin plan)\b`)},
	{"child_protection_plan", lazy(`\b(?:is|are|on|under|has|subject to|subject of) (?:\w+ ){0,2}(?:child protection plan|cp plan)\b`)},
	{"care_leaver", lazy(`\b(?:is|as) a care[- ]leaver\b`)},
}

const ehcpWords = `(?:ehcp|ehc plan|education,? health,? and care plan)`

var (
	ehcpTerm        = lazy(`\b` + ehcpWords + `\b`)
	ehcpNo          = lazy(`(?:\b(?:no|not|without|hasnt|doesnt|refused|turned (?:us|him|her) down for|never|lost)|n't)\b[^.;,]{0,25}$`)
	ehcpAsked       = lazy(`\b(?:appl(?:y|ied|ying)|assess\w*|request\w*|waiting|asked|asking|draft|in progress|being|want|need)\b[^.;]{0,30}$`)
	ehcpAsked2      = lazy(`^[^.;]{0,20}\b(?:assessment|application|request|in progress|is being|pending|needs assessment)\b`)
	lookedAfterText = lazy(`\b(?:(?:is|was|came to us|been|are|placed|accommodated) (?:\w+ ){0,6}?(?:under (?:a )?(?:section|s\.?) ?(?:20|31)|looked[- ]after|(?:in|into) foster care|in care\b|on a (?:full )?care order)|looked[- ]after child|placed with (?:a )?foster|foster (?:family|carers?|placement) (?:in|have|has|gave|given)|full care order|i'm a foster carer|i am a foster carer|we are foster carers|we foster)\b`)
	futureCare      = lazy(`\b(?:will|would|could|might|may|going to|go|going|end up|taken|put|want\w*)\b[^.;]{0,25}$`)
	inpatientNow    = lazy(`(?:^|, )detained (?:under )?(?:section |s\.? ?)(?:2|3|37)\b|\b(?:is|am|i'm|he's|she's|currently|now|been|remains) (?:still )?(?:currently )?(?:an? )?(?:in-?patient|informal patient|detained (?:\w+ )?s\.? ?(?:2|3|37)\b|detained (?:at|in|under|on)|on (?:a )?section (?:2|3|37)\b|sectioned (?:at|in|on))`)
	hasCapacity     = lazy(`\b(?:has|have|i've got|have got|has got|with|assessed as having|retains) (?:full |the |mental )*capacity\b`)
	lacksCapacity   = lazy(`\b(?:lacks?|lacking|without|does(?:n't| not) have|did not have|assessed as lacking) (?:the |mental )*capacity\b`)
	// A professional who held a best-interests meeting says so in these words; a
	// relative's "he can't decide" alone is no report of capacity.
	cannotDecide = lazy(`\b(?:cannot|can't|can not|unable to|not able to) make (?:this|the|such a) decision\b`)
	ragSaid      = lazy(`\b(?:suggest\w*|rat(?:e|ed|ing)|rag|propose\w*|recommend\w*|go(?:es)? up to|should be|would be|view(?: is)?|think\w*)\b[^.;]{0,40}\b(red|amber|green|blue)\b|\b(red|amber|green|blue) (?:rating|on the rag|rag)\b`)
)

// plans reads the education plan, care status, admission, capacity and rating.
func (f *letterFacts) plans(a about, low string) {
	if m := ehcpTerm.FindStringIndex(low); m != nil {
		value := "yes"
		switch {
		case ehcpNo.MatchString(low[:m[0]]):
			value = "no"
		case ehcpAsked.MatchString(low[:m[0]]), ehcpAsked2.MatchString(low[m[1]:]):
			value = "being_assessed"
		case strings.HasSuffix(strings.TrimSpace(low), "?"):
			value = ""
		}
		f.put(a, "person.ehcp", value, a.sen.start+m[0], a.sen.start+m[1], 0.8)
	} else if m := ehcPlanShort.FindStringIndex(low); m != nil {
		f.put(a, "person.ehcp", "yes", a.sen.start+m[0], a.sen.start+m[1], 0.75)
	}
	if m := lookedAfterText.FindStringIndex(low); m != nil && !futureCare.MatchString(low[:m[0]]) && !negationEnd.MatchString(low[:m[0]]) {
		f.put(a, "person.care_status", "looked_after", a.sen.start+m[0], a.sen.start+m[1], 0.75)
	}
	for _, c := range careSaid {
		if m := c.words.FindStringIndex(low); m != nil && !negationEnd.MatchString(low[:m[0]]) && !futureCare.MatchString(low[:m[0]]) {
			f.put(a, "person.care_status", c.code, a.sen.start+m[0], a.sen.start+m[1], 0.75)
		}
	}
	if m := inpatientNow.FindStringIndex(low); m != nil && !negationEnd.MatchString(low[:m[0]]) && !strings.Contains(low[m[0]:m[1]], "not") {
		f.put(a, "person.inpatient", "yes", a.sen.start+m[0], a.sen.start+m[1], 0.75)
	}
	if m := lacksCapacity.FindStringIndex(low); m != nil || cannotDecide.MatchString(low) && strings.Contains(a.s.low, "best interest") {
		if m == nil {
			m = cannotDecide.FindStringIndex(low)
		}
		f.put(a, "capacity.reported", "lacks", a.sen.start+m[0], a.sen.start+m[1], 0.85)
	} else if m := hasCapacity.FindStringIndex(low); m != nil && !negationEnd.MatchString(low[:m[0]]) && !strings.Contains(low, "if ") {
		f.put(a, "capacity.reported", "has", a.sen.start+m[0], a.sen.start+m[1], 0.85)
	}
	if m := ragSaid.FindStringSubmatchIndex(low); m != nil {
		g := 2
		if m[2] < 0 {
			g = 4
		}
		f.put(a, "rag_suggested", low[m[g]:m[g+1]], a.sen.start+m[0], a.sen.start+m[1], 0.8)
	}
}

var ehcPlanShort = lazy(`\bfull ehcp\b|\bhas (?:an )?ehc plan\b`)

var (
	speaks      = lazy(`\b(?:first|main|home) language is (\p{L}+)|\b(?:only |mainly )?speaks? (polish|urdu|bengali|punjabi|gujarati|arabic|romanian|lithuanian|portuguese|turkish|somali|tamil|farsi|french|spanish|italian|cantonese|mandarin|hindi|russian|ukrainian|albanian|yoruba|welsh|bulgarian|kurdish|pashto)\b`)
	interprets  = lazy(`\b(?:need(?:s|ed)?|want(?:s)?|please (?:arrange|book|use)|with|would like|require(?:s|d)?) (?:an? )?(?:\w+ )?interpreter\b|\btłumacz\w*`)
	howTheyTell = lazy(`\b(?:does(?:n't| not) (?:really )?(?:speak|talk)|do not (?:really )?(?:speak|talk)|no speech|non-?verbal|non-?speaking|makaton|signs a bit|pecs|picture (?:book|cards|symbols)|eye-?gaze|communicat(?:es|or|ion (?:book|aid|cards))|talks?,? but|can (?:say|talk|tell)|speaks in|short (?:words|phrases|sentences)|objects of reference|colour cards|that's how (?:he|she) tells|types? on|will type|easy read|large print|big letters|few words|uses (?:a )?(?:tablet|symbols|signs|pictures|cards|gestures)|understands (?:more|pictures|simple|short)|hard of hearing|deaf|sign language|bsl|knows about \w+ signs|time to (?:answer|process)|photo of who)`)
	contactMe   = lazy(`\b(?:email (?:only|is best|is better|please|me)|by email|(?:write|text|email) (?:to )?me|in writing|do(?:n't| not) (?:answer|do phone|do calls|like (?:phone|calls|talking on|telephon)|use the phone|ring|phone|call)|can(?:no|')?t (?:answer|do (?:phone|calls)|use (?:the )?(?:phone|telephone)|speak on|talk on)|not (?:by )?phone|text (?:is|only|me|best|message)|phone calls (?:very )?(?:hard|scare|make)|calls make|no (?:phone )?calls|easy read|large print|big letters|pictures)\b`)
)

// needs reads languages, interpreters and how somebody communicates, in the
// writer's words.
func (f *letterFacts) needs(a about, low string) {
	if m := speaks.FindStringSubmatchIndex(low); m != nil {
		g := 2
		if m[2] < 0 {
			g = 4
		}
		f.put(a, "person.first_language", properName(a.sen.of(a.s.norm)[m[g]:m[g+1]]), a.sen.start+m[0], a.sen.start+m[1], 0.7)
	}
	if m := interprets.FindStringIndex(low); m != nil && !negationEnd.MatchString(low[:m[0]]) {
		f.put(a, "person.interpreter", "yes", a.sen.start+m[0], a.sen.start+m[1], 0.75)
	}
	told := howTheyTell.MatchString(low) && !iTalk.MatchString(low)
	if f.self {
		told = told || contactMe.MatchString(low)
	}
	if told && len(low) < 320 && !aboutLeaflet.MatchString(low) {
		start, confidence := a.sen.start, 0.7
		if m := contactMe.FindStringIndex(low); f.self && m != nil {
			start += clauseStart(low, m[0])
			confidence = 0.75
		}
		f.put(a, "person.communication_needs", oneLine(a.s.norm[start:a.sen.end]), start, a.sen.end, confidence)
	}
}

var aboutLeaflet = lazy(`\b(?:showed|shown|leaflet|about your|talked about)\b`)

// clauseStart is where the clause around offset at of a long sentence begins.
func clauseStart(low string, at int) int {
	if strings.Count(low, " ") < 12 {
		return 0
	}
	best := 0
	for _, cut := range []string{" so ", "; ", " - "} {
		if i := strings.LastIndex(low[:at], cut); i >= 0 {
			best = max(best, i+len(cut))
		}
	}
	return best
}

// iTalk keeps the writer's own talking, and talks with services, out.
var iTalk = lazy(`\b(?:i|we|school|doctor|they) (?:can |could |would like to |want to |will )?(?:talk|tell|say|speak)\b|\bcan say (?:yes|no) to\b|\bcan tell (?:you|them) (?:what|that|about|my)\b|\bcan talk to you\b|\byou can (?:tell|talk|say)\b`)

var (
	parentNamed = lazy(`\b(?:his|her|their|\p{L}+'s|the child's)\s+(?:birth |adoptive )?(mother|mum|father|dad|grandmother|grandfather|nan)\s*(?:,|is|:)?\s+$`)
	isParent    = lazy(`^\s*(?:,\s*)?(?:is|who is)\s+(?:his|her|their)\s+(mother|mum|father|dad)\b`)
	parentalYes = lazy(`\b(?:she|he|mother|mum|father|dad|who|and|parents|they|both)\s+(?:\w+ )?(?:has|have|holds?|hold|shares?)\s+(?:full |sole )?(?:parental responsibility|pr\b)|\bparental responsibility, that's (?:still )?with (?:his|her) (?:mum|mother|dad|father)`)
	parentalMe  = lazy(`\bi (?:also )?(?:have|hold|share) (?:full |sole )?(?:parental responsibility|pr\b)|\bi have parental responsibility\b|\band i have parental responsibility\b`)
)

// people2 reads the parent or guardian whom a letter names beside its writer.
func (f *letterFacts) people2(a about, low string) {
	if m := parentalYes.FindStringIndex(low); m != nil && !negationEnd.MatchString(low[:m[0]]) {
		f.put(a, "guardian.parental_responsibility", "yes", a.sen.start+m[0], a.sen.start+m[1], 0.8)
	} else if m := parentalMe.FindStringIndex(low); m != nil && !f.self {
		f.put(a, "guardian.parental_responsibility", "yes", a.sen.start+m[0], a.sen.start+m[1], 0.7)
	}
	for _, n := range allNames(a.s, a.sen.span) {
		before := low[:n.start-a.sen.start]
		kin := ""
		if m := parentNamed.FindStringSubmatch(before); m != nil {
			kin = m[1]
		} else if m := isParent.FindStringSubmatch(low[n.end-a.sen.start:]); m != nil && strings.Contains(n.of(a.s.norm), " ") {
			kin = m[1]
		}
		if kin == "" || f.isPerson(n.of(a.s.norm)) {
			continue
		}
		f.put(a, "guardian.name", bareName(properName(n.of(a.s.norm))), n.start, n.end, 0.8)
		f.put(a, "guardian.relationship", relationCode(kin), max(a.sen.start, n.start-len(kin)-12), n.end, 0.8)
		behind := span{n.end, min(a.sen.end, n.end+25)}
		if hits := phones(behind.of(a.s.norm)); len(hits) > 0 {
			f.put(a, "guardian.phone", hits[0].value, behind.start+hits[0].start, behind.start+hits[0].end, 0.8)
		}
		return
	}
}

func (f *letterFacts) isPerson(n string) bool {
	for _, p := range f.people {
		if sameFirstName(n, p.value()) {
			return true
		}
	}
	return false
}
