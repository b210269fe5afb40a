package ingest

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/ingest/parse"
)

// An attachment is a document of its own under its parent's URI, "!/" and its
// name. It has its parent's metadata and principals, is written in the
// transaction that writes its parent, and is removed with it.
const attachmentMark = "!/"

// maxNesting is how deep attachments are taken out of attachments: a file of an
// archive that came with a mail has 2.
const maxNesting = 2

// attachments returns the documents that doc carries and that can be read, or
// why it is refused.
func attachments(uri string, doc parse.Parsed) ([]parse.Attachment, error) {
	var readable []parse.Attachment
	nested := strings.Count(uri, attachmentMark) >= maxNesting
	for _, a := range doc.Attachments {
		if !nested && parse.Supported(a.MediaType) {
			readable = append(readable, a)
		}
	}
	switch {
	case len(doc.Blocks) > 0 || len(readable) > 0:
		return readable, nil
	case nested:
		return nil, parse.Permanent("an archive within %d others: unpack it and send the files", maxNesting)
	}
	return nil, parse.Permanent("no file in it is of a format that can be read")
}

// attach brings the attachments of documents up to date.
func attach(ctx context.Context, tx pgx.Tx, ix *indexer, col int64, docs []*prepared, now map[int64]current, c *change, imports map[int64]*progress) error {
	var parents []int64
	var offers []offer
	for _, d := range docs {
		cur := now[d.id]
		if cur.version > 0 || len(d.attachments) > 0 {
			parents = append(parents, d.id)
		}
		for _, a := range d.attachments {
			if o, ok := attachmentOffer(d, a, cur); ok {
				offers = append(offers, o)
			}
		}
	}
	if len(parents) == 0 {
		return nil
	}
	olds, err := lockOffered(ctx, tx, col, offers)
	if err != nil {
		return err
	}
	if err := detach(ctx, tx, col, parents, offers, c, imports); err != nil {
		return err
	}
	b, ids, fresh := &pgx.Batch{}, []int64(nil), newcomers{col: col}
	for _, o := range offers {
		old, ok := olds[o.uri]
		switch {
		case !ok:
			old.id = ix.ids.Next()
			fresh.add(old.id, o)
			ids = append(ids, old.id)
		case !bytes.Equal(old.hash, o.hash) || old.state == Failed:
			countSuperseded(imports, old)
			queueReplace(b, col, old.id, o, 0)
			ids = append(ids, old.id)
		default:
			queueTouch(b, col, o, old)
		}
	}
	if err := fresh.copy(ctx, tx); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("attach documents: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	return ix.queue.insert(ctx, tx, indexArgs{col, ids}, early)
}

func attachmentOffer(parent *prepared, a parse.Attachment, cur current) (offer, bool) {
	uri := parent.uri + attachmentMark + a.Name
	if checkText("uri", uri, maxURIBytes) != nil || len(a.Body) > MaxDocumentBytes {
		return offer{}, false
	}
	return offer{
		uri: uri, body: a.Body, mediaType: a.MediaType, hash: contentHash(a.MediaType, "", a.Body),
		metadata: cur.metadata, principals: cur.principals, parent: &parent.id,
	}, true
}

// detach removes the attachments of parents that are not offered any more.
func detach(ctx context.Context, tx pgx.Tx, col int64, parents []int64, offers []offer, c *change, imports map[int64]*progress) error {
	kept := make([]string, len(offers))
	for i, o := range offers {
		kept[i] = o.uri
	}
	rows, err := tx.Query(ctx, `select document_id from document
		where collection_id = $1 and parent_id = any($2) and uri <> all($3)`, col, parents, kept)
	if err != nil {
		return fmt.Errorf("list attachments: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = removeRows(ctx, tx, col, ids, nil, c, imports)
	return err
}

// queueReparse has the attachments of a document be indexed again with it, of
// whatever content: none has the hash that they are given.
func queueReparse(b *pgx.Batch, col, id int64) {
	b.Queue(`
		with recursive below as (
		  select document_id from document where collection_id = $1 and parent_id = $2
		  union select d.document_id from document d join below b on d.parent_id = b.document_id where d.collection_id = $1)
		update document d set content_hash = sha256('') from below b where d.collection_id = $1 and d.document_id = b.document_id`, col, id)
}

// descendants returns the attachments of documents, those of attachments included.
func descendants(ctx context.Context, tx pgx.Tx, col int64, ids []int64) ([]int64, error) {
	rows, err := tx.Query(ctx, `
		with recursive below as (
		  select document_id from document where collection_id = $1 and parent_id = any($2)
		  union select d.document_id from document d join below b on d.parent_id = b.document_id where d.collection_id = $1)
		select document_id from below`, col, ids)
	if err != nil {
		return nil, fmt.Errorf("list attachments: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// queueInherit gives the documents' metadata and principals to their attachments.
func queueInherit(b *pgx.Batch, col int64, ids []int64) {
	b.Queue(`
		with recursive below as (
		  select document_id, parent_id as root from document where collection_id = $1 and parent_id = any($2)
		  union select d.document_id, b.root from document d join below b on d.parent_id = b.document_id where d.collection_id = $1)
		update document d set metadata = p.metadata, principals = p.principals, updated_at = now()
		  from below b, document p
		 where d.collection_id = $1 and d.document_id = b.document_id and p.collection_id = $1 and p.document_id = b.root`, col, ids)
}
