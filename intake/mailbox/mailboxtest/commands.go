package mailboxtest

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
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

func (c *session) search(tag string, words []string) error {
	var text strings.Builder
	text.WriteString("* SEARCH")
	c.with(c.folder, func(b *Box) {
		for _, m := range b.Mails {
			if m.Hidden || len(words) == 3 && !bytes.Contains(m.Raw, []byte(words[2])) {
				continue
			}
			fmt.Fprintf(&text, " %d", m.UID)
		}
	})
	return c.print("%s\r\n%s OK done\r\n", text.String(), tag)
}

// in tells whether a UID is in a set such as 1:3,7,9:*.
func in(set string, uid, last uint32) bool {
	number := func(s string) uint32 {
		if s == "*" {
			return last
		}
		n, _ := strconv.ParseUint(s, 10, 32) // a bad number is 0, in no set
		return uint32(n)
	}
	for part := range strings.SplitSeq(set, ",") {
		from, to, isRange := strings.Cut(part, ":")
		a, b := number(from), number(from)
		if isRange {
			b = number(to)
		}
		if uid >= min(a, b) && uid <= max(a, b) {
			return true
		}
	}
	return false
}

// numbered is a mail with its message number.
type numbered struct {
	Mail
	seq int
}

func (c *session) chosen(set string) []numbered {
	var found []numbered
	c.with(c.folder, func(b *Box) {
		var last uint32
		for _, m := range b.Mails {
			last = max(last, m.UID)
		}
		for i, m := range b.Mails {
			if !m.Hidden && in(set, m.UID, last) {
				found = append(found, numbered{m, i + 1})
			}
		}
	})
	return found
}

func (c *session) fetch(tag string, words []string) error {
	items := strings.ToUpper(strings.Join(words[1:], " "))
	for _, m := range c.chosen(words[0]) {
		if err := c.fetchOne(m, items); err != nil {
			return err
		}
	}
	return c.print("%s OK done\r\n", tag)
}

func (c *session) fetchOne(m numbered, items string) error {
	head := fmt.Sprintf("* %d FETCH (UID %d", m.seq, m.UID)
	if strings.Contains(items, "FLAGS") {
		head += " FLAGS (" + strings.Join(m.Flags, " ") + ")"
	}
	if strings.Contains(items, "INTERNALDATE") {
		head += ` INTERNALDATE " 2-Nov-2026 10:00:00 +0000"`
	}
	if strings.Contains(items, "RFC822.SIZE") {
		size := m.size()
		if c.s.RFC822Size != nil {
			size = c.s.RFC822Size(m.Mail)
		}
		head += fmt.Sprintf(" RFC822.SIZE %d", size)
	}
	_, after, body := strings.Cut(items, "BODY.PEEK[]")
	if !body {
		return c.print("%s)\r\n", head)
	}
	raw, size := m.Raw, m.size()
	var from, count int64
	if _, err := fmt.Sscanf(after, "<%d.%d>", &from, &count); err == nil {
		size = min(count, size)
		if raw != nil {
			raw = raw[:size]
		}
		head += fmt.Sprintf(" BODY[]<%d> {%d}\r\n", from, size)
	} else {
		head += fmt.Sprintf(" BODY[] {%d}\r\n", size)
	}
	if err := c.print("%s", head); err != nil {
		return err
	}
	if raw == nil {
		if _, err := io.CopyN(c.out, endless{}, size); err != nil {
			return err
		}
	} else if _, err := c.out.Write(raw); err != nil {
		return err
	}
	return c.print(")\r\n")
}

// endless is a mail without an end, for big ones.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func (c *session) store(tag string, words []string) error {
	chosen := c.chosen(words[0])
	flags := strings.Fields(strings.Trim(words[2], "()"))
	c.with(c.folder, func(b *Box) {
		for _, m := range chosen {
			kept := &b.Mails[m.seq-1].Flags
			for _, f := range flags {
				if !slices.Contains(*kept, f) {
					*kept = append(slices.Clone(*kept), f)
				}
			}
		}
	})
	return c.print("%s OK done\r\n", tag)
}

func (c *session) copy(tag string, words []string, move bool) error {
	if move && !c.has("MOVE") {
		return c.print("%s BAD unknown command\r\n", tag)
	}
	chosen := c.chosen(words[0])
	var validity uint32
	var from, to []string
	if !c.with(words[1], func(b *Box) {
		validity = b.UIDValidity
		for _, m := range chosen {
			from, to = append(from, fmt.Sprint(m.UID)), append(to, fmt.Sprint(b.UIDNext))
			b.Mails = append(b.Mails, Mail{UID: b.UIDNext, Raw: m.Raw, Size: m.Size, Flags: m.Flags})
			b.UIDNext++
		}
	}) {
		return c.print("%s NO [TRYCREATE] no such folder\r\n", tag)
	}
	code := ""
	if len(chosen) > 0 {
		code = fmt.Sprintf("[COPYUID %d %s %s] ", validity, strings.Join(from, ","), strings.Join(to, ","))
	}
	if !move {
		return c.print("%s OK %sdone\r\n", tag, code)
	}
	if err := c.print("* OK %smoved\r\n", code); err != nil {
		return err
	}
	if err := c.remove(chosen); err != nil {
		return err
	}
	return c.print("%s OK done\r\n", tag)
}

func (c *session) expunge(tag, set string) error {
	var marked []numbered
	for _, m := range c.chosen(set) {
		if slices.Contains(m.Flags, `\Deleted`) {
			marked = append(marked, m)
		}
	}
	if err := c.remove(marked); err != nil {
		return err
	}
	return c.print("%s OK done\r\n", tag)
}

// remove takes mails out, last first, and says so.
func (c *session) remove(mails []numbered) error {
	c.with(c.folder, func(b *Box) {
		for _, m := range slices.Backward(mails) {
			b.Mails = slices.Delete(slices.Clone(b.Mails), m.seq-1, m.seq)
		}
	})
	for _, m := range slices.Backward(mails) {
		if err := c.print("* %d EXPUNGE\r\n", m.seq); err != nil {
			return err
		}
	}
	return nil
}
