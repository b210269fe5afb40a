package parse

import (
	"slices"
	"strings"
)

// table writes each row as a block, its cells joined by bars. A table of one
// cell is a frame around paragraphs, which are read as such.
func (d *docx) table(x *xmlWalker) error {
	var t docxTable
	d.tables++
	defer func() { d.tables-- }()
	err := x.walk(func(x *xmlWalker, e element) error { return d.tablePart(x, e, &t) })
	for _, cell := range t.column {
		if len(t.column) == 1 {
			d.out.copy(cell)
		} else {
			t.add(d.out, []string{cell.text()})
		}
	}
	return err
}

type docxTable struct {
	rows
	above   []string // the last row's cells
	columns int      // that its grid has
	column  []*page  // the cells, where that is one
}

func (d *docx) tablePart(x *xmlWalker, e element, t *docxTable) error {
	switch e.Name.Local {
	case "gridCol":
		t.columns++
	case "tr":
		r := docxRow{above: t.above}
		if t.columns == 1 && d.tables <= maxTables {
			cell, err := d.aside(func() error { return x.walk(d.block) })
			t.column = append(t.column, cell)
			return err
		}
		err := x.walk(func(x *xmlWalker, e element) error { return d.row(x, e, &r) })
		if t.above = slices.Clone(r.cells); r.header {
			t.addHeader(d.out, r.cells, r.names)
		} else {
			t.add(d.out, r.cells)
		}
		d.putAfter()
		return err
	case "tblGrid", "sdt", "sdtContent", "ins":
		return x.descend()
	}
	return nil
}

// docxRow is a row being read. A cell merged with the one above repeats its
// text, so that each row can be understood alone; one merged across is followed
// by blanks.
type docxRow struct {
	cells, above []string
	names        []string // a cell's text in each column that it reaches over
	header       bool     // it is repeated on each page
}

func (d *docx) row(x *xmlWalker, e element, r *docxRow) error {
	switch e.Name.Local {
	case "tc":
		c := docxCell{span: 1}
		err := x.walk(func(x *xmlWalker, e element) error { return d.cell(x, e, &c) })
		if n := len(r.cells); c.continues && n < len(r.above) && len(r.above[n]) <= maxRepeated {
			c.text.WriteString(r.above[n])
		}
		r.cells = append(r.cells, c.text.String())
		for range c.span - 1 {
			r.cells = append(r.cells, "")
		}
		for range c.span {
			r.names = append(r.names, c.text.String())
		}
		return err
	case "tblHeader":
		r.header = isOn(e)
		return nil
	case "gridBefore":
		r.cells = append(r.cells, make([]string, small(e.attr("val")))...)
		r.names = append(r.names, make([]string, small(e.attr("val")))...)
		return nil
	case "sdt", "sdtContent", "ins", "trPr":
		return x.descend()
	}
	return nil
}

type docxCell struct {
	text      strings.Builder
	span      int
	continues bool // merged with the cell above
}

// maxTables is how deep tables may stand in one another and still be told apart.
const maxTables = 8

// cell adds the text of what stands in a table's cell; a table in it follows
// the row.
func (d *docx) cell(x *xmlWalker, e element, cell *docxCell) error {
	switch e.Name.Local {
	case "gridSpan":
		cell.span = max(1, small(e.attr("val")))
	case "vMerge":
		cell.continues = e.attr("val") != "restart"
	case "p":
		p, err := d.readParagraph(x)
		if err != nil {
			return err
		}
		if _, label := d.label(p, d.style(p.style)); label != "" {
			cell.text.WriteString(" " + label)
		}
		cell.text.WriteString(" " + p.text.String())
	case "tbl":
		if d.tables > maxTables {
			return x.descend()
		}
		table, err := d.aside(func() error { return d.table(x) })
		d.after = append(d.after, func() { d.out.copy(table) })
		return err
	case "sdtPr", "tblPr", "Fallback":
	default:
		return x.descend()
	}
	return nil
}
