package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) registerRoutes() []Route {
	see := append(staff(), workflow.Chair)
	routes := []Route{
		{Method: "GET", Pattern: "/register", Title: "The register", May: see, Handler: a.showRegister},
		{Method: "GET", Pattern: "/cases/{ref}/register", Title: "A person on the register", May: see, Handler: a.showOnRegister},
	}
	return append(routes, a.deedRoutes(slices.Concat(ratingDeeds(), careDeedsOnRegister(), removalDeeds(), transferDeeds())...)...)
}

// registerPage lists everybody on the register.
type registerPage struct {
	Layout
	Summary string
	Filter  Filter
	Table   Table
	Pages   Pagination
}

const registerSize = 50

func (a *App) showRegister(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	chair := workflow.ActorID(0)
	if !by.Has(staff()...) {
		chair = by.ID
	}
	all, err := a.store.Register(r.Context(), chair)
	if err != nil {
		return err
	}
	today, q := workflow.DateOf(a.now()), r.URL.Query()
	shown := slices.DeleteFunc(slices.Clone(all), func(x store.RegisterRow) bool {
		return len(q["rating"]) > 0 && !slices.Contains(q["rating"], string(x.Rating)) || q.Get("review") == "overdue" && !overdue(x, today)
	})
	pages := paginate(atoi(q.Get("page")), registerSize, len(shown), func(n int) string { return registerAddress(q, "page", fmt.Sprint(n)) })
	p := &registerPage{Layout: Layout{Title: "The register"}, Summary: registerWords(all, today), Filter: registerFilter(all, today, q), Pages: pages,
		Table: Table{Caption: "People on the register", Stacked: true, Empty: "Nobody on the register fits these filters.",
			Columns: []Column{{Text: "Person"}, {Text: "Rating"}, {Text: "Next review"}, {Text: "Lead professional"}, {Text: "Council"}, {Text: "Since"}}}}
	if len(all) == 0 {
		p.Table.Empty = "Nobody is on the register yet."
	}
	for _, x := range shown[min(max(pages.From-1, 0), len(shown)):pages.To] {
		p.Table.Rows = append(p.Table.Rows, registerRow(x, today))
	}
	return a.page(w, r, http.StatusOK, "register", p)
}

func overdue(x store.RegisterRow, today workflow.Date) bool {
	return x.NextReview.IsZero() || x.NextReview.Before(today)
}

func registerRow(x store.RegisterRow, today workflow.Date) Row {
	name := Cell{Head: true, Text: x.Name, Href: "/cases/" + x.Ref + "/register", Sub: x.Ref}
	if name.Text == "" {
		name.Text = "Name not known"
	}
	review := Cell{Text: shortDate(x.NextReview.At(12, 0))}
	if overdue(x, today) {
		review.Late, review.Sub = true, "overdue"
		if x.NextReview.IsZero() {
			review.Text, review.Sub = "No date is set", ""
		}
	}
	lead := Cell{Text: x.Lead}
	if lead.Text == "" && x.LeadNamed != "" {
		lead.Text, lead.Sub = "To be named", "by "+strings.TrimPrefix(x.LeadNamed, "by ")
	} else if lead.Text == "" {
		lead.Text, lead.Late = "Nobody is named", true
	}
	rating := Cell{Tags: []Tag{ratingTag(x.Rating)}, Sub: ratingMeans(x.Rating)}
	if x.State != workflow.OnRegister {
		rating.Tags = append(rating.Tags, stateTag(x.State))
	}
	for _, flag := range x.Flags {
		rating.Tags = append(rating.Tags, flagTag(flag))
	}
	council := Cell{Text: x.Council}
	if council.Text == "" {
		council.Text = "Not confirmed"
	}
	return Row{Cells: []Cell{name, rating, review, lead, council, {Text: dayWords(x.OnRegister)}}}
}

// ratingMeans is what stands behind the colour's name.
func ratingMeans(r workflow.Rating) string {
	_, means, _ := strings.Cut(r.Words(), ": ")
	return sentence(means)
}

