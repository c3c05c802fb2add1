package reading

import (
	"strings"
)

var (
	meYes       = lazy(`\bi (?:do |also |hereby |fully )?(?:give|gave|have given|can give) (?:you )?(?:my |full )*(?:consent|permission)\b|\bi (?:do |also |hereby |fully )?(?:consent|agree) (?:to|for|on|that)\b|\byes,? i (?:consent|agree)\b|\bi(?:'m| am|m) (?:very |quite |more than )?(?:happy|fine|ok|okay) (?:for|with|to (?:be|have|go|share)|about)\b|\bi agree to\b|\bwe (?:both |all |do |would )*(?:consent|agree|give (?:our )?(?:full )?(?:consent|permission)|are (?:both |all |very )*happy for)\b|\bi and (?:his|her) (?:mother|father|mum|dad) (?:both )?(?:consent|agree)\b|\bi are both happy\b`)
	meWant      = lazy(`\bi (?:really |just |do |would |wanna |so )?(?:want|would like|'d like|wish|like|wanna|am asking) (?:to (?:be|go|get|come|join)|being) (?:put |placed |back |considered )?(?:on|onto|for|in)? ?(?:to )?(?:it|the |your |this |dsr|a )|\bi want to be on it\b|\bso i want to be on\b|\bput me on\b|\bi want to go on\b`)
	theyYes     = lazy(`\b(he|she|they|who|and|\p{L}+)(?: has| have| is|'s|s)? (?:also |already |verbally |both )?(?:agreed|agrees|consents|consented|given (?:(?:his|her|their|verbal|written|full|informed) )*consent|gave (?:verbal |written |full )*consent|gave (?:his|her|their) (?:\w+ )?consent|wants? to be (?:on|referred|considered)|(?:is |are )?(?:very |quite )?happy (?:for|to be|with|about|that)|said (?:yes|that (?:he|she) (?:wants|would)|he wants|she wants)|told me (?:that )?(?:he|she) (?:wants|would like)|asked (?:me )?to be (?:referred|put|on))`)
	theyFine    = lazy(`\b(?:he|she|they|who|and|\p{L}+)(?: has| have| was| is)? (?:been )?(?:asked )?(?:and )?(?:says?|said) (?:yes|ok|okay|that(?:'s| is) (?:fine|ok|okay))\b|\b(?:he|she|they|and|pt|patient|client|\p{L}+) (?:agrees?|agreed|consents?|consented)\b|\b(?:he|she)(?:'s| is) (?:fine|ok|okay|happy) with (?:it|this|that)\b|\bso (?:he|she)(?:'s| is) happy for\b|\b(?:he|she) (?:gave|gives) (?:it |me )?a thumbs up\b`)
	parentYes   = lazy(`(?:^|[.;:,] |\band |\bbut )(?:the )?(?:mother|mum|mam|father|dad|parents|both parents|grandmother|guardians?)(?:[, ]+[\p{L}' -]{0,30}?)?,? (?:(?:has|have|is|are|both|verbally|also)\s)*(?:agree[sd]?|consents?|consented|gave (?:her |his |their )?consent|given (?:her |his |their )?consent|happy for)\b|\b(?:his|her|their|the|\p{L}+'s)\s+(?:birth )?(?:mother|mum|father|dad|parents?|guardian)(?:[, ]+[\p{L}' -]{0,40}?)?,? (?:(?:has|have|is|are|both|verbally|also)\s)*(?:agree[sd]?|consents?|consented|gave (?:her |his |their )?consent|given (?:her |his |their )?consent|happy for)\b|\bparents?\b[^.;]{0,60}\bboth (?:have )?(?:agreed?|consent(?:ed)?)\b|\bparental consent (?:has been |was |is )?(?:given|obtained|gained|in place)|\bconsent (?:from|of|by) (?:the |his |her )?(?:mother|mum|father|dad|parents?)\b`)
	interests   = lazy(`\bbest[- ]interests?\b`)
	interestsNo = lazy(`\b(?:need|needs|to be|not|no|will|arrange|pending)\b[^.;]{0,30}best[- ]interest`)
	councilYes  = lazy(`\b(?:council|local authority|county council) (?:has |have |gives? |gave )?(?:given |its )?(?:consent(?:s|ed)?|agreed)\b|\bconsent (?:was |is |has been )?given by (?:the )?(?:\p{L}+ )?(?:council|local authority|county)`)
	proxy       = lazy(`\b(?:deputy|lasting power of attorney|lpa|attorney|power of attorney)\b`)
	saysNo      = lazy(`\b(?:does|do|did|has|have|would|is)(?:n't| not|nt) (?:\w+ )?(?:consent|agree|agreed|consented|agreeing|consenting|want to be (?:on|referred|put|part)|want to (?:go|come|be) on|wish to be (?:on|referred)|given (?:his|her|their|my) consent|give (?:his|her|their|my) consent|want (?:this|the|a) referral)\b|\b(?:refus(?:es|ed|ing)) (?:to )?(?:consent|agree|be referred|give)|\b(?:said|says|say|saying) no to (?:the |this |it|being|going|a )\b|\b(?:person|client|patient|young person) (?:has )?(?:said|says) no\b|\bsaying no\b|\bwithdr(?:aw|ew|awn|aws) (?:my |his |her |their )?consent\b|\bno longer (?:consents?|agrees?|wish(?:es)?|wants?) (?:to be|to)\b|\bdeclin(?:ed|es) (?:consent|the referral|to be (?:on|referred)|to consent)\b`)
	shareWith   = lazy(`\b(?:shar(?:e|ing)|talk(?:ing)?|speak(?:ing)?|pass(?:ing)?|contact(?:ing)?)\b[^.;]*`)
	shareNot    = lazy(`\b(?:but )?(?:not|don't|do not|dont|never|except|apart from|other than)\b[^.;]*`)
	mayShare    = lazy(`\b(?:happy|agree|consent|can|fine|ok|okay|yes|may|permission)\b`)
)

