package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands between a client and the database and loses what it is told to
// lose. A connection on which something was lost is closed on both sides, as a
// network does that breaks.
type Proxy struct {
	network, server string
	listener        net.Listener
	wait            sync.WaitGroup

	mu      sync.Mutex
	conns   []net.Conn
	lose    func(Packet) bool
	replies int
}

// Packet is one message of the protocol on its way.
type Packet struct {
	FromServer bool
	Number     int  // of the server's, from 1, over all connections
	Type       byte // as the protocol names it: 'Q' a statement, 'C' its end
	Body       []byte
}

// CommitRequest says whether the client asks for a COMMIT.
func (p Packet) CommitRequest() bool {
	return !p.FromServer && p.Type == 'Q' && bytes.HasPrefix(p.Body, []byte("COMMIT"))
}

// CommitReply says whether the server tells of a COMMIT that is done.
func (p Packet) CommitReply() bool {
	return p.FromServer && p.Type == 'C' && bytes.HasPrefix(p.Body, []byte("COMMIT"))
}

// NewProxy stands before the database of a connection string that DB gave, and
// returns the string that leads through it. At first nothing is lost.
func NewProxy(t testing.TB, database string) (*Proxy, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{network: "tcp", server: u.Host}
	query := u.Query()
	if socket := query.Get("host"); socket != "" {
		port := query.Get("port")
		if port == "" {
			port = "5432"
		}
		p.network, p.server = "unix", socket+"/.s.PGSQL."+port
	}
	if p.listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	p.wait.Go(p.accept)
	t.Cleanup(p.close)
	query.Del("host")
	query.Del("port")
	query.Set("sslmode", "disable") // what is encrypted cannot be told apart
	u.Host, u.RawQuery = p.listener.Addr().String(), query.Encode()
	return p, u.String()
}

// Lose sets what is lost from now on; nil is nothing. The count of the server's
// packets begins again.
func (p *Proxy) Lose(f func(Packet) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose, p.replies = f, 0
}

// Replies counts the server's packets since Lose.
func (p *Proxy) Replies() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.replies
}

func (p *Proxy) lost(x Packet) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if x.FromServer {
		p.replies++
		x.Number = p.replies
	}
	return p.lose != nil && p.lose(x)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := (&net.Dialer{}).DialContext(context.Background(), p.network, p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		cut := func() { _, _ = client.Close(), server.Close() }
		p.wait.Go(func() { defer cut(); _ = p.carry(server, client, false) })
		p.wait.Go(func() { defer cut(); _ = p.carry(client, server, true) })
	}
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wait.Wait()
}

var errLost = errors.New("lost on purpose")

// carry hands packets on, one by one. The client's first has no type.
func (p *Proxy) carry(to io.Writer, from io.Reader, fromServer bool) error {
	for first := !fromServer; ; first = false {
		head := make([]byte, 5)
		if first {
			head = head[:4]
		}
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return err
		}
		if x := (Packet{FromServer: fromServer, Type: head[0], Body: body}); !first && p.lost(x) {
			return errLost
		}
		if _, err := to.Write(append(head, body...)); err != nil {
			return err
		}
	}
}
