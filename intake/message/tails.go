package message

import (
	"regexp"
	"strings"
)

var (
	deviceLine = regexp.MustCompile(`(?i)^(sent (from|via|using|with) (my|outlook|mail|yahoo|samsung|proton|gmail|the|an?|typeapp|airmail|mobile|blackberry|bt|sky|aol|hotmail|windows|gmx|o2|three|ee|huawei|google)\b.{0,80}|get outlook for (ios|android).{0,60}|gesendet von .{1,80}|(wysłane|wysłano) z .{1,40}|envoyé (de|depuis) mon .{1,30}|enviado desde mi .{1,30}|von meinem .{1,30} gesendet|trimis de pe .{1,30})$`)
	closing    = regexp.MustCompile(`(?i)^(with )?((many|kind|kindest|best|warm|warmest|yours|yours's) )?(kind |best |warm |many )?(regards?|wishes|thanks|thank you|thanks again|thankyou|yours (sincerely|faithfully|truly)|sincerely|faithfully|cheers|kr|br|kindest|many thanks( and kind regards)?|thanks (so|very) much|thank you (so|very) much|thanks in advance|thank you in advance|love|xx+|z poważaniem|pozdrawiam|cu stimă)( and (kind |best |warm |many )?(regards|wishes|thanks))?[\s,.!:x-]*$`)
	disclaimer = regexp.MustCompile(`(?i)(intended (solely |only |exclusively )?(for|to be read by) (the )?(use of |attention of )?(the )?(named |intended )?(person|individual|addressee|recipient|organisation|above|exclusive)|not (be )?(the|an) (intended|named) (recipient|addressee)|(received|sent) (this|it|the)?\s?(e-?mail|message|communication|transmission)?( to you)? (in|by) error|legally privileged|privileged (and|or|and/or) confidential|files transmitted with it|unauthori[sz]ed (use|disclosure|copying|access|review)|(e-?mails?|messages?|communications?) (may be|are|is|will be) (monitored|recorded|subject to)|nhsmail is the secure|consider the environment|think before you print|registered (office|charity|in england|address|company)|views (or opinions )?(expressed|contained)|free (from|of) (any )?virus|freedom of information act|save paper|strictly (prohibited|confidential and)|confidential and (is )?(intended|may|for))`)
	tailStart  = regexp.MustCompile(`(?i)^[\s*_#=-]*(disclaimer|confidential(ity)?\b|this (e-?mail|message|communication|transmission|document|information|electronic)|the (information|contents?|views) (contained |transmitted )?(in|of|and|expressed)|the information in this|if you (are not|have received|received)|please (consider|note|do not print|think|notify)|privileged|notice\b|important\b|legal\b|nhsmail|any (views|opinions|unauthori|files|disclosure)|e-?mails? (sent|to|from|may|are)|internet (e-?mail|communications)|registered|think before|save paper|unless|we (monitor|may monitor)|all e-?mails?|caution|warning|\*{3,})`)
	footerHelp = regexp.MustCompile(`(?i)^[\s*_-]*((in|for|if it is|in case of) an? emergency,? (please )?(call|dial|ring|contact|phone)|(please note,? )?(this|our) (inbox|mailbox|service|e-?mail( address)?|team|account) (is not|does not|cannot|isn't|is only)\b.{0,60}|if you (are|feel|need|require|have) .{0,60}(crisis|emergency|urgent)\b.{0,60}(call|dial|contact|ring|text)|out[- ]of[- ]hours( contact)?[:,]? |crisis (line|text|support)s?\b)`)
	quoteRule  = regexp.MustCompile(`^[_=*~-]{3,}$`)
)

// tailKinds gives the kind of every line of a run: its own, or that of a
// signature or a disclaimer at its end. A sentence after a signature is the
// writer's again: what matters most may stand in a postscript.
func tailKinds(lines []textLine, kind SegmentKind) []SegmentKind {
	kinds := make([]SegmentKind, len(lines))
	for i := range kinds {
		kinds[i] = kind
	}
	if kind == QuotedOurs {
		return kinds
	}
	seenSignature := false
	clear := 0    // no disclaimer begins before this line
	said := false // "thank you" alone is an answer, not the end of a letter
	for i := 0; i < len(lines); {
		end := i + 1
		switch {
		case lines[i].blank():
		case isDelimiterLine(lines, i):
			end = delimitedEnd(lines, i)
			fillKinds(kinds[i:end], Signature)
			seenSignature = true
		case deviceLine.MatchString(lines[i].text):
			kinds[i] = Signature
			seenSignature = true
		case said && closing.MatchString(lines[i].text):
			end = closingEnd(lines, i)
			fillKinds(kinds[i:end], Signature)
			seenSignature = true
		case i >= clear:
			from, to, ok := disclaimerIn(lines, i, seenSignature)
			if ok {
				fillKinds(kinds[from:to], Disclaimer)
				end = to
			}
			said = said || from > i || !ok
			clear = to
		}
		i = end
	}
	joinGaps(lines, kinds, kind)
	return kinds
}

