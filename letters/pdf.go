package letters

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"

	"github.com/essex-dsr/dsr/workflow"
)

// Liberation Sans, under the SIL Open Font License (fonts/OFL.txt). A letter
// carries its font, so it looks and reads the same everywhere.
var (
	//go:embed fonts/LiberationSans-Regular.ttf
	fontRegular []byte
	//go:embed fonts/LiberationSans-Bold.ttf
	fontBold []byte
)

// PDF is the same letter on A4, tagged as PDF/UA-1 (ISO 14289-1) asks: title,
// language, headings, lists, tables with their headers, and a reading order
// that is the order of the words. Equal words and date give equal bytes.
func (w Words) PDF(date workflow.Date) ([]byte, error) {
	s := newSheet(w, date)
	s.page()
	s.envelope()
	for i, b := range w.Blocks {
		if i+1 < len(w.Blocks) {
			s.after = s.least(w.Blocks[i+1])
		}
		s.block(b, i == 0)
	}
	s.number()
	raw, err := s.tagged()
	if err != nil {
		return nil, fmt.Errorf("letter %s as PDF: %w", w.Kind, err)
	}
	return raw, nil
}

// envelope writes the reader's address where the window of a long envelope shows
// it, 50 mm from the top and the letter below the fold.
func (s *sheet) envelope() {
	if len(s.words.Envelope) == 0 {
		return
	}
	s.pdf.SetXY(left, 45)
	s.text(s.tree.root.child("P"), s.words.Envelope, "", min(s.size.text, 12))
	s.pdf.SetXY(left, max(s.pdf.GetY()+8, 92))
}

// Paper measures, in millimetres and points.
const (
	left, right, top, bottom = 24.0, 20.0, 24.0, 24.0
	pictureWidth             = 34.0 // left of the words in Easy Read
	pointInMM                = 25.4 / 72
)

// typeSizes are in points. 14 is the least for Easy Read and 16 for large print.
type typeSizes struct{ text, h1, h2 float64 }

func sizesOf(v Variant) typeSizes {
	switch v {
	case LargePrint:
		return typeSizes{18, 26, 21}
	case EasyRead:
		return typeSizes{16, 24, 19}
	}
	return typeSizes{12, 19, 14.5}
}

// sheet draws one letter, line by line, so that every line is marked with the
// element it belongs to and no mark is open when a page ends.
type sheet struct {
	words  Words
	pdf    *fpdf.Fpdf
	size   typeSizes
	tree   *tree
	indent float64 // of the text now
	shade  *shade  // the call-out that is being drawn
	// pictured is the picture that the words stand beside.
	pictured foot
	after    float64 // the room that the next block needs at least
}

// shade is the ground of a call-out.
type shade struct{ back, edge [3]int }

func newSheet(w Words, date workflow.Date) *sheet {
	p := fpdf.New("P", "mm", "A4", "")
	p.SetCatalogSort(true)
	p.SetCreationDate(date.At(12, 0).UTC())
	p.SetModificationDate(date.At(12, 0).UTC())
	p.SetTitle(w.Subject, true)
	p.SetLang("en-GB")
	p.SetMargins(left, top, right)
	p.SetAutoPageBreak(false, 0)
	p.SetCellMargin(0)
	p.SetXmpMetadata(xmp(w.Subject))
	p.AddUTF8FontFromBytes("L", "", fontRegular)
	p.AddUTF8FontFromBytes("L", "B", fontBold)
	return &sheet{words: w, pdf: p, size: sizesOf(w.Variant), tree: newTree()}
}

// page begins a page; the first has a band of colour. It is an artifact, which
// no screen reader says.
func (s *sheet) page() {
	s.pdf.AddPage()
	if s.pdf.PageNo() == 1 {
		s.artifact(func() {
			s.pdf.SetFillColor(15, 92, 99)
			s.pdf.Rect(0, 0, 210, 6, "F")
		})
	}
	s.pdf.SetXY(left, top)
}

// number writes each page's number at its foot, now that all are known. fpdf
// leaves out a font that it thinks is set, so another one is set before.
func (s *sheet) number() {
	pages := s.pdf.PageCount()
	for n := 1; n <= pages; n++ {
		s.pdf.SetPage(n)
		s.artifact(func() {
			s.font("B", 10)
			s.font("", 10)
			s.pdf.SetXY(left, 297-14)
			s.pdf.CellFormat(210-left-right, 5, fmt.Sprintf("Page %d of %d", n, pages), "", 0, "R", false, 0, "")
		})
	}
}

func (s *sheet) artifact(draw func()) {
	s.pdf.RawWriteStr("/Artifact BMC")
	draw()
	s.pdf.RawWriteStr("EMC")
}

