package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// page is rendered text in the making: finished blocks, and the open one.
type page struct {
	done   strings.Builder
	blocks blockList

	cur      strings.Builder // the open block's text, or the open cell's
	kind     Kind
	level    int
	marker   string // of a list item that has no text yet
	indent   int    // of the open block, in spaces
	verbatim bool   // inside <pre>
	space    bool   // white space seen that is not written yet
	sup      bool   // at the start of <sup>
	inTerm   bool   // the open block is a term, to which its definition will be added
	softOpen bool   // a definition has begun, without text yet
	inCell   bool
	last     rune
	page     int // of the blocks put, from 1; 0: the format has none

	inLink bool
	inMain bool // inside the main part of a page
	mark   blockMark
	marks  []blockMark // of the blocks
}

func (p *page) text() string { return p.done.String() }

// open ends the open block and begins one of a kind.
func (p *page) open(kind Kind) {
	if !p.inCell {
		p.flush()
	}
	p.kind = kind
	p.inTerm = kind == ListItem
}

// write adds text to the open block, with its white space collapsed.
func (p *page) write(s string) {
	if p.verbatim && !p.inCell {
		p.writeVerbatim(s)
		return
	}
	if p.sup && !p.space && p.cur.Len() > 0 {
		s = raised(p.last, s)
	}
	p.sup = false
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case unicode.IsSpace(r):
			p.space = true
		case invisible(r):
		default:
			p.gap()
			p.cur.WriteString(s[:n])
			p.weigh(r)
			p.last = r
			p.softOpen = false
		}
		s = s[n:]
	}
}

// gap writes the space or marker that is due before more text.
func (p *page) gap() {
	if p.cur.Len() == 0 {
		p.cur.WriteString(p.marker)
		p.marker = ""
	} else if p.space && p.last != '\n' {
		p.cur.WriteByte(' ')
	}
	p.space = false
}

func (p *page) writeVerbatim(s string) {
	if p.cur.Len() == 0 {
		s = strings.TrimPrefix(s, "\n")
	}
	p.cur.WriteString(s)
	p.mark.letters += len(s)
	p.last, _ = utf8.DecodeLastRuneInString(p.cur.String())
	p.sup = false
}

func (p *page) lineBreak() {
	switch {
	case p.inCell:
		p.space = true
	case p.verbatim:
		p.cur.WriteByte('\n')
		p.last = '\n'
	case p.cur.Len() > 0:
		p.cur.WriteByte('\n')
		p.space, p.last = false, '\n'
	}
}

// newLine begins a line of code, unless one has begun.
func (p *page) newLine() {
	if p.cur.Len() > 0 && p.last != '\n' {
		p.cur.WriteByte('\n')
		p.last = '\n'
	}
}

// definition goes on in the block of its term, on a line of its own.
func (p *page) definition() {
	switch {
	case p.inCell:
		p.space = true
	case p.inTerm && p.cur.Len() > 0:
		p.lineBreak()
		p.softOpen = true
	default:
		p.open(ListItem)
	}
	p.inTerm = false
}

// flush ends the open block.
func (p *page) flush() {
	if !p.blank() {
		text := p.cur.String()
		if p.kind == Code {
			text = strings.TrimLeft(text, "\n")
		}
		p.put(Block{Kind: p.kind, Level: p.level}, strings.TrimRightFunc(text, unicode.IsSpace), p.indent)
	}
	p.cur.Reset()
	p.kind, p.level, p.marker, p.indent = Paragraph, 0, "", 0
	p.space, p.sup, p.inTerm, p.softOpen = false, false, false, false
}

// blank reports whether the open block has no text yet.
func (p *page) blank() bool { return strings.TrimSpace(p.cur.String()) == "" }

// put appends a block after a blank line, or after a line end where it follows
// its like in a list or table.
func (p *page) put(b Block, text string, indent int) {
	if n := len(p.blocks); n > 0 {
		p.done.WriteByte('\n')
		if like := p.blocks[n-1].Kind; like != b.Kind || b.Kind != ListItem && b.Kind != TableRow {
			p.done.WriteByte('\n')
		}
	}
	for range indent {
		p.done.WriteByte(' ')
	}
	if b.Kind == Heading {
		text = strings.TrimRight(text, " ¶§#")
	}
	b.Start, b.Page = p.done.Len(), p.page
	p.done.WriteString(text)
	b.End = p.done.Len()
	if b.Start < b.End {
		if p.mark.main = p.inMain; len(p.blocks) < maxBlocks {
			p.marks = append(p.marks, p.mark)
		}
		p.blocks.push(b)
	}
	p.mark = blockMark{}
}

// invisible runes carry no text: soft hyphen, zero-width space, byte order mark.
func invisible(r rune) bool { return r == '\u00ad' || r == '\u200b' || r == '\ufeff' }
