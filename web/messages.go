package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const messagePageSize = 25

func (a *App) messageRoutes() []Route {
	routes := []Route{
		{Method: "GET", Pattern: "/messages", Title: "Mail", May: staff(), Handler: a.showMessages},
		{Method: "GET", Pattern: "/messages/{id}", Title: "A mail", May: staff(), Handler: a.showMessage},
		{Method: "GET", Pattern: "/messages/{id}/html", Title: "A mail as it was laid out", May: staff(), Handler: a.showMessageHTML},
		{Method: "GET", Pattern: "/messages/{id}/raw", Title: "A mail as it came", May: staff(), Slow: true, Handler: a.downloadMessage},
		{Method: "GET", Pattern: "/messages/{id}/files/{part...}", Title: "A file of a mail", May: staff(), Slow: true, Handler: a.downloadMessageFile},
		{Method: "GET", Pattern: "/messages/{id}/pages/{page}/{part...}", Title: "A page of a file", May: staff(), Handler: a.showPage},
	}
	for _, d := range mailDeeds() {
		routes = append(routes, Route{Method: "POST", Pattern: "/messages/{id}/" + d.path, Title: sentence(string(d.move)), May: d.may, Handler: a.onMessage(d)})
	}
	return routes
}

// messagesPage lists mails by what became of them.
type messagesPage struct {
	Layout
	Tabs  Tabs
	Words string // what a person does with the mails of this tab
	Table Table
	Pages Pagination
}

// mailTab is one list of mails.
type mailTab struct {
	name, text, words, empty string
	list                     store.MessageList
	count                    int
	counted, alarm, aside    bool // aside: shown only to whoever was led there
}

func mailTabs(c store.MessageCounts) []mailTab {
	return []mailTab{
		{name: "holding", text: "To sort", count: c.Holding, counted: true, list: store.MessageList{End: store.EndHolding},
			words: "These made no case by themselves. Say which case each belongs to, make a case of it, or take it where it belongs.", empty: "Nothing to sort: every mail has found its place."},
		{name: "problem", text: "Could not be read", count: c.Problem, counted: true, alarm: true, list: store.MessageList{End: store.EndProblem},
			words: "The reader could take nothing from these. They may be referrals: open each one and read it yourself.", empty: "Every mail could be read."},
		{name: "quarantined", text: "Quarantine", count: c.Quarantined, counted: true, list: store.MessageList{End: store.EndQuarantined},
			words: "These may do harm. Read the text here; open no file. Ring the sender when it may be a referral.", empty: "Nothing is in quarantine."},
		{name: "routed", text: "Taken elsewhere", count: c.Routed, counted: true, list: store.MessageList{End: store.EndRouted},
			words: "Requests, complaints and reports that are no referrals. Each has an owner and a clock until somebody says what was done.", empty: "Nothing was taken elsewhere."},
		{name: "reading", text: "Being read", count: c.Unread, counted: true, list: store.MessageList{Unread: true},
			words: "These have just come in. Reading takes seconds; a mail that stays here for 5 minutes is an alarm.", empty: "Nothing is being read."},
		{name: "ignored", text: "Put aside", list: store.MessageList{End: store.EndIgnored},
			words: "Machine mail, advertising, and what somebody put aside with a reason. Nothing is deleted: any of them can be taken back.", empty: "Nothing was put aside."},
		{name: "all", text: "All", empty: "No mail has come in yet."},
		{name: "case", text: endWords(workflow.MailCase), list: store.MessageList{End: store.EndCase}, empty: "No mail became a case.", aside: true},
		{name: "filed", text: endWords(workflow.MailFiled), list: store.MessageList{End: store.EndFiled}, empty: "No mail joined a case.", aside: true},
		{name: "before_start", text: endWords(workflow.MailBeforeStart), list: store.MessageList{End: store.EndBeforeStart}, empty: "No older mail is known.", aside: true},
	}
}

// mailTabOf is the address of the list in which mails with an end stand.
func mailTabOf(e workflow.MailEnd) string {
	if e == "" {
		return "/messages?tab=reading"
	}
	return "/messages?tab=" + string(e)
}

