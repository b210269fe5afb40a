package retrieve

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/quarry-rag/quarry/retrieve/lexical"
)

// near is how far a score may be off because vectors are stored in half precision.
const near = 1e-3

// reference computes from the texts, in the plainest way, what SQL computes
// from rows: both scores of every chunk, and the idf sum of the query.
func (c *corpus) reference(t testing.TB, query string) (dense, bm25 map[int64]float64, idfSum float64) {
	t.Helper()
	analyzer, err := lexical.For(c.language)
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := c.model.Embed(t.Context(), []string{query})
	if err != nil {
		t.Fatal(err)
	}
	dense, bm25 = map[int64]float64{}, map[int64]float64{}
	var length float64
	for _, s := range c.chunks {
		dense[s.id] = cosine(vectors[0], s.vector)
		length += float64(len(s.terms))
	}
	n := float64(len(c.chunks))
	for _, term := range analyzer.Query(query) {
		tf := map[int64]float64{}
		for _, s := range c.chunks {
			for _, x := range s.terms {
				if x == term {
					tf[s.id]++
				}
			}
		}
		idf := c.idf(term)
		idfSum += idf
		for _, s := range c.chunks {
			if f := tf[s.id]; f > 0 {
				bm25[s.id] += idf * f / (f + 0.9*(1-0.4+0.4*float64(len(s.terms))/(length/n)))
			}
		}
	}
	return dense, bm25, idfSum
}

func (c *corpus) idf(term string) float64 {
	n, df := float64(len(c.chunks)), 0.0
	for _, s := range c.chunks {
		if slices.Contains(s.terms, term) {
			df++
		}
	}
	return math.Log(1 + (n-df+0.5)/(df+0.5))
}

// held is the idf sum of the query's terms that each chunk has.
func (c *corpus) held(t testing.TB, query string) map[int64]float64 {
	t.Helper()
	analyzer, err := lexical.For(c.language)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int64]float64{}
	for _, term := range analyzer.Query(query) {
		for _, s := range c.chunks {
			if slices.Contains(s.terms, term) {
				out[s.id] += c.idf(term)
			}
		}
	}
	return out
}

// covered is coverage from the texts: the best of each leg's first ten, where led
// is what the dense leg searched by; the others have only their cosine.
func (c *corpus) covered(t testing.TB, query string, dense, led, bm25 map[int64]float64, idfSum float64) (best float64) {
	t.Helper()
	held := c.held(t, query)
	first := map[int64]bool{}
	for _, leg := range []map[int64]float64{led, bm25} {
		ids := slices.SortedFunc(maps.Keys(leg), func(a, b int64) int {
			return cmp.Or(cmp.Compare(leg[b], leg[a]), cmp.Compare(a, b))
		})
		for _, id := range ids[:min(10, len(ids))] {
			first[id] = true
		}
	}
	for _, s := range c.chunks {
		has := held[s.id]
		if !first[s.id] {
			has = 0
		}
		best = max(best, (max(dense[s.id], 0)+has/idfSum)/2)
	}
	return best
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// fused is the whole of fusion in one expression a chunk.
func fused(dense, bm25 map[int64]float64, w float64) map[int64]float64 {
	var maxDense, maxBM25 float64
	for id, d := range dense {
		maxDense, maxBM25 = max(maxDense, d), max(maxBM25, bm25[id])
	}
	if maxBM25 == 0 {
		w, maxBM25 = 1, 1
	}
	out := map[int64]float64{}
	for id, d := range dense {
		out[id] = w*max(d, 0)/maxDense + (1-w)*bm25[id]/maxBM25
	}
	return out
}

// words for random texts, the first ones far more frequent than the last.
func randomText(r *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("w%c%c", 'a'+int(26*math.Pow(r.Float64(), 3)), 'a'+int(26*math.Pow(r.Float64(), 3)))
	}
	return strings.Join(words, " ")
}

func randomCorpus(t testing.TB, r *rand.Rand, documents int) *corpus {
	t.Helper()
	c := testCorpus(t)
	for i := range documents {
		chunks := make([]string, 1+r.IntN(5))
		for j := range chunks {
			chunks[j] = randomText(r, 1+r.IntN(60))
		}
		c.add(t, fmt.Sprintf("doc-%d", i), chunks...)
	}
	return c
}

