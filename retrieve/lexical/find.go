package lexical

import "unicode/utf8"

// Finder looks for a few terms in texts. It analyses only the words that may become
// one of them, which is most of what Terms takes. Safe for concurrent use.
type Finder struct {
	analyzer *Analyzer
	nth      map[string]int
	begins   [utf8.RuneSelf]bytes // second bytes of the terms, by their first
}

// Place is where a text has a term.
type Place struct {
	Term int // which, as the Finder was given them
	At   int // how many terms of the text stand before it
}

// Finder returns one that looks for terms, each there once.
func (a *Analyzer) Finder(terms []string) *Finder {
	f := &Finder{analyzer: a, nth: make(map[string]int, len(terms))}
	for i, t := range terms {
		f.nth[t] = i
		if t == "" || t[0] >= utf8.RuneSelf {
			continue
		}
		if len(t) == 1 {
			f.begins[t[0]] = anyByte
		} else {
			f.begins[t[0]].add(t[1])
		}
	}
	return f
}

// Places returns where the terms stand among the Terms of texts, one text after the
// other, in order.
func (f *Finder) Places(texts ...string) []Place {
	s := f.analyzer.scanner()
	defer f.analyzer.scanners.Put(s)
	s.finder, s.places, s.at = f, nil, 0
	for _, text := range texts {
		s.scan(text)
	}
	s.finder = nil
	return s.places
}

// which of the terms it is.
func (f *Finder) which(term string) (int, bool) {
	if c := term[0]; c < utf8.RuneSelf && f.begins[c] == 0 {
		return 0, false
	}
	i, ok := f.nth[term]
	return i, ok
}

// anyTerm is the entry of a word that has a term, which is none that is looked for.
var anyTerm = entry{term: " "}

// sure returns the entry of a word of ASCII letters and digits that can be told
// without analysing it: a stop word, or one that begins as no term does.
func (f *Finder) sure(word string) (entry, bool) {
	for i := range len(word) {
		if c := word[i]; c >= utf8.RuneSelf || ascii[c] != letter {
			return entry{}, false
		}
	}
	first := fold(word[0])
	for _, stop := range f.analyzer.language.stops[first] {
		if len(stop) == len(word) && foldsTo(word, stop) {
			return entry{}, true
		}
	}
	return anyTerm, !f.may(first, word)
}

// may says that the word's stem may be one of the terms. Stems keep the first two
// letters, but for the y of dying, and one of two equal ones in Finnish.
func (f *Finder) may(first byte, word string) bool {
	seconds := f.begins[first]
	if seconds == 0 || len(word) == 1 {
		return seconds != 0
	}
	second := fold(word[1])
	return seconds.has(second) || second == first || second == 'y' && seconds.has('i')
}

// fold is an ASCII letter in lower case, or a digit.
func fold(c byte) byte { return c | 0x20 }

func foldsTo(word, lower string) bool {
	for i := range len(lower) {
		if fold(word[i]) != lower[i] {
			return false
		}
	}
	return true
}

// bytes is a set of ASCII letters in lower case and digits, some of which stand for
// each other.
type bytes uint32

const anyByte bytes = 1<<32 - 1

func (b *bytes) add(c byte)     { *b |= 1 << (c & 31) }
func (b bytes) has(c byte) bool { return b&(1<<(c&31)) != 0 }

// byFirst are the words that begin with an ASCII character, by it.
func byFirst(words map[string]bool) (of [utf8.RuneSelf][]string) {
	for w := range words {
		if w[0] < utf8.RuneSelf {
			of[w[0]] = append(of[w[0]], w)
		}
	}
	return of
}
