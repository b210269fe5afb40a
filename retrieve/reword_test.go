package retrieve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// written is a Rewriter of fixed texts; without any it fails, or hangs.
type written struct {
	paraphrases []string
	supposed    string
	hangs       bool
}

func (w written) Paraphrase(ctx context.Context, _, _ string, _ int) ([]string, error) {
	return w.paraphrases, w.err(ctx, w.paraphrases == nil)
}

func (w written) Suppose(ctx context.Context, _, _ string) (string, error) {
	return w.supposed, w.err(ctx, w.supposed == "")
}

func (w written) err(ctx context.Context, fails bool) error {
	if w.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	if fails {
		return errors.New("the model at https://key@example.com broke")
	}
	return nil
}

func (c *corpus) searchWith(t testing.TB, w Rewriter, q Query) Result {
	t.Helper()
	r, err := New(c.pool, c.model, Options{Rewriter: w}).Search(t.Context(), q.in(c))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A paraphrase finds what shares no word with the query, within what the query
// demands, filters and may see.
func TestParaphrases(t *testing.T) {
	c := animals(t)
	c.add(t, "secret", "Puppies are secret.")
	c.exec(t, `update document set principals = '{ann}' where uri = 'secret'`)
	w := written{paraphrases: []string{" young\x00 dogs\nor puppies", "canine offspring", "Canine  offspring", "whelps"}}
	for _, tt := range []struct {
		name  string
		query Query
		want  []string
	}{
		{"none", Query{Text: "whelp"}, nil},
		{"found", Query{Text: "whelp", Paraphrases: 2}, []string{"dogs", "dogs"}},
		{"excluded", Query{Text: "whelp -shoes", Paraphrases: 2}, []string{"dogs"}},
		{"quoted", Query{Text: `whelp "bark at"`, Paraphrases: 2}, []string{"dogs"}},
		{"as ann", Query{Text: "whelp", Paraphrases: 1, Principals: []string{"ann"}}, []string{"dogs", "secret", "dogs"}},
		{"blank", Query{Text: " ", Paraphrases: 2}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Legs = Lexical
			r := c.searchWith(t, w, tt.query)
			if diff := cmp.Diff(tt.want, uris(r)); diff != "" || len(r.Degraded) > 0 {
				t.Errorf("%v\n%s", r.Degraded, diff)
			}
		})
	}
	r := c.searchWith(t, w, Query{Text: "whelp", Paraphrases: 3})
	want := []string{"Searched also: young dogs or puppies", "Searched also: canine offspring", "Searched also: whelps"}
	if diff := cmp.Diff(want, r.Notes); diff != "" {
		t.Error(diff)
	}
}

// Over random texts, half of each score is the query's and half the mean of the
// paraphrases', each as if searched alone; coverage is the query's.
func TestParaphrasesMatchReference(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	c := randomCorpus(t, r, 20)
	for range 15 {
		texts := []string{randomText(r, 4), randomText(r, 4), randomText(r, 6)}
		dense, bm25, idfSum := c.reference(t, texts[0])
		want := c.both(t, texts[0], dense, bm25, 0.55)
		for _, text := range texts[1:] {
			d, b, _ := c.reference(t, text)
			for id, score := range c.both(t, text, d, b, 0.55) {
				want[id] += score / 2
			}
		}
		for id := range want {
			want[id] /= 2
		}
		got := c.searchWith(t, written{paraphrases: texts[1:]}, Query{Text: texts[0], Paraphrases: 2, Limit: 25})
		c.compare(t, strings.Join(texts, " | "), got, want, dense, bm25)
		if cover := c.covered(t, texts[0], dense, dense, bm25, idfSum); math.Abs(got.Coverage-cover) > near {
			t.Errorf("%q: coverage %v, want %v", texts, got.Coverage, cover)
		}
	}
}

