package mailboxtest

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// run answers one command as a good server would.
func (c *session) run(name, tag, args string) error {
	words := split(args)
	switch name {
	case "CAPABILITY":
		return c.print("* CAPABILITY %s\r\n%s OK done\r\n", c.caps(), tag)
	case "NOOP":
		return c.noop(tag)
	case "LOGOUT":
		_ = c.print("* BYE see you\r\n%s OK done\r\n", tag)
		return errEnd
	case "STARTTLS":
		return c.startTLS(tag)
	case "LOGIN":
		return c.login(tag, len(words) == 2 && words[0] == c.s.User && words[1] == c.s.Password)
	case "AUTHENTICATE":
		return c.authenticate(tag, words)
	}
	if !c.signedIn {
		return c.print("%s BAD sign in first\r\n", tag)
	}
	switch name {
	case "SELECT", "EXAMINE":
		return c.open(tag, words[0])
	case "STATUS":
		return c.status(tag, words[0])
	case "LIST":
		return c.list(tag)
	case "APPEND":
		return c.append(tag, words[0], args)
	case "IDLE":
		return c.idle(tag)
	}
	if c.folder == "" {
		return c.print("%s BAD no folder is open\r\n", tag)
	}
	switch name {
	case "UID SEARCH":
		return c.search(tag, words)
	case "UID FETCH":
		return c.fetch(tag, words)
	case "UID STORE":
		return c.store(tag, words)
	case "UID COPY", "UID MOVE":
		return c.copy(tag, words, name == "UID MOVE")
	case "UID EXPUNGE":
		return c.expunge(tag, words[0])
	}
	return c.print("%s BAD unknown command\r\n", tag)
}

// split cuts arguments at spaces, keeping "quoted", \x00literal\x00 and (lists) whole.
func split(args string) []string {
	var words []string
	var word strings.Builder
	depth, quote, some := 0, byte(0), false
	for i := 0; i < len(args); i++ {
		switch b := args[i]; {
		case quote != 0 && b == quote:
			quote = 0
		case quote == '"' && b == '\\' && i+1 < len(args):
			i++
			word.WriteByte(args[i])
		case quote != 0:
			word.WriteByte(b)
		case b == '"' || b == 0:
			quote, some = b, true
		case b == ' ' && depth == 0:
			if some || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			some = false
		default:
			if b == '(' {
				depth++
			} else if b == ')' {
				depth--
			}
			word.WriteByte(b)
		}
	}
	if some || word.Len() > 0 {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return []string{""}
	}
	return words
}

func (c *session) caps() string {
	if c.signedIn && c.s.CapsAfter != "" {
		return c.s.CapsAfter
	}
	return c.s.Caps
}

func (c *session) has(name string) bool {
	return slices.Contains(strings.Fields(c.caps()), name)
}

func (c *session) startTLS(tag string) error {
	if c.s.TLS == nil {
		return c.print("%s BAD no TLS here\r\n", tag)
	}
	if err := c.print("%s OK begin\r\n", tag); err != nil {
		return err
	}
	c.conn = tls.Server(c.conn, c.s.TLS)
	c.out = c.conn
	c.r.Reset(c.conn)
	return nil
}

func (c *session) login(tag string, good bool) error {
	if !good {
		return c.print("%s NO [AUTHENTICATIONFAILED] sign-in failed.\r\n", tag)
	}
	c.signedIn = true
	if c.s.CapsAfter != "" { // as Exchange: not said, to be asked for
		return c.print("%s OK signed in\r\n", tag)
	}
	return c.print("%s OK [CAPABILITY %s] signed in\r\n", tag, c.caps())
}

func (c *session) authenticate(tag string, words []string) error {
	response := ""
	if len(words) > 1 {
		response = words[1]
	} else {
		if err := c.print("+ \r\n"); err != nil {
			return err
		}
		line, err := c.r.ReadString('\n')
		if err != nil {
			return err
		}
		response = strings.TrimSpace(line)
	}
	raw, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		return c.print("%s BAD not base64\r\n", tag)
	}
	switch strings.ToUpper(words[0]) {
	case "PLAIN":
		return c.login(tag, string(raw) == "\x00"+c.s.User+"\x00"+c.s.Password)
	case "XOAUTH2":
		token, ok := strings.CutPrefix(string(raw), "user="+c.s.User+"\x01auth=Bearer ")
		token = strings.TrimRight(token, "\x01")
		if ok && c.s.Token != nil && c.s.Token(token) {
			return c.login(tag, true)
		}
		challenge := base64.StdEncoding.EncodeToString([]byte(`{"status":"400","schemes":"Bearer"}`))
		if err := c.print("+ %s\r\n", challenge); err != nil {
			return err
		}
		if _, err := c.r.ReadString('\n'); err != nil {
			return err
		}
		return c.print("%s NO AUTHENTICATE failed.\r\n", tag)
	}
	return c.print("%s NO mechanism unknown\r\n", tag)
}

