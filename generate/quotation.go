package generate

import (
	"regexp"
	"strings"
	"unicode"
)

// quotation is what stands between quotation marks that open after a space: not a
// string in code such as f("x").
var quotation = regexp.MustCompile(`(?:^|[\s(])["“„«]([^"“”„«»]+)["”“»]`)

// omission is where a quotation leaves something out or puts its own words in.
var omission = regexp.MustCompile(`…|\.\.\.|\[[^\]]*\]`)

// leastQuoted is the fewest words that claim to be another's. Fewer are a name, a
// title or a term.
const leastQuoted = 4

// misquotes tells whether a sentence has a quotation whose words has does not hold
// one after another, whatever marks and spaces stand between them.
func misquotes(plain, has string) bool {
	has = spaced(has)
	for _, m := range quotation.FindAllStringSubmatch(plain, -1) {
		if len(strings.Fields(m[1])) < leastQuoted {
			continue
		}
		for _, part := range omission.Split(m[1], -1) {
			if !strings.Contains(has, spaced(part)) {
				return true
			}
		}
	}
	return false
}

// spaced is the words of s in lower case, a space before and after each; of no words
// a space.
func spaced(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(append(words, ""), " ")
}
