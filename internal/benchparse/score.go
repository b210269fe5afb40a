package main

import (
	"html"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// score adds up over documents; tokens are words in lower case.
type score struct {
	files, failed       int
	want, got, both     int    // tokens, as multisets
	inOrder, comparable int    // pairs of neighbours in the expected text found in that order
	headings, cells     [2]int // found, expected
	bytes               int
	took                time.Duration
	missing             []string
	err                 error
}

func (s *score) add(o score) {
	s.files, s.failed = s.files+o.files, s.failed+o.failed
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

func (s *score) recall() float64    { return ratio(s.both, s.want) }
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

// headings counts the lines "# …" of the expected text that are headings.
func headings(got parse.Parsed, want string) (n [2]int) {
	have := map[string]bool{strings.Join(words(got.Title), " "): true}
	for _, b := range got.Blocks {
		if b.Kind == parse.Heading {
			have[strings.Join(words(b.Heading(got.Text)), " ")] = true
		}
	}
	for _, line := range strings.Split(want, "\n") {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			n[1]++
			if have[strings.Join(words(html.UnescapeString(markup.ReplaceAllString(title, " "))), " ")] {
				n[0]++
			}
		}
	}
	return n
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
