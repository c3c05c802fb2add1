package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

const passwordPath = "/set-password"

func (a *App) accountRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: signInPath, Title: "Sign in", Open: true, Handler: a.showSignIn},
		{Method: "POST", Pattern: signInPath, Title: "Sign in", Open: true, PerMinute: 30, MaxBody: 8 << 10, Handler: a.signIn},
		{Method: "POST", Pattern: signOutPath, Title: "Sign out", Open: true, Handler: a.signOut},
		{Method: "POST", Pattern: keepPath, Title: "Stay signed in", May: workflow.Roles(), API: true, Handler: a.keepSession},
		{Method: "GET", Pattern: passwordPath + "/{token}", Title: "Set a password", Open: true, PerMinute: 30, Handler: a.showSetPassword},
		{Method: "POST", Pattern: passwordPath + "/{token}", Title: "Set a password", Open: true, PerMinute: 30, MaxBody: 8 << 10, Handler: a.setPassword},
	}
}

// signInPage asks for an email address and a password.
type signInPage struct {
	Layout
	Email, Password Input
	Next            string
}

func newSignInPage(f *Form, next string) *signInPage {
	p := &signInPage{Layout: Layout{Title: "Sign in", Errors: f.Errors}, Next: next, Email: f.Input("email", "Email address", ""),
		Password: Input{Field: f.field("password", "Password"), Type: "password", Autocomplete: "current-password"}}
	p.Email.Type, p.Email.Autocomplete, p.Email.Width, p.Password.Width = "email", "username", "20", "20"
	return p
}

func (a *App) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if _, ok := actorOf(r); ok {
		return seeOther(w, r, safeNext(r.URL.Query().Get("next")))
	}
	return a.page(w, r, http.StatusOK, "sign-in", newSignInPage(&Form{}, safeNext(r.URL.Query().Get("next"))))
}

// signIn checks an address and a password. What fails, fails with the same
// words after the same work, so that nobody learns who has an account.
func (a *App) signIn(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	next := safeNext(f.Text("next"))
	u, err := a.authenticate(r.Context(), f.Text("email"), f.typed.Get("password"))
	if errors.Is(err, workflow.ErrNotAllowed) {
		f.Wrong("email", "Enter an email address and password that belong together. After ten wrong passwords an account is locked for 15 minutes.")
		a.log.Warn("sign-in refused", "request", requestID(r))
		return a.page(w, r, http.StatusUnprocessableEntity, "sign-in", newSignInPage(f, next))
	}
	if err != nil {
		return err
	}
	if err := a.begin(r, u); err != nil {
		return err
	}
	return seeOther(w, r, next)
}

// begin makes the session somebody's, under a new token: whoever knew the old
// one knows nothing.
func (a *App) begin(r *http.Request, u store.User) error {
	ctx := r.Context()
	if err := a.sessions.RenewToken(ctx); err != nil {
		return err
	}
	if err := a.sessions.Clear(ctx); err != nil {
		return err
	}
	a.sessions.SetDeadline(ctx, time.Now().Add(longestSitIn)) // the library's own clock
	a.sessions.Put(ctx, keyUser, int64(u.ID))
	a.sessions.Put(ctx, keyVersion, int64(u.Version))
	return nil
}

// authenticate finds the account that an address and a password belong to, or
// ErrNotAllowed.
func (a *App) authenticate(ctx context.Context, email, password string) (store.User, error) {
	u, err := a.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, workflow.ErrNotFound) {
		return u, err
	}
	known := err == nil
	fits, err := a.checkPassword(ctx, u.Password, password)
	if err != nil {
		return u, err
	}
	if !known || u.Disabled || a.now().Before(u.LockedTo) {
		return u, workflow.ErrNotAllowed
	}
	if err := a.store.SignedIn(ctx, u.ID, a.now(), fits); err != nil {
		return u, err
	}
	if !fits {
		return u, workflow.ErrNotAllowed
	}
	return u, nil
}

func (a *App) checkPassword(ctx context.Context, hash, password string) (bool, error) {
	var fits bool
	err := a.oneHash(ctx, func() { fits = len(password) <= 4*longestPassword && passwordFits(hash, password) })
	return fits, err
}

// oneHash waits for its turn: hashes of many sign-ins at once would take the
// machine's memory.
func (a *App) oneHash(ctx context.Context, work func()) error {
	select {
	case a.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-a.hashing }()
	work()
	return nil
}

func (a *App) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := a.sessions.Destroy(r.Context()); err != nil {
		return err
	}
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	return seeOther(w, r, signInPath)
}

// passwordPage sets a password by a one-time link.
type passwordPage struct {
	Layout
	Name            string
	Email           string // for the browser's own list of passwords
	Password, Again Input
}

func (a *App) passwordPage(w http.ResponseWriter, r *http.Request, status int, f *Form) error {
	u, err := a.store.UserOfLink(r.Context(), r.PathValue("token"), a.now())
	if errors.Is(err, workflow.ErrNotFound) {
		return &workflow.Refusal{Kind: workflow.ErrNotFound, Words: "This link has been used or is too old. Ask an administrator for a new one."}
	}
	if err != nil {
		return err
	}
	p := &passwordPage{Layout: Layout{Title: "Set your password", Errors: f.Errors}, Name: u.Name, Email: u.Email,
		Password: Input{Field: f.field("password", "New password"), Type: "password", Autocomplete: "new-password", Width: "20"},
		Again:    Input{Field: f.field("again", "The same again"), Type: "password", Autocomplete: "new-password", Width: "20"}}
	p.Password.Hint = "At least 12 characters. Three words that do not belong together are good."
	return a.page(w, r, status, "set-password", p)
}

func (a *App) showSetPassword(w http.ResponseWriter, r *http.Request) error {
	return a.passwordPage(w, r, http.StatusOK, &Form{})
}

func (a *App) setPassword(w http.ResponseWriter, r *http.Request) error {
	f, err := readForm(r)
	if err != nil {
		return err
	}
	password := f.typed.Get("password")
	if password != f.typed.Get("again") {
		f.Wrong("again", "Enter the same password twice.")
	}
	var hash string
	if f.OK() {
		if _, err := a.store.UserOfLink(r.Context(), r.PathValue("token"), a.now()); err != nil {
			return a.passwordPage(w, r, http.StatusOK, f) // no hash is made for a link that is no good
		}
		var refused error
		if err := a.oneHash(r.Context(), func() { hash, refused = HashPassword(password) }); err != nil {
			return err
		}
		if refused != nil && !f.Refused(refused) {
			return refused
		}
	}
	if !f.OK() {
		return a.passwordPage(w, r, http.StatusUnprocessableEntity, f)
	}
	if err := a.store.SetPassword(r.Context(), r.PathValue("token"), hash, a.now()); err != nil {
		return err
	}
	return seeOther(w, r, signInPath)
}
