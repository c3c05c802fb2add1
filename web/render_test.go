package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/essex-dsr/dsr/templates"
)

func TestStartRefusesBrokenTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ page, want string }{
		"does not parse":             {`{{define "content"}}{{if}}{{end}}`, "missing value"},
		"calls what nobody defines":  {`{{define "content"}}{{range .Alerts}}{{if .Title}}{{else}}{{template "alrt" .}}{{end}}{{end}}{{end}}`, `"alrt"`},
		"has no content":             {`{{define "contents"}}x{{end}}`, `"content"`},
		"unknown function":           {`{{define "content"}}{{markup .}}{{end}}`, `"markup"`},
		"contexts that do not agree": {`{{define "content"}}<a {{if .Title}}href="{{end}}x">{{end}}`, "different contexts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra := fstest.MapFS{"pages/extra.html": {Data: []byte(c.page)}}
			_, err := parsePages(functions(&assets{}), templates.Pages, extra)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %s", err, c.want)
			}
		})
	}
}

// TestPageNames reads the sources: every page that code asks for exists, and
// every page that exists is asked for.
func TestPageNames(t *testing.T) {
	t.Parallel()
	asked := make(map[string]bool)
	set := token.NewFileSet()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && isPageCall(call) {
				asked[pageName(t, set, call)] = true
			}
			return true
		})
	}
	s, err := New(newConfig(t, "http://127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	for name := range asked {
		if s.pages.byName[name] == nil {
			t.Errorf("code asks for page %q, which is not in templates/pages", name)
		}
	}
	for name := range s.pages.byName {
		if !asked[name] {
			t.Errorf("templates/pages/%s.html is asked for by nobody", name)
		}
	}
}

func isPageCall(call *ast.CallExpr) bool {
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && f.Sel.Name == "page" && len(call.Args) == 5
}

func pageName(t *testing.T, set *token.FileSet, call *ast.CallExpr) string {
	t.Helper()
	literal, ok := call.Args[3].(*ast.BasicLit)
	if !ok {
		t.Fatalf("%s: the name of a page is not written out", set.Position(call.Pos()))
	}
	name, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func TestLayout(t *testing.T) {
	t.Parallel()
	s := newTestServer(t, "http://127.0.0.1")
	h, err := s.Handler(galleryTable(s))
	if err != nil {
		t.Fatal(err)
	}
	read := func(method, path, form, actor string) string {
		r := httptest.NewRequest(method, path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Test-Actor", actor)
		body, err := io.ReadAll(ask(t, h, r).Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	for _, c := range []struct{ name, page, want string }{
		{"the title carries the reference", read("GET", "/review", "", "coordinator"), "<title>Check what we read – DSR-2026-00042-K – Dynamic Support Register</title>"},
		{"the title tells of errors", read("POST", "/review", "name=", "coordinator"), "<title>Error: Check what we read"},
		{"who has signed in", read("GET", "/gallery", "", "coordinator"), `<span class="app-header__name">Priya Nair</span>`},
		{"the session's end", read("GET", "/gallery", "", "coordinator"), `data-session="1800"`},
		{"the crisis band in words", read("GET", "/gallery", "", "coordinator"), "1 crisis mail is waiting."},
		{"typed text comes back escaped", read("POST", "/review", url.Values{"name": {`"><b>x`}}.Encode(), "coordinator"), `value="&#34;&gt;&lt;b&gt;x"`},
		{"the error stands beside its field", read("POST", "/review", "name=", "coordinator"), `<p id="name-error" class="govuk-error-message"><span class="govuk-visually-hidden">Error:</span> Enter the person&#39;s name</p>`},
		{"the summary leads to the field", read("POST", "/review", "born-day=31&born-month=2&born-year=2009", "coordinator"), `<a href="#born">Date of birth must be a real date</a>`},
		{"words of the mail lead to their field", read("GET", "/review", "", "coordinator"), `<a id="source-born" data-source="born" href="#born">3/7/09</a>`},
	} {
		if !strings.Contains(c.page, c.want) {
			t.Errorf("%s: no %s in the page", c.name, c.want)
		}
	}
	public := read("GET", "/nowhere", "", "")
	for _, hidden := range []string{"Sign out", "data-session", "crisis mail", "/register"} {
		if strings.Contains(public, hidden) {
			t.Errorf("a page for nobody holds %q", hidden)
		}
	}
}

func TestPagination(t *testing.T) {
	t.Parallel()
	shown := func(p Pagination) string {
		var parts []string
		for _, one := range p.Pages {
			switch {
			case one.Href == "":
				parts = append(parts, "…")
			case one.Current:
				parts = append(parts, "["+strconv.Itoa(one.Number)+"]")
			default:
				parts = append(parts, strconv.Itoa(one.Number))
			}
		}
		return strings.Join(parts, " ")
	}
	for _, c := range []struct {
		at, total   int
		want, words string
	}{
		{1, 0, "", "Showing 0"},
		{1, 25, "", "Showing 1 to 25 of 25"},
		{1, 26, "[1] 2", "Showing 1 to 25 of 26"},
		{9, 26, "1 [2]", "Showing 26 to 26 of 26"},
		{-3, 26, "[1] 2", "Showing 1 to 25 of 26"},
		{5, 2500, "1 … 4 [5] 6 … 100", "Showing 101 to 125 of 2,500"},
		{3, 130, "1 2 [3] 4 … 6", "Showing 51 to 75 of 130"},
	} {
		p := paginate(c.at, 25, c.total, func(n int) string { return "/x?page=" + strconv.Itoa(n) })
		if got := shown(p); got != c.want || p.Words() != c.words {
			t.Errorf("page %d of %d: got %q, %q, want %q, %q", c.at, c.total, got, p.Words(), c.want, c.words)
		}
	}
}

func TestSourceMarks(t *testing.T) {
	t.Parallel()
	text := "Zoë is 14, lives in Braintree"
	for name, c := range map[string]struct {
		marks []Mark
		want  []string
	}{
		"none":                 {nil, []string{text}},
		"two":                  {[]Mark{{"age", 8, 10}, {"name", 0, 4}}, []string{"<name>Zoë", " is ", "<age>14", ", lives in Braintree"}},
		"outside":              {[]Mark{{"a", -1, 3}, {"b", 5, 500}, {"c", 6, 6}}, []string{text}},
		"inside another":       {[]Mark{{"a", 0, 10}, {"b", 8, 10}}, []string{"<a>Zoë is 14", ", lives in Braintree"}},
		"in the middle of ë":   {[]Mark{{"a", 0, 3}}, []string{text}},
		"second mark of field": {[]Mark{{"a", 0, 4}, {"a", 8, 10}}, []string{"<a>Zoë", " is ", "<a>14", ", lives in Braintree"}},
	} {
		s := newSource("x", text, c.marks)
		var got []string
		first := 0
		for _, span := range s.Spans {
			if span.Field != "" {
				got = append(got, "<"+span.Field+">"+span.Text)
			} else {
				got = append(got, span.Text)
			}
			if span.First {
				first++
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if name == "second mark of field" && first != 1 {
			t.Errorf("%d first marks of one field, want 1", first)
		}
	}
}
