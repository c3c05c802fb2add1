package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq"
)

// password is every account's.
const password = "three words unrelated"

// service is one installation of the program: a database, a mailbox, an
// address that its letters come from. It may be started, stopped, killed and
// started again, at another time by its clock.
type service struct {
	dir      string
	base     string // address of its pages
	mailbox  string
	from     string // address of its letters
	database string // of its own server when empty
	binary   string
	dovecot  *dovecot
	postfix  *postfix
	env      []string

	offset time.Duration // of its clock
	cmd    *exec.Cmd
	ended  chan error
	log    *record
}

var installations atomic.Int64

// newService sets an installation up, without starting it. At its end it is
// stopped, and its log read for personal data.
func newService(t *testing.T, at time.Time) *service {
	t.Helper()
	n := installations.Add(1)
	s := &service{
		binary: must(t, shared.binary), dovecot: must(t, shared.dovecot), postfix: must(t, shared.postfix),
		mailbox: fmt.Sprintf("register%d", n), from: fmt.Sprintf("dsr%d@register.example", n), log: &record{},
	}
	dir := filepath.Join(shared.dir, fmt.Sprint("s", n))
	s.dir = dir
	if err := mkdirs(dir, "home"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the private cluster's user must reach its folder
		t.Fatal(err)
	}
	ports := must(t, func() ([]int, error) { return freePorts(1) })
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	s.base = "http://" + address
	s.env = append(plainEnvironment(dir),
		"SSL_CERT_FILE="+s.authorities(t, dir),
		"DSR_HTTP_ADDR="+address,
		"DSR_DATA_DIR="+filepath.Join(dir, "data"), "DSR_CACHE_DIR="+filepath.Join(shared.dir, "cache"),
		"DSR_IMAP_URL=register="+s.dovecot.url(s.mailbox), "DSR_IMAP_PASSWORD="+imapPassword, "DSR_IMAP_START=all",
		"DSR_SMTP_URL="+s.postfix.url(), "DSR_MAIL_FROM=Essex DSR team <"+s.from+">",
		"DSR_ALLOW_TEST_CLOCK=1")
	if server := os.Getenv("DSR_TEST_DATABASE_URL"); server != "" {
		s.database = newDatabase(t, server, fmt.Sprintf("dsr_e2e_%d_%d", os.Getpid(), n))
		key := make([]byte, 32)
		rand.Read(key) // never fails (crypto/rand)
		s.env = append(s.env, "DSR_DATABASE_URL="+s.database, "DSR_ENCRYPTION_KEYS="+base64.StdEncoding.EncodeToString(key))
	}
	s.setClock(at)
	t.Cleanup(func() {
		if s.cmd != nil {
			s.stop(t)
		}
		if t.Failed() {
			t.Logf("log of %s:\n%s", s.mailbox, s.log)
		}
	})
	return s
}

// plainEnvironment lets nothing of the tests' own surroundings through.
func plainEnvironment(dir string) []string {
	env := []string{"HOME=" + filepath.Join(dir, "home"), "PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin", "LANG=C.UTF-8"}
	if tmp := os.Getenv("TMPDIR"); tmp != "" {
		env = append(env, "TMPDIR="+tmp)
	}
	return env
}

