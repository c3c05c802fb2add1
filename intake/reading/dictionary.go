package reading

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Dictionary maps form labels to fields: data that the team extends on a
// settings page. Keys are field names; "*.name" means the name of whoever the
// section of the form is about, and "section.person" lists headings. Make one
// with ShippedDictionary and With, so that its index is built once.
type Dictionary struct {
	Labels map[string][]string // field name → label variants

	index *labelIndex
}

//go:embed labels.json
var shippedLabels []byte

// shipped is the dictionary that comes with the program, parsed once.
var shipped = sync.OnceValue(func() Dictionary {
	var d Dictionary
	if err := json.Unmarshal(shippedLabels, &d.Labels); err != nil {
		panic(fmt.Sprintf("reading: labels.json: %v", err)) // the program is broken
	}
	d.index = newLabelIndex(d.Labels)
	return d
})

// ShippedDictionary is the dictionary that comes with the program.
func ShippedDictionary() Dictionary { return shipped() }

// With returns d with further labels; a label that both know takes its meaning
// from more.
func (d Dictionary) With(more map[string][]string) Dictionary {
	all := map[string][]string{}
	for field, variants := range d.Labels {
		all[field] = variants
	}
	index := newLabelIndex(d.Labels)
	for field, variants := range more {
		all[field] = append(append([]string{}, all[field]...), variants...)
		index.add(field, variants)
	}
	return Dictionary{Labels: all, index: index}
}

func (d Dictionary) compiled() *labelIndex {
	switch {
	case d.index != nil:
		return d.index
	case d.Labels == nil:
		return shipped().index
	}
	return newLabelIndex(d.Labels)
}

// labelIndex finds the meaning of a label by its normal form.
type labelIndex struct {
	fields   map[string]string   // normal label → field
	sections map[string]string   // normal heading → section
	byWords  map[int][]string    // number of words → normal labels, for misspellings
	first    map[string]struct{} // first words, a quick way to say no
}

func newLabelIndex(labels map[string][]string) *labelIndex {
	x := &labelIndex{fields: map[string]string{}, sections: map[string]string{}, byWords: map[int][]string{}, first: map[string]struct{}{}}
	for _, field := range slices.Sorted(maps.Keys(labels)) {
		x.add(field, labels[field])
	}
	return x
}

func (x *labelIndex) add(field string, variants []string) {
	for _, v := range variants {
		n := normalLabel(v)
		if n == "" {
			continue
		}
		if s, ok := strings.CutPrefix(field, "section."); ok {
			x.sections[n] = s
			continue
		}
		if _, known := x.fields[n]; !known {
			words := strings.Count(n, " ") + 1
			x.byWords[words] = append(x.byWords[words], n)
		}
		x.fields[n] = field
	}
}

// field returns the field that a label means, "" when it is not known. A
// misspelt label is known by its words, each within one letter or two of the
// right one.
func (x *labelIndex) field(label string) (field string, exact bool) {
	n := normalLabel(label)
	if n == "" {
		return "", false
	}
	if f, ok := x.fields[n]; ok {
		return f, true
	}
	if f := question(n); f != "" {
		return f, true
	}
	if len(n) < 6 || len(n) > 90 {
		return "", false
	}
	for _, v := range x.byWords[strings.Count(n, " ")+1] {
		if v[0] == n[0] && nearly(n, v) {
			return x.fields[v], false
		}
	}
	return "", false
}

