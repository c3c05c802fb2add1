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

// messagePage is one mail: what it says, why it ended where it is, and what a
// person may do with it.
type messagePage struct {
	Layout
	Address  string
	Seen     workflow.MailEnd // the end that the page shows
	Subject  string
	Tags     []Tag
	Facts    []Line
	Standing string
	Crisis   *crisisCard
	Mail     mailView
	Read     []Card // of each person whom the mail is about
	Cases    Table
	Letters  Table
	Places   Table
	Happened []Happening
	Deeds    []mailForm
}

func (a *App) messageAt(r *http.Request) workflow.MessageID {
	return workflow.MessageID(max(0, atoi(r.PathValue("id"))))
}

func (a *App) showMessage(w http.ResponseWriter, r *http.Request) error {
	return a.messagePage(w, r, http.StatusOK, mailDeed{}, &Form{})
}

// messagePage shows the mail that an address names, after a deed that was
// refused with what was typed for it.
func (a *App) messagePage(w http.ResponseWriter, r *http.Request, status int, tried mailDeed, f *Form) error {
	by, _ := actorOf(r)
	m, err := a.store.OpenMessage(r.Context(), by, a.now(), a.messageAt(r))
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	p := &messagePage{Layout: Layout{Title: fmt.Sprintf("Mail %d", m.ID), Back: &Link{"Back to mail", mailTabOf(m.End)}, Errors: f.Errors},
		Address: fmt.Sprintf("/messages/%d", m.ID), Seen: m.End, Subject: subjectWords(m.MessageRow), Tags: messageTags(m.MessageRow),
		Facts: a.messageFacts(m, set), Standing: standingWords(m), Crisis: crisisOfMail(m), Read: readCards(m.Kept.Facts),
		Cases: casesTable(m.Cases), Places: placesTable(m.Sightings)}
	p.Mail = messageView(m, p.Address)
	p.Letters = a.letterTable("Letters that answer it", "No letter answers this mail.", false, m.Letters)
	p.Letters.ShowTitle, p.Letters.Dense = true, true
	for _, e := range m.Events {
		h := Happening{Title: mailEventWords(e.Action), By: or(e.Actor, "the service"), At: e.At, Text: e.Words}
		if end, ok := strings.CutPrefix(e.Action, "settle: "); ok {
			h.Title, h.Text = "Read", endWords(workflow.MailEnd(end))
		}
		p.Happened = append(p.Happened, h)
	}
	if p.Deeds, err = a.mailForms(r, m, set, by, tried, f); err != nil {
		return err
	}
	return a.page(w, r, status, "message", p)
}

func messageTags(m store.MessageRow) []Tag {
	var out []Tag
	if m.Urgency != workflow.Routine && m.Urgency != "" {
		out = append(out, urgencyTag(m.Urgency))
	}
	out = append(out, Tag{Text: endWords(m.End)})
	if m.End == store.EndRouted && !m.Waits {
		out = append(out, Tag{Text: "Dealt with", Colour: "green"})
	}
	if m.Verdict == "fail" {
		out = append(out, Tag{Text: "Sender not proved", Colour: "orange"})
	}
	return out
}

func (a *App) messageFacts(m store.MessagePage, set workflow.Settings) []Line {
	out := []Line{{Key: "Received", Value: dateTime(m.ReceivedAt)}, {Key: "Read as", Value: classWords(m.Class, m.Kind)}}
	if m.End.IsOpen() && !m.Due.IsZero() {
		words, _ := dueIn(m.Due, set.Calendar(), a.now())
		out = append(out, Line{Key: "Due", Value: dateTime(m.Due) + " (" + words + ")"})
	}
	if m.End.IsOpen() {
		out = append(out, Line{Key: "Owner", Value: or(m.OwnerName, "Nobody")})
	}
	return out
}

// standingWords says why the mail ended where it is, and who put it there.
func standingWords(m store.MessagePage) string {
	if m.End == "" {
		return "This mail is being read. Look again in a moment."
	}
	words := sentence(or(m.Why, endWords(m.End))) + "."
	if m.EndedBy == "" {
		return words
	}
	return words + " By " + m.EndedBy + ", " + dateTime(m.EndedAt) + "."
}

