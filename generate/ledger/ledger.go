// Package ledger keeps what models were asked, used and cost, summed by day,
// model and collection, and says what was spent.
package ledger

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/generate"
)

// Ledger is the usage table. Safe for concurrent use.
type Ledger struct{ pool *pgxpool.Pool }

// New returns the ledger of a migrated database.
func New(pool *pgxpool.Pool) *Ledger { return &Ledger{pool} }

// Row is one day's use of one model by one collection.
type Row struct {
	Collection string
	Day        time.Time
	Model      string
	Sum
}

// Sum of tries.
type Sum struct {
	Answers, Failures                       int64
	InputTokens, OutputTokens, CachedTokens int64
	// NanoDollars is the cost of the tries whose cost is known; Unpriced counts the others.
	NanoDollars, Unpriced int64
	// Hits are answers given again, and SavedNanoDollars what they cost when they
	// were made, where that is known.
	Hits, SavedNanoDollars int64
	// SparedNanoDollars are what cascades saved by this model's answers.
	SparedNanoDollars int64
}

const recordSQL = `
insert into usage as u (collection_id, day, model, answers, failures,
                        input_tokens, output_tokens, cached_tokens, nano_dollars, unpriced, spared_nano_dollars)
select c.collection_id, (now() at time zone 'utc')::date, t.model, t.answers, t.failures,
       t.input_tokens, t.output_tokens, t.cached_tokens, t.nano_dollars, t.unpriced, t.spared
  from collection c
 cross join unnest(@models::text[], @answers::bigint[], @failures::bigint[], @inputs::bigint[], @outputs::bigint[],
                   @cached::bigint[], @nanos::bigint[], @unpriced::bigint[], @spared::bigint[])
       as t(model, answers, failures, input_tokens, output_tokens, cached_tokens, nano_dollars, unpriced, spared)
 where c.name = @collection
 order by t.model -- all lock in one order
    on conflict (collection_id, day, model) do update
   set answers = u.answers + excluded.answers, failures = u.failures + excluded.failures,
       input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens,
       cached_tokens = u.cached_tokens + excluded.cached_tokens, nano_dollars = u.nano_dollars + excluded.nano_dollars,
       unpriced = u.unpriced + excluded.unpriced,
       spared_nano_dollars = u.spared_nano_dollars + excluded.spared_nano_dollars`

// Record adds the tries of one answer. Tries that were not made count for
// nothing; a collection that is gone is no error.
func (l *Ledger) Record(ctx context.Context, collection string, tries []generate.Try) error {
	sums := map[string]Sum{}
	for _, t := range tries {
		if t.Duration > 0 {
			sums[t.Model] = sums[t.Model].add(t)
		}
	}
	if len(sums) == 0 {
		return nil
	}
	columns := make([][]int64, 8)
	var models []string
	for model, s := range sums {
		models = append(models, model)
		for i, v := range []int64{s.Answers, s.Failures, s.InputTokens, s.OutputTokens, s.CachedTokens, s.NanoDollars, s.Unpriced, s.SparedNanoDollars} {
			columns[i] = append(columns[i], v)
		}
	}
	_, err := l.pool.Exec(ctx, recordSQL, pgx.NamedArgs{
		"collection": collection, "models": models, "answers": columns[0], "failures": columns[1], "inputs": columns[2],
		"outputs": columns[3], "cached": columns[4], "nanos": columns[5], "unpriced": columns[6], "spared": columns[7],
	})
	if err != nil {
		return fmt.Errorf("record usage of %q: %w", collection, err)
	}
	return nil
}

func (s Sum) add(t generate.Try) Sum {
	// A weak answer was given and paid for, and did not answer; what was asked for
	// another purpose is neither.
	switch {
	case t.Purpose != "":
	case t.Code == "":
		s.Answers++
	default:
		s.Failures++
	}
	s.InputTokens += int64(t.Usage.InputTokens)
	s.OutputTokens += int64(t.Usage.OutputTokens)
	s.CachedTokens += int64(t.Usage.CachedTokens)
	if dollars, known := t.Cost(); known {
		s.NanoDollars += int64(math.Round(dollars * 1e9))
	} else {
		s.Unpriced++
	}
	if t.Spared != nil {
		s.SparedNanoDollars += int64(math.Round(*t.Spared * 1e9))
	}
	return s
}

// Saved adds an answer of model's that was given again, and what it cost when it
// was made; nil is not known.
func (l *Ledger) Saved(ctx context.Context, collection, model string, nanos *int64) error {
	_, err := l.pool.Exec(ctx, `
		insert into usage as u (collection_id, day, model, hits, saved_nano_dollars)
		select collection_id, (now() at time zone 'utc')::date, @model, 1, coalesce(@nanos::bigint, 0) from collection where name = @collection
		    on conflict (collection_id, day, model) do update
		   set hits = u.hits + 1, saved_nano_dollars = u.saved_nano_dollars + excluded.saved_nano_dollars`,
		pgx.NamedArgs{"collection": collection, "model": model, "nanos": nanos})
	if err != nil {
		return fmt.Errorf("record savings of %q: %w", collection, err)
	}
	return nil
}

// Spent implements generate.Spending.
func (l *Ledger) Spent(ctx context.Context, collection string) (float64, error) {
	var nanos int64
	err := l.pool.QueryRow(ctx, `
		select coalesce(sum(nano_dollars), 0)::bigint from usage
		 where day = (now() at time zone 'utc')::date
		   and (@collection = '' or collection_id = (select collection_id from collection where name = @collection))`,
		pgx.NamedArgs{"collection": collection}).Scan(&nanos)
	if err != nil {
		return 0, fmt.Errorf("read what was spent: %w", err)
	}
	return float64(nanos) / 1e9, nil
}

// maxRows of a list.
const maxRows = 10_000

// List returns the rows of a collection, of all when it is empty, from a day to
// another, both included; newest first, then by collection and model. At most
// 10,000 are returned.
func (l *Ledger) List(ctx context.Context, collection string, from, to time.Time) ([]Row, error) {
	rows, err := l.pool.Query(ctx, `
		select c.name, u.day, u.model, u.answers, u.failures,
		       u.input_tokens, u.output_tokens, u.cached_tokens, u.nano_dollars, u.unpriced, u.hits, u.saved_nano_dollars,
		       u.spared_nano_dollars
		  from usage u join collection c using (collection_id)
		 where u.day between @from::date and @to::date and (@collection = '' or c.name = @collection)
		 order by u.day desc, c.name, u.model limit @limit`,
		pgx.NamedArgs{"collection": collection, "from": from, "to": to, "limit": maxRows})
	if err != nil {
		return nil, fmt.Errorf("list usage: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Row, error) {
		var x Row
		err := r.Scan(&x.Collection, &x.Day, &x.Model, &x.Answers, &x.Failures,
			&x.InputTokens, &x.OutputTokens, &x.CachedTokens, &x.NanoDollars, &x.Unpriced,
			&x.Hits, &x.SavedNanoDollars, &x.SparedNanoDollars)
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("list usage: %w", err)
	}
	return out, nil
}
