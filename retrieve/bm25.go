package retrieve

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// maxPostings is how many postings the rarest terms may have together to be
	// read whole; up to it scores are exact over all chunks.
	maxPostings = 10_000
	// maxTerms bounds the terms scored; the rarest are kept.
	maxTerms = 256
	// maxQueryTerms bounds the terms looked up.
	maxQueryTerms = 4096
)

// The terms of the query that the collection has, with BM25's idf
// ln(1 + (N − df + ½)/(df + ½)) (Robertson and Zaragoza 2009, as in Lucene),
// rarest first; reach is the number of postings up to and with a term. asked
// also has the terms that the collection lacks. A weight that is not given is 1.
// A term then scores idf·tf / (tf + base + slope·length) in a chunk, which is
// idf·tf / (tf + k1·(1 − b + b·length/average)). The idf of the terms that a chunk
// has is summed too: Candidate.Held.
const termsSQL = `
with stats as materialized (
  select chunks::float8 as n, @k1::float8 * (1 - @b::float8) as base,
         @k1::float8 * @b::float8 / greatest(length_sum::float8 / nullif(chunks, 0), 1) as slope
    from collection_stats where collection_id = @collection),
asked as materialized (
  select u.term_id, coalesce(t.df, 0) as df,
         coalesce(u.weight, 1) * ln(1 + (greatest(s.n - coalesce(t.df, 0), 0) + 0.5::float8) / (coalesce(t.df, 0) + 0.5::float8)) as idf
    from unnest(@terms::bigint[], @weights::float8[]) as u(term_id, weight)
   cross join stats s
    left join term t on t.collection_id = @collection and t.term_id = u.term_id),
known as materialized (
  select term_id, idf, sum(df) over rarest as reach, row_number() over rarest as nth
    from asked where df > 0 window rarest as (order by df, term_id)
   order by nth limit @max_terms)`

// BM25 in two stages, in one when the terms are rare enough together: the rare
// terms (the two rarest always) pick candidates from their postings; the
// others are looked up for the candidates only. Required terms pick too, since
// every candidate has them; REQUIRED, HAVING and OPTIONAL are nothing where there
// are none, as what is asked of every posting costs. "offset 0" keeps each lookup a
// descent of the primary key, whatever the planner thinks of the table. CHECKED
// is nothing or conditions on x.
const bm25SQL = termsSQL + `,
scored as (
  select p.chunk_id, sum(k.idf * p.tf / (p.tf + s.base + s.slope * p.length)) as score, sum(k.idf) as held
    from known k cross join stats s
   cross join lateral (select chunk_id, tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id offset 0) p
   where k.reach <= @postings or k.nth <= 2 REQUIRED
   group by p.chunk_id HAVING
   order by score desc, p.chunk_id offset 0),
candidate as materialized (
  select x.chunk_id, x.score, x.held from scored x CHECKED
   order by x.score desc, x.chunk_id limit @candidates)
select c.chunk_id, c.score + coalesce(rest.score, 0) as score, c.held + coalesce(rest.held, 0) as held
  from candidate c
 cross join lateral (
  select sum(k.idf * p.tf / (p.tf + s.base + s.slope * p.length)) as score, sum(k.idf) as held
    from known k cross join stats s
   cross join lateral (select tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id and chunk_id = c.chunk_id offset 0) p
   where k.reach > @postings and k.nth > 2 OPTIONAL) rest
 order by score desc, c.chunk_id limit @depth`

// Conditions on a row x. A scalar subquery stays a check a row, best row first,
// until there are enough.
const (
	bm25AllowedSQL = `(select true from chunk c
            join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
           where c.collection_id = @collection and c.chunk_id = x.chunk_id and ALLOWED)`
	bm25ExcludedSQL = `(select true from posting n
           where n.collection_id = @collection and n.term_id = any(@excluded::bigint[]) and n.chunk_id = x.chunk_id limit 1) is null`
)

