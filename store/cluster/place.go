package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// socketPathMax is the room for a path in sockaddr_un, less the final NUL.
const socketPathMax = 107

// place is a data directory and the user whose server works in it.
type place struct {
	dir    string
	socket string // the folder of the socket, known after makeSocketDir
	user   osUser
}

func (p place) data() string           { return filepath.Join(p.dir, "postgres") }
func (p place) lockFile() string       { return filepath.Join(p.dir, "postgres.lock") }
func (p place) logFile() string        { return filepath.Join(p.dir, "postgres.log") }
func (p place) url(name string) string { return connString(p.socket, name) }
func socketFile(dir string) string     { return filepath.Join(dir, ".s.PGSQL.5432") }
func (p place) give(path string) error { return p.user.own(path) }
func (p place) unfinished() string     { return p.data() + ".new" }
func (p place) initialised() bool      { return exists(filepath.Join(p.data(), "PG_VERSION")) }
func exists(path string) bool          { _, err := os.Lstat(path); return err == nil }
func fitsSocket(dir string) bool {
	return len(socketFile(dir)) <= socketPathMax && !strings.ContainsAny(dir, ",\"'\\")
}

// make creates the data directory. It is searchable by all, because the
// server's user must pass through it; what matters inside is 0700 or 0600.
func (p place) make() error {
	if err := os.MkdirAll(p.dir, 0o711); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	return nil
}

// own takes the lock on path, and with it the directory. The kernel frees it
// when this process ends, however it ends; children do not inherit it.
func own(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		pid := owner(f)
		return nil, errors.Join(fmt.Errorf("%s: %w (process %s): stop that program, or choose another directory", filepath.Dir(path), ErrOwned, pid), f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}

// owner reads the process number from the lock file.
func owner(lock io.Reader) string {
	line, err := bufio.NewReader(lock).ReadString('\n')
	if err != nil {
		return "starting"
	}
	return strings.TrimSpace(line)
}

// note writes our process, the socket's folder and the state to the lock file.
func (p place) note(lock *os.File, state string) error {
	text := fmt.Sprintf("%d\n%s\n%s\n", os.Getpid(), p.socket, state)
	if err := lock.Truncate(0); err != nil {
		return fmt.Errorf("write %s: %w", lock.Name(), err)
	}
	if _, err := lock.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("write %s: %w", lock.Name(), err)
	}
	return nil
}

// announce lets other commands find the server.
func (p place) announce(lock *os.File) error { return p.note(lock, "ready") }

// announced returns the socket's folder that the owner of path announced.
func announced(path string) (string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrPermission) {
		return "", fmt.Errorf("the database in %s belongs to another user: run this command as the user who started it: %w", filepath.Dir(path), err)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("find the running database: %w", err)
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 3 || lines[2] != "ready" {
		return "", fmt.Errorf("%s: %w", filepath.Dir(path), ErrNotRunning)
	}
	return lines[1], nil
}

// makeSocketDir makes the folder of the socket: run/ in the data directory,
// or a short one among the temporary files where the path would not fit. What
// a killed owner left is removed first.
func (p *place) makeSocketDir(lock *os.File) error {
	if err := p.removeSocketDir(lock); err != nil {
		return err
	}
	p.socket = filepath.Join(p.dir, "run")
	var err error
	if fitsSocket(p.socket) {
		if err = os.Mkdir(p.socket, 0o700); errors.Is(err, os.ErrExist) {
			err = nil
		}
	} else {
		p.socket, err = os.MkdirTemp("/tmp", "dsr-")
	}
	if err != nil {
		return fmt.Errorf("make the socket's folder: %w", err)
	}
	if err := p.give(p.socket); err != nil {
		return err
	}
	return p.note(lock, "starting")
}

// removeSocketDir removes the socket's folder named in the lock file. Only
// the two places where makeSocketDir makes one are ever touched.
func (p place) removeSocketDir(lock *os.File) error {
	b := make([]byte, 4096)
	n, err := lock.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", lock.Name(), err)
	}
	lines := strings.Split(string(b[:n]), "\n")
	if len(lines) < 2 {
		return nil
	}
	old := lines[1]
	if old != filepath.Join(p.dir, "run") && !(filepath.Dir(old) == "/tmp" && strings.HasPrefix(filepath.Base(old), "dsr-")) {
		return nil
	}
	if info, err := os.Lstat(old); err != nil || !info.IsDir() || !p.user.owns(info) {
		return nil // gone, or by now somebody else's
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("remove the old socket's folder: %w", err)
	}
	return nil
}

// initialise makes the cluster's files unless they stand. initdb works in a
// folder of another name, so that a half-made cluster is never taken for one.
func (p place) initialise(ctx context.Context, bin string, noSync bool) error {
	if p.initialised() {
		return nil
	}
	fresh := p.unfinished()
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("clear a half-made database: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	if err := p.give(fresh); err != nil {
		return err
	}
	args := []string{"-D", fresh, "-U", "dsr", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"}
	if noSync {
		args = append(args, "--no-sync")
	}
	cmd := p.command(bin, "initdb", args...)
	cmd.Dir = fresh
	if out, err := runKept(ctx, cmd); err != nil {
		return fmt.Errorf("initdb: %w%s", err, quoteLog(out))
	}
	if err := os.Rename(fresh, p.data()); err != nil {
		return fmt.Errorf("put the new database in place: %w", err)
	}
	return nil
}

// searchable tries what the server will do: enter the data directory as its
// user. The plain message names the folder in the way.
func (p place) searchable(bin string) error {
	cmd := p.command(bin, "postgres", "--version")
	cmd.Dir = p.dir
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	for _, path := range []string{p.dir, bin} {
		if barrier := p.user.barrier(path); barrier != "" {
			return fmt.Errorf("PostgreSQL runs as user %q, who may not enter %s: choose a data directory below /var/lib, or allow it with: chmod o+x %s", p.user.name, barrier, strconv.Quote(barrier))
		}
	}
	return fmt.Errorf("PostgreSQL runs as user %q, who may not enter %s: %w", p.user.name, p.dir, err)
}
