package reading

import (
	"strings"
)

const kept = `((?:(?:my|his|her|their|our|the|either|any of (?:my|his|her)|\p{L}+'s)\s)?(?:(?:birth|step|own|ex|former|older|younger|other|whole|placing|foster|biological|adoptive|estranged)[ -]?)?(?:dad|father|daddy|mum|mam|mother|parents?|mum (?:and|or) dad|dad (?:and|or) mum|mother (?:and|or) father|stepdad|stepfather|step-father|stepmum|stepmother|partner|husband|ex-husband|ex-wife|ex-partner|ex|wife|boyfriend|girlfriend|brother|sister|family|birth family|landlord|landlady|school|college|employer|uncle|aunt|nan|gran|grandparents|grandmother|grandfather|son|daughter|neighbours?|carers?|agency|home|manager|housemates?|flatmates?|cousin|work|boss|in-laws)(?:\s(?:and|or)\s(?:my|his|her|the)?\s?(?:dad|mum|father|mother|sister|brother|family|stepdad|partner|placing agency|agency))?)\b`

// keepRules are the ways of asking that somebody is not told. Each captures
// whom.
var keepRules = []*pattern{
	lazy(`\b(?:do not|don't|dont|never|not to|must not|mustn't|should not|shouldn't|without|cannot|can't|can not|won't|please not|rather (?:you|not|you didn't|you did not)|not) (?:be )?(?:\w+ ){0,2}?(?:tell|telling|told|inform|informing|contact|contacting|write to|ring|ringing|call|phone|email|speak to|speaking to|talk to|talking to|let|copy in|copy|involve|involving|notify|approach|send (?:\w+ ){1,3}to|sent to|share (?:\w+ ){0,4}with|discuss (?:\w+ ){0,4}with|mention (?:\w+ ){0,4}to|shared with|disclosed? (?:\w+ )?to|give (?:\w+ ){1,4}to|goes? to|go to|pass (?:\w+ ){1,3}to)\s+` + kept),
	lazy(`\b` + kept + `(?: \p{L}+)? (?:must|should|can|may|is|are|has|ought)(?:n't| not| never|not) (?:to )?(?:\w+ )?(?:know|find out|be told|told|be contacted|be informed|informed|contacted|involved|hear|see (?:this|it)|be (?:sent|given|copied)|get|told about)`),
	lazy(`\b(?:does not|doesn't|do not|don't|doesnt|dont|did not|didn't|would not|wouldn't) (?:want|like|wish) (?:for )?` + kept + `(?: \p{L}+)? (?:to (?:know|be (?:told|informed|contacted|involved)|find out|hear|see|get)|told|informed|contacted|involved|knowing|finding)`),
	lazy(`\b(?:keep|kept|keeping|hide|secret) (?:this |it |that |everything |all of this )?(?:away |secret |private |hidden )?from ` + kept),
	lazy(`\b(?:nothing|no letters?|anything|no information|not|no contact|no calls?)\b[^.;]{0,50}?\b(?:sent|disclosed|shared|given|passed|told|goes|posted|going|made|go) (?:to|with) ` + kept),
	lazy(`\bbefore (?:you )?(?:contact|tell|speak to|talk to|ring|contacting|telling|speaking to)\s?(?:ing)? ?` + kept),
	lazy(`\b` + kept + ` (?:does not|doesn't|don't|do not|doesnt|dont) know (?:about|i|that|we|any|and i)[^.;]{0,60}\b(?:please|keep|don't|do not|want|secret)`),
}

