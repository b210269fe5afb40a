package eval

import "testing"

func TestShared(t *testing.T) {
	a, b, c, d := chunkAt{"1", 0}, chunkAt{"1", 9}, chunkAt{"2", 0}, chunkAt{"2", 5}
	for _, tt := range []struct {
		want, got []chunkAt
		part      float64
	}{
		{[]chunkAt{a, b}, []chunkAt{b, a}, 1},
		{[]chunkAt{a, b}, []chunkAt{a, c}, 0.5},
		{[]chunkAt{a, b, c, d}, []chunkAt{d}, 0.25},
		{[]chunkAt{a}, nil, 0},
	} {
		if got := shared(tt.want, tt.got); got != tt.part {
			t.Errorf("%v of %v: %v", tt.got, tt.want, got)
		}
	}
}
