package document

import (
	"math"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// rect is a rectangle in points, y downwards from the top of the page as shown.
type rect struct{ x0, y0, x1, y1 float64 }

func (b rect) w() float64  { return b.x1 - b.x0 }
func (b rect) h() float64  { return b.y1 - b.y0 }
func (b rect) cx() float64 { return (b.x0 + b.x1) / 2 }
func (b rect) cy() float64 { return (b.y0 + b.y1) / 2 }

func (b rect) holds(x, y float64) bool { return x >= b.x0 && x <= b.x1 && y >= b.y0 && y <= b.y1 }

// token is a character, a drawn box or a form field at its place on the page.
type token struct {
	rect
	text    string
	seq     int  // place in the page's own order of text
	space   bool // the page's own text has a space before it
	style   style
	control *Control
}

// pdfPage is what stands on one page.
type pdfPage struct {
	number        int
	width, height float64
	turn          enums.FPDF_PAGE_ROTATION
	tokens        []token
	rules         rules
	squares       []square
	images        int
	shades        []rect // stretches of text-marker yellow
	notes         []string
	scanned       bool // its lines were found in a picture, and may be letters' edges
}

// square is what may be a drawn check box, or the mark in one.
type square struct {
	rect
	cross bool
}

func (f *pdfFile) page(i int) (*pdfPage, error) {
	loaded, err := f.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: i})
	if err != nil {
		return nil, err
	}
	defer f.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page})
	ref := requests.Page{ByReference: &loaded.Page}
	p := &pdfPage{number: i + 1}
	if err := f.measure(ref, p); err != nil {
		return nil, err
	}
	if err := f.chars(ref, p); err != nil {
		return nil, err
	}
	if err := f.drawings(ref, p); err != nil {
		return nil, err
	}
	if err := f.annotations(ref, p); err != nil {
		return nil, err
	}
	p.boxes()
	return p, nil
}

func (f *pdfFile) measure(ref requests.Page, p *pdfPage) error {
	size, err := f.pdf.GetPageSize(&requests.GetPageSize{Page: ref})
	if err != nil {
		return err
	}
	p.width, p.height = size.Width, size.Height
	turn, err := f.pdf.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: ref})
	if err != nil {
		return err
	}
	p.turn = turn.PageRotation
	return nil
}

// place turns a rectangle of the page's own space (y upwards, not rotated)
// into one as shown.
func (p *pdfPage) place(left, bottom, right, top float64) rect {
	switch p.turn {
	case enums.FPDF_PAGE_ROTATION_90_CW:
		return rect{bottom, left, top, right}
	case enums.FPDF_PAGE_ROTATION_180_CW:
		return rect{p.width - right, bottom, p.width - left, top}
	case enums.FPDF_PAGE_ROTATION_270_CW:
		return rect{p.width - top, p.height - right, p.width - bottom, p.height - left}
	}
	return rect{left, p.height - top, right, p.height - bottom}
}

func (f *pdfFile) chars(ref requests.Page, p *pdfPage) error {
	t, err := f.pdf.GetPageTextStructured(&requests.GetPageTextStructured{Page: ref, Mode: requests.GetPageTextStructuredModeChars})
	if err != nil {
		return err
	}
	space := false
	for i, c := range t.Chars {
		if c.Text == "\x02" || c.Text == "\ufffe" {
			c.Text = "-" // PDFium's sign for a hyphen at a line's end
		}
		if strings.TrimSpace(c.Text) == "" || c.Text == "\x00" {
			space = true
			continue
		}
		b := p.place(c.PointPosition.Left, c.PointPosition.Bottom, c.PointPosition.Right, c.PointPosition.Top)
		p.tokens = append(p.tokens, token{rect: b, text: privateBoxes(c.Text), seq: i, space: space})
		space = false
	}
	return nil
}

