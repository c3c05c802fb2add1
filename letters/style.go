package letters

import (
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/essex-dsr/dsr/workflow"
)

// Holes names the facts that a letter needs and that are not there. As long as
// there is one, there is no letter.
type Holes []string

func (h Holes) Error() string { return "missing: " + strings.Join(h, "; ") }

// stubs are the functions of templates. fact stands for the one that execute
// puts in, because a template must know its name when it is read.
func stubs() template.FuncMap {
	return template.FuncMap{
		"fact":    func(_ string, v any) any { return v },
		"date":    longDate,
		"day":     shortDate,
		"clock":   clock,
		"list":    list,
		"cap":     capital,
		"low":     lower,
		"paras":   paragraphs,
		"missing": func(string) string { return "" }, // what a letter cannot do without here
		"stop":    fullStop,
		"bare":    bareEnd,
	}
}

// print writes a value as letters write it. A date must have been given its
// style by the template; anything else that is no text or number is a mistake
// of the template.
func print(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return cleanFact(v), nil
	case int:
		return strconv.Itoa(v), nil
	}
	return "", fmt.Errorf("a letter cannot print %T; give it a style first", v)
}

// cleanFact makes a fact one line without controls and without our own marks.
func cleanFact(s string) string {
	return strings.Map(func(r rune) rune {
		if r == factBegin || r == factEnd || r == lineMark {
			return -1
		}
		return r
	}, oneLine(s))
}

// longDate is "Monday 23 November 2026", "" for no date.
func longDate(v any) (string, error) { return formatDate(v, "Monday 2 January 2006") }

// shortDate leaves out the year, for dates of the next weeks.
func shortDate(v any) (string, error) { return formatDate(v, "Monday 2 January") }

func formatDate(v any, layout string) (string, error) {
	switch v := v.(type) {
	case workflow.Date:
		if v.IsZero() {
			return "", nil
		}
		return v.At(12, 0).Format(layout), nil
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		return v.In(workflow.London).Format(layout), nil
	}
	return "", fmt.Errorf("%T is not a date", v)
}

// clock is a time of day as people say it: 9am, 2:30pm, midday, midnight.
func clock(v any) (string, error) {
	var hour, minute int
	switch v := v.(type) {
	case int:
		hour = v
	case time.Time:
		if v.IsZero() {
			return "", nil
		}
		hour, minute = v.In(workflow.London).Hour(), v.In(workflow.London).Minute()
	default:
		return "", fmt.Errorf("%T is not a time of day", v)
	}
	switch {
	case hour == 12 && minute == 0:
		return "midday", nil
	case hour == 0 && minute == 0:
		return "midnight", nil
	}
	half := "am"
	if hour >= 12 {
		half = "pm"
	}
	hour = (hour+11)%12 + 1
	if minute == 0 {
		return fmt.Sprintf("%d%s", hour, half), nil
	}
	return fmt.Sprintf("%d:%02d%s", hour, minute, half), nil
}

// list is "a", "a and b", "a, b and c".
func list(items []string) string {
	switch n := len(items); n {
	case 0:
		return ""
	case 1:
		return items[0]
	default:
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	}
}

func capital(s string) string { return mapFirst(s, unicode.ToUpper) }
func lower(s string) string   { return mapFirst(s, unicode.ToLower) }

func mapFirst(s string, f func(rune) rune) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(f(r)) + s[n:]
}

// paragraphs cuts a text that somebody typed at its empty lines.
func paragraphs(s string) []string {
	var out []string
	for p := range strings.SplitSeq(strings.ReplaceAll(s, "\r\n", "\n"), "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// fullStop ends what somebody typed as a sentence, for a place where the
// template goes on with another.
func fullStop(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsRune(".!?", rune(s[len(s)-1])) {
		return s
	}
	return s + "."
}

// bareEnd takes the full stop away, for a place inside a sentence.
func bareEnd(s string) string { return strings.TrimRight(strings.TrimSpace(s), ". ") }
