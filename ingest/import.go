package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// States of an import.
const (
	Scanning  = "scanning" // reading the source; documents are indexed meanwhile
	Indexing  = "indexing" // the source is read
	Done      = "done"
	Cancelled = "cancelled"
	// Failed too: the source could not be read whole; nothing was removed.
)

// Import is one run over a source. Listed is Unchanged + Queued + Moved + the
// skipped once the scan is over; the import has ended when Queued is
// Indexed + Failed + Superseded.
type Import struct {
	ID         int64
	Collection string
	Spec       ImportSpec
	State      string // Scanning, Indexing, Done, Failed or Cancelled
	// Error is why it failed or, before it has ended, why documents are being
	// tried again; empty when all is well.
	Error string
	// Waiting is what is waited for before it has ended, for a person: a large
	// document, room for one, or the embedding server; empty where nothing is known.
	Waiting string
	// Files listed, and of these unchanged.
	Listed, Unchanged int64
	// Skipped files by reason, most frequent first.
	Skipped []Skipped
	// Documents accepted, and of these indexed, quarantined, and replaced or
	// deleted before they were indexed.
	Queued, Indexed, Failed, Superseded int64
	// Documents removed because their files are gone.
	Removed int64
	// Documents found elsewhere in their source, content unchanged.
	Moved int64
	// Plan is what a dry run found; then Listed is Unchanged, Added, Changed,
	// Moved and the skipped.
	Plan                      Plan
	QueuedBytes, IndexedBytes int64
	// Chunks written, of these embedded by the model, and their tokens.
	Chunks, Embedded, Tokens int64
	StartedAt                time.Time
	FinishedAt               time.Time // zero until it ends
	// Rate is known to WatchImport only; else nil.
	Rate *Rate
}

// Ended reports whether the import's state is final.
func (m *Import) Ended() bool { return m.State != Scanning && m.State != Indexing }

// Skipped counts files that were not accepted for one reason.
type Skipped struct {
	Reason  string `json:"-"`
	Count   int64  `json:"count"`
	Example string `json:"example"`
}

// StartImport queues an import and returns at once. The worker reads the source.
func (in *Ingester) StartImport(ctx context.Context, collection string, spec ImportSpec) (Import, error) {
	spec, err := spec.clean()
	if err != nil {
		return Import{}, err
	}
	col, err := in.collection(ctx, collection)
	if err != nil {
		return Import{}, err
	}
	id := in.ids.Next()
	err = inTx(ctx, in.pool, func(tx pgx.Tx) error {
		if err := lockCollection(ctx, tx, col); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into import (collection_id, import_id, spec, state) values ($1, $2, $3, 'scanning')`, col, id, spec)
		if err != nil {
			return err
		}
		return in.queue.insert(ctx, tx, scanArgs{col, id}, 1)
	})
	if err != nil {
		return Import{}, fmt.Errorf("start import: %w", err)
	}
	return in.Import(ctx, collection, id)
}

// Import returns an import as it is now, or ErrUnknownImport.
func (in *Ingester) Import(ctx context.Context, collection string, id int64) (Import, error) {
	col, err := in.collection(ctx, collection)
	if err != nil {
		return Import{}, err
	}
	m, err := readImport(ctx, in.pool, col, id)
	m.Collection = collection
	return m, err
}

// Imports returns a page of at most limit imports, 1 to 1000, the latest first:
// those before an id, 0 for the first page.
func (in *Ingester) Imports(ctx context.Context, collection string, before int64, limit int) ([]Import, error) {
	if limit < 1 || limit > 1000 {
		return nil, &Invalid{"page_size", "must be from 1 to 1000"}
	}
	col, err := in.collection(ctx, collection)
	if err != nil {
		return nil, err
	}
	rows, err := in.pool.Query(ctx, selectImport+` where collection_id = $1 and ($2::bigint = 0 or import_id < $2) order by import_id desc limit $3`,
		col, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanImport)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	for i := range all {
		all[i].Collection = collection
	}
	return all, nil
}

func readImport(ctx context.Context, db rowsQuerier, col, id int64) (Import, error) {
	rows, err := db.Query(ctx, selectImport+` where collection_id = $1 and import_id = $2`, col, id)
	if err != nil {
		return Import{}, fmt.Errorf("import %d: %w", id, err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanImport)
	return m, orUnknown(err, ErrUnknownImport, "import %d", id)
}

const selectImport = `
	select import_id, spec, state, case when state in ('scanning', 'indexing') then trouble else error end, listed, unchanged, skipped,
	       queued, indexed, failed, superseded, removed, moved, queued_bytes, indexed_bytes, chunks, embedded, tokens,
	       started_at, finished_at, plan, waiting, ` + pausedUntil + `
	  from import`

func scanImport(row pgx.CollectableRow) (m Import, err error) {
	skipped := map[string]*Skipped{}
	var finished, paused *time.Time
	err = row.Scan(
		&m.ID, &m.Spec, &m.State, &m.Error, &m.Listed, &m.Unchanged, &skipped, &m.Queued, &m.Indexed, &m.Failed, &m.Superseded, &m.Removed, &m.Moved,
		&m.QueuedBytes, &m.IndexedBytes, &m.Chunks, &m.Embedded, &m.Tokens, &m.StartedAt, &finished, &m.Plan, &m.Waiting, &paused)
	if err != nil {
		return Import{}, err
	}
	if finished != nil {
		m.FinishedAt = *finished
	}
	if paused != nil {
		m.Waiting = pauseText(*paused)
	}
	if m.Ended() {
		m.Waiting = ""
	}
	for reason, s := range skipped {
		m.Skipped = append(m.Skipped, Skipped{reason, s.Count, s.Example})
	}
	slices.SortFunc(m.Skipped, func(a, b Skipped) int {
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Reason, b.Reason)
	})
	return m, nil
}
