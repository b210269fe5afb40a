package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// claim is a document's staged revision, still without its bytes.
type claim struct {
	id, revision, size    int64
	uri, title, mediaType string // title and media type as given
	importID              *int64 // that accepted it
	withdrawn             bool   // see withdraw
}

// claims returns what is staged of the documents, in their order of id.
func (ix *indexer) claims(ctx context.Context, col int64, docs []int64) ([]claim, error) {
	rows, err := ix.pool.Query(ctx, `
		select d.document_id, s.revision, d.size, d.uri, s.title, s.media_type, d.import_id,
		       d.version = 0 and coalesce(m.state = 'cancelled', false)
		  from staged s join document d on d.collection_id = s.collection_id and d.document_id = s.document_id
		  left join import m on m.collection_id = d.collection_id and m.import_id = d.import_id
		 where s.collection_id = $1 and s.document_id = any($2) and d.state = 'pending' order by d.document_id`, col, docs)
	if err != nil {
		return nil, fmt.Errorf("claim documents: %w", err)
	}
	claims, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c claim, err error) {
		err = row.Scan(&c.id, &c.revision, &c.size, &c.uri, &c.title, &c.mediaType, &c.importID, &c.withdrawn)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("claim documents: %w", err)
	}
	return claims, nil
}

// bodies returns the staged bytes of claims whose revision is still the same.
func (ix *indexer) bodies(ctx context.Context, t *target, claims []claim) (map[int64][]byte, error) {
	ids, revisions := make([]int64, len(claims)), map[int64]int64{}
	for i, c := range claims {
		ids[i], revisions[c.id] = c.id, c.revision
	}
	rows, err := ix.pool.Query(ctx, `
		select document_id, revision, body from staged where collection_id = $1 and document_id = any($2)`, t.col, ids)
	if err != nil {
		return nil, fmt.Errorf("read staged documents: %w", err)
	}
	all := map[int64][]byte{}
	var id, revision int64
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &revision, &body}, func() error {
		if revision == revisions[id] {
			all[id] = body
		}
		body = nil
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read staged documents: %w", err)
	}
	return all, nil
}
