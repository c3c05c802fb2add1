package letters

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"codeberg.org/go-pdf/fpdf"
)

// tree is the structure of a tagged PDF: what a screen reader goes through.
// fpdf draws but knows no structure, so the tree is appended to its file as an
// incremental update (ISO 32000-1 7.5.6, 14.7).
type tree struct {
	root   *element
	next   map[int]int        // the next mark of each page
	byPage map[int][]*element // whose each mark of a page is
}

// element is one node: a role and either children or marks on pages.
type element struct {
	role, attr string
	kids       []*element
	marks      []mark
	object     int
}

type mark struct{ page, id int }

func newTree() *tree {
	return &tree{root: &element{role: "Document"}, next: map[int]int{}, byPage: map[int][]*element{}}
}

func (e *element) child(role string) *element {
	c := &element{role: role}
	e.kids = append(e.kids, c)
	return c
}

// mark says that what draw draws belongs to e. It must not begin a new page.
func (t *tree) mark(p *fpdf.Fpdf, e *element, draw func()) {
	page := p.PageNo()
	id := t.next[page]
	t.next[page]++
	t.byPage[page] = append(t.byPage[page], e)
	e.marks = append(e.marks, mark{page, id})
	p.RawWriteStr(fmt.Sprintf("/%s <</MCID %d>> BDC", e.role, id))
	draw()
	p.RawWriteStr("EMC")
}

func xmp(title string) []byte {
	var t bytes.Buffer
	_ = xml.EscapeText(&t, []byte(title)) // a bytes.Buffer takes everything
	return []byte(`<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>` +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">` +
		`<dc:title><rdf:Alt><rdf:li xml:lang="x-default">` + t.String() + `</rdf:li></rdf:Alt></dc:title>` +
		`<pdfuaid:part>1</pdfuaid:part></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`)
}

// tagged finishes the file and appends the tree.
func (s *sheet) tagged() ([]byte, error) {
	var b bytes.Buffer
	if err := s.pdf.Output(&b); err != nil {
		return nil, err
	}
	f, err := openFile(b.Bytes())
	if err != nil {
		return nil, err
	}
	return f.update(s.tree)
}

// file is a PDF as fpdf writes it, with the objects that are put on top.
type file struct {
	src     []byte
	offsets []int // of each object in src
	root    int
	trailer string
	start   int // where src's cross-reference stands
	out     bytes.Buffer
	placed  map[int]int
	next    int
}

var (
	startXref = regexp.MustCompile(`startxref\s+(\d+)\s+%%EOF\s*$`)
	rootRef   = regexp.MustCompile(`/Root (\d+) 0 R`)
	pagesRef  = regexp.MustCompile(`/Pages (\d+) 0 R`)
	kidsList  = regexp.MustCompile(`/Kids \[([^\]]*)\]`)
	anyRef    = regexp.MustCompile(`(\d+) 0 R`)
	sizeEntry = regexp.MustCompile(`/Size \d+`)
	trailerOf = regexp.MustCompile(`(?s)trailer\s*<<(.*)>>\s*startxref`)
)

func openFile(src []byte) (*file, error) {
	f := &file{src: src, placed: map[int]int{}}
	m := startXref.FindSubmatch(src)
	if m == nil {
		return nil, errors.New("the file has no end")
	}
	f.start, _ = strconv.Atoi(string(m[1])) // digits
	if f.start >= len(src) {
		return nil, errors.New("the file has no cross-reference")
	}
	lines := strings.Split(string(src[f.start:]), "\n")
	for _, l := range lines[2:] {
		if len(l) < 18 || (l[17] != 'n' && l[17] != 'f') {
			break
		}
		offset, err := strconv.Atoi(strings.TrimSpace(l[:10]))
		if err != nil {
			return nil, err
		}
		f.offsets = append(f.offsets, offset)
	}
	tr := trailerOf.FindSubmatch(src[f.start:])
	root := rootRef.FindSubmatch(src[f.start:])
	if tr == nil || root == nil {
		return nil, errors.New("the file has no trailer")
	}
	f.trailer = string(tr[1])
	f.root, _ = strconv.Atoi(string(root[1])) // digits
	f.next = len(f.offsets)
	f.out.Write(src)
	return f, nil
}

// object is the dictionary of an object that is no stream.
func (f *file) object(n int) (string, error) {
	if n < 1 || n >= len(f.offsets) {
		return "", fmt.Errorf("there is no object %d", n)
	}
	body := f.src[f.offsets[n]:]
	from, to := bytes.Index(body, []byte("obj")), bytes.Index(body, []byte("endobj"))
	if from < 0 || to < from {
		return "", fmt.Errorf("object %d has no end", n)
	}
	return strings.TrimSpace(string(body[from+3 : to])), nil
}

