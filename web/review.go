package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// fieldSpec is a field of the review: how it is called and typed.
type fieldSpec struct {
	field   workflow.Field
	label   string
	hint    string
	kind    string // text, lines, date, select, boxes, needs
	width   string
	options []Option
}

// specGroup is a part of the review.
type specGroup struct {
	title string
	specs []fieldSpec
}

// saidOptions are what may be known of a learning disability or autism.
func saidOptions() []Option {
	return []Option{{Value: "", Text: "Not said"}, {Value: "yes", Text: "Yes"}, {Value: "awaiting_assessment", Text: "Waiting for an assessment"}, {Value: "suspected", Text: "Suspected"},
		{Value: "no", Text: "No"}, {Value: "unknown", Text: "Asked, nobody knows"}}
}

// reviewed are the fields that people confirm, in the order in which they think
// of somebody.
func reviewed() []specGroup {
	said := saidOptions()
	yesNo := []Option{{Value: "", Text: "Not said"}, {Value: "yes", Text: "Yes"}, {Value: "no", Text: "No"}, {Value: "unknown", Text: "Asked, nobody knows"}}
	care := []Option{{Value: "", Text: "Not said"}, {Value: "looked_after", Text: "Looked after by a council"}, {Value: "child_protection_plan", Text: "Child protection plan"},
		{Value: "child_in_need", Text: "Child in need"}, {Value: "care_leaver", Text: "Care leaver"}, {Value: "none", Text: "None of these"}, {Value: "unknown", Text: "Asked, nobody knows"}}
	area := []Option{{Value: "", Text: "Not settled"}, {Value: "in", Text: "Ours"}, {Value: "border", Text: "On the border: ours by agreement"}, {Value: "out", Text: "Another area's"}}
	return []specGroup{
		{"The person", []fieldSpec{
			{field: workflow.FieldName, label: "Full name", kind: "text"},
			{field: workflow.FieldKnownAs, label: "Likes to be called", kind: "text", width: "20"},
			{field: workflow.FieldDOB, label: "Date of birth", kind: "date"},
			{field: workflow.FieldNHS, label: "NHS number", kind: "text", width: "20", hint: "10 numbers, or “unknown”"},
			{field: workflow.FieldAddress, label: "Address", kind: "text"},
			{field: workflow.FieldPostcode, label: "Postcode", kind: "text", width: "10"},
			{field: workflow.FieldConfidential, label: "Must the address be kept secret?", kind: "select", options: yesNo},
			{field: workflow.FieldPhone, label: "Phone", kind: "text", width: "20"},
			{field: workflow.FieldEmail, label: "Email", kind: "text"},
			{field: workflow.FieldGP, label: "GP surgery", kind: "text"},
			{field: workflow.FieldCouncil, label: "Council where the person ordinarily lives", kind: "text", width: "20"},
			{field: workflow.FieldArea, label: "Is this our area?", kind: "select", options: area},
		}},
		{"Learning disability and autism", []fieldSpec{
			{field: workflow.FieldLD, label: "Learning disability", kind: "select", options: said},
			{field: workflow.FieldAutism, label: "Autism", kind: "select", options: said},
			{field: workflow.FieldNeeds, label: "How the person likes to be told things", kind: "needs"},
		}},
		{"Why now", []fieldSpec{
			{field: workflow.FieldGrounds, label: "What might happen", kind: "boxes", options: groundOptions()},
			{field: workflow.FieldReason, label: "What is happening now", kind: "lines"},
			{field: workflow.FieldTried, label: "What has been tried", kind: "lines"},
			{field: workflow.FieldServices, label: "Who else is involved", kind: "lines"},
			{field: workflow.FieldSafeguarding, label: "Is there a safeguarding concern?", kind: "select", options: yesNo},
		}},
		{"Family and care", []fieldSpec{
			{field: workflow.FieldCare, label: "Care status", kind: "select", options: care},
			{field: workflow.FieldGuardian, label: "Parent or guardian", kind: "text"},
			{field: workflow.FieldPR, label: "Do they have parental responsibility?", kind: "select", options: yesNo},
		}},
	}
}

