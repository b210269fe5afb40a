package ingest

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Kinds of jobs. Their arguments are ids only: what to do is in the rows, which
// may have changed since the job was queued.
type (
	// indexArgs: index what is staged of these documents.
	indexArgs struct {
		CollectionID int64   `json:"collection_id"`
		DocumentIDs  []int64 `json:"document_ids"`
	}
	// scanArgs: list an import's files and accept the changed ones.
	scanArgs struct {
		CollectionID int64 `json:"collection_id"`
		ImportID     int64 `json:"import_id"`
	}
	// hnswArgs: give a large space its HNSW index.
	hnswArgs struct {
		CollectionID int64 `json:"collection_id"`
		SpaceID      int64 `json:"space_id"`
	}
	// vacuumArgs: vacuum the tables that a load has grown.
	vacuumArgs struct{}
	// pruneArgs: delete the texts that have been replaced for long enough.
	pruneArgs struct{}
	// dropArgs: remove a deleted collection's rows.
	dropArgs struct {
		CollectionID int64 `json:"collection_id"`
	}
)

func (indexArgs) Kind() string  { return "index_documents" }
func (scanArgs) Kind() string   { return "scan_import" }
func (hnswArgs) Kind() string   { return "build_hnsw" }
func (vacuumArgs) Kind() string { return "vacuum" }
func (pruneArgs) Kind() string  { return "prune_versions" }
func (dropArgs) Kind() string   { return "drop_collection" }

// maxAttempts is as good as none: a job ends when its work is done. What cannot
// be done is settled in the rows and ends the job too.
const maxAttempts = 32767

// Scans wait for room and index builds take minutes, so neither may hold up
// indexing: each kind has a queue of its own.
func (indexArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "index", MaxAttempts: maxAttempts}
}

func (scanArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "scan", MaxAttempts: maxAttempts}
}

func (hnswArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "upkeep", MaxAttempts: maxAttempts, UniqueOpts: onceAtATime}
}

func (vacuumArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "upkeep", MaxAttempts: 3, UniqueOpts: onceAtATime}
}

func (pruneArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "upkeep", MaxAttempts: 3, UniqueOpts: onceAtATime}
}

func (dropArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: "upkeep", MaxAttempts: maxAttempts}
}

// queue puts jobs in line, in the transaction that makes them needed.
type queue struct{ client *river.Client[pgx.Tx] }

func newQueue(pool *pgxpool.Pool) *queue {
	c, err := river.NewClient(riverpgxv5.New(pool), &river.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil { // cannot be: an insert-only client has nothing to get wrong
		panic(err)
	}
	return &queue{client: c}
}

// Priorities of index jobs: what waits for no more than itself goes first.
const (
	byHand    = 1 // documents put or retried one by one
	early     = 2 // the first documents of an import, and attachments
	bulk      = 3 // what an import brings after those
	suspected = 4 // documents under one of which a worker has died

	// smallImport is how many documents an import brings before it is a bulk load.
	smallImport = 256
)

// insert queues a job. Priority 1 is the most urgent, 4 the least.
func (q *queue) insert(ctx context.Context, tx pgx.Tx, args river.JobArgs, priority int) error {
	if _, err := q.client.InsertTx(ctx, tx, args, &river.InsertOpts{Priority: priority}); err != nil {
		return fmt.Errorf("queue %s: %w", args.Kind(), err)
	}
	return nil
}
