package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

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
	return settleRows(ctx, tx, t, docs)
}

// settleRows writes the documents' texts and rows and unstages their bytes, in
// as few statements as there are tables.
func settleRows(ctx context.Context, tx pgx.Tx, t *target, docs []*prepared) error {
	var ids, revisions []int64
	var chunks []int32
	var titles, types []string
	var stated []string
	texts := make([][]any, 0, len(docs))
	for _, d := range docs {
		ids, revisions, chunks = append(ids, d.id), append(revisions, d.revision), append(chunks, int32(len(d.pieces)))
		titles, types, stated = append(titles, d.title), append(types, d.mediaType), append(stated, string(d.stated))
		texts = append(texts, []any{t.col, d.id, d.revision, []byte(d.text)})
	}
	b := &pgx.Batch{}
	retire(b, t, ids)
	forget(b, t.col, ids)
	b.Queue(`
		update document d
		   set state = 'ready', reason = '', version = u.revision, title = u.title, media_type = u.media_type,
		       stated = u.stated::jsonb, chunks = u.chunks, updated_at = now()
		  from unnest($2::bigint[], $3::bigint[], $4::int[], $5::text[], $6::text[], $7::text[])
		    as u (document_id, revision, chunks, title, media_type, stated)
		 where d.collection_id = $1 and d.document_id = u.document_id`, t.col, ids, revisions, chunks, titles, types, stated)
	b.Queue(`delete from staged s using unnest($2::bigint[], $3::bigint[]) as u (document_id, revision)
		where s.collection_id = $1 and s.document_id = u.document_id and s.revision = u.revision`, t.col, ids, revisions)
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
		forget(b, col, []int64{d.id})
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
