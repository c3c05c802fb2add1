package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// imapPassword is every mailbox's.
const imapPassword = "secret-of-the-mailbox"

// dovecot is a real IMAP server with TLS by an authority of its own. Any user
// name is a mailbox.
type dovecot struct {
	dir   string
	port  int
	cmd   *exec.Cmd
	count atomic.Int64
}

func startDovecot(dir string) (*dovecot, error) {
	binary, err := find("dovecot", "/usr/sbin/dovecot")
	if err != nil {
		return nil, err
	}
	d := &dovecot{dir: dir}
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	d.port = ports[0]
	err = errors.Join(mkdirs(dir, "run", "state", "mail"), writeCertificate(dir), os.Chmod(filepath.Dir(dir), 0o755))
	if err == nil && os.Getuid() == 0 {
		err = os.Chown(filepath.Join(dir, "mail"), mailUser, mailUser)
	}
	if err == nil {
		err = d.configure()
	}
	if err != nil {
		return nil, err
	}
	d.cmd = exec.Command(binary, "-F", "-c", filepath.Join(dir, "conf"))
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Dovecot: %w", err)
	}
	if err := listens(d.port); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, errors.Join(fmt.Errorf("Dovecot does not listen: %w\n%s", err, log), d.close())
	}
	return d, nil
}

// mailUser is Debian's user mail: neither server delivers as root.
const mailUser = 8

func (d *dovecot) configure() error {
	login, internal, group, uid, gid, rootless := "dovenull", "dovecot", "dovecot", mailUser, mailUser, ""
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return err
		}
		mine, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return err
		}
		login, internal, group, uid, gid = me.Username, me.Username, mine.Name, os.Getuid(), os.Getgid()
		rootless = "service imap-login {\n  chroot =\n}\n"
	}
	conf := fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
instance_name = e2e
listen = 127.0.0.1
protocols = imap
ssl = required
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:%[1]s/mail/%%n/Maildir
first_valid_uid = 1
default_login_user = %[2]s
default_internal_user = %[3]s
default_internal_group = %[4]s
mail_max_userip_connections = 100
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = %[5]d
    ssl = yes
  }
}
%[6]sservice anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
passdb {
  driver = static
  args = password=%[7]s
}
userdb {
  driver = static
  args = uid=%[8]d gid=%[9]d home=%[1]s/mail/%%n
}
namespace inbox {
  inbox = yes
  separator = /
}
`, d.dir, login, internal, group, d.port, rootless, imapPassword, uid, gid)
	return os.WriteFile(filepath.Join(d.dir, "conf"), []byte(conf), 0o644)
}

// close ends the server and its children; their group is ours.
func (d *dovecot) close() error {
	err := syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	_ = d.cmd.Wait() // killed is what it says
	return err
}

// url is a mailbox as DSR_IMAP_URL takes it.
func (d *dovecot) url(mailbox string) string {
	return fmt.Sprintf("imaps://%s@localhost:%d/INBOX", mailbox, d.port)
}

// authority is the file that makes both servers' certificates trusted.
func (d *dovecot) authority() string { return filepath.Join(d.dir, "cert.pem") }

// deliver puts a mail into a mailbox as a delivery agent does, written aside
// and then renamed. The server takes the file's time for the time of receipt.
func (d *dovecot) deliver(t testing.TB, mailbox string, raw []byte, at time.Time) {
	t.Helper()
	home := filepath.Join(d.dir, "mail", mailbox)
	box := filepath.Join(home, "Maildir")
	name := fmt.Sprintf("%d.M%dP%d.e2e", at.Unix(), d.count.Add(1), os.Getpid())
	aside := filepath.Join(box, "tmp", name)
	err := errors.Join(mkdirs(box, "tmp", "new", "cur"),
		os.WriteFile(aside, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), 0o600), os.Chtimes(aside, at, at))
	if err == nil && os.Getuid() == 0 {
		for _, path := range []string{home, box, filepath.Join(box, "tmp"), filepath.Join(box, "new"), filepath.Join(box, "cur"), aside} {
			err = errors.Join(err, os.Chown(path, mailUser, mailUser))
		}
	}
	if err == nil {
		err = os.Rename(aside, filepath.Join(box, "new", name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// writeCertificate makes an authority that is also the servers' certificate.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

func mkdirs(dir string, below ...string) error {
	var err error
	for _, name := range below {
		err = errors.Join(err, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	return err
}

// freePorts are ports of loopback on which nothing listens. All are held until
// all are known, so that they differ.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// listens waits until something answers at a port.
func listens(port int) error {
	var err error
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		var conn net.Conn
		if conn, err = net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second); err == nil {
			return conn.Close()
		}
	}
	return err
}
