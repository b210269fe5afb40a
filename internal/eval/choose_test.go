package eval

import "testing"

// What the evidence speaks against is not stored.
func TestWorthStoring(t *testing.T) {
	for auc, want := range map[float64]bool{.57: false, .7: true, .99: true} {
		if err := (Calibration{AUC: auc}).worthStoring(); (err == nil) != want {
			t.Errorf("AUC %v: %v", auc, err)
		}
	}
	for diff, want := range map[float64]bool{-.008: false, 0: true, .01: true} {
		tuned := Tuned{Best: Setting{Legs: Hybrid}, Held: Report{Rows: []Row{{}, {Diff: &Comparison{Diff: diff}}}}}
		if err := tuned.worthStoring(); (err == nil) != want {
			t.Errorf("difference %v: %v", diff, err)
		}
	}
}
