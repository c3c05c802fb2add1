package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

// kindRule is a pattern for mails of another route, with its kind.
type kindRule struct {
	kind string
	re   *pattern
}

var otherRoutes = []kindRule{
	{"sar", lazy(`\bsee (?:what|everything|all) (?:that )?(?:you|the (?:team|panel|council)) (?:have|has|hold|wrote|written|keep)\b[^.]{0,30}\b(?:about|on) (?:me|my|him|her)|\b(?:under|right\b[^.]{0,40}) data protection (?:law|act|rights?)\b|\bright of access\b|\bsubject access\b|\bsar\b|\b(?:everything|all the (?:information|data|records|notes)|what (?:information|data)|all (?:information|data|records|personal data)) (?:that )?you (?:hold|have|keep)\b|\bcop(?:y|ies) of (?:all |everything |any |the )?(?:the )?(?:\w+ )?(?:information|records?|data|notes|files?|paperwork)\b[^.?]{0,40}\b(?:hold|about me|about my|on me|on my|held|have on)\b|\baccess to (?:my|his|her) (?:own )?(?:records|files?|data|notes|personal)|\bdata subject\b`)},
	{"foi", lazy(`\bfreedom of information\b|\bfoi(?:a)?\b|\benvironmental information regulations\b`)},
	{"complaint", lazy(`\b(?:formal|official|stage (?:one|two|1|2)|make a|making a|raise a|lodge a|register a|submit a|file a) (?:\w+ )?complaint\b|\b(?:want|wish|would like|writing|write|going|need|like) to complain\b|\bcomplaint (?:about|against|regarding) (?:your|the|how|my|this)\b|\bcomplaining about (?:your|the (?:panel|decision|team|register|way))\b|\bombudsman\b|^(?:re: )?(?:formal )?complaint\b`)},
	{"legal", lazy(`\bletter before (?:claim|action)\b|\bpre-?action\b|\bjudicial review\b|\bwe act for\b|\b(?:are|am|been) instructed (?:by|to|that)\b|\bwitness (?:summons|statement)\b|\bcourt (?:order|direction)s? (?:for|requiring) (?:disclosure|you)\b|\bcoroner\b|\btribunal (?:directions|order)\b`)},
	{"police", lazy(`\bschedule 2\b|\brequest for disclosure\b|\bdisclosure request\b|\bplease disclose\b|\b(?:police|crime) (?:enquiry|investigation)\b[^.]{0,80}\b(?:disclose|provide|confirm)\b|\bdata protection act[^.]{0,60}\b(?:prevention|detection|investigat)`)},
	{"media", lazy(`\b(?:reporter|journalist|correspondent|producer|researcher) (?:with|for|at|on|from)\b|\bmedia (?:enquiry|request)\b|\bpress (?:enquiry|office|request|statement)\b|\bfor (?:a|our) (?:story|article|programme|documentary|newspaper)\b|\bwriting (?:a story|an article)\b|\bstatement by (?:noon|\d|the end|close)`)},
	{"safeguarding", lazy(`\b(?:i|we) (?:work|worked|used to work) (?:at|in|for) [^.]{3,60}\.[^?]{0,600}\b(?:residents?|patients|tenants|service users|young people|children|pupils|people)\b[^?]{0,200}\b(?:locked|left in|shouted at|hit|restrained|punish\w*|not fed|rough|bullied|neglect\w*|sedated|medicated)`)},
	{"mp", lazy(`\bmy constituent\b|\bmember of parliament\b|\bhouse of commons\b|\bconstituency (?:office|casework)|\bon behalf of (?:my|a|our) constituent|\bcllr\b|\bcouncillor\b[^.]{0,60}\b(?:resident|constituent|ward)`)},
}

