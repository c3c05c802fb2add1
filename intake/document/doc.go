package document

import (
	"sort"

	"golang.org/x/text/encoding/charmap"
)

// word97 reads a Word 97-2003 document ([MS-DOC]): the piece table gives the
// text, the formatting pages tell where rows end and what is struck or deleted.
func (r *reader) word97(s *streams, d *Document) error {
	w, err := newWordFile(s)
	if err != nil {
		return err
	}
	w.pieces(r.limits.TextBytes)
	b := &wordBuilder{file: w, doc: d, cur: &para{}}
	for _, part := range w.parts() {
		b.part(part)
	}
	if b.deleted {
		d.warn("Text that was deleted under tracked changes is left out.")
	}
	if len(s.dirs("Macros")) > 0 {
		d.warn("It holds macros. They were not run.")
	}
	if !d.setFlow(b.nodes, r.limits.TextBytes) {
		return tooLarge("It is too long; only its beginning was read.")
	}
	return nil
}

// wordFile is the FIB, the table stream and what is read of them.
type wordFile struct {
	main, table, data little
	chars             []wordChar
	papx, chpx        []wordRun
}

// wordChar is a character and its place in the main stream, by which its
// formatting is found.
type wordChar struct {
	r  rune
	fc int
}

// wordRun is a stretch of the main stream with its formatting operations.
type wordRun struct {
	from, to int
	istd     int
	grpprl   []byte
}

func newWordFile(s *streams) (*wordFile, error) {
	w := &wordFile{main: s.get("WordDocument"), data: s.get("Data")}
	if len(w.main) < 0x200 || w.main.u16(0) != 0xA5EC {
		return nil, unreadable("The file is damaged or older than Word 97.")
	}
	flags := w.main.u16(0x0A)
	if flags&0x0100 != 0 {
		return nil, errLocked
	}
	w.table = s.get("0Table")
	if flags&0x0200 != 0 {
		w.table = s.get("1Table")
	}
	w.chpx = w.formatting(0x0FA, false)
	w.papx = w.formatting(0x102, true)
	return w, nil
}

// pieces puts the text together from the pieces that editing left behind.
func (w *wordFile) pieces(limit int) {
	clx := little(w.table.at(w.main.u32(0x1A2), w.main.u32(0x1A6)))
	for clx.u8(0) == 1 && len(clx) > 3 {
		n := 3 + clx.u16(1)
		if n > len(clx) {
			return
		}
		clx = clx[n:]
	}
	if clx.u8(0) != 2 || len(clx) < 9 {
		return
	}
	plc := clx[5:]
	n := (len(plc) - 4) / 12
	for i := range n {
		count := plc.u32(4*i+4) - plc.u32(4*i)
		fc := plc.u32(4*(n+1) + 8*i + 2)
		if count < 0 || len(w.chars)+count > limit {
			return
		}
		if fc&0x40000000 != 0 {
			w.narrow(fc&0x3FFFFFFF/2, count)
		} else {
			w.wide(fc, count)
		}
	}
}

func (w *wordFile) narrow(fc, count int) {
	for i, c := range w.main.at(fc, count) {
		w.chars = append(w.chars, wordChar{charmap.Windows1252.DecodeByte(c), fc + i})
	}
}

func (w *wordFile) wide(fc, count int) {
	text := little(w.main.at(fc, 2*count))
	for i := 0; i+1 < len(text); i += 2 {
		c := rune(text.u16(i))
		if c >= 0xD800 && c < 0xDC00 && i+3 < len(text) {
			if low := rune(text.u16(i + 2)); low >= 0xDC00 && low < 0xE000 {
				c = 0x10000 + (c-0xD800)<<10 + (low - 0xDC00)
			}
		} else if c >= 0xDC00 && c < 0xE000 {
			c = 0x200B // the second half; its place in the count is kept
		}
		w.chars = append(w.chars, wordChar{c, fc + i})
	}
}

// formatting reads the pages that hold paragraph or character properties.
func (w *wordFile) formatting(fib int, paragraphs bool) (runs []wordRun) {
	plc := little(w.table.at(w.main.u32(fib), w.main.u32(fib+4)))
	n := (len(plc) - 4) / 8
	for i := range max(0, n) {
		page := little(w.main.at(plc.u32(4*(n+1)+4*i)*512, 512))
		if page == nil || len(runs) > 500_000 {
			break
		}
		count := page.u8(511)
		for k := range count {
			run := wordRun{from: page.u32(4 * k), to: page.u32(4*k + 4)}
			if paragraphs {
				run.paragraph(page, 2*page.u8(4*(count+1)+13*k))
			} else if off := 2 * page.u8(4*(count+1)+k); off > 0 {
				run.grpprl = page.at(off+1, page.u8(off))
			}
			runs = append(runs, run)
		}
	}
	sort.SliceStable(runs, func(a, b int) bool { return runs[a].from < runs[b].from })
	return runs
}

func (r *wordRun) paragraph(page little, off int) {
	if off == 0 {
		return
	}
	n := 2*page.u8(off) - 1
	off++
	if n < 0 {
		n = 2 * page.u8(off)
		off++
	}
	if b := page.at(off, n); len(b) >= 2 {
		r.istd = little(b).u16(0)
		r.grpprl = b[2:]
	}
}

func find(runs []wordRun, fc int) *wordRun {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].from > fc }) - 1
	if i < 0 || fc >= runs[i].to {
		return nil
	}
	return &runs[i]
}

// sprm returns the operand of an operation, ok when it is there.
func (r *wordRun) sprm(op int) (operand little, ok bool) {
	if r == nil {
		return nil, false
	}
	g := little(r.grpprl)
	for at := 0; at+2 <= len(g); {
		code := g.u16(at)
		at += 2
		n := [8]int{1, 1, 2, 4, 2, 2, 0, 3}[code>>13]
		if code>>13 == 6 {
			n = 1 + g.u8(at)
			if code == 0xD608 { // a table's definition counts in 16 bits
				n = 1 + g.u16(at)
			}
		}
		if code == op {
			return g.at(at, n), true
		}
		at += n
	}
	return nil, false
}

func (r *wordRun) on(op int) bool {
	v, ok := r.sprm(op)
	return ok && v.u8(0) == 1
}

// wordPart is a stretch of the text: the body, the headers and so on.
type wordPart struct {
	from, to int
	origin   string
}

func (w *wordFile) parts() (out []wordPart) {
	at := 0
	for _, p := range []struct {
		fib    int
		origin string
	}{{0x4C, "body"}, {0x50, "footnote"}, {0x54, "header"}, {0x58, "macro"}, {0x5C, "comment"}, {0x60, "endnote"}, {0x64, "textbox"}, {0x68, "textbox"}} {
		n := w.main.u32(p.fib)
		to := min(at+n, len(w.chars))
		if n > 0 && to > at && p.origin != "macro" {
			out = append(out, wordPart{at, to, p.origin})
		}
		at = to
	}
	return out
}
