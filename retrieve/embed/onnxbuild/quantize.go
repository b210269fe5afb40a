package onnxbuild

import "math"

// Weights use seven of their eight bits: without VNNI a CPU adds pairs of
// products in 16 bits, and full-range weights would overflow there.
const (
	weightLevels    = 63
	embeddingLevels = 127
)

// quantizeRows rounds each row of a rows×cols matrix to -levels…levels. Its
// scales turn the integers back: value ≈ integer · scale of its row.
func quantizeRows(m []float32, rows, cols int, levels float64) (q []int8, scales []float32) {
	q = make([]int8, len(m))
	scales = make([]float32, rows)
	for r := range rows {
		row := m[r*cols : (r+1)*cols]
		scale := rowScale(row, levels)
		scales[r] = scale
		for c, v := range row {
			n := math.RoundToEven(float64(v) / float64(scale))
			q[r*cols+c] = int8(max(-levels, min(levels, n)))
		}
	}
	return q, scales
}

func rowScale(row []float32, levels float64) float32 {
	var largest float64
	for _, v := range row {
		largest = max(largest, math.Abs(float64(v)))
	}
	scale := float32(largest / levels)
	if scale == 0 {
		return 1
	}
	return scale
}

// transpose turns a rows×cols matrix into cols×rows.
func transpose(m []int8, rows, cols int) []int8 {
	t := make([]int8, len(m))
	for r := range rows {
		for c := range cols {
			t[c*rows+r] = m[r*cols+c]
		}
	}
	return t
}
