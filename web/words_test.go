package web

import (
	"testing"
	"time"

	"github.com/essex-dsr/dsr/workflow"
)

func TestWords(t *testing.T) {
	t.Parallel()
	winter := time.Date(2026, 11, 23, 10, 4, 59, 0, time.UTC)
	summer := time.Date(2026, 6, 30, 23, 30, 0, 0, time.UTC) // 1 July in London
	for _, c := range []struct{ name, got, want string }{
		{"long date", longDate(winter), "Monday 23 November 2026"},
		{"clock", clockWords(winter), "10:04am"},
		{"date and time", dateTime(winter), "23 November 2026 at 10:04am"},
		{"summer time", dateTime(summer), "1 July 2026 at 12:30am"},
		{"midday", clockWords(time.Date(2026, 7, 1, 11, 0, 0, 0, time.UTC)), "midday"},
		{"midnight", clockWords(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), "midnight"},
		{"iso", isoTime(summer), "2026-07-01T00:30:00+01:00"},
		{"no time", dateTime(time.Time{}) + longDate(time.Time{}) + clockWords(time.Time{}) + isoTime(time.Time{}), ""},
		{"a day", dayWords(workflow.Date{Year: 2009, Month: 7, Day: 3}), "3 July 2009"},
		{"no day", dayWords(workflow.Date{}), ""},
		{"due", dueWords(2), "due in 2 working days"},
		{"due today", dueWords(0), "due today"},
		{"late", dueWords(-1), "overdue by 1 working day"},
		{"one", countWords(1, "referral", "referrals"), "1 referral"},
		{"none", countWords(0, "referral", "referrals"), "0 referrals"},
		{"many", countWords(1234567, "referral", "referrals"), "1,234,567 referrals"},
		{"below nothing", thousands(-123), "-123"},
		{"NHS number", nhsWords("9990000018"), "999 000 0018"},
		{"too short", nhsWords("99900"), "99900"},
		{"not a number", nhsWords("99900000x8"), "99900000x8"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}

// TestTagsSayIt: a colour never stands alone, and crisis is red.
func TestTagsSayIt(t *testing.T) {
	t.Parallel()
	if got := urgencyTag(workflow.Crisis); got.Text != "Crisis" || got.Colour != "red" || !got.Strong {
		t.Errorf("crisis: %+v", got)
	}
	seen := make(map[string]bool)
	for _, s := range workflow.States() {
		text := stateTag(s).Text
		if text == "" || seen[text] {
			t.Errorf("state %q: tag %q is empty or another state's", s, text)
		}
		seen[text] = true
	}
	for _, r := range append(workflow.Ratings(), workflow.Unrated) {
		if ratingTag(r).Text == "" {
			t.Errorf("rating %q has no words", r)
		}
	}
	for _, f := range []workflow.Flag{workflow.FlagHold, workflow.FlagCrisis, workflow.FlagUnread, workflow.FlagDuplicate} {
		if flagTag(f).Text == "" {
			t.Errorf("flag %q has no words", f)
		}
	}
}
