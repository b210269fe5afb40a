package torture

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/ingest"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/internal/modeltest"
	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/internal/pgserver"
	"github.com/quarry-rag/quarry/internal/runtime"
	"github.com/quarry-rag/quarry/migrations"
)

var (
	documents     = flag.Int("documents", 60, "files imported")
	workerKills   = flag.Int("worker-kills", 10, "times that a worker is killed")
	postgresKills = flag.Int("postgres-kills", 2, "times that Postgres is killed")
	workers       = flag.Int("workers", 1, "workers at a time")
	seed          = flag.Uint64("seed", 0, "of what happens when; 0: another one each time")
	binary        = flag.String("quarry", "", "binary whose `work` is killed; empty: this test itself, as the only worker of its database")
	bound         = flag.Duration("bound", 3*time.Minute, "time for all of it")
)

// envWorker makes the test binary a worker on the database it names, to be killed.
const envWorker = "QUARRY_TEST_TORTURE_WORKER"

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
	w, err := ingest.NewWorker(pool, source, modeltest.New(&testing.B{}), slog.New(slog.DiscardHandler), ingest.WorkerOptions{Exclusive: true})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// torture is one import and what is done to it.
type torture struct {
	*testing.T
	ctx    context.Context
	r      *rand.Rand
	data   string // Postgres's folder
	dsn    string
	pool   *pgxpool.Pool
	in     *ingest.Ingester
	col    int64
	id     int64 // of the import
	living []*worker
}

// TestKills imports files of every format while workers and Postgres are killed
// at random moments; in the end every document is there once and whole.
func TestKills(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	ctx, cancel := context.WithTimeout(t.Context(), *bound)
	defer cancel()
	x := &torture{T: t, ctx: ctx, r: rand.New(rand.NewPCG(*seed, 1))}
	x.open()
	dir := t.TempDir()
	docs := writeDocuments(t, dir, *documents, x.r)
	m, err := x.in.StartImport(ctx, "docs", ingest.ImportSpec{Paths: []string{dir}})
	x.ok(err)
	x.id = m.ID
	x.kill()
	x.settle()
	x.verify(docs)
}

func (x *torture) ok(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

// open starts a Postgres of its own, durable as in production, and makes a
// collection.
func (x *torture) open() {
	home, err := os.MkdirTemp("", "quarry-torture-")
	x.ok(err)
	x.Cleanup(func() { os.RemoveAll(home) })
	x.ok(os.Chmod(home, 0o755)) // run by root, Postgres is another user
	x.data = filepath.Join(home, "data")
	rt := runtime.At(os.Getenv("QUARRY_TEST_RUNTIME"))
	server, err := pgserver.Start(x.ctx, pgserver.Options{
		Bin: rt.PostgresBin, Data: x.data, Settings: map[string]string{"shared_buffers": "64MB", "max_wal_size": "256MB"},
	})
	x.ok(err)
	x.Cleanup(func() {
		now, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Stop(now)
	})
	x.dsn = server.URL()
	x.ok(migrations.Up(x.ctx, x.dsn))
	x.pool, err = pgconn.Open(x.ctx, x.dsn, pgconn.Options{})
	x.ok(err)
	x.Cleanup(x.pool.Close)
	source, err := ids.Open(x.ctx, x.pool)
	x.ok(err)
	x.in, err = ingest.New(x.pool, source, ingest.Options{})
	x.ok(err)
	c, err := ingest.NewCatalog(x.pool, source, modeltest.New(x).Info()).Create(x.ctx, "docs", "", ingest.Settings{})
	x.ok(err)
	x.col = c.ID
	x.Cleanup(func() {
		for _, w := range x.living {
			w.Process.Kill()
			<-w.ended
		}
	})
}

// worker is a process that may be killed.
type worker struct {
	*exec.Cmd
	ended chan struct{}
}

func (x *torture) launch() *worker {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envWorker+"="+x.dsn)
	if *binary != "" {
		cmd = exec.Command(*binary, "work", "--database-url", x.dsn, "--runtime", os.Getenv("QUARRY_TEST_RUNTIME"))
	}
	x.ok(cmd.Start())
	w := &worker{cmd, make(chan struct{})}
	go func() {
		defer close(w.ended)
		w.Wait()
	}()
	return w
}

func (w *worker) hasEnded() bool {
	select {
	case <-w.ended:
		return true
	default:
		return false
	}
}

// revive starts anew the workers that have ended by themselves, as they do when
// they find no Postgres at their start.
func (x *torture) revive() {
	for i, w := range x.living {
		if w.hasEnded() {
			x.living[i] = x.launch()
		}
	}
}
