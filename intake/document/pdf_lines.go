package document

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// textLine is a line of tokens from left to right. Its rectangle is that of
// the run that began it.
type textLine struct {
	rect
	tokens []token
}

// lines puts tokens into lines: first the words, whose heights hardly differ,
// then stray marks and form fields, which join the line they stand in.
func lines(tokens []token) []textLine {
	if len(tokens) == 0 {
		return nil
	}
	usual := usualHeight(tokens)
	words, fields := runs(tokens)
	slices.SortStableFunc(words, func(a, b textLine) int { return compare(a.y0, b.y0) })
	var out, small []textLine
	for _, w := range words {
		if w.h() < 0.45*usual {
			small = append(small, w)
			continue
		}
		if i := mostOverlap(out, w.rect); i >= 0 {
			out[i].join(w)
		} else {
			out = append(out, w)
		}
	}
	for _, w := range small {
		i := closest(out, w.rect)
		if i < 0 {
			out = append(out, w)
			continue
		}
		out[i].join(w)
	}
	for _, t := range fields {
		b := t.band()
		i := mostOverlap(out, b)
		if i < 0 {
			i = labelLine(out, t)
		}
		if i < 0 {
			out = append(out, textLine{rect: b, tokens: []token{t}})
			continue
		}
		out[i].join(textLine{rect: out[i].rect, tokens: []token{t}})
	}
	slices.SortStableFunc(out, func(a, b textLine) int { return compare(a.cy(), b.cy()) })
	for i := range out {
		slices.SortStableFunc(out[i].tokens, func(a, b token) int { return compare(a.x0, b.x0) })
	}
	return out
}

// runs gathers characters that follow each other in the page's own order.
func runs(tokens []token) (words []textLine, fields []token) {
	for _, t := range tokens {
		if t.control != nil {
			fields = append(fields, t)
			continue
		}
		n := len(words)
		if n == 0 || t.seq < 0 || !words[n-1].follows(t) {
			words = append(words, textLine{rect: t.rect, tokens: []token{t}})
			continue
		}
		w := &words[n-1]
		w.tokens = append(w.tokens, t)
		w.rect = rect{min(w.x0, t.x0), min(w.y0, t.y0), max(w.x1, t.x1), max(w.y1, t.y1)}
	}
	return words, fields
}

func (l *textLine) follows(t token) bool {
	last := l.tokens[len(l.tokens)-1]
	if last.seq < 0 || t.seq-last.seq > 2 || t.x0 < last.x0-1 || t.x0-last.x1 > 20 {
		return false
	}
	return t.cy() > l.y0-1 && t.cy() < l.y1+2 && t.h() < 1.6*max(l.h(), 5)
}

// join puts another run into the line; the line keeps its own height.
func (l *textLine) join(w textLine) {
	l.tokens = append(l.tokens, w.tokens...)
	l.x0, l.x1 = min(l.x0, w.x0), max(l.x1, w.x1)
}

// mostOverlap finds the line that shares at least half its height with b.
func mostOverlap(ls []textLine, b rect) int {
	best, most := -1, 0.5
	for i := range ls {
		shared := min(ls[i].y1, b.y1) - max(ls[i].y0, b.y0)
		if part := shared / max(1, min(ls[i].h(), b.h())); part >= most {
			best, most = i, part
		}
	}
	return best
}

// closest finds the line that a full stop or an accent belongs to.
func closest(ls []textLine, b rect) int {
	best, far := -1, 5.0
	for i := range ls {
		gap := max(ls[i].y0-b.y1, b.y0-ls[i].y1, 0)
		if b.x0 > ls[i].x1+60 || b.x1 < ls[i].x0-60 {
			gap += 3
		}
		if gap < far {
			best, far = i, gap
		}
	}
	return best
}

// labelLine finds the line whose end labels a field that hangs a little lower.
func labelLine(ls []textLine, t token) int {
	best, far := -1, 8.0
	for i := range ls {
		below := t.y0 - ls[i].y1
		if below < -2 || below > far || t.h() > 30 {
			continue
		}
		for _, k := range ls[i].tokens {
			if k.x1 <= t.x0+3 && t.x0-k.x1 < 60 {
				best, far = i, below
			}
		}
	}
	return best
}

// band is where a field stands: a tall answer box on its first line.
func (t token) band() rect { return rect{t.x0, t.y0, t.x1, min(t.y1, t.y0+14)} }

// usualHeight is that of a capital letter in the page's running text.
func usualHeight(tokens []token) float64 {
	v := make([]float64, 0, len(tokens))
	for _, t := range tokens {
		if t.control == nil && t.seq >= 0 && !strings.Contains("[](){}|/", t.text) {
			v = append(v, t.h())
		}
	}
	if len(v) == 0 {
		return 8
	}
	slices.Sort(v)
	return v[len(v)*85/100]
}

