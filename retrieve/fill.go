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

// BM25 and Held of given chunks: one descent of the primary key a term and chunk.
const fillLexicalSQL = bm25Score + `
    from unnest(@terms::bigint[], @terms_idf::float8[]) as k(term_id, idf)` + bm25Posting + `
                          and chunk_id = any(@chunks::bigint[]) offset 0) p
   group by p.chunk_id`

// fill sets the scores that a leg would have given the candidates that only the
// other leg returned, so that fusion compares like with like. vector is nil, or
// terms are empty, when that leg takes no part. Both statements go in one round trip.
func (s *Searcher) fill(ctx context.Context, c collection, candidates []Candidate, vector []float32, terms []known) error {
	if vector == nil && len(terms) == 0 {
		return nil
	}
	at := make(map[int64]*Candidate, len(candidates))
	var unseen, unread []int64 // by the dense leg, by the lexical leg
	for i := range candidates {
		x := &candidates[i]
		at[x.ChunkID] = x
		if x.Dense.Rank == 0 {
			unseen = append(unseen, x.ChunkID)
		}
		if x.Lexical.Rank == 0 {
			unread = append(unread, x.ChunkID)
		}
	}
	batch := &pgx.Batch{}
	if vector != nil && len(unseen) > 0 {
		batch.Queue(fillDenseSQL, pgx.NamedArgs{
			"collection": c.ID, "space": c.SpaceID, "vector": pgvector.NewHalfVector(vector), "chunks": unseen,
		}).Query(func(rows pgx.Rows) error {
			var h hit
			_, err := pgx.ForEachRow(rows, []any{&h.ChunkID, &h.Score}, func() error {
				at[h.ChunkID].Dense.Score = h.Score
				return nil
			})
			return err
		})
	}
	if len(terms) > 0 && len(unread) > 0 {
		args := bm25Args(c, "terms", terms)
		args["chunks"] = unread
		batch.Queue(fillLexicalSQL, args).Query(func(rows pgx.Rows) error {
			var h hit
			_, err := pgx.ForEachRow(rows, []any{&h.ChunkID, &h.Score, &h.Held}, func() error {
				at[h.ChunkID].Lexical.Score, at[h.ChunkID].Held = h.Score, h.Held
				return nil
			})
			return err
		})
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("fill in scores: %w", err)
	}
	return nil
}
