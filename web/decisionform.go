package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// decisionFormPage is the form of a decision: the words to the person first,
// what follows from them after.
type decisionFormPage struct {
	Layout
	Name      string
	Words     string
	Address   string
	Version   workflow.Version
	First     []Control
	Recs      []recForm
	RecError  string
	Rows      int
	More      bool
	Signposts *Choices
	NoPost    bool // no service can be chosen
	NotUsable []Line
	Last      []Control
	Views     []Line
	Papers    []Card
}

// recForm is one recommendation: what, who, by when.
type recForm struct{ What, Who, By Input }

func (a *App) decisionPage(w http.ResponseWriter, r *http.Request, status int, k decisionKind, x workflow.File, f *Form) error {
	here := "/cases/" + x.Case.Ref
	p := &decisionFormPage{Layout: Layout{Title: k.title, Ref: x.Case.Ref, Back: &Link{"Back", here + "/panel"}, Errors: f.Errors},
		Name: nameOf(x), Words: k.words, Address: here + "/decision/" + k.path, Version: x.Case.Version}
	today := workflow.DateOf(a.now())
	if by, _ := actorOf(r); !by.Has(staff()...) {
		p.Back.Href = "/panels"
		if x.Panel != nil {
			p.Back.Href = fmt.Sprintf("/panels/%d/cases/%s", x.Panel.ID, x.Case.Ref)
		}
	}
	if x.Item != nil {
		p.Views = viewLines(x)
	}
	if k.action == workflow.IncludeInterim {
		p.Papers = papersOf(x, today)
	}
	p.fill(f, x, k, today)
	return a.page(w, r, status, "decision", p)
}

func (p *decisionFormPage) fill(f *Form, x workflow.File, k decisionKind, today workflow.Date) {
	text := textarea(f.Textarea("text", "The decision, written to the person", "", 4000), "What it means for them, in words they would use. The letter carries exactly this. At least 40 characters.")
	views := textarea(f.Textarea("person_views", "The person’s own views, or why there are none", "", 2000), "For the minutes.")
	dissent := textarea(f.Textarea("dissent", "Who disagreed, and in which words", "", 2000), "Leave empty if nobody did. An expert by experience is minuted in their own words.")
	views.Textarea.Rows, dissent.Textarea.Rows = 3, 3
	if k.action == workflow.CorrectDecision {
		p.First = append(p.First, textarea(f.Textarea("why", "What was wrong", "", 1000), "For the record; the letter only says that it corrects the one before."))
	}
	if k.action == workflow.IncludeInterim {
		p.First = append(p.First, input(f.Input("with", "Colleague from another sector who agreed today", ""), "Their name and sector"))
	}
	switch k.outcomeFor(x) {
	case workflow.OutcomeAccepted:
		p.First = append(p.First, text)
		p.Last = append(acceptControls(f, x), views, dissent)
	case workflow.OutcomeNotAccepted:
		p.First = append(p.First, text, Control{Checkboxes: reasonChoices(f)})
		p.fillRecommendations(f)
		p.fillSignposts(f, x, today)
		p.Last = []Control{views, dissent}
	case workflow.OutcomeDeferred:
		p.First = []Control{textarea(f.Textarea("awaited", "What the panel needs", "", 1000), ""), input(f.Input("from", "Who must supply it", ""), ""),
			dateField(f.DateInput("due", "By when", workflow.Date{}), "For example, 14 12 2026")}
		p.Last = []Control{dissent}
	}
}

func acceptControls(f *Form, x workflow.File) []Control {
	lead := f.Choices("lead", "Lead professional", leadOptions(x))
	lead.Hint = "Somebody confirmed on the case."
	support := textarea(f.Textarea("support", "Support that was discussed", "", 2000), "One support a line: what, with whom, from when.")
	return []Control{
		radios(f.Choices("rating", "The rating that the panel agreed", ratingOptions()), "The panel chooses. It says how likely admission to a mental health hospital is, and nothing else."),
		textarea(f.Textarea("rating_reason", "Why this rating", "", 1000), ""),
		{Select: &lead}, input(f.Input("lead_named_by", "If nobody is named yet: who names one, and by when", ""), "For example, the children’s team by Friday 4 December 2026"), support,
	}
}

func reasonChoices(f *Form) *Choices {
	var options []Option
	for _, c := range workflow.ReasonCodes() {
		options = append(options, Option{Value: string(c.Code), Text: sentence(c.Words)})
	}
	c := f.Choices("reasons", "Reasons", options)
	c.Hint = "The letter gives them in these words."
	return &c
}

func (p *decisionFormPage) fillRecommendations(f *Form) {
	p.Rows, p.RecError = f.rows(), f.Errors.For("recommendations")
	p.More = p.Rows < mostRows
	for i := range p.Rows {
		one := recForm{What: f.Input(fmt.Sprintf("rec-what-%d", i), fmt.Sprintf("%d. What would help", i+1), ""),
			Who: f.Input(fmt.Sprintf("rec-who-%d", i), "Who does it", ""), By: f.Input(fmt.Sprintf("rec-by-%d", i), "By when", "")}
		p.Recs = append(p.Recs, one)
	}
}

// fillSignposts offers the services that were checked in time and fit the age
// and the area; those that do not stand below, with the reason.
func (p *decisionFormPage) fillSignposts(f *Form, x workflow.File, today workflow.Date) {
	needs := x.LikelyNeeds(today)
	var fit []workflow.Signpost
	for _, s := range x.Signposts {
		if s.Retired {
			continue
		}
		if err := errors.Join(s.Usable(today), s.Fits(x, today)); err != nil {
			first, _, _ := strings.Cut(err.Error(), "\n")
			p.NotUsable = append(p.NotUsable, Line{Key: s.Name, Value: first})
			continue
		}
		fit = append(fit, s)
	}
	// What helps with more of what the record speaks of stands first.
	slices.SortStableFunc(fit, func(a, b workflow.Signpost) int {
		return cmp.Or(len(b.Answers(needs))-len(a.Answers(needs)), strings.Compare(a.Name, b.Name))
	})
	var options []Option
	for _, s := range fit {
		hint := signpostHint(s)
		if answers := s.Answers(needs); len(answers) > 0 {
			hint = sentence(strings.Join(answers, ", ")) + ". " + hint
		}
		options = append(options, Option{Value: fmt.Sprint(s.ID), Text: s.Name, Hint: hint})
	}
	c := f.Choices("signposts", "Who can help now", options)
	c.Hint = "Three or more are better than one. Only services that somebody has checked, and that fit the person’s age and area; those that help with what the record speaks of stand first."
	p.Signposts, p.NoPost = &c, len(options) == 0
}

func signpostHint(s workflow.Signpost) string {
	words := s.For
	switch {
	case s.AgeFrom > 0 && s.AgeTo > 0:
		words += fmt.Sprintf(" Ages %d to %d.", s.AgeFrom, s.AgeTo)
	case s.AgeFrom > 0:
		words += fmt.Sprintf(" From age %d.", s.AgeFrom)
	case s.AgeTo > 0:
		words += fmt.Sprintf(" Up to age %d.", s.AgeTo)
	}
	return words + " Checked on " + dayWords(s.VerifiedOn) + "."
}
