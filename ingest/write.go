package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

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

// replace writes the new version of each document in place of the old one.
func replace(ctx context.Context, tx pgx.Tx, ix *indexer, t *target, docs []*prepared, now map[int64]current, c *change) error {
	if len(docs) == 0 {
		return nil
	}
	var indexed []int64
	for _, d := range docs {
		if now[d.id].version > 0 {
			indexed = append(indexed, d.id)
		} else {
			c.documents++
		}
	}
	if err := dropChunks(ctx, tx, t.col, indexed, c); err != nil {
		return err
	}
	if err := copyChunks(ctx, tx, ix.ids, t, docs, c); err != nil {
		return err
	}
	return settleRows(ctx, tx, t.col, docs)
}

// settleRows writes the documents' texts and rows and unstages their bytes, in
// as few statements as there are tables.
func settleRows(ctx context.Context, tx pgx.Tx, col int64, docs []*prepared) error {
	var ids, revisions []int64
	var chunks []int32
	var titles, types []string
	var stated []string
	texts := make([][]any, 0, len(docs))
	for _, d := range docs {
		ids, revisions, chunks = append(ids, d.id), append(revisions, d.revision), append(chunks, int32(len(d.pieces)))
		titles, types, stated = append(titles, d.title), append(types, d.mediaType), append(stated, string(d.stated))
		texts = append(texts, []any{col, d.id, d.revision, []byte(d.text)})
	}
	b := &pgx.Batch{}
	b.Queue(`delete from document_text where collection_id = $1 and document_id = any($2)`, col, ids)
	b.Queue(`
		update document d
		   set state = 'ready', reason = '', version = u.revision, title = u.title, media_type = u.media_type,
		       stated = u.stated::jsonb, chunks = u.chunks, updated_at = now()
		  from unnest($2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::text[], $7::text[])
		    as u (document_id, revision, chunks, title, media_type, stated)
		 where d.collection_id = $1 and d.document_id = u.document_id`, col, ids, revisions, chunks, titles, types, stated)
	b.Queue(`delete from staged s using unnest($2::bigint[], $3::bigint[]) as u (document_id, revision)
		where s.collection_id = $1 and s.document_id = u.document_id and s.revision = u.revision`, col, ids, revisions)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write documents: %w", err)
	}
	return copyRows(ctx, tx, "document_text", pgx.CopyFromRows(texts), "collection_id", "document_id", "version", "body")
}

// quarantine settles documents that cannot be indexed. Their bytes stay, for
// Retry; the version before, if there is one, stays readable.
func quarantine(ctx context.Context, tx pgx.Tx, col int64, docs []*prepared) error {
	b := &pgx.Batch{}
	for _, d := range docs {
		b.Queue(`update document set state = 'failed', reason = $3, updated_at = now() where collection_id = $1 and document_id = $2`,
			col, d.id, clip(d.failure, 1000))
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("quarantine documents: %w", err)
	}
	return nil
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
