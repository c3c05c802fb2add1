package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/essex-dsr/dsr/workflow"
)

// papersPage is a case as a member of its panel reads it: what the panel needs,
// without other people and without where the person lives.
type papersPage struct {
	Layout
	Reader string // stands on the page, so that a copy says whose it was
	Lines  []Line
	Texts  []Fold
	Panel  Link
}

// showPapers shows the papers while the pack is open to this member.
func (a *App) showPapers(w http.ResponseWriter, r *http.Request, by workflow.Actor) error {
	id, err := a.store.CaseByRef(r.Context(), r.PathValue("ref"))
	if err != nil {
		return err
	}
	x, err := a.store.File(r.Context(), id)
	if err != nil {
		return err
	}
	if err := x.MaySeePapers(by, a.now()); err != nil {
		return notYours(err)
	}
	if x, err = a.store.Open(r.Context(), id, by, a.now()); err != nil {
		return err
	}
	today := workflow.DateOf(a.now())
	p := &papersPage{Layout: Layout{Title: nameOf(x), Ref: x.Case.Ref, Back: &Link{"Back to the panels", "/panels"}}, Reader: by.Name,
		Lines: papersLines(x, today), Panel: Link{"The panel and this case", fmt.Sprintf("/panels/%d/cases/%s", x.Panel.ID, x.Case.Ref)}}
	for _, t := range []struct {
		title string
		field workflow.Field
	}{{"What is happening now", workflow.FieldReason}, {"What has been tried", workflow.FieldTried}} {
		if text := x.Value(t.field); text != "" {
			p.Texts = append(p.Texts, Fold{t.title, withoutOthers(text, x)})
		}
	}
	return a.page(w, r, http.StatusOK, "papers", p)
}

// notYours answers the same for every case that is not a member's own, so that
// a reference cannot be tried out.
func notYours(error) error {
	return &workflow.Refusal{Kind: workflow.ErrNotAllowed,
		Words: "You can read a case while it is on your panel: from when the papers open, after you have said whether you have an interest."}
}

func papersLines(x workflow.File, today workflow.Date) []Line {
	age := Line{Key: "Age", Missing: true}
	if n, known := x.Person.Age(today); known {
		age = Line{Key: "Age", Value: fmt.Sprint(n)}
	}
	var grounds []string
	for _, g := range x.Facts[workflow.FieldGrounds].Values {
		grounds = append(grounds, sentence(workflow.Ground(g).Words()))
	}
	held := Line{Key: "Consent", Value: "Held"}
	if route, err := x.ConsentRoute(today); err == nil && route.DecidedBy != workflow.ByParent {
		held.Value = "Held: answer of the " + string(route.DecidedBy)
	}
	said := func(key string, f workflow.Field) Line {
		v := strings.ReplaceAll(x.Value(f), "_", " ")
		return Line{Key: key, Value: sentence(v), Missing: v == ""}
	}
	return []Line{age, said("Learning disability", workflow.FieldLD), said("Autism", workflow.FieldAutism),
		{Key: "What might happen", Value: strings.Join(grounds, "; "), Missing: len(grounds) == 0},
		said("Likes to be told things", workflow.FieldNeeds), said("Care status", workflow.FieldCare), held}
}

// withoutOthers leaves other people's names out of a text.
func withoutOthers(text string, x workflow.File) string {
	for _, p := range x.Parties {
		if p.Role == workflow.PartySelf || len(p.Name) < 3 {
			continue
		}
		text = strings.ReplaceAll(text, p.Name, "["+string(p.Role)+"]")
		if first := firstWord(p.Name); len(first) > 3 {
			text = strings.ReplaceAll(text, first, "["+string(p.Role)+"]")
		}
	}
	if address := x.Value(workflow.FieldAddress); address != "" {
		text = strings.ReplaceAll(text, address, "[address]")
	}
	if code := x.Value(workflow.FieldPostcode); code != "" {
		text = strings.ReplaceAll(text, code, "[postcode]")
	}
	return text
}
