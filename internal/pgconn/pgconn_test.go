package pgconn_test

import (
	"context"
	"testing"
	"time"

	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/internal/pgtest"
)

// A statement that is cancelled ends on the server too, and its connection
// serves the next.
func TestCancelKeepsTheConnection(t *testing.T) {
	pool, err := pgconn.Open(t.Context(), pgtest.New(t), pgconn.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	backend := func() (pid int) {
		t.Helper()
		if err := pool.QueryRow(t.Context(), "select pg_backend_pid()").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := backend()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := pool.Exec(ctx, "select pg_sleep(30)"); err == nil {
		t.Error("the statement was not cancelled")
	}
	if after := backend(); after != before {
		t.Errorf("backend %d after %d", after, before)
	}
}
