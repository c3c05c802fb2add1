package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/message"
)

// writer is who wrote a letter, as far as it shows.
type writer struct {
	name     string
	source   Source
	method   string
	email    string
	emailAt  Source
	phone    string
	phoneAt  Source
	role     string
	roleAt   Source
	org      string
	orgAt    Source
	relation string
	relAt    Source
	signed   span // the signature in its sheet, empty when there is none
	sheet    *sheet
}

var (
	iAmKin     = lazy(`\b(?:i am|i'm|im|as) (?:also )?(?:(?:his|her|their|the) |\p{L}+'s )(?:\w+ )?(mum|mother|mam|mom|father|dad|parent|carer|foster carer|brother|sister|wife|husband|partner|nan|gran|grandmother|grandfather|grandad|grandma|aunt|auntie|uncle|stepmum|stepdad|stepfather|stepmother|guardian|special guardian|neighbour|friend)\b(?: of)?|\b(?:i am|i'm) (?:the |a )?(mum|mother|dad|father|parent|foster carer|grandmother|grandfather|brother|sister|wife|husband|nan|gran) (?:of|to|for|with)\b|\b(mum|dad|mother|father) of \p{L}+ here\b|\bwe are (?:his |her |their |the )?(foster carer|parent|grandparent)s\b|\bi'm an? (foster carer)\b|\bi am an? (foster carer)\b|\bi'm (mum|dad) to\b`)
	doubleKin  = lazy(`\bi (?:live|am) next door\b|\bmy neighbour\b|\bas (?:his|her) neighbour\b`)
	hisMother  = lazy(`\b(?:his|her) (?:mother|mum)\b`)
	hisFather  = lazy(`\b(?:his|her) (?:father|dad)\b`)
	myPhone    = lazy(`\b(?:ring|call|phone|telephone|text|contact|reach(?:ed)?|get|on|number|mobile|cell|tel|telefon|me)\b`)
	theirPhone = lazy(`\b(?:his|her|their) (?:\w+ ){0,2}?(?:number|phone|mobile|advocate|social worker|mother|mum|dad|father|sister|brother|keyworker)\b[^.;]{0,40}$|\b(?:mother|mum|father|dad|advocate|surgery|office|school|camhs|duty)\b[^.;]{0,25}$`)
)

// kinOfPerson is what the writer is to somebody whom he calls "my …".
var kinOfPerson = map[string]string{
	"son": "parent", "daughter": "parent", "boy": "parent", "girl": "parent", "lad": "parent", "child": "parent", "kid": "parent", "eldest": "parent", "youngest": "parent", "teenager": "parent", "stepson": "parent", "stepdaughter": "parent", "step-son": "parent", "step-daughter": "parent",
	"grandson": "grandparent", "granddaughter": "grandparent", "grandchild": "grandparent",
	"brother": "sibling", "sister": "sibling", "husband": "partner", "wife": "partner", "partner": "partner",
	"friend": "friend", "neighbour": "friend", "foster son": "carer", "foster daughter": "carer", "foster child": "carer",
}

// writerOf finds who wrote the letters of a mail.
func writerOf(l *letter, own []*sheet) writer {
	w := writer{}
	from := ""
	if len(l.msg.From) > 0 {
		from = displayName(l.msg.From[0].Name)
		w.email = l.msg.From[0].Addr
		w.emailAt = l.headerSource(w.email)
		if w.emailAt.Part == "" {
			w.email = ""
		}
	}
	for _, s := range own {
		spans := s.toldBy()
		if len(spans) == 0 {
			continue
		}
		if seg, ok := s.passedOn(); ok {
			from = w.author(s, seg)
		}
		sig := signatureOf(s, spans[0])
		if sig.name.end == 0 {
			continue
		}
		w.sheet, w.signed = s, span{sig.name.start, max(spans[0].end, sig.name.end)}
		w.take(s, sig, from, l)
		break
	}
	if w.name == "" && from != "" {
		w.name, w.source, w.method = from, l.headerSource(l.msg.From[0].Name), "header"
	}
	return w
}

