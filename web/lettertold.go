package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// told is one time that somebody was told something: a letter that left, or a
// call, visit or message that staff recorded.
type told struct {
	at         time.Time
	who, what  string
	much, how  string
	href, note string
}

// toldTable is who was told what, the last first.
func toldTable(x workflow.File, list []store.Letter) Table {
	t := Table{Caption: "Who was told what", ShowTitle: true, Stacked: true, Empty: "Nobody has been told anything yet.",
		Columns: []Column{{Text: "Who"}, {Text: "What"}, {Text: "How much"}, {Text: "When and how"}}}
	all := append(toldByLetter(list), toldInPerson(x)...)
	slices.SortStableFunc(all, func(a, b told) int { return b.at.Compare(a.at) })
	for _, one := range all {
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Head: true, Text: one.who}, {Text: one.what, Href: one.href}, {Text: one.much}, {Text: dateTime(one.at), Sub: one.how + one.note}}})
	}
	return t
}

func toldByLetter(list []store.Letter) []told {
	var out []told
	for _, l := range list {
		if !l.State.HasLeft() {
			continue
		}
		one := told{at: letterTime(l), who: recipientOf(l), what: sentence(l.Kind.Words()), much: toldWords(l), href: fmt.Sprintf("/letters/%d", l.ID), how: "by email to " + l.Address}
		if l.Way == workflow.ByPost {
			one.how = "by post"
		}
		switch l.State {
		case workflow.LetterReturned:
			one.note = ". It came back: they have not got it"
		case workflow.LetterUnknown:
			one.note = ". Nobody knows whether it left"
		case workflow.LetterSending:
			one.note = ". It is leaving now"
		}
		out = append(out, one)
	}
	return out
}

// toldWords is how much a letter said. The template that its words were made
// from tells it truly: a letter may have become a notice on its way.
func toldWords(l store.Letter) string {
	parts := strings.Split(l.Template, ", ")
	content := l.Content
	if len(parts) == 4 {
		content = workflow.Content(parts[2])
	}
	form := ""
	if len(parts) == 4 && parts[1] != "plain" {
		form = ", in " + parts[1]
	}
	switch content {
	case workflow.OutcomeOnly:
		return "The outcome and its date, no more" + form
	case workflow.Notice:
		return "Only that there is a letter" + form
	case workflow.Thanks:
		return "Only thanks" + form
	}
	if l.Kind.IsAutomatic() {
		return "Fixed words, nothing about anybody" + form
	}
	return "Everything that this reader may know" + form
}

func toldInPerson(x workflow.File) []told {
	var out []told
	for _, c := range x.Contacts {
		p, err := x.Party(c.Party)
		if err != nil {
			continue
		}
		out = append(out, told{at: c.At, who: partyWords(p), what: sentence(c.How), much: reachedWords(c.Reached), how: "see the timeline"})
	}
	return out
}

func reachedWords(reached string) string {
	switch reached {
	case "reached":
		return "What was said stands in the timeline"
	case "voicemail":
		return "Nothing but to call back"
	}
	return "Nothing: nobody answered"
}
