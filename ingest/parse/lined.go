package parse

import (
	"context"
	"strings"
)

// lined is a text format read line by line, whose canonical text is its source:
// what reStructuredText and AsciiDoc share.
type lined struct {
	ctx    context.Context
	text   string
	blocks blockList
	at     int // of the current line
	next   int // of the line after it
	n      int

	start  int // of the open block; -1: none
	kind   Kind
	header string // of the open table
	meta   map[string]any
}

func newLined(ctx context.Context, body []byte) (*lined, error) {
	text, err := decodeAny(body)
	if err != nil {
		return nil, err
	}
	return &lined{ctx: ctx, text: text, start: -1, meta: map[string]any{}}, nil
}

// scan moves to the next line; false at the end, or when ctx has ended.
func (l *lined) scan() bool {
	if l.n++; l.n&1023 == 0 && l.ctx.Err() != nil {
		return false
	}
	l.at = l.next
	if l.at >= len(l.text) {
		return false
	}
	l.next = lineEnd(l.text, l.at)
	return true
}

// line is the current line without white space at its end.
func (l *lined) line() string { return strings.TrimRight(l.text[l.at:l.next], " \t\n\f\r") }

// peek is the line after the current one.
func (l *lined) peek() string {
	if l.next >= len(l.text) {
		return ""
	}
	return strings.TrimRight(l.text[l.next:lineEnd(l.text, l.next)], " \t\n\f\r")
}

// begin ends the open block and opens one at the current line, skip bytes on.
func (l *lined) begin(kind Kind, skip int) {
	l.end()
	l.start, l.kind = min(l.at+skip, l.next), kind
}

// more goes on with the open block, or opens a paragraph.
func (l *lined) more() {
	if l.start < 0 {
		l.begin(Paragraph, 0)
	}
}

// end ends the open block before the current line.
func (l *lined) end() { l.endAt(l.at) }

// endAt ends the open block at an offset. A table's first row is the header of
// the others.
func (l *lined) endAt(at int) {
	if l.start >= 0 && l.start < at {
		b := Block{Kind: l.kind, Start: l.start, End: at}
		if b.Kind == TableRow {
			b.Header = l.header
		}
		if l.blocks.add(l.text, b); b.Kind == TableRow && l.header == "" {
			l.header = rowText(l.text[l.start:at])
		}
	}
	l.start = -1
}

// part makes a block of the current line's [from, to).
func (l *lined) part(kind Kind, from, to int) {
	l.begin(kind, from)
	l.endAt(l.at + to)
}

// heading adds the text of the current line from skip bytes on.
func (l *lined) heading(level, skip int) {
	l.end()
	l.blocks.add(l.text, Block{Kind: Heading, Level: level, Start: l.at + skip, End: l.next})
}

// row adds the current line as a row of a table.
func (l *lined) row() {
	l.begin(TableRow, 0)
	l.endAt(l.next)
}

// verbatim makes code of the lines up to one that stops; what the fence is made
// of is no part of it. The current line is then the one that stopped.
func (l *lined) verbatim(stop func(line string) bool) {
	l.begin(Code, l.next-l.at)
	for l.scan() {
		if stop(l.line()) {
			break
		}
	}
	l.end()
}

func (l *lined) parsed() (Parsed, error) {
	if err := l.ctx.Err(); err != nil {
		return Parsed{}, err
	}
	l.endAt(len(l.text))
	return titled(Parsed{Text: l.text, Blocks: l.blocks, Metadata: l.meta}), nil
}

// field keeps what the document says of itself.
func (l *lined) field(key, value string) {
	key = strings.ToLower(strings.TrimSpace(key))
	if value = scalar(value); value != "" && key != "" && len(key) <= 64 && len(l.meta) < maxFields && l.meta[key] == nil {
		l.meta[key] = value
	}
}

// indentation is how many spaces or tabs a line begins with.
func indentation(line string) int { return len(line) - len(strings.TrimLeft(line, " \t")) }
