package reading

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

// sheet is one text that is read: the body of a mail, its header, or a
// document. Rules run on norm, the text with typographic variants made plain,
// and on low, the same in lower case; both have equal length, and orig maps
// their offsets back to the text that people see.
type sheet struct {
	part string
	text string
	norm string
	low  string
	back []int // norm offset → text offset, nil when they are equal

	doc  *document.Document // nil for mail bodies and headers
	segs []message.Segment  // of mail bodies, in norm offsets

	active []*cueRule        // the rules whose words the sheet holds
	cues   map[span][]cueHit // what they met, by sentence
}

func newSheet(part, text string) *sheet {
	s := &sheet{part: part, text: text}
	s.norm, s.back = normalise(text)
	s.low = lower(s.norm)
	return s
}

// isHeader reports whether the sheet is the header lines of a mail.
func (s *sheet) isHeader() bool { return s.part == "header" || strings.HasSuffix(s.part, "/header") }

// plain maps characters that people's programs choose for them to the one that
// rules are written with. "" removes the character.
var plain = map[rune]string{
	'‘': "'", '’': "'", '‛': "'", 'ʼ': "'", '´': "'", '`': "'", '“': `"`, '”': `"`, '„': `"`,
	'–': "-", '—': "-", '‑': "-", '‐': "-", '−': "-", '…': "...",
	'\u00a0': " ", '\u2007': " ", '\u202f': " ", '\u2009': " ", '\u3000': " ", '\r': "",
	'\u00ad': "", '\u200b': "", '\u200c': "", '\u200d': "", '\ufeff': "", '\u200e': "", '\u200f': "", '\u2060': "",
	'☑': "☒", '⊠': "☒", '✓': "☒", '✔': "☒", '✗': "☒", '✘': "☒", '🗹': "☒", '🗷': "☒", '✅': "☒", '❎': "☒", '🗵': "☒", '⌧': "☒", '◉': "☒",
	'□': "☐", '▢': "☐", '◻': "☐", '❏': "☐", '❐': "☐", '❑': "☐", '❒': "☐", '○': "☐", '◯': "☐", '⬜': "☐", '🔲': "☐",
}

func normalise(text string) (string, []int) {
	if isPlain(text) {
		return text, nil
	}
	var b strings.Builder
	b.Grow(len(text))
	back := make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		out, ok := plain[r]
		if !ok {
			out = text[i : i+n]
		}
		for k := range len(out) {
			if ok {
				back = append(back, i)
			} else {
				back = append(back, i+k)
			}
		}
		b.WriteString(out)
		i += n
	}
	return b.String(), append(back, len(text))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || s[i] == '\r' || s[i] == '`' {
			return false
		}
	}
	return true
}

// lower maps each letter to lower case where that keeps its length, so that
// offsets stay true.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		l := unicode.ToLower(r)
		if utf8.RuneLen(l) != utf8.RuneLen(r) {
			return r
		}
		return l
	}, s)
}

// orig maps an offset of norm to the text; an end maps behind whatever the
// character before it stood for.
func (s *sheet) orig(i int) int {
	if s.back == nil {
		return i
	}
	return s.back[min(i, len(s.back)-1)]
}

// at maps an offset of the text to norm.
func (s *sheet) at(i int) int {
	if s.back == nil {
		return min(i, len(s.norm))
	}
	return sort.SearchInts(s.back, i)
}

// source names the place norm[start:end), without surrounding blanks.
func (s *sheet) source(start, end int) Source {
	start, end = trim(s.norm, start, end)
	a, b := s.orig(start), s.orig(end)
	return Source{Part: s.part, Page: s.page(a), Start: a, End: b, Quote: s.text[a:b]}
}

func (s *sheet) page(at int) int {
	if s.doc == nil {
		return 0
	}
	i := sort.Search(len(s.doc.Blocks), func(i int) bool { return s.doc.Blocks[i].End > at })
	if i < len(s.doc.Blocks) {
		return s.doc.Blocks[i].Page
	}
	return 0
}

