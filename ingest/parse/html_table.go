package parse

import (
	"strings"

	"golang.org/x/net/html/atom"
)

// tableState is an open table.
type tableState struct {
	cells  []string
	heads  int // cells of the open row that are <th>
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
		if !t.layout {
			h.out.flush()
			h.out.inCell = true
		}
	default:
		h.endRow()
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
	t.cells, t.heads = nil, 0
}

func (h *htmlReader) endCell() {
	if !h.out.inCell {
		h.out.flush()
		return
	}
	t := h.table()
	t.cells = append(t.cells, strings.TrimPrefix(strings.TrimSpace(h.out.cur.String()), "; "))
	h.out.cur.Reset()
	h.out.inCell, h.out.space, h.out.sup = false, false, false
	h.out.kind, h.out.level, h.out.marker = Paragraph, 0, ""
}

// endRow writes the open row as "cell | cell". A row of headings is the table's
// header when it comes first; a row of one cell, without header, is a paragraph.
func (h *htmlReader) endRow() {
	h.endCell()
	t := h.table()
	row := strings.TrimRight(strings.Join(t.cells, " | "), " |")
	cells, heads := len(t.cells), t.heads
	t.cells, t.heads = t.cells[:0], 0
	if strings.Trim(row, " |") == "" {
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
