package letters

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// The team words its letters itself. A wording is the source of one template or
// of one part that several share; what the team approved stands in for what was
// shipped, under the same checks.

// Leaf is one thing that can be worded: a letter in a variant, or a shared part.
type Leaf struct {
	Name    string // L3.plain.txt, or blocks/crisis.txt
	Kind    workflow.LetterKind
	Variant Variant
	Content workflow.Content
	Version int
	Draft   bool // nobody has approved it yet
}

// IsBlock says whether several letters share it.
func (l Leaf) IsBlock() bool { return strings.HasPrefix(l.Name, blockFolder) }

const blockFolder = "blocks/"

// Leaves lists what can be worded, letters first.
func (b *Book) Leaves() []Leaf {
	var out []Leaf
	for _, p := range b.letters {
		out = append(out, Leaf{Name: p.file, Kind: p.kind, Variant: p.variant, Content: p.content, Version: p.version, Draft: p.draft})
	}
	slices.SortFunc(out, func(a, b Leaf) int {
		return cmpOr(placeOf(a.Kind)-placeOf(b.Kind), strings.Compare(string(a.Content), string(b.Content)), strings.Compare(a.Name, b.Name))
	})
	for _, name := range slices.Sorted(maps.Keys(b.blocks)) {
		base, variant, _ := strings.Cut(name, ".")
		l := Leaf{Name: blockFolder + base + ".txt", Variant: Plain}
		if variant != "" {
			l.Name, l.Variant = blockFolder+name+".txt", Variant(strings.ReplaceAll(variant, "-", " "))
		}
		out = append(out, l)
	}
	return out
}

func placeOf(k workflow.LetterKind) int { return slices.Index(workflow.LetterKinds(), k) }

func cmpOr(n ...int) int {
	for _, x := range n {
		if x != 0 {
			return x
		}
	}
	return 0
}

// Leaf finds one by its name.
func (b *Book) Leaf(name string) (Leaf, error) {
	for _, l := range b.Leaves() {
		if l.Name == name {
			return l, nil
		}
	}
	return Leaf{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such wording."}
}

// Source is the whole source of a leaf as it is in force.
func (b *Book) Source(name string) string {
	if block, ok := strings.CutPrefix(name, blockFolder); ok {
		return b.blocks[strings.TrimSuffix(block, ".txt")]
	}
	return b.files[name]
}

// Cut takes a source apart: its subject, which a shared part has not, and its
// words.
func Cut(source string) (subject, words string) {
	head, body, ok := strings.Cut(strings.ReplaceAll(source, "\r\n", "\n"), "\n---\n")
	if !ok {
		return "", source
	}
	for line := range strings.SplitSeq(head, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "subject" {
			subject = strings.TrimSpace(value)
		}
	}
	return subject, body
}

// Recast puts another subject and other words into a source. What a letter is
// and which facts it needs stays: people change its words, not its rules.
func Recast(source, subject, words string, version int) string {
	words = strings.TrimRight(strings.ReplaceAll(words, "\r\n", "\n"), " \n") + "\n"
	head, _, ok := strings.Cut(strings.ReplaceAll(source, "\r\n", "\n"), "\n---\n")
	if !ok {
		return words
	}
	var lines []string
	for line := range strings.SplitSeq(head, "\n") {
		switch name, _, _ := strings.Cut(line, ":"); strings.TrimSpace(name) {
		case "subject":
			line = "subject: " + oneLine(subject)
		case "version":
			line = fmt.Sprint("version: ", version)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + "\n---\n" + words
}

// With is the book with approved wordings over the shipped ones, by name.
func (b *Book) With(sources map[string]string) (*Book, error) {
	files, blocks, approved := maps.Clone(b.files), maps.Clone(b.blocks), map[string]bool{}
	for name, p := range b.pages() {
		approved[name] = !p.draft
	}
	for name, src := range sources {
		if block, ok := strings.CutPrefix(name, blockFolder); ok {
			if block = strings.TrimSuffix(block, ".txt"); blocks[block] != "" {
				blocks[block] = src
			}
		} else if files[name] != "" {
			files[name], approved[name] = src, true
		}
	}
	return bind(files, blocks, approved)
}

func (b *Book) pages() map[string]*page {
	out := map[string]*page{}
	for _, p := range b.letters {
		out[p.file] = p
	}
	return out
}

// Shelf keeps the book with the team's wordings between two changes of them.
type Shelf struct {
	mu    sync.Mutex
	stamp int64
	book  *Book
}

// Book is the shipped book with the wordings in force. It is made anew only when
// the stamp differs from the last one, which changes with every wording that
// comes into force.
func (s *Shelf) Book(shipped *Book, stamp int64, load func() (map[string]string, error)) (*Book, error) {
	if stamp == 0 {
		return shipped, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book != nil && s.stamp == stamp {
		return s.book, nil
	}
	sources, err := load()
	if err != nil {
		return nil, err
	}
	book, err := shipped.With(sources)
	if err != nil {
		return nil, fmt.Errorf("the team's wordings: %w", err)
	}
	s.stamp, s.book = stamp, book
	return book, nil
}

// Shown is a wording in one sample case.
type Shown struct {
	Case  string
	Words Words
	Found []Finding
}

// Try shows a wording in every sample case, with what the checks find; a shared
// part is shown in the letters that hold it. What cannot be read, or leaves a
// hole, is the error.
func (b *Book) Try(name, source string, now time.Time) ([]Shown, error) {
	leaf, err := b.Leaf(name)
	if err != nil {
		return nil, err
	}
	with, err := b.With(map[string]string{name: source})
	if err != nil {
		return nil, err
	}
	var out []Shown
	for _, l := range with.Leaves() {
		if l.IsBlock() || l.Name != name && !(leaf.IsBlock() && with.holds(l, leaf)) {
			continue
		}
		shown, err := with.show(l, leaf.IsBlock(), now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		out = append(out, shown...)
	}
	if len(out) == 0 {
		return nil, errors.New("no letter holds this part")
	}
	return out, nil
}

// holds says whether a letter shows a shared part, itself or in another part.
func (b *Book) holds(l, block Leaf) bool {
	if block.Variant != Plain && l.Variant != block.Variant {
		return false
	}
	base, _, _ := strings.Cut(strings.TrimPrefix(block.Name, blockFolder), ".")
	p := b.pages()[l.Name]
	parts := p.blocksFor(b.blocks)
	if parts[base] != b.Source(block.Name) {
		return false
	}
	var in func(src string) bool
	in = func(src string) bool {
		for name, part := range parts {
			if strings.Contains(src, `{{template "`+name+`"`) && (name == base || in(part)) {
				return true
			}
		}
		return false
	}
	_, words := Cut(b.files[l.Name])
	return in(words)
}

// show composes a letter in its sample cases; of a shared part's letters the
// first case is enough.
func (b *Book) show(l Leaf, once bool, now time.Time) ([]Shown, error) {
	kind := l.Kind
	if kind == anyKind {
		kind = workflow.L7
	}
	var out []Shown
	for _, c := range Cases(kind, l.Variant, l.Content, now) {
		w, err := b.Compose(kind, l.Variant, c.Facts)
		if err != nil {
			return nil, err
		}
		w.Draft = false // that it is a draft is what is being decided
		name := c.Name
		if once {
			name = strings.TrimSuffix(l.Name, ".txt") + ": " + c.Name
		}
		out = append(out, Shown{name, w, Check(w, c.Facts)})
		if once {
			break
		}
	}
	return out, nil
}
