package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestOnlyAQuoratePanelOpensACase(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	id := w.panel()
	co, chair := w.as(workflow.Coordinator), w.as(workflow.Chair)
	tab, item, agenda := addr("/cases/%s/panel", w.ref), addr("/panels/%d/cases/%s", id, w.ref), addr("/panels/%d", id)
	co.send(tab, tab, url.Values{"panel": {fmt.Sprint(id)}}).done(t, tab)
	w.now = w.now.AddDate(0, 0, 7)
	version := func() url.Values { return url.Values{"version": {fmt.Sprint(w.file().Case.Version)}} }
	chair.post(item+"/open", version()).refused(t, 409, "The chair is not there, or has an interest")
	for _, r := range []workflow.Role{workflow.Chair, workflow.PanelMember, "second"} {
		w.as(r).send(item, item+"/interest", url.Values{"interest": {"none"}}).done(t, item)
	}
	chair.post(item+"/open", version()).refused(t, 409, "at least 1 expert by experience")
	see(t, co.page(agenda), []string{"3 of 4 declared", "it can discuss, not decide"})
	w.as(workflow.Expert).send(item, item+"/interest", url.Values{"interest": {"none"}}).done(t, item)
	see(t, co.page(agenda), []string{"4 of 4 declared", "Yes"})
	chair.post(item+"/open", url.Values{"version": {"1"}}).refused(t, 409, "Somebody changed this case")
	chair.send(item, item+"/open", nil).done(t, item)
	see(t, chair.page(item), []string{"Record the decision", "Accept", "Do not accept", "Defer"})
}

func TestAcceptingIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	id := w.inPanel()
	v, form := w.as(workflow.Chair), addr("/cases/%s/decision/accept", w.ref)
	page := v.page(form)
	for _, r := range workflow.Ratings() {
		if strings.Contains(page, fmt.Sprintf(`value="%s" checked`, r)) {
			t.Errorf("%s is chosen before anybody chose", r)
		}
	}
	v.send(form, form, nil).refused(t, 422, "at least 40 characters")
	typed := url.Values{"text": {"We think the register can help you and your family now."}, "person_views": {"Tommy wants to stay at home."},
		"rating": {"amber"}, "rating_reason": {"talk of admission"}, "support": {"a keyworker"}}
	got := v.send(form, form, typed)
	got.refused(t, 422, "Name the lead professional, or who will name one")
	if !strings.Contains(got.body, "Tommy wants to stay at home.") || !strings.Contains(got.body, `value="amber" checked`) {
		t.Error("what was typed is lost")
	}
	if got := v.get(form + "/confirm"); got.status != 303 {
		t.Errorf("nothing to confirm: %d, want 303 to the form", got.status)
	}
	typed.Set("lead_named_by", "the children’s team by Friday 4 December 2026")
	v.send(form, form, typed).done(t, form+"/confirm")
	see(t, v.page(form+"/confirm"), []string{"Record this decision?", "Accepted", "Amber", "talk of admission", "a keyworker", "Tommy wants to stay at home."})
	v.send(form+"/confirm", form+"/confirm", nil).refused(t, 422, "Say whether to record it")
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"no"}}).done(t, form)
	if !strings.Contains(v.page(form), "talk of admission") {
		t.Error("going back loses what was typed")
	}
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}, "draft": {"00"}}).refused(t, 409, "changed in another window")
	if got := w.file().Case.State; got != workflow.InPanel {
		t.Fatalf("the case is %q before the confirmation", got)
	}
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.AddNote(w.who[workflow.Practitioner], w.now, "a note")
	})
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).refused(t, 409, "Somebody changed this case")
	v.send(form, form, typed).done(t, form+"/confirm")
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).done(t, addr("/panels/%d", id))
	x := w.file()
	if x.Case.State != workflow.Accepted || x.Rating() != workflow.Amber || x.Decision.Text != typed.Get("text") || x.Decision.By != w.who[workflow.Chair].ID {
		t.Errorf("state %q, rating %q, decision %+v", x.Case.State, x.Rating(), x.Decision)
	}
	see(t, v.page(addr("/panels/%d", id)), []string{"Accepted"})
	see(t, v.page(addr("/panels/%d/cases/%s", id, w.ref)), []string{"Its papers are closed"}, "There is talk of a hospital")
	if got := v.get(form); got.status != 409 {
		t.Errorf("accepting again: %d, want 409", got.status)
	}
}

