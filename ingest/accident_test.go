package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/internal/pgconn"
)

// envWorker makes the test binary a worker on the database it names, to be killed.
const envWorker = "QUARRY_TEST_INGEST_WORKER"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(envWorker); dsn != "" {
		fmt.Fprintln(os.Stderr, workUntilKilled(dsn))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func workUntilKilled(dsn string) error {
	ctx := context.Background()
	pool, err := pgconn.Open(ctx, dsn, pgconn.Options{})
	if err != nil {
		return err
	}
	source, err := ids.Open(ctx, pool)
	if err != nil {
		return err
	}
	w, err := NewWorker(pool, source, modeltest.New(&testing.B{}), slog.Default(), WorkerOptions{Exclusive: true, Situater: &placing{}})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// until polls until the query gives true.
func (b *bench) until(sql string, args ...any) {
	b.t.Helper()
	for {
		var ok bool
		b.ok(b.pool.QueryRow(b.ctx, sql, args...).Scan(&ok))
		if ok {
			return
		}
		if err := sleep(b.ctx, 10*time.Millisecond); err != nil {
			b.t.Fatalf("never true: %s", sql)
		}
	}
}

const settled = `select not exists (select from document where state = 'pending')
	and not exists (select from import where state in ('scanning', 'indexing'))`

func TestKilledWorkersLoseAndDoubleNothing(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	files := map[string]string{}
	for i := range 400 {
		files[fmt.Sprintf("%03d.md", i)] = sections(fmt.Sprint("harbour", i))
	}
	write(t, root, files)
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}, Sync: true})
	b.ok(err)
	for round := range 3 {
		child := exec.CommandContext(b.ctx, os.Args[0])
		child.Env = append(os.Environ(), envWorker+"="+b.pool.Config().ConnString())
		child.Stderr = t.Output()
		b.ok(child.Start())
		b.until(`select count(*) >= $1 from document where state = 'ready'`, 1+20*round)
		b.ok(child.Process.Kill())
		if err := child.Wait(); err == nil {
			t.Fatal("the worker ended by itself")
		}
		b.check()
	}
	if n := b.count(`select count(*) from document where state = 'ready'`); n == 400 {
		t.Fatal("the workers were killed too late to show anything")
	}
	b.work(WorkerOptions{Exclusive: true})
	b.until(settled)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.State != Done || m.Listed != 400 || m.Queued != 400 || m.Indexed != 400 || m.Chunks != 400 {
		t.Errorf("import: %+v", m)
	}
	if n := b.count(`select count(*) from chunk`); n != 400 {
		t.Errorf("%d chunks, want 400", n)
	}
	b.check()
}

func TestJobsOfASilentWorkerAreTakenUp(t *testing.T) {
	b := setUp(t)
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "a", Body: []byte("Some text.")})
	b.ok(err)
	claim := func(worker string) {
		_, err := b.pool.Exec(b.ctx, `update river_job set state = 'running', attempt = 1, attempted_at = now() - interval '1 hour',
			attempted_by = array['x', $1]`, worker)
		b.ok(err)
	}
	w, err := NewWorker(b.pool, b.ids, b.model, slog.New(slog.DiscardHandler), WorkerOptions{})
	b.ok(err)
	seen := func(worker, ago string) {
		_, err := b.pool.Exec(b.ctx, `insert into worker values ($1, now() - $2::interval)`, worker, ago)
		b.ok(err)
	}
	seen("alive", "5 seconds")
	seen("silent", "16 seconds")
	for worker, want := range map[string]int64{"alive": 0, "silent": 1, "unknown": 1, w.id: 1} {
		claim(worker)
		if n, err := w.rescue(b.ctx); err != nil || n != want {
			t.Errorf("jobs of %s worker: %d taken up, want %d: %v", worker, n, want, err)
		}
	}
	claim(w.id)
	end := w.active.begin(int64(b.count(`select id from river_job`)))
	if n, err := w.rescue(b.ctx); err != nil || n != 0 {
		t.Errorf("a job at work is taken up: %d, %v", n, err)
	}
	end()
	claim("silent")
	b.work(WorkerOptions{})
	rec, err := b.in.Wait(b.ctx, "docs", "a")
	b.ok(err)
	if rec.State != Ready {
		t.Errorf("%+v", rec)
	}
}

