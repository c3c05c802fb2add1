package reading

import (
	"strings"
)

var (
	headerLine = lazy(`(?i)^\s*>?\s*(?:from|sent|to|cc|bcc|subject|date|importance|attachments|reply-to)\s*:`)
	leader     = lazy(`\s*(?:\.{3,}|_{3,}|-{3,})\s*`)
	labelShape = lazy(`^[\p{L}0-9][^:\n]{1,70}$`)
	nextLabel  = lazy(`(?:[.;,]\s+|\s{2,})(\p{Lu}[\p{L}/()'& -]{1,40}):\s`)
)

// openValue is a label whose value may go on in the next lines.
type openValue struct {
	label span
	field string
	exact bool
	value span
	blank int // empty lines since the value, or since the label
}

// lines reads norm[from:to) as lines: "Label: value", a label on a line of its
// own with the value below, dotted leaders, columns parted by tabs.
func (f *formReader) lines(from, to int) {
	var open *openValue
	closeOpen := func() {
		if open != nil {
			f.add(pair{label: open.label, value: open.value, field: open.field, exact: open.exact})
			open = nil
		}
	}
	for at := from; at < to; {
		end := lineEnd(f.sheet.norm, at, to)
		line := span{at, end}
		at = end + 1
		text := line.of(f.sheet.norm)
		switch {
		case strings.TrimSpace(text) == "":
			if open != nil {
				open.blank++
				if open.value.start < open.value.end || open.blank > 1 {
					closeOpen()
				}
			}
		case f.isMailHeader(line, from, to):
			closeOpen()
		case strings.Contains(strings.TrimSpace(text), "\t"):
			closeOpen()
			at = f.tabbed(line.start, to)
		case open != nil && open.blank == 0 && isBoxLine(text) && isBoxLine(open.value.of(f.sheet.norm)):
			open.value.end = line.end // the choices of a question stand below each other
		case f.startsLabel(line, from, to, &open, closeOpen):
		case open != nil && f.continues(open, line):
			if open.value.start == open.value.end {
				open.value.start = line.start
			}
			open.value.end = line.end
			open.blank = 0
		default:
			closeOpen()
		}
	}
	closeOpen()
}

// isBoxLine reports whether a text begins with a box.
func isBoxLine(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "☐") || strings.HasPrefix(text, "☒")
}

// isMailHeader recognises the lines "From: … Sent: …" above a forwarded mail.
func (f *formReader) isMailHeader(line span, from, to int) bool {
	text := line.of(f.sheet.norm)
	if !headerLine.MatchString(text) {
		return false
	}
	low := strings.ToLower(strings.TrimLeft(text, "> \t"))
	if !strings.HasPrefix(low, "date") && !strings.HasPrefix(low, "to:") {
		return true
	}
	prev := strings.LastIndexByte(f.sheet.norm[from:max(from, line.start-1)], '\n') + 1 + from
	next := min(line.end+1, to)
	return prev < line.start && headerLine.MatchString(f.sheet.norm[prev:line.start]) ||
		headerLine.MatchString(f.sheet.norm[next:lineEnd(f.sheet.norm, next, to)])
}

// startsLabel opens a new value where the line begins with a label.
func (f *formReader) startsLabel(line span, from, to int, open **openValue, closeOpen func()) bool {
	text := line.of(f.sheet.norm)
	if sectionLine.MatchString(text) && f.labels.section(text) != "" {
		closeOpen()
		return f.section(text)
	}
	label, value, colon := splitLabel(text)
	if label == "" {
		return false
	}
	waiting := *open != nil && (*open).value.start == (*open).value.end && (*open).blank == 0
	if waiting && f.isHint(text) {
		return true
	}
	field, exact := f.fieldOf(label)
	if waiting && value == "" && f.answers((*open).field, label) {
		return false
	}
	if value == "" && f.isHeading(label, field, line.end, to, *open) {
		closeOpen()
		f.section(label)
		return true
	}
	if field == "hint" {
		return false
	}
	if field == "" {
		if waiting {
			return false
		}
		if colon && value != "" && labelShape.MatchString(label) && len(strings.Fields(label)) <= 8 && !f.wrapped(line, from) {
			if *open != nil && (*open).field != "reason" && (*open).field != "tried" || *open == nil {
				closeOpen()
				f.addUnknown(span{line.start, line.start + len(label)}, span{line.end - len(value), line.end})
			}
			return *open == nil
		}
		return false
	}
	if !colon && value == "" && !exact || !colon && f.wrapped(line, from) {
		return false
	}
	if !colon && f.sheet.doc == nil && strings.HasPrefix(field, "professional.") {
		return false // a job below a signature
	}
	closeOpen()
	f.openLabel(line, label, value, field, exact, open)
	return true
}

