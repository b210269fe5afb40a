package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"golang.org/x/sync/semaphore"

	"github.com/quarry-rag/quarry/internal/ids"
	"github.com/quarry-rag/quarry/retrieve/embed"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// A group of documents is embedded and written at a time: enough chunks to keep
// every core embedding, few enough to show progress and to lose little.
const (
	groupChunks    = 128
	groupDocuments = 32
	pageBytes      = 256 << 10 // staged bytes read at a time, over which a group may go
	// Of chunks that need no model a group may hold more: what a transaction
	// costs besides its rows, and the terms that it touches, are then shared.
	groupWritten = 4096
)

// A document of at least largeBytes is a group of its own, and no more than
// largeBudget bytes of such are in memory at once, over all jobs. One takes up to
// hours to embed, so a job is always left to all others, if there is more than one:
// a document for which there is no room now is tried again after roomEvery.
const (
	largeBytes  = 1 << 20
	largeBudget = MaxDocumentBytes
	roomEvery   = 2 * time.Second
)

// indexer turns staged bytes into rows.
type indexer struct {
	pool  *pgxpool.Pool
	ids   *ids.Source
	model embed.Model
	queue *queue
	log   *slog.Logger
	large *semaphore.Weighted
	// largeLeast is the least of largeBudget that a large document takes.
	largeLeast int64
	// unvacuumed counts the chunks written since the last vacuum was asked for.
	unvacuumed atomic.Int64
	// atOnce is how many texts the model's next call gets; 0: no call was made yet.
	atOnce atomic.Int64
	// stopping ends jobs after the group in hand.
	stopping atomic.Bool
}

// newIndexer returns one for so many jobs at once.
func newIndexer(pool *pgxpool.Pool, ids *ids.Source, model embed.Model, log *slog.Logger, jobs int) *indexer {
	return &indexer{
		pool: pool, ids: ids, model: model, queue: newQueue(pool), log: log,
		large: semaphore.NewWeighted(largeBudget), largeLeast: largeBudget / int64(max(jobs-1, 1)),
	}
}

// target is the collection that a job writes to.
type target struct {
	col      int64
	name     string
	space    Space
	settings Settings
	analyzer *lexical.Analyzer
}

// index indexes what is staged of the documents. Documents that another job has
// settled, or that are gone, are left alone; so is a collection that is gone.
// On an error the documents not settled yet stay pending.
func (ix *indexer) index(ctx context.Context, col int64, docs []int64) error {
	t, err := ix.target(ctx, col)
	if errors.Is(err, ErrUnknownCollection) {
		return nil
	}
	if err != nil {
		return err
	}
	claims, err := ix.claims(ctx, col, docs)
	if err != nil {
		return err
	}
	if claims, err = ix.withdraw(ctx, t, claims); err != nil {
		return err
	}
	if err := ix.unindexBefore(ctx, t, claims); err != nil {
		return err
	}
	for len(claims) > 0 {
		if ix.stopping.Load() {
			return river.JobSnooze(0) // the rest is due again at once
		}
		group, rest, err := ix.gather(ctx, t, claims)
		if err == nil {
			err = ix.finish(ctx, t, group)
		}
		group.release()
		if errors.Is(err, ErrUnknownCollection) {
			return nil
		}
		if err != nil {
			return err
		}
		claims = rest
	}
	ix.wantVacuum(ctx, col)
	ix.wantContexts(ctx, t)
	return nil
}

// finish embeds and writes a group.
func (ix *indexer) finish(ctx context.Context, t *target, g *group) error {
	if err := ix.embed(ctx, t, g.docs); err != nil {
		return err
	}
	return ix.settle(ctx, t, g.docs)
}

// report tells people why documents wait: they will be tried again.
func (ix *indexer) report(ctx context.Context, col int64, docs []int64, cause error) {
	reason := tryAgain(cause)
	err := inTx(ctx, ix.pool, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`update document set reason = $3
			where document_id in (select document_id from document
			       where collection_id = $1 and document_id = any($2) and state = 'pending' order by document_id for update)
			  and collection_id = $1`, col, docs, reason)
		b.Queue(`update import set trouble = $3 where collection_id = $1 and state in ('scanning', 'indexing') and import_id in
			(select import_id from document where collection_id = $1 and document_id = any($2) and state = 'pending')`, col, docs, reason)
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		ix.log.Warn("report trouble", "err", err)
	}
}