// registerWords is the count of ratings in a sentence.
func registerWords(all []store.RegisterRow, today workflow.Date) string {
	if len(all) == 0 {
		return ""
	}
	var parts []string
	for _, r := range append(workflow.Ratings(), workflow.Unrated) {
		n := 0
		for _, x := range all {
			if x.Rating == r {
				n++
			}
		}
		if n > 0 {
			words := string(r)
			if r == workflow.Unrated {
				words = "not rated"
			}
			parts = append(parts, fmt.Sprintf("%d %s", n, words))
		}
	}
	late := 0
	for _, x := range all {
		if overdue(x, today) {
			late++
		}
	}
	reviews := "No review is overdue."
	if late > 0 {
		reviews = countWords(late, "review is overdue.", "reviews are overdue.")
	}
	return countWords(len(all), "person", "people") + ": " + strings.Join(parts, ", ") + ". " + reviews
}

func registerFilter(all []store.RegisterRow, today workflow.Date, q url.Values) Filter {
	f := Filter{Action: "/register", Clear: "/register"}
	ratings := Choices{Field: Field{Name: "rating", Label: "Rating"}, Small: true}
	for _, r := range workflow.Ratings() {
		n := 0
		for _, x := range all {
			if x.Rating == r {
				n++
			}
		}
		chosen := slices.Contains(q["rating"], string(r))
		ratings.Options = append(ratings.Options, Option{Value: string(r), Text: fmt.Sprintf("%s (%d)", sentence(string(r)), n), Checked: chosen})
		if chosen {
			f.Chosen = append(f.Chosen, Link{sentence(string(r)), registerAddress(q, "rating", string(r))})
		}
	}
	late := 0
	for _, x := range all {
		if overdue(x, today) {
			late++
		}
	}
	chosen := q.Get("review") == "overdue"
	if chosen {
		f.Chosen = append(f.Chosen, Link{"Review overdue", registerAddress(q, "review", "overdue")})
	}
	f.Groups = []Choices{ratings, {Field: Field{Name: "review", Label: "Review"}, Small: true,
		Options: []Option{{Value: "overdue", Text: fmt.Sprintf("Overdue (%d)", late), Checked: chosen}}}}
	return f
}

// registerAddress is the list's address with one filter taken away, or with
// another page.
func registerAddress(q url.Values, name, value string) string {
	out := url.Values{}
	for key, values := range q {
		for _, v := range values {
			if (key == "rating" || key == "review") && (key != name || v != value) {
				out.Add(key, v)
			}
		}
	}
	if name == "page" {
		out.Set("page", value)
	}
	if len(out) == 0 {
		return "/register"
	}
	return "/register?" + out.Encode()
}

// onRegisterPage is the register's tab of a case.
type onRegisterPage struct {
	Layout
	Head     caseHead
	Lines    []Line
	Buttons  []Button
	Later    []Line
	Removal  *removalView
	Plan     Table
	Shares   Table
	Ratings  Table
	Reviews  []Happening
	NotThere string // why there is nothing to see yet
}

func (a *App) showOnRegister(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	names, err := a.names(r.Context())
	if err != nil {
		return err
	}
	notes, err := a.store.CaseNotes(r.Context(), x.Case.ID, workflow.Review, workflow.KeepOnRegister, workflow.BeginTransfer, workflow.Ratify)
	if err != nil {
		return err
	}
	today := workflow.DateOf(a.now())
	p := &onRegisterPage{Layout: Layout{Title: "Register", Ref: x.Case.Ref, Back: &Link{"Back to the register", "/register"}},
		Head: headOf(x, by, today, "/register"), Ratings: ratingTable(x, names)}
	if x.Case.OnRegister.IsZero() {
		p.NotThere = "This person is not on the register. A panel decides about that, and the letters that say so must be approved first."
	} else {
		p.Lines = registerLines(x, today)
	}
	p.Plan, p.Shares = planTable(x, today), shareTable(x, names)
	p.Buttons, p.Later = offerDeeds(x, by, a.now(), slices.Concat(ratingDeeds(), careDeedsOnRegister(), removalDeeds(), transferDeeds())...)
	if x.Removal != nil {
		p.Removal = a.removalView(x, by, names)
	}
	for _, n := range notes {
		p.Reviews = append(p.Reviews, Happening{Title: sentence(string(n.Action)), By: n.By, At: n.At, Text: n.Words})
	}
	return a.page(w, r, http.StatusOK, "case-register", p)
}

