// Package pgconn opens the Postgres pool as Quarry needs it: vector types
// registered, custom plans, bounded waits.
package pgconn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// Options tunes the pool. The zero value is good for tests and one process.
type Options struct {
	// MaxConns is the most connections held. 0 means 16.
	MaxConns int32
	// StatementTimeout ends any statement that runs longer. 0 means 1 minute;
	// negative means none.
	StatementTimeout time.Duration
	// FixedPlans plans a statement once a connection and not for the values at
	// hand. It saves the planning, a third of a short search's work in Postgres,
	// where statements are written so that one plan fits all values.
	FixedPlans bool
	// Tracer sees every statement. nil: none does.
	Tracer pgx.QueryTracer
}

// Oldest supported versions.
const (
	minServer = 150000
	minVector = "0.8.0"
)

// ErrTooOld is wrapped by Check's errors.
var ErrTooOld = errors.New("not supported")

// Open connects to a migrated database. The caller closes the pool.
func Open(ctx context.Context, dsn string, o Options) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse database URL: %w", err)
	}
	cfg.MaxConns = o.MaxConns
	if cfg.MaxConns == 0 {
		cfg.MaxConns = 16
	}
	timeout := o.StatementTimeout
	if timeout == 0 {
		timeout = time.Minute
	}
	p := cfg.ConnConfig.RuntimeParams
	p["application_name"] = "quarry"
	p["statement_timeout"] = fmt.Sprint(max(timeout, 0).Milliseconds())
	// Partial indexes match only when the planner sees the parameters' values.
	p["plan_cache_mode"] = "force_custom_plan"
	if o.FixedPlans {
		p["plan_cache_mode"] = "force_generic_plan"
		// A plan made while a table is empty must do when it is full.
		p["enable_seqscan"] = "off"
	}
	p["jit"] = "off"
	cfg.ConnConfig.ConnectTimeout = 10 * time.Second
	cfg.ConnConfig.Tracer = o.Tracer
	cfg.ConnConfig.BuildContextWatcherHandler = cancelRequest
	cfg.AfterConnect = pgxvec.RegisterTypes
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("connect to Postgres: %w", err)
	}
	return pool, nil
}

// cancelRequest asks the server to end a statement whose context has ended, so
// that the connection lives on; a server that does not answer within a second
// loses it.
func cancelRequest(conn *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
}

// Check refuses a server that is too old, by name and version, before anything
// is created on it. A server without pgvector at hand is refused as well.
func Check(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	defer conn.Close(ctx)
	var num int
	var version, vector string
	err = conn.QueryRow(ctx, `select current_setting('server_version_num')::int, current_setting('server_version'),
		coalesce((select extversion from pg_extension where extname = 'vector'),
		         (select default_version from pg_available_extensions where name = 'vector'), '')`).Scan(&num, &version, &vector)
	if err != nil {
		return fmt.Errorf("read server version: %w", err)
	}
	return supported(num, version, vector)
}

// supported judges a server by its versions, as a number and for people, and
// that of pgvector, which is empty when there is none.
func supported(num int, version, vector string) error {
	switch {
	case num < minServer:
		return fmt.Errorf("PostgreSQL %s: %w, Quarry needs 15 or newer", version, ErrTooOld)
	case vector == "":
		return fmt.Errorf("PostgreSQL %s without pgvector: %w, install pgvector %s or newer", version, ErrTooOld, minVector)
	case older(vector, minVector):
		return fmt.Errorf("pgvector %s: %w, Quarry needs %s or newer: install that on the server, then run alter extension vector update in this database", vector, ErrTooOld, minVector)
	}
	return nil
}

// older compares dotted versions number by number.
func older(a, b string) bool {
	var x, y [3]int
	fmt.Sscanf(a, "%d.%d.%d", &x[0], &x[1], &x[2])
	fmt.Sscanf(b, "%d.%d.%d", &y[0], &y[1], &y[2])
	for i := range x {
		if x[i] != y[i] {
			return x[i] < y[i]
		}
	}
	return false
}
