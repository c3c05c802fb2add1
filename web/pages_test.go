package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// TestPagesAreSound parses every gallery page as a browser does and looks for
// what the content policy, a screen reader or a keyboard would stumble over.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "https://dsr.example")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	post := func() *http.Request {
		r := httptest.NewRequest("POST", "/review", strings.NewReader("name=&born-day=31&born-month=2&born-year=2009&why=typed"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	for name, r := range map[string]*http.Request{
		"gallery": httptest.NewRequest("GET", "/gallery", nil), "review": httptest.NewRequest("GET", "/review", nil),
		"review with errors": post(), "not found": httptest.NewRequest("GET", "/nowhere", nil),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.Header.Set("Test-Actor", "coordinator")
			body, err := io.ReadAll(ask(t, h, r).Body)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults(t, string(body)) {
				t.Error(fault)
			}
		})
	}
}

// TestFaultsAreFound proves that the check above can fail.
func TestFaultsAreFound(t *testing.T) {
	t.Parallel()
	for want, page := range map[string]string{
		"inline style":        `<p style="color:red">`,
		"inline script":       `<script>alert(1)</script>`,
		"event handler":       `<p onclick="x()">`,
		"asset from":          `<img src="https://elsewhere.example/x.png">`,
		"has no label":        `<input id="a" name="a">`,
		"no such id":          `<a href="#nowhere">x</a>`,
		"described by":        `<label for="a">A</label><input id="a" aria-describedby="b">`,
		"twice":               `<p id="a"></p><p id="a"></p>`,
		"heading h3 after h1": `<h1>a</h1><h3>b</h3>`,
		"headings h1, want 1": `<h2>a</h2>`,
		"submits a form by":   `<form method="get"></form>`,
	} {
		found := strings.Join(faults(t, `<!DOCTYPE html><html lang="en"><title>x</title><main id="main">`+page+`</main></html>`), "\n")
		if !strings.Contains(found, want) {
			t.Errorf("%s: found %q, want a fault with %q", page, found, want)
		}
	}
}

// soundness is what faults collects on one walk.
type soundness struct {
	ids       map[string]int
	labels    map[string]bool
	controls  []string
	targets   []string
	describes []string
	headings  []string
	faults    []string
}

func faults(t *testing.T, page string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	s := &soundness{ids: make(map[string]int), labels: make(map[string]bool)}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			s.look(n)
		}
	}
	for _, id := range s.controls {
		if !s.labels[id] {
			s.faults = append(s.faults, "control "+id+" has no label")
		}
	}
	for _, id := range s.targets {
		if s.ids[id] == 0 {
			s.faults = append(s.faults, "link to #"+id+": no such id")
		}
	}
	for _, id := range s.describes {
		if s.ids[id] == 0 {
			s.faults = append(s.faults, "something is described by "+id+", which is not there")
		}
	}
	for id, n := range s.ids {
		if n > 1 {
			s.faults = append(s.faults, "id "+id+" stands twice")
		}
	}
	s.order()
	return s.faults
}

func (s *soundness) look(n *html.Node) {
	at := make(map[string]string)
	for _, a := range n.Attr {
		at[a.Key] = a.Val
		if a.Key == "style" {
			s.faults = append(s.faults, "inline style on "+n.Data)
		}
		if strings.HasPrefix(a.Key, "on") {
			s.faults = append(s.faults, "event handler "+a.Key)
		}
	}
	if id := at["id"]; id != "" {
		s.ids[id]++
	}
	for _, key := range []string{"aria-describedby", "aria-labelledby", "aria-controls", "data-aria-controls"} {
		s.describes = append(s.describes, strings.Fields(at[key])...)
	}
	if href := at["href"]; n.Data == "a" && strings.HasPrefix(href, "#") {
		s.targets = append(s.targets, href[1:])
	}
	for _, key := range []string{"src", "href"} {
		if v := at[key]; strings.Contains(v, "//") {
			s.faults = append(s.faults, "asset from "+v)
		}
	}
	switch n.Data {
	case "style":
		s.faults = append(s.faults, "inline style element")
	case "script":
		if at["src"] == "" {
			s.faults = append(s.faults, "inline script")
		}
	case "label":
		s.labels[at["for"]] = true
	case "input", "textarea", "select":
		if at["type"] != "hidden" {
			s.controls = append(s.controls, at["id"])
		}
	case "form":
		if at["method"] != "post" && !strings.Contains(at["class"], "moj-filter") {
			s.faults = append(s.faults, "something submits a form by "+at["method"])
		}
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if !strings.Contains(at["class"], "govuk-error-summary__title") && at["id"] != "session-title" {
			s.headings = append(s.headings, n.Data)
		}
	}
}

// order checks that headings begin with the one h1 and never skip a level.
func (s *soundness) order() {
	ones := 0
	before := "h0"
	for _, h := range s.headings {
		if h == "h1" {
			ones++
		}
		if h[1] > before[1]+1 {
			s.faults = append(s.faults, "heading "+h+" after "+before)
		}
		before = h
	}
	if ones != 1 {
		s.faults = append(s.faults, "headings h1, want 1: "+strings.Join(s.headings, " "))
	}
}
