package eval

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bound is a figure that every row must reach, as in "ndcg@10=0.70".
type Bound struct {
	Measure string // canonical, or "balanced_accuracy"
	Min     float64
}

// ParseBound reads "ndcg@10=0.70". Limits are 0 to 1.
func ParseBound(s string) (Bound, error) {
	name, value, ok := strings.Cut(s, "=")
	least, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if !ok || err != nil || !(least >= 0 && least <= 1) {
		return Bound{}, fmt.Errorf("bound %q: want a measure and a number from 0 to 1, as in ndcg@10=0.70", s)
	}
	if name = strings.ToLower(strings.TrimSpace(name)); name == "balanced_accuracy" {
		return Bound{name, least}, nil
	}
	m, err := ParseMeasure(name)
	return Bound{m.String(), least}, err
}

// AddTo returns measures with those that the bounds need.
func AddTo(measures []Measure, bounds []Bound) []Measure {
	for _, b := range bounds {
		m, err := ParseMeasure(b.Measure)
		known := err != nil // balanced_accuracy is always taken where it can be
		for _, have := range measures {
			known = known || have == m
		}
		if !known {
			measures = append(measures, m)
		}
	}
	return measures
}

// Check returns an error that names every figure under its bound. A figure that
// was not measured is under every bound, and so is any of a report without rows.
func (r Report) Check(bounds []Bound) error {
	var under []string
	for _, b := range bounds {
		if len(r.Rows) == 0 {
			under = append(under, fmt.Sprintf("%s was not measured", b.Measure))
		}
		for _, row := range r.Rows {
			got, measured := row.Means[b.Measure]
			switch {
			case !measured:
				under = append(under, fmt.Sprintf("%s: %s was not measured", row.Setting, b.Measure))
			case !(got >= b.Min) || math.IsNaN(got):
				under = append(under, fmt.Sprintf("%s: %s is %.4f, less than %g", row.Setting, b.Measure, got, b.Min))
			}
		}
	}
	if len(under) == 0 {
		return nil
	}
	return fmt.Errorf("%s: %s", r.Dataset, strings.Join(under, "; "))
}