var (
	withdraws   = lazy(`\b(?:take|remove|get|taking|removing) (?:me|us|him|her|them|my (?:name|son|daughter|brother|sister|child|details|husband|wife|mum|dad|\w+)(?: [\p{L}'-]+){0,3}|(?:[\p{L}'-]+ ){1,3}?(?:\(\d+\) )?)(?:\(\d+\) )?\s?(?:off|from|out of) (?:of )?(?:the |your |this |that )?(?:dynamic |dsr |support )*(?:register|list|dsr|system|database|books)\b|\bremove my (?:name|details)\b|\b(?:stop|cancel|withdraw|halt|pull|drop|end) (?:the|my|this|her|his|our|their|\p{L}+'s)(?: dsr)? referral\b|\bwithdraw(?:ing|al)? (?:my |our |the |his |her |from (?:the )?)(?:\w+ )?(?:referral|consent|register|dsr)\b|\b(?:no longer|do not|don't|dont|didn't|did not) (?:want|wish|wants|wishes|like)(?: to| (?:my|our) \w+(?: \p{L}+)?(?: \p{L}+)? to| her to| him to| them to| \p{L}+ to)? (?:be|stay|remain|go|go ahead)(?: included| put| placed)?(?: any more)? (?:on|in|with|part of) (?:a |the |your |any |this |that )?(?:dynamic |support )*(?:list|register|dsr|referral|it)\b|\bchanged my mind about (?:the|this|my|being)\b[^.?]{0,40}\b(?:referral|register|list)\b|\b(?:want|like|wish|asking|ask|request) to (?:come|be taken|be removed|get) off\b|\b(?:please )?stop it before\b|\boff your list\b|\b(?:i'm|i am) (?:now )?saying no\b|\bdecided not to (?:go|be) on\b|\b(?:come|coming) off (?:the|your) (?:register|list|dsr) (?:please|now)\b|\bremoval from (?:the )?(?:register|dsr)\b`)
	withdrawNot = lazy(`\bcan you come off\b|\b(?:came|come) off (?:it|the)\b[^.]{0,30}\bbecause\b|\bname was removed\b|\bwas removed\b`)
	onRegister  = lazy(`\b(?:already |currently |is |who is |who's |he's |she's |was added |been )(?:already |currently )?on (?:the|your|our) (?:dsr|register|dynamic support register|books|list)\b|\bon (?:the|your) (?:register|dsr)(?: since| \(| from)|\(on your (?:register|dsr)\)|\bone of yours\b|\bknown to (?:your|the) (?:team|register|panel)\b|\balready (?:been )?referred\b|\bupdate (?:on|re|about|for|regarding)\b|\b(?:referred|referral) (?:last|earlier|in (?:\w+)) [^.]{0,30}\b(?:update|news|further|more)\b|\bsince (?:the|our|my|his|her) (?:last )?(?:referral|panel)\b|\bfurther to (?:my|our) referral\b`)
	notOnIt     = lazy(`\b(?:not|isn't|never|was) (?:\w+ )?on (?:your|the) (?:register|dsr|list)\b|\bshould be on\b|\bwant(?:s|ed)? (?:\w+ )?(?:to be )?on\b|\bget (?:\w+ )?on(?:to)? the\b`)
	refersNow   = lazy(`\b(?:i|we) (?:would like|'d like|want|wish|am writing|are writing|need|hope|ask) (?:to|you to) (?:refer|self-refer|put|make a (?:new )?referral|nominate|consider|add|ask for (?:help|support))\b|\b(?:please|kindly) (?:accept|find|consider|see) [^.]{0,40}\b(?:referral|referr|form|attached|below|details)\b|\b(?:i|we)(?:'d| would)? (?:like to |want to |wish to |am |'m )?(?:self-?)?refer(?:ring)? (?:my|our|him|her|them|myself|mr|mrs|ms|miss|a |an |the |\p{L}+)|\breferral (?:attached|for|enclosed|form attached|below)\b|\bnew referral\b|\bself-?referral\b|\bplease (?:can|could) (?:our|my|he|she|you) [^.]{0,40}\b(?:considered|referred|put on|added)\b|\b(?:want|like) (?:him|her|them|my \w+|it) (?:to be )?(?:on|put on|added|referred|considered)\b|\b(?:please|could|can|may|would you|i'd like|for)\b[^.?]{0,40}\b(?:be |to )?(?:considered|added|put|included|nominated)\b[^.?]{0,30}\b(?:register|dsr|list)\b|\b(?:consider|add|include|accept|nominat\w+)\b[^.?]{0,60}\b(?:for|on|onto|to) (?:the |your |this )?(?:dynamic |support |dsr )*(?:register|dsr)\b|\bfor (?:the )?dsr(?: please|,|\.|$| referral)|(?:^|[.\n] ?)referring\b|\bwish(?:es)? to (?:self-?)?refer\b|\btake (?:the |this |it |what is )?(?:\w+ )?(?:below |this |it |following )?(?:e-?mail |message |letter )?as (?:a|my|our) (?:new )?referral\b|\b(?:get|put|have|want|like) (?:my|our|him|her|them|me|myself)\b[^.?]{0,40}\b(?:on|onto|added to|joined to) (?:the |your |this |that )?(?:dynamic |support |dsr )*(?:register|dsr|list)\b|\bput forward for\b|\brefer(?:ral)? (?:him|her|them|for|of|to you|into)\b|\bi need to ask for help for\b|\bwrite on (?:his|her) behalf\b|\bwriting on (?:his|her) behalf\b`)
	asksHow     = lazy(`\bhow (?:do|can|does|would|should|to|you|is|could) (?:i|we|you|one|someone|a |my|the|people|parents|it)?\b[^.?]{0,60}\b(?:refer|get|apply|join|register|put|work|go about|onto|on it|self-refer|make|know)|\b(?:send|email|post|have|get|let me have|need|forward|obtain|request(?:ing)?|provide) (?:me |us )?(?:a |the |your |an |some |a copy of )?(?:(?:blank|referral|dsr|current|latest|right|application|self-referral) ){0,2}(?:form|leaflet|information pack|paperwork|guidance|criteria|threshold)|\bwhere (?:can|do|could) (?:i|we) (?:find|get|download)\b|\bwhat (?:is|are|does) (?:the |this |a |your )?(?:dsr|register|dynamic support|criteria|threshold|process)\b|\b(?:could|can|would) (?:you|someone|anyone) (?:please )?(?:tell|explain|advise|let) (?:me|us)\b|\b(?:do|does) (?:you|your child|a person|my \w+|i|we|it|the \w+) (?:take|accept|have to|need|cover|include|think|still)\b|\bis there a (?:form|leaflet|meeting|waiting list|phone number|helpline)\b|\bwho (?:can|is able to) (?:refer|make a referral)\b|\bcan i refer\b|\bam i able to refer\b|\bwhat happens (?:to|after|if|once|when)\b`)
	notAboutOne = lazy(`\b(?:isn't|is not|not) about (?:her|him|me|anyone|anybody|a particular|one|my)\b|\bnot (?:making|sending) a referral\b|\bin general\b|\bgeneral (?:question|enquiry|query)\b|\bbefore (?:i|we) refer\b|\bnobody in particular\b`)
	spamWords   = lazy(`\bunsubscribe\b|\bbook (?:now|your place|a (?:free )?(?:demo|call)|today)\b|\b\d+% (?:off|discount)\b|\bclick here\b|\bfree (?:\d+ minute )?(?:demo|trial|webinar|quote|consultation|guide)\b|\bwebinar\b|\bearly[- ]bird\b|\bmasterclass\b|\bdiscount\b|\blimited (?:time|offer|places)\b|\bspecial offer\b|\byou are receiving this\b|\bopt out\b|\bno longer wish to receive\b|\bview (?:this email )?in (?:your )?browser\b|\bplus vat\b|\bour platform\b|\bgenerate leads\b|\bseo\b|\bexhibition\b|\bconference\b|\bsponsor|\bcpd\b|\btrusted by\b|\bbook a\b|\bsign up\b|\blottery\b|\bbitcoin\b|\bcrypto|\binvestment opportunit|\bbeneficiary\b|\bmillion (?:dollars|usd|pounds)\b|\bspecial rate\b|\bagency staff\b|\bour (?:product|software|solution|services|training)s?\b|\bnewsletter\b|\bget in touch for a quote\b`)
	phishWords  = lazy(`\benable (?:content|macros|editing)\b|\bverify your (?:account|identity|mailbox|password|email)\b|\b(?:account|mailbox|password) (?:is|has been|will be|will) (?:suspended|locked|limited|expire|deactivated|full|closed)\b|\bpassword expir|\bkindly (?:confirm|click|open|review|find|download|verify)\b|\bfind attach\b|\bfailure to (?:comply|process|respond|verify)\b|\bwithin 24 hours\b|\bremittance\b|\binvoice (?:attached|overdue|is due)\b|\bwire transfer\b|\bgift cards?\b|\bunusual sign-?in\b|\bupdate your (?:payment|billing|account)\b|\bre-?validate\b`)
	otherDesk   = lazy(`\b(?:blue badge|bin collection|brown bin|recycling|council tax|planning (?:permission|application)|pothole|parking (?:permit|fine|ticket)|library (?:book|card)|bus pass|street ?light|fly[- ]?tipping|birth certificate|register of electors|electoral register)\b`)
	wantsWork   = lazy(`\b(?:curriculum vitae|my cv|cv attached|hiring manager|job application|applying for (?:the|a) (?:post|job|role|position)|the (?:post|vacancy|role|position) of|vacancy|vacancies|work experience|volunteering opportunit)`)
	wantsForm   = lazy(`\b(?:cannot|can't|could not|couldn't|can not|unable to|where (?:can|do) i|where is|don't have|haven't got|do not have) (?:find |get |locate |open |download |see )?(?:\w+ ){0,2}(?:referral |dsr |current |latest )*form\b|\b(?:send|email|forward|share) (?:it|me|us|over|one|this|the|a|your)(?: \w+){0,3} (?:form|over|please)\b[^.]{0,20}\?`)
	portalWords = lazy(`\b(?:encrypted|secure) (?:e-?mail|message)\b`)
	portalDoes  = lazy(`\b(?:passcode|one-time (?:code|password)|sign in|log in|register to read|click|read (?:the |your )?(?:message|email)|open (?:the |your )?(?:message|email)|expires?)\b`)
	sharedLink  = lazy(`\bshared (?:a |an |the )?(?:file|folder|document|item|"|')|\bhas (?:shared|invited you)|\bthis link (?:only )?(?:works|will)|\b(?:sharepoint|onedrive|1drv|dropbox|wetransfer|drive\.google|docs\.google|box\.com)\b|\bhas sent you (?:a file|files|some files)\b`)
	ourLetter   = lazy(`\b(?:had|got|received|thank you for|thanks for|about|in (?:answer|reply|response) to|further to|re:?) (?:your |you're )(?:\w+ )?letter\b|\b(?:had|got|received|thank you for|thanks for|in (?:answer|reply|response) to|further to) (?:a|the) (?:\w+ )?letter (?:from (?:you|your team|the (?:dsr|register|panel)|essex dsr)|you (?:sent|wrote)|about (?:the|your) (?:panel|register|decision|dsr))\b|\byou asked (?:for|me|us|about)\b|\basking for (?:some )?(?:details|more|information)\b|\bas (?:you )?(?:asked|requested)\b|\byour (?:letter|email) (?:of|dated|asking|about|to)\b`)
	reference   = lazy(`(?i)\bdsr-\d{4}-\d{4,6}-?[a-z]?\b`)
	replyMark   = lazy(`(?i)^\s*(?:(?:\[[^\]]*\]\s*)?(?:re|aw|antw|sv|odp)\s*(?:\[\d+\])?\s*:\s*)`)
	ourID       = lazy(`^dsr\.[A-Za-z0-9_-]{6,}\.\d+@`)
)

