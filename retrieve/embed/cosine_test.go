package embed

import (
	"math"
	"testing"
)

func TestCosine(t *testing.T) {
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{3, 4}, []float32{6, 8}, 1},
		{[]float32{3, 4}, []float32{-4, 3}, 0},
		{[]float32{1, 0}, []float32{-2, 0}, -1},
		{[]float32{1, 0}, []float32{1, 1}, 1 / math.Sqrt2},
		{[]float32{1, 0}, []float32{1}, 0},
		{[]float32{0, 0}, []float32{1, 0}, 0},
		{[]float32{inf, 0}, []float32{1, 0}, 0},
		{nil, nil, 0},
	} {
		if got := Cosine(c.a, c.b); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v, %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