func groundOptions() []Option {
	var out []Option
	for _, g := range workflow.Grounds() {
		out = append(out, Option{Value: string(g), Text: sentence(g.Words())})
	}
	return out
}

func needOptions() []Option {
	var out []Option
	for _, n := range workflow.Needs() {
		out = append(out, Option{Value: n, Text: sentence(n)})
	}
	return out
}

// fieldSection is a part of the review as the page shows it.
type fieldSection struct {
	ID, Title string
	Fields    []reviewField
}

// reviewField is one field with who stands behind it and what else was read.
type reviewField struct {
	Field     workflow.Field
	Label     string
	Controls  []Control
	Confirmed string // by whom
	Open      bool   // there is a value and nobody has confirmed it
	Chips     []Button
}

// alsoRead is what the mail says beside the fields of the review. Some of it
// matters much (whom not to tell); none of it is held.
type alsoRead struct {
	Field  workflow.Field
	Label  string
	Value  string
	Read   string
	Marked bool
	Tag    *Tag
}

// reviewing makes the fields and the marked texts of one case.
type reviewing struct {
	form  *Form
	facts map[workflow.Field][]store.FactView // of each field, the one that counts first
	mails []store.CaseMail
	spots map[workflow.Field]bool // whose words stand in a text of the page
	texts []mailView
}

func newReview(f *Form, facts []store.FactView, mails []store.CaseMail) *reviewing {
	v := &reviewing{form: f, facts: map[workflow.Field][]store.FactView{}, mails: mails, spots: map[workflow.Field]bool{}}
	for _, x := range facts {
		v.facts[x.Field] = append(v.facts[x.Field], x)
	}
	for i, m := range mails {
		v.texts = append(v.texts, v.view(m, i))
	}
	return v
}

func (v *reviewing) sections() []fieldSection {
	var out []fieldSection
	for i, g := range reviewed() {
		s := fieldSection{ID: fmt.Sprintf("part-%d", i+1), Title: g.title}
		for _, spec := range g.specs {
			s.Fields = append(s.Fields, v.field(spec))
		}
		out = append(out, s)
	}
	return out
}

func (v *reviewing) field(spec fieldSpec) reviewField {
	out := reviewField{Field: spec.field, Label: spec.label}
	all := v.facts[spec.field]
	var now store.FactView
	if len(all) > 0 {
		now = all[0]
		out.Confirmed = now.ConfirmedBy
		out.Open = now.ConfirmedBy == "" && (now.Value != "" || len(now.Values) > 0)
		out.Chips = chips(spec, all)
	}
	out.Controls = v.controls(spec, now)
	return out
}

// controls makes the inputs of a field, with where its value was read.
func (v *reviewing) controls(spec fieldSpec, now store.FactView) []Control {
	name := string(spec.field)
	explain := func(x Field) Field {
		x.Hint = spec.hint
		if now.ID != 0 {
			x.Read, x.Tag = v.readWords(now), doubt(now)
			x.Marked = v.spots[spec.field]
		}
		return x
	}
	switch spec.kind {
	case "lines", "needs":
		t := v.form.Textarea(name, spec.label, now.Value, 0)
		t.Field, t.Rows = explain(t.Field), 3
		if spec.kind == "lines" {
			t.Rows = 4
			return []Control{{Textarea: &t}}
		}
		c := v.form.Choices(name+"-codes", "Letters and calls must fit these", needOptions(), now.Values...)
		c.Small = true
		return []Control{{Textarea: &t}, {Checkboxes: &c}}
	case "date":
		d, _ := workflow.ParseDate(now.Value) // what is no date shows as empty, and as a chip
		c := v.form.DateInput(name, spec.label, d)
		c.Field = explain(c.Field)
		return []Control{{Date: &c}}
	case "select":
		c := v.form.Choices(name, spec.label, withValue(spec.options, now.Value), now.Value)
		c.Field = explain(c.Field)
		return []Control{{Select: &c}}
	case "boxes":
		c := v.form.Choices(name, spec.label, spec.options, now.Values...)
		c.Field, c.Small = explain(c.Field), true
		return []Control{{Checkboxes: &c}}
	}
	value := now.Value
	if spec.field == workflow.FieldNHS {
		value = nhsWords(value)
	}
	i := v.form.Input(name, spec.label, value)
	i.Field, i.Width = explain(i.Field), spec.width
	return []Control{{Input: &i}}
}

