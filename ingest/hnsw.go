package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// HNSWAfter is the number of chunks from which a space gets an HNSW index. Below
// it retrieve reads every vector, which is exact and as fast.
const HNSWAfter = 5000

// hnswName is how retrieve knows a space's index.
func hnswName(space int64) string { return fmt.Sprintf("embedding_hnsw_%d", space) }

// wantHNSW queues the index of a space that has grown large. It is a hint after
// the fact: should it be lost, the next write or start of a worker repeats it.
func (ix *indexer) wantHNSW(ctx context.Context, t *target, chunks int64) {
	if chunks < HNSWAfter {
		return
	}
	exists, valid, err := hnswState(ctx, ix.pool, t.space.ID)
	if err == nil && !(exists && valid) {
		err = ix.queueHNSW(ctx, t)
	}
	if err != nil {
		ix.log.Warn("queue index build", "space_id", t.space.ID, "err", err)
	}
}

func (ix *indexer) queueHNSW(ctx context.Context, t *target) error {
	return pgx.BeginFunc(ctx, ix.pool, func(tx pgx.Tx) error {
		return ix.queue.insert(ctx, tx, hnswArgs{t.col, t.space.ID}, 1)
	})
}

// wantAllHNSW does so for every collection.
func (ix *indexer) wantAllHNSW(ctx context.Context) error {
	rows, err := ix.pool.Query(ctx, selectCollection+` where c.name not like '~%' and t.chunks >= $1`, HNSWAfter)
	if err != nil {
		return fmt.Errorf("list large collections: %w", err)
	}
	all, err := pgx.CollectRows(rows, scanCollection)
	if err != nil {
		return fmt.Errorf("list large collections: %w", err)
	}
	for _, c := range all {
		ix.wantHNSW(ctx, &target{col: c.ID, space: c.Space}, c.Chunks)
	}
	return nil
}

// rowQuerier is a pool or a connection.
type rowQuerier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// hnswState tells whether a space's index exists, and whether it is whole.
func hnswState(ctx context.Context, db rowQuerier, space int64) (exists, valid bool, err error) {
	err = db.QueryRow(ctx, `
		select i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid
		 where c.relname = $1 and pg_table_is_visible(c.oid)`, hnswName(space)).Scan(&valid)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, false, nil
	}
	return err == nil, valid, err
}

// buildHNSW builds a space's index without blocking writers, unless more of the
// collection is still being loaded: COPY into an index is many times slower
// than building it afterwards.
func (ix *indexer) buildHNSW(ctx context.Context, col, space int64) error {
	var dim int
	var loading bool
	err := ix.pool.QueryRow(ctx, `
		select s.dim, exists (select from import where collection_id = $1 and state = 'scanning')
		           or (select count(*) from document where collection_id = $1 and state = 'pending') > t.documents / 5
		  from space s join collection c using (collection_id) join collection_stats t using (collection_id)
		 where s.collection_id = $1 and s.space_id = $2 and c.name not like '~%' and t.chunks >= $3`,
		col, space, HNSWAfter).Scan(&dim, &loading)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // dropped, or shrunk
	}
	if err != nil {
		return fmt.Errorf("read space %d: %w", space, err)
	}
	if loading {
		return river.JobSnooze(5 * time.Second)
	}
	return ix.onIndex(ctx, space, func(conn *pgx.Conn) error { return createHNSW(ctx, conn, space, dim) })
}

// hnswLacks reports whether a large space has no index that serves.
func hnswLacks(ctx context.Context, tx pgx.Tx, a hnswArgs) (large bool, err error) {
	_, valid, err := hnswState(ctx, tx, a.SpaceID)
	if err != nil || valid {
		return false, err
	}
	err = tx.QueryRow(ctx, `
		select exists (select from space s join collection c using (collection_id) join collection_stats t using (collection_id)
		                where s.collection_id = $1 and s.space_id = $2 and c.name not like '~%' and t.chunks >= $3)`,
		a.CollectionID, a.SpaceID, HNSWAfter).Scan(&large)
	return large, err
}

