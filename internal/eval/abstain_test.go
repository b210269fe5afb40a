package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestAbstain(t *testing.T) {
	a := Abstain([]float64{.9, .8, .4, .2}, []float64{.1, .3, .5}, 0.4)
	if a != (Abstention{0.4, 3, 1, 2, 1}) {
		t.Fatalf("%+v", a)
	}
	for name, got := range map[string][2]float64{
		"sensitivity": {a.Sensitivity(), .75}, "specificity": {a.Specificity(), 2. / 3},
		"precision": {a.Precision(), 2. / 3}, "balanced": {a.BalancedAccuracy(), (.75 + 2./3) / 2},
	} {
		if math.Abs(got[0]-got[1]) > 1e-12 {
			t.Errorf("%s = %v, want %v", name, got[0], got[1])
		}
	}
}

// Calibrate must be as good as the best of all possible thresholds.
func TestCalibrateFindsTheBest(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for range 30 {
		draw := func(n int, mean float64) []float64 {
			x := make([]float64, n)
			for i := range x {
				x[i] = math.Round(100*max(0, min(1, mean+.2*rng.NormFloat64()))) / 100 // with ties
			}
			return x
		}
		in, out := draw(1+rng.IntN(40), .6), draw(1+rng.IntN(40), .4)
		best := 0.0
		for th := -0.005; th < 1.01; th += 0.01 {
			best = max(best, Abstain(in, out, th).BalancedAccuracy())
		}
		c := Calibrate(in, out, 1)
		if math.Abs(c.Accuracy-best) > 1e-9 {
			t.Errorf("accuracy %v at %v, the best is %v", c.Accuracy, c.Threshold, best)
		}
		if math.Abs(c.AUC-pairs(in, out)) > 1e-9 {
			t.Errorf("AUC %v, by pairs %v", c.AUC, pairs(in, out))
		}
		if c.CI.Low > c.Accuracy || c.CI.High < c.Accuracy || c.ThresholdCI.Low > c.ThresholdCI.High {
			t.Errorf("%+v", c)
		}
	}
}

func pairs(in, out []float64) (auc float64) {
	for _, a := range in {
		for _, b := range out {
			switch {
			case a > b:
				auc++
			case a == b:
				auc += .5
			}
		}
	}
	return auc / float64(len(in)*len(out))
}

func TestCalibrateTakesTheWidestGap(t *testing.T) {
	c := Calibrate([]float64{.5, .9}, []float64{.1, .2}, 1)
	if math.Abs(c.Threshold-.35) > 1e-12 || c.Accuracy != 1 || c.AUC != 1 {
		t.Errorf("%+v, want the threshold 0.35", c)
	}
	if c := Calibrate(nil, []float64{.1}, 1); c != (Calibration{}) {
		t.Errorf("without answerable questions: %+v", c)
	}
}
