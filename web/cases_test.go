package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const caseText = "Dear team,\n\nI am worried about my son Tom Poole, born 3 July 2009. His NHS number is 999 000 0018.\nHe may lose his place at Oak House next week. He says he wants to die.\n\nKaren Poole, 07700 900123\n"

func factAt(field workflow.Field, value, quote string, confidence float64) store.FactRow {
	at := strings.Index(caseText, quote)
	return store.FactRow{Field: field, Value: value, Part: "1", Start: at, End: at + len(quote), Quote: quote, Method: "pattern", Confidence: confidence}
}

// receive makes a case of a mother's mail, with a file.
func (w *world) receive(urgency workflow.Urgency, uid uint32) store.CaseMade {
	w.Helper()
	kept, err := w.store.Keep(w.Context(), []store.Incoming{{Folder: store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 7}, UID: uid, InternalDate: monday,
		Raw: fmt.Appendf(nil, "From: karen@example.org\r\nSubject: help %d\r\n\r\n%s", uid, caseText)}})
	if err != nil {
		w.Fatal(err)
	}
	name := factAt(workflow.FieldName, "Tom Poole", "Tom Poole", 0.95)
	name.Rivals = []store.RivalRow{{Value: "Thomas Poole", Why: "subject"}}
	done, err := w.store.Settle(w.Context(), []store.Settlement{{
		Message: kept[0].Message, End: store.EndCase, Class: "referral_family", Urgency: urgency, FromName: "Karen Poole", FromAddr: "karen@example.org", Subject: "help", At: monday,
		MessageID: fmt.Sprintf("m%d@example.org", uid), Search: caseText,
		Reading: store.Reading{Texts: []store.PartText{{Part: "1", Text: caseText}}, UrgencyWhy: []store.Cue{{Rule: "wants to die", Part: "1", Quote: "wants to die"}},
			Unknown: []store.Labelled{{Label: "Shoe size", Value: "9", Part: "2"}}},
		Documents: []store.DocumentRow{{Part: "2", Name: "care <plan>.docx", Type: "text/html", Size: 1234, State: "read"}, {Part: "3", Name: "bad.exe", Type: "application/octet-stream", State: "quarantined"}},
		Cases: []store.NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, Message: kept[0].Message, ReceivedAt: monday, Urgency: urgency,
			Parties: []workflow.Party{{Role: workflow.PartyMother, Name: "Karen Poole", Email: "karen@example.org", Phone: "07700 900123", Referrer: true}}},
			Facts: []store.FactRow{name, factAt(workflow.FieldDOB, "2009-07-03", "3 July 2009", 0.9), factAt(workflow.FieldNHS, "9990000018", "999 000 0018", 0.9),
				{Field: workflow.FieldGrounds, Values: []string{"placement_breakdown"}, Part: "1", Method: "phrase", Confidence: 0.6},
				{Field: "do_not_tell", Value: "his father", Part: "1", Method: "phrase", Confidence: 0.7}}}},
	}})
	if err != nil || done[0].Err != nil {
		w.Fatalf("settle: %v, %+v", err, done)
	}
	return done[0].Cases[0]
}

