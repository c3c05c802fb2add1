package message

import "bytes"

// splitParts cuts the body of a multipart at its boundary lines. It needs no
// closing boundary, and goes on after a closing one that comes too early; note
// says so. nil means that the boundary does not occur.
func splitParts(body []byte, boundary string) (sections [][]byte, note string) {
	if boundary == "" {
		return nil, ""
	}
	delimiter := []byte("--" + boundary)
	start, closed := -1, -1
	for pos := 0; pos < len(body); {
		i := bytes.Index(body[pos:], delimiter)
		if i < 0 {
			break
		}
		i += pos
		lineEnd := endOfLine(body, i)
		closing, ok := isDelimiter(body[i+len(delimiter) : lineEnd])
		if !ok || i > 0 && body[i-1] != '\n' {
			pos = i + len(delimiter)
			continue
		}
		if start >= 0 {
			sections = append(sections, body[start:max(start, beforeBreak(body, i))])
		} else if closed >= 0 && !closing {
			note = "a multipart goes on after its end"
		}
		start = lineEnd
		if closing {
			start, closed = -1, lineEnd
		}
		pos = lineEnd
	}
	switch {
	case start >= 0 && (start < len(body) || sections == nil):
		return append(sections, body[start:]), "a multipart has no end: the mail may have been cut off"
	case closed >= 0 && note == "" && len(bytes.TrimSpace(body[closed:])) > 0:
		note = "there is text after the last part"
	}
	return sections, note
}

// isDelimiter looks at the rest of a boundary line.
func isDelimiter(rest []byte) (closing, ok bool) {
	rest = bytes.TrimRight(rest, " \t\r\n")
	if bytes.HasPrefix(rest, []byte("--")) {
		return true, len(bytes.TrimLeft(rest, "- \t")) == 0
	}
	return false, len(rest) == 0
}

// beforeBreak is i without the line break before it, which belongs to the boundary (RFC 2046 5.1.1).
func beforeBreak(b []byte, i int) int {
	if i > 0 && b[i-1] == '\n' {
		i--
		if i > 0 && b[i-1] == '\r' {
			i--
		}
	}
	return i
}

func endOfLine(b []byte, from int) int {
	if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(b)
}

// sniffBoundary finds a line that starts with "--" and is followed by a header
// field of a part, or "" if there is none.
func sniffBoundary(body []byte) string {
	for pos := 0; pos < len(body); {
		end := endOfLine(body, pos)
		line := bytes.TrimRight(body[pos:end], " \t\r\n")
		if len(line) > 2 && len(line) < 200 && bytes.HasPrefix(line, []byte("--")) {
			next := body[end:min(len(body), end+8)]
			if bytes.EqualFold(next, []byte("content-")) {
				return string(line[2:])
			}
		}
		pos = end
	}
	return ""
}
