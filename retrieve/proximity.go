package retrieve

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// proximityDepth is how many of the fused candidates are read. Further down
// nothing comes to the front by proximity alone.
const proximityDepth = 20

// What the index was made of, but for what a chat model wrote about a chunk.
const proximitySQL = `
select c.chunk_id, concat_ws(' ', d.title, array_to_string(c.heading_path, ' '), c.header, c.body)
  from chunk c
  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
 where c.collection_id = @collection and c.chunk_id = any(@chunks::bigint[])`

// approach sets Candidate.Proximity of the best candidates, which are sorted, and
// fuses once more. Postings have no positions, so it reads the texts: 20 are read
// and analysed in about the time of one more statement.
func (r *search) approach(ctx context.Context, candidates []Candidate) error {
	if r.query.Fusion != Weighted || len(r.terms.ids) < 2 || len(r.near) == 0 || len(r.words.hits) == 0 {
		return nil
	}
	defer r.stage("proximity")()
	at := map[int64]*Candidate{}
	best := candidates[:min(len(candidates), proximityDepth)]
	for i := range best {
		at[best[i].ChunkID] = &best[i]
	}
	idf := make(map[string]float64, len(r.terms.ids))
	batch := &pgx.Batch{}
	batch.Queue(weightsSQL, r.terms.args(r.collection)).Query(func(rows pgx.Rows) error {
		var term int64
		var weight float64
		_, err := pgx.ForEachRow(rows, []any{&term, &weight}, func() error {
			idf[r.terms.names[term]] = weight
			return nil
		})
		return err
	})
	batch.Queue(proximitySQL, pgx.NamedArgs{"collection": r.collection.ID, "chunks": chunkIDs(best)}).Query(func(rows pgx.Rows) error {
		var id int64
		var text string
		_, err := pgx.ForEachRow(rows, []any{&id, &text}, func() error {
			at[id].Proximity = proximity(r.analyzer.Terms(text), idf, r.collection.Settings.K1)
			return nil
		})
		return err
	})
	if err := r.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("read for proximity: %w", err)
	}
	Fuse(candidates, r.query.Fusion, r.weight())
	return nil
}

// proximity scores how close the query's terms stand in a text, in units of BM25:
// two different ones with none of the others between give each the idf of the
// other by the square of their distance, and the sum saturates as a frequency does
// (Büttcher, Clarke and Lushman, SIGIR 2006, without the length of the text).
func proximity(terms []string, idf map[string]float64, k1 float64) float64 {
	near := map[string]float64{}
	last, at := "", 0
	for i, t := range terms {
		if idf[t] == 0 {
			continue
		}
		if last != "" && last != t {
			d := float64(i - at)
			near[t] += idf[last] / (d * d)
			near[last] += idf[t] / (d * d)
		}
		last, at = t, i
	}
	var score float64
	for t, x := range near {
		score += min(1, idf[t]) * x / (x + k1)
	}
	return score
}
