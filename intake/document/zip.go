package document

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"path"
	"strconv"
	"strings"
)

// zipped reads the files that are ZIP archives inside, and archives themselves.
func (r *reader) zipped(ctx context.Context, f File, d *Document, depth int) error {
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return unreadable("The file is damaged: its table of contents cannot be read.")
	}
	if len(z.File) > r.limits.Entries {
		return quarantined("This archive holds " + strconv.Itoa(len(z.File)) + " files; that many are not opened.")
	}
	switch d.Type {
	case typeDOCX:
		return r.docx(ctx, z, d)
	case typeODT, typeODS:
		return r.openDocument(ctx, z, d)
	case typeXLSX:
		return r.xlsx(ctx, f.Data, z, d)
	case typeZIP:
		return r.archive(ctx, f, z, d, depth)
	}
	return r.unknown(d)
}

// archive opens each member as a file of its own. Nothing is ever written to
// disk, so a name like ../../etc/passwd is only a name; it is still a sign of
// malice and said so.
func (r *reader) archive(ctx context.Context, f File, z *zip.Reader, d *Document, depth int) error {
	if depth >= r.limits.Depth {
		return quarantined("This archive is packed inside other archives; so deep they are not opened.")
	}
	var first error
	for i, m := range z.File {
		if strings.HasSuffix(m.Name, "/") || strings.HasPrefix(m.Name, "__MACOSX/") || path.Base(m.Name) == ".DS_Store" {
			continue
		}
		if strings.Contains(m.Name, "..") || strings.HasPrefix(m.Name, "/") || strings.Contains(m.Name, `\`) {
			d.warn("The archive gives a file a path outside itself.")
		}
		member := File{Part: f.Part + "/" + strconv.Itoa(i+1), Name: path.Base(strings.ReplaceAll(m.Name, `\`, "/"))}
		data, err := r.unzip(ctx, m)
		if err != nil {
			md := Document{Part: member.Part, Name: member.Name, Type: "application/octet-stream"}
			md.fail(err)
			d.Members = append(d.Members, md)
			if first == nil || asFault(err).state == Quarantined {
				first = err
			}
			if asFault(err).state == Quarantined {
				break // what follows would be unpacked from the same bomb
			}
			continue
		}
		member.Data = data
		md := r.open(ctx, member, depth+1)
		if md.State == Quarantined {
			first = &fault{Quarantined, "A file in this archive is not safe to open."}
		}
		d.Members = append(d.Members, md)
	}
	return first
}

// unzip reads one member within the limits.
func (r *reader) unzip(ctx context.Context, f *zip.File) ([]byte, error) {
	if f.Flags&1 != 0 {
		return nil, errLocked
	}
	if f.UncompressedSize64 > uint64(r.limits.PartBytes) {
		return nil, quarantined("Unpacked it is far larger than a document should be.")
	}
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return r.all(ctx, rc)
}

func zipFile(z *zip.Reader, name string) *zip.File {
	for _, f := range z.File {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// zipXML parses a part of an office file.
func (r *reader) zipXML(ctx context.Context, f *zip.File) (*elem, error) {
	if f.Flags&1 != 0 {
		return nil, errLocked
	}
	if f.UncompressedSize64 > uint64(r.limits.PartBytes) {
		return nil, quarantined("Unpacked it is far larger than a document should be.")
	}
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return r.xml(ctx, rc)
}

// officeWarnings says what else an office file carries.
func officeWarnings(ctx context.Context, r *reader, z *zip.Reader, d *Document) {
	for _, f := range z.File {
		switch {
		case strings.HasSuffix(f.Name, "vbaProject.bin"):
			d.warn("It holds macros. They were not run.")
		case strings.Contains(f.Name, "/embeddings/") || strings.Contains(f.Name, "/activeX/"):
			d.warn("It holds embedded objects, which were not read.")
		case strings.HasSuffix(f.Name, ".rels"):
			rels, err := r.zipXML(ctx, f)
			if err != nil {
				continue
			}
			for _, rel := range rels.child("Relationships").children() {
				if rel.attr("TargetMode") == "External" && !strings.HasSuffix(rel.attr("Type"), "/hyperlink") {
					d.warn("It wants to fetch something from elsewhere when opened. Nothing was fetched.")
				}
			}
		}
	}
}

// pictureMembers lists the pictures of a document that has nothing else: a
// form photographed and pasted into Word.
func (r *reader) pictureMembers(ctx context.Context, z *zip.Reader, d *Document, dir string) {
	n := 0
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, dir) || strings.HasSuffix(f.Name, "/") || n >= 20 {
			continue
		}
		data, err := r.unzip(ctx, f)
		if err != nil {
			continue
		}
		n++
		m := r.open(ctx, File{Part: d.Part + "/" + strconv.Itoa(n), Name: path.Base(f.Name), Data: data}, r.limits.Depth)
		d.Members = append(d.Members, m)
	}
	if n > 0 {
		d.fail(&fault{NeedsHands, "It holds only pictures: somebody must look at it."})
	}
}
