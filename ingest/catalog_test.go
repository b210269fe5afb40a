package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCatalog(t *testing.T) {
	b := setUp(t)
	k1, lang := 1.2, "de"
	made, err := b.cat.Create(b.ctx, "a.b-c_1", "described", Settings{BM25K1: &k1, Language: &lang})
	b.ok(err)
	got, err := b.cat.Get(b.ctx, "a.b-c_1")
	b.ok(err)
	info := b.model.Info()
	if diff := cmp.Diff(made, got); diff != "" || *got.Settings.BM25K1 != 1.2 || got.Description != "described" ||
		got.Space.Model != info.Name || got.Space.Dim != info.Dim || got.Space.Fingerprint != info.Fingerprint {
		t.Errorf("%+v\n%s", got, diff)
	}
	if _, err := b.cat.Create(b.ctx, "docs", "", Settings{}); !errors.Is(err, ErrCollectionExists) {
		t.Errorf("second docs: %v", err)
	}
	tokens := 100
	got, err = b.cat.Update(b.ctx, "docs", Settings{ChunkTokens: &tokens})
	b.ok(err)
	if *got.Settings.ChunkTokens != 100 || got.Version == 0 {
		t.Errorf("updated: %+v", got)
	}
	all, err := b.cat.List(b.ctx)
	b.ok(err)
	if len(all) != 2 || all[0].Name != "a.b-c_1" || all[1].Name != "docs" {
		t.Errorf("list: %+v", all)
	}
	for _, name := range []string{"", "~1", "A", "-a", "a\x00", "ä", string(make([]byte, 64))} {
		if _, err := b.cat.Create(b.ctx, name, "", Settings{}); !errors.As(err, new(*Invalid)) {
			t.Errorf("create %q: %v", name, err)
		}
		if _, err := b.cat.Get(b.ctx, name); !errors.Is(err, ErrUnknownCollection) {
			t.Errorf("get %q: %v", name, err)
		}
	}
}

func TestSettingsRanges(t *testing.T) {
	f := func(v float64) *float64 { return &v }
	n, lang := 31, "xx"
	for _, s := range []Settings{{BM25K1: f(-1)}, {BM25B: f(1.1)}, {DenseWeight: f(math.NaN())}, {MinScore: f(math.Inf(1))}, {ChunkTokens: &n}, {Language: &lang}} {
		if err := s.Validate(); !errors.As(err, new(*Invalid)) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if err := (Settings{BM25K1: f(0), DenseWeight: f(1)}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestDeleteCollection(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour"))
	_, err := b.cat.Create(b.ctx, "other", "", Settings{})
	b.ok(err)
	_, _, err = b.in.Put(b.ctx, "other", Document{URI: "a.md", Body: []byte(sections("lantern"))})
	b.ok(err)
	_, err = b.in.Wait(b.ctx, "other", "a.md")
	b.ok(err)
	for i := range 20 { // still being indexed when the collection goes
		_, _, err := b.in.Put(b.ctx, "docs", Document{URI: fmt.Sprint(i), Body: []byte(sections(fmt.Sprint("w", i)))})
		b.ok(err)
	}
	b.ok(b.cat.Delete(b.ctx, "docs"))
	if _, err := b.cat.Get(b.ctx, "docs"); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("get: %v", err)
	}
	if err := b.cat.Delete(b.ctx, "docs"); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("second delete: %v", err)
	}
	if _, _, err := b.in.Put(b.ctx, "docs", Document{URI: "b"}); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("put: %v", err)
	}
	_, err = b.cat.Create(b.ctx, "docs", "", Settings{})
	b.ok(err)
	b.until(`select not exists (select from river_job where finalized_at is null)`)
	for _, table := range []string{"collection", "collection_stats", "space", "document", "staged", "document_text", "chunk", "embedding", "term", "posting", "import"} {
		if n := b.count(`select count(*) from `+table+` where collection_id = $1`, b.col.ID); n != 0 {
			t.Errorf("%d rows left in %s", n, table)
		}
	}
	other, err := b.cat.Get(b.ctx, "other")
	b.ok(err)
	if problems, err := Check(b.ctx, b.pool, other.ID); err != nil || len(problems) > 0 || other.Chunks != 1 {
		t.Errorf("the other collection: %+v, %q, %v", other, problems, err)
	}
}

