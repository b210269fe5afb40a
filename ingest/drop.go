package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// dropRows bounds the rows that one statement deletes.
const dropRows = 20_000

// drop removes the rows of a deleted collection, a bounded number at a time. No
// writer is left (see lockCollection), so what it has passed stays empty. It
// may be killed and run again.
func (ix *indexer) drop(ctx context.Context, col int64) error {
	if err := ix.dropIndexes(ctx, col); err != nil {
		return err
	}
	tables := []struct {
		name, key string
		rows      int
	}{
		{"posting", "term_id, chunk_id", dropRows},
		{"embedding", "space_id, chunk_id", dropRows},
		{"term", "term_id, term_id", dropRows},
		{"chunk", "chunk_id, chunk_id", dropRows / 4},
		{"document_text", "document_id, version", 500},
		{"staged", "document_id, document_id", 500},
		{"document", "document_id, document_id", dropRows / 4},
	}
	for _, t := range tables {
		if err := ix.dropTable(ctx, col, t.name, t.key, t.rows); err != nil {
			return fmt.Errorf("empty %s of collection %d: %w", t.name, col, err)
		}
	}
	// Imports, spaces and statistics go with it.
	if _, err := ix.pool.Exec(ctx, `delete from collection where collection_id = $1 and name like '~%'`, col); err != nil {
		return fmt.Errorf("delete collection %d: %w", col, err)
	}
	return nil
}

// dropTable deletes in the order of the primary key, each statement from where
// the last one ended, so that none wades through what is deleted already. Table
// and key are constants.
func (ix *indexer) dropTable(ctx context.Context, col int64, table, key string, rows int) error {
	const lowest = -1 << 63
	last := fmt.Sprintf(`select k1, k2 from (select %[2]s from %[1]s where collection_id = $1 and (%[2]s) > ($2, $3)
		order by %[2]s limit $4) b (k1, k2) order by k1 desc, k2 desc limit 1`, table, key)
	del := fmt.Sprintf(`delete from %[1]s where collection_id = $1 and (%[2]s) > ($2, $3) and (%[2]s) <= ($4, $5)`, table, key)
	for a1, a2 := int64(lowest), int64(lowest); ; {
		var b1, b2 int64
		err := ix.pool.QueryRow(ctx, last, col, a1, a2, rows).Scan(&b1, &b2)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := ix.pool.Exec(ctx, del, col, a1, a2, b1, b2); err != nil {
			return err
		}
		a1, a2 = b1, b2
	}
}

// dropIndexes drops the HNSW indexes of a collection's spaces.
func (ix *indexer) dropIndexes(ctx context.Context, col int64) error {
	rows, err := ix.pool.Query(ctx, `select space_id from space where collection_id = $1`, col)
	if err != nil {
		return fmt.Errorf("list spaces: %w", err)
	}
	spaces, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("list spaces: %w", err)
	}
	for _, space := range spaces {
		exists, _, err := hnswState(ctx, ix.pool, space)
		if err != nil {
			return err
		}
		if !exists {
			continue
		}
		if err := ix.onIndex(ctx, space, func(c *pgx.Conn) error { return dropHNSW(ctx, c, space) }); err != nil {
			return err
		}
	}
	return nil
}
