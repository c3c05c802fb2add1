package document

import "image"

// scanPage is a scanned page as the text recogniser gets it: upright, without ruling lines
// and boxes, which are kept apart. Places are in points at scanDPI.
type scanPage struct {
	Number        int
	Width, Height int // of the picture, in pixels
	Across, Down  []scanLine
	Boxes         []scanBox

	pix []uint8 // one byte a pixel; travels as a frame of its own
}

type scanLine struct{ At, From, To float64 }

type scanBox struct {
	X0, Y0, X1, Y1 float64
	Checked        bool
}

// darkInside parts a ticked box from an empty one.
const darkInside = 0.05

// scanDPI is what a page of A4 with 1654 pixels has; the sizes below fit it.
const scanDPI = 200

// prepare cleans one page: taking the lines out is the greatest gain there is
// in reading a form, since a letter that touches one is misread.
func prepare(img image.Image, number int) *scanPage {
	g := grayOf(shrunk(img, 2800))
	ink := g.ink(letterInk)
	if a := skew(ink, g.w, g.h); a > 0.05 || a < -0.05 {
		g = g.rotated(a)
		ink = g.ink(letterInk)
	}
	p := &scanPage{Number: number, Width: g.w, Height: g.h}
	for _, b := range findBoxes(ink, g.ink(faintInk), g.ink(traceInk), g.w, g.h) {
		p.Boxes = append(p.Boxes, scanBox{points(b.x0), points(b.y0), points(b.x1), points(b.y1), b.fill > darkInside})
		b.erase(g) // before lines are sought: its sides are none
	}
	ink = g.ink(faintInk)
	across, down := runsOfInk(ink, g.w, g.h)
	p.Across, p.Down = join(across), join(down)
	mask := make([]bool, len(ink))
	for _, l := range append(across, down...) {
		l.paint(mask, g.w, g.h)
	}
	g.erase(mask, ink)
	p.pix = g.pix
	return p
}

// erase takes the lines out, but not where a letter crosses one: there ink goes
// on above and below, or left and right.
func (g *gray) erase(mask, ink []bool) {
	const beyond = 4
	for y := range g.h {
		for x := range g.w {
			i := y*g.w + x
			if !mask[i] {
				continue
			}
			if y >= beyond && y < g.h-beyond && ink[i-beyond*g.w] && ink[i+beyond*g.w] && !mask[i-beyond*g.w] && !mask[i+beyond*g.w] {
				continue
			}
			if x >= beyond && x < g.w-beyond && ink[i-beyond] && ink[i+beyond] && !mask[i-beyond] && !mask[i+beyond] {
				continue
			}
			g.pix[i] = 255
		}
	}
}

func points(px int) float64 { return float64(px) * 72 / scanDPI }

// inkRun is a straight stretch of ink, one pixel wide.
type inkRun struct {
	across   bool
	at       int
	from, to int
}

// paint marks the run and its neighbours; two pixels would eat letters.
func (r inkRun) paint(mask []bool, w, h int) {
	for k := r.from; k <= r.to; k++ {
		for d := -1; d <= 1; d++ {
			x, y := k, r.at+d
			if !r.across {
				x, y = r.at+d, k
			}
			if x >= 0 && y >= 0 && x < w && y < h {
				mask[y*w+x] = true
			}
		}
	}
}

// runsOfInk finds stretches too long and straight to be letters.
func runsOfInk(ink []bool, w, h int) (across, down []inkRun) {
	for y := range h {
		across = append(across, runsAlong(w, w/14, y, true, func(x int) bool { return ink[y*w+x] })...)
	}
	ends := make([]bool, len(ink))
	for _, r := range across {
		r.paint(ends, w, h)
		inkRun{true, r.at - 3, r.from, r.to}.paint(ends, w, h)
		inkRun{true, r.at + 3, r.from, r.to}.paint(ends, w, h)
	}
	for x := range w {
		for _, r := range runsAlong(h, max(30, h*145/10000), x, false, func(y int) bool { return ink[y*w+x] }) {
			// A short one is a cell's side only if it ends at lines; else it
			// is a capital letter of a title.
			if r.to-r.from > h/33 || ends[r.from*w+x] && ends[r.to*w+x] {
				down = append(down, r)
			}
		}
	}
	return across, down
}

func runsAlong(n, least, at int, across bool, dark func(int) bool) (out []inkRun) {
	const gap = 3
	start, last := -1, -1
	flush := func() {
		if start >= 0 && last-start+1 >= least {
			out = append(out, inkRun{across, at, start, last})
		}
	}
	for i := range n {
		if !dark(i) {
			continue
		}
		if start < 0 || i-last > gap+1 {
			flush()
			start = i
		}
		last = i
	}
	flush()
	return out
}

// join makes ruling lines of the runs: those side by side are one thick line,
// those in a row one faint line.
func join(runs []inkRun) []scanLine {
	var lines []inkRun
	for _, r := range runs {
		joined := false
		for i := len(lines) - 1; i >= 0 && i >= len(lines)-400; i-- {
			l := &lines[i]
			if r.at-l.at <= 6 && r.from <= l.to+25 && r.to >= l.from-25 {
				l.from, l.to, l.at = min(l.from, r.from), max(l.to, r.to), (l.at+r.at+1)/2
				joined = true
				break
			}
		}
		if !joined && len(lines) < 5000 {
			lines = append(lines, r)
		}
	}
	out := make([]scanLine, 0, len(lines))
	for _, l := range lines {
		out = append(out, scanLine{points(l.at), points(l.from) - 2, points(l.to) + 2})
	}
	return out
}