// authorities makes both servers' certificates trusted.
func (s *service) authorities(t testing.TB, dir string) string {
	t.Helper()
	var all []byte
	for _, from := range []string{s.dovecot.dir, s.postfix.dir} {
		one, err := os.ReadFile(filepath.Join(from, "cert.pem"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one...)
	}
	path := filepath.Join(dir, "authorities.pem")
	if err := os.WriteFile(path, all, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// newDatabase is an empty one on the tests' server, dropped at the end.
func newDatabase(t testing.TB, server, name string) string {
	t.Helper()
	do := func(statement string) error {
		db, err := sql.Open("postgres", server)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_, err = db.ExecContext(ctx, statement)
		return errors.Join(err, db.Close())
	}
	if err := do(`CREATE DATABASE ` + name + ` TEMPLATE template0`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := do(`DROP DATABASE ` + name + ` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// setClock makes it at now for the service, from its next start.
func (s *service) setClock(at time.Time) { s.offset = time.Until(at).Round(time.Second) }

// now is the time by the service's clock.
func (s *service) now() time.Time { return time.Now().Add(s.offset) }

func (s *service) environment() []string {
	return append(s.env[:len(s.env):len(s.env)], fmt.Sprintf("DSR_CLOCK=%+ds", int(s.offset.Seconds())))
}

// start runs `dsr serve` and waits until it says that it is ready.
func (s *service) start(t testing.TB) {
	t.Helper()
	s.run(t)
	eventually(t, patience, "answer of /readyz", func() (struct{}, bool) {
		select {
		case err := <-s.ended:
			s.cmd = nil
			t.Fatalf("the service ended by itself: %v\n%s", err, s.log)
		default:
		}
		res, err := http.Get(s.base + "/readyz")
		if err != nil {
			return struct{}{}, false
		}
		defer res.Body.Close()
		return struct{}{}, res.StatusCode == http.StatusOK
	})
}

// run starts the process.
func (s *service) run(t testing.TB, extra ...string) {
	t.Helper()
	cmd := exec.Command(s.binary, "serve")
	cmd.Env = append(s.environment(), extra...)
	cmd.Stderr, cmd.Stdout = s.log, s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.cmd, s.ended = cmd, make(chan error, 1)
	go func(ended chan error) { ended <- cmd.Wait() }(s.ended)
}

// stop asks the service to end, as a machine that shuts down does.
func (s *service) stop(t testing.TB) {
	t.Helper()
	cmd := s.cmd
	s.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("after SIGTERM the service ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Errorf("the service did not end within 30 seconds of SIGTERM")
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
}

// kill ends the service at once, as a power cut does.
func (s *service) kill(t testing.TB) {
	t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.ended // killed is what it says
	s.cmd = nil
}

// restart stops the service and starts it at another time.
func (s *service) restart(t testing.TB, at time.Time) {
	t.Helper()
	s.stop(t)
	s.setClock(at)
	s.start(t)
}

// leasesEnd lets the minutes pass after which what a program held when it died
// is free for others. Only the database's clock tells them, which no test drives.
func (s *service) leasesEnd(t testing.TB) {
	t.Helper()
	db, err := sql.Open("postgres", s.databaseURL(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, passes := range []string{`UPDATE leases SET expires_at = now()`, `UPDATE messages SET next_try = now() WHERE end_state IS NULL`} {
		if _, err := db.ExecContext(ctx, passes); err != nil {
			t.Fatal(err)
		}
	}
}

// databaseURL is the service's database: of the tests' server or its own.
func (s *service) databaseURL(t testing.TB) string {
	t.Helper()
	if s.database != "" {
		return s.database
	}
	sockets, err := filepath.Glob(filepath.Join(s.dir, "data", "*", ".s.PGSQL.5432"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("the sockets of the service's own database: %v, %v", sockets, err)
	}
	return "postgres:///dsr?" + url.Values{"host": {filepath.Dir(sockets[0])}, "user": {"dsr"}, "sslmode": {"disable"}}.Encode()
}

// command runs another command of the program on the same installation.
func (s *service) command(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	out, err := s.try(stdin, args...)
	if err != nil {
		t.Fatalf("dsr %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *service) try(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.binary, args...)
	cmd.Env, cmd.Stdin = s.environment(), strings.NewReader(stdin)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w\n%s", err, complaint.String())
	}
	return out.String(), nil
}

// deliver puts a mail into the service's mailbox, dated by its clock.
func (s *service) deliver(t testing.TB, raw []byte) {
	t.Helper()
	s.dovecot.deliver(t, s.mailbox, raw, s.now())
}

// letters are those of this service that arrived so far.
func (s *service) letters(t testing.TB) []letter {
	t.Helper()
	return s.postfix.letters(t, s.from)
}

// awaitLetter waits for a letter to somebody that fits.
func (s *service) awaitLetter(t testing.TB, to, what string, fits func(letter) bool) letter {
	t.Helper()
	return eventually(t, patience, what+" to "+to, func() (letter, bool) {
		for _, l := range s.letters(t) {
			if l.To == to && fits(l) {
				return l, true
			}
		}
		return letter{}, false
	})
}

// subject is a letter whose subject begins so.
func subject(prefix string) func(letter) bool {
	return func(l letter) bool { return strings.HasPrefix(l.Get("Subject"), prefix) }
}

// record is a process's output while it is being written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

// checkLog refuses a log that tells of somebody: these words are of the mails
// and accounts of the test.
func (s *service) checkLog(t testing.TB, words ...string) {
	t.Helper()
	for line := range strings.Lines(s.log.String()) {
		for _, word := range words {
			if regexp.MustCompile(`(?i)` + regexp.QuoteMeta(word)).MatchString(line) {
				t.Errorf("the log tells of %q: %s", word, line)
			}
		}
	}
}

// address is the email address of an account.
func address(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@register.example"
}
