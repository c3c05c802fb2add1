package letters

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Security is how the line to the mail host is protected.
type Security string

// A letter never goes over an open line, except to this same machine.
const (
	StartTLS    Security = "starttls" // required, never "if offered"
	ImplicitTLS Security = "implicit"
	NoTLS       Security = "none"
)

// Server is the mail host that letters are handed to.
type Server struct {
	Host string
	Port string
	TLS  Security
	User string
}

// Addr is where to connect.
func (s Server) Addr() string { return net.JoinHostPort(s.Host, s.Port) }

// ParseURL reads the mail host from a setting: smtp://user@host:587 (STARTTLS
// is required), smtps://user@host:465, and ?tls=none for this machine only.
func ParseURL(s string) (Server, error) {
	server, err := parseURL(s)
	if err != nil {
		// The address is not repeated: somebody may have put a password in.
		return Server{}, fmt.Errorf("mail host address: %w", err)
	}
	return server, nil
}

func parseURL(s string) (Server, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Server{}, errors.New("it cannot be read as smtp://user@host:port")
	}
	server := Server{Host: u.Hostname(), Port: u.Port(), User: u.User.Username()}
	if server.Host == "" {
		return Server{}, errors.New("it names no host")
	}
	if _, has := u.User.Password(); has {
		return Server{}, errors.New("a password belongs in its own setting, not in the address")
	}
	if strings.Trim(u.Path, "/") != "" {
		return Server{}, errors.New("it has a path, which means nothing here")
	}
	switch u.Scheme {
	case "smtp":
		server.TLS, server.Port = StartTLS, orDefault(server.Port, "587")
	case "smtps":
		server.TLS, server.Port = ImplicitTLS, orDefault(server.Port, "465")
	default:
		return Server{}, errors.New("it must begin with smtp:// or smtps://")
	}
	return server, server.chooseTLS(u)
}

func (s *Server) chooseTLS(u *url.URL) error {
	for key := range u.Query() {
		if key != "tls" {
			return fmt.Errorf("%q is not a known option", key)
		}
	}
	switch mode := u.Query().Get("tls"); {
	case mode == "":
		return nil
	case mode == "starttls" && u.Scheme == "smtp":
		return nil
	case mode == "none" && u.Scheme == "smtp" && loopback(s.Host):
		s.TLS = NoTLS
		return nil
	case mode == "none" && u.Scheme == "smtp":
		return errors.New("tls=none is for this machine only: letters do not travel in clear")
	}
	return errors.New("tls= does not fit the address")
}

// loopback says whether host is this machine, without asking a name server:
// a name that points here today may point elsewhere tomorrow.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}
