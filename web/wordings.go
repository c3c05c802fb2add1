package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) wordingRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/settings/wordings", Title: "How letters are worded", May: staff(), Handler: a.showWordings},
		{Method: "GET", Pattern: "/settings/wordings/{name}", Title: "A wording", May: staff(), Handler: a.showWording},
		{Method: "POST", Pattern: "/settings/wordings/{name}", Title: "Change a wording", May: staff(), Handler: a.saveWording},
		{Method: "POST", Pattern: "/settings/wordings/{name}/approve", Title: "Approve a wording", May: staff(), Handler: a.approveWording},
		{Method: "POST", Pattern: "/settings/wordings/{name}/restore", Title: "Put an older wording in force", May: staff(), Handler: a.restoreWording},
	}
}

// desk is the office with the wordings that are in force now.
func (a *App) desk(ctx context.Context) (letters.Office, error) {
	stamp, err := a.store.WordingStamp(ctx)
	if err != nil {
		return letters.Office{}, err
	}
	book, err := a.shelf.Book(a.office.Book, stamp, func() (map[string]string, error) { return a.store.WordingsInForce(ctx) })
	if err != nil {
		return letters.Office{}, err
	}
	return letters.Office{Book: book, From: a.office.From}, nil
}

// wordingName is a leaf's name in an address, and back.
func wordingName(leaf string) string {
	return strings.Replace(strings.TrimSuffix(leaf, ".txt"), "blocks/", "part-", 1)
}

func leafName(address string) string {
	if part, ok := strings.CutPrefix(address, "part-"); ok {
		return "blocks/" + part + ".txt"
	}
	return address + ".txt"
}

// leafWords names a wording on pages.
func leafWords(l letters.Leaf) string {
	if l.IsBlock() {
		base, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(l.Name, ".txt"), "blocks/"), ".")
		names := map[string]string{"crisis": "Crisis box", "choice": "How to change your mind", "complaint": "Complaint", "privacy": "Privacy", "format": "Another form or language",
			"reach": "How to reach us", "details": "From, date and reference", "foot": "The end of a letter", "care": "Social care numbers"}
		return or(names[base], sentence(base))
	}
	words := sentence(l.Kind.Words())
	switch l.Content {
	case workflow.Notice:
		return "“We have written to you”"
	case workflow.Thanks:
		return "“Thank you, we cannot tell you more”"
	case workflow.OutcomeOnly:
		return words + ", the outcome only"
	}
	return words
}

// wordingsPage lists what letters say.
type wordingsPage struct {
	Layout
	Letters, Parts Table
}

func (a *App) showWordings(w http.ResponseWriter, r *http.Request) error {
	desk, err := a.desk(r.Context())
	if err != nil {
		return err
	}
	latest, err := a.store.LatestWordings(r.Context())
	if err != nil {
		return err
	}
	columns := []Column{{Text: "What"}, {Text: "Form"}, {Text: "State"}, {Text: "Version"}}
	p := &wordingsPage{Layout: Layout{Title: "How letters are worded", Back: &Link{"Back to letters", "/letters"}},
		Letters: Table{Caption: "Letters", ShowTitle: true, Stacked: true, Columns: columns},
		Parts:   Table{Caption: "Parts that several letters share", ShowTitle: true, Stacked: true, Columns: columns}}
	for _, l := range desk.Book.Leaves() {
		row := wordingRow(l, latest)
		if l.IsBlock() {
			p.Parts.Rows = append(p.Parts.Rows, row)
		} else {
			p.Letters.Rows = append(p.Letters.Rows, row)
		}
	}
	return a.page(w, r, http.StatusOK, "wordings", p)
}

func wordingRow(l letters.Leaf, latest []store.WordingRow) Row {
	tag, version := wordingTag(l, nil), fmt.Sprint(l.Version)
	if l.IsBlock() {
		version = "as it came"
	}
	for _, x := range latest {
		if x.File == l.Name {
			tag, version = wordingTag(l, &x), fmt.Sprint(x.Version)
		}
	}
	kind := string(l.Kind)
	if kind == "any" || l.IsBlock() {
		kind = ""
	}
	return Row{Cells: []Cell{{Head: true, Text: leafWords(l), Sub: kind, Href: "/settings/wordings/" + wordingName(l.Name)}, {Text: sentence(string(l.Variant))}, {Tags: []Tag{tag}}, {Text: version}}}
}

func wordingTag(l letters.Leaf, latest *store.WordingRow) Tag {
	switch {
	case latest != nil && latest.ApprovedBy == 0:
		return Tag{Text: "A change waits", Colour: "yellow"}
	case l.Draft:
		return Tag{Text: "Draft: not used yet", Colour: "orange"}
	}
	return Tag{Text: "In force", Colour: "green"}
}

// wordingView is one wording as its page needs it.
type wordingView struct {
	leaf   letters.Leaf
	book   *letters.Book // in force
	rows   []store.WordingRow
	source string // the latest: a change that waits, else what is in force
}