// with gives the box of a folder under the lock.
func (c *session) with(folder string, f func(*Box)) bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	b := c.s.boxes[folder]
	if b != nil {
		f(b)
	}
	return b != nil
}

func (c *session) noop(tag string) error {
	var text string
	c.with(c.folder, func(b *Box) { text = fmt.Sprintf("* %d EXISTS\r\n", len(b.Mails)) })
	return c.print("%s%s OK done\r\n", text, tag)
}

func (c *session) open(tag, folder string) error {
	c.folder = ""
	var text string
	ok := c.with(folder, func(b *Box) {
		flags := b.PermanentFlags
		if flags == "" {
			flags = `\Deleted \Seen \*`
		}
		text = fmt.Sprintf("* %d EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [PERMANENTFLAGS (%s)] kept\r\n* OK [UIDVALIDITY %d] UIDs\r\n* OK [UIDNEXT %d] next\r\n",
			len(b.Mails), flags, b.UIDValidity, b.UIDNext)
	})
	if !ok {
		return c.print("%s NO [NONEXISTENT] %s doesn't exist.\r\n", tag, folder)
	}
	c.folder = folder
	mode := "READ-WRITE"
	if c.readOnly {
		mode = "READ-ONLY"
	}
	return c.print("%s%s OK [%s] done\r\n", text, tag, mode)
}

func (c *session) status(tag, folder string) error {
	var text string
	if !c.with(folder, func(b *Box) {
		text = fmt.Sprintf("* STATUS %q (MESSAGES %d UIDNEXT %d UIDVALIDITY %d)\r\n", folder, len(b.Mails), b.UIDNext, b.UIDValidity)
	}) {
		return c.print("%s NO [NONEXISTENT] no such folder\r\n", tag)
	}
	return c.print("%s%s OK done\r\n", text, tag)
}

func (c *session) list(tag string) error {
	c.s.mu.Lock()
	var names []string
	for name := range c.s.boxes {
		names = append(names, name)
	}
	c.s.mu.Unlock()
	slices.Sort(names)
	for _, name := range names {
		if err := c.print("* LIST (\\HasNoChildren) \"/\" %q\r\n", name); err != nil {
			return err
		}
	}
	return c.print("%s OK done\r\n", tag)
}

func (c *session) append(tag, folder, args string) error {
	first, last := strings.IndexByte(args, 0), strings.LastIndexByte(args, 0)
	if first < 0 || first == last {
		return c.print("%s BAD no mail\r\n", tag)
	}
	raw := []byte(args[first+1 : last])
	var uid, validity uint32
	if !c.with(folder, func(b *Box) {
		uid, validity = b.UIDNext, b.UIDValidity
		b.Mails = append(b.Mails, Mail{UID: uid, Raw: raw, Flags: []string{`\Seen`}})
		b.UIDNext++
	}) {
		return c.print("%s NO [TRYCREATE] no such folder\r\n", tag)
	}
	return c.print("%s OK [APPENDUID %d %d] done\r\n", tag, validity, uid)
}

func (c *session) idle(tag string) error {
	news := make(chan string, 16)
	c.s.mu.Lock()
	c.s.waiting[news] = c.folder
	c.s.mu.Unlock()
	defer func() {
		c.s.mu.Lock()
		delete(c.s.waiting, news)
		c.s.mu.Unlock()
	}()
	if err := c.print("+ idling\r\n"); err != nil {
		return err
	}
	type read struct {
		line string
		err  error
	}
	lines := make(chan read, 1)
	c.s.done.Go(func() {
		line, err := c.r.ReadString('\n')
		lines <- read{strings.TrimSpace(line), err}
	})
	for {
		select {
		case text := <-news:
			if err := c.print("%s", text); err != nil {
				<-lines
				return err
			}
		case got := <-lines:
			if got.err != nil {
				return got.err
			}
			c.s.note("DONE", "")
			return c.answer("DONE", tag, func() error { return c.print("%s OK done\r\n", tag) })
		}
	}
}