// What required terms add to the statements.
const (
	bm25RequiredSQL = `or k.term_id = any(@required::bigint[])`
	bm25HavingSQL   = `having count(*) filter (where k.term_id = any(@required::bigint[])) = cardinality(@required::bigint[])`
	bm25OptionalSQL = `and k.term_id <> all(@required::bigint[])`
)

// BM25 of every chunk of a few documents, by all terms.
const bm25ListedSQL = termsSQL + `,
scored as (
  select p.chunk_id, sum(k.idf * p.tf / (p.tf + s.base + s.slope * p.length)) as score, sum(k.idf) as held
    from known k cross join stats s
   cross join lateral (select chunk_id, tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id
                          and chunk_id = any(array(select chunk_id from chunk
                                where collection_id = @collection and document_id = any(@documents::bigint[]))) offset 0) p
   group by p.chunk_id HAVING)
select x.chunk_id, x.score, x.held
  from scored x CHECKED
 order by x.score desc, x.chunk_id limit @depth`

// words is the lexical leg's result.
type words struct {
	hits []hit
	// idf of each of the query's terms, those unknown to the collection with them.
	idf map[string]float64
	// idfSum is their sum; 0 when nothing was found.
	idfSum float64
	// unknown are the terms that no chunk has; all when nothing was found.
	unknown []int64
}

// lookup is the terms of a query.
type lookup struct {
	ids     []int64
	names   map[int64]string
	weights []float64 // beside ids; nil: all 1
	// A chunk has all of required and none of excluded.
	required, excluded []int64
}

// args are the arguments of every statement on terms.
func (l lookup) args(c collection) pgx.NamedArgs {
	args := bm25Args(c, l.ids)
	args["weights"] = l.weights
	args["required"] = append([]int64{}, l.required...)
	args["excluded"] = append([]int64{}, l.excluded...)
	return args
}

// bm25 is the lexical leg: it returns the depth chunks in scope with the best
// BM25 scores, best first, and what the terms weigh. Without terms it finds nothing.
func (s *Searcher) bm25(ctx context.Context, c collection, sc scope, terms lookup, depth int) (words, error) {
	if len(terms.ids) == 0 {
		return words{}, nil
	}
	args := sc.with(terms.args(c))
	args["depth"] = depth
	args["candidates"] = max(200, 2*depth)
	args["postings"] = s.postings
	var w words
	batch := &pgx.Batch{}
	batch.Queue(weightsSQL, terms.args(c)).Query(func(rows pgx.Rows) (err error) {
		w.idf, w.unknown, err = readWeights(rows, terms.names)
		return err
	})
	batch.Queue(bm25For(sc, terms), args).Query(func(rows pgx.Rows) (err error) {
		w.hits, err = pgx.CollectRows(rows, pgx.RowToStructByPos[hit])
		return err
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return words{}, fmt.Errorf("lexical leg: %w", err)
	}
	if len(w.hits) == 0 {
		w.unknown = terms.ids
		return w, nil
	}
	for _, x := range w.idf {
		w.idfSum += x
	}
	return w, nil
}

func bm25For(sc scope, terms lookup) string {
	sql := bm25SQL
	var checks []string
	if len(terms.excluded) > 0 {
		checks = append(checks, bm25ExcludedSQL)
	}
	if sc.listed {
		sql = bm25ListedSQL
	} else if !sc.all() {
		checks = append(checks, sc.in(bm25AllowedSQL))
	}
	check := ""
	if len(checks) > 0 {
		check = "where " + strings.Join(checks, " and ")
	}
	required, having, optional := "", "", ""
	if len(terms.required) > 0 {
		required, having, optional = bm25RequiredSQL, bm25HavingSQL, bm25OptionalSQL
	}
	return strings.NewReplacer("CHECKED", check, "REQUIRED", required, "HAVING", having, "OPTIONAL", optional).Replace(sql)
}

// bm25Args are the arguments of termsSQL and of BM25's formula.
func bm25Args(c collection, terms []int64) pgx.NamedArgs {
	return pgx.NamedArgs{
		"collection": c.ID, "terms": terms, "max_terms": maxTerms,
		"k1": c.Settings.K1, "b": c.Settings.B,
	}
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
