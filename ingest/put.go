package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/internal/ids"
)

// Options of an Ingester. The zero value is good.
type Options struct {
	// MaxQueued is the most documents of a collection that may wait to be
	// indexed; more are refused with ErrBusy. 0 means 100,000.
	MaxQueued int
	// MaxQueuedBytes likewise bounds their size. 0 means 2 GiB.
	MaxQueuedBytes int64
	// Sources says how imports reach what is not on this machine's disk.
	Sources Sources
}

// Ingester accepts documents. What it has accepted is safe, and is indexed by
// the Workers on the same database. Safe for concurrent use.
type Ingester struct {
	pool  *pgxpool.Pool
	ids   *ids.Source
	o     Options
	queue *queue

	mu      sync.Mutex
	backlog map[int64]backlog // by collection
}

// New returns an Ingester that works on pool.
func New(pool *pgxpool.Pool, ids *ids.Source, o Options) (*Ingester, error) {
	if o.MaxQueued < 0 || o.MaxQueuedBytes < 0 {
		return nil, errors.New("ingest: MaxQueued and MaxQueuedBytes must not be negative")
	}
	if o.MaxQueued == 0 {
		o.MaxQueued = 100_000
	}
	if o.MaxQueuedBytes == 0 {
		o.MaxQueuedBytes = 2 << 30
	}
	return &Ingester{pool: pool, ids: ids, o: o, queue: newQueue(pool), backlog: map[int64]backlog{}}, nil
}

// Put stores the document and returns once it is safe; it can be found when its
// state is Ready. Equal content under the same URI is not indexed again, then
// changed is false; new metadata and principals apply at once either way.
// Equal content that failed before is tried again.
//
// Errors: *Invalid, ErrUnknownCollection, ErrBusy.
func (in *Ingester) Put(ctx context.Context, collection string, d Document) (rec Record, changed bool, err error) {
	o, err := offerOf(d)
	if err != nil {
		return Record{}, false, err
	}
	id, err := in.collection(ctx, collection)
	if err != nil {
		return Record{}, false, err
	}
	if busy, err := in.busy(ctx, id); err != nil || busy {
		return Record{}, false, errors.Join(err, busyError(collection, busy))
	}
	err = inTx(ctx, in.pool, func(tx pgx.Tx) error {
		got, err := in.accept(ctx, tx, id, []offer{o}, 0, byHand)
		changed = len(got.changed) > 0
		if err == nil {
			rec, err = in.record(ctx, tx, id, d.URI, Everything)
		}
		return err
	})
	if err != nil {
		return Record{}, false, fmt.Errorf("put %q: %w", d.URI, err)
	}
	return rec, changed, nil
}

func busyError(collection string, busy bool) error {
	if !busy {
		return nil
	}
	return fmt.Errorf("collection %q: %w", collection, ErrBusy)
}

// Wait returns once what is now accepted under the URI is indexed or has failed,
// or with ctx's error. Should it be replaced meanwhile, Wait may return with
// the later one.
func (in *Ingester) Wait(ctx context.Context, collection, uri string) (Record, error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return Record{}, err
	}
	var revision int64
	for pause := 5 * time.Millisecond; ; pause = min(pause*3/2, 200*time.Millisecond) {
		rec, err := in.record(ctx, in.pool, id, uri, Everything)
		if err != nil {
			return Record{}, err
		}
		if revision == 0 {
			revision = rec.revision
		}
		if rec.State != Pending || rec.Version >= revision {
			return rec, nil
		}
		if err := sleep(ctx, pause); err != nil {
			return Record{}, fmt.Errorf("wait for %q: %w", uri, err)
		}
	}
}

// collection returns the id of a name.
func (in *Ingester) collection(ctx context.Context, name string) (id int64, err error) {
	if !collectionName.MatchString(name) {
		return 0, fmt.Errorf("collection %q: %w", name, ErrUnknownCollection)
	}
	err = in.pool.QueryRow(ctx, `select collection_id from collection where name = $1`, name).Scan(&id)
	return id, orUnknown(err, ErrUnknownCollection, "collection %q", name)
}

// backlog is a collection's queue as it was a moment ago.
type backlog struct {
	busy bool
	at   time.Time
}

// busy reports whether too much waits to be indexed. It asks the database at
// most once a second for each collection, and counts no further than the bound.
func (in *Ingester) busy(ctx context.Context, col int64) (bool, error) {
	in.mu.Lock()
	b, ok := in.backlog[col]
	in.mu.Unlock()
	if ok && time.Since(b.at) < time.Second {
		return b.busy, nil
	}
	var n, size int64
	err := in.pool.QueryRow(ctx, `
		select count(*), coalesce(sum(size), 0)
		  from (select size from document where collection_id = $1 and state = 'pending' limit $2) p`,
		col, in.o.MaxQueued).Scan(&n, &size)
	if err != nil {
		return false, fmt.Errorf("count queued documents: %w", err)
	}
	b = backlog{busy: n >= int64(in.o.MaxQueued) || size >= in.o.MaxQueuedBytes, at: time.Now()}
	in.mu.Lock()
	in.backlog[col] = b
	in.mu.Unlock()
	return b.busy, nil
}

// room waits until there is room in the queue.
func (in *Ingester) room(ctx context.Context, col int64) error {
	for {
		busy, err := in.busy(ctx, col)
		if err != nil || !busy {
			return err
		}
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}
