package retrieve

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// Cosines of given chunks, by the primary key.
const fillDenseSQL = `
select chunk_id, 1 - (emb <=> @vector::halfvec) as score
  from embedding
 where collection_id = @collection and space_id = @space and chunk_id = any(@chunks::bigint[])`

// BM25 of given chunks: one descent of the primary key a term and chunk.
const fillLexicalSQL = termsSQL + `
select p.chunk_id, sum(k.idf * p.tf / (p.tf + s.base + s.slope * p.length)) as score
  from known k cross join stats s
 cross join lateral (select chunk_id, tf::float8, length::float8 from posting
                      where collection_id = @collection and term_id = k.term_id
                        and chunk_id = any(@chunks::bigint[]) offset 0) p
 group by p.chunk_id`

// fill sets the scores that a leg would have given the candidates that only the
// other leg returned, so that fusion compares like with like. vector is nil, or
// terms are empty, when that leg takes no part. It also sets Held. All statements
// go in one round trip.
func (s *Searcher) fill(ctx context.Context, c collection, candidates []Candidate, vector []float32, terms lookup) error {
	batch := &pgx.Batch{}
	queue := func(sql string, leg func(*Candidate) *LegScore, args pgx.NamedArgs) {
		at := map[int64]*LegScore{}
		var chunks []int64
		for i := range candidates {
			if score := leg(&candidates[i]); score.Rank == 0 {
				at[candidates[i].ChunkID] = score
				chunks = append(chunks, candidates[i].ChunkID)
			}
		}
		if len(chunks) == 0 {
			return
		}
		args["chunks"] = chunks
		batch.Queue(sql, args).Query(func(rows pgx.Rows) error {
			var h hit
			_, err := pgx.ForEachRow(rows, []any{&h.ChunkID, &h.Score}, func() error {
				at[h.ChunkID].Score = h.Score
				return nil
			})
			return err
		})
	}
	if vector != nil {
		queue(fillDenseSQL, func(c *Candidate) *LegScore { return &c.Dense },
			pgx.NamedArgs{"collection": c.ID, "space": c.SpaceID, "vector": pgvector.NewHalfVector(vector)})
	}
	if len(terms.ids) > 0 {
		queue(fillLexicalSQL, func(c *Candidate) *LegScore { return &c.Lexical }, terms.args(c))
		queueHeld(batch, c, candidates, terms)
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("fill in scores: %w", err)
	}
	return nil
}
