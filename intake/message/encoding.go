package message

import (
	"bytes"
	"encoding/base64"
)

// decodeTransfer removes a Content-Transfer-Encoding. What it cannot decode
// cleanly it decodes as far as it goes, and says so in note.
func decodeTransfer(encoding string, body []byte) (data []byte, note string) {
	switch encoding {
	case "base64":
		return tolerantBase64(body)
	case "quoted-printable":
		data, faults := decodeQuotedPrintable(body)
		if faults {
			return data, "faults in its quoted-printable encoding"
		}
		return data, ""
	case "x-uuencode", "uuencode", "uue", "x-uue":
		return decodeUU(body), ""
	case "", "7bit", "8bit", "binary":
		return body, ""
	}
	return body, "unknown transfer encoding, taken as it is"
}

// tolerantBase64 tries the strict decoder first: it is the fast one.
func tolerantBase64(body []byte) (data []byte, note string) {
	data = make([]byte, base64.StdEncoding.DecodedLen(len(body)))
	if n, err := base64.StdEncoding.Decode(data, bytes.TrimRight(body, " \t\r\n")); err == nil {
		return data[:n], ""
	}
	if isWords(body) {
		return body, "not the base64 it is labelled as"
	}
	return decodeBase64(body), "faults in its base64 encoding"
}

// isWords sees spaces within the lines, which encoded text has not: some
// clients label plain words as base64.
func isWords(body []byte) bool {
	spaces := 0
	for line := range bytes.Lines(body) {
		spaces += bytes.Count(bytes.TrimSpace(line), []byte(" "))
	}
	return spaces*20 > len(body)
}

// decodeBase64 skips foreign bytes, needs no padding, and starts afresh after
// padding in the middle (two encoded texts joined by a gateway).
func decodeBase64(body []byte) []byte {
	out := make([]byte, 0, base64.RawStdEncoding.DecodedLen(len(body)))
	var bits uint32
	var held int
	flush := func() {
		switch held {
		case 2:
			out = append(out, byte(bits>>4))
		case 3:
			out = append(out, byte(bits>>10), byte(bits>>2))
		}
		bits, held = 0, 0
	}
	for _, c := range body {
		if c == '=' {
			flush()
			continue
		}
		v, ok := base64Value(c)
		if !ok {
			continue
		}
		bits = bits<<6 | v
		if held++; held == 4 {
			out = append(out, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, held = 0, 0
		}
	}
	flush()
	return out
}

func base64Value(c byte) (uint32, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return uint32(c - 'A'), true
	case 'a' <= c && c <= 'z':
		return uint32(c-'a') + 26, true
	case '0' <= c && c <= '9':
		return uint32(c-'0') + 52, true
	case c == '+', c == '-':
		return 62, true
	case c == '/', c == '_':
		return 63, true
	}
	return 0, false
}

// decodeQuotedPrintable leaves what is no valid escape as it stands, which
// package mime does not: it stops there.
func decodeQuotedPrintable(body []byte) (out []byte, faults bool) {
	out = make([]byte, 0, len(body))
	for pos := 0; pos < len(body); {
		end := endOfLine(body, pos)
		text := bytes.TrimRight(body[pos:end], "\r\n")
		lineBreak := body[pos+len(text) : end]
		text = bytes.TrimRight(text, " \t")
		if n := len(text); n > 0 && text[n-1] == '=' {
			text, lineBreak = text[:n-1], nil
		}
		var odd bool
		out, odd = appendUnescaped(out, text)
		out = append(out, lineBreak...)
		faults = faults || odd
		pos = end
	}
	return out, faults
}

func appendUnescaped(out, text []byte) (_ []byte, faults bool) {
	for {
		i := bytes.IndexByte(text, '=')
		if i < 0 {
			return append(out, text...), faults
		}
		out = append(out, text[:i]...)
		text = text[i:]
		if len(text) > 2 {
			hi, ok1 := hexValue(text[1])
			lo, ok2 := hexValue(text[2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				text = text[3:]
				continue
			}
		}
		out, text, faults = append(out, '='), text[1:], true
	}
}

func hexValue(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// decodeUU reads the lines between "begin" and "end"; a line never gives more
// bytes than its characters hold.
func decodeUU(body []byte) []byte {
	var out []byte
	inside := false
	for line := range bytes.Lines(body) {
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case bytes.HasPrefix(line, []byte("begin ")):
			inside = true
		case !inside || len(line) == 0:
		case bytes.Equal(line, []byte("end")):
			return out
		default:
			out = appendUULine(out, line)
		}
	}
	return out
}

func appendUULine(out, line []byte) []byte {
	want := int((line[0] - ' ') & 63)
	line = line[1:]
	for i := 0; i < len(line) && want > 0; i += 4 {
		var v uint32
		for k := range 4 {
			v <<= 6
			if i+k < len(line) {
				v |= uint32((line[i+k] - ' ') & 63)
			}
		}
		three := []byte{byte(v >> 16), byte(v >> 8), byte(v)}
		n := min(want, 3)
		out = append(out, three[:n]...)
		want -= n
	}
	return out
}
