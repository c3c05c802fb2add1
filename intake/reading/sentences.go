package reading

import (
	"strings"
)

// sentence is a stretch of a sheet that stands for one thought: it ends at a
// full stop, at an empty line, or where a list goes to its next line.
type sentence struct {
	span
	para int // paragraphs are numbered through the sheet
}

var (
	abbreviation = lazy(`(?i)(?:\b(?:dr|mr|mrs|ms|mx|prof|rev|st|no|nos|tel|ext|e\.g|i\.e|etc|approx|inc|vs|dept|sept|jan|feb|mar|apr|aug|oct|nov|dec|d\.o\.b|d\.o|d)|\b[a-z])$`)
	listStart    = lazy(`^\s*(?:[-*•·▪o]\s|\(?[0-9a-z]{1,2}[.)]\s|[☐☒]|>)`)
)

// wrapWidth is the length from which a line is taken to go on in the next:
// mail programs break lines at 65 to 78 characters.
const wrapWidth = 50

// sentences cuts norm[from:to) into sentences.
func sentences(norm string, from, to int) []sentence {
	var out []sentence
	para := 0
	start := from
	flush := func(end int) {
		a, b := trim(norm, start, end)
		if a < b {
			out = append(out, sentence{span{a, b}, para})
		}
		start = end
	}
	for i := from; i < to; i++ {
		switch c := norm[i]; c {
		case '\n':
			empty := i+1 < to && strings.TrimLeft(norm[i+1:lineEnd(norm, i+1, to)], " \t") == ""
			if empty || !wraps(norm, from, i, to) {
				flush(i + 1)
			}
			if empty {
				para++
			}
		case '\t':
			flush(i + 1)
		case '.', '!', '?':
			if endsSentence(norm, i, to) {
				flush(sentenceTail(norm, i+1, to))
			}
		}
	}
	flush(to)
	return out
}

func lineEnd(s string, i, to int) int {
	if n := strings.IndexByte(s[i:to], '\n'); n >= 0 {
		return i + n
	}
	return to
}

// wraps reports whether the line that ends at i goes on in the next one.
func wraps(s string, from, i, to int) bool {
	begin := strings.LastIndexByte(s[from:i], '\n') + 1 + from
	line := s[begin:i]
	if len(line) > 130 {
		return false // nobody breaks lines there
	}
	next := s[i+1 : lineEnd(s, i+1, to)]
	if listStart.MatchString(next) || labelLine.MatchString(next) {
		return false
	}
	word := strings.TrimLeft(next, " \t")
	if n := strings.IndexAny(word, " \t"); n >= 0 {
		word = word[:n]
	}
	// The next word would not have fitted in any usual width.
	return len(line) >= wrapWidth && len(line)+1+len(word) >= 62 || strings.HasSuffix(line, " ") && len(line) >= wrapWidth ||
		len(line) >= 30 && word != "" && word[0] >= 'a' && word[0] <= 'z' && !strings.HasSuffix(strings.TrimSpace(line), ":")
}

// labelLine is a short label with its colon at the beginning of a line.
var labelLine = lazy(`^\s*[A-Z][A-Za-z/()' .&-]{1,34}:\s`)

func endsSentence(s string, i, to int) bool {
	next := byte('\n')
	if i+1 < to {
		next = s[i+1]
	}
	switch next {
	case ' ', '\n', '\t', '"', '\'', ')':
	default:
		return i+1 < to && next >= 0x80 && !strings.HasPrefix(s[i+1:], "é")
	}
	if s[i] == '.' && abbreviation.MatchString(s[max(0, i-8):i]) {
		rest := strings.TrimLeft(s[i+1:to], " ")
		// "B." may end a sentence only before a new line.
		return strings.HasPrefix(rest, "\n")
	}
	return true
}

// sentenceTail takes closing quotes and brackets to the sentence they close.
func sentenceTail(s string, i, to int) int {
	for i < to && (s[i] == '"' || s[i] == '\'' || s[i] == ')' || s[i] == '!' || s[i] == '?' || s[i] == '.') {
		i++
	}
	return i
}
