package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) letterRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/letters", Title: "Letters", May: staff(), Handler: a.showLetters},
		{Method: "GET", Pattern: "/cases/{ref}/letters", Title: "Letters of a case", May: staff(), Handler: a.showCaseLetters},
		{Method: "POST", Pattern: "/cases/{ref}/letters", Title: "Start a letter", May: caseworkers(), Handler: a.draftLetter},
		{Method: "GET", Pattern: "/letters/{id}", Title: "A letter", May: staff(), Handler: a.showLetter},
		{Method: "GET", Pattern: "/letters/{id}/html", Title: "A letter as it looks", May: staff(), Handler: a.showLetterHTML},
		{Method: "GET", Pattern: "/letters/{id}/message.eml", Title: "A letter's bytes", May: staff(), Handler: a.downloadLetter},
		{Method: "GET", Pattern: "/letters/{id}/letter.pdf", Title: "A letter to print", May: staff(), Handler: a.showLetterPDF},
		{Method: "POST", Pattern: "/letters/{id}/write", Title: "Write in a letter", May: caseworkers(), Handler: a.writeLetter},
		{Method: "POST", Pattern: "/letters/{id}/posted", Title: "Say that a letter was posted", May: caseworkers(), Handler: a.postLetter},
		{Method: "POST", Pattern: "/letters/{id}/again", Title: "Make a letter again", May: caseworkers(), Handler: a.makeLetterAgain},
		{Method: "POST", Pattern: "/letters/{id}/submit", Title: "Submit a letter for approval", May: caseworkers(), Handler: a.submitLetter},
		{Method: "POST", Pattern: "/letters/{id}/approve", Title: "Approve a letter", May: staff(), Handler: a.approveLetter},
		{Method: "POST", Pattern: "/letters/{id}/send-back", Title: "Send a letter back", May: staff(), Handler: a.sendBackLetter},
		{Method: "POST", Pattern: "/letters/{id}/stop", Title: "Stop a letter", May: staff(), Handler: a.stopLetter},
		{Method: "POST", Pattern: "/letters/{id}/contact", Title: "Record a call about a letter", May: caseworkers(), Handler: a.contactAboutLetter},
		{Method: "POST", Pattern: "/letters/{id}/resolve", Title: "Say what became of a letter", May: staff(), Handler: a.resolveLetter},
	}
}

// lettersPage lists letters by what has to be done with them.
type lettersPage struct {
	Layout
	Tabs  Tabs
	Table Table
}

// letterTab is one list of letters.
type letterTab struct {
	name, text, empty string
	alarm             bool
	states            []workflow.LetterState
}

func letterTabs() []letterTab {
	return []letterTab{
		{name: "draft", text: "To draft", empty: "No letter waits to be drafted.", states: []workflow.LetterState{workflow.LetterDueNow}},
		{name: "approve", text: "To approve", empty: "No letter waits for approval.", states: []workflow.LetterState{workflow.LetterSubmitted}},
		{name: "leaving", text: "Leaving", empty: "No letter is on its way out.", states: []workflow.LetterState{workflow.LetterQueued, workflow.LetterSending, workflow.LetterRetry}},
		{name: "problems", text: "Letter problems", empty: "No letter has a problem.", alarm: true, states: []workflow.LetterState{workflow.LetterFailed, workflow.LetterUnknown, workflow.LetterReturned}},
		{name: "sent", text: "Sent recently", empty: "No letter was sent in the last two weeks."},
	}
}

const recently = 14 * 24 * time.Hour

