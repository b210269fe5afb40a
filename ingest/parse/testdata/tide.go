// Package tide tells the water's height.
package tide

import "math"

// Range is in metres.
const Range = 4.5

// Height at hour h; see Range.
func Height(h float64) float64 {
	return Range / 2 * math.Cos(h/12.42*2*math.Pi)
}

// Port is where.
type Port struct {
	Name string // as on the chart

	Lag float64
}
