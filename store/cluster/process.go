package cluster

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// process is a child that dies with us.
type process struct {
	pid   int
	ended chan struct{}
	err   error // how it ended; read after ended is closed
}

// keep starts cmd on an operating-system thread that lives as long as the
// child. The kernel sends Pdeathsig when the *thread* that forked ends
// (prctl(2)); Go ends and reuses threads as it likes, so one is set aside.
func keep(cmd *exec.Cmd) (*process, error) {
	p := &process{ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with us
		defer close(p.ended)
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	return p, nil
}

// runKept runs cmd to its end, or until ctx ends, and returns what it said.
func runKept(ctx context.Context, cmd *exec.Cmd) (string, error) {
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := keep(cmd)
	if err != nil {
		return "", err
	}
	select {
	case <-p.ended:
		return out.String(), p.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), p.stop(context.Background()))
	}
}

// stop asks for a fast shutdown and waits; when ctx ends first, it insists.
// PostgreSQL recovers from an immediate shutdown at its next start.
func (p *process) stop(ctx context.Context) error {
	for _, step := range []struct {
		sig  syscall.Signal
		wait context.Context
	}{{syscall.SIGINT, ctx}, {syscall.SIGQUIT, context.WithoutCancel(ctx)}} {
		select {
		case <-p.ended:
			return nil
		default:
		}
		if err := syscall.Kill(p.pid, step.sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", p.pid, err)
		}
		select {
		case <-p.ended:
			if step.sig == syscall.SIGQUIT {
				return fmt.Errorf("the database was cut off and will recover at its next start: %w", ctx.Err())
			}
			return nil
		case <-step.wait.Done():
		}
	}
	return nil
}

// command is a PostgreSQL program, run as the server's user, in a group of
// its own so that Ctrl-C at the terminal reaches us first, and told to shut
// down when we die.
func (p place) command(bin, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Dir = p.data()
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user.cred, Setpgid: true, Pdeathsig: syscall.SIGINT}
	return cmd
}

// serve starts the server. Its log keeps to its own life: statements, values
// and keys of failed statements may be personal data.
func (p place) serve(bin string, noSync bool) (*process, error) {
	settings := []string{
		"listen_addresses=", "unix_socket_permissions=0700", "timezone=UTC", "log_timezone=UTC",
		"logging_collector=off", "log_destination=stderr", "log_min_messages=log", "log_min_error_statement=panic",
		"log_error_verbosity=terse", "log_statement=none", "jit=off",
	}
	if noSync { // the tests of all packages share one server
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=400")
	} else {
		settings = append(settings, "max_connections=100")
	}
	args := []string{"-D", p.data(), "-k", p.socket}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	f, err := p.openLog()
	if err != nil {
		return nil, err
	}
	cmd := p.command(bin, "postgres", args...)
	cmd.Stdout, cmd.Stderr = f, f
	server, err := keep(cmd)
	return server, errors.Join(err, f.Close())
}

// openLog opens the server's log, begun anew when it has grown past 8 MiB.
func (p place) openLog() (*os.File, error) {
	flags := os.O_CREATE | os.O_APPEND | os.O_WRONLY
	if size(p.logFile()) > 8<<20 {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(p.logFile(), flags, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's log: %w", err)
	}
	return f, nil
}

// awaitAnswer waits until the server answers a query, or has ended.
func awaitAnswer(ctx context.Context, server *process, url string) error {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-server.ended:
			return fmt.Errorf("the server ended at once: %w", server.err)
		default:
		}
		if late := pause(ctx, 20*time.Millisecond); late != nil {
			return fmt.Errorf("the server does not answer (%v): %w", err, late)
		}
	}
}

// createDatabase makes the database "dsr" unless it stands.
func createDatabase(ctx context.Context, url string) error {
	connector, err := pq.NewConnector(url)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var stands bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'dsr')`).Scan(&stands); err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if stands {
		return nil
	}
	if _, err := db.ExecContext(ctx, `CREATE DATABASE dsr`); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// awaitPredecessor waits for a server that a killed owner left in the middle
// of its shutdown, and removes a postmaster.pid that belongs to no server:
// its number may by now be another process's, and then PostgreSQL would
// refuse to start. Its own guard against two servers, the shared memory
// segment keyed by the directory, stays in force.
func awaitPredecessor(ctx context.Context, data string) error {
	pidFile := filepath.Join(data, "postmaster.pid")
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		b, err := os.ReadFile(pidFile)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for a former server: %w", err)
		}
		line, _, _ := strings.Cut(string(b), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || !serves(pid, data) {
			if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("remove the stale %s: %w", pidFile, err)
			}
			return nil
		}
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("a former server (process %d) still runs in %s: %w", pid, data, err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("a former server (process %d) of %s does not end: %w", pid, data, err)
		}
	}
}

// serves says whether pid is a PostgreSQL server of this directory.
func serves(pid int, data string) bool {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && strings.Contains(string(b), "\x00-D\x00"+data+"\x00")
}

// pause waits for d, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// tail returns what was written to path after the first from bytes.
func tail(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.NewSectionReader(f, from, 64<<10))
	if err != nil {
		return ""
	}
	return string(b)
}

// quoteLog appends what PostgreSQL said to an error.
func quoteLog(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	return ": " + strings.ReplaceAll(text, "\n", "; ")
}
