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
			cells, err := d.row(x, above)
			above = slices.Clone(cells)
			t.add(&d.out, cells)
			d.putAfter()
			return err
		case "sdt", "sdtContent", "ins":
			return x.descend()
		}
		return nil
	})
}

// row returns a row's cells. One merged with the cell above repeats its text, so
// that each row can be understood alone; one merged across is followed by blanks.
func (d *docx) row(x *xmlWalker, above []string) (cells []string, err error) {
	err = x.walk(func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "tc":
			c := docxCell{span: 1}
			err := x.walk(func(x *xmlWalker, e element) error { return d.cell(x, e, &c) })
			if c.continues && len(cells) < len(above) && len(above[len(cells)]) <= maxRepeated {
				c.text.WriteString(above[len(cells)])
			}
			cells = append(cells, c.text.String())
			for range c.span - 1 {
				cells = append(cells, "")
			}
			return err
		case "sdt", "sdtContent", "ins":
			return x.descend()
		}
		return nil
	})
	return cells, err
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
