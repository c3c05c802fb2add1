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
	fs := newFlags(name, "KIND [--variant NAME] [--reader WHO] [--format text|html]",
		"Shows a letter with the facts of an invented person. Kinds: "+joined(workflow.LetterKinds(), func(k workflow.LetterKind) string { return string(k) })+".")
	variant := fs.String("variant", string(letters.Plain), "`name`: "+joined(letters.Variants(), func(v letters.Variant) string { return string(v) }))
	reader := fs.String("reader", string(letters.IsPerson), "`who` reads it: "+joined(readers(), func(w letters.Who) string { return string(w) }))
	format := fs.String("format", "text", "`how`: text or html")
	if code, done := parse(fs, args, stdout, stderr); done {
		return code
	}
	kind, ok := letterKind(fs.Arg(0))
	switch {
	case fs.NArg() != 1 || !ok:
		return usage(stderr, name, "needs one kind of letter, such as L1")
	case *format != "text" && *format != "html":
		return usage(stderr, name, "--format knows text and html, not %q", *format)
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
	facts := exampleFacts(now)
	facts.Reader.Who = who
	if who != letters.IsPerson {
		facts.Reader.Greeting = "Ms Hart"
	}
	words, err := book.Compose(kind, v, facts)
	if err != nil {
		return "", err
	}
	if format == "html" {
		return words.HTML()
	}
	draft := ""
	if words.Draft {
		draft = " (a draft: nobody has approved this wording yet)"
	}
	return fmt.Sprintf("Subject: %s\nTemplate: %s, %s, version %d%s\n\n%s", words.Subject, kind, words.Variant, words.Version, draft, words.Text()), nil
}

// exampleFacts are those of an invented man, enough for every letter.
func exampleFacts(now time.Time) letters.Facts {
	today := workflow.DateOf(now)
	return letters.Facts{
		Date: today, Reference: "DSR-2026-00000-X",
		Team: letters.Team{
			Name: "Essex Dynamic Support Register team", Phone: "01632 960123", Hours: "Monday to Friday, 9am to 5pm",
			Email: "dsr@council.example", Postal: "County Hall, Example Road, Chelmsford", Privacy: "https://council.example/dsr-privacy",
			Opens: 9, Closes: 17, Contact: "Priya", LookAgain: "the service manager",
		},
		Reader: letters.Reader{Greeting: "Tom", Who: letters.IsPerson, Content: workflow.Full},
		Person: letters.Person{KnownAs: "Tom", Age: 19},

		ReceivedAt: now.Add(-20 * time.Minute), OpenNow: true, NextOpen: today.Add(1).At(9, 0), ReadBy: today.Add(2), ReplyBy: today.Add(7),
		Asks:   []letters.Ask{{What: "the person’s date of birth", Why: "because age decides who can say yes"}},
		Shares: []string{"health services", "education", "social care"}, File: "a file with a password", Forms: true,
		Panel: letters.Panel{
			At: today.Add(14).At(10, 0), Roles: []string{"somebody from health", "somebody from social care"}, Expert: true,
			Papers: []string{"the referral", "what you told us"}, ViewsBy: today.Add(12), Decides: today.Add(16),
			MovedAt: today.Add(7).At(10, 0), Why: "Too few people could come on that day",
		},
		Decision: exampleDecision(today),
		Register: exampleRegister(today),
		Removal: letters.Removal{
			On: today, Agreed: []string{"you", "your social worker", "your GP"},
			GoesOn: []string{"Sam Jones, your social worker, visits twice a week. You can call Sam on 01632 960010"},
			Signs:  []string{"You sleep badly for more than a week", "You stop going out"}, Told: []string{"your GP surgery"}, Kept: "eight years",
		},
		Transfer: letters.Transfer{
			Team: "the Suffolk Dynamic Support Register team", Contact: "dsr@suffolk.example", On: today.Add(14),
			Passed: []string{"your name and how to reach you", "your plan"}, UntilThen: "Priya in our team",
		},
		Sharing:  letters.Sharing{Sector: "health", Consent: today.Add(-21), Needs: "Longer appointments, with Sam there"},
		Review:   letters.Review{On: today.Add(-3), Said: "You said that things are calmer. Everybody agreed.", Changed: true, Was: "red"},
		Birthday: 18, BirthdayOn: today.Add(40), Message: "Thank you for calling yesterday.\n\nI have asked the school for their report.",
		Tried: []string{"an email three weeks ago", "a phone call two weeks ago"}, Corrects: "last week",
	}
}

func exampleDecision(today workflow.Date) letters.Decision {
	return letters.Decision{
		On:       today.Add(-4),
		Text:     "You told us that your flat feels safe and that Sam visits twice a week.\n\nThe panel could see how much work you have done this year.",
		EasyText: "You feel safe in your flat.\n\nSam visits you twice a week.",
		Reasons:  []string{"the services already involved are meeting the needs"},
		Recommendations: []letters.Recommendation{
			{Text: "Have a yearly health check", Who: "Your GP surgery", By: "the end of the year"},
		},
		Signposts: []letters.Signpost{{
			Name: "Example Advocacy", For: "Somebody on your side when decisions are made", How: "Phone or email them. You do not need a referral",
			Phone: "01632 960001", Hours: "Monday to Friday, 9am to 5pm", Email: "hello@advocacy.example",
			CheckedOn: today.Add(-21), ReviewBy: today.Add(160), EasyRead: "They help you to say what you want.",
		}},
		DoneByUs: []string{"We told your social worker, as you agreed"}, LookAgainBy: today.Add(28),
		ReturnWhen: "If your home may have to change, or if you feel much worse",
	}
}

func exampleRegister(today workflow.Date) letters.Register {
	return letters.Register{
		Since: today, Rating: "amber", Means: "there may be a risk of going into hospital unless the right support comes soon",
		Lead:      letters.Lead{Name: "Sam Jones", Role: "social worker", Contact: "01632 960010", CallsBy: today.Add(4)},
		LeadNamed: "Your council", Support: []string{"Sam visits twice a week", "A plan for bad days, written with you"},
		NextReview: today.Add(28), ReviewName: "care and treatment review", CETR: "A care, education and treatment review is planned for next month",
		SharedWith: []string{"your GP surgery", "social care"},
		Actions:    []letters.Action{{What: "Write the plan for bad days", Who: "Sam Jones", By: "the end of next week"}}, Consent: today.Add(-21),
	}
}