func (a *App) showMessages(w http.ResponseWriter, r *http.Request) error {
	counts, err := a.store.MessageCounts(r.Context())
	if err != nil {
		return err
	}
	tabs := mailTabs(counts)
	at := max(0, slices.IndexFunc(tabs, func(t mailTab) bool { return t.name == r.URL.Query().Get("tab") }))
	current := tabs[at]
	p := &messagesPage{Layout: Layout{Title: "Mail"}, Tabs: Tabs{Label: "Mail"}, Words: current.words}
	for i, t := range tabs {
		if !t.aside || i == at {
			p.Tabs.Items = append(p.Tabs.Items, Tab{Text: t.text, Href: "/messages?tab=" + t.name, Count: t.count, Counted: t.counted, Alarm: t.alarm, Current: i == at})
		}
	}
	page := max(1, atoi(r.URL.Query().Get("page")))
	current.list.Limit, current.list.Offset = messagePageSize, (page-1)*messagePageSize
	rows, total, err := a.store.Messages(r.Context(), current.list)
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	p.Table = messageTable(current, rows, set.Calendar(), a.now())
	p.Pages = paginate(page, messagePageSize, total, func(n int) string { return fmt.Sprintf("/messages?tab=%s&page=%d", current.name, n) })
	return a.page(w, r, http.StatusOK, "messages", p)
}

func messageTable(tab mailTab, rows []store.MessageRow, cal workflow.Calendar, now time.Time) Table {
	t := Table{Caption: tab.text, Stacked: true, Empty: tab.empty, Columns: []Column{{Text: "Mail"}, {Text: "Read as"}, {Text: "Why it is here"}, {Text: "Received"}}}
	if tab.name == "all" {
		t.Columns[2].Text = "What became of it"
	}
	waits := tab.list.End.IsOpen()
	if waits {
		t.Columns = append(t.Columns, Column{Text: "Due"}, Column{Text: "Owner"})
	}
	for _, m := range rows {
		row := messageRow(tab, m, now)
		if waits {
			due, late := dueIn(m.Due, cal, now)
			switch {
			case m.End == store.EndRouted && !m.Waits:
				row.Cells = append(row.Cells, Cell{Tags: []Tag{{Text: "Dealt with", Colour: "green"}}})
			case m.Due.IsZero():
				row.Cells = append(row.Cells, Cell{Text: "No clock"})
			default:
				row.Cells = append(row.Cells, Cell{Text: due, Late: late})
			}
			row.Cells = append(row.Cells, Cell{Text: or(m.OwnerName, "Nobody")})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func messageRow(tab mailTab, m store.MessageRow, now time.Time) Row {
	why := Cell{Text: sentence(m.Why)}
	switch {
	case tab.name == "all":
		why = Cell{Text: endWords(m.End), Sub: sentence(m.Why)}
	case m.End == "":
		why.Text = or(sentence(m.Why), "It is waiting for its turn")
		if m.Tries > 0 {
			why.Sub = "Tried " + countWords(m.Tries, "time", "times")
		}
	}
	read := Cell{Text: classWords(m.Class, m.Kind)}
	if m.Urgency != workflow.Routine && m.Urgency != "" {
		read.Tags = []Tag{urgencyTag(m.Urgency)}
	}
	if m.Verdict == "fail" {
		read.Tags = append(read.Tags, Tag{Text: "Sender not proved", Colour: "orange"})
	}
	stuck := m.End == "" && now.Sub(m.ReceivedAt) > unreadAlarm
	return Row{Crisis: m.Urgency == workflow.Crisis && (m.End.IsOpen() || m.End == ""), Cells: []Cell{
		{Head: true, Text: subjectWords(m), Href: fmt.Sprintf("/messages/%d", m.ID), Sub: or(m.FromName, m.FromAddr)},
		read, why, {Text: dateTime(m.ReceivedAt), Late: stuck}}}
}

func subjectWords(m store.MessageRow) string {
	if m.Class == "" && m.Subject == "" {
		return fmt.Sprintf("Mail %d", m.ID) // nobody has read its head yet
	}
	return or(m.Subject, "No subject")
}

// classWords is what the reader took a mail for.
func classWords(class, kind string) string {
	words := map[string]string{"referral_self": "A referral by the person", "referral_family": "A referral by family", "referral_professional": "A referral by a professional",
		"reply": "An answer to us", "update": "News about somebody", "withdrawal": "A wish to stop", "enquiry": "A question", "secure_notice": "A secure message that waits elsewhere",
		"auto_reply": "An automatic reply", "bounce": "A report that a letter did not arrive", "receipt": "A read receipt", "spam": "Advertising or fraud", "other": "Not clear", "": "Not read yet"}
	if class == "other_route" {
		return sentence(or(workflow.RouteKind(kind).Words(), "Not a referral"))
	}
	return or(words[class], sentence(class))
}