// voice is who speaks in a mail.
type voice struct {
	words   string // the writer's own words, lower case, one line a sentence
	all     string // with what is forwarded
	subject string
	count   int // words
}

func (r *reader) voice() voice {
	v := voice{subject: strings.ToLower(r.subject())}
	var own, all strings.Builder
	for _, l := range r.letters {
		for _, s := range l.bodies {
			for _, sp := range s.toldBy() {
				own.WriteString(sp.of(s.low))
				own.WriteByte('\n')
			}
			for _, sp := range s.ownWords() {
				all.WriteString(sp.of(s.low))
				all.WriteByte('\n')
			}
		}
	}
	v.words, v.all = flat(own.String()), flat(all.String())
	v.count = len(strings.Fields(v.words))
	return v
}

// classify decides the class, surest signs first. A sign of danger keeps a mail
// from being taken for a machine's or for advertising.
func (r *reader) classify() {
	v := r.voice()
	c, kind, why := r.class(v)
	r.result.Class, r.result.Kind = c, kind
	if why != "" {
		r.result.ClassWhy = append(r.result.ClassWhy, Cue{Rule: "class:" + why})
	}
}

func (r *reader) class(v voice) (Class, string, string) {
	switch r.result.Made.Origin {
	case message.AutoReply:
		return AutoReply, "", "automatic answer"
	case message.Bounce:
		return Bounce, "", "delivery report"
	case message.Receipt:
		return Receipt, "", "receipt"
	case message.Notice:
		return SecureNotice, "", "waits behind a portal"
	}
	alarm := r.alarm()
	if !alarm {
		if c, kind, why := r.machineLike(v); c != "" {
			return c, kind, why
		}
	}
	thread := r.inThread()
	if c, kind, why := r.asked(v, thread, alarm); c != "" {
		return c, kind, why
	}
	if thread {
		return Reply, "", "our thread"
	}
	if otherDesk.MatchString(v.subject+". "+v.words) && !alarm && !autismTerm.MatchString(v.words) && !ldTerm.MatchString(v.words) {
		return Other, "other_service", "another service's business"
	}
	if wantsWork.MatchString(v.subject+". "+v.words) && !alarm {
		return Other, "recruitment", "asks for work"
	}
	if c := r.referralClass(v); c != "" {
		return c, "", "refers somebody"
	}
	if (asksHow.MatchString(v.words) || asksHow.MatchString(v.subject)) && aboutUs.MatchString(v.subject+" "+v.words) {
		return Enquiry, "", "asks how"
	}
	return Other, "", "nothing known"
}

