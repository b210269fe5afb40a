package lexical

import "unicode/utf8"

// Finder looks for a few terms in texts. It analyses only the words that may become
// one of them, which is most of what Terms takes. Safe for concurrent use.
type Finder struct {
	analyzer *Analyzer
	nth      map[string]int
	begins   [utf8.RuneSelf]bool // with this byte some term begins
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
		if t != "" && t[0] < utf8.RuneSelf {
			f.begins[t[0]] = true
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
	if c := term[0]; c < utf8.RuneSelf && !f.begins[c] {
		return 0, false
	}
	i, ok := f.nth[term]
	return i, ok
}

// anyTerm is the entry of a word that has a term, which is none that is looked for.
var anyTerm = entry{term: " "}

// passes says that word has a term but none that f looks for, whatever it is: stems
// of ASCII words begin as these do, in each language, and only words with an
// apostrophe are shortened before they are compared with stop words.
func (f *Finder) passes(word string) bool {
	first := word[0]
	if isUpper(first) {
		first += 'a' - 'A'
	}
	if first >= utf8.RuneSelf || f.begins[first] || f.analyzer.language.stops[first].has(len(word)) {
		return false
	}
	for i := range len(word) {
		if c := word[i]; c >= utf8.RuneSelf || ascii[c] != letter {
			return false
		}
	}
	return true
}

// lengths is a set of lengths in bytes, to 31.
type lengths uint32

func (l lengths) has(n int) bool { return n < 32 && l&(1<<n) != 0 }

// shapes are the lengths of ASCII words by their first byte.
func shapes(words map[string]bool) (of [utf8.RuneSelf]lengths) {
	for w := range words {
		if w[0] < utf8.RuneSelf && len(w) < 32 {
			of[w[0]] |= 1 << len(w)
		}
	}
	return of
}