// trim narrows [start,end) so that it neither begins nor ends with blanks.
func trim(s string, start, end int) (int, int) {
	for start < end {
		r, n := utf8.DecodeRuneInString(s[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		start += n
	}
	for end > start {
		r, n := utf8.DecodeLastRuneInString(s[start:end])
		if !unicode.IsSpace(r) {
			break
		}
		end -= n
	}
	return start, end
}

// oneLine folds white space, as values are shown.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// span is a stretch of a sheet's norm.
type span struct{ start, end int }

func (p span) of(s string) string { return s[p.start:p.end] }

// edgeBefore reports whether offset i of s is at the edge of a word: no letter
// or digit before it.
func edgeBefore(s string, i int) bool {
	if i <= 0 {
		return true
	}
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

func edgeAfter(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// segment marks whose words each stretch of a mail's body is.
func (s *sheet) segment(own []string) {
	for _, seg := range message.Segments(s.text, oursIn(own)) {
		seg.Start, seg.End = s.at(seg.Start), s.at(seg.End)
		s.segs = append(s.segs, seg)
	}
}

// segments are the marked stretches; a document is all one.
func (s *sheet) segments() []message.Segment {
	if s.segs == nil {
		return []message.Segment{{Kind: message.New, Start: 0, End: len(s.norm)}}
	}
	return s.segs
}

// oursIn knows our own letters by their sender, or by the words that stand in
// each of them.
func oursIn(own []string) func(message.Address, string) bool {
	return func(from message.Address, quoted string) bool {
		for _, o := range own {
			if strings.EqualFold(o, from.Addr) {
				return true
			}
		}
		low := strings.ToLower(quoted[:min(len(quoted), 20000)])
		name := strings.ToLower(from.Name)
		return strings.Contains(low, "this team does not give emergency help") && strings.Contains(low, "dynamic support register") ||
			from.Addr == "" && (name == "essex dsr" || strings.Contains(name, "dynamic support register"))
	}
}

// ownWords are the stretches whose words are the writer's or the forwarded
// referral's: facts come from these.
func (s *sheet) ownWords() []span {
	var out []span
	for _, seg := range s.segments() {
		switch seg.Kind {
		case message.New, message.Forwarded, message.Signature:
			if n := len(out); n > 0 && out[n-1].end == seg.Start {
				out[n-1].end = seg.End
				continue
			}
			out = append(out, span{seg.Start, seg.End})
		}
	}
	return out
}

// writerWords are the stretches that the sender wrote.
func (s *sheet) writerWords() []span {
	var out []span
	for _, seg := range s.segments() {
		if seg.Kind == message.New || seg.Kind == message.Signature {
			if n := len(out); n > 0 && out[n-1].end == seg.Start {
				out[n-1].end = seg.End
				continue
			}
			out = append(out, span{seg.Start, seg.End})
		}
	}
	return out
}

// passedOn is the mail that somebody only forwards with a line of his own, when
// it is written by a person about himself or his own: its author is who refers.
func (s *sheet) passedOn() (message.Segment, bool) {
	words := 0
	for _, sp := range s.writerWords() {
		own := sp.of(s.low)
		if ownReferral.MatchString(own) {
			return message.Segment{}, false
		}
		words += len(strings.Fields(own))
	}
	if words > 45 {
		return message.Segment{}, false
	}
	for _, seg := range s.segments() {
		text := s.low[seg.Start:seg.End]
		if seg.Kind == message.Forwarded && (familyVoice.MatchString(text) || selfVoice.MatchString(text)) && !workVoice.MatchString(text) {
			return seg, true
		}
	}
	return message.Segment{}, false
}

var ownReferral = lazy(`\b(?:referral from (?:me|us)|(?:i|we) (?:would like to |wish to |'d like to |want to )?refer\b|my referral|our referral)`)

// toldBy are the stretches of whoever refers: the sender's own words, or those
// of the mail that he passes on.
func (s *sheet) toldBy() []span {
	seg, ok := s.passedOn()
	if !ok {
		return s.writerWords()
	}
	var out []span
	for _, x := range s.segments() {
		if x.Start >= seg.Start && (x.Kind == message.Forwarded || x.Kind == message.Signature) && x.From == seg.From {
			if n := len(out); n > 0 && out[n-1].end == x.Start {
				out[n-1].end = x.End
				continue
			}
			out = append(out, span{x.Start, x.End})
		}
	}
	return out
}

// letterWords are the own words without the letterhead of an attached letter,
// whose address and numbers are the sender's.
func (s *sheet) letterWords() []span {
	spans := s.ownWords()
	if s.doc != nil && len(spans) > 0 {
		if m := letterBegins.FindStringIndex(s.low); m != nil {
			spans[0].start = m[0]
		}
	}
	return spans
}

var letterBegins = lazy(`(?m)^\s*(?:dear |re:|to whom it)`)
