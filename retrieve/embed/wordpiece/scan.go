package wordpiece

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// scanner walks over the words of a text as BERT normalises them: control
// characters dropped, letters decomposed, accents dropped, then lower case;
// white space separates, punctuation and CJK ideographs stand alone. It needs
// no more memory than one word, however long the text or its words.
type scanner struct {
	text    string
	pos     int
	word    [maxWord * utf8.UTFMax]byte // the word that next found
	size    int                         // of word, in bytes
	runes   int                         // of word
	tooLong bool                        // over maxWord characters; word holds its beginning
	rest    []byte                      // what remains of a decomposed character
	jamo    [3 * utf8.UTFMax]byte       // backs rest for Hangul
}

// next finds the next word and reports whether there was one.
func (s *scanner) next() bool {
	s.size, s.runes, s.tooLong = 0, 0, false
	for {
		if len(s.rest) > 0 {
			if s.takeDecomposed() {
				return true
			}
			continue
		}
		if s.pos == len(s.text) {
			return s.runes > 0
		}
		var found bool
		if b := s.text[s.pos]; b < utf8.RuneSelf {
			found = s.takeASCII(b)
		} else {
			found = s.takeRune()
		}
		if found {
			return true
		}
	}
}

// takeASCII takes letters and digits up to the next other character, or that
// character. Like the other take methods it reports whether the word is over;
// what is not part of the word then stays to be read.
func (s *scanner) takeASCII(b byte) (over bool) {
	switch asciiClass[b] {
	case classLetter:
		for s.pos < len(s.text) {
			b := s.text[s.pos]
			if b >= utf8.RuneSelf || asciiClass[b] != classLetter {
				break
			}
			if s.runes == maxWord {
				s.tooLong = true
			} else {
				s.word[s.size] = asciiLower[b]
				s.size++
				s.runes++
			}
			s.pos++
		}
		return false
	case classPunctuation:
		if s.runes > 0 {
			return true
		}
		s.put(rune(b))
		s.pos++
		return true
	case classSpace:
		s.pos++
		return s.runes > 0
	default:
		s.pos++
		return false
	}
}

func (s *scanner) takeRune() (over bool) {
	r, width := utf8.DecodeRuneInString(s.text[s.pos:])
	switch {
	case dropped(r):
		s.pos += width
		return false
	case unicode.IsSpace(r):
		s.pos += width
		return s.runes > 0
	case ideograph(r):
		if s.runes > 0 {
			return true
		}
		s.decompose(width)
		s.putAll()
		return s.runes > 0
	}
	s.decompose(width)
	return false
}

// decompose moves one character of the text, as canonically decomposed, to rest.
func (s *scanner) decompose(width int) {
	char := s.text[s.pos : s.pos+width]
	s.rest = norm.NFD.PropertiesString(char).Decomposition()
	if s.rest == nil {
		// Hangul is decomposed by rule, all else stays as it is.
		s.rest = norm.NFD.AppendString(s.jamo[:0], char)
	}
	s.pos += width
}

func (s *scanner) takeDecomposed() (over bool) {
	r, width := utf8.DecodeRune(s.rest)
	alone := punctuation(r)
	if alone && s.runes > 0 {
		return true
	}
	s.rest = s.rest[width:]
	if unicode.Is(unicode.Mn, r) {
		return false
	}
	s.put(unicode.ToLower(r))
	return alone
}

func (s *scanner) putAll() {
	for len(s.rest) > 0 {
		r, width := utf8.DecodeRune(s.rest)
		s.rest = s.rest[width:]
		s.put(r)
	}
}

func (s *scanner) put(r rune) {
	if s.runes == maxWord {
		s.tooLong = true
		return
	}
	s.size += utf8.EncodeRune(s.word[s.size:], r)
	s.runes++
}
