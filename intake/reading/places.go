package reading

import (
	"strings"
)

var (
	addressCue      = lazy(`(?:\bat|\baddress(?: is|:)?|\blives? (?:at|in)|\bliving (?:at|in)|\b(?:we|he|she|i)(?:'re|'s|'m| are| is| am) (?:at|in)|\bhome is|\bin|\bw:?|:|\byn)\s+`)
	houseStart      = lazy(`^(?:(?i:flat|room|apartment|unit|number|no\.?|apt)\s+[\w.]+|\d{1,4}[A-Za-z]?[ ,]|\p{Lu})`)
	houseHere       = lazy(`(?:(?i:flat|room|apartment|unit|apt)\s+[\w.]{1,5},?\s+)?(?:(?:The )?\p{Lu}[\p{L}'-]*(?: \p{Lu}[\p{L}'-]*){0,2}(?:,\s*|\s))?\d{1,4}[A-Za-z]?,?\s+\p{Lu}[^.;:()\d]*$`)
	buildings       = lazy(`^(?:The |.*\b(?:House|Court|Lodge|Halls?|Cottages?|Farm|Mews|View|Point|Manor|Villas?|Towers?|Heights|Apartments|Gables|Willows|Centre|Homes?|Flats|Place|Grange|Park))`)
	towns           = `chelmsford|colchester|basildon|harlow|braintree|brentwood|maldon|witham|clacton(?:[- ]on[- ]sea)?|harwich|epping|rochford|rayleigh|canvey(?: island)?|tilbury|grays|wickford|billericay|halstead|saffron walden|loughton|waltham abbey|frinton(?:[- ]on[- ]sea)?|walton(?:[- ]on[- ]the[- ]naze)?|burnham[- ]on[- ]crouch|brightlingsea|southend(?:[- ]on[- ]sea)?|leigh[- ]on[- ]sea|stanford[- ]le[- ]hope|south ockendon|purfleet|great dunmow|dunmow|coggeshall|tiptree|wivenhoe|manningtree|ongar|chigwell|buckhurst hill|south woodham ferrers|benfleet|hadleigh|hockley|shoeburyness|heybridge|laindon|pitsea|jaywick|thurrock|great baddow|stansted mountfitchet|stansted`
	liveInTown      = lazy(`\b(?:(?:i|we|he|she|they) (?:both |all )?(?:lives?|am|are)|(?:i'm|we're|he's|she's)|lives?|living) (?:(?:with \w+ |on my own |alone |here )?in) (` + towns + `)\b`)
	isSomebodyElses = lazy(`\b(?:surgery|practice|office|offices|our (?:address|base|team)|hospital|headquarters)\b[^.;]{0,30}$`)
	notHisHome      = lazy(`\b(?:i live|i'm at|i am at)\b`)
	withMe          = lazy(`\b(?:with|we|us|he|she|both)\b`)
	noPostcode      = lazy(`\b(?:lives?|living|is|are|'re|'s|staying|home is|address(?: is|:)) (?:at )?((?:flat \w+,? |number |no\.? )?\d{1,4}[a-z]?,? [a-z][a-z' -]+(?:,| in) (?:` + towns + `))\b`)
)

// place reads address and postcode.
func (f *letterFacts) place(a about, low string) {
	norm := a.sen.of(a.s.norm)
	hits := postcodes(norm)
	for k, h := range hits {
		if isSomebodyElses.MatchString(low[:h.start]) || !f.self && notHisHome.MatchString(low[:h.start]) && !withMe.MatchString(low[:h.start]) {
			continue
		}
		confidence := 0.85
		if k > 0 {
			confidence = 0.88 // the second corrects the first: "it's CO7 0RD"
		}
		f.put(a, "person.postcode", h.value, a.sen.start+h.start, a.sen.start+h.end, confidence)
		if start := addressStart(norm, low, h.start); start >= 0 && k == 0 {
			text := strings.TrimRight(norm[start:h.start], " ,.(\n")
			f.put(a, "person.address", addressText(text), a.sen.start+start, a.sen.start+h.end, 0.85)
		}
	}
	if len(hits) > 0 || !f.self && notHisHome.MatchString(low) && !withMe.MatchString(low) {
		return
	}
	if text := oneLine(norm); addressLineShape.MatchString(strings.TrimRight(text, ".")) && strings.Contains(text, ",") {
		f.put(a, "person.address", strings.TrimRight(text, "."), a.sen.start, a.sen.end, 0.8)
		return
	}
	if m := noPostcode.FindStringSubmatchIndex(low); m != nil {
		f.put(a, "person.address", addressText(norm[m[2]:m[3]]), a.sen.start+m[2], a.sen.start+m[3], 0.8)
	} else if m := liveInTown.FindStringSubmatchIndex(low); m != nil && f.self {
		f.put(a, "person.address", oneLine(norm[m[2]:m[3]]), a.sen.start+m[2], a.sen.start+m[3], 0.6)
	}
}

// addressText drops what is no part of an address.
func addressText(t string) string {
	t = strings.TrimPrefix(oneLine(t), "number ")
	return strings.Trim(t, " ,.(")
}

