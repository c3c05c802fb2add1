package reading

import (
	_ "embed"
	"fmt"
	"regexp/syntax"
	"strings"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/intake/message"
)

// Levels of cues.
const (
	levelCrisis = "crisis"
	levelUrgent = "urgent"
	levelQuiet  = "quiet" // no alarm by its words; two of them are one
	levelGuard  = "guard" // abuse, neglect, exploitation
	levelGround = "ground"
)

// cueRule is one line of cues.txt.
type cueRule struct {
	level, name string
	ownNegation bool // the pattern holds its own negation
	pastCounts  bool
	askedCounts bool
	re          *pattern
}

//go:embed cues.txt
var cueData string

// cueRules are the rules of cues.txt, compiled once.
var cueRules = sync.OnceValue(func() []cueRule {
	rules, err := parseCues(cueData)
	if err != nil {
		panic("reading: cues.txt: " + err.Error()) // the program is broken
	}
	return rules
})

func parseCues(data string) ([]cueRule, error) {
	var rules []cueRule
	for line := range strings.Lines(data) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			return nil, fmt.Errorf("%q has %d columns, not 4", line[:min(len(line), 40)], len(f))
		}
		if _, err := syntax.Parse(f[3], syntax.Perl); err != nil {
			return nil, fmt.Errorf("%s %s: %w", f[0], f[1], err)
		}
		rules = append(rules, cueRule{level: f[0], name: f[1], re: lazy(f[3]),
			ownNegation: strings.Contains(f[2], "n"), pastCounts: strings.Contains(f[2], "p"), askedCounts: strings.Contains(f[2], "q")})
	}
	return rules, nil
}

// cueHit is a rule that a text met.
type cueHit struct {
	rule  *cueRule
	level string // after what its sentence says of time
	sheet *sheet
	span
	sentence span
}

func (h cueHit) cue() Cue {
	return Cue{Rule: h.level + ":" + h.rule.name, Source: h.sheet.source(h.start, h.end)}
}

// Scan finds signs of danger in texts, and needs nothing else to have worked:
// no classes, no forms, no segments. Cues whose rule begins with "crisis:" are
// alarms, those with "urgent:" and "guard:" are for people to look at soon.
// own are the register's addresses, so that our letters quoted below are passed
// over.
func Scan(now time.Time, own []string, texts ...PartText) []Cue {
	var cues []Cue
	for _, t := range texts {
		s := newSheet(t.Part, t.Text)
		s.segment(own)
		hits := scanSheet(s, now)
		for _, h := range hits {
			if h.level == levelCrisis || h.level == levelUrgent || h.level == levelGuard {
				cues = append(cues, h.cue())
			}
		}
		if quiet := quietAlarm(hits); len(quiet) > 0 {
			for _, h := range quiet {
				c := h.cue()
				c.Rule = "crisis:quiet." + h.rule.name
				cues = append(cues, c)
			}
		}
	}
	return cues
}

// scanSheet runs all rules but those for grounds over a sheet.
func scanSheet(s *sheet, now time.Time) []cueHit {
	var hits []cueHit
	for _, seg := range s.segments() {
		if seg.Kind == message.QuotedOurs {
			continue
		}
		for _, h := range scanSpan(s, span{seg.Start, seg.End}, now, levelCrisis, levelUrgent, levelQuiet, levelGuard) {
			switch seg.Kind {
			case message.Quoted:
				if h.level != levelCrisis {
					continue
				}
				h.level = levelUrgent // old words below a reply
			case message.Signature, message.Disclaimer:
				if h.level != levelCrisis {
					continue
				}
			}
			hits = append(hits, h)
		}
	}
	return hits
}

// scanSpan gives what the rules of some levels meet in a stretch of a sheet.
func scanSpan(s *sheet, sp span, now time.Time, levels ...string) []cueHit {
	var hits []cueHit
	for _, sen := range sentences(s.norm, sp.start, sp.end) {
		for _, h := range s.cuesOf(sen.span, now) {
			if contains(levels, h.rule.level) {
				hits = append(hits, h)
			}
		}
	}
	return hits
}

