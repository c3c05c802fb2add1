package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// casePanelPage is the panel's tab of a case: where it stands on the way to a
// decision, and the decision.
type casePanelPage struct {
	Layout
	Head     caseHead
	Version  workflow.Version
	Lines    []Line
	Can      *Cell
	Put      *Choices
	NotNow   []Line // meetings that it cannot be put on, and why
	Buttons  []Button
	Later    []Line
	Members  Table
	Decision []Line
	Words    string
}

// panelDeeds are what the team does with a case's place on an agenda.
func panelDeeds() []deed {
	return []deed{
		{path: "/panel/off", title: "Take off the agenda", button: "Take off the agenda", may: rolesOf(workflow.TakeOffPanel), action: workflow.TakeOffPanel,
			back: "/panel", said: "The case is off the agenda. A letter about the new date is due.",
			words: []string{"The case goes back to those that are ready for a panel. Those who were told the date get a letter."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("why", "Why it comes off", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.TakeOffPanel(by, a.now(), f.Text("why"))
			}},
		{path: "/panel/items-in", title: "What the panel asked for is in", button: "Make ready again", may: rolesOf(workflow.ItemsIn), action: workflow.ItemsIn,
			back: "/panel", said: "The case is ready for a panel again.",
			words: []string{"The case can then be put on an agenda. Do this also when the date has passed and the panel should decide without it."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("note", "What came in", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.ItemsIn(by, a.now(), f.Text("note"))
			}},
	}
}

func (a *App) showCasePanel(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	return a.casePanelPage(w, r, http.StatusOK, x, &Form{})
}

func (a *App) casePanelPage(w http.ResponseWriter, r *http.Request, status int, x workflow.File, f *Form) error {
	by, _ := actorOf(r)
	today := workflow.DateOf(a.now())
	p := &casePanelPage{Layout: Layout{Title: "Panel", Ref: x.Case.Ref, Back: a.backToList(r), Errors: f.Errors},
		Head: headOf(x, by, today, "/panel"), Version: x.Case.Version}
	p.Buttons, p.Later = offerDeeds(x, by, a.now(), panelDeeds()...)
	p.Buttons = append(p.Buttons, decisionButtons(x, by, a.now())...)
	switch {
	case x.Panel != nil:
		p.Lines = []Line{{Key: "Meeting", Value: longDate(x.Panel.At) + " at " + clockWords(x.Panel.At), Href: fmt.Sprintf("/panels/%d", x.Panel.ID)},
			{Key: "What for", Value: sentence(string(x.Panel.Kind))}, {Key: "Interests", Value: declaredWords(x)}}
		can := decideCell(x, workflow.Actor{ID: x.Panel.Chair, Roles: []workflow.Role{workflow.Chair}}, a.now())
		p.Can, p.Members = &can, declaredTable(x)
	case x.Case.State == workflow.ReadyForPanel:
		if err := a.offerPanels(r, p, x, f); err != nil {
			return err
		}
	case x.Case.State.IsUndecided() && x.Case.State != workflow.Deferred:
		p.Words = "The case is not ready for a panel yet. It becomes ready when it is complete and consent is settled."
		p.Buttons = append(p.Buttons, Button{Text: "See what is missing", Kind: "secondary", Href: "/cases/" + x.Case.Ref})
	case x.Decision == nil:
		p.Words = "No panel has decided about this case."
	}
	if x.Decision != nil {
		p.Decision = decisionLines(*x.Decision, x)
		names, err := a.names(r.Context())
		if err != nil {
			return err
		}
		p.Decision = append(p.Decision, Line{Key: "Recorded", Value: dateTime(x.Decision.At), Note: "by " + names[x.Decision.By]})
	}
	return a.page(w, r, status, "case-panel", p)
}

// offerPanels lists the meetings to come; those that the rules refuse stand
// below with the reason.
func (a *App) offerPanels(r *http.Request, p *casePanelPage, x workflow.File, f *Form) error {
	by, _ := actorOf(r)
	if err := x.Can(by, workflow.PutOnPanel, a.now()); err != nil {
		if x.May(by, workflow.PutOnPanel) == nil {
			p.Later = append(p.Later, Line{Key: "Put on a panel", Value: err.Error()})
		} else {
			p.Words = "The case is ready. A coordinator puts it on an agenda."
		}
		return nil
	}
	panels, err := a.store.Panels(r.Context())
	if err != nil {
		return err
	}
	var options []Option
	for _, m := range panels {
		if m.Closed || m.At.Before(a.now()) {
			continue
		}
		when := longDate(m.At) + " at " + clockWords(m.At)
		if _, err := x.PutOnPanel(by, a.now(), m); err != nil {
			p.NotNow = append(p.NotNow, Line{Key: when, Value: err.Error()})
			continue
		}
		options = append(options, Option{Value: fmt.Sprint(m.ID), Text: when, Hint: fmt.Sprintf("%s, %d of %d places taken", sentence(string(m.Kind)), m.Listed, m.Capacity)})
	}
	if len(options) == 0 {
		p.Words = "The case is ready. There is no meeting to come with a place for it: arrange one first."
		p.Buttons = append(p.Buttons, Button{Text: "Arrange a panel", Kind: "secondary", Href: "/panels/new"})
		return nil
	}
	choices := f.Choices("panel", "Put on a panel", options)
	p.Put = &choices
	return nil
}

func (a *App) putOnPanel(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	id, err := a.caseAt(r)
	if err != nil {
		return err
	}
	seen, err := f.version()
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		n := atoi(f.Text("panel"))
		if n < 1 {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "panel", Words: "Choose a panel."}
		}
		return a.list(r, x, by, workflow.PanelID(n))
	})
	if status, mine := f.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.casePanelPage(w, r, status, x, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The case is on the agenda. A letter with the date is due.")
	return seeOther(w, r, "/cases/"+r.PathValue("ref")+"/panel")
}

// decisionLines is a decision as it is read: before it is recorded, and ever
// after.
func decisionLines(d workflow.Decision, x workflow.File) []Line {
	out := []Line{{Key: "Decision", Value: sentence(string(d.Outcome))}}
	add := func(key, value string) {
		if strings.TrimSpace(value) != "" {
			out = append(out, Line{Key: key, Value: value})
		}
	}
	add("To the person", d.Text)
	var reasons, recs, posts []string
	for _, c := range d.Reasons {
		reasons = append(reasons, sentence(workflow.ReasonWords(c)))
	}
	add("Reasons", strings.Join(reasons, "\n"))
	for _, one := range d.Recommendations {
		recs = append(recs, strings.TrimRight(strings.Join([]string{one.Text, one.Who, one.By}, " – "), " –"))
	}
	add("Recommendations", strings.Join(recs, "\n"))
	for _, s := range x.Signposts {
		for _, id := range d.Signposts {
			if s.ID == id {
				posts = append(posts, s.Name)
			}
		}
	}
	add("Who can help", strings.Join(posts, "\n"))
	if d.Rating != workflow.Unrated {
		out = append(out, Line{Key: "Rating", Tags: []Tag{ratingTag(d.Rating)}, Note: d.RatingReason})
	}
	add("Lead professional", partyByID(x, d.Lead))
	add("Lead named by", d.LeadNamedBy)
	add("Support discussed", d.Support)
	add("The person’s own views", d.PersonViews)
	add("Who disagreed", d.Dissent)
	add("The panel needs", d.Awaited)
	add("From", d.From)
	add("By", dayWords(d.Due))
	return out
}
