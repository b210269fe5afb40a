package retrieve

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// Live searches by the index are compared with the exact plan, and explanations
// tell what came of it.
func TestIndexRecallIsMeasured(t *testing.T) {
	c := manyVectors(t, 600)
	s := New(c.pool, c.model, Options{})
	s.exactRows = 10
	deadline := time.Now().Add(10 * time.Second)
	for {
		r, err := s.Search(t.Context(), Query{Text: "waa wbb", Explain: true}.in(c))
		if err != nil || r.DensePlan != planHNSW {
			t.Fatalf("plan %q: %v", r.DensePlan, err)
		}
		if slices.ContainsFunc(r.Notes, func(n string) bool { return strings.HasPrefix(n, "The vector index finds 1.000 of") }) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("notes %q after %+v", r.Notes, s.recall.of(c.space))
		}
	}
	before := s.recall.of(c.space)
	if _, err := s.Search(t.Context(), Query{Text: "waa wbb", DensePlan: planExact}.in(c)); err != nil {
		t.Fatal(err)
	}
	if got := s.recall.of(c.space); got.n != before.n {
		t.Errorf("an exact search is compared")
	}
}

// A comparison is followed by a hundred times its own time without one.
func TestIndexRecallRests(t *testing.T) {
	x := &indexRecall{}
	now := time.Unix(0, 0)
	if !x.begin(now) || x.begin(now) {
		t.Error("not one at a time")
	}
	x.end(now, time.Second)
	if x.begin(now.Add(99 * time.Second)) {
		t.Error("does not rest")
	}
	if !x.begin(now.Add(100 * time.Second)) {
		t.Error("rests for ever")
	}
}

func TestIndexRecallForgets(t *testing.T) {
	x := &indexRecall{}
	for range 50 {
		x.add(1, 0)
	}
	for range 1000 {
		x.add(1, 1)
	}
	if got := x.of(1); got.n != 1050 || math.Abs(got.mean-1) > 0.01 {
		t.Errorf("%+v", got)
	}
}
