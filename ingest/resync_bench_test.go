package ingest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// resyncFiles is how many files BenchmarkResync scans.
var resyncFiles = flag.Int("resync-files", 100_000, "files of BenchmarkResync")

// BenchmarkResync scans files that have not changed: where size and modification
// time say so, and where only their content does, beside reading and hashing
// them alone.
func BenchmarkResync(bb *testing.B) {
	files := *resyncFiles
	b, root := setUp(bb), bb.TempDir()
	b.ctx = bb.Context()
	plenty(bb, root, files)
	in, err := New(b.pool, b.ids, Options{MaxQueued: 10 * files})
	b.ok(err)
	scan := func(want int64) time.Duration {
		m, err := in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true})
		b.ok(err)
		began := time.Now()
		b.ok(in.scan(b.ctx, b.col.ID, m.ID))
		took := time.Since(began)
		if m, err = in.Import(b.ctx, "docs", m.ID); err != nil || m.Unchanged != want {
			bb.Fatalf("%d files unchanged, want %d: %+v, %v", m.Unchanged, want, m, err)
		}
		return took
	}
	scan(0)
	for _, sql := range []string{
		`update document set state = 'ready', version = revision`, `delete from staged`, `delete from river_job`, `vacuum analyze document`,
	} {
		_, err := b.pool.Exec(b.ctx, sql)
		b.ok(err)
	}
	for bb.Loop() {
		stat := scan(int64(files))
		_, err := b.pool.Exec(b.ctx, `update document set modified_at = null`)
		b.ok(err)
		bare := hashAll(bb, root)
		hashed := scan(int64(files))
		bb.ReportMetric(float64(files)/stat.Seconds(), "stat-files/s")
		bb.ReportMetric(float64(files)/hashed.Seconds(), "hash-files/s")
		bb.ReportMetric(float64(files)/bare.Seconds(), "bare-hash-files/s")
		bb.ReportMetric(bare.Seconds()/hashed.Seconds(), "of-bare")
	}
}

// plenty makes n files of 2 kB in folders of 100, an hour old.
func plenty(t testing.TB, root string, n int) {
	t.Helper()
	old := time.Now().Add(-time.Hour)
	for i := range n {
		dir := filepath.Join(root, fmt.Sprintf("%04d", i/100))
		if i%100 == 0 {
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, fmt.Sprintf("%02d.md", i%100))
		if err := os.WriteFile(path, fmt.Appendf(nil, "# %d\n%1990d", i, i), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
}

// hashAll reads and hashes every file, and returns how long that took.
func hashAll(t testing.TB, root string) time.Duration {
	t.Helper()
	began := time.Now()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		_ = sha256.Sum256(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}