// author takes who wrote a mail that somebody passed on from the lines above
// it, and returns the name.
func (w *writer) author(s *sheet, seg message.Segment) string {
	w.email, w.emailAt = "", Source{}
	if at := strings.Index(s.low[seg.Start:seg.End], strings.ToLower(seg.From.Addr)); at >= 0 && seg.From.Addr != "" {
		w.email, w.emailAt = strings.ToLower(seg.From.Addr), s.source(seg.Start+at, seg.Start+at+len(seg.From.Addr))
	}
	name := displayName(seg.From.Name)
	if at := strings.Index(s.norm[seg.Start:seg.End], name); at >= 0 && name != "" {
		w.name, w.source, w.method = name, s.source(seg.Start+at, seg.Start+at+len(name)), "header"
	}
	return name
}

// take fills in what a signature says. A first name alone gives way to the From
// header where that begins with it.
func (w *writer) take(s *sheet, sig signature, from string, l *letter) {
	signed := properName(sig.name.of(s.norm))
	w.name, w.source, w.method = signed, s.source(sig.name.start, sig.name.end), "signature"
	if !strings.Contains(bareName(signed), " ") && strings.Contains(from, " ") && sameFirstName(signed, from) {
		if at := l.headerSource(l.msg.From[0].Name); strings.Contains(at.Quote, from) || w.emailAt.Part == at.Part {
			w.name, w.source, w.method = from, at, "header"
		}
	}
	if sig.role.end > 0 {
		w.role, w.roleAt = oneLine(sig.role.of(s.norm)), s.source(sig.role.start, sig.role.end)
	}
	if sig.organisation.end > 0 {
		w.org, w.orgAt = oneLine(sig.organisation.of(s.norm)), s.source(sig.organisation.start, sig.organisation.end)
	}
	if sig.phone != nil {
		w.phone, w.phoneAt = sig.phone.value, s.source(sig.phone.start, sig.phone.end)
	}
	if c := relationCodes[sig.kin]; c != "" {
		end := min(len(s.norm), lineEnd(s.norm, sig.name.start, len(s.norm)))
		w.relation, w.relAt = c, s.source(sig.name.start, end)
	}
}

// below reports whether an offset of a sheet stands in the signature, or below
// it in the same mail.
func (w writer) below(s *sheet, at int) bool {
	return s == w.sheet && at >= w.signed.start && at < w.signed.end
}

// above cuts the signature out of a stretch of words.
func (w writer) above(s *sheet, sp span) []span {
	if s != w.sheet || w.signed.end == 0 || w.signed.start <= sp.start || w.signed.start >= sp.end {
		return []span{sp}
	}
	out := []span{{sp.start, w.signed.start}}
	if w.signed.end < sp.end {
		out = append(out, span{w.signed.end, sp.end})
	}
	return out
}

// isPerson gives a writer who signs with the first name alone the whole name
// that he or she gives as the person.
func (w *writer) isPerson(p person) {
	name, source := p.names()
	if strings.Contains(name, " ") && !strings.Contains(bareName(w.name), " ") && (w.name == "" || sameFirstName(w.name, name)) {
		w.name, w.source, w.method = name, source, "phrase"
	}
}

