package parse

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/bidi"
)

// The engine gives the letters of a right-to-left word in reading order, but the
// words of a line as they stand from left to right.

// rightToLeft puts the words of a line in reading order, where most of them are
// of a right-to-left script and they do not come in it already.
func (l *pdfLine) rightToLeft() {
	var words []string
	right := 0
	prose := false
	for _, c := range l.cells {
		own := rightWords(c)
		for _, w := range own {
			right += direction(w)
		}
		words = append(words, own...)
		prose = prose || len(own) > 3
	}
	if right <= 0 || !slices.IsSorted(l.starts) || l.descends {
		return
	}
	l.narrow = nil
	if len(l.cells) > 1 && !prose { // a table's row: its cells stay where they are
		for i, c := range l.cells {
			l.cells[i] = strings.Join(reversed(rightWords(c)), " ")
		}
		return
	}
	l.cells, l.starts, l.ends = []string{strings.Join(reversed(words), " ")}, l.starts[:1], []float64{l.right}
}

// rightWords divides a cell into words, and those where the direction changes:
// the engine sees no space there. What stands before a word of a right-to-left
// script, on its left, comes after it.
func rightWords(cell string) []string {
	var words []string
	for _, w := range strings.Fields(cell) {
		start, last := 0, 0
		for i, r := range w {
			if d := direction(string(r)); d != 0 {
				if last*d < 0 {
					words = append(words, w[start:i])
					start = i
				}
				last = d
			}
		}
		words = append(words, w[start:])
	}
	for i, w := range words {
		at := strings.IndexFunc(w, func(r rune) bool { return !strings.ContainsRune(".,:;!?،؛؟", r) })
		if at > 0 && direction(w) > 0 {
			words[i] = w[at:] + w[:at]
		}
	}
	return words
}

// reversed turns words around; those that run from left to right keep their
// order among themselves.
func reversed(words []string) []string {
	slices.Reverse(words)
	for i := 0; i < len(words); {
		n := 1
		if direction(words[i]) < 0 {
			for i+n < len(words) && direction(words[i+n]) < 0 {
				n++
			}
			slices.Reverse(words[i : i+n])
		}
		i += n
	}
	return words
}

// direction of a word is 1 for right to left, -1 for left to right, 0 for
// neither: by its first letter or number.
func direction(word string) int {
	for _, r := range word {
		p, _ := bidi.LookupRune(r)
		switch p.Class() {
		case bidi.R, bidi.AL:
			return 1
		case bidi.L, bidi.EN, bidi.AN:
			return -1
		}
	}
	return 0
}

// joinLigatures corrects Arabic's lam-alef, whose two letters stand in one place
// and have been turned around like the letters beside them.
func joinLigatures(chars []rune, at int, g pdfGlyphs) {
	for i := 0; i+1 < len(chars); i++ {
		if strings.ContainsRune("اأإآٱ", chars[i]) && chars[i+1] == 'ل' && g.box(at+i) == g.box(at+i+1) {
			chars[i], chars[i+1] = chars[i+1], chars[i]
		}
	}
}
