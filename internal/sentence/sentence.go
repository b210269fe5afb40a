// Package sentence finds where sentences end. It knows abbreviations, initials,
// decimals, list items and CJK punctuation; it keeps to rules that can be read,
// so it will sometimes be wrong, the same way each time.
package sentence

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Spans returns the byte ranges of text's sentences: in order, not overlapping,
// none empty, trimmed of white space, and together holding all else. A list item
// and a block between blank lines begin a sentence of their own.
func Spans(text string) [][2]int {
	var spans [][2]int
	for start, end := range All(text) {
		spans = append(spans, [2]int{start, end})
	}
	return spans
}

// All yields what Spans returns, one at a time, in memory that does not grow
// with text. It takes time linear in text.
func All(text string) iter.Seq2[int, int] {
	return func(yield func(start, end int) bool) {
		start := 0
		for i := 0; i < len(text); {
			n := boundary(text, start, i)
			if n == 0 {
				i++
				continue
			}
			if s, e := trim(text, start, i+n); s < e && !yield(s, e) {
				return
			}
			start, i = i+n, i+n
		}
		if s, e := trim(text, start, len(text)); s < e {
			yield(s, e)
		}
	}
}

// boundary returns how many bytes from i on still belong to the sentence that
// began at start, when it ends there; else 0.
func boundary(text string, start, i int) int {
	switch c := text[i]; {
	case c == '\n':
		if lineStartsBlock(text[i+1:]) {
			return 1
		}
	case c == '.' || c == '!' || c == '?':
		return asciiEnd(text, start, i)
	case c == 0xe2 && strings.HasPrefix(text[i:], "…"):
		return spacedEnd(text, i, len("…"))
	case c == 0xe3 && strings.HasPrefix(text[i:], "。"),
		c == 0xef && (strings.HasPrefix(text[i:], "！") || strings.HasPrefix(text[i:], "？") || strings.HasPrefix(text[i:], "｡")):
		return 3 + closers(text[i+3:])
	}
	return 0
}

// asciiEnd is boundary for one of ".!?" at i.
func asciiEnd(text string, start, i int) int {
	if i+1 < len(text) && strings.IndexByte(".!?", text[i+1]) >= 0 {
		return 0 // the last of several decides
	}
	n := spacedEnd(text, i, 1)
	if n == 0 || text[i] != '.' || i > 0 && text[i-1] == '.' {
		return n
	}
	if abbreviated(text[start:i], strings.TrimLeftFunc(text[i+n:], unicode.IsSpace)) {
		return 0
	}
	return n
}

// spacedEnd is the length of a mark of n bytes at i with its closing quotes and
// brackets and the notes after them, if white space and then the beginning of a
// sentence follow.
func spacedEnd(text string, i, n int) int {
	n += closers(text[i+n:])
	n += notes(text[i+n:])
	rest := text[i+n:]
	if rest == "" {
		return n
	}
	next := strings.TrimLeftFunc(rest[:min(len(rest), 64)], unicode.IsSpace)
	if len(next) == min(len(rest), 64) {
		return 0 // no space
	}
	r, _ := utf8.DecodeRuneInString(next)
	if unicode.IsLower(r) || strings.ContainsRune(",;:)", r) {
		return 0
	}
	return n
}

// closers is the length of the closing quotes and brackets that s begins with.
func closers(s string) int {
	for i, r := range s {
		if !strings.ContainsRune(`)]}"'”’»」』）】*_`, r) {
			return i
		}
	}
	return len(s)
}

// Bounds of the notes behind a sentence, and in bytes of the text of one.
const (
	maxNotes = 8
	maxNote  = 40
)

// notes is the length of the notes that s begins with, as "[3]" and "[citation
// needed]" stand behind a sentence without a space.
func notes(s string) (n int) {
	for range maxNotes {
		if !strings.HasPrefix(s[n:], "[") {
			break
		}
		end := strings.IndexAny(s[n+1:min(len(s), n+1+maxNote)], "[]\n")
		if end < 0 || s[n+1+end] != ']' {
			break
		}
		n += end + 2
	}
	return n
}

// lineStartsBlock reports whether a line is blank or begins a list item.
func lineStartsBlock(line string) bool {
	line = line[:min(len(line), 256)]
	line = strings.TrimLeft(line, " \t\r")
	if line == "" || line[0] == '\n' {
		return true
	}
	if strings.HasPrefix(line, "• ") {
		return true
	}
	digits := len(line) - len(strings.TrimLeft(line, "0123456789"))
	mark := line[digits:]
	if len(mark) < 2 || mark[1] != ' ' {
		return false
	}
	if digits == 0 {
		return strings.IndexByte("-*+", mark[0]) >= 0
	}
	return digits <= 3 && (mark[0] == '.' || mark[0] == ')')
}

func trim(text string, start, end int) (int, int) {
	s := strings.TrimLeftFunc(text[start:end], unicode.IsSpace)
	start = end - len(s)
	return start, start + len(strings.TrimRightFunc(s, unicode.IsSpace))
}