func (a *App) wordingAt(r *http.Request) (wordingView, error) {
	desk, err := a.desk(r.Context())
	if err != nil {
		return wordingView{}, err
	}
	v := wordingView{book: desk.Book}
	if v.leaf, err = desk.Book.Leaf(leafName(r.PathValue("name"))); err != nil {
		return v, err
	}
	v.source = desk.Book.Source(v.leaf.Name)
	if v.rows, err = a.store.Wordings(r.Context(), v.leaf.Name); err != nil {
		return v, err
	}
	if len(v.rows) > 0 {
		v.source = v.rows[0].Source
	}
	return v, nil
}

// next is the number of a new version.
func (v wordingView) next() int {
	n := v.leaf.Version
	if len(v.rows) > 0 {
		n = max(n, v.rows[0].Version)
	}
	return n + 1
}

// waiting is what somebody may approve: a change of the team, or what came as a
// draft with the program.
func (v wordingView) waiting() (workflow.Wording, bool) {
	easy := v.leaf.Variant == letters.EasyRead
	if len(v.rows) > 0 {
		w := v.rows[0].Wording
		w.EasyRead = easy
		return w, w.ApprovedBy == 0
	}
	return workflow.Wording{File: v.leaf.Name, Version: max(v.leaf.Version, 1), Source: v.source, Note: "as it came", AsShipped: true, EasyRead: easy}, v.leaf.Draft
}

// wordingPage shows a wording in its sample cases, and lets people change it.
type wordingPage struct {
	Layout
	Address  string
	Form     string
	Tag      Tag
	Subject  *Input
	Words    Textarea
	Note     Input
	Next     int
	Stops    []Line
	Warnings []Line
	Shown    []shownCase
	Approve  *approveForm
	Versions Table
	Restore  *Choices
	Why      Input
}

type shownCase struct {
	Name, Subject, Text, Grade string
	Open                       bool
}

// approveForm asks what an approval needs; Refused is why this reader cannot give it.
type approveForm struct {
	Words   string
	Refused string
	ReadBy  *Input
	ReadOn  *DateInput
	Version int
}

func (a *App) showWording(w http.ResponseWriter, r *http.Request) error {
	v, err := a.wordingAt(r)
	if err != nil {
		return err
	}
	return a.wordingPage(w, r, http.StatusOK, v, v.source, &Form{})
}

func (a *App) wordingPage(w http.ResponseWriter, r *http.Request, status int, v wordingView, source string, f *Form) error {
	by, _ := actorOf(r)
	subject, words := letters.Cut(source)
	p := &wordingPage{Layout: Layout{Title: leafWords(v.leaf), Caption: "How letters are worded", Back: &Link{"Back to all wordings", "/settings/wordings"}, Errors: f.Errors},
		Address: "/settings/wordings/" + wordingName(v.leaf.Name), Form: string(v.leaf.Variant), Next: v.next(), Tag: wordingTag(v.leaf, nil),
		Words: f.Textarea("words", "The words", words, 0), Note: f.Input("note", "What you changed, and why", "")}
	if len(v.rows) > 0 {
		p.Tag = wordingTag(v.leaf, &v.rows[0])
	}
	p.Words.Rows, p.Words.Hint = 26, "What stands in double curly brackets is filled from the record. An empty line begins a new paragraph."
	if !v.leaf.IsBlock() {
		s := f.Input("subject", "Subject of the email", subject)
		s.Hint = "Never a name, a number or an illness: others see it."
		p.Subject = &s
	}
	p.try(v, source, a.now())
	p.offerApproval(v, by, f)
	p.versions(v, f)
	return a.page(w, r, status, "wording", p)
}

func (p *wordingPage) offerApproval(v wordingView, by workflow.Actor, f *Form) {
	waiting, ok := v.waiting()
	if !ok {
		return
	}
	form := approveForm{Words: fmt.Sprintf("Version %d waits for approval. Letters use it once somebody has approved it.", waiting.Version), Version: waiting.Version}
	if waiting.EasyRead {
		by := f.Input("read_by", "Who read it", "")
		by.Hint = "People with a learning disability, or their group, who said that it is easy to read."
		on := f.DateInput("read_on", "When they read it", workflow.Date{})
		form.ReadBy, form.ReadOn = &by, &on
	}
	trial := waiting
	trial.EasyRead = false
	if _, err := workflow.ApproveWording(by, waiting.MadeAt, trial, "", workflow.Date{}); err != nil {
		form.Refused = err.Error()
	} else if len(p.Stops) > 0 {
		form.Refused = "Something in these words must be mended first: see below."
	}
	p.Approve = &form
}

