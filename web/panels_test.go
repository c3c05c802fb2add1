package web

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestArrangingAPanel(t *testing.T) {
	t.Parallel()
	w := newCasework(t)
	v := w.as(workflow.Coordinator)
	seat := func(r workflow.Role) string { return fmt.Sprintf("seat-%d", w.who[r].ID) }
	good := url.Values{"kind": {"referral panel"}, "at-day": {"7"}, "at-month": {"12"}, "at-year": {"2026"}, "clock": {"2.30pm"}, "place": {"Room 4"}, "capacity": {"3"},
		"chair": {fmt.Sprint(w.who[workflow.Chair].ID)}, seat(workflow.PanelMember): {"member"}, seat("second"): {"member"}, seat(workflow.Expert): {"expert"}}
	for name, c := range map[string]struct {
		field, value, words string
	}{
		"no day":        {"at-day", "", "Day must include a day"},
		"no such time":  {"clock", "late", "Enter a time, like 2pm"},
		"in the past":   {"at-year", "2025", "Choose a date and time to come"},
		"no chair":      {"chair", "", "Choose a chair"},
		"no expert":     {seat(workflow.Expert), "", "at least one expert by experience"},
		"no room":       {"capacity", "none", "how many cases fit"},
		"no purpose":    {"kind", "", "Choose what the meeting is for"},
		"not a seat":    {seat(workflow.Expert), "admin", "at least one expert by experience"},
		"a wrong month": {"at-month", "13", "must be a real date"},
	} {
		form := url.Values{}
		for k, values := range good {
			form[k] = values
		}
		form.Set(c.field, c.value)
		got := v.send("/panels/new", "/panels/new", form)
		if got.status != 422 || !strings.Contains(wordsOf(got.body), c.words) || !strings.Contains(got.body, `value="Room 4"`) {
			t.Errorf("%s: status %d, want 422 with %q and what was typed: %s", name, got.status, c.words, wordsOf(got.body))
		}
	}
	got := v.send("/panels/new", "/panels/new", good)
	got.done(t, "/panels/")
	at := got.header.Get("Location")
	see(t, v.page(at), []string{"Monday 7 December 2026", "2:30pm", "Room 4", "0 of 3 taken", "Test expert", "No case is on the agenda yet"})
	stale := v.form(v.page(at+"/edit"), at+"/edit", url.Values{"place": {"Room 5"}})
	v.post(at+"/edit", stale).done(t, at)
	v.post(at+"/edit", stale).refused(t, 409, "Somebody changed this panel meanwhile")
	v.send(at, at+"/present", url.Values{"present": {fmt.Sprint(w.who[workflow.Expert].ID)}}).done(t, at)
	v.send(at+"/edit", at+"/edit", url.Values{"place": {"Room 6"}}).done(t, at)
	p, err := w.store.Panel(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.Members {
		if m.Present != (m.Actor == w.who[workflow.Expert].ID) {
			t.Errorf("%s is there: %v", m.Name, m.Present)
		}
	}
	v.send(at, at+"/close", nil).done(t, at)
	see(t, v.page("/panels"), []string{"Meetings that are over", "Monday 7 December 2026"})
}

func TestWhoReadsAPanel(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	w.now = w.now.AddDate(0, 0, 7) // a week after she agreed, so that the day before the papers open is after it too
	opens := w.now
	id := w.panel()
	v := w.as(workflow.Coordinator)
	v.send(addr("/cases/%s/panel", w.ref), addr("/cases/%s/panel", w.ref), url.Values{"panel": {fmt.Sprint(id)}}).done(t, "/cases/")
	item := addr("/panels/%d/cases/%s", id, w.ref)
	member := w.as(workflow.PanelMember)
	w.now = opens.AddDate(0, 0, -1)
	see(t, member.page(addr("/panels/%d", id)), []string{w.ref, "To declare"}, "Tom Poole")
	see(t, member.page(item), []string{"not open today"}, "Tom Poole")
	w.now = opens
	see(t, member.page("/panels"), []string{"Your panels", "1 interest to declare"})
	see(t, member.page(item), []string{"Tom Poole", "Say first whether you have an interest"}, "There is talk of a hospital")
	member.send(item, item+"/interest", url.Values{"interest": {"personal"}}).refused(t, 422, "Say in a few words what the interest is")
	member.send(item, item+"/interest", url.Values{"interest": {"none"}}).done(t, item)
	see(t, member.page(item), []string{"Tommy", "13", "There is talk of a hospital", "Admission to a mental health hospital"}, "CM1 1LX", "Karen", "karen@example.org", "2013")
	member.send(item, item+"/view", nil).refused(t, 422, "Write your view")
	member.send(item, item+"/view", url.Values{"view": {"A keyworker would help."}, "dissent": {"yes"}}).done(t, item)
	see(t, member.page(item), []string{"A keyworker would help.", "Disagrees"})
	other := w.as(workflow.Expert)
	other.send(item, item+"/interest", url.Values{"interest": {"personal"}, "words": {"my nephew"}}).done(t, item)
	see(t, other.page(item), []string{"You declared a personal interest", "this case is not for you"}, "There is talk of a hospital", "A keyworker would help")
	if got := other.post(item+"/view", url.Values{"view": {"let me in"}}); got.status != 403 {
		t.Errorf("a member with a personal interest gives a view: %d", got.status)
	}
	chair := w.as(workflow.Chair)
	second := fmt.Sprint(w.who["second"].ID)
	chair.send(item, item+"/interest", url.Values{"interest": {"none"}}).done(t, item)
	another := func(answers url.Values) url.Values {
		answers.Set("for", "another")
		return answers
	}
	chair.post(item+"/interest", another(url.Values{"member": {"999"}, "for_interest": {"none"}})).refused(t, 422, "Choose a member of this panel")
	chair.post(item+"/interest", another(url.Values{"member": {second}, "for_interest": {"exclude"}, "for_words": {"same team"}})).done(t, item)
	see(t, w.as("second").page(item), []string{"The chair decided that you do not take part"}, "There is talk of a hospital")
	see(t, chair.page(item), []string{"Can the panel decide it?", "Not yet", "Organisational: takes no part", "my nephew"})
	if got := member.post(item+"/interest", another(url.Values{"member": {second}, "for_interest": {"none"}})); got.status != 403 {
		t.Errorf("a member declares for another: %d", got.status)
	}
	x := w.file()
	if len(x.Item.Interests) != 4 || len(x.Item.Views) != 1 {
		t.Errorf("interests %v, views %v", x.Item.Interests, x.Item.Views)
	}
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.Hold(w.who[workflow.Practitioner], w.now, "he said no")
	})
	see(t, member.page(item), []string{"Its papers are closed"}, "Tom Poole", "There is talk of a hospital")
}

