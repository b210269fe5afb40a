package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// class is what a character is to the scanner.
type class uint8

const (
	other    class = iota
	letter         // or number: words are made of these
	mark           // continues a word
	unspaced       // letter of a script without spaces between words
)

// ascii are the classes of one-byte characters.
var ascii = func() (classes [utf8.RuneSelf]class) {
	for c := range classes {
		if c := byte(c); isLower(c) || isUpper(c) || isDigit(c) {
			classes[c] = letter
		}
	}
	return classes
}()

// classify returns the class of text's first character and its width in bytes;
// invalid UTF-8 is other.
func classify(text string) (class, int) {
	if text == "" {
		return other, 0
	}
	if c := text[0]; c < utf8.RuneSelf {
		return ascii[c], 1
	}
	return classifyRune(text)
}

func classifyRune(text string) (class, int) {
	r, width := utf8.DecodeRuneInString(text)
	switch {
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) && unicode.IsLetter(r):
		return unspaced, width
	case unicode.IsLetter(r), unicode.IsNumber(r):
		return letter, width
	case unicode.IsMark(r):
		return mark, width
	}
	return other, width
}

// wordEnd returns the end of the word that starts at i: letters and numbers,
// with one apostrophe at most inside.
func wordEnd(text string, i int) int {
	end := lettersEnd(text, i)
	width := 0
	switch {
	case strings.HasPrefix(text[end:], "'"):
		width = 1
	case strings.HasPrefix(text[end:], "’"):
		width = len("’")
	}
	if width == 0 {
		return end
	}
	if c, _ := classify(text[end+width:]); c != letter {
		return end
	}
	return lettersEnd(text, end+width)
}

func lettersEnd(text string, i int) int {
	for i < len(text) {
		if c := text[i]; c < utf8.RuneSelf {
			if ascii[c] != letter {
				break
			}
			i++
			continue
		}
		c, width := classify(text[i:])
		if c != letter && c != mark {
			break
		}
		i += width
	}
	return i
}

// lower writes word into the empty buf in lower case, with compatibility
// characters (ligatures, full width) and accents in one form, at most maxTerm bytes.
func lower(buf []byte, word string) []byte {
	for i := range len(word) {
		c := word[i]
		if c >= utf8.RuneSelf {
			word = strings.ReplaceAll(word, "’", "'")
			word = strings.ToLower(norm.NFKC.String(word))
			return append(buf[:0], cut(word)...)
		}
		if isUpper(c) {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

// cut returns the longest start of word that is no longer than maxTerm and whole
// in its characters.
func cut(word string) string {
	if len(word) <= maxTerm {
		return word
	}
	end := maxTerm
	for end > 0 && !utf8.RuneStart(word[end]) {
		end--
	}
	return word[:end]
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