// messageView is the mail as a case would show it, with what only its own page
// tells.
func messageView(m store.MessagePage, here string) mailView {
	v := newReview(&Form{}, nil, []store.CaseMail{{ID: m.ID, ReceivedAt: m.ReceivedAt, FromName: m.FromName, FromAddr: m.FromAddr, Subject: m.Subject,
		Class: m.Class, Verdict: m.Verdict, Urgency: m.Urgency, Documents: m.Documents, Reading: m.Kept.Reading}}).texts[0]
	if len(m.Kept.To) > 0 {
		v.Lines = append(v.Lines, Line{Key: "To", Value: strings.Join(m.Kept.To, ", ")})
	}
	if len(m.Kept.Cc) > 0 {
		v.Lines = append(v.Lines, Line{Key: "Copy to", Value: strings.Join(m.Kept.Cc, ", ")})
	}
	if quotes := quotesOf(m.Kept.Why); len(quotes) > 0 {
		v.Lines = append(v.Lines, Line{Key: "Read as", Value: classWords(m.Class, m.Kind), Note: "because of " + strings.Join(quotes, ", ")})
	}
	if _, detail, ok := strings.Cut(m.Kept.Auth, ": "); ok && detail != "" {
		v.Lines = append(v.Lines, Line{Key: "Sender check", Value: detail, Note: "in the words of our mail host"})
	}
	if m.Duplicate != 0 {
		v.Lines = append(v.Lines, Line{Key: "Came before", Value: fmt.Sprintf("Mail %d", m.Duplicate), Href: fmt.Sprintf("/messages/%d", m.Duplicate), Note: "with the same words"})
	}
	size := Line{Key: "Size", Value: sizeWords(m.Size)}
	if !m.Whole {
		size.Note, size.Tags = "Too large to keep whole: look into the mailbox for the rest.", []Tag{{Text: "Cut", Colour: "orange"}}
	}
	v.Lines = append(v.Lines, size)
	v.open(here)
	if v.Look = here + "/html"; m.End == store.EndQuarantined {
		v.Raw, v.Look = "", ""
		for i := range v.Files.Rows {
			v.Files.Rows[i].Cells[0].Href = ""
		}
	}
	return v
}

func quotesOf(cues []store.Cue) []string {
	var out []string
	for _, c := range cues {
		q := "“" + strings.Join(strings.Fields(c.Quote), " ") + "”"
		if c.Quote != "" && len(out) < 5 && !slices.Contains(out, q) {
			out = append(out, q)
		}
	}
	return out
}

// crisisOfMail is what somebody who rings now needs, as far as the mail tells.
func crisisOfMail(m store.MessagePage) *crisisCard {
	if m.Urgency != workflow.Crisis || !m.End.IsOpen() {
		return nil
	}
	value := func(name workflow.Field) string {
		for _, facts := range m.Kept.Facts {
			for _, f := range facts {
				if f.Field == name && f.Value != "" {
					return f.Value
				}
			}
		}
		return ""
	}
	line := func(key, value string) Line { return Line{Key: key, Value: value, Missing: value == ""} }
	c := &crisisCard{Writer: []Line{line("Name", m.FromName), line("Phone", value("referrer.phone")), line("Email", m.FromAddr)},
		Person: []Line{line("Name", value(workflow.FieldName)), line("Address", value(workflow.FieldAddress)), line("Born", isoDay(value(workflow.FieldDOB))), line("Phone", value(workflow.FieldPhone))}}
	for _, cue := range m.Kept.UrgencyWhy {
		if cue.Quote != "" && !slices.Contains(c.Seen, cue.Quote) && len(c.Seen) < 5 {
			c.Seen = append(c.Seen, cue.Quote)
		}
	}
	return c
}

