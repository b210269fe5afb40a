package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/internal/pgconn"
	"github.com/quarry-rag/quarry/retrieve"
	"github.com/quarry-rag/quarry/retrieve/embed"
)

// floor is what a search cannot do without: the embedding of the query and the
// statements of the two legs, run by this process on the same Postgres without
// anything around them.
type floor struct {
	model embed.Model
	pool  *pgxpool.Pool
	asked []asked
}

// asked is a query with the statements that a search of it sends, each leg's in one
// round trip.
type asked struct {
	text           string
	dense, lexical *pgx.Batch
}

// newFloor searches each query once and takes down the statements of its legs.
func newFloor(ctx context.Context, url, collection string, model embed.Model, queries []string) (*floor, error) {
	rec := &recorder{}
	watched, err := pgconn.Open(ctx, url, pgconn.Options{MaxConns: 4, FixedPlans: true, Tracer: rec})
	if err != nil {
		return nil, err
	}
	defer watched.Close()
	f := &floor{model: model}
	for _, q := range queries {
		a := asked{text: q}
		// One that has searched before reads terms together with the collection.
		s := retrieve.New(watched, model, retrieve.Options{})
		for _, leg := range []struct {
			legs  retrieve.Legs
			marks []string
			into  **pgx.Batch
		}{{retrieve.Dense, []string{"<=>"}, &a.dense}, {retrieve.Lexical, []string{"from term where", "posting"}, &a.lexical}} {
			rec.begin(leg.marks)
			if _, err := s.Search(ctx, retrieve.Query{Collection: collection, Text: q, Legs: leg.legs, Unrestricted: true}); err != nil {
				return nil, err
			}
			*leg.into = rec.seen()
		}
		f.asked = append(f.asked, a)
	}
	f.pool, err = pgconn.Open(ctx, url, pgconn.Options{FixedPlans: true})
	return f, err
}

func (f *floor) close() { f.pool.Close() }

// load runs every query, so many at a time: embedding then vectors, and words
// beside them. It returns what each took and the time of all.
func (f *floor) load(ctx context.Context, clients int) ([]time.Duration, time.Duration, error) {
	var mu sync.Mutex
	var took []time.Duration
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(clients)
	began := time.Now()
	for _, a := range f.asked {
		g.Go(func() error {
			began := time.Now()
			err := f.one(ctx, a)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(began))
			return err
		})
	}
	err := g.Wait()
	return took, time.Since(began), err
}

func (f *floor) one(ctx context.Context, a asked) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return f.send(ctx, a.lexical) })
	g.Go(func() error {
		if _, err := f.model.Embed(ctx, []string{a.text}); err != nil {
			return err
		}
		return f.send(ctx, a.dense)
	})
	return g.Wait()
}

// inTurn runs every query alone, its embedding and each leg after the one before,
// and returns what they took together.
func (f *floor) inTurn(ctx context.Context) ([]time.Duration, error) {
	took := make([]time.Duration, 0, len(f.asked))
	for _, a := range f.asked {
		began := time.Now()
		_, err := f.model.Embed(ctx, []string{a.text})
		if err == nil {
			err = f.send(ctx, a.dense)
		}
		if err == nil {
			err = f.send(ctx, a.lexical)
		}
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// send runs statements and reads what they give.
func (f *floor) send(ctx context.Context, statements *pgx.Batch) error {
	if statements == nil {
		return nil // nothing to look for
	}
	batch := &pgx.Batch{}
	for _, q := range statements.QueuedQueries {
		batch.Queue(q.SQL, q.Arguments...).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				if _, err := rows.Values(); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	}
	if err := f.pool.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("bare statement: %w", err)
	}
	return nil
}

// recorder takes down the statements of a search, as a tracer of the pool.
type recorder struct {
	mu    sync.Mutex
	marks []string // not yet seen
	got   *pgx.Batch
}

// begin looks for the first statement, or batch, that contains each of the marks.
func (r *recorder) begin(marks []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.marks, r.got = marks, nil
}

// seen are the statements found; nil when there was nothing to look for.
func (r *recorder) seen() *pgx.Batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

func (r *recorder) see(statements ...*pgx.QueuedQuery) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, mark := range r.marks {
		if !slices.ContainsFunc(statements, func(q *pgx.QueuedQuery) bool { return strings.Contains(q.SQL, mark) }) {
			continue
		}
		r.marks = slices.Delete(slices.Clone(r.marks), i, i+1)
		if r.got == nil {
			r.got = &pgx.Batch{}
		}
		for _, q := range statements {
			r.got.Queue(q.SQL, q.Arguments...)
		}
		return
	}
}

// TraceQueryStart implements pgx.QueryTracer.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.see(&pgx.QueuedQuery{SQL: q.SQL, Arguments: q.Args})
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	r.see(b.Batch.QueuedQueries...)
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
