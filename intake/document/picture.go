package document

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"

	_ "github.com/gen2brain/heic" // build with -tags nodynamic to keep the program static
)

// maxPixels bounds what a picture may unpack to: 50 megapixels are a good
// camera's.
const maxPixels = 50_000_000

var errNoPicture = errors.New("no picture that this program can show")

// decodePicture reads a photograph and turns it upright.
func decodePicture(b []byte) (image.Image, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil, errNoPicture
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height {
		return nil, fmt.Errorf("a picture of %d by %d: %w", c.Width, c.Height, errNoPicture)
	}
	img, kind, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("decode picture: %w", err)
	}
	if kind == "jpeg" {
		return upright(img, orientation(b)), nil
	}
	return img, nil
}

// orientation finds how the camera was held (EXIF tag 0x0112), 1 for upright.
func orientation(b []byte) int {
	for at := 2; at+4 < len(b) && b[at] == 0xFF; {
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if b[at+1] == 0xE1 && at+2+n <= len(b) && n > 16 && string(b[at+4:at+10]) == "Exif\x00\x00" {
			return exifOrientation(b[at+10 : at+2+n])
		}
		if b[at+1] == 0xDA || n < 2 {
			break
		}
		at += 2 + n
	}
	return 1
}

func exifOrientation(tiff []byte) int {
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int(order.Uint32(tiff[4:]))
	if at < 8 || at+2 > len(tiff) {
		return 1
	}
	for i := range int(order.Uint16(tiff[at:])) {
		e := at + 2 + 12*i
		if e+12 > len(tiff) {
			break
		}
		if order.Uint16(tiff[e:]) == 0x0112 {
			return int(order.Uint16(tiff[e+8:]))
		}
	}
	return 1
}

// upright turns a picture as its orientation asks; mirrored ones (2, 4, 5, 7)
// come from no camera and are only turned.
func upright(img image.Image, orientation int) image.Image {
	switch orientation {
	case 3, 4:
		return turned(img, 180)
	case 5, 6:
		return turned(img, 90)
	case 7, 8:
		return turned(img, 270)
	}
	return img
}

// turned turns a picture clockwise by 90, 180 or 270 degrees.
func turned(img image.Image, degrees int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if degrees != 180 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	src := asRGBA(img)
	for y := range h {
		for x := range w {
			var sx, sy int
			switch degrees {
			case 90:
				sx, sy = y, b.Dy()-1-x
			case 270:
				sx, sy = b.Dx()-1-y, x
			default:
				sx, sy = b.Dx()-1-x, b.Dy()-1-y
			}
			*(*[4]byte)(out.Pix[y*out.Stride+4*x:]) = *(*[4]byte)(src.Pix[sy*src.Stride+4*sx:])
		}
	}
	return out
}

func asRGBA(img image.Image) *image.RGBA {
	if r, ok := img.(*image.RGBA); ok && r.Rect.Min == (image.Point{}) {
		return r
	}
	b := img.Bounds()
	r := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(r, r.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(r, r.Bounds(), img, b.Min, draw.Over)
	return r
}

// shrunk makes a picture fit into a square of most pixels, by averaging.
func shrunk(img image.Image, most int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w <= most && h <= most {
		return img
	}
	scale := float64(most) / float64(max(w, h))
	nw, nh := max(1, int(float64(w)*scale)), max(1, int(float64(h)*scale))
	src, out := asRGBA(img), image.NewRGBA(image.Rect(0, 0, nw, nh))
	for y := range nh {
		y0, y1 := y*h/nh, max(y*h/nh+1, (y+1)*h/nh)
		for x := range nw {
			x0, x1 := x*w/nw, max(x*w/nw+1, (x+1)*w/nw)
			out.SetRGBA(x, y, average(src, x0, y0, x1, y1))
		}
	}
	return out
}

func average(src *image.RGBA, x0, y0, x1, y1 int) color.RGBA {
	var r, g, b, n int
	for y := y0; y < y1; y++ {
		row := src.Pix[y*src.Stride+4*x0 : y*src.Stride+4*x1]
		for i := 0; i < len(row); i += 4 {
			r, g, b, n = r+int(row[i]), g+int(row[i+1]), b+int(row[i+2]), n+1
		}
	}
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}
