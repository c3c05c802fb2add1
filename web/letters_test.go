package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// letter is the one letter of a kind in a state.
func (w *casework) letter(k workflow.LetterKind, s workflow.LetterState) workflow.Letter {
	w.Helper()
	for _, l := range slices.Backward(w.file().Letters) {
		if l.Kind == k && l.State == s {
			return l
		}
	}
	w.Fatalf("no letter %s is %s: %+v", k, s, w.file().Letters)
	return workflow.Letter{}
}

// declined is a case that the panel did not accept.
func declined(t *testing.T) *casework {
	w := newReady(t)
	w.inPanel()
	var posts []workflow.SignpostID
	for _, name := range []string{"Family line", "School line", "Night line"} {
		posts = append(posts, w.signpost(name, true, 0))
	}
	w.act(func(x workflow.File) (workflow.Change, error) {
		return x.NotAccept(w.who[workflow.Chair], w.now, workflow.Decision{Text: "The school and your GP already give Tommy much of what he needs.", PersonViews: "Tommy wants help with school.",
			Reasons: []workflow.ReasonCode{"needs_met"}, Recommendations: []workflow.Recommendation{{Text: "Talk with the school about a quiet room", Who: "the school", By: "2026-12-14"}}, Signposts: posts})
	})
	return w
}

// TestTheBytesReadAreTheBytesThatLeave follows a letter of no from the page to
// the mail host's door.
func TestTheBytesReadAreTheBytesThatLeave(t *testing.T) {
	t.Parallel()
	w := declined(t)
	co, ma := w.as(workflow.Coordinator), w.as(workflow.Manager)
	l := w.letter(workflow.L7, workflow.LetterDueNow)
	page := addr("/letters/%d", l.ID)
	see(t, co.page(page), []string{"As it would be now", "Talk with the school about a quiet room", "Reading grade", "Submit for approval"})

	co.send(page, page+"/submit", nil).done(t, page)
	read := co.get(page + "/message.eml")
	raw := []byte(read.body)
	see(t, co.page(page), []string{"somebody else must approve the letter that you submitted"})
	seen := w.letter(workflow.L7, workflow.LetterSubmitted)
	if sha256.Sum256(raw) != seen.Hash {
		t.Fatal("the page gives other bytes than those that wait for approval")
	}
	co.post(page+"/approve", url.Values{"version": {fmt.Sprint(w.file().Case.Version)}, "hash": {hex.EncodeToString(seen.Hash[:])}}).refused(t, 403, "needs two people")

	see(t, ma.page(page), []string{"Speak to Karen Poole first"})
	co.send(page, page+"/contact", url.Values{"reached": {"reached"}, "said": {"told her kindly"}}).done(t, page)
	ma.post(page+"/approve", url.Values{"version": {fmt.Sprint(w.file().Case.Version)}, "hash": {strings.Repeat("ab", 32)}}).refused(t, 409, "made again since you opened it")
	ma.send(page, page+"/approve", nil).done(t, page)
	if got := w.file().Case.State; got != workflow.Closed {
		t.Errorf("the case is %q after its last letter was approved", got)
	}

	if _, ok, err := w.store.ClaimLetter(t.Context(), store.Claim{By: "a test", At: w.now}); ok || err != nil {
		t.Errorf("it leaves within the time in which it can be stopped: %v %v", ok, err)
	}
	out, ok, err := w.store.ClaimLetter(t.Context(), store.Claim{By: "a test", At: w.letter(workflow.L7, workflow.LetterQueued).NotBefore})
	if err != nil || !ok || !bytes.Equal(out.Raw, raw) || out.Hash != seen.Hash || out.Address != "karen@example.org" {
		t.Errorf("leaves to %q, the same bytes %v: %v %v", out.Address, bytes.Equal(out.Raw, raw), ok, err)
	}
	if _, again, err := w.store.ClaimLetter(t.Context(), store.Claim{By: "a test", At: w.now.AddDate(0, 0, 3)}); again || err != nil {
		t.Errorf("claimed twice: %v", err)
	}
}