// alarm reports whether the writer's words hold a sign of danger now.
func (r *reader) alarm() bool {
	for _, h := range r.hits {
		if h.level == levelCrisis {
			return true
		}
	}
	return len(quietAlarm(r.hits)) > 0
}

// machineLike knows advertising, phishing and links to files.
func (r *reader) machineLike(v voice) (Class, string, string) {
	text := v.subject + " " + v.words
	if len(text) > 6000 {
		text = text[:6000]
	}
	spam := len(uniqueMatches(spamWords, text))
	phish := len(uniqueMatches(phishWords, text))
	refers := r.bestForm() != nil && r.bestForm().about >= 4
	macro := r.hasMacro()
	switch {
	case refers && !macro:
		return "", "", ""
	case phish >= 2 || phish >= 1 && (macro || r.hasState(document.Quarantined)):
		return Spam, "phishing", "asks to open or verify something"
	case r.result.Made.Origin == message.List && spam >= 1, spam >= 3, spam >= 2 && !myKinAlone.MatchString(text):
		return Spam, "advertising", "advertises"
	}
	if portalWords.MatchString(text) && portalDoes.MatchString(text) && v.count < 90 && strings.Contains(v.words, "http") {
		return SecureNotice, "", "waits behind a portal"
	}
	if sharedLink.MatchString(text) && v.count < 90 && strings.Contains(v.words, "http") {
		return SecureNotice, "link", "only a link to a file"
	}
	return "", "", ""
}

