package letters

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/essex-dsr/dsr/workflow"
)

// Book holds the templates of all letters. It does not change once opened.
//
// A template is a text file. Its head is lines of "name: value" up to a line
// of dashes:
//
//	kind:    L3            (or any, for what stands in for every kind)
//	variant: plain
//	content: full          (or outcome, notice, thanks; full if not given)
//	version: 1
//	status:  draft         (or approved; a draft is refused unless asked for)
//	needs:   Asks, Reply   (facts without which there is no such letter)
//	subject: We need to ask you something - reference {{.Reference}}
//
// Its body is plain text: "# " a heading, "## " a smaller one, "- " a bullet,
// "1. " a numbered line, "> " a call-out, "!> " a warning, "| label | value" a
// row; an indented line goes under its bullet; an empty line ends a block; a
// backslash at the end of a line keeps the line; "[phone] " names the picture
// that goes with a line in Easy Read. Files in blocks/ are the
// parts that several letters share: {{template "crisis" .}}.
type Book struct {
	letters map[bookKey]*page
	files   map[string]string // every template's source, by its name: L3.plain.txt
	blocks  map[string]string // every shared part's, by its name: crisis, crisis.easy-read
}

type bookKey struct {
	kind    workflow.LetterKind
	variant Variant
	content workflow.Content
}

// anyKind is the kind of templates that stand in for every kind.
const anyKind workflow.LetterKind = "any"

// page is one template, read.
type page struct {
	file     string
	kind     workflow.LetterKind
	variant  Variant
	content  workflow.Content
	version  int
	draft    bool
	needs    []string
	subject  *template.Template
	body     *template.Template
	bodyLine int // of the file, where the body begins
}

// Open reads every template below the folder letters of fsys.
func Open(fsys fs.FS) (*Book, error) {
	blocks, err := readBlocks(fsys)
	if err != nil {
		return nil, fmt.Errorf("open letter templates: %w", err)
	}
	names, err := fs.Glob(fsys, "letters/*.txt")
	if err != nil {
		return nil, fmt.Errorf("open letter templates: %w", err)
	}
	files := map[string]string{}
	for _, f := range names {
		src, err := fs.ReadFile(fsys, f)
		if err != nil {
			return nil, fmt.Errorf("open letter templates: %w", err)
		}
		files[path.Base(f)] = string(src)
	}
	b, err := bind(files, blocks, nil)
	if err != nil {
		return nil, fmt.Errorf("open letter templates: %w", err)
	}
	return b, nil
}

