package document

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/klippa-app/go-pdfium/requests"
	"github.com/landlock-lsm/go-landlock/landlock"
)

// scanPages bounds how many pages of a scan are read: each costs two seconds.
const scanPages = 6

// recognise reads a scan or photograph as well as a machine can. What it finds
// is a proposal: the document still needs a person, who sees the picture
// beside it. Any failure leaves the document as it was.
func (s *Sandbox) recognise(ctx context.Context, f File, d *Document) {
	if s.Recogniser == "" || d.Text != "" {
		return
	}
	switch {
	case d.Type == typePDF, d.Type == typeDOCX, d.Type == typeODT, strings.HasPrefix(d.Type, "image/"):
	default:
		return
	}
	pages, err := s.scan(ctx, f, 0)
	if err != nil && len(pages) == 0 {
		return
	}
	var nodes []node
	for i := range pages {
		words := s.words(ctx, f, i, pages)
		nodes = append(nodes, pages[i].nodes(words)...)
	}
	if len(nodes) == 0 {
		return
	}
	d.setFlow(nodes, s.Limits.TextBytes)
	d.Why = "It is a picture. What a machine could read of it is below: check it against the picture."
}

// words reads page i. If it makes no sense, all pages are turned as this one
// seems to lie, and it is read again.
func (s *Sandbox) words(ctx context.Context, f File, i int, pages []*scanPage) []scanWord {
	words, err := s.read(ctx, pages[i], modeForm)
	if err != nil || sense(words) >= 60 {
		return words
	}
	degrees, err := s.lies(ctx, pages[i])
	if err != nil || degrees == 0 {
		return words
	}
	turned, err := s.scan(ctx, f, degrees)
	if err != nil || len(turned) != len(pages) {
		return words
	}
	again, err := s.read(ctx, turned[i], modeForm)
	if err != nil || sense(again) <= sense(words) {
		return words
	}
	copy(pages[i:], turned[i:])
	return again
}

// scan lets a child clean the pages of a file.
func (s *Sandbox) scan(ctx context.Context, f File, turn int) ([]*scanPage, error) {
	if err := s.ready(ctx, []File{f}); err != nil {
		return nil, err
	}
	c, err := s.start(ctx, request{Op: opScan, Cache: s.cache, Limits: s.Limits, Max: scanPages, Turn: turn, files: []File{f}})
	if err != nil {
		return nil, err
	}
	var pages []*scanPage
	for range scanPages {
		p, err := c.scanned()
		if err != nil {
			break
		}
		pages = append(pages, p)
	}
	return pages, c.end()
}

func (c *child) scanned() (*scanPage, error) {
	p := &scanPage{}
	if err := c.out.json(p); err != nil {
		return nil, err
	}
	pix, err := c.out.next()
	if err != nil {
		return nil, err
	}
	if p.Width < 1 || p.Height < 1 || p.Width > 4000 || p.Height > 4000 || len(pix) != p.Width*p.Height {
		return nil, errors.New("a page's picture is not as large as it says")
	}
	p.pix = pix
	return p, nil
}

func sendScan(w io.Writer, p *scanPage) error {
	if err := writeJSON(w, p); err != nil {
		return err
	}
	return writeFrame(w, p.pix)
}

// scans is the child's part of scan.
func (r *reader) scans(ctx context.Context, f File, req request, send func(*scanPage) error) error {
	one := func(b []byte, n int) error {
		img, err := decodePicture(b)
		if err != nil {
			return err
		}
		return send(prepare(straight(img, req.Turn), n))
	}
	switch kind := sniff(f); {
	case strings.HasPrefix(kind, "image/"):
		return one(f.Data, 1)
	case kind == typeDOCX, kind == typeODT:
		return r.scanMedia(ctx, f, req.Max, one)
	case kind == typePDF:
		return r.scanPDF(ctx, f, req, send)
	}
	return nil
}

func straight(img image.Image, degrees int) image.Image {
	if degrees == 0 {
		return img
	}
	return turned(img, degrees)
}

func (r *reader) scanMedia(ctx context.Context, f File, most int, one func([]byte, int) error) error {
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil {
		return err
	}
	return r.media(ctx, z, most, one)
}

func (r *reader) scanPDF(ctx context.Context, f File, req request, send func(*scanPage) error) error {
	pdf, err := r.openPDF(ctx, f.Data)
	if err != nil {
		return err
	}
	defer pdf.close()
	for i := range min(pdf.pages, req.Max) {
		img, err := pdf.raster(i)
		if err != nil {
			return err
		}
		if err := send(prepare(straight(img, req.Turn), i+1)); err != nil {
			return err
		}
	}
	return nil
}

// raster gives a page as a picture at scanDPI.
func (f *pdfFile) raster(i int) (image.Image, error) {
	loaded, err := f.pdf.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: f.doc, Index: i})
	if err != nil {
		return nil, err
	}
	defer f.pdf.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page})
	ref := requests.Page{ByReference: &loaded.Page}
	if img := f.scan(ref); img != nil {
		return img, nil
	}
	drawn, err := f.pdf.RenderPageInPixels(&requests.RenderPageInPixels{Page: ref, Width: 1700, Height: 2400})
	if err != nil {
		return nil, err
	}
	defer drawn.Cleanup()
	own := image.NewRGBA(drawn.Result.Image.Rect)
	copy(own.Pix, drawn.Result.Image.Pix) // the engine takes its memory back
	return own, nil
}

