package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// progress is what one transaction adds to an import's counters.
type progress struct {
	queued, queuedBytes                       int64
	indexed, failed, superseded, indexedBytes int64
	chunks, embedded, tokens, removed         int64
}

// of returns the progress of an import, ready to be added to.
func of(by map[int64]*progress, importID int64) *progress {
	p, ok := by[importID]
	if !ok {
		p = &progress{}
		by[importID] = p
	}
	return p
}

func countNew(by map[int64]*progress, o offer, importID int64) {
	if importID != 0 {
		p := of(by, importID)
		p.queued++
		p.queuedBytes += int64(len(o.body))
	}
}

// countReplaced counts an offer that takes old's place. An import counts each
// document once, also when it met it twice because its scan started over.
func countReplaced(by map[int64]*progress, o offer, old known, importID int64) {
	if old.importID == nil || *old.importID != importID {
		countSuperseded(by, old)
		countNew(by, o, importID)
		return
	}
	p := of(by, importID)
	p.queuedBytes += int64(len(o.body)) - old.size
	switch old.state {
	case Ready:
		p.indexed--
		p.indexedBytes -= old.size
	case Failed:
		p.failed--
	}
}

// countSuperseded tells the import that waits for old that it waits in vain.
func countSuperseded(by map[int64]*progress, old known) {
	if old.importID != nil && old.state == Pending {
		of(by, *old.importID).superseded++
	}
}

// addProgress adds to the imports' counters, in order of id so that no two
// transactions deadlock, and ends those whose last document it settles.
func addProgress(ctx context.Context, tx pgx.Tx, col int64, by map[int64]*progress) error {
	for _, id := range slices.Sorted(maps.Keys(by)) {
		p := by[id]
		_, err := tx.Exec(ctx, `
			update import
			   set queued = queued + $3, queued_bytes = queued_bytes + $4, indexed = indexed + $5, failed = failed + $6,
			       superseded = superseded + $7, indexed_bytes = indexed_bytes + $8, chunks = chunks + $9,
			       embedded = embedded + $10, tokens = tokens + $11, removed = removed + $12,
			       trouble = case when $5 > 0 then '' else trouble end, waiting = case when $5 + $6 > 0 then '' else waiting end
			 where collection_id = $1 and import_id = $2`,
			col, id, p.queued, p.queuedBytes, p.indexed, p.failed, p.superseded, p.indexedBytes, p.chunks, p.embedded, p.tokens, p.removed)
		if err == nil {
			err = endImport(ctx, tx, col, id)
		}
		if err != nil {
			return fmt.Errorf("count for import %d: %w", id, err)
		}
	}
	return nil
}

// endImport ends an import whose scan is over and whose documents are settled.
// Its row must be locked by tx, so that of two transactions that settle the
// last two documents the second sees the first.
func endImport(ctx context.Context, tx pgx.Tx, col, id int64) error {
	_, err := tx.Exec(ctx, `
		update import set state = case when error = '' then 'done' else 'failed' end, finished_at = clock_timestamp()
		 where collection_id = $1 and import_id = $2 and state = 'indexing' and indexed + failed + superseded = queued`, col, id)
	return err
}
