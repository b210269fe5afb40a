package main

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// score adds up over documents; tokens are words in lower case.
type score struct {
	files, failed       int
	want, got, both     int    // tokens, as multisets
	repeats             int    // tokens not found that the expected text has again for a merged cell
	inOrder, comparable int    // pairs of neighbours in the expected text found in that order
	headings, cells     [2]int // found, expected
	bytes               int
	took                time.Duration
	missing, extra      []string // tokens expected and not found, and the reverse
	err                 error
}

func (s *score) add(o score) {
	s.files, s.failed = s.files+o.files, s.failed+o.failed
	s.repeats += o.repeats
	s.want, s.got, s.both = s.want+o.want, s.got+o.got, s.both+o.both
	s.inOrder, s.comparable = s.inOrder+o.inOrder, s.comparable+o.comparable
	for i := range 2 {
		s.headings[i] += o.headings[i]
		s.cells[i] += o.cells[i]
	}
	s.bytes, s.took = s.bytes+o.bytes, s.took+o.took
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

func (s *score) recall() float64 { return ratio(s.both, s.want) }

// once is the recall of what the expected text says once: Markdown has no merged
// cells, so that it says those again in every column and row that they cover,
// which the document does not.
func (s *score) once() float64      { return ratio(s.both, s.want-s.repeats) }
func (s *score) precision() float64 { return ratio(s.both, s.got) }
func (s *score) order() float64     { return ratio(s.inOrder, s.comparable) }

func (s *score) failure() string {
	if s.err == nil {
		return ""
	}
	return s.err.Error()
}

// Markup of the expected Markdown that is no text.
var markup = regexp.MustCompile(`<!--.*?-->|!\[[^\]]*\]\([^)]*\)|\]\([^)\s]*\)|https?://\S+|[*_\\~` + "`" + `]+|\$\$?|(?m:^\|[-\s|:]+\|$)`)

// compare scores a parsed document against expected Markdown.
func compare(got parse.Parsed, want string) score {
	var s score
	tail := got.Title
	plain := html.UnescapeString(markup.ReplaceAllString(want, " "))
	a, b := words(plain), words(markup.ReplaceAllString(got.Text+" "+tail, " "))
	b = b[:max(0, len(b)-len(words(tail)))]
	s.want, s.got = len(a), len(b)
	have := count(b)
	for _, w := range a {
		if have[w] > 0 {
			have[w]--
			s.both++
		} else {
			s.missing = append(s.missing, w)
		}
	}
	for _, w := range b { // what is left of it is extra, from the first
		if have[w] > 0 {
			have[w]--
			s.extra = append(s.extra, w)
		}
	}
	again := count(repeated(plain))
	for _, w := range s.missing {
		if again[w] > 0 {
			again[w]--
			s.repeats++
		}
	}
	s.inOrder, s.comparable = bigrams(a, b)
	s.headings = headings(got, want)
	s.cells = cells(got, plain)
	return s
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

func count(ws []string) map[string]int {
	m := make(map[string]int, len(ws))
	for _, w := range ws {
		m[w]++
	}
	return m
}

// repeated returns the words of the cells of expected tables that say what the
// cell on their left, or above, says.
func repeated(want string) []string {
	var again []string
	var above []string
	for _, line := range strings.Split(want, "\n") {
		if !strings.HasPrefix(line, "|") {
			if strings.TrimSpace(line) != "" {
				above = nil
			}
			continue
		}
		row := strings.Split(strings.Trim(line, "|"), "|")
		for i, c := range row {
			c = strings.TrimSpace(c)
			if i > 0 && c == strings.TrimSpace(row[i-1]) || i < len(above) && c == strings.TrimSpace(above[i]) {
				again = append(again, words(c)...)
			}
		}
		above = row
	}
	return again
}

// bigrams counts the neighbours of a that are neighbours in b.
func bigrams(a, b []string) (found, all int) {
	have := map[[2]string]int{}
	for i := range len(b) - 1 {
		have[[2]string{b[i], b[i+1]}]++
	}
	for i := range max(0, len(a)-1) {
		k := [2]string{a[i], a[i+1]}
		if all++; have[k] > 0 {
			have[k]--
			found++
		}
	}
	return found, all
}

// headings counts the lines "# …" of the expected text that are headings. Their
// words may be in another order, which the column for order is for: expected
// texts of PDFs have a section's number after its name.
func headings(got parse.Parsed, want string) (n [2]int) {
	have := map[string]bool{heading(got.Title): true}
	for _, b := range got.Blocks {
		if b.Kind == parse.Heading {
			have[heading(b.Heading(got.Text))] = true
		}
	}
	for _, line := range strings.Split(want, "\n") {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			n[1]++
			if have[heading(html.UnescapeString(markup.ReplaceAllString(title, " ")))] {
				n[0]++
			}
		}
	}
	return n
}

func heading(s string) string {
	w := words(s)
	slices.Sort(w)
	return strings.Join(w, " ")
}

// cells counts the cells of expected tables whose words stand together.
func cells(got parse.Parsed, want string) (n [2]int) {
	text := " " + strings.Join(words(got.Text), " ") + " "
	for _, line := range strings.Split(want, "\n") {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, c := range strings.Split(strings.Trim(line, "|"), "|") {
			if w := strings.Join(words(c), " "); w != "" {
				n[1]++
				if strings.Contains(text, " "+w+" ") {
					n[0]++
				}
			}
		}
	}
	return n
}