// act does a deed on a case behind the pages' back.
func (w *world) act(id workflow.CaseID, do func(workflow.File) (workflow.Change, error)) workflow.Case {
	w.Helper()
	c, err := w.store.Act(w.Context(), id, 0, do)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func (w *world) file(id workflow.CaseID) workflow.File {
	w.Helper()
	f, err := w.store.File(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return f
}

func version(f workflow.File) string { return fmt.Sprint(f.Case.Version) }

func want(t *testing.T, where, body string, words ...string) {
	t.Helper()
	for _, x := range words {
		if !strings.Contains(body, x) {
			t.Errorf("%s does not say %q", where, x)
		}
	}
}

func wantNot(t *testing.T, where, body string, words ...string) {
	t.Helper()
	for _, x := range words {
		if strings.Contains(body, x) {
			t.Errorf("%s says %q", where, x)
		}
	}
}

func TestQueueShowsCrisisFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.receive(workflow.Routine, 1)
	crisis := w.receive(workflow.Crisis, 2)
	v := w.as(workflow.Coordinator)
	body := v.page("/")
	want(t, "the queue", body, "Tom Poole", "Karen Poole", "mother", "1 crisis mail is waiting.", "/cases/"+crisis.Ref, "Letters wait", "Nobody is on call", "today")
	if first := strings.Index(body, "app-row--crisis"); first < 0 || first > strings.LastIndex(body, "<tr class=\"govuk-table__row\" role=\"row\">") {
		t.Error("the crisis is not the first row")
	}
	want(t, "the filtered queue", v.page("/?stream=open&urgency=crisis&owner=nobody"), "Showing 1 to 1 of 1", "Remove this filter")
	want(t, "an empty stream", v.page("/?stream=closed&page=99&owner=nonsense"), "No case is closed.")
	if got := w.as(workflow.Admin).get("/"); got.status != http.StatusSeeOther && got.status != http.StatusOK || strings.Contains(got.body, "Poole") {
		t.Errorf("an administrator at the start page: %d", got.status)
	}
}

func TestLiveLineTellsNewReferrals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.receive(workflow.Routine, 1)
	v := w.as(workflow.Coordinator)
	_, after, _ := strings.Cut(v.page("/"), `data-version="`)
	mark, _, _ := strings.Cut(after, `"`)
	ask := func() reply {
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.srv.URL+livePath, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", `"`+mark+`"`)
		return v.do(r)
	}
	if got := ask(); got.status != http.StatusNotModified || got.header.Get("Set-Cookie") != "" {
		t.Errorf("nothing changed: %d with cookie %q", got.status, got.header.Get("Set-Cookie"))
	}
	w.receive(workflow.Routine, 2)
	if got := ask(); got.status != http.StatusOK || !strings.Contains(got.body, "1 new referral has come in.") {
		t.Errorf("one more: %d %s", got.status, got.body)
	}
}

func TestSearchLeavesNoAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	v := w.as(workflow.Manager)
	got := v.post("/search", url.Values{"words": {"tom poole"}})
	place := got.header.Get("Location")
	if got.status != http.StatusSeeOther || strings.Contains(strings.ToLower(place), "poole") {
		t.Fatalf("search: %d to %q", got.status, place)
	}
	want(t, "what was found", v.page(place), made.Ref, `value="tom poole"`)
	if got := w.as(workflow.Coordinator).get(place); got.status != http.StatusNotFound {
		t.Errorf("somebody else's search: %d, want 404", got.status)
	}
	if got := v.post("/search", url.Values{"words": {strings.ToLower(made.Ref)}}); got.header.Get("Location") != "/cases/"+made.Ref {
		t.Errorf("a reference leads to %q", got.header.Get("Location"))
	}
	if got := v.post("/search", url.Values{"words": {" "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing to search: %d", got.status)
	}
}

func TestCasePageLinksFieldsAndSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Crisis, 1)
	v := w.as(workflow.Practitioner)
	body := v.page("/cases/" + made.Ref)
	want(t, "the case", body, `data-source="person.name"`, `data-field="person.name"`, `id="source-person.nhs_number"`, "999 000 0018", "Thomas Poole", "Check this",
		"Crisis: ring now", "wants to die", "07700 900123", "Still missing for a panel", "Shoe size", "care &lt;plan&gt;.docx", "Do not tell", "his father", "Take this case", "Mind this")
	wantNot(t, "the case", body, `files/3"`)
	events, err := w.store.Timeline(t.Context(), made.ID, true)
	if err != nil || events[0].Action != "read" || events[0].Actor != w.who[workflow.Practitioner].ID {
		t.Errorf("reading left %+v, %v", events[0], err)
	}
	manager := w.as(workflow.Manager).page("/cases/" + made.Ref)
	want(t, "the case for a manager", manager, "Only a coordinator or a practitioner can do this")
	wantNot(t, "the case for a manager", manager, "Confirm all shown")
}

func TestConfirmAndAmendFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	here := "/cases/" + made.Ref
	v := w.as(workflow.Coordinator)
	f := w.file(made.ID)
	shown := url.Values{"version": {version(f)}, "person.name": {"Tom Poole"}, "person.date_of_birth-day": {"3"}, "person.date_of_birth-month": {"July"}, "person.date_of_birth-year": {"2009"},
		"person.nhs_number": {"999 000 0018"}, "grounds": {"placement_breakdown"}, "person.learning_disability": {""}}
	one := maps(shown, "confirm", "person.name")
	if got := v.post(here, one); got.status != http.StatusSeeOther {
		t.Fatalf("confirm one: %d %s", got.status, got.body)
	}
	f = w.file(made.ID)
	if !f.Facts[workflow.FieldName].Confirmed || f.Facts[workflow.FieldDOB].Confirmed {
		t.Errorf("after confirming the name alone: %+v", f.Facts)
	}
	all := maps(maps(shown, "confirm", "all"), "version", version(f))
	if got := v.post(here, all); got.status != http.StatusSeeOther {
		t.Fatalf("confirm all: %d", got.status)
	}
	f = w.file(made.ID)
	if !f.Facts[workflow.FieldGrounds].Confirmed || f.Person.NHSNumber != "9990000018" || f.Person.DateOfBirth.String() != "2009-07-03" || f.Facts["do_not_tell"].Confirmed {
		t.Errorf("after confirming all: %+v %+v", f.Person, f.Facts)
	}
	changed := maps(maps(maps(shown, "person.name", "Thomas J Poole"), "confirm", "typed"), "version", version(f))
	got := v.post(here, changed)
	if got.status != http.StatusUnprocessableEntity {
		t.Fatalf("a change without a reason: %d", got.status)
	}
	want(t, "the page that comes back", got.body, "Thomas J Poole", "Say why it changes", `href="#person.name"`)
	for _, fault := range faults(t, got.body) {
		t.Error(fault)
	}
	if got := v.post(here, maps(changed, "change-why", "His mother said so on the phone")); got.status != http.StatusSeeOther {
		t.Errorf("a change with a reason: %d", got.status)
	}
	line := v.page(here + "/timeline")
	want(t, "the timeline", line, "Thomas J Poole", "His mother said so on the phone", "Fields confirmed")
	if got := v.post(here, maps(maps(shown, "take", "person.name|Thomas Poole"), "version", version(w.file(made.ID)))); got.status != http.StatusUnprocessableEntity {
		t.Errorf("taking another reading over a confirmed one without a reason: %d", got.status)
	}
}

func maps(v url.Values, key, value string) url.Values {
	out := url.Values{}
	for k, x := range v {
		out[k] = slices.Clone(x)
	}
	out.Set(key, value)
	return out
}

func TestWrongValuesComeBackBesideTheirField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	v := w.as(workflow.Coordinator)
	for name, c := range map[string]struct{ field, value, words string }{
		"nhs number": {"person.nhs_number", "999 000 0019", "check digit"}, "no such day": {"person.date_of_birth-day", "31", "must include a month"},
		"nothing at all": {"person.phone", "", "There was nothing to confirm"},
	} {
		got := v.post("/cases/"+made.Ref, url.Values{"version": {version(w.file(made.ID))}, c.field: {c.value}, "confirm": {"typed"}})
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, c.words) || !strings.Contains(got.body, `value="`+c.value+`"`) {
			t.Errorf("%s: %d, want 422 with %q and what was typed", name, got.status, c.words)
		}
	}
	if f := w.file(made.ID); f.Facts[workflow.FieldNHS].Confirmed {
		t.Error("a refused value was kept")
	}
}

func TestStaleVersionKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	here := "/cases/" + made.Ref
	v := w.as(workflow.Coordinator)
	seen := version(w.file(made.ID))
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(w.who[workflow.Practitioner], monday) })
	for path, form := range map[string]url.Values{here: {"person.name": {"Words I typed"}, "confirm": {"all"}}, here + "/note": {"note": {"Words I typed"}},
		here + "/people/new": {"name": {"Words I typed"}, "role": {"friend"}}, here + "/urgency": {"urgency": {"urgent"}, "why": {"Words I typed"}}} {
		form.Set("version", seen)
		got := v.post(path, form)
		if got.status != http.StatusConflict {
			t.Errorf("POST %s: %d, want 409", path, got.status)
		}
		want(t, path, got.body, "Somebody changed this case after you opened it", "Words I typed")
		for _, fault := range faults(t, got.body) {
			t.Errorf("%s: %s", path, fault)
		}
	}
	for _, bad := range []string{"", "0", "-1", "x"} {
		if got := v.post(here+"/take", url.Values{"version": {bad}}); got.status != http.StatusUnprocessableEntity {
			t.Errorf("version %q: %d, want 422", bad, got.status)
		}
	}
}

// TestCaseFromMailToReady walks a case by its forms.
func TestCaseFromMailToReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Crisis, 1)
	here := "/cases/" + made.Ref
	co, pr := w.as(workflow.Coordinator), w.as(workflow.Practitioner)
	do := func(v *visitor, path string, form url.Values) {
		t.Helper()
		if form == nil {
			form = url.Values{}
		}
		form.Set("version", version(w.file(made.ID)))
		if got := v.post(here+path, form); got.status != http.StatusSeeOther {
			t.Fatalf("POST %s: %d %s", path, got.status, got.body)
		}
	}
	do(co, "/take", nil)
	mother := idText(w.file(made.ID).Parties[0].ID)
	do(co, "/contact", url.Values{"party": {mother}, "how": {"phone"}, "reached": {"reached"}, "words": {"She is with him."}})
	do(co, "/urgency", url.Values{"urgency": {"routine"}, "why": {"Rang his mother at 10:15; he is safe at home."}})
	do(co, "/assign", url.Values{"owner": {fmt.Sprint(w.who[workflow.Practitioner].ID)}})
	do(co, "/people/"+mother, url.Values{"role": {"mother"}, "name": {"Karen Poole"}, "email": {"karen@example.org"}, "status": {"confirmed", "referrer"}, "has_pr": {"yes"}})
	fields := url.Values{"person.name": {"Tom Poole"}, "person.date_of_birth-day": {"3"}, "person.date_of_birth-month": {"7"}, "person.date_of_birth-year": {"2009"},
		"person.address": {"1 High Street"}, "person.learning_disability": {"yes"}, "grounds": {"placement_breakdown"}, "reason": {"He may lose his place."}, "person.area": {"in"},
		"person.communication_needs": {"Short words"}, "person.communication_needs-codes": {"easy read"}, "confirm": {"all"}, "guardian.parental_responsibility": {"yes"}, "person.care_status": {"none"}}
	do(co, "", fields)
	do(pr, "/consent/answer", url.Values{"about": {"being on the register"}, "decided_by": {"person"}, "party": {"0"}, "answer": {"yes"}, "evidence": {"recorded conversation"},
		"words": {"I asked Tom at home."}, "from-day": {"23"}, "from-month": {"11"}, "from-year": {"2026"}})
	want(t, "the consent page", pr.page(here+"/consent"), "is held: answer of the person", "I asked Tom at home.", "The person. From 16")
	want(t, "the case", pr.page(here), "Make ready for the panel", "easy read")
	do(pr, "/ready", nil)
	if s := w.file(made.ID).Case.State; s != workflow.ReadyForPanel {
		t.Errorf("state %q, want ready for panel", s)
	}
	want(t, "the people", co.page(here+"/people"), "Karen Poole (mother)", "Confirmed", "Reached")
	want(t, "the timeline", co.page(here+"/timeline"), "he is safe at home", "Urgency changed", "Made ready for the panel")
}

