package reading

import (
	"strings"

	"github.com/essex-dsr/dsr/intake/document"
)

// option is one choice of a question.
type option struct {
	span
	text   string // lower case, without its box
	chosen bool
}

// answer is what stands beside a label: free words, or a choice among options.
type answer struct {
	span
	options []option // nil when it is no choice
	marked  bool     // somebody answered: one option or more is chosen
}

// chosen returns the options that are ticked.
func (a answer) chosen() []option {
	var out []option
	for _, o := range a.options {
		if o.chosen {
			out = append(out, o)
		}
	}
	return out
}

// placeholders are what an empty field shows.
var placeholders = lazy(`(?i)^(?:click (?:or tap )?(?:here )?to enter(?: text| a date)?|click here.*|choose an item|select an item|enter text|enter date|type here|tap to enter.*|dd ?/ ?mm ?/ ?yy(?:yy)?|n ?/ ?a|n ?/ ?k|nk|not known|unknown|don't know|do not know|dk|not applicable|does not apply|tbc|to be confirmed|to follow|please specify|as above|see above|see attached|attached|see (?:rio|systmone|mosaic|notes).*|\?+|-+|_+|\.+|…|x{3,}|nil|blank|not stated|not recorded|not disclosed|awaited)\.?$`)

// isPlaceholder reports whether a value says nothing.
func isPlaceholder(v string) bool {
	v = strings.TrimSpace(v)
	return v == "" || len(v) < 80 && placeholders.MatchString(v) || strings.Trim(v, " _.-…\t\n") == ""
}

var (
	boxMark   = lazy(`☐|☒|\[ ?[xX☒✓ ]? ?\]|\( ?[xX ] ?\)|\(\)`)
	slashes   = lazy(`\s*/\s*|\s+\|\s+|\t+|\n+| {2,}|\s+or\s+`)
	hintTail  = lazy(`(?i)\s*\((?:please )?(?:delete|tick|circle|highlight|select|choose)[^)]*\)\s*$`)
	choiceSet = wordSet("yes no y n male female m f other unknown red amber green blue diagnosed suspected none na")
)

// readAnswer takes the value norm[sp] apart. Boxes come first, then words struck
// out or set off by their look, then the bare word. Where both or no boxes are
// marked nothing is chosen, because a wrong guess turns consent round.
func readAnswer(s *sheet, sp span, controls []document.Control) answer {
	a := answer{span: sp}
	value := sp.of(s.norm)
	if m := hintTail.FindStringIndex(value); m != nil {
		value = value[:m[0]]
	}
	if marks := boxMark.FindAllStringIndex(value, -1); len(marks) > 0 {
		a.options = boxOptions(value, marks, sp.start)
	} else if opts := styledOptions(s, sp.start, value, controls); opts != nil {
		a.options = opts
	} else if opts := bareOptions(value, sp.start); opts != nil {
		a.options = opts
	}
	for _, o := range a.options {
		a.marked = a.marked || o.chosen
	}
	return a
}

// boxOptions pairs boxes with words. The words follow their box unless the text
// ends with a box and does not begin with one.
func boxOptions(value string, marks [][]int, base int) []option {
	first := strings.TrimSpace(value[:marks[0][0]]) == ""
	last := strings.TrimSpace(value[marks[len(marks)-1][1]:]) == ""
	var out []option
	for i, m := range marks {
		from, to := m[1], len(value)
		if i+1 < len(marks) {
			to = marks[i+1][0]
		}
		if !first && last { // "Yes ☒ No ☐"
			from, to = 0, m[0]
			if i > 0 {
				from = marks[i-1][1]
			}
		}
		start, end := trim(value, from, to)
		text := strings.Trim(strings.ToLower(oneLine(value[start:end])), " .,;:")
		out = append(out, option{span{base + start, base + end}, text, isTicked(value[m[0]:m[1]])})
	}
	return out
}

func isTicked(box string) bool { return strings.ContainsAny(box, "☒xX✓") }

// styledOptions reads "Yes / No" where one is struck out or highlighted.
func styledOptions(s *sheet, base int, value string, controls []document.Control) []option {
	struck, marked := false, false
	for _, c := range controls {
		struck = struck || c.Kind == document.Struck && c.End > c.Start
		marked = marked || c.Kind == document.Marked && c.End > c.Start
	}
	if !struck && !marked {
		return nil
	}
	opts := splitOptions(value, base)
	if len(opts) < 2 {
		return nil
	}
	for i := range opts {
		hit := false
		kind := document.Marked
		if struck {
			kind = document.Struck
		}
		for _, c := range controls {
			hit = hit || c.Kind == kind && s.at(c.Start) < opts[i].end && s.at(c.End) > opts[i].start
		}
		opts[i].chosen = hit == (kind == document.Marked)
	}
	n := 0
	for _, o := range opts {
		if o.chosen {
			n++
		}
	}
	if n == len(opts) || n == 0 { // nothing was struck out, or all was
		for i := range opts {
			opts[i].chosen = false
		}
	}
	return opts
}

// bareOptions recognises a choice that nobody answered: "Yes / No".
func bareOptions(value string, base int) []option {
	if len(value) > 60 || strings.Contains(value, ":") {
		return nil
	}
	opts := splitOptions(value, base)
	if len(opts) < 2 {
		return nil
	}
	for _, o := range opts {
		if !choiceSet[strings.ReplaceAll(o.text, "/", "")] {
			return nil
		}
	}
	return opts
}

func splitOptions(value string, base int) []option {
	var out []option
	from := 0
	add := func(to int) {
		start, end := trim(value, from, to)
		if start < end {
			out = append(out, option{span: span{base + start, base + end}, text: strings.ToLower(oneLine(value[start:end]))})
		}
	}
	for _, m := range slashes.FindAllStringIndex(value, -1) {
		add(m[0])
		from = m[1]
	}
	add(len(value))
	return out
}

// yesNo reads "yes", "no" or "" from the beginning of words.
func yesNo(v string) string {
	v = strings.TrimLeft(strings.ToLower(v), " \t\n\"'.:-")
	word := v
	if i := strings.IndexFunc(v, func(r rune) bool { return (r < 'a' || r > 'z') && r != '\'' }); i >= 0 {
		word = v[:i]
	}
	rest := strings.TrimLeft(v[len(word):], " ,.-:;")
	switch word {
	case "yes", "y", "true", "tak", "ydy", "ie", "confirmed", "agreed":
		return "yes"
	case "no":
		if strings.HasPrefix(rest, "idea") || strings.HasPrefix(rest, "answer") {
			return ""
		}
		return "no"
	case "n", "none", "false", "nie", "nil":
		return "no"
	}
	return ""
}
