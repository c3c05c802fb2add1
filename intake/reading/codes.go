package reading

import (
	"strings"
)

// The functions here turn the words of an answer into the codes of a field.
// "" means that the words do not say.

func genderCode(v string) string {
	v = strings.Trim(strings.ToLower(v), " .,;:()")
	head, _, _ := strings.Cut(v, " ")
	switch strings.Trim(head, ",.;()/") {
	case "f", "female", "girl", "woman", "kobieta", "benyw":
		return "female"
	case "m", "male", "boy", "man", "gwryw":
		return "male"
	case "non-binary", "nonbinary", "enby", "nb":
		return "non-binary"
	case "other":
		return "other"
	case "trans", "transgender", "transmasculine", "transfeminine":
		switch {
		case strings.Contains(v, "woman") || strings.Contains(v, "female"):
			return "female"
		case strings.Contains(v, "male") || strings.Contains(v, " man"):
			return "male"
		}
	case "cis", "cisgender":
		if _, rest, ok := strings.Cut(v, " "); ok {
			return genderCode(rest)
		}
	}
	if strings.HasPrefix(v, "non binary") {
		return "non-binary"
	}
	return ""
}

var (
	waitingWords   = lazy(`await|waiting|\bon (?:the )?(?:\w+ )?pathway|\bpathway\b|being assessed|pending|in progress|referred for (?:an )?(?:\w+ )?assess|under assessment|assessment (?:requested|booked|due|ongoing|underway)|on (?:the|a|our) list`)
	suspectedWords = lazy(`suspect|\bquery\b|\?|possibl|probabl|\btraits\b|not (?:formally )?assessed|undiagnosed|self[- ]?(?:identif|diagnos)|not confirmed|thought to|likely`)
	diagnosedWords = lazy(`diagnos|confirmed|\bmild\b|\bmoderate\b|\bsevere\b|\bprofound\b|\bmod\b|formal|since birth`)
)

// condition reads the state of a diagnosis: yes, awaiting_assessment, suspected
// or no. "No - on the waiting list" is waiting.
func condition(v string) string {
	v = strings.ToLower(v)
	if isPlaceholder(v) {
		return ""
	}
	switch {
	case strings.Contains(v, "not known") || strings.HasPrefix(v, "unknown") || strings.Contains(v, "not sure"):
		return ""
	case waitingWords.MatchString(v):
		return "awaiting_assessment"
	case suspectedWords.MatchString(v):
		return "suspected"
	}
	if yn := yesNo(v); yn != "" {
		return yn
	}
	switch {
	case strings.HasPrefix(v, "not diagnosed"), strings.HasPrefix(v, "does not have"):
		return "no"
	case diagnosedWords.MatchString(v):
		return "yes"
	}
	return ""
}

func ehcpCode(v string) string {
	v = strings.ToLower(v)
	switch {
	case strings.Contains(v, "assess") || strings.Contains(v, "in progress") || strings.Contains(v, "applied") || strings.Contains(v, "requested") || strings.Contains(v, "pending") || strings.Contains(v, "draft"):
		return "being_assessed"
	case strings.Contains(v, "not known") || strings.Contains(v, "unknown"):
		return ""
	case strings.Contains(v, "refused") || strings.Contains(v, "turned down"):
		return "no"
	case strings.HasPrefix(v, "full") || strings.HasPrefix(v, "final") || strings.Contains(v, "in place"):
		return "yes"
	}
	return yesNo(v)
}

// careStatus reads an answer beside a label, which may itself name the status:
// "Looked after child: Yes".
func careStatus(label, v string) string {
	l, v := strings.ToLower(label), strings.ToLower(v)
	if s := careWords(v); s != "" {
		return s
	}
	switch yesNo(v) {
	case "yes":
		return careWords(l)
	case "no":
		if !strings.Contains(v, "not") && !strings.Contains(v, "now") {
			return "none"
		}
	}
	return ""
}

var (
	lookedAfter = lazy(`looked[- ]after|\blac\b|\bcla\b|section (?:20|31)\b|\bs ?\.?(?:20|31)\b|care order|child in (?:public )?care|in foster care|voluntarily accommodated`)
	childPlan   = lazy(`child protection|\bcp plan\b|\bcpp\b|^cp\b`)
	inNeed      = lazy(`child in need|\bcin\b|section 17\b`)
	leaver      = lazy(`care[- ]leaver|leaving care|relevant child`)
)

func careWords(v string) string {
	switch {
	case leaver.MatchString(v):
		return "care_leaver"
	case lookedAfter.MatchString(v):
		return "looked_after"
	case childPlan.MatchString(v):
		return "child_protection_plan"
	case inNeed.MatchString(v):
		return "child_in_need"
	}
	return ""
}

func capacityCode(v string) string {
	v = strings.ToLower(v)
	switch {
	case strings.Contains(v, "not assessed") || strings.Contains(v, "does not apply") || strings.Contains(v, "unclear") || strings.Contains(v, "fluctuat") || strings.Contains(v, "not known"):
		return ""
	case strings.Contains(v, "lack") || strings.Contains(v, "does not have capacity") || strings.Contains(v, "no capacity"):
		return "lacks"
	case strings.Contains(v, "has capacity") || strings.Contains(v, "have capacity") || strings.Contains(v, "presumed") || v == "has" || strings.Contains(v, "with capacity"):
		return "has"
	}
	switch yesNo(v) {
	case "yes":
		return "has"
	case "no":
		return "lacks"
	}
	return ""
}

