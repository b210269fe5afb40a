package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// errCancelled ends the scan of an import that has been cancelled.
var errCancelled = errors.New("the import is cancelled")

// CancelImport ends an import that has not ended, and returns it. Its scan stops
// within moments and removes nothing more. Of the documents that it has queued,
// those that were not there before go, when their jobs come to them; one that
// replaces an earlier version is still indexed, since the import has already
// taken that version's place in line. What is indexed stays.
func (in *Ingester) CancelImport(ctx context.Context, collection string, id int64) (Import, error) {
	col, err := in.collection(ctx, collection)
	if err != nil {
		return Import{}, err
	}
	_, err = in.pool.Exec(ctx, `update import set state = 'cancelled', finished_at = clock_timestamp()
		where collection_id = $1 and import_id = $2 and state in ('scanning', 'indexing')`, col, id)
	if err != nil {
		return Import{}, fmt.Errorf("cancel import %d: %w", id, err)
	}
	return in.Import(ctx, collection, id)
}

// withdraw removes those of the claims that a cancelled import has queued and that
// were not there before, and returns the others.
func (ix *indexer) withdraw(ctx context.Context, t *target, claims []claim) ([]claim, error) {
	var ids, revisions []int64
	left := claims[:0]
	for _, c := range claims {
		if !c.withdrawn {
			left = append(left, c)
			continue
		}
		ids, revisions = append(ids, c.id), append(revisions, c.revision)
	}
	for len(ids) > 0 {
		n := min(len(ids), batchDocuments)
		err := inTx(ctx, ix.pool, func(tx pgx.Tx) error {
			_, err := remove(ctx, tx, t.col, ids[:n], revisions[:n], 0)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("withdraw documents: %w", err)
		}
		ids, revisions = ids[n:], revisions[n:]
	}
	return slices.Clip(left), nil
}
