package e2e

import (
	"errors"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postfix is a real mail host. It takes mail for every address, delivers all of
// it into one Maildir on this machine and relays nothing.
type postfix struct {
	dir  string
	port int
	cmd  *exec.Cmd
}

func startPostfix(dir string) (*postfix, error) {
	master, err := find("/usr/lib/postfix/sbin/master", "/usr/libexec/postfix/master")
	if err != nil {
		return nil, fmt.Errorf("Postfix: %w", err)
	}
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("root's right to start Postfix %w", errMissing)
	}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	p := &postfix{dir: dir, port: ports[0]}
	err = errors.Join(mkdirs(dir, "etc", "data", "mail/all"), mkdirs(filepath.Join(dir, "queue"), queues()...),
		writeCertificate(dir), os.Chmod(filepath.Dir(dir), 0o755), p.configure(filepath.Dir(master)))
	if err == nil {
		err = p.own()
	}
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(master, "-c", p.etc(), "-d")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Postfix: %w", err)
	}
	if err := listens(p.port); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("Postfix does not listen: %w\n%s", err, log), p.close())
	}
	return p, nil
}

func (p *postfix) etc() string { return filepath.Join(p.dir, "etc") }

// queues are the folders that `postfix check` would make, in ten times the time.
func queues() []string {
	return strings.Fields("active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace")
}

// own gives the folders to those who write them.
func (p *postfix) own() error {
	u, err := user.Lookup("postfix")
	if err != nil {
		return fmt.Errorf("the user of Postfix: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	for _, name := range append(queues(), "../data") {
		if name != "pid" {
			err = errors.Join(err, os.Chown(filepath.Join(p.dir, "queue", name), uid, -1))
		}
	}
	for _, name := range []string{"mail", "mail/all"} {
		err = errors.Join(err, os.Chown(filepath.Join(p.dir, name), mailUser, mailUser))
	}
	return err
}

func (p *postfix) configure(programs string) error {
	main := fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
command_directory = /usr/sbin
daemon_directory = %[3]s
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.e2e.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
relay_domains =
alias_maps =
alias_database =
local_transport = error:nobody lives here
relay_transport = error:nothing leaves this machine
default_transport = error:nothing leaves this machine
virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:all/
virtual_mailbox_base = %[1]s/mail
virtual_minimum_uid = 1
virtual_uid_maps = static:%[2]d
virtual_gid_maps = static:%[2]d
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = %[1]s/cert.pem
smtpd_tls_key_file = %[1]s/key.pem
smtpd_peername_lookup = no
disable_dns_lookups = yes
`, p.dir, mailUser, programs)
	master := fmt.Sprintf(`127.0.0.1:%d inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`, p.port)
	return errors.Join(
		os.WriteFile(filepath.Join(p.etc(), "main.cf"), []byte(main), 0o644),
		os.WriteFile(filepath.Join(p.etc(), "master.cf"), []byte(master), 0o644))
}

// close ends the server and its children; their group is ours.
func (p *postfix) close() error {
	err := syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait() // killed is what it says
	return err
}

// url is the host as DSR_SMTP_URL takes it: STARTTLS is required.
func (p *postfix) url() string { return fmt.Sprintf("smtp://localhost:%d", p.port) }

// letter is a mail that Postfix delivered.
type letter struct {
	mail.Header
	To  string // the envelope's
	Raw string
}

// letters are those that came from an address, in order of delivery.
func (p *postfix) letters(t testing.TB, from string) []letter {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "mail/all/new/*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(files, func(a, b string) int { return modTime(a).Compare(modTime(b)) })
	var all []letter
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatalf("%s is no mail: %v", file, err)
		}
		sender, err := mail.ParseAddress(m.Header.Get("From"))
		if err != nil {
			t.Fatalf("From of %s: %v", file, err)
		}
		if sender.Address == from {
			all = append(all, letter{m.Header, m.Header.Get("Delivered-To"), string(raw)})
		}
	}
	return all
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