func (s *sheet) font(style string, size float64) {
	s.pdf.SetFont("L", style, size)
	s.pdf.SetTextColor(20, 24, 28)
}

func lineHeight(size float64) float64 { return size * 1.4 * pointInMM }

func (s *sheet) block(b Block, first bool) {
	if b.Kind != Paragraph && b.Kind != Bullets && b.Kind != Numbered {
		s.below()
	}
	switch b.Kind {
	case Heading:
		s.heading("H1", b, s.size.h1, first)
	case Subheading:
		s.heading("H2", b, s.size.h2, first)
	case Bullets, Numbered:
		s.list(b)
	case Table:
		s.table(b)
	case CallOut, Warning:
		s.callOut(b)
	default:
		for i, item := range b.Items {
			s.paragraph(s.tree.root, item, b.picture(i))
		}
	}
}

func (b Block) picture(i int) string {
	if i < len(b.Pictures) {
		return b.Pictures[i]
	}
	return ""
}

func (s *sheet) heading(role string, b Block, size float64, first bool) {
	if !first {
		s.space(size * 0.7 * pointInMM)
	}
	s.room(lineHeight(size)*float64(len(s.wrapped(b.Items[0][0], "B", size))) + s.after) // not alone at the foot of a page
	s.text(s.tree.root.child(role), b.Items[0], "B", size)
	s.space(size * 0.25 * pointInMM)
}

// least is the room that the beginning of a block needs, so that a heading can
// stay with it.
func (s *sheet) least(b Block) float64 {
	h := lineHeight(s.size.text)
	switch {
	case isList(b.Kind) && b.Kind != Table:
		return h*float64(min(len(b.Items[0]), 12)) + h
	case b.Kind == Paragraph && s.words.Variant == EasyRead && b.picture(0) != "":
		return pictureSide + 2 + h
	}
	return 3 * h
}

// wrapped is a line as it will be broken over the whole width.
func (s *sheet) wrapped(line, style string, size float64) []string {
	s.font(style, size)
	return s.wrap(line, 210-left-right)
}

func (s *sheet) paragraph(parent *element, lines []string, name string) {
	if s.words.Variant == EasyRead {
		s.indent = pictureWidth
		defer func() { s.indent = 0 }()
		s.picture(name)
	}
	s.text(parent.child("P"), lines, "", s.size.text)
	s.space(s.size.text * 0.6 * pointInMM)
}

func (s *sheet) list(b Block) {
	list := s.tree.root.child("L")
	if b.Kind == Numbered {
		list.attr = "/O /List /ListNumbering /Decimal"
	}
	base := 0.0
	if s.words.Variant == EasyRead {
		base = pictureWidth
	}
	mark := 7.0 * s.size.text / 12
	for i, item := range b.Items {
		li := list.child("LI")
		// A service and its number belong on one page.
		s.room(lineHeight(s.size.text) * float64(min(len(item), 12)))
		s.indent = base
		s.label(li, b.Kind, i, mark)
		s.indent = base + mark
		style := ""
		if len(item) > 1 {
			style = "B"
		}
		body := li.child("LBody")
		s.text(body, item[:1], style, s.size.text)
		s.text(body, item[1:], "", s.size.text)
		s.space(s.size.text * 0.35 * pointInMM)
	}
	s.indent = 0
	s.space(s.size.text * 0.3 * pointInMM)
}

// label draws the bullet or number and stays on its line.
func (s *sheet) label(li *element, k BlockKind, i int, width float64) {
	mark := "•"
	if k == Numbered {
		mark = fmt.Sprintf("%d.", i+1)
	}
	y := s.pdf.GetY()
	s.font("", s.size.text)
	s.tree.mark(s.pdf, li.child("Lbl"), func() {
		s.pdf.SetX(left + s.indent)
		s.pdf.CellFormat(width, lineHeight(s.size.text), mark, "", 0, "L", false, 0, "")
	})
	s.pdf.SetY(y)
}

func (s *sheet) table(b Block) {
	table := s.tree.root.child("Table")
	label := (210 - left - right) * 0.36
	h := lineHeight(s.size.text)
	if whole := float64(len(b.Items)+2) * (h + 3); whole < 100 {
		s.room(whole) // a short table stays on one page
	}
	for _, row := range b.Items {
		tr := table.child("TR")
		s.font("B", s.size.text)
		heads := s.wrap(row[0], label-4)
		s.font("", s.size.text)
		values := s.wrap(row[1], 210-left-right-label)
		s.room(h*float64(max(len(heads), len(values))) + 4)
		y := s.pdf.GetY() + 1.5
		head := tr.child("TH")
		head.attr = "/O /Table /Scope /Row"
		s.font("B", s.size.text)
		s.cell(head, heads, left, y)
		s.font("", s.size.text)
		s.cell(tr.child("TD"), values, left+label, y)
		y += h*float64(max(len(heads), len(values))) + 1.5
		s.artifact(func() {
			s.pdf.SetDrawColor(170, 178, 186)
			s.pdf.Line(left, y, 210-right, y)
		})
		s.pdf.SetXY(left, y)
	}
	s.space(s.size.text * 0.8 * pointInMM)
}

