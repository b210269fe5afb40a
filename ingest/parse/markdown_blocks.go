package parse

import (
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// markdown turns goldmark's tree into blocks. Goldmark's offsets are in the
// current piece, which begins at base.
type markdown struct {
	text   string
	source []byte
	base   int
	blocks blockList
	pages  []markdownHTML
}

func (m *markdown) piece(source []byte) {
	m.walk(blockParser.Parse(text.NewReader(source)))
}

func (m *markdown) walk(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			m.heading(n)
		case *ast.CodeBlock, *ast.FencedCodeBlock:
			m.add(Code, n.Lines(), 0, n.Lines().Len())
		case *ast.HTMLBlock:
			m.htmlBlock(n)
		case *ast.Paragraph, *ast.TextBlock:
			m.paragraph(n)
		default:
			m.walk(n)
		}
	}
}

// add makes a block of lines[from:to].
func (m *markdown) add(kind Kind, lines *text.Segments, from, to int) {
	if from >= to {
		return
	}
	start, end := m.span(lines, from, to)
	m.blocks.add(m.text, Block{Kind: kind, Start: start, End: end})
}

// span is the range of lines[from:to] in the text.
func (m *markdown) span(lines *text.Segments, from, to int) (start, end int) {
	first, last := lines.At(from), lines.At(to-1)
	return m.base + first.Start, min(m.base+last.Stop, len(m.text))
}

var headingID = regexp.MustCompile(`[ \t]*\{[#.:][^{}\n]*\}[ \t\n]*$`)

func (m *markdown) heading(n *ast.Heading) {
	if n.Lines().Len() == 0 {
		return
	}
	start, end := m.span(n.Lines(), 0, n.Lines().Len())
	if id := headingID.FindStringIndex(m.text[max(start, end-200):end]); id != nil {
		end = max(start, end-200) + id[0]
	}
	start, end = trim(m.text, start, end)
	b := Block{Kind: Heading, Start: start, End: end, Level: n.Level}
	if label := plainInline(m.text[start:end]); label != m.text[start:end] {
		b.Label = label
	}
	m.blocks.add(m.text, b)
}

var linkDefinition = regexp.MustCompile(`^ {0,3}\[[^\]^][^\]]{0,998}\]:[ \t]*\S`)

// paragraph is a paragraph, the first text of a list item, or a table.
func (m *markdown) paragraph(n ast.Node) {
	lines := n.Lines()
	from, to := 0, lines.Len()
	for from < to && linkDefinition.Match(m.line(lines, from)) {
		from++
	}
	kind := Paragraph
	if from == 0 && to > 0 {
		if item, ok := n.Parent().(*ast.ListItem); ok && item.FirstChild() == n {
			kind = ListItem
		}
	}
	if t := m.tableAt(lines, from); t > 0 {
		m.add(kind, lines, from, t-1)
		m.table(lines, t-1)
		return
	}
	if from < to && inlineHTML.Match(m.line(lines, from)) && m.html(m.span(lines, from, to)) {
		return
	}
	n0 := len(m.blocks)
	m.add(kind, lines, from, to)
	if kind == ListItem && len(m.blocks) > n0 && len(m.blocks) < maxBlocks {
		b := &m.blocks[n0]
		b.Start = m.marker(b.Start)
	}
}

func (m *markdown) line(lines *text.Segments, i int) []byte {
	start, end := m.span(lines, i, i+1)
	return m.source[start:end]
}

// marker is where the list marker before i begins, or i.
func (m *markdown) marker(i int) int {
	at := lineIndent(m.text, i, m.blocks.before())
	floor := m.blocks.before()
	switch {
	case at == i || at == floor:
		return i
	case strings.IndexByte("-*+", m.text[at-1]) >= 0:
		return at - 1
	}
	digits := at - 1
	for digits > floor && at-digits <= 10 && m.text[digits-1] >= '0' && m.text[digits-1] <= '9' {
		digits--
	}
	if digits == at-1 || strings.IndexByte(".)", m.text[at-1]) < 0 {
		return i
	}
	return digits
}

// before is where the last block but one ends: the floor of the last one.
func (l blockList) before() int {
	if len(l) < 2 {
		return 0
	}
	return l[len(l)-2].End
}
