package parse

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// largeCode is from how many bytes on a declaration is divided at its members.
const largeCode = 2 << 10

// readCode reads source code and configuration of any language: the text as it
// is, a block for each declaration with the comment above it. A declaration is
// taken to begin at the first line after a blank one that is not indented and
// closes nothing.
func readCode(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decodeAny(body)
	if err != nil {
		return Parsed{}, err
	}
	var out blockList
	err = splitCode(ctx, text, 0, len(text), 0, &out)
	return Parsed{Text: text, Blocks: out}, err
}

// splitCode makes blocks of text[start:end], divided where a line that is
// indented by at most indent columns follows a blank one, or one that ends a
// function or type there.
func splitCode(ctx context.Context, text string, start, end, indent int, out *blockList) error {
	apart, open, inner := false, start, 0
	for at, n := start, 0; at < end; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		next := min(lineEnd(text, at), end)
		line := strings.TrimSpace(text[at:next])
		columns := lineColumns(text[at:next])
		switch {
		case line == "":
			apart = true
			at = next
			continue
		case apart && at > open && columns <= indent && !strings.ContainsAny(line[:1], ")]}"):
			if err := codeBlock(ctx, text, open, at, indent, inner, out); err != nil {
				return err
			}
			open, inner = at, 0
		case columns > indent && (inner == 0 || columns < inner):
			inner = columns
		}
		apart, at = columns <= indent && (line[0] == '}' || line == "end"), next
	}
	return codeBlock(ctx, text, open, end, indent, inner, out)
}

// codeBlock adds a block, or divides a large one at its members, which are
// indented by inner columns.
func codeBlock(ctx context.Context, text string, start, end, indent, inner int, out *blockList) error {
	if end-start > largeCode && inner > indent && inner <= 16 {
		return splitCode(ctx, text, start, end, inner, out)
	}
	out.add(text, Block{Kind: Code, Start: start, End: end})
	return ctx.Err()
}

// lineColumns is how far a line is indented; a tab counts as four.
func lineColumns(line string) int {
	n := 0
	for i := 0; i < len(line) && n < 100; i++ {
		switch line[i] {
		case ' ':
			n++
		case '\t':
			n += 4
		default:
			return n
		}
	}
	return n
}

// readGo reads Go source: a block for each declaration with its comment, and
// for what stands before and between them. What does not parse is read as any
// other language.
func readGo(ctx context.Context, body []byte) (Parsed, error) {
	text, err := decode(body)
	if err != nil {
		return Parsed{}, err
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || file.FileStart == token.NoPos {
		return readCode(ctx, body)
	}
	var out blockList
	offset := func(p token.Pos) int { return set.PositionFor(p, false).Offset }
	last := 0
	for _, d := range file.Decls {
		if ctx.Err() != nil {
			return Parsed{}, ctx.Err()
		}
		start := offset(d.Pos())
		if doc := declDoc(d); doc != nil {
			start = offset(doc.Pos())
		}
		end := lineEnd(text, offset(d.End()))
		if start < last {
			continue // on one line with the one before
		}
		out.add(text, Block{Kind: Code, Start: last, End: start})
		out.add(text, Block{Kind: Code, Start: start, End: end})
		last = end
	}
	out.add(text, Block{Kind: Code, Start: last, End: len(text)})
	return Parsed{Text: text, Blocks: out, Metadata: map[string]any{"package": file.Name.Name}}, nil
}

func declDoc(d ast.Decl) *ast.CommentGroup {
	switch d := d.(type) {
	case *ast.FuncDecl:
		return d.Doc
	case *ast.GenDecl:
		return d.Doc
	}
	return nil
}