func (p *wordingPage) versions(v wordingView, f *Form) {
	p.Versions = Table{Caption: "Versions", ShowTitle: true, Stacked: true, Empty: "The words are as they came with the program.",
		Columns: []Column{{Text: "Version"}, {Text: "Written"}, {Text: "Why"}, {Text: "Approved"}}}
	var old []Option
	for i, x := range v.rows {
		approved := Cell{Text: "Not yet"}
		if x.ApprovedBy != 0 {
			approved = Cell{Text: x.Approver, Sub: dateTime(x.ApprovedAt)}
			if x.ReadBy != "" {
				approved.Sub += ". Read by " + x.ReadBy + " on " + dayWords(x.ReadOn)
			}
			if i > 0 {
				old = append(old, Option{Value: fmt.Sprint(x.Version), Text: fmt.Sprintf("Version %d", x.Version), Hint: x.Note})
			}
		}
		p.Versions.Rows = append(p.Versions.Rows, Row{Cells: []Cell{{Head: true, Text: fmt.Sprint(x.Version)}, {Text: x.Maker, Sub: dateTime(x.MadeAt)}, {Text: x.Note}, approved}})
	}
	if len(old) > 0 {
		c := f.Choices("restore", "Which version comes back", old)
		p.Restore, p.Why = &c, f.Input("why", "Why the older words are better", "")
	}
}

// saveWording shows what was typed in the sample cases, or keeps it as a version
// that waits for approval.
func (a *App) saveWording(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v, err := a.wordingAt(r)
	if err != nil {
		return err
	}
	source := letters.Recast(v.book.Source(v.leaf.Name), f.Text("subject"), f.Text("words"), v.next())
	if f.Text("do") == "show" {
		return a.wordingPage(w, r, http.StatusOK, v, source, f)
	}
	if next, err := f.Number("next"); err != nil || int(next) != v.next() {
		f.Wrong("", "Somebody else changed this wording meanwhile. Yours stands below; theirs is among the versions.")
		return a.wordingPage(w, r, http.StatusConflict, v, source, f)
	}
	by, _ := actorOf(r)
	x, err := workflow.WriteWording(by, a.now(), workflow.Wording{File: v.leaf.Name, Version: v.next(), Source: source, Note: f.Text("note")})
	if err == nil {
		err = a.fits(v, source)
	}
	if err == nil {
		err = a.store.AddWording(r.Context(), x)
	}
	if status, mine := f.takes(err); mine {
		return a.wordingPage(w, r, status, v, source, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The change is kept. Letters use it once somebody else has approved it.")
	return seeOther(w, r, "/settings/wordings/"+wordingName(v.leaf.Name))
}

// fits refuses words that cannot be read as a letter, or that the checks stop.
func (a *App) fits(v wordingView, source string) error {
	shown, err := v.book.Try(v.leaf.Name, source, a.now())
	if err != nil {
		return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "words", Words: "These words cannot become a letter: " + err.Error()}
	}
	for _, s := range shown {
		for _, x := range s.Found {
			if x.Stop {
				return &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "words", Words: s.Case + ", " + x.Where + ": " + x.Why}
			}
		}
	}
	return nil
}

func (a *App) approveWording(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v, err := a.wordingAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	waiting, ok := v.waiting()
	switch seen, number := f.Number("version"); {
	case !ok || number != nil || int(seen) != waiting.Version:
		err = &workflow.Refusal{Kind: workflow.ErrConflict, Words: "This wording was changed or approved meanwhile: look at it again."}
	default:
		readOn := f.Date("read_on", "When they read it")
		waiting, err = workflow.ApproveWording(by, a.now(), waiting, f.Text("read_by"), readOn)
	}
	if err == nil {
		err = a.fits(v, waiting.Source)
	}
	if err == nil && waiting.AsShipped {
		err = a.store.AddWording(r.Context(), waiting)
	} else if err == nil {
		err = a.store.PutWordingInForce(r.Context(), waiting)
	}
	if status, mine := f.takes(err); mine {
		return a.wordingPage(w, r, status, v, v.source, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The wording is in force.")
	return seeOther(w, r, "/settings/wordings/"+wordingName(v.leaf.Name))
}

func (a *App) restoreWording(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	v, err := a.wordingAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	i := slices.IndexFunc(v.rows, func(x store.WordingRow) bool { return fmt.Sprint(x.Version) == f.Text("restore") })
	if i < 0 {
		err = &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "restore", Words: "Choose a version."}
	} else {
		var x workflow.Wording
		x, err = workflow.RestoreWording(by, a.now(), v.rows[i].Wording, f.Text("why"))
		x.Version = v.next()
		if err == nil {
			err = a.fits(v, x.Source)
		}
		if err == nil {
			err = a.store.AddWording(r.Context(), x)
		}
	}
	if status, mine := f.takes(err); mine {
		return a.wordingPage(w, r, status, v, v.source, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The older wording is in force again.")
	return seeOther(w, r, "/settings/wordings/"+wordingName(v.leaf.Name))
}
