package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/message"
)

var (
	notUrgent = lazy(`\bnot urgent\b|\bno urgency\b|\bin \w+ months\b|\bin the (?:spring|summer|new year)\b|\bnext (?:year|summer|spring)\b`)
	farDays   = 21
)

// urgency decides how soon a person must look, the highest reason first.
func (r *reader) urgency() {
	c := r.result.Class
	if c == AutoReply || c == Bounce || c == Receipt {
		r.result.Urgency = Routine
		return
	}
	if r.crisis() {
		r.result.Urgency = Crisis
		return
	}
	if c == Spam {
		r.result.Urgency = Routine
		return
	}
	if c != Enquiry && c != OtherRoute && r.urgent() {
		r.result.Urgency = Urgent
		return
	}
	if c == SecureNotice || r.nothingTold() {
		r.result.Urgency = Unread
		return
	}
	r.result.Urgency = Routine
}

// crisis collects the alarms; quiet words count over the whole of what the
// writer wrote.
func (r *reader) crisis() bool {
	for _, h := range r.hits {
		if h.level == levelCrisis {
			r.result.UrgencyWhy = append(r.result.UrgencyWhy, h.cue())
		}
	}
	var body []cueHit
	for _, h := range r.hits {
		if h.sheet.doc == nil {
			body = append(body, h)
		}
	}
	for _, h := range quietAlarm(body) {
		cue := h.cue()
		cue.Rule = "crisis:quiet." + h.rule.name
		r.result.UrgencyWhy = append(r.result.UrgencyWhy, cue)
	}
	return len(r.result.UrgencyWhy) > 0
}

// urgent collects what must be seen within hours: an admission, a home that
// ends, an arrest, a carer at the end.
func (r *reader) urgent() bool {
	for _, h := range r.hits {
		text := flat(h.sentence.of(h.sheet.low))
		if h.level != levelUrgent || notUrgent.MatchString(text) || r.farAway(h, text) || r.formWords(h) {
			continue
		}
		r.result.UrgencyWhy = append(r.result.UrgencyWhy, h.cue())
	}
	for _, s := range r.sheets() {
		if !s.isHeader() && r.result.Class != Other {
			r.result.UrgencyWhy = append(r.result.UrgencyWhy, r.dueSoon(s)...)
		}
		if f := r.forms[s]; f != nil {
			for _, x := range f.facts {
				low := strings.ToLower(x.Value)
				if x.field == "urgency" && (strings.Contains(low, "urgent") && !strings.Contains(low, "not urgent") || strings.Contains(low, "emergency")) {
					r.result.UrgencyWhy = append(r.result.UrgencyWhy, Cue{Rule: "urgent:form", Source: x.Source})
				}
			}
		}
	}
	return len(r.result.UrgencyWhy) > 0
}

// soonWords are what a date within two weeks must be about to be urgent.
var soonWords = lazy(`\b(?:bed|place|placement|home|move[ds]?|moving|(?:must|has to|have to) leave|out|evict\w*|bailiffs?|court|hearing|magistrates|decide[ds]?|decision|exclusion|excluded|discharge[ds]?|release[ds]?|clos(?:e|es|ing)|ends?|ending|notice|tenancy|deadline|operation|runs? out|goes away|custody|sentenc\w+|admi(?:t|ssion)\w*|lapses?)\b`)

const soonDays = 14

// dueSoon finds what a text says will happen within two weeks: a bed that is
// offered from the 7th, a court on the 9th.
func (r *reader) dueSoon(s *sheet) []Cue {
	var out []Cue
	for _, sp := range r.spoken(s) {
		for _, sen := range sentences(s.norm, sp.start, sp.end) {
			low := flat(sen.of(s.low))
			if !soonWords.MatchString(low) || notUrgent.MatchString(low) {
				continue
			}
			for _, d := range dates(low, r.now) {
				if d.why != "" || d.day == 0 {
					continue
				}
				if d.year == 0 {
					d.year = r.now.Year()
				}
				if t := d.time(); t.After(r.now.AddDate(0, 0, -1)) && t.Before(r.now.AddDate(0, 0, soonDays+1)) && !birthWord.MatchString(low[:d.start]) {
					out = append(out, Cue{Rule: "urgent:date", Source: s.source(sen.start, sen.end)})
				}
			}
		}
	}
	return out
}

