package ingest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// resyncFiles is how many files BenchmarkResync scans.
var resyncFiles = flag.Int("resync-files", 100_000, "files of BenchmarkResync")

// BenchmarkResync scans files that have not changed: where size and modification
// time say so, and where only their content does, beside listing, reading and
// hashing them alone with as many readers.
//
// Wall time is the machine's, whatever else it does. The processor time of this
// process and of its Postgres says more where others are at work.
func BenchmarkResync(bb *testing.B) {
	files := *resyncFiles
	b, root := setUp(bb), bb.TempDir()
	b.ctx = bb.Context()
	plenty(bb, root, files)
	in, err := New(b.pool, b.ids, Options{MaxQueued: 10 * files})
	b.ok(err)
	scan := func(want int64) cost {
		m, err := in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true})
		b.ok(err)
		c := b.costOf(func() error { return in.scan(b.ctx, b.col.ID, m.ID) })
		if m, err = in.Import(b.ctx, "docs", m.ID); err != nil || m.Unchanged != want {
			bb.Fatalf("%d files unchanged, want %d: %+v, %v", m.Unchanged, want, m, err)
		}
		return c
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
		bare := b.costOf(func() error { return hashAll(root) })
		hashed := scan(int64(files))
		for name, c := range map[string]cost{"stat": stat, "hash": hashed, "bare": bare} {
			bb.ReportMetric(float64(files)/c.wall.Seconds(), name+"-files/s")
			bb.ReportMetric(float64(c.own.Microseconds())/float64(files), name+"-own-µs")
			bb.ReportMetric(float64(c.postgres.Microseconds())/float64(files), name+"-pg-µs")
		}
		bb.ReportMetric(bare.wall.Seconds()/hashed.wall.Seconds(), "of-bare")
	}
}

// cost is what something took: in all, of this process's processor time, and of
// that of its connections' server processes.
type cost struct{ wall, own, postgres time.Duration }

func (b *bench) costOf(f func() error) cost {
	b.t.Helper()
	own, postgres, began := b.ownTime(), b.postgresTime(), time.Now()
	b.ok(f())
	return cost{time.Since(began), b.ownTime() - own, b.postgresTime() - postgres}
}

func (b *bench) ownTime() time.Duration {
	var r syscall.Rusage
	b.ok(syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// postgresTime is zero where there is no /proc.
func (b *bench) postgresTime() (all time.Duration) {
	var pids []int
	b.ok(b.pool.QueryRow(b.ctx, `select array_agg(pid) from pg_stat_activity where datname = current_database()`).Scan(&pids))
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		f := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		for _, ticks := range f[11:13] {
			n, err := strconv.Atoi(ticks)
			b.ok(err)
			all += time.Duration(n) * time.Second / 100
		}
	}
	return all
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

// hashAll lists a folder and reads and hashes every file, as many at once as
// there are processors.
func hashAll(root string) error {
	paths, failed := make(chan string, aheadItems), atomic.Pointer[error]{}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for path := range paths {
				body, err := os.ReadFile(path)
				if err != nil {
					failed.Store(&err)
				}
				_ = sha256.Sum256(body)
			}
		})
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			paths <- path
		}
		return err
	})
	close(paths)
	all.Wait()
	if p := failed.Load(); p != nil {
		return *p
	}
	return err
}
