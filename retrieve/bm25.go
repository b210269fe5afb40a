package retrieve

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// maxPostings is how many postings the rarest terms may have together to be
// read whole; up to it scores are exact over all chunks.
const maxPostings = 10_000

// A term scores idf·tf / (tf + base + slope·length) in a chunk, which is BM25's
// idf·tf / (tf + k1·(1 − b + b·length/average)). The idf of the terms that a chunk
// has is summed too: Candidate.Held. "offset 0" keeps each lookup a descent of the
// primary key, whatever the planner thinks of the table.
const (
	bm25Score = `
  select p.chunk_id, sum(k.idf * p.tf / (p.tf + @base::float8 + @slope::float8 * p.length)) as score, sum(k.idf) as held`
	bm25Posting = `
   cross join lateral (select chunk_id, tf::float8, length::float8 from posting
                        where collection_id = @collection and term_id = k.term_id`
)

// BM25 of every chunk that has one of the rare terms. Required terms are among
// them, since every candidate has them; HAVING is nothing where there are none,
// as what is asked of every posting costs. CHECKED is nothing or conditions on x.
const bm25RareSQL = bm25Score + `
    from unnest(@rare::bigint[], @rare_idf::float8[]) as k(term_id, idf)` + bm25Posting + ` offset 0) p
   group by p.chunk_id HAVING`

// In one stage, when all terms are rare enough together to be read whole.
const bm25SQL = `
with scored as (` + bm25RareSQL + `
   order by score desc, p.chunk_id offset 0)
select x.chunk_id, x.score, x.held from scored x CHECKED
 order by x.score desc, x.chunk_id limit @depth`

// In two: the rare terms pick candidates, and the others are looked up for these only.
const bm25PickedSQL = `
with scored as (` + bm25RareSQL + `
   order by score desc, p.chunk_id offset 0),
candidate as materialized (
  select x.chunk_id, x.score, x.held from scored x CHECKED
   order by x.score desc, x.chunk_id limit @candidates),
rest as (` + bm25Score + `
    from unnest(@frequent::bigint[], @frequent_idf::float8[]) as k(term_id, idf)` + bm25Posting + `
                          and chunk_id = any(array(select chunk_id from candidate)) offset 0) p
   group by p.chunk_id)
select chunk_id, sum(score) as score, sum(held) as held
  from (select * from candidate union all select * from rest) x
 group by chunk_id order by score desc, chunk_id limit @depth`

// Conditions on a row x. A scalar subquery stays a check a row, best row first,
// until there are enough.
const (
	bm25AllowedSQL = `(select true from chunk c
            join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
           where c.collection_id = @collection and c.chunk_id = x.chunk_id and ALLOWED)`
	bm25ExcludedSQL = `(select true from posting n
           where n.collection_id = @collection and n.term_id = any(@excluded::bigint[]) and n.chunk_id = x.chunk_id limit 1) is null`
)

// What required terms add.
const bm25HavingSQL = `having count(*) filter (where k.term_id = any(@required::bigint[])) = cardinality(@required::bigint[])`

// BM25 of every chunk of a few documents, by all terms.
const bm25ListedSQL = `
with scored as (` + bm25Score + `
    from unnest(@rare::bigint[], @rare_idf::float8[]) as k(term_id, idf)` + bm25Posting + `
                          and chunk_id = any(array(select chunk_id from chunk
                                where collection_id = @collection and document_id = any(@documents::bigint[]))) offset 0) p
   group by p.chunk_id HAVING)
select x.chunk_id, x.score, x.held
  from scored x CHECKED
 order by x.score desc, x.chunk_id limit @depth`

// bm25 is the lexical leg: it returns the depth chunks in scope with the best
// BM25 scores, best first. Without terms that the collection has it finds nothing.
func (s *Searcher) bm25(ctx context.Context, c collection, sc scope, terms lookup, depth int) ([]hit, error) {
	if len(terms.known) == 0 {
		return nil, nil
	}
	sql, args := bm25For(c, sc, terms, s.postings)
	args["depth"], args["candidates"] = depth, max(200, 2*depth)
	rows, err := s.pool.Query(ctx, sql, args)
	if err != nil {
		return nil, fmt.Errorf("lexical leg: %w", err)
	}
	var h hit
	hits, err := collectHits(rows, &h, &h.ChunkID, &h.Score, &h.Held)
	if err != nil {
		return nil, fmt.Errorf("lexical leg: %w", err)
	}
	return hits, nil
}

// bm25For returns the statement and its arguments but for depth and candidates,
// where terms are read whole that have so many postings together.
func bm25For(c collection, sc scope, terms lookup, postings int64) (string, pgx.NamedArgs) {
	rare, frequent := terms.known, []known(nil)
	sql := bm25SQL
	var checks []string
	if len(terms.excluded) > 0 {
		checks = append(checks, bm25ExcludedSQL)
	}
	if sc.listed {
		sql = bm25ListedSQL
	} else {
		if !sc.all() {
			checks = append(checks, sc.in(bm25AllowedSQL))
		}
		if rare, frequent = terms.split(postings); len(frequent) > 0 {
			sql = bm25PickedSQL
		}
	}
	check, having := "", ""
	if len(checks) > 0 {
		check = "where " + strings.Join(checks, " and ")
	}
	if len(terms.required) > 0 {
		having = bm25HavingSQL
	}
	args := sc.with(bm25Args(c, "rare", rare))
	if len(frequent) > 0 {
		addTerms(args, "frequent", frequent)
	}
	args["required"], args["excluded"] = append([]int64{}, terms.required...), append([]int64{}, terms.excluded...)
	return strings.NewReplacer("CHECKED", check, "HAVING", having).Replace(sql), args
}

// bm25Args are the arguments of BM25's formula, and terms of that name.
func bm25Args(c collection, name string, terms []known) pgx.NamedArgs {
	args := pgx.NamedArgs{"collection": c.ID, "base": c.base(), "slope": c.slope()}
	addTerms(args, name, terms)
	return args
}

// addTerms adds terms to a statement's arguments, as two lists beside each other.
func addTerms(args pgx.NamedArgs, name string, terms []known) {
	ids, idf := make([]int64, len(terms)), make([]float64, len(terms))
	for i, t := range terms {
		ids[i], idf[i] = t.id, t.idf
	}
	args[name], args[name+"_idf"] = ids, idf
}