// reportImport tells people why an import stands still.
func (ix *indexer) reportImport(ctx context.Context, col, id int64, cause error) {
	_, err := ix.pool.Exec(ctx, `update import set trouble = $3
		where collection_id = $1 and import_id = $2 and state in ('scanning', 'indexing')`,
		col, id, tryAgain(cause))
	if err != nil {
		ix.log.Warn("report trouble", "err", err)
	}
}

func tryAgain(cause error) string {
	why := clip(cause.Error(), 500)
	if said, ok := errors.AsType[*pgconn.PgError](cause); ok && said.Code == "53100" { // disk_full
		why = "the database's disk is full"
	}
	return "will be tried again: " + why
}

// target reads the collection and refuses one of another model.
func (ix *indexer) target(ctx context.Context, col int64) (*target, error) {
	rows, err := ix.pool.Query(ctx, selectCollection+` where c.collection_id = $1 and c.name not like '~%'`, col)
	if err != nil {
		return nil, fmt.Errorf("collection %d: %w", col, err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanCollection)
	if err != nil {
		return nil, orUnknown(err, ErrUnknownCollection, "collection %d", col)
	}
	if info := ix.model.Info(); c.Space.Fingerprint != info.Fingerprint || c.Space.Dim != info.Dim {
		return nil, fmt.Errorf("collection %q holds vectors of %s (%d dimensions, fingerprint %s); this worker has %s (%d, %s)",
			c.Name, c.Space.Model, c.Space.Dim, c.Space.Fingerprint, info.Name, info.Dim, info.Fingerprint)
	}
	a, err := lexical.For(c.Settings.language())
	if err != nil {
		return nil, fmt.Errorf("collection %q: %w", c.Name, err)
	}
	return &target{col: col, name: c.Name, space: c.Space, settings: c.Settings, analyzer: a}, nil
}

// group is what is embedded and written together.
type group struct {
	docs []*prepared
	// What its documents hold: chunks that need the model, all chunks, bytes.
	documents, toEmbed, written, bytes int
	release                            func() // gives the memory of a large document back
}

// gather prepares the next group and returns the claims left over.
func (ix *indexer) gather(ctx context.Context, t *target, claims []claim) (*group, []claim, error) {
	g := &group{release: func() {}}
	if c := claims[0]; c.size >= largeBytes {
		room := max(c.size, ix.largeLeast)
		if !ix.large.TryAcquire(room) {
			ix.say(ctx, t, c, waitsForRoom)
			return g, nil, river.JobSnooze(roomEvery)
		}
		ix.say(ctx, t, c, "is being read")
		g.release = func() { ix.large.Release(room) }
		return g, claims[1:], ix.add(ctx, t, g, claims[:1])
	}
	for len(claims) > 0 && !g.full() {
		n := page(claims)
		if n == 0 {
			break // a large one follows
		}
		if err := ix.add(ctx, t, g, claims[:n]); err != nil {
			return g, nil, err
		}
		claims = claims[n:]
	}
	return g, claims, nil
}

// page is how many claims are read at a time.
func page(claims []claim) int {
	var size int64
	for i, c := range claims {
		if size += c.size; c.size >= largeBytes || i == groupDocuments || i > 0 && size > pageBytes {
			return i
		}
	}
	return len(claims)
}

// full reports whether a group is large enough to be embedded and written.
func (g *group) full() bool {
	return g.toEmbed >= groupChunks || g.documents >= groupDocuments && g.toEmbed > 0 ||
		g.written >= groupWritten || g.bytes >= batchBytes
}

// add prepares claims and adds them to the group.
func (ix *indexer) add(ctx context.Context, t *target, g *group, claims []claim) error {
	bodies, err := ix.bodies(ctx, t, claims)
	if err != nil {
		return err
	}
	for _, c := range claims {
		body, ok := bodies[c.id]
		if !ok {
			continue // replaced, settled or deleted meanwhile
		}
		p, err := ix.prepare(ctx, t, c, body)
		if err != nil {
			return err
		}
		g.docs = append(g.docs, p)
		g.documents++
		g.written += len(p.pieces)
		g.bytes += len(p.text)
		for i := range p.pieces {
			if !p.pieces[i].given {
				g.toEmbed++
			}
		}
		for _, a := range p.attachments {
			g.bytes += len(a.Body)
		}
	}
	return nil
}