func TestDecliningNeedsReasonRecommendationAndSignpost(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	w.inPanel()
	unchecked, forAdults := w.signpost("Nobody rang them", false, 0), w.signpost("Only for small children", true, 5)
	v, form := w.as(workflow.Chair), addr("/cases/%s/decision/not-accept", w.ref)
	see(t, v.page(form), []string{"No service of the directory can be chosen", "Nobody rang them", "has not been verified", "is for ages 0 to 5"})
	good := w.signpost("Family line", true, 0)
	see(t, v.page(form), []string{"Family line", "Help for families."})
	for name, c := range map[string]struct {
		change func(url.Values)
		words  string
	}{
		"no reason":              {func(f url.Values) { f.Del("reasons") }, "Choose at least one reason"},
		"a reason of their own":  {func(f url.Values) { f.Set("reasons", "because") }, "Choose the reasons from the list"},
		"no recommendation":      {func(f url.Values) { f.Set("rec-what-0", ""); f.Set("rec-who-0", ""); f.Set("rec-by-0", "") }, "at least one recommendation"},
		"a recommendation of no": {func(f url.Values) { f.Set("rec-who-1", "the school") }, "says who or when, but not what"},
		"no signpost":            {func(f url.Values) { f.Del("signposts") }, "Choose at least one service"},
		"an unchecked service":   {func(f url.Values) { f.Set("signposts", fmt.Sprint(unchecked)) }, "has not been verified"},
		"for another age":        {func(f url.Values) { f.Set("signposts", fmt.Sprint(forAdults)) }, "is for ages 0 to 5"},
		"no such service":        {func(f url.Values) { f.Set("signposts", "4711") }, "not in the directory"},
		"no views":               {func(f url.Values) { f.Set("person_views", " ") }, "own views"},
	} {
		f := v.form(v.page(form), form, decline(good))
		c.change(f)
		got := v.post(form, f)
		if got.status != 422 || !strings.Contains(wordsOf(got.body), c.words) {
			t.Errorf("%s: %d, want 422 with %q: %s", name, got.status, c.words, wordsOf(got.body))
		}
	}
	more := decline(good)
	more.Set("more", "yes")
	v.send(form, form, more).done(t, form)
	page := v.page(form)
	if !strings.Contains(page, `name="rec-what-5"`) || !strings.Contains(page, "a quiet room") {
		t.Error("no room for more, or what was typed is lost")
	}
	more.Del("more")
	more.Set("rec-what-4", "Ask the GP about sleep")
	v.send(form, form, more).done(t, form+"/confirm")
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).done(t, "/panels/")
	if d := w.file().Decision; d == nil || len(d.Recommendations) != 2 || len(d.Signposts) != 1 || d.Reasons[0] != "needs_met" {
		t.Errorf("decision %+v", d)
	}
}

func TestDeferringAndComingBack(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	w.inPanel()
	v, form := w.as(workflow.Chair), addr("/cases/%s/decision/defer", w.ref)
	v.send(form, form, url.Values{"awaited": {"a report"}, "from": {"the school"}, "due-day": {"31"}, "due-month": {"2"}, "due-year": {"2027"}}).refused(t, 422, "must be a real date")
	v.send(form, form, url.Values{"awaited": {"a report"}, "from": {"the school"}, "due-day": {"1"}, "due-month": {"11"}, "due-year": {"2026"}}).refused(t, 422, "Give a date to come")
	v.send(form, form, url.Values{"awaited": {"a report"}, "from": {"the school"}, "due-day": {"14"}, "due-month": {"12"}, "due-year": {"2026"}}).done(t, form+"/confirm")
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).done(t, "/panels/")
	co, tab := w.as(workflow.Coordinator), addr("/cases/%s/panel", w.ref)
	see(t, co.page(tab), []string{"Deferred", "a report", "the school", "14 December 2026"})
	co.send(tab+"/items-in", tab+"/items-in", url.Values{"note": {"the report came"}}).done(t, tab)
	if got := w.file().Case.State; got != workflow.ReadyForPanel {
		t.Errorf("the case is %q, want it ready", got)
	}
}

func TestInterimInclusionIsRatified(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	v, form := w.as(workflow.Chair), addr("/cases/%s/decision/interim", w.ref)
	see(t, v.page("/panels"), []string{"Include for now", w.ref}, "Tom Poole")
	typed := url.Values{"with": {"Ann Example, health"}, "text": {"We add you now because you may have to go into hospital this week."}, "person_views": {"Not asked yet: in the police station."},
		"rating": {"amber"}, "rating_reason": {"may be detained"}, "lead_named_by": {"the crisis team today"}, "support": {"a bed at home"}}
	v.send(form, form, typed).refused(t, 422, "only for a red rating")
	typed.Set("rating", "red")
	without := url.Values{}
	for k, values := range typed {
		without[k] = values
	}
	without.Set("with", "")
	v.send(form, form, without).refused(t, 422, "colleague from another sector")
	v.send(form, form, typed).done(t, form+"/confirm")
	see(t, v.page(form+"/confirm"), []string{"Ann Example, health", "Red"})
	tab := addr("/cases/%s/register", w.ref)
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).done(t, tab)
	see(t, v.page(tab), []string{"Interim inclusion", "Red"})
	v.send(tab+"/ratify", tab+"/ratify", nil).refused(t, 422, "Say which panel ratified it")
	v.send(tab+"/ratify", tab+"/ratify", url.Values{"note": {"the panel of 7 December"}}).done(t, tab)
	if w.file().Case.Has(workflow.FlagInterim) {
		t.Error("still interim after a full panel ratified it")
	}
}

func TestCorrectingADecision(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	w.onRegister(workflow.Amber)
	v, form := w.as(workflow.Manager), addr("/cases/%s/decision/correct", w.ref)
	see(t, v.page(addr("/cases/%s/panel", w.ref)), []string{"Correct the decision", "We think the register can help you"})
	v.send(form, form, url.Values{"text": {"We think the register can help you and your whole family now."}}).refused(t, 422, "Say what was wrong")
	v.send(form, form, url.Values{"text": {"We think the register can help you and your whole family now."}, "why": {"a word was missing"}}).done(t, form+"/confirm")
	v.send(form+"/confirm", form+"/confirm", url.Values{"sure": {"yes"}}).done(t, addr("/cases/%s/letters", w.ref))
	x := w.file()
	if x.Decision.Corrects == 0 || !strings.Contains(x.Decision.Text, "whole") || x.Case.State != workflow.OnRegister || x.Decision.Support != "a keyworker" {
		t.Errorf("decision %+v of a case %q", x.Decision, x.Case.State)
	}
}
