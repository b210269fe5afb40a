package parse

import (
	"slices"
	"unicode"
)

// blockMark is what tells a page's content from what stands around it.
type blockMark struct {
	main            bool // inside <main>, an article or role=main
	letters, linked int  // letters and digits of the block; those in links
}

// own are the letters that are no link's.
func (m blockMark) own() int { return m.letters - m.linked }

// isLinks reports whether a block is links for the most part.
func (m blockMark) isLinks() bool { return 2*m.linked > m.letters }

// weigh adds to the mark of the open block.
func (p *page) weigh(r rune) {
	if unicode.IsLetter(r) || unicode.IsNumber(r) {
		p.mark.letters++
		if p.inLink {
			p.mark.linked++
		}
	}
}

// content leaves out the blocks around a page's content: those outside its main
// part, where it has one with a third of the text or more; else the links before
// its first heading of level 1, if there is one, and at its end. A page that is
// links for the most part, an index, is kept whole.
func content(p Parsed, marks []blockMark) Parsed {
	if len(p.Blocks) == maxBlocks {
		return p // its last block is all the rest
	}
	inside, outside, letters := 0, 0, 0
	for _, m := range marks {
		letters += m.letters
		if m.main {
			inside += m.own()
		} else {
			outside += m.own()
		}
	}
	switch {
	case 2*inside > outside:
		return keep(p, func(i int) bool { return marks[i].main })
	case 2*(inside+outside) < letters:
		return p
	}
	first, last := slices.IndexFunc(p.Blocks, isTitle), len(p.Blocks)
	if first < 0 {
		return p
	}
	for last > first && marks[last-1].isLinks() {
		last--
	}
	return keep(p, func(i int) bool {
		above := i < first && p.Blocks[i].Kind == Heading // of links, or of what is kept
		return i < last && (i >= first || !marks[i].isLinks()) && !(above && marks[i+1].isLinks())
	})
}

func isTitle(b Block) bool { return b.Kind == Heading && b.Level == 1 }

// keep returns a document of some of the blocks of p; its title stays in the text.
func keep(p Parsed, wanted func(i int) bool) Parsed {
	var out page
	hasTitle := false
	for i, b := range p.Blocks {
		hasTitle = hasTitle || wanted(i) && isTitle(b)
	}
	for i, b := range p.Blocks {
		if title := isTitle(b) && !hasTitle; wanted(i) || title {
			hasTitle = hasTitle || title
			out.put(b, p.Text[b.Start:b.End], b.Start-lineIndent(p.Text, b.Start, max(0, b.Start-64)))
		}
	}
	p.Text, p.Blocks = out.text(), out.blocks
	return p
}
