package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// PutResult says what became of one of several documents.
type PutResult struct {
	URI string
	// Changed is false when the same content was there already.
	Changed bool
	// Err is an *Invalid: why the document was not accepted.
	Err error
}

// PutMany stores documents as Put does, in few transactions, and returns once
// they are safe, with a result for each in their order. While the queue is full
// it waits, which slows the sender down. After an error other than a document's
// own, none, some or all may have been stored: send them again.
func (in *Ingester) PutMany(ctx context.Context, collection string, docs []Document) ([]PutResult, error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return nil, err
	}
	results := make([]PutResult, len(docs))
	var batch []offer
	var at []int // the batch's places in docs
	size, uris := 0, map[string]bool{}
	flush := func() error {
		if err := in.putBatch(ctx, id, batch, at, results); err != nil {
			return fmt.Errorf("put %d documents: %w", len(batch), err)
		}
		batch, at, size = batch[:0], at[:0], 0
		clear(uris)
		return nil
	}
	for i, d := range docs {
		results[i].URI = d.URI
		o, err := offerOf(d)
		if err != nil {
			results[i].Err = err
			continue
		}
		if len(batch) == batchPrepared || size+len(o.body) > batchBytes || uris[o.uri] {
			if err := flush(); err != nil {
				return nil, err
			}
		}
		batch, at, size = append(batch, o), append(at, i), size+len(o.body)
		uris[o.uri] = true
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return results, nil
}

func (in *Ingester) putBatch(ctx context.Context, col int64, batch []offer, at []int, results []PutResult) error {
	if len(batch) == 0 {
		return nil
	}
	if err := in.room(ctx, col); err != nil {
		return err
	}
	var got accepted
	err := inTx(ctx, in.pool, func(tx pgx.Tx) (err error) {
		got, err = in.accept(ctx, tx, col, batch, 0, byHand)
		return err
	})
	if err != nil {
		return err
	}
	for i, o := range batch {
		results[at[i]].Changed = got.isChanged[o.uri]
	}
	return nil
}