func uniqueMatches(re *pattern, text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range re.FindAllString(text, 40) {
		out[m] = true
	}
	return out
}

// inThread reports whether the mail answers one of ours.
func (r *reader) inThread() bool {
	m := r.in.Message
	for _, ids := range [][]string{m.InReplyTo, m.References} {
		for _, id := range ids {
			if ourID.MatchString(strings.Trim(id, "<> ")) {
				return true
			}
		}
	}
	for _, s := range r.letters[0].bodies {
		for _, seg := range s.segments() {
			if seg.Kind == message.QuotedOurs {
				return true
			}
		}
	}
	return replyMark.MatchString(m.Subject) && reference.MatchString(m.Subject)
}

// asked knows mails that want something other than a referral.
func (r *reader) asked(v voice, thread, alarm bool) (Class, string, string) {
	text := v.subject + ". " + v.words
	formed := r.bestForm() != nil && r.bestForm().about >= 4
	if m := withdraws.FindStringIndex(text); m != nil && !withdrawNot.MatchString(text) && !formed && !isQuestion(text, m[1]) {
		if !alarm || !refersNow.MatchString(text) {
			return Withdrawal, "", "asks to come off"
		}
	}
	if !formed {
		for _, k := range otherRoutes {
			// A danger that somebody tells of goes first, but one in a home belongs there.
			if (!alarm || k.kind == "safeguarding") && (k.re.MatchString(v.words) || k.re.MatchString(v.subject)) {
				return OtherRoute, k.kind, k.kind
			}
		}
	}
	if thread {
		return "", "", ""
	}
	if !formed && (onRegister.MatchString(text) || reference.MatchString(text)) && !notOnIt.MatchString(text) && !refersNow.MatchString(v.words) {
		return Update, "", "somebody already known"
	}
	if !formed && ourLetter.MatchString(v.words) && !refersNow.MatchString(v.words) {
		return Reply, "", "answers a letter of ours"
	}
	if wantsForm.MatchString(text) && !formed && !alarm && r.ownParticulars() == 0 {
		return Enquiry, "", "asks for the form"
	}
	if r.enquires(v) {
		return Enquiry, "", "asks how it works"
	}
	return "", "", ""
}

