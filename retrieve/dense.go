package retrieve

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// exactRows is the size up to which every vector is compared: below it that is
// as fast as the index, and never misses.
const exactRows = 5000

// hit is a chunk that a leg returned.
type hit struct {
	ChunkID int64
	Score   float64
}

// The exact plan. The materialised CTE keeps the planner from the HNSW index,
// which it would choose at any size: the primary key delimits the rows, and only
// ids and distances are kept of them. Filters on documents belong into v.
const exactSQL = `
with v as materialized (
  select e.chunk_id, e.emb <=> @vector::halfvec as distance
    from embedding e
   where e.collection_id = @collection and e.space_id = @space)
select chunk_id, 1 - distance as score from v order by distance, chunk_id limit @depth`

// The index plan. The expression and the space are those of the partial index
// embedding_hnsw_<space>; the pool plans for the values at hand, so that its
// predicate is seen to hold. DIM is a number from our own tables: a type's
// modifier cannot be a parameter. relaxed_order gives rows slightly out of
// order, hence the second sort. Filters on documents belong into near.
const hnswSQL = `
with near as materialized (
  select e.chunk_id, e.emb::halfvec(DIM) <=> @vector::halfvec(DIM) as distance
    from embedding e
   where e.collection_id = @collection and e.space_id = @space
   order by e.emb::halfvec(DIM) <=> @vector::halfvec(DIM) limit @depth)
select chunk_id, 1 - distance as score from near order by distance, chunk_id`

// Settings of the statement that follows in the same batch, which is one
// transaction and one round trip. Without sorts only the index gives the order.
const hnswSettingsSQL = `
select set_config('hnsw.ef_search', @ef, true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('enable_sort', 'off', true)`

// plan chooses how to find nearest vectors.
func (s *Searcher) plan(c collection) string {
	if c.Chunks <= s.exactRows || !c.Indexed {
		return "exact"
	}
	return "hnsw"
}

// nearest is the dense leg: it returns the depth chunks nearest to vector, best first, with cosines.
func (s *Searcher) nearest(ctx context.Context, c collection, vector []float32, depth int) ([]hit, error) {
	if len(vector) != c.Dim {
		return nil, fmt.Errorf("dense leg: vector of %d numbers, the space has %d", len(vector), c.Dim)
	}
	args := pgx.NamedArgs{"collection": c.ID, "space": c.SpaceID, "vector": pgvector.NewHalfVector(vector), "depth": depth}
	batch := &pgx.Batch{}
	if s.plan(c) == "hnsw" {
		batch.Queue(hnswSettingsSQL, pgx.NamedArgs{"ef": fmt.Sprint(efSearch(c.Chunks, depth))})
		batch.Queue(strings.ReplaceAll(hnswSQL, "DIM", fmt.Sprint(c.Dim)), args)
	} else {
		batch.Queue(exactSQL, args)
	}
	hits, err := s.hits(ctx, batch)
	if err != nil {
		return nil, fmt.Errorf("dense leg: %w", err)
	}
	return hits, nil
}

// efSearch is the width of the search: more rows need more to keep recall, and
// no less than what is to be returned. pgvector's limit is 1000.
func efSearch(chunks int64, depth int) int {
	ef := 80
	if chunks > 100_000 {
		ef = 160
	}
	return min(max(ef, depth), 1000)
}

// hits runs a batch whose last statement gives hits.
func (s *Searcher) hits(ctx context.Context, batch *pgx.Batch) ([]hit, error) {
	results := s.pool.SendBatch(ctx, batch)
	defer results.Close()
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			return nil, err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[hit])
}
