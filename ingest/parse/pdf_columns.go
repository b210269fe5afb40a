package parse

import (
	"math"
	"strings"
)

// splitColumns takes apart the lines of columns of prose that a page's content
// gives side by side: those of the first column come before those of the second.
func (p *pdfPage) splitColumns() {
	var out []pdfLine
	for i := 0; i < len(p.lines); {
		n := 1
		for i+n < len(p.lines) && sameColumns(p.lines[i], p.lines[i+n]) {
			n++
		}
		if run := p.lines[i : i+n]; isProse(run) {
			out = append(out, byColumn(run)...)
		} else {
			out = append(out, run...)
		}
		i += n
	}
	p.lines = out
}

// sameColumns reports whether two lines are divided at the same places.
func sameColumns(a, b pdfLine) bool {
	if len(a.cells) < 2 || len(a.cells) > 3 || len(a.cells) != len(b.cells) {
		return false
	}
	for i := range a.starts {
		if math.Abs(a.starts[i]-b.starts[i]) > 1.5*a.size {
			return false
		}
	}
	return true
}

// isProse tells columns of text from a table: three lines or more, their cells
// of five words or so in every column.
func isProse(run []pdfLine) bool {
	if len(run) < 3 {
		return false
	}
	for c := range run[0].cells {
		words := 0
		for _, l := range run {
			words += len(strings.Fields(l.cells[c]))
		}
		if words < 9*len(run)/2 {
			return false
		}
	}
	return true
}

func byColumn(run []pdfLine) []pdfLine {
	var out []pdfLine
	for c := range run[0].cells {
		for _, l := range run {
			part := l
			part.cells, part.starts, part.ends = l.cells[c:c+1:c+1], l.starts[c:c+1:c+1], l.ends[c:c+1:c+1]
			part.left, part.right, part.narrow = l.starts[c], l.ends[c], nil
			out = append(out, part)
		}
	}
	return out
}

// sortLines puts a page's lines in reading order, where its content has them in
// another: more than two, and a tenth of them, stand above the one before and
// in the same column.
func (p *pdfPage) sortLines() {
	back := 0
	boxes := make([]box, len(p.lines))
	for i, l := range p.lines {
		boxes[i] = box{l.left, l.right, l.top, l.bottom}
		if i > 0 {
			if before := boxes[i-1]; l.bottom > before.top && l.left < before.right && before.left < l.right {
				back++
			}
		}
	}
	if back <= max(2, len(p.lines)/10) {
		return
	}
	sorted := make([]pdfLine, 0, len(p.lines))
	for _, i := range readingOrder(boxes, 3) {
		sorted = append(sorted, p.lines[i])
	}
	p.lines = sorted
}
