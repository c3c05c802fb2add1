package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) userRoutes() []Route {
	may := []workflow.Role{workflow.Manager, workflow.Admin}
	return []Route{
		{Method: "GET", Pattern: "/users", Title: "Accounts", May: may, Handler: a.showUsers},
		{Method: "GET", Pattern: "/users/new", Title: "Add an account", May: may, Handler: a.newUser},
		{Method: "POST", Pattern: "/users/new", Title: "Add an account", May: may, Handler: a.saveUser},
		{Method: "GET", Pattern: "/users/{id}", Title: "An account", May: may, Handler: a.showUser},
		{Method: "POST", Pattern: "/users/{id}", Title: "Change an account", May: may, Handler: a.saveUser},
		{Method: "POST", Pattern: "/users/{id}/link", Title: "Make a password link", May: may, PerMinute: 30, Handler: a.makeUserLink},
	}
}

// linkLife is how long a one-time link is good.
const linkLife = 72 * time.Hour

// usersPage lists the accounts.
type usersPage struct {
	Layout
	Table Table
	Add   Button
}

func (a *App) showUsers(w http.ResponseWriter, r *http.Request) error {
	users, err := a.store.Users(r.Context())
	if err != nil {
		return err
	}
	p := &usersPage{Layout: Layout{Title: "Accounts"}, Add: Button{Text: "Add an account", Kind: "secondary", Href: "/users/new"},
		Table: Table{Caption: "Accounts", Stacked: true, Columns: []Column{{Text: "Name"}, {Text: "Roles"}, {Text: "Last signed in"}, {Text: "State"}}}}
	slices.SortStableFunc(users, func(x, y store.User) int { return boolOrder(x.Disabled, y.Disabled) })
	for _, u := range users {
		p.Table.Rows = append(p.Table.Rows, Row{Cells: []Cell{{Head: true, Text: u.Name, Href: fmt.Sprintf("/users/%d", u.ID), Sub: u.Email},
			{Text: roleList(u.Roles)}, {Text: or(dateTime(u.SignedIn), "Never")}, {Tags: []Tag{userTag(u, a.now())}}}})
	}
	return a.page(w, r, http.StatusOK, "users", p)
}

func boolOrder(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

func roleList(roles []workflow.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.Words()
	}
	return sentence(strings.Join(words, ", "))
}

func userTag(u store.User, now time.Time) Tag {
	switch {
	case u.Disabled:
		return Tag{Text: "Disabled"}
	case now.Before(u.LockedTo):
		return Tag{Text: "Locked until " + clockWords(u.LockedTo), Colour: "orange"}
	case u.Password == "":
		return Tag{Text: "No password yet", Colour: "yellow"}
	}
	return Tag{Text: "Active", Colour: "green"}
}

// userPage adds or changes one account.
type userPage struct {
	Layout
	Action   string
	Version  workflow.Version
	Controls []Control
	Button   Button
	Link     string // address that makes a password link
	LinkText string
}

func (a *App) newUser(w http.ResponseWriter, r *http.Request) error {
	return a.userPage(w, r, http.StatusOK, store.User{}, &Form{})
}

func (a *App) userAt(r *http.Request) (store.User, error) {
	return a.store.User(r.Context(), workflow.ActorID(max(0, atoi(r.PathValue("id")))))
}

func (a *App) showUser(w http.ResponseWriter, r *http.Request) error {
	u, err := a.userAt(r)
	if err != nil {
		return err
	}
	return a.userPage(w, r, http.StatusOK, u, &Form{})
}

func (a *App) userPage(w http.ResponseWriter, r *http.Request, status int, u store.User, f *Form) error {
	p := &userPage{Layout: Layout{Title: "Add an account", Back: &Link{"Back to accounts", "/users"}, Errors: f.Errors}, Action: "/users/new",
		Version: u.Version, Button: Button{Text: "Add the account", Confirm: true}}
	if u.ID != 0 {
		p.Title, p.Action, p.Button.Text = u.Name, fmt.Sprintf("/users/%d", u.ID), "Save the account"
		if !u.Disabled {
			p.Link, p.LinkText = p.Action+"/link", "Make a link to set a password"
		}
	}
	p.Controls = userControls(f, u)
	return a.page(w, r, status, "user", p)
}

