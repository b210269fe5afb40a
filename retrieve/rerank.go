package retrieve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// rerankDepth is how many candidates are ranked again, at least.
const rerankDepth = 50

// Reranker scores texts by how well they answer a query: higher is better, in the
// order of texts. Implementations are safe for concurrent use and return by the
// time ctx ends.
type Reranker interface {
	Rerank(ctx context.Context, query string, texts []string) ([]float64, error)
}

const rerankSQL = `
select c.chunk_id, array_to_string(d.title || c.heading_path || nullif(c.header, ''), ' > ') || E'\n' || c.body
  from chunk c
  join document d on d.collection_id = c.collection_id and d.document_id = c.document_id
 where c.collection_id = @collection and c.chunk_id = any(@chunks::bigint[]) and ALLOWED`

// rerank orders the best candidates by the reranker; the others follow as they
// were. When it fails or is late the fused order stands, and Degraded says so.
func (r *search) rerank(ctx context.Context, ranked []Candidate) ([]Candidate, error) {
	if r.o.Reranker == nil || r.query.NoRerank || len(ranked) < 2 {
		return ranked, nil
	}
	defer r.stage("rerank")()
	head := ranked[:min(len(ranked), max(rerankDepth, r.query.Limit))]
	budget, cancel := context.WithTimeout(ctx, r.o.RerankBudget)
	defer cancel()
	scores, err := r.rescore(budget, head)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		r.note(ctx, late(budget, "The reranker", r.o.RerankBudget, err), "so the order is that of the search.")
		return ranked, nil
	}
	out := slices.Clone(ranked)
	for i := range out[:len(head)] {
		out[i].Rerank = scores[out[i].ChunkID]
	}
	slices.SortStableFunc(out[:len(head)], func(a, b Candidate) int { return cmp.Compare(b.Rerank, a.Rerank) })
	for i := range out {
		out[i].Score = 1 / float64(1+i)
	}
	r.noteRerank(ranked, out)
	return out, nil
}

// noteRerank keeps, for an explanation, the ranks before, and who lost a place.
func (r *search) noteRerank(before, after []Candidate) {
	if r.fates == nil {
		return
	}
	r.fused = make(map[int64]int, len(before))
	for i, c := range before {
		r.fused[c.ChunkID] = i + 1
	}
	for i, c := range after {
		if i >= r.query.Limit && r.fused[c.ChunkID] <= r.query.Limit {
			r.set(c.ChunkID, CutRerank)
		}
	}
}

// rescore returns the reranker's score of each chunk that can still be read; the
// others have the least there is.
func (r *search) rescore(ctx context.Context, head []Candidate) (map[int64]float64, error) {
	check := r.recheck()
	rows, err := r.pool.Query(ctx, check.in(rerankSQL), check.with(pgx.NamedArgs{"collection": r.collection.ID, "chunks": chunkIDs(head)}))
	if err != nil {
		return nil, err
	}
	var ids []int64
	var texts []string
	var id int64
	var text string
	if _, err = pgx.ForEachRow(rows, []any{&id, &text}, func() error {
		ids, texts = append(ids, id), append(texts, text)
		return nil
	}); err != nil {
		return nil, err
	}
	scores, err := r.o.Reranker.Rerank(ctx, r.syntax.Text, texts)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(texts) {
		return nil, fmt.Errorf("%d scores for %d texts", len(scores), len(texts))
	}
	out := make(map[int64]float64, len(head))
	for _, c := range head {
		out[c.ChunkID] = -math.MaxFloat64
	}
	for i, s := range scores {
		if math.IsNaN(s) || math.IsInf(s, 0) {
			return nil, errors.New("a score is not a number")
		}
		out[ids[i]] = s
	}
	return out, nil
}

// defaultRerankBudget is what a cross-encoder of some 20 million parameters needs
// for 50 texts on a CPU, about.
const defaultRerankBudget = 2 * time.Second
