package eval

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

type trecCase struct {
	Qrels    Qrels
	Run      map[string]map[string]float64
	Expected map[string]map[string]float64
}

func trecCases(t *testing.T) map[string]trecCase {
	t.Helper()
	files, err := filepath.Glob("testdata/trec/*.json")
	if err != nil || len(files) != 6 {
		t.Fatalf("want 6 files of expected values, got %v, %v", files, err)
	}
	cases := map[string]trecCase{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c trecCase
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		cases[filepath.Base(f)] = c
	}
	return cases
}

func ranking(scores map[string]float64) []Ranked {
	var r []Ranked
	for d, s := range scores {
		r = append(r, Ranked{d, s})
	}
	SortRanked(r)
	return r
}

func TestMeasuresAsTrecEval(t *testing.T) {
	values := 0
	for file, c := range trecCases(t) {
		for q, expected := range c.Expected {
			j := JudgeDocs(c.Qrels[q], ranking(c.Run[q]))
			for name, want := range expected {
				m, err := ParseMeasure(name)
				if err != nil {
					t.Fatal(err)
				}
				values++
				if got := m.Of(j); math.Abs(got-want) > 1e-9 {
					t.Errorf("%s, query %s, %s = %.12f, trec_eval says %.12f", file, q, name, got, want)
				}
			}
		}
	}
	if values < 1500 {
		t.Errorf("only %d values were compared", values)
	}
}

// trec_eval without -c averages over the queries of both files; with it, over
// all that are judged. A run file cannot name a query without naming a document.
func TestMeanAsTrecEval(t *testing.T) {
	c := trecCases(t)["hostile.json"]
	rankings := map[string][]Ranked{}
	for q, scores := range c.Run {
		rankings[q] = ranking(scores)
	}
	m := Measure{Kind: "ndcg", K: 10}
	sum, both := 0.0, 0
	for q, v := range c.Expected {
		sum += v["ndcg@10"]
		if len(c.Run[q]) > 0 {
			both++
		}
	}
	for skip, queries := range map[bool]int{true: both, false: len(c.Qrels)} {
		row := Score("run", c.Qrels, rankings, Options{Measures: []Measure{m}, SkipEmpty: skip})
		if got, want := row.Means[m.String()], sum/float64(queries); math.Abs(got-want) > 1e-9 {
			t.Errorf("SkipEmpty=%v: mean %v, want %v", skip, got, want)
		}
	}
	if both != len(c.Qrels)-2 {
		t.Errorf("the case must have two judged queries without a ranking: %d of %d have one", both, len(c.Qrels))
	}
}

func TestHitsThatShareARank(t *testing.T) {
	j := Judged{Hits: []Hit{{1, 1}, {1, 1}, {2, 1}}, Ideal: []int{1, 1, 1}}
	for name, want := range map[string]float64{
		"ndcg@10": 1, "map": 1, "recall@1": 2. / 3, "recall@2": 1, "p@2": 1, "p@1": 1, "mrr": 1, "success@1": 1,
	} {
		m, err := ParseMeasure(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Of(j); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

func TestParseMeasure(t *testing.T) {
	for in, want := range map[string]string{"nDCG@10": "ndcg@10", "MAP": "map", "p@5": "p@5", "quote_iou@3": "quote_iou@3"} {
		m, err := ParseMeasure(in)
		if err != nil || m.String() != want {
			t.Errorf("ParseMeasure(%q) = %v, %v", in, m, err)
		}
	}
	for _, in := range []string{"", "ndcg@", "ndcg@0", "ndcg@x", "recall", "f1@3", "p@1001", "map@-1"} {
		if m, err := ParseMeasure(in); err == nil {
			t.Errorf("ParseMeasure(%q) = %v, want an error", in, m)
		}
	}
}
