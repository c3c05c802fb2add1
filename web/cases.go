package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) caseRoutes() []Route {
	routes := []Route{
		{Method: "GET", Pattern: "/cases/{ref}", Title: "A case", May: readers(), Handler: a.showCase},
		{Method: "POST", Pattern: "/cases/{ref}", Title: "Confirm what was read", May: rolesOf(workflow.ConfirmFields), Handler: a.confirmFields},
		{Method: "POST", Pattern: "/cases/{ref}/assign", Title: "Give a case to somebody", May: rolesOf(workflow.Assign), Handler: a.assign},
		{Method: "GET", Pattern: "/cases/{ref}/mails/{message}/raw", Title: "A mail as it came", May: staff(), Slow: true, Handler: a.downloadMail},
		{Method: "GET", Pattern: "/cases/{ref}/mails/{message}/files/{part...}", Title: "A file of a mail", May: staff(), Slow: true, Handler: a.downloadFile},
		{Method: "GET", Pattern: "/cases/{ref}/next", Title: "The next case of a list", May: staff(), Handler: a.nextCase},
		{Method: "GET", Pattern: "/cases/{ref}/timeline", Title: "What happened to a case", May: staff(), Handler: a.showTimeline},
	}
	return append(routes, a.deedRoutes(slices.Concat(triageDeeds(), consentDeeds(), careDeeds(), mergeDeeds(), closingDeeds())...)...)
}

// rolesOf are the people whom the rules let take an action: the outer door is
// cut from the inner one.
func rolesOf(action workflow.Action) []workflow.Role {
	for _, t := range workflow.Transitions() {
		if t.Action == action {
			return slices.DeleteFunc(slices.Clone(t.May), func(r workflow.Role) bool { return r == workflow.System })
		}
	}
	return nil
}

// casePage is the case: the mail beside the fields that were read from it, what
// is missing, and what can be done next.
type casePage struct {
	Layout
	Head     caseHead
	Here     string
	Version  workflow.Version
	Crisis   *crisisCard
	Missing  []string
	Alike    []alikeCase
	Next     []nextDeed
	NotYet   []Line
	More     []Link
	Owner    Choices
	Assigns  bool
	Mails    []mailView
	Sections []fieldSection
	Also     []alsoRead
	Why      Textarea
	Confirms bool // the reader may confirm fields
}

// alikeCase is another case that may be of the same person; a person says
// whether it is.
type alikeCase struct {
	Link  Link
	State Tag
	Why   string
}

// alike lists them for an open case.
func (a *App) alike(ctx context.Context, x workflow.File) ([]alikeCase, error) {
	if !x.Case.State.IsOpen() {
		return nil, nil
	}
	found, err := a.store.Duplicates(ctx, x.Case.ID)
	if err != nil {
		return nil, err
	}
	var out []alikeCase
	for _, d := range found {
		out = append(out, alikeCase{Link{or(d.Name, "No name yet") + ", " + d.Ref, "/cases/" + d.Ref}, stateTag(d.State), strings.Join(d.Why, ", ")})
	}
	return out, nil
}

// nextDeed is something to do next: a form of one button, or a link.
type nextDeed struct {
	Post   string // where the button posts to; else Button is a link
	Button Button
}

// showCase shows a case to the team, and its papers to members of its panel.
func (a *App) showCase(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	if !by.Has(staff()...) {
		return a.showPapers(w, r, by)
	}
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	return a.casePage(w, r, http.StatusOK, x, &Form{})
}

func (a *App) casePage(w http.ResponseWriter, r *http.Request, status int, x workflow.File, f *Form) error {
	by, _ := actorOf(r)
	mails, err := a.store.CaseMails(r.Context(), x.Case.ID)
	if err != nil {
		return err
	}
	facts, err := a.store.CaseFacts(r.Context(), x.Case.ID)
	if err != nil {
		return err
	}
	users, err := a.store.Users(r.Context())
	if err != nil {
		return err
	}
	alike, err := a.alike(r.Context(), x)
	if err != nil {
		return err
	}
	here := "/cases/" + x.Case.Ref
	today := workflow.DateOf(a.now())
	crisis := crisisOf(x, mails)
	if crisis != nil {
		crisis.Records = x.May(by, workflow.SetUrgency) == nil
	}
	p := &casePage{Alike: alike, Layout: Layout{Title: nameOf(x), Ref: x.Case.Ref, Back: a.backToList(r), Errors: f.Errors},
		Head: headOf(x, by, today, ""), Here: here, Version: x.Case.Version, Crisis: crisis,
		Owner: ownerChoices(users, x.Case.Owner), Assigns: x.May(by, workflow.Assign) == nil,
		Confirms: x.May(by, workflow.ConfirmFields) == nil}
	p.Head.Identity.Facts = append(p.Head.Identity.Facts, a.factsOf(x, users)...)
	if x.Case.State.IsUndecided() {
		for _, g := range x.Missing(today) {
			p.Missing = append(p.Missing, sentence(g.Words))
		}
	}
	p.Next, p.NotYet = a.nextDeeds(x, by)
	p.More = a.moreDeeds(x, by)
	r2 := newReview(f, facts, mails)
	p.Sections, p.Also, p.Why = r2.sections(), r2.also(), r2.why()
	p.Mails = r2.mailViews(here)
	return a.page(w, r, status, "case", p)
}

