package retrieve

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDedupe(t *testing.T) {
	c := testCorpus(t)
	long := "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda sigma omega one two three four five six seven"
	c.add(t, "a", long)
	c.add(t, "b", strings.ToUpper(long)+" ")
	c.add(t, "c", long+" more")
	c.add(t, "d", long+" 42")
	c.add(t, "e", "alpha only")
	r := c.search(t, Query{Text: "alpha beta gamma", Legs: Lexical, Dedupe: true, Limit: 3, Explain: true})
	if len(r.Passages) != 3 || r.Explanation[1].Fate != Duplicate && r.Explanation[2].Fate != Duplicate {
		t.Errorf("%v, %+v", uris(r), r.Explanation)
	}
	if got := len(c.search(t, Query{Text: "alpha", Legs: Lexical}).Passages); got != 5 {
		t.Errorf("without: %d", got)
	}
	found := strings.Join(uris(r), " ")
	if !strings.Contains(found, "d") || !strings.Contains(found, "e") {
		t.Errorf("a passage with another number was dropped: %s", found)
	}
}

func TestDiversify(t *testing.T) {
	hit := func(id int64, score float64, terms ...string) found {
		f := found{chunkID: id, terms: map[string]bool{}}
		f.Score = score
		for _, t := range terms {
			f.terms[t] = true
		}
		return f
	}
	hits := []found{hit(1, 1, "a", "b"), hit(2, 0.9, "a", "b"), hit(3, 0.8, "c"), hit(4, 0.1, "d")}
	for _, tt := range []struct {
		limit  int
		lambda float64
		want   []int64
	}{
		{2, 0, []int64{1, 2}}, {2, 0.5, []int64{1, 3}}, {3, 0.5, []int64{1, 3, 4}}, {3, 0.1, []int64{1, 2, 3}}, {9, 0.5, []int64{1, 2, 3, 4}},
	} {
		var got []int64
		for _, f := range diversify(hits, tt.limit, tt.lambda) {
			got = append(got, f.chunkID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%d of λ %v: %s", tt.limit, tt.lambda, diff)
		}
	}
}

// rerankFunc is a Reranker.
type rerankFunc func(ctx context.Context, query string, texts []string) ([]float64, error)

func (f rerankFunc) Rerank(ctx context.Context, query string, texts []string) ([]float64, error) {
	return f(ctx, query, texts)
}

func TestRerank(t *testing.T) {
	c := testCorpus(t)
	c.add(t, "short", "dogs bark")
	c.add(t, "long", "dogs bark and bark and bark at cats")
	byLength := func(_ context.Context, query string, texts []string) ([]float64, error) {
		out := make([]float64, len(texts))
		for i, text := range texts {
			out[i] = float64(len(text))
		}
		if query != "dogs bark" {
			return nil, errors.New("another query")
		}
		return out, nil
	}
	for name, tt := range map[string]struct {
		f     rerankFunc
		first string
		says  string
	}{
		"works": {byLength, "long", ""},
		"fails": {func(context.Context, string, []string) ([]float64, error) { return nil, errModel }, "short", "The reranker failed"},
		"short": {func(context.Context, string, []string) ([]float64, error) { return []float64{1}, nil }, "short", "The reranker failed"},
		"hangs": {func(ctx context.Context, _ string, _ []string) ([]float64, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, "short", "did not answer within"},
	} {
		s := New(c.pool, c.model, Options{Reranker: tt.f, RerankBudget: 300 * time.Millisecond})
		r, err := s.Search(t.Context(), Query{Text: "dogs bark"}.in(c))
		if err != nil || r.Passages[0].URI != tt.first || !strings.Contains(strings.Join(r.Degraded, ""), tt.says) || (tt.says == "") != (len(r.Degraded) == 0) {
			t.Errorf("%s: %v, %v, %v", name, uris(r), r.Degraded, err)
		}
	}
}
