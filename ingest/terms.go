package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// termDelta is what a transaction does to document frequencies. The zero value
// is empty.
type termDelta struct {
	touched map[int64]*termChange
}

type termChange struct {
	term string
	df   int64
}

// add counts n chunks more, or fewer, for a term. Its text may be empty where
// the term is known to exist.
func (d *termDelta) add(id int64, term string, n int64) {
	if d.touched == nil {
		d.touched = map[int64]*termChange{}
	}
	c, ok := d.touched[id]
	if !ok {
		c = &termChange{}
		d.touched[id] = c
	}
	if c.term == "" {
		c.term = term
	}
	c.df += n
}

// apply adds the changes to the term rows, in order of id so that no two
// transactions deadlock, and deletes those that no chunk holds any more.
func (d *termDelta) apply(ctx context.Context, tx pgx.Tx, col int64) error {
	var ids, dfs, fewer []int64
	var terms []string
	for _, id := range slices.Sorted(maps.Keys(d.touched)) {
		c := d.touched[id]
		if c.df == 0 {
			continue
		}
		ids, terms, dfs = append(ids, id), append(terms, c.term), append(dfs, c.df)
		if c.df < 0 {
			fewer = append(fewer, id)
		}
	}
	b := &pgx.Batch{}
	if len(ids) > 0 {
		b.Queue(`
			insert into term as t (collection_id, term_id, term, df)
			select $1, u.term_id, u.term, u.df from unnest($2::bigint[], $3::text[], $4::bigint[]) as u (term_id, term, df)
			 order by u.term_id
			on conflict (collection_id, term_id) do update set df = t.df + excluded.df`, col, ids, terms, dfs)
	}
	if len(fewer) > 0 {
		b.Queue(`delete from term where collection_id = $1 and term_id = any($2) and df = 0`, col, fewer)
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("count terms: %w", err)
	}
	return nil
}
