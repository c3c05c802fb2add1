package document

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/unicode"
)

// plain reads a text file: one paragraph a line.
func (r *reader) plain(b []byte, d *Document) error {
	s := decodeText(b)
	if len(s) > r.limits.TextBytes {
		s = s[:r.limits.TextBytes]
		d.fail(tooLarge("It is too long; only its beginning was read."))
	}
	d.setFlow(plainNodes(s), r.limits.TextBytes)
	return nil
}

func plainNodes(s string) (nodes []node) {
	for line := range strings.Lines(s) {
		p := &para{}
		p.write(line, style{})
		nodes = append(nodes, p)
	}
	return nodes
}

// decodeText reads UTF-8, UTF-16 with its mark, else Windows-1252.
func decodeText(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b)
		if err == nil {
			return string(out)
		}
	case utf8.Valid(b):
		return strings.TrimPrefix(string(b), "\ufeff")
	}
	enc, _ := charset.Lookup("windows-1252")
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\ufffd")
	}
	return string(out)
}

// csv reads separated values as one table.
func (r *reader) csv(b []byte, d *Document) error {
	s := decodeText(b)
	cr := csv.NewReader(strings.NewReader(s))
	cr.Comma = separator(s)
	cr.FieldsPerRecord = -1
	cr.LazyQuotes = true
	g := &grid{}
	var err error
	for cells := 0; ; {
		var rec []string
		rec, err = cr.Read()
		if errors.Is(err, io.EOF) {
			err = nil
			break
		}
		if err != nil {
			break
		}
		if cells += len(rec); cells > r.limits.Nodes/4 {
			err = tooLarge("It has too many cells; only its beginning was read.")
			break
		}
		g.rows = append(g.rows, textRow(rec))
	}
	if !d.setFlow([]node{g}, r.limits.TextBytes) && err == nil {
		err = tooLarge("It is too long; only its beginning was read.")
	}
	return err
}

func separator(s string) rune {
	line, _, _ := strings.Cut(s, "\n")
	best, n := ',', strings.Count(line, ",")
	for _, c := range []rune{';', '\t'} {
		if m := strings.Count(line, string(c)); m > n {
			best, n = c, m
		}
	}
	return best
}

func textRow(values []string) gridRow {
	var row gridRow
	for _, v := range values {
		p := &para{flat: true}
		p.write(v, style{})
		row.cells = append(row.cells, gridCell{nodes: []node{p}})
	}
	return row
}
