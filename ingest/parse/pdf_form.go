package parse

import (
	"math"
	"slices"

	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/responses"
)

// filled returns a page with the looks of its annotations drawn onto it, so that
// the values of form fields, typed notes and stamps are text that stands where it
// is seen, and how many characters are printed on the page itself: those of the
// annotations come after them. A page with nothing to draw is returned as it is.
func (d *pdf) filled(page requests.Page) (drawn requests.Page, printed int, closePage func(), err error) {
	same := func() {}
	flat, err := d.instance.FPDFPage_Flatten(&requests.FPDFPage_Flatten{Page: page, Usage: requests.FPDFPage_FlattenUsageNormalDisplay})
	if err != nil || flat.Result != responses.FPDFPage_FlattenResultSuccess {
		return page, math.MaxInt, same, err
	}
	// The engine's page is still the one before.
	if printed, err = d.countChars(page); err != nil {
		return page, 0, same, err
	}
	loaded, err := d.instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: page.ByIndex.Document, Index: page.ByIndex.Index})
	if err != nil {
		return page, 0, same, err
	}
	return requests.Page{ByReference: &loaded.Page}, printed, func() {
		d.instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page})
	}, nil
}

func (d *pdf) countChars(page requests.Page) (int, error) {
	text, err := d.instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return 0, err
	}
	defer d.instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage})
	count, err := d.instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil {
		return 0, err
	}
	return count.Count, nil
}

// maxPlaced bounds the work of placing lines, as pairs of them.
const maxPlaced = 10_000_000

// placeFilled puts the lines of what is filled in, which come after the printed
// characters, beside what stands to their left or below what stands above them.
func (p *pdfPage) placeFilled(printed int) {
	n := slices.IndexFunc(p.lines, func(l pdfLine) bool { return l.last >= printed })
	if n < 0 || len(p.lines)*(len(p.lines)-n) > maxPlaced {
		return
	}
	filled := p.lines[n:]
	p.lines = p.lines[:n:n]
	for _, l := range filled {
		beside, above := p.neighbours(l)
		switch {
		case beside >= 0:
			p.lines[beside].insert(l)
		case above >= 0:
			p.lines = slices.Insert(p.lines, above+1, l)
		default:
			p.lines = append(p.lines, l)
		}
	}
}

// neighbours returns the line that begins next to the left of l, at its height,
// and the one that stands next above it; -1: none.
func (p *pdfPage) neighbours(l pdfLine) (beside, above int) {
	beside, above = -1, -1
	for i, o := range p.lines {
		overlap := math.Min(l.top, o.top) - math.Max(l.bottom, o.bottom)
		switch {
		case overlap > 0.4*math.Min(l.top-l.bottom, o.top-o.bottom):
			if o.left <= l.left && (beside < 0 || o.left > p.lines[beside].left) {
				beside = i
			}
		case o.bottom >= l.bottom && o.left < l.right && l.left < o.right && (above < 0 || o.bottom < p.lines[above].bottom):
			above = i
		}
	}
	return beside, above
}

// insert puts another line into this one, as a cell.
func (l *pdfLine) insert(s pdfLine) {
	at := slices.IndexFunc(l.starts, func(x float64) bool { return x > s.left })
	if at < 0 {
		at = len(l.starts)
	}
	l.cells, l.narrow = slices.Insert(l.cells, at, s.text()), nil
	l.starts, l.ends = slices.Insert(l.starts, at, s.left), slices.Insert(l.ends, at, s.right)
	l.right, l.top, l.bottom = math.Max(l.right, s.right), math.Max(l.top, s.top), math.Min(l.bottom, s.bottom)
}
