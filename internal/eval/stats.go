package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a confidence interval, ends included.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Comparison is how one row differs from another over the same queries.
type Comparison struct {
	// Diff is the mean of the differences.
	Diff float64 `json:"diff"`
	// P is the two-sided probability of a difference at least as large if the
	// rows did not differ.
	P float64 `json:"p"`
	// CI is the 95% confidence interval of Diff.
	CI Interval `json:"ci95"`
}

// Compare compares the figures a with b, query by query, by RandomisationTest and
// BootstrapMean with 10,000 rounds each. They must be of equal length.
func Compare(a, b []float64, seed uint64) Comparison {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return Comparison{Diff: mean(d), P: RandomisationTest(d, rounds, seed), CI: BootstrapMean(d, rounds, seed)}
}

const rounds = 10_000

// RandomisationTest returns the two-sided p-value of paired differences: how
// often their mean is at least as far from 0 when each difference's sign is
// drawn at random (Fisher; for retrieval: Smucker, Allan and Carterette, CIKM
// 2007). It tries all signs when these are no more than rounds, and otherwise
// draws that many, counting the observed one too, so that p is never 0
// (Phipson and Smyth 2010). No differences give 1. Equal seeds give equal results.
func RandomisationTest(diffs []float64, rounds int, seed uint64) float64 {
	d := slices.DeleteFunc(slices.Clone(diffs), func(x float64) bool { return x == 0 })
	observed := math.Abs(signedSum(d, func() uint64 { return 0 }))
	limit := observed - 1e-9*max(observed, 1e-9)
	if len(d) < 31 && 1<<len(d) <= rounds {
		return exactTest(d, limit)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	extreme := 1
	for range rounds {
		if math.Abs(signedSum(d, rng.Uint64)) >= limit {
			extreme++
		}
	}
	return float64(extreme) / float64(rounds+1)
}

func exactTest(d []float64, limit float64) float64 {
	extreme := 0
	for signs := range uint64(1) << len(d) {
		if math.Abs(signedSum(d, func() uint64 { return signs })) >= limit {
			extreme++
		}
	}
	return float64(extreme) / float64(uint64(1)<<len(d))
}

// signedSum adds d with the signs that bits gives, 64 at a time.
func signedSum(d []float64, bits func() uint64) float64 {
	var sum float64
	var signs uint64
	for i, x := range d {
		if i%64 == 0 {
			signs = bits()
		}
		if signs&1 == 1 {
			x = -x
		}
		sum += x
		signs >>= 1
	}
	return sum
}

// BootstrapMean returns the 95% percentile interval of the mean of x from so many
// resamples (Efron 1979; Efron and Tibshirani 1993, chapter 13). It is about
// the mean over such queries, not over other collections. No x give 0 to 0.
func BootstrapMean(x []float64, rounds int, seed uint64) Interval {
	if len(x) == 0 {
		return Interval{}
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	means := make([]float64, rounds)
	for i := range means {
		var sum float64
		for range x {
			sum += x[rng.IntN(len(x))]
		}
		means[i] = sum / float64(len(x))
	}
	return percentiles(means, 0.025, 0.975)
}

func percentiles(x []float64, low, high float64) Interval {
	slices.Sort(x)
	return Interval{Low: quantile(x, low), High: quantile(x, high)}
}

// quantile interpolates linearly between the sorted x; 0 when there are none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return ratio(sum, float64(len(x)))
}
