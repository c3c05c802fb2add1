package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// deed is one action on a case that has a page of its own: what is asked, and
// what is done with the answers.
type deed struct {
	path   string // below /cases/{ref}
	title  string
	button string
	grave  bool // the button is red: it is not easily undone
	may    []workflow.Role
	action workflow.Action
	words  []string // what it means, a paragraph each
	fields func(f *Form, x workflow.File) []Control
	do     func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error)
	both   func(x workflow.File, by workflow.Actor, at time.Time, other workflow.File, why string) (workflow.Change, workflow.Change, error) // instead of do, where the form names another case
	said   string                                                                                                                            // on the next page
	back   string                                                                                                                            // the tab it belongs to
}

// Control is one control of a form that is made of a list of them; one of its
// fields is set.
type Control struct {
	Input      *Input
	Textarea   *Textarea
	Radios     *Choices
	Checkboxes *Choices
	Select     *Choices
	Date       *DateInput
}

func textarea(t Textarea, hint string) Control {
	t.Hint = hint
	return Control{Textarea: &t}
}

func input(i Input, hint string) Control {
	i.Hint = hint
	return Control{Input: &i}
}

func radios(c Choices, hint string) Control {
	c.Hint = hint
	return Control{Radios: &c}
}

func dateField(d DateInput, hint string) Control {
	d.Hint = hint
	return Control{Date: &d}
}

// deedPage is the form of a deed.
type deedPage struct {
	Layout
	Name     string // of the person, above the title
	Words    []string
	Controls []Control
	Action   string
	Version  workflow.Version
	Button   Button
	Away     Link
}

// deedRoutes are the addresses of some deeds: GET asks, POST does.
func (a *App) deedRoutes(all ...deed) []Route {
	var out []Route
	for _, d := range all {
		show := func(w http.ResponseWriter, r *http.Request) error {
			x, err := a.openCaseAt(r)
			if err != nil {
				return err
			}
			by, _ := actorOf(r)
			if err := x.Can(by, d.action, a.now()); err != nil {
				return err
			}
			f := &Form{}
			if q := r.URL.Query(); len(q) > 0 {
				f.typed = q // a link may answer a question before it is asked: which party
			}
			return a.deedPage(w, r, http.StatusOK, d, x, f)
		}
		do := func(w http.ResponseWriter, r *http.Request) error { return a.doDeed(w, r, d) }
		out = append(out, Route{Method: "GET", Pattern: "/cases/{ref}" + d.path, Title: d.title, May: d.may, Handler: show},
			Route{Method: "POST", Pattern: "/cases/{ref}" + d.path, Title: d.title, May: d.may, Handler: do})
	}
	return out
}

func (a *App) deedPage(w http.ResponseWriter, r *http.Request, status int, d deed, x workflow.File, f *Form) error {
	here := "/cases/" + x.Case.Ref
	p := &deedPage{Layout: Layout{Title: d.title, Ref: x.Case.Ref, Back: &Link{"Back", here + d.back}, Errors: f.Errors},
		Name: nameOf(x), Words: d.words, Action: here + d.path, Version: x.Case.Version, Button: Button{Text: d.button, Confirm: true},
		Away: Link{"Cancel", here + d.back}}
	if d.grave {
		p.Button.Kind = "warning"
	}
	if d.fields != nil {
		p.Controls = d.fields(f, x)
	}
	return a.page(w, r, status, "deed", p)
}

func (a *App) doDeed(w http.ResponseWriter, r *http.Request, d deed) error {
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
	if d.both != nil {
		err = a.actBoth(r, d, f, id, seen, by)
	} else {
		_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
			c, err := d.do(f, x, by, a)
			if err == nil && !f.OK() {
				err = errTyped
			}
			return c, err
		})
	}
	if status, mine := f.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.deedPage(w, r, status, d, x, f)
	}
	if err != nil {
		return err
	}
	a.say(r, d.said)
	return seeOther(w, r, "/cases/"+r.PathValue("ref")+d.back)
}

// offerDeeds lists those that somebody may do on a case now, as buttons, and
// those that only a guard holds back, with its words.
func offerDeeds(x workflow.File, by workflow.Actor, now time.Time, all ...deed) (buttons []Button, later []Line) {
	for _, d := range all {
		if !by.Has(d.may...) || x.May(by, d.action) != nil {
			continue
		}
		if err := x.Can(by, d.action, now); err != nil {
			later = append(later, Line{Key: d.title, Value: err.Error()})
			continue
		}
		buttons = append(buttons, Button{Text: d.title, Kind: "secondary", Href: "/cases/" + x.Case.Ref + d.path})
	}
	return buttons, later
}

// errTyped stops an action because something that was typed could not be read;
// the form already says what.
var errTyped = &workflow.Refusal{Kind: workflow.ErrInvalid}

// version is the version of the case that the page showed. 0 would mean "as it
// is now", which a page never means.
func (f *Form) version() (workflow.Version, error) {
	n, err := f.Number("version")
	if err == nil && n < 1 {
		err = fmt.Errorf("field version: %w", workflow.ErrInvalid)
	}
	return workflow.Version(n), err
}

