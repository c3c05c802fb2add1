package web

import (
	"fmt"
	"net/http"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const taskPageSize = 50

func (a *App) taskRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/tasks", Title: "Tasks", May: staff(), Handler: a.showTasks},
		{Method: "GET", Pattern: "/tasks/{id}", Title: "A task", May: staff(), Handler: a.showTask},
		{Method: "POST", Pattern: "/tasks/{id}/done", Title: "Finish a task", May: staff(), Handler: a.finishTask},
		{Method: "POST", Pattern: "/tasks/{id}/owner", Title: "Give a task to somebody", May: staff(), Handler: a.ownTask},
	}
}

// tasksPage lists what must be done, by whom and by when.
type tasksPage struct {
	Layout
	Tabs  Tabs
	Table Table
	Pages Pagination
}

// taskTab is one list of tasks.
type taskTab struct {
	name, text, empty string
	list              store.TaskList
	count             int
}

func taskTabs(by workflow.ActorID, now time.Time, c store.TaskCounts) []taskTab {
	return []taskTab{
		{"mine", "Mine", "You have no tasks.", store.TaskList{Owner: by}, c.Mine},
		{"nobody", "Nobody’s", "Every task has an owner.", store.TaskList{Nobody: true}, c.Nobody},
		{"overdue", "Overdue", "Nothing is overdue.", store.TaskList{Overdue: now}, c.Overdue},
		{"all", "All", "There is nothing to do.", store.TaskList{}, c.All},
		{"done", "Done", "No task has been done yet.", store.TaskList{Done: true}, 0},
	}
}

func (a *App) showTasks(w http.ResponseWriter, r *http.Request) error {
	by, _ := actorOf(r)
	counts, err := a.store.TaskCounts(r.Context(), by.ID, a.now())
	if err != nil {
		return err
	}
	tabs := taskTabs(by.ID, a.now(), counts)
	current := tabs[0]
	p := &tasksPage{Layout: Layout{Title: "Tasks"}, Tabs: Tabs{Label: "Tasks"}}
	for _, t := range tabs {
		if t.name == r.URL.Query().Get("tab") {
			current = t
		}
	}
	for _, t := range tabs {
		p.Tabs.Items = append(p.Tabs.Items, Tab{Text: t.text, Href: "/tasks?tab=" + t.name, Count: t.count, Counted: t.name != "done",
			Alarm: t.name == "overdue", Current: t.name == current.name})
	}
	page := max(1, atoi(r.URL.Query().Get("page")))
	current.list.Limit, current.list.Offset = taskPageSize, (page-1)*taskPageSize
	rows, total, err := a.store.Tasks(r.Context(), current.list)
	if err != nil {
		return err
	}
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	p.Table = taskTable(current, rows, set.Calendar(), a.now())
	p.Pages = paginate(page, taskPageSize, total, func(n int) string { return fmt.Sprintf("/tasks?tab=%s&page=%d", current.name, n) })
	return a.page(w, r, http.StatusOK, "tasks", p)
}

