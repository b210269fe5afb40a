package parse

import "strings"

// rstTables are directives whose content is a table's rows.
var rstTables = map[string]func(r *rst, indent int){"list-table": (*rst).listTable, "csv-table": (*rst).csvTable}

// listTable makes a row of each item of the outer list.
func (r *rst) listTable(indent int) {
	r.options(indent)
	last := r.next
	for r.peekIndented(indent) && r.scan() {
		if strings.HasPrefix(strings.TrimSpace(r.line()), "* -") {
			r.endAt(last)
			r.begin(TableRow, 0)
		}
		if r.line() != "" {
			last = r.next
		}
	}
	r.endAt(last)
}

// csvTable makes a row of each line.
func (r *rst) csvTable(indent int) {
	r.options(indent)
	for r.peekIndented(indent) && r.scan() {
		if r.line() != "" {
			r.row()
		}
	}
}
