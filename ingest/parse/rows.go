package parse

import "strings"

// maxHeaderRows is how many rows a table's header may have.
const maxHeaderRows = 3

// rows writes a table. Its first row is the header of the others, or those that
// are said to be. A first row of one cell is a title when the next has more from
// there on: that one is the header.
type rows struct {
	header string
	title  int      // the column of header's only cell, from 1; 0: it has more
	names  []string // of the columns, from the rows that are said to be the header
	heads  int
}

// add writes a row.
func (t *rows) add(out *page, cells []string) {
	first, n := filled(cells)
	if t.title == first && n > 1 {
		t.header, t.title = "", 0
	}
	text := t.put(out, cells)
	if t.header == "" {
		if t.header = text; n == 1 {
			t.title = first
		}
	}
}

// filled returns the column of the first cell with text, from 1, and how many
// there are.
func filled(cells []string) (first, n int) {
	for i, c := range cells {
		if oneLine(c) == "" {
			continue
		}
		if n++; n == 1 {
			first = i + 1
		}
	}
	return first, n
}

// addHeader writes a row that is of the header; names has a cell's text in each
// column that it reaches over.
func (t *rows) addHeader(out *page, cells, names []string) {
	text := t.put(out, cells)
	if text == "" {
		return
	}
	if t.name(names); t.heads == 1 {
		t.header = text
	}
}

// put writes a row and returns it as text, which is empty when it has none.
func (t *rows) put(out *page, cells []string) string {
	for i, c := range cells {
		cells[i] = oneLine(tidy(c))
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	text := strings.TrimSpace(strings.Join(narrow(cells), " | "))
	if text != "" {
		out.put(Block{Kind: TableRow, Header: t.header}, text, 0)
	}
	return text
}

// maxBlanks is how many blank cells in a row keep their places.
const maxBlanks = 100

// narrow leaves out blank cells beyond maxBlanks in a row: no table that a person
// reads has them.
func narrow(cells []string) []string {
	if len(cells) <= maxBlanks {
		return cells
	}
	kept, run := cells[:0], 0
	for _, c := range cells {
		if run++; c != "" {
			run = 0
		}
		if run <= maxBlanks {
			kept = append(kept, c)
		}
	}
	return kept
}

// name adds a row of the header to the columns' names: below "Draught", "loaded"
// becomes "Draught loaded".
func (t *rows) name(cells []string) {
	if t.heads++; t.heads > maxHeaderRows {
		return
	}
	for i, c := range cells {
		if i == len(t.names) {
			t.names = append(t.names, "")
		}
		if c = cutBytes(oneLine(tidy(c)), maxRepeated); c != t.names[i] {
			t.names[i] = strings.TrimSpace(t.names[i] + " " + c)
		}
	}
	t.header = strings.TrimSpace(strings.TrimRight(strings.Join(t.names, " | "), " |"))
}