// factsOf stands below the name: when it came, whose it is, how long it may take.
func (a *App) factsOf(x workflow.File, users []store.User) []Line {
	days, ours := x.Clock(a.now())
	out := []Line{{Key: "Received", Value: shortDate(x.Case.ReceivedAt) + ", " + countWords(days, "day", "days") + " ago; " + workingDays(ours) + " with us"}}
	for _, r := range x.Referrals {
		if r.ToldTo != 0 {
			told := Line{Key: "Told to", Value: "Somebody of the team"}
			for _, u := range users {
				if u.ID == r.ToldTo {
					told.Value = u.Name
				}
			}
			switch r.How {
			case "phone", "post":
				told.Value += ", by " + r.How
			case "in person", transferIn:
				told.Value += ", " + r.How
			}
			out = append(out, told)
		}
	}
	owner := Line{Key: "Assigned to", Value: "Nobody"}
	for _, u := range users {
		if u.ID == x.Case.Owner {
			owner.Value = u.Name
		}
	}
	out = append(out, owner)
	if x.Case.Closed != "" {
		out = append(out, Line{Key: "Closed", Value: sentence(string(x.Case.Closed)) + ", " + shortDate(x.Case.Since)})
	}
	return out
}

func ownerChoices(users []store.User, owner workflow.ActorID) Choices {
	options := []Option{{Value: "0", Text: "Nobody"}}
	for _, u := range users {
		if !u.Disabled && u.Actor().Has(staff()...) || u.ID == owner {
			options = append(options, Option{Value: fmt.Sprint(u.ID), Text: u.Name})
		}
	}
	return (&Form{}).Choices("owner", "Assigned to", options, fmt.Sprint(owner))
}

// assign gives the case to somebody of the team, or to nobody.
func (a *App) assign(w http.ResponseWriter, r *http.Request) error {
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
	to, err := f.Number("owner")
	if err != nil {
		return err
	}
	if err := a.ofTheTeam(r.Context(), workflow.ActorID(to)); err != nil {
		return err
	}
	by, _ := actorOf(r)
	if _, err := a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		return x.Assign(by, a.now(), workflow.ActorID(to))
	}); err != nil {
		return err
	}
	a.say(r, "The case has a new owner.")
	return seeOther(w, r, "/cases/"+r.PathValue("ref"))
}

// ofTheTeam refuses an owner who could not open the case.
func (a *App) ofTheTeam(ctx context.Context, id workflow.ActorID) error {
	if id == 0 {
		return nil
	}
	u, err := a.store.User(ctx, id)
	if err != nil && !errors.Is(err, workflow.ErrNotFound) {
		return err
	}
	if err != nil || u.Disabled || !u.Actor().Has(staff()...) {
		return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "owner", Words: "Choose somebody of the team."}
	}
	return nil
}

// mainDeeds are what moves a case on from a state, the usual first.
func mainDeeds(s workflow.State) []workflow.Action {
	switch s {
	case workflow.New:
		return []workflow.Action{workflow.Take}
	case workflow.Triage:
		return []workflow.Action{workflow.MakeReady, workflow.AskForInformation, workflow.AskForConsent}
	case workflow.AwaitingInfo:
		return []workflow.Action{workflow.InformationCame, workflow.AskForConsent}
	case workflow.AwaitingConsent:
		return []workflow.Action{workflow.SettleConsent, workflow.RecordConsent, workflow.RefuseConsent}
	case workflow.Deferred:
		return []workflow.Action{workflow.ItemsIn}
	}
	return nil
}

// nextDeeds are the buttons of a case: only what its reader may do now, and for
// the rest why not.
func (a *App) nextDeeds(x workflow.File, by workflow.Actor) (next []nextDeed, notYet []Line) {
	here := "/cases/" + x.Case.Ref
	if x.Case.Has(workflow.FlagHold) {
		next, notYet = offerOne(next, notYet, x, by, a, workflow.LiftHold)
	}
	for _, action := range mainDeeds(x.Case.State) {
		next, notYet = offerOne(next, notYet, x, by, a, action)
	}
	elsewhere := map[workflow.State]Link{
		workflow.ReadyForPanel: {"Put on a panel", "/panel"}, workflow.PanelScheduled: {"Open the panel's page", "/panel"},
		workflow.InPanel: {"Open the panel's page", "/panel"}, workflow.Accepted: {"Write the letters", "/letters"},
		workflow.NotAccepted: {"Write the letters", "/letters"}, workflow.OnRegister: {"Open the register entry", "/register"},
		workflow.RemovalProposed: {"Open the register entry", "/register"}, workflow.Transferring: {"Open the register entry", "/register"},
	}
	if l, ok := elsewhere[x.Case.State]; ok {
		next = append(next, nextDeed{Button: Button{Text: l.Text, Href: here + l.Href}})
	}
	for i := range next[min(1, len(next)):] {
		next[i+1].Button.Kind = "secondary"
	}
	return next, notYet
}