// becomeRecogniser turns the confined child into tesseract, which reads the
// page from the rest of standard input.
func becomeRecogniser(req request) int {
	args := []string{"tesseract", "stdin", "stdout", "--psm", strconv.Itoa(req.Mode), "--dpi", strconv.Itoa(scanDPI)}
	if req.Mode == modeLies {
		args = append(args, "-l", "osd")
	} else {
		args = append(args, "-l", "eng", "tsv")
	}
	_ = syscall.Exec(req.Tool, args, []string{"OMP_THREAD_LIMIT=1", "PATH=/usr/bin"})
	return exitBroken
}

// recogniserFiles are all that tesseract may read.
func recogniserFiles(tool string) []landlock.Rule {
	dirs := []string{"/usr/lib", "/lib", "/lib64", "/usr/share/tesseract-ocr", "/usr/share/tessdata"}
	var have []string
	for _, d := range dirs {
		if _, err := os.Stat(d); err == nil {
			have = append(have, d)
		}
	}
	return []landlock.Rule{
		landlock.RODirs(have...),
		landlock.ROFiles(tool, "/etc/ld.so.cache", "/dev/null").IgnoreIfMissing(),
	}
}

// How tesseract looks at a page: only how it lies; as one block of text.
const (
	modeLies = 0
	modeForm = 6
)

// ask runs tesseract on a page.
func (s *Sandbox) ask(ctx context.Context, p *scanPage, mode int) ([]byte, error) {
	page := append(fmt.Appendf(nil, "P5\n%d %d\n255\n", p.Width, p.Height), p.pix...)
	c, err := s.start(ctx, request{Op: opRead, Tool: s.Recogniser, Mode: mode, last: page})
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(io.LimitReader(c.out.in, 8<<20))
	return out, errors.Join(err, c.end())
}

// lies tells by how many degrees clockwise a page must be turned.
func (s *Sandbox) lies(ctx context.Context, p *scanPage) (int, error) {
	out, err := s.ask(ctx, p, modeLies)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(out)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "Rotate: "); ok {
			if n, err := strconv.Atoi(v); err == nil && n%90 == 0 && n >= 0 && n < 360 {
				return n, nil
			}
		}
	}
	return 0, nil
}

// scanWord is a word as tesseract read it.
type scanWord struct {
	x0, y0, x1, y1 int
	text           string
	sure           float64 // of 100
}

func (s *Sandbox) read(ctx context.Context, p *scanPage, mode int) ([]scanWord, error) {
	out, err := s.ask(ctx, p, mode)
	if err != nil {
		return nil, err
	}
	var words []scanWord
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && len(words) < 20_000 {
		f := strings.Split(lines.Text(), "\t")
		if len(f) < 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(f[6+i])
		}
		sure, _ := strconv.ParseFloat(f[10], 64)
		// Strokes at a word's end are what is left of a line.
		if text := strings.Trim(f[11], "_|~= "); text != "" {
			words = append(words, scanWord{n[0], n[1], n[0] + n[2], n[1] + n[3], text, sure})
		}
	}
	return words, lines.Err()
}

// sense is how sure tesseract is of the longer words; nonsense comes in short
// ones.
func sense(words []scanWord) float64 {
	sum, n := 0.0, 0
	for _, w := range words {
		if len(w.text) >= 4 {
			sum += w.sure
			n++
		}
	}
	if n < 8 {
		return 0
	}
	return sum / float64(n)
}

// nodes lays a recognised page out as a printed one: by its lines and places.
func (p *scanPage) nodes(words []scanWord) []node {
	page := &pdfPage{scanned: true, number: p.Number, width: points(p.Width), height: points(p.Height)}
	for i, w := range words {
		page.tokens = append(page.tokens, token{
			rect: rect{points(w.x0), points(w.y0), points(w.x1), points(w.y1)},
			text: w.text, seq: 4 * i, space: true,
		})
	}
	for _, b := range p.Boxes {
		page.tokens = append(page.tokens, token{rect: rect{b.X0, b.Y0, b.X1, b.Y1}, text: glyph(b.Checked), seq: -1})
	}
	for _, l := range p.Across {
		page.rules.across = append(page.rules.across, scanRule(l))
	}
	for _, l := range p.Down {
		page.rules.down = append(page.rules.down, scanRule(l))
	}
	nodes := page.nodes(1000) // no line is larger: sizes of a scan say nothing
	setOrigin(nodes, "ocr")
	return nodes
}

func scanRule(l scanLine) line { return line{l.At, l.From, l.To} }

func setOrigin(nodes []node, origin string) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *para:
			n.origin = origin
		case *grid:
			n.origin = origin
			for _, r := range n.rows {
				for _, c := range r.cells {
					setOrigin(c.nodes, origin)
				}
			}
		}
	}
}
