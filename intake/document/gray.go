package document

import (
	"image"
	"image/color"
	"math"
)

// gray is a page as the text recogniser gets it.
type gray struct {
	w, h int
	pix  []uint8
}

func grayOf(img image.Image) *gray {
	b := img.Bounds()
	g := &gray{b.Dx(), b.Dy(), make([]uint8, b.Dx()*b.Dy())}
	if y, ok := img.(*image.YCbCr); ok {
		for j := range g.h {
			copy(g.pix[j*g.w:(j+1)*g.w], y.Y[y.YOffset(b.Min.X, b.Min.Y+j):])
		}
		return g
	}
	for j := range g.h {
		for i := range g.w {
			g.pix[j*g.w+i] = color.GrayModel.Convert(img.At(b.Min.X+i, b.Min.Y+j)).(color.Gray).Y
		}
	}
	return g
}

// rotated turns the page by a small angle in degrees, filling with white.
func (g *gray) rotated(degrees float64) *gray {
	s, c := math.Sincos(degrees * math.Pi / 180)
	out := &gray{g.w, g.h, make([]uint8, len(g.pix))}
	cx, cy := float64(g.w)/2, float64(g.h)/2
	for y := range g.h {
		for x := range g.w {
			fx := c*(float64(x)-cx) - s*(float64(y)-cy) + cx
			fy := s*(float64(x)-cx) + c*(float64(y)-cy) + cy
			ix, iy := int(fx), int(fy)
			if fx < 0 || fy < 0 || ix >= g.w-1 || iy >= g.h-1 {
				out.pix[y*g.w+x] = 255
				continue
			}
			a, b, p := fx-float64(ix), fy-float64(iy), iy*g.w+ix
			v := (1-a)*(1-b)*float64(g.pix[p]) + a*(1-b)*float64(g.pix[p+1]) +
				(1-a)*b*float64(g.pix[p+g.w]) + a*b*float64(g.pix[p+g.w+1])
			out.pix[y*g.w+x] = uint8(v)
		}
	}
	return out
}

// How dark ink is, in hundredths of its surroundings: printed lines are often
// fainter than letters.
const (
	letterInk = 82
	faintInk  = 90
	traceInk  = 96
)

// ink marks what is darker than its surroundings, which copes with shadows and
// folds.
func (g *gray) ink(level uint32) []bool {
	const radius = 20
	wide := g.w + 1
	sums := make([]uint32, wide*(g.h+1))
	for y := range g.h {
		var row uint32
		for x := range g.w {
			row += uint32(g.pix[y*g.w+x])
			sums[(y+1)*wide+x+1] = sums[y*wide+x+1] + row
		}
	}
	out := make([]bool, len(g.pix))
	for y := range g.h {
		y0, y1 := max(0, y-radius), min(g.h, y+radius+1)
		for x := range g.w {
			x0, x1 := max(0, x-radius), min(g.w, x+radius+1)
			sum := sums[y1*wide+x1] - sums[y0*wide+x1] - sums[y1*wide+x0] + sums[y0*wide+x0]
			out[y*g.w+x] = uint32(g.pix[y*g.w+x])*uint32((y1-y0)*(x1-x0))*100 < sum*level
		}
	}
	return out
}

// skew finds the angle at which the lines of text stand out most sharply.
func skew(ink []bool, w, h int) float64 {
	var dots [][2]float64
	for y := 0; y < h; y += 2 { // as wide as a row below, or some rows stay empty
		for x := 0; x < w; x += 4 {
			if ink[y*w+x] {
				dots = append(dots, [2]float64{float64(x), float64(y)})
			}
		}
	}
	sharp := func(angle float64) float64 {
		t := math.Tan(angle * math.Pi / 180)
		rows := make([]float64, h/2+w/4+200)
		for _, d := range dots {
			if k := int((d[1]-t*d[0])/2) + w/8 + 50; k >= 0 && k < len(rows) {
				rows[k]++
			}
		}
		sum := 0.0
		for i := 1; i < len(rows); i++ {
			sum += (rows[i] - rows[i-1]) * (rows[i] - rows[i-1])
		}
		return sum
	}
	best, angle := -1.0, 0.0
	try := func(a float64) {
		if s := sharp(a); s > best {
			best, angle = s, a
		}
	}
	for a := -4.0; a <= 4; a += 0.5 {
		try(a)
	}
	for middle, a := angle, angle-0.4; a <= middle+0.41; a += 0.1 {
		try(a)
	}
	return angle
}
