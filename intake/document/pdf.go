package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/structs"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
)

// pdfEngine is PDFium in WebAssembly: a memory error in it stays in its own
// memory. Each document gets an instance of its own.
type pdfEngine struct{ pool pdfium.Pool }

// engine starts the engine on the first PDF.
func (r *reader) engine() error {
	if r.pdf != nil {
		return nil
	}
	// 4096 pages of 64 KB; CloseOnContextDone is what lets Kill stop a call.
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(4096).WithCloseOnContextDone(true)
	if r.cache != "" {
		cache, err := wazero.NewCompilationCacheWithDir(r.cache)
		if err != nil {
			return fmt.Errorf("open the PDF engine's cache: %w", err)
		}
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxIdle: 1, MaxTotal: 1,
		FSConfig:      wazero.NewFSConfig(), // the default would show it the whole disk
		RuntimeConfig: config,
		Stdout:        discard{}, Stderr: discard{},
	})
	if err != nil {
		return fmt.Errorf("start the PDF engine: %w", err)
	}
	r.pdf = &pdfEngine{pool}
	return nil
}

// discard keeps the engine's messages out of the child's answer.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func (e *pdfEngine) close() { _ = e.pool.Close() }

// pdfFile is an open PDF.
type pdfFile struct {
	pdf   pdfium.Pdfium
	doc   references.FPDF_DOCUMENT
	form  references.FPDF_FORMHANDLE
	pages int
	done  chan struct{}
}

func (r *reader) openPDF(ctx context.Context, data []byte) (*pdfFile, error) {
	if err := r.engine(); err != nil {
		return nil, err
	}
	pdf, err := r.pdf.pool.GetInstance(10 * time.Second)
	if err != nil {
		return nil, fmt.Errorf("start the PDF engine: %w", err)
	}
	f := &pdfFile{pdf: pdf, done: make(chan struct{})}
	go func() {
		select {
		case <-ctx.Done():
			_ = pdf.Kill()
		case <-f.done:
		}
	}()
	d, err := pdf.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		f.close()
		if errors.Is(err, pdfiumerrors.ErrPassword) || errors.Is(err, pdfiumerrors.ErrSecurity) {
			return nil, errLocked
		}
		return nil, unreadable("The PDF is damaged and could not be opened.")
	}
	f.doc = d.Document
	n, err := pdf.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: f.doc})
	if err != nil {
		f.close()
		return nil, err
	}
	f.pages = n.PageCount
	return f, nil
}

func (f *pdfFile) close() {
	close(f.done)
	_ = f.pdf.Close()
}

// startForm makes the form's fields known to the engine. No script of the form
// ever runs: the engine is built without any.
func (f *pdfFile) startForm() error {
	env, err := f.pdf.FPDFDOC_InitFormFillEnvironment(&requests.FPDFDOC_InitFormFillEnvironment{
		Document: f.doc,
		FormFillInfo: structs.FPDF_FORMFILLINFO{ // required, and of no use when nothing is shown
			FFI_Invalidate:         func(references.FPDF_PAGE, float64, float64, float64, float64) {},
			FFI_SetCursor:          func(enums.FXCT) {},
			FFI_SetTimer:           func(int, func(int)) int { return 0 },
			FFI_KillTimer:          func(int) {},
			FFI_GetLocalTime:       func() structs.FPDF_SYSTEMTIME { return structs.FPDF_SYSTEMTIME{} },
			FFI_GetPage:            func(references.FPDF_DOCUMENT, int) *references.FPDF_PAGE { return nil },
			FFI_GetRotation:        func(references.FPDF_PAGE) enums.FPDF_PAGE_ROTATION { return enums.FPDF_PAGE_ROTATION_NONE },
			FFI_ExecuteNamedAction: func(string) {},
		},
	})
	if err != nil {
		return err
	}
	f.form = env.FormHandle
	return nil
}

// readPDF reads the pages' text, tables and form fields.
func (r *reader) readPDF(ctx context.Context, file File, d *Document, depth int) error {
	warnActions(file.Data, d)
	f, err := r.openPDF(ctx, file.Data)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.startForm(); err != nil {
		return err
	}
	d.Pages = f.pages
	nodes, pictures, err := f.readPages(ctx, min(f.pages, r.limits.Pages))
	if f.pages > r.limits.Pages && err == nil {
		err = tooLarge(fmt.Sprintf("It has %d pages; only the first %d were read.", f.pages, r.limits.Pages))
	}
	if xfa := r.xfa(ctx, f, nodes); xfa != nil {
		nodes = xfa
		pictures = nil
	}
	if !d.setFlow(nodes, r.limits.TextBytes) && err == nil {
		err = tooLarge("It is too long; only its beginning was read.")
	}
	if err == nil {
		r.attachments(ctx, f, d, depth)
		err = scanned(d, pictures)
	}
	return err
}

// scanned tells a person which pages only a person can read.
func scanned(d *Document, pictures []int) error {
	if len(pictures) == 0 {
		return nil
	}
	if strings.TrimSpace(d.Text) == "" || len(pictures) == d.Pages {
		return &fault{NeedsHands, "It is a scan: somebody must look at it."}
	}
	names := make([]string, len(pictures))
	for i, p := range pictures {
		names[i] = strconv.Itoa(p)
	}
	d.warn("Only pictures on page " + strings.Join(names, ", ") + ": somebody must look at them.")
	return nil
}

func (f *pdfFile) readPages(ctx context.Context, n int) (nodes []node, pictures []int, err error) {
	var pages []*pdfPage
	var all []token
	for i := range n {
		if err = ctx.Err(); err != nil {
			break
		}
		p, damaged := f.page(i)
		if damaged != nil {
			err = unreadable(fmt.Sprintf("Page %d is damaged and could not be read.", i+1))
			break
		}
		if p.onlyPicture() {
			pictures = append(pictures, i+1)
		}
		pages = append(pages, p)
		all = append(all, p.tokens...)
	}
	usual := usualHeight(all)
	for _, p := range pages {
		nodes = append(nodes, p.nodes(usual)...)
	}
	return nodes, pictures, err
}

// warnActions looks for what a PDF may want to do when opened; nothing of it
// happens here, but the team may open the file itself.
func warnActions(b []byte, d *Document) {
	for _, key := range []string{"/JavaScript", "/Launch", "/RichMedia"} {
		if bytes.Contains(b, []byte(key)) {
			d.warn("It holds scripts or actions. They were not run.")
			return
		}
	}
}

// attachments reads files embedded in the PDF, as a portfolio has them.
func (r *reader) attachments(ctx context.Context, f *pdfFile, d *Document, depth int) {
	if depth >= r.limits.Depth {
		return
	}
	count, err := f.pdf.FPDFDoc_GetAttachmentCount(&requests.FPDFDoc_GetAttachmentCount{Document: f.doc})
	if err != nil || count.AttachmentCount == 0 || count.AttachmentCount > 20 {
		return
	}
	all, err := f.pdf.GetAttachments(&requests.GetAttachments{Document: f.doc})
	if err != nil {
		d.warn("It holds attached files that could not be read.")
		return
	}
	for i, a := range all.Attachments {
		if r.unpacked += int64(len(a.Content)); r.unpacked > r.limits.Unpacked {
			d.warn("It holds more attached files than are read.")
			return
		}
		m := File{Part: d.Part + "/" + strconv.Itoa(i+1), Name: a.Name, Data: a.Content}
		d.Members = append(d.Members, r.open(ctx, m, depth+1))
	}
}
