package parse

import (
	"bytes"
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Bounds of merged cells. They stand after a sheet's rows, which may be long.
const (
	maxSheetTail = 4 << 20
	maxMerged    = 20_000
)

// mergedCells are the cells of a sheet that reach down over several rows, in
// order of their first row. Each row repeats their text, to be understood alone.
type mergedCells struct {
	ranges []mergedRange
	open   []mergedRange // reach into the row before
}

type mergedRange struct {
	column, first, last int // from 1
	text                string
}

var mergeRef = regexp.MustCompile(`<(?:\w+:)?mergeCell [^>]*\bref="([A-Z]{1,3}[0-9]{1,7}):([A-Z]{1,3}[0-9]{1,7})"`)

// merged reads the merged ranges of a sheet's part from its end, where the
// format has them (ECMA-376 part 1, 18.3.1.99).
func (p *pack) merged(part string) (*mergedCells, error) {
	m := &mergedCells{}
	f := p.files[part]
	if f == nil {
		return m, nil
	}
	r, err := f.Open()
	if err != nil {
		return m, nil // the reader of rows says what is wrong
	}
	defer r.Close()
	tail, err := lastBytes(io.LimitReader(r, maxEntry), maxSheetTail)
	if i := bytes.LastIndex(tail, []byte("mergeCells")); err == nil && i >= 0 {
		if j := bytes.LastIndex(tail[:i], []byte("mergeCells")); j >= 0 {
			m.add(tail[j:i])
		}
	}
	slices.SortStableFunc(m.ranges, func(a, b mergedRange) int { return cmp.Compare(a.first, b.first) })
	return m, nil
}

func (m *mergedCells) add(xml []byte) {
	for _, ref := range mergeRef.FindAllSubmatch(xml, maxMerged) {
		c, first, err := excelize.CellNameToCoordinates(string(ref[1]))
		_, last, err2 := excelize.CellNameToCoordinates(string(ref[2]))
		if err == nil && err2 == nil && last > first {
			m.ranges = append(m.ranges, mergedRange{column: c, first: first, last: last})
		}
	}
}

// fill puts the cells that reach into a row, counted from 1, into it. Rows come
// in order.
func (m *mergedCells) fill(row int, cells []string) []string {
	m.open = slices.DeleteFunc(m.open, func(r mergedRange) bool { return r.last < row })
	has := !blank(cells)
	for _, r := range m.open {
		if has && r.column <= len(cells)+64 && len(m.open) <= 64 {
			for len(cells) < r.column {
				cells = append(cells, "")
			}
			if strings.TrimSpace(cells[r.column-1]) == "" {
				cells[r.column-1] = r.text
			}
		}
	}
	for len(m.ranges) > 0 && m.ranges[0].first <= row {
		r := m.ranges[0]
		m.ranges = m.ranges[1:]
		if r.column <= len(cells) && r.first == row && len(cells[r.column-1]) <= maxRepeated {
			r.text = cells[r.column-1]
			m.open = append(m.open, r)
		}
	}
	return cells
}

// lastBytes returns the last n bytes of what r gives, or all of it.
func lastBytes(r io.Reader, n int) ([]byte, error) {
	var tail []byte
	b := make([]byte, 64<<10)
	for {
		k, err := r.Read(b)
		if tail = append(tail, b[:k]...); len(tail) > 2*n {
			tail = append(tail[:0], tail[len(tail)-n:]...)
		}
		if err == io.EOF {
			return tail[max(0, len(tail)-n):], nil
		}
		if err != nil {
			return nil, err
		}
	}
}
