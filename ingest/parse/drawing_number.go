package parse

import "strings"

// slideNumbers counts the automatic numbers of a text body, by level.
type slideNumbers struct{ counts [10]int }

// label counts a paragraph and returns its number.
func (s *slideNumbers) label(p slideParagraph) string {
	at := min(p.level, len(s.counts)-1)
	clear(s.counts[at+1:])
	s.counts[at]++
	n := p.start + s.counts[at] - 1
	kind := strings.ToLower(p.numbers)
	format := "decimal"
	for prefix, f := range map[string]string{"alphalc": "lowerLetter", "alphauc": "upperLetter", "romanlc": "lowerRoman", "romanuc": "upperRoman"} {
		if strings.HasPrefix(kind, prefix) {
			format = f
		}
	}
	text := numeral(format, n)
	switch {
	case strings.HasSuffix(kind, "parenboth"):
		return "(" + text + ")"
	case strings.HasSuffix(kind, "parenr"):
		return text + ")"
	}
	return text + "."
}

// end ends the lists at a level and below.
func (s *slideNumbers) end(level int) { clear(s.counts[min(level, len(s.counts)-1):]) }
