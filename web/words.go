package web

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

// functions are what templates may call.
func functions(a *assets) template.FuncMap {
	return template.FuncMap{
		"asset":       a.address,
		"date":        dateWords,
		"longDate":    longDate,
		"day":         dayWords,
		"clock":       clockWords,
		"dateTime":    dateTime,
		"iso":         isoTime,
		"workingDays": workingDays,
		"due":         dueWords,
		"count":       countWords,
		"nhs":         nhsWords,
		"stateTag":    stateTag,
		"urgencyTag":  urgencyTag,
		"ratingTag":   ratingTag,
		"flagTag":     flagTag,
	}
}

// dateWords is "23 November 2026" in London, "" for no time.
func dateWords(t time.Time) string { return inLondon(t, "2 January 2006") }

// longDate is "Monday 23 November 2026" in London.
func longDate(t time.Time) string { return inLondon(t, "Monday 2 January 2006") }

// dayWords is a calendar day as "23 November 2026".
func dayWords(d workflow.Date) string {
	if d.IsZero() {
		return ""
	}
	return dateWords(d.At(12, 0))
}

// clockWords is "10:04am", "10am", "midday" or "midnight" in London.
func clockWords(t time.Time) string {
	switch inLondon(t, "15:04") {
	case "00:00":
		return "midnight"
	case "12:00":
		return "midday"
	}
	return strings.Replace(inLondon(t, "3:04pm"), ":00", "", 1)
}

// dateTime is "23 November 2026 at 10:04am" in London.
func dateTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return dateWords(t) + " at " + clockWords(t)
}

// isoTime is for the datetime attribute.
func isoTime(t time.Time) string { return inLondon(t, time.RFC3339) }

func inLondon(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.In(workflow.London).Format(layout)
}

// workingDays is "1 working day", "3 working days".
func workingDays(n int) string { return countWords(n, "working day", "working days") }

// dueWords says how far a date is in working days: below 0 it has passed.
func dueWords(n int) string {
	switch {
	case n < 0:
		return "overdue by " + workingDays(-n)
	case n == 0:
		return "due today"
	}
	return "due in " + workingDays(n)
}

// countWords is "1 referral", "1,204 referrals".
func countWords(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + many
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// nhsWords groups ten digits as the NHS writes them; anything else stays as it
// is, because a wrong number must be seen as it came.
func nhsWords(s string) string {
	digits := strings.ReplaceAll(s, " ", "")
	if len(digits) != 10 || strings.Trim(digits, "0123456789") != "" {
		return s
	}
	return digits[:3] + " " + digits[3:6] + " " + digits[6:]
}

// stateTag is a case's state as a tag. Colours repeat: the words tell.
func stateTag(s workflow.State) Tag {
	colour := map[workflow.State]string{
		workflow.New: "blue", workflow.Triage: "blue",
		workflow.AwaitingInfo: "yellow", workflow.AwaitingConsent: "yellow", workflow.Deferred: "yellow",
		workflow.ReadyForPanel: "teal", workflow.PanelScheduled: "teal", workflow.InPanel: "teal",
		workflow.Accepted: "green", workflow.OnRegister: "green", workflow.NotAccepted: "purple",
		workflow.RemovalProposed: "purple", workflow.Transferring: "purple",
	}[s]
	return Tag{Text: sentence(string(s)), Colour: colour}
}

// urgencyTag is red and in words for crisis.
func urgencyTag(u workflow.Urgency) Tag {
	switch u {
	case workflow.Crisis:
		return Tag{Text: "Crisis", Colour: "red", Strong: true}
	case workflow.Urgent:
		return Tag{Text: "Urgent", Colour: "orange"}
	case workflow.Unread:
		return Tag{Text: "Not read yet", Colour: "yellow"}
	}
	return Tag{Text: "Routine"}
}

// ratingTag writes the colour's name: red, amber, green and blue look alike to
// some readers.
func ratingTag(r workflow.Rating) Tag {
	colour := map[workflow.Rating]string{
		workflow.Red: "red", workflow.Amber: "orange", workflow.Green: "green", workflow.Blue: "blue",
	}[r]
	if r == workflow.Unrated {
		return Tag{Text: "Not rated"}
	}
	return Tag{Text: sentence(string(r)), Colour: colour}
}

// flagTag is red for what stops or endangers, orange for the rest.
func flagTag(f workflow.Flag) Tag {
	switch f {
	case workflow.FlagCrisis:
		return urgencyTag(workflow.Crisis)
	case workflow.FlagHold, workflow.FlagSafeguarding, workflow.FlagDoNotContact, workflow.FlagLegalHold:
		return Tag{Text: sentence(string(f)), Colour: "red"}
	case workflow.FlagUnread:
		return urgencyTag(workflow.Unread)
	}
	return Tag{Text: sentence(string(f)), Colour: "orange"}
}

// sentence begins with a capital.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
