package eval

import (
	"context"
	"fmt"
	"math"
	"testing"
)

// The best weight is 0.62 on every query; half the queries must find it and
// the other half must show what it is worth.
func TestTune(t *testing.T) {
	d := Dataset{Name: "tune"}
	for i := range 40 {
		d.Queries = append(d.Queries, Query{ID: fmt.Sprint(i), Text: fmt.Sprint(i), Docs: map[string]int{"a": 1}})
	}
	d.Queries = append(d.Queries, Query{ID: "foreign", Text: "x", Absent: true}, Query{ID: "none", Text: "x"})
	tg := &target{search: func(_ string, s Setting) (Result, error) {
		w, ok := s.Get("dense_weight")
		if !ok {
			w = .2
		}
		better := make([]string, int(50*math.Abs(w-.62))) // documents ahead of the right one
		for i := range better {
			better[i] = fmt.Sprint("x", i)
		}
		return Result{Passages: passages(append(better, "a")...)}, nil
	}}
	got, err := Tune(context.Background(), tg, d, Setting{Legs: Hybrid}, false, Options{Measures: []Measure{{"mrr", 0}}, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	w, _ := got.Best.Get("dense_weight")
	if got.said() != "the best: "+got.Best.String() || (Tuned{Start: got.Best, Best: got.Best}).said() != "none is better than "+got.Best.String() {
		t.Errorf("said %q", got.said())
	}
	if math.Abs(w-.62) > .02 {
		t.Errorf("best weight %v after %d settings, want 0.62", w, got.Tried)
	}
	if got.Train.Ranked != 20 || got.Held.Ranked != 20 || got.Held.Rows[1].Diff.P > .001 {
		t.Errorf("halves of %d and %d; held out: %+v", got.Train.Ranked, got.Held.Ranked, got.Held.Rows[1].Diff)
	}
	seen := map[string]bool{}
	for _, r := range []Report{got.Train, got.Held} {
		for _, o := range r.Rows[0].Outcomes {
			if seen[o.Query.ID] {
				t.Errorf("query %s is in both halves", o.Query.ID)
			}
			seen[o.Query.ID] = true
		}
	}
}
