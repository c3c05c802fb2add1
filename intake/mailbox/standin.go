package mailbox

import (
	"bytes"
	"mime"
	"strings"
)

// standInText begins what Exchange puts in the place of a mail that it could
// not convert for IMAP.
const standInText = "retrieval using the imap4 protocol failed for the following message"

// IsStandIn says whether raw, a mail or its beginning, is not the mail that
// was sent but Exchange's note that it could not be handed over. The real one
// is still in the mailbox: it is unread, and a person must look with Outlook.
// A person's mail that only quotes or forwards such a note is none.
func IsStandIn(raw []byte) bool {
	head, text := raw, []byte(nil)
	for _, gap := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(raw, []byte(gap)); i >= 0 && i < len(head) {
			head, text = raw[:i], raw[i+len(gap):]
		}
	}
	fields := unfold(head)
	if strings.HasPrefix(plainWords(fields["subject"]), standInText) {
		return true
	}
	// Every mail that came from somewhere has been received by somebody.
	_, received := fields["received"]
	text = text[:min(len(text), 4<<10)]
	return !received && strings.Contains(plainWords(string(text)), standInText)
}

// unfold gives the first of each header field, by name in lower case.
func unfold(head []byte) map[string]string {
	fields := map[string]string{}
	name := ""
	for line := range strings.Lines(string(head[:min(len(head), 256<<10)])) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if name != "" {
				fields[name] += line
			}
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		name = strings.ToLower(strings.TrimSpace(key))
		if _, again := fields[name]; again {
			name = ""
			continue
		}
		fields[name] = value
	}
	return fields
}

func plainWords(s string) string {
	if decoded, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		s = decoded
	}
	return strings.ToLower(strings.Join(strings.Fields(s), " "))
}
