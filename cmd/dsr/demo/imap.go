package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const inbox = "INBOX"

// mailbox is the IMAP server with its one account. Its folder, when it has one,
// holds the mails in the order of their UIDs, as NNNNNN-name.eml, so that the
// next start gives each the same UID again.
type mailbox struct {
	addr, user, password string
	dir                  string
	account              *imapmemserver.User
	listener             net.Listener
	server               *imapserver.Server
	ended                chan error

	mu    sync.Mutex
	names []string
}

func openMailbox(ctx context.Context, dir, password string, log *slog.Logger) (*mailbox, error) {
	m := &mailbox{user: "essex-dsr", password: password, dir: dir, ended: make(chan error, 1)}
	m.account = imapmemserver.NewUser(m.user, m.password)
	for _, folder := range []string{inbox, "Junk Email"} {
		if err := m.account.Create(folder, nil); err != nil {
			return nil, err
		}
	}
	if err := m.load(); err != nil {
		return nil, err
	}
	var err error
	if m.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	m.addr = m.listener.Addr().String()
	m.server = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &session{account: m.account}, nil, nil
		},
		Caps: imap.CapSet{
			imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapNamespace: {},
			imap.CapESearch: {}, imap.CapListExtended: {}, imap.CapListStatus: {}, imap.CapStatusSize: {},
		},
		Logger:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		InsecureAuth: true, // loopback only
	})
	go func() { m.ended <- m.server.Serve(m.listener) }()
	return m, nil
}

// session is one connection of a client. imapmemserver loses the announcement of
// a mail that arrives while IDLE begins; here the updates are fetched instead.
type session struct {
	*imapmemserver.UserSession // nil until the client has signed in
	account                    *imapmemserver.User
}

func (s *session) Login(user, password string) error {
	if err := s.account.Login(user, password); err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(s.account)
	return nil
}

func (s *session) Idle(w *imapserver.UpdateWriter, stop <-chan struct{}) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
			if err := s.Poll(w, true); err != nil {
				return err
			}
		}
	}
}

// close stops listening first: a server that is closed before it has begun to
// serve would leave the port open.
func (m *mailbox) close() error {
	if err := errors.Join(m.listener.Close(), <-m.ended, m.server.Close()); err != nil {
		return fmt.Errorf("close the demo mailbox: %w", err)
	}
	return nil
}

// load puts the mails of an earlier run back.
func (m *mailbox) load() error {
	if m.dir == "" {
		return nil
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(m.dir, "[0-9]*-*.eml"))
	if err != nil {
		return err
	}
	slices.Sort(files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".eml"), "-")
		if err := m.append(name, raw); err != nil {
			return err
		}
	}
	return nil
}

// deliver keeps the mail on disk before the server shows it.
func (m *mailbox) deliver(name string, raw []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dir != "" {
		file := filepath.Join(m.dir, fmt.Sprintf("%06d-%s.eml", len(m.names)+1, name))
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			return err
		}
	}
	return m.append(name, raw)
}

func (m *mailbox) append(name string, raw []byte) error {
	if _, err := m.account.Append(inbox, bytes.NewReader(raw), &imap.AppendOptions{}); err != nil {
		return fmt.Errorf("append to %s: %w", inbox, err)
	}
	m.names = append(m.names, name)
	return nil
}

// holds tells whether a mail of that name was delivered.
func (m *mailbox) holds(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.names, name)
}
