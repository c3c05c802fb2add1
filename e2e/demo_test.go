package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// TestDemo starts the demo as its reader does: nothing is set up, and nothing is
// left behind.
func TestDemo(t *testing.T) {
	t.Parallel()
	binary := must(t, shared.binary)
	dir := filepath.Join(shared.dir, "demo")
	if err := mkdirs(dir, "home", "tmp"); err != nil {
		t.Fatal(err)
	}
	ports := must(t, func() ([]int, error) { return freePorts(1) })
	var said record
	cmd := exec.Command(binary, "demo", "--addr", fmt.Sprintf("127.0.0.1:%d", ports[0]))
	cmd.Env = append(plainEnvironment(dir), "TMPDIR="+filepath.Join(dir, "tmp"), "DSR_DATABASE_URL=postgres:///nobody-asks-for-this")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of a test that failed

	account := regexp.MustCompile(`(coordinator@demo\.example)\s+(\S+)`)
	login := eventually(t, patience, "account to sign in with", func() ([]string, bool) {
		select {
		case err := <-ended:
			t.Fatalf("the demo ended by itself: %v\n%s", err, said.String())
		default:
		}
		found := account.FindStringSubmatch(said.String())
		return found, found != nil
	})
	team := newPaper(t, "http://"+fmt.Sprintf("127.0.0.1:%d", ports[0]))
	signIn(team, login[1], login[2])
	awaitPage(t, team, "/", "DSR-")
	took := time.Since(began)
	t.Logf("from the command to the first case on the screen: %s", took.Round(100*time.Millisecond))
	says(t, team, "This is a demonstration")
	awaitPage(t, newPaper(t, team.base), "/demo/outbox", "If you need help now")

	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("after SIGTERM the demo ended with %v:\n%s", err, said.String())
		}
	case <-time.After(patience):
		t.Fatal("the demo did not end after SIGTERM")
	}
	left, err := os.ReadDir(filepath.Join(dir, "tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("the demo left %v behind, %v", left, err)
	}
}
