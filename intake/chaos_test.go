package intake

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/mailbox"
	"github.com/essex-dsr/dsr/intake/mailbox/mailboxtest"
	"github.com/essex-dsr/dsr/store"
)

// TestPeopleAtWorkInTheMailbox lets pollers work while five people move, flag,
// delete, bring back and deliver again what they find, as people do in Outlook.
// At the end every UID that the folder ever gave away is accounted for, and all
// that was kept is what was sent.
func TestPeopleAtWorkInTheMailbox(t *testing.T) {
	t.Parallel()
	mails, deeds := 60, 25
	if long() {
		mails, deeds = 3000, 1000
	}
	d := mailboxtest.NewDovecot(t)
	s := newService(t)
	old := mail("old@example.org", "old", "so that the folder is there")
	d.Deliver(t, "dsr", "Done", old)
	newPoller := func(name string) *Poller {
		p := poller(s, d)
		p.Name, p.Every, p.Pause, p.Lease = name, 50*time.Millisecond, time.Millisecond, time.Second
		p.Account.TLS, p.Account.Port = mailbox.None, d.Port
		return p
	}
	once(t, newPoller("first")) // from here on every UID is counted
	all := pleas(mails)
	ctx, stop := context.WithCancel(t.Context())
	var pollers, people sync.WaitGroup
	for i := range 3 {
		pollers.Go(func() {
			if err := newPoller(fmt.Sprint("poller ", i)).Run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	people.Go(func() {
		for _, raw := range all {
			d.Deliver(t, "dsr", "INBOX", raw)
			wait(t.Context(), time.Duration(rand.IntN(20))*time.Millisecond)
		}
	})
	for range 5 {
		people.Go(func() { atWork(t, d, all, deeds) })
	}
	people.Wait()
	stop()
	pollers.Wait()

	last := newPoller("last")
	once(t, last)
	once(t, last)
	conn, err := mailbox.Dial(t.Context(), last.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	box, err := conn.Select(t.Context(), "INBOX", true)
	if err != nil {
		t.Fatal(err)
	}
	a := account(t, s)
	sent := map[string]bool{lf(old): true} // somebody may have moved it in
	for _, raw := range all {
		sent[lf(raw)] = true
	}
	kept := map[string]int{}
	for _, raw := range raws(t, s) {
		if kept[lf(raw)]++; !sent[lf(raw)] || kept[lf(raw)] > 1 {
			t.Errorf("a message of %d bytes was never sent, or is kept %d times", len(raw), kept[lf(raw)])
		}
	}
	for _, raw := range d.Mails(t, "dsr", "INBOX") {
		if kept[lf(raw)] == 0 {
			t.Error("a mail lies in the mailbox and was not kept")
		}
	}
	t.Logf("%d mails, 3 pollers, 5 people: %d UIDs given away, %d accounted, %d of them gone, %d in the box, %d mails kept",
		mails, box.UIDNext-1, a.InLedger, a.Gone, box.Exists, len(kept))
	if a.InLedger != int(box.UIDNext)-1 || a.InLedger-a.Gone != box.Exists {
		t.Errorf("account %+v of %+v: want every UID accounted, as read or gone", a, box)
	}
	for n := 1; n > 0; {
		if n, err = s.ReadSome(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a := account(t, s); a.ByEnd[store.EndCase] == 0 || len(a.WithoutEnd) != 0 {
		t.Errorf("account %+v: want an end for each", a)
	}
	sound(t, s)
}

// lf is a mail with the line ends that a Maildir may give it.
func lf(raw []byte) string { return string(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))) }

// atWork is one person. Whatever goes wrong for them is no concern of ours.
func atWork(t *testing.T, d *mailboxtest.Dovecot, all [][]byte, deeds int) {
	account := mailbox.Account{Name: "person", User: "dsr", Password: d.Password, Host: d.Host, Port: d.Port, TLS: mailbox.None}
	conn, err := mailbox.Dial(t.Context(), account, nil)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = conn.Close() }() // only a person's
	take := func(folder string) (mailbox.UID, bool) {
		if _, err := conn.Select(t.Context(), folder, false); err != nil {
			return 0, false
		}
		uids, err := conn.UIDs(t.Context())
		if err != nil || len(uids) == 0 {
			return 0, false
		}
		return uids[rand.IntN(len(uids))], true
	}
	for range deeds {
		switch rand.IntN(6) {
		case 0:
			if u, ok := take("INBOX"); ok {
				_ = conn.Move(t.Context(), []mailbox.UID{u}, "Done")
			}
		case 1:
			if u, ok := take("Done"); ok {
				_ = conn.Move(t.Context(), []mailbox.UID{u}, "INBOX")
			}
		case 2, 3:
			if u, ok := take("INBOX"); ok {
				_ = conn.Flag(t.Context(), []mailbox.UID{u}, `\Seen`)
			}
		case 4:
			d.Delete(t, "dsr", "INBOX", rand.IntN)
		case 5:
			d.Deliver(t, "dsr", "INBOX", all[rand.IntN(len(all))])
		}
	}
}
