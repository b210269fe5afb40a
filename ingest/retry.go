package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Retry has quarantined documents indexed again from the bytes that were
// accepted: those of the URIs, or all when there are none. It returns how many
// there were; documents that have not failed are left alone. An unknown URI is
// ErrUnknownDocument, and then nothing is retried.
func (in *Ingester) Retry(ctx context.Context, collection string, uris []string) (retried int64, err error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return 0, err
	}
	if len(uris) > 0 {
		return in.retryThese(ctx, id, uris)
	}
	for after := int64(-1 << 63); ; {
		docs, err := in.failed(ctx, id, after)
		if err != nil || len(docs) == 0 {
			return retried, err
		}
		n, err := in.retry(ctx, id, docs)
		if err != nil {
			return retried, err
		}
		retried += n
		after = docs[len(docs)-1]
	}
}

func (in *Ingester) retryThese(ctx context.Context, col int64, uris []string) (retried int64, err error) {
	ids := make([]int64, len(uris))
	for i, uri := range uris {
		rec, err := in.record(ctx, in.pool, col, uri, Everything)
		if err != nil {
			return 0, err
		}
		ids[i] = rec.ID
	}
	for len(ids) > 0 {
		n := min(len(ids), batchDocuments)
		got, err := in.retry(ctx, col, ids[:n])
		if err != nil {
			return retried, err
		}
		retried += got
		ids = ids[n:]
	}
	return retried, nil
}

// failed returns the next quarantined documents after an id.
func (in *Ingester) failed(ctx context.Context, col, after int64) ([]int64, error) {
	rows, err := in.pool.Query(ctx, `
		select document_id from document where collection_id = $1 and state = 'failed' and document_id > $2
		 order by document_id limit $3`, col, after, batchDocuments)
	if err != nil {
		return nil, fmt.Errorf("list failed documents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// retry takes the documents out of quarantine. Their imports have counted them
// as failed and wait for them no longer.
func (in *Ingester) retry(ctx context.Context, col int64, ids []int64) (n int64, err error) {
	err = inTx(ctx, in.pool, func(tx pgx.Tx) error {
		if err := lockCollection(ctx, tx, col); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			with f as (select document_id from document
			            where collection_id = $1 and document_id = any($2) and state = 'failed' order by document_id for update)
			update document d set state = 'pending', reason = '', import_id = null, updated_at = now()
			  from f where d.collection_id = $1 and d.document_id = f.document_id returning d.document_id`, col, ids)
		if err != nil {
			return fmt.Errorf("retry documents: %w", err)
		}
		again, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if n = int64(len(again)); err != nil || n == 0 {
			return err
		}
		return in.queue.insert(ctx, tx, indexArgs{col, again}, byHand)
	})
	return n, err
}
