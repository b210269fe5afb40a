package ingest

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// A batch of documents is accepted in one transaction and indexed by one job: few
// enough to share the work of embedding among jobs, and more of those that come
// with their vectors, which are only written.
const (
	batchDocuments = 64
	batchPrepared  = 2048
	batchBytes     = 8 << 20
)

// offer adds to the batch, which is accepted when it is full.
func (s *scan) offer(ctx context.Context, o offer) error {
	if s.bytes+len(o.body) > batchBytes {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.batch = append(s.batch, o)
	s.bytes += len(o.body)
	if len(s.batch) < s.most(o) {
		return nil
	}
	return s.flush(ctx)
}

// most is how many documents a batch that ends with o may have. Of those that are
// only written the first batches are small and each next one as large as all before
// it: the first can be found soon, and Postgres is at work while the rest is read.
func (s *scan) most(o offer) int {
	if o.mediaType != PreparedType {
		return batchDocuments
	}
	return min(max(smallImport, int(s.tally.listed/2)), batchPrepared)
}

// flush accepts the batch, once there is room in the queue.
func (s *scan) flush(ctx context.Context) error {
	if len(s.batch) == 0 {
		return nil
	}
	if s.spec.DryRun {
		n, err := s.in.plan(ctx, s.col, s.batch, &s.plan)
		if err != nil {
			return err
		}
		return s.flushed(ctx, n)
	}
	if err := s.in.room(ctx, s.col); err != nil {
		return err
	}
	// Whoever brings a few documents does not wait for one who brings many.
	priority := early
	if s.accepted >= smallImport {
		priority = bulk
	}
	var got accepted
	err := inTx(ctx, s.in.pool, func(tx pgx.Tx) (err error) {
		got, err = s.in.accept(ctx, tx, s.col, s.batch, s.id, priority)
		return err
	})
	if err != nil {
		return err
	}
	s.accepted += len(got.changed) + got.ours
	return s.flushed(ctx, int64(got.unchanged))
}

func (s *scan) flushed(ctx context.Context, unchanged int64) error {
	s.tally.unchanged += unchanged
	clear(s.batch)
	s.batch, s.bytes = s.batch[:0], 0
	return s.save(ctx, true)
}
