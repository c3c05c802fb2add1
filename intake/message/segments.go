package message

import "strings"

// Segments marks whose words each stretch of a text is. It cuts nothing: in a
// referral mailbox the forwarded mail is often the referral itself, and a sign
// of danger may stand anywhere. ours is asked about each quoted mail, with its
// author as far as named and its words; a nil ours owns none.
func Segments(text string, ours func(author Address, quoted string) bool) []Segment {
	lines := splitLines(text)
	if len(lines) == 0 {
		return nil
	}
	runs := findRuns(lines)
	decideKinds(lines, runs, ours)
	var segments []Segment
	for _, r := range runs {
		for i, kind := range tailKinds(lines[r.start:r.end], r.region.kind) {
			l := lines[r.start+i]
			segments = extend(segments, Segment{Kind: kind, Start: l.start, End: l.end, From: r.region.from})
		}
	}
	return segments
}

// extend adds a segment, or lengthens the last one if it is of the same kind and author.
func extend(segments []Segment, s Segment) []Segment {
	if n := len(segments); n > 0 {
		last := &segments[n-1]
		if last.Kind == s.Kind && last.From == s.From {
			last.End = s.End
			return segments
		}
	}
	return append(segments, s)
}

// textLine is a line with its quote marks counted and taken off.
type textLine struct {
	start, end int
	depth      int
	text       string
}

func (l textLine) blank() bool { return l.text == "" }

func splitLines(text string) []textLine {
	var lines []textLine
	at := 0
	for line := range strings.Lines(text) {
		l := textLine{start: at, end: at + len(line)}
		l.depth, l.text = unquote(line)
		lines = append(lines, l)
		at = l.end
	}
	return lines
}

// unquote counts the marks before a line: ">>", "> >".
func unquote(line string) (depth int, text string) {
	s := strings.TrimLeft(line, " \uFEFF")
	for strings.HasPrefix(s, ">") {
		depth++
		s = strings.TrimLeft(s[1:], " ")
	}
	if depth == 0 {
		s = line
	}
	s = strings.ReplaceAll(s, "\u00A0", " ")
	return depth, strings.Trim(s, " \t\r\n\uFEFF\u200B\u200E\u200F*")
}

// region is one mail inside the text: the mail itself or one quoted in it.
type region struct {
	kind  SegmentKind
	from  Address
	depth int // of its content
}

// run is a stretch of lines of one region.
type run struct {
	region     *region
	start, end int
}

// findRuns walks down the lines; a quoted mail ends where its marks do, and
// one without marks where the next begins.
func findRuns(lines []textLine) []run {
	stack := []*region{{kind: New}}
	last := map[int]*region{} // the last quoted mail at each depth of marks
	var runs []run
	add := func(r *region, start, end int) {
		if n := len(runs); n > 0 && runs[n-1].region == r {
			runs[n-1].end = end
		} else if end > start {
			runs = append(runs, run{r, start, end})
		}
	}
	for i := 0; i < len(lines); {
		top := stack[len(stack)-1]
		if b, ok := findBlock(lines, i); ok {
			stack = popTo(stack, lines[i].depth)
			r := &region{kind: b.kind, from: b.from, depth: b.depth}
			stack = append(stack, r)
			last[b.depth] = r
			add(r, i, b.end)
			i = b.end
			continue
		}
		l := lines[i]
		switch {
		case l.blank():
		case l.depth > top.depth && top.kind == New:
			if top = last[l.depth]; top == nil {
				top = &region{kind: Quoted, depth: l.depth}
				last[l.depth] = top
			}
			stack = append(stack, top) // after an answer between the lines the same mail goes on
		case l.depth < top.depth:
			stack = popTo(stack, l.depth)
			top = stack[len(stack)-1]
		}
		add(top, i, i+1)
		i++
	}
	return runs
}

func popTo(stack []*region, depth int) []*region {
	for len(stack) > 1 && stack[len(stack)-1].depth > depth {
		stack = stack[:len(stack)-1]
	}
	return stack
}

// decideKinds asks whose each quoted mail is. What is quoted below a letter of
// ours is the exchange that led to it, not a new referral.
func decideKinds(lines []textLine, runs []run, ours func(Address, string) bool) {
	texts := map[*region]*strings.Builder{}
	var order []*region
	for _, r := range runs {
		if r.region.kind == New {
			continue
		}
		out := texts[r.region]
		if out == nil {
			out = &strings.Builder{}
			texts[r.region] = out
			order = append(order, r.region)
		}
		for _, l := range lines[r.start:r.end] {
			out.WriteString(l.text)
			out.WriteByte('\n')
		}
	}
	belowOurs := false
	for _, r := range order {
		switch {
		case ours != nil && ours(r.from, texts[r].String()):
			r.kind, belowOurs = QuotedOurs, true
		case belowOurs:
			r.kind = Quoted
		}
	}
}