func (a *App) showLetters(w http.ResponseWriter, r *http.Request) error {
	counts, err := a.store.LetterCounts(r.Context())
	if err != nil {
		return err
	}
	p := &lettersPage{Layout: Layout{Title: "Letters"}, Tabs: Tabs{Label: "Letters"}}
	current := letterTabs()[0]
	for _, t := range letterTabs() {
		if t.name == r.URL.Query().Get("tab") {
			current = t
		}
	}
	for _, t := range letterTabs() {
		tab := Tab{Text: t.text, Href: "/letters?tab=" + t.name, Counted: len(t.states) > 0, Alarm: t.alarm, Current: t.name == current.name}
		for _, state := range t.states {
			tab.Count += counts[state]
		}
		p.Tabs.Items = append(p.Tabs.Items, tab)
	}
	list, err := a.lettersOfTab(r.Context(), current)
	if err != nil {
		return err
	}
	if why := a.sending(); why != "" {
		p.Layout.Alerts = append(p.Layout.Alerts, Alert{Kind: "warning", Title: "No letter leaves at the moment", Text: sentence(why) + "."})
	}
	p.Table = a.letterTable(current.text, current.empty, true, list)
	return a.page(w, r, http.StatusOK, "letters", p)
}

func (a *App) lettersOfTab(ctx context.Context, t letterTab) ([]store.Letter, error) {
	if len(t.states) == 0 {
		return a.store.LettersSent(ctx, a.now().Add(-recently))
	}
	return a.store.LettersIn(ctx, t.states...)
}

