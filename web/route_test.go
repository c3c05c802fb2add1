package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func nothing(http.ResponseWriter, *http.Request) error { return nil }

func TestRouteTableIsRefused(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	co := []workflow.Role{workflow.Coordinator}
	good := Route{Method: "GET", Pattern: "/a", Title: "A", May: co, Handler: nothing}
	for name, c := range map[string]struct {
		change func(*Route)
		want   string
	}{
		"nobody is named":        {func(r *Route) { r.May = nil }, "must be open or say who"},
		"open and for a few":     {func(r *Route) { r.Open = true }, "must be open or say who"},
		"no handler":             {func(r *Route) { r.Handler = nil }, "no handler"},
		"no title":               {func(r *Route) { r.Title = "" }, "no title"},
		"no method":              {func(r *Route) { r.Method = "" }, "no method"},
		"no path":                {func(r *Route) { r.Pattern = "a" }, "no path"},
		"twice the same address": {func(*Route) {}, "twice"},
	} {
		other := good
		c.change(&other)
		if _, err := s.Handler([]Route{good, other}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want a refusal with %q", name, err, c.want)
		}
	}
	if _, err := s.Handler([]Route{good}); err != nil {
		t.Errorf("a good table: %v", err)
	}
}

// TestDoors: who comes through which route.
func TestDoors(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler([]Route{
		{Method: "GET", Pattern: "/open", Title: "x", Open: true, Handler: nothing},
		{Method: "GET", Pattern: "/cases/{id}", Title: "x", May: []workflow.Role{workflow.Coordinator}, Handler: nothing},
		{Method: "POST", Pattern: "/cases/{id}", Title: "x", May: []workflow.Role{workflow.Coordinator}, Handler: nothing},
		{Method: "GET", Pattern: "/api/v1/cases", Title: "x", May: []workflow.Role{workflow.Coordinator}, API: true, Handler: nothing},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		actor, method, path string
		status              int
		location            string
	}{
		{"", "GET", "/open", 200, ""},
		{"coordinator", "GET", "/open", 200, ""},
		{"", "GET", "/cases/3?tab=x", 303, "/sign-in?next=%2Fcases%2F3%3Ftab%3Dx"},
		{"", "POST", "/cases/3", 303, "/sign-in?next=%2F"},
		{"coordinator", "GET", "/cases/3", 200, ""},
		{"coordinator", "HEAD", "/cases/3", 200, ""},
		{"coordinator", "POST", "/cases/3", 200, ""},
		{"admin", "GET", "/cases/3", 403, ""},
		{"admin", "POST", "/cases/3", 403, ""},
		{"", "GET", "/api/v1/cases", 401, ""},
		{"admin", "GET", "/api/v1/cases", 403, ""},
		{"coordinator", "GET", "/api/v1/cases", 200, ""},
		{"coordinator", "PUT", "/cases/3", 405, ""},
		{"coordinator", "GET", "/nowhere", 404, ""},
		{"", "GET", "/nowhere", 404, ""},
		{"coordinator", "GET", "/api/v1/nowhere", 404, ""},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		r.Header.Set("Test-Actor", c.actor)
		got := ask(t, h, r)
		if got.StatusCode != c.status || got.Header.Get("Location") != c.location {
			t.Errorf("%s: %s %s: %d %q, want %d %q", c.actor, c.method, c.path, got.StatusCode, got.Header.Get("Location"), c.status, c.location)
		}
		if c.status == 405 && got.Header.Get("Allow") == "" {
			t.Error("405 without Allow")
		}
		if kind := got.Header.Get("Content-Type"); c.status >= 400 && strings.HasPrefix(c.path, "/api/") != (kind == "application/problem+json") {
			t.Errorf("%s %s: the error came as %q", c.method, c.path, kind)
		}
	}
}

func TestSafeNext(t *testing.T) {
	t.Parallel()
	for next, want := range map[string]string{
		"/cases/3?tab=x": "/cases/3?tab=x", "": "/", "cases": "/", "//elsewhere.example": "/", "https://elsewhere.example/": "/",
		`/\elsewhere.example`: "/", "/a\r\nb": "/", "/\t/elsewhere.example": "/", "javascript:alert(1)": "/",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("%q: got %q, want %q", next, got, want)
		}
	}
}