// drawings gathers ruling lines, small squares and yellow shades.
func (f *pdfFile) drawings(ref requests.Page, p *pdfPage) error {
	count, err := f.pdf.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil {
		return err
	}
	for i := range min(count.Count, 20_000) {
		o, err := f.pdf.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: ref, Index: i})
		if err != nil {
			continue
		}
		kind, err := f.pdf.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o.PageObject})
		if err != nil {
			continue
		}
		switch kind.Type {
		case enums.FPDF_PAGEOBJ_IMAGE:
			p.images++
		case enums.FPDF_PAGEOBJ_PATH:
			f.path(o.PageObject, p)
		}
	}
	return nil
}

func (f *pdfFile) path(o references.FPDF_PAGEOBJECT, p *pdfPage) {
	q, err := f.pdf.FPDFPageObj_GetBounds(&requests.FPDFPageObj_GetBounds{PageObject: o})
	if err != nil {
		return
	}
	b := p.place(float64(q.Left), float64(q.Bottom), float64(q.Right), float64(q.Top))
	switch {
	case b.w() < 18 && b.h() < 18 && b.w() > 2 && b.h() > 2:
		p.squares = append(p.squares, square{b, f.slanted(o)})
	case b.h() < 3 && b.w() > 4, b.w() < 3 && b.h() > 4:
		p.rules.add(b)
	case b.w() > 12 && b.h() > 9:
		if f.yellow(o) {
			p.shades = append(p.shades, b)
			return
		}
		f.outline(o, b, p)
	case f.yellow(o):
		p.shades = append(p.shades, b)
	}
}

func (f *pdfFile) yellow(o references.FPDF_PAGEOBJECT) bool {
	c, err := f.pdf.FPDFPageObj_GetFillColor(&requests.FPDFPageObj_GetFillColor{PageObject: o})
	if err != nil {
		return false
	}
	k := c.FillColor
	return k.R > 220 && k.G > 200 && k.B < 140 && k.A > 0
}

// outline adds the sides of a rectangle, or each straight piece of a path that
// draws a whole table at once.
func (f *pdfFile) outline(o references.FPDF_PAGEOBJECT, b rect, p *pdfPage) {
	n, err := f.pdf.FPDFPath_CountSegments(&requests.FPDFPath_CountSegments{PageObject: o})
	if err != nil || n.Count > 4000 {
		return
	}
	if n.Count <= 5 {
		if b.w() < p.width*0.97 || b.h() < p.height*0.97 {
			p.rules.frame(b)
		}
		return
	}
	var from, first [2]float64
	for i := range n.Count {
		to, kind, err := f.segment(o, i)
		if err != nil {
			return
		}
		switch kind {
		case enums.FPDF_SEGMENT_MOVETO:
			first = to
		case enums.FPDF_SEGMENT_LINETO:
			p.rules.add(p.place(math.Min(from[0], to[0]), math.Min(from[1], to[1]), math.Max(from[0], to[0]), math.Max(from[1], to[1])))
		default:
			to = first
		}
		from = to
	}
}

func (f *pdfFile) segment(o references.FPDF_PAGEOBJECT, i int) (to [2]float64, kind enums.FPDF_SEGMENT, err error) {
	s, err := f.pdf.FPDFPath_GetPathSegment(&requests.FPDFPath_GetPathSegment{PageObject: o, Index: i})
	if err != nil {
		return to, kind, err
	}
	t, err := f.pdf.FPDFPathSegment_GetType(&requests.FPDFPathSegment_GetType{PathSegment: s.PathSegment})
	if err != nil {
		return to, kind, err
	}
	at, err := f.pdf.FPDFPathSegment_GetPoint(&requests.FPDFPathSegment_GetPoint{PathSegment: s.PathSegment})
	if err != nil {
		return to, kind, err
	}
	return [2]float64{float64(at.X), float64(at.Y)}, t.Type, nil
}

