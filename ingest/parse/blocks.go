package parse

import (
	"strings"
	"unicode"
)

// maxBlocks bounds the memory that a document's structure takes. What comes
// after that many blocks is kept as one paragraph: only generated files get there.
const maxBlocks = 500_000

// blockList collects blocks in order of their text.
type blockList []Block

// add appends a block after trimming white space off its ends in text; a code
// block keeps the indentation of its first line. A block without text is dropped.
func (l *blockList) add(text string, b Block) {
	b.Start, b.End = trim(text, b.Start, b.End)
	if b.Start == b.End {
		return
	}
	if b.Kind == Code {
		b.Start = lineIndent(text, b.Start, l.end())
	}
	l.push(b)
}

func (l *blockList) push(b Block) {
	n := len(*l)
	if n < maxBlocks {
		*l = append(*l, b)
		return
	}
	last := &(*l)[n-1]
	*last = Block{Kind: Paragraph, Start: last.Start, End: b.End, Page: last.Page}
}

// end is where the last block ends.
func (l blockList) end() int {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].End
}

// title is the first heading of level 1.
func (l blockList) title(text string) string {
	for _, b := range l {
		if b.Kind == Heading && b.Level == 1 {
			return b.Heading(text)
		}
	}
	return ""
}

// Heading is a heading's text on one line, without markup.
func (b Block) Heading(text string) string {
	if b.Label != "" {
		return b.Label
	}
	return oneLine(text[b.Start:b.End])
}

// oneLine collapses white space.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// trim narrows [start, end) to where it begins and ends with other than space.
func trim(text string, start, end int) (int, int) {
	s := text[start:end]
	start += len(s) - len(strings.TrimLeftFunc(s, unicode.IsSpace))
	if start == end {
		return end, end
	}
	return start, start + len(strings.TrimRightFunc(text[start:end], unicode.IsSpace))
}

// lineIndent is where the spaces and tabs before i begin, but not before floor.
func lineIndent(text string, i, floor int) int {
	for i > floor && (text[i-1] == ' ' || text[i-1] == '\t') {
		i--
	}
	return i
}
