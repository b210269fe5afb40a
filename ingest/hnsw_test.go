package ingest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// indexed gives the collection some vectors with an HNSW index and statistics
// that say it is as large as such an index needs.
func (b *bench) indexed(ix *indexer) {
	b.t.Helper()
	_, err := b.pool.Exec(b.ctx, fmt.Sprintf(`insert into embedding select collection_id, active_space_id, i, i,
		(select array_agg(random()) from generate_series(1, %d) where i > 0)::vector::halfvec from collection, generate_series(1, 300) i`, b.col.Space.Dim))
	b.ok(err)
	_, err = b.pool.Exec(b.ctx, `update collection_stats set chunks = $1`, HNSWAfter)
	b.ok(err)
	b.ok(ix.buildHNSW(b.ctx, b.col.ID, b.col.Space.ID))
}

// prepareMany accepts n small documents with their vectors, all of which wait.
func (b *bench) prepareMany(n int) {
	b.t.Helper()
	path := b.t.TempDir() + "/records.jsonl"
	f, err := os.Create(path)
	b.ok(err)
	r, e := rand.New(rand.NewPCG(1, 2)), json.NewEncoder(f)
	for i := range n {
		v := make([]float32, b.col.Space.Dim)
		v[r.IntN(len(v))] = 1
		b.ok(e.Encode(map[string]any{"uri": fmt.Sprint(i), "text": "A short text.", "vector": v}))
	}
	b.ok(f.Close())
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{path}, Records: true})
	b.ok(err)
	b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
}

const (
	hasIndex   = `select exists (select from pg_indexes where indexname = $1)`
	validIndex = `select exists (select from pg_index where indexrelid = to_regclass($1) and indisvalid)`
)

// TestLargeLoadGoesWithoutTheIndex: it is dropped before a load that is large for
// the collection and built after it, also when the loading worker is killed.
func TestLargeLoadGoesWithoutTheIndex(t *testing.T) {
	b := setUp(t)
	ix, name := newIndexer(b.pool, b.ids, b.model, nil, 1), hnswName(b.col.Space.ID)
	b.indexed(ix)
	b.prepareMany(HNSWAfter*rebuildShare + 1)
	child := exec.CommandContext(b.ctx, os.Args[0])
	child.Env = append(os.Environ(), envWorker+"="+b.pool.Config().ConnString())
	child.Stderr = t.Output()
	b.ok(child.Start())
	b.until(`select not exists (select from pg_indexes where indexname = $1)`, name)
	b.ok(child.Process.Kill())
	if err := child.Wait(); err == nil {
		t.Fatal("the worker ended by itself")
	}
	if n := b.count(`select count(*) from river_job where kind = 'build_hnsw' and state <> 'completed'`); n == 0 {
		t.Error("no job will build the index")
	}
	b.work(WorkerOptions{Exclusive: true})
	b.until(settled)
	b.until(validIndex, name)
}

// TestSmallLoadKeepsTheIndex, and so does any that the model embeds.
func TestSmallLoadKeepsTheIndex(t *testing.T) {
	b := setUp(t)
	ix, name := newIndexer(b.pool, b.ids, b.model, nil, 1), hnswName(b.col.Space.ID)
	b.indexed(ix)
	target, err := ix.target(b.ctx, b.col.ID)
	b.ok(err)
	b.prepareMany(HNSWAfter * rebuildShare)
	given := []claim{{mediaType: PreparedType}}
	b.ok(ix.unindexBefore(b.ctx, target, given))
	b.until(hasIndex, name)
	_, err = b.pool.Exec(b.ctx, `update collection_stats set chunks = chunks - 2`)
	b.ok(err)
	b.ok(ix.unindexBefore(b.ctx, target, []claim{{mediaType: "text/plain"}}))
	b.until(hasIndex, name)
	b.ok(ix.unindexBefore(b.ctx, target, given))
	if exists, _, err := hnswState(b.ctx, b.pool, b.col.Space.ID); err != nil || exists {
		t.Errorf("the index is there: %v, %v", exists, err)
	}
}
