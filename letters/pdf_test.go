package letters

import (
	"bytes"
	"compress/zlib"
	"image/png"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/essex-dsr/dsr/workflow"
)

func TestPDFIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	for _, v := range []Variant{Plain, EasyRead} {
		w, err := book(t).Compose(workflow.L6, v, sampleFacts())
		if err != nil {
			t.Fatal(err)
		}
		first := pdfOf(t, w)
		for range 2 {
			if !bytes.Equal(first, pdfOf(t, w)) {
				t.Fatalf("%s: two renderings differ", v)
			}
		}
	}
}

// fpdf writes pictures in the order of their widths, so equal widths would come
// in any order and the bytes would differ from one rendering to the next.
func TestPicturesHaveWidthsOfTheirOwn(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(pictures, "pictures/*.png")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	seen := map[int]string{}
	for _, name := range files {
		f, err := pictures.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := png.DecodeConfig(f)
		if err != nil {
			t.Fatal(err)
		}
		if other := seen[c.Width]; other != "" {
			t.Errorf("%s and %s are both %d wide", name, other, c.Width)
		}
		seen[c.Width] = name
	}
}

func pdfOf(t *testing.T, w Words) []byte {
	t.Helper()
	raw, err := w.PDF(day(23))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The tree that a screen reader goes through says the letter's words in the
// letter's order, nothing else does, and the file keeps the rules of PDF/UA-1
// that a machine can look at.
func TestPDFSaysTheWordsInOrder(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string, w Words) {
		doc := readPDF(t, pdfOf(t, w))
		doc.saysWordsOf(t, w)
		doc.keepsRules(t)
		golden(t, name+".tags", doc.outline())
	})
	t.Run("large print", func(t *testing.T) {
		t.Parallel()
		w, err := book(t).Compose(workflow.L7, LargePrint, sampleFacts())
		if err != nil {
			t.Fatal(err)
		}
		readPDF(t, pdfOf(t, w)).saysWordsOf(t, w)
	})
}

func (d *document) saysWordsOf(t *testing.T, w Words) {
	t.Helper()
	got := strings.Fields(strings.ReplaceAll(d.say(), ":", " "))
	want := wordsOf(regexp.MustCompile(`(?m)^(- |\d+\. )`).ReplaceAllString(w.Text(), ""))
	if !slices.Equal(got, want) {
		t.Errorf("the tree says\n%s\nthe letter\n%s", strings.Join(got, " "), strings.Join(want, " "))
	}
	if d.loose != "" {
		t.Errorf("text outside every mark: %q", d.loose)
	}
}

func (d *document) keepsRules(t *testing.T) {
	t.Helper()
	for _, want := range []string{
		"/MarkInfo <</Marked true>>", "/ViewerPreferences <</DisplayDocTitle true>>", "/Lang (en-GB)", "/StructTreeRoot ", "/Metadata ",
	} {
		if !strings.Contains(d.objects[d.root], want) {
			t.Errorf("the catalogue lacks %s: %s", want, d.objects[d.root])
		}
	}
	for _, want := range []string{"<pdfuaid:part>1</pdfuaid:part>", "<dc:title>", "/FontFile2 ", "/ToUnicode "} {
		if !bytes.Contains(d.raw, []byte(want)) {
			t.Errorf("the file lacks %s", want)
		}
	}
	for _, p := range d.pages {
		if o := d.objects[p]; !strings.Contains(o, "/Tabs /S") || !strings.Contains(o, "/StructParents ") {
			t.Errorf("page without order: %s", o)
		}
	}
	if d.roles["H1"] != 1 {
		t.Errorf("%d first headings", d.roles["H1"])
	}
	if d.roles["TH"] != d.scoped || d.roles["TH"] == 0 {
		t.Errorf("%d row headers, %d with a scope", d.roles["TH"], d.scoped)
	}
}

// A reader of another make agrees that the file is whole and tagged.
func TestPDFIsSoundToOthers(t *testing.T) {
	t.Parallel()
	qpdf, err := exec.LookPath("qpdf")
	if err != nil {
		t.Skip("qpdf is not installed")
	}
	w, err := book(t).Compose(workflow.L7, Plain, sampleFacts())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "letter.pdf")
	writeFile(t, file, pdfOf(t, w))
	if out, err := exec.CommandContext(t.Context(), qpdf, "--check", file).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
}

// document is as much of a PDF as the tests ask about, read from its bytes.
type document struct {
	raw     []byte
	objects map[int]string
	root    int
	pages   []int
	marks   map[[2]int]string // page object and mark: the text
	loose   string            // text that belongs to no mark and is no artifact
	roles   map[string]int
	scoped  int
	tree    int
}

