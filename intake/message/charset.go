package message

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// aliases are labels met in mails that no index knows.
func alias(label string) string {
	switch label {
	case "cp932", "x-sjis", "windows-31j", "ms_kanji", "ms932":
		return "shift_jis"
	case "cp-850", "cp850", "850":
		return "ibm850"
	case "cp-437", "cp437", "437":
		return "ibm437"
	case "ansi", "ansi_x3.110-1983", "cp-1252", "cp1252", "win-1252", "1252", "x-ansi", "iso-8859-1-windows-3.1-latin-1", "x-user-defined", "x-cp1252":
		return "windows-1252"
	case "ks_c_5601-1987", "ksc5601", "ks_c_5601", "cp949", "x-windows-949", "uhc":
		return "euc-kr"
	case "x-gbk", "gb18030-2000", "gb2312_charset", "cp936", "ms936":
		return "gb18030"
	case "iso-8859-8-i", "iso-8859-8-e":
		return "iso-8859-8"
	case "iso-2022-jp-ms", "csiso2022jp":
		return "iso-2022-jp"
	case "utf_8", "x-utf_8j", "unicode-1-1-utf-8", "utf8mb4", "cp65001":
		return "utf-8"
	}
	return label
}

// lookup finds an encoding by its label, nil if nobody knows it.
func lookup(label string) encoding.Encoding {
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil && e != nil {
		return e
	}
	return nil
}

// decodeText turns bytes of a labelled charset into UTF-8 without NUL. A label
// that cannot be right is not believed; note says what was done instead.
func decodeText(data []byte, label string) (text, note string) {
	text, note = decodeLabelled(data, alias(strings.ToLower(strings.Trim(label, " \t\"'"))))
	return clean(text), note
}

func decodeLabelled(data []byte, label string) (text, note string) {
	switch label {
	case "", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252", "iso-8859-15", "unknown-8bit", "8bit", "default_charset":
		return decodeLatin(data, label)
	case "utf-8", "utf8":
		return decodeUTF8(data)
	case "utf-7", "unicode-1-1-utf-7", "x-unicode-1-1-utf-7":
		return decodeUTF7(data), ""
	case "utf-16", "utf16", "unicode", "ucs-2", "iso-10646-ucs-2":
		return decodeUTF16(data), ""
	}
	if e := lookup(label); e != nil {
		if out, err := e.NewDecoder().Bytes(data); err == nil {
			return string(out), ""
		}
	}
	text, _ = decodeLatin(data, "")
	return text, "unknown charset " + label
}

// decodeLatin is for the labels that clients write without knowing better. Text
// that is valid UTF-8 with non-ASCII characters is UTF-8: in the Latin charsets
// such runs of bytes do not make words.
func decodeLatin(data []byte, label string) (text, note string) {
	if utf8.Valid(data) {
		if label == "" && bytes.Contains(data, []byte("\x1b$B")) {
			if out, err := japanese.ISO2022JP.NewDecoder().Bytes(data); err == nil {
				return string(out), "charset guessed"
			}
		}
		return string(bytes.TrimPrefix(data, []byte("\uFEFF"))), ""
	}
	var e encoding.Encoding = charmap.Windows1252
	if label == "iso-8859-15" {
		e = charmap.ISO8859_15
	}
	if label == "" || strings.HasSuffix(label, "ascii") {
		note = "charset guessed"
	}
	out, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD"), "charset unknown"
	}
	return string(out), note
}

// decodeUTF8 takes bytes labelled UTF-8 for Windows-1252 when none of their
// non-ASCII runs is UTF-8, and else replaces the broken ones.
func decodeUTF8(data []byte) (text, note string) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if utf8.Valid(data) {
		return string(data), ""
	}
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		if size > 1 && c != utf8.RuneError {
			return strings.ToValidUTF8(string(data), "\uFFFD"), "not all of it is the UTF-8 it is labelled as"
		}
		rest = rest[size:]
	}
	text, _ = decodeLatin(data, "")
	return text, "not the UTF-8 it is labelled as"
}

// decodeUTF16 believes a byte order mark, else the side on which ASCII's zeros stand.
func decodeUTF16(data []byte) string {
	var even, odd int
	for i, c := range data[:min(len(data), 4096)] {
		if c == 0 && i%2 == 0 {
			even++
		} else if c == 0 {
			odd++
		}
	}
	order := unicode.BigEndian
	if odd > even {
		order = unicode.LittleEndian
	}
	out, err := unicode.UTF16(order, unicode.UseBOM).NewDecoder().Bytes(data)
	if err != nil {
		return strings.ToValidUTF8(string(data), "\uFFFD")
	}
	return string(out)
}

// decodeHTML lets the document's own declaration speak where the part has no label.
func decodeHTML(data []byte, label string) (text, note string) {
	if label == "" && !utf8.Valid(data) {
		_, label, _ = charset.DetermineEncoding(data[:min(len(data), 4096)], "")
	}
	return decodeText(data, label)
}

// clean makes a string that every database and page takes: valid UTF-8 without NUL.
func clean(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