// write puts a line's tokens into a paragraph. Gaps become spaces, wide ones
// tabs: they part a label from its answer.
func (l *textLine) write(p *para) {
	for i, t := range l.tokens {
		if i > 0 && l.raised(t) {
			t.text = raisedDigits.Replace(t.text)
		}
		if i > 0 {
			p.write(parting(l.tokens[i-1], t), l.tokens[i-1].style.and(t.style))
		}
		at := len(p.text)
		p.write(t.text, t.style)
		if t.control != nil {
			p.control(*t.control, min(at, len(p.text)))
		}
	}
}

// and is the look that a space between two stretches shares with both.
func (s style) and(o style) style {
	return style{s.strike && o.strike, s.highlight && o.highlight, s.bold && o.bold, s.underline && o.underline}
}

func typed(t token) bool { return t.control != nil && t.control.Kind != CheckBox }

// raised reports a footnote's number, which must not become part of a number
// or word before it.
func (l *textLine) raised(t token) bool {
	return t.seq >= 0 && t.control == nil && !t.space && len(t.text) == 1 && t.h() < 0.8*l.h() && t.y1 < l.y1-0.25*l.h() && t.y0 < l.y0+0.2*l.h()
}

var raisedDigits = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

func parting(a, b token) string {
	gap := b.x0 - a.x1
	size := max(6, min(a.h(), 14))
	inRow := a.seq >= 0 && b.seq == a.seq+1
	switch {
	case typed(a) && typed(b):
		return "\t"
	case a.control != nil || b.control != nil || a.seq < 0 || b.seq < 0:
		if gap > 30 || typed(a) && gap > 9 {
			return "\t"
		}
		return " "
	case gap > 1.5*size && gap > 9:
		return "\t"
	case b.space, a.style.strike != b.style.strike, !inRow && gap > 0.15*size, gap > 0.6*size:
		return " "
	}
	return ""
}

// wraps reports that the next line goes on with this one's sentence: its first
// word would not have fitted at this line's end.
func (l *textLine) wraps(next *textLine, right float64) bool {
	if len(next.tokens) == 0 || next.y0-l.y1 > 1.1*max(8, l.h()) {
		return false
	}
	first := next.tokens[0]
	if first.control != nil || first.seq < 0 || l.tokens[len(l.tokens)-1].control != nil {
		return false
	}
	word := first.rect
	for i := 1; i < len(next.tokens); i++ {
		t := next.tokens[i]
		if parting(next.tokens[i-1], t) != "" {
			break
		}
		word.x1 = t.x1
	}
	return l.x1+word.w()+3 > right
}

// joint is what stands between two lines of one sentence.
func (l *textLine) joint(so []byte, next *textLine) string {
	last, _ := utf8.DecodeLastRune(so)
	tail := string(so[strings.LastIndexAny(string(so), " \n\t")+1:])
	first := next.tokens[0].text
	switch {
	case strings.Contains(tail, "@") || strings.HasPrefix(tail, "www.") || strings.HasPrefix(tail, "http"):
		return "" // an address broken over two lines
	case last == '-' && first == strings.ToLower(first):
		return ""
	case last == '/':
		return ""
	}
	return " "
}

// cellPara gathers the lines of a cell.
func cellPara(tokens []token, width rect, page int) *para {
	p := &para{flat: true, page: page}
	ls := lines(tokens)
	for i := range ls {
		if i > 0 {
			sep := "\n"
			if ls[i-1].wraps(&ls[i], width.x1-8) {
				sep = ls[i-1].joint(p.text, &ls[i])
			}
			p.write(sep, style{})
		}
		ls[i].write(p)
	}
	return p
}

// freeParas gathers lines outside tables into paragraphs; right is where the
// page's text ends.
func freeParas(ls []textLine, page int, usual, right float64) []node {
	var out []node
	for i := 0; i < len(ls); {
		p := &para{page: page, kind: Paragraph}
		if ls[i].heading(usual) {
			p.kind = Heading
		}
		ls[i].write(p)
		j := i + 1
		for j < len(ls) && p.kind == Paragraph && ls[j].x0 < ls[i].x0+25 && ls[j].x0 > ls[i].x0-25 &&
			ls[j-1].wraps(&ls[j], right) && !strings.Contains(string(p.text), "\t") {
			p.write(ls[j-1].joint(p.text, &ls[j]), style{})
			ls[j].write(p)
			j++
		}
		out = append(out, p)
		i = j
	}
	return out
}

// heading reports a line set larger than the page's usual text.
func (l *textLine) heading(usual float64) bool {
	if len(l.tokens) > 120 {
		return false
	}
	for _, t := range l.tokens {
		if t.control != nil || t.seq < 0 {
			return false
		}
	}
	return usualHeight(l.tokens) > 1.15*usual
}
