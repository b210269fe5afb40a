package ingest

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// remove deletes documents whole and returns how many there were. Where
// revisions is not nil, only documents still at that revision go. importID is
// the import that removes them, 0 for none.
func remove(ctx context.Context, tx pgx.Tx, col int64, ids, revisions []int64, importID int64) (int64, error) {
	if _, err := tx.Exec(ctx, `set local statement_timeout = '10min'`); err != nil {
		return 0, err
	}
	if err := lockCollection(ctx, tx, col); err != nil {
		return 0, err
	}
	var c change
	imports := map[int64]*progress{}
	gone, err := removeRows(ctx, tx, col, ids, revisions, &c, imports)
	if err != nil || gone == 0 {
		return 0, err
	}
	if importID != 0 {
		of(imports, importID).removed += gone
	}
	if err := c.terms.apply(ctx, tx, col); err != nil {
		return 0, err
	}
	if err := addProgress(ctx, tx, col, imports); err != nil {
		return 0, err
	}
	// Answers quote. They are stale from here on, but whoever keeps them may not
	// be there to drop them.
	if _, err := tx.Exec(ctx, `delete from cached_answer where collection_id = $1`, col); err != nil {
		return 0, fmt.Errorf("delete cached answers: %w", err)
	}
	_, err = c.count(ctx, tx, col)
	return gone, err
}

// removeRows deletes the documents with their attachments, which it does not
// count among what it returns.
func removeRows(ctx context.Context, tx pgx.Tx, col int64, ids, revisions []int64, c *change, imports map[int64]*progress) (int64, error) {
	gone, err := lockRemoved(ctx, tx, col, ids, revisions, c, imports)
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	n := int64(len(gone))
	carried, err := descendants(ctx, tx, col, gone)
	if err != nil {
		return 0, err
	}
	if len(carried) > 0 {
		if carried, err = lockRemoved(ctx, tx, col, carried, nil, c, imports); err != nil {
			return 0, err
		}
		gone = append(gone, carried...)
	}
	if err := dropChunks(ctx, tx, col, gone, c); err != nil {
		return 0, err
	}
	// Takes staged bytes and texts along.
	if _, err := tx.Exec(ctx, `delete from document where collection_id = $1 and document_id = any($2)`, col, gone); err != nil {
		return 0, fmt.Errorf("delete documents: %w", err)
	}
	return n, nil
}

// lockRemoved locks the documents to be removed and counts them off.
func lockRemoved(ctx context.Context, tx pgx.Tx, col int64, ids, revisions []int64, c *change, imports map[int64]*progress) (gone []int64, err error) {
	rows, err := tx.Query(ctx, `
		select document_id, revision, state, version, import_id from document
		 where collection_id = $1 and document_id = any($2) order by document_id for update`, col, ids)
	if err != nil {
		return nil, fmt.Errorf("lock documents: %w", err)
	}
	var id, revision int64
	var k known
	_, err = pgx.ForEachRow(rows, []any{&id, &revision, &k.state, &k.version, &k.importID}, func() error {
		if revisions == nil || revisions[slices.Index(ids, id)] == revision {
			gone = append(gone, id)
			countSuperseded(imports, k)
			if k.version > 0 {
				c.documents--
			}
		}
		k = known{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("lock documents: %w", err)
	}
	return gone, nil
}
