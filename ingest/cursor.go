package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// cursor reads, page by page in byte order of URIs, the documents of a root:
// the root itself and all below it.
type cursor struct {
	pool *pgxpool.Pool
	col  int64
	uri  string // of the root
	// below begins the URIs of all that lies in the root.
	below string
	page  []scanned
	last  string
	done  bool
}

// scanned is a document as a scan needs it.
type scanned struct {
	id, revision       int64
	uri, source, state string
	known              state // what the source said of its content, and its hash
	importID           *int64
	attached           bool // to another document
	again              bool // to be indexed again, even with the same content
	updatedAt          time.Time
	metadata           json.RawMessage
	principals         []string
}

const scannedColumns = `document_id, revision, uri, source, state, size, modified_at, source_version, import_id, metadata, principals,
	content_hash, parent_id is not null, updated_at`

func scanScanned(row pgx.CollectableRow) (d scanned, err error) {
	err = row.Scan(&d.id, &d.revision, &d.uri, &d.source, &d.state, &d.known.size, &d.known.modified, &d.known.version, &d.importID,
		&d.metadata, &d.principals, &d.known.hash, &d.attached, &d.updatedAt)
	return d, err
}

const cursorPage = 1000

// peek returns the document that next passes, nil at the end.
func (c *cursor) peek(ctx context.Context) (*scanned, error) {
	if len(c.page) == 0 && !c.done {
		if err := c.fetch(ctx); err != nil {
			return nil, fmt.Errorf("list documents: %w", err)
		}
	}
	if len(c.page) == 0 {
		return nil, nil
	}
	return &c.page[0], nil
}

func (c *cursor) next() { c.page = c.page[1:] }

// fetch relies on uri's byte order: "/" is followed by "0".
func (c *cursor) fetch(ctx context.Context) error {
	end := c.below[:len(c.below)-1] + "0"
	rows, err := c.pool.Query(ctx, `
		select `+scannedColumns+` from document
		 where collection_id = $1 and uri > $2 and uri >= $3 and uri < $5 and (uri = $3 or uri >= $4) order by uri limit $6`,
		c.col, c.last, c.uri, c.below, end, cursorPage)
	if err != nil {
		return err
	}
	c.page, err = pgx.AppendRows(make([]scanned, 0, cursorPage), rows, scanScanned)
	if err != nil {
		return err
	}
	c.done = len(c.page) < cursorPage
	if n := len(c.page); n > 0 {
		c.last = c.page[n-1].uri
	}
	return nil
}