// openLabel starts a value and takes further labels out of the same line:
// "Autism: yes. Learning disability: no."
func (f *formReader) openLabel(line span, label, value, field string, exact bool, open **openValue) {
	start := line.end - len(value)
	o := &openValue{label: span{line.start, line.start + len(label)}, field: field, exact: exact, value: span{start, line.end}}
	for {
		m, inner := f.innerLabel(o.value)
		if m.start == m.end {
			break
		}
		rest := o.value.end
		o.value.end = m.start
		f.add(pair{label: o.label, value: o.value, field: o.field, exact: o.exact})
		colon := m.start + strings.IndexByte(f.sheet.norm[m.start:rest], ':')
		o = &openValue{label: span{m.start, colon}, field: inner, exact: true, value: span{colon + 1, rest}}
	}
	*open = o
}

var sectionLine = lazy(`(?i)^\s*(?:section|part)\s+\w{1,3}\s*[:.\-]|^\s*\d{1,2}[.)]?\s+\p{Lu}[^:]*:?\s*$`)

// answers reports whether a line that looks like a label is the answer to the
// open one: "Mother" below "Relationship".
func (f *formReader) answers(field, text string) bool {
	switch {
	case strings.HasSuffix(field, "relationship"), strings.HasSuffix(field, "parental_responsibility"), field == "consent.who":
		return relationCode(text) != "" && len(text) < 40
	case strings.HasSuffix(field, ".role"):
		return roleWord.MatchString(text) && !strings.Contains(text, ":")
	}
	return false
}

func (f *formReader) innerLabel(value span) (span, string) {
	base := value.start
	for _, m := range nextLabel.FindAllStringSubmatchIndex(value.of(f.sheet.norm), -1) {
		if field, exact := f.fieldOf(f.sheet.norm[base+m[2] : base+m[3]]); field != "" && exact {
			return span{base + m[2], base + m[1]}, field
		}
	}
	return span{}, ""
}

// splitLabel cuts a line at its colon, its question mark or its dotted leader.
func splitLabel(text string) (label, value string, colon bool) {
	t := strings.TrimRight(text, " \t")
	if m := leader.FindStringIndex(t); m != nil && m[0] > 0 && m[1] <= len(t) && !strings.Contains(t[:m[0]], ":") {
		return t[:m[0]], t[m[1]:], true
	}
	if i := strings.IndexByte(t, ':'); i > 0 && i < 120 {
		if i+1 < len(t) && t[i+1] != ' ' && t[i+1] != '\t' && !isLetterByte(t[i+1]) && t[i+1] < 0x80 && t[i+1] != '"' {
			return "", "", false // 10:30, https://
		}
		return t[:i], strings.TrimLeft(t[i+1:], " \t"), true
	}
	if i := strings.IndexByte(t, '?'); i > 0 && i < 120 {
		value := strings.Trim(t[i+1:], " \t*:")
		if yesNoTail.MatchString(lower(t[i:])) && !strings.ContainsAny(value, "☐☒") {
			value = "" // the choices are printed with the question
		}
		if value == "" {
			return t[:i+1], "", false
		}
		return t[:i+1], strings.TrimLeft(t[i+1:], " \t"), true
	}
	if len(t) <= 90 {
		return t, "", false
	}
	return "", "", false
}

func isLetterByte(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// isHeading decides whether a line without a value is a heading or a label: a
// heading is followed by labels, a label by its value.
func (f *formReader) isHeading(label, field string, end, to int, open *openValue) bool {
	if f.labels.section(label) == "" || open != nil && open.value.start == open.value.end && open.blank == 0 {
		return false
	}
	if field == "" {
		return true
	}
	next := end
	for next < to && (f.sheet.norm[next] == '\n' || f.sheet.norm[next] == ' ') {
		next++
	}
	if next >= to {
		return true
	}
	after, value, _ := splitLabel(f.sheet.norm[next:lineEnd(f.sheet.norm, next, to)])
	if cell, _, ok := strings.Cut(after, "\t"); ok {
		after = cell
	}
	return after != "" && (f.isLabel(after) || value != "" && f.isLabel(after))
}

// wrapped reports whether a line is the continuation of a long line before it.
func (f *formReader) wrapped(line span, from int) bool {
	if line.start == from || f.sheet.doc != nil {
		return false // documents keep a paragraph on one line
	}
	return wraps(f.sheet.norm, from, line.start-1, line.end)
}

// continues decides whether a line still belongs to an open value.
func (f *formReader) continues(o *openValue, line span) bool {
	empty := o.value.start == o.value.end
	if empty {
		return o.blank == 0 || o.blank == 1 && (o.field == "reason" || o.field == "tried")
	}
	if o.blank > 0 {
		return false
	}
	switch o.field {
	case "reason", "tried", "person.communication_needs", "person.address", "risk.immediate":
		return true
	case "referrer.name", "guardian.name":
		text := line.of(f.sheet.norm)
		return len(phones(text)) > 0 || len(emails(text)) > 0 || len(text) < 60 && (roleWord.MatchString(text) || strongOrg.MatchString(text) || mediumOrg.MatchString(text))
	}
	if f.sheet.doc != nil {
		return false
	}
	last := strings.LastIndexByte(f.sheet.norm[o.value.start:o.value.end], '\n') + 1 + o.value.start
	return wraps(f.sheet.norm, min(last, o.label.start), o.value.end, line.end)
}
