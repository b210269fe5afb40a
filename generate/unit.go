package generate

import (
	"strings"
	"unicode"

	"github.com/quarry-rag/quarry/internal/sentence"
)

// unit is a part of a passage that can be quoted by itself: text[start:end].
type unit struct {
	kind       unitKind
	start, end int
	// header of a table row's table, as it is written; empty without one.
	header string
}

type unitKind uint8

const (
	proseUnit unitKind = iota // a sentence
	listUnit                  // a sentence and the list that it opens
	codeUnit                  // code, and the sentence that it belongs to
	rowUnit                   // a row of a table
)

// Bounds of a unit that is more than one sentence.
const (
	maxUnit  = 1200 // bytes
	maxItems = 12
)

// units cuts text into what can be quoted: each sentence and list item, each row
// of a table; a sentence that opens a list or stands before code goes together
// with it. Headings are left out. In order of their start.
func units(text string) []unit {
	lines := classify(text)
	var out []unit
	for i := 0; i < len(lines); {
		j := i + 1
		for j < len(lines) && lines[j].kind == lines[i].kind && lines[i].kind != itemLine {
			j++
		}
		start, end := lines[i].start, lines[j-1].end
		switch lines[i].kind {
		case proseLine:
			if !isTitle(text, lines, i, j) {
				out = appendSentences(out, text, start, end)
			}
		case itemLine:
			for j < len(lines) && lines[j].kind == proseLine {
				j++ // the item's further lines
			}
			out = appendItem(out, text, start, lines[j-1].end)
		case codeLine:
			out = appendCode(out, text, start, end)
		case rowLine:
			out = appendRows(out, text, lines[i:j], i+1 < len(lines) && j < len(lines) && lines[j].kind == ruleLine)
		case ruleLine:
			if i > 0 && lines[i-1].kind == rowLine {
				end := j
				for end < len(lines) && lines[end].kind == rowLine {
					end++
				}
				header := text[lines[i-1].start:lines[i-1].end]
				for _, l := range lines[j:end] {
					out = append(out, unit{rowUnit, l.start, l.end, header})
				}
				j = end
			}
		}
		i = j
	}
	return out
}

// appendSentences adds the sentences of a paragraph.
func appendSentences(out []unit, text string, start, end int) []unit {
	for s, e := range sentence.All(text[start:end]) {
		if hasWord(text[start+s : start+e]) {
			out = append(out, unit{proseUnit, start + s, start + e, ""})
		}
	}
	return out
}

// appendItem adds a list item, and to the sentence that opens the list.
func appendItem(out []unit, text string, start, end int) []unit {
	if n := opener(out, text, start); n >= 0 && end-out[n].start <= maxUnit && strings.Count(text[out[n].start:end], "\n") <= maxItems+1 {
		out[n].kind, out[n].end = listUnit, end
	}
	return appendSentences(out, text, start, end)
}

// opener is the unit, among the last ones, that ends with ":" or has become a
// list up to before; -1 without one.
func opener(out []unit, text string, before int) int {
	for n := len(out) - 1; n >= 0 && n >= len(out)-4*maxItems; n-- {
		u := out[n]
		gap := strings.TrimSpace(text[min(u.end, before):before]) == ""
		if gap && (u.kind == listUnit || u.kind == proseUnit && strings.HasSuffix(text[u.start:u.end], ":")) {
			return n
		}
	}
	return -1
}

// appendCode adds a block of code to the sentence before it, or alone. Code over
// maxUnit is cut at a line's end.
func appendCode(out []unit, text string, start, end int) []unit {
	if !hasWord(text[start:end]) {
		return out
	}
	from := start
	if n := len(out) - 1; n >= 0 && out[n].kind == proseUnit && strings.TrimSpace(text[out[n].end:start]) == "" {
		from = out[n].start
		if strings.HasSuffix(text[out[n].start:out[n].end], ":") {
			out = out[:n]
		}
	}
	if end-from > maxUnit {
		cut := strings.LastIndexByte(text[start:max(start, from+maxUnit)], '\n')
		if cut <= 0 {
			return out
		}
		end = start + cut
	}
	return append(out, unit{codeUnit, from, end, ""})
}

// appendRows adds the rows of a table; the last is left to its rule when one follows.
func appendRows(out []unit, text string, rows []line, ruled bool) []unit {
	if ruled {
		rows = rows[:len(rows)-1]
	}
	for i, l := range rows {
		header := ""
		if i > 0 {
			header = text[rows[0].start:rows[0].end]
		}
		out = append(out, unit{rowUnit, l.start, l.end, header})
	}
	return out
}

func hasWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}
