package e2e

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// paper is a screen without any script: pages are read as they come, forms are
// sent as HTML says.
type paper struct {
	t      testing.TB
	base   string
	client *http.Client
	at     *url.URL
	page   page
	typed  map[*html.Node]string // by control
	chosen map[*html.Node]bool   // by radio or checkbox
}

func newPaper(t testing.TB, base string) *paper {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &paper{t: t, base: base, client: &http.Client{Jar: jar, Timeout: patience}}
}

func (s *paper) open(path string) {
	s.t.Helper()
	at, err := url.Parse(s.base + path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.get(at)
}

func (s *paper) get(at *url.URL) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, at.String(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ask(req)
}

func (s *paper) ask(req *http.Request) {
	s.t.Helper()
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.at = res.Request.URL
	s.page = readPage(s.t, s.at.Path, string(body))
	s.typed, s.chosen = map[*html.Node]string{}, map[*html.Node]bool{}
	if res.StatusCode >= 500 || res.StatusCode == http.StatusNotFound {
		s.t.Fatalf("%s %s answers %s:\n%s", req.Method, req.URL.Path, res.Status, s.page.text())
	}
}

func (s *paper) find(n *html.Node, err error) *html.Node {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *paper) follow(link string) {
	s.t.Helper()
	n := s.find(s.page.link(link))
	to, err := s.at.Parse(attribute(n, "href"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.get(to)
}

func (s *paper) fill(value string, label ...string) {
	s.t.Helper()
	s.typed[s.find(s.page.control(label...))] = value
}

func (s *paper) choose(label ...string) {
	s.t.Helper()
	n := s.find(s.page.control(label...))
	if attribute(n, "type") == "radio" {
		for _, other := range below(s.page.formOf(n), element(atom.Input)) {
			if attribute(other, "type") == "radio" && attribute(other, "name") == attribute(n, "name") {
				s.chosen[other] = false
			}
		}
	}
	s.chosen[n] = true
}

func (s *paper) pick(option string, label ...string) {
	s.t.Helper()
	n := s.find(s.page.control(label...))
	options := below(n, element(atom.Option))
	o := best(options, words, option)
	if o == nil {
		s.t.Fatal(s.page.lacks("option", option, options))
	}
	s.typed[n] = valueOf(o)
}

// valueOf is what an option or a box sends.
func valueOf(n *html.Node) string {
	switch {
	case has(n, "value"):
		return attribute(n, "value")
	case n.DataAtom == atom.Option:
		return words(n)
	}
	return "on"
}

func (s *paper) press(button string) {
	s.t.Helper()
	b := s.find(s.page.button(button))
	form := s.page.formOf(b)
	if form == nil {
		s.t.Fatalf("%s: the button %q belongs to no form", s.path(), button)
	}
	values := s.values(form)
	if name := attribute(b, "name"); name != "" {
		values.Add(name, attribute(b, "value"))
	}
	action := attribute(form, "action")
	if own := attribute(b, "formaction"); own != "" {
		action = own
	}
	to, err := s.at.Parse(action)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.EqualFold(attribute(form, "method"), "post") {
		to.RawQuery = values.Encode()
		s.get(to)
		return
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, to.String(), strings.NewReader(values.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.base)
	s.ask(req)
}

// values are what a form sends, as HTML's "constructing the entry list" says.
func (s *paper) values(form *html.Node) url.Values {
	values := url.Values{}
	for _, n := range s.page.all(element(atom.Input, atom.Textarea, atom.Select)) {
		name := attribute(n, "name")
		if name == "" || has(n, "disabled") || s.page.formOf(n) != form {
			continue
		}
		typed, was := s.typed[n]
		switch kind := attribute(n, "type"); {
		case n.DataAtom == atom.Input && (kind == "radio" || kind == "checkbox"):
			chosen, touched := s.chosen[n]
			if chosen || !touched && has(n, "checked") {
				values.Add(name, valueOf(n))
			}
		case n.DataAtom == atom.Input && (kind == "submit" || kind == "button" || kind == "file"):
		case was:
			values.Add(name, typed)
		case n.DataAtom == atom.Textarea:
			values.Add(name, rawText(n))
		case n.DataAtom == atom.Select:
			addSelected(values, n)
		default:
			values.Add(name, attribute(n, "value"))
		}
	}
	return values
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for c := range n.ChildNodes() {
		b.WriteString(c.Data)
	}
	return b.String()
}

func addSelected(values url.Values, n *html.Node) {
	options := below(n, element(atom.Option))
	for _, o := range options {
		if has(o, "selected") {
			values.Add(attribute(n, "name"), valueOf(o))
			return
		}
	}
	if len(options) > 0 {
		values.Add(attribute(n, "name"), valueOf(options[0]))
	}
}

func (s *paper) text() string { return s.page.text() }

func (s *paper) path() string { return s.at.Path }

func (s *paper) links(prefix string) []string { return s.page.links(prefix) }
