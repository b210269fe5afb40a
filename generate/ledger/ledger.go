// Package ledger keeps what models were asked, used and cost, summed by day,
// model, collection and account, and says what was spent.
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

// Row is one day's use of one model by one collection, and by one account where
// rows are listed so.
type Row struct {
	Collection string
	Day        time.Time
	Account    string // empty: nobody's in particular; "*": those that are too many
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

// maxAccounts of a day are kept apart, about; further ones are counted together.
const maxAccounts = 10_000

// todaySQL is the day that counts: UTC's.
const todaySQL = `(now() at time zone 'utc')::date`

// accountSQL is @account as it is kept today. Names are counted only for one that is
// new today; two that come at once may both be the last.
const accountSQL = `(select case
    when @account = '' or exists (select from account_usage where day = ` + todaySQL + ` and account = @account) then @account
    when (select count(distinct account) from account_usage where day = ` + todaySQL + `) < @accounts then @account
    else '*' end)`

// addSQL adds sums to a row of usage or, where an account is named, of account_usage.
func addSQL(account string) string {
	table, key, value := "usage", "", ""
	if account != "" {
		table, key, value = "account_usage", "account, ", accountSQL+", "
	}
	return `
insert into ` + table + ` as u (collection_id, day, ` + key + `model, answers, failures, input_tokens, output_tokens, cached_tokens,
                        nano_dollars, unpriced, hits, saved_nano_dollars, spared_nano_dollars)
select c.collection_id, ` + todaySQL + `, ` + value + `t.*
  from collection c
 cross join unnest(@models::text[], @answers::bigint[], @failures::bigint[], @inputs::bigint[], @outputs::bigint[],
                   @cached::bigint[], @nanos::bigint[], @unpriced::bigint[], @hits::bigint[], @saved::bigint[], @spared::bigint[])
       as t(model, answers, failures, inputs, outputs, cached, nanos, unpriced, hits, saved, spared)
 where c.name = @collection
 order by t.model -- all lock in one order
    on conflict (collection_id, day, ` + key + `model) do update
   set answers = u.answers + excluded.answers, failures = u.failures + excluded.failures,
       input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens,
       cached_tokens = u.cached_tokens + excluded.cached_tokens, nano_dollars = u.nano_dollars + excluded.nano_dollars,
       unpriced = u.unpriced + excluded.unpriced, hits = u.hits + excluded.hits,
       saved_nano_dollars = u.saved_nano_dollars + excluded.saved_nano_dollars,
       spared_nano_dollars = u.spared_nano_dollars + excluded.spared_nano_dollars`
}

// add adds sums by model, to the account of ctx, whose end it outlives.
func (l *Ledger) add(ctx context.Context, collection string, sums map[string]Sum) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	account := generate.AccountOf(ctx)
	columns := make([][]int64, 10)
	var models []string
	for model, s := range sums {
		models = append(models, model)
		for i, v := range []int64{
			s.Answers, s.Failures, s.InputTokens, s.OutputTokens, s.CachedTokens, s.NanoDollars, s.Unpriced,
			s.Hits, s.SavedNanoDollars, s.SparedNanoDollars,
		} {
			columns[i] = append(columns[i], v)
		}
	}
	_, err := l.pool.Exec(ctx, addSQL(account), pgx.NamedArgs{
		"collection": collection, "account": account, "accounts": maxAccounts, "models": models,
		"answers": columns[0], "failures": columns[1], "inputs": columns[2], "outputs": columns[3], "cached": columns[4],
		"nanos": columns[5], "unpriced": columns[6], "hits": columns[7], "saved": columns[8], "spared": columns[9],
	})
	return err
}

// recordWithin is the time for a record, which the end of the caller's context does
// not cut short: what was spent was spent.
const recordWithin = 5 * time.Second

// Record adds the tries of one answer, to the account of ctx, within 5 s whether or
// not ctx ends. Tries that were not made count for nothing; a collection that is gone
// is no error.
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
	if err := l.add(ctx, collection, sums); err != nil {
		return fmt.Errorf("record usage of %q: %w", collection, err)
	}
	return nil
}

func (s Sum) add(t generate.Try) Sum {
	// A weak answer was given and paid for, and did not answer. What was asked for
	// another purpose is neither, nor is what the caller or a quicker model ended.
	switch {
	case t.Purpose != "" || t.Code == generate.CodeCancelled || t.Code == generate.CodeHedged:
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
// was made; nil is not known. Like Record it outlives ctx.
func (l *Ledger) Saved(ctx context.Context, collection, model string, nanos *int64) error {
	s := Sum{Hits: 1}
	if nanos != nil {
		s.SavedNanoDollars = *nanos
	}
	if err := l.add(ctx, collection, map[string]Sum{model: s}); err != nil {
		return fmt.Errorf("record savings of %q: %w", collection, err)
	}
	return nil
}

// Spent implements generate.Spending: it sums what all servers have recorded.
func (l *Ledger) Spent(ctx context.Context, of generate.Scope) (float64, error) {
	only := ""
	switch of.Kind {
	case generate.OfCollection:
		only = ` and collection_id = (select collection_id from collection where name = @collection)`
	case generate.OfAccount:
		only = ` and account = ` + accountSQL
	}
	var nanos int64
	err := l.pool.QueryRow(ctx, `select coalesce(sum(nano_dollars), 0)::bigint from usage_of_all where day = `+todaySQL+only,
		pgx.NamedArgs{"collection": of.Name, "account": of.Name, "accounts": maxAccounts}).Scan(&nanos)
	if err != nil {
		return 0, fmt.Errorf("read what was spent: %w", err)
	}
	return float64(nanos) / 1e9, nil
}

// maxRows of a list.
const maxRows = 10_000

// Listing says which rows List returns.
type Listing struct {
	Collection string    // empty: all
	From, To   time.Time // days, both included
	ByAccount  bool      // a row for each account; else sums of all
}

// List returns rows, the newest first, then by collection, account and model. At
// most 10,000 are returned.
func (l *Ledger) List(ctx context.Context, which Listing) ([]Row, error) {
	rows, err := l.pool.Query(ctx, `
		select c.name, u.day, case when @by_account then u.account else '' end as account, u.model,
		       sum(u.answers)::bigint, sum(u.failures)::bigint, sum(u.input_tokens)::bigint, sum(u.output_tokens)::bigint,
		       sum(u.cached_tokens)::bigint, sum(u.nano_dollars)::bigint, sum(u.unpriced)::bigint, sum(u.hits)::bigint,
		       sum(u.saved_nano_dollars)::bigint, sum(u.spared_nano_dollars)::bigint
		  from usage_of_all u join collection c using (collection_id)
		 where u.day between @from::date and @to::date and (@collection = '' or c.name = @collection)
		 group by 1, 2, 3, 4
		 order by 2 desc, 1, 3, 4 limit @limit`, pgx.NamedArgs{
		"collection": which.Collection, "from": which.From, "to": which.To, "by_account": which.ByAccount, "limit": maxRows,
	})
	if err != nil {
		return nil, fmt.Errorf("list usage: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (Row, error) {
		var x Row
		err := r.Scan(&x.Collection, &x.Day, &x.Account, &x.Model, &x.Answers, &x.Failures,
			&x.InputTokens, &x.OutputTokens, &x.CachedTokens, &x.NanoDollars, &x.Unpriced,
			&x.Hits, &x.SavedNanoDollars, &x.SparedNanoDollars)
		return x, err
	})
	if err != nil {
		return nil, fmt.Errorf("list usage: %w", err)
	}
	return out, nil
}
