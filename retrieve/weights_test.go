package retrieve

import (
	"errors"
	"math"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

func TestWeights(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "a.md", "the walrus keeps warm", "a walrus and a carpenter", "cold water")
	s := New(c.pool, c.model, Options{})
	const query = "Why is the walrus in zanzibar water?"
	got, err := s.Weights(t.Context(), c.name, query)
	if err != nil {
		t.Fatal(err)
	}
	_, _, sum := c.reference(t, query)
	analyzer, err := lexical.For("en")
	if err != nil {
		t.Fatal(err)
	}
	terms := analyzer.Query(query)
	var total float64
	for _, term := range terms {
		if got.IDF[term] <= 0 {
			t.Errorf("%q weighs %v", term, got.IDF[term])
		}
		total += got.IDF[term]
	}
	if len(terms) != 3 || len(got.IDF) != 3 || math.Abs(total-sum) > 1e-9 || got.Language != "en" || got.Model != "hashed" || got.Fingerprint != "hashed/64" {
		t.Errorf("%+v of %v: sum %v, want %v", got, terms, total, sum)
	}
	if got, err := s.Weights(t.Context(), c.name, "the of and"); err != nil || got.IDF != nil {
		t.Errorf("without terms: %+v, %v", got, err)
	}
	if _, err := s.Weights(t.Context(), "nowhere", query); !errors.Is(err, ErrUnknownCollection) {
		t.Errorf("unknown collection: %v", err)
	}
}
