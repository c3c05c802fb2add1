package mailboxtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Dovecot is a real IMAP server of its own for one test: Maildir below a
// temporary folder, ports on loopback, TLS by an authority of its own. Any
// user name may sign in with Password, or by XOAUTH2 with a token that Token
// says is good.
type Dovecot struct {
	Host     string
	Port     int // STARTTLS, or in clear
	TLSPort  int
	Password string
	CAs      *x509.CertPool

	// Token says whose a token is; "" refuses it. It may be changed between
	// connections.
	Token atomic.Pointer[func(token string) (user string)]

	dir    string
	uid    int // who owns the mail
	gid    int
	binary string
	cmd    *exec.Cmd
	count  atomic.Int64
}

// NewDovecot starts one and ends it with the test. Without the program the
// test is skipped, loudly; with CI=true it fails.
func NewDovecot(t testing.TB) *Dovecot {
	t.Helper()
	binary := findDovecot()
	if binary == "" {
		const why = "NOT TESTED against a real IMAP server: Dovecot is missing (apt-get install dovecot-imapd)"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	// A short name: Unix sockets live in it, and their names have 108 bytes.
	dir, err := os.MkdirTemp("", "dove")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	d := &Dovecot{Host: "localhost", Password: "secret", dir: dir, binary: binary, uid: os.Getuid(), gid: os.Getgid()}
	if os.Getuid() == 0 {
		d.uid, d.gid = 8, 8 // mail: Dovecot serves no mail of root's
	}
	if err := errors.Join(os.Chmod(dir, 0o755), d.folders(), d.certificate(), d.ports()); err != nil {
		t.Fatal(err)
	}
	tokens := httptest.NewServer(http.HandlerFunc(d.introspect))
	t.Cleanup(tokens.Close)
	if err := d.configure(tokens.URL); err != nil {
		t.Fatal(err)
	}
	d.Start(t)
	t.Cleanup(d.Kill)
	return d
}

func findDovecot() string {
	for _, name := range []string{"dovecot", "/usr/sbin/dovecot", "/usr/local/sbin/dovecot"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func (d *Dovecot) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

func (d *Dovecot) folders() error {
	for _, name := range []string{"run", "state", "mail"} {
		if err := os.Mkdir(d.path(name), 0o755); err != nil {
			return err
		}
	}
	return d.own(d.path("mail"))
}

// own gives a path to the user that serves mail.
func (d *Dovecot) own(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, d.uid, d.gid)
}

func (d *Dovecot) certificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mailboxtest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	d.CAs = x509.NewCertPool()
	d.CAs.AddCert(cert)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(d.path("cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(d.path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
}

// Certificate is the server's own, for a Scripted server that shall have TLS.
func (d *Dovecot) Certificate() (tls.Certificate, error) {
	return tls.LoadX509KeyPair(d.path("cert.pem"), d.path("key.pem"))
}

func (d *Dovecot) ports() error {
	for _, port := range []*int{&d.Port, &d.TLSPort} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close() // both are held until both are known
		*port = l.Addr().(*net.TCPAddr).Port
	}
	return nil
}

func (d *Dovecot) introspect(w http.ResponseWriter, r *http.Request) {
	answer := map[string]any{"active": "false"}
	if f := d.Token.Load(); f != nil {
		if name := (*f)(r.URL.Query().Get("token")); name != "" {
			answer = map[string]any{"active": "true", "email": name, "username": name}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that went away sees it itself
}

func (d *Dovecot) configure(introspection string) error {
	login, internal, group := "dovenull", "dovecot", "dovecot"
	rootless := ""
	if os.Getuid() != 0 {
		me, err := user.Current()
		if err != nil {
			return err
		}
		mine, err := user.LookupGroupId(me.Gid)
		if err != nil {
			return err
		}
		login, internal, group = me.Username, me.Username, mine.Name
		rootless = "service imap-login {\n  chroot =\n}\n"
	}
	oauth2 := fmt.Sprintf(`introspection_url = %s/?token=
introspection_mode = get
username_attribute = email
active_attribute = active
active_value = true
tokeninfo_url =
`, introspection)
	config := fmt.Sprintf(`base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
instance_name = mailboxtest
listen = 127.0.0.1
protocols = imap
ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
mail_location = maildir:%[1]s/mail/%%n/Maildir
first_valid_uid = 1
default_login_user = %[2]s
default_internal_user = %[3]s
default_internal_group = %[4]s
mail_max_userip_connections = 100
mailbox_list_index = no
maildir_very_dirty_syncs = no
service imap-login {
  inet_listener imap {
    port = %[5]d
  }
  inet_listener imaps {
    port = %[6]d
    ssl = yes
  }
}
%[7]sservice anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = %[1]s/oauth2
}
passdb {
  driver = static
  args = password=%[8]s
}
userdb {
  driver = static
  args = uid=%[9]d gid=%[10]d home=%[1]s/mail/%%n
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = subscribe
    special_use = \Sent
  }
  mailbox Processed {
    auto = subscribe
    special_use = \Archive
  }
  mailbox Junk {
    auto = subscribe
    special_use = \Junk
  }
}
`, d.dir, login, internal, group, d.Port, d.TLSPort, rootless, d.Password, d.uid, d.gid)
	return errors.Join(
		os.WriteFile(d.path("oauth2"), []byte(oauth2), 0o644),
		os.WriteFile(d.path("conf"), []byte(config), 0o644))
}

// Start runs the server, again after a Kill, and waits until it answers.
func (d *Dovecot) Start(t testing.TB) {
	t.Helper()
	_ = os.Remove(d.path("run", "master.pid")) // of one that was killed
	d.cmd = exec.Command(d.binary, "-F", "-c", d.path("conf"))
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	d.cmd.Stdout, d.cmd.Stderr = &said, &said
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		if d.answers() {
			return
		}
		if time.Now().After(deadline) {
			d.Kill()
			log, _ := os.ReadFile(d.path("log"))
			t.Fatalf("Dovecot does not answer:\n%s\n%s", said.String(), log)
		}
		time.Sleep(20 * time.Millisecond) // another process: there is nothing to wait on but its port
	}
}

func (d *Dovecot) answers() bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.Port)), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	hello := make([]byte, 4)
	_, err = io.ReadFull(conn, hello)
	return err == nil && string(hello) == "* OK"
}

