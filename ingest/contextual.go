package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// Situater writes what places a chunk in its document, for search: a chat model.
// Safe for concurrent use; it returns by the time ctx ends.
type Situater interface {
	// Situate returns a sentence or two, and the name of the model that wrote them;
	// "" when it would write nothing of use for this chunk however often it is asked.
	// An error is worth another try, later.
	Situate(ctx context.Context, collection string, s Situation) (sentence, model string, err error)
}

// Situation is a chunk with what there is to place it by.
type Situation struct {
	Title       string
	HeadingPath []string
	// Opening is the document's beginning, "" where Before holds it; Before and
	// After are the text around the chunk. All are cut to the bounds below.
	Opening, Before, After string
	Chunk                  string
}

// Bounds of a Situation, in bytes. A whole document for each of its chunks would
// cost the square of its length.
const (
	openingBytes = 1200
	beforeBytes  = 2000
	afterBytes   = 1000
	// maxSentence bounds what is kept of what a model wrote.
	maxSentence = 600
)

// ContextPlan says what is left to be written of a collection's contexts.
type ContextPlan struct {
	// Chunks that can be found, and those that Wait for a context.
	Chunks, Waiting int64
	// TextTokens of documents that a model will read for them all, estimated by the
	// embedding model's tokens for a byte of the collection.
	TextTokens int64
}

const contextPlanSQL = `
select s.chunks, w.waiting,
       (w.bytes * coalesce(w.tokens::float8 / nullif(w.chunk_bytes, 0), 0.25))::bigint
  from collection c
  join collection_stats s using (collection_id)
 cross join lateral (
   select count(*) as waiting, sum(k.tokens) as tokens, sum(k.end_byte - k.start_byte) as chunk_bytes,
          coalesce(sum(least(octet_length(t.body), $2 + k.end_byte - k.start_byte)), 0) as bytes
     from chunk k
     join document d on d.collection_id = k.collection_id and d.document_id = k.document_id
     join document_text t on t.collection_id = d.collection_id and t.document_id = d.document_id and t.version = d.version
     left join chunk_context x on x.collection_id = k.collection_id and x.chunk_id = k.chunk_id
    where k.collection_id = c.collection_id and x.chunk_id is null) w
 where c.name = $1 and c.name not like '~%'`

// ContextPlan reads all chunks that wait, so that it takes a second or so for a
// million. It gives ErrUnknownCollection when there is no such collection.
func (in *Ingester) ContextPlan(ctx context.Context, collection string) (ContextPlan, error) {
	var p ContextPlan
	if !collectionName.MatchString(collection) {
		return p, fmt.Errorf("plan contexts of %q: %w", collection, ErrUnknownCollection)
	}
	err := in.pool.QueryRow(ctx, contextPlanSQL, collection, openingBytes+beforeBytes+afterBytes).
		Scan(&p.Chunks, &p.Waiting, &p.TextTokens)
	return p, orUnknown(err, ErrUnknownCollection, "plan contexts of %q", collection)
}

// Contextualize makes contexts a setting of the collection, on or off. On, a job
// writes those that are missing, now and whenever documents change; off, what is
// written stays until its document changes.
func (in *Ingester) Contextualize(ctx context.Context, collection string, on bool) error {
	if !collectionName.MatchString(collection) {
		return fmt.Errorf("contextualize %q: %w", collection, ErrUnknownCollection)
	}
	err := pgx.BeginFunc(ctx, in.pool, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `update collection set settings = settings || jsonb_build_object('contextual', $2::bool)
			where name = $1 returning collection_id`, collection, on).Scan(&id)
		if err != nil || !on {
			return err
		}
		return in.queue.insert(ctx, tx, contextArgs{CollectionID: id}, 3)
	})
	return orUnknown(err, ErrUnknownCollection, "contextualize %q", collection)
}

// contextArgs: write the contexts that a collection's chunks lack. Its queue is
// worked where there is a chat model.
type contextArgs struct {
	CollectionID int64 `json:"collection_id"`
}

func (contextArgs) Kind() string { return "write_contexts" }

func (contextArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: contextQueue, MaxAttempts: maxAttempts, UniqueOpts: onceAtATime}
}

const contextQueue = "context"

// wantContexts queues the contexts of chunks just written. It is a hint after the
// fact: should it be lost, the next write or start of a worker repeats it.
func (ix *indexer) wantContexts(ctx context.Context, t *target) {
	if !t.settings.contextual() {
		return
	}
	err := pgx.BeginFunc(ctx, ix.pool, func(tx pgx.Tx) error {
		return ix.queue.insert(ctx, tx, contextArgs{t.col}, 3)
	})
	if err != nil {
		ix.log.Warn("queue contexts", "collection_id", t.col, "err", err)
	}
}

// wantAllContexts does so for every collection that has the setting.
func (ix *indexer) wantAllContexts(ctx context.Context) error {
	rows, err := ix.pool.Query(ctx, `select collection_id from collection where settings @> '{"contextual": true}' and name not like '~%'`)
	if err != nil {
		return fmt.Errorf("list contextual collections: %w", err)
	}
	cols, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("list contextual collections: %w", err)
	}
	on := true
	for _, col := range cols {
		ix.wantContexts(ctx, &target{col: col, settings: Settings{Contextual: &on}})
	}
	return nil
}
