package document

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"path"
	"slices"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// Open reads the documents of one mail in this process. It gives one Document
// for each file, in order, whatever the files are. Untrusted files belong into
// Sandbox.Open, which runs this in a child process and keeps the compiled PDF
// engine: here the first PDF of a call costs five seconds.
func Open(ctx context.Context, files []File, limits Limits) []Document {
	r := &reader{limits: limits}
	defer r.close()
	docs := make([]Document, 0, len(files))
	for _, f := range files {
		docs = append(docs, r.open(ctx, f, 0))
	}
	return docs
}

func (r *reader) close() {
	if r.pdf != nil {
		r.pdf.close()
	}
}

// open reads one file; depth counts the archives around it.
func (r *reader) open(ctx context.Context, f File, depth int) (d Document) {
	d = Document{Part: f.Part, Name: f.Name, Size: len(f.Data), State: Read}
	defer func() {
		if p := recover(); p != nil {
			// One odd file must not take the mail's other documents with it.
			d.fail(&fault{Unreadable, "The file is damaged: reading it went wrong."})
			d.warn(fmt.Sprintf("reader stopped: %.80v", p))
		}
	}()
	r.documents++
	kind := sniff(f)
	d.Type = kind
	switch {
	case r.documents > r.limits.Documents:
		d.fail(&fault{TooLarge, "This mail holds more files than are read."})
	case int64(len(f.Data)) > r.limits.FileBytes:
		d.fail(&fault{TooLarge, "This file is larger than files that are read."})
	case len(bytes.TrimSpace(f.Data)) == 0:
		d.fail(&fault{Empty, "This file is empty."})
	default:
		d.fail(r.read(ctx, f, &d, depth))
	}
	if d.State == Read && d.Text == "" && len(d.Blocks) == 0 && len(d.Members) == 0 && len(d.Mails) == 0 {
		d.State, d.Why = Empty, "There is no text in this file."
	}
	return d
}

// fail notes why a file was not wholly read; what was read stays.
func (d *Document) fail(err error) {
	if err == nil {
		return
	}
	f := asFault(err)
	d.State, d.Why = f.state, f.why
}

func (d *Document) warn(s string) {
	if len(d.Warnings) < 20 && !slices.Contains(d.Warnings, s) {
		d.Warnings = append(d.Warnings, s)
	}
}

// Media types that mimetype does not tell apart as finely as we need.
const (
	typeDOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	typePPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
	typeODT  = "application/vnd.oasis.opendocument.text"
	typeODS  = "application/vnd.oasis.opendocument.spreadsheet"
	typeZIP  = "application/zip"
	typeOLE  = "application/x-ole-storage"
	typeTNEF = "application/vnd.ms-tnef"
	typeMail = "message/rfc822"
	typeRTF  = "text/rtf"
	typeHTML = "text/html"
	typeText = "text/plain"
	typeCSV  = "text/csv"
	typeCard = "text/vcard"
	typePDF  = "application/pdf"
)

func (r *reader) read(ctx context.Context, f File, d *Document, depth int) error {
	switch d.Type {
	case typeDOCX, typeXLSX, typePPTX, typeODT, typeODS, typeZIP:
		return r.zipped(ctx, f, d, depth)
	case typeMail:
		d.Mails = append(d.Mails, Mail{Part: f.Part, Raw: f.Data})
		return nil
	case typePDF:
		return r.readPDF(ctx, f, d, depth)
	case typeOLE:
		return r.compound(ctx, f, d)
	case typeTNEF:
		return r.tnef(ctx, f, d, depth)
	case typeRTF:
		return r.rtf(f.Data, d)
	case typeCard:
		return r.vcard(f.Data, d)
	case typeHTML:
		return r.html(f.Data, d)
	case typeCSV:
		return r.csv(f.Data, d)
	case typeText:
		return r.plain(f.Data, d)
	}
	return r.unknown(d)
}

