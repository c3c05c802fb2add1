package message

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	encodedWord = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?]*)\?=`)
	wordGap     = regexp.MustCompile(`\?=[ \t\r\n]+=\?`)
)

// decodeWords decodes a header value (RFC 2047) as clients write it: spaces
// inside words, no space between them, characters split over two words, missing
// padding, unknown charsets, bare bytes of 8 bits.
func decodeWords(s string) string {
	if !utf8.ValidString(s) {
		s, _ = decodeText([]byte(s), "")
	}
	if !strings.Contains(s, "=?") {
		return clean(s)
	}
	s = wordGap.ReplaceAllString(s, "?==?")
	var out strings.Builder
	var run []byte // bytes of neighbouring words of one charset
	var charset string
	last := 0
	flush := func() {
		if run != nil {
			text, _ := decodeText(run, charset)
			out.WriteString(text)
			run = nil
		}
	}
	for _, w := range encodedWord.FindAllStringSubmatchIndex(s, -1) {
		label, _, _ := strings.Cut(s[w[2]:w[3]], "*") // RFC 2231 5: a language may follow
		if w[0] > last || !strings.EqualFold(label, charset) {
			flush()
		}
		out.WriteString(s[last:w[0]])
		charset = label
		if s[w[4]] == 'b' || s[w[4]] == 'B' {
			run = append(run, decodeBase64([]byte(s[w[6]:w[7]]))...)
		} else {
			run, _ = appendUnescaped(run, []byte(strings.ReplaceAll(s[w[6]:w[7]], "_", " ")))
		}
		last = w[1]
	}
	flush()
	out.WriteString(s[last:])
	return clean(out.String())
}