func fillKinds(kinds []SegmentKind, kind SegmentKind) {
	for i := range kinds {
		kinds[i] = kind
	}
}

// joinGaps gives blank lines the kind before them, unless the writer's own words follow.
func joinGaps(lines []textLine, kinds []SegmentKind, own SegmentKind) {
	for i := 1; i < len(lines); i++ {
		if !lines[i].blank() || kinds[i-1] == kinds[i] {
			continue
		}
		next := skipBlank(lines, i)
		if next == len(lines) || kinds[next] != own {
			fillKinds(kinds[i:next], kinds[i-1])
		}
	}
}

// isDelimiterLine is the "-- " of RFC 3676 4.3.
func isDelimiterLine(lines []textLine, i int) bool {
	return lines[i].text == "--" && i+1 < len(lines)
}

// delimitedEnd takes what follows "-- ", as long as signatures are.
func delimitedEnd(lines []textLine, i int) int {
	end := i + 1
	for end < len(lines) && end < i+25 {
		if !lines[end].blank() && startsDisclaimer(lines[end:], true) {
			break
		}
		end++
	}
	return end
}

// closingEnd takes the name, post and numbers below "Kind regards": short lines,
// none of them a sentence.
func closingEnd(lines []textLine, i int) int {
	end, taken := i+1, 0
	for k := i + 1; k < len(lines) && taken < 15; k++ {
		l := lines[k]
		if l.blank() {
			continue
		}
		if isSentence(l.text) || startsDisclaimer(lines[k:], true) {
			break
		}
		end, taken = k+1, taken+1
	}
	return end
}

var (
	postscript = regexp.MustCompile(`(?i)^p\.?\s?s\b`)
	pronoun    = regexp.MustCompile(`\b(I|I'm|I've|he|she|they|him|her|his|my|our|we|you|it|is|are|was)\b`)
)

// isSentence tells a writer's line from a post, a house or a number, which are
// short or written with capitals.
func isSentence(s string) bool {
	words := strings.Fields(s)
	small := 0
	for _, w := range words {
		if 'a' <= w[0] && w[0] <= 'z' {
			small++
		}
	}
	switch n := len(words); {
	case n > 12, len(s) > 110, postscript.MatchString(s), strings.HasSuffix(s, "?"):
		return true
	case n >= 4 && pronoun.MatchString(s), n >= 6 && 2*small > n:
		return true
	default:
		return strings.HasSuffix(s, ".") && n > 5 || strings.HasSuffix(s, "!") && n > 3
	}
}

// disclaimerIn looks in the paragraph at i for the line where a disclaimer
// begins; from there to the paragraph's end it is one.
func disclaimerIn(lines []textLine, i int, belowSignature bool) (from, to int, ok bool) {
	to = i
	for to < len(lines) && !lines[to].blank() {
		to++
	}
	for k := i; k < to; k++ {
		if startsDisclaimer(lines[k:to], belowSignature) {
			return k, to, true
		}
	}
	return 0, to, false
}

// startsDisclaimer looks at the first of some lines. Help lines ("in an
// emergency call …") count only below a signature, and only as a house writes
// them, never as a person tells of their own emergency.
func startsDisclaimer(lines []textLine, belowSignature bool) bool {
	first := lines[0].text
	if belowSignature && footerHelp.MatchString(first) {
		return true
	}
	if quoteRule.MatchString(first) && len(lines) > 1 {
		first = lines[1].text
	}
	return tailStart.MatchString(first) && disclaimer.MatchString(joinText(lines[:min(len(lines), 12)]))
}

func joinText(lines []textLine) string {
	var out strings.Builder
	for _, l := range lines {
		if l.blank() {
			break
		}
		out.WriteString(l.text)
		out.WriteByte(' ')
	}
	return out.String()
}