// takes puts a rule's refusal into the form, whatever its kind, and answers with
// the status of the page that comes back with what was typed. False is for
// faults that are no refusal, and for what does not exist.
func (f *Form) takes(err error) (status int, ok bool) {
	var refusal *workflow.Refusal
	switch {
	case err == nil:
		return 0, false
	case errors.Is(err, errTyped):
		return http.StatusUnprocessableEntity, true
	case f.Refused(err):
		return http.StatusUnprocessableEntity, true
	case !errors.As(err, &refusal), errors.Is(err, workflow.ErrNotFound):
		return 0, false
	}
	f.Wrong("", "%s", refusal.Words)
	return kindOf(err).status, true
}

// caseAt finds the case that an address names, if its reader may read it: the
// team reads every case, a chair those of their own panels.
func (a *App) caseAt(r *http.Request) (workflow.CaseID, error) {
	id, err := a.store.CaseByRef(r.Context(), r.PathValue("ref"))
	if err != nil {
		return 0, err
	}
	return id, a.mayRead(r.Context(), r, id)
}

func (a *App) mayRead(ctx context.Context, r *http.Request, id workflow.CaseID) error {
	by, _ := actorOf(r)
	if by.Has(staff()...) {
		return nil
	}
	if by.Has(workflow.Chair) {
		if may, err := a.store.ChairMayRead(ctx, id, by.ID); err != nil || may {
			return err
		}
	}
	return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "You can only read the cases of your own panels."}
}

// openCaseAt reads the case that an address names; reading is an event.
func (a *App) openCaseAt(r *http.Request) (workflow.File, error) {
	id, err := a.caseAt(r)
	if err != nil {
		return workflow.File{}, err
	}
	by, _ := actorOf(r)
	return a.store.Open(r.Context(), id, by, a.now())
}

// nameOf is the person's name: confirmed, else as it was read, else that it is
// not known.
func nameOf(x workflow.File) string {
	switch {
	case x.Person.Name != "":
		return x.Person.Name
	case x.Value(workflow.FieldName) != "":
		return x.Value(workflow.FieldName)
	}
	return "Name not known"
}

// partyWords names somebody around the person: "Karen Poole (mother)".
func partyWords(p workflow.Party) string {
	switch {
	case p.Name == "":
		return sentence(string(p.Role))
	case p.Role == workflow.PartySelf:
		return p.Name + " (the person)"
	}
	return p.Name + " (" + string(p.Role) + ")"
}

// partyByID names a party of the case, "" when there is none.
func partyByID(x workflow.File, id workflow.PartyID) string {
	p, err := x.Party(id)
	if err != nil {
		return ""
	}
	return partyWords(p)
}

// names are the names of accounts, for pages that show who did something.
func (a *App) names(ctx context.Context) (map[workflow.ActorID]string, error) {
	users, err := a.store.Users(ctx)
	if err != nil {
		return nil, err
	}
	out := map[workflow.ActorID]string{0: "the service"}
	for _, u := range users {
		out[u.ID] = u.Name
	}
	return out, nil
}

// casePage heads the pages of one case that stand beside its details.
type caseHead struct {
	Identity Identity
	Tabs     Tabs
}

// headOf makes the head of a case's page; current is its tab. Those who are
// not of the team get no tabs: they read what they were led to.
func headOf(x workflow.File, by workflow.Actor, now workflow.Date, current string) caseHead {
	here := "/cases/" + x.Case.Ref
	h := caseHead{Identity: Identity{Ref: x.Case.Ref, Name: nameOf(x)}, Tabs: Tabs{Label: "This case"}}
	if x.Case.Urgency == workflow.Crisis || x.Case.Urgency == workflow.Urgent {
		h.Identity.Tags = append(h.Identity.Tags, urgencyTag(x.Case.Urgency))
	}
	h.Identity.Tags = append(h.Identity.Tags, stateTag(x.Case.State))
	if r := x.Rating(); r != workflow.Unrated {
		h.Identity.Tags = append(h.Identity.Tags, ratingTag(r))
	}
	for _, flag := range x.Case.Flags {
		if flag != workflow.FlagCrisis && flag != workflow.FlagUrgent {
			h.Identity.Tags = append(h.Identity.Tags, flagTag(flag))
		}
	}
	if age, known := x.Person.Age(now); known {
		h.Identity.Facts = append(h.Identity.Facts, Line{Key: "Born", Value: fmt.Sprintf("%s (%d)", dayWords(x.Person.DateOfBirth), age)})
	}
	if x.Person.NHSNumber != "" {
		h.Identity.Facts = append(h.Identity.Facts, Line{Key: "NHS number", Value: nhsWords(x.Person.NHSNumber)})
	}
	if len(x.Person.Needs) > 0 { // on every page of a case, so that nobody writes in a form that does not work
		h.Identity.Facts = append(h.Identity.Facts, Line{Key: "Tell them by", Value: strings.Join(x.Person.Needs, ", ")})
	}
	if x.Person.Deceased {
		h.Identity.Tags = append(h.Identity.Tags, Tag{Text: "Has died"})
	}
	if by.Has(staff()...) {
		for _, t := range []Tab{{Text: "Review", Href: here}, {Text: "People", Href: here + "/people"}, {Text: "Consent", Href: here + "/consent"},
			{Text: "Letters", Href: here + "/letters"}, {Text: "Panel", Href: here + "/panel"}, {Text: "Register", Href: here + "/register"}, {Text: "Timeline", Href: here + "/timeline"}} {
			t.Current = t.Href == here+current
			h.Tabs.Items = append(h.Tabs.Items, t)
		}
	}
	return h
}
