package parse

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/text"
)

var delimiterRow = regexp.MustCompile(`^[ \t]*\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t\n]*$`)

// tableAt is the index of the delimiter row of the table that lines hold from
// from on, or 0. The row before it is the header and has as many cells.
func (m *markdown) tableAt(lines *text.Segments, from int) int {
	for i := from + 1; i < lines.Len(); i++ {
		line := m.line(lines, i)
		if bytes.IndexByte(line, '-') < 0 || !delimiterRow.Match(line) {
			continue
		}
		header := m.line(lines, i-1)
		if bytes.IndexByte(header, '|') >= 0 && cells(header) == cells(line) {
			return i
		}
	}
	return 0
}

// table adds the rows of a table whose header is lines[header].
func (m *markdown) table(lines *text.Segments, header int) {
	m.add(TableRow, lines, header, header+1)
	start, end := m.span(lines, header, header+1)
	name := rowText(m.text[start:end])
	for i := header + 2; i < lines.Len(); i++ {
		start, end := m.span(lines, i, i+1)
		m.blocks.add(m.text, Block{Kind: TableRow, Start: start, End: end, Header: name})
	}
}

// cells counts the cells of a row.
func cells(row []byte) int {
	row = bytes.TrimSpace(row)
	row = bytes.TrimSuffix(bytes.TrimPrefix(row, []byte("|")), []byte("|"))
	return 1 + bytes.Count(row, []byte("|")) - bytes.Count(row, []byte(`\|`))
}

// rowText is a row as text: "a | b".
func rowText(row string) string {
	return strings.TrimSpace(strings.Trim(oneLine(row), "|"))
}

var (
	inlineLink = regexp.MustCompile(`!?\[([^\[\]]*)\](\([^()]*\)|\[[^\[\]]*\])`)
	inlineMark = regexp.MustCompile("`+([^`]+)`+|\\\\([!-/:-@\\[-`{-~])|\\*{1,3}|~~|<[/!?a-zA-Z][^<>]*>")
)

// plainInline is Markdown's inline text without its links, emphasis, tags and
// code marks, on one line: near enough for a heading's name.
func plainInline(s string) string {
	s = inlineLink.ReplaceAllString(cutBytes(s, 1<<10), "$1")
	return oneLine(inlineMark.ReplaceAllString(s, "$1$2"))
}