// cuesOf runs all rules over a sentence, once: whoever asks for urgency, for
// grounds or for the reason asks about the same sentences.
func (s *sheet) cuesOf(sen span, now time.Time) []cueHit {
	if s.cues == nil {
		s.cues = map[span][]cueHit{}
		rules := cueRules()
		for i := range rules {
			if rules[i].gated(s.low) || rules[i].gated(flat(s.low)) {
				s.active = append(s.active, &rules[i])
			}
		}
	}
	hits, known := s.cues[sen]
	if known {
		return hits
	}
	text := flat(sen.of(s.low))
	for _, r := range s.active {
		for _, m := range r.re.FindAllStringIndex(text, 3) {
			if level := r.judge(s, sen, text, m[0], m[1], now); level != "" {
				hits = append(hits, cueHit{r, level, s, span{sen.start + m[0], sen.start + m[1]}, sen})
				break
			}
		}
	}
	s.cues[sen] = hits
	return hits
}

func (r *cueRule) gated(text string) bool { return r.re.may(text) }

// flat makes one line of a sentence without moving a byte.
func flat(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' {
			return ' '
		}
		return c
	}, s)
}

var (
	boilerplate = lazy(`\b(?:if (?:you|your|someone|anyone|somebody|a child|a person|it is|this is|there is|an? )|in an emergency|out of hours|samaritans|116 123|(?:call|dial|ring|phone|contact) (?:999|111|nhs 111|the police on)|nhs 111|not monitored|this (?:e-?mail|message|inbox|mailbox|form|team)|for urgent|people who|anyone who|young people who|we (?:offer|provide|support) )`)
	personal    = lazy(`\b(?:my (?:\w+ )?(?:son|daughter|brother|sister|husband|wife|partner|mum|dad|boy|girl|lad|child|grandson|granddaughter|nephew|niece|friend|client|mother|father)|i have|i've|ive|i am|i'm|im|he has|she has|he's|she's|hes|shes|has taken|has a)\b`)
	negationEnd = lazy(`\b(?:no|not|never|nor|without|den(?:y|ies|ied|ying)|didn't|didnt|doesn't|doesnt|don't|dont|isn't|isnt|wasn't|wasnt|hasn't|hasnt|haven't|aren't|won't|wouldn't|nobody|no one|noone|neither|rather than|instead of|no longer|free of|rules? out|ruled out|not been|weren't|couldn't|low risk of|avoid|prevent)(?:\s+[\w'/&-]+){0,6}?\s*$`)
	// What happens to a relative is no ground of the person's.
	relativesFate = lazy(`\b(?:my|his|her|their|whose) (?:\w+ )?(?:sister|brother|mother|mum|mam|father|dad|nan|gran|wife|husband|partner|aunt|uncle)(?: \p{L}+)? (?:who |whom )?(?:is|was|has been|has gone|went|had to go)(?: now| just| also| himself| herself)? (?:\w+ )?$`)
	deniedWithin  = lazy(`\b(?:not|never|no longer|isn't|wasn't|neither)\b`)
	thingMissing  = lazy(`\b(?:anything|something|nothing|what|which|information|pages?|numbers?|forms?|documents?|details?|attachments?|reports?|boxes|bits?|it|this|that)\s*$`)
	habitual      = lazy(`\b(?:every (?:day|night|week|morning|time)|most (?:days|nights)|all the time|daily|each day|on a daily basis|constantly|always)\b`)
	groundDenied  = lazy(`\b(?:no|not|never|without|isn't|nobody is|no one is|denies)\s+(?:\w+\s+){0,3}(?:risk|plans?|question|need|history|concerns?|talk\w*|at risk|going|been)?\s*(?:of|for|to|about)?\s*(?:\w+\s+)?$`)
	answeredNo    = lazy(`^[^.;\n☐☒]{0,30}?(?:[:?]|\s-|\t)\s*(?:no\b|none|nil\b|n/?a\b|n\b|low\b|not (?:known|applicable|current|at present)|does not apply|never|denied|☐)`)
	distantPast   = lazy(`\b(?:years? ago|months ago|last (?:year|summer|autumn|winter|spring)|when (?:he|she|i|they|we) (?:was|were) (?:\d|a |little|young|at |in |still|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen)|as a (?:child|teenager|boy|girl|baby|young)|used to|history of|historical(?:ly)?|in the past|previously|once before|at the age of|aged \d+,? (?:he|she|i)|back in|long ago|early \d{4}s|a while ago)\b`)
	pastYear      = lazy(`\b(?:in|of|from|until|late|early|summer|during|and|,) ?((?:19|20)\d\d)\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* ((?:19|20)\d\d)\b`)
	pastMonth     = lazy(`\b(?:in|during|of|last|early|late|mid-?|and) ?(january|february|march|april|may|june|july|august|september|october|november|december)\b`)
	recentPast    = lazy(`\b(?:last (?:week|month|weekend|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|(?:\w+ )?(?:weeks?|days|fortnight) ago|the other (?:day|week)|on (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)|a month ago|recently|over the (?:summer|weekend)|this term|in the last (?:\w+ )?(?:weeks|months|year)|at the weekend|twice|several times|(?:two|three|four|five|six|\d+) times|four occasions|on \w+ occasions|regularly|sometimes|often|when (?:he|she|they) (?:is|are|gets?) (?:upset|distressed|anxious|angry)|can |tends to|at times|has a habit|incidents?)\b`)
	nowWords      = lazy(`\b(?:now|tonight|today|this (?:morning|afternoon|evening|minute|second)|right now|just|currently|at the moment|still|again|minutes? ago|an hour ago|hours? ago|last night|since (?:yesterday|this|last night)|as i (?:write|type)|keeps (?:saying|telling)|please help)\b`)
)

