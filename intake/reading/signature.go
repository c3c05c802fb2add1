package reading

import (
	"strings"
)

// job is what stands behind a name: role, organisation, how to reach.
type job struct {
	role, organisation span
	phone              *phoneHit
	email              *emailHit
}

// signature is who signed a letter.
type signature struct {
	sheet *sheet
	name  span   // empty when nobody signed
	kin   string // "(DAD)", "his mum" behind the name
	job
}

var (
	closing    = lazy(`(?im)^[ \t]*(?:(?:with |very )?(?:kind(?:est)?|best|warm(?:est)?|many|most|yours|with|lots of|sincere|warmly|respectfully|much)?[ ]?(?:regards|wishes|thanks|thank you|sincerely|faithfully|truly|love|cheers|appreciated|respect)\b[^\n.]{0,45}|yours|cheers|ta|thx|kr|br|from|diolch yn fawr|z poważaniem|pozdrawiam|cofion(?: \p{L}+)?|mul[țt]umesc(?: \p{L}+)?|(?:bardzo )?dziękuję(?: bardzo)?|merci|gracias|danke|obrigad[oa]|teşekkürler|shukran|ačiū|cu (?:stimă|respect)|thank you[^\n]{0,40}|thanks[^\n]{0,30}),?[ \t!.x]*$`)
	roleWord   = lazy(`(?i)\b(?:\w*workers?|nurse|manager|officer|practitioner|psychologist|psychiatrist|therapist|(?:head)?teacher|head|senco|sendco|paediatrician|consultant|doctor|gp|general practitioner|co-?ordinator|advocate|advis[eo]r|clinician|lead|director|assistant|supervisor|matron|solicitor|mentor|tutor|specialist|registrar|commissioner|administrator|secretary|warden|counsellor|principal|dietitian|midwife|health visitor|constable|inspector|sergeant|associate|facilitator|navigator|dsl|amhp|rmn|rnld|carer's champion|engagement|liaison|chief executive|ceo|leader|correspondent|housing support|probation)\b`)
	strongOrg  = lazy(`(?i)\b(?:council|trust|hospital|ltd|limited|llp|cic|school|academy|college|university|police|association|surgery|medical (?:centre|group|practice)|health centre|partnership|foundation|charity|society|infirmary|nhs|primary)\b`)
	mediumOrg  = lazy(`(?i)\b(?:teams?|services?|homes?|house|centre|support|pathways|care|camhs|cmht|housing|advocacy|health|hubs?|clinic|outreach|project|agency|group|lodge|unit|ward|solutions|youth|living|voice|community)\b`)
	phoneFirst = lazy(`(?i)^(?:0|\+|\(|t\b|tel|m\b|mob)`)
	collar     = lazy(`^\s*(?:PC|DC|PS|DS|PCSO|Sgt|Insp)\.? \d{2,5} `)
	letters    = lazy(`^\s*(?:(?:RNLD|RMN|RGN|RN|MBBS|MRCPsych|FRCPsych|BSc|MSc|PhD|DClinPsy|MBE|OBE|QTS|BA|MA|Hons|MRCGP|\(she/her\)|\(he/him\)|\(they/them\)|she/her|he/him|they/them)[,\s]*)+`)
	kinInSign  = lazy(`(?i)^\s*[,(\-–]?\s*(?:(?:his|her|their|ei|\p{L}+'s) )?(mum|mom|mother|dad|father|parent|carer|foster carer|brother|sister|wife|husband|partner|gran|nan|grandmother|grandfather|grandad|grandma|stepfather|stepdad|stepmum|stepmother|guardian|aunt|auntie|uncle|friend|neighbour|mama|tata|tad|dad|thad|mam)\b`)
)

// signatureOf finds who signed norm[sp): the lines behind a closing phrase, else
// the last lines if they look like a name block.
func signatureOf(s *sheet, sp span) signature {
	sig := signature{sheet: s}
	var block span
	if all := closing.FindAllStringIndex(sp.of(s.norm), -1); len(all) > 0 {
		for i := len(all) - 1; i >= 0; i-- {
			after := span{sp.start + all[i][1], sp.end}
			if n := strings.Count(strings.TrimSpace(after.of(s.norm)), "\n"); n > 14 {
				break
			}
			if sig.read(s, after) {
				return sig
			}
		}
	}
	block = lastLines(s.norm, sp)
	for block.start < block.end {
		if sig.read(s, block) {
			return sig
		}
		block.start = lineEnd(s.norm, block.start, block.end) + 1
	}
	sig.lastWords(s, sp)
	return sig
}

