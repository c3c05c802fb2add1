package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// decisionKind is one decision that people record: three by the panel, one by a
// chair at once, one by the manager to correct another.
type decisionKind struct {
	path    string
	title   string
	action  workflow.Action
	outcome workflow.Outcome // "" is that of the decision corrected
	words   string
	said    string
	do      func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, f *Form) (workflow.Change, error)
}

func decisionKinds() []decisionKind {
	return []decisionKind{
		{path: "accept", title: "Accept", action: workflow.Accept, outcome: workflow.OutcomeAccepted,
			words: "The panel accepts the person to the register. Letters become due, and the person is on the register when a second person has approved them.",
			said:  "Recorded: accepted. Letters are due.",
			do: func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, _ *Form) (workflow.Change, error) {
				return x.Accept(by, at, d)
			}},
		{path: "not-accept", title: "Do not accept", action: workflow.NotAccept, outcome: workflow.OutcomeNotAccepted,
			words: "The panel does not accept, at the moment. The letter gives the reasons, what the panel suggests, and who can help now.",
			said:  "Recorded: not accepted. Letters are due.",
			do: func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, _ *Form) (workflow.Change, error) {
				return x.NotAccept(by, at, d)
			}},
		{path: "defer", title: "Defer", action: workflow.Defer, outcome: workflow.OutcomeDeferred,
			words: "The panel needs something before it decides. Say what, from whom and by when.",
			said:  "Recorded: deferred.",
			do: func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, _ *Form) (workflow.Change, error) {
				return x.Defer(by, at, d)
			}},
		{path: "interim", title: "Include for now", action: workflow.IncludeInterim, outcome: workflow.OutcomeAccepted,
			words: "Only when somebody may be detained within days. The person is on the register at once; a full panel with an expert by experience ratifies it within the days that the settings say.",
			said:  "The person is on the register. A full panel must ratify it.",
			do: func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, f *Form) (workflow.Change, error) {
				return x.IncludeInterim(by, at, d, f.Text("with"))
			}},
		{path: "correct", title: "Correct the decision", action: workflow.CorrectDecision,
			words: "The decision before is kept. A letter that says it corrects the one before becomes due.",
			said:  "The corrected decision is recorded. Letters are due.",
			do: func(x workflow.File, by workflow.Actor, at time.Time, d workflow.Decision, f *Form) (workflow.Change, error) {
				return x.CorrectDecision(by, at, d, f.Text("why"))
			}},
	}
}

func (a *App) decisionRoutes() []Route {
	var out []Route
	for _, k := range decisionKinds() {
		at, may := "/cases/{ref}/decision/"+k.path, rolesOf(k.action)
		out = append(out,
			Route{Method: "GET", Pattern: at, Title: k.title, May: may, Handler: func(w http.ResponseWriter, r *http.Request) error { return a.showDecision(w, r, k) }},
			Route{Method: "POST", Pattern: at, Title: k.title, May: may, Handler: func(w http.ResponseWriter, r *http.Request) error { return a.checkDecision(w, r, k) }},
			Route{Method: "GET", Pattern: at + "/confirm", Title: k.title + ": look at it again", May: may, Handler: func(w http.ResponseWriter, r *http.Request) error { return a.showConfirm(w, r, k) }},
			Route{Method: "POST", Pattern: at + "/confirm", Title: k.title + ": record it", May: may, Handler: func(w http.ResponseWriter, r *http.Request) error { return a.recordDecision(w, r, k) }})
	}
	return out
}

// decisionButtons are the decisions outside a meeting that somebody may take.
func decisionButtons(x workflow.File, by workflow.Actor, now time.Time) []Button {
	var out []Button
	for _, k := range decisionKinds()[3:] {
		if x.Can(by, k.action, now) == nil && (k.action != workflow.CorrectDecision || x.Decision.Outcome != workflow.OutcomeDeferred) {
			out = append(out, Button{Text: k.title, Kind: "secondary", Href: "/cases/" + x.Case.Ref + "/decision/" + k.path})
		}
	}
	return out
}

// deciding finds the case of a decision's page. A chair may include somebody
// for now who is on no panel yet; for all else the case must be theirs.
func (a *App) deciding(r *http.Request, k decisionKind) (workflow.CaseID, error) {
	if k.action == workflow.IncludeInterim {
		return a.store.CaseByRef(r.Context(), r.PathValue("ref"))
	}
	return a.caseAt(r)
}

func (k decisionKind) can(x workflow.File, by workflow.Actor, at time.Time) error {
	if err := x.Can(by, k.action, at); err != nil {
		return err
	}
	if k.action == workflow.CorrectDecision && x.Decision.Outcome == workflow.OutcomeDeferred {
		return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "A deferral is not corrected: put the case on a panel again."}
	}
	return nil
}

