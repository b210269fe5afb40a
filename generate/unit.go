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
	// header of a table row's table, or the question that a sentence answers, as
	// it is written; empty without one.
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
// with it, and so does what follows a question. Headings are left out. header is
// that of the table that text begins inside of. In order of their start.
func units(text, header string) []unit {
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
			if opener(out, text, start) < 0 {
				out = appendList(out, text, lines, i)
			}
			for j < len(lines) && lines[j].kind == proseLine {
				j++ // the item's further lines
			}
			out = appendItem(out, text, start, lines[j-1].end)
		case codeLine:
			out = appendCode(out, text, start, end)
		case rowLine:
			first := ""
			if i == 0 {
				first = header
			}
			out = appendRows(out, text, lines[i:j], first, j < len(lines) && lines[j].kind == ruleLine)
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
	return answerQuestions(out, text)
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
		out[n].kind, out[n].end = listUnit, max(out[n].end, end)
	}
	return appendSentences(out, text, start, end)
}

// appendList adds the list that lines[i] begins when no sentence opens it: two
// items or more, below their heading if one stands right above.
func appendList(out []unit, text string, lines []line, i int) []unit {
	end, items := lines[i].end, 0
	for _, l := range lines[i:] {
		further := l.kind == proseLine && text[end:l.start] == "\n"
		if l.kind != itemLine && l.kind != blankLine && !further {
			break
		}
		if l.kind == itemLine {
			items++
		}
		if l.kind != blankLine {
			end = l.end
		}
	}
	start := lines[i].start
	if above := headingAbove(text, lines, i); above >= 0 {
		start = above
	}
	if items < 2 || items > maxItems || end-start > maxUnit {
		return out
	}
	return append(out, unit{listUnit, start, end, ""})
}

// headingAbove is where the words begin of the heading that stands right above
// lines[i]; -1 without one.
func headingAbove(text string, lines []line, i int) int {
	h := i - 1
	for h >= 0 && lines[h].kind == blankLine {
		h--
	}
	if h < 0 || lines[h].kind != headingLine && (lines[h].kind != proseLine || h > 0 && lines[h-1].kind == proseLine || !isTitle(text, lines, h, h+1)) {
		return -1
	}
	return lines[h].end - len(strings.TrimLeft(text[lines[h].start:lines[h].end], "# \t"))
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
		if s := text[out[n].start:out[n].end]; strings.HasSuffix(s, ":") || strings.Contains(s, " following ") {
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

// appendRows adds the rows of a table; the last is left to its rule when one
// follows. header is the table's when it stands before text; else the first row
// is, which is quoted itself unless it looks like one.
func appendRows(out []unit, text string, rows []line, header string, ruled bool) []unit {
	if ruled {
		rows = rows[:len(rows)-1]
	}
	for i, l := range rows {
		if i == 0 && header == "" && headsTable(text, rows) {
			header = text[l.start:l.end]
			continue
		}
		out = append(out, unit{rowUnit, l.start, l.end, header})
		if header == "" {
			header = text[l.start:l.end]
		}
	}
	return out
}

// headsTable tells whether the first of rows names columns: three or more, none by
// a number, above rows that hold some.
func headsTable(text string, rows []line) bool {
	const digits = "0123456789"
	first := text[rows[0].start:rows[0].end]
	return len(rows) > 1 && len(cellsOf(first)) > 2 && !strings.ContainsAny(first, digits) &&
		strings.ContainsAny(text[rows[1].start:rows[len(rows)-1].end], digits)
}

// answerQuestions makes of each question the header of the sentence after it,
// since it is no answer itself; a "Yes." goes together with what explains it.
func answerQuestions(units []unit, text string) []unit {
	out := units[:0]
	for i := 0; i < len(units); i++ {
		u := units[i]
		if !asks(units, text, i) {
			out = append(out, u)
			continue
		}
		question := text[u.start:u.end]
		i++
		u = units[i]
		if i+1 < len(units) && len(strings.Fields(text[u.start:u.end])) == 1 && follows(units, text, i) {
			i++
			u.end = units[i].end
		}
		u.header = question
		out = append(out, u)
	}
	return out
}

// asks tells whether the i-th unit is a question that the next one answers.
func asks(units []unit, text string, i int) bool {
	u := units[i]
	return u.kind == proseUnit && strings.HasSuffix(strings.TrimRight(text[u.start:u.end], "*_\"”"), "?") && follows(units, text, i)
}

// follows tells whether a sentence comes right after the i-th unit.
func follows(units []unit, text string, i int) bool {
	return i+1 < len(units) && units[i+1].kind == proseUnit && strings.TrimSpace(text[units[i].end:max(units[i].end, units[i+1].start)]) == ""
}

func hasWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0
}
