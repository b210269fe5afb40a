// Package eval measures retrieval: it runs the queries of a data set against a
// Target under several settings and reports trec_eval's measures, quote coverage,
// abstention and latency, with tests of significance against the first setting.
//
//	Dataset (ReadBEIR, ReadTREC, ReadGolden) –Run→ Report –Table, JSON, WriteRun→ people, programs, trec_eval
package eval

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Target is what is measured. Search is called concurrently.
type Target interface {
	// Configure makes the parameters of a setting that are not part of a search
	// take effect. It is called before the setting's searches, never during them.
	Configure(ctx context.Context, s Setting) error
	// Search returns at most limit passages, best first.
	Search(ctx context.Context, query string, limit int, s Setting) (Result, error)
}

// Result is what one search returned.
type Result struct {
	Passages []Passage
	// Coverage, 0 to 1, is how well the collection covers the query.
	Coverage float64
	// Degraded says why a leg is missing; empty when all is well.
	Degraded []string
}

// Passage is a passage as a Target returns it.
type Passage struct {
	URI         string
	HeadingPath []string
	// Start and End bound Text in the document's canonical text, in bytes.
	Start, End int
	Text       string
	Score      float64
}

// Options of Run. The zero value of each field is its default.
type Options struct {
	// Measures to take; the first is the one compared and used for the worst
	// queries. None means DefaultMeasures.
	Measures []Measure
	// Depth is the number of documents ranked for a query, 1 to 1000. 0 means 100.
	Depth int
	// Passages is the number asked for, from which documents are ranked, 1 to
	// 1000. 0 means 4 × Depth, at most 1000.
	Passages int
	// Concurrency is the number of searches at once. 0 means 4; latency is
	// measured at that load.
	Concurrency int
	// SkipEmpty leaves queries that returned nothing out of the means, as
	// trec_eval does by default; otherwise they count as 0, as with its -c.
	SkipEmpty bool
	// MinScore is the coverage under which a question counts as refused.
	MinScore float64
	Seed     uint64
	// Progress, when set, is called after each search, from one goroutine at a time.
	Progress func(row, rows, done, of int)
}

func (o Options) withDefaults(d Dataset) Options {
	if len(o.Measures) == 0 {
		o.Measures = DefaultMeasures(d)
	}
	if o.Depth == 0 {
		o.Depth = 100
	}
	if o.Passages == 0 {
		o.Passages = min(1000, 4*o.Depth)
	}
	if o.Concurrency == 0 {
		o.Concurrency = 4
	}
	return o
}

// DefaultMeasures are the columns of the report: nDCG@10, MAP, MRR@10, recall at
// 5, 10 and 100, success at 5, and for queries with quotes the text's recall,
// precision and IoU at 5.
func DefaultMeasures(d Dataset) []Measure {
	m := []Measure{{"ndcg", 10}, {"map", 0}, {"mrr", 10}, {"recall", 5}, {"recall", 10}, {"recall", 100}, {"success", 5}}
	for _, q := range d.Queries {
		if q.hasQuote() {
			return append(m, Measure{"quote_recall", 5}, Measure{"quote_precision", 5}, Measure{"quote_iou", 5})
		}
	}
	return m
}

// Run searches for every query of d that has a truth under every setting, one
// setting after another, and reports. The first search that fails ends it; so
// does ctx. Queries without a truth are counted and not run.
func Run(ctx context.Context, t Target, d Dataset, settings []Setting, o Options) (Report, error) {
	o = o.withDefaults(d)
	report := Report{Dataset: d.Name, Measures: o.Measures, Concurrency: o.Concurrency, Passages: o.Passages}
	queries := report.count(d)
	if len(queries) == 0 {
		return report, fmt.Errorf("evaluate %s: none of its %d queries has an expected answer", d.Name, len(d.Queries))
	}
	for i, s := range settings {
		if err := t.Configure(ctx, s); err != nil {
			return report, fmt.Errorf("set %s: %w", s, err)
		}
		ids, outcomes := newDocIDs(d), make([]Outcome, len(queries))
		err := o.each(ctx, i, len(settings), len(queries), func(ctx context.Context, n int) (err error) {
			if outcomes[n], err = searchOne(ctx, t, ids, queries[n], s, o); err != nil {
				err = fmt.Errorf("query %q: %w", queries[n].ID, err)
			}
			return err
		})
		if err != nil {
			return report, fmt.Errorf("evaluate %s with %s: %w", d.Name, s, err)
		}
		report.Rows = append(report.Rows, newRow(s, outcomes, o))
	}
	report.compare(o.Seed)
	return report, nil
}

const topShown = 3

// Outcome is what became of one query.
type Outcome struct {
	Query    *Query
	Ranking  []Ranked
	Top      []Passage // the first topShown, for people
	Values   []float64 // by measure; nil for a question that is not in the documents
	Coverage float64
	Degraded []string
	Latency  time.Duration
}

// each calls do with 0 to n-1, Concurrency at once, and Progress after each of
// this row of rows. The first error ends it; so does ctx.
func (o Options) each(ctx context.Context, row, rows, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(o.Concurrency)
	var mu sync.Mutex
	done := 0
	for i := range n {
		g.Go(func() error {
			if err := do(ctx, i); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; o.Progress != nil {
				o.Progress(row, rows, done, n)
			}
			return nil
		})
	}
	return g.Wait()
}

func searchOne(ctx context.Context, t Target, ids docIDs, q *Query, s Setting, o Options) (Outcome, error) {
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	start := time.Now()
	r, err := t.Search(ctx, q.Text, o.Passages, s)
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Query: q, Latency: time.Since(start), Coverage: r.Coverage, Degraded: r.Degraded}
	out.Ranking = rankDocs(ids, r.Passages, o.Depth)
	out.Top = r.Passages[:min(topShown, len(r.Passages))]
	if q.Absent {
		return out, nil
	}
	judged := q.judge(ids, r.Passages, out.Ranking)
	for _, m := range o.Measures {
		out.Values = append(out.Values, m.Of(judged))
	}
	return out, nil
}
