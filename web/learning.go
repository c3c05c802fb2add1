package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

func (a *App) learningRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "/reading", Title: "What we read, and what was right", May: staff(), Handler: a.showLearning},
	}
}

// learningPage tells how often the reader was right, from what people confirmed
// and corrected.
type learningPage struct {
	Layout
	Standing    string
	Tables      []Table
	Corrections Table
}

const (
	learnedSince     = 365 * 24 * time.Hour
	shownCorrections = 50
)

func (a *App) showLearning(w http.ResponseWriter, r *http.Request) error {
	p := &learningPage{Layout: Layout{Title: "What we read, and what was right", Caption: "The last 12 months", Back: &Link{"Back to the mailbox", "/mailbox"}}}
	since := a.now().Add(-learnedSince)
	for _, t := range []struct {
		by      store.PrecisionBy
		caption string
		words   func(string) string
	}{
		{store.ByField, "By field", fieldKey}, {store.ByMethod, "By the way it was read", methodKey},
		{store.ByKind, "By where it stood", kindKey}, {store.ByMonth, "By month", monthKey},
	} {
		rows, err := a.store.Precision(r.Context(), t.by, since)
		if err != nil {
			return err
		}
		if t.by == store.ByField {
			p.Standing = allInAll(rows)
		}
		p.Tables = append(p.Tables, precisionTable(t.caption, rows, t.words))
	}
	corrections, err := a.store.Corrections(r.Context(), shownCorrections)
	if err != nil {
		return err
	}
	p.Corrections = correctionTable(corrections)
	return a.page(w, r, http.StatusOK, "reading", p)
}

// allInAll is the whole in one sentence.
func allInAll(rows []store.Precision) string {
	var right, wrong, open int
	for _, x := range rows {
		right, wrong, open = right+x.Right, wrong+x.Wrong, open+x.Open
	}
	if right+wrong == 0 {
		return "Nobody has confirmed or corrected anything yet."
	}
	return fmt.Sprintf("Of %s that somebody looked at, %s right. %s not looked at yet.",
		countWords(right+wrong, "value", "values"), percentWords(right, right+wrong), countWords(open, "value is", "values are"))
}

func percentWords(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

func precisionTable(caption string, rows []store.Precision, words func(string) string) Table {
	t := Table{Caption: caption, ShowTitle: true, Dense: true, Empty: "Nothing has been read yet.",
		Columns: []Column{{Text: strings.TrimPrefix(caption, "By ")}, {Text: "Right", Numeric: true}, {Text: "Corrected", Numeric: true}, {Text: "Right of those looked at", Numeric: true}, {Text: "Not looked at", Numeric: true}}}
	t.Columns[0].Text = sentence(t.Columns[0].Text)
	for _, x := range rows {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: words(x.Key)}, {Text: thousands(x.Right), Numeric: true}, {Text: thousands(x.Wrong), Numeric: true, Late: x.Wrong > x.Right},
			{Text: percentWords(x.Right, x.Right+x.Wrong), Numeric: true}, {Text: thousands(x.Open), Numeric: true}}})
	}
	return t
}

func correctionTable(rows []store.Correction) Table {
	t := Table{Caption: "The latest corrections", ShowTitle: true, Stacked: true, Dense: true, Empty: "Nothing was corrected yet.",
		Columns: []Column{{Text: "Case"}, {Text: "Field"}, {Text: "We read"}, {Text: "It is"}, {Text: "When"}}}
	for _, x := range rows {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: x.Ref, Href: "/cases/" + x.Ref}, {Text: fieldLabel(x.Field), Sub: methodKey(x.Method)},
			{Text: short(x.Read)}, {Text: short(x.Right)}, {Text: shortDate(x.At)}}})
	}
	return t
}

// short is a value as far as a table has room for it.
func short(s string) string {
	const most = 120
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func fieldKey(key string) string { return fieldLabel(workflow.Field(key)) }

func methodKey(key string) string {
	words := map[string]string{"label": "Beside its label on a form", "phrase": "From a phrase of the text", "control": "From a box or list of a form", "pattern": "By its shape",
		"header": "From the head of the mail", "signature": "From the signature", "": "In another way"}
	if w, ok := words[key]; ok {
		return w
	}
	return sentence(strings.ReplaceAll(key, "_", " "))
}

func kindKey(key string) string {
	words := map[string]string{"mail": "The text of the mail", "application/pdf": "A PDF file", "text/html": "A web page",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.document": "A Word file", "application/msword": "An old Word file",
		"application/vnd.oasis.opendocument.text": "An OpenDocument file", "application/rtf": "An RTF file",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "An Excel file"}
	if w, ok := words[key]; ok {
		return w
	}
	return key
}

func monthKey(key string) string {
	t, err := time.Parse("2006-01", key)
	if err != nil {
		return key
	}
	return t.Format("January 2006")
}
