package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// mailView is one mail of a case as its page shows it.
type mailView struct {
	ID       string
	Title    string
	Lines    []Line
	Warnings []string
	Sources  []Source
	Files    Table
	Drawn    []drawnFile
	Unknown  []Line // labels of forms that no rule knows
	Look     string // address of its layout, "" where nobody opens it
	Raw      string // address of the mail as it came
	More     *Link  // to its own page, from a case
}

// drawnFile is a file whose pages can be looked at without opening it.
type drawnFile struct {
	Name  string
	Pages []pagePicture
}

type pagePicture struct{ Address, Alt string }

func idText[T ~int64](id T) string { return strconv.FormatInt(int64(id), 10) }

func (v *reviewing) view(m store.CaseMail, i int) mailView {
	out := mailView{ID: "mail-" + idText(m.ID), Title: "The mail", Warnings: m.Reading.Warnings, Lines: []Line{
		{Key: "From", Value: strings.TrimSpace(m.FromName + " " + angled(m.FromAddr)), Note: verdictWords(m.Verdict)},
		{Key: "Received", Value: dateTime(m.ReceivedAt)}, {Key: "Subject", Value: m.Subject, Missing: m.Subject == ""}}}
	if len(v.mails) > 1 {
		out.Title = fmt.Sprintf("Mail %d of %d", i+1, len(v.mails))
	}
	for _, t := range m.Reading.Texts {
		if strings.TrimSpace(t.Text) == "" || t.Part == "header" {
			continue
		}
		out.Sources = append(out.Sources, newSource(textLabel(m, t.Part), t.Text, v.marks(m, t)))
	}
	for _, u := range m.Reading.Unknown {
		out.Unknown = append(out.Unknown, Line{Key: u.Label, Value: u.Value, Missing: u.Value == ""})
	}
	out.Files, out.Drawn = filesTable(m), drawnFiles(m)
	return out
}

func angled(address string) string {
	if address == "" {
		return ""
	}
	return "<" + address + ">"
}

func verdictWords(verdict string) string {
	switch verdict {
	case "pass":
		return "The sender's address was checked by our mail host."
	case "fail":
		return "Our mail host says that this address was not proved: ring back before you trust it."
	}
	return "Nobody checked that the mail really comes from this address."
}

func textLabel(m store.CaseMail, part string) string {
	for _, d := range m.Documents {
		if d.Part == part {
			return d.Name
		}
	}
	return "Text of the mail"
}

// marks are the words of one text that fields were read from, and those that
// made the mail urgent.
func (v *reviewing) marks(m store.CaseMail, t store.PartText) []Mark {
	var out []Mark
	for name, all := range v.facts {
		x := all[0]
		if x.Message != m.ID || x.Part != t.Part || v.spots[name] {
			continue
		}
		if mark, ok := markOf(string(name), t.Text, x.Quote, x.Start, x.End); ok {
			out = append(out, mark)
			v.spots[name] = true
		}
	}
	return out
}

// markOf is where a quote stands: at its offsets, or where else the text has it
// once.
func markOf(name, text, quote string, from, to int) (Mark, bool) {
	if quote == "" {
		return Mark{}, false
	}
	if from >= 0 && from < to && to <= len(text) && text[from:to] == quote {
		return Mark{name, from, to}, true
	}
	if at := strings.Index(text, quote); at >= 0 && strings.LastIndex(text, quote) == at {
		return Mark{name, at, at + len(quote)}, true
	}
	return Mark{}, false
}

func filesTable(m store.CaseMail) Table {
	t := Table{Caption: "Files of the mail", Stacked: true, Dense: true, Columns: []Column{{Text: "File"}, {Text: "What became of it"}}}
	for _, d := range m.Documents {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: or(d.Name, "No name"), Href: "files/" + d.Part, Sub: sizeWords(d.Size)},
			{Tags: []Tag{fileTag(d.State)}, Sub: d.Why}}})
	}
	return t
}

func drawnFiles(m store.CaseMail) []drawnFile {
	var out []drawnFile
	for _, d := range m.Documents {
		if len(d.Pages) == 0 {
			continue
		}
		f := drawnFile{Name: or(d.Name, "No name")}
		for _, n := range d.Pages {
			f.Pages = append(f.Pages, pagePicture{Address: fmt.Sprintf("/messages/%d/pages/%d/%s", m.ID, n, d.Part), Alt: fmt.Sprintf("Page %d of %s; its text stands above", n, f.Name)})
		}
		out = append(out, f)
	}
	return out
}