var ragWord = lazy(`(?i)\b(red|amber|green|blue)\b`)

func ragCode(v string) string {
	all := ragWord.FindAllString(v, -1)
	if len(all) != 1 {
		return ""
	}
	return strings.ToLower(all[0])
}

var noConcern = lazy(`^(?:none|no\b|nil|n\b|not (?:at present|currently|that)|considered[.,:]? no|no (?:current|known|present) )|\bno (?:current |known )?(?:safeguarding )?concerns?\b`)

func safeguardingCode(v string) string {
	v = strings.TrimLeft(strings.ToLower(v), " -.")
	switch {
	case isPlaceholder(v) && v != "none" && v != "nil", strings.HasPrefix(v, "not known"):
		return ""
	case noConcern.MatchString(v):
		return "no"
	case yesNo(v) == "yes", strings.Contains(v, "concern raised"), strings.Contains(v, "referral made"), strings.Contains(v, "s42"), strings.Contains(v, "section 42"), strings.Contains(v, "open to"), strings.Contains(v, "referral to"):
		return "yes"
	}
	return ""
}

var relationCodes = map[string]string{
	"mother": "mother", "mum": "mother", "mam": "mother", "mom": "mother", "mummy": "mother", "birth mother": "mother", "adoptive mother": "mother", "mama": "mother",
	"father": "father", "dad": "father", "daddy": "father", "tata": "father", "tad": "father", "thad": "father", "birth father": "father", "adoptive father": "father",
	"parent": "parent", "parents": "parent", "both parents": "parent",
	"carer": "carer", "foster carer": "carer", "foster parent": "carer", "kinship carer": "carer", "stepfather": "parent", "stepmother": "parent", "step-father": "parent", "step-mother": "parent", "stepdad": "parent", "stepmum": "parent", "special guardian": "carer", "guardian": "carer", "unpaid carer": "carer", "main carer": "carer",
	"brother": "sibling", "sister": "sibling", "sibling": "sibling", "twin": "sibling", "half-brother": "sibling", "half-sister": "sibling",
	"grandmother": "grandparent", "grandfather": "grandparent", "nan": "grandparent", "gran": "grandparent", "granny": "grandparent", "grandma": "grandparent", "grandad": "grandparent", "grandpa": "grandparent", "granddad": "grandparent", "nanny": "grandparent", "grandparent": "grandparent",
	"wife": "partner", "husband": "partner", "partner": "partner", "spouse": "partner", "girlfriend": "partner", "boyfriend": "partner", "fiancé": "partner", "fiancée": "partner", "civil partner": "partner",
	"friend": "friend", "neighbour": "friend", "neighbor": "friend", "family friend": "friend",
	"self": "self", "myself": "self", "me": "self",
	"professional": "professional",
}

var relationWord = lazy(`[\p{L}-]+`)

// relationCode reads a relationship from the beginning of an answer.
func relationCode(v string) string {
	v = strings.TrimSpace(strings.ToLower(v))
	if c := relationCodes[strings.Trim(v, " .,;")]; c != "" {
		return c
	}
	words := relationWord.FindAllString(v, 4)
	if len(words) > 1 {
		if c := relationCodes[words[0]+" "+words[1]]; c != "" {
			return c
		}
	}
	for i, w := range words {
		if c := relationCodes[w]; c != "" && i < 3 {
			return c
		}
	}
	return ""
}

// groundOption reads a ground from the words of a box or a list; "" for others.
func groundOption(v string) string {
	v = strings.ToLower(v)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(v, w) {
				return true
			}
		}
		return false
	}
	switch {
	case len(v) > 120, has("leaving hospital", "discharge", "none", "something else"):
		return ""
	case has("criminal", "justice", "custody", "police", "court", "prison", "arrest", "offending"):
		return "criminal_justice"
	case has("breakdown", "placement ending", "home ending", "losing", "eviction", "homeless", "tenancy") || has("placement", "home") && has("end", "lost", "loss", "risk", "notice"):
		return "placement_breakdown"
	case has("residential", "care home", "52-week", "38-week", "moving into care"):
		return "residential_setting"
	case has("admission", "hospital", "inpatient", "tier 4", "admitted", "section"):
		return "hospital_admission"
	case has("placement"):
		return "placement_breakdown"
	}
	return ""
}

func consentBy(v string) string {
	v = strings.ToLower(v)
	switch {
	case strings.Contains(v, "best interest") || strings.Contains(v, "best-interest"):
		return "best_interests"
	case strings.Contains(v, "deputy") || strings.Contains(v, "attorney") || strings.Contains(v, "lpa"):
		return "attorney_deputy"
	case strings.Contains(v, "court of protection") || strings.Contains(v, "court order"):
		return "court"
	case strings.Contains(v, "council") || strings.Contains(v, "local authority") || strings.Contains(v, "county"):
		return "local_authority"
	case strings.Contains(v, "parent") || strings.Contains(v, "mother") || strings.Contains(v, "father") || strings.Contains(v, "mum") || strings.Contains(v, "dad") || strings.Contains(v, "guardian"):
		return "parent"
	case strings.Contains(v, "person") || strings.Contains(v, "patient") || strings.Contains(v, "client") || strings.Contains(v, "himself") || strings.Contains(v, "herself") || strings.Contains(v, "student"):
		return "person"
	}
	return ""
}
