package reading

import (
	"regexp/syntax"
	"strings"
)

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
