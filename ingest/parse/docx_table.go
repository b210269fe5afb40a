package parse

import (
	"slices"
	"strings"
)

// table writes each row as a block, its cells joined by bars.
func (d *docx) table(x *xmlWalker) error {
	var t rows
	var above []string
	return x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "tr":
			r := docxRow{above: above}
			err := x.walk(func(x *xmlWalker, e element) error { return d.row(x, e, &r) })
			above = slices.Clone(r.cells)
			if r.header {
				t.addHeader(&d.out, r.cells, r.names)
			} else {
				t.add(&d.out, r.cells)
			}
			d.putAfter()
			return err
		case "sdt", "sdtContent", "ins":
			return x.descend()
		}
		return nil
	})
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

// cell adds the text of what stands in a table's cell, nested tables included.
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
		if label := d.numbering.label(p.num); label != "" {
			cell.text.WriteString(" " + label)
		}
		cell.text.WriteString(" " + p.text.String())
	case "sdtPr", "tblPr", "Fallback":
	default:
		return x.descend()
	}
	return nil
}