func registerLines(x workflow.File, today workflow.Date) []Line {
	review := Line{Key: "Next review", Value: dayWords(x.Case.NextReview), Missing: x.Case.NextReview.IsZero()}
	if !review.Missing && x.Case.NextReview.Before(today) && x.Case.State.IsOpen() {
		review.Tags = []Tag{{Text: "Overdue", Colour: "red"}}
	}
	lead := Line{Key: "Lead professional", Value: partyByID(x, x.Case.Lead)}
	if lead.Value == "" {
		lead.Value, lead.Missing = x.Case.LeadNamed, x.Case.LeadNamed == ""
		lead.Note = "Who names one; nobody is named yet"
	}
	lines := []Line{
		{Key: "On the register since", Value: dayWords(x.Case.OnRegister)},
		{Key: "Rating", Tags: []Tag{ratingTag(x.Rating())}, Note: ratingMeans(x.Rating())},
		review, lead,
		{Key: "Care, education and treatment review", Value: or(stepWords(string(x.CETR.State), "", x.CETR.On), "Nothing recorded"), Missing: x.CETR.State == "" && x.Rating() == workflow.Red},
		{Key: "Keyworker", Value: or(stepWords(string(x.Keyworker.State), x.Keyworker.Name, x.Keyworker.On), "Nothing recorded"), Missing: x.Keyworker.State == "" && x.Rating() != workflow.Green},
	}
	return append(lines, responsibleLines(x, today)...)
}

// stepWords is how far something has come, "" for nowhere.
func stepWords(state, name string, on workflow.Date) string {
	if state == "" {
		return ""
	}
	if name != "" {
		state += ": " + name
	}
	return sentence(state) + ", " + dayWords(on)
}

func ratingTable(x workflow.File, names map[workflow.ActorID]string) Table {
	t := Table{Caption: "Rating history", ShowTitle: true, Stacked: true, Empty: "No rating has been set.",
		Columns: []Column{{Text: "Rating"}, {Text: "Why"}, {Text: "Set by"}, {Text: "On"}}}
	for _, one := range slices.Backward(x.Ratings) {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Tags: []Tag{ratingTag(one.Rating)}}, {Text: one.Reason}, {Text: names[one.By]}, {Text: dateTime(one.At)}}})
	}
	return t
}

// ratingOptions are the ratings in the words that the public is told; none is
// ever chosen before somebody chooses it.
func ratingOptions() []Option {
	var out []Option
	for _, r := range workflow.Ratings() {
		out = append(out, Option{Value: string(r), Text: sentence(string(r)), Hint: ratingMeans(r)})
	}
	return out
}

