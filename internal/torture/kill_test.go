package torture

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/ingest"
)

// kill kills what lives until all kills are done.
func (x *torture) kill() {
	for range *workers {
		x.living = append(x.living, x.launch())
	}
	killed, postgres, busy := 0, 0, 0
	for killed < *workerKills {
		victim := x.r.IntN(len(x.living))
		x.pause(victim, float64(killed)/float64(*workerKills))
		if m, err := x.progress(); err != nil || !m.Ended() {
			busy++
		}
		if postgres < *postgresKills && x.r.IntN(*workerKills-killed) < *postgresKills-postgres {
			x.killPostgres()
			postgres++
			continue
		}
		x.living[victim].Process.Kill()
		<-x.living[victim].ended
		x.living[victim] = x.launch()
		killed++
	}
	m, err := x.progress()
	x.Logf("killed %d workers, Postgres %d times, at %d moments with work to do; then %d of %d documents were settled (%v)",
		killed, postgres, busy, m.Indexed+m.Failed, *documents+broken, err)
	if busy < *workerKills/2 {
		x.Errorf("there was work to do at %d of the kills only", busy)
	}
}

// pause waits for a random time, mostly from when the victim is at work, and
// while less of the import is done than of the kills two seconds for more.
func (x *torture) pause(victim int, done float64) {
	const tick = 20 * time.Millisecond
	if x.r.IntN(8) > 0 {
		for !x.atWork(victim) {
			x.wait(tick)
		}
	}
	for range 2 * time.Second / tick {
		if m, err := x.progress(); err == nil && float64(m.Indexed+m.Failed) >= done*float64(*documents+broken) {
			break
		}
		x.wait(tick)
	}
	x.wait(time.Duration(x.r.Int64N(int64(400 * time.Millisecond))))
}

func (x *torture) wait(d time.Duration) {
	select {
	case <-x.ctx.Done():
		x.Fatal("out of time")
	case <-time.After(d):
	}
}

// atWork reports whether a worker has shown that it lives.
func (x *torture) atWork(i int) (yes bool) {
	x.revive()
	ctx, cancel := context.WithTimeout(x.ctx, 300*time.Millisecond)
	defer cancel()
	err := x.pool.QueryRow(ctx, `select exists (select from worker where worker_id like $1)`, fmt.Sprintf("%d-%%", x.living[i].Process.Pid)).Scan(&yes)
	return err == nil && yes
}

// progress is given little time: Postgres may just have been killed.
func (x *torture) progress() (ingest.Import, error) {
	ctx, cancel := context.WithTimeout(x.ctx, 300*time.Millisecond)
	defer cancel()
	return x.in.Import(ctx, "docs", x.id)
}

func (x *torture) killPostgres() {
	b, err := os.ReadFile(filepath.Join(x.data, "pgdata", "postmaster.pid"))
	if err != nil {
		return // it is just coming up again
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	x.ok(err)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		x.Logf("kill Postgres: %v", err)
	}
}

// settle waits until the import and what came with its documents are done.
func (x *torture) settle() {
	began := time.Now()
	for {
		var busy bool
		err := x.pool.QueryRow(x.ctx, `select exists (select from document where state = 'pending')
			or exists (select from import where state in ('scanning', 'indexing'))
			or exists (select from river_job where kind in ('scan_import', 'index_documents')
			           and state not in ('completed', 'cancelled', 'discarded'))`).Scan(&busy)
		if err == nil && !busy {
			break
		}
		if x.ctx.Err() != nil {
			x.stuck()
		}
		x.revive()
		time.Sleep(50 * time.Millisecond) // what was killed tells nobody
	}
	x.Logf("settled %s after the last kill", time.Since(began).Round(100*time.Millisecond))
}

// stuck says what the jobs that have not ended wait for.
func (x *torture) stuck() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := x.pool.Query(ctx, `
		select format('job %s %s is %s: attempt %s, %s errors, last %s; due in %s, documents %s, attempted by %s', id, kind, state, attempt,
		              cardinality(errors), errors[cardinality(errors)] ->> 'error', scheduled_at - now(), args ->> 'document_ids', attempted_by)
		  from river_job where state not in ('completed', 'cancelled', 'discarded')`)
	x.ok(err)
	jobs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	x.ok(err)
	m, err := x.in.Import(ctx, "docs", x.id)
	x.Fatalf("out of time: %+v, %v\n%s", m, err, strings.Join(jobs, "\n"))
}

func (x *torture) verify(docs []document) {
	m, err := x.in.Import(x.ctx, "docs", x.id)
	x.ok(err)
	n := int64(len(docs))
	if m.State != ingest.Done || m.Listed != n+broken || m.Queued != n+broken || m.Indexed != n || m.Failed != broken {
		x.Errorf("import: %+v", m)
	}
	problems, err := ingest.Check(x.ctx, x.pool, x.col)
	x.ok(err)
	for _, p := range problems {
		x.Errorf("check: %s", p)
	}
	for _, d := range docs {
		var times int
		var whole bool
		err := x.pool.QueryRow(x.ctx, `
			select count(*), coalesce(bool_and(d.state = 'ready' and position(convert_to($2, 'UTF8') in t.body) > 0
			                               and position(convert_to($3, 'UTF8') in t.body) > 0), false)
			  from document d left join document_text t using (collection_id, document_id, version) where d.uri = $1`,
			"file://"+d.path, d.first, d.last).Scan(&times, &whole)
		x.ok(err)
		if times != 1 || !whole {
			x.Errorf("%s: there %d times, whole: %v", d.path, times, whole)
		}
	}
}