// onIndex runs f on a connection without a time limit while no other process
// builds or drops the space's index, a killed one's server process included. It
// snoozes the job when one does.
func (ix *indexer) onIndex(ctx context.Context, space int64, f func(*pgx.Conn) error) error {
	c, err := ix.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	conn := c.Hijack() // its settings and lock go with it
	defer func() {
		// Its server process may outlive Close by a moment; the lock must not.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_, _ = conn.Exec(end, `select pg_advisory_unlock_all()`)
		conn.Close(end)
	}()
	var free bool
	if err := conn.QueryRow(ctx, `select pg_try_advisory_lock($1)`, space).Scan(&free); err != nil {
		return fmt.Errorf("lock index of space %d: %w", space, err)
	}
	if !free {
		return river.JobSnooze(5 * time.Second)
	}
	if _, err := conn.Exec(ctx, `set statement_timeout = 0`); err != nil {
		return err
	}
	return f(conn)
}

// rebuildShare of a collection's chunks is the number of documents waiting with
// their vectors from which its HNSW index is dropped and built again after them.
// Measured with pgvector 0.8 on two cores: one connection writes 790 rows a
// second into an index, two write 1,690, and a build takes in 4,400, so that
// building again wins from 0.2 to 0.6 times the rows that are there. Documents
// that the model embeds come more slowly than an index takes them.
const rebuildShare = 0.5

// unindexBefore drops the HNSW index when what waits with these claims is a large
// load. Searches read every vector meanwhile. The build is queued first: a
// worker killed in between leaves a job that builds, or finds nothing to do.
func (ix *indexer) unindexBefore(ctx context.Context, t *target, claims []claim) error {
	if !slices.ContainsFunc(claims, func(c claim) bool { return c.mediaType == PreparedType }) {
		return nil
	}
	exists, _, err := hnswState(ctx, ix.pool, t.space.ID)
	if err != nil || !exists {
		return err
	}
	var large bool
	err = ix.pool.QueryRow(ctx, `
		select (select count(*) from staged s join document d using (collection_id, document_id)
		         where s.collection_id = $1 and s.media_type = $2 and d.state = 'pending') > $3::float8 * t.chunks
		  from collection_stats t where t.collection_id = $1`, t.col, PreparedType, rebuildShare).Scan(&large)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !large {
		return nil
	}
	if err != nil {
		return fmt.Errorf("count what waits: %w", err)
	}
	if err := ix.queueHNSW(ctx, t); err != nil {
		return err
	}
	err = ix.onIndex(ctx, t.space.ID, func(c *pgx.Conn) error { return dropHNSW(ctx, c, t.space.ID) })
	if errors.As(err, new(*river.JobSnoozeError)) {
		return nil // another worker is at it
	}
	return err
}

func createHNSW(ctx context.Context, conn *pgx.Conn, space int64, dim int) error {
	exists, valid, err := hnswState(ctx, conn, space)
	if err != nil || valid {
		return err
	}
	if exists { // left by a build that was killed
		if err := dropHNSW(ctx, conn, space); err != nil {
			return err
		}
	}
	// Identifiers and types cannot be parameters; these are numbers.
	_, err = conn.Exec(ctx, fmt.Sprintf(`create index concurrently %s on embedding
		using hnsw ((emb::halfvec(%d)) halfvec_cosine_ops) with (m = 16, ef_construction = 128) where space_id = %d`,
		hnswName(space), dim, space))
	if err != nil {
		return fmt.Errorf("build index of space %d: %w", space, err)
	}
	return nil
}

func dropHNSW(ctx context.Context, conn *pgx.Conn, space int64) error {
	if _, err := conn.Exec(ctx, "drop index concurrently if exists "+hnswName(space)); err != nil {
		return fmt.Errorf("drop index of space %d: %w", space, err)
	}
	return nil
}
