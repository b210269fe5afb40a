package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/internal/pgtest"
)

func withDocs(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool := pgtest.Pool(t)
	if _, err := pool.Exec(t.Context(), `insert into collection (collection_id, name, active_space_id) values (1, 'docs', 1)`); err != nil {
		t.Fatal(err)
	}
	return pool
}

// cents is a try that cost so much.
func cents(n int) []generate.Try {
	return []generate.Try{{Model: "m", Usage: generate.Usage{InputTokens: n}, Price: &generate.Price{Input: 1e4, Output: 1, Date: "2026-11-01"}, Duration: 1}}
}

// What is accounted to a name is summed by it and with all that is not; what one
// process records, another on the same database counts.
func TestAccounts(t *testing.T) {
	pool := withDocs(t)
	one, other := ledger.New(pool), ledger.New(pool)
	ann, bob := generate.WithAccount(t.Context(), "ann"), generate.WithAccount(t.Context(), "bob@example.com")
	for _, ctx := range []context.Context{ann, ann, bob, t.Context()} {
		if err := one.Record(ctx, "docs", cents(1)); err != nil {
			t.Fatal(err)
		}
	}
	saved := int64(7)
	if err := one.Saved(bob, "docs", "m", &saved); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		of   generate.Scope
		want float64
	}{
		{generate.Scope{}, .04},
		{generate.Scope{Kind: generate.OfCollection, Name: "docs"}, .04},
		{generate.Scope{Kind: generate.OfCollection, Name: "gone"}, 0},
		{generate.Scope{Kind: generate.OfAccount, Name: "ann"}, .02},
		{generate.Scope{Kind: generate.OfAccount, Name: "bob@example.com"}, .01},
		{generate.Scope{Kind: generate.OfAccount, Name: "carol"}, 0},
		{generate.Scope{Kind: generate.OfAccount}, .01},
	} {
		if got, err := other.Spent(t.Context(), c.of); err != nil || got != c.want {
			t.Errorf("%+v: %v, %v; want %v", c.of, got, err, c.want)
		}
	}
	today := time.Now().UTC()
	list := func(by bool) []ledger.Row {
		rows, err := other.List(t.Context(), ledger.Listing{From: today, To: today, ByAccount: by})
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			rows[i].Day = time.Time{}
		}
		return rows
	}
	sum := func(n int64) ledger.Sum { return ledger.Sum{Answers: n, InputTokens: n, NanoDollars: n * 1e7} }
	bobs := sum(1)
	bobs.Hits, bobs.SavedNanoDollars = 1, 7
	if d := cmp.Diff([]ledger.Row{
		{Collection: "docs", Model: "m", Sum: sum(1)},
		{Collection: "docs", Account: "ann", Model: "m", Sum: sum(2)},
		{Collection: "docs", Account: "bob@example.com", Model: "m", Sum: bobs},
	}, list(true)); d != "" {
		t.Error(d)
	}
	all := sum(4)
	all.Hits, all.SavedNanoDollars = 1, 7
	if d := cmp.Diff([]ledger.Row{{Collection: "docs", Model: "m", Sum: all}}, list(false)); d != "" {
		t.Error(d)
	}
}

// More names than are kept apart in a day are one account, with one budget; those
// that came before stay apart.
func TestTooManyAccounts(t *testing.T) {
	pool := withDocs(t)
	if _, err := pool.Exec(t.Context(), `
		insert into account_usage (collection_id, day, account, model)
		select 1, (now() at time zone 'utc')::date, 'a' || n, 'm' from generate_series(1, 10000) n`); err != nil {
		t.Fatal(err)
	}
	l := ledger.New(pool)
	for _, name := range []string{"a7", "new1", "new2"} {
		if err := l.Record(generate.WithAccount(t.Context(), name), "docs", cents(1)); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]float64{"a7": .01, "a8": 0, "new1": .02, "new2": .02, "new3": .02} {
		got, err := l.Spent(t.Context(), generate.Scope{Kind: generate.OfAccount, Name: name})
		if err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	var names int
	err := pool.QueryRow(t.Context(), `select count(distinct account) from account_usage`).Scan(&names)
	if err != nil || names != 10_001 {
		t.Error(fmt.Sprint(names, " names are kept"), err)
	}
}
