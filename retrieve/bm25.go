package retrieve

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// maxPostings is how many postings the rarest terms may have together to be
	// read whole; up to it scores are exact over all chunks.
	maxPostings = 20_000
	// maxTerms bounds the terms scored; the rarest are kept.
	maxTerms = 256
	// maxQueryTerms bounds the terms looked up.
	maxQueryTerms = 4096
)

// The terms of the query that the collection has, with BM25's idf
// ln(1 + (N − df + ½)/(df + ½)) (Robertson and Zaragoza 2009, as in Lucene),
// rarest first; reach is the number of postings up to and with a term. asked
// also has the terms that the collection lacks.
const termsSQL = `
with stats as materialized (
  select chunks::float8 as n, greatest(length_sum::float8 / nullif(chunks, 0), 1) as avg
    from collection_stats where collection_id = @collection),
asked as materialized (
  select u.term_id, coalesce(t.df, 0) as df,
         ln(1 + (greatest(s.n - coalesce(t.df, 0), 0) + 0.5::float8) / (coalesce(t.df, 0) + 0.5::float8)) as idf
    from unnest(@terms::bigint[]) as u(term_id)
   cross join stats s
    left join term t on t.collection_id = @collection and t.term_id = u.term_id),
known as materialized (
  select term_id, idf, sum(df) over rarest as reach, row_number() over rarest as nth
    from asked where df > 0 window rarest as (order by df, term_id)
   order by nth limit @max_terms)`

// BM25 in two stages, in one when the terms are rare enough together: the rare
// terms (the two rarest always) pick candidates from their postings; the
// others are looked up for the candidates only. "offset 0" keeps each lookup a
// descent of the primary key, whatever the planner thinks of the table. Filters
// on documents belong into candidate, by chunk.
const bm25SQL = termsSQL + `,
candidate as materialized (
  select p.chunk_id, sum(k.idf * p.tf / (p.tf + @k1::float8 * (1 - @b::float8 + @b::float8 * p.length / s.avg))) as score
    from known k cross join stats s
   cross join lateral (select chunk_id, tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id offset 0) p
   where k.reach <= @postings or k.nth <= 2
   group by p.chunk_id order by score desc, p.chunk_id limit @candidates)
select c.chunk_id, c.score + coalesce(rest.score, 0) as score, (select sum(idf) from asked) as idf_sum
  from candidate c
 cross join lateral (
  select sum(k.idf * p.tf / (p.tf + @k1::float8 * (1 - @b::float8 + @b::float8 * p.length / s.avg))) as score
    from known k cross join stats s
   cross join lateral (select tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id and chunk_id = c.chunk_id offset 0) p
   where k.reach > @postings and k.nth > 2) rest
 order by score desc, c.chunk_id limit @depth`

// words is the lexical leg's result.
type words struct {
	hits []hit
	// idfSum of all the query's terms, those unknown to the collection with them.
	// 0 when nothing was found.
	idfSum float64
}

// bm25 is the lexical leg: it returns the depth chunks with the best BM25 scores, best first.
// Without terms it finds nothing.
func (s *Searcher) bm25(ctx context.Context, c collection, terms []int64, depth int) (words, error) {
	if len(terms) == 0 {
		return words{}, nil
	}
	args := bm25Args(c, terms)
	args["depth"] = depth
	args["candidates"] = max(200, 2*depth)
	args["postings"] = s.postings
	rows, err := s.pool.Query(ctx, bm25SQL, args)
	if err != nil {
		return words{}, fmt.Errorf("lexical leg: %w", err)
	}
	var w words
	var h hit
	_, err = pgx.ForEachRow(rows, []any{&h.ChunkID, &h.Score, &w.idfSum}, func() error {
		w.hits = append(w.hits, h)
		return nil
	})
	if err != nil {
		return words{}, fmt.Errorf("lexical leg: %w", err)
	}
	return w, nil
}

// bm25Args are the arguments of termsSQL and of BM25's formula.
func bm25Args(c collection, terms []int64) pgx.NamedArgs {
	return pgx.NamedArgs{
		"collection": c.ID, "terms": terms, "max_terms": maxTerms,
		"k1": c.Settings.K1, "b": c.Settings.B,
	}
}

// queryTerms returns the keys of the terms to look up.
func queryTerms(language, text string) ([]int64, error) {
	analyzer, err := lexical.For(language)
	if err != nil {
		return nil, err
	}
	terms := analyzer.Query(text)
	terms = terms[:min(len(terms), maxQueryTerms)]
	ids := make([]int64, len(terms))
	for i, t := range terms {
		ids[i] = lexical.TermID(t)
	}
	return ids, nil
}