// slanted reports that a small path has slanting strokes, as a cross or a tick
// has and a box has not.
func (f *pdfFile) slanted(o references.FPDF_PAGEOBJECT) bool {
	n, err := f.pdf.FPDFPath_CountSegments(&requests.FPDFPath_CountSegments{PageObject: o})
	if err != nil || n.Count > 40 {
		return false
	}
	var from [2]float64
	for i := range n.Count {
		to, kind, err := f.segment(o, i)
		if err != nil {
			return false
		}
		if kind == enums.FPDF_SEGMENT_LINETO && math.Abs(to[0]-from[0]) > 2 && math.Abs(to[1]-from[1]) > 2 {
			return true
		}
		from = to
	}
	return false
}

// onlyPicture reports a page that shows something but has no text.
func (p *pdfPage) onlyPicture() bool {
	n := 0
	for _, t := range p.tokens {
		if t.control != nil {
			return false
		}
		n += len(t.text)
	}
	return p.images > 0 && n < 20
}

// boxes turns drawn squares into check boxes: checked when something is drawn
// or written inside.
func (p *pdfPage) boxes() {
	var found []rect
	for i, q := range p.squares {
		if q.w() >= 5 && q.h() >= 5 && math.Abs(q.w()-q.h()) <= 2 && !q.cross && !p.within(i) && !p.onWidget(q.rect) {
			found = append(found, q.rect)
		}
	}
	for _, q := range found {
		checked := false
		for _, z := range p.squares {
			checked = checked || inside(z.rect, q) && (z.cross || !sameSize(z.rect, q))
		}
		kept := p.tokens[:0]
		for _, t := range p.tokens {
			if t.control == nil && q.holds(t.cx(), t.cy()) && tick(t.text) {
				checked = true
				continue
			}
			kept = append(kept, t)
		}
		p.tokens = append(kept, token{rect: q, text: glyph(checked), seq: -1})
	}
	p.mark()
}

// within reports a square that stands in (or repeats) another one.
func (p *pdfPage) within(i int) bool {
	q := p.squares[i]
	for j, z := range p.squares {
		if j == i || z.cross || z.w() < 5 || z.h() < 5 || math.Abs(z.w()-z.h()) > 2 {
			continue
		}
		if inside(q.rect, z.rect) && (!sameSize(q.rect, z.rect) || j < i) {
			return true
		}
	}
	return false
}

func inside(a, b rect) bool {
	return a.x0 >= b.x0-1 && a.y0 >= b.y0-1 && a.x1 <= b.x1+1 && a.y1 <= b.y1+1
}

func sameSize(a, b rect) bool {
	return math.Abs(a.w()-b.w()) < 1.2 && math.Abs(a.h()-b.h()) < 1.2
}

func (p *pdfPage) onWidget(q rect) bool {
	for _, t := range p.tokens {
		if t.control != nil && t.control.Kind == CheckBox && t.holds(q.cx(), q.cy()) {
			return true
		}
	}
	return false
}

func tick(s string) bool {
	switch s {
	case "x", "X", "✓", "✔", "✗", "✘", "✕", "×", "☒", "☑", "■", "●", "/", "√":
		return true
	}
	return false
}

// mark gives text its looks: shaded, or struck by a line through the middle of
// its words. An underline also crosses the feet of g and p, so words count, not
// letters.
func (p *pdfPage) mark() {
	if len(p.shades) == 0 && len(p.rules.across) == 0 {
		return
	}
	words, fields := runs(p.tokens)
	p.tokens = fields
	for _, w := range words {
		for _, t := range w.tokens {
			for _, s := range p.shades {
				t.style.highlight = t.style.highlight || s.holds(t.cx(), t.cy())
			}
			for _, h := range p.rules.across {
				through := h.at > w.y0+0.25*w.h() && h.at < w.y1-0.25*w.h()
				t.style.strike = t.style.strike || through && h.from <= t.cx() && h.to >= t.cx()
			}
			p.tokens = append(p.tokens, t)
		}
	}
}