// extend writes an object again with more entries.
func (f *file) extend(n int, entries string) error {
	old, err := f.object(n)
	if err != nil {
		return err
	}
	end := strings.LastIndex(old, ">>")
	if end < 0 {
		return fmt.Errorf("object %d is no dictionary", n)
	}
	f.put(n, old[:end]+entries+">>")
	return nil
}

func (f *file) alloc() int {
	f.next++
	return f.next - 1
}

func (f *file) put(n int, body string) {
	f.placed[n] = f.out.Len()
	fmt.Fprintf(&f.out, "%d 0 obj\n%s\nendobj\n", n, body)
}

// pages gives the page objects in order.
func (f *file) pages() ([]int, error) {
	catalog, err := f.object(f.root)
	if err != nil {
		return nil, err
	}
	m := pagesRef.FindStringSubmatch(catalog)
	if m == nil {
		return nil, errors.New("the catalogue names no pages")
	}
	n, _ := strconv.Atoi(m[1]) // digits
	node, err := f.object(n)
	if err != nil {
		return nil, err
	}
	kids := kidsList.FindStringSubmatch(node)
	if kids == nil {
		return nil, errors.New("there are no pages")
	}
	var out []int
	for _, m := range anyRef.FindAllStringSubmatch(kids[1], -1) {
		n, _ := strconv.Atoi(m[1]) // digits
		out = append(out, n)
	}
	return out, nil
}

func (f *file) update(t *tree) ([]byte, error) {
	pages, err := f.pages()
	if err != nil {
		return nil, err
	}
	for i, n := range pages {
		if err := f.extend(n, fmt.Sprintf("/StructParents %d /Tabs /S", i)); err != nil {
			return nil, err
		}
	}
	top := f.alloc()
	t.root.number(f)
	t.root.write(f, top, pages)
	var nums strings.Builder
	for i := range pages {
		n := f.alloc()
		var refs strings.Builder
		for _, e := range t.byPage[i+1] {
			fmt.Fprintf(&refs, "%d 0 R ", e.object)
		}
		f.put(n, "["+refs.String()+"]")
		fmt.Fprintf(&nums, "%d %d 0 R ", i, n)
	}
	parents := f.alloc()
	f.put(parents, "<</Nums ["+nums.String()+"]>>")
	f.put(top, fmt.Sprintf("<</Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d>>", t.root.object, parents, len(pages)))
	entries := fmt.Sprintf("/StructTreeRoot %d 0 R /MarkInfo <</Marked true>> /ViewerPreferences <</DisplayDocTitle true>>", top)
	if catalog, err := f.object(f.root); err == nil && !strings.Contains(catalog, "/Lang") {
		entries += " /Lang (en-GB)"
	}
	if err := f.extend(f.root, entries); err != nil {
		return nil, err
	}
	f.finish()
	return f.out.Bytes(), nil
}

func (e *element) number(f *file) {
	e.object = f.alloc()
	for _, c := range e.kids {
		c.number(f)
	}
}

func (e *element) write(f *file, parent int, pages []int) {
	var d strings.Builder
	fmt.Fprintf(&d, "<</Type /StructElem /S /%s /P %d 0 R", e.role, parent)
	if e.attr != "" {
		fmt.Fprintf(&d, " /A <<%s>>", e.attr)
	}
	d.WriteString(" /K [")
	for _, m := range e.marks {
		fmt.Fprintf(&d, "<</Type /MCR /Pg %d 0 R /MCID %d>> ", pages[m.page-1], m.id)
	}
	for _, c := range e.kids {
		fmt.Fprintf(&d, "%d 0 R ", c.object)
	}
	d.WriteString("]>>")
	f.put(e.object, d.String())
	for _, c := range e.kids {
		c.write(f, e.object, pages)
	}
}

// finish writes the cross-reference of what was put on top.
func (f *file) finish() {
	at := f.out.Len()
	f.out.WriteString("xref\n")
	for n := 1; n < f.next; n++ {
		if offset, ok := f.placed[n]; ok {
			fmt.Fprintf(&f.out, "%d 1\n%010d 00000 n \n", n, offset)
		}
	}
	trailer := sizeEntry.ReplaceAllString(f.trailer, fmt.Sprintf("/Size %d /Prev %d", f.next, f.start))
	fmt.Fprintf(&f.out, "trailer\n<<%s>>\nstartxref\n%d\n%%%%EOF\n", trailer, at)
}
