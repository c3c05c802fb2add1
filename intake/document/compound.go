package document

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"

	"github.com/richardlehane/mscfb"
)

// compound reads files in Microsoft's older container: Word 97 documents and
// Outlook items, and tells the other kinds apart.
func (r *reader) compound(ctx context.Context, f File, d *Document) error {
	s, err := r.streams(ctx, f.Data)
	if err != nil {
		return err
	}
	switch {
	case s.has("EncryptedPackage"):
		return errLocked
	case s.has("WordDocument"):
		d.Type = "application/msword"
		return r.word97(s, d)
	case s.has("__properties_version1.0"):
		d.Type = "application/vnd.ms-outlook"
		d.Mails = append(d.Mails, Mail{Part: f.Part, Raw: outlookMail(s)})
		return nil
	case s.has("Workbook"), s.has("Book"):
		d.Type = "application/vnd.ms-excel"
		return &fault{NeedsHands, "This is an old Excel file: somebody must open it."}
	case s.has("PowerPoint Document"):
		d.Type = "application/vnd.ms-powerpoint"
		return &fault{NeedsHands, "This is an old PowerPoint file: somebody must open it."}
	}
	return unreadable("No reader knows this kind of Microsoft file.")
}

// streams are a container's streams by path.
type streams struct {
	prefix string
	data   map[string][]byte
	names  []string
}

func (s *streams) has(name string) bool       { _, ok := s.data[s.prefix+name]; return ok }
func (s *streams) get(name string) []byte     { return s.data[s.prefix+name] }
func (s *streams) within(dir string) *streams { return &streams{s.prefix + dir + "/", s.data, s.names} }

// dirs lists the storages directly inside whose names begin so.
func (s *streams) dirs(begin string) (out []string) {
	seen := map[string]bool{}
	for _, n := range s.names {
		rest, ok := strings.CutPrefix(n, s.prefix)
		dir, _, inside := strings.Cut(rest, "/")
		if ok && inside && strings.HasPrefix(dir, begin) && !seen[dir] {
			seen[dir] = true
			out = append(out, dir)
		}
	}
	return out
}

func (r *reader) streams(ctx context.Context, data []byte) (*streams, error) {
	c, err := mscfb.New(bytes.NewReader(data))
	if err != nil {
		return nil, unreadable("The file is damaged and could not be opened.")
	}
	s := &streams{data: map[string][]byte{}}
	for len(s.names) < 5000 {
		e, err := c.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, nil // what was found before the damage is worth reading
		}
		if e.FileInfo().IsDir() || e.Size <= 0 {
			continue
		}
		name := strings.Join(append(e.Path, e.Name), "/")
		m := r.meter(ctx, io.LimitReader(e, e.Size))
		m.left = r.limits.FileBytes
		b, err := io.ReadAll(m)
		if f := new(fault); errors.As(err, &f) {
			return nil, err
		}
		s.data[name] = b
		s.names = append(s.names, name)
	}
	return s, nil
}

// little reads little-endian numbers anywhere in a file that may lie about its
// own sizes: what is not there is zero.
type little []byte

func (b little) at(off, n int) []byte {
	if off < 0 || n < 0 || off > len(b) || n > len(b)-off {
		return nil
	}
	return b[off : off+n]
}

func (b little) u8(off int) int {
	if v := b.at(off, 1); v != nil {
		return int(v[0])
	}
	return 0
}

func (b little) u16(off int) int {
	if v := b.at(off, 2); v != nil {
		return int(binary.LittleEndian.Uint16(v))
	}
	return 0
}

func (b little) u32(off int) int {
	if v := b.at(off, 4); v != nil {
		return int(binary.LittleEndian.Uint32(v))
	}
	return 0
}

func utf16Text(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(u)), "\x00")
}
