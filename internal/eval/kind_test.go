package eval

import (
	"strings"
	"testing"
)

// What one kind of evaluation would pass over is refused.
func TestKindsAreApart(t *testing.T) {
	for want, r := range map[string]Request{
		"--answers, --verdict: want one":          {Answers: true, Verdict: true},
		"--recall-of-index, --tune: want one":     {RecallOfIndex: true, Tune: true},
		"--answers ranks nothing":                 {Answers: true, Min: []string{"ndcg@10=.7"}},
		"--verdict ranks nothing":                 {Verdict: true, Legs: []string{"dense"}},
		"--recall-of-index ranks nothing":         {RecallOfIndex: true, Set: []string{"rrf=on"}},
		"ranks nothing: leave --min":              {Answers: true, RunOut: "file"},
		"--model answers questions: add --answer": {Model: "a"},
	} {
		if _, err := r.parse(Dataset{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
	for i, r := range []Request{
		{},
		{Min: []string{"ndcg@10=.7"}, Legs: []string{"dense"}, RunOut: "file"},
		{Answers: true, Model: "a"},
		{Tune: true, Min: []string{"ndcg@10=.7"}},
		{Verdict: true, Calibrate: true},
	} {
		if _, err := r.parse(Dataset{}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
}
