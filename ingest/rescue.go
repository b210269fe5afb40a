package ingest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// heartbeat is the time between two signs of life of a worker.
const heartbeat = 2 * time.Second

// active is the set of jobs that this process is at work on.
type active struct {
	mu   sync.Mutex
	jobs map[int64]struct{}
}

func newActive() *active { return &active{jobs: map[int64]struct{}{}} }

// begin adds a job until the function it returns is called.
func (a *active) begin(id int64) (end func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.jobs[id] = struct{}{}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(a.jobs, id)
	}
}

func (a *active) ids() []int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]int64{}, slices.Collect(maps.Keys(a.jobs))...)
}

// keepAlive shows that the worker lives, and takes up the jobs of those that do
// not, until stopped. River by itself would wait for an hour. A job that is
// worked twice because its worker was only slow does no harm.
func (w *Worker) keepAlive(stopped <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-stopped:
			w.leave(ctx)
			return
		case <-tick.C:
			if err := w.pulse(ctx); err != nil {
				w.log.Warn("worker heartbeat", "err", err)
			}
		}
	}
}

func (w *Worker) pulse(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	if err := w.beat(ctx); err != nil {
		return err
	}
	n, err := w.rescue(ctx)
	if n > 0 {
		w.log.Info("took up jobs whose worker died or whose end was lost", "jobs", n)
	}
	return err
}

func (w *Worker) beat(ctx context.Context) error {
	_, err := w.pool.Exec(ctx, `insert into worker (worker_id) values ($1)
		on conflict (worker_id) do update set seen_at = now()`, w.id)
	return err
}

// rescue makes available again the jobs of workers that have not been seen for
// DeadAfter, and those of this one whose end did not reach the database.
func (w *Worker) rescue(ctx context.Context) (int64, error) {
	tag, err := w.pool.Exec(ctx, `
		update river_job j set state = 'available', scheduled_at = now()
		 where j.state = 'running' and j.attempted_at < now() - $1::interval
		   and case when j.attempted_by[cardinality(j.attempted_by)] = $2 then j.id <> all($3)
		            else not exists (select from worker w where w.worker_id = j.attempted_by[cardinality(j.attempted_by)]
		                                and w.seen_at > now() - $1::interval) end`,
		w.o.DeadAfter, w.id, w.active.ids())
	if err != nil {
		return 0, err
	}
	_, err = w.pool.Exec(ctx, `delete from worker where seen_at < now() - interval '1 day'`)
	return tag.RowsAffected(), err
}

// rescueAll makes every running job available, and River's leadership vacant:
// whoever held them is known to be gone.
func (w *Worker) rescueAll(ctx context.Context) error {
	if _, err := w.pool.Exec(ctx, `update river_job set state = 'available', scheduled_at = now() where state = 'running'`); err != nil {
		return err
	}
	_, err := w.pool.Exec(ctx, `delete from river_leader`)
	return err
}

// leave tells the others at once that nothing of this worker is running.
func (w *Worker) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	if _, err := w.pool.Exec(ctx, `delete from worker where worker_id = $1`, w.id); err != nil {
		w.log.Warn("worker leaves", "err", err)
	}
}
