package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/internal/pgserver"
	"github.com/quarry-rag/quarry/internal/runtime"
	pb "github.com/quarry-rag/quarry/proto/quarry/v1"
)

// loadDocs asks for the loading of given vectors alone, at full length.
var loadDocs = flag.Int("load", 0, "documents of 2 kB to load with their vectors, beside a bare COPY and other stores; nothing else is measured")

// loadShort is how many documents are loaded in the course of a whole run.
const loadShort = 5_000

// load measures loading documents with given vectors. It has a server of its
// own: Quarry, the bare COPY and the other stores write to one Postgres, set up
// as Quarry sets its own up.
type load struct {
	b    *bench
	n    int
	dir  string
	file string // the documents, as records
	pg   *pgserver.Server
	conn *pgx.Conn
	s    *server
}

// loads runs the measurement of n documents, beside peers too when there is a
// Python environment for them.
func (b *bench) loads(ctx context.Context, n int, peers bool) (err error) {
	l := &load{b: b, n: n, dir: filepath.Join(b.home, "load")}
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return err
	}
	l.file = filepath.Join(l.dir, "records.jsonl")
	if err := writeRecords(l.file, n, b.model.Info().Dim); err != nil {
		return err
	}
	if err := l.open(ctx); err != nil {
		return err
	}
	defer l.close()
	r, err := l.quarry(ctx, "load", l.file, n)
	if err != nil {
		return err
	}
	if err := l.quiet(ctx); err != nil {
		return err
	}
	bare, err := l.bareCopy(ctx)
	if err != nil {
		return err
	}
	if err := l.report(ctx, r, bare); err != nil {
		return err
	}
	if !peers {
		return nil
	}
	return l.peers(ctx)
}

// open starts Postgres and a `quarry up` on it.
func (l *load) open(ctx context.Context) (err error) {
	l.pg, err = pgserver.Start(ctx, pgserver.Options{Bin: runtime.At(l.b.o.runtime).PostgresBin, Data: filepath.Join(l.dir, "data")})
	if err != nil {
		return err
	}
	if l.conn, err = pgx.Connect(ctx, l.pg.URL()); err != nil {
		return err
	}
	// Its child finds the database there.
	if err := os.Setenv("QUARRY_DATABASE_URL", l.pg.URL()); err != nil {
		return err
	}
	l.s, err = start(ctx, l.b.o, l.dir)
	return err
}

func (l *load) close() {
	os.Unsetenv("QUARRY_DATABASE_URL")
	if l.s != nil {
		l.s.stop()
	}
	if l.conn != nil {
		l.conn.Close(context.Background())
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	l.pg.Stop(ctx)
	os.RemoveAll(l.dir)
}

// loadResult is what Quarry did.
type loadResult struct {
	took        time.Duration
	first, last time.Duration // of the first and last tenth of the documents
	peakMB      float64
}

// quarry imports n records into a new collection and follows the import.
func (l *load) quarry(ctx context.Context, collection, file string, n int) (r loadResult, err error) {
	if _, err := l.s.collections().CreateCollection(ctx, &pb.CreateCollectionRequest{Name: collection}); err != nil {
		return r, err
	}
	began := time.Now()
	m, err := l.s.ingest().StartImport(ctx, &pb.StartImportRequest{Collection: collection, Paths: []string{file}, Records: true})
	if err != nil {
		return r, err
	}
	watch, err := l.s.ingest().WatchImport(ctx, &pb.WatchImportRequest{Collection: collection, Id: m.Import.Id})
	if err != nil {
		return r, err
	}
	var p passing
	for {
		u, err := watch.Recv()
		if err != nil {
			return r, fmt.Errorf("watch import: %w", err)
		}
		p.note(time.Since(began), u.Import.Indexed)
		if u.Import.FinishedAt == nil {
			continue
		}
		if u.Import.Indexed != int64(n) {
			return r, fmt.Errorf("import: %d of %d documents indexed; %s", u.Import.Indexed, n, u.Import.Error)
		}
		break
	}
	r.took, r.first, r.last = p.at[len(p.at)-1], p.reach(n/10), p.at[len(p.at)-1]-p.reach(n-n/10)
	r.peakMB, err = l.s.peakMB()
	return r, err
}

// quiet waits until Quarry does nothing more in the background: it builds HNSW and
// vacuums after a load, which would slow what is measured next.
func (l *load) quiet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		var jobs int
		err := l.conn.QueryRow(ctx, `select count(*) from river_job where finalized_at is null and scheduled_at <= now()`).Scan(&jobs)
		if err != nil || jobs == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// passing notes when how many documents were done.
type passing struct {
	at   []time.Duration
	done []int64
}

func (p *passing) note(at time.Duration, done int64) {
	p.at, p.done = append(p.at, at), append(p.done, done)
}

// reach is when n documents were done, between two notes in proportion.
func (p *passing) reach(n int) time.Duration {
	for i, d := range p.done {
		if d < int64(n) {
			continue
		}
		if i == 0 || d == p.done[i-1] {
			return p.at[i]
		}
		share := float64(int64(n)-p.done[i-1]) / float64(d-p.done[i-1])
		return p.at[i-1] + time.Duration(share*float64(p.at[i]-p.at[i-1]))
	}
	return p.at[len(p.at)-1]
}
