package document

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"

	"github.com/xuri/excelize/v2"
)

// xlsx reads an Excel workbook: a table for each visible sheet.
func (r *reader) xlsx(ctx context.Context, data []byte, z *zip.Reader, d *Document) error {
	// The library unpacks parts by itself: count what it will find first.
	var total uint64
	for _, f := range z.File {
		total += f.UncompressedSize64
	}
	if total > uint64(r.limits.Unpacked) {
		return quarantined("Unpacked it is far larger than a document should be.")
	}
	b, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{
		ShortDatePattern:  "dd/mm/yyyy", // the default shows dates the American way
		LongDatePattern:   "d mmmm yyyy",
		UnzipSizeLimit:    r.limits.Unpacked,
		UnzipXMLSizeLimit: r.limits.PartBytes,
	})
	if err != nil {
		return unreadable("The workbook is damaged and could not be opened.")
	}
	defer b.Close()
	officeWarnings(ctx, r, z, d)
	var nodes []node
	left := r.limits.Nodes / 4
	for _, sheet := range b.GetSheetList() {
		if shown, err := b.GetSheetVisible(sheet); err == nil && !shown {
			d.warn("A hidden sheet was not read.")
			continue
		}
		title := &para{kind: Heading, origin: sheet}
		title.write(sheet, style{})
		g, err := sheetGrid(ctx, b, sheet, &left)
		if err != nil {
			d.fail(err)
		}
		if len(g.rows) > 0 {
			nodes = append(nodes, title, g)
		}
	}
	if !d.setFlow(nodes, r.limits.TextBytes) {
		return tooLarge("It is too long; only its beginning was read.")
	}
	return nil
}

func sheetGrid(ctx context.Context, b *excelize.File, sheet string, left *int) (*grid, error) {
	g := &grid{origin: sheet, sheet: true}
	rows, err := b.Rows(sheet)
	if err != nil {
		return g, unreadable("A sheet is damaged and could not be read.")
	}
	defer rows.Close()
	merged := mergedCells(b, sheet)
	for n := 1; rows.Next(); n++ {
		if err := ctx.Err(); err != nil {
			return g, err
		}
		values, err := rows.Columns()
		if err != nil {
			return g, unreadable("A sheet is damaged and could not be read to its end.")
		}
		if *left -= len(values) + 1; *left < 0 {
			return g, tooLarge("It has too many cells; only its beginning was read.")
		}
		if row := sheetRow(values, merged[n]); len(row.cells) > 0 {
			g.rows = append(g.rows, row)
		}
	}
	g.trim()
	return g, nil
}

func sheetRow(values []string, merged map[int]int) gridRow {
	for len(values) > 0 && strings.TrimSpace(values[len(values)-1]) == "" {
		values = values[:len(values)-1]
	}
	all := textRow(values)
	var row gridRow
	for i := 0; i < len(all.cells); i++ {
		c := all.cells[i]
		c.span = max(1, merged[i])
		row.cells = append(row.cells, c)
		i += c.span - 1
	}
	return row
}

// mergedCells gives for each row the columns (from 0) whose cell covers more
// than one, and how many.
func mergedCells(b *excelize.File, sheet string) map[int]map[int]int {
	out := map[int]map[int]int{}
	all, err := b.GetMergeCells(sheet)
	if err != nil || len(all) > 10_000 {
		return out
	}
	for _, m := range all {
		col, row, err := excelize.CellNameToCoordinates(m.GetStartAxis())
		if err != nil {
			continue
		}
		end, _, err := excelize.CellNameToCoordinates(m.GetEndAxis())
		if err != nil || end <= col {
			continue
		}
		if out[row] == nil {
			out[row] = map[int]int{}
		}
		out[row][col-1] = end - col + 1
	}
	return out
}
