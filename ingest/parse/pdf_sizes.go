package parse

import (
	"math"
	"slices"
)

// bodySize is the size that most characters have.
func bodySize(pages []pdfPage) float64 {
	best, most := 10.0, 0
	for size, n := range sizes(pages) {
		if n > most || n == most && size < best {
			best, most = size, n
		}
	}
	return best
}

// bodyFont is the font that most lines begin in.
func bodyFont(pages []pdfPage) string {
	best, count := "", map[string]int{}
	for _, p := range pages {
		for _, line := range p.lines {
			count[line.font] += len(line.text())
			if count[line.font] > count[best] || best == "" {
				best = line.font
			}
		}
	}
	return best
}

// sizes counts characters by size in half points.
func sizes(pages []pdfPage) map[float64]int {
	count := map[float64]int{}
	for _, p := range pages {
		for _, line := range p.lines {
			count[math.Round(line.size*2)/2] += len(line.text())
		}
	}
	return count
}

// headingSizes are the sizes larger than running text, largest first, merged
// where they differ by less than a point.
func headingSizes(pages []pdfPage, body float64) []float64 {
	var out []float64
	for size := range sizes(pages) {
		if size >= 1.12*body {
			out = append(out, size)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return slices.CompactFunc(out, func(a, b float64) bool { return a-b < 1 })
}
