package ingest

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type tr struct {
	mu  sync.Mutex
	sum map[string]time.Duration
	n   map[string]int
}
type tk struct{}
type tv struct {
	sql string
	at  time.Time
}

func (t *tr) add(ctx context.Context) {
	v, ok := ctx.Value(tk{}).(tv)
	if !ok {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sum[v.sql] += time.Since(v.at)
	t.n[v.sql]++
}
func key(s string) string { return strings.Join(strings.Fields(s), " ") }
func (t *tr) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, tk{}, tv{key(d.SQL), time.Now()})
}
func (t *tr) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) { t.add(ctx) }
func (t *tr) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	return context.WithValue(ctx, tk{}, tv{"BATCH " + key(d.Batch.QueuedQueries[0].SQL), time.Now()})
}
func (t *tr) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, d pgx.TraceBatchQueryData) {}
func (t *tr) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData)        { t.add(ctx) }
func (t *tr) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceCopyFromStartData) context.Context {
	return context.WithValue(ctx, tk{}, tv{"COPY " + d.TableName.Sanitize(), time.Now()})
}
func (t *tr) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceCopyFromEndData) {
	t.add(ctx)
}

func TestTrace(t *testing.T) {
	b := setUp(t)
	cfg := b.pool.Config().Copy()
	tracer := &tr{sum: map[string]time.Duration{}, n: map[string]int{}}
	cfg.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(b.ctx, cfg)
	b.ok(err)
	defer pool.Close()
	b.pool = pool
	b.in, err = New(b.pool, b.ids, Options{})
	b.ok(err)
	path := t.TempDir() + "/records.jsonl"
	writeRecords(t, path, 3000)
	stop := b.work(WorkerOptions{})
	begun := time.Now()
	m, err := b.in.StartImport(b.ctx, "docs", ImportSpec{Paths: []string{path}, Records: true})
	b.ok(err)
	for m, err = range b.in.WatchImport(b.ctx, "docs", m.ID) {
		b.ok(err)
	}
	took := time.Since(begun)
	stop()
	bare := b.bareCopy()
	fmt.Printf("took %v bare %v ratio %.2f\n", took, bare, bare.Seconds()/took.Seconds())
	var keys []string
	for k := range tracer.sum {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return tracer.sum[keys[i]] > tracer.sum[keys[j]] })
	for _, k := range keys[:min(16, len(keys))] {
		fmt.Printf("%8.0fms %6d  %.140s\n", tracer.sum[k].Seconds()*1000, tracer.n[k], k)
	}
}
