package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// whoMay says who may use each address, written by hand from the register's
// rules and not read from the table it tests. A line without a method is about
// both, below the case.
func whoMay() map[string][]workflow.Role {
	const co, pr, ma, ch, pm, ex, ig, ad = workflow.Coordinator, workflow.Practitioner, workflow.Manager, workflow.Chair, workflow.PanelMember, workflow.Expert, workflow.Governance, workflow.Admin
	type roles = []workflow.Role
	everybody, team, works, sit := roles{co, pr, ma, ch, pm, ex, ig, ad}, roles{co, pr, ma}, roles{co, pr}, roles{ch, pm, ex}
	all, arrange, office := roles{co, pr, ma, ch, pm, ex}, roles{co, ma, ch}, roles{ma, ad}
	return map[string]roles{
		"GET /{$}": everybody, "POST /session/keep": everybody, "GET /queue/version": team, "POST /search": team, "GET /search/{id}": team,
		"GET /cases/new": works, "POST /cases/new": works,
		// The team reads every case; who sits on a panel reads its cases.
		"GET /cases/{ref}": all, "POST /cases/{ref}": works, "POST /cases/{ref}/assign": team,
		"GET /cases/{ref}/mails/{message}/raw": team, "GET /cases/{ref}/mails/{message}/files/{part...}": team, "GET /cases/{ref}/timeline": team, "GET /cases/{ref}/next": team,
		"GET /cases/{ref}/people": team, "GET /cases/{ref}/people/{party}": works, "POST /cases/{ref}/people/{party}": works, "GET /cases/{ref}/consent": team,
		"/take": works, "/ask-information": works, "/information-came": works, "/ask-consent": works, "/contact": works, "/note": team, "/urgency": works, "/settle": team,
		// Consent, capacity and what follows from them are a practitioner's.
		"/ready": {pr}, "/settle-consent": {pr}, "/consent/answer": {pr}, "/consent/capacity": {pr}, "/consent/best-interests": {pr}, "/consent/settle": {ma}, "/hold": team, "/lift-hold": {pr},
		"/refuse": {pr, ma}, "/withdraw": {pr}, "/withdraw-referral": {pr}, "/out-of-area": {pr, ma}, "/duplicate": team, "/duplicate/propose": works, "/duplicate/link": {co}, "/duplicate/undo": {ma}, "/enquiry": {co}, "/no-contact": {pr},
		"/error": {ma}, "/death": {pr, ma}, "/reopen": {ma}, "/look-again": {ma},
		"GET /letters": team, "GET /cases/{ref}/letters": team, "POST /cases/{ref}/letters": works, "GET /letters/{id}": team, "GET /letters/{id}/html": team, "GET /letters/{id}/message.eml": team,
		"GET /letters/{id}/letter.pdf": team, "POST /letters/{id}/write": works, "POST /letters/{id}/posted": works, "POST /letters/{id}/again": works,
		"GET /settings/wordings": team, "GET /settings/wordings/{name}": team, "POST /settings/wordings/{name}": team, "POST /settings/wordings/{name}/approve": team,
		"POST /settings/wordings/{name}/restore": team,
		"POST /letters/{id}/submit":              works, "POST /letters/{id}/approve": team, "POST /letters/{id}/send-back": team, "POST /letters/{id}/stop": team,
		"POST /letters/{id}/contact": works, "POST /letters/{id}/resolve": team,
		"GET /register": {co, pr, ma, ch}, "GET /cases/{ref}/register": {co, pr, ma, ch},
		"/register/cetr": {pr}, "/register/keyworker": {pr}, "/register/plan": works, "/register/plan/end": works, "/register/lead": {pr, ma}, "/register/responsible": works,
		"/share": {pr, ma}, "/share/told": team,
		"/register/review": {pr}, "/register/rating": {pr, ch}, "/register/ratify": {ch}, "/register/removal": {pr}, "/register/agreement": works,
		"/register/remove": {ch, ma}, "/register/keep": {pr}, "/register/transfer": {pr, ma}, "/register/transferred": {pr, ma}, "/register/stays": {pr, ma}, "/register/not-eligible": {ch},
		"GET /panels": all, "GET /panels/new": arrange, "POST /panels/new": arrange, "GET /panels/{id}": all, "GET /panels/{id}/edit": arrange, "POST /panels/{id}/edit": arrange,
		"POST /panels/{id}/present": arrange, "POST /panels/{id}/close": arrange, "POST /panels/{id}/agenda": {co}, "GET /panels/{id}/cases/{ref}": all,
		"POST /panels/{id}/cases/{ref}/interest": sit, "POST /panels/{id}/cases/{ref}/view": sit, "POST /panels/{id}/cases/{ref}/open": {ch},
		"GET /cases/{ref}/panel": team, "POST /cases/{ref}/panel": {co}, "/panel/off": {co}, "/panel/items-in": {co},
		// Only a chair decides; only a manager corrects.
		"/decision/accept": {ch}, "/decision/not-accept": {ch}, "/decision/defer": {ch}, "/decision/interim": {ch}, "/decision/correct": {ma},
		"/decision/accept/confirm": {ch}, "/decision/not-accept/confirm": {ch}, "/decision/defer/confirm": {ch}, "/decision/interim/confirm": {ch}, "/decision/correct/confirm": {ma},
		"GET /tasks": team, "GET /tasks/{id}": team, "POST /tasks/{id}/done": team, "POST /tasks/{id}/owner": team,
		"GET /messages": team, "GET /messages/{id}": team, "GET /messages/{id}/html": team, "GET /messages/{id}/raw": team, "GET /messages/{id}/files/{part...}": team, "GET /messages/{id}/pages/{page}/{part...}": team,
		"POST /messages/{id}/own": team, "POST /messages/{id}/route": team, "POST /messages/{id}/finish": team, "POST /messages/{id}/ignore": team,
		"POST /messages/{id}/release": team, "POST /messages/{id}/reread": team, "POST /messages/{id}/restore": team, "POST /messages/{id}/join": works, "POST /messages/{id}/case": works,
		// Counts without content: also for whoever watches over the service.
		"GET /mailbox":   {co, pr, ma, ig, ad},
		"GET /directory": all, "GET /directory/{id}": all, "GET /directory/new": team, "POST /directory/new": team, "GET /directory/{id}/change": team, "POST /directory/{id}/change": team,
		"POST /directory/{id}/verify": team, "POST /directory/{id}/retire": team,
		"GET /settings": office, "POST /settings": office,
		// What the reader learns is the team's; how often it was right is for all who use it.
		"GET /reading": team, "GET /settings/labels": {ma}, "POST /settings/labels": {ma}, "POST /settings/labels/forget": {ma},
		"GET /users": office, "GET /users/new": office, "POST /users/new": office, "GET /users/{id}": office, "POST /users/{id}": office, "POST /users/{id}/link": office,
		// Nobody has signed in yet, or a machine asks.
		"GET /sign-in": nil, "POST /sign-in": nil, "POST /sign-out": nil, "GET /set-password/{token}": nil, "POST /set-password/{token}": nil,
		"GET /healthz": nil, "GET /readyz": nil, "GET /metrics": nil,
	}
}