// relate finds what the writer is to the person, in the letters, else in the
// subject.
func (w *writer) relate(letters []*sheet, subject *sheet, p person) {
	if w.relation != "" {
		return
	}
	parent := span{}
	var parentSheet *sheet
	for _, s := range letters {
		for _, sp := range s.toldBy() {
			low := sp.of(s.low)
			if m := iAmKin.FindStringSubmatchIndex(low); m != nil {
				for g := 2; g < len(m); g += 2 {
					if m[g] >= 0 {
						w.relation, w.relAt = relationCodes[low[m[g]:m[g+1]]], s.source(sp.start+m[0], sp.start+m[1])
						if w.relation == "carer" && p.kin != "" && kinOfPerson[p.kin] != "parent" && kinOfPerson[p.kin] != "" {
							w.relation = kinOfPerson[p.kin] // a grandmother who is the guardian
						}
						return
					}
				}
			}
			if m := doubleKin.FindStringIndex(low); m != nil {
				w.relation, w.relAt = "friend", s.source(sp.start+m[0], sp.start+m[1])
				return
			}
			for _, m := range myKinAlone.FindAllStringSubmatchIndex(low, -1) {
				kin := low[m[2]:m[3]]
				if p.kin != "" && p.kin != kin || kinOfPerson[kin] == "" || parentSheet != nil {
					continue
				}
				if p.kin == "" && kinOfPerson[kin] != "parent" && p.value() != "" {
					continue
				}
				parent, parentSheet = span{sp.start + m[0], sp.start + m[1]}, s
				w.relation = kinOfPerson[kin]
			}
		}
	}
	if parentSheet == nil && w.relation == "" && subject != nil {
		if m := myKinAlone.FindStringSubmatchIndex(subject.low); m != nil && kinOfPerson[subject.low[m[2]:m[3]]] != "" {
			w.relation, w.relAt = kinOfPerson[subject.low[m[2]:m[3]]], subject.source(m[0], m[1])
		}
	}
	if parentSheet == nil {
		return
	}
	w.relAt = parentSheet.source(parent.start, parent.end)
	if w.relation == "parent" {
		w.motherOrFather(letters)
	}
}

var myKinAlone = lazy(`\b(?:my|our)\s+(?:(?:own|dear|lovely|autistic|older|younger|elder|little|big|adult|teenage|adopted|disabled|\d+[- ]year[- ]old|\w+-year-old)\s+){0,2}(` + kinWords + `)\b`)

// motherOrFather decides from whom the letter calls his or her mother: a writer
// who has a wife and speaks of the mother is the father.
func (w *writer) motherOrFather(letters []*sheet) {
	for _, s := range letters {
		for _, sp := range s.toldBy() {
			low := sp.of(s.low)
			if m := hisMother.FindStringIndex(low); m != nil && strings.Contains(low, "my wife") {
				w.relation, w.relAt = "father", s.source(sp.start+m[0], sp.start+m[1])
			} else if m := hisFather.FindStringIndex(low); m != nil && strings.Contains(low, "my husband") {
				w.relation, w.relAt = "mother", s.source(sp.start+m[0], sp.start+m[1])
			}
		}
	}
}

// ownPhone finds the number that the writer gives for himself in the text.
func (w *writer) ownPhone(letters []*sheet) {
	for _, s := range letters {
		for _, sp := range s.toldBy() {
			for _, sen := range sentences(s.norm, sp.start, sp.end) {
				for _, h := range phones(sen.of(s.norm)) {
					before := sen.of(s.low)[:h.start]
					if theirPhone.MatchString(before) || !myPhone.MatchString(before) && strings.TrimSpace(before) != "" && w.phone != "" {
						continue
					}
					said := myPhone.MatchString(before)
					if w.phone == "" || said && w.signed.end > 0 && sen.start < w.signed.start {
						w.phone, w.phoneAt = h.value, s.source(sen.start+h.start, sen.start+h.end)
						if said {
							return
						}
					}
				}
			}
		}
	}
}

// consentBy says whose consent "I consent" is.
func (w writer) consentBy(self bool, low string) string {
	switch {
	case self:
		return "person"
	case proxy.MatchString(low):
		return "attorney_deputy"
	}
	switch w.relation {
	case "mother", "father", "parent":
		return "parent"
	case "grandparent", "carer":
		if strings.Contains(low, "guardian") {
			return "parent"
		}
	}
	return ""
}
