package cluster

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
)

// ownerDir makes this test program an owner of a cluster, to be killed.
const ownerDir = "DSR_TEST_CLUSTER_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		os.Exit(beOwner(dir))
	}
	code := m.Run()
	if err := os.RemoveAll(seed.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// seed is a cluster that was started and stopped, to be copied: initdb takes
// most of the time of a test that is not about it.
var seed struct {
	once sync.Once
	dir  string
	err  error
}

// seeded is a folder with a cluster in it.
func seeded(t *testing.T) string {
	t.Helper()
	seed.once.Do(func() {
		if seed.dir, seed.err = os.MkdirTemp("/tmp", "dsr-cluster-seed-"); seed.err != nil {
			return
		}
		if seed.err = os.Chmod(seed.dir, 0o755); seed.err != nil {
			return
		}
		c, err := Start(context.Background(), Options{Dir: seed.dir, NoSync: true})
		if err != nil {
			seed.err = err
			return
		}
		seed.err = c.Stop(context.Background())
	})
	if seed.err != nil {
		t.Fatal(seed.err)
	}
	dir := folder(t)
	if out, err := exec.Command("cp", "-a", seed.dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

// beOwner starts the cluster, says so, and waits for its input to end.
func beOwner(dir string) int {
	c, err := Start(context.Background(), Options{Dir: dir, NoSync: true})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("ready", os.Geteuid())
	if _, err := os.Stdin.Read(make([]byte, 1)); err == nil {
		return 1
	}
	if err := c.Stop(context.Background()); err != nil {
		fmt.Println("error:", err)
		return 1
	}
	return 0
}

// folder is a data directory whose parents PostgreSQL's user may enter.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "dsr-cluster-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data")
}

func start(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Options{Dir: dir, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// ask runs one statement; a query's single value comes back as text.
func ask(t *testing.T, url, query string) string {
	t.Helper()
	db, err := sql.Open("postgres", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var answer sql.NullString
	if err := db.QueryRowContext(t.Context(), query).Scan(&answer); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatalf("%s: %v", query, err)
	}
	return answer.String
}

func TestLifeOfACluster(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if _, err := Running(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("before the start: %v, want %v", err, ErrNotRunning)
	}
	c := start(t, dir)
	ask(t, c.URL(), `CREATE TABLE kept AS SELECT 7 AS n`)

	url, err := Running(dir)
	if err != nil || url != c.URL() {
		t.Errorf("Running = %q, %v; want %q", url, err, c.URL())
	}
	_, err = Start(t.Context(), Options{Dir: dir})
	if !errors.Is(err, ErrOwned) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("second owner: %v, want %v and our process number", err, ErrOwned)
	}
	for setting, want := range map[string]string{"max_connections": "400", "fsync": "off", "listen_addresses": "", "log_statement": "none", "TimeZone": "UTC", "data_checksums": "on"} {
		if got := ask(t, c.URL(), `SHOW `+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "run")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder: %v, %v; want mode 0700", info, err)
	}

	stop(t, c)
	stop(t, c)
	if _, err := Running(dir); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after the stop: %v, want %v", err, ErrNotRunning)
	}
	again, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, again) })
	for setting, want := range map[string]string{"max_connections": "100", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"} {
		if got := ask(t, again.URL(), `SHOW `+setting); got != want {
			t.Errorf("for real use %s is %q, want %q", setting, got, want)
		}
	}
	if got := ask(t, again.URL(), `SELECT n FROM kept`); got != "7" {
		t.Errorf("kept %q, want 7", got)
	}
}