func isQuestion(text string, at int) bool {
	rest := text[at:]
	if i := strings.IndexAny(rest, ".!?"); i >= 0 && rest[i] == '?' {
		start := strings.LastIndexAny(text[:at], ".!?\n-") + 1
		return !strings.Contains(text[start:at], "please") && !strings.Contains(text[start:at], "could you") && !strings.Contains(text[start:at], "can you")
	}
	return false
}

// enquires reports whether a mail asks how things work and refers nobody.
func (r *reader) enquires(v voice) bool {
	text := v.subject + ". " + v.words
	if !asksHow.MatchString(text) || !aboutUs.MatchString(text) {
		return false
	}
	if notAboutOne.MatchString(text) {
		return true
	}
	if f := r.bestForm(); f != nil && f.about >= 2 || refersNow.MatchString(v.words) || len(r.docs) > 0 {
		return false
	}
	weight := 0
	for _, h := range r.hits {
		if h.level == levelUrgent || h.level == levelCrisis || h.level == levelGuard {
			weight++
		}
	}
	return weight == 0 && len(nhsNumbers(v.words)) == 0 && v.count < 160
}

// aboutUs is what an enquiry must speak of to be one of ours.
var aboutUs = lazy(`\b(?:dsr|register|refer(?:rals?|red|ring|rer)?|dynamic|panel|c\(?e?\)?tr|form|criteria|leaflet)\b`)
