package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// vacuumAfter is the number of chunks written from which a vacuum is worth its
// reading: searches read postings from their index alone only where the
// visibility map says that they may, and autovacuum comes late.
const vacuumAfter = 10_000

// wantVacuum queues a vacuum at the end of a large load. It is a hint: should it
// be lost, autovacuum does the same some time.
func (ix *indexer) wantVacuum(ctx context.Context, col int64) {
	if ix.unvacuumed.Load() < vacuumAfter {
		return
	}
	err := inTx(ctx, ix.pool, func(tx pgx.Tx) error {
		var loading bool
		err := tx.QueryRow(ctx, `select exists (select from document where collection_id = $1 and state = 'pending')`, col).Scan(&loading)
		if err != nil || loading {
			return err
		}
		ix.unvacuumed.Store(0)
		return ix.queue.insert(ctx, tx, vacuumArgs{}, 2)
	})
	if err != nil {
		ix.log.Warn("queue vacuum", "err", err)
	}
}

func (ix *indexer) vacuum(ctx context.Context) error {
	c, err := ix.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := c.Hijack() // its settings go with it
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, `set statement_timeout = 0`); err != nil {
		return err
	}
	for _, table := range []string{"posting", "term", "chunk", "embedding", "document"} {
		if _, err := conn.Exec(ctx, "vacuum (analyze) "+table); err != nil {
			return fmt.Errorf("vacuum %s: %w", table, err)
		}
	}
	return nil
}
