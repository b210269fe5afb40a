package generate

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/quarry-rag/quarry/internal/sentence"
)

// line is text[start:end], without its line end.
type line struct {
	start, end int
	kind       lineKind
}

type lineKind uint8

const (
	blankLine lineKind = iota
	proseLine
	headingLine
	itemLine // the first of a list item
	rowLine
	ruleLine // between a table's header and its rows
	codeLine
)

// classify says what each line of text is.
func classify(text string) []line {
	var lines []line
	fence := ""
	for start := 0; start < len(text); {
		end := len(text)
		if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
			end = start + n
		}
		l := line{start, end, lineOf(text[start:end])}
		trimmed := strings.TrimSpace(text[start:end])
		switch {
		case fence != "":
			l.kind = codeLine
			if strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, fence[:1]) == "" {
				fence = ""
			}
		case strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~"):
			l.kind, fence = codeLine, trimmed[:3]
		}
		lines = append(lines, l)
		start = end + 1
	}
	return joinCode(beside(text, lines))
}

// beside corrects the kinds of lines by what stands next to them: a line of several
// sentences with a bar in it is prose unless a row is above or below, and a line
// with two spaces within it is columns when it follows columns.
func beside(text string, lines []line) []line {
	tabular := func(i int) bool {
		return i >= 0 && i < len(lines) && (lines[i].kind == rowLine || lines[i].kind == ruleLine)
	}
	for i, l := range lines {
		s := text[l.start:l.end]
		if l.kind == rowLine && !strings.HasPrefix(s, "|") && !tabular(i-1) && !tabular(i+1) && len(sentence.Spans(s)) > 1 {
			lines[i].kind = proseLine
		}
		if i > 0 && l.kind == proseLine && lines[i-1].kind == codeLine && strings.Contains(strings.TrimSpace(s), "  ") {
			lines[i].kind = codeLine
		}
	}
	return lines
}

// joinCode makes blank lines between lines of code part of it.
func joinCode(lines []line) []line {
	last := -1
	for i, l := range lines {
		switch {
		case l.kind == codeLine:
			if last >= 0 {
				for k := last + 1; k < i; k++ {
					lines[k].kind = codeLine
				}
			}
			last = i
		case l.kind != blankLine:
			last = -1
		}
	}
	return lines
}

func lineOf(s string) lineKind {
	t := strings.TrimSpace(s)
	switch {
	case t == "":
		return blankLine
	case strings.HasPrefix(t, "#") && strings.HasPrefix(strings.TrimLeft(t, "#"), " "):
		return headingLine
	case isItem(t):
		return itemLine
	case strings.ContainsRune(t, '|') && strings.Contains(t, "-") && strings.Trim(t, "|-: ") == "":
		return ruleLine
	case strings.HasPrefix(t, "|") && strings.Count(t, "|") > 1 || strings.Contains(t, " | "):
		return rowLine
	case looksLikeCode(s):
		return codeLine
	}
	return proseLine
}

// isItem tells whether a line begins a list item.
func isItem(t string) bool {
	if rest, ok := strings.CutPrefix(t, "•"); ok {
		return strings.HasPrefix(rest, " ")
	}
	rest := strings.TrimLeft(t, "0123456789")
	n := len(t) - len(rest)
	if len(rest) < 2 || rest[1] != ' ' || n > 3 {
		return false
	}
	return n == 0 && strings.IndexByte("-*+", rest[0]) >= 0 || n > 0 && (rest[0] == '.' || rest[0] == ')')
}

// looksLikeCode tells by a line alone, for code whose fence is in another chunk
// or that was never fenced: its indentation, or how it ends and what it holds.
func looksLikeCode(s string) bool {
	if strings.HasPrefix(s, "\t") || strings.HasPrefix(s, "    ") {
		return true
	}
	t := strings.TrimSpace(s)
	last := t[len(t)-1]
	if last == '{' || last == '}' || last == ';' && !strings.ContainsRune(t, ' ') {
		return true
	}
	if strings.Trim(t, ")],;") == "" || last == '(' || columned(t) {
		return true
	}
	for _, mark := range []string{" := ", " = ", " == ", "// ", "$ ", "func ", "import ", "package "} {
		if strings.HasPrefix(t, strings.TrimLeft(mark, " ")) || mark[0] == ' ' && strings.Contains(t, mark) && last != '.' {
			return mark[0] == ' ' || last != '.'
		}
	}
	return false
}

// maxColumned bounds a line of columns, in bytes; longer ones are prose.
const maxColumned = 160

// columned tells whether spaces set parts of a line apart, as in a table of plain
// text. Some follow a sentence's end.
func columned(t string) bool {
	i := strings.Index(t, "   ")
	return i > 0 && len(t) <= maxColumned && !strings.HasSuffix(t[:i], ".")
}

// isTitle tells whether lines[i:j] is a heading without markup: one short line,
// without a sentence's end, and something after it.
func isTitle(text string, lines []line, i, j int) bool {
	if j-i != 1 || j == len(lines) {
		return false
	}
	t := strings.TrimSpace(text[lines[i].start:lines[i].end])
	last, _ := utf8.DecodeLastRuneInString(t)
	return len(strings.Fields(t)) < 10 && (unicode.IsLetter(last) || unicode.IsDigit(last))
}
