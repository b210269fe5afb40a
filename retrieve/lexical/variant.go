package lexical

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of the terms that have variants, in characters: shorter ones are near
// too many words, longer ones are seldom words.
const minVariant, maxVariant = 5, 24

var alphabets = map[*unicode.RangeTable]string{
	unicode.Latin:    "abcdefghijklmnopqrstuvwxyzäöüßéèêáàâíóúñçåæøőű",
	unicode.Cyrillic: "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
}

// Variants returns the terms one slip of the finger away: a letter missing, too
// many, wrong, or two that changed places (Damerau 1964), never the first: people
// hardly ever slip there, and words that differ there mean other things. Terms not
// made of letters of one script have none, but a version number has the one with or
// without its v: 1.4.2 and v1.4.2.
func Variants(term string) []string {
	if bare := strings.TrimPrefix(term, "v"); isVersion(bare) {
		if bare == term {
			return []string{"v" + term}
		}
		return []string{bare}
	}
	letters := []rune(term)
	if len(letters) < minVariant || len(letters) > maxVariant || !utf8.ValidString(term) {
		return nil
	}
	alphabet := alphabetOf(letters)
	if alphabet == "" {
		return nil
	}
	seen := map[string]bool{term: true}
	var out []string
	add := func(parts ...string) {
		var v string
		for _, p := range parts {
			v += p
		}
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	for i := 1; i <= len(letters); i++ {
		head, tail := string(letters[:i]), letters[i:]
		if len(tail) > 0 {
			add(head, string(tail[1:]))
		}
		if len(tail) > 1 {
			add(head, string(tail[1]), string(tail[0]), string(tail[2:]))
		}
		for _, r := range alphabet {
			add(head, string(r), string(tail))
			if len(tail) > 0 {
				add(head, string(r), string(tail[1:]))
			}
		}
	}
	return out
}

// isVersion tells whether s is numbers with dots between them.
func isVersion(s string) bool {
	return strings.Contains(s, ".") && !strings.Contains(s, "..") && isDigit(s[0]) && isDigit(s[len(s)-1]) &&
		strings.Trim(s, "0123456789.") == ""
}

// alphabetOf returns the letters to try, "" when the term is not all letters of
// one script.
func alphabetOf(letters []rune) string {
	for script, alphabet := range alphabets {
		all := true
		for _, r := range letters {
			all = all && unicode.Is(script, r) && unicode.IsLetter(r)
		}
		if all && script == unicode.Latin && isASCII(letters) {
			return alphabet[:26]
		}
		if all {
			return alphabet
		}
	}
	return ""
}

func isASCII(letters []rune) bool {
	for _, r := range letters {
		if r >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
