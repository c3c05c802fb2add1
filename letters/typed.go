package letters

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// Blank is one thing that staff write for a letter alone, because the record
// does not hold it in words for this reader. It is named by the fact it fills.
type Blank struct {
	Fact  string
	Label string
	Hint  string
	Lines bool // one a line
	Date  bool
}

// Blanks lists what staff may write in a letter of a kind and variant. Facts of
// Easy Read stand in for the record's own words.
func Blanks(k workflow.LetterKind, v Variant) []Blank {
	var out []Blank
	easy := v == EasyRead
	decision := Blank{Fact: "Decision.EasyText", Label: "The panel’s words in Easy Read", Hint: "Short sentences, one idea each. An empty line begins the next."}
	support := Blank{Fact: "Register.Support", Label: "The support, in Easy Read", Hint: "One support a line. Left empty, the panel’s own words stand.", Lines: true}
	goesOn := Blank{Fact: "Removal.GoesOn", Label: "What goes on, and whom to call", Hint: "One a line. Left empty, the plan of the removal stands.", Lines: true}
	actions := Blank{Fact: "Register.Actions", Label: "What happens now", Hint: "One a line: what; who; by when", Lines: true}
	said := Blank{Fact: "Review.Said", Label: "What was said, written to this reader", Hint: "An empty line begins a new paragraph."}
	switch k {
	case workflow.L6:
		if easy {
			out = []Blank{decision, support}
		}
		if v == Professional {
			out = []Blank{actions}
		}
	case workflow.L7:
		if easy {
			out = []Blank{decision, {Fact: "Decision.Recommendations", Label: "What may help, in Easy Read", Hint: "One a line: what; who. Left empty, the panel’s own words stand.", Lines: true}}
		}
		out = append(out, Blank{Fact: "Decision.DoneByUs", Label: "What we have done ourselves", Hint: "One a line, with agreement only.", Lines: true},
			Blank{Fact: "Decision.ReturnWhen", Label: "What would change our view", Hint: "For example, if your home may have to change"})
	case workflow.L8:
		out = []Blank{goesOn, {Fact: "Removal.Signs", Label: "Warning signs", Hint: "One a line.", Lines: true},
			{Fact: "Removal.Kept", Label: "How long we keep the record", Hint: "For example, eight years"}}
	case workflow.L9:
		out = []Blank{{Fact: "Transfer.Team", Label: "The other area’s team", Hint: "As it stands in a sentence, for example: the Suffolk Dynamic Support Register team"},
			{Fact: "Transfer.Contact", Label: "How to reach them"}, {Fact: "Transfer.On", Label: "From which day", Date: true},
			{Fact: "Transfer.Passed", Label: "What was passed on, with agreement", Hint: "One a line.", Lines: true},
			{Fact: "Transfer.UntilThen", Label: "Whom to talk to until then"}}
	case workflow.L10:
		out = []Blank{{Fact: "Removal.Kept", Label: "How long we keep the record", Hint: "For example, eight years"}}
	case workflow.L11:
		out = []Blank{{Fact: "Sharing.Needs", Label: "Support that is needed", Hint: "What this sector needs to know, and no more."}, actions}
	case workflow.L12:
		out = []Blank{said, actions}
	case workflow.L5b:
		out = []Blank{{Fact: "Panel.Why", Label: "Why the date moved", Hint: "In a sentence."}}
	}
	return out
}

// movedAt is written by the rule that moves a meeting, not by hand.
const movedAt = "Panel.MovedAt"

func isBlank(k workflow.LetterKind, path string) bool {
	return path == movedAt || slices.ContainsFunc(Variants(), func(v Variant) bool {
		return slices.ContainsFunc(Blanks(k, v), func(b Blank) bool { return b.Fact == path })
	})
}

// Typed puts what staff wrote in a letter over the facts of the record. Empty
// words leave the record's own. What no blank of the kind names, or does not fit
// its fact, is refused.
func (f *Facts) Typed(k workflow.LetterKind, words map[string]string) error {
	for _, path := range slices.Sorted(maps.Keys(words)) {
		if strings.TrimSpace(words[path]) == "" {
			continue
		}
		if !isBlank(k, path) {
			return fmt.Errorf("nothing is written by hand for %q in letter %s", path, k)
		}
		v := reflect.ValueOf(f).Elem()
		for name := range strings.SplitSeq(path, ".") {
			if v.Kind() != reflect.Struct {
				return fmt.Errorf("a letter has no fact %q", path)
			}
			v = v.FieldByName(name)
		}
		if !v.IsValid() {
			return fmt.Errorf("a letter has no fact %q", path)
		}
		if err := fill(v.Addr().Interface(), words[path]); err != nil {
			return fmt.Errorf("fact %s: %w", path, err)
		}
	}
	return nil
}

func fill(to any, words string) error {
	switch to := to.(type) {
	case *string:
		*to = strings.TrimSpace(words)
	case *[]string:
		*to = linesOf(words)
	case *[]Action:
		*to = nil
		for _, l := range linesOf(words) {
			p := threeParts(l)
			*to = append(*to, Action{What: p[0], Who: p[1], By: inStyle(p[2])})
		}
	case *[]Recommendation:
		*to = nil
		for _, l := range linesOf(words) {
			p := threeParts(l)
			*to = append(*to, Recommendation{Text: p[0], Who: p[1], By: inStyle(p[2])})
		}
	case *workflow.Date:
		d, err := workflow.ParseDate(strings.TrimSpace(words))
		if err != nil {
			return err
		}
		*to = d
	case *time.Time:
		t, err := time.Parse(time.RFC3339, words)
		if err != nil {
			return err
		}
		*to = t
	default:
		return fmt.Errorf("%T cannot be written by hand", to)
	}
	return nil
}

// threeParts cuts "what; who; by when".
func threeParts(line string) [3]string {
	var out [3]string
	for i, p := range strings.SplitN(line, ";", 3) {
		out[i] = strings.TrimSpace(p)
	}
	return out
}
