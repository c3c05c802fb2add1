package reading

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/intake/message"
)

var showMisses = flag.Bool("misses", false, "print every value that is wrong or missed")

// documentsOf reads the attachments of many mails as the service does: in
// confined children. Scans stay pictures: reading them by machine is only ever
// a proposal, and its programs are not on every machine.
func documentsOf(t *testing.T, mails []mailOf) [][]document.Document {
	t.Helper()
	box := sandbox(t)
	out := make([][]document.Document, len(mails))
	var wait sync.WaitGroup
	for i, m := range mails {
		files := filesOf(m.msg)
		if len(files) == 0 {
			continue
		}
		wait.Go(func() {
			docs, err := box.Open(context.Background(), files)
			if err != nil {
				t.Errorf("%s: %v", m.name, err)
			}
			out[i] = docs
		})
	}
	wait.Wait()
	return out
}

// sandbox builds the reader of documents and shares one cache of the compiled
// PDF engine between all test runs.
func sandbox(t *testing.T) *document.Sandbox {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "child")
	if out, err := exec.Command("go", "build", "-o", exe, "../document/testdata/child").CombinedOutput(); err != nil {
		t.Fatalf("build the reader of documents: %v\n%s", err, out)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	box := document.NewSandbox(exe, filepath.Join(cache, "dsr-test"))
	box.Recogniser = ""
	box.Wall = 5 * time.Minute // tests run on machines that have much else to do
	return box
}

func filesOf(m *message.Message) []document.File {
	var files []document.File
	for _, p := range m.Parts {
		switch {
		case p.Role == message.Attached, p.Role == message.Inline:
			files = append(files, document.File{Part: p.Number, Name: p.Name, Type: p.Type, Data: p.Data})
		case p.Mail != nil:
			files = append(files, filesOf(p.Mail)...)
		}
	}
	return files
}

// scoreSet reads all mails of a set and judges them.
func scoreSet(t *testing.T, dir string) *score {
	t.Helper()
	mails := loadMails(t, dir)
	docs := documentsOf(t, mails)
	s := newScore()
	for i, m := range mails {
		got := Read(Input{Message: m.msg, Documents: docs[i], Own: []string{"essex.dsr@essex.gov.uk"}})
		s.judge(m.name, loadTruth(t, filepath.Join("testdata", dir, m.name+".json")), got)
	}
	if *showMisses {
		t.Log("\n" + s.table())
		for _, m := range s.misses {
			t.Log(m)
		}
	}
	return s
}

// floors are the least that a reading must reach. A missed danger can cost a
// life, a wrong value can harm, a gap costs a minute: so they differ.
func (s *score) floors(t *testing.T) {
	t.Helper()
	total := s.total()
	for _, f := range []struct {
		what       string
		got, least float64
	}{
		{"precision of all fields", total.precision(), 0.99},
		{"recall of all fields", total.recall(), 0.92},
		{"class", s.class.share(), 0.97},
		{"number of referrals", s.count.share(), 0.98},
		{"crisis recall", s.crisis.share(), 1},
		{"mails without a false alarm", s.noAlarm.share(), 0.90},
		{"urgent recall", s.urgent.share(), 0.95},
		{"withdrawal recall", s.withdrawal.share(), 1},
		{"signs of abuse", s.safe["safeguarding.cue"].share(), 0.95},
		{"whom not to tell", s.safe["do_not_tell"].share(), 1},
		{"confidential addresses", s.safe["person.address_confidential"].share(), 1},
		{"consent refused", s.safe["consent no"].share(), 1},
		{"provenance", s.provenance.share(), 1},
	} {
		if f.got < f.least {
			t.Errorf("%s is %.4f, want %.2f or more", f.what, f.got, f.least)
		}
	}
	if t.Failed() {
		t.Log("\n" + s.table())
		for _, m := range s.misses {
			t.Log(m)
		}
	}
}

// The referrals are 101 mails of all kinds that reach the register's mailbox.
func TestReferralsAreRead(t *testing.T) {
	t.Parallel()
	s := scoreSet(t, "referrals")
	if s.files != 101 {
		t.Errorf("%d mails, want 101", s.files)
	}
	s.floors(t)
}

// The voices are mails that were written before the rules were made to read
// them: other people, other forms, other ways of saying the same.
func TestVoicesAreRead(t *testing.T) {
	t.Parallel()
	scoreSet(t, "voices").floors(t)
}
