package reading

import (
	"slices"
	"sort"
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

var (
	selfVoice   = lazy(`\breferral \(self\)|\b(?:i'm|i am|im|my name is|my name's) [^.;?!]{0,40}(?:\b(?:and|,|an?|also) ?)(?:autistic|an autistic)\b|\bjoin(?:ing)? the (?:dsr|register|dynamic)|\b(?:i go by|i (?:also )?have autism|i am on the spectrum)\b|\b(?:refer(?:ring)? myself|self[- ]?referral|self[- ]?refer(?:ring)?|put (?:me|myself)|i (?:really |just |do |so |would )?(?:want|would like|'d like|like|wish|wanna|am asking|need) (?:to )?(?:be|go|get|come|join) (?:put |placed |back |considered )?(?:on|onto|for)|i want to be on it|ask for it myself|put me on|add me|(?:i'm|i am|im|i've been|i was|i have been) (?:an? )?(?:\d+,? (?:and|years old,?|year old) )?(?:also )?(?:diagnosed (?:as |with )?)?(?:autis\w+|aspie|asd)|(?:i have|i've got|ive got) (?:an? )?(?:\w+ )?(?:learning disabilit\w+|autism|asperger\w*|asd|eating disorder)|as an autistic (?:person|adult|man|woman)|i'm \d\d and|i am \d\d(?: and|,|\.| years))\b`)
	typedFor    = lazy(`\b(?:typed|typing|written|writing) (?:this |it )?(?:by|for) \p{L}+(?: \p{L}+)?,? (?:support worker|keyworker|carer|advocate|exactly)|\bis (?:typing|writing) this for me\b|\bin (?:his|her|their) own words\b|\bi tell \p{L}+ what to (?:say|write)\b`)
	familyVoice = lazy(`\b(?:my|our) (?:\w+ ){0,2}?(?:son|daughter|boy|girl|lad|child|brother|sister|grandson|granddaughter|husband|wife|partner|nephew|niece|stepson|stepdaughter|mum|mother|dad|father|two|twins|sons|daughters|children|friend|neighbour|cousin|uncle|aunt|boys|girls)\b|\bfoster carers?\b|\bi(?:'m| am) (?:his|her|their) (?:mum|mother|dad|father|carer|nan|gran|grandmother|grandfather|sister|brother|wife|husband|partner|aunt|auntie|uncle|cousin|guardian|friend)\b|\bneighbour\b|\bnext door\b|\b(?:dad|mum) of\b|\bfy (?:mab|merch)\b|\bmój syn|mojej córki|moja córka|mojego syna\b`)
	// childVoice outweighs what a writer says of himself: a mother may be autistic too.
	childVoice = lazy(`\b(?:my|our) (?:\w+ ){0,2}?(?:son|daughter|boy|girl|lad|grandson|granddaughter|stepson|stepdaughter|two|twins|sons|daughters|nephew|niece|foster \w+)\b|\b(?:refer|for|about|of) my (?:\w+ )?(?:brother|sister|husband|wife|partner|friend|neighbour|mum|dad|mother|father)\b`)
	workVoice  = lazy(`\b(?:client|patient|pupil|service user|resident|student|tenant|caseload|our (?:service|team|form|placement|student|pupil|client|patient|resident)|we support|(?:gentleman|lady|young (?:man|woman|person)|person|man|woman) (?:we|that we|i) (?:support|work|look)|i am the (?:\w+ ){0,3}(?:nurse|worker|keyworker|manager|teacher|senco|psychologist|psychiatrist|officer|practitioner|therapist|advocate|gp)|i write as the|allocated|referral attached|find (?:a |the )?(?:attached|referral)|on my caseload|dear (?:colleagues?|team|dsr team|panel)|panel)\b`)
	workHost   = lazy(`(?:^|[.@])(?:nhs|gov|police|sch|ac|cjsm|nhs\.net)(?:\.|$)|council|\bcc\b|school|academy|hospital|college|homes?\.|support|care|hub|housing|advocacy|surgery|trust|service|charity`)
	attachSaid = lazy(`\b(?:referral|form|attached|attachment|enclosed|scan(?:ned)?|photo|letter)\b`)
)

// bestForm is the sheet whose labels tell most about a person.
func (r *reader) bestForm() *form {
	var best *form
	for _, s := range r.sheets() {
		if f := r.forms[s]; f != nil && (best == nil || f.about > best.about) {
			best = f
		}
	}
	return best
}

// referralClass says who refers, "" when nobody is referred.
func (r *reader) referralClass(v voice) Class {
	text := v.subject + ". " + v.words
	best := r.bestForm()
	formed := best != nil && best.about >= 3
	self := (selfVoice.MatchString(v.words) || selfVoice.MatchString(v.subject)) && !childVoice.MatchString(v.words)
	family := familyVoice.MatchString(v.words) || myKinAlone.MatchString(v.subject)
	sig := r.signedJob()
	work := workVoice.MatchString(text) || sig || workHost.MatchString(r.fromHost())
	blank := r.blankForm()
	danger := r.alarm()
	told := r.tellsOfPerson(v)
	refers := refersNow.MatchString(text)
	closedFile := r.hasState(document.Encrypted, document.NeedsHands, document.Unreadable, document.TooLarge) && !r.hasState(document.Quarantined) && (attachSaid.MatchString(text) || v.count < 12)
	switch {
	case !formed && !refers && !danger && !told && !closedFile && !blank && !self:
		return r.referralByLetter(work, family)
	case typedFor.MatchString(v.words) && self:
		return ReferralSelf
	case danger && r.alarmIsOwn(v):
		return ReferralSelf
	case strings.Contains(v.words, "foster carer") && !formed:
		return ReferralFamily
	case formed && r.formInBody() == nil && !r.familyForm():
		return ReferralProfessional
	case self && !sig:
		return ReferralSelf
	case family && !sig:
		return ReferralFamily
	case work:
		return ReferralProfessional
	case family:
		return ReferralFamily
	case self || danger && firstPerson.MatchString(v.words):
		return ReferralSelf
	case formed || blank || closedFile && attachSaid.MatchString(text):
		return ReferralProfessional
	case refers || told || danger && r.namesSomebody():
		return ReferralFamily
	}
	return ""
}

// alarmIsOwn reports whether the signs of danger are the writer's own: "I've
// written the letters", not "she has".
func (r *reader) alarmIsOwn(v voice) bool {
	own, others := 0, 0
	for _, h := range r.hits {
		if h.sheet.doc != nil || h.level != levelCrisis && h.level != levelQuiet {
			continue
		}
		low := flat(h.sentence.of(h.sheet.low))
		switch {
		case heOrShe.MatchString(low):
			others++
		case firstWords.MatchString(low):
			own++
		}
	}
	return own > others && !childVoice.MatchString(v.words)
}

var (
	heOrShe    = lazy(`\b(?:he|she|hes|shes|he's|she's|him|her|they)\b`)
	firstWords = lazy(`\b(?:i|i've|ive|i'm|im|i'll|my|me)\b`)
)

// namesSomebody reports whether the mail's own words name one person with an age
// or a birth.
func (r *reader) namesSomebody() bool {
	for _, l := range r.letters {
		for _, s := range l.bodies {
			for _, sp := range s.ownWords() {
				if len(agedNames(s, sp)) > 0 {
					return true
				}
			}
		}
	}
	return false
}

var firstPerson = lazy(`\bi (?:am|have|do|don't|can't|cannot|want)\b|\bi'm\b|\bim\b`)

// referralByLetter knows a referral whose words stand in an attached letter or a
// forwarded mail.
func (r *reader) referralByLetter(work, family bool) Class {
	for _, s := range r.docs {
		low := s.low[:min(len(s.low), 8000)]
		if refersNow.MatchString(low) || strings.Contains(low, "dynamic support register") && personal2.MatchString(low) {
			return ReferralProfessional
		}
	}
	for _, l := range r.letters {
		for _, s := range l.bodies {
			for _, seg := range s.segments() {
				words := s.low[seg.Start:seg.End]
				if (seg.Kind == message.Forwarded || l.depth > 0) && refersNow.MatchString(words) {
					if family {
						return ReferralFamily
					}
					return ReferralProfessional
				}
			}
		}
	}
	return ""
}

var personal2 = lazy(`\b(?:date of birth|dob|nhs n)\b`)

// tellsOfPerson reports whether the mail tells of somebody's need although no
// word of referring stands in it. A mail to the register that speaks of one
// person's condition, birth, danger or home is a referral until somebody says
// otherwise: a case too many is closed with a click, one too few is nobody's.
func (r *reader) tellsOfPerson(v voice) bool {
	weight, need := 0, 3
	count := func(yes bool, n int) {
		if yes {
			weight += n
		}
	}
	speaks := familyVoice.MatchString(v.words) || selfVoice.MatchString(v.words)
	count(speaks, 1)
	if speaks || workVoice.MatchString(v.words) || r.signedJob() {
		need = 2
	}
	count(autismTerm.MatchString(v.words) || ldTerm.MatchString(v.words) || otherWords.MatchString(v.words), 1)
	count(strings.Contains(v.words, "register") || strings.Contains(v.words, "dsr") || strings.Contains(v.words, "panel") || strings.Contains(v.subject, "referral"), 1)
	weight += min(r.kindsOfHits(), 2)
	return weight+r.ownParticulars() >= need
}

// otherWords are needs that are near a learning disability or autism, and the
// same words in other languages.
var otherWords = lazy(`\blearning difficult|\bdown'?s syndrome\b|\bfragile x\b|\bawtisti[gaeth]+|\banabledd dysgu\b|\bautyzm|\bautystyczn|\bniepełnosprawno|\bautist[aă]\b`)

// kindsOfHits counts the kinds of worrying words in the mail's own text.
func (r *reader) kindsOfHits() int {
	seen := map[string]bool{}
	for _, h := range r.hits {
		if h.sheet.doc == nil && h.sheet.part != "header" && (h.level == levelUrgent || h.level == levelGuard || h.level == levelQuiet) {
			seen[h.rule.name] = true
		}
	}
	delete(seen, "said") // everybody's mail is urgent
	delete(seen, "soon")
	return len(seen)
}

// ownParticulars counts what the bodies of a mail give of one person.
func (r *reader) ownParticulars() int {
	n := 0
	for _, l := range r.letters {
		for _, s := range l.bodies {
			n += r.particulars(s)
		}
	}
	return n
}

// particulars counts what a text gives of one person: a number, a birth, an age
// behind a name, a ground.
func (r *reader) particulars(s *sheet) int {
	n := 0
	for _, sp := range s.ownWords() {
		words := flat(sp.of(s.low))
		if slices.ContainsFunc(nhsNumbers(words), func(h nhsHit) bool { return h.why == "" }) {
			n++
		}
		if slices.ContainsFunc(dates(words, r.now), func(d dateHit) bool { return d.why == "" && birthWord.MatchString(words[:d.start]) }) {
			n++
		}
		if len(agedNames(s, sp)) > 0 {
			n++
		}
		if len(scanSpan(s, sp, r.now, levelGround)) > 0 {
			n++
		}
	}
	return n
}

// signedJob reports whether the mail is signed with a job.
func (r *reader) signedJob() bool {
	w := r.writer()
	return w.role != "" || w.org != "" && (strongOrg.MatchString(w.org) || mediumOrg.MatchString(w.org))
}

// fromHost is the sender's host, to see a workplace by.
func (r *reader) fromHost() string {
	if len(r.in.Message.From) == 0 {
		return ""
	}
	_, host, _ := strings.Cut(r.in.Message.From[0].Addr, "@")
	return strings.ToLower(host)
}

// formInBody is the form that stands in the mail's own text.
func (r *reader) formInBody() *form {
	for _, l := range r.letters {
		for _, s := range l.bodies {
			if f := r.forms[s]; f != nil && f.about >= 3 {
				return f
			}
		}
	}
	return nil
}

// familyForm knows the form that people fill in about themselves.
func (r *reader) familyForm() bool {
	for _, s := range r.docs {
		if strings.Contains(s.low[:min(len(s.low), 1500)], "tell us about you") {
			return true
		}
	}
	return false
}

// blankForm reports whether a form came with nothing filled in.
func (r *reader) blankForm() bool {
	for _, s := range r.docs {
		if f := r.forms[s]; f != nil && len(f.pairs) >= 8 && f.about == 0 {
			return true
		}
	}
	return false
}

func (r *reader) hasState(states ...document.State) bool {
	for _, d := range r.all {
		for _, s := range states {
			if d.State == s && !isLogo(d) {
				return true
			}
		}
	}
	return false
}

// isLogo knows the small pictures of signatures.
func isLogo(d document.Document) bool {
	return strings.HasPrefix(d.Type, "image/") && (d.Size < 12<<10 || strings.HasPrefix(strings.ToLower(d.Name), "image0"))
}

func (r *reader) hasMacro() bool {
	for _, d := range r.all {
		name := strings.ToLower(d.Name)
		if strings.HasSuffix(name, "m") && (strings.HasSuffix(name, ".docm") || strings.HasSuffix(name, ".xlsm") || strings.HasSuffix(name, ".dotm") || strings.HasSuffix(name, ".pptm")) {
			return true
		}
	}
	for _, p := range r.in.Message.Parts {
		if strings.Contains(p.Type, "macroenabled") {
			return true
		}
	}
	return false
}

// main is the letter in which the referral stands: the innermost with a form or
// with words, when the mails around it say little.
func (r *reader) main() *letter {
	best := r.letters[0]
	for _, l := range r.letters[1:] {
		if l.words() >= 15 && (best.words() < 40 || l.depth > best.depth && best.words() < 60) {
			best = l
		}
	}
	return best
}

func (l *letter) words() int {
	n := 0
	for _, s := range l.bodies {
		for _, sp := range s.ownWords() {
			n += len(strings.Fields(sp.of(s.norm)))
		}
	}
	return n
}

// writer is who wrote the main letter.
func (r *reader) writer() writer {
	l := r.main()
	if s := r.letterOf(l); s != nil {
		if w := writerOf(l, []*sheet{s}); w.sheet != nil {
			return w
		}
	}
	return writerOf(l, l.bodies)
}

// settle takes the best fact of each field; other values stay beside it for
// people.
func (r *reader) settle(facts []found) map[string]Fact {
	byField := map[string][]Fact{}
	for _, f := range facts {
		if f.field == "" || f.Source.Part == "" || f.Value == "" && len(f.Values) == 0 {
			continue
		}
		f.Source.Quote = r.quote(f.Source)
		if f.Source.Quote == "" {
			continue
		}
		byField[f.field] = append(byField[f.field], f.Fact)
	}
	out := map[string]Fact{}
	for field, all := range byField {
		if !isField[field] {
			continue
		}
		sort.SliceStable(all, func(i, j int) bool { return all[i].Confidence > all[j].Confidence })
		best := all[0]
		for _, x := range all[1:] {
			if x.Value != best.Value && len(best.Rivals) < 4 {
				best.Rivals = append(best.Rivals, Rival{Value: x.Value, Source: x.Source, Why: x.Method})
			}
		}
		out[field] = best
	}
	return out
}

// quote is the text of a source's place.
func (r *reader) quote(s Source) string {
	for _, sh := range r.sheets() {
		if sh.part == s.Part && s.End <= len(sh.text) && s.Start < s.End {
			return sh.text[s.Start:s.End]
		}
	}
	return ""
}
