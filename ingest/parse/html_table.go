package parse

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// tableState is an open table.
type tableState struct {
	grid   spans
	open   bool     // a row is
	cells  []string // of the open row, as they come
	heads  int      // of those, the ones that are <th>
	cols   int      // that the open cell reaches over
	rows   int
	header [2]int
	inHead bool // in <thead>
	layout bool // it holds headings, code or tables: its cells are blocks
}

func (h *htmlReader) table() *tableState {
	if len(h.tables) == 0 {
		return nil
	}
	return &h.tables[len(h.tables)-1]
}

func (h *htmlReader) startTable(tag atom.Atom) {
	if tag == atom.Table {
		h.leaveTable()
		h.out.flush()
		h.tables = append(h.tables, tableState{})
		return
	}
	t := h.table()
	if t == nil {
		h.boundary()
		return
	}
	switch tag {
	case atom.Caption:
		h.out.open(Caption)
	case atom.Td, atom.Th:
		h.endCell()
		if tag == atom.Th {
			t.heads++
		}
		t.cols, t.rows = h.reach()
		if !t.layout {
			h.out.flush()
			h.out.inCell = true
		}
	default:
		h.endRow()
		t.open = tag == atom.Tr
		t.inHead = tag == atom.Thead || t.inHead && tag == atom.Tr
	}
}

func (h *htmlReader) endTable(tag atom.Atom) {
	switch {
	case h.table() == nil:
		h.boundary()
	case tag == atom.Td || tag == atom.Th:
		h.endCell()
	case tag == atom.Tr || tag == atom.Thead:
		h.endRow()
		h.table().inHead = h.table().inHead && tag == atom.Tr
	case tag == atom.Table:
		h.closeTables(len(h.tables) - 1)
	default:
		h.out.flush()
	}
}

// closeTables ends the innermost tables until n are open.
func (h *htmlReader) closeTables(n int) {
	for len(h.tables) > n {
		h.endRow()
		h.tables = h.tables[:len(h.tables)-1]
	}
}

// leaveTable makes the open table one for layout: what its cells hold, and held
// in this row, are blocks.
func (h *htmlReader) leaveTable() {
	t := h.table()
	if t == nil || t.layout {
		return
	}
	h.endCell()
	t.layout = true
	for _, cell := range t.cells {
		if cell != "" {
			h.out.put(Block{Kind: Paragraph}, cell, 0)
		}
	}
	t.cells, t.heads, t.grid = nil, 0, spans{}
}

func (h *htmlReader) endCell() {
	if !h.out.inCell {
		h.out.flush()
		return
	}
	t := h.table()
	text := strings.TrimPrefix(strings.TrimSpace(h.out.cur.String()), "; ")
	if len(t.cells) == 0 {
		t.grid.begin()
	}
	t.cells = append(t.cells, text)
	if cost := (t.cols*t.rows - 1) * (len(text) + 3); cost <= h.spare {
		h.spare -= cost
		t.grid.cell(text, t.cols, t.rows)
	} else {
		t.grid.cell(text, 1, 1)
	}
	h.out.cur.Reset()
	h.out.inCell, h.out.space, h.out.sup = false, false, false
	h.out.kind, h.out.level, h.out.marker = Paragraph, 0, ""
}

// endRow writes the open row as "cell | cell". A row of headings is the table's
// header when it comes first; a row of one cell, without header, is a paragraph.
// A cell over several rows is repeated in each, so that each can be understood
// alone.
func (h *htmlReader) endRow() {
	h.endCell()
	t := h.table()
	own, cells, heads := strings.Join(t.cells, ""), len(t.cells), t.heads
	if cells == 0 && !t.open {
		return
	}
	if cells == 0 {
		t.grid.begin()
	}
	t.open = false
	row := strings.TrimRight(strings.Join(t.grid.end(), " | "), " |")
	t.cells, t.heads = t.cells[:0], 0
	if own == "" {
		return
	}
	if cells == 1 && t.header[1] == 0 && !t.inHead {
		h.out.put(Block{Kind: Paragraph}, row, 0)
		return
	}
	h.out.put(Block{Kind: TableRow}, row, 0)
	last := h.out.blocks[len(h.out.blocks)-1]
	switch {
	case t.header[1] != 0:
		h.out.setHeader(t.header)
	case t.inHead || heads == cells:
		t.header = [2]int{last.Start, last.End}
	}
}

// reach reads how many columns and rows the tag's cell reaches over.
func (h *htmlReader) reach() (cols, rows int) {
	for more := true; more; {
		var key, value []byte
		key, value, more = h.z.TagAttr()
		switch string(key) {
		case "colspan":
			cols = small(string(value))
		case "rowspan":
			rows = small(string(value))
		}
	}
	return max(1, cols), max(1, rows)
}

// setHeader notes the header of the row that was written last.
func (p *page) setHeader(header [2]int) {
	if len(p.blocks) == maxBlocks {
		return
	}
	if p.headers == nil {
		p.headers = map[int][2]int{}
	}
	p.headers[len(p.blocks)-1] = header
}

// setHeaders gives each row the text of its header.
func setHeaders(text string, blocks []Block, headers map[int][2]int) {
	for i, r := range headers {
		blocks[i].Header = text[r[0]:r[1]]
	}
}
