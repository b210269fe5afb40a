package retrieve

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quarry-rag/quarry/retrieve/filter"
)

// Legs that give all their scores lead to the same candidates, scores and passages
// as legs whose missing scores are asked for, in every kind of search.
func TestWholeLegsChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	c := randomCorpus(t, r, 100)
	c.exec(t, `update document set principals = '{hr}' where document_id % 3 = 0`)
	whole, asked := New(c.pool, c.model, Options{}), New(c.pool, c.model, Options{})
	asked.whole = 0
	few, err := filter.Parse(`uri contains "7"`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		text := randomText(r, 2+r.IntN(7))
		for name, q := range map[string]Query{
			"plain": {Text: text}, "limit": {Text: text, Limit: 150}, "ranks": {Text: text, Fusion: RRF},
			"for one": {Text: text, Principals: []string{"hr"}}, "filter": {Text: text, Filter: few, Unrestricted: true},
			"required": {Text: "+" + text}, "excluded": {Text: text + " -waa"}, "misspelt": {Text: text + " wxyz"},
		} {
			// The first search of a searcher reads the terms apart.
			for range 2 {
				q.Explain = true
				got, err := whole.Search(t.Context(), q.in(c))
				if err != nil {
					t.Fatal(err)
				}
				want, err := asked.Search(t.Context(), q.in(c))
				if err != nil {
					t.Fatal(err)
				}
				same := cmp.Options{
					cmpopts.IgnoreFields(Result{}, "Stages"), cmpopts.IgnoreUnexported(Explained{}),
					cmpopts.EquateApprox(0, 1e-9), cmpopts.EquateEmpty(),
				}
				if diff := cmp.Diff(want, got, same); diff != "" {
					t.Fatalf("%s %d, %q: %s", name, i, q.Text, diff)
				}
			}
		}
	}
}

// A small collection is searched in one round trip less, and a large one is not
// read whole.
func TestReach(t *testing.T) {
	c := randomCorpus(t, rand.New(rand.NewPCG(13, 14)), 100)
	for _, tt := range []struct {
		whole int64
		legs  Legs
		text  string
		want  bool
	}{
		{wholeChunks, 0, "waa wab", true},
		{100, 0, "waa wab", false},
		{wholeChunks, Dense, "waa wab", false},
		{wholeChunks, Lexical, "waa wab", false},
		{wholeChunks, 0, `waa "wab"`, false},
	} {
		s := New(c.pool, c.model, Options{})
		s.whole = tt.whole
		r := s.begin(Query{Text: tt.text, Legs: tt.legs}.in(c))
		if err := r.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.nearRest != nil; got != tt.want || got != (r.words.rest != nil) {
			t.Errorf("%+v: vectors whole %v, words whole %v", tt, got, r.words.rest != nil)
		}
		if len(r.near) > r.depth() || len(r.words.hits) > r.depth() {
			t.Errorf("%+v: %d and %d hits", tt, len(r.near), len(r.words.hits))
		}
	}
}

// A leg that had no more to give is not asked again, in a collection of any size.
func TestLegsThatGaveAll(t *testing.T) {
	c := randomCorpus(t, rand.New(rand.NewPCG(15, 16)), 150)
	c.add(t, "rare", "waa zebra", "wab wac")
	rare, err := filter.Parse(`uri = "rare"`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		query       Query
		near, words bool // all was given
	}{
		{Query{Text: "zebra"}, false, true},
		{Query{Text: "+zebra waa"}, false, false},
		{Query{Text: "zebra", Filter: rare, Unrestricted: true}, true, true},
		{Query{Text: "zebra", Legs: Lexical}, false, false},
	} {
		s := New(c.pool, c.model, Options{})
		s.whole = 0
		tt.query.Explain = true
		r := s.begin(tt.query.in(c))
		if err := r.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if near, words := r.nearRest != nil, r.words.rest != nil; near != tt.near || words != tt.words {
			t.Errorf("%+v: vectors %v, words %v", tt, near, words)
		}
		// Asked for, the scores are the same.
		asked := append([]Candidate(nil), union(r.near, r.words.hits)...)
		if err := s.fill(t.Context(), r.collection, asked, r.aim, r.terms.known); err != nil {
			t.Fatal(err)
		}
		given := union(r.near, r.words.hits)
		if err := r.complete(t.Context(), given); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(asked, given, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%+v: %s", tt, diff)
		}
	}
}
