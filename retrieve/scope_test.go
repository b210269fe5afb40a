package retrieve

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// shelf is what a test knows of a document that filters and principals concern.
type shelf struct {
	lang       string
	year       int
	principals []string
}

// shelve gives every document of a corpus random metadata and principals.
func shelve(t testing.TB, r *rand.Rand, c *corpus) map[int64]shelf {
	t.Helper()
	out := map[int64]shelf{}
	for _, s := range c.chunks {
		if _, ok := out[s.document]; ok {
			continue
		}
		sh := shelf{lang: []string{"en", "de", "fr"}[r.IntN(3)], year: 2000 + r.IntN(20), principals: []string{}}
		for _, p := range []string{"ann", "bo", "cy"} {
			if r.IntN(4) == 0 {
				sh.principals = append(sh.principals, p)
			}
		}
		c.exec(t, `update document set metadata = jsonb_build_object('lang', $3::text), stated = jsonb_build_object('year', $4::int, 'lang', 'xx'), principals = $5
			where collection_id = $1 and document_id = $2`, c.id, s.document, sh.lang, sh.year, sh.principals)
		out[s.document] = sh
	}
	return out
}

// randomFilter returns a filter and the plain check that it stands for.
func randomFilter(r *rand.Rand) (filter.Expr, func(shelf) bool) {
	lang, year := []string{"en", "de", "es"}[r.IntN(3)], 2000+r.IntN(20)
	isLang := filter.Compare{Field: "lang", Op: filter.Eq, Values: []any{lang}}
	before := filter.Compare{Field: "meta.year", Op: filter.Lt, Values: []any{float64(year)}}
	switch r.IntN(5) {
	case 0:
		return nil, func(shelf) bool { return true }
	case 1:
		return isLang, func(s shelf) bool { return s.lang == lang }
	case 2:
		return filter.Not{Expr: before}, func(s shelf) bool { return s.year >= year }
	case 3:
		return filter.And{isLang, before}, func(s shelf) bool { return s.lang == lang && s.year < year }
	}
	return filter.Or{isLang, before}, func(s shelf) bool { return s.lang == lang || s.year < year }
}

// mayRead is the plain permission check.
func mayRead(s shelf, principals []string) bool {
	return len(s.principals) == 0 || slices.ContainsFunc(s.principals, func(p string) bool { return slices.Contains(principals, p) })
}

// Over random documents, principals, filters and queries, however the scope is
// applied: nothing is found that the plain checks refuse, and the exact plans
// find what comparing everything finds.
func TestScopeMatchesReference(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	c := randomCorpus(t, r, 60)
	shelves := shelve(t, r, c)
	c.index(t)
	listed, broad, indexed := New(c.pool, c.model, Options{}), New(c.pool, c.model, Options{}), New(c.pool, c.model, Options{})
	broad.listed, indexed.listed, indexed.exactRows = 0, 0, 0
	for range 60 {
		text := randomText(r, 1+r.IntN(6))
		e, passes := randomFilter(r)
		q := Query{Text: text, Filter: e, Unrestricted: r.IntN(4) == 0, Limit: 25, Legs: Legs(r.IntN(4))}.in(c)
		for _, p := range []string{"ann", "bo", "nobody", "'{}'"} {
			if r.IntN(3) == 0 {
				q.Principals = append(q.Principals, p)
			}
		}
		allowed := func(document int64) bool {
			s := shelves[document]
			return passes(s) && (q.Unrestricted || mayRead(s, q.Principals))
		}
		dense, bm25, _ := c.reference(t, text)
		for _, s := range c.chunks {
			if !allowed(s.document) {
				delete(dense, s.id)
				delete(bm25, s.id)
			}
		}
		score := c.both(t, text, dense, bm25, 0.55)
		switch q.Legs {
		case Dense:
			score = fused(dense, nil, 1)
		case Lexical:
			score = fused(bm25, bm25, 0)
		}
		for name, s := range map[string]*Searcher{"listed": listed, "broad": broad, "indexed": indexed} {
			got, err := s.Search(t.Context(), q)
			if err != nil || len(got.Degraded) > 0 {
				t.Fatal(err, got.Degraded)
			}
			for _, p := range got.Passages {
				if !allowed(p.DocumentID) {
					t.Fatalf("%s: %+v found %s with %+v", name, q, p.URI, shelves[p.DocumentID])
				}
			}
			if name != "indexed" {
				c.compare(t, fmt.Sprintf("%s %+v", name, q), got, score, dense, bm25)
			}
		}
	}
}