// draftKey is where what was typed waits, in the chair's own session, until it
// is confirmed.
func draftKey(r *http.Request, k decisionKind) string {
	return "decision:" + k.path + ":" + r.PathValue("ref")
}

func (a *App) draft(r *http.Request, k decisionKind) (url.Values, bool) {
	kept := a.sessions.GetString(r.Context(), draftKey(r, k))
	v, err := url.ParseQuery(kept)
	return v, kept != "" && err == nil
}

func draftHash(v url.Values) string {
	sum := sha256.Sum256([]byte(v.Encode()))
	return hex.EncodeToString(sum[:8])
}

func (a *App) showDecision(w http.ResponseWriter, r *http.Request, k decisionKind) error {
	id, err := a.deciding(r, k)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	x, err := a.store.File(r.Context(), id)
	if err != nil {
		return err
	}
	if err := k.can(x, by, a.now()); err != nil {
		return err
	}
	if err := a.store.Log(r.Context(), by, a.now(), "read", "", id, 0); err != nil {
		return err
	}
	f := &Form{}
	if kept, ok := a.draft(r, k); ok {
		f.typed = kept
		f.typed.Del("version") // the page shows the case as it is now
	} else if k.action == workflow.CorrectDecision {
		f.typed = decisionValues(*x.Decision)
	}
	return a.decisionPage(w, r, http.StatusOK, k, x, f)
}

// checkDecision asks the rules without doing anything. What they let pass waits
// for the confirmation; what they refuse comes back with its reason.
func (a *App) checkDecision(w http.ResponseWriter, r *http.Request, k decisionKind) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	id, err := a.deciding(r, k)
	if err != nil {
		return err
	}
	seen, err := f.version()
	if err != nil {
		return err
	}
	if f.Text("more") != "" {
		f.typed.Set("rows", fmt.Sprint(min(f.rows()+3, mostRows)))
		a.sessions.Put(r.Context(), draftKey(r, k), f.typed.Encode())
		return seeOther(w, r, r.URL.Path+"#recommendations")
	}
	x, err := a.store.File(r.Context(), id)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	if seen != x.Case.Version {
		err = &workflow.Refusal{Kind: workflow.ErrConflict, Words: "Somebody changed this case after you opened it. Look at what they did; what you typed is still here."}
	} else {
		_, err = k.do(x, by, a.now(), f.decision(x, k), f)
	}
	if status, mine := f.takes(err); mine || !f.OK() {
		if !mine {
			status = http.StatusUnprocessableEntity
		}
		return a.decisionPage(w, r, status, k, x, f)
	}
	if err != nil {
		return err
	}
	a.sessions.Put(r.Context(), draftKey(r, k), f.typed.Encode())
	return seeOther(w, r, r.URL.Path+"/confirm")
}

// confirmPage shows the decision once more before it is recorded.
type confirmPage struct {
	Layout
	Name    string
	Words   string
	Lines   []Line
	Address string
	Draft   string
	Sure    Choices
}

func (a *App) showConfirm(w http.ResponseWriter, r *http.Request, k decisionKind) error {
	kept, ok := a.draft(r, k)
	if !ok {
		return seeOther(w, r, "/cases/"+r.PathValue("ref")+"/decision/"+k.path)
	}
	return a.confirmPage(w, r, http.StatusOK, k, kept, &Form{})
}

func (a *App) confirmPage(w http.ResponseWriter, r *http.Request, status int, k decisionKind, kept url.Values, f *Form) error {
	id, err := a.deciding(r, k)
	if err != nil {
		return err
	}
	x, err := a.store.File(r.Context(), id)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	if err := k.can(x, by, a.now()); err != nil {
		return err
	}
	here := "/cases/" + x.Case.Ref + "/decision/" + k.path
	p := &confirmPage{Layout: Layout{Title: "Record this decision?", Ref: x.Case.Ref, Back: &Link{"Back to the form", here}, Errors: f.Errors},
		Name: nameOf(x), Words: k.words, Address: here + "/confirm", Draft: draftHash(kept),
		Sure: f.Choices("sure", "Record this decision?", []Option{{Value: "yes", Text: "Yes, record it"}, {Value: "no", Text: "No, go back"}})}
	typed := &Form{typed: kept}
	d := typed.decision(x, k)
	d.Outcome = k.outcomeFor(x)
	p.Lines = decisionLines(d, x)
	for name, label := range map[string]string{"with": "Agreed with", "why": "What was wrong"} {
		if said := typed.Text(name); said != "" {
			p.Lines = append(p.Lines, Line{Key: label, Value: said})
		}
	}
	return a.page(w, r, status, "decision-confirm", p)
}

