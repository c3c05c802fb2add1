package letters

import (
	"bytes"
	"embed"
	"io/fs"

	"codeberg.org/go-pdf/fpdf"
)

// The pictures of Easy Read pages, one a name (pictures/LICENSE.txt). They
// stand beside words that say the same, so they are artifacts to a screen
// reader.
//
//go:embed pictures/*.png
var pictures embed.FS

// pictureSide is how large a picture is, in millimetres: as large as the slot
// beside the words bears.
const pictureSide = 22.0

// hasPicture says whether there is a picture of this name.
func hasPicture(name string) bool {
	_, err := fs.Stat(pictures, "pictures/"+name+".png")
	return err == nil
}

// picture draws a picture in the slot on the left, and remembers how far down
// it goes: the next one begins below. A name without a picture leaves the slot
// empty.
func (s *sheet) picture(name string) {
	if name == "" || !hasPicture(name) {
		return
	}
	s.below()
	s.room(pictureSide + 2)
	y := s.pdf.GetY()
	raw, err := fs.ReadFile(pictures, "pictures/"+name+".png")
	if err != nil {
		return
	}
	opt := fpdf.ImageOptions{ImageType: "PNG"}
	s.pdf.RegisterImageOptionsReader(name, opt, bytes.NewReader(raw))
	s.artifact(func() { s.pdf.ImageOptions(name, left+2, y, pictureSide, pictureSide, false, opt, 0, "") })
	s.pictured = foot{s.pdf.PageNo(), y + pictureSide + 3}
	s.pdf.SetXY(left, y)
}

// foot is how far down a picture goes.
type foot struct {
	page int
	y    float64
}

// below moves down past the last picture.
func (s *sheet) below() {
	if s.pictured.page == s.pdf.PageNo() && s.pdf.GetY() < s.pictured.y {
		s.pdf.SetXY(left, s.pictured.y)
	}
	s.pictured = foot{}
}
