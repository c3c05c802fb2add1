package mailboxtest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

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
		head += fmt.Sprintf(" INTERNALDATE %q", cmp.Or(m.Date, " 2-Nov-2026 10:00:00 +0000"))
	}
	_, after, body := strings.Cut(items, "BODY.PEEK[]")
	if !body {
		return c.print("%s)\r\n", head)
	}
	if m.Withheld {
		return nil
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
	if m.Fatal {
		_, err := c.out.Write(raw[:len(raw)/2])
		return cmp.Or(err, errEnd)
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
