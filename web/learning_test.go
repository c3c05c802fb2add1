package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestHowOftenTheReaderWasRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.receive(workflow.Routine, 1)
	v := w.as(workflow.Coordinator)
	want(t, "before anybody looked", v.page("/reading"), "Nobody has confirmed or corrected anything yet.", "Nothing was corrected yet.")
	w.act(made.ID, func(f workflow.File) (workflow.Change, error) {
		return f.ConfirmFields(w.who[workflow.Coordinator], w.now, []workflow.FieldChange{
			{Field: workflow.FieldName, Value: "Tom Poole"}, {Field: workflow.FieldDOB, Value: "2009-07-04"}})
	})
	page := v.page("/reading")
	want(t, "afterwards", page, "Of 2 values that somebody looked at, 50.0% right.", "3 values are not looked at yet.",
		"By its shape", "November 2026", "The text of the mail", "2009-07-03", "2009-07-04", made.Ref)
	if got := w.as(workflow.Admin).get("/reading"); got.status != http.StatusForbidden {
		t.Errorf("an administrator, who sees no case: %d, want 403", got.status)
	}
}

func TestTeachingALabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.receive(workflow.Routine, 1)
	v, at := w.as(workflow.Manager), "/settings/labels"
	want(t, "the labels", v.page(at), "Nothing has been taught yet.", "Shoe size")
	want(t, "the settings", v.page("/settings"), at)
	v.send(at, at, url.Values{"label": {"Shoe size"}}).refused(t, 422, "Choose what the label means")
	v.send(at, at, url.Values{"label": {" "}, "field": {"person.school"}}).refused(t, 422, "Enter the label")
	v.send(at, at, url.Values{"label": {"Shoe  size:"}, "field": {"person.school"}}).done(t, at)
	set, version, err := w.store.Settings(t.Context())
	if err != nil || len(set.Labels) != 1 || set.Labels[0] != (workflow.FormLabel{Label: "Shoe size", Field: "person.school"}) {
		t.Fatalf("%+v, %v", set.Labels, err)
	}
	if got := v.post(at, url.Values{"version": {idText(version - 1)}, "label": {"Hat size"}, "field": {"person.school"}}); got.status != http.StatusConflict {
		t.Errorf("a stale page: %d, want 409", got.status)
	}
	v.send(at, at+"/forget", nil).done(t, at)
	if page := v.page(at); !strings.Contains(page, "Nothing has been taught yet.") {
		t.Error("the label is still there")
	}
	for _, r := range []workflow.Role{workflow.Admin, workflow.Coordinator, workflow.Chair} {
		if got := w.as(r).get(at); got.status != http.StatusForbidden {
			t.Errorf("%s: %d, want 403", r, got.status)
		}
	}
}
