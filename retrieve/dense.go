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
	Held    float64 // Candidate.Held; the lexical leg's
}

// The exact plan. "offset 0" keeps the planner from the HNSW index, which it would
// choose at any size: the primary key delimits the rows, and only ids and distances
// are kept of them.
const exactSQL = exactBeginSQL + `
          from embedding e
         where e.collection_id = @collection and e.space_id = @space` + exactEndSQL

// The same over the documents that are allowed, many of them.
const exactAllowedSQL = exactBeginSQL + `
          from embedding e
          join document d on d.collection_id = e.collection_id and d.document_id = e.document_id
         where e.collection_id = @collection and e.space_id = @space and ALLOWED` + exactEndSQL

// The same over few documents: their chunks by the unique key (collection,
// document, ord), the vectors of these by the primary key.
const exactListedSQL = exactBeginSQL + `
          from chunk c
          join embedding e on e.collection_id = c.collection_id and e.space_id = @space and e.chunk_id = c.chunk_id
         where c.collection_id = @collection and c.document_id = any(@documents::bigint[])` + exactEndSQL

const (
	exactBeginSQL = `
select chunk_id, 1 - distance as score
  from (select e.chunk_id, e.emb <=> @vector::halfvec as distance`
	exactEndSQL = ` offset 0) v
 order by distance, chunk_id limit @depth`
)

// The index plan. The expression and the space are those of the partial index
// embedding_hnsw_<space>. DIM and SPACE are numbers from our own tables: a type's
// modifier cannot be a parameter, and the index's predicate must be seen to hold
// whatever the parameters. relaxed_order gives rows slightly out of
// order, hence the second sort. CHECKED is nothing or hnswCheckSQL.
const hnswSQL = `
with near as materialized (
  select e.chunk_id, e.emb::halfvec(DIM) <=> @vector::halfvec(DIM) as distance
    from embedding e
   where e.collection_id = @collection and e.space_id = SPACE CHECKED
   order by e.emb::halfvec(DIM) <=> @vector::halfvec(DIM) limit @depth)
select chunk_id, 1 - distance as score from near order by distance, chunk_id`

// A scalar subquery stays a check a row, in the order of the index, until there
// are enough rows.
const hnswCheckSQL = `
     and (select true from document d
           where d.collection_id = @collection and d.document_id = e.document_id and ALLOWED)`

// Settings of the statement that follows in the same batch, which is one
// transaction and one round trip. Without sorts only the index gives the order.
const hnswSettingsSQL = `
select set_config('hnsw.ef_search', @ef, true),
       set_config('hnsw.iterative_scan', 'relaxed_order', true),
       set_config('hnsw.max_scan_tuples', '40000', true),
       set_config('enable_sort', 'off', true)`

// Names of the plans.
const (
	planExact = "exact"
	planHNSW  = "hnsw"
)

// plan chooses how to find nearest vectors.
func (s *Searcher) plan(c collection, sc scope, override string) string {
	switch {
	case !c.Indexed || override == planExact:
		return planExact
	case override == planHNSW:
		return planHNSW
	case sc.listed || c.Chunks <= s.exactRows:
		return planExact
	}
	return planHNSW
}

// nearest is the dense leg: it returns the depth chunks in scope nearest to
// vector, best first, with cosines, and the plan that found them. An index that
// gave up before it had as many as wanted is made good by the exact plan.
func (s *Searcher) nearest(ctx context.Context, c collection, sc scope, vector []float32, depth int, override string) ([]hit, string, error) {
	if len(vector) != c.Dim {
		return nil, "", fmt.Errorf("dense leg: vector of %d numbers, the space has %d", len(vector), c.Dim)
	}
	args := sc.with(pgx.NamedArgs{"collection": c.ID, "space": c.SpaceID, "vector": pgvector.NewHalfVector(vector), "depth": depth})
	plan := s.plan(c, sc, override)
	hits, err := s.hits(ctx, denseBatch(c, sc, plan, depth, args))
	if err == nil && plan == planHNSW && len(hits) < depth && !sc.all() && override == "" {
		plan = planExact
		hits, err = s.hits(ctx, denseBatch(c, sc, plan, depth, args))
	}
	if err != nil {
		return nil, "", fmt.Errorf("dense leg: %w", err)
	}
	return hits, plan, nil
}

func denseBatch(c collection, sc scope, plan string, depth int, args pgx.NamedArgs) *pgx.Batch {
	batch := &pgx.Batch{}
	switch {
	case plan == planHNSW:
		batch.Queue(hnswSettingsSQL, pgx.NamedArgs{"ef": fmt.Sprint(efSearch(c.Chunks, depth, !sc.all()))})
		batch.Queue(hnswFor(c, sc), args)
	case sc.all():
		batch.Queue(exactSQL, args)
	case sc.listed:
		batch.Queue(exactListedSQL, args)
	default:
		batch.Queue(customPlanSQL)
		batch.Queue(sc.in(exactAllowedSQL), args)
	}
	return batch
}

func hnswFor(c collection, sc scope) string {
	check := ""
	if !sc.all() {
		check = hnswCheckSQL
	}
	return sc.in(strings.NewReplacer("DIM", fmt.Sprint(c.Dim), "SPACE", fmt.Sprint(c.SpaceID), "CHECKED", check).Replace(hnswSQL))
}

// efSearch is the width of the search: more rows need more to keep recall (`make
// bench-scale` prints it), and no less than what is to be returned. Where each row is
// checked, a part of what it sees does not count, and it needs twice as many. pgvector's
// limit is 1000.
func efSearch(chunks int64, depth int, checked bool) int {
	ef := 80
	if chunks > 20_000 {
		ef = 160
	}
	if checked {
		ef *= 2
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
	var h hit
	return collectHits(rows, &h, &h.ChunkID, &h.Score)
}

// collectHits reads a hit a row, by columns that point into h.
func collectHits(rows pgx.Rows, h *hit, columns ...any) ([]hit, error) {
	hits := make([]hit, 0, legDepth)
	_, err := pgx.ForEachRow(rows, columns, func() error {
		hits = append(hits, *h)
		return nil
	})
	return hits, err
}
