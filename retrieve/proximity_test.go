package retrieve

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// Each of two terms that meet gets the other's idf by the square of their distance.
func TestProximity(t *testing.T) {
	terms, idf := []string{"red", "panda", "food"}, []float64{2, 3, 0.5}
	for text, want := range map[string]float64{
		"":                     0,
		"red":                  0,
		"red red":              0,
		"x red panda x":        3/(3+0.9) + 2/(2+0.9),
		"panda red":            3/(3+0.9) + 2/(2+0.9),
		"red x panda":          0.75/(0.75+0.9) + 0.5/(0.5+0.9),
		"panda panda x food":   0.125/(0.125+0.9) + 0.5*0.75/(0.75+0.9),
		"red panda x x panda":  3/(3+0.9) + 2/(2+0.9),
		"red panda red x food": 6.125/(6.125+0.9) + 4/(4+0.9) + 0.5*0.5/(0.5+0.9),
	} {
		var places []lexical.Place
		for i, word := range strings.Fields(text) {
			if term := slices.Index(terms, word); term >= 0 {
				places = append(places, lexical.Place{Term: term, At: i})
			}
		}
		if got := proximity(places, idf, 0.9); math.Abs(got-want) > 1e-12 {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestIndexed(t *testing.T) {
	f := found{Passage: Passage{Title: "Guide", HeadingPath: []string{"Sizes"}, Header: "name | value", Text: "a | 1"}}
	if got := strings.Join(f.indexed(), " "); got != "Guide Sizes name | value a | 1" {
		t.Errorf("%q", got)
	}
	f.Text = strings.Repeat("word ", 1<<20)
	if got := len(strings.Join(f.indexed(), "")); got != proximityBytes {
		t.Errorf("%d bytes are read", got)
	}
}

// proximity is that of the query's terms in each chunk.
func (c *corpus) proximity(t testing.TB, query string) map[int64]float64 {
	t.Helper()
	analyzer, err := lexical.For(c.language)
	if err != nil {
		t.Fatal(err)
	}
	terms, out := analyzer.Query(query), map[int64]float64{}
	for _, s := range c.chunks {
		var places []int
		for i, term := range s.terms {
			if slices.Contains(terms, term) {
				places = append(places, i)
			}
		}
		for _, term := range terms {
			sum := 0.0
			for i := 1; i < len(places); i++ {
				a, b := s.terms[places[i-1]], s.terms[places[i]]
				d := math.Pow(float64(places[i]-places[i-1]), -2)
				switch {
				case a == b:
				case a == term:
					sum += d * c.idf(b)
				case b == term:
					sum += d * c.idf(a)
				}
			}
			out[s.id] += min(1, c.idf(term)) * sum / (sum + 0.9)
		}
	}
	return out
}

// both is the score of each chunk when both legs run.
func (c *corpus) both(t testing.TB, query string, dense, bm25 map[int64]float64, w float64) map[int64]float64 {
	t.Helper()
	held, near, words := c.held(t, query), c.proximity(t, query), map[int64]float64{}
	for id := range dense {
		words[id] = bm25[id] + held[id]/2
	}
	first := fused(dense, words, w)
	ids := slices.SortedFunc(maps.Keys(first), func(a, b int64) int {
		return cmp.Or(cmp.Compare(first[b], first[a]), cmp.Compare(dense[b], dense[a]), cmp.Compare(a, b))
	})
	for _, id := range ids[:min(20, len(ids))] {
		words[id] += near[id]
	}
	return fused(dense, words, w)
}

// Equal texts have equal scores to the last bit, and so come in the same order each
// time.
func TestProximityIsRepeatable(t *testing.T) {
	var places []lexical.Place
	var idf []float64
	for i := range 12 {
		places = append(places, lexical.Place{Term: i, At: i * i})
		idf = append(idf, math.Sqrt(float64(i+2)))
	}
	want := proximity(places, idf, 0.9)
	for range 100 {
		if got := proximity(places, idf, 0.9); got != want {
			t.Fatalf("%v, then %v", want, got)
		}
	}
}
