package web

import (
	"net/url"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

// TestWorkOnTheRegister does a month's work on somebody by clicking.
func TestWorkOnTheRegister(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	w.onRegister(workflow.Amber)
	pr := w.as(workflow.Practitioner)
	here := "/cases/" + w.ref
	tab := here + "/register"
	pr.send(tab+"/plan", tab+"/plan", url.Values{"what": {"A quiet room at school"}, "who": {"the SENCO"}, "due-day": {"14"}, "due-month": {"12"}, "due-year": {"2026"}}).done(t, tab)
	item := idText(w.file().Plan[0].ID)
	pr.send(tab+"/plan/end", tab+"/plan/end", url.Values{"item": {item}, "done": {"yes"}, "outcome": {"It is in use"}}).done(t, tab)
	pr.send(tab+"/cetr", tab+"/cetr", url.Values{"cetr": {"requested"}, "on-day": {"30"}, "on-month": {"11"}, "on-year": {"2026"}}).done(t, tab)
	pr.send(tab+"/keyworker", tab+"/keyworker", url.Values{"keyworker": {"allocated"}, "on-day": {"30"}, "on-month": {"11"}, "on-year": {"2026"}}).refused(t, 422, "Name the keyworker")
	pr.send(tab+"/keyworker", tab+"/keyworker", url.Values{"keyworker": {"allocated"}, "name": {"Bea Long"}, "on-day": {"30"}, "on-month": {"11"}, "on-year": {"2026"}}).done(t, tab)
	see(t, pr.page(tab), []string{"A quiet room at school", "It is in use", "Requested, 30 November 2026", "Allocated: Bea Long"})

	sam := idText(w.file().Parties[1].ID)
	tell := url.Values{"party": {sam}, "basis": {"consent"}, "fields": {"the next review"}}
	pr.send(here+"/share", here+"/share", tell).refused(t, 409, "Consent to tell social care is not held")
	social := workflow.Consent{About: workflow.ShareSocial, DecidedBy: workflow.ByParent, Party: w.mother, Answer: workflow.SaidYes, Evidence: workflow.Conversation, Words: "rang her", From: workflow.DateOf(w.now)}
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.RecordConsent(w.who[workflow.Practitioner], w.now, social)
	})
	pr.send(here+"/share", here+"/share", tell).done(t, tab)
	social.Answer = workflow.TookBack
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.RecordConsent(w.who[workflow.Practitioner], w.now, social)
	})
	see(t, pr.page(tab), []string{"Sam Hale (social worker)", "Tell them to stop"})
	pr.send(here+"/share/told", here+"/share/told", url.Values{"share": {idText(w.file().Shares[0].ID)}, "words": {"wrote to him"}}).done(t, tab)
	see(t, pr.page(tab), []string{"Stopped"}, "Tell them to stop")

	pr.send(here+"/contact", here+"/contact", url.Values{"party": {sam}, "how": {"phone"}, "reached": {"reached"}, "words": {"He will look."}, "next": {"Ring again"},
		"next_by-day": {"2"}, "next_by-month": {"12"}, "next_by-year": {"2026"}}).done(t, here)
	tasks := w.file().Tasks
	found := false
	for _, x := range tasks {
		found = found || x.Kind == workflow.TaskNextStep
	}
	if !found {
		t.Errorf("tasks %+v: the next step is missing", tasks)
	}
}
