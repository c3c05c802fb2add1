package document

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// answers finds what the look of a stretch of text says: drawn boxes and ticks
// that are no form control, words struck out, and choices set off by
// highlighting, bold or underlining.
func (l *layout) answers(at int, looks []look, have []Control) []Control {
	text := l.out[at:]
	found := boxes(text, at, have)
	for _, k := range merge(looks, func(s style) bool { return s.strike }) {
		found = append(found, spanControl(Struck, l.out, k))
	}
	marked := merge(looks, func(s style) bool { return s.highlight })
	if len(marked) == 0 {
		marked = setOff(text, at, looks)
	}
	for _, k := range marked {
		found = append(found, spanControl(Marked, l.out, k))
	}
	return found
}

func spanControl(kind ControlKind, out []byte, k look) Control {
	return Control{Kind: kind, Value: string(out[k.start:k.end]), Start: k.start, End: k.end}
}

// merge joins neighbouring stretches that have a property, trimmed of spaces.
func merge(looks []look, has func(style) bool) []look {
	var out []look
	for _, k := range looks {
		if !has(k.style) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].end == k.start {
			out[n-1].end = k.end
			continue
		}
		out = append(out, look{start: k.start, end: k.end})
	}
	return out
}

// setOff finds choices ("Yes / No") of which some, but not all, are bold or
// underlined. A label before a colon is no choice, however bold.
func setOff(text []byte, at int, looks []look) []look {
	if len(text) > 200 || len(looks) == 0 {
		return nil
	}
	if i := bytes.LastIndexByte(text, ':'); i >= 0 {
		text, at = text[i+1:], at+i+1 // "Consent: Yes / No"
	}
	choices := splitChoices(string(text))
	if len(choices) < 2 || !isChoice(string(text), choices) {
		return nil
	}
	for _, has := range []func(style) bool{
		func(s style) bool { return s.bold },
		func(s style) bool { return s.underline },
	} {
		var on []look
		for _, c := range choices {
			if covered(c[0]+at, c[1]+at, looks, has) {
				on = append(on, look{start: c[0] + at, end: c[1] + at})
			}
		}
		if len(on) > 0 && len(on) < len(choices) {
			return on
		}
	}
	return nil
}

// isChoice tells alternatives from a label with a hint below it: only strokes
// separate alternatives of any kind, lines must hold a plain answer.
func isChoice(s string, choices [][2]int) bool {
	if strings.ContainsAny(s, "/|") {
		return true
	}
	for _, c := range choices {
		switch strings.ToLower(s[c[0]:c[1]]) {
		case "yes", "no", "y", "n":
			return true
		}
	}
	return false
}

func covered(start, end int, looks []look, has func(style) bool) bool {
	for _, k := range merge(looks, has) {
		if k.start <= start && k.end >= end {
			return true
		}
	}
	return false
}

// splitChoices returns the spans of short alternatives, nil when the text does
// not look like a choice.
func splitChoices(s string) [][2]int {
	var spans [][2]int
	start := 0
	flush := func(end int) bool {
		t, _, _ := strings.Cut(s[start:end], "(") // "No (delete as applicable)"
		t = strings.TrimSpace(t)
		if t == "" {
			return true
		}
		from := start + strings.Index(s[start:end], t)
		spans = append(spans, [2]int{from, from + len(t)})
		return len(strings.Fields(t)) <= 4
	}
	for i := 0; i < len(s); i++ {
		if n := choiceBreak(s[i:]); n > 0 {
			if !flush(i) {
				return nil
			}
			start = i + n
			i += n - 1
		}
	}
	if !flush(len(s)) {
		return nil
	}
	if len(spans) == 1 {
		return yesNoWords(s)
	}
	return spans
}

func choiceBreak(s string) int {
	switch {
	case s[0] == '/' || s[0] == '|' || s[0] == '\n' || s[0] == '\t':
		return 1
	case strings.HasPrefix(s, "  "):
		return 2
	case strings.HasPrefix(s, " or "):
		return 4
	}
	return 0
}

// yesNoWords takes "Yes No" apart, where only spaces stand between.
func yesNoWords(s string) [][2]int {
	var spans [][2]int
	for _, w := range strings.Fields(s) {
		switch strings.ToLower(w) {
		case "yes", "no", "y", "n", "unknown", "n/a":
		default:
			return nil
		}
		from := 0
		if n := len(spans); n > 0 {
			from = spans[n-1][1]
		}
		i := strings.Index(s[from:], w)
		spans = append(spans, [2]int{from + i, from + i + len(w)})
	}
	return spans
}

