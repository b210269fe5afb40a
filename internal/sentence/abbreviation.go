package sentence

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words before a period that does not end a sentence, whatever follows.
var never = words(`mr mrs ms dr prof rev gen sen rep gov capt cmdr lt col sgt hon st mt ft
	fig figs eq eqs sec ch chap vol vols no nos nr pp ed eds art cf vs viz resp approx ca
	e.g i.e eg ie al. jan feb mar apr jun jul aug sept sep oct nov dec dept univ assn bros ph`)

// Words before a period that ends a sentence only if one clearly follows.
var maybe = words(`etc al inc ltd co corp jr sr esq a.m p.m u.s u.k u.n e.u d.c ph.d b.a m.a b.s m.s
	b.c a.d est min max avg misc incl excl ext tel`)

// Words that begin a sentence more often than they follow an abbreviation.
var starters = words(`the a an this that these those it its he she they we you i in on at for if when while
	as but and or so however there here then thus after before by from with to of what which who how why
	no not all each any some most many other another such our their his her your one two for although because since`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// abbreviated reports whether the period after before is an abbreviation's, an
// initial's or a list number's, and so ends nothing. next is the text after it.
func abbreviated(before, next string) bool {
	word, rest := lastWord(before)
	if word == "" {
		return false
	}
	lower := strings.ToLower(word)
	switch {
	case never[lower]:
		return true
	case maybe[lower]:
		return !starters[firstWord(next)]
	case isNumber(word):
		return strings.TrimSpace(rest) == "" || strings.HasSuffix(rest, "\n") // "1." as a list marker
	case utf8.RuneCountInString(word) == 1:
		return initial(word, rest, next)
	}
	return false
}

// initial reports whether a letter is a name's initial: an upper-case one after a
// capitalised word, another initial or nothing, or before two more parts of a
// name ("engineer J. Presper Eckert", not "vitamin C. Scientists found"). So
// is the "v" between the parties of a case, and a "c" or "p" before a number.
func initial(letter, before, next string) bool {
	r, _ := utf8.DecodeRuneInString(letter)
	previous, _ := lastWord(strings.TrimRight(before, " ."))
	p, _ := utf8.DecodeRuneInString(previous)
	if unicode.IsLower(r) { // "Zorach v. Clauson", "c. 1950", "p. 12"
		n, _ := utf8.DecodeRuneInString(next)
		return letter == "v" && unicode.IsUpper(p) || strings.Contains("bcdp", letter) && unicode.IsDigit(n)
	}
	if !unicode.IsUpper(r) || letter == "I" || starters[firstWord(next)] {
		return false
	}
	return previous == "" || unicode.IsUpper(p) || previous == "by" || previous == "and" || beginsName(next)
}

// beginsName reports whether s begins with two capitalised words or initials.
func beginsName(s string) bool {
	first, rest, _ := strings.Cut(s[:min(len(s), 4*longestWord)], " ")
	a, _ := utf8.DecodeRuneInString(first)
	b, _ := utf8.DecodeRuneInString(rest)
	name := strings.TrimSuffix(first, ".")
	apart := len(name) < len(first) && utf8.RuneCountInString(name) > 1 // a sentence of one word
	return unicode.IsUpper(a) && unicode.IsUpper(b) && !apart && !strings.ContainsAny(first, ",;:!?\n")
}

const longestWord = 16 // in bytes; no abbreviation is longer

// lastWord returns the word that s ends with, without opening brackets and
// quotes, and what comes before it. It is empty when it is a long one.
func lastWord(s string) (word, before string) {
	from := len(s)
	for from > 0 && len(s)-from <= longestWord {
		r, n := utf8.DecodeLastRuneInString(s[:from])
		if unicode.IsSpace(r) || strings.ContainsRune("([{\"'“‘/,;", r) {
			break
		}
		from -= n
	}
	if len(s)-from > longestWord {
		return "", s
	}
	return s[from:], s[:from]
}

// firstWord returns the letters that s begins with, in lower case.
func firstWord(s string) string {
	s = s[:min(len(s), longestWord)]
	s = strings.TrimLeft(s, "\"'(")
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '\'' {
			return strings.ToLower(s[:i])
		}
	}
	return strings.ToLower(s)
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }
