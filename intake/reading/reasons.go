package reading

import (
	"time"
)

// told is a sentence with what it does in a letter.
type told struct {
	sen   sentence
	score int  // how much it says why now
	fact  bool // it only gives a particular, a consent, a greeting
	tried bool
}

var (
	triedCue   = lazy(`\b(?:we|i)(?:'ve|ve| have)?(?: all| also| already)? tried\b|\b(?:has|have|had) (?:already |also )?tried\b|\bwhat (?:we've|i've|we have|i have|has been|was) (?:tried|done)\b|\b(?:was|were|been) tried\b|\bthings (?:that have been )?tried\b|\bsupport (?:so far|to date) (?:has|includes)|\bwe do the\b|\balready had\b|\b(?:we|i)(?:'ve| have) (?:done|been through) \w+[^.]*,|\b(?:we|i|she|he)(?:'ve|'s| have| has) had (?:a |an |two |three |some |lots of )?(?:\w+ )?(?:carers?|nurses?|support workers?|camhs|respite|social workers?|tutors?|therap\w+|counsell\w+|agency|agencies|cbt|sessions)\b`)
	triedOn    = lazy(`^(?:neither|none|nothing|it (?:did|didn't|worked|helped|made|was)|that (?:did|didn't|worked|helped)|they (?:did|didn't|worked|stopped|asked|keep)|we (?:went|also|had|even|paid)|a (?:nurse|carer|social worker)|the (?:school|doctor|gp|weekends|nurse|council|crisis team) (?:has|have|had|tried|gave|worked|did|put|came)|she (?:had|did)|he (?:had|did) )`)
	greeting   = lazy(`^(?:hi|hello|hiya|hey|dear|good (?:morning|afternoon|evening)|to whom|morning|afternoon|thank|many thanks|kind regards|regards|yours|best wishes|cheers|please (?:accept|find|see|email|ring|call|phone|write|keep|do not|don't|can|could|let|tell|help)|sorry about|with thanks|re:)`)
	introduces = lazy(`^(?:my name is|i am (?:the |a |his |her |their |writing|his|her)|i'm (?:his|her|the|a|writing)|i (?:would like|want|wish|am writing) to (?:refer|put|ask)|i write (?:as|about)|we would like to refer|please accept|i hope|i was (?:given|told)|referral for|new referral|this is a referral|(?:our|my) (?:address|gp|doctor)|we (?:are|live) at|we're at|(?:his|her|their) (?:date of birth|dob|nhs|gp|doctor|address)|he is at|she is at|nhs|gp|dob|school is|surgery is|doctor is|you (?:can|may) (?:ring|call|telephone|phone|write|get)|my (?:number|phone|mobile|telephone)|i can be reached|(?:he|she) (?:knows|agreed|has agreed|wants to be|is happy|consents|has capacity|lacks capacity)|i (?:consent|give|agree|am happy|have parental)|i suggest|suggested rating)`)
	timely     = lazy(`\b(?:since|last week|next time|now|has been|have been|has not|hasn't|stopped|started|again|weeks?|yesterday|on \w+day|at the moment|any more|excluded|suspended|police|going|moved|found|happened|worse|every day|cannot|can't)\b`)
)

// tell weighs the sentences of a letter.
func tell(s *sheet, now time.Time, w writer) []told {
	var out []told
	for _, sp := range s.letterWords() {
		for _, sen := range sentences(s.norm, sp.start, sp.end) {
			if w.below(s, sen.start) {
				continue
			}
			t := told{sen: sen}
			low := flat(sen.of(s.low))
			for _, h := range scanSpan(s, sen.span, now, levelCrisis, levelUrgent, levelGuard, levelGround, levelQuiet) {
				switch h.rule.level {
				case levelGround:
					t.score += 4
				case levelCrisis:
					t.score += 4
				case levelUrgent:
					t.score += 2
				default:
					t.score++
				}
			}
			if timely.MatchString(low) {
				t.score++
			}
			t.tried = triedCue.MatchString(low)
			t.fact = t.tried || greeting.MatchString(low) || len(low) < 12 || len(postcodes(sen.of(s.norm))) > 0 && t.score < 4 ||
				introduces.MatchString(low) && t.score < 4 || len(phones(sen.of(s.norm))) > 0 && t.score < 3 || labelLine.MatchString(sen.of(s.norm))
			out = append(out, t)
		}
	}
	return out
}

