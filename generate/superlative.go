package generate

import (
	"regexp"
	"strings"
)

// superlative is an English word that asks for the first or last of several, or
// "at most" and "at least", which do not.
var superlative = regexp.MustCompile(`(?i)\bat (?:most|least)\b|\b(?:most|least|fewest|best|worst|` +
	`(?:larg|bigg|great|high|long|tall|heavi|wid|deep|strong|old|earli|fast|rich|hott|` +
	`small|low|short|light|weak|new|young|lat|slow|cheap|cold|near|far|close)est)\b`)

// uncompared tells whether the question asks which of several is first or last by
// something, and rows of a table are quoted that do not say so themselves: only all
// the table's rows together do, and nothing compares them.
func (q *quoting) uncompared() bool {
	var asked []string
	for _, w := range superlative.FindAllString(q.question, -1) {
		if !strings.Contains(w, " ") {
			asked = append(asked, strings.ToLower(w))
		}
	}
	rows := 0
	for _, c := range q.quoted {
		if c.kind == rowUnit {
			rows++
		}
		said := strings.ToLower(placeOf(q.reading.passages[c.passage]) + " " + c.header + " " + c.text)
		for _, w := range asked {
			if strings.Contains(said, w) {
				return false
			}
		}
	}
	return rows > 0 && len(asked) > 0
}
