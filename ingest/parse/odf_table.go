package parse

import "strings"

// table writes rows; a sheet is a page of its own with its name as heading.
func (d *odf) table(x *xmlWalker, e element) error {
	if d.sheets {
		d.out.page++
		d.out.put(Block{Kind: Heading, Level: 1}, oneLine(tidy(e.attr("name"))), 0)
	}
	var t rows
	var grid spans
	var visit visitor
	head := false
	visit = func(x *xmlWalker, e element) error {
		switch e.Name.Local {
		case "table-row":
			err := d.row(x, &grid)
			switch row := grid.end(); {
			case head:
				t.addHeader(&d.out, row, grid.names)
			case d.sheets && blank(row):
				t = rows{}
			default:
				t.add(&d.out, row)
			}
			d.putRemarks()
			return err
		case "table-header-rows", "table-rows", "table-row-group":
			head = e.Name.Local == "table-header-rows"
			defer func() { head = false }()
			return x.walk(visit)
		}
		return nil
	}
	return x.walk(visit)
}

// row reads a row's cells; one that another covers is passed over.
func (d *odf) row(x *xmlWalker, grid *spans) error {
	grid.begin()
	return x.walk(func(x *xmlWalker, e element) error {
		if e.Name.Local != "table-cell" {
			return nil
		}
		var cell []string
		var visit visitor
		visit = func(x *xmlWalker, e element) error {
			switch e.Name.Local {
			case "p", "h":
				text, err := d.inline(x)
				cell = append(cell, text)
				return err
			case "annotation":
				return d.annotation(x)
			case "shapes":
				return nil
			}
			return x.walk(visit)
		}
		err := x.walk(visit)
		text := strings.Join(cell, " ")
		times := small(e.attr("number-columns-repeated"))
		if text == "" && len(e.attr("number-columns-repeated")) > 2 && len(grid.row) < maxBlanks {
			times = maxBlanks // or more, which is as wide
		}
		for range max(1, times) {
			grid.cell(text, small(e.attr("number-columns-spanned")), small(e.attr("number-rows-spanned")))
			if len(text) > maxRepeated {
				break
			}
		}
		return err
	})
}
