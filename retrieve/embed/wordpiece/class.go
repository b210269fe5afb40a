package wordpiece

import (
	"unicode"
	"unicode/utf8"
)

type class uint8

const (
	classDropped class = iota
	classLetter        // letters and digits
	classPunctuation
	classSpace
)

var asciiClass, asciiLower = asciiTables()

func asciiTables() (classes [utf8.RuneSelf]class, lower [utf8.RuneSelf]byte) {
	for b := range byte(utf8.RuneSelf) {
		lower[b] = byte(unicode.ToLower(rune(b)))
		switch {
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			classes[b] = classSpace
		case b < ' ' || b == 0x7f:
			classes[b] = classDropped
		case unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b)):
			classes[b] = classLetter
		default:
			classes[b] = classPunctuation
		}
	}
	return classes, lower
}

// dropped reports control, format and private characters. U+0085 is one of
// them though Unicode calls it white space, and U+FFFD stands for bytes that
// are not UTF-8.
func dropped(r rune) bool {
	return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

// punctuation goes beyond Unicode's in ASCII, where all but letters, digits,
// space and controls count.
func punctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiClass[r] == classPunctuation
	}
	return unicode.IsPunct(r)
}

// ideograph reports the blocks that BERT's authors list as Chinese characters;
// Hangul, kana and later extensions are not among them.
func ideograph(r rune) bool {
	switch {
	case r < 0x3400:
		return false
	case r <= 0x4dbf, r >= 0x4e00 && r <= 0x9fff, r >= 0xf900 && r <= 0xfaff:
		return true
	}
	return r >= 0x20000 && r <= 0x2a6df || r >= 0x2a700 && r <= 0x2b73f ||
		r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b820 && r <= 0x2ceaf ||
		r >= 0x2f800 && r <= 0x2fa1f
}
