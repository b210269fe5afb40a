package ingest

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Postgres that goes away while a worker starts, at whichever step, delays the
// worker and does not end it.
func TestWorkerStartsAnewWhenPostgresIsBack(t *testing.T) {
	b := setUp(t)
	for lost := range int64(8) {
		var taken atomic.Int64
		config := b.pool.Config()
		config.PrepareConn = func(context.Context, *pgx.Conn) (bool, error) {
			if taken.Add(1) == lost+1 {
				return false, &net.OpError{Op: "write", Net: "unix", Err: syscall.EPIPE}
			}
			return true, nil
		}
		pool, err := pgxpool.NewWithConfig(b.ctx, config)
		b.ok(err)
		w, err := NewWorker(pool, b.ids, b.model, slog.New(slog.DiscardHandler), WorkerOptions{Exclusive: true})
		b.ok(err)
		ctx, cancel := context.WithCancel(b.ctx)
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		rec := b.put("mem:"+string(rune('a'+lost)), "The harbour froze.")
		cancel()
		if err := <-ended; err != nil || rec.State != Ready {
			t.Errorf("connection %d lost: %v, document %v", lost+1, err, rec.State)
		}
		pool.Close()
	}
}

// What Postgres itself refuses does not heal by waiting.
func TestWorkerStartReportsWhatPostgresRefuses(t *testing.T) {
	b := setUp(t)
	_, err := b.pool.Exec(b.ctx, `drop table worker cascade`)
	b.ok(err)
	w, err := NewWorker(b.pool, b.ids, b.model, slog.New(slog.DiscardHandler), WorkerOptions{})
	b.ok(err)
	if err := w.Run(b.ctx); err == nil {
		t.Error("a worker without its table runs")
	}
}
