package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) mailboxRoutes() []Route {
	may := append(staff(), workflow.Governance, workflow.Admin)
	return []Route{
		{Method: "GET", Pattern: "/mailbox", Title: "The mailbox's account", May: may, Handler: a.showMailbox},
	}
}

// unreadAlarm is how long a mail may be read before it is an alarm.
const unreadAlarm = 5 * time.Minute

// mailboxPage accounts for every mail that the mailbox ever showed. It holds
// counts and numbers, no mail.
type mailboxPage struct {
	Layout
	Standing string
	Reading  bool // the reader may see how well mails are read
	Folders  []mailboxFolder
}

type mailboxFolder struct {
	Title   string
	Tag     Tag
	Trouble string
	Lines   []Line
	Ends    Table
	Without Table
}

func (a *App) showMailbox(w http.ResponseWriter, r *http.Request) error {
	account, err := a.store.Reconcile(r.Context(), unreadAlarm)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	p := &mailboxPage{Layout: Layout{Title: "Mailbox"}, Standing: "Every mail that the mailbox showed is accounted for.", Reading: by.Has(staff()...)}
	switch {
	case len(account.Folders) == 0:
		p.Standing = "No mailbox has been read yet. Whoever looks after the service sets its address."
	case !account.OK:
		p.Standing = ""
		p.Alerts = append(p.Alerts, Alert{Kind: "error", Title: "Not every mail is accounted for",
			Text: "A mail has been without an end for more than 5 minutes, or the mailbox holds more than was taken in. The list below says which. Until it is settled, look into the mailbox itself."})
	}
	for _, f := range account.Folders {
		p.Folders = append(p.Folders, a.mailboxFolder(f))
	}
	return a.page(w, r, http.StatusOK, "mailbox", p)
}

func (a *App) mailboxFolder(f store.FolderAccount) mailboxFolder {
	now := a.now()
	out := mailboxFolder{Title: f.Mailbox + ", " + f.Folder, Tag: Tag{Text: "Read regularly", Colour: "green"}}
	switch {
	case !f.Current:
		out.Tag = Tag{Text: "As it was before the mailbox was renewed"}
	case f.LastGood.IsZero():
		out.Tag = Tag{Text: "Never read", Colour: "red"}
	case now.Sub(f.LastGood) > longestSilence:
		out.Tag = Tag{Text: "Not read for " + sinceWords(now.Sub(f.LastGood)), Colour: "red"}
	}
	if f.Current && f.Trouble != "" {
		out.Trouble = "Since " + dateTime(f.Since) + ": " + f.Trouble
	}
	missing := max(0, f.OnServer-(f.InLedger-f.Gone))
	out.Lines = []Line{
		{Key: "Last good look", Value: dateTime(f.LastGood), Missing: f.LastGood.IsZero()},
		{Key: "In the mailbox then", Value: countWords(f.OnServer, "mail", "mails")},
		{Key: "In our ledger", Value: countWords(f.InLedger, "mail", "mails"), Note: "every mail that the folder ever showed"},
		{Key: "Gone from the mailbox since", Value: countWords(f.Gone, "mail", "mails"), Note: "somebody moved or deleted them; what we kept stays"},
	}
	if f.Current && missing > 0 {
		out.Lines = append(out.Lines, Line{Key: "Not taken in yet", Value: countWords(missing, "mail", "mails"), Tags: []Tag{{Text: "Look at this", Colour: "red"}}})
	}
	if !f.StartAt.IsZero() {
		out.Lines = append(out.Lines, Line{Key: "Begins at", Value: dateTime(f.StartAt), Note: "older mails are counted, not taken in and never answered"})
	}
	out.Ends, out.Without = endsTable(f), withoutTable(f, now)
	return out
}

func endsTable(f store.FolderAccount) Table {
	t := Table{Caption: "How they ended", ShowTitle: true, Dense: true, Empty: "Nothing has ended yet.", Columns: []Column{{Text: "End"}, {Text: "Mails", Numeric: true}}}
	for _, end := range workflow.MailEnds() {
		if n := f.ByEnd[end]; n > 0 {
			t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: endWords(end), Href: mailTabOf(end)}, {Text: thousands(n), Numeric: true}}})
		}
	}
	return t
}

func withoutTable(f store.FolderAccount, now time.Time) Table {
	t := Table{Caption: "Without an end", ShowTitle: true, Dense: true, Empty: "Every mail of this folder has its end.",
		Columns: []Column{{Text: "Number in the mailbox"}, {Text: "Since"}, {Text: "Why"}}}
	for _, w := range f.WithoutEnd {
		since := now.Sub(w.Since)
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: fmt.Sprintf("UID %d", w.UID)},
			{Text: dateTime(w.Since), Late: since > unreadAlarm}, {Text: sentence(w.Why)}}})
	}
	return t
}

// endWords is what became of a mail, in words.
func endWords(e workflow.MailEnd) string {
	switch e {
	case workflow.MailCase:
		return "Became a case"
	case workflow.MailFiled:
		return "Joined a case"
	case workflow.MailHolding:
		return "Waits: it may belong to a case"
	case workflow.MailProblem:
		return "Waits: it could not be read"
	case workflow.MailQuarantined:
		return "In quarantine"
	case workflow.MailRouted:
		return "Taken elsewhere"
	case workflow.MailIgnored:
		return "Put aside"
	case workflow.MailBeforeStart:
		return "Came before the service began"
	}
	return "Being read"
}
