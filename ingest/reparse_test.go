package ingest

import "testing"

// An import that reparses indexes again what has not changed, attachments too, and
// embeds nothing anew; started over, it does nothing twice.
func TestReparse(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	stop := b.work(WorkerOptions{})
	inner := zipOf(t, "deep.md", sections("lantern"))
	write(t, root, map[string]string{"a.zip": zipOf(t, "one.md", sections("harbour"), "two.zip", inner), "b.md": sections("rope")})
	b.runImport(ImportSpec{Paths: []string{root}})
	b.until(settled)
	texts := b.model.texts.Load()
	if m := b.runImport(ImportSpec{Paths: []string{root}}); m.Unchanged != 2 {
		t.Errorf("%+v", m)
	}
	if m := b.runPlan(ImportSpec{Paths: []string{root}, Reparse: true, DryRun: true}); m.Plan.Changed.Count != 2 {
		t.Errorf("%+v", m)
	}
	m := b.runImport(ImportSpec{Paths: []string{root}, Reparse: true})
	b.until(settled)
	if n := b.count(`select count(*) from document where version = 2 and state = 'ready'`); n != 5 || m.Indexed != 2 || m.Unchanged != 0 {
		t.Errorf("%d of 5 documents are indexed again: %+v", n, m)
	}
	if n := b.model.texts.Load(); n != texts {
		t.Errorf("%d texts were embedded again", n-texts)
	}
	b.check()
	stop()
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Reparse: true})
	b.ok(err)
	b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
	_, err = b.pool.Exec(b.ctx, `update import set state = 'scanning' where import_id = $1`, m.ID)
	b.ok(err)
	b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
	if n := b.count(`select count(*) from document where revision = 3`); n != 2 {
		t.Errorf("%d of 2 documents are taken up once", n)
	}
	if m, err := b.in.Import(b.ctx, "docs", m.ID); err != nil || m.Queued != 2 || m.Unchanged != 0 {
		t.Errorf("%+v, %v", m, err)
	}
}
