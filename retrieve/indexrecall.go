package retrieve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

const (
	// recallDepth is how deep the index is compared with the exact plan.
	recallDepth = 10
	// recallRest is how long, in times of its own, a comparison is followed by
	// none: all together take at most a hundredth of one core.
	recallRest = 100
	// recallWindow is how many comparisons the mean remembers.
	recallWindow = 100
	// recallSpaces bounds the spaces remembered.
	recallSpaces = 10_000
	// recallLow is the mean under which the log warns.
	recallLow = 0.95
)

// indexRecall measures, on a sample of the live searches by HNSW indexes, how
// much of what the exact plan finds they find. Safe for concurrent use.
type indexRecall struct {
	mu     sync.Mutex
	busy   bool
	next   time.Time
	spaces map[int64]recall
}

// recall is what was seen of one space: comparisons and their mean, 0 to 1.
type recall struct {
	n    int
	mean float64
}

// begin says whether a comparison may be made now; it ends with end.
func (x *indexRecall) begin(now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.busy || now.Before(x.next) {
		return false
	}
	x.busy = true
	return true
}

func (x *indexRecall) end(now time.Time, took time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.busy, x.next = false, now.Add(recallRest*took)
}

// add notes a comparison of a space and returns the mean of its last ones.
func (x *indexRecall) add(space int64, found float64) recall {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.spaces == nil || len(x.spaces) >= recallSpaces {
		x.spaces = map[int64]recall{}
	}
	r := x.spaces[space]
	r.n++
	r.mean += (found - r.mean) / float64(min(r.n, recallWindow))
	x.spaces[space] = r
	return r
}

func (x *indexRecall) of(space int64) recall {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.spaces[space]
}

// sample compares what the index found with the exact plan, if it is time to,
// without the search waiting for it. It ends within DenseBudget.
func (r *search) sample(ctx context.Context, hits []hit) {
	if !r.recall.begin(time.Now()) {
		return
	}
	args := r.scope.with(pgx.NamedArgs{
		"collection": r.collection.ID, "space": r.collection.SpaceID,
		"vector": pgvector.NewHalfVector(r.aim), "depth": recallDepth,
	})
	batch := denseBatch(r.collection, r.scope, planExact, recallDepth, args)
	go r.compare(context.WithoutCancel(ctx), r.collection, hits[:min(len(hits), recallDepth)], batch)
}

func (s *Searcher) compare(ctx context.Context, c collection, got []hit, exact *pgx.Batch) {
	began := time.Now()
	defer func() { s.recall.end(time.Now(), time.Since(began)) }()
	ctx, cancel := context.WithTimeout(ctx, s.o.DenseBudget)
	defer cancel()
	want, err := s.hits(ctx, exact)
	if err != nil || len(want) == 0 {
		s.o.Log.DebugContext(ctx, "index recall not measured", "collection", c.ID, "err", err)
		return
	}
	at := map[int64]bool{}
	for _, h := range got {
		at[h.ChunkID] = true
	}
	found := 0
	for _, h := range want {
		if at[h.ChunkID] {
			found++
		}
	}
	seen := s.recall.add(c.SpaceID, float64(found)/float64(len(want)))
	if seen.n >= recallDepth && seen.mean < recallLow {
		s.o.Log.WarnContext(ctx, "the vector index misses much", "collection", c.ID, "recall", seen.mean, "samples", seen.n)
	}
}

// note is a sentence on what is known of a space's index; "" when nothing is.
func (x *indexRecall) note(space int64) string {
	seen := x.of(space)
	if seen.n == 0 {
		return ""
	}
	return fmt.Sprintf("The vector index finds %.3f of the nearest %d chunks, by %d searches compared.", seen.mean, recallDepth, seen.n)
}
