package generate

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// quoting writes an extractive answer out.
type quoting struct {
	ctx      context.Context
	source   Source
	reading  *reading
	yield    func(Event, error) bool
	start    time.Time
	first    time.Duration
	degraded string
	quoted   []candidate
	moved    int // quotes that stored text no longer holds
	said     int // bytes
	supports []Support
}

// run quotes the best candidates that are worth it and proved, and ends the stream.
func (q *quoting) run(question []string, candidates []candidate) {
	for _, c := range candidates {
		if len(q.quoted) == maxQuotes {
			break
		}
		if !q.worth(question, c) {
			continue
		}
		p := q.reading.passages[c.passage]
		start, end := p.Start+c.start, p.Start+c.end
		ok, err := proves(q.ctx, q.source, p, start, end)
		switch {
		case err != nil:
			q.yield(nil, fmt.Errorf("answer: %w", err))
			return
		case !ok:
			q.moved++
			continue
		}
		if !q.quote(c, Citation{c.passage + 1, start, end, c.text}) {
			return
		}
	}
	switch {
	case len(q.quoted) > 0:
		q.end()
	case q.moved > 0:
		q.changed()
	default:
		notInDocuments(q.yield, "The documents do not seem to answer this question.", "no passage holds a sentence to quote", q.start)
	}
}

// worth tells whether c belongs in the answer after what is quoted: its own
// text, not said before, and nearly as good; a third only for what the first
// two leave open of the question.
func (q *quoting) worth(question []string, c candidate) bool {
	if len(q.quoted) == 0 {
		return true
	}
	have := make([]map[string]bool, 0, maxQuotes)
	for _, d := range q.quoted {
		overlaps := d.passage == c.passage && d.start < c.end && c.start < d.end
		same := len(c.vector) > 0 && cosine(c.vector, d.vector) > .97 || alike(c.terms, d.terms) > .8
		if overlaps || same || q.sameTable(question, c, d) {
			return false
		}
		have = append(have, d.terms)
	}
	best := q.quoted[0].score
	if len(q.quoted) == 1 {
		return c.score >= .6*best
	}
	before := q.reading.coverage(question, have...)
	return c.score >= .8*best && q.reading.coverage(question, append(have, c.terms)...) >= before+.2
}

// sameTable tells whether c is a row of the table that d is from, and says less of
// what is asked: its columns alone are what it has in common with the question.
func (q *quoting) sameTable(question []string, c, d candidate) bool {
	if c.kind != rowUnit || d.kind != rowUnit || c.header != d.header {
		return false
	}
	has := q.reading.coverage(question, d.terms)
	return q.reading.coverage(question, c.terms) < has && q.reading.coverage(question, c.terms, d.terms) <= has
}

// alike is the part of two sets' terms that both have (Jaccard), 0 to 1.
func alike(a, b map[string]bool) float64 {
	both := 0
	for t := range a {
		if b[t] {
			both++
		}
	}
	if all := len(a) + len(b) - both; all > 0 {
		return float64(both) / float64(all)
	}
	return 0
}

// quote sends one quote and tells whether to go on.
func (q *quoting) quote(c candidate, cite Citation) bool {
	text := q.say(c)
	if c.kind == codeUnit {
		text += "\n"
	} else {
		text += " "
	}
	text += fmt.Sprintf("[%d]", cite.Passage)
	if len(q.quoted) > 0 {
		text = "\n\n" + text
	} else {
		q.first = time.Since(q.start)
	}
	q.quoted = append(q.quoted, c)
	start := q.said + len(text) - len(strings.TrimLeft(text, "\n"))
	q.said += len(text)
	q.supports = append(q.supports, Support{Start: start, End: q.said, Score: 1, Supported: true, Passages: []int{cite.Passage}})
	return q.yield(Delta{text}, nil) && q.yield(cite, nil)
}

// say is a unit as the answer shows it: a sentence on one line, after the place
// that it is from if it begins with a pronoun; a table's row with the names of its
// columns; and no footnote marks, which could be taken for ours. Code stays as it is.
func (q *quoting) say(c candidate) string {
	switch c.kind {
	case codeUnit:
		return c.text
	case rowUnit:
		return withoutMarkers(sayRow(c.text, c.header))
	case listUnit:
		return withoutMarkers(c.text)
	}
	text := withoutMarkers(oneLine(c.text))
	if about := subjectOf(q.reading.passages[c.passage], c.start); about != "" && opensWithPronoun(text) {
		text = about + ": " + text
	}
	return text
}

func withoutMarkers(text string) string {
	var s scanner
	var b strings.Builder
	for _, p := range append(s.push(text), s.flush()...) {
		if p.numbers == nil {
			b.WriteString(p.text)
		}
	}
	return b.String()
}

// sayRow names a row's cells by their columns, where each has a name.
func sayRow(row, header string) string {
	cells, names := cellsOf(row), cellsOf(header)
	for i := range cells { // empty ones at the end of a row may not be written
		if len(names) >= len(cells) && names[i] != "" && cells[i] != "" {
			cells[i] = names[i] + ": " + cells[i]
		}
	}
	return strings.Join(cells, "; ")
}

func cellsOf(row string) []string {
	row = strings.TrimSpace(row)
	row = strings.TrimSuffix(strings.TrimPrefix(row, "|"), "|")
	cells := strings.Split(row, "|")
	for i := range cells {
		cells[i] = oneLine(cells[i])
	}
	return cells
}

// end sends what follows the quotes.
func (q *quoting) end() {
	reason := "quoted from the documents"
	if q.degraded != "" {
		reason += "; " + q.degraded
	}
	q.finish(Verdict{Answered, reason})
}

// changed answers when nothing of what was found is still stored.
func (q *quoting) changed() {
	q.first = time.Since(q.start)
	if q.yield(Delta{"The documents changed while this was answered; please ask again."}, nil) {
		q.finish(Verdict{Partial, "the passages found are no longer stored as they were"})
	}
}

func (q *quoting) finish(v Verdict) {
	for _, s := range q.supports {
		if !q.yield(s, nil) {
			return
		}
	}
	if q.yield(Usage{}, nil) && q.yield(v, nil) {
		q.yield(done("stop", q.first, time.Since(q.start)), nil)
	}
}
