package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Reader is who asks for documents: it reads those that name no principals, or one
// of its own. The zero value reads only what is for everyone.
type Reader struct {
	Principals []string
	// Unrestricted reads everything, whatever Principals are.
	Unrestricted bool
}

// Everything is a Reader of all there is.
var Everything = Reader{Unrestricted: true}

// may is the condition that the reader may read a row of document: its parameters
// are the reader's arguments, of which the first has this number.
func (r Reader) may(first int) string {
	return fmt.Sprintf("($%d or principals = '{}' or principals && $%d::text[])", first, first+1)
}

func (r Reader) arguments() []any { return []any{r.Unrestricted, append([]string{}, r.Principals...)} }

// ListOptions chooses documents.
type ListOptions struct {
	// Reader is who lists.
	Reader Reader
	// State is Pending, Ready or Failed; empty for all.
	State string
	// After is the URI after which the page begins; empty for the first page.
	After string
	// Limit is the most documents returned, 1 to 1000. 0 means 100.
	Limit int
}

const selectRecord = `
	select document_id, uri, title, media_type, state, reason, version, size, chunks, stated || metadata, principals, updated_at, revision
	  from document`

func scanRecord(row pgx.CollectableRow) (r Record, err error) {
	err = row.Scan(&r.ID, &r.URI, &r.Title, &r.MediaType, &r.State, &r.Reason, &r.Version, &r.Size, &r.Chunks,
		&r.Metadata, &r.Principals, &r.UpdatedAt, &r.revision)
	return r, err
}

// Documents returns a page of documents in byte order of their URIs.
func (in *Ingester) Documents(ctx context.Context, collection string, o ListOptions) ([]Record, error) {
	if o.Limit == 0 {
		o.Limit = 100
	}
	if o.Limit < 0 || o.Limit > 1000 {
		return nil, &Invalid{"page_size", "must be from 0 to 1000"}
	}
	if o.State != "" && o.State != Pending && o.State != Ready && o.State != Failed {
		return nil, &Invalid{"state", "is not a state of documents"}
	}
	if err := checkText("page_token", o.After, maxURIBytes); err != nil {
		return nil, err
	}
	id, err := in.collection(ctx, collection)
	if err != nil {
		return nil, err
	}
	rows, err := in.pool.Query(ctx, selectRecord+`
		where collection_id = $1 and uri > $2 and ($3 = '' or state = $3) and `+o.Reader.may(5)+` order by uri limit $4`,
		append([]any{id, o.After, o.State, o.Limit}, o.Reader.arguments()...)...)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanRecord)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return all, nil
}

// Document returns one document. One that the reader may not read is
// ErrUnknownDocument, as one that there is not.
func (in *Ingester) Document(ctx context.Context, collection, uri string, r Reader) (Record, error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return Record{}, err
	}
	return in.record(ctx, in.pool, id, uri, r)
}

// rowsQuerier is a pool or a transaction.
type rowsQuerier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func (in *Ingester) record(ctx context.Context, db rowsQuerier, col int64, uri string, by Reader) (Record, error) {
	if checkText("uri", uri, maxURIBytes) != nil {
		return Record{}, fmt.Errorf("document %q: %w", uri, ErrUnknownDocument)
	}
	rows, err := db.Query(ctx, selectRecord+` where collection_id = $1 and uri = $2 and `+by.may(3), append([]any{col, uri}, by.arguments()...)...)
	if err != nil {
		return Record{}, fmt.Errorf("document %q: %w", uri, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRecord)
	return r, orUnknown(err, ErrUnknownDocument, "document %q", uri)
}

// Text returns the canonical text that searches read, into which citations'
// byte ranges point. It is empty while there is no version to read. Errors are
// those of Document.
func (in *Ingester) Text(ctx context.Context, collection, uri string, r Reader) (string, error) {
	id, err := in.collection(ctx, collection)
	if err != nil {
		return "", err
	}
	if checkText("uri", uri, maxURIBytes) != nil {
		return "", fmt.Errorf("text of %q: %w", uri, ErrUnknownDocument)
	}
	var body []byte
	err = in.pool.QueryRow(ctx, `
		select t.body from document d
		  left join document_text t on t.collection_id = d.collection_id and t.document_id = d.document_id and t.version = d.version
		 where d.collection_id = $1 and d.uri = $2 and `+r.may(3), append([]any{id, uri}, r.arguments()...)...).Scan(&body)
	return string(body), orUnknown(err, ErrUnknownDocument, "text of %q", uri)
}

// Delete removes the document with its text, chunks, postings and vectors, and
// whatever of it still waits to be indexed. ErrUnknownDocument when there is none.
func (in *Ingester) Delete(ctx context.Context, collection, uri string) error {
	rec, err := in.Document(ctx, collection, uri, Everything)
	if err != nil {
		return err
	}
	id, err := in.collection(ctx, collection)
	if err != nil {
		return err
	}
	var removed int64
	err = inTx(ctx, in.pool, func(tx pgx.Tx) (err error) {
		removed, err = remove(ctx, tx, id, []int64{rec.ID}, nil, 0)
		return err
	})
	if err == nil && removed == 0 {
		err = ErrUnknownDocument
	}
	if err != nil {
		return fmt.Errorf("delete %q: %w", uri, err)
	}
	return nil
}
