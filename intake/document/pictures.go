package document

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"strings"

	"github.com/klippa-app/go-pdfium/enums"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

// Picture shows a page of a document, or a photograph, on the review screen.
type Picture struct {
	Page          int    // 1-based
	Type          string // image/png for printed pages, image/jpeg for photographs
	Width, Height int
	Data          []byte
}

// pictureSide is the longest side of a picture in pixels.
const pictureSide = 1400

// Pictures draws the first pages of a PDF, or makes photographs fit for the
// screen, in a child of its own. It gives what was drawn before a failure,
// beside the error; kinds of files that have no pages give none and no error.
func (s *Sandbox) Pictures(ctx context.Context, f File, most int) ([]Picture, error) {
	if err := s.ready(ctx, []File{f}); err != nil {
		return nil, err
	}
	c, err := s.start(ctx, request{Op: opPictures, Cache: s.cache, Limits: s.Limits, Max: most, files: []File{f}})
	if err != nil {
		return nil, err
	}
	var pictures []Picture
	for len(pictures) < most {
		p, err := c.picture()
		if err != nil {
			break
		}
		pictures = append(pictures, p)
	}
	late := c.late()
	if err := c.end(); err != nil && len(pictures) < most {
		return pictures, fmt.Errorf("draw pages: %w", stopped(late, err))
	}
	return pictures, nil
}

func (c *child) picture() (Picture, error) {
	var p Picture
	if err := c.out.json(&p); err != nil {
		return p, err
	}
	b, err := c.out.next()
	p.Data = b
	return p, err
}

// drawAll is the child's part: each picture leaves as soon as it is ready.
func (r *reader) drawAll(ctx context.Context, f File, most int, send func(Picture) error) error {
	switch kind := sniff(f); {
	case kind == typePDF:
		return r.drawPages(ctx, f, most, send)
	case strings.HasPrefix(kind, "image/"):
		return sendPhoto(f.Data, 1, send)
	case kind == typeDOCX, kind == typeODT:
		return r.drawMedia(ctx, f, most, send)
	}
	return nil
}

func sendPhoto(b []byte, page int, send func(Picture) error) error {
	img, err := decodePicture(b)
	if err != nil {
		return err
	}
	return send(photo(img, page))
}

func photo(img image.Image, page int) Picture {
	img = shrunk(img, pictureSide)
	var b bytes.Buffer
	_ = jpeg.Encode(&b, asRGBA(img), &jpeg.Options{Quality: 80}) // a buffer does not fail
	return Picture{Page: page, Type: "image/jpeg", Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), Data: b.Bytes()}
}

// drawMedia shows the pictures inside a document that has nothing else.
func (r *reader) drawMedia(ctx context.Context, f File, most int, send func(Picture) error) error {
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil {
		return err
	}
	return r.media(ctx, z, most, func(b []byte, n int) error { return sendPhoto(b, n, send) })
}

// media gives each picture in a document to one, which may refuse it.
func (r *reader) media(ctx context.Context, z *zip.Reader, most int, one func(b []byte, n int) error) error {
	n := 0
	for _, m := range z.File {
		if n >= most || !strings.HasPrefix(m.Name, "word/media/") && !strings.HasPrefix(m.Name, "Pictures/") {
			continue
		}
		b, err := r.unzip(ctx, m)
		if err != nil {
			return err
		}
		switch err := one(b, n+1); {
		case errors.Is(err, errNoPicture):
		case err != nil:
			return err
		default:
			n++
		}
	}
	return nil
}

func (r *reader) drawPages(ctx context.Context, f File, most int, send func(Picture) error) error {
	pdf, err := r.openPDF(ctx, f.Data)
	if err != nil {
		return err
	}
	defer pdf.close()
	for i := range min(pdf.pages, most) {
		p, err := pdf.draw(i)
		if err != nil {
			return err
		}
		if err := send(p); err != nil {
			return err
		}
	}
	return nil
}

