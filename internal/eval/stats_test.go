package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestRandomisationTestExact(t *testing.T) {
	for _, c := range []struct {
		diffs []float64
		want  float64
	}{
		{nil, 1},
		{[]float64{0, 0, 0}, 1},
		{[]float64{1}, 1},               // both signs are as extreme
		{[]float64{1, 1, 1}, 2. / 8},    // +++ and ---
		{[]float64{1, 2, -3}, 1},        // sum 0
		{[]float64{3, 2, 1, 0}, 2. / 8}, // zeros do not count
		{[]float64{0.1, 0.2, 0.3, 0.1}, 2. / 16},
		{[]float64{5, -1, 1}, 6. / 8}, // |sum| ≥ 5: all but ±(5 -1 -1) = 3
	} {
		if got := RandomisationTest(c.diffs, 10_000, 1); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: p = %v, want %v", c.diffs, got, c.want)
		}
	}
}

// The drawn test must agree with the exact one, and under no difference its
// p-values must be spread evenly.
func TestRandomisationTestDrawn(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	d := make([]float64, 12)
	for i := range d {
		d[i] = rng.NormFloat64() + 0.4
	}
	exact, drawn := RandomisationTest(d, 4096, 1), RandomisationTest(d, 4095, 1)
	if math.Abs(exact-drawn) > 0.03 {
		t.Errorf("exact p = %v, drawn p = %v", exact, drawn)
	}
	under := 0
	for range 300 {
		d := make([]float64, 40)
		for i := range d {
			d[i] = rng.NormFloat64()
		}
		if RandomisationTest(d, 200, 3) <= 0.1 {
			under++
		}
	}
	if under < 15 || under > 47 { // 30 expected, ±3.3 standard deviations
		t.Errorf("%d of 300 p-values were 0.1 or less where nothing differs", under)
	}
	if p := RandomisationTest(make([]float64, 50), 100, 1); p != 1 {
		t.Errorf("no difference gives p = %v", p)
	}
}

// The interval must hold the true mean in about 95% of samples.
func TestBootstrapCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	covered := 0
	for range 300 {
		x := make([]float64, 60)
		for i := range x {
			x[i] = rng.Float64()
		}
		if ci := BootstrapMean(x, 400, 5); ci.Low <= 0.5 && 0.5 <= ci.High {
			covered++
		}
	}
	if covered < 270 || covered > 299 {
		t.Errorf("%d of 300 intervals hold the mean, want about 285", covered)
	}
	if ci := BootstrapMean([]float64{2, 2, 2}, 100, 1); ci != (Interval{2, 2}) {
		t.Errorf("constant: %v", ci)
	}
	if ci := BootstrapMean(nil, 100, 1); ci != (Interval{}) {
		t.Errorf("empty: %v", ci)
	}
}

func TestCompareIsRepeatable(t *testing.T) {
	a, b := []float64{1, .5, .7, .9}, []float64{.5, .5, .2, .1}
	if x, y := Compare(a, b, 9), Compare(a, b, 9); x != y {
		t.Errorf("%+v, then %+v", x, y)
	}
	c := Compare(a, b, 9)
	if math.Abs(c.Diff-0.45) > 1e-12 || c.P != 0.25 || c.CI.Low > c.Diff || c.CI.High < c.Diff {
		t.Errorf("%+v", c)
	}
}