// TestPoison: a document that kills the process is found out and given up; the
// others of its batch are indexed.
func TestPoison(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	write(t, root, map[string]string{"a.md": "# A", "b.md": "# B"})
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	b.ok(b.in.scan(b.ctx, b.col.ID, m.ID))
	_, err = b.pool.Exec(b.ctx, `update river_job set attempt = 3 where kind = 'index_documents'`)
	b.ok(err)
	stop := b.work(WorkerOptions{})
	b.until(`select count(*) = 2 from river_job where kind = 'index_documents' and priority = 4`)
	b.until(settled)
	stop()
	b.check()
	if n := b.count(`select count(*) from document where state = 'ready'`); n != 2 {
		t.Errorf("%d documents ready, want 2", n)
	}
	_, _, err = b.in.Put(b.ctx, "docs", Document{URI: "c", Body: []byte("text")})
	b.ok(err)
	_, err = b.pool.Exec(b.ctx, `update river_job set attempt = 5 where state = 'available'`)
	b.ok(err)
	b.work(WorkerOptions{})
	rec, err := b.in.Wait(b.ctx, "docs", "c")
	b.ok(err)
	if rec.State != Failed || !strings.Contains(rec.Reason, "died 5 times") {
		t.Errorf("%+v", rec)
	}
	b.check()
}

func TestGuard(t *testing.T) {
	var perm *parse.Error
	err := guard(t.Context(), func(context.Context) error { panic("index out of range") })
	if !errors.As(err, &perm) || !strings.Contains(perm.Reason, "the parser crashed: index out of range") {
		t.Errorf("panic: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := guard(ctx, func(ctx context.Context) error { return ctx.Err() }); errors.As(err, &perm) || err == nil {
		t.Errorf("shutdown is taken for a document's fault: %v", err)
	}
}

func TestStopIsQuickAndLosesNothing(t *testing.T) {
	b, root := setUp(t), t.TempDir()
	files := map[string]string{}
	for i := range 120 {
		files[fmt.Sprintf("%03d.md", i)] = sections(fmt.Sprint("harbour", i))
	}
	write(t, root, files)
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{root}})
	b.ok(err)
	stop := b.work(WorkerOptions{Jobs: 1, Grace: time.Minute})
	b.until(`select exists (select from document where state = 'ready')`)
	stop()
	if n := b.count(`select count(*) from river_job where state not in ('available', 'completed')`); n != 0 {
		t.Errorf("%d jobs are not free to be taken up", n)
	}
	if n := b.count(`select count(*) from document where state = 'pending'`); n == 0 {
		t.Error("stopping waits until everything is indexed")
	}
	b.check()
	b.work(WorkerOptions{})
	b.until(settled)
	m, err = b.in.Import(b.ctx, "docs", m.ID)
	b.ok(err)
	if m.State != Done || m.Indexed != 120 {
		t.Errorf("import: %+v", m)
	}
	b.check()
}

func TestPostgresConnectionsLost(t *testing.T) {
	b := setUp(t)
	b.work(WorkerOptions{})
	b.put("a.md", sections("harbour"))
	_, _, err := b.in.Put(b.ctx, "docs", Document{URI: "b.md", Body: []byte(sections("lantern", "anchor", "rope", "sail"))})
	b.ok(err)
	admin, err := pgx.Connect(b.ctx, b.pool.Config().ConnString())
	b.ok(err)
	defer admin.Close(b.ctx)
	if _, err := admin.Exec(b.ctx, `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	b.pool.Reset()
	b.until(settled)
	if rec := b.put("c.md", sections("mast")); rec.State != Ready {
		t.Errorf("after the accident: %+v", rec)
	}
	b.check()
}