// reason is the stretch of a letter that says why now: the paragraph that says
// most, without the particulars before and after it.
func reason(s *sheet, sens []told) (span, bool) {
	best, bestScore := -1, 0
	sum := map[int]int{}
	for _, t := range sens {
		if !t.fact {
			sum[t.sen.para] += t.score
		}
	}
	for _, t := range sens {
		if sum[t.sen.para] > bestScore {
			best, bestScore = t.sen.para, sum[t.sen.para]
		}
	}
	if best < 0 || bestScore < 3 {
		return span{}, false
	}
	return paragraph(sens, best)
}

// paragraph is the longest run of telling sentences of a paragraph.
func paragraph(sens []told, para int) (span, bool) {
	var run, bestRun span
	score, bestScore := 0, 0
	flush := func() {
		if score > bestScore {
			bestRun, bestScore = run, score
		}
		run, score = span{}, 0
	}
	for _, t := range sens {
		if t.sen.para != para {
			continue
		}
		if t.fact {
			flush()
			continue
		}
		if run.end == 0 {
			run.start = t.sen.start
		}
		run.end = t.sen.end
		score += t.score + 1
	}
	flush()
	return bestRun, bestRun.end > 0
}

// tried is what a letter says has been tried: the sentence that says so and
// what goes on from it.
func triedSpan(s *sheet, sens []told) (span, bool) {
	for i, t := range sens {
		if !t.tried {
			continue
		}
		sp := t.sen.span
		for _, n := range sens[i+1:] {
			low := flat(n.sen.of(s.low))
			if n.sen.para != t.sen.para || !n.tried && !triedOn.MatchString(low) {
				break
			}
			sp.end = n.sen.end
		}
		return sp, true
	}
	return span{}, false
}

var triedLead = lazy(`(?i)^(?:things that have been tried|what (?:we've|i've|we have|i have|has been|was) (?:tried|done)(?: so far)?)\s*:\s*`)

// why reads reason and tried for the people of letters.
func (f *letterFacts) why(s *sheet, sens []told) {
	if len(f.people) > 1 {
		f.whyEach(s, sens)
	} else if sp, ok := reason(s, sens); ok {
		f.put(about{s: s, who: []int{0}}, "reason", oneLine(sp.of(s.norm)), sp.start, sp.end, 0.7)
	}
	if sp, ok := triedSpan(s, sens); ok {
		if m := triedLead.FindStringIndex(sp.of(s.norm)); m != nil {
			sp.start += m[1]
		}
		who := []int{0}
		if len(f.people) > 1 {
			who = f.ownersOf(s, sp)
		}
		f.put(about{s: s, who: who}, "tried", oneLine(sp.of(s.norm)), sp.start, sp.end, 0.7)
	}
}

// ownersOf says whom a stretch is about.
func (f *letterFacts) ownersOf(s *sheet, sp span) []int {
	for _, a := range f.attribute(s) {
		if a.sen.start <= sp.start && sp.start < a.sen.end {
			return a.who
		}
	}
	return nil
}

// whyEach finds for each of several people the paragraph about them.
func (f *letterFacts) whyEach(s *sheet, sens []told) {
	owner := map[int][]int{}
	for _, a := range f.attribute(s) {
		owner[a.sen.start] = a.who
	}
	for i := range f.people {
		var mine []told
		for _, t := range sens {
			who := owner[t.sen.start]
			if len(who) == 1 && who[0] == i {
				mine = append(mine, t)
			}
		}
		if sp, ok := reason(s, mine); ok {
			f.put(about{s: s, who: []int{i}}, "reason", oneLine(sp.of(s.norm)), sp.start, sp.end, 0.65)
		}
	}
}

// grounds reads the grounds that letters speak of.
func (f *letterFacts) grounds(s *sheet, w writer) {
	values := make([][]string, len(f.people))
	sources := make([]Source, len(f.people))
	for _, a := range f.attribute(s) {
		if w.below(s, a.sen.start) {
			continue
		}
		for _, h := range scanSpan(s, a.sen.span, f.now, levelGround) {
			for _, i := range a.who {
				if len(a.who) > 1 {
					continue // of nobody in particular
				}
				if !contains(values[i], h.rule.name) {
					values[i] = append(values[i], h.rule.name)
				}
				if sources[i].Part == "" {
					sources[i] = s.source(h.sentence.start, h.sentence.end)
				}
			}
		}
	}
	for i, v := range values {
		if len(v) > 0 {
			f.out[i] = append(f.out[i], found{"grounds", Fact{Values: v, Source: sources[i], Method: "phrase", Confidence: 0.65}})
		}
	}
}
