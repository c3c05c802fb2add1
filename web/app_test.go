package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/workflow"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

const testPassword = "three green kettles"

var testHash = sync.OnceValues(func() (string, error) { return HashPassword(testPassword) })

// world is the whole service over a fresh database, with one account of every
// role: role@example.org.
type world struct {
	*testing.T
	app   *App
	store *store.Store
	who   map[workflow.Role]workflow.Actor
	now   time.Time
	srv   *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	keys, err := store.ParseKeys([]string{store.NewKey()})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Connect(t.Context(), storetest.DB(t), keys)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, store: s, who: map[workflow.Role]workflow.Actor{}, now: monday}
	base, err := url.Parse("http://dsr.example")
	if err != nil {
		t.Fatal(err)
	}
	w.app, err = newApp(AppConfig{Store: s, Intake: true, Clock: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler), Base: base,
		Version: "test", Metrics: prometheus.NewRegistry(), Sending: func() string { return "no mail host is set" },
		File: func(raw []byte, part string) ([]byte, error) {
			return []byte("part " + part + " of " + strconv.Itoa(len(raw)) + " bytes"), nil
		}, Look: func(raw []byte) (string, map[string]Picture) { return string(raw), nil }})
	if err != nil {
		t.Fatal(err)
	}
	h, err := w.app.handler()
	if err != nil {
		t.Fatal(err)
	}
	w.srv = httptest.NewServer(h)
	t.Cleanup(func() {
		w.srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	hash, err := testHash()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range workflow.Roles() {
		u := store.User{Email: string(r) + "@example.org", Name: "Test " + string(r), Roles: []workflow.Role{r}, Password: hash}
		if u.ID, err = s.SaveUser(t.Context(), workflow.Service(), monday, u); err != nil {
			t.Fatal(err)
		}
		w.who[r] = u.Actor()
	}
	return w
}

// visitor is a browser: it keeps cookies and does not follow redirects.
type visitor struct {
	w      *world
	client *http.Client
}

func (w *world) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	return &visitor{w, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser in which somebody of a role has signed in.
func (w *world) as(role workflow.Role) *visitor {
	w.Helper()
	v := w.visitor()
	got := v.post("/sign-in", url.Values{"email": {string(role) + "@example.org"}, "password": {testPassword}})
	if got.status != http.StatusSeeOther {
		w.Fatalf("%s signs in: status %d", role, got.status)
	}
	return v
}

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

func (v *visitor) do(r *http.Request) reply {
	v.w.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.w.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.w.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(b)}
}

func (v *visitor) get(path string) reply {
	v.w.Helper()
	r, err := http.NewRequestWithContext(v.w.Context(), "GET", v.w.srv.URL+path, nil)
	if err != nil {
		v.w.Fatal(err)
	}
	return v.do(r)
}

func (v *visitor) post(path string, form url.Values) reply {
	v.w.Helper()
	r, err := http.NewRequestWithContext(v.w.Context(), "POST", v.w.srv.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.do(r)
}

// page gets a page that must be there and sound.
func (v *visitor) page(path string) string {
	v.w.Helper()
	got := v.get(path)
	if got.status != http.StatusOK {
		v.w.Fatalf("GET %s: status %d, want 200: %s", path, got.status, got.body)
	}
	for _, fault := range faults(v.w.T, got.body) {
		v.w.Errorf("GET %s: %s", path, fault)
	}
	return got.body
}

func TestProbesNeedNoSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor()
	for path, want := range map[string]string{"/healthz": `"alive":true`, "/readyz": `"what":"sending"`, "/metrics": ""} {
		got := v.get(path)
		if got.status != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("GET %s: %d %s; want 200 with %s", path, got.status, got.body, want)
		}
		if got.header.Get("Set-Cookie") != "" {
			t.Errorf("GET %s sets a cookie", path)
		}
	}
}

func TestReadyStopsOnlyForWhatStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := store.Folder{Account: "essex", Name: "INBOX", UIDValidity: 1}
	if _, err := w.store.KnowFolder(t.Context(), f, store.FolderStart{At: monday}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Polled(t.Context(), f, 3, monday, ""); err != nil {
		t.Fatal(err)
	}
	v := w.visitor()
	if got := v.get("/readyz"); got.status != http.StatusOK || !strings.Contains(got.body, `"ready":true`) {
		t.Errorf("just polled: %d %s; want ready", got.status, got.body)
	}
	w.now = monday.Add(6 * time.Minute)
	if got := v.get("/readyz"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "mailbox essex/INBOX") {
		t.Errorf("not polled for 6 minutes: %d %s; want 503 that names the mailbox", got.status, got.body)
	}
	w.app.intake = false
	if got := v.get("/readyz"); got.status != http.StatusOK || !strings.Contains(got.body, "mailbox essex/INBOX") {
		t.Errorf("a process that only serves pages: %d %s; want it ready, with the mailbox named", got.status, got.body)
	}
	if got := w.as(workflow.Coordinator).page("/"); !strings.Contains(got, "No new mail is coming in") {
		t.Error("the pages do not say that no mail is read")
	}
}