// lineOf is the line of whoMay about a route.
func lineOf(r Route) string {
	name := r.Method + " " + r.Pattern
	if _, ok := whoMay()[name]; ok {
		return name
	}
	return strings.TrimPrefix(r.Pattern, "/cases/{ref}")
}

// TestTheListOfRights: every route stands in the hand-written list, every line of
// the list is a route, and whatever is open is on it as open.
func TestTheListOfRights(t *testing.T) {
	t.Parallel()
	may, used := whoMay(), map[string]bool{}
	for _, r := range (&App{}).routes() {
		roles, listed := may[lineOf(r)]
		used[lineOf(r)] = true
		switch {
		case !listed:
			t.Errorf("%s %s: nobody has written down who may", r.Method, r.Pattern)
		case r.Open != (len(roles) == 0):
			t.Errorf("%s %s: open is %v, the list says %v", r.Method, r.Pattern, r.Open, roles)
		}
	}
	for line := range may {
		if !used[line] {
			t.Errorf("the list has %s, and the table has no such route", line)
		}
	}
}

// TestEveryRouteByEveryRole asks every address of a case before its panel as
// nobody and as every role. Those of the panel have their seats, so that each 403
// is about the role.
func TestEveryRouteByEveryRole(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	panel := w.inPanel()
	tasks, _, err := w.store.Tasks(t.Context(), store.TaskList{Limit: 1})
	if err != nil || len(tasks) == 0 {
		t.Fatalf("tasks %v, %v: want one", tasks, err)
	}
	ids := map[string]string{"panels": fmt.Sprint(panel), "letters": fmt.Sprint(w.file().Letters[0].ID), "messages": "1", "tasks": fmt.Sprint(tasks[0].ID),
		"users": fmt.Sprint(w.who["second"].ID), "directory": fmt.Sprint(w.signpost("A helpline", true, 0)), "search": "x"}
	path := func(r Route) string {
		first, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "/"), "/")
		return strings.NewReplacer("{$}", "", "{ref}", w.ref, "{message}", "1", "{page}", "1", "{part...}", "2", "{party}", fmt.Sprint(w.mother), "{id}", ids[first]).Replace(r.Pattern)
	}
	ask := func(v *visitor, r Route) int {
		if r.Method == http.MethodPost {
			return v.post(path(r), url.Values{}).status // without a version: nothing is done
		}
		return v.get(path(r)).status
	}
	nobody := w.visitor()
	for _, r := range w.app.routes() {
		if got := ask(nobody, r); !r.Open && got != http.StatusSeeOther && got != http.StatusUnauthorized {
			t.Errorf("%s %s by nobody: %d", r.Method, r.Pattern, got)
		}
	}
	for _, role := range workflow.Roles() {
		v := w.as(role)
		for _, r := range w.app.routes() {
			if r.Open {
				continue
			}
			got, may := ask(v, r), slices.Contains(whoMay()[lineOf(r)], role)
			switch {
			case got >= 500:
				t.Errorf("%s %s by %s: %d", r.Method, r.Pattern, role, got)
			case may == (got == http.StatusForbidden):
				t.Errorf("%s %s by %s: %d, and the list says that they may: %v", r.Method, r.Pattern, role, got, may)
			}
		}
	}
}
