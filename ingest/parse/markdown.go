package parse

import (
	"context"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

const (
	// pieceBytes is how much Markdown goldmark is given at once. Its tree takes up
	// to 300 bytes for one of source.
	pieceBytes = 256 << 10
	// maxNesting of lists and quotes; each line costs goldmark time in proportion.
	// Deeper markers are text.
	maxNesting = 16
)

// blockParser finds CommonMark's blocks. It has no inline parsers, since
// paragraphs stay as they are: that is also what keeps it linear.
var blockParser = parser.NewParser(parser.WithBlockParsers(nestingLimits()...))

// readMarkdown keeps the source as the canonical text, but for HTML in it, which
// is rendered; its blocks leave out front matter, link definitions and the
// markup around a block.
func readMarkdown(ctx context.Context, body []byte) (Parsed, error) {
	source, err := decode(body)
	if err != nil {
		return Parsed{}, err
	}
	fields, start := frontMatter(source)
	m := markdown{text: source, source: []byte(source)}
	for start < len(source) {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		end := pieceEnd(source, start)
		m.base = start
		m.piece(m.source[start:end])
		start = end
	}
	text, blocks, err := m.rendered(ctx)
	if err != nil {
		return Parsed{}, err
	}
	title, _ := fields["title"].(string)
	if title == "" {
		title = blockList(blocks).title(text)
	}
	return Parsed{Text: text, Blocks: blocks, Title: oneLine(title), Metadata: fields}, nil
}

// pieceEnd is where a piece that begins at start may end: after pieceBytes or
// more, before a line at the margin that follows a blank one outside of fenced
// code, or failing that for as long again, at the end of a line.
func pieceEnd(source string, start int) int {
	if len(source)-start <= pieceBytes {
		return len(source)
	}
	fence, blank := "", false
	for at := start; at < len(source); {
		if at-start >= 2*pieceBytes || at-start >= pieceBytes && blank && fence == "" && isMargin(source[at:]) {
			return at
		}
		end := at + 1 + strings.IndexByte(source[at:], '\n')
		if end == at {
			return len(source)
		}
		line := strings.TrimSpace(source[at:end])
		fence, blank = fenceAfter(fence, line), line == ""
		at = end
	}
	return len(source)
}

// isMargin reports whether s begins a block that no block before it can contain.
func isMargin(s string) bool {
	return s[0] == '#' || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z'
}

// fenceAfter is the fence that is open after a line, given the one before it.
func fenceAfter(open, line string) string {
	if len(line) < 3 || line[0] != '`' && line[0] != '~' {
		return open
	}
	mark := line[:len(line)-len(strings.TrimLeft(line, line[:1]))]
	switch {
	case open == "" && len(mark) >= 3:
		return mark
	case open != "" && strings.HasPrefix(mark, open) && mark == line:
		return ""
	}
	return open
}

// nestingLimits are CommonMark's block parsers with lists and quotes limited to
// maxNesting.
func nestingLimits() []util.PrioritizedValue {
	all := parser.DefaultBlockParsers()
	for i, v := range all {
		p := v.Value.(parser.BlockParser)
		if t := p.Trigger(); strings.ContainsAny(string(t), ">+") {
			all[i].Value = limited{p}
		}
	}
	return all
}

// limited is a container's parser that opens none inside maxNesting others.
type limited struct{ parser.BlockParser }

func (l limited) Open(parent ast.Node, r text.Reader, pc parser.Context) (ast.Node, parser.State) {
	depth := 0
	for n := parent; n != nil; n = n.Parent() {
		depth++
	}
	if _, inList := parent.(*ast.List); !inList && depth > 2*maxNesting {
		return nil, parser.NoChildren
	}
	return l.BlockParser.Open(parent, r, pc)
}
