package ingest

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// settle writes prepared documents: one transaction replaces each one's chunks,
// postings and vectors, or quarantines it. What the server refuses to store is
// tried document by document, so that one cannot hurt the others.
func (ix *indexer) settle(ctx context.Context, t *target, docs []*prepared) error {
	if len(docs) == 0 {
		return nil
	}
	var chunks int64
	err := inTx(ctx, ix.pool, func(tx pgx.Tx) (err error) {
		chunks, err = ix.write(ctx, tx, t, docs)
		return err
	})
	switch {
	case err == nil:
		for _, d := range docs {
			ix.unvacuumed.Add(int64(len(d.pieces)))
		}
		ix.wantHNSW(ctx, t, chunks)
		return nil
	case !refusedData(err):
		return fmt.Errorf("store %d documents: %w", len(docs), err)
	case len(docs) == 1:
		ix.log.Warn("document refused by Postgres", "document_id", docs[0].id, "err", err)
		failed := &prepared{claim: docs[0].claim, failure: parse.Permanent("it cannot be stored: %v", err).Error()}
		return inTx(ctx, ix.pool, func(tx pgx.Tx) error {
			_, err := ix.write(ctx, tx, t, []*prepared{failed})
			return err
		})
	}
	for _, d := range docs {
		if err := ix.settle(ctx, t, []*prepared{d}); err != nil {
			return err
		}
	}
	return nil
}

// current is a document's row as the writing transaction finds and locks it.
type current struct {
	revision, version int64
	importID          *int64
	size              int64
	metadata          json.RawMessage
	principals        []string
}

// write settles those of docs whose revision is still the accepted one, and
// returns the collection's chunks thereafter. Rows that other writers want are
// touched last and in one order (terms, imports, statistics), so that
// transactions neither deadlock nor wait long for one another.
func (ix *indexer) write(ctx context.Context, tx pgx.Tx, t *target, docs []*prepared) (int64, error) {
	if _, err := tx.Exec(ctx, `set local statement_timeout = '10min'`); err != nil {
		return 0, err
	}
	if err := lockCollection(ctx, tx, t.col); err != nil {
		return 0, err
	}
	now, err := lockPending(ctx, tx, t.col, docs)
	if err != nil {
		return 0, err
	}
	imports := map[int64]*progress{}
	var good []*prepared
	var bad []*prepared
	for _, d := range docs {
		cur, ok := now[d.id]
		if !ok || cur.revision != d.revision {
			continue // replaced or deleted meanwhile
		}
		countSettled(imports, cur, d)
		if d.failure != "" {
			bad = append(bad, d)
		} else {
			good = append(good, d)
		}
	}
	var c change
	if err := replace(ctx, tx, ix, t, good, now, &c); err != nil {
		return 0, err
	}
	if err := quarantine(ctx, tx, t.col, bad); err != nil {
		return 0, err
	}
	if err := attach(ctx, tx, ix, t.col, good, now, &c, imports); err != nil {
		return 0, err
	}
	if err := c.terms.apply(ctx, tx, t.col); err != nil {
		return 0, err
	}
	if err := addProgress(ctx, tx, t.col, imports); err != nil {
		return 0, err
	}
	return c.count(ctx, tx, t.col)
}

// lockPending locks the documents in order of id and returns those that are
// still pending.
func lockPending(ctx context.Context, tx pgx.Tx, col int64, docs []*prepared) (map[int64]current, error) {
	ids := make([]int64, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	rows, err := tx.Query(ctx, `
		select document_id, revision, version, import_id, size, metadata, principals from document
		 where collection_id = $1 and document_id = any($2) and state = 'pending' order by document_id for update`, col, ids)
	if err != nil {
		return nil, fmt.Errorf("lock documents: %w", err)
	}
	now := map[int64]current{}
	var id int64
	var c current
	_, err = pgx.ForEachRow(rows, []any{&id, &c.revision, &c.version, &c.importID, &c.size, &c.metadata, &c.principals}, func() error {
		now[id] = c
		c = current{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lock documents: %w", err)
	}
	return now, nil
}

func countSettled(by map[int64]*progress, cur current, d *prepared) {
	if cur.importID == nil {
		return
	}
	p := of(by, *cur.importID)
	if d.failure != "" {
		p.failed++
		return
	}
	p.indexed++
	p.indexedBytes += cur.size
	p.chunks += int64(len(d.pieces))
	p.embedded += d.embedded
	p.tokens += d.tokens
}

// change is what one transaction does to a collection's statistics.
type change struct {
	documents, chunks, lengthSum int64
	terms                        termDelta
}

// count applies the change to the statistics. Every writer wants this row, so
// this is the last statement of a transaction. It returns the chunks there are.
func (c *change) count(ctx context.Context, tx pgx.Tx, col int64) (chunks int64, err error) {
	if c.documents == 0 && c.chunks == 0 && c.lengthSum == 0 && len(c.terms.touched) == 0 {
		return 0, nil
	}
	err = tx.QueryRow(ctx, `
		update collection_stats
		   set version = version + 1, documents = documents + $2, chunks = chunks + $3, length_sum = length_sum + $4
		 where collection_id = $1 returning chunks`, col, c.documents, c.chunks, c.lengthSum).Scan(&chunks)
	if err != nil {
		return 0, fmt.Errorf("count chunks: %w", err)
	}
	return chunks, nil
}