func offerOne(next []nextDeed, notYet []Line, x workflow.File, by workflow.Actor, a *App, action workflow.Action) ([]nextDeed, []Line) {
	d, ok := deedOf(action)
	if !ok {
		return next, notYet
	}
	here := "/cases/" + x.Case.Ref
	err := x.Can(by, action, a.now())
	var refusal *workflow.Refusal
	switch {
	case errors.As(err, &refusal):
		return next, append(notYet, Line{Key: d.title, Value: refusal.Words})
	case d.fields == nil && len(d.words) == 0:
		return append(next, nextDeed{Post: here + d.path, Button: Button{Text: d.button}}), notYet
	}
	return append(next, nextDeed{Button: Button{Text: d.title, Href: here + d.path}}), notYet
}

// moreDeeds are what may be done at other times, as links.
func (a *App) moreDeeds(x workflow.File, by workflow.Actor) []Link {
	var out []Link
	main := mainDeeds(x.Case.State)
	for _, d := range slices.Concat(careDeeds(), consentDeeds(), mergeDeeds(), closingDeeds()) {
		if slices.Contains(main, d.action) || d.action == workflow.LiftHold || d.path == "/settle" && len(settleable(x)) == 0 ||
			d.action == workflow.Reopen && x.Case.Closed == "" || d.action == workflow.CloseDuplicate && (x.Merge == nil || x.Merge.Done) ||
			d.action == workflow.UndoMerge && x.Case.Closed != workflow.DuplicateMerged {
			continue
		}
		if x.Can(by, d.action, a.now()) == nil {
			out = append(out, Link{d.title, "/cases/" + x.Case.Ref + d.path})
		}
	}
	return out
}

func deedOf(action workflow.Action) (deed, bool) {
	for _, d := range slices.Concat(triageDeeds(), consentDeeds(), careDeeds(), mergeDeeds(), closingDeeds()) {
		if d.action == action {
			return d, true
		}
	}
	return deed{}, false
}

// crisisCard is what somebody who rings now needs before them.
type crisisCard struct {
	Seen    []string // the words that made it a crisis
	Writer  []Line
	Person  []Line
	Others  []Line
	Urgency Choices
	Done    Textarea
	Records bool // the reader may record what was done
}

func crisisOf(x workflow.File, mails []store.CaseMail) *crisisCard {
	if x.Case.Urgency != workflow.Crisis || !x.Case.State.IsOpen() {
		return nil
	}
	c := &crisisCard{Done: (&Form{}).Textarea("why", "What was done", "", 2000)}
	c.Urgency = (&Form{}).Choices("urgency", "How urgent it is now", urgencyOptions(workflow.Crisis, workflow.Urgent, workflow.Routine), string(workflow.Crisis))
	c.Urgency.Small, c.Done.Rows = true, 3
	c.Done.Hint = "Whom you rang and when, whether 999 was called, who goes there, when somebody looks again."
	for _, m := range mails {
		for _, cue := range m.Reading.UrgencyWhy {
			if cue.Quote != "" && !slices.Contains(c.Seen, cue.Quote) && len(c.Seen) < 5 {
				c.Seen = append(c.Seen, cue.Quote)
			}
		}
	}
	line := func(key, value string) Line { return Line{Key: key, Value: value, Missing: value == ""} }
	writer, _ := x.Referrer()
	c.Writer = []Line{line("Name", or(writer.Name, x.Value(workflow.FieldReferrer))), line("Phone", or(writer.Phone, x.Value("referrer.phone"))),
		line("Email", or(writer.Email, x.Value(workflow.FieldReferrerMail)))}
	born := dayWords(x.Person.DateOfBirth)
	c.Person = []Line{line("Name", nameOf(x)), line("Address", addressOf(x)), line("Born", or(born, isoDay(x.Value(workflow.FieldDOB)))), line("Phone", x.Value(workflow.FieldPhone))}
	for _, p := range x.Parties {
		if !p.Referrer && p.Phone != "" && !p.Blocked {
			c.Others = append(c.Others, Line{Key: partyWords(p), Value: p.Phone})
		}
	}
	return c
}

func addressOf(x workflow.File) string {
	a, code := x.Value(workflow.FieldAddress), x.Value(workflow.FieldPostcode)
	if code == "" || strings.Contains(a, code) {
		return a
	}
	return strings.TrimPrefix(a+", "+code, ", ")
}

// isoDay writes a date as it is stored in a fact.
func isoDay(s string) string {
	d, err := workflow.ParseDate(s)
	if err != nil {
		return s
	}
	return dayWords(d)
}
