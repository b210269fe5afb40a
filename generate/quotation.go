package generate

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// quotation is what stands between quotation marks that open after a space: not a
// string in code such as f("x").
var quotation = regexp.MustCompile(`(?:^|[\s(])["“„«]([^"“”„«»]+)["”“»]`)

// omission is where a quotation leaves something out or puts its own words in.
var omission = regexp.MustCompile(`…|\.\.\.|\[[^\]]*\]`)

// misquoted is why a sentence with a quotation is not supported.
const misquoted = "the words that it quotes do not stand so in the passages that it cites"

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

// misquotedSentences marks as unsupported those of an answer's sentences, checked one
// by one, over which a quotation goes whose words do not stand so in what they cite
// together. A quotation ends with its paragraph.
func (r *reading) misquotedSentences(text, question string, sentences []Support) {
	for _, at := range quotation.FindAllStringSubmatchIndex(text, -1) {
		start, end := at[2], at[3]
		if strings.Contains(text[start:end], "\n\n") || strings.TrimRightFunc(text[start:end], unicode.IsSpace) != text[start:end] {
			continue // two marks that are no pair
		}
		var over []*Support
		var cited []int
		for i := range sentences {
			if s := &sentences[i]; s.Start < end && s.End > start {
				over, cited = append(over, s), append(cited, s.Passages...)
			}
		}
		slices.Sort(cited)
		cited = slices.Compact(cited)
		if len(over) < 2 || !misquotes(text[at[0]:at[1]], r.textOf(cited)+question) {
			continue
		}
		for _, s := range over {
			if s.Supported {
				s.Supported, s.Reason = false, misquoted
			}
		}
	}
}

// spaced is the words of s in lower case, a space before and after each; of no words
// a space.
func spaced(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return " " + strings.Join(append(words, ""), " ")
}
