package reading

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first needed and
// tried only on texts that hold a word it needs: there are hundreds of them, and
// most say nothing about most texts.
type pattern struct {
	source string
	once   sync.Once
	re     *regexp.Regexp
	words  []string // gates; none when it must always be tried
}

// lazy makes a pattern; a test compiles every one of this package.
func lazy(source string) *pattern { return &pattern{source: source} }

func (p *pattern) compile() {
	p.once.Do(func() {
		p.re = regexp.MustCompile(p.source)
		if words, err := gates(p.source); err == nil {
			p.words = words
		}
	})
}

// may reports whether the pattern can match s at all.
func (p *pattern) may(s string) bool {
	p.compile()
	for _, w := range p.words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return len(p.words) == 0
}

// MatchString and the others are those of package regexp.
func (p *pattern) MatchString(s string) bool { return p.may(s) && p.re.MatchString(s) }

func (p *pattern) FindString(s string) string {
	if !p.may(s) {
		return ""
	}
	return p.re.FindString(s)
}

func (p *pattern) FindStringIndex(s string) []int {
	if !p.may(s) {
		return nil
	}
	return p.re.FindStringIndex(s)
}

func (p *pattern) FindStringSubmatch(s string) []string {
	if !p.may(s) {
		return nil
	}
	return p.re.FindStringSubmatch(s)
}

func (p *pattern) FindStringSubmatchIndex(s string) []int {
	if !p.may(s) {
		return nil
	}
	return p.re.FindStringSubmatchIndex(s)
}

func (p *pattern) FindAllString(s string, n int) []string {
	if !p.may(s) {
		return nil
	}
	return p.re.FindAllString(s, n)
}

func (p *pattern) FindAllStringIndex(s string, n int) [][]int {
	if !p.may(s) {
		return nil
	}
	return p.re.FindAllStringIndex(s, n)
}

func (p *pattern) FindAllStringSubmatch(s string, n int) [][]string {
	if !p.may(s) {
		return nil
	}
	return p.re.FindAllStringSubmatch(s, n)
}

func (p *pattern) FindAllStringSubmatchIndex(s string, n int) [][]int {
	if !p.may(s) {
		return nil
	}
	return p.re.FindAllStringSubmatchIndex(s, n)
}

func (p *pattern) ReplaceAllString(s, with string) string {
	if !p.may(s) {
		return s
	}
	return p.re.ReplaceAllString(s, with)
}

// gates are words of which one must stand in a text before a pattern can match
// it: looking for words is far quicker than matching. They are taken from the
// pattern itself, so that no alternative can be forgotten. No gates mean that
// the pattern must always be tried.
func gates(pattern string) ([]string, error) {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	return withoutLonger(needed(re)), nil
}

// needed returns literals of which each match of re holds at least one, nil when
// there are none.
func needed(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return nil
		}
		return []string{string(re.Rune)}
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return needed(re.Sub[0])
		}
	case syntax.OpConcat:
		return best(re.Sub)
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			one := needed(sub)
			if one == nil {
				return nil
			}
			all = append(all, one...)
		}
		return all
	}
	return nil
}

// best takes the part of a sequence whose literals are longest.
func best(subs []*syntax.Regexp) []string {
	var out []string
	most := 0
	for _, sub := range subs {
		if lits := needed(sub); lits != nil && shortest(lits) > most {
			out, most = lits, shortest(lits)
		}
	}
	return out
}

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words[1:] {
		n = min(n, len(w))
	}
	return n
}

// withoutLonger drops words that hold another of them.
func withoutLonger(words []string) []string {
	var out []string
	for i, w := range words {
		keep := true
		for k, o := range words {
			keep = keep && !(k != i && strings.Contains(w, o) && (len(o) < len(w) || k < i))
		}
		if keep {
			out = append(out, w)
		}
	}
	return out
}