// TestLeftovers: what power cuts and killed owners leave does not stand in
// the way.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	p := place{dir: dir}
	if err := p.make(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.unfinished(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.unfinished(), "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop(t, start(t, dir))
	for name, content := range map[string]string{
		"number of a living process": strconv.Itoa(os.Getpid()) + "\n" + p.data() + "\n1\n5432\n" + dir + "/run\n\n",
		"empty":                      "",
		"garbage":                    "\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(p.data(), "postmaster.pid"), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "run"), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{".s.PGSQL.5432", ".s.PGSQL.5432.lock"} {
				if err := os.WriteFile(filepath.Join(dir, "run", name), []byte("1\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(p.lockFile(), []byte("1\n"+filepath.Join(dir, "run")+"\nready\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Running(dir); !errors.Is(err, ErrNotRunning) {
				t.Errorf("Running: %v, want %v", err, ErrNotRunning)
			}
			stop(t, start(t, dir))
		})
	}
}

// TestKilledOwner: PostgreSQL shuts down cleanly by itself when its owner is
// killed.
func TestKilledOwner(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	cmd, _ := spawn(t, dir, os.Args[0], nil)
	url, err := Running(dir)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, url, `CREATE TABLE kept AS SELECT 7 AS n`)
	data := place{dir: dir}.data()
	b, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := strconv.Atoi(strings.Split(string(b), "\n")[0])
	if err != nil || !serves(server, data) {
		t.Fatalf("process %d, %v; want the server's", server, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var killed *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &killed) {
		t.Fatalf("the owner ended with %v, want it killed", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for serves(server, data) {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			t.Fatal("the server outlives its owner")
		}
	}
	c := start(t, dir)
	if got := ask(t, c.URL(), `SELECT n FROM kept`); got != "7" {
		t.Errorf("kept %q, want 7", got)
	}
	said := tail(place{dir: dir}.logFile(), 0)
	if !strings.Contains(said, "database system is shut down") || strings.Contains(said, "not properly shut down") {
		t.Errorf("the killed owner's server did not end cleanly:\n%s", said)
	}
}

// TestNextOwnerMayComeAtOnce: while the killed owner's server still shuts
// down.
func TestNextOwnerMayComeAtOnce(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	for range 3 {
		cmd, _ := spawn(t, dir, os.Args[0], nil)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if _, err := cmd.Process.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	start(t, dir)
}

// TestServerOutlivesTheStartingThread: the kernel watches the thread that
// forked, and Go may end it at any time.
func TestServerOutlivesTheStartingThread(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	began := make(chan *Cluster)
	go func() {
		runtime.LockOSThread() // ends the thread with the goroutine
		c, err := Start(context.Background(), Options{Dir: dir, NoSync: true})
		if err != nil {
			t.Error(err)
		}
		began <- c
	}()
	c := <-began
	if c == nil {
		t.FailNow()
	}
	defer stop(t, c)
	select {
	case <-c.Done():
		t.Fatal("the server ended with the thread that started it")
	case <-time.After(300 * time.Millisecond):
	}
	ask(t, c.URL(), `SELECT 1`)
}

// TestServerDies: whoever waits for Done hears of it, and Stop frees the
// directory.
func TestServerDies(t *testing.T) {
	t.Parallel()
	dir := seeded(t)
	c := start(t, dir)
	if err := syscall.Kill(c.server.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("nobody heard that the server died")
	}
	stop(t, c)
	start(t, dir)
}

func TestLongPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(folder(t)), strings.Repeat("x", socketPathMax))
	if err := os.Rename(seeded(t), dir); err != nil {
		t.Fatal(err)
	}
	c := start(t, dir)
	url, err := Running(dir)
	if err != nil || url != c.URL() {
		t.Errorf("Running = %q, %v; want %q", url, err, c.URL())
	}
	ask(t, url, `SELECT 1`)
	if filepath.Dir(c.place.socket) != "/tmp" {
		t.Errorf("the socket is in %s, want a short folder", c.place.socket)
	}
	stop(t, c)
	if exists(c.place.socket) {
		t.Errorf("%s is left behind", c.place.socket)
	}
}

// TestAnotherUser runs the owner as nobody: the way of everybody who is not
// root, in a directory with an awkward name.
func TestAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user; not being root, the other tests show it")
	}
	parent := filepath.Dir(folder(t))
	program := filepath.Join(parent, "owner")
	b, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, b, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "of, nobody's & co")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const nobody = 65534
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	cmd, end := spawn(t, dir, program, &syscall.Credential{Uid: nobody, Gid: nobody})
	url, err := Running(dir)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, url, `SELECT 1`)
	end()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the owner ended with %v", err)
	}
}

// spawn starts another owner of dir and waits until it is ready. Its end of
// input, by end, asks it to stop.
func spawn(t *testing.T, dir, program string, as *syscall.Credential) (cmd *exec.Cmd, end func()) {
	t.Helper()
	cmd = exec.Command(program)
	cmd.Dir = "/"
	cmd.Env = []string{ownerDir + "=" + dir, "PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ready") {
		t.Fatalf("the owner says %q, %v", line, err)
	}
	return cmd, func() { in.Close() }
}

// TestClosedParent: the message names the folder in the way.
func TestClosedParent(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("PostgreSQL runs as ourselves")
	}
	parent := filepath.Dir(folder(t))
	closed := filepath.Join(parent, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: filepath.Join(closed, "data")})
	if err == nil || !strings.Contains(err.Error(), "may not enter "+closed+":") || !strings.Contains(err.Error(), "chmod o+x") {
		t.Errorf("got %v, want a line that names %s and what to do", err, closed)
	}
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	found := candidates()
	if len(found) == 0 {
		t.Fatal("no server programs on this machine")
	}
	with := func(version string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(version+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		found []string
		data  string
		want  string
		err   error
	}{
		"none installed":          {nil, t.TempDir(), "", ErrNoBinaries},
		"new directory":           {found, t.TempDir(), found[0], nil},
		"made by this version":    {found, with(major(found[0])), found[0], nil},
		"made by another version": {found, with("9"), "", ErrNoBinaries},
	} {
		got, err := findBinaries(c.found, c.data)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v; want %q, %v", name, got, err, c.want, c.err)
		}
	}
}

func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Start(ctx, Options{Dir: dir, NoSync: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
	start(t, dir) // the lock and the half-made cluster are not in the way
}
