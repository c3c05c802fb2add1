package document

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// childExe is the program that the tests' sandboxes run.
var childExe string

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "probe" {
		probe()
	}
	dir, err := os.MkdirTemp("", "document-child")
	if err != nil {
		panic(err)
	}
	childExe = filepath.Join(dir, "child")
	if out, err := exec.Command("go", "build", "-o", childExe, "./testdata/child").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the child: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// probe locks itself in as a child does and then tries to get out.
func probe() {
	if err := confine(request{Op: opOpen, Seconds: 10}); err != nil {
		fmt.Println("not confined:", err)
		os.Exit(1)
	}
	_, err := os.ReadFile("/etc/passwd")
	fmt.Println("read:", err != nil)
	fmt.Println("write:", os.WriteFile("/tmp/document-probe", []byte("x"), 0o600) != nil)
	_, err = net.Dial("tcp", os.Args[2])
	fmt.Println("dial:", err != nil)
	fmt.Println("run:", exec.Command("/bin/true").Run() != nil)
	os.Exit(0)
}

func TestChildCannotGetOut(t *testing.T) {
	t.Parallel()
	if ok, why := Confined(); !ok {
		t.Skip(why)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(exe, "probe", ln.Addr().String()).Output()
	if err != nil {
		t.Fatalf("probe: %v", err)
	}
	if want := "read: true\nwrite: true\ndial: true\nrun: true\n"; string(out) != want {
		t.Errorf("refused:\n%s\nwant all refused", out)
	}
}

// sandbox shares one cache of the compiled engine between all test runs.
func sandbox(t testing.TB) *Sandbox {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	s := NewSandbox(childExe, filepath.Join(cache, "dsr-test"))
	s.Wall = 5 * time.Minute // tests run on machines that have much else to do
	return s
}

func openConfined(t testing.TB, s *Sandbox, files ...File) []Document {
	t.Helper()
	docs, err := s.Open(context.Background(), files)
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != len(files) {
		t.Fatalf("%d documents for %d files", len(docs), len(files))
	}
	for _, d := range docs {
		checkSpans(t, d)
	}
	return docs
}

func TestChildReadsAsWeDo(t *testing.T) {
	t.Parallel()
	mail := []byte("From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nhello\r\n")
	files := []File{
		sample(t, "referral-A-word-contentcontrols.docx"),
		{Part: "3", Name: "forwarded.zip", Data: zipOf(t, "inner/mail.eml", mail, "note.txt", []byte("Alfie likes trains"))},
		{Part: "4", Name: "what.bin", Data: []byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0}},
	}
	want := Open(t.Context(), files, DefaultLimits())
	got := openConfined(t, sandbox(t), files...)
	for i := range want {
		if normal(got[i]) != normal(want[i]) {
			t.Errorf("%s: read differently in the child:\n got %+v\nwant %+v", files[i].Name, got[i], want[i])
		}
	}
	if m := got[1].Members[0].Mails; len(m) != 1 || !bytes.Equal(m[0].Raw, mail) {
		t.Errorf("the mail inside the archive came out changed: %q", m)
	}
	if got[2].State != Unreadable {
		t.Errorf("a program is %s", got[2].State)
	}
}

// normal drops the difference between nil and empty, which JSON does not keep.
func normal(d Document) string { return fmt.Sprintf("%+v", d) }

func zipOf(t testing.TB, namesAndData ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(namesAndData); i += 2 {
		w, err := z.Create(namesAndData[i].(string))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(namesAndData[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A hostile file costs its own reading only: the others of the mail are read.
func TestHostileFilesEndWithinTheirLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of CPU")
	}
	t.Parallel()
	names, err := filepath.Glob("testdata/hostile/*")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d hostile samples, %v", len(names), err)
	}
	want := map[string]State{
		"docx-200k-cells.docx":         TooLarge,
		"docx-billion-laughs.docx":     Quarantined,
		"docx-bomb-300MB-text.docx":    Quarantined,
		"docx-deepnest-1M.docx":        TooLarge,
		"docx-nested-tables-3000.docx": TooLarge,
		"docx-xxe.docx":                Quarantined,
		"zip-nested-5levels-2TB.zip":   Quarantined,
	}
	s := sandbox(t)
	s.CPU = 5 * time.Second // enough for each that is refused by its size
	for _, name := range names {
		base := filepath.Base(name)
		t.Run(base, func(t *testing.T) {
			t.Parallel()
			docs := openConfined(t, s, sample(t, "hostile/"+base), sample(t, "referral-C-word-labelcolon.docx"))
			if strings.Contains(docs[0].Why, "far longer") {
				t.Errorf("ended only when its wall time was over: %s", docs[0].Why)
			}
			d := docs[0]
			if w := want[base]; w != "" && d.State != w {
				t.Errorf("state %s (%s), want %s", d.State, d.Why, w)
			}
			if d.State == "" || d.State != Read && d.Why == "" {
				t.Errorf("state %q without a reason a person could read", d.State)
			}
			if docs[1].State != Read {
				t.Errorf("the harmless file beside it is %s: %s", docs[1].State, docs[1].Why)
			}
		})
	}
}

func TestManyMembersAreRefused(t *testing.T) {
	t.Parallel()
	var many []any
	for i := range 1200 {
		many = append(many, fmt.Sprintf("f%d.txt", i), []byte("x"))
	}
	d := open(t, File{Name: "many.zip", Data: zipOf(t, many...)})
	if d.State != Quarantined {
		t.Errorf("an archive of 1,200 files is %s", d.State)
	}
}

func TestMissingProgramIsAnError(t *testing.T) {
	t.Parallel()
	s := NewSandbox("/does/not/exist", t.TempDir())
	if _, err := s.Open(t.Context(), []File{{Name: "a.txt", Data: []byte("a")}}); err == nil {
		t.Error("no child could be started, and no error said so")
	}
}

func TestEndOfContextIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sandbox(t).Open(ctx, []File{{Name: "a.txt", Data: []byte("a")}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A mail that waits for the documents of others waits as long as its caller
// does: the time of a child begins with the child.
func TestWaitingCostsNoTimeOfTheChild(t *testing.T) {
	t.Parallel()
	s := sandbox(t)
	s.Wall = time.Nanosecond
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Open(ctx, []File{{Name: "a.txt", Data: []byte("a")}}); err == nil || ctx.Err() == nil {
		t.Errorf("gave up (%v) before the caller did", err)
	}
}

func TestConfinedSaysWhatHolds(t *testing.T) {
	t.Parallel()
	ok, why := Confined()
	if why == "" || !ok && !strings.Contains(why, "no ") {
		t.Errorf("Confined: %v %q", ok, why)
	}
}
