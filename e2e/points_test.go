package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// points are where the service dies: before and after each commit on a mail's
// way from the mailbox to the letter that answers it, and between those commits
// and what is done outside the database (">" means: once this is passed).
func points() []string {
	both := func(before, step string) []string {
		return []string{before + "before " + step, before + "after " + step}
	}
	return slices.Concat(
		both("", "lease mailbox"),                     // 1: taken, and nobody polls
		both("", "know folder"),                       // 3: connected, and nothing compared
		both("", "keep mail"),                         // 4, 5: fetched; kept
		both("after keep mail>", "note a list"),       // 5: kept, and still in the mailbox
		both("", "note what was flagged or moved"),    // 7, 8: moved, and not noted
		both("after keep mail>", "note a poll"),       // 8: all of it done
		both("after keep mail>", "claim unread mail"), // 6: about to be read
		both("", "settle message"),                    // 6: a case, or not yet
		both("after settle message>", "claim alerts"), // the duty list, about to be told
		both("after claim alerts>", "mark an alert"),  // told, and not noted
		both("", "freeze reply"),                      // 9: rendered
		both("after freeze reply>", "claim letter"),   // 9: the attempt, before the mail host is spoken to
		both("after claim letter>", "mark letter"),    // 9: handed over, and not noted
	)
}

// TestPoints kills the service at every point, each time with a new mail on its
// way. None is lost, none becomes two cases, no letter goes twice, and letters of
// which nobody can know whether they left are shown.
func TestPoints(t *testing.T) {
	t.Parallel()
	s := newService(t, tuesday())
	s.env = append(s.env, "DSR_IMAP_AFTER=move:Kept")
	s.dovecot.makeFolder(t, s.mailbox, "Kept")
	s.start(t)
	carol := newPaper(t, s.base)
	signIn(carol, s.addUser(t, "Carol Reed", "coordinator"), password)
	s.stop(t)
	for n, point := range points() {
		family := numbered(n)
		if strings.Contains(point, "alert") { // only such mail alerts somebody
			family = append(family, "Thank you for reading this,", "She has taken a lot of tablets and says she wants to die.")
		}
		s.deliver(t, s.mailFrom(t, "family.eml", family...))
		s.dieAt(t, point)
	}
	mails := len(points())
	s.start(t)
	s.leasesEnd(t)
	ends := eventually(t, 2*time.Minute, "end for every mail", func() (reconciled, bool) {
		r := s.reconcile(t)
		return r, r.ByEnd["case"] >= mails && len(r.WithoutEnd) == 0
	})
	if ends.InLedger != mails || ends.ByEnd["case"] != mails {
		t.Errorf("the account of %d mails: %+v", mails, ends)
	}
	if kept := s.dovecot.mails(t, s.mailbox, ".Kept"); kept != mails {
		t.Errorf("%d mails are in the folder of those taken in, want %d", kept, mails)
	}
	s.checkThanks(t, carol, mails)
	carol.open("/letters?tab=problems")
	if got := strings.Count(carol.text(), "It may or may not have left"); got < 2 {
		t.Errorf("%d letters are shown as in doubt, want at least those claimed and not marked, 2:\n%s", got, carol.text())
	}
	alerted := map[string]bool{}
	for _, m := range regexp.MustCompile(`msg=alert kind=crisis case=(\S+)`).FindAllStringSubmatch(s.log.String(), -1) {
		alerted[m[1]] = true
	}
	if len(alerted) != 4 {
		t.Errorf("somebody was alerted of the cases %v, want those of the 4 crisis mails", alerted)
	}
	s.checkWhole(t)
}

// dieAt starts the service and waits until it has died at a point.
func (s *service) dieAt(t testing.TB, point string) {
	t.Helper()
	s.run(t, "DSR_FAIL_AT="+point)
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("the service did not come to the point %q:\n%s", point, s.log)
	}
	status := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	s.cmd = nil
	if !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("at the point %q the service ended by itself: %v\n%s", point, status, s.log)
	}
}

// makeFolder adds a folder beside a mailbox's inbox.
func (d *dovecot) makeFolder(t testing.TB, mailbox, name string) {
	t.Helper()
	box := filepath.Join(d.dir, "mail", mailbox, "Maildir")
	folder := filepath.Join(box, "."+name)
	if err := mkdirs(folder, "tmp", "new", "cur"); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() != 0 {
		return
	}
	for _, path := range []string{filepath.Dir(box), box, folder, folder + "/tmp", folder + "/new", folder + "/cur"} {
		if err := os.Chown(path, mailUser, mailUser); err != nil {
			t.Fatal(err)
		}
	}
}

// mails says how many mails lie in a folder of a mailbox.
func (d *dovecot) mails(t testing.TB, mailbox, folder string) int {
	t.Helper()
	var all []string
	for _, part := range []string{"new", "cur"} {
		found, err := filepath.Glob(filepath.Join(d.dir, "mail", mailbox, "Maildir", folder, part, "*"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return len(all)
}