// lastLines are up to ten short lines at the end of a letter.
func lastLines(norm string, sp span) span {
	start, end := trim(norm, sp.start, sp.end)
	at := end
	for range 10 {
		i := strings.LastIndexByte(norm[start:max(start, at-1)], '\n')
		line := norm[start+i+1 : at]
		if len(strings.TrimSpace(line)) > 75 || strings.Count(line, ". ") > 1 {
			break
		}
		at = start + i + 1
		if i < 0 {
			break
		}
	}
	return span{min(at, end), end}
}

// read takes a name from the first lines of a block and the job from the rest.
func (sig *signature) read(s *sheet, block span) bool {
	at, lines := block.start, 0
	for at < block.end && lines < 3 {
		end := lineEnd(s.norm, at, block.end)
		line := strings.TrimSpace(s.norm[at:end])
		if line == "" {
			at = end + 1
			continue
		}
		lines++
		name, ok := signedName(s.norm, at, end)
		if !ok {
			at = end + 1
			continue
		}
		if fuller, next := fullerName(s.norm, name, end+1, block.end); next > 0 {
			name, end = fuller, next
		}
		sig.name = name
		rest := span{name.end, block.end}
		if m := kinInSign.FindStringSubmatch(s.norm[name.end:min(len(s.norm), lineEnd(s.norm, name.end, block.end))]); m != nil {
			sig.kin = strings.ToLower(m[1])
		}
		sig.job = parseJob(s.norm, rest)
		return true
	}
	return false
}

// signedName reads a line that is a name, alone or before its job.
func signedName(norm string, at, end int) (span, bool) {
	line := norm[at:end]
	if m := collar.FindStringIndex(line); m != nil {
		at += m[1]
	}
	name, ok := nameAt(norm[:end], at)
	if !ok || name.start > end || name.end > end {
		low := strings.TrimSpace(line)
		if low == "" || low != strings.ToLower(low) || len(low) > 30 || strings.ContainsAny(low, ".?!@0123456789") || strings.Count(low, " ") > 2 {
			return span{}, false
		}
		start, stop := trim(norm, at, end)
		small, found := lowerNameAt(norm, start)
		return small, found && small.end == stop
	}
	if m := andSecond.FindStringIndex(norm[name.end:end]); m != nil {
		name.end += m[1] // "Pete and Joan Ainsley"
	}
	after := letters.ReplaceAllString(strings.TrimLeft(norm[name.end:end], " "), "")
	if after == "" || strings.IndexByte(",|(/-.x", after[0]) >= 0 || phoneFirst.MatchString(after) && len(phones(after)) > 0 || kinInSign.MatchString(after) || roleWord.MatchString(after) && len(after) < 60 {
		if strings.HasPrefix(after, ".") && len(strings.TrimSpace(after)) > 1 {
			return span{}, false
		}
		// "Lisa, could you ring" is an address, not a signature.
		if strings.HasPrefix(after, ",") && strings.HasSuffix(strings.TrimSpace(after), ".") && !roleWord.MatchString(after) && !kinInSign.MatchString(after) {
			return span{}, false
		}
		return name, true
	}
	return span{}, false
}

// andSecond is the second of two who sign together.
var andSecond = lazy(`^ (?:and|&) \p{Lu}[\p{L}'-]+ \p{Lu}[\p{L}'-]+[ \t]*$`)

// fullerName looks in the next lines for the whole name of somebody who first
// signed with the first name alone.
func fullerName(norm string, name span, at, to int) (span, int) {
	first := strings.ToLower(name.of(norm))
	if strings.Contains(first, " ") {
		return name, 0
	}
	for n := 0; at < to && n < 4; n++ {
		end := lineEnd(norm, at, to)
		if full, ok := signedName(norm, at, end); ok {
			words := strings.Fields(strings.ToLower(bareName(full.of(norm))))
			if len(words) > 1 && (words[0] == first || len(words[0]) == 1 && words[0][0] == first[0] || strings.HasPrefix(words[0], first)) {
				return full, end
			}
		}
		at = end + 1
	}
	return name, 0
}