func (a *App) letterTable(caption, empty string, withCase bool, list []store.Letter) Table {
	t := Table{Caption: caption, Stacked: true, Empty: empty, Columns: []Column{{Text: "Letter"}, {Text: "To"}, {Text: "State"}, {Text: "When"}}}
	if withCase {
		t.Columns = append(t.Columns, Column{Text: "Case"})
	}
	for _, l := range list {
		tag, words := letterState(l, a.now())
		row := Row{Cells: []Cell{{Head: true, Text: sentence(l.Kind.Words()), Href: fmt.Sprintf("/letters/%d", l.ID)},
			{Text: recipientOf(l)}, {Tags: []Tag{tag}, Sub: words}, {Text: dateTime(letterTime(l))}}}
		if withCase {
			c := Cell{Text: "No case"}
			if l.Ref != "" {
				c = Cell{Text: l.Ref, Href: "/cases/" + l.Ref + "/letters"}
			}
			row.Cells = append(row.Cells, c)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// recipientOf is to whom a letter goes: a party by role and name; a fixed reply
// goes to an address.
func recipientOf(l store.Letter) string {
	if l.Party == 0 {
		return l.Address
	}
	return partyWords(workflow.Party{Name: l.PartyName, Role: l.Role})
}

// letterTime is when a letter left or, before that, since when it is due.
func letterTime(l store.Letter) time.Time {
	if !l.SentAt.IsZero() {
		return l.SentAt
	}
	return l.DueAt
}

// letterState is a letter's state as a tag and in words: what it means, and what
// was said about it last, by the mail host or by whoever settled it.
func letterState(l store.Letter, now time.Time) (Tag, string) {
	tag, words := stateOf(l, now)
	if l.Outcome != "" && l.State != workflow.LetterDueNow && l.State != workflow.LetterSubmitted {
		words += " " + strings.TrimSuffix(sentence(l.Outcome), ".") + "."
	}
	return tag, words
}

// stateOf says what a state means. That a mail host took a letter does not mean
// that anybody has it.
func stateOf(l store.Letter, now time.Time) (Tag, string) {
	switch l.State {
	case workflow.LetterDueNow:
		if l.Kind.IsAutomatic() {
			return Tag{Text: "Due", Colour: "blue"}, "The service sends it by itself."
		}
		return Tag{Text: "To draft", Colour: "blue"}, "Read it and submit it for approval."
	case workflow.LetterSubmitted:
		return Tag{Text: "To approve", Colour: "yellow"}, "It waits for somebody to approve it."
	case workflow.LetterQueued:
		if l.Way == workflow.ByPost {
			return Tag{Text: "To post", Colour: "yellow"}, "It is approved. Print it, post it and say so."
		}
		return Tag{Text: "Approved", Colour: "teal"}, "Leaves " + atTime(l.NotBefore, now) + ". You can stop it until then."
	case workflow.LetterSending:
		return Tag{Text: "Leaving now", Colour: "teal"}, "It is being handed to the mail host."
	case workflow.LetterRetry:
		return Tag{Text: "Tried again soon", Colour: "yellow"}, "The mail host did not take it yet."
	case workflow.LetterAccepted:
		return Tag{Text: "Sent", Colour: "green"}, "Accepted by the mail host."
	case workflow.LetterFailed:
		return Tag{Text: "Not sent", Colour: "red"}, "The mail host refused it."
	case workflow.LetterUnknown:
		return Tag{Text: "Not known", Colour: "red"}, "It may or may not have left. Somebody must find out."
	case workflow.LetterReturned:
		return Tag{Text: "Came back", Colour: "red"}, "It left and did not arrive."
	case workflow.LetterPosted:
		return Tag{Text: "Posted", Colour: "green"}, "Printed and posted."
	}
	if l.Attempts > 0 {
		return Tag{Text: "Given up"}, "Somebody reaches them in another way."
	}
	return Tag{Text: "Stopped"}, "It did not leave."
}

// atTime is "at 2:05pm" today and "on Tuesday 24 November 2026 at 9:00am" on
// another day.
func atTime(t, now time.Time) string {
	if workflow.DateOf(t) == workflow.DateOf(now) {
		return "at " + clockWords(t)
	}
	return "on " + longDate(t) + " at " + clockWords(t)
}

// caseLettersPage is the letters' tab of a case.
type caseLettersPage struct {
	Layout
	Head       caseHead
	Table      Table
	Told       Table
	Recipients Table
	Kind, To   *Choices
	Message    Textarea
	Version    workflow.Version
}

func (a *App) showCaseLetters(w http.ResponseWriter, r *http.Request) error {
	x, err := a.openCaseAt(r)
	if err != nil {
		return err
	}
	return a.caseLettersPage(w, r, http.StatusOK, x, &Form{})
}

func (a *App) caseLettersPage(w http.ResponseWriter, r *http.Request, status int, x workflow.File, f *Form) error {
	list, err := a.store.LettersOf(r.Context(), x.Case.ID)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	p := &caseLettersPage{Layout: Layout{Title: "Letters", Ref: x.Case.Ref, Back: a.backToList(r), Errors: f.Errors},
		Head: headOf(x, by, workflow.DateOf(a.now()), "/letters"), Version: x.Case.Version,
		Table:   a.letterTable("Letters of this case", "There is no letter yet.", false, list),
		Told:    toldTable(x, list),
		Message: f.Textarea("message", "Your message", "", 3000)}
	p.Message.Hint = "Only for a message. An empty line begins a new paragraph."
	p.Recipients = Table{Caption: "Who may be written to", ShowTitle: true, Stacked: true, Empty: "Nobody is named on this case.",
		Columns: []Column{{Text: "Who"}, {Text: "May we write?"}, {Text: "How much the letter may say"}}}
	var to []Option
	for _, party := range x.Parties {
		row, may := recipientRow(x, party)
		p.Recipients.Rows = append(p.Recipients.Rows, row)
		if may {
			to = append(to, Option{Value: fmt.Sprint(party.ID), Text: partyWords(party)})
		}
	}
	if by.Has(caseworkers()...) && x.Can(by, workflow.DraftLetter, a.now()) == nil && len(to) > 0 {
		kind := f.Choices("kind", "Which letter", draftKinds())
		who := f.Choices("party", "To", to)
		p.Kind, p.To = &kind, &who
	}
	return a.page(w, r, status, "case-letters", p)
}

// recipientRow says whether a party may be written to, and how much.
func recipientRow(x workflow.File, p workflow.Party) (Row, bool) {
	may, much := Cell{Tags: []Tag{{Text: "Yes", Colour: "green"}}}, Cell{Text: "Everything this reader may know"}
	_, err := x.Recipient(workflow.L16, p.ID)
	if _, post := x.RecipientOf(workflow.Letter{Kind: workflow.L16, Party: p.ID, Way: workflow.ByPost}); p.Email == "" && post == nil {
		err, may.Sub = nil, "On paper: there is no email address."
		return Row{Cells: []Cell{{Head: true, Text: partyWords(p)}, may, much}}, true
	}
	if err != nil {
		may, much = Cell{Tags: []Tag{{Text: "No", Colour: "red"}}, Sub: err.Error()}, Cell{Text: "Nothing"}
	} else if _, decided := x.Recipient(workflow.L6, p.ID); decided != nil {
		may.Sub = "Not about decisions: " + decided.Error()
	}
	if err == nil && letters.ContentAt(x.Settings, workflow.Letter{Kind: workflow.L16, Content: workflow.Full}, p) == workflow.Notice {
		much.Text = "Only that there is a letter: the address is not a secure one, and no agreement to ordinary email is recorded"
	}
	return Row{Cells: []Cell{{Head: true, Text: partyWords(p)}, may, much}}, err == nil
}

// draftKinds are the letters that somebody may start by hand; the others follow
// from what is decided.
func draftKinds() []Option {
	out := []Option{{Value: "", Text: "Choose a letter"}, {Value: string(workflow.L16), Text: "A message in your own words"}}
	for _, k := range workflow.LetterKinds() {
		if k != workflow.L16 && !k.IsAutomatic() && !k.NeedsSecond() {
			out = append(out, Option{Value: string(k), Text: sentence(k.Words())})
		}
	}
	return out
}

func (a *App) draftLetter(w http.ResponseWriter, r *http.Request) error {
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
	_, err = a.store.Act(r.Context(), id, seen, func(x workflow.File) (workflow.Change, error) {
		switch kind := workflow.LetterKind(f.Text("kind")); {
		case kind == "":
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "kind", Words: "Choose the letter."}
		case partyOf(f) == 0:
			return workflow.Change{}, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "party", Words: "Choose to whom."}
		case kind == workflow.L16:
			return x.DraftMessage(by, a.now(), partyOf(f), f.Text("message"))
		default:
			return x.DraftLetter(by, a.now(), kind, partyOf(f))
		}
	})
	if status, mine := f.takes(err); mine {
		x, err := a.store.File(r.Context(), id)
		if err != nil {
			return err
		}
		return a.caseLettersPage(w, r, status, x, f)
	}
	if err != nil {
		return err
	}
	a.say(r, "The letter is started. Open it to read and submit it.")
	return seeOther(w, r, "/cases/"+r.PathValue("ref")+"/letters")
}

// letterAt finds the letter that an address names.
func (a *App) letterAt(r *http.Request) (store.Letter, error) {
	n, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return store.Letter{}, &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "There is no such letter."}
	}
	return a.store.Letter(r.Context(), workflow.LetterID(n))
}

