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
	lines  rows
	body   bool // a row that is no header has been written
	inHead bool // in <thead>
	layout bool // it holds headings, code or tables: its cells are blocks
}

func (h *htmlReader) table() *tableState {
	if len(h.tables) == 0 {
		return nil
	}
	return &h.tables[len(h.tables)-1]
}

func (h *htmlReader) startTable(tag atom.Atom, a htmlAttributes) {
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
		t.cols, t.rows = max(1, a.cols), max(1, a.rows)
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

// endRow writes the open row as "cell | cell". Rows of headings are the table's
// header when they come first; a row of one cell, without header, is a paragraph.
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
	row, names := t.grid.end(), t.grid.names
	t.cells, t.heads = t.cells[:0], 0
	switch {
	case own == "":
	case cells == 1 && t.lines.header == "" && !t.inHead:
		h.out.put(Block{Kind: Paragraph}, strings.TrimRight(strings.Join(row, " | "), " |"), 0)
	case !t.body && (t.inHead || heads == cells):
		t.lines.addHeader(&h.out, row, names)
	default:
		t.body = true
		t.lines.put(&h.out, row)
	}
}