// draw gives a scanned page as the picture it is, which costs a tenth of
// drawing it; other pages are drawn with what is typed in their fields.
func (f *pdfFile) draw(i int) (Picture, error) {
	loaded, err := f.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: i})
	if err != nil {
		return Picture{}, err
	}
	defer f.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page})
	ref := requests.Page{ByReference: &loaded.Page}
	if img := f.scan(ref); img != nil {
		return photo(img, i+1), nil
	}
	return f.print(ref, i)
}

func (f *pdfFile) print(ref requests.Page, i int) (Picture, error) {
	size, err := f.pdf.GetPageSize(&requests.GetPageSize{Page: ref})
	if err != nil {
		return Picture{}, err
	}
	scale := min(pictureSide/max(size.Width, size.Height, 1), 2.5)
	if math.IsNaN(scale) || size.Width*scale < 1 || size.Height*scale < 1 {
		return Picture{}, fmt.Errorf("a page of %v by %v points: %w", size.Width, size.Height, errNoPicture)
	}
	drawn, err := f.pdf.RenderPageInPixels(&requests.RenderPageInPixels{
		Page: ref, Width: int(size.Width * scale), Height: int(size.Height * scale), RenderForm: true, Document: &f.doc,
	})
	if err != nil {
		return Picture{}, err
	}
	defer drawn.Cleanup()
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, drawn.Result.Image); err != nil {
		return Picture{}, err
	}
	return Picture{Page: i + 1, Type: "image/png", Width: drawn.Result.Width, Height: drawn.Result.Height, Data: b.Bytes()}, nil
}

// scan returns the one photograph that a page consists of, nil when the page
// is anything else.
func (f *pdfFile) scan(ref requests.Page) image.Image {
	count, err := f.pdf.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil || count.Count == 0 || count.Count > 5 {
		return nil
	}
	var found references.FPDF_PAGEOBJECT
	for i := range count.Count {
		o, err := f.pdf.FPDFPage_GetObject(&requests.FPDFPage_GetObject{Page: ref, Index: i})
		if err != nil {
			return nil
		}
		kind, err := f.pdf.FPDFPageObj_GetType(&requests.FPDFPageObj_GetType{PageObject: o.PageObject})
		if err != nil || kind.Type == enums.FPDF_PAGEOBJ_TEXT || found != "" && kind.Type == enums.FPDF_PAGEOBJ_IMAGE {
			return nil
		}
		if kind.Type == enums.FPDF_PAGEOBJ_IMAGE {
			found = o.PageObject
		}
	}
	if found == "" {
		return nil
	}
	filters, err := f.pdf.FPDFImageObj_GetImageFilterCount(&requests.FPDFImageObj_GetImageFilterCount{ImageObject: found})
	if err != nil || filters.Count != 1 {
		return nil
	}
	filter, err := f.pdf.FPDFImageObj_GetImageFilter(&requests.FPDFImageObj_GetImageFilter{ImageObject: found, Index: 0})
	if err != nil || filter.ImageFilter != "DCTDecode" {
		return nil
	}
	raw, err := f.pdf.FPDFImageObj_GetImageDataRaw(&requests.FPDFImageObj_GetImageDataRaw{ImageObject: found})
	if err != nil {
		return nil
	}
	img, err := decodePicture(raw.Data)
	if err != nil {
		return nil
	}
	turn, err := f.pdf.FPDFPage_GetRotation(&requests.FPDFPage_GetRotation{Page: ref})
	if err == nil && turn.PageRotation > 0 {
		return turned(img, 90*int(turn.PageRotation))
	}
	return img
}

// sendPicture writes a picture as two frames.
func sendPicture(w io.Writer, p Picture) error {
	data := p.Data
	p.Data = nil
	if err := writeJSON(w, p); err != nil {
		return err
	}
	return writeFrame(w, data)
}
