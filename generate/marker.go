package generate

import "unicode/utf8"

// A marker is "[1]" or "[2, 3]": numbers of up to three digits between
// brackets, separated by commas or semicolons. Text of that shape is no marker
//
//   - in code: between backticks on one line, or in a fenced block;
//   - before an ASCII letter, digit, "_" or "(", as in "[1]int" or a link;
//   - after "\", after a "]" that closed no marker (a reference link), after a
//     single lower-case letter or a name with "_", as in a[1] or my_list[1].
//
// Everything else of that shape is one, whether it points anywhere or not: a
// year such as [1984] has too many digits.

// maxMarker is the longest marker, in bytes.
const maxMarker = 40

// piece is a stretch of streamed text or, when Numbers is not nil, a marker.
type piece struct {
	text    string // as it was written; of a marker, with the space before it
	numbers []int
}

// scanner finds markers in text that comes in deltas cut anywhere. All pieces'
// text joined is the text that came. The zero value is ready.
type scanner struct {
	code  codeState
	text  []byte // found to be text, not yet returned
	held  []byte // may become a marker: at most a space and maxMarker bytes
	stage stage
	num   int // digits of the number being read
	nums  []int
	out   []piece
	word  wordState
}

// stage is how much of a marker is held.
type stage uint8

const (
	noMarker  stage = iota
	spaceHeld       // " "
	numberDue       // after "[" or a comma
	inNumber
	numberDone // a comma or "]" must come
	closed     // "]", and the next byte decides
)

// push takes the next delta and returns what is decided by it.
func (s *scanner) push(delta string) []piece {
	for i := 0; i < len(delta); i++ {
		s.step(delta[i])
	}
	return s.take(false)
}

// flush returns what is left when no more comes.
func (s *scanner) flush() []piece {
	if s.stage == closed {
		s.mark()
	} else {
		s.dissolve()
	}
	return s.take(true)
}

// take returns the pieces so far. A rune cut by a delta's end waits for its rest.
func (s *scanner) take(all bool) []piece {
	n := wholeRunes(s.text)
	if all {
		n = len(s.text)
	}
	if n > 0 {
		s.out = append(s.out, piece{text: string(s.text[:n])})
		s.text = append(s.text[:0], s.text[n:]...)
	}
	out := s.out
	s.out = nil
	return out
}

// wholeRunes is the length of b without a rune that is still incomplete.
func wholeRunes(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return i
			}
			break
		}
	}
	return len(b)
}

func (s *scanner) step(b byte) {
	if s.stage == closed {
		if isWordByte(b) || b == '(' {
			s.dissolve()
		} else {
			s.mark()
		}
	}
	if s.stage >= numberDue && !s.extend(b) {
		s.dissolve()
	}
	if s.stage >= numberDue {
		return
	}
	s.code.step(b)
	switch {
	case b == '[' && !s.code.inside() && !s.word.indexes(s.stage == spaceHeld):
		s.held, s.stage, s.num, s.nums = append(s.held, b), numberDue, 0, nil
	case b == ' ' && !s.code.inside():
		s.dissolve()
		s.held, s.stage = append(s.held, b), spaceHeld
	default:
		s.dissolve()
		s.emit(b)
	}
}

// extend adds b to an open marker and tells whether it still may be one.
func (s *scanner) extend(b byte) bool {
	if len(s.held) > maxMarker {
		return false
	}
	switch {
	case b >= '0' && b <= '9' && (s.stage == numberDue || s.stage == inNumber && s.digitsHeld() < 3):
		s.num, s.stage = s.num*10+int(b-'0'), inNumber
	case b == ' ' && s.stage == numberDue:
	case b == ' ' && (s.stage == inNumber || s.stage == numberDone):
		s.stage = numberDone
	case (b == ',' || b == ';') && (s.stage == inNumber || s.stage == numberDone):
		s.nums, s.num, s.stage = append(s.nums, s.num), 0, numberDue
	case b == ']' && (s.stage == inNumber || s.stage == numberDone):
		s.nums, s.stage = append(s.nums, s.num), closed
	default:
		return false
	}
	s.held = append(s.held, b)
	s.code.step(b)
	return true
}

// digitsHeld is the length of the number at the end of held.
func (s *scanner) digitsHeld() int {
	n := 0
	for n < len(s.held) && s.held[len(s.held)-1-n] >= '0' && s.held[len(s.held)-1-n] <= '9' {
		n++
	}
	return n
}

// dissolve makes text of what is held.
func (s *scanner) dissolve() {
	for _, b := range s.held {
		s.emit(b)
	}
	s.held, s.stage = s.held[:0], noMarker
}

func (s *scanner) emit(b byte) {
	s.text = append(s.text, b)
	s.word.step(b)
}

// mark makes a marker of what is held.
func (s *scanner) mark() {
	s.cut()
	s.out = append(s.out, piece{text: string(s.held), numbers: s.nums})
	s.held, s.stage, s.nums = s.held[:0], noMarker, nil
	s.word = wordState{}
}

// cut moves the text so far before what follows.
func (s *scanner) cut() {
	if len(s.text) > 0 {
		s.out = append(s.out, piece{text: string(s.text)})
		s.text = s.text[:0]
	}
}

func isWordByte(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
}

// wordState knows the word, in ASCII, that the text ends with.
type wordState struct {
	length     int
	underscore bool
	last       byte
}

func (w *wordState) step(b byte) {
	if isWordByte(b) || b >= utf8.RuneSelf || b == '\'' {
		w.length++
		w.underscore = w.underscore || b == '_'
	} else {
		*w = wordState{}
	}
	w.last = b
}

// indexes tells whether a bracket that follows, after a space or not, is an
// index or part of a link rather than a marker.
func (w *wordState) indexes(spaced bool) bool {
	if spaced {
		return false
	}
	name := w.underscore || w.length == 1 && w.last >= 'a' && w.last <= 'z'
	return name || w.last == '\\' || w.last == ']'
}