// questions are what forms ask in whole sentences, too many ways to list: known
// by the words that carry them. The first that fits is taken.
var questions = []struct {
	field string
	words *pattern
}{
	{"capacity.reported", lazy(`^(?:does|do|has|have|is|are|did) .*\bcapacity\b.*\b(?:consent|decid\w*|decisions?|understand|agree|referral|this|make)\b`)},
	{"consent.best_interests", lazy(`\bbest[- ]interests?\b.*\b(?:decision|meeting|referral|made)\b`)},
	{"consent.parent", lazy(`^(?:does|do|has|have|is|are|did) (?:the |his |her |their )?(?:parents?|mother|father|carers?|guardian|family)\b.*\b(?:agree\w*|consent\w*|permission)\b`)},
	{"consent.reported", lazy(`^(?:does|do|has|have|is|are|did|was) .*\b(?:agree|agreed|agrees|agreement|consent|consents|consented|permission|happy)\b.*\b(?:refer\w*|register|dsr|included|put on)\b`)},
	{"consent.reported", lazy(`^(?:(?:does|do|has|have|is|did) )?(?:the |this |your )?(?:person|young person|child|client|patient|individual|pupil|student|resident|service user|adult|learner)s?(?: or (?:their|his|her) (?:parent|carer|family))? (?:\w+ ){0,3}(?:agrees?|agreed|consents?|consented|given (?:\w+ )?consent)\b`)},
	{"person.inpatient", lazy(`^(?:is|are) .*\b(?:in-?patient|in (?:a )?(?:mental health |psychiatric )?hospital|detained)\b`)},
	{"person.diagnosis", lazy(`^(?:details|what) .*\bdiagnos(?:is|ed|es|tic)\b`)},
	{"tried", lazy(`^what .*\b(?:tried|support (?:has been|is) (?:in place|given|offered))\b`)},
	{"reason", lazy(`^(?:why|what is the reason|please (?:say|explain|tell us) why) .*\b(?:refer\w*|register|dsr|help)\b|^what (?:is|has been|has) (?:happening|happened|going on|changed)\b`)},
	{"safeguarding", lazy(`^(?:is|are|do|does|has|have|any) .*\bsafeguarding (?:concerns?|issues?|risks?)\b`)},
}

// question returns the field that a question asks for, "" when none is known.
func question(n string) string {
	if strings.Count(n, " ") < 2 || len(n) > 160 || strings.Contains(n, "shar") || strings.Contains(n, "aware of") && !strings.Contains(n, "agree") {
		return ""
	}
	for _, q := range questions {
		if q.words.MatchString(n) {
			return q.field
		}
	}
	return ""
}

// section returns the section that a heading opens: person, referrer, guardian,
// other or none; "" when the heading is not known.
func (x *labelIndex) section(heading string) string {
	n := normalLabel(heading)
	if s, ok := x.sections[n]; ok {
		return s
	}
	for _, cut := range []string{"section ", "part "} {
		if rest, ok := strings.CutPrefix(n, cut); ok {
			if _, after, ok := strings.Cut(rest, " "); ok {
				return x.sections[strings.TrimLeft(after, "-: ")]
			}
		}
	}
	return ""
}

var (
	numbering   = lazy(`^(?:(?:q|question|section|part)?\s*\(?(?:\d{1,2}(?:\.\d{1,2})*[.):]+\s*|[a-z][.)]\s+)|(?:section|part)\s+[0-9a-z]{1,2}\s*[:.\-]\s*|[-*•·▪]\s+)`)
	parentheses = lazy(`\s*[(\[][^)\]]*[)\]]`)
	yesNoTail   = lazy(`(?:\s*[☐☒])*\s*\b(?:yes|y)\s*[/ ]?\s*(?:or\s+)?(?:no|n)(?:\s*[/ ]?\s*(?:not known|unknown|n/?a))?\s*$`)
	labelMarks  = strings.NewReplacer("&", " and ", "/", " or ", "+", " and ", "*", " ", "_", " ", "…", " ", "☐", " ", "☒", " ", "’", "'", "\"", " ")
)

// normalLabel folds a label so that its variants meet: case, numbering, hints
// in brackets, stars, trailing colons, dots and question marks.
func normalLabel(s string) string {
	if len(s) > 300 {
		return ""
	}
	n, _ := normalise(s)
	n = strings.TrimSpace(lower(n))
	n = numbering.ReplaceAllString(n, "")
	n = yesNoTail.ReplaceAllString(n, "")
	n = parentheses.ReplaceAllString(n, "")
	n = labelMarks.Replace(n)
	n = strings.Trim(oneLine(n), " :.?!-;,|")
	n = strings.TrimPrefix(n, "the ")
	return strings.TrimSuffix(n, " please tick")
}

// nearly reports whether two labels of equally many words differ only by
// misspelling.
func nearly(a, b string) bool {
	if d := len(a) - len(b); d > 3 || d < -3 {
		return false
	}
	wa, wb := strings.Fields(a), strings.Fields(b)
	for i := range wa {
		if wa[i] == wb[i] {
			continue
		}
		short := min(len(wa[i]), len(wb[i]))
		allowed := 0
		if short >= 8 {
			allowed = 2
		} else if short >= 5 {
			allowed = 1
		}
		if allowed == 0 || wa[i][0] != wb[i][0] || editDistance(wa[i], wb[i]) > allowed {
			return false
		}
	}
	return true
}

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours, up to three.
func editDistance(a, b string) int {
	if d := len(a) - len(b); d > 2 || d < -2 {
		return 3
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
