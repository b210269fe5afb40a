package eval

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
)

// goldenLine is one line of a golden file.
type goldenLine struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Document string   `json:"document"`
	Section  string   `json:"section"`
	Quote    string   `json:"quote"`
	Quotes   []string `json:"quotes"`
	Absent   bool     `json:"absent"`
}

// ReadGolden reads a golden file, a JSON object a line:
//
//	{"question": "…", "document": "go_spec.html", "section": "Select statements"}
//	{"question": "…", "quote": "…"}            one quote, or "quotes": ["…", "…"], all to be found
//	{"question": "…", "absent": true}          the answer is not in the documents
//
// document is the URI, or its last element with or without extension; section a
// heading above the passage; id is the line's number when it is not given.
// Unknown fields are errors, so that a misspelt one is not ignored.
func ReadGolden(file string) (Dataset, error) {
	d := Dataset{Name: filepath.Base(file)}
	seen := map[string]bool{}
	for l, err := range readLines(file) {
		if err != nil {
			return d, err
		}
		var g goldenLine
		dec := json.NewDecoder(bytes.NewReader([]byte(l.text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&g); err != nil {
			return d, l.errorf("not a golden question: %w", err)
		}
		if dec.More() {
			return d, l.errorf("more than one object on the line")
		}
		if g.ID == "" {
			g.ID = strconv.Itoa(l.number)
		}
		if seen[g.ID] {
			return d, l.errorf("question %q is there twice", g.ID)
		}
		seen[g.ID] = true
		q, reason := g.query()
		if reason != "" {
			return d, l.errorf("%s", reason)
		}
		d.Queries = append(d.Queries, q)
	}
	return d, nil
}

// query returns what the line says, or the reason why it cannot.
func (g goldenLine) query() (q Query, reason string) {
	q = Query{ID: g.ID, Text: g.Question, Absent: g.Absent}
	quotes := g.Quotes
	if g.Quote != "" {
		quotes = append([]string{g.Quote}, quotes...)
	}
	expects := g.Document != "" || g.Section != "" || len(quotes) > 0
	switch {
	case strings.TrimSpace(g.Question) == "":
		return q, "a question is missing"
	case expects == g.Absent:
		return q, `say either what to find (document, section, quote) or "absent": true`
	case g.Absent:
		return q, ""
	case g.Section == "" && len(quotes) == 0:
		q.Docs = map[string]int{g.Document: 1}
		return q, ""
	case len(quotes) == 0:
		q.Expected = []Expected{{Document: g.Document, Section: g.Section}}
	}
	for _, text := range quotes {
		if normalise(text) == "" {
			return q, "a quote is blank"
		}
		q.Expected = append(q.Expected, Expected{Document: g.Document, Section: g.Section, Quote: Quote{Text: text}})
	}
	return q, ""
}
