package parse

import (
	"slices"
	"testing"
)

func TestReadingOrder(t *testing.T) {
	at := func(x, y, w float64) box { return box{left: x, right: x + w, top: y, bottom: y - 10} }
	tests := []struct {
		name  string
		boxes []box
		want  []int
	}{
		{"none", nil, []int{}},
		{"down", []box{at(0, 10, 50), at(0, 50, 50), at(0, 30, 50)}, []int{1, 2, 0}},
		{"title over columns", []box{at(60, 60, 40), at(0, 60, 40), at(0, 48, 40), at(60, 48, 40), at(0, 100, 100)}, []int{4, 1, 2, 0, 3}},
		{"rows of labels", []box{at(0, 100, 40), at(45, 100, 40), at(0, 60, 40), at(45, 60, 40)}, []int{0, 1, 2, 3}},
		{"over one another", []box{at(0, 50, 50), at(10, 45, 50), at(5, 58, 50)}, []int{2, 0, 1}},
	}
	for _, tt := range tests {
		if got := readingOrder(tt.boxes, 1); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := readingOrder([]box{at(0, 50, 10), at(20, 37, 10), at(0, 24, 10)}, 3); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("indented lines: %v", got)
	}
	many := make([]box, maxOrdered+1)
	for i := range many {
		many[i] = at(0, float64(i), 10)
	}
	if got := readingOrder(many, 1); got[0] != maxOrdered || got[maxOrdered] != 0 {
		t.Errorf("%d boxes begin with %d", len(many), got[0])
	}
}
