package letters

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// Variant is the form a letter takes for its reader, chosen by that reader's
// accessible-information needs.
type Variant string

// The variants. LargePrint has the words of Plain, larger.
const (
	Plain        Variant = "plain"
	EasyRead     Variant = "easy read"
	LargePrint   Variant = "large print"
	YoungPerson  Variant = "young person"
	Professional Variant = "professional"
)

// Variants lists them in the order of forms.
func Variants() []Variant {
	return []Variant{Plain, EasyRead, LargePrint, YoungPerson, Professional}
}

// Words is one composed letter. The text, the HTML and the PDF are all made of
// its blocks, so they say the same.
type Words struct {
	Kind    workflow.LetterKind
	Variant Variant
	Content workflow.Content
	Version int  // of the template
	Draft   bool // nobody has approved this template's wording yet
	Subject string
	Blocks  []Block
	// Envelope is the reader's name and address, of a letter on paper.
	Envelope []string
}

// BlockKind says what a block is to its reader.
type BlockKind string

// The blocks a letter is made of.
const (
	Heading    BlockKind = "heading"
	Subheading BlockKind = "subheading"
	Paragraph  BlockKind = "paragraph"
	Bullets    BlockKind = "bullets"
	Numbered   BlockKind = "numbered"
	CallOut    BlockKind = "call-out" // something to notice; the first line is its title
	Warning    BlockKind = "warning"  // a call-out about danger
	Table      BlockKind = "table"    // rows of a label and its value
)

// Block is one block. Each item is a bullet, a row or a paragraph; most have
// one line, a row has its label and its value.
type Block struct {
	Kind  BlockKind
	Items [][]string
	// Pictures names, for each item, the picture that an Easy Read page shows
	// beside it; "" for none. The words do without it.
	Pictures []string
	Line     int // of the template, for whoever mends it
}

// Text is the letter as plain text.
func (w Words) Text() string {
	var parts []string
	for _, b := range w.Blocks {
		parts = append(parts, b.text())
	}
	return strings.Join(parts, "\n\n") + "\n"
}

func (b Block) text() string {
	var items []string
	for i, lines := range b.Items {
		switch b.Kind {
		case Bullets:
			items = append(items, hang("- ", lines))
		case Numbered:
			items = append(items, hang(strconv.Itoa(i+1)+". ", lines))
		case Table:
			items = append(items, lines[0]+": "+lines[1])
		default:
			items = append(items, strings.Join(lines, "\n"))
		}
	}
	return strings.Join(items, "\n")
}

// hang puts a mark before the first line and as much room before the others.
func hang(mark string, lines []string) string {
	return mark + strings.Join(lines, "\n"+strings.Repeat(" ", len(mark)))
}

// sourceLine is one line of a template after its facts were put in.
type sourceLine struct {
	n    int
	text string
}

// Marks around every fact while a template is read. A fact that begins with
// "# " must not become a heading, nor one with "|" a table. They are from the
// private use area and are stripped from facts before.
const (
	factBegin = '\uE000'
	factEnd   = '\uE001'
	lineMark  = '\uE002' // followed by the template's line number
)

var numberedItem = regexp.MustCompile(`^\d+\. `)

// parseBlocks reads the structure of a letter. An empty line ends a block;
// blocks of a list or table that follow each other are one.
func parseBlocks(lines []sourceLine) []Block {
	var out []Block
	var open *Block
	for _, l := range lines {
		if strings.TrimSpace(l.text) == "" {
			open = nil
			continue
		}
		kind, item, continues := parseLine(l.text)
		switch {
		case continues && open != nil:
			open.extend(item[0])
			continue
		case open != nil && open.Kind == kind && joins(kind):
			open.Items = append(open.Items, item)
			continue
		case open == nil && len(out) > 0 && out[len(out)-1].Kind == kind && isList(kind):
			open = &out[len(out)-1]
			open.Items = append(open.Items, item)
			continue
		}
		out = append(out, Block{Kind: kind, Items: [][]string{item}, Line: l.n})
		open = &out[len(out)-1]
	}
	for i := range out {
		out[i].clean()
	}
	return out
}

func isList(k BlockKind) bool { return k == Bullets || k == Numbered || k == Table }
func joins(k BlockKind) bool  { return isList(k) || k == CallOut || k == Warning }

// parseLine says what a line is. continues is true of a line that goes on with
// what the line before began.
func parseLine(s string) (kind BlockKind, item []string, continues bool) {
	for _, m := range []struct {
		mark string
		kind BlockKind
	}{{"## ", Subheading}, {"# ", Heading}, {"- ", Bullets}, {"!> ", Warning}, {"> ", CallOut}} {
		if rest, ok := strings.CutPrefix(s, m.mark); ok {
			return m.kind, []string{rest}, false
		}
	}
	if m := numberedItem.FindString(s); m != "" {
		return Numbered, []string{s[len(m):]}, false
	}
	if rest, ok := strings.CutPrefix(s, "| "); ok {
		label, value := splitRow(rest)
		return Table, []string{label, value}, false
	}
	if rest, ok := strings.CutPrefix(s, "  "); ok {
		return Paragraph, []string{"\n" + strings.TrimSpace(rest)}, true
	}
	return Paragraph, []string{s}, true
}

// splitRow cuts at the first bar that is the template's own.
func splitRow(s string) (label, value string) {
	inFact := false
	for i, r := range s {
		switch r {
		case factBegin:
			inFact = true
		case factEnd:
			inFact = false
		case '|':
			if !inFact {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

// extend adds a line to the last item: a new line if it was indented or the
// last one ended in a backslash, else more words of the same one.
func (b *Block) extend(s string) {
	item := &b.Items[len(b.Items)-1]
	last := len(*item) - 1
	if rest, ok := strings.CutPrefix(s, "\n"); ok && b.Kind != Table {
		*item = append(*item, rest)
		return
	}
	s = strings.TrimPrefix(s, "\n")
	if before, ok := strings.CutSuffix((*item)[last], `\`); ok {
		(*item)[last] = before
		*item = append(*item, s)
		return
	}
	(*item)[last] += " " + s
}

var factMarks = strings.NewReplacer(string(factBegin), "", string(factEnd), "")

func (b *Block) clean() {
	b.Pictures = make([]string, len(b.Items))
	for n, item := range b.Items {
		if m := picture.FindStringSubmatch(item[0]); m != nil {
			b.Pictures[n], item[0] = m[1], item[0][len(m[0]):]
		}
		for i := range item {
			item[i] = strings.Join(strings.Fields(factMarks.Replace(item[i])), " ")
		}
	}
}

// picture is the template's own mark; a fact is shielded by factBegin.
var picture = regexp.MustCompile(`^\[([a-z-]+)\] `)
