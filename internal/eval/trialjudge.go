package eval

import (
	"slices"
	"time"

	"google.golang.org/grpc/status"

	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// judge fills in the row's figures.
func (r *TrialRow) judge(ids docIDs) {
	sums, counts := map[string]float64{}, map[string]float64{}
	score := func(measure string, value float64) { sums[measure] += value; counts[measure]++ }
	yes := map[bool]float64{true: 1}
	var latencies []float64
	for _, a := range r.answered {
		r.Asked++
		if a.err != nil {
			r.Failed++
			r.Failure = status.Convert(a.err).Message()
			a.given = Given{}
		} else {
			latencies = append(latencies, float64(a.given.Latency))
		}
		if a.query.Absent {
			right := yes[a.given.Verdict == pb.Verdict_VERDICT_NOT_IN_DOCUMENTS]
			score("refused", right)
			score("verdict", right)
		} else {
			right := yes[a.given.Verdict == pb.Verdict_VERDICT_ANSWERED]
			score("answered", right)
			score("verdict", right)
			score("cited", yes[a.query.citedBy(ids, a.given.Citations)])
		}
		if a.given.Sentences > 0 {
			score("support", float64(a.given.Supported)/float64(a.given.Sentences))
		}
		r.Cost += a.given.Cost
		if !a.given.CostKnown {
			r.Unpriced++
		}
	}
	r.Means = map[string]float64{}
	for measure, n := range counts {
		r.Means[measure] = sums[measure] / n
	}
	slices.Sort(latencies)
	if len(latencies) > 0 {
		r.P50, r.P95 = time.Duration(quantile(latencies, .5)), time.Duration(quantile(latencies, .95))
	}
}

// citedBy tells whether a citation comes from an expected place: the document,
// the section, and of a quote, where one holds the other or half of it.
func (q *Query) citedBy(ids docIDs, citations []Passage) bool {
	expected := q.Expected
	for doc, grade := range q.Docs {
		if grade > 0 && len(q.Expected) == 0 {
			expected = append(expected, Expected{Document: doc})
		}
	}
	return slices.ContainsFunc(expected, func(e Expected) bool {
		return slices.ContainsFunc(citations, func(c Passage) bool {
			at := place{Expected: Expected{Document: e.Document, Section: e.Section}}
			return at.find(ids.of(c.URI), c, "") && e.Quote.meets(c)
		})
	})
}

// meets tells whether a citation and a quote are about the same words.
func (q Quote) meets(c Passage) bool {
	if q == (Quote{}) {
		return true
	}
	if q.End > q.Start {
		shared := min(q.End, c.End) - max(q.Start, c.Start)
		return 2*shared >= min(q.End-q.Start, c.End-c.Start)
	}
	quote, cited := normalise(q.Text), normalise(c.Text)
	from, to := sharedPart(quote, cited)
	return 2*(to-from) >= min(len(quote), len(cited)) && to > from
}