// lastWords takes a name that closes the last sentence: "… ring me. Colin Frayne".
func (sig *signature) lastWords(s *sheet, sp span) {
	all := sentences(s.norm, sp.start, sp.end)
	if len(all) == 0 {
		return
	}
	last := all[len(all)-1]
	name, ok := nameAt(s.norm, last.start)
	if !ok || name.end > last.end {
		return
	}
	rest := strings.Trim(s.norm[name.end:last.end], " .x\n")
	if rest == "" || len(phones(rest)) > 0 && len(rest) < 16 {
		sig.name = name
		sig.job = parseJob(s.norm, span{name.end, last.end})
	}
}

var jobBreak = lazy(`\s*[\n|/•·]\s*|,\s+|\.\s+|\s+-\s+|\s{3,}`)

// parseJob reads role, organisation, phone and e-mail from the words behind a
// name.
func parseJob(norm string, sp span) job {
	var j job
	text := sp.of(norm)
	if len(text) > 700 {
		text = text[:700]
	}
	if hits := phones(text); len(hits) > 0 {
		h := hits[0]
		h.start, h.end = h.start+sp.start, h.end+sp.start
		j.phone = &h
	}
	if hits := emails(text); len(hits) > 0 {
		h := hits[0]
		h.start, h.end = h.start+sp.start, h.end+sp.start
		j.email = &h
	}
	best, from, seen := 0, 0, 0
	piece := func(to int) {
		start, end := trim(norm, sp.start+from, sp.start+to)
		p := strings.Trim(norm[start:end], " ,.;|()")
		if p == "" || seen > 8 {
			return
		}
		seen++
		j.take(norm, start, end, p, &best, seen)
	}
	for _, m := range jobBreak.FindAllStringIndex(text, -1) {
		piece(m[0])
		from = m[1]
	}
	piece(len(text))
	return j
}

// acronym is a team that is called by its letters: "Thurrock CLDT".
var acronym = lazy(`^(?:\p{Lu}\p{L}+ ){1,3}[A-Z]{3,6}$`)

var notJob = lazy(`(?i)^(?:t|tel|m|mob|mobile|e|email|w|phone|telephone|direct|office|fax|working days?|my working|sent from|get outlook|please|www\.|http|this e-?mail|the information|confidential)\b|@|\d{4,}|^(?:mr|mrs|ms|miss)$|^(?:in a|in an|if you|if someone|for urgent)\b|\b(?:call|dial|ring) (?:nhs |999|111|the )`)

func (j *job) take(norm string, start, end int, p string, best *int, seen int) {
	if notJob.MatchString(p) || len(p) > 80 || strings.Count(p, " ") > 9 || len(p) < 2 {
		return
	}
	if letters.FindString(p) == p {
		return
	}
	sp := span{start, end}
	lead := len(norm[start:end]) - len(strings.TrimLeft(norm[start:end], " ,.;|("))
	sp.start += lead
	sp.end = sp.start + len(strings.TrimRight(norm[sp.start:end], " ,.;|"))
	isRole := roleWord.MatchString(p)
	switch {
	case j.role.end == 0 && isRole && !(strongOrg.MatchString(p) && !lazy(`(?i)(?:nurse|officer|worker|head|teacher|practitioner|manager|lead|assistant)\s*(?:\(.*\))?$`).MatchString(p)):
		j.role = sp
		return
	case j.role.end == 0 && seen > 2:
		// no role so far: what follows an address is not a workplace
	}
	rank := 0
	switch {
	case j.role.end > 0 && acronym.MatchString(p):
		rank = 2
	case strongOrg.MatchString(p):
		rank = 3
	case mediumOrg.MatchString(p):
		rank = 2
	case j.role.end > 0 && j.organisation.end == 0 && isNameWord(strings.Fields(p)[0], false) || strings.HasPrefix(p, "The "):
		rank = 1
	}
	if rank > *best && !(isRole && rank < 3 && j.role.end == 0) {
		*best, j.organisation = rank, sp
	}
}