func taskTable(tab taskTab, rows []store.TaskRow, cal workflow.Calendar, now time.Time) Table {
	t := Table{Caption: tab.text, Stacked: true, Empty: tab.empty, Columns: []Column{{Text: "Task"}, {Text: "About"}, {Text: "Due"}, {Text: "Owner"}}}
	if tab.list.Done {
		t.Columns[2].Text, t.Columns[3].Text = "Done", "By"
	}
	for _, x := range rows {
		about, _ := taskAbout(x)
		row := Row{Crisis: x.Urgency == workflow.Crisis && x.DoneAt.IsZero(), Cells: []Cell{
			{Head: true, Text: sentence(string(x.Kind)), Href: fmt.Sprintf("/tasks/%d", x.ID), Sub: x.Why}, about}}
		if tab.list.Done {
			row.Cells = append(row.Cells, Cell{Text: dateTime(x.DoneAt)}, Cell{Text: x.DoneBy})
		} else {
			words, late := dueIn(x.Due, cal, now)
			row.Cells = append(row.Cells, Cell{Text: words, Late: late}, Cell{Text: or(x.OwnerName, "Nobody")})
		}
		if row.Crisis {
			row.Cells[0].Tags = []Tag{urgencyTag(x.Urgency)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// taskAbout is what a task is about, and the page where it is worked on.
func taskAbout(x store.TaskRow) (Cell, Link) {
	switch {
	case x.Letter != 0:
		href := fmt.Sprintf("/letters/%d", x.Letter)
		return Cell{Text: or(x.Person, "A letter"), Href: href, Sub: x.Ref}, Link{"Open the letter", href}
	case x.Case != 0:
		return Cell{Text: or(x.Person, "Name not known"), Href: "/cases/" + x.Ref, Sub: x.Ref}, Link{"Open the case", "/cases/" + x.Ref}
	case x.Message != 0:
		href := fmt.Sprintf("/messages/%d", x.Message)
		return Cell{Text: or(x.Subject, "A mail without a subject"), Href: href, Sub: "Mail"}, Link{"Open the mail", href}
	case x.Signpost != 0:
		href := fmt.Sprintf("/directory/%d", x.Signpost)
		return Cell{Text: "A service of the directory", Href: href}, Link{"Open the entry", href}
	}
	return Cell{Text: "The service itself"}, Link{}
}

// taskPage shows one task and what may be done with it.
type taskPage struct {
	Layout
	Address string
	Lines   []Line
	Open    *Button
	EndsBy  string
	Words   *Textarea
	Owner   *Choices
}

func (a *App) taskAt(r *http.Request) (store.TaskRow, error) {
	return a.store.Task(r.Context(), workflow.TaskID(max(0, atoi(r.PathValue("id")))))
}

func (a *App) showTask(w http.ResponseWriter, r *http.Request) error {
	t, err := a.taskAt(r)
	if err != nil {
		return err
	}
	return a.taskPage(w, r, http.StatusOK, t, &Form{})
}

func (a *App) taskPage(w http.ResponseWriter, r *http.Request, status int, t store.TaskRow, f *Form) error {
	set, _, err := a.store.Settings(r.Context())
	if err != nil {
		return err
	}
	users, err := a.store.Users(r.Context())
	if err != nil {
		return err
	}
	about, open := taskAbout(t)
	due, late := dueIn(t.Due, set.Calendar(), a.now())
	p := &taskPage{Layout: Layout{Title: sentence(string(t.Kind)), Caption: "Task", Back: &Link{"Back to tasks", "/tasks"}, Errors: f.Errors},
		Address: fmt.Sprintf("/tasks/%d", t.ID), EndsBy: t.Kind.EndsBy(),
		Lines: []Line{{Key: "About", Value: about.Text, Href: about.Href, Note: about.Sub}, {Key: "Why", Value: sentence(t.Why), Missing: t.Why == ""},
			{Key: "Due", Value: dateTime(t.Due), Note: due}, {Key: "Owner", Value: or(t.OwnerName, "Nobody")}}}
	if late {
		p.Lines[2].Tags = []Tag{{Text: "Overdue", Colour: "red"}}
	}
	if !t.DoneAt.IsZero() {
		p.Lines[2] = Line{Key: "Done", Value: dateTime(t.DoneAt), Note: "by " + t.DoneBy}
		p.EndsBy = ""
		return a.page(w, r, status, "task", p)
	}
	if open.Href != "" {
		p.Open = &Button{Text: open.Text, Kind: "secondary", Href: open.Href}
	}
	if p.EndsBy == "" {
		words := f.Textarea("words", "What was done", "", 1000)
		words.Hint, words.Rows = "Who, when, and any reference. It stands on the timeline.", 3
		p.Words = &words
	}
	owner := teamChoices(f, "owner", "Owner", users, t.Owner)
	p.Owner = &owner
	return a.page(w, r, status, "task", p)
}

// teamChoices offers those of the team who can sign in, and whoever has it now.
func teamChoices(f *Form, name, label string, users []store.User, now workflow.ActorID) Choices {
	options := []Option{{Value: "0", Text: "Nobody"}}
	for _, u := range users {
		if !u.Disabled && u.Actor().Has(staff()...) || u.ID == now {
			options = append(options, Option{Value: fmt.Sprint(u.ID), Text: u.Name})
		}
	}
	return f.Choices(name, label, options, fmt.Sprint(now))
}

// teamMember is who was chosen, or a refusal: whoever has a task must be able to
// open what it is about.
func (a *App) teamMember(r *http.Request, f *Form, name string) (workflow.ActorID, error) {
	id := workflow.ActorID(max(0, atoi(f.Text(name))))
	if id == 0 {
		return 0, nil
	}
	u, err := a.store.User(r.Context(), id)
	if err != nil || u.Disabled || !u.Actor().Has(staff()...) {
		return 0, &workflow.Refusal{Kind: workflow.ErrInvalid, Field: name, Words: "Choose somebody of the team."}
	}
	return id, nil
}

func (a *App) finishTask(w http.ResponseWriter, r *http.Request) error {
	return a.actOnTask(w, r, "/tasks", "The task is done.", func(f *Form, by workflow.Actor, t store.TaskRow) error {
		return a.store.FinishTask(r.Context(), by, a.now(), t.ID, f.Text("words"))
	})
}

func (a *App) ownTask(w http.ResponseWriter, r *http.Request) error {
	return a.actOnTask(w, r, "", "The task has a new owner.", func(f *Form, by workflow.Actor, t store.TaskRow) error {
		to, err := a.teamMember(r, f, "owner")
		if err != nil {
			return err
		}
		return a.store.OwnTask(r.Context(), by, a.now(), t.ID, to)
	})
}

// actOnTask does something with a task, then shows next, or the task itself.
func (a *App) actOnTask(w http.ResponseWriter, r *http.Request, next, said string, do func(*Form, workflow.Actor, store.TaskRow) error) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	t, err := a.taskAt(r)
	if err != nil {
		return err
	}
	by, _ := actorOf(r)
	err = do(f, by, t)
	if status, mine := f.takes(err); mine {
		return a.taskPage(w, r, status, t, f)
	}
	if err != nil {
		return err
	}
	a.say(r, said)
	return seeOther(w, r, or(next, fmt.Sprintf("/tasks/%d", t.ID)))
}
