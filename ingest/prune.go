package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

const (
	// pruneEvery is the time between two looks for versions past their time.
	pruneEvery = time.Hour
	// pruneRows bounds the texts that one statement deletes.
	pruneRows = 500
)

// periodic are the jobs that no document asks for.
func periodic() []*river.PeriodicJob {
	prune := func() (river.JobArgs, *river.InsertOpts) { return pruneArgs{}, nil }
	return []*river.PeriodicJob{
		river.NewPeriodicJob(river.PeriodicInterval(pruneEvery), prune, &river.PeriodicJobOpts{RunOnStart: true}),
	}
}

// retire takes the documents' texts from the readers of the newest version. They
// stay for Settings.KeepVersionsDays, because answers have cited them.
func retire(b *pgx.Batch, t *target, ids []int64) {
	if t.settings.keepVersionsDays() == 0 {
		b.Queue(`delete from document_text where collection_id = $1 and document_id = any($2)`, t.col, ids)
		return
	}
	b.Queue(`update document_text set replaced_at = now()
		where collection_id = $1 and document_id = any($2) and replaced_at is null`, t.col, ids)
}

// prune deletes the texts that were replaced longer ago than their collection
// keeps them, a bounded number at a time, and cached answers that quote what has
// changed since. It may be killed and run again.
func (ix *indexer) prune(ctx context.Context) error {
	_, err := ix.pool.Exec(ctx, `delete from cached_answer a using collection_stats t
		where t.collection_id = a.collection_id and a.content_version < t.version`)
	if err != nil {
		return fmt.Errorf("prune cached answers: %w", err)
	}
	rows, err := ix.pool.Query(ctx, selectCollection+` where c.name not like '~%'`)
	if err != nil {
		return fmt.Errorf("list collections: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanCollection)
	if err != nil {
		return fmt.Errorf("list collections: %w", err)
	}
	for _, c := range all {
		for more := true; more; {
			tag, err := ix.pool.Exec(ctx, `
				delete from document_text t using (
				  select document_id, version from document_text
				   where collection_id = $1 and replaced_at <= now() - make_interval(days => $2) order by replaced_at limit $3) old
				 where t.collection_id = $1 and t.document_id = old.document_id and t.version = old.version`,
				c.ID, c.Settings.keepVersionsDays(), pruneRows)
			if err != nil {
				return fmt.Errorf("prune versions of %q: %w", c.Name, err)
			}
			more = tag.RowsAffected() == pruneRows
		}
	}
	return nil
}
