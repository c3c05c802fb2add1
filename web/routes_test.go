package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

// TestEveryRouteByEveryRole asks every address as nobody and as every role. It
// reads who may from a list written by hand, not from the table it tests.
func TestEveryRouteByEveryRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	const co, pr, ma, ch, pm, ex, ig, ad = workflow.Coordinator, workflow.Practitioner, workflow.Manager, workflow.Chair, workflow.PanelMember, workflow.Expert, workflow.Governance, workflow.Admin
	type roles []workflow.Role
	everybody := roles(workflow.Roles())
	team := roles{co, pr, ma}
	may := map[string]roles{
		"GET /{$}": everybody, "POST /session/keep": everybody, "GET /queue/version": team, "POST /search": team, "GET /search/{id}": team,
		"GET /cases/new": {co, pr}, "POST /cases/new": {co, pr},
		"GET /cases/{ref}": {co, pr, ma, ch, pm, ex}, "POST /cases/{ref}": {co, pr}, "POST /cases/{ref}/assign": team,
		"GET /cases/{ref}/mails/{message}/raw": team, "GET /cases/{ref}/mails/{message}/files/{part...}": team, "GET /cases/{ref}/timeline": team,
		"GET /cases/{ref}/people": team, "GET /cases/{ref}/people/{party}": {co, pr}, "POST /cases/{ref}/people/{party}": {co, pr}, "GET /cases/{ref}/consent": team,
		"/take": {co, pr}, "/ready": {pr}, "/ask-information": {co, pr}, "/information-came": {co, pr}, "/ask-consent": {co, pr}, "/settle-consent": {pr},
		"/contact": {co, pr}, "/note": team, "/urgency": {co, pr}, "/settle": team, "/hold": team, "/lift-hold": {pr},
		"/consent/answer": {pr}, "/consent/capacity": {pr}, "/consent/best-interests": {pr}, "/consent/settle": {ma},
		"/refuse": {pr, ma}, "/withdraw": {pr}, "/withdraw-referral": {pr}, "/out-of-area": {pr, ma}, "/duplicate": {co}, "/enquiry": {co}, "/no-contact": {pr},
		"/error": {ma}, "/death": {pr, ma}, "/reopen": {ma}, "/look-again": {ma},
	}
	visitors := map[workflow.Role]*visitor{}
	for _, r := range workflow.Roles() {
		visitors[r] = w.as(r)
	}
	nobody := w.visitor()
	for _, route := range slices.Concat(w.app.accountRoutes(), w.app.healthRoutes(), w.app.queueRoutes(), w.app.searchRoutes(), w.app.byHandRoutes(), w.app.caseRoutes(), w.app.partyRoutes(), w.app.consentRoutes()) {
		if route.Open {
			continue
		}
		name := route.Method + " " + route.Pattern
		allowed, listed := may[name]
		if !listed {
			allowed, listed = may[strings.TrimPrefix(route.Pattern, "/cases/{ref}")]
		}
		if !listed {
			t.Errorf("%s: nobody has written down who may", name)
			continue
		}
		path := strings.NewReplacer("{$}", "", "{ref}", made.Ref, "{message}", "999", "{page}", "1", "{part...}", "2", "{party}", "999", "{id}", "x").Replace(route.Pattern)
		ask := func(v *visitor) int {
			if route.Method == http.MethodPost {
				return v.post(path, url.Values{}).status // without a version: nothing is done
			}
			return v.get(path).status
		}
		if got := ask(nobody); got != http.StatusSeeOther && got != http.StatusUnauthorized {
			t.Errorf("%s by nobody: %d", name, got)
		}
		for role, v := range visitors {
			got := ask(v)
			inside := role == ch || role == pm || role == ex // the inner door asks which panel
			switch {
			case !slices.Contains(allowed, role) && got != http.StatusForbidden:
				t.Errorf("%s by %s: %d, want 403", name, role, got)
			case slices.Contains(allowed, role) && got == http.StatusForbidden && !(inside && route.Pattern == "/cases/{ref}"):
				t.Errorf("%s by %s: 403, want to be let in", name, role)
			case got >= 500:
				t.Errorf("%s by %s: %d", name, role, got)
			}
		}
	}
	_, _ = ig, ad
}
