package ingest

import "testing"

func TestLargeLoadIsVacuumed(t *testing.T) {
	b := setUp(t)
	ix := newIndexer(b.pool, b.ids, b.model, nil, 1)
	ix.unvacuumed.Store(vacuumAfter - 1)
	ix.wantVacuum(b.ctx, b.col.ID)
	if n := b.count(`select count(*) from river_job where kind = 'vacuum'`); n != 0 {
		t.Errorf("%d vacuums after a small load", n)
	}
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "a", Body: []byte("The harbour sleeps.")})
	b.ok(err)
	ix.unvacuumed.Store(vacuumAfter)
	ix.wantVacuum(b.ctx, b.col.ID)
	if n := b.count(`select count(*) from river_job where kind = 'vacuum'`); n != 0 {
		t.Errorf("%d vacuums while documents are being loaded", n)
	}
	b.work(WorkerOptions{})
	b.until(settled)
	ix.wantVacuum(b.ctx, b.col.ID)
	b.until(`select count(last_vacuum) = 5 from pg_stat_user_tables where relname in ('posting', 'term', 'chunk', 'embedding', 'document')`)
}
