package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// FieldError is what is wrong with one field, in words for who typed it.
type FieldError struct {
	Field string // the input's name; "" is about the whole form
	Text  string
}

// Href is where the error summary leads: the first control of a field carries
// the field's name as its id.
func (e FieldError) Href() string {
	if e.Field == "" {
		return "#main"
	}
	return "#" + url.PathEscape(e.Field)
}

// FieldErrors are in the order of the form.
type FieldErrors []FieldError

// For is the text beside a field, "" when nothing is wrong with it.
func (e FieldErrors) For(field string) string {
	for _, one := range e {
		if one.Field == field {
			return one.Text
		}
	}
	return ""
}

// Form is one form between its GET and its POST: what is stored fills it the
// first time, what was typed fills it again when it comes back with errors.
type Form struct {
	Errors FieldErrors
	typed  url.Values // nil before anything was posted
}

// readForm reads what was posted, within the limit that the route set.
func readForm(r *http.Request) (*Form, error) {
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, fmt.Errorf("read form: %w", err)
		}
		return nil, fmt.Errorf("read form: %w", workflow.ErrInvalid)
	}
	return &Form{typed: r.PostForm}, nil
}

// Text is what was typed, without blanks round it and with plain line ends.
func (f *Form) Text(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(f.typed.Get(name), "\r\n", "\n"))
}

// Chosen are the boxes ticked.
func (f *Form) Chosen(name string) []string { return f.typed[name] }

// Number is an id or a version that the page put into the form itself.
func (f *Form) Number(name string) (int64, error) {
	n, err := strconv.ParseInt(f.typed.Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("field %s: %w", name, workflow.ErrInvalid)
	}
	return n, nil
}

// Date reads the three fields of a date input. Nothing typed is the zero date
// and no error; half a date or a day that does not exist is an error beside the
// field. Label begins the sentence: "Date of birth".
func (f *Form) Date(name, label string) workflow.Date {
	day, month, year := f.Text(name+"-day"), f.Text(name+"-month"), f.Text(name+"-year")
	if day+month+year == "" {
		return workflow.Date{}
	}
	var missing []string
	for _, part := range []struct{ typed, name string }{{day, "day"}, {month, "month"}, {year, "year"}} {
		if part.typed == "" {
			missing = append(missing, part.name)
		}
	}
	if len(missing) > 0 {
		f.Wrong(name, "%s must include a %s", label, strings.Join(missing, " and "))
		return workflow.Date{}
	}
	d, m, y := atoi(day), monthNumber(month), atoi(year)
	t := time.Date(y, time.Month(m), d, 12, 0, 0, 0, time.UTC)
	switch {
	case len(year) != 4 || y < 1900 || y > 2200:
		f.Wrong(name, "%s must have a year of 4 numbers, like 2026", label)
	case t.Day() != d || int(t.Month()) != m:
		f.Wrong(name, "%s must be a real date", label)
	default:
		return workflow.Date{Year: y, Month: time.Month(m), Day: d}
	}
	return workflow.Date{}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

// monthNumber takes 11, Nov and November: people type what they read.
func monthNumber(s string) int {
	for m := time.January; m <= time.December; m++ {
		if len(s) >= 3 && strings.HasPrefix(strings.ToLower(m.String()), strings.ToLower(s)) {
			return int(m)
		}
	}
	return atoi(s)
}

// Wrong notes an error beside a field.
func (f *Form) Wrong(field, format string, a ...any) {
	f.Errors = append(f.Errors, FieldError{field, fmt.Sprintf(format, a...)})
}

// Refused takes a rule's refusal into the form, so that the page comes back
// with 422 and what was typed. It answers false for every other error.
func (f *Form) Refused(err error) bool {
	var refusal *workflow.Refusal
	if !errors.As(err, &refusal) || !errors.Is(err, workflow.ErrInvalid) {
		return false
	}
	f.Wrong(refusal.Field, "%s", refusal.Words)
	return true
}

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return len(f.Errors) == 0 }

// value is what was typed, or before that what is stored.
func (f *Form) value(name, stored string) string {
	if f.typed == nil {
		return stored
	}
	return f.typed.Get(name)
}

func (f *Form) field(name, label string) Field {
	return Field{Name: name, Label: label, Error: f.Errors.For(name)}
}

// Input is a line of text of this form.
func (f *Form) Input(name, label, stored string) Input {
	return Input{Field: f.field(name, label), Value: f.value(name, stored)}
}

// Textarea is some lines of text of this form, at most limit characters; 0 is
// no limit.
func (f *Form) Textarea(name, label, stored string, limit int) Textarea {
	return Textarea{Field: f.field(name, label), Value: f.value(name, stored), Limit: limit}
}

// Choices are radios, boxes or the options of a select of this form.
func (f *Form) Choices(name, legend string, options []Option, stored ...string) Choices {
	if f.typed != nil {
		stored = f.typed[name]
	}
	options = slices.Clone(options)
	for i := range options {
		options[i].Checked = slices.Contains(stored, options[i].Value)
	}
	return Choices{Field: f.field(name, legend), Options: options}
}

// DateInput is the three fields of a date of this form.
func (f *Form) DateInput(name, legend string, stored workflow.Date) DateInput {
	d := DateInput{Field: f.field(name, legend)}
	if !stored.IsZero() {
		d.Day, d.Month, d.Year = fmt.Sprint(stored.Day), fmt.Sprint(int(stored.Month)), fmt.Sprint(stored.Year)
	}
	d.Day = f.value(name+"-day", d.Day)
	d.Month = f.value(name+"-month", d.Month)
	d.Year = f.value(name+"-year", d.Year)
	return d
}