func fileTag(state string) Tag {
	words := map[string]Tag{"read": {Text: "Read", Colour: "green"}, "empty": {Text: "Holds no text"}, "unreadable": {Text: "Could not be read", Colour: "orange"},
		"encrypted": {Text: "Encrypted", Colour: "orange"}, "too_large": {Text: "Too large to read", Colour: "orange"},
		"quarantined": {Text: "Quarantined", Colour: "red"}, "needs_hands": {Text: "A person must look", Colour: "orange"}}
	if t, ok := words[state]; ok {
		return t
	}
	return Tag{Text: sentence(state)}
}

func sizeWords(n int64) string {
	switch {
	case n < 1000:
		return countWords(int(n), "byte", "bytes")
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
}

// mailViews completes the addresses below a case.
func (v *reviewing) mailViews(here string) []mailView {
	for i := range v.texts {
		m := &v.texts[i]
		id := strings.TrimPrefix(m.ID, "mail-")
		m.open(here + "/mails/" + id)
		m.Look, m.More = "/messages/"+id+"/html", &Link{"About this mail: where it came from, and what answers it", "/messages/" + id}
	}
	return v.texts
}

// open completes the addresses below a mail's own. A file in quarantine has
// none: nobody opens it from here.
func (m *mailView) open(below string) {
	m.Raw = below + "/raw"
	for i := range m.Files.Rows {
		cells := m.Files.Rows[i].Cells
		if cells[0].Href = below + "/" + cells[0].Href; cells[1].Tags[0].Text == "Quarantined" {
			cells[0].Href = ""
		}
	}
}

// caseMessageAt is the message that an address names, if it belongs to its case.
func (a *App) caseMessageAt(r *http.Request) (workflow.CaseID, workflow.MessageID, error) {
	id, err := a.caseAt(r)
	if err != nil {
		return 0, 0, err
	}
	m := workflow.MessageID(atoi(r.PathValue("message")))
	return id, m, a.store.CaseMessage(r.Context(), id, m)
}

// downloadMail sends a mail of a case.
func (a *App) downloadMail(w http.ResponseWriter, r *http.Request) error {
	id, m, err := a.caseMessageAt(r)
	if err != nil {
		return err
	}
	return a.sendMail(w, r, id, m, r.PathValue("ref")+"-"+idText(m)+".eml")
}

// sendMail sends a mail's bytes as they came; that somebody took them is an
// event.
func (a *App) sendMail(w http.ResponseWriter, r *http.Request, id workflow.CaseID, m workflow.MessageID, name string) error {
	raw, err := a.store.Raw(r.Context(), m)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	if err := a.store.Log(r.Context(), by, a.now(), "download a mail", "", id, m); err != nil {
		return err
	}
	return download(w, Download{Name: name, Type: "message/rfc822", Size: int64(len(raw)), Body: bytes.NewReader(raw)})
}

// downloadFile sends one file of a mail of a case.
func (a *App) downloadFile(w http.ResponseWriter, r *http.Request) error {
	id, m, err := a.caseMessageAt(r)
	if err != nil {
		return err
	}
	return a.sendFile(w, r, id, m)
}

// sendFile sends the file of a mail that an address names.
func (a *App) sendFile(w http.ResponseWriter, r *http.Request, id workflow.CaseID, m workflow.MessageID) error {
	doc, err := a.store.Document(r.Context(), m, r.PathValue("part"))
	if err != nil {
		return err
	}
	if doc.State == "quarantined" {
		return &workflow.Refusal{Kind: workflow.ErrNotAllowed, Words: "This file is in quarantine: nobody opens it from here."}
	}
	raw, err := a.store.Raw(r.Context(), m)
	if err != nil {
		return err
	}
	body, err := a.file(raw, doc.Part)
	if err != nil {
		return fmt.Errorf("file of message %d: %w", m, err)
	}
	by, _ := actorOf(r)
	if err := a.store.Log(r.Context(), by, a.now(), "download a file", "part "+doc.Part, id, m); err != nil {
		return err
	}
	return download(w, Download{Name: doc.Name, Type: doc.Type, Size: int64(len(body)), Body: bytes.NewReader(body)})
}
