package retrieve

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	// variantWeight is what a term counts that is only like one of the query's.
	variantWeight = 0.5
	// maxRespelled bounds the terms for which variants are looked up.
	maxRespelled = 8
)

const variantsSQL = `
select term_id, term, df from term
 where collection_id = @collection and term_id = any(@terms::bigint[]) and df > 0`

// respell adds, for terms that the collection seems to lack, the most frequent term
// it has that is one slip away, and tells whether there is any. Required terms
// are meant as they are written.
func (r *search) respell(ctx context.Context, unknown []int64) (bool, error) {
	l := &r.terms
	if len(l.required) > 0 {
		return false, nil
	}
	of := map[int64]int64{} // variant → unknown term
	var keys []int64
	for _, id := range unknown[:min(len(unknown), maxRespelled)] {
		for _, v := range lexical.Variants(l.names[id]) {
			key := lexical.TermID(v)
			of[key] = id
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return false, nil
	}
	rows, err := r.pool.Query(ctx, variantsSQL, pgx.NamedArgs{"collection": r.collection.ID, "terms": keys})
	if err != nil {
		return false, fmt.Errorf("spelling variants: %w", err)
	}
	best, most := map[int64]string{}, map[int64]int64{}
	var key, df int64
	var term string
	_, err = pgx.ForEachRow(rows, []any{&key, &term, &df}, func() error {
		id := of[key]
		if df > most[id] || df == most[id] && term < best[id] {
			best[id], most[id] = term, df
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("spelling variants: %w", err)
	}
	for _, id := range unknown {
		if best[id] != "" {
			l.add(best[id], variantWeight)
			r.df[lexical.TermID(best[id])] = most[id]
		}
	}
	return len(best) > 0, nil
}
