package letterstest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
)

// dialogue is one connection.
type dialogue struct {
	s        *Server
	conn     net.Conn
	r        *bufio.Reader
	secure   bool
	signedIn bool
	from, to string
}

// usual are the replies of a host in good health.
var usual = map[string]string{
	"greeting": "220 host.example ESMTP",
	"MAIL":     "250 2.1.0 sender ok",
	"RCPT":     "250 2.1.5 recipient ok",
	"DATA":     "354 go ahead",
	"end":      "250 2.0.0 queued as ABC123",
	"RSET":     "250 2.0.0 ok",
	"QUIT":     "221 2.0.0 bye",
	"STARTTLS": "220 2.0.0 ready",
}

func talk(s *Server, c net.Conn) {
	if s.options.Implicit {
		c = tls.Server(c, s.tls)
	}
	d := &dialogue{s: s, conn: c, r: bufio.NewReader(c), secure: s.options.Implicit}
	if !d.answer("greeting") {
		return
	}
	for {
		line, err := d.line()
		if err != nil || !d.command(line) {
			return
		}
	}
}

func (d *dialogue) line() (string, error) {
	line, err := d.r.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func (d *dialogue) say(reply string) bool {
	_, err := fmt.Fprintf(d.conn, "%s\r\n", reply)
	return err == nil
}

// answer says the reply of a step, or does what a fault demands; false ends
// the connection.
func (d *dialogue) answer(at string) bool {
	f, faulty := d.s.fault(at)
	if !faulty {
		return d.say(usual[at])
	}
	return d.act(f)
}

func (d *dialogue) act(f Fault) bool {
	if f.Reply != "" && !d.say(f.Reply) {
		return false
	}
	if f.Hang {
		d.hang()
		return false
	}
	return !f.Drop
}

// hang reads and says nothing until one side closes.
func (d *dialogue) hang() {
	for {
		if _, err := d.r.ReadByte(); err != nil {
			return
		}
	}
}

// refused says whether the step was met by a fault, which has been acted out.
func (d *dialogue) refused(at string) (refused, goOn bool) {
	f, faulty := d.s.fault(at)
	if !faulty {
		return false, true
	}
	return true, d.act(f)
}

func (d *dialogue) command(line string) bool {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if verb != "AUTH" {
		d.s.heard(line)
	}
	switch verb {
	case "EHLO", "HELO":
		if refused, goOn := d.refused("EHLO"); refused {
			return goOn
		}
		return d.say(d.offer())
	case "STARTTLS":
		return d.startTLS()
	case "AUTH":
		return d.auth(rest)
	case "MAIL", "RCPT":
		return d.address(verb, rest)
	case "DATA":
		return d.data()
	case "RSET":
		return d.answer("RSET")
	case "QUIT":
		d.answer("QUIT")
		return false
	}
	return d.say("502 5.5.1 not known here")
}

func (d *dialogue) offer() string {
	o := d.s.options
	lines := []string{"host.example", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"}
	if !o.NoDSN {
		lines = append(lines, "DSN")
	}
	if o.StartTLS && !d.secure {
		lines = append(lines, "STARTTLS")
	}
	if o.User != "" && (d.secure || !o.StartTLS) {
		lines = append(lines, "AUTH "+o.Methods)
	}
	last := len(lines) - 1
	for i := range lines {
		sep := "-"
		if i == last {
			sep = " "
		}
		lines[i] = "250" + sep + lines[i]
	}
	return strings.Join(lines, "\r\n")
}

func (d *dialogue) startTLS() bool {
	if refused, goOn := d.refused("STARTTLS"); refused {
		return goOn
	}
	if !d.say(usual["STARTTLS"]) {
		return false
	}
	secure := tls.Server(d.conn, d.s.tls)
	if err := secure.Handshake(); err != nil {
		return false
	}
	d.conn, d.r, d.secure = secure, bufio.NewReader(secure), true
	return true
}

func (d *dialogue) auth(rest string) bool {
	if refused, goOn := d.refused("AUTH"); refused {
		return goOn
	}
	o := d.s.options
	method, first, _ := strings.Cut(rest, " ")
	switch strings.ToUpper(method) {
	case "PLAIN":
		d.signedIn = unbase64(first) == "\x00"+o.User+"\x00"+o.Password
	case "LOGIN":
		d.signedIn = d.ask("Username:") == o.User && d.ask("Password:") == o.Password
	case "XOAUTH2":
		d.signedIn = unbase64(first) == "user="+o.User+"\x01auth=Bearer "+o.Token+"\x01\x01"
		if !d.signedIn {
			d.ask(`{"status":"401","schemes":"Bearer"}`) // the client answers with an empty line
		}
	}
	if !d.signedIn {
		return d.say("535 5.7.8 authentication unsuccessful")
	}
	return d.say("235 2.7.0 accepted")
}

func (d *dialogue) ask(challenge string) string {
	d.say("334 " + base64.StdEncoding.EncodeToString([]byte(challenge)))
	line, err := d.line()
	if err != nil {
		return ""
	}
	return unbase64(line)
}

func unbase64(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return ""
	}
	return string(b)
}

func (d *dialogue) address(verb, rest string) bool {
	if d.s.options.StartTLS && !d.secure {
		return d.say("530 5.7.0 must issue STARTTLS first")
	}
	if d.s.options.User != "" && !d.signedIn {
		return d.say("530 5.7.57 client not authenticated to send mail")
	}
	if verb == "MAIL" {
		d.from = rest
	} else {
		d.to = rest
	}
	return d.answer(verb)
}

func (d *dialogue) data() bool {
	if refused, goOn := d.refused("DATA"); refused {
		return goOn
	}
	if !d.say(usual["DATA"]) {
		return false
	}
	raw, ok := d.content()
	if !ok {
		return false
	}
	f, faulty := d.s.fault("end")
	if !faulty || f.Took {
		d.s.took(Letter{From: d.from, To: d.to, MessageID: messageID(raw), Raw: raw})
	}
	if faulty {
		return d.act(f)
	}
	return d.say(usual["end"])
}

// content reads up to the dot. The body fault strikes after five lines.
func (d *dialogue) content() ([]byte, bool) {
	var raw bytes.Buffer
	for n := 1; ; n++ {
		line, err := d.r.ReadString('\n')
		if err != nil {
			return nil, false
		}
		if line == ".\r\n" {
			return raw.Bytes(), true
		}
		if n == 5 {
			if refused, _ := d.refused("body"); refused {
				return nil, false
			}
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
	}
}

func messageID(raw []byte) string {
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return m.Header.Get("Message-Id")
}