// TestCheckFinds breaks one thing after the other by hand.
func TestCheckFinds(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour", "lantern"))
	b.until(`select not exists (select from river_job where finalized_at is null)`)
	for _, sql := range []string{
		`update collection_stats set length_sum = length_sum + 1`,
		`update collection_stats set documents = 0`,
		`update term set df = df + 1 where term_id = (select min(term_id) from term)`,
		`delete from term where term_id = (select min(term_id) from term)`,
		`delete from posting where term_id = (select min(term_id) from posting)`,
		`insert into posting select collection_id, 7, 7, 1, 1 from collection`,
		`update posting set term_id = 7 where term_id = (select min(term_id) from posting)`,
		`update posting set tf = tf + 1 where term_id = (select min(term_id) from posting)`,
		`delete from embedding where chunk_id = (select min(chunk_id) from embedding)`,
		`insert into embedding select collection_id, space_id, 7, 7, emb from embedding limit 1`,
		`update chunk set start_byte = start_byte + 1 where ord = 0`,
		`update chunk set body = body || '.' where ord = 0`,
		`update chunk set ord = 5 where ord = 1`,
		`update document_text set version = 2`,
		`delete from document_text`,
		`insert into embedded select e.collection_id, e.document_id, e.space_id, 'x', e.emb from embedding e limit 1`,
		`insert into staged select collection_id, document_id, 1, '', '', '' from document`,
		`update document set state = 'pending', revision = 2`,
		`update document set revision = 2`,
		`insert into import (collection_id, import_id, spec, state, queued) select collection_id, 1, '{}', 'indexing', 1 from collection`,
		`insert into import (collection_id, import_id, spec, state) select collection_id, 1, '{}', 'scanning' from collection`,
	} {
		if len(b.problemsAfter(sql)) == 0 {
			t.Errorf("not found: %s", sql)
		}
	}
	b.check()
}

// problemsAfter returns what Check finds after sql, which is then undone.
func (b *bench) problemsAfter(sql string) []string {
	b.t.Helper()
	tables := []string{"collection_stats", "term", "posting", "embedding", "chunk", "document_text", "staged", "document", "import"}
	for _, t := range tables {
		_, err := b.pool.Exec(b.ctx, "create table saved_"+t+" as table "+t)
		b.ok(err)
	}
	_, err := b.pool.Exec(b.ctx, sql)
	b.ok(err)
	problems, err := Check(b.ctx, b.pool, b.col.ID)
	b.ok(err)
	_, err = b.pool.Exec(b.ctx, `delete from document`)
	b.ok(err)
	slices.Reverse(tables)
	for _, t := range tables {
		_, err := b.pool.Exec(b.ctx, fmt.Sprintf("delete from %[1]s; insert into %[1]s table saved_%[1]s; drop table saved_%[1]s", t))
		b.ok(err)
	}
	return problems
}

func TestHNSW(t *testing.T) {
	b := setUp(t)
	space := b.col.Space.ID
	for _, sql := range []string{
		fmt.Sprintf(`insert into embedding select collection_id, active_space_id, i, i,
			(select array_agg(random()) from generate_series(1, %d) where i > 0)::vector::halfvec from collection, generate_series(1, 300) i`, b.col.Space.Dim),
		fmt.Sprintf(`update collection_stats set chunks = %d`, HNSWAfter),
		`insert into import (collection_id, import_id, spec, state) select collection_id, 1, '{}', 'scanning' from collection`,
	} {
		_, err := b.pool.Exec(b.ctx, sql)
		b.ok(err)
	}
	ix := newIndexer(b.pool, b.ids, b.model, nil, 1)
	state := func() (exists, valid bool) {
		exists, valid, err := hnswState(b.ctx, b.pool, space)
		b.ok(err)
		return exists, valid
	}
	if err := ix.buildHNSW(b.ctx, b.col.ID, space); err == nil {
		t.Error("built while an import scans")
	}
	_, err := b.pool.Exec(b.ctx, `delete from import`)
	b.ok(err)
	b.ok(ix.buildHNSW(b.ctx, b.col.ID, space))
	if exists, valid := state(); !exists || !valid {
		t.Errorf("after the build: exists %v, valid %v", exists, valid)
	}
	// What a killed build leaves behind.
	_, err = b.pool.Exec(b.ctx, `update pg_index set indisvalid = false where indexrelid = $1::text::regclass`, hnswName(space))
	b.ok(err)
	b.ok(ix.buildHNSW(b.ctx, b.col.ID, space))
	if exists, valid := state(); !exists || !valid {
		t.Errorf("after the second build: exists %v, valid %v", exists, valid)
	}
	b.ok(b.cat.Delete(b.ctx, "docs"))
	b.work(WorkerOptions{})
	b.until(`select not exists (select from collection)`)
	if exists, _ := state(); exists {
		t.Error("the index outlives its collection")
	}
}

// TestHNSWIsAskedFor when a worker starts on a collection that has grown large.
func TestHNSWIsAskedFor(t *testing.T) {
	b := setUp(t)
	_, err := b.pool.Exec(b.ctx, `update collection_stats set chunks = $1`, HNSWAfter)
	b.ok(err)
	b.work(WorkerOptions{})
	b.until(`select exists (select from pg_indexes where indexname = $1)`, hnswName(b.col.Space.ID))
}
