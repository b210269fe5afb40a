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
	question string
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
			if len(q.quoted) == 0 || q.yield(failedBy(err), nil) {
				q.yield(nil, fmt.Errorf("answer: %w", err))
			}
			return
		case !ok:
			q.moved++
			continue
		}
		text, ok := marked(say(c, p), c.passage+1)
		if !ok {
			continue
		}
		if !q.quote(text, c, Citation{c.passage + 1, start, end, c.text}) {
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
		if overlaps || alike(c.terms, d.terms) > .8 || q.sameTable(question, c, d) {
			return false
		}
		have = append(have, d.terms)
	}
	best := q.quoted[0].score
	if len(q.quoted) == 1 {
		return c.score >= .7*best
	}
	before := q.reading.coverage(question, have...)
	return c.score >= .85*best && q.reading.coverage(question, append(have, c.terms)...) >= before+.2
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
func (q *quoting) quote(text string, c candidate, cite Citation) bool {
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

// end sends what follows the quotes.
func (q *quoting) end() {
	outcome, reason := Answered, "quoted from the documents"
	if q.uncompared() {
		outcome, reason = Partial, "rows of a table are quoted, and not compared with the others"
	}
	if q.degraded != "" {
		reason += "; " + q.degraded
	}
	q.finish(Verdict{outcome, reason})
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
