package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/quarry-rag/quarry/ingest/parse"
	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// WorkerOptions tunes a Worker. The zero value is good.
type WorkerOptions struct {
	// Jobs is how many batches are indexed at once. 0 means 3: one is parsed
	// and another written while a third is embedded.
	Jobs int
	// Grace is how long running jobs may go on after Run's context has ended.
	// 0 means 10 seconds.
	Grace time.Duration
	// Exclusive says that no other process works on this database, so that jobs
	// marked as running when Run begins are taken up at once.
	Exclusive bool
	// DeadAfter is how long a worker may be silent before its jobs are given to
	// others. 0 means 15 seconds. At least four times heartbeat.
	DeadAfter time.Duration
	// Situater writes the contexts of collections that have that setting. nil:
	// their jobs are left to other workers.
	Situater Situater
	// TokensPerMinute is what the server of a remote embedding model lets through,
	// all workers together, as embed.OpenAI estimates them. 0: what it says when it
	// is asked too much.
	TokensPerMinute int
}

// Worker scans sources and indexes documents, for every Ingester on its database.
type Worker struct {
	pool *pgxpool.Pool
	// notices has the connection that River listens on.
	notices *pgxpool.Pool
	log     *slog.Logger
	o       WorkerOptions
	id      string
	client  *river.Client[pgx.Tx]
	ix      *indexer
	in      *Ingester
	active  *active
	run     context.Context // Run's
}

// NewWorker returns a Worker that embeds with model. It keeps up to Jobs + 8 of
// pool's connections busy.
func NewWorker(pool *pgxpool.Pool, ids *ids.Source, model embed.Model, log *slog.Logger, o WorkerOptions) (*Worker, error) {
	if o.TokensPerMinute < 0 || o.Jobs < 0 || o.Grace < 0 || o.DeadAfter < 0 || o.DeadAfter > 0 && o.DeadAfter < 4*heartbeat {
		return nil, fmt.Errorf("ingest: worker options out of range: %+v", o)
	}
	if o.Jobs == 0 {
		o.Jobs = 3
	}
	if o.Grace == 0 {
		o.Grace = 10 * time.Second
	}
	if o.DeadAfter == 0 {
		o.DeadAfter = 15 * time.Second
	}
	if remote, ok := model.(*embed.OpenAI); ok {
		model = remote.Paced(&pacer{pool: pool, server: remote.Server(), perMinute: o.TokensPerMinute})
	}
	in, err := New(pool, ids, Options{})
	if err != nil {
		return nil, err
	}
	w := &Worker{
		pool: pool, log: log, o: o, in: in, id: fmt.Sprintf("%d-%d", os.Getpid(), ids.Next()),
		ix: newIndexer(pool, ids, model, log, o.Jobs), active: newActive(),
	}
	driver, notices, err := newListening(pool)
	if err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	w.notices = notices
	w.client, err = river.NewClient(driver, w.riverConfig())
	if err != nil {
		notices.Close()
		return nil, fmt.Errorf("ingest: %w", err)
	}
	return w, nil
}