func (s *sheet) cell(e *element, lines []string, x, y float64) {
	s.tree.mark(s.pdf, e, func() {
		for i, l := range lines {
			s.pdf.SetXY(x, y+float64(i)*lineHeight(s.size.text))
			s.pdf.CellFormat(0, lineHeight(s.size.text), l+" ", "", 0, "L", false, 0, "")
		}
	})
}

func (s *sheet) callOut(b Block) {
	s.space(2)
	div := s.tree.root.child("Div")
	s.shade = &shade{back: [3]int{232, 241, 250}, edge: [3]int{29, 79, 140}}
	if b.Kind == Warning {
		s.shade = &shade{back: [3]int{253, 236, 234}, edge: [3]int{179, 38, 30}}
	}
	s.indent = 6
	whole := 5.0
	for _, item := range b.Items {
		s.font("B", s.size.text)
		for _, line := range item {
			whole += float64(len(s.wrap(line, 210-left-right-s.indent-5))) * lineHeight(s.size.text)
		}
		whole += s.size.text * 0.35 * pointInMM
	}
	s.room(min(whole, 160)) // on one page, unless it is very long
	s.ground(3)
	for i, item := range b.Items {
		style := ""
		if i == 0 {
			style = "B"
		}
		s.text(div.child("P"), item, style, s.size.text)
		s.ground(s.size.text * 0.35 * pointInMM)
	}
	s.ground(2)
	s.shade, s.indent = nil, 0
	s.space(s.size.text * 0.8 * pointInMM)
}

// ground draws a stripe of the call-out's ground and moves below it. It is
// drawn stripe by stripe, so that a call-out may go over a page.
func (s *sheet) ground(h float64) {
	y := s.pdf.GetY()
	s.artifact(func() {
		s.pdf.SetFillColor(s.shade.back[0], s.shade.back[1], s.shade.back[2])
		s.pdf.Rect(left, y, 210-left-right, h+0.1, "F")
		s.pdf.SetFillColor(s.shade.edge[0], s.shade.edge[1], s.shade.edge[2])
		s.pdf.Rect(left, y, 1.6, h+0.1, "F")
	})
	s.pdf.SetXY(left, y+h)
}

// text draws lines into one element.
func (s *sheet) text(e *element, lines []string, style string, size float64) {
	h := lineHeight(size)
	width := 210 - left - right - s.indent
	if s.shade != nil {
		width -= 5
	}
	s.font(style, size)
	for _, line := range lines {
		for _, l := range s.wrap(line, width) {
			s.room(h)
			y := s.pdf.GetY()
			if s.shade != nil {
				s.ground(h)
			}
			s.font(style, size)
			s.tree.mark(s.pdf, e, func() {
				s.pdf.SetXY(left+s.indent, y)
				s.pdf.CellFormat(width, h, l+" ", "", 0, "L", false, 0, "")
			})
			s.pdf.SetXY(left, y+h)
		}
	}
}

// wrap breaks a line at the width with the font of now. Telephone numbers are
// not broken.
func (s *sheet) wrap(line string, width float64) []string {
	const hard = "\u00a0"
	line = linkable.ReplaceAllStringFunc(line, func(m string) string { return strings.ReplaceAll(m, " ", hard) })
	var out []string
	now := ""
	for word := range strings.SplitSeq(line, " ") {
		word = strings.ReplaceAll(word, hard, " ")
		if next := now + " " + word; now != "" && s.pdf.GetStringWidth(next) <= width {
			now = next
			continue
		}
		if now != "" {
			out = append(out, now)
		}
		for now = word; s.pdf.GetStringWidth(now) > width; {
			cut := s.fitting(now, width)
			out = append(out, now[:cut])
			now = now[cut:]
		}
	}
	return append(out, now)
}

// fitting is how much of a word that is wider than the line goes on it.
func (s *sheet) fitting(word string, width float64) int {
	cut := 0
	for i, r := range word {
		end := i + utf8.RuneLen(r)
		if cut > 0 && s.pdf.GetStringWidth(word[:end]) > width {
			break
		}
		cut = end
	}
	return cut
}

// room begins a new page unless h still fits.
func (s *sheet) room(h float64) {
	if s.pdf.GetY()+h > 297-bottom {
		s.page()
	}
}

func (s *sheet) space(h float64) {
	if s.pdf.GetY() > top {
		s.pdf.SetXY(left, s.pdf.GetY()+h)
	}
}
