package web

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Source is a mail or a document as text, in which the words that fields were
// read from are marked.
type Source struct {
	Label string
	Spans []Span
}

// Span is a piece of the text; with a Field it is a mark that leads to it.
type Span struct {
	Text  string
	Field string
	First bool // the first mark of its field, where the field's link leads
}

// Mark says that the bytes From to To of a text gave a field its value.
type Mark struct {
	Field    string
	From, To int
}

// newSource cuts a text at its marks. A mark outside the text, or over another
// one, is left out: the reader still sees every word.
func newSource(label, text string, marks []Mark) Source {
	marks = slices.Clone(marks)
	slices.SortStableFunc(marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To))
	})
	s := Source{Label: label}
	seen := make(map[string]bool)
	at := 0
	for _, m := range marks {
		if m.From < at || m.To <= m.From || m.To > len(text) || !onRunes(text, m) {
			continue
		}
		if m.From > at {
			s.Spans = append(s.Spans, Span{Text: text[at:m.From]})
		}
		s.Spans = append(s.Spans, Span{Text: text[m.From:m.To], Field: m.Field, First: !seen[m.Field]})
		seen[m.Field] = true
		at = m.To
	}
	if at < len(text) {
		s.Spans = append(s.Spans, Span{Text: text[at:]})
	}
	return s
}

func onRunes(text string, m Mark) bool {
	return utf8.RuneStart(text[m.From]) && (m.To == len(text) || utf8.RuneStart(text[m.To]))
}

// Marked reports whether the words of a field stand in the source.
func (s Source) Marked(field string) bool {
	return slices.ContainsFunc(s.Spans, func(p Span) bool { return p.Field == field })
}