// judge decides what a match counts for in its sentence: "" when it is denied,
// asked, printed on a form or in a footer.
func (r *cueRule) judge(s *sheet, sen span, text string, start, end int, now time.Time) string {
	before, after := text[:start], text[end:]
	if boilerplate.MatchString(text) && !personal.MatchString(text) && r.level != levelGround {
		return ""
	}
	if isOption(s, sen, start) || isUnanswered(s, sen, end) {
		return ""
	}
	if answeredNo.MatchString(after) {
		return ""
	}
	if r.name == "missing.now" && thingMissing.MatchString(before) {
		return ""
	}
	if r.level == levelGround && relativesFate.MatchString(before) {
		return ""
	}
	if r.level == levelGround && (groundDenied.MatchString(before) || r.name == "hospital_admission" && strings.Contains(text[start:end], "residential")) {
		return ""
	}
	if r.level != levelGround && !r.ownNegation && (negated(before) || deniedWithin.MatchString(text[start:end])) {
		return ""
	}
	if !r.askedCounts && strings.HasSuffix(strings.TrimSpace(text), "?") && (s.doc != nil || r.level == levelGround) {
		return ""
	}
	if r.pastCounts {
		return r.level
	}
	return r.inTime(text, now, s.doc != nil && strings.HasSuffix(strings.TrimSpace(text), "?"))
}

// negated looks for a negation in the clause before a match.
func negated(before string) bool {
	if i := strings.LastIndexAny(before, ";:()"); i >= 0 {
		before = before[i+1:]
	}
	for _, cut := range []string{" but ", " and ", ", "} {
		if i := strings.LastIndex(before, cut); i >= 0 {
			rest := before[i+len(cut):]
			// "no thoughts of self-harm and suicide" denies both.
			if cut == " but " || strings.Count(rest, " ") > 0 {
				before = rest
			}
		}
	}
	return negationEnd.MatchString(before)
}

// inTime lowers what happened before: long ago it is history, lately it is
// urgent, today or without a time it is what it says.
func (r *cueRule) inTime(text string, now time.Time, asked bool) string {
	isNow := nowWords.MatchString(text)
	if r.level == levelCrisis && habitual.MatchString(text) && !strings.Contains(text, "right now") && !strings.Contains(text, "tonight") {
		return levelUrgent
	}
	switch {
	case asked:
		return ""
	case isDistant(text, now) && !isNow:
		if r.level == levelCrisis {
			return levelUrgent
		}
		return ""
	case r.level == levelCrisis && !isNow && (recentPast.MatchString(text) || isDated(text, now)):
		return levelUrgent
	}
	return r.level
}