func (w *Worker) riverConfig() *river.Config {
	jobs := river.NewWorkers()
	river.AddWorker(jobs, &work[indexArgs]{w: w, do: w.index, grace: true})
	river.AddWorker(jobs, &work[scanArgs]{w: w, do: w.scan})
	river.AddWorker(jobs, &work[hnswArgs]{w: w, do: untilDone(w.pool, func(ctx context.Context, a hnswArgs) error {
		return w.ix.buildHNSW(ctx, a.CollectionID, a.SpaceID)
	}, hnswLacks)})
	river.AddWorker(jobs, &work[vacuumArgs]{w: w, do: func(ctx context.Context, _ *river.Job[vacuumArgs]) error {
		return w.ix.vacuum(ctx)
	}})
	river.AddWorker(jobs, &work[pruneArgs]{w: w, do: func(ctx context.Context, _ *river.Job[pruneArgs]) error {
		return w.ix.prune(ctx)
	}})
	river.AddWorker(jobs, &work[dropArgs]{w: w, do: func(ctx context.Context, j *river.Job[dropArgs]) error {
		return w.ix.drop(ctx, j.Args.CollectionID)
	}})
	queues := map[string]river.QueueConfig{
		"index": {MaxWorkers: w.o.Jobs}, "scan": {MaxWorkers: 4}, "upkeep": {MaxWorkers: 2},
	}
	if w.o.Situater != nil {
		river.AddWorker(jobs, &work[contextArgs]{w: w, do: untilDone(w.pool, func(ctx context.Context, a contextArgs) error {
			return w.ix.writeContexts(ctx, w.o.Situater, a.CollectionID)
		}, contextsWait)})
		queues[contextQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	return &river.Config{
		ID:      w.id,
		Logger:  w.log,
		Workers: jobs,
		Queues:  queues,

		PeriodicJobs:                periodic(),
		FetchCooldown:               25 * time.Millisecond,
		FetchPollInterval:           500 * time.Millisecond,
		CompletedJobRetentionPeriod: time.Hour,
		JobTimeout:                  -1, // each step has a limit of its own
		SoftStopTimeout:             w.o.Grace,
	}
}

// Run works until ctx ends; then it claims nothing more, lets running jobs
// finish within Grace, interrupts the rest, which are done again later, and
// returns nil. It outlasts a Postgres that goes away, also while it starts. Call
// it once.
func (w *Worker) Run(ctx context.Context) error {
	w.run = ctx
	defer w.notices.Close()
	defer context.AfterFunc(ctx, func() { w.ix.stopping.Store(true) })()
	if err := w.startPatiently(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // asked to stop before it had begun
		}
		return fmt.Errorf("start worker: %w", err)
	}
	w.keepAlive(w.client.Stopped())
	return nil
}

// startPatiently starts, and starts anew for as long as Postgres is away.
func (w *Worker) startPatiently(ctx context.Context) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := w.start(ctx)
		if err == nil || !away(err) {
			return err
		}
		if ctx.Err() == nil {
			w.log.WarnContext(ctx, "start worker", "err", err, "again_in", wait)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// away reports whether err is that Postgres cannot be reached, is starting or is
// shutting down, rather than its answer to a statement.
func away(err error) bool {
	said, ok := errors.AsType[*pgconn.PgError](err)
	return !ok || strings.HasPrefix(said.Code, "57P") || strings.HasPrefix(said.Code, "08")
}

func (w *Worker) start(ctx context.Context) error {
	if err := w.beat(ctx); err != nil {
		return err
	}
	if w.o.Exclusive {
		if err := w.rescueAll(ctx); err != nil {
			return err
		}
	}
	if err := w.ix.wantAllHNSW(ctx); err != nil {
		return err
	}
	if err := w.ix.wantAllContexts(ctx); err != nil {
		return err
	}
	return w.client.Start(ctx)
}

// index is the work of an index job. A document that makes the process die
// leaves no error behind, only an attempt: after a few of those the batch is
// split, and a document that is alone is given up.
func (w *Worker) index(ctx context.Context, j *river.Job[indexArgs]) error {
	col, docs := j.Args.CollectionID, j.Args.DocumentIDs
	deaths := j.Attempt - 1 - len(j.Errors)
	switch {
	case len(docs) > 1 && deaths >= 3:
		return w.ix.split(ctx, col, docs)
	case len(docs) == 1 && deaths >= 5:
		return w.ix.giveUp(ctx, col, docs[0], deaths)
	}
	err := w.ix.index(ctx, col, docs)
	if len(docs) > 1 && errors.Is(err, parse.ErrStarved) {
		return w.ix.split(ctx, col, docs) // the others need not wait for the one
	}
	if failed(ctx, err) {
		w.ix.report(ctx, col, docs, err)
	}
	return err
}

// scan is the work of a scan job.
func (w *Worker) scan(ctx context.Context, j *river.Job[scanArgs]) error {
	err := w.in.scan(ctx, j.Args.CollectionID, j.Args.ImportID)
	if failed(ctx, err) {
		w.ix.reportImport(ctx, j.Args.CollectionID, j.Args.ImportID, err)
	}
	return err
}

// failed reports whether err is a job's failure, which another try may heal,
// rather than that it was interrupted or put off.
func failed(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.As(err, new(*river.JobSnoozeError))
}

// work adapts a function to River.
type work[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	w  *Worker
	do func(context.Context, *river.Job[T]) error
	// grace lets the job end by itself when the worker stops; others are
	// interrupted at once, being long and safe to start over.
	grace bool
}

func (k *work[T]) Work(ctx context.Context, j *river.Job[T]) error {
	defer k.w.active.begin(j.ID)()
	if !k.grace {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(k.w.run, cancel)()
	}
	err := k.do(ctx, j)
	if failed(ctx, err) {
		k.w.log.WarnContext(ctx, "a job failed; it will be tried again", "kind", j.Kind, "err", err)
	}
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*river.JobSnoozeError)) {
		return river.JobSnooze(0) // interrupted by shutdown: due again at once
	}
	return err
}

// Timeout is none: a scan or an index build takes as long as it takes.
func (k *work[T]) Timeout(*river.Job[T]) time.Duration { return -1 }

// NextRetry waits 1, 2, 4, … seconds, at most 5 minutes, give or take a fifth.
func (k *work[T]) NextRetry(j *river.Job[T]) time.Time {
	d := min(time.Second<<min(len(j.Errors), 20), 5*time.Minute)
	return time.Now().Add(d*4/5 + rand.N(d*2/5))
}