// farAway reports whether what a sentence speaks of lies weeks ahead.
func (r *reader) farAway(h cueHit, text string) bool {
	if h.rule.name != "notice" && h.rule.name != "police" && h.rule.name != "soon" && h.rule.name != "admission" {
		return false
	}
	far := false
	for _, d := range dates(text, r.now) {
		if d.why != "" {
			continue
		}
		if d.year == 0 {
			d.year = r.now.Year()
			if int(r.now.Month())-d.month > 6 {
				d.year++
			}
		}
		if d.time().Before(r.now.AddDate(0, 0, farDays)) {
			return false
		}
		far = true
	}
	return far
}

// formWords reports whether a hit stands in the printed words of a form.
func (r *reader) formWords(h cueHit) bool {
	f := r.forms[h.sheet]
	if f == nil || h.sheet.doc == nil {
		return false
	}
	for _, p := range f.pairs {
		if h.start >= p.label.start && h.end <= p.label.end && p.value != p.label {
			return true
		}
	}
	return false
}

// nothingTold reports whether the mail's own words say little and what came
// with it could not be read.
func (r *reader) nothingTold() bool {
	if !r.unread() {
		return false
	}
	for _, s := range r.docs {
		if f := r.forms[s]; f != nil && f.about >= 3 {
			return false
		}
	}
	return r.voice().count < 150
}

// selfPerson is the writer as the person: by "my name is", else by signature or
// From.
func (r *reader) selfPerson(letters []*sheet, w writer) person {
	for _, s := range letters {
		for _, sp := range s.ownWords() {
			if m := selfName.FindStringIndex(sp.of(s.low)); m != nil {
				at := sp.start + m[1]
				if n, ok := nameAt(s.norm, at); ok && n.start == at {
					return fuller(person{sheet: s, name: n}, letters, nil, "")
				}
				if n, ok := lowerNameAt(s.norm, at); ok && s.low[sp.start+m[0]:sp.start+m[0]+2] == "my" {
					return person{sheet: s, name: n}
				}
			}
			for _, m := range iAm.FindAllStringIndex(sp.of(s.low), 3) {
				at := sp.start + m[1]
				if n, ok := nameAt(s.norm, at); ok && n.start == at && endsClause(s.norm, n.end) {
					return fuller(person{sheet: s, name: n}, letters, nil, "")
				}
			}
		}
	}
	if w.sheet != nil && w.method == "signature" {
		for _, s := range letters {
			if i := strings.Index(s.text, w.source.Quote); i >= 0 && s.part == w.source.Part {
				start := s.at(w.source.Start)
				return person{sheet: s, name: span{start, s.at(w.source.End)}}
			}
		}
	}
	if w.name != "" && w.source.Part == "header" {
		h := r.letters[0].header
		return person{sheet: h, name: span{h.at(w.source.Start), h.at(w.source.End)}}
	}
	return person{}
}

func endsClause(s string, i int) bool {
	return i >= len(s) || strings.IndexByte(",.;:!\n(-", s[i]) >= 0 || strings.HasPrefix(s[i:], " and") || strings.HasPrefix(s[i:], " (")
}

// subjectSegment marks the subject line as the words of the header that count.
func (r *reader) subjectSegment(h *sheet) []message.Segment {
	start := strings.Index(h.norm, "\nSubject: ")
	if start < 0 {
		return nil
	}
	start += len("\nSubject: ")
	return []message.Segment{{Kind: message.New, Start: start, End: lineEnd(h.norm, start, len(h.norm))}}
}

var addressLineShape = lazy(`^(?:(?:Flat|Room|Unit|Apartment) \w+,? )?(?:\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*, )?\d{1,4}[A-Za-z]? \p{Lu}[\p{L}' -]+(?:, ?\p{Lu}[\p{L} -]+)+$`)

// signedAddress takes the address that somebody puts below the own name.
func (f *letterFacts) signedAddress(a about) {
	text := oneLine(a.sen.of(a.s.norm))
	if addressLineShape.MatchString(text) {
		f.put(a, "person.address", text, a.sen.start, a.sen.end, 0.8)
	}
}
