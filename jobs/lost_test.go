package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/store"
	"github.com/essex-dsr/dsr/store/storetest"
	"github.com/essex-dsr/dsr/workflow"
)

// long reports whether the tests run in their long form.
func long() bool { return os.Getenv("DSR_TEST_LONG") == "1" }

// TestLostReplies takes a mail from its bytes to the acknowledgement that left,
// again and again, and each time loses another of the database's replies with
// its connection. Everybody tries again, as the service does: there must be one
// message, one case, one letter, and it is taken by the mail host once.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	proxy, url := storetest.NewProxy(t, w.url)
	sure := w.Store
	w.Store = connect(t, url, w.keys)
	proxy.Lose(nil)
	journey(t, w, 0)
	all := proxy.Replies()
	if all < 100 {
		t.Fatalf("the whole way is %d replies: the proxy does not count", all)
	}
	step := max(1, all/15)
	if long() {
		step = 1
	}
	cut := 0
	for k := 1; k <= all; k += step {
		proxy.Lose(func(p storetest.Packet) bool { return p.FromServer && p.Number == k })
		journey(t, w, k)
		cut++
	}
	proxy.Lose(nil)
	w.Store = sure
	var messages, cases, letters, attempts int
	err := w.db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM cases), (SELECT count(*) FROM letters), (SELECT count(*) FROM letter_attempts)`).
		Scan(&messages, &cases, &letters, &attempts)
	if err != nil {
		t.Fatal(err)
	}
	if want := cut + 1; messages != want || cases != want || letters != want || attempts != want || len(w.host.Letters()) != want {
		t.Errorf("%d messages, %d cases, %d letters, %d attempts, %d letters at the mail host: want %d of each", messages, cases, letters, attempts, len(w.host.Letters()), want)
	}
	t.Logf("%d of %d replies of the database lost: %d messages, %d cases, %d letters, %d taken by the mail host", cut, all, messages, cases, letters, len(w.host.Letters()))
	w.check(t)
}

// journey is one mail's way. Every step is done until it succeeds.
func journey(t *testing.T, w *world, k int) {
	t.Helper()
	w.pass(time.Minute) // below every limit of acknowledgements
	from := fmt.Sprintf("p%d@example.org", k)
	raw := fmt.Appendf(nil, "From: %s\r\nSubject: help\r\n\r\nPlease help, %d.\r\n", from, k)
	var m workflow.MessageID
	until(t, k, "keep", func(ctx context.Context) error {
		kept, err := w.Store.Keep(ctx, []store.Incoming{{Folder: store.Folder{Account: "lost", Name: "INBOX", UIDValidity: 1}, UID: uint32(k + 1), InternalDate: w.clock(), Raw: raw}})
		if err == nil {
			m = kept[0].Message
		}
		return err
	})
	until(t, k, "settle", func(ctx context.Context) error {
		done, err := w.Store.Settle(ctx, []store.Settlement{{Message: m, End: store.EndCase, Class: "referral_family", Urgency: workflow.Routine, FromAddr: from, At: w.clock(),
			Reply: &workflow.LetterDue{Kind: workflow.L1, To: from, Content: workflow.Full},
			Cases: []store.NewCase{{Opening: workflow.Opening{Type: workflow.ByFamily, Message: m, ReceivedAt: w.clock(), Urgency: workflow.Routine}}}}})
		if err == nil {
			err = done[0].Err
		}
		return err
	})
	until(t, k, "render", w.RenderReplies)
	until(t, k, "send", func(ctx context.Context) error {
		if err := errors.Join(w.RenderReplies(ctx), w.SendDue(ctx)); err != nil {
			return err
		}
		if len(w.host.Letters()) == 0 {
			return errors.New("nothing left")
		}
		return nil
	})
}

func until(t *testing.T, k int, what string, do func(context.Context) error) {
	t.Helper()
	for try := 0; ; try++ {
		err := do(t.Context())
		if err == nil {
			return
		}
		if try == 10 {
			t.Fatalf("reply %d lost: %s: %v", k, what, err)
		}
	}
}