// drawnBox is a drawn check box and how much of it is dark inside.
type drawnBox struct {
	x0, y0, x1, y1 int
	fill           float64
}

// findBoxes finds check boxes: a square of ink (with or without a cross in it),
// or a white square in a frame that touches something else. Crosses are often
// fainter than letters, so a trace of ink tells whether a box is ticked.
func findBoxes(ink, faint, trace []bool, w, h int) (out []drawnBox) {
	size := w / 60
	add := func(ink []bool, b drawnBox) {
		if !b.square(size) || !b.framed(ink, w, h) {
			return // O, D and B have round corners
		}
		for _, o := range out {
			if b.x0 <= o.x1 && b.x1 >= o.x0 && b.y0 <= o.y1 && b.y1 >= o.y0 {
				return
			}
		}
		b.fill = b.darkness(trace, w)
		out = append(out, b)
	}
	for _, level := range [][]bool{ink, faint} {
		regions(level, w, true, func(b drawnBox, n int) { add(level, b) })
		regions(level, w, false, func(b drawnBox, n int) {
			if 100*n > 85*(b.x1-b.x0+1)*(b.y1-b.y0+1) {
				add(level, drawnBox{x0: b.x0 - 2, y0: b.y0 - 2, x1: b.x1 + 2, y1: b.y1 + 2})
			}
		})
	}
	return out
}

// regions calls found with the bounds and size of each connected region of ink, or of paper.
func regions(ink []bool, w int, dark bool, found func(b drawnBox, size int)) {
	seen := make([]bool, len(ink))
	var stack []int
	for start := range ink {
		if ink[start] != dark || seen[start] {
			continue
		}
		b := drawnBox{x0: w, y0: len(ink), x1: -1, y1: -1}
		stack = append(stack[:0], start)
		seen[start] = true
		n := 0
		for ; len(stack) > 0; n++ {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := p%w, p/w
			b.x0, b.x1, b.y0, b.y1 = min(b.x0, x), max(b.x1, x), min(b.y0, y), max(b.y1, y)
			for _, q := range [4]int{p - 1, p + 1, p - w, p + w} {
				if q < 0 || q >= len(ink) || q == p-1 && x == 0 || q == p+1 && x == w-1 || ink[q] != dark || seen[q] {
					continue
				}
				seen[q] = true
				stack = append(stack, q)
			}
		}
		found(b, n)
	}
}

func (b drawnBox) square(size int) bool {
	w, h := b.x1-b.x0+1, b.y1-b.y0+1
	return 10*w >= 7*size && 2*w <= 3*size && 10*h >= 7*size && 2*h <= 3*size && 100*w >= 86*h && 100*h >= 86*w
}

// framed checks that ink stands along all four sides.
func (b drawnBox) framed(ink []bool, w, h int) bool {
	if b.x0 < 0 || b.y0 < 0 || b.x1 >= w || b.y1 >= h {
		return false
	}
	dark := func(x, y int) int {
		if ink[y*w+x] {
			return 1
		}
		return 0
	}
	corner := func(x, y, dx, dy int) bool {
		return dark(x, y)+dark(x+dx, y)+dark(x, y+dy)+dark(x+dx, y+dy) >= 2
	}
	if !corner(b.x0, b.y0, 1, 1) || !corner(b.x1, b.y0, -1, 1) || !corner(b.x0, b.y1, 1, -1) || !corner(b.x1, b.y1, -1, -1) {
		return false
	}
	var top, bottom, left, right int
	for x := b.x0; x <= b.x1; x++ {
		top += max(dark(x, b.y0), dark(x, b.y0+1))
		bottom += max(dark(x, b.y1), dark(x, b.y1-1))
	}
	for y := b.y0; y <= b.y1; y++ {
		left += max(dark(b.x0, y), dark(b.x0+1, y))
		right += max(dark(b.x1, y), dark(b.x1-1, y))
	}
	wide, high := b.x1-b.x0+1, b.y1-b.y0+1
	return 100*min(top, bottom) >= 88*wide && 100*min(left, right) >= 88*high
}

// darkness is how much of the box's inside is ink.
func (b drawnBox) darkness(ink []bool, w int) float64 {
	dx, dy := (b.x1-b.x0)/4+1, (b.y1-b.y0)/4+1
	all, dark := 0, 0
	for y := b.y0 + dy; y <= b.y1-dy; y++ {
		for x := b.x0 + dx; x <= b.x1-dx; x++ {
			all++
			if ink[y*w+x] {
				dark++
			}
		}
	}
	return float64(dark) / float64(max(1, all))
}

func (b drawnBox) erase(g *gray) {
	for y := max(0, b.y0-2); y <= min(g.h-1, b.y1+2); y++ {
		for x := max(0, b.x0-2); x <= min(g.w-1, b.x1+2); x++ {
			g.pix[y*g.w+x] = 255
		}
	}
}