// addressStart finds where the address before a postcode begins, -1 when there
// is none.
func addressStart(norm, low string, end int) int {
	from := max(0, end-130)
	best := -1
	for _, m := range addressCue.FindAllStringIndex(low[from:end], -1) {
		at := from + m[1]
		rest := strings.TrimRight(norm[at:end], " ,.(\n")
		if houseStart.MatchString(rest) && strings.ContainsAny(rest, "0123456789") && isAddress(rest) {
			best = at
			break
		}
	}
	if best >= 0 {
		return best
	}
	m := houseHere.FindStringIndex(norm[from:end])
	if m == nil {
		return -1
	}
	at := from + m[0]
	first, _, comma := strings.Cut(norm[at:end], ",")
	if c := norm[at]; comma && c >= 'A' && c <= 'Z' && !strings.ContainsAny(first, "0123456789") && !buildings.MatchString(first) {
		at += len(first) + 1 // a person's name or another word before the number
		at += len(norm[at:end]) - len(strings.TrimLeft(norm[at:end], " \n"))
	}
	return at
}

var notAddress = lazy(`(?i)\b(?:is|was|and (?:he|she|we|i|has|is)|has|who|which|since|because|number is|dob|nhs|born|he|she|his|her|my|but)\b|[.;:?!]`)

// isAddress refuses stretches that hold words of a sentence.
func isAddress(t string) bool { return len(t) <= 110 && !notAddress.MatchString(t) }

var (
	practice     = lazy(`(?:Dr\.? (?:[A-Z]\.? )?\p{Lu}[\p{L}'-]+,? (?:(?:at|of|from) )?(?:the )?)?(?:\p{Lu}[\p{L}'&-]* ){1,5}(?:Surgery|Practice|Medical Centre|Health Centre|Medical Group|Medical Practice|Doctors|practice|surgery|doctors|doctors'|health centre|medical centre)\b`)
	gpNamed      = lazy(`\b(?:gp|surgery|doctor)(?:'s)?(?: surgery| practice)?(?: is|:|,)(?: the| at)? (?:same (?:surgery|doctor|gp),? )?`)
	gpWords      = lazy(`\b(?:gp|gps|doctor|doctors|dr|surgery|practice|registered)\b`)
	capRun       = lazy(`^(?:Dr\.? )?\p{Lu}[\p{L}'&-]+(?: (?:\p{Lu}[\p{L}'&-]+|at|of|the))*`)
	doctorsHouse = lazy(`^, \p{Lu}[\p{L}'&-]+(?: \p{Lu}[\p{L}'&-]+){1,3}`)
	schoolAt     = lazy(`(?:\p{Lu}[\p{L}'.-]*,? ){1,5}(?:School|Academy|College|Primary School|Primary|High School|High|Sixth Form College|Sixth Form|Grammar|Grammar School|Infants|Juniors|Special School|University)\b(?:,? (?:in )?\p{Lu}[\p{L}-]+)?`)
	schoolOK     = lazy(`\b(?:at|attends?|attending|goes to|going to|go to|started at|starts at|school is|school:|which is|college is|pupil at|student at|enrolled at|on roll at|year \d+,|school, which is)\s+(?:the )?$|\b(?:his|her|their|our|my) (?:\w+ )?(?:school|college|nursery),\s+$`)
	schoolNo     = lazy(`\b(?:left|used to|was at|excluded from|nurse (?:for|at)|place at|teach\w*|work\w*|expelled from|until|last school|head (?:of|at)|senco at|kicked out of)\b[^.;]{0,30}$`)
	schoolIs     = lazy(`\b(?:school|college)(?:'s| is|:) (?:called )?`)
)

// services reads the GP and the school.
func (f *letterFacts) services(a about, low string) {
	norm := flat(a.sen.of(a.s.norm))
	if gpWords.MatchString(low) {
		f.gp(a, norm, low)
	}
	for _, m := range schoolAt.FindAllStringIndex(norm, -1) {
		before := low[:m[0]]
		if !schoolOK.MatchString(before) || schoolNo.MatchString(before) {
			continue
		}
		f.put(a, "person.school", oneLine(norm[m[0]:m[1]]), a.sen.start+m[0], a.sen.start+m[1], 0.8)
		return
	}
	if m := schoolIs.FindStringIndex(low); m != nil {
		if run := capRun.FindString(norm[m[1]:]); run != "" && len(run) > 4 && !strings.HasPrefix(run, "I ") {
			f.put(a, "person.school", run, a.sen.start+m[1], a.sen.start+m[1]+len(run), 0.75)
		}
	}
}

func (f *letterFacts) gp(a about, norm, low string) {
	for _, m := range practice.FindAllStringIndex(norm, -1) {
		text := norm[m[0]:m[1]]
		for _, lead := range []string{"GP ", "Our ", "The ", "Doctor ", "My ", "His ", "Her ", "GP, "} {
			if strings.HasPrefix(text, lead) {
				m[0] += len(lead)
				text = norm[m[0]:m[1]]
			}
		}
		if strings.Count(text, " ") == 0 || regexpSignature.MatchString(low[:m[0]]) {
			continue
		}
		f.put(a, "person.gp", oneLine(text), a.sen.start+m[0], a.sen.start+m[1], 0.8)
		return
	}
	if m := gpNamed.FindStringIndex(low); m != nil {
		run := capRun.FindString(norm[m[1]:])
		if strings.HasPrefix(run, "Dr") {
			run += doctorsHouse.FindString(norm[m[1]+len(run):]) // "Dr Stott, Angel Lane"
		}
		if len(run) > 5 && strings.Contains(run, " ") {
			f.put(a, "person.gp", run, a.sen.start+m[1], a.sen.start+m[1]+len(run), 0.75)
		}
	}
}

// regexpSignature knows who works at a surgery from who is registered there.
var regexpSignature = lazy(`\b(?:nurse|manager|receptionist|secretary|partner|letter from|i work) (?:at|for|of)[^.;]{0,20}$`)
