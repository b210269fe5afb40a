package ingest

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// onceAtATime drops a job while another of the same arguments has not ended.
var onceAtATime = river.UniqueOpts{
	ByArgs: true,
	ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled,
	},
}

// untilDone is a job of onceAtATime that ends only when there is nothing more to
// do. While it looks, who would queue the same job waits for its row, so that none
// is dropped because of one that has looked for the last time.
func untilDone[T river.JobArgs](pool *pgxpool.Pool, do func(context.Context, T) error, more func(context.Context, pgx.Tx, T) (bool, error)) func(context.Context, *river.Job[T]) error {
	return func(ctx context.Context, j *river.Job[T]) error {
		if err := do(ctx, j.Args); err != nil {
			return err
		}
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `select from river_job where id = $1 for update`, j.ID); err != nil {
				return fmt.Errorf("lock job: %w", err)
			}
			left, err := more(ctx, tx, j.Args)
			if err != nil {
				return err
			}
			if left {
				return river.JobSnooze(0)
			}
			_, err = river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, j)
			return err
		})
	}
}