// boxes finds ☐ ☒ ✓ [x] in the text that no control covers yet. A filled dot
// or square counts only beside an open one, since alone it is a bullet.
func boxes(text []byte, at int, have []Control) []Control {
	if isASCII(text) && !bytes.ContainsRune(text, '[') {
		return nil
	}
	open := bytes.ContainsAny(text, "○◯□")
	var found []Control
	for i := 0; i < len(text); {
		size, checked, ok := box(text[i:], open)
		if !ok {
			_, size = utf8.DecodeRune(text[i:])
		} else if !inControl(at+i, have) {
			found = append(found, Control{Kind: CheckBox, Checked: checked, Start: at + i, End: at + i + size})
		}
		i += size
	}
	return found
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func inControl(at int, have []Control) bool {
	for _, c := range have {
		if c.Kind == CheckBox && at >= c.Start && at < c.End {
			return true
		}
	}
	return false
}

func box(b []byte, open bool) (size int, checked, ok bool) {
	if b[0] == '[' {
		return bracket(b)
	}
	r, size := utf8.DecodeRune(b)
	switch r {
	case '☐', '□', '▢', '◻', '❏', '❐', '❑', '❒', '○', '◯', '⬜', '🔲':
		return size, false, true
	case '☑', '☒', '⊠', '✓', '✔', '✗', '✘', '🗹', '🗷', '🗵', '✅', '❎', '⌧':
		return size, true, true
	case '●', '■', '◉', '⬛':
		return size, true, open
	}
	return size, false, false
}

func bracket(b []byte) (size int, checked, ok bool) {
	end := bytes.IndexByte(b[:min(len(b), 6)], ']')
	if end < 0 {
		return 1, false, false
	}
	switch strings.ToLower(strings.TrimSpace(string(b[1:end]))) {
	case "":
		return end + 1, false, end < 5
	case "x", "✓", "✔", "✗", "✘":
		return end + 1, true, true
	}
	return 1, false, false
}

// glyph is how a check box stands in Text, whatever it was drawn with.
func glyph(checked bool) string {
	if checked {
		return "☒"
	}
	return "☐"
}

// wingdings maps the symbol fonts' boxes and ticks; ok is false for the rest.
func wingdings(font string, r rune) (string, bool) {
	code := r
	if r >= 0xF000 && r <= 0xF0FF {
		code = r - 0xF000
	}
	if strings.HasSuffix(font, "2") {
		switch code {
		case 0x2A, 0xA3, 0x30, 0x35:
			return "☐", true
		case 0x51, 0x52, 0x53, 0x54, 0x55, 0x56:
			return "☒", true
		case 0x50:
			return "✓", true
		case 0x4F:
			return "✗", true
		}
		return "", false
	}
	switch code {
	case 0xA8, 0x6F, 0x70, 0x71, 0x72:
		return "☐", true
	case 0xFE, 0xFD, 0x78:
		return "☒", true
	case 0xFC:
		return "✓", true
	case 0xFB:
		return "✗", true
	}
	return "", false
}

// privateBoxes maps symbol-font characters that lost their font (in PDF text
// and pasted lines). 0xF052, 0xF0A3 and 0xF02A are Wingdings 2.
func privateBoxes(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0xF000 || r > 0xF0FF {
			return r
		}
		switch r {
		case 0xF052, 0xF051:
			return '☒'
		case 0xF0A3, 0xF02A:
			return '☐'
		case 0xF0B7, 0xF0A7:
			return '•'
		}
		if g, ok := wingdings("", r); ok {
			g, _ := utf8.DecodeRuneInString(g)
			return g
		}
		return '•'
	}, s)
}

// isPrompt reports a form's own request to fill something in.
func isPrompt(s string) bool {
	t := strings.ToLower(strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("[]<>().…", r)
	}))
	if t == "" {
		return true
	}
	if strings.Trim(t, "_. ") == "" {
		return true
	}
	for _, p := range []string{"click or tap", "click here to enter", "click to enter", "click here and type",
		"tap here to enter", "choose an item", "select an item", "enter text here", "type here"} {
		if strings.HasPrefix(t, p) && len(t) < len(p)+25 {
			return true
		}
	}
	switch t {
	case "enter text", "select", "please select", "choose", "dd/mm/yyyy", "enter a date", "select date":
		return true
	}
	return false
}
