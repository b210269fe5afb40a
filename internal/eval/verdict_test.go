package eval

import (
	"strings"
	"testing"
)

// A threshold chosen on other sets is told only where there are other sets.
func TestVerdictsOfOneSet(t *testing.T) {
	set := func(name string, own, removed []float64) *VerdictSet {
		return &VerdictSet{Dataset: Dataset{Name: name}, Coverages: map[string][]float64{KindOwn: own, KindRemoved: removed}}
	}
	one, two := set("one", []float64{.6, .7}, []float64{.1, .2}), set("two", []float64{.5, .9}, []float64{.3, .4})
	table := func(sets ...*VerdictSet) string {
		var b strings.Builder
		if err := writeVerdicts(&b, Verdicts(sets, .375), .375); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if alone := table(one); strings.Count(alone, "–") != 2 || strings.Contains(alone, "0.500") {
		t.Errorf("one set:\n%s", alone)
	}
	both := table(one, two)
	for _, line := range []string{"removed  one   2 and 2    1.000", "removed  two   2 and 2    0.750", "removed  mean             0.875"} {
		if !strings.Contains(both, line) {
			t.Errorf("two sets lack %q:\n%s", line, both)
		}
	}
	if strings.Contains(both, "–") {
		t.Errorf("two sets:\n%s", both)
	}
}
