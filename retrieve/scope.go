package retrieve

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

const (
	// listedChunks is how many chunks the documents in scope may have together to
	// be compared one by one, which is exact; of a large collection, more, since
	// an index that is asked for a small part of it returns slowly and misses.
	listedChunks    = 5_000
	maxListedChunks = 20_000
	largeShare      = 50 // the part of a collection, 1/50, that counts as small
)

// scope is the documents that a search may find. The zero value is all.
type scope struct {
	// where is the condition on a row d of document, with its arguments; "" is none.
	where string
	args  pgx.NamedArgs
	// listed says that documents are all in scope, few enough to be named.
	listed    bool
	documents []int64
}

// access is the part of where that no filter can widen: d names no principals,
// or one of the caller's.
const access = `(d.principals = '{}' or d.principals && @principals::text[])`

// newScope is what the query says, before any row is read. Of a collection
// where everyone may read everything, the caller does not matter.
func newScope(q Query, restricted bool) scope {
	s := scope{args: pgx.NamedArgs{}}
	var conditions []string
	if !q.Unrestricted && restricted {
		conditions = append(conditions, access)
		s.args["principals"] = append([]string{}, q.Principals...)
	}
	if q.Filter != nil {
		conditions = append(conditions, filter.SQL(q.Filter, "d", s.args))
	}
	s.where = strings.Join(conditions, " and ")
	return s
}

func (s scope) all() bool { return s.where == "" }

func (s scope) empty() bool { return s.listed && len(s.documents) == 0 }

// with adds the scope's arguments to a statement's.
func (s scope) with(args pgx.NamedArgs) pgx.NamedArgs {
	maps.Copy(args, s.args)
	if s.listed {
		args["documents"] = s.documents
	}
	return args
}

// in puts the condition where sql says ALLOWED.
func (s scope) in(sql string) string { return strings.ReplaceAll(sql, "ALLOWED", s.where) }

// What a filter lets through differs too much for one plan: the statement that
// follows in the same batch is planned for the values at hand.
const customPlanSQL = `select set_config('plan_cache_mode', 'force_custom_plan', true)`

// The documents in scope, no more than can be worth listing.
const scopeSQL = `
select d.document_id, d.chunks from document d
 where d.collection_id = @collection and d.chunks > 0 and ALLOWED limit @most`

// narrow lists the documents in scope when they are few. It is how the share of
// the collection that a filter lets through is known before a plan is chosen.
func (s *Searcher) narrow(ctx context.Context, c collection, sc scope) (scope, error) {
	most := s.listable(c)
	// Twice the documents that as many chunks have on average: a filter that
	// matches much is recognised early.
	documents := min(most, 2*most*max(c.Documents, 1)/max(c.Chunks, 1)+100)
	var id, chunks, sum int64
	ids := []int64{}
	batch := &pgx.Batch{}
	batch.Queue(customPlanSQL)
	batch.Queue(sc.in(scopeSQL), sc.with(pgx.NamedArgs{"collection": c.ID, "most": documents + 1})).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&id, &chunks}, func() error {
			ids = append(ids, id)
			sum += chunks
			return nil
		})
		return err
	})
	if err := s.pool.SendBatch(ctx, batch).Close(); err != nil {
		return sc, fmt.Errorf("apply filter: %w", err)
	}
	if int64(len(ids)) <= documents && sum <= most {
		sc.listed, sc.documents = true, ids
	}
	return sc, nil
}

// listable is how many chunks are compared one by one.
func (s *Searcher) listable(c collection) int64 {
	return max(s.listed, min(maxListedChunks, c.Chunks/largeShare))
}
