package message

import (
	"mime"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// contentType is the media type and its parameters; text/plain where none is
// usable (RFC 2045 5.2), message/rfc822 inside a digest (RFC 2046 5.1.5).
func (h header) contentType(m *Message, parent string) (string, map[string]string) {
	v := h.Get("Content-Type")
	if v == "" {
		if parent == "multipart/digest" {
			return "message/rfc822", nil
		}
		return "text/plain", nil
	}
	mediaType, params := parseParams(v)
	if major, minor, ok := strings.Cut(mediaType, "/"); ok && isToken(major) && isToken(minor) {
		return mediaType, params
	}
	if mediaType != "text" {
		m.warn("a content type cannot be read")
	}
	if mediaType == "" || mediaType == "text" || h.Get("Content-Disposition") == "" {
		return "text/plain", params
	}
	return "application/octet-stream", params
}

func (h header) disposition() (string, map[string]string) {
	v := h.Get("Content-Disposition")
	if v == "" {
		return "", nil
	}
	return parseParams(v)
}

// parseParams reads a value with parameters: strictly if it is well-formed,
// else as far as it goes.
func parseParams(v string) (string, map[string]string) {
	if value, params, err := mime.ParseMediaType(v); err == nil && !hasForeignCharset(v) {
		for k, p := range params {
			params[k] = decodeWords(p)
		}
		return value, params
	}
	value, rest, _ := strings.Cut(unfold(v), ";")
	return strings.ToLower(strings.TrimSpace(clean(value))), tolerantParams(rest)
}

// hasForeignCharset sees RFC 2231 values that package mime drops: it knows only UTF-8 and ASCII.
func hasForeignCharset(v string) bool {
	return strings.Contains(v, "*=") || strings.Contains(v, "*0*=")
}

// tolerantParams reads "name=value; name=value" with what clients make of it:
// values with spaces but no quotes, quotes that do not end, names given twice.
func tolerantParams(s string) map[string]string {
	pieces := map[string][]piece{}
	for s != "" {
		var name, value string
		name, value, s = nextParam(s)
		base, p := parsePiece(strings.ToLower(name), value)
		if base != "" {
			pieces[base] = append(pieces[base], p)
		}
	}
	params := map[string]string{}
	for name, list := range pieces {
		params[name] = joinPieces(list)
	}
	return params
}

// nextParam cuts the first parameter from s.
func nextParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;")
	equals := strings.IndexAny(s, "=;")
	if equals < 0 {
		return "", "", ""
	}
	if s[equals] == ';' {
		return "", "", s[equals+1:]
	}
	name = strings.TrimSpace(s[:equals])
	if i := strings.LastIndexAny(name, " \t"); i >= 0 {
		name = name[i+1:]
	}
	s = strings.TrimLeft(s[equals+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			out.WriteByte(s[i])
		case s[i] == '"':
			return name, out.String(), s[i+1:]
		default:
			out.WriteByte(s[i])
		}
	}
	return name, out.String(), ""
}

// piece is one section of a parameter that RFC 2231 allows to be cut up.
type piece struct {
	section int // -1: whole, plain
	encoded bool
	value   string
}

func parsePiece(name, value string) (string, piece) {
	p := piece{section: -1, value: value}
	base, rest, found := strings.Cut(name, "*")
	if !found {
		return name, p
	}
	if strings.HasSuffix(name, "*") {
		p.encoded = true
		rest = strings.TrimSuffix(rest, "*")
	}
	p.section = 0
	if n, err := strconv.Atoi(rest); err == nil {
		p.section = n
	}
	return base, p
}

// joinPieces prefers the RFC 2231 form over the plain one beside it.
func joinPieces(list []piece) string {
	extended := slices.DeleteFunc(slices.Clone(list), func(p piece) bool { return p.section < 0 })
	if len(extended) == 0 {
		return decodeWords(list[0].value)
	}
	slices.SortStableFunc(extended, func(a, b piece) int { return a.section - b.section })
	charset := ""
	var raw []byte
	for i, p := range extended {
		v := p.value
		if i == 0 && p.encoded {
			if parts := strings.SplitN(v, "'", 3); len(parts) == 3 {
				charset, v = parts[0], parts[2]
			}
		}
		if p.encoded {
			raw = appendPercent(raw, v)
		} else {
			raw = append(raw, v...)
		}
	}
	text, _ := decodeText(raw, charset)
	return decodeWords(text)
}

func appendPercent(out []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, ok1 := hexValue(s[i+1])
			lo, ok2 := hexValue(s[i+2])
			if ok1 && ok2 {
				out = append(out, hi<<4|lo)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7F || strings.ContainsRune(`()<>@,;:\"/[]?=`, c)
	})
}

// maxName is what file systems and headers bear, in bytes.
const maxName = 200

// fileName is the first usable name, without path, controls, and the marks that
// turn the direction of writing (which make "exe.pdf" of "fdp.exe").
func fileName(names ...string) string {
	for _, name := range names {
		name = strings.Map(func(c rune) rune {
			if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) {
				return -1
			}
			return c
		}, clean(name))
		name = strings.TrimSpace(path.Base(strings.ReplaceAll(strings.TrimSpace(name), `\`, "/")))
		if name == "" || name == "." || name == "/" || name == ".." {
			continue
		}
		return shortName(name)
	}
	return ""
}

// shortName cuts in the middle, so that the extension stays.
func shortName(name string) string {
	if len(name) <= maxName {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 20 {
		ext = ""
	}
	stem := name[:maxName-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}
