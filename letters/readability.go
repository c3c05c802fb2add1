package letters

import (
	"regexp"
	"strings"
	"unicode"
)

// Goals of the reading grade, which is about the years of school that a text
// asks for.
const (
	PlainGrade    = 8.0
	EasyReadGrade = 4.0
)

// Goal is the grade that letters of a variant keep to.
func Goal(v Variant) float64 {
	if v == EasyRead {
		return EasyReadGrade
	}
	return PlainGrade
}

// Grade is the Flesch-Kincaid grade of the letter's prose. Rows of numbers and
// addresses say nothing about how it reads and are left out. It is a hint for
// whoever writes, not a judgement of the letter.
func (w Words) Grade() float64 {
	var words, sents, syllables int
	for _, b := range w.Blocks {
		if b.Kind == Table {
			continue
		}
		for _, item := range b.Items {
			for _, line := range item {
				for _, s := range sentences(notProse.ReplaceAllString(line, "")) {
					n, syl := count(s)
					if n > 0 {
						words, sents, syllables = words+n, sents+1, syllables+syl
					}
				}
			}
		}
	}
	if words == 0 {
		return 0
	}
	return 0.39*float64(words)/float64(sents) + 11.8*float64(syllables)/float64(words) - 15.59
}

var sentenceEnd = regexp.MustCompile(`[.!?][”’"')]*(?:\s+|$)`)

// sentences cuts a line at its full stops; an item of a list without one is a
// sentence too.
func sentences(line string) []string {
	var out []string
	last := 0
	for _, m := range sentenceEnd.FindAllStringIndex(line, -1) {
		out = append(out, strings.TrimSpace(line[last:m[1]]))
		last = m[1]
	}
	if rest := strings.TrimSpace(line[last:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func count(s string) (words, syllables int) {
	for w := range strings.FieldsSeq(s) {
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		if w == "" {
			continue // a number is read as easily as a short word
		}
		words++
		syllables += syllablesOf(strings.ToLower(w))
	}
	return words, syllables
}

// syllablesOf counts groups of vowels, less a silent e.
func syllablesOf(w string) int {
	n, vowel := 0, false
	for _, r := range w {
		is := strings.ContainsRune("aeiouy", r)
		if is && !vowel {
			n++
		}
		vowel = is
	}
	if strings.HasSuffix(w, "e") && !strings.HasSuffix(w, "le") && n > 1 {
		n--
	}
	if (strings.HasSuffix(w, "es") || strings.HasSuffix(w, "ed")) && n > 1 && !strings.HasSuffix(w, "ted") && !strings.HasSuffix(w, "ded") {
		n--
	}
	return max(n, 1)
}
