package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestPasswordsFit(t *testing.T) {
	t.Parallel()
	hash, err := testHash()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		hash, password string
		want           bool
	}{
		"right":            {hash, testPassword, true},
		"wrong":            {hash, testPassword + "x", false},
		"no password":      {hash, "", false},
		"no hash":          {"", "", false},
		"zero of no hash":  {"", strings.Repeat("\x00", 32), false},
		"other kind":       {strings.Replace(hash, "argon2id", "argon2i", 1), testPassword, false},
		"huge cost":        {"$argon2id$v=19$m=99999999,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA", testPassword, false},
		"nothing to match": {"$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$", testPassword, false},
	} {
		if got := passwordFits(c.hash, c.password); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestHashPasswordRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "short", strings.Repeat("a", 257)} {
		if _, err := HashPassword(p); err == nil {
			t.Errorf("a password of %d characters was taken", len(p))
		}
	}
}

func TestSignInRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	locked, err := w.store.UserByEmail(t.Context(), "expert@example.org")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := w.store.SignedIn(t.Context(), locked.ID, monday, false); err != nil {
			t.Fatal(err)
		}
	}
	gone, err := w.store.UserByEmail(t.Context(), "governance@example.org")
	if err != nil {
		t.Fatal(err)
	}
	gone.Disabled = true
	if _, err := w.store.SaveUser(t.Context(), workflow.Service(), monday, gone); err != nil {
		t.Fatal(err)
	}
	var words string
	for name, c := range map[string]struct{ email, password string }{
		"wrong password": {"manager@example.org", "something else entirely"}, "unknown": {"nobody@example.org", testPassword},
		"nothing": {"", ""}, "locked": {"expert@example.org", testPassword}, "disabled": {"governance@example.org", testPassword},
	} {
		v := w.visitor()
		got := v.post("/sign-in", url.Values{"email": {c.email}, "password": {c.password}})
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, want 422", name, got.status)
			continue
		}
		if c.password != "" && strings.Contains(got.body, c.password) {
			t.Errorf("%s: the page holds the password", name)
		}
		_, after, _ := strings.Cut(got.body, "There is a problem")
		message, _, _ := strings.Cut(after, "</ul>")
		if words == "" {
			words = message
		}
		if message != words {
			t.Errorf("%s: told %q, others %q", name, message, words)
		}
		if got := v.get("/"); got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/sign-in") {
			t.Errorf("%s: the start page answers %d to nobody", name, got.status)
		}
	}
	w.now = monday.Add(16 * time.Minute)
	w.as(workflow.Expert)
}

func TestSessionCookieAndToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor()
	if got := v.get("/sign-in"); got.header.Get("Set-Cookie") != "" {
		t.Error("nobody gets a session before signing in")
	}
	form := url.Values{"email": {"Coordinator@Example.org "}, "password": {testPassword}, "next": {"//elsewhere.example"}}
	got := v.post("/sign-in", form)
	cookie := got.header.Get("Set-Cookie")
	if got.header.Get("Location") != "/" || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("signed in: to %q with %q", got.header.Get("Location"), cookie)
	}
	first := cookie
	if second := v.post("/sign-in", form).header.Get("Set-Cookie"); second == first || second == "" {
		t.Error("signing in again keeps the token")
	}
	if secure := newSessions(w.store, true).Cookie; secure.Name != "__Host-dsr" || !secure.Secure {
		t.Errorf("over https the cookie is %+v", secure)
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Manager)
	u, err := url.Parse(w.srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	kept := v.client.Jar.Cookies(u)
	v.page("/")
	if got := v.post("/sign-out", nil); got.status != http.StatusSeeOther {
		t.Fatalf("sign out: %d", got.status)
	}
	v.client.Jar.SetCookies(u, kept) // somebody kept the cookie
	if got := v.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("after signing out the old cookie still works: %d", got.status)
	}
}

func TestChangedAccountMustSignInAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Coordinator)
	v.page("/")
	u, err := w.store.UserByEmail(t.Context(), "coordinator@example.org")
	if err != nil {
		t.Fatal(err)
	}
	u.Roles = []workflow.Role{workflow.Admin}
	if _, err := w.store.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
		t.Fatal(err)
	}
	if got := v.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("status %d, want to be led to the sign-in page", got.status)
	}
}

func TestPasswordLinkWorksOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.who[workflow.Practitioner].ID
	old := w.as(workflow.Practitioner)
	token, err := w.store.NewUserLink(t.Context(), w.who[workflow.Admin], monday, id, monday.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	v := w.visitor()
	v.page("/set-password/" + token)
	fresh := "four quiet yellow barges"
	for name, form := range map[string]url.Values{"short": {"password": {"abc"}, "again": {"abc"}}, "not the same": {"password": {fresh}, "again": {fresh + "x"}}} {
		if got := v.post("/set-password/"+token, form); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d, want 422", name, got.status)
		}
	}
	form := url.Values{"password": {fresh}, "again": {fresh}}
	if got := v.post("/set-password/"+token, form); got.status != http.StatusSeeOther {
		t.Fatalf("set: %d %s", got.status, got.body)
	}
	if got := v.post("/set-password/"+token, form); got.status != http.StatusNotFound {
		t.Errorf("used twice: %d, want 404", got.status)
	}
	if got := old.get("/"); got.status != http.StatusSeeOther {
		t.Errorf("a session from before the new password still works: %d", got.status)
	}
	if got := v.post("/sign-in", url.Values{"email": {"practitioner@example.org"}, "password": {fresh}}); got.status != http.StatusSeeOther {
		t.Errorf("the new password: %d", got.status)
	}
}

func TestPasswordLinkRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.who[workflow.Expert].ID
	if _, err := w.store.NewUserLink(t.Context(), w.who[workflow.Coordinator], monday, id, monday.Add(time.Hour)); err == nil {
		t.Error("a coordinator made a password link")
	}
	make := func() string {
		token, err := w.store.NewUserLink(t.Context(), w.who[workflow.Manager], monday, id, monday.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first, second := make(), make()
	v := w.visitor()
	if got := v.get("/set-password/" + first); got.status != http.StatusNotFound {
		t.Errorf("an older link: %d, want 404", got.status)
	}
	v.page("/set-password/" + second)
	w.now = monday.Add(2 * time.Hour)
	if got := v.get("/set-password/" + second); got.status != http.StatusNotFound {
		t.Errorf("a late link: %d, want 404", got.status)
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.as(workflow.Manager)
	for _, path := range []string{"/sign-in", "/sign-out"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.srv.URL+path, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if got := v.do(r); got.status != http.StatusForbidden {
			t.Errorf("%s from elsewhere: %d, want 403", path, got.status)
		}
	}
	v.page("/")
}

func TestSignInIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor()
	counts := map[int]int{}
	for i := range 33 {
		got := v.post("/sign-in", url.Values{"email": {fmt.Sprintf("a%d@example.org", i)}, "password": {"x"}})
		counts[got.status]++
	}
	if counts[http.StatusTooManyRequests] != 3 {
		t.Errorf("answers %v, want 3 of 429", counts)
	}
}