// consentFacts reads what a letter says of consent. Who consents depends on who
// writes: a self-referral is the person's, a parent's "I" the parent's.
func consentFacts(s *sheet, sp span, w writer, self bool, names []string) []found {
	var out []found
	put := func(field, value string, sen span, m []int) {
		out = append(out, found{field, fact(s, value, sen.start+m[0], sen.start+m[1], 0.8)})
	}
	parents := parentNames(s, sp)
	for _, sen := range sentences(s.norm, sp.start, sp.end) {
		low := flat(sen.of(s.low))
		switch {
		case strings.HasSuffix(low, "?"):
			continue
		case saysNo.MatchString(low):
			m := saysNo.FindStringIndex(low)
			put("consent.reported", "no", sen.span, m)
			if self || subjectIs(low[:m[0]], names) {
				put("consent.by", "person", sen.span, m)
			}
			continue
		case meYes.MatchString(low), self && meWant.MatchString(low):
			m := meYes.FindStringIndex(low)
			if m == nil {
				m = meWant.FindStringIndex(low)
			}
			if negationEnd.MatchString(low[:m[0]]) {
				break
			}
			by := w.consentBy(self, s.low)
			if by == "" {
				break
			}
			put("consent.reported", "yes", sen.span, m)
			put("consent.by", by, sen.span, m)
		}
		out = append(out, consentOfOthers(s, sen.span, low, self, names, parents)...)
		out = append(out, sharing(s, sen.span, low)...)
	}
	return out
}

// subjectIs reports whether the words before a verb end with a person's name or
// a pronoun.
func subjectIs(before string, names []string) bool {
	words := strings.Fields(before)
	for i := len(words) - 1; i >= max(0, len(words)-3); i-- {
		w := strings.Trim(words[i], ",.'\"()")
		switch w {
		case "he", "she", "they", "person", "client", "patient":
			return true
		}
		for _, n := range names {
			if n != "" && w == n {
				return true
			}
		}
	}
	return false
}

