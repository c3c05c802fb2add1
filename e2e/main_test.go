package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// patience bounds every single step: two cores may be busy with other tests.
const patience = time.Minute

// machine is what all tests share: the program, the mail servers, the browser,
// each started when first asked for.
type machine struct {
	dir     string
	binary  func() (string, error)
	dovecot func() (*dovecot, error)
	postfix func() (*postfix, error)
	browser func() (*browser, error)

	mu   sync.Mutex
	ends []func() error
}

// shared is set once by TestMain.
var shared *machine

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "dsr-e2e-") // short: Unix sockets live below it
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the servers run as users of their own
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	shared = newMachine(dir)
	code := m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = max(code, 1)
	}
	return code
}

func newMachine(dir string) *machine {
	s := &machine{dir: dir}
	s.binary = sync.OnceValues(s.findBinary)
	s.dovecot = sync.OnceValues(func() (*dovecot, error) {
		d, err := startDovecot(filepath.Join(dir, "dove"))
		if err == nil {
			s.atEnd(d.close)
		}
		return d, err
	})
	s.postfix = sync.OnceValues(func() (*postfix, error) {
		p, err := startPostfix(filepath.Join(dir, "post"))
		if err == nil {
			s.atEnd(p.close)
		}
		return p, err
	})
	s.browser = sync.OnceValues(func() (*browser, error) {
		b, err := startBrowser(filepath.Join(dir, "chromium"))
		if err == nil {
			s.atEnd(b.close)
		}
		return b, err
	})
	return s
}

func (s *machine) atEnd(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, f)
}

func (s *machine) close() error {
	var err error
	for _, end := range s.ends {
		err = errors.Join(err, end())
	}
	if os.Getenv("DSR_E2E_KEEP") == "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// findBinary is the program that DSR_BINARY names, or one built here.
func (s *machine) findBinary() (string, error) {
	if path := os.Getenv("DSR_BINARY"); path != "" {
		_, err := os.Stat(path)
		return path, err
	}
	path := filepath.Join(s.dir, "dsr")
	cmd := exec.Command("go", "build", "-tags", "nodynamic", "-o", path, "./cmd/dsr")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// errMissing is a program that this machine does not have.
var errMissing = errors.New("is missing on this machine")

// must gives what a test needs, or ends the test: as a failure, or where a
// program is missing and this is not CI, as a test left out.
func must[T any](t testing.TB, get func() (T, error)) T {
	t.Helper()
	v, err := get()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skipf("NOT TESTED: %v", err)
	default:
		t.Fatal(err)
	}
	return v
}

// find is the first of some programs that this machine has.
func find(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s %w", names[0], errMissing)
}

// eventually asks until ask has an answer. What is waited for happens in other
// processes, so there is nothing to wait on but the asking.
func eventually[T any](t testing.TB, within time.Duration, what string, ask func() (T, bool)) T {
	t.Helper()
	start := time.Now()
	for {
		v, ok := ask()
		if ok {
			return v
		}
		if time.Since(start) > within {
			t.Fatalf("after %s there is still no %s", within, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