// Kill ends the server and all its children at once (kill -9).
func (d *Dovecot) Kill() {
	if d.cmd == nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL) // the group is ours; it may be gone already
	_ = d.cmd.Wait()
	d.cmd = nil
}

// maildir is the folder of a mail folder: INBOX is the root, others are .Name.
func (d *Dovecot) maildir(user, folder string) string {
	root := d.path("mail", user, "Maildir")
	if folder == "INBOX" {
		return root
	}
	return filepath.Join(root, "."+strings.ReplaceAll(folder, "/", "."))
}

// Deliver puts a mail into a folder (an ASCII name), as a delivery agent does:
// written aside, then renamed.
func (d *Dovecot) Deliver(t testing.TB, user, folder string, raw []byte) {
	t.Helper()
	dir := d.maildir(user, folder)
	var err error
	for _, sub := range []string{"tmp", "new", "cur"} {
		err = errors.Join(err, d.mkdir(filepath.Join(dir, sub)))
	}
	name := fmt.Sprintf("%d.M%dP%d.mailboxtest", time.Now().Unix(), d.count.Add(1), os.Getpid())
	aside := filepath.Join(dir, "tmp", name)
	err = errors.Join(err, os.WriteFile(aside, raw, 0o600), d.own(aside))
	if err == nil {
		err = os.Rename(aside, filepath.Join(dir, "new", name))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mkdir makes a folder and those above it, all owned by who serves mail.
func (d *Dovecot) mkdir(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := d.mkdir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !os.IsExist(err) {
		return err
	}
	return d.own(path)
}

// Mails returns the mails in a folder, oldest delivery first, from the disk.
func (d *Dovecot) Mails(t testing.TB, user, folder string) [][]byte {
	t.Helper()
	var mails [][]byte
	for _, file := range d.files(t, user, folder) {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, raw)
	}
	return mails
}

func (d *Dovecot) files(t testing.TB, user, folder string) []string {
	t.Helper()
	var files []string
	for _, sub := range []string{"new", "cur"} {
		found, err := filepath.Glob(filepath.Join(d.maildir(user, folder), sub, "*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(filepath.Base(a), filepath.Base(b)) })
	return files
}

// Delete removes one mail of a folder, as somebody does who empties it; choose
// picks one of so many. It reports whether there was one.
func (d *Dovecot) Delete(t testing.TB, user, folder string, choose func(n int) int) bool {
	t.Helper()
	files := d.files(t, user, folder)
	// The server may have renamed it meanwhile, as it does with flags.
	return len(files) > 0 && os.Remove(files[choose(len(files))]) == nil
}

// ResetUIDValidity makes the server forget all UIDs of a folder, as after a
// restored backup: the next look finds another UIDVALIDITY.
func (d *Dovecot) ResetUIDValidity(t testing.TB, user, folder string) {
	t.Helper()
	gone, err := filepath.Glob(filepath.Join(d.maildir(user, folder), "dovecot*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range gone {
		if err := os.RemoveAll(file); err != nil {
			t.Fatal(err)
		}
	}
	// UIDVALIDITY is the time of making in seconds; another second, another number.
	time.Sleep(1100 * time.Millisecond)
}