// TestWhatChangedSinceCannotBeApproved: the record, the words and the hold all
// count until the last moment.
func TestWhatChangedSinceCannotBeApproved(t *testing.T) {
	t.Parallel()
	w := declined(t)
	co, ma := w.as(workflow.Coordinator), w.as(workflow.Manager)
	page := addr("/letters/%d", w.letter(workflow.L7, workflow.LetterDueNow).ID)
	co.send(page, page+"/submit", nil).done(t, page)
	co.send(page, page+"/contact", url.Values{"reached": {"no answer"}, "said": {"tried"}}).done(t, page)
	approve := func() reply {
		l := w.letter(workflow.L7, workflow.LetterSubmitted)
		return ma.post(page+"/approve", url.Values{"version": {fmt.Sprint(w.file().Case.Version)}, "hash": {hex.EncodeToString(l.Hash[:])}})
	}
	co.send(page, page+"/write", url.Values{"typed-Decision.DoneByUs": {"We rang the school, as you agreed"}}).done(t, page)
	see(t, ma.page(page), []string{"changed since this letter was made"}, "Approve these words")
	see(t, co.page(page), []string{"Make it again and submit it"})
	approve().refused(t, 409, "changed since this letter was made")
	co.send(page, page+"/submit", nil).done(t, page)
	see(t, ma.page(page), []string{"We rang the school, as you agreed.", "Approve these words"})

	w.act(func(x workflow.File) (workflow.Change, error) {
		p, err := x.Party(w.mother)
		p.Blocked, p.BlockedWhy = true, "a court order"
		if err != nil {
			return workflow.Change{}, err
		}
		return x.SetParty(w.who[workflow.Coordinator], w.now, p)
	})
	approve().refused(t, 403, "must not be written to: a court order")
	see(t, ma.page(page), []string{"must not be written to"}, "Approve these words")
}

// TestALetterOnPaper is printed, posted, and can be made again by email.
func TestALetterOnPaper(t *testing.T) {
	t.Parallel()
	w := declined(t)
	co, ma := w.as(workflow.Coordinator), w.as(workflow.Manager)
	page := addr("/letters/%d", w.letter(workflow.L7, workflow.LetterDueNow).ID)
	co.send(page, page+"/write", url.Values{"way": {"post"}}).refused(t, 403, "There is no postal address for Karen Poole")
	w.act(func(x workflow.File) (workflow.Change, error) {
		p, err := x.Party(w.mother)
		if err != nil {
			return workflow.Change{}, err
		}
		p.Address = "4 Mill Lane, Chelmsford, CM1 1LX"
		return x.SetParty(w.who[workflow.Coordinator], w.now, p)
	})
	co.send(page, page+"/write", url.Values{"way": {"post"}}).done(t, page)
	see(t, co.page(page), []string{"By post to 4 Mill Lane, Chelmsford, CM1 1LX", "The letter to print (PDF)"}, "as a mail program shows it")
	co.send(page, page+"/submit", nil).done(t, page)
	co.send(page, page+"/contact", url.Values{"reached": {"reached"}, "said": {"told her"}}).done(t, page)
	ma.send(page, page+"/approve", nil).done(t, page)
	if pdf := co.get(page + "/letter.pdf"); !strings.HasPrefix(pdf.body, "%PDF-") || pdf.header.Get("Content-Type") != "application/pdf" {
		t.Errorf("to print: %d %s", pdf.status, pdf.header.Get("Content-Type"))
	}
	if _, ok, err := w.store.ClaimLetter(t.Context(), store.Claim{By: "a test", At: w.now.AddDate(0, 0, 7)}); ok || err != nil {
		t.Errorf("a letter on paper was handed to the mail host: %v %v", ok, err)
	}
	see(t, co.page(page), []string{"To post", "Print and post it"})
	co.send(page, page+"/posted", url.Values{"posted-day": {"1"}, "posted-month": {"1"}, "posted-year": {"2030"}}).refused(t, 422, "today, or a day since it was made")
	co.send(page, page+"/posted", nil).done(t, page)
	see(t, co.page(page), []string{"Posted", "by Test coordinator", "Make this letter again"})
	see(t, ma.page(addr("/cases/%s/letters", w.ref)), []string{"Karen Poole", "Posted", "Everything"})

	co.send(page, page+"/again", url.Values{"again": {"corrected"}}).refused(t, 422, "Say why it is made again")
	co.send(page, page+"/again", url.Values{"again": {"corrected"}, "again_why": {"the date was wrong"}}).done(t, page)
	next := addr("/letters/%d", w.letter(workflow.L7, workflow.LetterDueNow).ID)
	see(t, co.page(next), []string{"This letter replaces our letter of Monday 30 November 2026."})
	co.send(page, page+"/again", url.Values{"again": {"again"}, "again_why": {"twice"}}).refused(t, 409, "is under way")
}
