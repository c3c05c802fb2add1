package document

import (
	"context"
	"errors"
	"io"
)

// Limits bound what the documents of one mail may cost. They are counted while
// bytes are unpacked: what an archive says about itself is never believed.
type Limits struct {
	FileBytes int64 // one file as attached
	PartBytes int64 // one part of a file, unpacked
	Unpacked  int64 // everything unpacked for one mail
	Entries   int   // members of one archive
	Documents int   // documents of one mail, members of archives included
	Depth     int   // archives within archives
	Nodes     int   // elements and texts of one XML part
	Nesting   int   // elements within elements
	TextBytes int   // text of one document
	Pages     int   // pages of one document
}

// DefaultLimits are generous for a referral form and its reports, and small
// enough that the worst attachment costs some seconds.
func DefaultLimits() Limits {
	return Limits{
		FileBytes: 40 << 20,
		PartBytes: 20 << 20,
		Unpacked:  150 << 20,
		Entries:   1000,
		Documents: 200,
		Depth:     2,
		Nodes:     500_000,
		Nesting:   200,
		TextBytes: 4 << 20,
		Pages:     60,
	}
}

// fault is why a file is not (wholly) read, as a state and a sentence for people.
type fault struct {
	state State
	why   string
}

func (f *fault) Error() string { return f.why }

func tooLarge(why string) error    { return &fault{TooLarge, why} }
func unreadable(why string) error  { return &fault{Unreadable, why} }
func quarantined(why string) error { return &fault{Quarantined, why} }

var errLocked error = &fault{Encrypted, "This file needs a password. Ask the sender for a copy without one."}

// reader reads the documents of one mail and counts what they cost together.
type reader struct {
	limits    Limits
	unpacked  int64
	documents int
	cache     string // folder of the compiled PDF engine, "" for none
	pdf       *pdfEngine
}

// meter counts unpacked bytes against both limits and ends the stream there.
type meter struct {
	ctx  context.Context
	from io.Reader
	r    *reader
	left int64
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	m.left -= int64(n)
	m.r.unpacked += int64(n)
	if m.left < 0 || m.r.unpacked > m.r.limits.Unpacked {
		return 0, quarantined("Unpacked it is far larger than a document should be.")
	}
	return n, err
}

func (r *reader) meter(ctx context.Context, from io.Reader) *meter {
	return &meter{ctx: ctx, from: from, r: r, left: r.limits.PartBytes}
}

// all reads a stream to its end within the limits.
func (r *reader) all(ctx context.Context, from io.Reader) ([]byte, error) {
	b, err := io.ReadAll(r.meter(ctx, from))
	if err != nil {
		return nil, err
	}
	return b, nil
}

// asFault turns any error of a parser into one that people can read.
func asFault(err error) *fault {
	var f *fault
	switch {
	case errors.As(err, &f):
		return f
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &fault{TooLarge, "Reading it took too long."}
	}
	return &fault{Unreadable, "The file is damaged and could not be read." + err.Error()}
}
