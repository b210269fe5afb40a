package ingest

import (
	"bytes"
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Plan is what an import would do.
type Plan struct {
	Added, Changed, Removed Planned
	// Moved has examples of the form "old URI → new URI".
	Moved Planned
}

// Planned counts documents and names some of them.
type Planned struct {
	Count    int64    `json:"count"`
	Examples []string `json:"examples"` // URIs, at most examplesShown
}

const examplesShown = 10

func (p *Planned) add(uri string) {
	p.Count++
	if len(p.Examples) < examplesShown {
		p.Examples = append(p.Examples, uri)
	}
}

// plan notes what accepting the offers would do. It writes nothing.
func (in *Ingester) plan(ctx context.Context, col int64, offers []offer, p *Plan) (unchanged int64, err error) {
	uris := make([]string, len(offers))
	for i, o := range offers {
		uris[i] = o.uri
	}
	rows, err := in.pool.Query(ctx, `
		select uri, content_hash, state, metadata, principals from document where collection_id = $1 and uri = any($2)`, col, uris)
	if err != nil {
		return 0, fmt.Errorf("look documents up: %w", err)
	}
	olds, uri, k := map[string]known{}, "", known{}
	_, err = pgx.ForEachRow(rows, []any{&uri, &k.hash, &k.state, &k.metadata, &k.principals}, func() error {
		olds[uri] = k
		k = known{}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look documents up: %w", err)
	}
	for _, o := range offers {
		old, ok := olds[o.uri]
		_, visible := o.unchanged(old)
		switch {
		case !ok:
			p.Added.add(o.uri)
		case !bytes.Equal(old.hash, o.hash) || old.state == Failed || o.again || visible:
			p.Changed.add(o.uri)
		default:
			unchanged++
		}
	}
	return unchanged, nil
}