func TestMembersOfOtherPanelsSeeNothing(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	id := w.inPanel()
	other := w.who[workflow.Practitioner] // an account of a chair without a seat
	u, err := w.store.User(t.Context(), other.ID)
	if err != nil {
		t.Fatal(err)
	}
	u.Roles = []workflow.Role{workflow.Chair}
	if _, err := w.store.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
		t.Fatal(err)
	}
	v := w.as(workflow.Practitioner)
	for _, at := range []string{addr("/panels/%d", id), addr("/panels/%d/edit", id), addr("/panels/%d/cases/%s", id, w.ref), addr("/cases/%s/decision/accept", w.ref), addr("/cases/%s/register", w.ref)} {
		if got := v.get(at); got.status != 403 || strings.Contains(got.body, "Tom Poole") {
			t.Errorf("GET %s: %d, want 403 for a chair of other panels", at, got.status)
		}
	}
	for _, at := range []string{addr("/panels/%d/present", id), addr("/panels/%d/close", id), addr("/panels/%d/cases/%s/open", id, w.ref), addr("/panels/%d/cases/%s/interest", id, w.ref)} {
		if got := v.post(at, url.Values{"version": {"1"}}); got.status != 403 {
			t.Errorf("POST %s: %d, want 403 for a chair of other panels", at, got.status)
		}
	}
	if got := w.as(workflow.PanelMember).get(addr("/panels/%d/cases/DSR-2026-99999-X", id)); got.status != 404 {
		t.Errorf("a case that is not on the agenda: %d, want 404", got.status)
	}
}

func TestPlaceOnAnAgenda(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	id := w.panel()
	v, tab := w.as(workflow.Coordinator), addr("/cases/%s/panel", w.ref)
	v.send(tab, tab, nil).refused(t, 422, "Choose a panel")
	stale := v.form(v.page(tab), tab, url.Values{"panel": {fmt.Sprint(id)}})
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.AddNote(w.who[workflow.Practitioner], w.now, "rang the school")
	})
	v.post(tab, stale).refused(t, 409, "Somebody changed this case after you opened it")
	agenda := addr("/panels/%d", id)
	v.send(agenda, agenda+"/agenda", nil).refused(t, 422, "Choose a case")
	v.send(agenda, agenda+"/agenda", url.Values{"panel": {w.ref}}).done(t, agenda)
	see(t, v.page(agenda), []string{"Tom Poole", "0 of 4 declared", "Not yet"})
	see(t, v.page(agenda), nil, "The meeting is over")
	v.post(agenda+"/close", v.form(v.page(agenda), agenda+"/present", nil)).refused(t, 422, "Decide every case first, or take it off the agenda: "+w.ref)
	v.send(tab+"/off", tab+"/off", nil).refused(t, 422, "Say why it comes off the agenda")
	v.send(tab+"/off", tab+"/off", url.Values{"why": {"his mother asked for another day"}}).done(t, tab)
	if got := w.file().Case.State; got != workflow.ReadyForPanel {
		t.Errorf("the case is %q, want it ready again", got)
	}
	w.now = w.now.AddDate(0, 0, 7).Add(-time.Second) // a second before the meeting
	see(t, v.page(tab), []string{"Papers need 24 hours"})
}
