package ingest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDryRunWritesNothing(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"a.md": sections("harbour"), "b.md": sections("lantern"), "c.md": sections("rope")})
	b.runImport(ImportSpec{Paths: []string{root}})
	write(t, root, map[string]string{"b.md": sections("sail!"), "d.md": sections("anchor"), "e.md": ""})
	b.ok(os.Remove(root + "/c.md"))
	before := b.uris(root)
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true, DryRun: true})
	b.ok(err)
	for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
		b.ok(err)
	}
	uri := func(name string) []string { return []string{uriOf(filepath.Join(root, name))} }
	want := Plan{Added: Planned{1, uri("d.md")}, Changed: Planned{1, uri("b.md")}, Removed: Planned{1, uri("c.md")}}
	if diff := cmp.Diff(want, m.Plan); diff != "" || m.State != Done || m.Listed != 4 || m.Unchanged != 1 || len(m.Skipped) != 1 || m.Queued+m.Removed != 0 {
		t.Errorf("%+v (-want +got):\n%s", m, diff)
	}
	if diff := cmp.Diff(before, b.uris(root)); diff != "" {
		t.Errorf("documents changed (-before +after):\n%s", diff)
	}
	b.check()
}

func TestMassRemovalNeedsToBeMeant(t *testing.T) {
	b, root, other := setUp(t), t.TempDir(), t.TempDir()
	b.work(WorkerOptions{})
	files := map[string]string{}
	for i := range 10 {
		files[fmt.Sprintf("%d.md", i)] = "Document " + fmt.Sprint(i)
	}
	write(t, root, files)
	write(t, other, map[string]string{"kept.md": "Kept.", "gone.md": "Gone."})
	b.runImport(ImportSpec{Paths: []string{root, other}})
	for i := range 6 {
		b.ok(os.Remove(filepath.Join(root, fmt.Sprintf("%d.md", i))))
	}
	b.ok(os.Remove(other + "/gone.md"))
	m := b.runImport(ImportSpec{Paths: []string{root, other}, Sync: true})
	if m.State != Failed || m.Removed != 0 || !strings.Contains(m.Error, "6 of the 10 documents of file://"+root) {
		t.Errorf("six of ten: %+v", m)
	}
	m = b.runImport(ImportSpec{Paths: []string{other}, Sync: true})
	if m.State != Done || m.Removed != 1 {
		t.Errorf("one of two: %+v", m)
	}
	m = b.runImport(ImportSpec{Paths: []string{root}, Sync: true, AllowMassRemoval: true})
	if m.State != Done || m.Removed != 6 {
		t.Errorf("six of ten, allowed: %+v", m)
	}
}

func TestRetry(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	b.work(WorkerOptions{})
	write(t, root, map[string]string{"bad.json": "{", "good.md": sections("harbour")})
	b.runImport(ImportSpec{Paths: []string{root}})
	if rec := b.put("by-hand.json", "{"); rec.State != Failed {
		t.Fatalf("not quarantined: %+v", rec)
	}
	if n, err := b.in.Retry(b.ctx, "docs", []string{uriOf(root + "/good.md")}); n != 0 || err != nil {
		t.Errorf("retry of a ready document: %d, %v", n, err)
	}
	if _, err := b.in.Retry(b.ctx, "docs", []string{"nowhere"}); !errors.Is(err, ErrUnknownDocument) {
		t.Errorf("retry of an unknown document: %v", err)
	}
	before := b.count(`select count(*) from river_job where kind = 'index_documents'`)
	n, err := b.in.Retry(b.ctx, "docs", nil)
	b.ok(err)
	b.until(settled)
	after := b.count(`select count(*) from river_job where kind = 'index_documents'`)
	if n != 2 || after != before+1 {
		t.Errorf("%d retried by %d jobs, want 2 by 1", n, after-before)
	}
	rec, err := b.in.Document(b.ctx, "docs", "by-hand.json", Everything)
	b.ok(err)
	if rec.State != Failed || rec.Reason == "" {
		t.Errorf("after the retry: %+v", rec)
	}
	// What is mended in the parser is mended by a retry: here, the media type.
	_, err = b.pool.Exec(b.ctx, `update staged set media_type = 'text/plain'`)
	b.ok(err)
	n, err = b.in.Retry(b.ctx, "docs", []string{"by-hand.json", uriOf(root + "/bad.json")})
	b.ok(err)
	b.until(settled)
	rec, err = b.in.Document(b.ctx, "docs", "by-hand.json", Everything)
	b.ok(err)
	if n != 2 || rec.State != Ready || rec.Chunks != 1 {
		t.Errorf("%d, %+v", n, rec)
	}
	b.check()
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour"))
	if found, err := b.in.Check(b.ctx, "docs"); err != nil || len(found) != 0 {
		t.Fatalf("sound: %q, %v", found, err)
	}
	_, err := b.pool.Exec(b.ctx, `update term set df = df + 1 where term = 'harbour'`)
	b.ok(err)
	if found, err := b.in.Check(b.ctx, "docs"); err != nil || len(found) != 1 || !strings.Contains(found[0], "(harbour): df 2, 1 postings") {
		t.Errorf("broken: %q, %v", found, err)
	}
	if _, err := b.in.Check(b.ctx, "none"); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("no collection: %v", err)
	}
}
