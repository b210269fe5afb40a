package retrieve

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// maxTerms bounds the terms scored; the rarest are kept.
	maxTerms = 256
	// maxQueryTerms bounds the terms looked up.
	maxQueryTerms = 4096
)

// lookup is the terms of a query.
type lookup struct {
	ids     []int64
	names   map[int64]string
	weights []float64 // beside ids
	// A chunk has all of required and none of excluded.
	required, excluded []int64

	// What the collection knows of them, once weigh has set it: the terms that it
	// has, rarest first, at most maxTerms, and the idf of all by name.
	known []known
	idf   map[string]float64
}

// known is a term that a collection has.
type known struct {
	id  int64
	df  int64
	idf float64 // times the term's weight
}

// newLookup returns the terms of the query's text, and what it demands of chunks.
func newLookup(analyzer *lexical.Analyzer, q lexical.Syntax) lookup {
	l := lookup{names: map[int64]string{}}
	terms := analyzer.Query(q.Text)
	for _, t := range terms[:min(len(terms), maxQueryTerms)] {
		l.add(t, 1)
	}
	for _, d := range q.Demands {
		switch {
		case !d.Excluded:
			for _, t := range d.Terms {
				l.require(t)
			}
		case len(d.Terms) == 1:
			l.excluded = append(l.excluded, lexical.TermID(d.Terms[0]))
		}
	}
	return l
}

// add looks a term up as well, once.
func (l *lookup) add(term string, weight float64) {
	id := lexical.TermID(term)
	if l.names[id] == "" {
		l.names[id] = term
		l.ids, l.weights = append(l.ids, id), append(l.weights, weight)
	}
}

func (l *lookup) require(term string) {
	l.add(term, 1)
	if id := lexical.TermID(term); !slices.Contains(l.required, id) {
		l.required = append(l.required, id)
	}
}

// frequencies is how many chunks have each term, by its id.
type frequencies map[int64]int64

const frequenciesSQL = `
select term_id, df from term where collection_id = @collection and term_id = any(@terms::bigint[])`

// readFrequencies reads those of the terms that the collection has.
func (s *Searcher) readFrequencies(ctx context.Context, c collection, terms []int64) (frequencies, error) {
	df := frequencies{}
	rows, err := s.pool.Query(ctx, frequenciesSQL, pgx.NamedArgs{"collection": c.ID, "terms": terms})
	if err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	var id, n int64
	if _, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		df[id] = n
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read terms: %w", err)
	}
	return df, nil
}

// weigh sets known and idf by how many chunks have each term.
func (l *lookup) weigh(c collection, df frequencies) {
	l.known, l.idf = nil, make(map[string]float64, len(l.ids))
	for i, id := range l.ids {
		t := known{id, df[id], l.weights[i] * idf(c.Chunks, df[id])}
		l.idf[l.names[id]] = t.idf
		if t.df > 0 {
			l.known = append(l.known, t)
		}
	}
	slices.SortFunc(l.known, func(a, b known) int { return cmp.Or(cmp.Compare(a.df, b.df), cmp.Compare(a.id, b.id)) })
	l.known = l.known[:min(len(l.known), maxTerms)]
}

// weighed are the terms that weigh anything, and their idf beside them.
func (l *lookup) weighed() (terms []string, idf []float64) {
	for _, id := range l.ids {
		if t := l.names[id]; l.idf[t] != 0 {
			terms, idf = append(terms, t), append(idf, l.idf[t])
		}
	}
	return terms, idf
}

// idf is BM25's, ln(1 + (N − df + ½)/(df + ½)), of a term that df of n chunks have
// (Robertson and Zaragoza 2009, as in Lucene).
func idf(n, df int64) float64 {
	return math.Log(1 + (float64(max(n-df, 0))+0.5)/(float64(df)+0.5))
}

// split returns the known terms to read whole, rarest first: those that have so
// many postings together, at least two, and the required ones. The others follow.
func (l lookup) split(postings int64) (rare, frequent []known) {
	var reach int64
	for i, t := range l.known {
		if reach += t.df; reach <= postings || i < 2 || slices.Contains(l.required, t.id) {
			rare = append(rare, t)
		} else {
			frequent = append(frequent, t)
		}
	}
	return rare, frequent
}

// unknown are the terms that no chunk has.
func (l lookup) unknown(df frequencies) []int64 {
	return slices.DeleteFunc(slices.Clone(l.ids), func(id int64) bool { return df[id] > 0 })
}
