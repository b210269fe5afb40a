package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// massRemoval is the number of a source's documents from which a sync that
// would remove more than half of them needs to be told that this is meant: an
// unmounted disk or a wrong prefix looks just like it.
const massRemoval = 10

// goneDocuments were imported before and are not listed any more.
type goneDocuments struct {
	ids, revisions []int64
	uris           []string // for the plan of a dry run of a sync, else none
}

// keep drops those that keep does not want, from the first on.
func (g *goneDocuments) keep(first int, keep func(id int64) bool) {
	n := first
	for i := first; i < len(g.ids); i++ {
		if !keep(g.ids[i]) {
			continue
		}
		g.ids[n], g.revisions[n] = g.ids[i], g.revisions[i]
		if len(g.uris) > 0 {
			g.uris[n] = g.uris[i]
		}
		n++
	}
	g.ids, g.revisions = g.ids[:n], g.revisions[:n]
	g.uris = g.uris[:min(n, len(g.uris))]
}

// miss notes a document that is not listed any more.
func (s *scan) miss(d *scanned) {
	s.gone.ids = append(s.gone.ids, d.id)
	s.gone.revisions = append(s.gone.revisions, d.revision)
	if s.spec.Sync && s.spec.DryRun {
		s.gone.uris = append(s.gone.uris, d.uri)
	}
}

// removeGone removes the documents whose files are gone, unless someone has put
// them anew since the listing.
func (s *scan) removeGone(ctx context.Context) error {
	for ids, revisions := s.gone.ids, s.gone.revisions; len(ids) > 0; {
		if err := s.save(ctx, true); err != nil { // never after a cancellation
			return err
		}
		n := min(len(ids), batchDocuments)
		err := inTx(ctx, s.in.pool, func(tx pgx.Tx) error {
			_, err := remove(ctx, tx, s.col, ids[:n], revisions[:n], s.id)
			return err
		})
		if err != nil {
			return fmt.Errorf("remove documents: %w", err)
		}
		ids, revisions = ids[n:], revisions[n:]
	}
	return nil
}