func TestKindsOfError(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	for name, c := range map[string]struct {
		err    error
		status int
		words  string
	}{
		"not valid":   {fmt.Errorf("x: %w", workflow.ErrInvalid), 422, "Something in what was sent"},
		"not found":   {fmt.Errorf("case 3: %w", workflow.ErrNotFound), 404, "may have moved"},
		"conflict":    {&workflow.Refusal{Kind: workflow.ErrConflict, Words: "Sam Hale changed the date of birth at 10:04am"}, 409, "Sam Hale changed the date of birth"},
		"not allowed": {workflow.ErrNotAllowed, 403, "does not have the role"},
		"too slow":    {fmt.Errorf("load: %w", context.DeadlineExceeded), 503, "Wait a moment"},
		"ours":        {errors.New("secret words of a driver"), 500, "It is our fault"},
	} {
		h, err := s.Handler([]Route{{Method: "GET", Pattern: "/x", Title: "x", May: []workflow.Role{workflow.Coordinator},
			Handler: func(http.ResponseWriter, *http.Request) error { return c.err }}})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/x", nil)
		r.Header.Set("Test-Actor", "coordinator")
		got := ask(t, h, r)
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got.StatusCode != c.status || !strings.Contains(string(body), c.words) || strings.Contains(string(body), "secret") {
			t.Errorf("%s: %d, want %d and %q in the page", name, got.StatusCode, c.status, c.words)
		}
		if shown := strings.Contains(string(body), got.Header.Get("X-Request-Id")); shown != (c.status >= 500) {
			t.Errorf("%s: the number is shown: %v", name, shown)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler([]Route{{Method: "POST", Pattern: "/x", Title: "x", May: []workflow.Role{workflow.Coordinator}, MaxBody: 100,
		Handler: func(w http.ResponseWriter, r *http.Request) error {
			if _, err := readForm(r); err != nil {
				return err
			}
			return seeOther(w, r, "/done")
		}}})
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{90: 303, 200: 413} {
		r := httptest.NewRequest("POST", "/x", strings.NewReader(url.Values{"a": {strings.Repeat("b", size)}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Test-Actor", "coordinator")
		if got := ask(t, h, r).StatusCode; got != want {
			t.Errorf("%d bytes: %d, want %d", size, got, want)
		}
	}
}

// TestPerMinute: a minute's allowance is each person's own, and comes back.
func TestPerMinute(t *testing.T) {
	t.Parallel()
	l := newLimiter(3)
	for i, c := range []struct {
		who   string
		after time.Duration
		want  bool
	}{
		{"a", 0, true}, {"a", 0, true}, {"a", 0, true}, {"a", 0, false}, {"b", 0, true}, {"a", 10 * time.Second, false},
		{"a", 20 * time.Second, true}, {"a", 20 * time.Second, false},
	} {
		if got := l.allow(c.who, noon.Add(c.after)); got != c.want {
			t.Errorf("try %d by %s after %v: %v, want %v", i, c.who, c.after, got, c.want)
		}
	}
	for i := range mostLimits + 5 {
		l.allow(fmt.Sprint(i), noon.Add(time.Duration(i)*time.Second))
	}
	if len(l.by) > mostLimits {
		t.Errorf("%d are remembered, want at most %d", len(l.by), mostLimits)
	}
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler([]Route{{Method: "POST", Pattern: "/sign-in", Title: "x", Open: true, PerMinute: 2, Handler: nothing}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{200, 200, 429} {
		got := ask(t, h, httptest.NewRequest("POST", "/sign-in", nil))
		if got.StatusCode != want || (want == 429) != (got.Header.Get("Retry-After") != "") {
			t.Errorf("try %d: %d, want %d", i, got.StatusCode, want)
		}
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	for seen, want := range map[string]int{`"v1"`: 200, `"v2"`: 304, "": 200} {
		r := httptest.NewRequest("GET", "/queue/version", nil)
		r.Header.Set("Test-Actor", "coordinator")
		r.Header.Set("If-None-Match", seen)
		got := ask(t, h, r)
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got.StatusCode != want || (want == 200) != (string(body) == `{"version":"v2","text":"3 new referrals."}`) {
			t.Errorf("seen %s: %d %s, want %d", seen, got.StatusCode, body, want)
		}
	}
}

func TestKeepSession(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", keepPath, nil)
	r.Header.Set("Test-Actor", "coordinator")
	body, err := io.ReadAll(ask(t, h, r).Body)
	if err != nil || string(body) != `{"seconds":1800}` {
		t.Errorf("got %s, %v, want 1800 seconds", body, err)
	}
	if got := ask(t, h, httptest.NewRequest("POST", keepPath, nil)).StatusCode; got != http.StatusSeeOther {
		t.Errorf("nobody stays signed in: %d, want %d", got, http.StatusSeeOther)
	}
}
