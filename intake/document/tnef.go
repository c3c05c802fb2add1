package document

import (
	"context"
	"strconv"
	"strings"
)

// Attributes of a TNEF stream ([MS-OXTNEF] 2.1.3).
const (
	tnefSubject    = 0x00018004
	tnefBody       = 0x0002800C
	tnefProperties = 0x00069003
	tnefAttachment = 0x00069005
	tnefRendering  = 0x00069002
	tnefData       = 0x0006800F
	tnefTitle      = 0x00018010
	tnefPage       = 0x00069007
)

// tnef reads winmail.dat: the text that Outlook hid in it, and its files.
func (r *reader) tnef(ctx context.Context, f File, d *Document, depth int) error {
	if depth > r.limits.Depth {
		return quarantined("This file is packed inside others; so deep they are not opened.")
	}
	t := readTNEF(f.Data)
	var nodes []node
	if t.subject != "" {
		p := &para{kind: Heading}
		p.write(t.subject, style{})
		nodes = append(nodes, p)
	}
	nodes = append(nodes, t.text(r)...)
	full := d.setFlow(nodes, r.limits.TextBytes)
	for i, a := range t.files {
		if i >= r.limits.Entries {
			break
		}
		m := r.open(ctx, File{Part: f.Part + "/" + strconv.Itoa(i+1), Name: a.name, Type: a.kind, Data: a.data}, depth+1)
		d.Members = append(d.Members, m)
	}
	switch {
	case !full:
		return tooLarge("It is too long; only its beginning was read.")
	case t.cut:
		return unreadable("The file is damaged: it ends too early.")
	}
	return nil
}

type tnefFile struct {
	name, kind string
	data       []byte
}

type tnefItem struct {
	subject, body string
	props         *mapi
	files         []tnefFile
	page          int
	cut           bool
}

func readTNEF(b little) *tnefItem {
	t := &tnefItem{props: newMAPI(), page: 1252}
	for at := 6; at+9 <= len(b); {
		id, n := b.u32(at+1), b.u32(at+5)
		data := b.at(at+9, n)
		if data == nil && n > 0 {
			t.cut = true
			break
		}
		t.attribute(id, data)
		at += 9 + n + 2
	}
	return t
}

func (t *tnefItem) attribute(id int, data little) {
	var last *tnefFile
	if n := len(t.files); n > 0 {
		last = &t.files[n-1]
	}
	switch id {
	case tnefPage:
		t.page = data.u32(0)
	case tnefSubject:
		t.subject = t.narrow(data)
	case tnefBody:
		t.body = t.narrow(data)
	case tnefProperties:
		readMAPI(data, t.props, t.page)
		if s := t.props.text[mapiSubject]; s != "" {
			t.subject = s
		}
	case tnefRendering:
		t.files = append(t.files, tnefFile{})
	case tnefTitle:
		if last != nil && last.name == "" {
			last.name = t.narrow(data)
		}
	case tnefData:
		if last != nil {
			last.data = data
		}
	case tnefAttachment:
		if last != nil {
			last.properties(data, t.page)
		}
	}
}

func (t *tnefItem) narrow(b []byte) string { return strings.TrimRight(narrowText(b, t.page), "\x00") }

// properties holds the long file name, where the title is only 8.3, and the
// bytes of a mail that was attached.
func (f *tnefFile) properties(data little, page int) {
	p := newMAPI()
	readMAPI(data, p, page)
	for _, id := range []int{mapiLongName, mapiDisplayName, mapiShortName} {
		if v := p.text[id]; v != "" {
			f.name = v
			break
		}
	}
	f.kind = p.text[mapiMIMEType]
	if b := p.binary[mapiData]; len(f.data) == 0 && len(b) > 0 {
		f.data = b
		if len(b) > 20 && little(b).u32(16) == 0x223E9F78 {
			f.data = b[16:] // an item inside, after the id of its interface
		}
	}
}

// text is the item's words: HTML keeps tables, so it goes first.
func (t *tnefItem) text(r *reader) []node {
	var d Document
	body := t.props.text[mapiBody]
	if body == "" {
		body = t.body
	}
	html := []byte(t.props.text[mapiHTML])
	if len(html) == 0 && len(t.props.binary[mapiHTML]) > 0 {
		html = []byte(narrowText(t.props.binary[mapiHTML], t.props.number[mapiCodePage]))
	}
	switch {
	case len(html) > 0:
		return htmlNodes(html, r.limits.Nesting)
	case strings.TrimSpace(body) != "":
		return plainNodes(body)
	case len(t.props.binary[mapiRTF]) > 0:
		_ = r.rtf(inflateRTF(t.props.binary[mapiRTF]), &d)
		return plainNodes(d.Text)
	}
	return nil
}

// readMAPI reads a list of MAPI properties as TNEF writes them.
func readMAPI(b little, p *mapi, page int) {
	at := 4
	for n := b.u32(0); n > 0 && at+4 <= len(b); n-- {
		kind, id := b.u16(at), b.u16(at+2)
		at += 4
		if id >= 0x8000 { // a named property: skip its name
			at += 16
			if b.u32(at) == 0 {
				at += 8
			} else {
				at += 8 + pad4(b.u32(at+4))
			}
		}
		size, values := fixedSize(kind), 1
		if kind&0x1000 != 0 || size < 0 {
			values = b.u32(at)
			at += 4
		}
		for ; values > 0 && at < len(b); values-- {
			length := size
			if size < 0 {
				length = b.u32(at)
				at += 4
			}
			v := b.at(at, length)
			if v == nil {
				return
			}
			p.set(kind, id, v, page)
			at += pad4(length)
		}
	}
}

func pad4(n int) int { return (n + 3) &^ 3 }

// fixedSize is -1 for values that tell their own length.
func fixedSize(kind int) int {
	switch kind &^ 0x1000 {
	case 0x0002, 0x0003, 0x0004, 0x000A, 0x000B:
		return 4
	case 0x0005, 0x0006, 0x0007, 0x0014, 0x0040:
		return 8
	case 0x0048:
		return 16
	case 0x001E, 0x001F, 0x0102, 0x000D:
		return -1
	}
	return 0
}

func (p *mapi) set(kind, id int, v little, page int) {
	switch kind {
	case 0x001E:
		p.text[id] = strings.TrimRight(narrowText(v, page), "\x00")
	case 0x001F:
		p.text[id] = utf16Text(v)
	case 0x0102, 0x000D:
		p.binary[id] = v
	case 0x0003:
		p.number[id] = v.u32(0)
	case 0x0040:
		p.time[id] = fileTime(v)
	}
}
