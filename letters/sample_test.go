package letters

import (
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/templates"
	"github.com/essex-dsr/dsr/workflow"
)

// openBook reads the shipped templates once for all tests: a book never changes.
var openBook = sync.OnceValues(func() (*Book, error) { return Open(templates.Letters) })

func book(t testing.TB) *Book {
	t.Helper()
	b, err := openBook()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func day(d int) workflow.Date { return workflow.Date{Year: 2026, Month: time.November, Day: d} }

// sampleFacts are those of an invented young man, enough for every letter.
func sampleFacts() Facts {
	return Example(day(23).At(14, 5))
}
