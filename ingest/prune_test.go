package ingest

import (
	"testing"
)

// TestVersionsAreKeptForAWhile: what answers have cited stays readable until its
// time is over, and goes with its document.
func TestVersionsAreKeptForAWhile(t *testing.T) {
	b := setUp(t)
	ix := newIndexer(b.pool, b.ids, b.model, nil, 1)
	b.work(WorkerOptions{})
	texts := func() int { return b.count(`select count(*) from document_text`) }
	b.put("a", "The first version.")
	b.put("a", "The second version.")
	b.put("b", "Another document.")
	b.check()
	var old string
	b.ok(b.pool.QueryRow(b.ctx, `select convert_from(body, 'UTF8') from document_text where replaced_at is not null`).Scan(&old))
	if old != "The first version." {
		t.Errorf("kept %q", old)
	}
	age := func(interval string) {
		_, err := b.pool.Exec(b.ctx, `update document_text set replaced_at = now() - $1::interval where replaced_at is not null`, interval)
		b.ok(err)
	}
	age("29 days")
	b.ok(ix.prune(b.ctx))
	if n := texts(); n != 3 {
		t.Errorf("after 29 days there are %d texts, want 3", n)
	}
	age("31 days")
	b.ok(ix.prune(b.ctx))
	if n := texts(); n != 2 {
		t.Errorf("after 31 days there are %d texts, want 2", n)
	}
	b.put("a", "The third version.")
	b.ok(b.in.Delete(b.ctx, "docs", "a"))
	for _, table := range []string{"document_text", "chunk", "embedding", "document"} {
		if n := b.count(`select count(*) from ` + table); n != 1 {
			t.Errorf("%s has %d rows after a document is deleted, want the other document's 1", table, n)
		}
	}
	b.check()
}

// TestCachedAnswersGo with a document that they may quote, at once, and with a change
// in time, also when no server keeps a cache any more.
func TestCachedAnswersGo(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a", "The first version.")
	b.put("b", "Another document.")
	cached := func() int { return b.count(`select count(*) from cached_answer`) }
	answer := func() {
		_, err := b.pool.Exec(b.ctx, `
			insert into cached_answer (collection_id, key, scope, content_version, question, body, expires_at)
			select collection_id, 'k', 's', version, 'q', 'The first version.', now() + interval '1 year' from collection_stats`)
		b.ok(err)
	}
	prune := func() { b.ok(newIndexer(b.pool, b.ids, b.model, nil, 1).prune(b.ctx)) }
	answer()
	prune()
	if n := cached(); n != 1 {
		t.Errorf("%d answers, want the one that is true", n)
	}
	b.put("a", "The second version.")
	prune()
	if n := cached(); n != 0 {
		t.Errorf("%d answers of what has changed", n)
	}
	answer()
	b.ok(b.in.Delete(b.ctx, "docs", "b"))
	if n := cached(); n != 0 {
		t.Errorf("%d answers after a document is deleted", n)
	}
}

// TestNoVersionsKept where the collection says so.
func TestNoVersionsKept(t *testing.T) {
	b := setUp(t)
	_, err := b.pool.Exec(b.ctx, `update collection set settings = '{"keep_versions_days": 0}'`)
	b.ok(err)
	b.work(WorkerOptions{})
	b.put("a", "The first version.")
	b.put("a", "The second version.")
	if n := b.count(`select count(*) from document_text`); n != 1 {
		t.Errorf("%d texts, want 1", n)
	}
	b.check()
}

// TestWorkerPrunes by itself.
func TestWorkerPrunes(t *testing.T) {
	b := setUp(t)
	stop := b.work(WorkerOptions{})
	b.put("a", "The first version.")
	b.put("a", "The second version.")
	b.until(`select exists (select from river_job where kind = 'prune_versions' and state = 'completed')`)
	stop()
	_, err := b.pool.Exec(b.ctx, `update document_text set replaced_at = now() - interval '31 days' where replaced_at is not null`)
	b.ok(err)
	b.work(WorkerOptions{Exclusive: true})
	b.until(`select not exists (select from document_text where replaced_at is not null)`)
	b.check()
}
