package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// remember keeps vectors of documents that need more than one call of the model,
// and adds them to their imports' counts: a large document takes minutes, and
// embedding it again costs as much. Should it fail, only that is lost.
func (ix *indexer) remember(ctx context.Context, t *target, some []unembedded, vectors map[hash][]float32) {
	err := inTx(ctx, ix.pool, func(tx pgx.Tx) error {
		if err := lockCollection(ctx, tx, t.col); err != nil {
			return err
		}
		b, shown := &pgx.Batch{}, map[*prepared]bool{}
		for _, u := range some {
			if d := u.doc; !shown[d] && len(d.pieces) > mostAtOnce {
				queueSaying(b, t, d.claim, d.embeddedText(vectors))
				shown[d] = true
			}
		}
		clear(shown)
		for _, u := range some {
			// Not of a document that has been deleted or settled meanwhile.
			b.Queue(`
				insert into embedded (collection_id, document_id, space_id, embed_hash, emb)
				select collection_id, document_id, $3, $4, $5 from document
				 where collection_id = $1 and document_id = $2 and state = 'pending' for key share
				on conflict do nothing`, t.col, u.doc.id, t.space.ID, u.hash[:], pgvector.NewHalfVector(vectors[u.hash]))
			if d := u.doc; !shown[d] && d.importID != nil {
				shown[d] = true
				b.Queue(`update import set embedded = embedded + $3, tokens = tokens + $4
					where collection_id = $1 and import_id = $2`, t.col, *d.importID, d.embedded, d.tokens)
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		ix.log.Warn("keep vectors of a large document", "err", err)
		return
	}
	for _, u := range some {
		u.doc.embedded, u.doc.tokens = 0, 0
	}
}

// recall adds what remember has kept of the documents.
func (ix *indexer) recall(ctx context.Context, t *target, docs []*prepared, vectors map[hash][]float32) error {
	ids := make([]int64, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	rows, err := ix.pool.Query(ctx, `select embed_hash, emb from embedded
		where collection_id = $1 and document_id = any($2) and space_id = $3`, t.col, ids, t.space.ID)
	if err != nil {
		return fmt.Errorf("look vectors up: %w", err)
	}
	return collectVectors(rows, vectors)
}

// forget drops what is kept of documents that are settled.
func forget(b *pgx.Batch, col int64, ids []int64) {
	b.Queue(`delete from embedded where collection_id = $1 and document_id = any($2)`, col, ids)
}
