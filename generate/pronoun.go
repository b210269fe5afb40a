package generate

import (
	"strings"
	"unicode"

	"github.com/quarry-rag/quarry/retrieve"
)

// pronouns that begin a sentence about something said before it.
var pronouns = set(strings.Fields("he she it they his her its their this these those"))

// opensWithPronoun tells whether a sentence does not say by itself what it is about.
func opensWithPronoun(s string) bool {
	word, _, _ := strings.Cut(strings.TrimLeftFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }), " ")
	return pronouns[strings.ToLower(strings.TrimRight(word, ",.;:"))]
}

// hasLine tells whether heading is a line of text, with or without its marks.
func hasLine(text, heading string) bool {
	for line := range strings.Lines(text) {
		if strings.Trim(line, "# \t\r\n") == heading {
			return true
		}
	}
	return false
}

// maxSubject bounds subjectOf, in bytes: a longer title explains nothing.
const maxSubject = 120

// subjectOf is what a passage is about at a byte of its text, as far as its place
// tells: the title and the nearest heading, unless that stands further down, on
// one line without markers. Empty when it does not tell.
func subjectOf(p retrieve.Passage, at int) string {
	place := strings.TrimSpace(p.Title)
	if n := len(p.HeadingPath); n > 0 {
		if h := strings.TrimSpace(p.HeadingPath[n-1]); h != "" && h != place && !hasLine(p.Text[at:], h) {
			place = strings.TrimPrefix(place+" › "+h, " › ")
		}
	}
	place = strings.TrimRight(withoutMarkers(oneLine(visible(place))), " .:")
	if len(place) > maxSubject {
		return ""
	}
	return place
}
