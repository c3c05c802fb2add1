package document

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// rtf reads Rich Text Format, as SystmOne and old word processors write it.
func (r *reader) rtf(b []byte, d *Document) error {
	w := &rtfReader{in: b, limit: r.limits.TextBytes, state: rtfState{uc: 1}, page: codePage(1252)}
	w.cur = &para{}
	err := w.read()
	w.endTable()
	w.endPara()
	if !d.setFlow(w.nodes, r.limits.TextBytes) && err == nil {
		err = tooLarge("It is too long; only its beginning was read.")
	}
	if w.objects {
		d.warn("It holds embedded objects, which were not read.")
	}
	if d.Text == "" && w.pictures && err == nil {
		err = &fault{NeedsHands, "It holds only pictures: somebody must look at it."}
	}
	return err
}

type rtfState struct {
	skip    bool
	uc      int // bytes that stand for a Unicode character, to leave out
	style   style
	font    int
	hidden  bool
	inTable bool
	dest    string
}

type rtfReader struct {
	in      []byte
	at      int
	limit   int
	written int

	state rtfState
	stack []rtfState
	page  encoding.Encoding
	fonts map[int]string // names, for symbol fonts
	font  int            // being defined
	leave int            // characters of a fallback still to leave out

	cur     *para
	cell    []node
	row     gridRow
	table   *grid
	merged  []bool // of each cell of the row: it belongs to the one before
	merge   bool
	column  int
	nodes   []node
	field   *rtfField
	within  int // depth of the group of the field
	objects bool

	pictures bool
}

// rtfField is a form field while its group is open.
type rtfField struct {
	kind     int // 0 text, 1 check box, 2 list
	label    string
	result   int
	standard int
	list     []string
	start    int
	para     *para
	depth    int
}

func codePage(n int) encoding.Encoding {
	if enc, _ := charset.Lookup("windows-" + strconv.Itoa(n)); enc != nil {
		return enc
	}
	enc, _ := charset.Lookup("windows-1252")
	return enc
}

func (w *rtfReader) read() error {
	for w.at < len(w.in) {
		if w.written > w.limit {
			return tooLarge("It is too long; only its beginning was read.")
		}
		switch c := w.in[w.at]; c {
		case '{':
			if len(w.stack) > 500 {
				return tooLarge("It is nested deeper than a document should be; only its beginning was read.")
			}
			w.stack = append(w.stack, w.state)
			w.at++
		case '}':
			w.close()
			w.at++
		case '\\':
			w.control()
		case '\r', '\n':
			w.at++
		default:
			w.plain()
		}
	}
	return nil
}

func (w *rtfReader) close() {
	if f := w.field; f != nil && len(w.stack) <= f.depth {
		w.endField()
	}
	if n := len(w.stack); n > 0 {
		w.state = w.stack[n-1]
		w.stack = w.stack[:n-1]
	}
}

// plain writes the bytes up to the next control.
func (w *rtfReader) plain() {
	end := w.at
	for end < len(w.in) && !bytes.ContainsRune([]byte("{}\\\r\n"), rune(w.in[end])) {
		end++
	}
	text := w.in[w.at:end]
	w.at = max(end, w.at+1)
	for w.leave > 0 && len(text) > 0 {
		text, w.leave = text[1:], w.leave-1
	}
	w.put(w.decode(text))
}

func (w *rtfReader) decode(b []byte) string {
	if isASCII(b) {
		return string(b)
	}
	s, err := w.page.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(s)
}

func (w *rtfReader) put(s string) {
	switch {
	case s == "":
	case w.state.dest == "fonttbl":
		if w.fonts == nil {
			w.fonts = map[int]string{}
		}
		if len(w.fonts) < 1000 {
			w.fonts[w.font] += strings.TrimRight(s, ";")
		}
	case w.state.dest != "" && w.field != nil:
		w.fieldText(s)
	case !w.state.skip && !w.state.hidden && w.state.dest == "":
		w.written += len(s)
		w.cur.flat = w.cur.flat || w.state.inTable
		w.cur.write(symbols(w.fonts[w.state.font], s), w.state.style)
	}
}

// control reads a control word or symbol and acts on it.
func (w *rtfReader) control() {
	if w.at+1 >= len(w.in) {
		w.at = len(w.in)
		return
	}
	c := w.in[w.at+1]
	switch {
	case c == '\'':
		w.hex()
	case c == '*':
		w.state.skip = true
		w.at += 2
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		word, arg, has := w.word()
		w.act(word, arg, has)
	default:
		w.at += 2
		switch c {
		case '~':
			w.put(" ")
		case '_':
			w.put("-")
		case '\\', '{', '}':
			w.put(string(rune(c)))
		case '\r', '\n':
			w.endPara()
		}
	}
}

// hex gathers neighbouring \'hh: in some code pages two make one character.
func (w *rtfReader) hex() {
	var b []byte
	for w.at+3 < len(w.in) && w.in[w.at] == '\\' && w.in[w.at+1] == '\'' {
		v, err := strconv.ParseUint(string(w.in[w.at+2:w.at+4]), 16, 8)
		w.at += 4
		if err != nil {
			continue
		}
		if w.leave > 0 {
			w.leave--
			continue
		}
		b = append(b, byte(v))
	}
	if len(b) == 0 && w.at+3 >= len(w.in) {
		w.at = len(w.in)
	}
	w.put(w.decode(b))
}

func (w *rtfReader) word() (word string, arg int, has bool) {
	i := w.at + 1
	j := i
	for j < len(w.in) && j-i < 40 && (w.in[j] >= 'a' && w.in[j] <= 'z' || w.in[j] >= 'A' && w.in[j] <= 'Z') {
		j++
	}
	k := j
	if k < len(w.in) && w.in[k] == '-' {
		k++
	}
	for k < len(w.in) && k-j < 11 && w.in[k] >= '0' && w.in[k] <= '9' {
		k++
	}
	arg, err := strconv.Atoi(string(w.in[j:k]))
	w.at = k
	if k < len(w.in) && w.in[k] == ' ' {
		w.at++
	}
	return string(w.in[i:j]), arg, err == nil
}
