package generate

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/quarry-rag/quarry/retrieve"
)

// say is a unit of a passage as an answer shows it, without what a reader would
// not see: a sentence on one line, after what it is about if it begins with a
// pronoun; a table's row with the names of its columns; code in a fence of ours.
// What could be taken for one of our markers is left out.
func say(c candidate, p retrieve.Passage) string {
	text := visible(c.text)
	switch c.kind {
	case codeUnit:
		return sayCode(text)
	case rowUnit:
		return withoutMarkers(sayRow(text, visible(c.header)))
	case listUnit:
		return withoutMarkers(text)
	}
	text = withoutMarkers(oneLine(text))
	if about := subjectOf(p, c.start); about != "" && opensWithPronoun(text) {
		text = about + ": " + text
	}
	return text
}

// marked returns a quote with its marker after it, so placed that a reader of the
// answer finds this marker and later ones: a quote may leave code open, as a stray
// backtick does to the end of its line, and nothing in code is a marker. It is not
// ok when there is no such place, or when the quote holds markers itself.
func marked(text string, passage int) (string, bool) {
	if text == "" || markersIn(text) > 0 {
		return "", false
	}
	for _, space := range []string{" ", "\n"} {
		out := fmt.Sprintf("%s%s[%d]", text, space, passage)
		if (space == "\n" || !strings.HasSuffix(text, "```")) && markersIn(out+"\n\nEnd [1].") == 2 {
			return out, true
		}
	}
	return "", false
}

// markersIn counts the markers that a reader of text finds.
func markersIn(text string) (n int) {
	var s scanner
	for _, p := range append(s.push(text), s.flush()...) {
		if p.numbers != nil {
			n++
		}
	}
	return n
}

var fenceLine = regexp.MustCompile("^\\s*(?:`{3,}|~{3,})\\s*([\\w.+#-]{0,20})")

// sayCode puts code into a fence, whatever it stood in, and the sentence that it
// belongs to before it: a fence that the unit cuts off would hide our marker, and
// brackets outside of one would look like it.
func sayCode(text string) string {
	lines := classify(text)
	first := 0
	for first < len(lines) && lines[first].kind != codeLine {
		first++
	}
	if first == len(lines) {
		return withoutMarkers(text)
	}
	lead, code := withoutMarkers(text[:lines[first].start]), strings.TrimRight(text[lines[first].start:], "\n")
	info := ""
	if m := fenceLine.FindStringSubmatch(code); m != nil {
		_, code, _ = strings.Cut(code, "\n")
		info = m[1]
		if last := strings.LastIndexByte(code, '\n') + 1; fenceLine.MatchString(code[last:]) {
			code = code[:max(last-1, 0)]
		}
	}
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return lead + fence + info + "\n" + code + "\n" + fence
}

// withoutMarkers leaves out markers, and those that arise when others are left
// out, in up to four rounds.
func withoutMarkers(text string) string {
	for range 4 {
		var s scanner
		var b strings.Builder
		for _, p := range append(s.push(text), s.flush()...) {
			if p.numbers == nil {
				b.WriteString(p.text)
			}
		}
		if b.Len() == len(text) {
			break
		}
		text = b.String()
	}
	return text
}

// sayRow names a row's cells by their columns, where each has a name.
func sayRow(row, header string) string {
	cells, names := cellsOf(row), cellsOf(header)
	for i := range cells { // empty ones at the end of a row may not be written
		if len(names) >= len(cells) && names[i] != "" && cells[i] != "" {
			cells[i] = names[i] + ": " + cells[i]
		}
	}
	return strings.Join(cells, "; ")
}

func cellsOf(row string) []string {
	row = strings.TrimSpace(row)
	row = strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|")
	cells := strings.Split(row, "|")
	for i := range cells {
		cells[i] = oneLine(cells[i])
	}
	return cells
}
