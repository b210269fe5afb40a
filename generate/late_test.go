package generate

import (
	"math"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/embed"
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
		if got := lateInteraction(embed.Tokens{Each: c.question}, embed.Tokens{Each: c.text}); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.question, c.text, got, c.want)
		}
	}
}

func TestLikenessWithoutTokens(t *testing.T) {
	question, text := embed.Tokens{Whole: []float32{.6, .8}}, embed.Tokens{Whole: []float32{1, 0}}
	if got := likeness(question, text); math.Abs(got-.3) > 1e-6 {
		t.Errorf("got %v, want half the cosine", got)
	}
}
