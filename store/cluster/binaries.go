package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// osUser is whom the server runs as. The zero cred means: as we are.
type osUser struct {
	name string
	cred *syscall.Credential
}

// serverUser chooses the user: ourselves, or as root one who may do little.
func serverUser() (osUser, error) {
	if os.Geteuid() != 0 {
		return osUser{name: "uid " + strconv.Itoa(os.Geteuid())}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return osUser{}, fmt.Errorf("user %s: %w", name, err)
		}
		return osUser{name, &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return osUser{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it as")
}

// own gives a file to the user.
func (u osUser) own(path string) error {
	if u.cred == nil {
		return nil
	}
	if err := os.Chown(path, int(u.cred.Uid), int(u.cred.Gid)); err != nil {
		return fmt.Errorf("give %s to user %s: %w", path, u.name, err)
	}
	return nil
}

// owns says whether a file is the user's.
func (u osUser) owns(info fs.FileInfo) bool {
	uid := uint32(os.Geteuid())
	if u.cred != nil {
		uid = u.cred.Uid
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Uid == uid
}

// barrier returns the first folder on the way to path that the user may not
// enter by its mode bits, or "".
func (u osUser) barrier(path string) string {
	if path != "/" {
		if b := u.barrier(filepath.Dir(path)); b != "" {
			return b
		}
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return ""
	}
	bit := fs.FileMode(0o001)
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case u.owns(info):
		bit = 0o100
	case ok && u.cred != nil && st.Gid == u.cred.Gid:
		bit = 0o010
	}
	if info.Mode()&bit != 0 {
		return ""
	}
	return path
}

// findBinaries returns the one of the folders found, the newest first, that
// suits: of the version that made the cluster in data if there is one, else
// the newest.
func findBinaries(found []string, data string) (string, error) {
	if len(found) == 0 {
		return "", ErrNoBinaries
	}
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return found[0], nil
	}
	if err != nil {
		return "", fmt.Errorf("version of the database: %w", err)
	}
	want := strings.TrimSpace(string(b))
	for _, dir := range found {
		if major(dir) == want {
			return dir, nil
		}
	}
	return "", fmt.Errorf("the database in %s was made by PostgreSQL %s, which is not installed here: install that version, or restore a backup into a new directory: %w", data, want, ErrNoBinaries)
}

// candidates lists the folders with server programs, the newest first.
func candidates() []string {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"} {
		m, err := filepath.Glob(pattern)
		if err != nil {
			continue // only a bad pattern errs
		}
		dirs = append(dirs, m...)
	}
	dirs = slices.DeleteFunc(dirs, func(d string) bool {
		return !exists(filepath.Join(d, "initdb")) || !exists(filepath.Join(d, "postgres"))
	})
	slices.SortStableFunc(dirs, func(a, b string) int {
		x, _ := strconv.Atoi(major(a)) // 0 where unknown: tried last
		y, _ := strconv.Atoi(major(b))
		return y - x
	})
	return slices.Compact(dirs)
}

// major asks the server program itself, since folders are named as packagers
// like: "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)" is "15".
func major(dir string) string {
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	f := strings.Fields(string(out))
	if err != nil || len(f) < 3 {
		return ""
	}
	digits := strings.IndexFunc(f[2], func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		return f[2]
	}
	return f[2][:digits]
}
