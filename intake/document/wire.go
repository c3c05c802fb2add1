package document

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// Parent and child speak in frames: four bytes of length, then JSON or raw
// bytes. The parent believes nothing the child says: each frame and the whole
// are bounded, and JSON holds data only.

const (
	frameLimit = 64 << 20
	talkLimit  = 160 << 20
)

type op string

const (
	opOpen     op = "open"
	opPictures op = "pictures"
	opWarm     op = "warm"
	opScan     op = "scan"      // clean the pages of a scan
	opRead     op = "recognise" // become the text recogniser
)

// request is the first frame to the child; the files' bytes follow, one frame
// each.
type request struct {
	Op      op
	Cache   string
	Limits  Limits
	Files   []fileHead
	Max     int
	Seconds int    // of computing
	Turn    int    // degrees, for a scan that lies on its side
	Tool    string // the text recogniser
	Mode    int    // its way of looking at a page

	files []File
	last  []byte // what follows unframed
}

type fileHead struct {
	Part, Name, Type string
}

func (r request) encode() (io.Reader, error) {
	for _, f := range r.files {
		r.Files = append(r.Files, fileHead{f.Part, f.Name, f.Type})
	}
	head, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("ask a document reader: %w", err)
	}
	parts := []io.Reader{bytes.NewReader(length(len(head))), bytes.NewReader(head)}
	for _, f := range r.files {
		parts = append(parts, bytes.NewReader(length(len(f.Data))), bytes.NewReader(f.Data))
	}
	return io.MultiReader(append(parts, bytes.NewReader(r.last))...), nil
}

func length(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// frames reads frames, counting.
type frames struct {
	in   io.Reader
	left int
}

func newFrames(in io.Reader) *frames { return &frames{in: in, left: talkLimit} }

func (f *frames) next() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(f.in, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head[:]))
	if f.left -= n; n > frameLimit || f.left < 0 {
		return nil, fmt.Errorf("a frame of %d bytes is over the limit", n)
	}
	// Grow with what really arrives: a length is only a claim.
	var b bytes.Buffer
	if _, err := io.CopyN(&b, f.in, int64(n)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (f *frames) json(v any) error {
	b, err := f.next()
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// mails fills in the bytes of the mails found in a document, which follow it
// as frames of their own.
func (f *frames) mails(d *Document) error {
	for i := range d.Mails {
		b, err := f.next()
		if err != nil {
			return err
		}
		d.Mails[i].Raw = b
	}
	for i := range d.Members {
		if err := f.mails(&d.Members[i]); err != nil {
			return err
		}
	}
	return nil
}

// drain reads what is left, so that the child can end.
func (f *frames) drain() {
	_, _ = io.Copy(io.Discard, io.LimitReader(f.in, talkLimit))
}

func writeFrame(w io.Writer, b []byte) error {
	if _, err := w.Write(length(len(b))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFrame(w, b)
}

func writeDocument(w io.Writer, d Document) error {
	var raws [][]byte
	bare := strip(d, &raws)
	if err := writeJSON(w, bare); err != nil {
		return err
	}
	for _, raw := range raws {
		if err := writeFrame(w, raw); err != nil {
			return err
		}
	}
	return nil
}

// strip takes the mails' bytes out of a document, in the order in which
// frames.mails puts them back.
func strip(d Document, raws *[][]byte) Document {
	mails := make([]Mail, len(d.Mails))
	for i, m := range d.Mails {
		*raws = append(*raws, m.Raw)
		mails[i] = Mail{Part: m.Part}
	}
	d.Mails = mails
	members := make([]Document, len(d.Members))
	for i, m := range d.Members {
		members[i] = strip(m, raws)
	}
	d.Members = members
	return d
}