// consentOfOthers reads what somebody reports of another's consent.
func consentOfOthers(s *sheet, sen span, low string, self bool, names, parents []string) []found {
	var out []found
	put := func(field, value string, m []int) {
		out = append(out, found{field, fact(s, value, sen.start+m[0], sen.start+m[1], 0.75)})
	}
	if m := parentYes.FindStringIndex(low); m != nil && !self && !negationEnd.MatchString(low[:m[0]]) {
		put("consent.reported", "yes", m)
		put("consent.by", "parent", m)
		return out
	}
	if m := interests.FindStringIndex(low); m != nil && !interestsNo.MatchString(low) {
		put("consent.by", "best_interests", m)
		return out
	}
	if m := councilYes.FindStringIndex(low); m != nil {
		put("consent.reported", "yes", m)
		put("consent.by", "local_authority", m)
		return out
	}
	if self {
		return out
	}
	m := theyYes.FindStringIndex(low)
	if m == nil {
		m = theyFine.FindStringIndex(low)
	}
	if m == nil || negationEnd.MatchString(low[:m[0]]) || strings.Contains(low[m[0]:m[1]], "not ") {
		return out
	}
	by := whoAgrees(low[:m[0]], strings.Fields(low[m[0]:m[1]])[0], names, parents)
	if by == "" {
		return out
	}
	put("consent.reported", "yes", m)
	put("consent.by", by, m)
	return out
}

// whoAgrees says whose consent a verb reports, by the word before it; "and" and
// "who" go on from the subject of the sentence.
func whoAgrees(before, subject string, names, parents []string) string {
	subject = strings.Trim(subject, ",.'\"()")
	if subject == "and" || subject == "who" {
		for _, w := range strings.Fields(before) {
			if by := whoAgrees("", w, names, parents); by != "" {
				return by
			}
		}
		return ""
	}
	subject, _, _ = strings.Cut(subject, "'")
	switch {
	case contains(names, subject), patientWords[subject]:
		return "person"
	case contains(parents, subject), subject == "mum", subject == "mother", subject == "dad", subject == "father", subject == "parents":
		return "parent"
	}
	return ""
}

var (
	patientWords = wordSet("he she they hes shes pt patient client")
	parentCalled = lazy(`\b(?:mother|mum|mam|father|dad|parents?|guardian|grandmother|grandfather)\b,?(?: is|:| called)? $`)
)

// parentNames are the first names of those whom a text calls the person's
// parents, in lower case.
func parentNames(s *sheet, sp span) []string {
	var out []string
	for _, n := range allNames(s, sp) {
		if parentCalled.MatchString(s.low[max(0, n.start-30):n.start]) || strings.HasPrefix(s.low[n.end:], " (pr)") {
			out = append(out, firstWord(n.of(s.norm)))
		}
	}
	return out
}

// sharing reads with whom facts may be shared, and with whom not.
func sharing(s *sheet, sen span, low string) []found {
	m := shareWith.FindStringIndex(low)
	if m == nil || !mayShare.MatchString(low) || strings.Contains(low, "sharing with us") {
		return nil
	}
	var out []found
	yes := low[m[0]:m[1]]
	if n := shareNot.FindStringIndex(yes); n != nil {
		if codes := withoutParent(shareCodes(yes[n[0]:])); len(codes) > 0 {
			f := fact(s, "", sen.start+m[0]+n[0], sen.start+m[0]+n[1], 0.8)
			f.Values = codes
			out = append(out, found{"consent.not_share", f})
		}
		yes = yes[:n[0]]
	}
	if negationEnd.MatchString(low[:m[0]]) {
		return out
	}
	if codes := withoutParent(shareCodes(yes)); len(codes) > 0 {
		f := fact(s, "", sen.start+m[0], sen.start+m[0]+len(yes), 0.8)
		f.Values = codes
		out = append(out, found{"consent.share", f})
	}
	return out
}

func withoutParent(codes []string) []string {
	var out []string
	for _, c := range codes {
		if c != "parent" {
			out = append(out, c)
		}
	}
	return out
}
