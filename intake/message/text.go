package message

import (
	"io"
	"strings"
	"time"
)

// plainText is the text of a part with lines that end in \n.
func (r *reader) plainText(m *Message, p *Part) string {
	text, note := decodeText(p.Data, p.Charset)
	if note != "" {
		m.warn("part %s: %s", p.Number, note)
	}
	return newlines(text)
}

func (r *reader) htmlText(m *Message, p *Part) {
	text, note := decodeHTML(p.Data, p.Charset)
	if note != "" {
		m.warn("part %s: %s", p.Number, note)
	}
	if !strings.Contains(text, "<") { // plain text under a wrong label
		p.Text = newlines(text)
		return
	}
	if len(text) > maxHTML {
		p.Text = clean(flatText(text, r.end))
		m.warn("part %s: a page this long is not searched for hidden text", p.Number)
		p.Truncated = p.Truncated || !r.inTime(m)
		return
	}
	visible, hidden := htmlToText(text, r.end)
	p.Text = clean(visible)
	if hidden {
		m.warn("part %s: has text that a reader cannot see; it was left out", p.Number)
	}
	p.Truncated = p.Truncated || !r.inTime(m)
}

// untilReader ends early when time is up: what is parsed by then counts.
type untilReader struct {
	r   io.Reader
	end time.Time
}

func (u *untilReader) Read(p []byte) (int, error) {
	if time.Now().After(u.end) {
		return 0, io.EOF
	}
	return u.r.Read(p)
}

func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// unflow joins the soft line breaks of format=flowed (RFC 3676), so that a
// sentence is one line again. Quoted lines of different depth are not joined.
func unflow(text string, deleteSpace bool) string {
	var out strings.Builder
	open, openDepth := false, 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		depth := len(line) - len(strings.TrimLeft(line, ">"))
		content := strings.TrimPrefix(line[depth:], " ")
		if depth == 0 && !strings.HasPrefix(line, " ") {
			content = line
		}
		soft := strings.HasSuffix(content, " ") && content != "-- "
		if soft && deleteSpace {
			content = content[:len(content)-1]
		}
		if open && depth == openDepth && content != "-- " {
			out.WriteString(content)
		} else {
			if open {
				out.WriteByte('\n')
			}
			out.WriteString(strings.Repeat(">", depth))
			if depth > 0 {
				out.WriteByte(' ')
			}
			out.WriteString(content)
		}
		open, openDepth = soft, depth
		if !open {
			out.WriteByte('\n')
		}
	}
	if open {
		out.WriteByte('\n')
	}
	return out.String()
}
