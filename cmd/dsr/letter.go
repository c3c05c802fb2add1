package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// letterPreview shows a letter with the facts of an invented person, for those
// who read and approve the wordings.
func letterPreview(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer, getenv func(string) string) int {
	const name = "letter preview"
	fs := newFlags(name, "KIND [--variant NAME] [--reader WHO] [--format text|html|pdf]",
		"Shows a letter with the facts of an invented person. Kinds: "+joined(workflow.LetterKinds(), func(k workflow.LetterKind) string { return string(k) })+".")
	variant := fs.String("variant", string(letters.Plain), "`name`: "+joined(letters.Variants(), func(v letters.Variant) string { return string(v) }))
	reader := fs.String("reader", string(letters.IsPerson), "`who` reads it: "+joined(readers(), func(w letters.Who) string { return string(w) }))
	format := fs.String("format", "text", "`how`: text, html or pdf")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	kind, ok := letterKind(fs.Arg(0))
	switch {
	case fs.NArg() != 1 || !ok:
		return usage(stderr, name, "needs one kind of letter, such as L1")
	case !slices.Contains([]string{"text", "html", "pdf"}, *format):
		return usage(stderr, name, "--format knows text, html and pdf, not %q", *format)
	case !slices.Contains(letters.Variants(), letters.Variant(*variant)):
		return usage(stderr, name, "there is no variant %q", *variant)
	case !slices.Contains(readers(), letters.Who(*reader)):
		return usage(stderr, name, "there is no reader %q", *reader)
	}
	c, err := loadConfig(getenv, os.Geteuid() == 0)
	if err != nil {
		return fail(stderr, name, err)
	}
	text, err := preview(kind, letters.Variant(*variant), letters.Who(*reader), *format, c.Now())
	if errors.Is(err, letters.ErrNoTemplate) {
		err = fmt.Errorf("%s has no template as %q; the letter would wait and a person reach the reader another way", kind, *variant)
	}
	if err != nil {
		return fail(stderr, name, err)
	}
	fmt.Fprint(stdout, text)
	return exitDone
}

func readers() []letters.Who {
	return []letters.Who{letters.IsPerson, letters.IsParent, letters.IsFamily, letters.IsProfessional, letters.IsOther}
}

func letterKind(word string) (workflow.LetterKind, bool) {
	all := workflow.LetterKinds()
	i := slices.IndexFunc(all, func(k workflow.LetterKind) bool { return strings.EqualFold(string(k), word) })
	if i < 0 {
		return "", false
	}
	return all[i], true
}

func preview(kind workflow.LetterKind, v letters.Variant, who letters.Who, format string, now time.Time) (string, error) {
	book, err := letters.Open(templates.Letters)
	if err != nil {
		return "", err
	}
	facts := letters.Example(now)
	facts.Reader.Who = who
	if who != letters.IsPerson {
		facts.Reader.Greeting = "Ms Hart"
	}
	words, err := book.Compose(kind, v, facts)
	if err != nil {
		return "", err
	}
	switch format {
	case "html":
		return words.HTML()
	case "pdf":
		raw, err := words.PDF(workflow.DateOf(now))
		return string(raw), err
	}
	draft := ""
	if words.Draft {
		draft = " (a draft: nobody has approved this wording yet)"
	}
	return fmt.Sprintf("Subject: %s\nTemplate: %s, %s, version %d%s\n\n%s", words.Subject, kind, words.Variant, words.Version, draft, words.Text()), nil
}
