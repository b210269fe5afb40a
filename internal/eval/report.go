package eval

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Report is what Run measured.
type Report struct {
	Dataset  string
	Measures []Measure
	// Ranked queries expect something; Absent ones are not in the documents;
	// Unjudged ones had no truth and were not run.
	Ranked, Absent, Unjudged int
	// UnknownDocs and UnknownQueries are Dataset's.
	UnknownDocs, UnknownQueries int
	// Latency was measured with so many searches at once for so many passages.
	Concurrency, Passages int
	Rows                  []Row
}

// Row is one setting's figures.
type Row struct {
	Setting Setting
	// Means by the measure's name, and "balanced_accuracy" where some questions
	// are not in the documents.
	Means map[string]float64
	// CI is the 95% confidence interval of the first measure's mean.
	CI Interval
	// P50 and P95 of a search's time, as the caller saw it.
	P50, P95 time.Duration
	// Diff compares the first measure with the first row; nil in that row.
	Diff *Comparison
	// Empty counts the ranked queries that returned nothing, Degraded the
	// searches that one leg missed.
	Empty, Degraded int
	// Abstention by Options.MinScore; nil when every question is answerable.
	Abstention *Abstention
	Outcomes   []Outcome
}

// count fills the report's counts and returns the queries to run.
func (r *Report) count(d Dataset) (queries []*Query) {
	r.UnknownDocs, r.UnknownQueries = d.UnknownDocs, d.UnknownQueries
	for i := range d.Queries {
		q := &d.Queries[i]
		switch {
		case !q.judged():
			r.Unjudged++
			continue
		case q.Absent:
			r.Absent++
		default:
			r.Ranked++
		}
		queries = append(queries, q)
	}
	return queries
}

func newRow(s Setting, outcomes []Outcome, o Options) Row {
	row := Row{Setting: s, Means: map[string]float64{}, Outcomes: outcomes}
	var times []float64
	for _, out := range outcomes {
		times = append(times, float64(out.Latency))
		if len(out.Degraded) > 0 {
			row.Degraded++
		}
		if !out.Query.Absent && len(out.Ranking) == 0 {
			row.Empty++
		}
	}
	slices.Sort(times)
	row.P50, row.P95 = time.Duration(quantile(times, 0.5)), time.Duration(quantile(times, 0.95))
	for i, m := range o.Measures {
		row.Means[m.String()] = mean(row.values(i, o.SkipEmpty))
	}
	row.CI = BootstrapMean(row.values(0, o.SkipEmpty), rounds, o.Seed)
	row.abstain(o.MinScore)
	return row
}

// values returns measure i of the ranked queries, in their order.
func (r *Row) values(i int, skipEmpty bool) (v []float64) {
	for _, o := range r.Outcomes {
		if o.Values != nil && !(skipEmpty && len(o.Ranking) == 0) {
			v = append(v, o.Values[i])
		}
	}
	return v
}

// Coverages returns the coverage of the questions that are in the documents and
// of those that are not.
func (r *Row) Coverages() (answerable, absent []float64) {
	for _, o := range r.Outcomes {
		if o.Query.Absent {
			absent = append(absent, o.Coverage)
		} else {
			answerable = append(answerable, o.Coverage)
		}
	}
	return answerable, absent
}

func (r *Row) abstain(minScore float64) {
	answerable, absent := r.Coverages()
	if len(answerable) == 0 || len(absent) == 0 {
		return
	}
	a := Abstain(answerable, absent, minScore)
	r.Abstention = &a
	r.Means["balanced_accuracy"] = a.BalancedAccuracy()
}

// compare compares each row with the first, over all ranked queries.
func (r *Report) compare(seed uint64) {
	for i := range r.Rows {
		if i > 0 && r.Ranked > 0 {
			c := Compare(r.Rows[i].values(0, false), r.Rows[0].values(0, false), seed)
			r.Rows[i].Diff = &c
		}
	}
}

// Best returns the row with the largest mean of the first measure, the first of
// equals. There must be rows.
func (r *Report) Best() Row {
	name := r.Measures[0].String()
	return slices.MaxFunc(r.Rows, func(a, b Row) int { return cmp.Compare(a.Means[name], b.Means[name]) })
}

// Worst returns the n ranked queries with the least first measure, worst first;
// of equal ones those whose coverage was highest, which are the most puzzling. A
// query whose measure is 1 is none of them.
func (r *Row) Worst(n int) []Outcome {
	ranked := slices.DeleteFunc(slices.Clone(r.Outcomes), func(o Outcome) bool { return o.Values == nil || o.Values[0] >= 1 })
	slices.SortStableFunc(ranked, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Values[0], b.Values[0]), cmp.Compare(b.Coverage, a.Coverage))
	})
	return ranked[:min(n, len(ranked))]
}

// Score takes measures of rankings that exist already, as of a run file. Judged
// queries without a ranking are as Options.SkipEmpty says; rankings of queries
// that are not judged are not used.
func Score(name string, q Qrels, rankings map[string][]Ranked, o Options) Row {
	outcomes := make([]Outcome, 0, len(q))
	for _, id := range slices.Sorted(maps.Keys(q)) {
		out := Outcome{Query: &Query{ID: id, Docs: q[id]}, Ranking: slices.Clone(rankings[id])}
		SortRanked(out.Ranking)
		for _, d := range out.Ranking[:min(len(out.Ranking), topShown)] {
			out.Top = append(out.Top, Passage{URI: d.Doc})
		}
		for _, m := range o.Measures {
			out.Values = append(out.Values, m.Of(JudgeDocs(q[id], out.Ranking)))
		}
		outcomes = append(outcomes, out)
	}
	return newRow(Setting{Legs: Legs(name)}, outcomes, o)
}
