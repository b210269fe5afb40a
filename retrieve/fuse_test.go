package retrieve

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestFuse(t *testing.T) {
	d := func(s float64, rank int) LegScore { return LegScore{s, rank} }
	for _, tt := range []struct {
		name   string
		fusion Fusion
		w      float64
		in     []Candidate
		want   map[int64]float64
		order  []int64
	}{
		{"none", Weighted, 0.5, nil, map[int64]float64{}, nil},
		{
			"each by its maximum", Weighted, 0.5,
			[]Candidate{{ChunkID: 1, Dense: d(0.8, 1), Lexical: d(2, 2)}, {ChunkID: 2, Dense: d(0.4, 2), Lexical: d(8, 1)}},
			map[int64]float64{1: 0.625, 2: 0.75},
			[]int64{2, 1},
		},
		{
			"filled in scores count", Weighted, 0.6,
			[]Candidate{{ChunkID: 1, Dense: d(0.5, 1)}, {ChunkID: 2, Dense: d(0.4, 0), Lexical: d(3, 1)}},
			map[int64]float64{1: 0.6, 2: 0.88},
			[]int64{2, 1},
		},
		{
			"negative cosine is none", Weighted, 0.5,
			[]Candidate{{ChunkID: 1, Dense: d(-0.5, 2), Lexical: d(1, 1)}, {ChunkID: 2, Dense: d(0.5, 1)}},
			map[int64]float64{1: 0.5, 2: 0.5},
			[]int64{2, 1},
		},
		{
			"words found nothing", Weighted, 0.3,
			[]Candidate{{ChunkID: 1, Dense: d(0.2, 2)}, {ChunkID: 2, Dense: d(0.4, 1)}},
			map[int64]float64{1: 0.5, 2: 1},
			[]int64{2, 1},
		},
		{
			"no dense leg", Weighted, 0.9,
			[]Candidate{{ChunkID: 1, Lexical: d(3, 2)}, {ChunkID: 2, Lexical: d(4, 1)}},
			map[int64]float64{1: 0.75, 2: 1},
			[]int64{2, 1},
		},
		{
			"all cosines negative", Weighted, 0.5,
			[]Candidate{{ChunkID: 1, Dense: d(-0.2, 2)}, {ChunkID: 2, Dense: d(-0.1, 1)}},
			map[int64]float64{1: 0, 2: 0},
			[]int64{2, 1},
		},
		{
			"ties by id", Weighted, 0.5,
			[]Candidate{{ChunkID: 9, Dense: d(0.4, 1)}, {ChunkID: 3, Dense: d(0.4, 2)}},
			map[int64]float64{9: 1, 3: 1},
			[]int64{3, 9},
		},
		{
			"having a term counts", Weighted, 0.5,
			[]Candidate{{ChunkID: 1, Dense: d(0.4, 1), Lexical: d(4, 1), Held: 4}, {ChunkID: 2, Dense: d(0.4, 2), Lexical: d(3, 2), Held: 10}},
			map[int64]float64{1: 0.875, 2: 1},
			[]int64{2, 1},
		},
		{
			"but not in BM25 alone", Weighted, 0.5,
			[]Candidate{{ChunkID: 1, Lexical: d(4, 1), Held: 4}, {ChunkID: 2, Lexical: d(3, 2), Held: 10}},
			map[int64]float64{1: 1, 2: 0.75},
			[]int64{1, 2},
		},
		{
			"reciprocal ranks", RRF, 0.5,
			[]Candidate{{ChunkID: 1, Dense: d(0.9, 1), Lexical: d(0.1, 0)}, {ChunkID: 2, Dense: d(0.1, 2), Lexical: d(0.2, 2)}},
			map[int64]float64{1: 1.0 / 61, 2: 2.0 / 62},
			[]int64{2, 1},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			Fuse(tt.in, tt.fusion, tt.w)
			got := map[int64]float64{}
			var order []int64
			for _, c := range tt.in {
				got[c.ChunkID] = c.Score
				order = append(order, c.ChunkID)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(tt.order, order); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnion(t *testing.T) {
	got := union([]hit{{ChunkID: 1, Score: 0.9}, {ChunkID: 2, Score: 0.8}}, []hit{{2, 7, 9}, {3, 6, 6}})
	want := []Candidate{
		{ChunkID: 1, Dense: LegScore{0.9, 1}},
		{ChunkID: 2, Dense: LegScore{0.8, 2}, Lexical: LegScore{7, 1}, Held: 9},
		{ChunkID: 3, Lexical: LegScore{6, 2}, Held: 6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCoverage(t *testing.T) {
	c := []Candidate{{Dense: LegScore{0.6, 1}, Held: 1}, {Dense: LegScore{0.2, 10}, Held: 6}, {Dense: LegScore{0.3, 11}, Held: 9}, {Dense: LegScore{-0.2, 0}, Lexical: LegScore{3, 1}, Held: 6}}
	for _, tt := range []struct {
		name           string
		candidates     []Candidate
		idfSum         float64
		dense, lexical bool
		want           float64
	}{
		{"both, of one chunk", c, 10, true, true, 0.4},
		{"words found nothing", []Candidate{{Dense: LegScore{0.6, 1}}}, 0, true, true, 0.3},
		{"no words to look for", []Candidate{{Dense: LegScore{0.6, 1}}}, 0, true, false, 0.6},
		{"words only", []Candidate{{Lexical: LegScore{2, 1}, Held: 4}}, 10, false, true, 0.4},
		{"more than all, by spelling", []Candidate{{Lexical: LegScore{2, 1}, Held: 12}}, 10, false, true, 1},
		{"cosine below zero", []Candidate{{Dense: LegScore{-0.6, 1}}}, 0, true, false, 0},
		{"nothing", nil, 0, false, true, 0},
	} {
		if got := coverage(tt.candidates, tt.idfSum, tt.dense, tt.lexical); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