// ratingDeeds are the rating, the review and the full panel's word.
func ratingDeeds() []deed {
	return []deed{
		{path: "/register/review", title: "Record a review", button: "Record the review", may: []workflow.Role{workflow.Practitioner}, action: workflow.Review,
			back: "/register", said: "The review is recorded and the next one is set.",
			fields: func(f *Form, x workflow.File) []Control {
				told := f.Choices("tell", "Letter", []Option{{Value: "yes", Text: "Write to them about this review", Hint: "A changed rating is always told."}})
				return []Control{
					textarea(f.Textarea("words", "What the review found", "", 4000), ""),
					radios(f.Choices("rating", "Rating from now on", ratingOptions()), "Until now: "+strings.ToLower(x.Rating().Words())+". Choose the same again if it stays."),
					textarea(f.Textarea("reason", "Why the rating changed", "", 1000), "Only if it changed. The letter about it uses these words."),
					{Checkboxes: &Choices{Field: f.field("meeting", "Who met"), Options: f.Choices("meeting", "", []Option{{Value: "yes", Text: "It was a meeting of those involved", Hint: "Without one, a rating can go up but not down."}}).Options}},
					dateField(f.DateInput("next", "Next review", workflow.Date{}), "Leave empty to take the usual time for this rating. It can be sooner, not later."),
					{Checkboxes: &told},
				}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Review(by, a.now(), workflow.Reviewed{Words: f.Text("words"), Rating: workflow.Rating(f.Text("rating")), Why: f.Text("reason"),
					Meeting: f.Text("meeting") == "yes", Next: f.Date("next", "Next review"), TellThem: f.Text("tell") == "yes"})
			}},
		{path: "/register/rating", title: "Change the rating", button: "Change the rating", may: []workflow.Role{workflow.Practitioner, workflow.Chair}, action: workflow.Rate,
			back: "/register", said: "The rating is changed and the next review is set.",
			words: []string{"A practitioner can raise a rating at once. A review meeting, or the chair of the panel, can lower it."},
			fields: func(f *Form, x workflow.File) []Control {
				return []Control{radios(f.Choices("rating", "New rating", ratingOptions()), "Until now: "+strings.ToLower(x.Rating().Words())+"."),
					textarea(f.Textarea("reason", "Why", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Rate(by, a.now(), workflow.Rating(f.Text("rating")), f.Text("reason"))
			}},
		{path: "/register/cetr", title: "Record a care, education and treatment review", button: "Record it", may: rolesOf(workflow.RecordCETR), action: workflow.RecordCETR,
			back: "/register", said: "Recorded.",
			words: []string{"For children and young people, and adults with an education, health and care plan, a C(E)TR; for other adults a CTR. It must take place when the rating is red. The person may say no."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{radios(f.Choices("cetr", "How far it has come", optionsOf(workflow.CETRStates())), ""),
					dateField(f.DateInput("on", "Day", workflow.Date{}), "For example, 23 11 2026"), textarea(f.Textarea("words", "Who was asked, who chairs, what it recommends", "", 2000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.RecordCETR(by, a.now(), workflow.CETRStep{State: workflow.CETRState(f.Text("cetr")), On: f.Date("on", "Day"), Words: f.Text("words")})
			}},
		{path: "/register/keyworker", title: "Record a keyworker", button: "Record it", may: rolesOf(workflow.RecordKeyworker), action: workflow.RecordKeyworker,
			back: "/register", said: "Recorded.", words: []string{"Keyworkers are for people up to 25 who are rated red, amber or blue."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{radios(f.Choices("keyworker", "How far it has come", optionsOf(workflow.KeyworkerStates())), ""), input(f.Input("name", "Name of the keyworker", ""), "Once one is allocated."),
					dateField(f.DateInput("on", "Day", workflow.Date{}), "For example, 23 11 2026"), textarea(f.Textarea("words", "Notes, or why not", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.RecordKeyworker(by, a.now(), workflow.KeyworkerStep{State: workflow.KeyworkerState(f.Text("keyworker")), Name: f.Text("name"), On: f.Date("on", "Day"), Words: f.Text("words")})
			}},
		{path: "/register/ratify", title: "Record that a full panel ratified this", button: "Record it", may: []workflow.Role{workflow.Chair}, action: workflow.Ratify,
			back: "/register", said: "The inclusion is ratified.",
			words: []string{"This person was included at once. A full panel with an expert by experience looks at it afterwards."},
			fields: func(f *Form, _ workflow.File) []Control {
				return []Control{textarea(f.Textarea("note", "Which panel ratified it, and what it said", "", 1000), "")}
			},
			do: func(f *Form, x workflow.File, by workflow.Actor, a *App) (workflow.Change, error) {
				return x.Ratify(by, a.now(), f.Text("note"))
			}},
	}
}
