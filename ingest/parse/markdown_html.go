package parse

import (
	"bytes"
	"context"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// markdownHTML is HTML in Markdown: text[start:end], which stands before the
// block of index at.
type markdownHTML struct{ start, end, at int }

var (
	htmlTag = regexp.MustCompile(`<!--[\s\S]*?(-->|$)|<[/!?a-zA-Z][^>]*>?`)
	// inlineHTML begins a paragraph that is HTML for the most part: a row of
	// badges, a centred picture.
	inlineHTML = regexp.MustCompile(`^ {0,3}<(a|b|br|center|em|font|h[1-6]|i|img|kbd|p|picture|span|strong|sub|sup)(\s[^<>` + "`" + `]*)?/?>`)
)

func (m *markdown) htmlBlock(n *ast.HTMLBlock) {
	lines := n.Lines()
	if lines.Len() == 0 {
		return
	}
	start, end := m.span(lines, 0, lines.Len())
	if n.HasClosure() {
		end = max(end, min(m.base+n.ClosureLine.Stop, len(m.text)))
	}
	if !m.html(start, end) {
		m.blocks.add(m.text, Block{Kind: Paragraph, Start: start, End: end})
	}
}

// html notes HTML that is to be rendered, unless there is too much of it, or
// code in it, so that tags are what it is about.
func (m *markdown) html(start, end int) bool {
	if len(m.blocks)+len(m.pages) >= maxBlocks/2 || bytes.IndexByte(m.source[start:end], '`') >= 0 {
		return false
	}
	start, end = trim(m.text, start, end)
	m.pages = append(m.pages, markdownHTML{start, end, len(m.blocks)})
	return true
}

// rendered puts the text of the HTML in its place.
func (m *markdown) rendered(ctx context.Context) (string, []Block, error) {
	if len(m.pages) == 0 {
		return m.text, m.blocks, nil
	}
	var out strings.Builder
	var blocks blockList
	from, next := 0, 0 // in the text, and of the blocks
	upTo := func(end, n int) {
		shift := out.Len() - from
		for ; next < n; next++ {
			b := m.blocks[next]
			b.Start, b.End = b.Start+shift, b.End+shift
			blocks.push(b)
		}
		out.WriteString(m.text[from:end])
	}
	for _, h := range m.pages {
		upTo(h.start, h.at)
		from = h.end
		if len(bytes.TrimSpace(htmlTag.ReplaceAll(m.source[h.start:h.end], nil))) == 0 && !bytes.Contains(m.source[h.start:h.end], []byte("alt=")) {
			continue
		}
		p, err := renderHTML(ctx, m.text[h.start:h.end], htmlMode{whole: true})
		if err != nil {
			return "", nil, err
		}
		for _, b := range p.Blocks {
			b.Start, b.End = b.Start+out.Len(), b.End+out.Len()
			blocks.push(b)
		}
		out.WriteString(p.Text)
	}
	upTo(len(m.text), len(m.blocks))
	return out.String(), blocks, nil
}
