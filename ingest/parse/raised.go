package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// raised marks superscript that follows a character, so that 10 raised to 7 does
// not become 107, and leaves be what is read as one word: 1st, and the mark of a
// note.
func raised(last rune, s string) string {
	t := strings.TrimSpace(s)
	switch strings.ToLower(t) {
	case "", "st", "nd", "rd", "th", "®", "™":
		return s
	}
	first, _ := utf8.DecodeRuneInString(t)
	if !unicode.IsLetter(last) && !unicode.IsDigit(last) && last != ')' ||
		!unicode.IsLetter(first) && !unicode.IsDigit(first) && !strings.ContainsRune("-+−–(", first) {
		return s
	}
	return "^" + t
}

// writeRaised appends superscript to b.
func writeRaised(b *strings.Builder, s string) {
	last, _ := utf8.DecodeLastRuneInString(b.String())
	b.WriteString(raised(last, s))
}