// noteReading writes that somebody read a letter.
func (a *App) noteReading(r *http.Request, l store.Letter, action workflow.Action) error {
	by, _ := actorOf(r)
	return a.store.Log(r.Context(), by, a.now(), action, fmt.Sprintf("letter %d", l.ID), l.Case, 0)
}

func (a *App) showLetterHTML(w http.ResponseWriter, r *http.Request) error {
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	v, err := a.viewLetter(r.Context(), l)
	if err != nil {
		return err
	}
	if err := a.noteReading(r, l, "read a letter"); err != nil {
		return err
	}
	if v.parts.HTML == "" {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This letter cannot be shown yet."}
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := w.Write([]byte(v.parts.HTML)); err != nil {
		return fmt.Errorf("send letter %d: %w", l.ID, errGone)
	}
	return nil
}

func (a *App) downloadLetter(w http.ResponseWriter, r *http.Request) error {
	l, err := a.letterAt(r)
	if err != nil {
		return err
	}
	raw, err := a.store.LetterBytes(r.Context(), l.ID)
	if err != nil {
		return err
	}
	if err := a.noteReading(r, l, "download a letter"); err != nil {
		return err
	}
	return download(w, Download{Name: fmt.Sprintf("letter-%d.eml", l.ID), Type: "message/rfc822", Size: int64(len(raw)), Body: strings.NewReader(string(raw))})
}
