package eval

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Abstention counts how well "not in the documents" was told from the rest by a
// threshold of coverage.
type Abstention struct {
	Threshold float64 `json:"threshold"`
	// Answerable questions at or above the threshold, and under it.
	Kept int `json:"kept"`
	Lost int `json:"lost"`
	// Unanswerable questions under the threshold, and at or above it.
	Refused int `json:"refused"`
	Missed  int `json:"missed"`
}

// Abstain counts the coverages of answerable and of foreign (unanswerable)
// questions by the threshold.
func Abstain(answerable, foreign []float64, threshold float64) Abstention {
	a := Abstention{Threshold: threshold}
	for _, c := range answerable {
		if c >= threshold {
			a.Kept++
		} else {
			a.Lost++
		}
	}
	for _, c := range foreign {
		if c < threshold {
			a.Refused++
		} else {
			a.Missed++
		}
	}
	return a
}

// Sensitivity is the share of answerable questions that were kept.
func (a Abstention) Sensitivity() float64 { return ratio(float64(a.Kept), float64(a.Kept+a.Lost)) }

// Specificity is the share of unanswerable questions that were refused.
func (a Abstention) Specificity() float64 {
	return ratio(float64(a.Refused), float64(a.Refused+a.Missed))
}

// Precision is the share of unanswerable ones among the refused; 0 when none was.
func (a Abstention) Precision() float64 { return ratio(float64(a.Refused), float64(a.Refused+a.Lost)) }

// BalancedAccuracy is the mean of sensitivity and specificity: 0.5 for a coin
// and for a constant, 1 when all is right, whatever the share of each kind.
func (a Abstention) BalancedAccuracy() float64 { return (a.Sensitivity() + a.Specificity()) / 2 }

// Calibration is the threshold that tells two sets of questions apart best.
type Calibration struct {
	Abstention
	// Balanced accuracy at the threshold, on the questions it was chosen on.
	Accuracy float64 `json:"balanced_accuracy"`
	// CI is the 95% bootstrap interval of Accuracy for the threshold as it is;
	// ThresholdCI of the threshold chosen anew for each resample.
	CI          Interval `json:"ci95"`
	ThresholdCI Interval `json:"threshold_ci95"`
	// AUC is the chance that an answerable question scores above a foreign one
	// (ties count half): the quality of the score, whatever the threshold.
	AUC float64 `json:"auc"`
}

// leastAUC is what a score must reach to be thought to tell two kinds apart
// acceptably (Hosmer and Lemeshow 2000, chapter 5).
const leastAUC = 0.7

// worthStoring is an error where the threshold is hardly better than any other.
func (c Calibration) worthStoring() error {
	if c.AUC < leastAUC {
		return fmt.Errorf("not stored: coverage hardly tells these questions apart (AUC %.2f, want %.2f); are the others really not in the documents?", c.AUC, leastAUC)
	}
	return nil
}

// calibrationRounds is the number of bootstrap resamples, each of which sorts everything.
const calibrationRounds = 1000

// Calibrate returns the threshold of coverage with the best balanced accuracy. Of
// equally good ones it takes the middle of the widest gap between scores, where
// new questions are least likely to fall on the wrong side. Both sets must have
// members, else it returns the zero value. Equal seeds give equal results.
func Calibrate(answerable, foreign []float64, seed uint64) Calibration {
	if len(answerable) == 0 || len(foreign) == 0 {
		return Calibration{}
	}
	threshold, auc := bestThreshold(answerable, foreign)
	a := Abstain(answerable, foreign, threshold)
	c := Calibration{Abstention: a, Accuracy: a.BalancedAccuracy(), AUC: auc}
	rng := rand.New(rand.NewPCG(seed, 3))
	accuracies, thresholds := make([]float64, calibrationRounds), make([]float64, calibrationRounds)
	for i := range accuracies {
		in, out := resample(answerable, rng), resample(foreign, rng)
		accuracies[i] = Abstain(in, out, threshold).BalancedAccuracy()
		thresholds[i], _ = bestThreshold(in, out)
	}
	c.CI, c.ThresholdCI = percentiles(accuracies, 0.025, 0.975), percentiles(thresholds, 0.025, 0.975)
	return c
}

func resample(x []float64, rng *rand.Rand) []float64 {
	out := make([]float64, len(x))
	for i := range out {
		out[i] = x[rng.IntN(len(x))]
	}
	return out
}

// bestThreshold walks the scores upwards; at each value all below it are refused.
func bestThreshold(answerable, foreign []float64) (threshold, auc float64) {
	type step struct{ score, in, out float64 }
	var steps []step
	for _, s := range answerable {
		steps = append(steps, step{s, 1 / float64(len(answerable)), 0})
	}
	for _, s := range foreign {
		steps = append(steps, step{s, 0, 1 / float64(len(foreign))})
	}
	slices.SortFunc(steps, func(a, b step) int { return cmp.Compare(a.score, b.score) })
	var lost, refused, best, gap float64
	best = -1
	previous := 0.0
	for i := 0; i <= len(steps); {
		here := 1.0
		if i < len(steps) {
			here = steps[i].score
		}
		good, room := refused-lost, here-previous
		if good > best+1e-12 || good > best-1e-12 && room > gap {
			best, gap, threshold = good, room, previous+room/2
		}
		var in, out float64
		for i < len(steps) && steps[i].score == here {
			in, out, i = in+steps[i].in, out+steps[i].out, i+1
		}
		if in+out == 0 {
			break
		}
		auc += in * (refused + out/2)
		lost, refused, previous = lost+in, refused+out, here
	}
	return threshold, auc
}
