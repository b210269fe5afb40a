package retrieve

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

// explain returns the plan of a statement after the settings that precede it.
func (c *corpus) explain(t testing.TB, settings, sql string, args pgx.NamedArgs) string {
	t.Helper()
	tx, err := c.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	if settings != "" {
		if _, err := tx.Exec(t.Context(), settings, pgx.NamedArgs{"ef": "100"}); err != nil {
			t.Fatal(err)
		}
	}
	numbered, _, err := args.RewriteQuery(t.Context(), tx.Conn(), sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	results, err := tx.Conn().PgConn().Exec(t.Context(), "explain (generic_plan, costs off) "+numbered).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var plan []string
	for _, row := range results[0].Rows {
		plan = append(plan, string(row[0]))
	}
	return strings.Join(plan, "\n")
}

// Both plans use the index they are made for, with statistics and without, on a
// table where another space has its rows and its index too.
func TestDensePlans(t *testing.T) {
	c := manyVectors(t, 600)
	other := newCorpus(t, c.pool, c.model, "other", `{}`)
	other.add(t, "x", "some words")
	other.index(t)
	args := pgx.NamedArgs{
		"collection": c.id, "space": c.space, "depth": 100,
		"vector": pgvector.NewHalfVector(hashed{64}.vector("waa wbb")),
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			c.exec(t, "analyze embedding")
		}
		exact := c.explain(t, "", exactSQL, args)
		if strings.Contains(exact, "hnsw") {
			t.Errorf("analyzed %v: exact plan uses the index:\n%s", analyzed, exact)
		}
		hnsw := c.explain(t, hnswSettingsSQL, hnswFor(collection{Dim: 64, SpaceID: c.space}, scope{}), args)
		if want := fmt.Sprintf("Index Scan using embedding_hnsw_%d", c.space); !strings.Contains(hnsw, want) {
			t.Errorf("analyzed %v: no %q in\n%s", analyzed, want, hnsw)
		}
	}
}

// Plans made while tables are small, and kept, read no table whole.
func TestPlansOfSmallTables(t *testing.T) {
	c := animals(t)
	c.exec(t, "analyze")
	two := []known{{1, 5, 1}, {2, 9, 1}}
	words := func(sc scope, frequent ...known) string {
		sql, _ := bm25For(collection{}, sc, lookup{known: append(two, frequent...)}, 20)
		return sql
	}
	all := scope{where: access}
	for name, sql := range map[string]string{
		"collection": collectionSQL, "exact": exactSQL, "allowed": all.in(exactAllowedSQL), "listed": exactListedSQL, "words": words(scope{}),
		"frequent words": words(scope{}, known{3, 99, 1}), "words in scope": words(all, known{3, 99, 1}),
		"words listed": words(scope{where: access, listed: true}), "fill vectors": fillDenseSQL, "fill words": fillLexicalSQL,
		"hydrate": all.in(hydrateSQL), "terms": frequenciesSQL,
	} {
		args := all.with(bm25Args(collection{ID: c.id}, "terms", two))
		addTerms(args, "rare", two)
		addTerms(args, "frequent", two)
		for k, v := range map[string]any{
			"name": "docs", "space": c.space, "vector": nil, "depth": 10, "documents": []int64{1}, "principals": []string{},
			"candidates": 200, "chunks": []int64{1}, "required": []int64{}, "excluded": []int64{},
		} {
			args[k] = v
		}
		if plan := c.explain(t, "", sql, args); strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s:\n%s", name, plan)
		}
	}
}

func TestPlanChoice(t *testing.T) {
	for _, tt := range []struct {
		chunks  int64
		indexed bool
		want    string
	}{
		{0, false, "exact"}, {5000, true, "exact"}, {5001, true, "hnsw"}, {1 << 30, false, "exact"},
	} {
		if got := New(nil, hashed{64}, Options{}).plan(collection{Chunks: tt.chunks, Indexed: tt.indexed}, scope{}, ""); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func manyVectors(t testing.TB, n int) *corpus {
	r := rand.New(rand.NewPCG(5, 6))
	c := testCorpus(t)
	for i := range n / 20 {
		chunks := make([]string, 20)
		for j := range chunks {
			chunks[j] = randomText(r, 12)
		}
		c.add(t, fmt.Sprint("doc", i), chunks...)
	}
	c.index(t)
	return c
}

// The index finds what the exact plan finds, in the same order, and only in the
// collection asked; an index that is not valid is not used.
func TestIndexFindsTheNearest(t *testing.T) {
	c := manyVectors(t, 600)
	other := newCorpus(t, c.pool, c.model, "other", `{}`)
	for i := range 20 {
		other.add(t, fmt.Sprint("other", i), "waa wbb wcc")
	}
	s := New(c.pool, c.model, Options{})
	s.exactRows = 10
	r := rand.New(rand.NewPCG(7, 8))
	var same, all int
	for range 20 {
		q := Query{Text: randomText(r, 6), Legs: Dense, Limit: 150}.in(c)
		exact := c.search(t, q)
		got, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if got.DensePlan != "hnsw" || len(got.Passages) != 150 {
			t.Fatalf("plan %s, %d passages", got.DensePlan, len(got.Passages))
		}
		want := map[string]bool{}
		for _, p := range exact.Passages {
			want[fmt.Sprint(p.DocumentID, p.Start)] = true
		}
		for i, p := range got.Passages {
			all++
			if want[fmt.Sprint(p.DocumentID, p.Start)] {
				same++
			}
			if p.CollectionID != c.id || i > 0 && p.Dense.Score > got.Passages[i-1].Dense.Score {
				t.Fatalf("passage %d: collection %d, out of order", i, p.CollectionID)
			}
		}
	}
	if recall := float64(same) / float64(all); recall < 0.95 {
		t.Errorf("recall %.3f", recall)
	}
	c.exec(t, "update pg_index set indisvalid = false where indexrelid = to_regclass($1)", fmt.Sprint("embedding_hnsw_", c.space))
	got, err := s.Search(t.Context(), Query{Text: "waa"}.in(c))
	if err != nil || got.DensePlan != "exact" {
		t.Errorf("plan %q with an invalid index, %v", got.DensePlan, err)
	}
}

// The settings end with their transaction.
func TestSettingsDoNotLeak(t *testing.T) {
	c := manyVectors(t, 40)
	s := New(c.pool, c.model, Options{})
	s.exactRows = 10
	if _, err := s.Search(t.Context(), Query{Text: "waa", Legs: Dense}.in(c)); err != nil {
		t.Fatal(err)
	}
	for _, conn := range c.pool.AcquireAllIdle(t.Context()) {
		var got []string
		err := conn.QueryRow(t.Context(), "select array[current_setting('enable_sort'), coalesce(current_setting('hnsw.iterative_scan', true), 'off')]").Scan(&got)
		conn.Release()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"on", "off"}, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestEfSearch(t *testing.T) {
	for _, tt := range []struct {
		chunks  int64
		depth   int
		checked bool
		want    int
	}{
		{6000, 50, false, 80},
		{6000, 100, false, 100},
		{20_000, 50, false, 80},
		{20_001, 50, false, 160},
		{6000, 50, true, 160},
		{20_001, 50, true, 320},
		{1 << 40, 5000, false, 1000},
	} {
		if got := efSearch(tt.chunks, tt.depth, tt.checked); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
}
