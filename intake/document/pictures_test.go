package document

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	_ "image/png"
	"testing"
	"time"
)

func TestPagesAreDrawn(t *testing.T) {
	t.Parallel()
	pictures, err := sandbox(t).Pictures(t.Context(), sample(t, "referral-A-acroform-badnames.pdf"), 5)
	if err != nil {
		t.Fatal(err)
	}
	if len(pictures) != 2 {
		t.Fatalf("%d pictures of two pages", len(pictures))
	}
	for i, p := range pictures {
		img, kind, err := image.Decode(bytes.NewReader(p.Data))
		if err != nil {
			t.Fatal(err)
		}
		if "image/"+kind != p.Type || p.Page != i+1 || img.Bounds().Dx() != p.Width || p.Height < p.Width {
			t.Errorf("picture %d: page %d, %s labelled %s, %v", i, p.Page, kind, p.Type, img.Bounds())
		}
	}
}

func TestNoPicturesOfText(t *testing.T) {
	t.Parallel()
	pictures, err := sandbox(t).Pictures(t.Context(), File{Name: "a.txt", Data: []byte("words")}, 5)
	if err != nil || len(pictures) != 0 {
		t.Errorf("%d pictures, %v", len(pictures), err)
	}
}

func TestBombOfAPictureHarmsNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds of CPU")
	}
	t.Parallel()
	s := sandbox(t)
	s.CPU = 4 * time.Second
	pictures, err := s.Pictures(t.Context(), sample(t, "hostile/pdf-imagebomb-60000px.pdf"), 2)
	if err == nil && len(pictures) == 0 {
		t.Error("neither a picture nor a reason")
	}
}

// photograph is a picture whose upper left quarter is red.
func photograph(t *testing.T, orientation byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for y := range 20 {
		for x := range 40 {
			c := color.RGBA{255, 255, 255, 255}
			if x < 20 && y < 10 {
				c = color.RGBA{255, 0, 0, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00\x00\x00\x00\x00")
	head := append([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0, byte(len(exif) + 2)}, exif...)
	return append(head, b.Bytes()[2:]...)
}

func TestPhotographsStandUpright(t *testing.T) {
	t.Parallel()
	for orientation, red := range map[byte]image.Point{
		1: {5, 5}, 3: {35, 15}, 6: {15, 5}, 8: {5, 35},
	} {
		img, err := decodePicture(photograph(t, orientation))
		if err != nil {
			t.Fatal(err)
		}
		if r, g, _, _ := img.At(red.X, red.Y).RGBA(); r < 0xB000 || g > 0x5000 {
			t.Errorf("orientation %d: the red quarter is not at %v of %v", orientation, red, img.Bounds())
		}
	}
}
