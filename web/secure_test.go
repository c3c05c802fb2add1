package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	for base, hsts := range map[string]string{"http://127.0.0.1:8080": "", "https://dsr.example": "max-age=31536000; includeSubDomains"} {
		s := newTestServer(t, base)
		h, err := s.Handler(galleryTable(s))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/gallery", "/nowhere", "/review", "/static/x/app.css"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Header.Set("Test-Actor", "coordinator")
			got := ask(t, h, r).Header
			for name, want := range map[string]string{
				"Content-Security-Policy":      pagePolicy,
				"X-Content-Type-Options":       "nosniff",
				"Referrer-Policy":              "no-referrer",
				"Cross-Origin-Opener-Policy":   "same-origin",
				"Cross-Origin-Resource-Policy": "same-origin",
				"Strict-Transport-Security":    hsts,
			} {
				if got.Get(name) != want {
					t.Errorf("%s%s: %s is %q, want %q", base, path, name, got.Get(name), want)
				}
			}
			if !strings.HasPrefix(path, "/static/") && got.Get("Cache-Control") != "no-store" {
				t.Errorf("%s%s may be kept: %q", base, path, got.Get("Cache-Control"))
			}
			if len(got.Get("X-Request-Id")) != 9 {
				t.Errorf("%s%s: request id %q", base, path, got.Get("X-Request-Id"))
			}
		}
	}
}

// TestCrossOrigin: what a page from elsewhere sends is refused, what ours sends
// and what no browser sent is let through to the other doors.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "https://dsr.example")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, method, header, value string
		want                        int
	}{
		{"our form", "POST", "Sec-Fetch-Site", "same-origin", 422},
		{"another site's form", "POST", "Sec-Fetch-Site", "cross-site", 403},
		{"another host of the council", "POST", "Sec-Fetch-Site", "same-site", 403},
		{"an old browser elsewhere", "POST", "Origin", "https://elsewhere.example", 403},
		{"an old browser here, behind a proxy", "POST", "Origin", "https://dsr.example", 422},
		{"no browser", "POST", "User-Agent", "curl", 422},
		{"a link from elsewhere", "GET", "Sec-Fetch-Site", "cross-site", 200},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1/review", strings.NewReader("name=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Test-Actor", "coordinator")
		r.Header.Set(c.header, c.value)
		if got := ask(t, h, r).StatusCode; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestPanicGivesANumber: the reader sees a number, the log has it with the
// stack, and neither has what the panic carried.
func TestPanicGivesANumber(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := newConfig(t, "http://127.0.0.1")
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	all := []workflow.Role{workflow.Coordinator}
	h, err := s.Handler([]Route{
		{Method: "GET", Pattern: "/text", Title: "x", May: all, Handler: func(http.ResponseWriter, *http.Request) error { panic("Jordan Avery") }},
		{Method: "GET", Pattern: "/index", Title: "x", May: all, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			_ = []int{}[len(r.Method)]
			return nil
		}},
		{Method: "GET", Pattern: "/half", Title: "x", May: all, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = io.WriteString(w, "half an answ")
			panic("Jordan Avery")
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string]string{"/text": "panic=string", "/index": "index out of range"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Test-Actor", "coordinator")
		got := ask(t, h, r)
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		number := got.Header.Get("X-Request-Id")
		if got.StatusCode != 500 || !strings.Contains(string(body), number) {
			t.Errorf("%s: %d, and the page lacks %s", path, got.StatusCode, number)
		}
		if !strings.Contains(log.String(), "request="+number) || !strings.Contains(log.String(), words) {
			t.Errorf("%s: the log lacks %s or %q:\n%s", path, number, words, &log)
		}
	}
	func() {
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("half an answer: recovered %v, want the connection cut", v)
			}
		}()
		r := httptest.NewRequest("GET", "/half", nil)
		r.Header.Set("Test-Actor", "coordinator")
		ask(t, h, r)
	}()
	if strings.Contains(log.String(), "Jordan") {
		t.Errorf("a panic's text stands in the log:\n%s", &log)
	}
}

// withDeadlines remembers the deadlines that its connection was given.
type withDeadlines struct {
	*httptest.ResponseRecorder
	read, write time.Time
}

func (w *withDeadlines) SetReadDeadline(t time.Time) error  { w.read = t; return nil }
func (w *withDeadlines) SetWriteDeadline(t time.Time) error { w.write = t; return nil }

// TestDeadlines: every answer has one, also those of no route.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler([]Route{
		{Method: "GET", Pattern: "/usual", Title: "x", Open: true, Handler: nothing},
		{Method: "GET", Pattern: "/slow", Title: "x", Open: true, Slow: true, Handler: nothing},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]time.Duration{"/usual": usualTime, "/slow": slowTime, "/nowhere": usualTime, "/static/x/app.css": usualTime} {
		w := &withDeadlines{ResponseRecorder: httptest.NewRecorder()}
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		for name, got := range map[string]time.Time{"read": w.read, "write": w.write} {
			if left := time.Until(got); left < want-time.Minute/4 || left > want+time.Minute/4 {
				t.Errorf("%s: %v to %s, want about %v", path, left, name, want)
			}
		}
	}
}

func TestSafeNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"referral.docx":                    "referral.docx",
		"Überweisung für Zoë.pdf":          "Überweisung für Zoë.pdf",
		"../../etc/passwd":                 "passwd",
		`C:\Users\sam\form.doc`:            "form.doc",
		"a\r\nSet-Cookie: x=1":             "a__Set-Cookie_ x=1",
		"invoice\u202Efdp.exe":             "invoice_fdp.exe",
		"..":                               "file",
		"":                                 "file",
		".htaccess":                        "htaccess",
		"name. . ":                         "name",
		"CON.txt":                          "_CON.txt",
		"lpt1":                             "_lpt1",
		"console.txt":                      "console.txt",
		"bad\xff.txt":                      "bad_.txt",
		`a<b>"c|d?e*.txt`:                  "a_b__c_d_e_.txt",
		strings.Repeat("é", 200) + ".docx": strings.Repeat("é", 57) + ".docx",
		"x." + strings.Repeat("y", 300):    "x." + strings.Repeat("y", 118),
	} {
		if got := safeName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestDownload(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"application/pdf":           "application/pdf",
		"text/plain":                "text/plain; charset=utf-8",
		"text/csv; charset=latin1":  "text/csv; charset=latin1",
		"text/html":                 "application/octet-stream",
		"image/svg+xml":             "application/octet-stream",
		"application/xhtml+xml":     "application/octet-stream",
		"text/xml":                  "application/octet-stream",
		"application/javascript":    "application/octet-stream",
		"text/html\r\nX-Injected:1": "application/octet-stream",
		"":                          "application/octet-stream",
		"image/png":                 "image/png",
	} {
		w := httptest.NewRecorder()
		if err := download(w, Download{Name: "a b'ü.pdf", Type: in, Size: 5, Body: strings.NewReader("bytes")}); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if h.Get("Content-Type") != want {
			t.Errorf("%q is sent as %q, want %q", in, h.Get("Content-Type"), want)
		}
		if got, want := h.Get("Content-Disposition"), "attachment; filename*=UTF-8''a%20b%27%C3%BC.pdf"; got != want {
			t.Errorf("disposition %q, want %q", got, want)
		}
		if !strings.HasPrefix(h.Get("Content-Security-Policy"), "sandbox;") || h.Get("Content-Length") != "5" || w.Body.String() != "bytes" {
			t.Errorf("headers %v, body %q", h, w.Body)
		}
	}
}