// withValue offers also a value that is none of ours, so that it is seen.
func withValue(options []Option, value string) []Option {
	if mentioned(options, value) {
		return options
	}
	return append(slices.Clone(options), Option{Value: value, Text: value})
}

// chips offer what else was read of a field.
func chips(spec fieldSpec, all []store.FactView) []Button {
	if spec.kind == "boxes" || spec.kind == "needs" {
		return nil
	}
	var out []Button
	seen := map[string]bool{all[0].Value: true, "": true}
	for _, x := range all {
		values := []string{x.Value}
		for _, r := range x.Rivals {
			values = append(values, r.Value)
		}
		for _, value := range values {
			if !seen[value] && len(out) < 4 {
				seen[value] = true
				out = append(out, Button{Text: shown(spec, value), Name: "take", Value: string(spec.field) + "|" + value})
			}
		}
	}
	return out
}

func shown(spec fieldSpec, value string) string {
	for _, o := range spec.options {
		if o.Value == value {
			return o.Text
		}
	}
	switch {
	case spec.kind == "date":
		return isoDay(value)
	case spec.field == workflow.FieldNHS:
		return nhsWords(value)
	}
	return value
}

// readWords say where a value comes from and how sure the reader was.
func (v *reviewing) readWords(x store.FactView) string {
	if x.ConfirmedBy != "" {
		return "Confirmed by " + x.ConfirmedBy + ", " + shortDate(x.ConfirmedAt)
	}
	words := map[string]string{"label": "Read beside its label", "control": "Ticked on the form", "header": "From the head of the mail", "signature": "From the signature"}[x.Method]
	words = or(words, "Read in the text") + v.placeOf(x) + ". " + sureWords(x.Confidence)
	if x.Note != "" {
		words += ": " + x.Note
	}
	return words + "."
}

func (v *reviewing) placeOf(x store.FactView) string {
	where := ""
	for _, m := range v.mails {
		for _, d := range m.Documents {
			if m.ID == x.Message && d.Part == x.Part {
				where = " of " + d.Name
			}
		}
	}
	if x.Page > 0 {
		where += ", page " + strconv.Itoa(x.Page)
	}
	return where
}

func sureWords(c float64) string {
	switch {
	case c >= 0.9:
		return "Sure"
	case c >= 0.75:
		return "Quite sure"
	case c >= 0.5:
		return "Not sure"
	}
	return "A guess"
}

func doubt(x store.FactView) *Tag {
	if x.ConfirmedBy == "" && (x.Confidence < 0.75 || x.Note != "") {
		return &Tag{Text: "Check this", Colour: "yellow"}
	}
	return nil
}

func (v *reviewing) why() Textarea {
	t := v.form.Textarea("change-why", "Reason for a change", "", 0)
	t.Rows, t.Hint = 2, "Only when you change something that somebody confirmed before."
	return t
}

// also lists what was read of fields that the review does not ask about.
func (v *reviewing) also() []alsoRead {
	asked := map[workflow.Field]bool{}
	for _, g := range reviewed() {
		for _, s := range g.specs {
			asked[s.field] = true
		}
	}
	var out []alsoRead
	for name, all := range v.facts {
		x := all[0]
		if asked[name] || x.Value == "" && len(x.Values) == 0 {
			continue
		}
		one := alsoRead{Field: name, Label: fieldLabel(name), Value: strings.ReplaceAll(strings.TrimPrefix(x.Value+", "+strings.Join(x.Values, ", "), ", "), "_", " "),
			Read: v.readWords(x), Marked: v.spots[name]}
		one.Value = strings.TrimSuffix(one.Value, ", ")
		if slices.Contains([]workflow.Field{"do_not_tell", "safeguarding.cue", "consent.not_share"}, name) {
			one.Tag = &Tag{Text: "Mind this", Colour: "red"}
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b alsoRead) int {
		if (a.Tag == nil) != (b.Tag == nil) {
			if a.Tag != nil {
				return -1
			}
			return 1
		}
		return strings.Compare(string(a.Field), string(b.Field))
	})
	return out
}