func (k decisionKind) outcomeFor(x workflow.File) workflow.Outcome {
	if k.outcome == "" && x.Decision != nil {
		return x.Decision.Outcome
	}
	return k.outcome
}

// recordDecision records what was shown, or goes back.
func (a *App) recordDecision(w http.ResponseWriter, r *http.Request, k decisionKind) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	form := "/cases/" + r.PathValue("ref") + "/decision/" + k.path
	kept, ok := a.draft(r, k)
	switch {
	case f.Text("sure") == "no" || !ok:
		return seeOther(w, r, form)
	case f.Text("sure") != "yes":
		f.Wrong("sure", "Say whether to record it.")
		return a.confirmPage(w, r, http.StatusUnprocessableEntity, k, kept, f)
	case f.Text("draft") != draftHash(kept):
		f.Wrong("", "The decision was changed in another window. Read it again.")
		return a.confirmPage(w, r, http.StatusConflict, k, kept, f)
	}
	id, err := a.deciding(r, k)
	if err != nil {
		return err
	}
	typed := &Form{typed: kept}
	seen, err := typed.version()
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	to := "/cases/" + r.PathValue("ref") + "/letters"
	_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		if x.Panel != nil && !by.Has(staff()...) {
			to = fmt.Sprintf("/panels/%d", x.Panel.ID)
		}
		return k.do(x, by, a.now(), typed.decision(x, k), typed)
	})
	if status, mine := typed.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.decisionPage(w, r, status, k, x, typed)
	}
	if err != nil {
		return err
	}
	if k.action == workflow.IncludeInterim && !by.Has(staff()...) {
		to = "/cases/" + r.PathValue("ref") + "/register"
	}
	a.sessions.Remove(r.Context(), draftKey(r, k))
	a.say(r, k.said)
	return seeOther(w, r, to)
}

// mostRows bounds the recommendations of one decision.
const mostRows = 12

// rows is how many recommendations the form has room for.
func (f *Form) rows() int { return min(max(atoi(f.Text("rows")), 3), mostRows) }

// decision is what was typed as a decision. Nothing of it is chosen by the
// page.
func (f *Form) decision(x workflow.File, k decisionKind) workflow.Decision {
	d := workflow.Decision{Text: f.Text("text"), PersonViews: f.Text("person_views"), Dissent: f.Text("dissent")}
	switch k.outcomeFor(x) {
	case workflow.OutcomeAccepted:
		d.Rating, d.RatingReason, d.Support = workflow.Rating(f.Text("rating")), f.Text("rating_reason"), f.Text("support")
		d.Lead, d.LeadNamedBy = workflow.PartyID(max(atoi(f.Text("lead")), 0)), f.Text("lead_named_by")
	case workflow.OutcomeNotAccepted:
		for _, c := range f.Chosen("reasons") {
			d.Reasons = append(d.Reasons, workflow.ReasonCode(c))
		}
		for i := range f.rows() {
			one := workflow.Recommendation{Text: f.Text(fmt.Sprintf("rec-what-%d", i)), Who: f.Text(fmt.Sprintf("rec-who-%d", i)), By: f.Text(fmt.Sprintf("rec-by-%d", i))}
			if one.Text != "" {
				d.Recommendations = append(d.Recommendations, one)
			} else if one.Who+one.By != "" {
				f.Wrong("recommendations", "Recommendation %d says who or when, but not what.", i+1)
			}
		}
		for _, s := range f.Chosen("signposts") {
			if id := workflow.SignpostID(max(atoi(s), 0)); !slices.Contains(d.Signposts, id) {
				d.Signposts = append(d.Signposts, id)
			}
		}
	case workflow.OutcomeDeferred:
		d.Awaited, d.From, d.Due = f.Text("awaited"), f.Text("from"), f.Date("due", "By when")
	}
	return d
}

// decisionValues fills the form with a decision that is corrected.
func decisionValues(d workflow.Decision) url.Values {
	v := url.Values{"text": {d.Text}, "person_views": {d.PersonViews}, "dissent": {d.Dissent}, "rating": {string(d.Rating)},
		"rating_reason": {d.RatingReason}, "support": {d.Support}, "lead_named_by": {d.LeadNamedBy}, "rows": {fmt.Sprint(len(d.Recommendations))}}
	if d.Lead != 0 {
		v.Set("lead", fmt.Sprint(d.Lead))
	}
	for _, c := range d.Reasons {
		v.Add("reasons", string(c))
	}
	for i, one := range d.Recommendations {
		v.Set(fmt.Sprintf("rec-what-%d", i), one.Text)
		v.Set(fmt.Sprintf("rec-who-%d", i), one.Who)
		v.Set(fmt.Sprintf("rec-by-%d", i), one.By)
	}
	for _, s := range d.Signposts {
		v.Add("signposts", fmt.Sprint(s))
	}
	return v
}
