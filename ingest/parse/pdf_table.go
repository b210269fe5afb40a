package parse

import (
	"math"
	"slices"
)

// align returns the cells of a table's row in the columns of the row that gives
// them, blank where the row has none. It leaves the row as it is when two of its
// cells would be in one column.
func (grid *pdfLine) align(row pdfLine) []string {
	if len(row.cells) >= len(grid.cells) {
		return slices.Clone(row.cells)
	}
	cells := make([]string, len(grid.cells))
	last := -1
	for i, c := range row.cells {
		best, most := 0, math.Inf(-1)
		for k := range grid.cells {
			// How far they overlap; negative: how far they are apart.
			if o := math.Min(row.ends[i], grid.ends[k]) - math.Max(row.starts[i], grid.starts[k]); o > most {
				best, most = k, o
			}
		}
		if best <= last {
			return slices.Clone(row.cells)
		}
		cells[best], last = c, best
	}
	return cells
}

// narrowGap is a gap in a cell that is wider than one between words, and yet not
// so wide that it divides cells by itself.
type narrowGap struct {
	cell, at    int     // the cell, and where in its text the next word begins
	left, right float64 // between which it lies
}

// noteGap notes the gap before a word that is to be joined to the last cell and
// begins at x, if it may divide two.
func (l *pdfLine) noteGap(gap, x float64) {
	if n := len(l.cells) - 1; gap > 0.8*l.size {
		l.narrow = append(l.narrow, narrowGap{n, len(l.cells[n]) + 1, l.right, x})
	}
}

// divided returns a table's row divided at narrow gaps too, where one of the rows
// beside it is divided.
func (l pdfLine) divided(beside ...pdfLine) pdfLine {
	for i := len(l.narrow) - 1; i >= 0; i-- {
		g := l.narrow[i]
		x := (g.left + g.right) / 2
		if !slices.ContainsFunc(beside, func(o pdfLine) bool { return o.dividedAt(x) }) {
			continue
		}
		text := l.cells[g.cell]
		l.cells = slices.Insert(slices.Clone(l.cells), g.cell+1, text[g.at:])
		l.cells[g.cell] = text[:g.at-1]
		l.ends = slices.Insert(slices.Clone(l.ends), g.cell, g.left)
		l.starts = slices.Insert(slices.Clone(l.starts), g.cell+1, g.right)
	}
	l.narrow = nil
	return l
}

// dividedAt reports whether x lies between two cells.
func (l pdfLine) dividedAt(x float64) bool {
	for i := 1; i < len(l.cells); i++ {
		if l.ends[i-1] < x && x < l.starts[i] {
			return true
		}
	}
	return false
}
