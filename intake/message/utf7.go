package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

// decodeUTF7 reads RFC 2152, which old Exchange servers still send.
func decodeUTF7(data []byte) string {
	var out strings.Builder
	s := string(data)
	for {
		before, rest, found := strings.Cut(s, "+")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		n := 0
		for n < len(rest) && isBase64(rest[n]) {
			n++
		}
		out.WriteString(utf7Run(rest[:n]))
		s = rest[n:]
		if s != "" && s[0] == '-' {
			if n == 0 {
				out.WriteByte('+')
			}
			s = s[1:]
		}
	}
}

func isBase64(c byte) bool {
	_, ok := base64Value(c)
	return ok && c != '-' && c != '_'
}

func utf7Run(s string) string {
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		b = decodeBase64([]byte(s))
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}