func (r *reader) unknown(d *Document) error {
	for _, p := range []string{"image/", "audio/", "video/"} {
		if strings.HasPrefix(d.Type, p) {
			return &fault{NeedsHands, "This is " + map[string]string{
				"image/": "a picture", "audio/": "a sound recording", "video/": "a film"}[p] + ": somebody must look at it."}
		}
	}
	return unreadable("No reader knows this kind of file (" + d.Type + ").")
}

// sniff tells a file's type from its bytes; name and label only choose between
// kinds of plain text, which have no mark of their own.
func sniff(f File) string {
	m := mimetype.Detect(f.Data)
	ext := strings.ToLower(path.Ext(strings.ReplaceAll(f.Name, "\\", "/")))
	switch {
	case bytes.HasPrefix(f.Data, []byte("PK\x03\x04")), bytes.HasPrefix(f.Data, []byte("PK\x05\x06")):
		return zipType(f.Data)
	case bytes.HasPrefix(f.Data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return typeOLE
	case bytes.HasPrefix(f.Data, []byte("\x78\x9f\x3e\x22")):
		return typeTNEF
	case bytes.HasPrefix(bytes.TrimLeft(f.Data[:min(len(f.Data), 64)], "\ufeff \r\n\t"), []byte(`{\rtf`)):
		return typeRTF
	case bytes.Contains(f.Data[:min(len(f.Data), 1024)], []byte("%PDF-")):
		return typePDF
	case !textual(m):
		return bareType(m)
	case ext == ".vcf" || m.Is(typeCard):
		return typeCard
	case looksLikeMail(f.Data, ext == ".eml" || f.Type == typeMail):
		return typeMail
	case m.Is(typeHTML) || ext == ".htm" || ext == ".html" || f.Type == typeHTML:
		return typeHTML
	case ext == ".csv" || f.Type == typeCSV:
		return typeCSV
	}
	return typeText
}

func bareType(m *mimetype.MIME) string {
	t, _, _ := strings.Cut(m.String(), ";")
	return t
}

func textual(m *mimetype.MIME) bool {
	for ; m != nil; m = m.Parent() {
		if m.Is(typeText) {
			return true
		}
	}
	return false
}

// looksLikeMail wants a header block; without the label, a strict one.
func looksLikeMail(b []byte, labelled bool) bool {
	head := b[:min(len(b), 64<<10)]
	if i := bytes.Index(head, []byte("\n\n")); i > 0 {
		head = head[:i+2]
	} else if i := bytes.Index(head, []byte("\r\n\r\n")); i > 0 {
		head = head[:i+4]
	}
	m, err := mail.ReadMessage(bytes.NewReader(head))
	if err != nil {
		return labelled && bytes.Contains(bytes.ToLower(head), []byte("subject:"))
	}
	known := 0
	for _, k := range []string{"From", "To", "Subject", "Date", "Message-Id", "Received", "Mime-Version"} {
		if m.Header.Get(k) != "" {
			known++
		}
	}
	return known >= 4 || labelled && known >= 1
}

// zipType looks into an archive for what makes it an office file.
func zipType(b []byte) string {
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return typeZIP
	}
	for i, f := range z.File {
		if i > 2000 {
			break
		}
		switch {
		case strings.HasPrefix(f.Name, "word/document"):
			return typeDOCX
		case strings.HasPrefix(f.Name, "xl/workbook"):
			return typeXLSX
		case strings.HasPrefix(f.Name, "ppt/presentation"):
			return typePPTX
		case f.Name == "content.xml" && zipFile(z, "META-INF/manifest.xml") != nil:
			return openDocumentType(z)
		}
	}
	return typeZIP
}

func openDocumentType(z *zip.Reader) string {
	f := zipFile(z, "mimetype")
	if f == nil || f.UncompressedSize64 > 200 {
		return typeODT
	}
	rc, err := f.Open()
	if err != nil {
		return typeODT
	}
	defer rc.Close()
	b := make([]byte, 200)
	n, _ := rc.Read(b)
	if strings.Contains(string(b[:n]), "spreadsheet") {
		return typeODS
	}
	return typeODT
}
