package web

import (
	"net/http"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) labelRoutes() []Route {
	may := []workflow.Role{workflow.Manager} // lines of forms are of cases, which an administrator does not see
	return []Route{
		{Method: "GET", Pattern: "/settings/labels", Title: "Labels of forms", May: may, Handler: a.showLabels},
		{Method: "POST", Pattern: "/settings/labels", Title: "Teach a label", May: may, Handler: a.teachLabel},
		{Method: "POST", Pattern: "/settings/labels/forget", Title: "Take a label out", May: may, Handler: a.forgetLabel},
	}
}

// labelsPage teaches the reader what stands on other teams' forms.
type labelsPage struct {
	Layout
	Version workflow.Version
	Label   Input
	Field   Choices
	Taught  []taughtLabel
	Unknown Table
}

type taughtLabel struct{ Label, Means string }

// unknownMails is how many mails are looked through for labels that nobody knows.
const unknownMails = 100

func (a *App) showLabels(w http.ResponseWriter, r *http.Request) error {
	return a.labelsPage(w, r, http.StatusOK, &Form{})
}

func (a *App) labelsPage(w http.ResponseWriter, r *http.Request, status int, f *Form) error {
	set, version, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	unknown, err := a.store.UnknownLabels(r.Context(), unknownMails)
	if err != nil {
		return err
	}
	options := []Option{{Value: "", Text: "Choose"}}
	for _, x := range workflow.LabelFields() {
		options = append(options, Option{Value: string(x), Text: fieldLabel(x)})
	}
	p := &labelsPage{Layout: Layout{Title: "Labels of forms", Caption: "Settings", Back: &Link{"Back to settings", "/settings"}, Errors: f.Errors},
		Version: version, Label: f.Input("label", "The label, as it stands on the form", ""), Field: f.Choices("field", "What stands beside it is", options, ""),
		Unknown: unknownTable(unknown)}
	for _, l := range set.Labels {
		p.Taught = append(p.Taught, taughtLabel{l.Label, fieldLabel(l.Field)})
	}
	return a.page(w, r, status, "labels", p)
}

func unknownTable(rows []store.UnknownLabel) Table {
	t := Table{Caption: "Lines of forms that we do not know", ShowTitle: true, Dense: true, Empty: "Every line of the latest forms is known.",
		Columns: []Column{{Text: "Label"}, {Text: "Mails", Numeric: true}}}
	for _, x := range rows {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: short(x.Label)}, {Text: thousands(x.Mails), Numeric: true}}})
	}
	return t
}

func (a *App) teachLabel(w http.ResponseWriter, r *http.Request) error {
	return a.changeLabels(w, r, "The label is known from the next mail on.", func(f *Form, set workflow.Settings) (workflow.Settings, error) {
		return set.TeachLabel(f.Text("label"), workflow.Field(f.Text("field")))
	})
}

func (a *App) forgetLabel(w http.ResponseWriter, r *http.Request) error {
	return a.changeLabels(w, r, "The label is taken out.", func(f *Form, set workflow.Settings) (workflow.Settings, error) {
		return set.ForgetLabel(f.Text("taught")), nil
	})
}

func (a *App) changeLabels(w http.ResponseWriter, r *http.Request, said string, change func(*Form, workflow.Settings) (workflow.Settings, error)) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	seen, err := f.Number("version") // 0 while the settings are the shipped ones
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	if set, err = change(f, set); err == nil {
		err = a.store.SaveSettings(r.Context(), by, a.now(), workflow.Version(seen), set)
	}
	if status, mine := f.takes(err); mine {
		return a.labelsPage(w, r, status, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, "/settings/labels")
}