// bind reads every page; those that approved names were approved by the team.
func bind(files, blocks map[string]string, approved map[string]bool) (*Book, error) {
	b := &Book{letters: map[bookKey]*page{}, files: files, blocks: blocks}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := b.add(name, approved[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return b, errors.Join(errs...)
}

func (b *Book) add(name string, approved bool) error {
	p, err := readPage(name, b.files[name], b.blocks)
	if err != nil {
		return err
	}
	key := bookKey{p.kind, p.variant, p.content}
	if old, twice := b.letters[key]; twice {
		return fmt.Errorf("%s is that letter already", old.file)
	}
	p.draft = p.draft && !approved
	b.letters[key] = p
	return nil
}

func readPage(file, src string, blocks map[string]string) (*page, error) {
	head, body, ok := strings.Cut(strings.ReplaceAll(src, "\r\n", "\n"), "\n---\n")
	if !ok {
		return nil, errors.New("no line of three dashes after the head")
	}
	p := &page{file: path.Base(file), content: workflow.Full, bodyLine: strings.Count(head, "\n") + 3}
	var subject string
	for line := range strings.SplitSeq(head, "\n") {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("head line %q is not of the form name: value", line)
		}
		if err := p.setHead(strings.TrimSpace(name), strings.TrimSpace(value), &subject); err != nil {
			return nil, err
		}
	}
	if p.kind == "" || p.version == 0 || subject == "" || !slices.Contains(Variants(), p.variant) {
		return nil, errors.New("the head must give kind, variant, version and subject")
	}
	var err error
	if p.subject, err = parseTemplate("subject", subject, nil); err != nil {
		return nil, err
	}
	p.body, err = parseTemplate("body", numberLines(body, p.bodyLine), p.blocksFor(blocks))
	return p, err
}

func (p *page) setHead(name, value string, subject *string) error {
	var err error
	switch name {
	case "kind":
		p.kind = workflow.LetterKind(value)
	case "variant":
		p.variant = Variant(value)
	case "content":
		p.content = workflow.Content(value)
	case "version":
		p.version, err = strconv.Atoi(value)
	case "status":
		p.draft = value != "approved"
	case "subject":
		*subject = value
	case "needs":
		for f := range strings.SplitSeq(value, ",") {
			if f = strings.TrimSpace(f); f != "" {
				p.needs = append(p.needs, f)
			}
		}
	default:
		err = fmt.Errorf("the head has no %q", name)
	}
	return err
}

// readBlocks reads the shared parts: NAME.txt is the plain one, and
// NAME.easy-read.txt and the like stand in for it in that variant.
func readBlocks(fsys fs.FS) (map[string]string, error) {
	files, err := fs.Glob(fsys, "letters/blocks/*.txt")
	if err != nil {
		return nil, err
	}
	blocks := map[string]string{}
	for _, f := range files {
		src, err := fs.ReadFile(fsys, f)
		if err != nil {
			return nil, err
		}
		blocks[strings.TrimSuffix(path.Base(f), ".txt")] = strings.ReplaceAll(string(src), "\r\n", "\n")
	}
	return blocks, nil
}

// blocksFor picks the shared parts in this page's variant.
func (p *page) blocksFor(all map[string]string) map[string]string {
	out := map[string]string{}
	suffix := "." + strings.ReplaceAll(string(p.variant), " ", "-")
	for name, src := range all {
		base, variant, _ := strings.Cut(name, ".")
		if own := "." + variant; own == suffix {
			out[base] = src
		} else if _, taken := all[base+suffix]; variant == "" && !taken {
			out[base] = src
		}
	}
	return out
}

// parseTemplate reads a template and its shared parts, and lets every value
// that it prints pass through the function fact.
func parseTemplate(name, src string, blocks map[string]string) (*template.Template, error) {
	t := template.New(name).Option("missingkey=error").Funcs(stubs())
	if _, err := t.Parse(src); err != nil {
		return nil, err
	}
	for block, src := range blocks {
		if _, err := t.New(block).Parse(numberLines(src, 0)); err != nil {
			return nil, err
		}
	}
	for _, part := range t.Templates() {
		if part.Tree != nil {
			markFacts(part.Tree, part.Root)
		}
	}
	return t, nil
}

// markFacts appends the function fact to every action that prints something,
// with the words and the line of the action, as html/template appends its
// escapers. So no value reaches a letter unseen, and an empty one is known by
// its name.
func markFacts(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 {
				n.Pipe.Cmds = append(n.Pipe.Cmds, factCommand(tree, n))
			}
		case *parse.IfNode:
			markFacts(tree, n.List)
			markFacts(tree, n.ElseList)
		case *parse.RangeNode:
			markFacts(tree, n.List)
			markFacts(tree, n.ElseList)
		case *parse.WithNode:
			markFacts(tree, n.List)
			markFacts(tree, n.ElseList)
		}
	}
}

func factCommand(tree *parse.Tree, n *parse.ActionNode) *parse.CommandNode {
	words := strings.Trim(n.String(), "{}")
	where := fmt.Sprintf("%s (%s, line %d)", words, tree.Name, n.Line)
	return &parse.CommandNode{NodeType: parse.NodeCommand, Args: []parse.Node{
		parse.NewIdentifier("fact").SetTree(tree).SetPos(n.Pos),
		&parse.StringNode{NodeType: parse.NodeString, Pos: n.Pos, Quoted: strconv.Quote(where), Text: where},
	}}
}

// execute runs t over facts. The holes it meets are named; with a hole there
// is no text.
func execute(t *template.Template, facts any) (string, error) {
	run, err := t.Clone()
	if err != nil {
		return "", err
	}
	var holes Holes
	funcs := stubs()
	funcs["fact"] = func(where string, v any) (string, error) {
		s, err := print(v)
		if err != nil {
			return "", fmt.Errorf("%s: %w", where, err)
		}
		if s == "" {
			holes = append(holes, where)
		}
		return string(factBegin) + s + string(factEnd), nil
	}
	var b bytes.Buffer
	if err := run.Funcs(funcs).Execute(&b, facts); err != nil {
		return "", err
	}
	if len(holes) > 0 {
		slices.Sort(holes)
		return "", slices.Compact(holes)
	}
	return b.String(), nil
}