var (
	objectHead = regexp.MustCompile(`(?m)^(\d+) 0 obj\n`)
	structElem = regexp.MustCompile(`/S /(\w+) `)
	kidsOf     = regexp.MustCompile(`(?s)/K \[(.*)\]`)
	kid        = regexp.MustCompile(`<</Type /MCR /Pg (\d+) 0 R /MCID (\d+)>>|(\d+) 0 R`)
	contents   = regexp.MustCompile(`/Contents (\d+) 0 R`)
)

func readPDF(t *testing.T, raw []byte) *document {
	t.Helper()
	d := &document{raw: raw, objects: map[int]string{}, marks: map[[2]int]string{}, roles: map[string]int{}}
	f, err := openFile(raw[:bytes.Index(raw, []byte("%%EOF"))+6]) // what fpdf wrote
	if err != nil {
		t.Fatal(err)
	}
	heads := objectHead.FindAllSubmatchIndex(raw, -1)
	for _, h := range heads {
		n, _ := strconv.Atoi(string(raw[h[2]:h[3]]))
		end := bytes.Index(raw[h[1]:], []byte("endobj"))
		if end < 0 {
			t.Fatalf("object %d has no end", n)
		}
		d.objects[n] = string(raw[h[1] : h[1]+end]) // a later one replaces an earlier
	}
	d.root = f.root
	if d.pages, err = f.pages(); err != nil {
		t.Fatal(err)
	}
	for _, p := range d.pages {
		d.readPage(t, p)
	}
	top := regexp.MustCompile(`/StructTreeRoot (\d+) 0 R`).FindStringSubmatch(d.objects[d.root])
	if top == nil {
		t.Fatal("no tree")
	}
	n, _ := strconv.Atoi(top[1])
	d.tree, _ = strconv.Atoi(kid.FindStringSubmatch(kidsOf.FindStringSubmatch(d.objects[n])[1])[3])
	return d
}

// readPage follows one page's marks. fpdf writes text as UTF-16BE in brackets.
func (d *document) readPage(t *testing.T, page int) {
	t.Helper()
	m := contents.FindStringSubmatch(d.objects[page])
	n, _ := strconv.Atoi(m[1])
	_, stream, _ := strings.Cut(d.objects[n], "stream\n")
	z, err := zlib.NewReader(strings.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	ops := regexp.MustCompile(`(?s)/Artifact BMC|/\w+ <</MCID (\d+)>> BDC|EMC|\(((?:\\.|[^\\)])*)\) ?Tj`)
	in, mark := "", -1
	for _, op := range ops.FindAllSubmatch(raw, -1) {
		switch s := string(op[0]); {
		case strings.HasSuffix(s, "BMC"):
			in = "artifact"
		case strings.HasSuffix(s, "BDC"):
			in = "mark"
			mark, _ = strconv.Atoi(string(op[1]))
		case s == "EMC":
			if in == "" {
				t.Errorf("page %d closes a mark that was not open", page)
			}
			in = ""
		case in == "mark":
			d.marks[[2]int{page, mark}] += utf16Text(op[2])
		case in == "":
			d.loose += utf16Text(op[2])
		}
	}
	if in != "" {
		t.Errorf("page %d ends inside a mark", page)
	}
}

func utf16Text(b []byte) string {
	b = []byte(strings.NewReplacer(`\\`, `\`, `\(`, `(`, `\)`, `)`, `\r`, "\r").Replace(string(b)))
	var u []uint16
	for i := 0; i+1 < len(b); i += 2 {
		u = append(u, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(u))
}

// say is what a screen reader says, less the marks of lists.
func (d *document) say() string {
	var b strings.Builder
	d.walk(d.tree, 0, func(_ int, role, text string) {
		if role != "Lbl" {
			b.WriteString(text + " ")
		}
	})
	return b.String()
}

// outline is the tree, one element a line.
func (d *document) outline() string {
	var b strings.Builder
	d.walk(d.tree, 0, func(depth int, role, text string) {
		b.WriteString(strings.TrimRight(strings.Repeat("  ", depth)+role+" "+strings.Join(strings.Fields(text), " "), " ") + "\n")
	})
	return b.String()
}

func (d *document) walk(n, depth int, visit func(depth int, role, text string)) {
	o := d.objects[n]
	role := structElem.FindStringSubmatch(o)[1]
	d.roles[role]++
	if strings.Contains(o, "/Scope /Row") {
		d.scoped++
	}
	var text strings.Builder
	var kids []int
	for _, m := range kid.FindAllStringSubmatch(kidsOf.FindStringSubmatch(o)[1], -1) {
		if m[3] != "" {
			k, _ := strconv.Atoi(m[3])
			kids = append(kids, k)
			continue
		}
		page, _ := strconv.Atoi(m[1])
		mark, _ := strconv.Atoi(m[2])
		text.WriteString(d.marks[[2]int{page, mark}])
	}
	visit(depth, role, text.String())
	for _, k := range kids {
		d.walk(k, depth+1, visit)
	}
}