var (
	keepName  = lazy(`\b(?:do not|don't|dont|never|must not|should not) (?:\w+ )?(?:tell|contact|inform|ring|write to|speak to|talk to|let)\s+`)
	keepName2 = lazy(`\b(?:does not|doesn't|do not|don't) want (?:(?:his|her|my|their) (?:\w+ )?(?:brother|sister|father|mother|dad|mum|uncle|aunt|partner|husband|wife|friend) )?`)
	// bareKin is whom people name without "his": "send letter to Kacper father".
	bareKin     = lazy(`\b(?:do not|don't|dont|never) (?:\w+ ){0,2}?(?:send|tell|write|give|say|inform|contact|ring|call)(?: (?:\w+ ){0,3}?(?:to|with))? ((?:\p{L}+ )?(?:father|dad|mother|mum|stepdad|brother|sister|uncle|aunt|husband|wife|partner))\b`)
	toldAfter   = lazy(`^\s*(?:to (?:be told|know|be informed|find out|be contacted)|told|informed|contacted|knowing)\b`)
	keepPronoun = lazy(`\b(?:(she|he|they) (?:must|should) not (?:be told|know|find out)|(?:would|'d) (?:rather|prefer) (?:that )?(he|she|they) (?:didn't|did not|doesn't|does not) know|(?:do not|don't) (?:tell|write to|contact) (him|her|them)\b)`)
	addressKept = lazy(`\b(?:address|where (?:we|i|he|she|they) (?:live|lives|are|is|am)|whereabouts|location)\b[^.;]{0,60}\b(?:confidential|secret|private|must not|mustn't|(?:not|never) be (?:shared|given|told|disclosed|known|passed|sent|on)|to (?:yourself|yourselves)|not (?:to be )?(?:shared|disclosed|given))\b|\b(?:must not|mustn't|should not|cannot|can't|not to|never|not allowed to|doesn't|does not|don't let \w+|do not let \w+) (?:ever )?(?:know|find out|learn|be told|discover|told|find) (?:out )?(?:(?:that )?(?:we|i|he|she|they)(?:'re|'m|'s)? ?(?:are|am|is|live|lives|moved) (?:in|at|to)\b|where (?:we|i|he|she|they|us)|(?:our|the|my|his|her|their|this) (?:new |placement |current |home )?address)|\b(?:do not|don't|dont|never|please not|not to) (?:\w+ )?(?:put|give|share|tell|pass|disclose|send|release|print|show|use|write)\b[^.;]{0,40}\baddress\b|\bconfidential (?:address|placement)\b|\b(?:keep|kept|is|stay|remain|treat) (?:\w+ )?(?:this|our|the|my|his|her|that|their)? ?(?:new |placement |home )?address\b[^.;]{0,25}\b(?:confidential|secret|private|safe|to yourselves|from)\b|\bnot be told (?:the|our|his|her|their) (?:placement |new )?address\b|\baddress (?:is )?(?:kept )?confidential\b`)
	keepToYou   = lazy(`\bkeep (?:that|this|it) to yoursel(?:f|ves)\b|\bdo(?:n't| not) pass (?:that|it) on\b`)
)

// privacy reads whom nobody may tell, and whether the address is to be kept
// secret. It asks one point too often rather than once too little.
func privacy(s *sheet, sp span) []found {
	var out []found
	addressBefore := false
	for _, sen := range sentences(s.norm, sp.start, sp.end) {
		low := flat(sen.of(s.low))
		if m := addressKept.FindStringIndex(low); m != nil {
			out = append(out, found{"person.address_confidential", fact(s, "yes", sen.start+m[0], sen.start+m[1], 0.85)})
		} else if m := keepToYou.FindStringIndex(low); m != nil && addressBefore {
			out = append(out, found{"person.address_confidential", fact(s, "yes", sen.start+m[0], sen.start+m[1], 0.8)})
		}
		addressBefore = len(postcodes(sen.of(s.norm))) > 0 || strings.Contains(low, "address")
		if whom, ok := notToTell(s, sen.span, low); ok {
			out = append(out, found{"do_not_tell", fact(s, oneLine(whom.of(s.norm)), whom.start, whom.end, 0.85)})
		}
	}
	return out
}

func fact(s *sheet, value string, start, end int, confidence float64) Fact {
	return Fact{Value: value, Source: s.source(start, end), Method: "phrase", Confidence: confidence}
}

// notToTell finds whom a sentence asks not to tell.
func notToTell(s *sheet, sen span, low string) (span, bool) {
	if len(low) > 600 {
		return span{}, false
	}
	for _, re := range keepRules {
		if m := re.FindStringSubmatchIndex(low); m != nil {
			whom := span{sen.start + m[2], sen.start + m[3]}
			if name, ok := nameAt(s.norm, whom.end); ok && name.start <= whom.end+1 && name.end <= sen.end && !strings.Contains(s.low[whom.start:whom.end], "school") {
				whom.end = name.end
			}
			return whom, true
		}
	}
	if m := bareKin.FindStringSubmatchIndex(low); m != nil {
		return span{sen.start + m[2], sen.start + m[3]}, true
	}
	for _, m := range keepName.FindAllStringIndex(low, -1) {
		if name, ok := nameAt(s.norm, sen.start+m[1]); ok && name.start == sen.start+m[1] && name.end <= sen.end {
			return name, true
		}
	}
	for _, m := range keepName2.FindAllStringIndex(low, -1) {
		name, ok := nameAt(s.norm, sen.start+m[1])
		if ok && name.start == sen.start+m[1] && name.end <= sen.end && toldAfter.MatchString(s.low[name.end:sen.end]) {
			return name, true
		}
	}
	if m := keepPronoun.FindStringSubmatchIndex(low); m != nil {
		for g := 4; g < len(m); g += 2 {
			if m[g] >= 0 {
				return span{sen.start + m[g], sen.start + m[g+1]}, true
			}
		}
		return sen, true // "She must not be told": whom, the sentence before says
	}
	return span{}, false
}