func isDistant(text string, now time.Time) bool {
	if distantPast.MatchString(text) {
		return true
	}
	for _, m := range pastYear.FindAllStringSubmatch(text, -1) {
		if y := atoi(m[1] + m[2]); y > 0 && y < now.Year() {
			return true
		}
	}
	for _, m := range pastMonth.FindAllStringSubmatch(text, -1) {
		months := (int(now.Month()) - monthNumber[m[1][:3]] + 12) % 12
		if months >= 2 && months <= 9 {
			return true
		}
	}
	return false
}

// isDated reports whether a sentence speaks of a day more than two days ago.
func isDated(text string, now time.Time) bool {
	for _, d := range dates(text, now) {
		if d.why != "" {
			continue
		}
		if d.year == 0 {
			d.year = now.Year()
		}
		if t := d.time(); t.Before(now.AddDate(0, 0, -2)) {
			return true
		}
	}
	return pastMonth.MatchString(text)
}

// isOption reports whether a match stands behind an empty box.
func isOption(s *sheet, sen span, start int) bool {
	at := sen.start + start
	from := max(0, at-90)
	line := s.norm[from:at]
	if i := strings.LastIndexByte(line, '\n'); i >= 0 {
		line = line[i+1:]
	}
	box := strings.LastIndex(line, "☐")
	return box >= 0 && box > strings.LastIndex(line, "☒") && strings.Count(line[box:], "\t") == 0 && !endsInBox(s, sen)
}

// endsInBox knows the order "Yes ☒ No ☐", where boxes follow their words.
func endsInBox(s *sheet, sen span) bool {
	end := lineEnd(s.norm, sen.start, len(s.norm))
	line := strings.TrimSpace(s.norm[strings.LastIndexByte(s.norm[:sen.start], '\n')+1 : end])
	return (strings.HasSuffix(line, "☐") || strings.HasSuffix(line, "☒")) && !strings.HasPrefix(line, "☐") && !strings.HasPrefix(line, "☒")
}

// isUnanswered reports whether a match stands in the label of a question that
// is answered with No, or not at all.
func isUnanswered(s *sheet, sen span, end int) bool {
	rest := s.norm[sen.start+end : lineEnd(s.norm, sen.start+end, len(s.norm))]
	if strings.ContainsAny(rest, "☐☒") {
		i := strings.IndexAny(rest, "☐☒")
		if strings.HasPrefix(rest[i:], "☒") && !strings.ContainsAny(rest[:i], ".") {
			// the words before the first box are its label
			return yesNo(rest[i+len("☒"):]) == "no" || strings.TrimSpace(rest[i+len("☒"):]) == ""
		}
		return !strings.Contains(rest, "☒") || strings.Contains(lower(rest), "☒ no") || strings.HasSuffix(strings.TrimSpace(lower(rest)), "no ☒")
	}
	if i := strings.IndexByte(rest, '\t'); i >= 0 && strings.Count(rest[:i], " ") < 6 {
		answer := strings.TrimSpace(rest[i:])
		return yesNo(answer) == "no" || answer == "" || isPlaceholder(answer)
	}
	return false
}

// quietAlarm returns the quiet cues that together are an alarm: two of
// different kinds, or one that needs no second.
func quietAlarm(hits []cueHit) []cueHit {
	kinds := map[string]bool{}
	var quiet []cueHit
	strong := false
	for _, h := range hits {
		if h.level != levelQuiet {
			continue
		}
		quiet = append(quiet, h)
		kinds[h.rule.name] = true
		strong = strong || h.rule.name == "not-here-on"
	}
	weak := 0
	for _, k := range []string{"sorry", "calm", "cant-go-on"} {
		if kinds[k] {
			weak++
		}
	}
	if strong || len(kinds) >= 2 && len(kinds) > weak || weak >= 3 {
		return quiet
	}
	return nil
}
