package web

import (
	"fmt"
	"time"

	"github.com/essex-dsr/dsr/letters"
)

// try shows a wording in its sample cases, with what the checks find.
func (p *wordingPage) try(v wordingView, source string, now time.Time) {
	shown, err := v.book.Try(v.leaf.Name, source, now)
	if err != nil {
		p.Stops = append(p.Stops, Line{Key: "It cannot be read", Value: err.Error()})
		return
	}
	seen := map[letters.Finding]bool{}
	for i, s := range shown {
		for _, x := range s.Found {
			if seen[x] {
				continue
			}
			seen[x] = true
			line := Line{Key: x.Where, Value: x.Why, Note: s.Case}
			if x.Stop {
				p.Stops = append(p.Stops, line)
			} else {
				p.Warnings = append(p.Warnings, line)
			}
		}
		if i >= mostShown {
			continue
		}
		p.Shown = append(p.Shown, shownCase{Name: s.Case, Subject: s.Words.Subject, Text: s.Words.Text(), Open: i == 0,
			Grade: fmt.Sprintf("Reading grade %.1f; the goal is %.0f or less.", s.Words.Grade(), letters.Goal(s.Words.Variant))})
	}
}

// mostShown bounds the page of a part that every letter holds.
const mostShown = 8
