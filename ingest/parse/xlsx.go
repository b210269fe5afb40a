package parse

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/xuri/excelize/v2"
)

// maxSheetCells bounds a workbook, blank rows counted as a cell: what lies
// beyond it is data for a database.
const (
	maxSheetCells = 5_000_000
	maxSheetText  = 64 << 20 // a text that cells share counts in each
)

// readXLSX reads a SpreadsheetML workbook (ECMA-376): visible sheets in order,
// rows as displayed, the first row with text as header of its table; a blank row
// ends a table. Then come the sheet's charts, text boxes, pictures' descriptions
// and comments. Page is the sheet.
func readXLSX(ctx context.Context, body []byte) (Parsed, error) {
	p, err := openPack(body) // for its bounds, and the properties
	if err != nil {
		return Parsed{}, err
	}
	if err := checkWorkbook(p); err != nil {
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
	w := walkContext{ctx}
	parts, err := sheetParts(w, p)
	if err != nil {
		return Parsed{}, err
	}
	x := &xlsx{drawing: drawing{walkContext: w, pack: p, out: &page{}}, file: f}
	if x.authors, err = p.commentAuthors(w, workbookPart); err != nil {
		return Parsed{}, err
	}
	for i, name := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(name); err == nil && !visible {
			continue
		}
		x.out.page = i + 1
		x.out.put(Block{Kind: Heading, Level: 1}, oneLine(tidy(name)), 0)
		for _, read := range []func(name, part string) error{x.sheet, x.drawings, x.commentsOn} {
			if err := read(name, parts[name]); err != nil {
				return Parsed{}, err
			}
		}
	}
	meta, err := officeProperties(w, p)
	if err != nil {
		return Parsed{}, err
	}
	return x.out.parsed(meta), nil
}

// maxWorkbookParts bounds what excelize holds in memory whole: all but the
// sheets and their shared strings, which it keeps on disk when they are large.
const maxWorkbookParts = 96 << 20

func checkWorkbook(p *pack) error {
	var held uint64
	for name, f := range p.files {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") && name != "xl/sharedStrings.xml" {
			held += min(f.UncompressedSize64, maxExpanded)
		}
	}
	if held > maxWorkbookParts {
		return Permanent("its parts expand to more than is read: it may be a zip bomb")
	}
	return nil
}

type xlsx struct {
	drawing
	file    *excelize.File
	authors map[string]string // of threads of comments, by id
	cells   int
}

func (x *xlsx) sheet(name, part string) error {
	merged, err := x.pack.merged(part)
	if err != nil {
		return err
	}
	lines, err := x.file.Rows(name)
	if errors.As(err, &excelize.ErrSheetNotExist{}) {
		return nil // a chart sheet
	}
	if err != nil {
		return Permanent("damaged sheet %q: %v", name, err)
	}
	defer lines.Close()
	var t rows
	for n := 0; lines.Next(); n++ {
		if n&255 == 0 && x.ctx.Err() != nil {
			return x.ctx.Err()
		}
		cells, err := lines.Columns()
		if err != nil {
			return Permanent("damaged sheet %q, row %d: %v", name, n+1, err)
		}
		if x.cells += max(1, len(cells)); x.cells > maxSheetCells {
			return Permanent("more than the %d cells that are read: export the sheets as CSV, in parts", maxSheetCells)
		}
		if x.out.done.Len() > maxSheetText {
			return Permanent("more than the %d MB of text that are read: export the sheets as CSV, in parts", maxSheetText>>20)
		}
		cells = merged.fill(n+1, cells)
		if blank(cells) {
			t = rows{}
			continue
		}
		t.add(x.out, cells)
	}
	return nil
}

func blank(cells []string) bool {
	first, _ := filled(cells)
	return first == 0
}
