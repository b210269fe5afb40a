package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Of an import that is cancelled nothing new is indexed, a document that it was
// about to replace is whole, and its scan ends and removes nothing.
func TestCancelledImportStops(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	write(t, root, map[string]string{"old.md": "the old words", "gone.md": "soon gone"})
	stop := b.work(WorkerOptions{})
	b.runImport(ImportSpec{Paths: []string{root}})
	stop()

	write(t, root, map[string]string{"old.md": "other words, and more of them", "new.md": "new", "new/er.md": "newer"})
	b.ok(os.Remove(filepath.Join(root, "gone.md")))
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true, AllowMassRemoval: true})
	b.ok(err)
	s := &scan{in: b.in, col: b.col.ID, id: m.ID, spec: m.Spec, tally: tally{skipped: map[string]*Skipped{}}}
	src, err := openTree(root)
	b.ok(err)
	defer src.close()
	b.ok(s.read(b.ctx, src))
	b.ok(s.flush(b.ctx))
	if m, err = b.in.CancelImport(b.ctx, "docs", m.ID); err != nil || m.State != Cancelled || m.FinishedAt.IsZero() {
		t.Fatalf("%+v, %v", m, err)
	}
	if err := s.removeGone(b.ctx); !errors.Is(err, errCancelled) {
		t.Errorf("the scan goes on: %v", err)
	}
	b.check()

	b.work(WorkerOptions{})
	b.until(`select not exists (select from document where state = 'pending')`)
	b.check()
	for name, want := range map[string]string{"old.md": "other words, and more of them", "gone.md": "soon gone"} {
		if got, err := b.in.Text(b.ctx, "docs", uriOf(filepath.Join(root, name)), Everything); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if n := b.count(`select count(*) from document`); n != 2 {
		t.Errorf("%d documents, want the 2 that were there", n)
	}
	b.until(`select not exists (select from river_job where kind = 'scan_import' and state not in ('completed', 'cancelled', 'discarded'))`)

	m, err = b.in.CancelImport(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.State != Cancelled || m.Queued != 3 || m.Indexed != 1 || m.Superseded != 2 || m.Removed != 0 {
		t.Errorf("%+v", m)
	}
	all, err := b.in.Imports(b.ctx, "docs", 0, 10)
	b.ok(err)
	if len(all) != 2 || all[0].ID != m.ID || all[1].State != Done || all[0].Collection != "docs" {
		t.Errorf("imports: %+v", all)
	}
	if m, err = b.in.CancelImport(b.ctx, "docs", all[1].ID); err != nil || m.State != Done {
		t.Errorf("one that has ended: %+v, %v", m, err)
	}
}

// Rates are of the last half minute, fall when nothing happens, and give the time
// left for what waits, quarantined documents not counted.
func TestRates(t *testing.T) {
	var p rates
	begin := time.Unix(0, 0)
	m := Import{State: Indexing, Queued: 100, QueuedBytes: 100_000}
	if r := p.rate(begin, &m); r != nil {
		t.Errorf("a rate out of nothing: %+v", r)
	}
	var r *Rate
	for s := 1; s <= 60; s++ {
		m.Indexed++
		m.Chunks, m.Tokens, m.IndexedBytes = 2*m.Indexed, 50*m.Indexed, 1000*m.Indexed
		r = p.rate(begin.Add(time.Duration(s)*time.Second), &m)
	}
	if r.Chunks != 2 || r.Tokens != 50 || r.Bytes != 1000 || r.Left != 40*time.Second {
		t.Errorf("steady: %+v", r)
	}
	m.Failed = 20
	if r = p.rate(begin.Add(60*time.Second), &m); r.Left != 20*time.Second {
		t.Errorf("with 20 of 40 quarantined: %+v", r)
	}
	for s := 61; s <= 95; s++ {
		r = p.rate(begin.Add(time.Duration(s)*time.Second), &m)
	}
	if r.Chunks != 0 || r.Left != 0 {
		t.Errorf("nothing has happened for long: %+v", r)
	}
	if n := len(p.seen); n > 40 {
		t.Errorf("%d states kept", n)
	}
}