// roleHints say what each role is for, in a line.
func roleHints() map[workflow.Role]string {
	return map[workflow.Role]string{
		workflow.Coordinator: "Works the queue, drafts letters, builds agendas", workflow.Practitioner: "Qualified in health or social care: consent, ratings, closures",
		workflow.Chair: "Chairs panels and records their decisions", workflow.PanelMember: "Sits on panels, sees their papers",
		workflow.Expert: "Sits on panels as an expert by experience", workflow.Manager: "Leads the team, settings and accounts",
		workflow.Governance: "Audit, retention, access requests", workflow.Admin: "Settings and accounts, no case",
	}
}

func userControls(f *Form, u store.User) []Control {
	name, email := f.Input("name", "Name", u.Name), f.Input("email", "Email address", u.Email)
	email.Type = "email"
	var options []Option
	for _, r := range workflow.Roles() {
		options = append(options, Option{Value: string(r), Text: sentence(r.Words()), Hint: roleHints()[r]})
	}
	var stored []string
	for _, r := range u.Roles {
		stored = append(stored, string(r))
	}
	roles := f.Choices("roles", "Roles", options, stored...)
	out := []Control{input(name, "As it stands beside what this person does"), input(email, "To sign in with"), {Checkboxes: &roles}}
	if u.ID != 0 {
		state := ""
		if u.Disabled {
			state = "yes"
		}
		disabled := f.Choices("disabled", "May this person sign in?", []Option{{Value: "yes", Text: "No: the account is disabled",
			Hint: "Whoever is signed in with it is signed out at once. What they did stays on the record."}}, state)
		out = append(out, Control{Checkboxes: &disabled})
	}
	return out
}

// saveUser adds or changes an account. A password is never typed here: its owner
// sets it by a one-time link.
func (a *App) saveUser(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	old := store.User{}
	if r.PathValue("id") != "" {
		if old, err = a.userAt(r); err != nil {
			return err
		}
		seen, err := f.Number("version")
		if err != nil {
			return err
		}
		old.Version = workflow.Version(seen)
	}
	u := store.User{ID: old.ID, Version: old.Version, Name: f.Text("name"), Email: f.Text("email"), Disabled: slices.Contains(f.Chosen("disabled"), "yes")}
	for _, x := range f.Chosen("roles") {
		u.Roles = append(u.Roles, workflow.Role(x))
	}
	by, _ := actorOf(r)
	id, err := a.store.SaveUser(r.Context(), by, a.now(), u)
	if status, mine := f.takes(err); mine {
		return a.userPage(w, r, status, old, f)
	}
	if err != nil {
		return err
	}
	if old.ID == 0 {
		a.say(r, "The account is added. Make a link, so that its owner can set a password.")
		return seeOther(w, r, fmt.Sprintf("/users/%d", id))
	}
	a.say(r, "The account is saved.")
	return seeOther(w, r, "/users")
}

// userLinkPage shows a one-time link, once.
type userLinkPage struct {
	Layout
	Name    string
	Address string
	Until   time.Time
	Copy    Copy
}

// makeUserLink answers with the link itself and not with a redirect: it is shown
// once and stands in no address, log or session.
func (a *App) makeUserLink(w http.ResponseWriter, r *http.Request) error {
	u, err := a.userAt(r)
	if err != nil {
		return err
	}
	if u.Disabled {
		return &workflow.Refusal{Kind: workflow.ErrConflict, Words: "This account is disabled."}
	}
	by, _ := actorOf(r)
	until := a.now().Add(linkLife)
	token, err := a.store.NewUserLink(r.Context(), by, a.now(), u.ID, until)
	if err != nil {
		return err
	}
	address := strings.TrimSuffix(a.base.String(), "/") + passwordPath + "/" + token
	return a.page(w, r, http.StatusOK, "user-link", &userLinkPage{Layout: Layout{Title: "A link for " + u.Name, Back: &Link{"Back to accounts", "/users"}},
		Name: u.Name, Address: address, Until: until, Copy: Copy{ID: "link", Text: address, Label: "link"}})
}
