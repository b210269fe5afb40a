package parse

import (
	"bytes"
	"context"
	"errors"

	"github.com/xuri/excelize/v2"
)

// maxSheetCells bounds a workbook: what lies beyond it is data for a database.
const maxSheetCells = 5_000_000

// readXLSX reads a SpreadsheetML workbook (ECMA-376): visible sheets in order,
// rows as displayed, the first row with text as header of its table; a blank row
// ends a table. Page is the sheet.
func readXLSX(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body) // for its bounds, and the properties
	if err != nil {
		return Parsed{}, err
	}
	if _, err := p.file("xl/sharedStrings.xml"); err != nil {
		return Parsed{}, err
	}
	f, err := excelize.OpenReader(bytes.NewReader(body), excelize.Options{UnzipSizeLimit: maxExpanded, UnzipXMLSizeLimit: 16 << 20})
	if errors.Is(err, excelize.ErrWorkbookPassword) || errors.Is(err, excelize.ErrWorkbookFileFormat) {
		return Parsed{}, Permanent("password-protected or damaged workbook (%v)", err)
	}
	if err != nil {
		return Parsed{}, Permanent("damaged workbook: %v", err)
	}
	defer f.Close()
	x := &xlsx{file: f}
	for i, name := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(name); err == nil && !visible {
			continue
		}
		x.out.page = i + 1
		if err := x.sheet(ctx, name); err != nil {
			return Parsed{}, err
		}
	}
	meta, err := officeProperties(walkContext{ctx}, p)
	if err != nil {
		return Parsed{}, err
	}
	return x.out.parsed(meta), nil
}

type xlsx struct {
	file  *excelize.File
	out   page
	cells int
}

func (x *xlsx) sheet(ctx context.Context, name string) error {
	lines, err := x.file.Rows(name)
	if errors.As(err, &excelize.ErrSheetNotExist{}) {
		return nil // a chart sheet
	}
	if err != nil {
		return Permanent("damaged sheet %q: %v", name, err)
	}
	defer lines.Close()
	x.out.put(Block{Kind: Heading, Level: 1}, oneLine(tidy(name)), 0)
	var t rows
	for n := 0; lines.Next(); n++ {
		if n&255 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, err := lines.Columns()
		if err != nil {
			return Permanent("damaged sheet %q, row %d: %v", name, n+1, err)
		}
		if blank(cells) {
			t = rows{}
			continue
		}
		if x.cells += len(cells); x.cells > maxSheetCells {
			return Permanent("more than the %d cells that are read: export the sheets as CSV, in parts", maxSheetCells)
		}
		t.add(&x.out, cells)
	}
	return nil
}

func blank(cells []string) bool {
	for _, c := range cells {
		if oneLine(c) != "" {
			return false
		}
	}
	return true
}
