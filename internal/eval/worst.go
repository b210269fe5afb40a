package eval

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// WriteWorst writes the n worst queries of a row with what was expected and what came.
func (r Report) WriteWorst(w io.Writer, row Row, n int) error {
	for _, o := range row.Worst(n) {
		if _, err := fmt.Fprintf(w, "%s %.4f  %s: %s\n  expected  %s\n", r.Measures[0].head(), o.Values[0], short(o.Query.ID), short(o.Query.Text), o.Query.expectation()); err != nil {
			return err
		}
		for _, p := range o.Top {
			fmt.Fprintf(w, "  came      %s%s%s\n", short(p.URI), headings(p.HeadingPath), quoted(p.Text))
		}
		if len(o.Top) == 0 {
			fmt.Fprintln(w, "  came      nothing")
		}
	}
	return nil
}

// quoted is a passage's text; of a run file's documents there is none.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return ": " + short(text)
}

func headings(path []string) string {
	if len(path) == 0 {
		return ""
	}
	return " (" + short(strings.Join(path, " › ")) + ")"
}

// expectation says in a line what the query expects.
func (q *Query) expectation() string {
	var parts []string
	for _, e := range q.Expected {
		s := e.Document
		if e.Section != "" {
			s += " (" + e.Section + ")"
		}
		if e.Quote.Text != "" {
			s += ": “" + e.Quote.Text + "”"
		}
		parts = append(parts, strings.TrimLeft(s, ": "))
	}
	if len(q.Expected) == 0 {
		for _, d := range rankGrades(q.Docs) {
			parts = append(parts, d.Doc)
		}
	}
	return short(strings.Join(parts, " | "))
}

// rankGrades returns the relevant documents, the most relevant first.
func rankGrades(docs map[string]int) (r []Ranked) {
	for d, g := range docs {
		if g > 0 {
			r = append(r, Ranked{d, float64(g)})
		}
	}
	SortRanked(r)
	return r
}

// short is s on one line, cut at 100 characters, without what could make a
// terminal do more than show text.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	runes := []rune(normalise(s))
	if len(runes) > 100 {
		return string(runes[:99]) + "…"
	}
	return string(runes)
}