// Over random texts the SQL's scores are those of the plain computation, in
// every mode, and so is the order.
func TestSearchMatchesReference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := randomCorpus(t, r, 60)
	for i := range 40 {
		query := randomText(r, 1+r.IntN(8))
		if i%10 == 9 {
			query += " unseenword"
		}
		w := float64(r.IntN(11)) / 10
		dense, bm25, idfSum := c.reference(t, query)
		for _, tt := range []struct {
			name  string
			legs  Legs
			w     *float64
			score map[int64]float64
		}{
			{"dense", Dense, nil, fused(dense, nil, 1)},
			{"lexical", Lexical, nil, fused(bm25, bm25, 0)},
			{"both", 0, nil, c.both(t, query, dense, bm25, 0.55)},
			{"weight", 0, &w, c.both(t, query, dense, bm25, w)},
		} {
			got := c.search(t, Query{Text: query, Legs: tt.legs, DenseWeight: tt.w, Limit: 25})
			if len(got.Degraded) > 0 {
				t.Fatal(got.Degraded)
			}
			c.compare(t, fmt.Sprintf("%s %q", tt.name, query), got, tt.score, dense, bm25)
			if tt.legs == 0 {
				want := c.covered(t, query, dense, dense, bm25, idfSum)
				if math.Abs(got.Coverage-want) > near {
					t.Errorf("%q: coverage %v, want %v", query, got.Coverage, want)
				}
			}
		}
	}
}

// compare checks that passages come by descending reference score, none better
// left out, with both legs' scores as the reference has them.
func (c *corpus) compare(t testing.TB, name string, got Result, score, dense, bm25 map[int64]float64) {
	t.Helper()
	byText := map[string]int64{}
	for _, s := range c.chunks {
		byText[fmt.Sprint(s.document, s.text)] = s.id
	}
	want := make([]float64, 0, len(score))
	for _, s := range score {
		want = append(want, s)
	}
	slices.SortFunc(want, func(a, b float64) int { return cmp.Compare(b, a) })
	if n := min(25, len(want)); len(got.Passages) != n {
		t.Fatalf("%s: %d passages, want %d", name, len(got.Passages), n)
	}
	for i, p := range got.Passages {
		id := byText[fmt.Sprint(p.DocumentID, p.Text)]
		if math.Abs(p.Score-want[i]) > near || math.Abs(p.Score-score[id]) > near {
			t.Errorf("%s: passage %d scores %v, its reference %v, the best there %v", name, i, p.Score, score[id], want[i])
		}
		if got.DensePlan != "" && math.Abs(p.Dense.Score-dense[id]) > near {
			t.Errorf("%s: passage %d: cosine %v, want %v", name, i, p.Dense.Score, dense[id])
		}
		if p.Lexical.Rank > 0 && math.Abs(p.Lexical.Score-bm25[id]) > 1e-9 {
			t.Errorf("%s: passage %d: bm25 %v, want %v", name, i, p.Lexical.Score, bm25[id])
		}
	}
}

func maxOf(m map[int64]float64) float64 {
	var out float64
	for _, x := range m {
		out = max(out, x)
	}
	return out
}

// With few postings allowed, the two rarest terms pick the candidates; those
// have the same scores as before.
func TestTwoStageScoresAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := randomCorpus(t, r, 60)
	s := New(c.pool, c.model, Options{})
	s.postings = 1
	for range 20 {
		query := randomText(r, 6)
		got, err := s.Search(t.Context(), Query{Text: query, Legs: Lexical, Limit: 25}.in(c))
		if err != nil {
			t.Fatal(err)
		}
		_, bm25, _ := c.reference(t, query)
		top := maxOf(bm25)
		for _, p := range got.Passages {
			i := slices.IndexFunc(c.chunks, func(s stored) bool { return s.document == p.DocumentID && s.text == p.Text })
			if want := bm25[c.chunks[i].id]; math.Abs(p.Lexical.Score-want) > 1e-9 || math.Abs(p.Score-want/top) > 0.35 {
				t.Errorf("%q: bm25 %v, want %v", query, p.Lexical.Score, want)
			}
		}
	}
}
