package web

import (
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/workflow"
)

// TestLetterProblemsTellAll: whoever opens the list sees which letter, to whom,
// on which case, what became of it and what the mail host said; and a letter that
// is tried again says why, fixed replies among them.
func TestLetterProblemsTellAll(t *testing.T) {
	t.Parallel()
	w := newReady(t)
	co := w.who[workflow.Coordinator]
	sent := func(x store.Sent) {
		t.Helper()
		w.act(func(f workflow.File) (workflow.Change, error) {
			return f.DraftMessage(co, w.now, w.mother, "We will ring you on Friday.")
		})
		w.approveAll(workflow.L16, co, w.who[workflow.Manager])
		o, ok, err := w.store.ClaimLetter(t.Context(), store.Claim{By: "a test", At: w.now.Add(time.Hour)})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		x.Letter, x.Attempt, x.At = o.ID, o.Attempt, w.now
		if err := w.store.MarkSent(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	sent(store.Sent{State: workflow.LetterFailed, Step: "rcpt to", Code: 550, Status: "5.1.1", Words: "5.1.1 no such user here"})
	sent(store.Sent{State: workflow.LetterUnknown, Step: "end of content", Words: "the connection was lost"})
	sent(store.Sent{State: workflow.LetterRetry, Step: "rcpt to", Code: 452, Words: "4.2.2 their mailbox is full", Next: w.now.Add(100 * time.Hour)})
	v := w.as(workflow.Coordinator)
	see(t, v.page("/letters?tab=problems"), []string{"Not sent", "5.1.1 no such user here", "Not known", "Somebody must find out", "Karen Poole", w.ref})
	see(t, v.page("/letters?tab=leaving"), []string{"Tried again soon", "4.2.2 their mailbox is full"})
}
