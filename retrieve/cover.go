package retrieve

import (
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// coveredBy is how many of each leg's best candidates coverage looks at.
const coveredBy = 10

// The weight of the query's terms that given chunks have, however often.
const heldSQL = termsSQL + `
select p.chunk_id, sum(k.idf) as held
  from known k
 cross join lateral (select chunk_id from posting
                      where collection_id = @collection and term_id = k.term_id
                        and chunk_id = any(@chunks::bigint[]) offset 0) p
 group by p.chunk_id`

// queueHeld has the batch set Held of the candidates that coverage looks at.
func queueHeld(batch *pgx.Batch, c collection, candidates []Candidate, terms lookup) {
	at := map[int64]*Candidate{}
	var chunks []int64
	for _, best := range leading(candidates, coveredBy) {
		if at[best.ChunkID] == nil {
			at[best.ChunkID] = best
			chunks = append(chunks, best.ChunkID)
		}
	}
	if len(chunks) == 0 {
		return
	}
	args := terms.args(c)
	args["chunks"] = chunks
	batch.Queue(heldSQL, args).Query(func(rows pgx.Rows) error {
		var h hit
		_, err := pgx.ForEachRow(rows, []any{&h.ChunkID, &h.Score}, func() error {
			at[h.ChunkID].Held = h.Score
			return nil
		})
		return err
	})
}

// leading are the n best candidates of each leg; one may be there twice.
func leading(candidates []Candidate, n int) (out []*Candidate) {
	for _, leg := range []func(*Candidate) int{
		func(c *Candidate) int { return c.Dense.Rank },
		func(c *Candidate) int { return c.Lexical.Rank },
	} {
		var ranked []*Candidate
		for i := range candidates {
			if leg(&candidates[i]) > 0 {
				ranked = append(ranked, &candidates[i])
			}
		}
		slices.SortFunc(ranked, func(a, b *Candidate) int { return cmp.Compare(leg(a), leg(b)) })
		out = append(out, ranked[:min(n, len(ranked))]...)
	}
	return out
}

// coverage is Result.Coverage: both legs must speak for the same chunk, since a
// foreign question often has a word in one and a likeness to another. The
// weight of terms, where BM25 would fall with a text's length, keeps one
// threshold good for questions of all lengths. When only one leg could say
// anything (the other did not run, or the query has no terms) it speaks for both.
func coverage(candidates []Candidate, idfSum float64, dense, lexical bool) (best float64) {
	for _, c := range candidates {
		near, held := max(c.Dense.Score, 0), 0.0
		if idfSum > 0 {
			held = c.Held / idfSum
		}
		switch {
		case dense && lexical:
			near = (near + held) / 2
		case lexical:
			near = held
		}
		best = max(best, near)
	}
	return min(best, 1)
}
