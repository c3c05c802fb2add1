package intake

import (
	"context"
	"testing"
	"time"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/workflow"
)

// A crisis that came behind a large file is settled while that file is still
// being read.
func TestDangerDoesNotWaitForFiles(t *testing.T) {
	t.Parallel()
	s := newService(t)
	reading, done := make(chan struct{}), make(chan struct{})
	s.Documents = func(ctx context.Context, f []document.File) ([]document.Document, error) {
		close(reading)
		select {
		case <-done:
		case <-ctx.Done():
		}
		return document.Open(ctx, f, document.DefaultLimits()), nil
	}
	slow := put(t, s, "INBOX", withFile(plea, "text/plain", "note.txt", []byte("hello")))
	crisis := put(t, s, "INBOX", mail("karen@example.org", "please help", "My son Tom has taken an overdose and says he wants to die."))
	ended := make(chan error, 1)
	go func() {
		_, err := s.ReadSome(t.Context())
		ended <- err
	}()
	select {
	case <-reading:
	case err := <-ended:
		t.Fatalf("the file was not read: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("nothing is read")
	}
	x, err := s.Store.Ended(t.Context(), crisis)
	if err != nil || x.End != workflow.MailCase {
		t.Errorf("the crisis while the file is read: %+v, %v, want a case", x, err)
	}
	if x, err := s.Store.Ended(t.Context(), slow); err != nil || x.End != "" {
		t.Errorf("the mail whose file is read: %+v, %v, want no end yet", x, err)
	}
	close(done)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if x, err := s.Store.Ended(t.Context(), slow); err != nil || x.End != workflow.MailCase {
		t.Errorf("the mail with the file: %+v, %v, want a case", x, err)
	}
}
