package letters

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// ErrNoTemplate is for a kind of letter that does not exist in the variant
// asked for: the letter waits and a person reaches the reader another way.
var ErrNoTemplate = errors.New("no such letter")

// Compose makes the words of a letter. What is missing is named: the error is
// then Holes.
func (b *Book) Compose(kind workflow.LetterKind, v Variant, f Facts) (Words, error) {
	p, err := b.page(kind, v, f.Reader.Content)
	if err != nil {
		return Words{}, fmt.Errorf("compose %s %s: %w", kind, v, err)
	}
	w, err := p.words(f.limited())
	if err != nil {
		return Words{}, fmt.Errorf("compose %s %s: %w", kind, v, err)
	}
	w.Kind, w.Variant, w.Content = kind, v, f.Reader.Content
	return w, nil
}

// page finds the template. Large print has the plain words, and a professional
// without a letter of their own gets the plain one. No other variant is ever
// replaced: somebody who needs Easy Read is not served by plain English.
func (b *Book) page(kind workflow.LetterKind, v Variant, c workflow.Content) (*page, error) {
	variants := []Variant{v}
	if v == LargePrint || v == Professional {
		variants = append(variants, Plain)
	}
	for _, v := range variants {
		for _, k := range []workflow.LetterKind{kind, anyKind} {
			if p, ok := b.letters[bookKey{k, v, c}]; ok {
				return p, nil
			}
		}
	}
	return nil, ErrNoTemplate
}

func (p *page) words(f Facts) (Words, error) {
	var holes Holes
	for _, need := range p.needs {
		if isEmpty(f, need) {
			holes = append(holes, need)
		}
	}
	if len(holes) > 0 {
		return Words{}, holes
	}
	subject, err := execute(p.subject, f)
	if err != nil {
		return Words{}, err
	}
	body, err := execute(p.body, f)
	if err != nil {
		return Words{}, err
	}
	return Words{
		Version: p.version, Draft: p.draft,
		Subject: factMarks.Replace(subject), Blocks: parseBlocks(sourceLines(body)),
	}, nil
}

// isEmpty says whether the fact at a path such as Team.Phone is not there. A
// path that does not exist is a mistake of the template and counts as empty.
func isEmpty(f Facts, path string) bool {
	v := reflect.ValueOf(f)
	for name := range strings.SplitSeq(path, ".") {
		if v.Kind() != reflect.Struct {
			return true
		}
		v = v.FieldByName(name)
		if !v.IsValid() {
			return true
		}
	}
	if v.Kind() == reflect.String {
		return strings.TrimSpace(v.String()) == ""
	}
	if v.Kind() == reflect.Slice {
		return v.Len() == 0
	}
	return v.IsZero()
}

// controlLine is a line of a template that only steers: it leaves no line in
// the letter.
var controlLine = regexp.MustCompile(`^\{\{-? ?(if|else|end|range|with|/\*)\b[^{}]*\}\}$`)

// numberLines puts its number before each line of a template, so that a block
// can be traced to its line when conditions and ranges have been carried out,
// and takes out the ends of lines that only steer. Shared parts get no numbers.
func numberLines(src string, first int) string {
	var b strings.Builder
	for i, l := range strings.Split(src, "\n") {
		switch {
		case controlLine.MatchString(l):
			b.WriteString(l)
			continue
		case l != "" && first > 0 && !strings.HasPrefix(l, "{{template "):
			fmt.Fprintf(&b, "%c%d%c", lineMark, first+i, lineMark)
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

func sourceLines(body string) []sourceLine {
	var out []sourceLine
	for l := range strings.SplitSeq(body, "\n") {
		s := sourceLine{text: l}
		for {
			before, rest, ok := strings.Cut(s.text, string(lineMark))
			if !ok {
				break
			}
			digits, after, _ := strings.Cut(rest, string(lineMark))
			if n, err := strconv.Atoi(digits); err == nil && s.n == 0 {
				s.n = n
			}
			s.text = before + after
		}
		out = append(out, s)
	}
	return out
}