// readCards show what was read of each person whom the mail is about: proposals
// that nobody has confirmed.
func readCards(people [][]store.FactRow) []Card {
	var out []Card
	for i, facts := range people {
		c := Card{Title: "What was read"}
		if len(people) > 1 {
			c.Title = fmt.Sprintf("What was read of person %d of %d", i+1, len(people))
		}
		for _, f := range facts {
			value := strings.ReplaceAll(strings.Trim(f.Value+", "+strings.Join(f.Values, ", "), ", "), "_", " ")
			switch f.Field {
			case workflow.FieldNHS:
				value = nhsWords(value)
			case workflow.FieldDOB:
				value = isoDay(value)
			}
			if value != "" {
				c.Lines = append(c.Lines, Line{Key: fieldLabel(f.Field), Value: value, Note: sureWords(f.Confidence)})
			}
		}
		if len(c.Lines) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func casesTable(cases []store.MessageCase) Table {
	t := Table{Caption: "Cases that it belongs to", ShowTitle: true, Stacked: true, Dense: true, Columns: []Column{{Text: "Case"}, {Text: "State"}, {Text: "How it came there"}}}
	for _, c := range cases {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: c.Ref, Href: "/cases/" + c.Ref}, {Tags: []Tag{stateTag(c.State)}}, {Text: sentence(c.How)}}})
	}
	return t
}

func placesTable(seen []store.Sighting) Table {
	t := Table{Caption: "Where it stood", ShowTitle: true, Stacked: true, Dense: true, Empty: "It did not come from a mailbox: it was taken in by hand.",
		Columns: []Column{{Text: "Mailbox and folder"}, {Text: "Number there"}, {Text: "First seen"}, {Text: "Still there"}}}
	for _, s := range seen {
		there := "Yes"
		if !s.GoneAt.IsZero() {
			there = "No, since " + dateTime(s.GoneAt)
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: s.Account + ", " + s.Folder}, {Text: fmt.Sprint(s.UID)}, {Text: dateTime(s.SeenAt)}, {Text: there}}})
	}
	return t
}

// mailEventWords are what somebody did with a mail, in the past tense of a record.
func mailEventWords(action string) string {
	words := map[string]string{string(workflow.OwnMail): "Given to somebody", string(workflow.JoinMail): "Joined to a case", string(workflow.OpenFromMail): "Made a case",
		string(workflow.RouteMail): "Taken elsewhere", string(workflow.FinishMail): "Dealt with", string(workflow.IgnoreMail): "Put aside",
		string(workflow.ReleaseMail): "Released from quarantine", string(workflow.RereadMail): "Read again", string(workflow.RestoreMail): "Taken back"}
	if w, ok := words[action]; ok {
		return w
	}
	return deedWords(store.Happened{Action: workflow.Action(action)})
}

// messageToOpen is the mail that an address names, for those who want more of it
// than its page shows. Nobody opens a mail in quarantine from here.
func (a *App) messageToOpen(r *http.Request) (store.MessagePage, error) {
	by, _ := actorOf(r)
	m, err := a.store.OpenMessage(r.Context(), by, a.now(), a.messageAt(r))
	if err == nil && m.End == store.EndQuarantined {
		err = &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "This mail is in quarantine: nobody opens it from here. Its text can be read on its page."}
	}
	return m, err
}

// showMessageHTML shows a mail as it was laid out, cleaned and boxed in.
func (a *App) showMessageHTML(w http.ResponseWriter, r *http.Request) error {
	m, err := a.messageToOpen(r)
	if err != nil {
		return err
	}
	raw, err := a.store.Raw(r.Context(), m.ID)
	if err != nil {
		return err
	}
	body, carried := a.look(raw)
	return mailHTML(w, fmt.Sprintf("Mail %d", m.ID), body, carried)
}

func (a *App) downloadMessage(w http.ResponseWriter, r *http.Request) error {
	m, err := a.messageToOpen(r)
	if err != nil {
		return err
	}
	return a.sendMail(w, r, 0, m.ID, fmt.Sprintf("mail-%d.eml", m.ID))
}

func (a *App) downloadMessageFile(w http.ResponseWriter, r *http.Request) error {
	m, err := a.messageToOpen(r)
	if err != nil {
		return err
	}
	return a.sendFile(w, r, 0, m.ID)
}

// showPage sends one page of a file as the picture that was drawn of it.
func (a *App) showPage(w http.ResponseWriter, r *http.Request) error {
	m := workflow.MessageID(max(0, atoi(r.PathValue("id"))))
	p, err := a.store.DrawingOf(r.Context(), m, r.PathValue("part"), atoi(r.PathValue("page")))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Type", p.Type)
	h.Set("Content-Length", strconv.Itoa(len(p.Data)))
	_, err = w.Write(p.Data)
	return err
}
