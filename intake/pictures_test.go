package intake

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/essex-dsr/dsr/intake/document"
	"github.com/essex-dsr/dsr/workflow"
)

// withFile is a mail with one attached file.
func withFile(body, kind, name string, data []byte) []byte {
	return fmt.Appendf(nil, "From: Karen Poole <karen@example.org>\r\nTo: %s\r\nSubject: form\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--b\r\nContent-Type: %s; name=%s\r\nContent-Disposition: attachment; filename=%s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n",
		team, strings.ReplaceAll(body, "\n", "\r\n"), kind, name, name, base64.StdEncoding.EncodeToString(data))
}

// draw draws all that waits and returns how many files it took.
func draw(t *testing.T, s *Service) (n int) {
	t.Helper()
	for {
		more, err := s.DrawOne(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return n
		}
		n++
	}
}

func TestPagesAreDrawnAfterTheMailIsSettled(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.Pictures = func(_ context.Context, f document.File, most int) ([]document.Picture, error) {
		if string(f.Data) != "hello" || most < 1 {
			t.Errorf("asked to draw %d bytes, at most %d pages", len(f.Data), most)
		}
		drawn := []document.Picture{{Page: 1, Type: "image/png", Width: 2, Height: 3, Data: []byte("page one")}}
		return drawn, errors.New("the second page broke")
	}
	m := settle(t, s, put(t, s, "INBOX", withFile(plea, "text/plain", "note.txt", []byte("hello"))))
	if m.End != workflow.MailCase || len(m.Documents) != 1 || len(m.Documents[0].Pages) != 0 {
		t.Fatalf("before anything was drawn: %s, %+v", m.End, m.Documents)
	}
	if n := draw(t, s); n != 1 {
		t.Errorf("drew %d files, want 1", n)
	}
	m = settle(t, s, m.ID)
	if !slices.Equal(m.Documents[0].Pages, []int{1}) {
		t.Fatalf("pages %v, want the one that was drawn before it broke", m.Documents[0].Pages)
	}
	p, err := s.Store.DrawingOf(t.Context(), m.ID, m.Documents[0].Part, 1)
	if err != nil || string(p.Data) != "page one" || p.Type != "image/png" || p.Height != 3 {
		t.Errorf("page 1: %+v, %v", p, err)
	}
	if _, err := s.Store.DrawingOf(t.Context(), m.ID, m.Documents[0].Part, 2); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("page 2: %v, want that there is none", err)
	}
	if n := draw(t, s); n != 0 {
		t.Errorf("drew %d files again", n)
	}
}

// Two programs never draw the same file, and one that the drawer dies of is not
// tried for ever.
func TestAFileIsClaimedByOne(t *testing.T) {
	t.Parallel()
	s := newService(t)
	m := settle(t, s, put(t, s, "INBOX", withFile(plea, "text/plain", "note.txt", []byte("hello"))))
	first, err := s.Store.ClaimUndrawn(t.Context())
	if err != nil || first.Message != m.ID {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := s.Store.ClaimUndrawn(t.Context()); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("claimed twice at once: %+v, %v", again, err)
	}
}
