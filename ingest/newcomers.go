package ingest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// newcomers are documents that are not there yet. They come by COPY: a bulk load
// is all newcomers. Should another transaction bring one in first, the unique
// URI refuses all of them and inTx starts over.
type newcomers struct {
	col, importID     int64
	documents, staged [][]any
}

func (n *newcomers) add(id int64, o offer) {
	var importID *int64
	if n.importID != 0 {
		importID = &n.importID
	}
	n.documents = append(n.documents, []any{
		n.col, id, o.uri, o.source, Pending, o.hash, len(o.body), o.modifiedAt, o.mediaType, o.title,
		o.metadata, o.principals, importID, o.version, o.parent,
	})
	n.staged = append(n.staged, []any{n.col, id, int64(1), o.mediaType, o.title, o.body})
}

func (n *newcomers) copy(ctx context.Context, tx pgx.Tx) error {
	if len(n.documents) == 0 {
		return nil
	}
	err := copyRows(ctx, tx, "document", pgx.CopyFromRows(n.documents),
		"collection_id", "document_id", "uri", "source", "state", "content_hash", "size", "modified_at", "media_type", "title",
		"metadata", "principals", "import_id", "source_version", "parent_id")
	if err != nil {
		return err
	}
	return copyRows(ctx, tx, "staged", pgx.CopyFromRows(n.staged),
		"collection_id", "document_id", "revision", "media_type", "title", "body")
}
