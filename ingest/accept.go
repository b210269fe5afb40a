package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// accepted says what became of offers.
type accepted struct {
	changed   []int64         // documents to be indexed
	isChanged map[string]bool // by URI
	unchanged int
	ours      int // accepted by the same import before
}

// known is a document as it is before an offer.
type known struct {
	id, size   int64
	state      string
	version    int64
	hash       []byte
	source     string
	modifiedAt *time.Time
	origin     string // what the source called the content
	metadata   json.RawMessage
	principals []string
	importID   *int64
	parent     *int64
}

// accept stores the offers that differ from what is there, with the job of that
// priority that indexes them; importID is 0 for documents put one by one. No two
// offers may have the same URI.
func (in *Ingester) accept(ctx context.Context, tx pgx.Tx, col int64, offers []offer, importID int64, priority int) (accepted, error) {
	got := accepted{isChanged: map[string]bool{}}
	if err := lockCollection(ctx, tx, col); err != nil {
		return got, err
	}
	olds, err := lockOffered(ctx, tx, col, offers)
	if err != nil {
		return got, err
	}
	b, imports, touched, fresh := &pgx.Batch{}, map[int64]*progress{}, false, newcomers{col: col, importID: importID}
	for _, o := range offers {
		old, ok := olds[o.uri]
		ours := importID != 0 && old.importID != nil && *old.importID == importID
		same := bytes.Equal(old.hash, o.hash)
		switch {
		case !ok:
			id := in.ids.Next()
			fresh.add(id, o)
			got.changed, got.isChanged[o.uri] = append(got.changed, id), true
			countNew(imports, o, importID)
		case !same || (old.state == Failed || o.again) && !ours:
			queueReplace(b, col, old.id, o, importID)
			if same {
				queueReparse(b, col, old.id)
			}
			got.changed, got.isChanged[o.uri] = append(got.changed, old.id), true
			countReplaced(imports, o, old, importID)
		default:
			touched = queueTouch(b, col, o, old) || touched
			if ours {
				got.ours++
			} else {
				got.unchanged++
			}
		}
	}
	if err := fresh.copy(ctx, tx); err != nil {
		return got, err
	}
	if b.Len() > 0 {
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return got, fmt.Errorf("accept documents: %w", err)
		}
	}
	if len(got.changed) > 0 {
		if err := in.queue.insert(ctx, tx, indexArgs{col, got.changed}, priority); err != nil {
			return got, err
		}
	}
	if err := addProgress(ctx, tx, col, imports); err != nil {
		return got, err
	}
	if touched {
		return got, bumpVersion(ctx, tx, col)
	}
	return got, nil
}

// lockOffered reads and locks, in order of id, the documents that exist.
func lockOffered(ctx context.Context, tx pgx.Tx, col int64, offers []offer) (map[string]known, error) {
	uris := make([]string, len(offers))
	for i, o := range offers {
		uris[i] = o.uri
	}
	rows, err := tx.Query(ctx, `
		select uri, document_id, size, state, version, content_hash, source, modified_at, source_version, metadata, principals, import_id, parent_id
		  from document where collection_id = $1 and uri = any($2) order by document_id for update`, col, uris)
	if err != nil {
		return nil, fmt.Errorf("look documents up: %w", err)
	}
	olds := map[string]known{}
	var uri string
	var k known
	_, err = pgx.ForEachRow(rows, []any{
		&uri, &k.id, &k.size, &k.state, &k.version, &k.hash, &k.source, &k.modifiedAt, &k.origin,
		&k.metadata, &k.principals, &k.importID, &k.parent,
	}, func() error {
		olds[uri] = k
		k = known{}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look documents up: %w", err)
	}
	return olds, nil
}

// queueReplace leaves title and media type to the transaction that indexes the
// new bytes: until then readers see the old ones.
func queueReplace(b *pgx.Batch, col, id int64, o offer, importID int64) {
	b.Queue(`
		update document
		   set revision = revision + 1, state = 'pending', reason = '', source = $3, content_hash = $4, size = $5, modified_at = $6,
		       metadata = case when $7 then metadata || $8 else $8 end, principals = case when $13 then principals else $9 end,
		       import_id = nullif($10::bigint, 0), source_version = $11, parent_id = $12, updated_at = now()
		 where collection_id = $1 and document_id = $2`,
		col, id, o.source, o.hash, len(o.body), o.modifiedAt, o.keep, o.metadata, o.principals, importID, o.version, o.parent, o.keepPrincipals)
	queueStage(b, col, id, o)
	queueInherit(b, col, []int64{id})
}

func queueStage(b *pgx.Batch, col, id int64, o offer) {
	b.Queue(`
		insert into staged (collection_id, document_id, revision, media_type, title, body)
		select collection_id, document_id, revision, $3, $4, $5 from document where collection_id = $1 and document_id = $2
		on conflict (collection_id, document_id) do update
		   set revision = excluded.revision, media_type = excluded.media_type, title = excluded.title, body = excluded.body`,
		col, id, o.mediaType, o.title, o.body)
}

// queueTouch updates what has changed about a document whose content has not.
// It reports whether readers can tell.
func queueTouch(b *pgx.Batch, col int64, o offer, old known) bool {
	o, visible := o.unchanged(old)
	if !visible && o.source == old.source && o.version == old.origin && sameID(o.parent, old.parent) && sameTime(o.modifiedAt, old.modifiedAt) {
		return false
	}
	b.Queue(`
		update document
		   set source = $3, modified_at = $4, metadata = $5, principals = $6,
		       updated_at = case when $7 then now() else updated_at end, source_version = $8, parent_id = $9
		 where collection_id = $1 and document_id = $2`,
		col, old.id, o.source, o.modifiedAt, o.metadata, o.principals, visible, o.version, o.parent)
	if visible {
		queueInherit(b, col, []int64{old.id})
	}
	return visible
}

// unchanged is an offer of the same content with the metadata and principals that
// the document is to have, and whether it has others now. Of what its source
// says, and no labels, it keeps what it has.
func (o offer) unchanged(old known) (with offer, visible bool) {
	if o.keep {
		kept, err := o.labels.on(old.metadata)
		if err != nil { // too large together
			kept = old.metadata
		}
		o.metadata = kept
	}
	if o.keepPrincipals {
		o.principals = old.principals
	}
	return o, !sameJSON(o.metadata, old.metadata) || !slices.Equal(o.principals, old.principals)
}

// sameJSON compares values, not spelling: jsonb reorders keys.
func sameJSON(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, errP := json.Marshal(x)
	q, errQ := json.Marshal(y)
	return errP == nil && errQ == nil && bytes.Equal(p, q)
}

func sameID(a, b *int64) bool { return a == b || a != nil && b != nil && *a == *b }

// sameTime compares to the microsecond, which is what Postgres keeps.
func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Truncate(time.Microsecond).Equal(b.Truncate(time.Microsecond))
}

// bumpVersion tells caches that the collection's content changed. It locks the
// row that every writer wants, so it comes last in a transaction.
func bumpVersion(ctx context.Context, tx pgx.Tx, col int64) error {
	_, err := tx.Exec(ctx, `update collection_stats set version = version + 1 where collection_id = $1`, col)
	return err
}
