package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quarry-rag/quarry/generate"
	"github.com/quarry-rag/quarry/generate/ledger"
	"github.com/quarry-rag/quarry/internal/pgtest"
)

func TestLedger(t *testing.T) {
	pool := pgtest.Pool(t)
	for i, name := range []string{"docs", "other"} {
		if _, err := pool.Exec(t.Context(), `insert into collection (collection_id, name, active_space_id) values ($1, $2, 1)`, i+1, name); err != nil {
			t.Fatal(err)
		}
	}
	l := ledger.New(pool)
	price := &generate.Price{Input: 1, Cached: .1, Output: 4, Date: "2026-11-01"}
	used := generate.Usage{InputTokens: 1000, OutputTokens: 100, CachedTokens: 500}
	record := func(collection string, tries ...generate.Try) {
		t.Helper()
		if err := l.Record(t.Context(), collection, tries); err != nil {
			t.Fatal(err)
		}
	}
	scope := func(collection string) generate.Scope {
		if collection == "" {
			return generate.Scope{}
		}
		return generate.Scope{Kind: generate.OfCollection, Name: collection}
	}
	record("docs",
		generate.Try{Model: "skipped", Code: generate.CodeCircuitOpen},
		generate.Try{Model: "cheap", Code: generate.CodeWeak, Usage: used, Price: price, FirstToken: 1, Duration: 2},
		generate.Try{Model: "dear", Usage: used, Duration: 2})
	spared := .25
	record("docs", generate.Try{Model: "cheap", Usage: used, Price: price, Duration: 2, Spared: &spared})
	record("docs", generate.Try{Model: "cheap", Code: "stalled", Price: price, FirstToken: 1, Duration: 2})
	record("docs", generate.Try{Model: "cheap", Code: "down", Refused: true, Price: price, Duration: 2})
	record("docs", generate.Try{Model: "cheap", Code: generate.CodeCancelled, Price: price, Duration: 2})
	record("docs", generate.Try{Model: "cheap", Code: generate.CodeHedged, Price: price, Duration: 2})
	record("other", generate.Try{Model: "cheap", Usage: used, Price: price, Duration: 2})
	record("gone", generate.Try{Model: "cheap", Usage: used, Price: price, Duration: 2})
	record("docs")

	const nano = 500_000 + 50_000 + 400_000 // 500 at 1, 500 at .1 and 100 at 4 dollars a million
	for collection, want := range map[string]float64{"docs": 2 * nano, "": 3 * nano, "gone": 0} {
		if got, err := l.Spent(t.Context(), scope(collection)); err != nil || got != want/1e9 {
			t.Errorf("spent on %q: %v, %v; want %v", collection, got, err, want/1e9)
		}
	}
	today := time.Now().UTC()
	rows, err := l.List(t.Context(), ledger.Listing{Collection: "docs", From: today.AddDate(0, 0, -1), To: today})
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i].Day = time.Time{}
	}
	if d := cmp.Diff([]ledger.Row{
		{Collection: "docs", Model: "cheap", Sum: ledger.Sum{Answers: 1, Failures: 3, InputTokens: 2000, OutputTokens: 200, CachedTokens: 1000, NanoDollars: 2 * nano, Unpriced: 3, SparedNanoDollars: 250_000_000}},
		{Collection: "docs", Model: "dear", Sum: ledger.Sum{Answers: 1, InputTokens: 1000, OutputTokens: 100, CachedTokens: 500, Unpriced: 1}},
	}, rows); d != "" {
		t.Error(d)
	}
	if rows, err := l.List(t.Context(), ledger.Listing{From: today.AddDate(0, 0, -9), To: today.AddDate(0, 0, -2)}); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
}
