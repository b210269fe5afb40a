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

	// What is left of the last character, decomposed, lower case, without accents.
	// Unicode decomposes none into more than four.
	rest      [4]rune
	restRunes int

	// Where trace is set, spans has for each byte of word the place in text of the
	// character that it came from; in a word that is tooLong the last one reaches to
	// the word's end. char is the place of the last character that was read.
	trace bool
	spans [][2]int
	char  [2]int
}

// next finds the next word and reports whether there was one.
func (s *scanner) next() bool {
	s.size, s.runes, s.tooLong, s.spans = 0, 0, false, s.spans[:0]
	for {
		if s.restRunes > 0 {
			if s.takeRest() {
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
		from := s.pos
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
		s.traceASCII(from)
		return false
	case classPunctuation:
		if s.runes > 0 {
			return true
		}
		s.char = [2]int{s.pos, s.pos + 1}
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
	case ideograph(r) && s.runes > 0:
		return true
	}
	s.char = [2]int{s.pos, s.pos + width}
	s.decompose(r, s.text[s.pos:s.pos+width])
	s.pos += width
	if !ideograph(r) {
		return false
	}
	for s.restRunes > 0 {
		s.takeRest()
	}
	return true
}

// takeRest takes one character of rest.
func (s *scanner) takeRest() (over bool) {
	r := s.rest[0]
	alone := punctuation(r)
	if alone && s.runes > 0 {
		return true
	}
	copy(s.rest[:], s.rest[1:])
	s.restRunes--
	s.put(r)
	return alone
}

// decompose fills rest from one character of the text.
func (s *scanner) decompose(r rune, char string) {
	if r >= firstSyllable && r <= lastSyllable {
		s.decomposeSyllable(int(r - firstSyllable))
		return
	}
	parts := norm.NFD.PropertiesString(char).Decomposition()
	if parts == nil {
		s.addRest(r)
		return
	}
	for len(parts) > 0 {
		r, width := utf8.DecodeRune(parts)
		s.addRest(r)
		parts = parts[width:]
	}
}

// Hangul syllables are decomposed by rule: The Unicode Standard, section 3.12.
const (
	firstSyllable, lastSyllable = 0xac00, 0xd7a3

	leadJamo, vowelJamo, tailJamo = 0x1100, 0x1161, 0x11a7
	vowels, tails                 = 21, 28
)

func (s *scanner) decomposeSyllable(index int) {
	s.addRest(rune(leadJamo + index/(vowels*tails)))
	s.addRest(rune(vowelJamo + index/tails%vowels))
	if tail := index % tails; tail > 0 {
		s.addRest(rune(tailJamo + tail))
	}
}

func (s *scanner) addRest(r rune) {
	if unicode.Is(unicode.Mn, r) {
		return
	}
	s.rest[s.restRunes] = unicode.ToLower(r)
	s.restRunes++
}

func (s *scanner) put(r rune) {
	if s.runes == maxWord {
		s.tooLong = true
		s.stretch(s.char[1])
		return
	}
	s.size += utf8.EncodeRune(s.word[s.size:], r)
	s.runes++
	for s.trace && len(s.spans) < s.size {
		s.spans = append(s.spans, s.char)
	}
}

// traceASCII notes where the letters and digits came from that were taken from text[from:pos].
func (s *scanner) traceASCII(from int) {
	for ; s.trace && len(s.spans) < s.size; from++ {
		s.spans = append(s.spans, [2]int{from, from + 1})
	}
	if s.tooLong {
		s.stretch(s.pos)
	}
}

// stretch makes the word reach to the byte end of text, though no more of it is kept.
func (s *scanner) stretch(end int) {
	if s.trace {
		s.spans[len(s.spans)-1][1] = end
	}
}
