package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/letters"
	"github.com/essex-dsr/dsr/workflow"
)

// TestTheTeamWordsItsLetters follows a change of words from its draft to a
// letter, and back.
func TestTheTeamWordsItsLetters(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	co, ma := w.as(workflow.Coordinator), w.as(workflow.Manager)
	see(t, co.page("/settings/wordings"), []string{"Not accepted", "Easy read", "Draft: not used yet", "Crisis box", "In force"})
	page := "/settings/wordings/L5.plain"
	see(t, co.page(page), []string{"Panel date", "The person", "A parent", "Dear Tom", "Reading grade"})

	words := func(change func(string) string) url.Values {
		return url.Values{"words": {change(co.form(co.page(page), page, nil).Get("words"))}, "note": {"families asked for it"}, "do": {"keep"}}
	}
	shorter := words(func(s string) string { return strings.Replace(s, "A few lines are enough.", "One line is enough.", 1) })
	tried := url.Values{"words": shorter["words"], "do": {"show"}}
	see(t, co.send(page, page, tried).body, []string{"One line is enough."})
	for name, c := range map[string]struct {
		change func(string) string
		words  string
	}{
		"a hole":            {func(s string) string { return s + "\n\n{{.Removal.NoSuch}}\n" }, "NoSuch"},
		"a banned word":     {func(s string) string { return s + "\n\nYour referral was rejected.\n" }, "Do not write “rejected”"},
		"a fact left empty": {func(s string) string { return s + "\n\n{{.Team.Complaints}}\n" }, "Complaints"},
		"half a condition":  {func(s string) string { return s + "\n\n{{if .IsYou}}\n" }, "cannot become a letter"},
	} {
		got := co.send(page, page, words(c.change))
		if got.status != 422 || !strings.Contains(wordsOf(got.body), c.words) {
			t.Errorf("%s: %d, want 422 with %q", name, got.status, c.words)
		}
	}
	co.send(page, page, url.Values{"words": shorter["words"], "do": {"keep"}}).refused(t, 422, "Say what was changed")
	co.send(page, page, shorter).done(t, page)
	see(t, ma.page("/settings/wordings"), []string{"A change waits"})
	see(t, co.page(page), []string{"Only a practitioner or the manager approves"})
	said := func() string {
		t.Helper()
		desk, err := w.app.desk(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := desk.Book.Compose(workflow.L5, letters.Plain, letters.Example(w.now))
		if err != nil {
			t.Fatal(err)
		}
		return got.Text()
	}
	if strings.Contains(said(), "One line is enough.") {
		t.Error("a letter uses words that nobody approved")
	}
	ma.send(page, page+"/approve", nil).done(t, page)
	if !strings.Contains(said(), "One line is enough.") {
		t.Error("a letter does not use the words that were approved")
	}
	ma.post(page+"/approve", url.Values{"version": {"2"}}).refused(t, 409, "changed or approved meanwhile")

	stale := co.form(co.page(page), page, words(func(s string) string { return s + "\n\nBring a friend.\n" }))
	co.post(page, stale).done(t, page)
	co.post(page, stale).refused(t, 409, "Somebody else changed this wording meanwhile")
	ma.send(page, page+"/approve", nil).done(t, page)
	ma.send(page, page+"/restore", url.Values{"restore": {"2"}}).refused(t, 422, "Say why the older words are better")
	ma.send(page, page+"/restore", url.Values{"restore": {"2"}, "why": {"nobody needs a friend for it"}}).done(t, page)
	if got := said(); strings.Contains(got, "Bring a friend.") || !strings.Contains(got, "One line is enough.") {
		t.Errorf("after the older words came back it says\n%s", got)
	}
}

// TestDraftsWaitForTheirReaders: Easy Read that came with the program is used
// once people with a learning disability have read it, and somebody says so.
func TestDraftsWaitForTheirReaders(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	pr, page := w.as(workflow.Practitioner), "/settings/wordings/L3.easy-read"
	draft := func() bool {
		t.Helper()
		desk, err := w.app.desk(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l, err := desk.Book.Leaf("L3.easy-read.txt")
		if err != nil {
			t.Fatal(err)
		}
		return l.Draft
	}
	see(t, pr.page(page), []string{"Draft: not used yet", "Who read it"})
	pr.send(page, page+"/approve", nil).refused(t, 422, "Write who read it")
	if !draft() {
		t.Error("approved without its readers")
	}
	pr.send(page, page+"/approve", url.Values{"read_by": {"the Tuesday group"}, "read_on-day": {"20"}, "read_on-month": {"11"}, "read_on-year": {"2026"}}).done(t, page)
	see(t, pr.page(page), []string{"In force", "Read by the Tuesday group on 20 November 2026"})
	if draft() {
		t.Error("still a draft after its approval")
	}

	part := "/settings/wordings/part-crisis"
	see(t, pr.page(part), []string{"Crisis box", "call 999"})
	short := url.Values{"words": {"!> Call 999\n!> If you cannot wait.\n"}, "note": {"shorter"}, "do": {"keep"}}
	pr.send(part, part, short).done(t, part)
	pr.send(part, part, url.Values{"do": {"show"}}).refused(t, 200, "")
}