// HyDE searches between the query and the supposed answer; the vector and the
// coverage that come back are the query's.
func TestHyDE(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	c := randomCorpus(t, r, 20)
	for range 15 {
		query, supposed := randomText(r, 4), randomText(r, 30)
		got := c.searchWith(t, written{supposed: supposed}, Query{Text: query, HyDE: true, Limit: 25})
		vectors, _ := c.model.Embed(t.Context(), []string{query, supposed})
		aim := between(vectors[0], vectors[1])
		dense := map[int64]float64{}
		for _, s := range c.chunks {
			dense[s.id] = cosine(aim, s.vector)
		}
		own, bm25, idfSum := c.reference(t, query)
		c.compare(t, query, got, c.both(t, query, dense, bm25, 0.55), dense, bm25)
		cover := c.covered(t, query, own, dense, bm25, idfSum)
		if !slices.Equal(got.Vector, vectors[0]) || math.Abs(got.Coverage-cover) > near {
			t.Errorf("%q: coverage %v, want %v", query, got.Coverage, cover)
		}
	}
	lexical := c.searchWith(t, nil, Query{Text: randomText(r, 4), HyDE: true, Legs: Lexical})
	if len(lexical.Passages) == 0 {
		t.Error("words alone find nothing")
	}
}

func TestBetween(t *testing.T) {
	got := between([]float32{1, 0}, []float32{0, 1})
	if math.Abs(float64(got[0])-math.Sqrt2/2) > 1e-6 || got[0] != got[1] {
		t.Errorf("%v", got)
	}
	if got := between([]float32{1, 0}, []float32{-1, 0}); got[0] != 1 {
		t.Errorf("opposite vectors: %v", got)
	}
}

// Without a model, and when it fails or is late, the plain search stands and says
// so without the cause.
func TestRewriterFails(t *testing.T) {
	c := animals(t)
	plain := c.search(t, Query{Text: "dogs bark"})
	for _, tt := range []struct {
		name  string
		o     Options
		query Query
		want  []string
	}{
		{"none", Options{}, Query{Paraphrases: 1}, []string{"No chat model is at hand to rewrite the query, so the search is by the query alone."}},
		{"fails", Options{Rewriter: written{}}, Query{Paraphrases: 1, HyDE: true}, []string{
			"The model that rewrites queries failed, so no paraphrases are searched.",
			"The model that rewrites queries failed, so no made-up answer is searched.",
		}},
		{"hangs", Options{Rewriter: written{hangs: true}, RewriteBudget: time.Millisecond}, Query{HyDE: true}, []string{
			"The model that rewrites queries did not answer within 1ms, so no made-up answer is searched.",
		}},
		{"says nothing new", Options{Rewriter: written{paraphrases: []string{" ", "Dogs  bark"}}}, Query{Paraphrases: 5}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.query.Text = "dogs bark"
			r, err := New(c.pool, c.model, tt.o).Search(t.Context(), tt.query.in(c))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.Degraded); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(plain.Passages, r.Passages); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, n := range []int{-1, maxParaphrases + 1} {
		if _, err := New(c.pool, c.model, Options{}).Search(t.Context(), Query{Text: "dogs", Paraphrases: n}.in(c)); err == nil {
			t.Errorf("%d paraphrases: no error", n)
		}
	}
}

// The caller's end is an error at once, not a degraded result.
func TestRewriterIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &search{
			Searcher: New(nil, hashed{8}, Options{Rewriter: written{hangs: true}}),
			query:    Query{Paraphrases: 1}, collection: collection{Chunks: 1},
		}
		r.syntax.Text = "dogs"
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.reword(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}

// Whatever a model writes is one line of valid text within its bound.
func FuzzPlain(f *testing.F) {
	f.Add("a\x00b\n\xff c", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = 1 + (limit&0x7fff)%100
		got := plain(text, limit)
		if len(got) > limit || strings.ContainsAny(got, "\x00\n\t") || fmt.Sprint([]rune(got)) != fmt.Sprint([]rune(strings.ToValidUTF8(got, "?"))) {
			t.Errorf("%q", got)
		}
	})
}
