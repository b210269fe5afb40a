package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// split gives each document of a batch a job of its own.
func (ix *indexer) split(ctx context.Context, col int64, docs []int64) error {
	return inTx(ctx, ix.pool, func(tx pgx.Tx) error {
		for _, id := range docs {
			if err := ix.queue.insert(ctx, tx, indexArgs{col, []int64{id}}, suspected); err != nil {
				return err
			}
		}
		return nil
	})
}

// giveUp quarantines a document under which the process has died time and again.
func (ix *indexer) giveUp(ctx context.Context, col, id int64, deaths int) error {
	claims, err := ix.claims(ctx, col, []int64{id})
	if err != nil || len(claims) == 0 {
		return err
	}
	p := &prepared{claim: claims[0], failure: fmt.Sprintf("the worker died %d times while it indexed this document", deaths)}
	err = ix.settle(ctx, &target{col: col}, []*prepared{p})
	if errors.Is(err, ErrUnknownCollection) {
		return nil
	}
	return err
}
