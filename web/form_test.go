package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/workflow"
)

func TestFormDates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		day, month, year string
		want             string
		wrong            string
	}{
		"numbers":       {"3", "7", "2009", "2009-07-03", ""},
		"month in word": {"3", "jul", "2009", "2009-07-03", ""},
		"blanks":        {" 3 ", " 7", "2009 ", "2009-07-03", ""},
		"leap day":      {"29", "2", "2024", "2024-02-29", ""},
		"nothing":       {"", "", "", "", ""},
		"no such day":   {"31", "2", "2009", "", "Date of birth must be a real date"},
		"no leap day":   {"29", "2", "2023", "", "Date of birth must be a real date"},
		"month 13":      {"1", "13", "2009", "", "Date of birth must be a real date"},
		"letters":       {"x", "7", "2009", "", "Date of birth must be a real date"},
		"half":          {"3", "", "2009", "", "Date of birth must include a month"},
		"a third":       {"", "", "2009", "", "Date of birth must include a day and month"},
		"short year":    {"3", "7", "09", "", "Date of birth must have a year of 4 numbers, like 2026"},
		"far year":      {"3", "7", "9009", "", "Date of birth must have a year of 4 numbers, like 2026"},
	} {
		f := &Form{typed: url.Values{"born-day": {c.day}, "born-month": {c.month}, "born-year": {c.year}}}
		if got := f.Date("born", "Date of birth"); got.String() != c.want || f.Errors.For("born") != c.wrong {
			t.Errorf("%s: got %q, %q, want %q, %q", name, got, f.Errors.For("born"), c.want, c.wrong)
		}
	}
}

func TestFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	options := []Option{{Value: "a", Text: "A"}, {Value: "b", Text: "B"}}
	fresh := &Form{}
	if got := fresh.Input("name", "Name", "stored").Value; got != "stored" {
		t.Errorf("before a post: got %q, want what is stored", got)
	}
	if c := fresh.Choices("x", "X", options, "b"); c.Options[0].Checked || !c.Options[1].Checked {
		t.Errorf("before a post: %+v, want b chosen", c.Options)
	}
	if d := fresh.DateInput("d", "D", workflow.Date{Year: 2009, Month: 7, Day: 3}); d.Day+"/"+d.Month+"/"+d.Year != "3/7/2009" {
		t.Errorf("before a post: %+v", d)
	}
	back := &Form{typed: url.Values{"name": {""}, "x": {"a"}, "d-day": {"31"}}}
	back.Wrong("name", "Enter a name")
	if in := back.Input("name", "Name", "stored"); in.Value != "" || in.Error != "Enter a name" {
		t.Errorf("after a post: %+v, want the empty text that was typed, and its error", in)
	}
	if c := back.Choices("x", "X", options, "b"); !c.Options[0].Checked || c.Options[1].Checked {
		t.Errorf("after a post: %+v, want a chosen", c.Options)
	}
	if d := back.DateInput("d", "D", workflow.Date{Year: 2009, Month: 7, Day: 3}); d.Day != "31" || d.Month != "" {
		t.Errorf("after a post: %+v, want 31 and nothing", d)
	}
	if options[0].Checked {
		t.Error("the caller's options were changed")
	}
}

func TestFormTakesRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"not valid":  {fmt.Errorf("case 3: %w", &workflow.Refusal{Kind: workflow.ErrInvalid, Field: "reason", Words: "Give a reason"}), true},
		"conflict":   {&workflow.Refusal{Kind: workflow.ErrConflict, Words: "Changed meanwhile"}, false},
		"no refusal": {errors.New("disk full"), false},
		"nothing":    {nil, false},
	} {
		f := &Form{}
		if got := f.Refused(c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
		if c.want && f.Errors.For("reason") != "Give a reason" {
			t.Errorf("%s: errors %v", name, f.Errors)
		}
	}
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	post := func(body string) *http.Request {
		r := httptest.NewRequest("POST", "/x?name=address", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	f, err := readForm(post("name=+a%0D%0Ab+&n=12&tick=1&tick=2"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Text("name") != "a\nb" || len(f.Chosen("tick")) != 2 {
		t.Errorf("got %q and %q", f.Text("name"), f.Chosen("tick"))
	}
	if n, err := f.Number("n"); n != 12 || err != nil {
		t.Errorf("number: %d, %v", n, err)
	}
	if _, err := f.Number("name"); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("a number that is none: %v, want %v", err, workflow.ErrInvalid)
	}
	if _, err := readForm(post("%zz")); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("a broken form: %v, want %v", err, workflow.ErrInvalid)
	}
}
