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