// TestEveryDeedHasASoundForm opens the form of every deed in a state where it
// can be done, and posts it empty: nothing breaks, and nothing is done.
func TestEveryDeedHasASoundForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	visitors := map[workflow.Role]*visitor{}
	for _, r := range staff() {
		visitors[r] = w.as(r)
	}
	opened := 0
	try := func() {
		for _, d := range slices.Concat(triageDeeds(), careDeeds(), consentDeeds(), closingDeeds()) {
			x := w.file(made.ID)
			i := slices.IndexFunc(staff(), func(r workflow.Role) bool { return x.Can(w.who[r], d.action, w.now) == nil })
			if i < 0 {
				continue
			}
			v, path := visitors[staff()[i]], "/cases/"+made.Ref+d.path
			v.page(path)
			opened++
			if d.fields == nil || d.action == workflow.Hold {
				continue
			}
			got := v.post(path, url.Values{"version": {version(x)}})
			if got.status != http.StatusUnprocessableEntity && got.status != http.StatusConflict {
				t.Errorf("POST %s with nothing: %d, want 422 or 409", path, got.status)
			}
			for _, fault := range faults(t, got.body) {
				t.Errorf("%s: %s", path, fault)
			}
		}
	}
	try()
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(w.who[workflow.Practitioner], w.now) })
	try()
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.Hold(w.who[workflow.Practitioner], w.now, "x")
	})
	try()
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.CloseError(w.who[workflow.Manager], w.now, "made twice")
	})
	try()
	if opened < 40 {
		t.Errorf("only %d forms were opened", opened)
	}
}

func TestDownloadsAreSafeAndKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, other := w.receive(workflow.Routine, 1), w.receive(workflow.Routine, 2)
	mails, err := w.store.CaseMails(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	below := fmt.Sprintf("/mails/%d/", mails[0].ID)
	v := w.as(workflow.Coordinator)
	raw := v.get("/cases/" + made.Ref + below + "raw")
	if raw.status != http.StatusOK || !strings.HasPrefix(raw.header.Get("Content-Disposition"), "attachment") || !strings.Contains(raw.header.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(raw.body, "Subject: help 1") {
		t.Errorf("raw mail: %d %v", raw.status, raw.header)
	}
	file := v.get("/cases/" + made.Ref + below + "files/2")
	if file.status != http.StatusOK || file.header.Get("Content-Type") != "application/octet-stream" || strings.Contains(file.header.Get("Content-Disposition"), "<") {
		t.Errorf("file: %d %v", file.status, file.header)
	}
	for path, status := range map[string]int{"/cases/" + other.Ref + below + "raw": 404, "/cases/" + made.Ref + below + "files/9": 404, "/cases/" + made.Ref + below + "files/3": 403, "/cases/" + made.Ref + "/mails/x/raw": 404} {
		if got := v.get(path); got.status != status {
			t.Errorf("GET %s: %d, want %d", path, got.status, status)
		}
	}
	events, err := w.store.Timeline(t.Context(), made.ID, false)
	if err != nil || events[0].Action != "download a file" || events[1].Action != "download a mail" {
		t.Errorf("downloads left %+v, %v", events, err)
	}
}

func TestACaseTellsOfOthersThatMayBeTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.receive(workflow.Routine, 1), w.receive(workflow.Routine, 2)
	page := w.as(workflow.Coordinator).page("/cases/" + second.Ref)
	want(t, "the second case", page, "This may be somebody we know", `href="/cases/`+first.Ref+`"`, "the same NHS number", "Nothing is joined by itself")
	w.act(second.ID, func(f workflow.File) (workflow.Change, error) { return f.Take(w.who[workflow.Coordinator], w.now) })
	here := "/cases/" + second.Ref
	co, pr := w.as(workflow.Coordinator), w.as(workflow.Practitioner)
	co.send(here+"/duplicate/propose", here+"/duplicate/propose", url.Values{"of": {first.Ref}, "why": {"the same mother"}}).done(t, here)
	co.send(here+"/duplicate", here+"/duplicate", url.Values{"why": {"looked"}}).refused(t, 403, "somebody else must look too")
	pr.send(here+"/duplicate", here+"/duplicate", url.Values{"why": {"looked"}}).done(t, here)
	if page := w.as(workflow.Coordinator).page("/cases/" + second.Ref); strings.Contains(page, "This may be somebody we know") {
		t.Error("a closed case still asks")
	}
}

func TestPagesOfAFileAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	v := w.as(workflow.Coordinator)
	if page := v.page("/cases/" + made.Ref); strings.Contains(page, "app-page") {
		t.Error("a page is shown before it was drawn")
	}
	next, err := w.store.ClaimUndrawn(t.Context())
	if err != nil || next.Part != "2" {
		t.Fatalf("to draw: %+v, %v", next, err)
	}
	if err := w.store.KeepDrawings(t.Context(), next.Document, []store.Drawing{{Page: 1, Type: "image/png", Width: 700, Height: 990, Data: []byte("a picture")}}); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("/messages/%d/pages/1/2", next.Message)
	want(t, "the case", v.page("/cases/"+made.Ref), `src="`+address+`"`, "Look at care &lt;plan&gt;.docx", `alt="Page 1 of care`)
	got := v.get(address)
	if got.status != http.StatusOK || got.body != "a picture" || got.header.Get("Content-Type") != "image/png" || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the picture: %d %v", got.status, got.header)
	}
	if got := v.get(strings.Replace(address, "pages/1", "pages/2", 1)); got.status != http.StatusNotFound {
		t.Errorf("a page that was not drawn: %d, want 404", got.status)
	}
	if got := w.as(workflow.PanelMember).get(address); got.status != http.StatusForbidden {
		t.Errorf("somebody of a panel: %d, want 403", got.status)
	}
}

func TestReferralByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Coordinator)
	v.page("/cases/new")
	form := url.Values{"how": {"phone"}, "type": {"family"}, "role": {"father"}, "referrer": {"Ian Marsh"}, "phone": {"07700 900456"}, "person.name": {"Ada Marsh"}, "person.nhs_number": {"123"},
		"urgency": {"urgent"}, "safeguards": {"yes"}, "told-day": {"20"}, "told-month": {"11"}, "told-year": {"2026"}}
	got := v.post("/cases/new", form)
	if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "check digit") || !strings.Contains(got.body, "Ian Marsh") {
		t.Fatalf("a wrong number: %d", got.status)
	}
	form.Set("person.nhs_number", "")
	got = v.post("/cases/new", form)
	if got.status != http.StatusSeeOther {
		t.Fatalf("told: %d %s", got.status, got.body)
	}
	body := v.page(got.header.Get("Location"))
	want(t, "the new case", body, "Ada Marsh", "There is no mail", "Urgent", "Safeguarding", "The case is open, and yours.", "Told to", "by phone")
	if got := v.post("/cases/new", url.Values{}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("nothing told: %d", got.status)
	}
}

func TestNoPersonalDataInAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Crisis, 1)
	v := w.as(workflow.Practitioner)
	for _, path := range []string{"/", "/?stream=open", "/cases/" + made.Ref, "/cases/" + made.Ref + "/people", "/cases/" + made.Ref + "/consent", "/cases/" + made.Ref + "/timeline?show=all"} {
		body := strings.ToLower(v.page(path))
		for _, key := range []string{`href="`, `action="`} {
			for _, part := range strings.Split(body, key)[1:] {
				address, _, _ := strings.Cut(part, `"`)
				for _, personal := range []string{"poole", "karen", "tom", "999000", "07700", "@"} {
					if strings.Contains(address, personal) {
						t.Errorf("%s leads to %q", path, address)
					}
				}
			}
		}
	}
}

func TestPapersOnlyWhileOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	w.toPanel(made.ID)
	v := w.as(workflow.Expert)
	here := "/cases/" + made.Ref
	refused := func(when string) {
		t.Helper()
		got := v.get(here)
		if got.status != http.StatusForbidden || strings.Contains(got.body, "Poole") {
			t.Errorf("%s: %d, want 403 without a name", when, got.status)
		}
	}
	refused("before an interest is declared")
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.DeclareInterest(w.who[workflow.Expert], w.now, workflow.Interest{Member: w.who[workflow.Expert].ID, Kind: workflow.NoInterest})
	})
	body := v.page(here)
	want(t, "the papers", body, "Tom Poole", "Papers for Test expert", "He may lose his place. [mother] is worried.")
	wantNot(t, "the papers", body, "Karen", "07700", "High Street", "999 000")
	for _, path := range []string{"/people", "/consent", "/timeline"} {
		if got := v.get(here + path); got.status != http.StatusForbidden {
			t.Errorf("GET %s by a member: %d, want 403", path, got.status)
		}
	}
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.Hold(w.who[workflow.Manager], w.now, "he may have said no")
	})
	refused("on hold")
}

// toPanel brings a case to a panel that meets in three days, in which everybody
// who may sits.
func (w *world) toPanel(id workflow.CaseID) {
	w.Helper()
	co, pr := w.who[workflow.Coordinator], w.who[workflow.Practitioner]
	w.act(id, func(f workflow.File) (workflow.Change, error) { return f.Take(co, monday) })
	w.act(id, func(f workflow.File) (workflow.Change, error) {
		p := f.Parties[0]
		p.Confirmed, p.HasPR = true, workflow.Yes
		return f.SetParty(co, monday, p)
	})
	w.act(id, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(co, monday, []workflow.FieldChange{{Field: workflow.FieldName, Value: "Tom Poole"}, {Field: workflow.FieldDOB, Value: "2009-07-03"}, {Field: workflow.FieldAddress, Value: "1 High Street"},
			{Field: workflow.FieldLD, Value: "yes"}, {Field: workflow.FieldGrounds, Values: []string{"placement_breakdown"}}, {Field: workflow.FieldReason, Value: "He may lose his place. Karen is worried."},
			{Field: workflow.FieldNeeds, Value: "Short words", Values: []string{"easy read"}}, {Field: workflow.FieldArea, Value: "in"}, {Field: workflow.FieldCare, Value: "none"}})
	})
	w.act(id, func(f workflow.File) (workflow.Change, error) {
		return f.RecordConsent(pr, monday, workflow.Consent{About: workflow.Inclusion, DecidedBy: workflow.ByPerson, Answer: workflow.SaidYes, Evidence: workflow.Conversation, Words: "asked at home", From: workflow.DateOf(monday)})
	})
	w.act(id, func(f workflow.File) (workflow.Change, error) { return f.MakeReady(pr, monday) })
	chair := w.who[workflow.Chair]
	panel := workflow.Panel{Kind: workflow.ReferralPanel, At: monday.Add(72 * time.Hour), Place: "online", Capacity: 5, Chair: chair.ID, Members: []workflow.Member{
		{Actor: chair.ID, Role: workflow.Chair, Sector: workflow.Health}, {Actor: w.who[workflow.PanelMember].ID, Role: workflow.PanelMember, Sector: workflow.SocialCare},
		{Actor: pr.ID, Role: workflow.PanelMember, Sector: workflow.Education}, {Actor: w.who[workflow.Expert].ID, Role: workflow.Expert}}}
	number, err := w.store.SavePanel(w.Context(), co, monday, panel)
	if err != nil {
		w.Fatal(err)
	}
	if panel, err = w.store.Panel(w.Context(), number); err != nil {
		w.Fatal(err)
	}
	w.act(id, func(f workflow.File) (workflow.Change, error) { return f.PutOnPanel(co, monday, panel) })
}
