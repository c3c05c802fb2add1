package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const samplePage = `<!doctype html><html lang="en"><title>t</title><body><header><form action="/search"><button>Search all</button></form></header><main>
<h1>Sample</h1><a href="/other">Another <span>page</span></a>
<form method="post" action="/sent">
<input type="hidden" name="version" value="7">
<label for="n">Name</label><input id="n" name="name" value="old">
<label for="w">Words</label><textarea id="w" name="words">
kept as it was</textarea>
<fieldset><legend>Does she agree?</legend>
<input type="radio" id="y" name="agree" value="yes"><label for="y">Yes</label>
<input type="radio" id="x" name="agree" value="no" checked><label for="x">No</label></fieldset>
<fieldset><legend>Day of birth</legend>
<label for="d">Day</label><input id="d" name="born-day"><label for="m">Month</label><input id="m" name="born-month"><label for="a">Year</label><input id="a" name="born-year"></fieldset>
<details><summary>More</summary><input type="checkbox" id="b" name="box" value="ticked"><label for="b">A box</label></details>
<label for="s">Sector</label><select id="s" name="sector"><option value="">Choose</option><option value="h">Health</option></select>
<button name="how" value="quickly">Search</button></form></main></body></html>`

// TestScreens shows that both screens send the same form: what is typed, what
// was there before, the button pressed.
func TestScreens(t *testing.T) {
	t.Parallel()
	want := url.Values{"version": {"7"}, "name": {"Zoë"}, "words": {"kept as it was"}, "agree": {"yes"}, "born-day": {"2"}, "born-month": {"3"},
		"born-year": {"2011"}, "box": {"ticked"}, "sector": {"h"}, "how": {"quickly"}}.Encode()
	for name, open := range map[string]func(testing.TB, string) screen{
		"paper":          func(t testing.TB, base string) screen { return newPaper(t, base) },
		"window":         func(t testing.TB, base string) screen { return newWindow(t, base) },
		"without script": func(t testing.TB, base string) screen { return newWindow(t, base).withoutScript() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, sampleSite(t))
			s.open("/")
			s.follow("Another page")
			says(t, s, "You are elsewhere")
			s.open("/")
			s.fill("Zoë", "Name")
			s.choose("Does she agree?", "Yes")
			fillDate(s, "Day of birth", time.Date(2011, 3, 2, 0, 0, 0, 0, time.UTC))
			s.choose("A box")
			s.pick("Health", "Sector")
			s.press("Search")
			if got := s.text(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func sampleSite(t testing.TB) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, samplePage) })
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<main>You are elsewhere</main>") })
	mux.HandleFunc("POST /sent", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		http.Redirect(w, r, "/got?"+r.PostForm.Encode(), http.StatusSeeOther)
	})
	mux.HandleFunc("GET /got", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<main>%s</main>", strings.ReplaceAll(r.URL.RawQuery, "&", "&amp;"))
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	return site.URL
}

// TestConsole shows that a window notices what a policy stops.
func TestConsole(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		fmt.Fprint(w, `<main style="color: red">styled in line</main>`)
	}))
	t.Cleanup(site.Close)
	w := newWindow(t, site.URL)
	w.open("/")
	eventually(t, patience, "word on the console", func() (struct{}, bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		return struct{}{}, strings.Contains(strings.Join(w.said, " "), "Content Security Policy")
	})
}