// Who asks without principals finds what is for everyone: the zero value of a
// query is never the wide one.
func TestZeroQueryIsRestricted(t *testing.T) {
	c := animals(t)
	c.exec(t, `update document set principals = '{ann}' where uri = 'dogs'`)
	for _, tt := range []struct {
		query Query
		want  []string
	}{
		{Query{}, nil},
		{Query{Principals: []string{"bo"}}, nil},
		{Query{Principals: []string{""}}, nil},
		{Query{Principals: []string{"bo", "ann"}}, []string{"dogs"}},
		{Query{Unrestricted: true}, []string{"dogs"}},
	} {
		tt.query.Text, tt.query.Legs = "dogs bark", Lexical
		if diff := cmp.Diff(tt.want, uris(c.search(t, tt.query))); diff != "" {
			t.Errorf("%+v: %s", tt.query, diff)
		}
	}
}

// At half, a hundredth and few of all documents the index plan, or the plan that
// is chosen instead, finds what the exact plan finds.
func TestFilteredRecall(t *testing.T) {
	c := testCorpus(t)
	r := rand.New(rand.NewPCG(13, 14))
	for i := range 300 {
		c.add(t, fmt.Sprint("doc", i), randomText(r, 12), randomText(r, 12))
	}
	c.exec(t, `update document set metadata = jsonb_build_object('half', ord % 2 = 0, 'few', ord % 100 = 0, 'one', ord = 7)
		from (select document_id as id, row_number() over (order by document_id) as ord from document) x where id = document_id`)
	c.index(t)
	s := New(c.pool, c.model, Options{})
	s.exactRows, s.listed = 10, 20
	for field, plan := range map[filter.Field]string{"half": planHNSW, "few": planExact, "one": planExact} {
		same, all := 0, 0
		for range 20 {
			q := Query{Text: randomText(r, 6), Legs: Dense, Filter: filter.Compare{Field: field, Op: filter.Eq, Values: []any{true}}}.in(c)
			got, err := s.Search(t.Context(), q)
			if err != nil || got.DensePlan != plan {
				t.Fatalf("%s: plan %q, %v", field, got.DensePlan, err)
			}
			q.DensePlan = planExact
			want, err := s.Search(t.Context(), q)
			if err != nil || len(want.Passages) == 0 {
				t.Fatal(err)
			}
			for _, p := range want.Passages {
				all++
				if slices.ContainsFunc(got.Passages, func(g Passage) bool { return g.DocumentID == p.DocumentID && g.Start == p.Start }) {
					same++
				}
			}
		}
		if recall := float64(same) / float64(all); recall < 0.99 {
			t.Errorf("%s: recall %.3f", field, recall)
		}
	}
}

// The check of a filter is made row by row, in the order of the index.
func TestFilteredPlan(t *testing.T) {
	c := manyVectors(t, 600)
	c.exec(t, "analyze")
	sc := newScope(Query{Filter: filter.Compare{Field: "lang", Op: filter.Eq, Values: []any{"en"}}}, true)
	args := sc.with(pgx.NamedArgs{
		"collection": c.id, "space": c.space, "depth": 100,
		"vector": pgvector.NewHalfVector(hashed{64}.vector("waa wbb")),
	})
	plan := c.explain(t, hnswSettingsSQL, hnswFor(collection{Dim: 64, SpaceID: c.space}, sc), args)
	for _, want := range []string{fmt.Sprintf("Index Scan using embedding_hnsw_%d", c.space), "AND (SubPlan 1))"} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in\n%s", want, plan)
		}
	}
}

func TestFilterRefused(t *testing.T) {
	c := animals(t)
	for _, q := range []Query{
		{Text: "x", Filter: filter.Compare{Field: "year", Op: filter.Lt, Values: []any{true}}},
		{Text: "x", Filter: filter.Not{}},
		{Text: "x", DensePlan: "fast"},
	} {
		if _, err := New(c.pool, c.model, Options{}).Search(t.Context(), q.in(c)); err == nil {
			t.Errorf("%+v: accepted", q)
		}
	}
}
