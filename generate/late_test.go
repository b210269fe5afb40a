package generate

import (
	"math"
	"testing"
)

func TestLateInteraction(t *testing.T) {
	east, north, west := []float32{1, 0}, []float32{0, 1}, []float32{-1, 0}
	nan := []float32{float32(math.NaN()), 0}
	for _, c := range []struct {
		question, text [][]float32
		want           float64
	}{
		{[][]float32{east, north}, [][]float32{north, east}, 1},
		{[][]float32{east, north}, [][]float32{east}, .5},
		{[][]float32{east}, [][]float32{west, nan, {1}}, 0},
		{nil, [][]float32{east}, 0},
		{[][]float32{east}, nil, 0},
	} {
		if got := lateInteraction(c.question, c.text); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.question, c.text, got, c.want)
		}
	}
}