// fieldLabel writes the name of a field in words.
func fieldLabel(name workflow.Field) string {
	for _, g := range reviewed() {
		for _, s := range g.specs {
			if s.field == name {
				return s.label
			}
		}
	}
	known := map[workflow.Field]string{"do_not_tell": "Do not tell", "safeguarding.cue": "A sign of harm", "consent.reported": "Consent, as the referrer says",
		"consent.by": "Who is said to have agreed", "capacity.reported": "Capacity, as the referrer says", "rag_suggested": "Rating, as the referrer suggests",
		"consent.share": "May be shared with, as the mail says", "consent.not_share": "Must not be shared with, as the mail says", "person.age": "Age, as stated",
		"person.ehcp": "Education, health and care plan", "referral.date": "Date on the referral"}
	if words, ok := known[name]; ok {
		return words
	}
	words := strings.ReplaceAll(strings.TrimPrefix(string(name), "person."), ".", "'s ")
	return sentence(strings.ReplaceAll(words, "_", " "))
}

// confirmFields takes what was confirmed, chosen from what else was read, or
// typed. Whatever was typed is saved with every button, so that nothing is lost.
func (a *App) confirmFields(w http.ResponseWriter, r *http.Request) error {
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
	by, _ := actorOf(r)
	count := 0
	_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		f.Errors = nil // a transaction may be tried twice
		fields := f.confirmed(x)
		count = len(fields)
		if !f.OK() {
			return workflow.Change{}, errTyped
		}
		if count == 0 {
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Words: "There was nothing to confirm: every value shown is confirmed already."}
		}
		return x.ConfirmFields(by, a.now(), fields)
	})
	if status, mine := f.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.casePage(w, r, status, x, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "Confirmed "+countWords(count, "field", "fields")+".")
	return seeOther(w, r, "/cases/"+r.PathValue("ref"))
}

// confirmed lists the fields that a posted review confirms.
func (f *Form) confirmed(x workflow.File) []workflow.FieldChange {
	button := f.Text("confirm")
	taken, value, _ := strings.Cut(f.Text("take"), "|")
	var out []workflow.FieldChange
	for _, g := range reviewed() {
		for _, spec := range g.specs {
			old := x.Facts[spec.field]
			c := f.typedOf(spec)
			if taken == string(spec.field) {
				c = workflow.FieldChange{Field: spec.field, Value: value}
			}
			if c.Value == "" && len(c.Values) == 0 {
				continue
			}
			changed := c.Value != old.Value || !slices.Equal(c.Values, old.Values) && (len(c.Values) > 0 || len(old.Values) > 0)
			if changed || !old.Confirmed && (button == "all" || button == string(spec.field)) {
				if changed {
					c.Why = f.Text("change-why")
				}
				out = append(out, c)
			}
		}
	}
	return out
}

// typedOf reads one field of a posted review.
func (f *Form) typedOf(spec fieldSpec) workflow.FieldChange {
	name := string(spec.field)
	c := workflow.FieldChange{Field: spec.field}
	switch spec.kind {
	case "date":
		c.Value = f.Date(name, spec.label).String()
	case "boxes":
		c.Values = f.Chosen(name)
	case "needs":
		c.Value, c.Values = f.Text(name), f.Chosen(name+"-codes")
	default:
		c.Value = f.Text(name)
	}
	if spec.field == workflow.FieldNHS {
		c.Value = strings.ReplaceAll(c.Value, " ", "")
	}
	return c
}
