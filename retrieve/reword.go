package retrieve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// maxParaphrases bounds the other ways to put a query.
	maxParaphrases = 5
	// Bounds of what a Rewriter writes, in bytes; the rest is cut off.
	maxParaphrase = 512
	maxSupposed   = 2048
	// defaultRewriteBudget is what a small model needs for some 150 tokens, about.
	defaultRewriteBudget = 5 * time.Second
	// variantsAtOnce bounds the paraphrases searched at the same time.
	variantsAtOnce = 3
	// ownShare is the part of the score that is the query's own; its paraphrases
	// share the rest.
	ownShare = 0.5
)

// Rewriter puts queries in other words: a chat model. What it writes is searched
// as plain text. Implementations are safe for concurrent use and return by the
// time ctx ends.
type Rewriter interface {
	// Paraphrase returns at most n other ways to put a query.
	Paraphrase(ctx context.Context, collection, query string, n int) ([]string, error)
	// Suppose returns a made-up passage of a document that answers a query.
	Suppose(ctx context.Context, collection, query string) (string, error)
}

// reword has the query put in other words, when it asks for that. Without a model,
// or when it fails, the query stands alone and Degraded says so.
func (r *search) reword(ctx context.Context) error {
	q := r.query
	if q.Paraphrases == 0 && !q.HyDE || strings.TrimSpace(r.syntax.Text) == "" || r.collection.Chunks == 0 || r.scope.empty() {
		return nil
	}
	if r.o.Rewriter == nil {
		r.result.Degraded = append(r.result.Degraded, "No chat model is at hand to rewrite the query, so the search is by the query alone.")
		return nil
	}
	defer r.stage("rewrite")()
	budget, cancel := context.WithTimeout(ctx, r.o.RewriteBudget)
	defer cancel()
	var paraphrases []string
	var supposed string
	var failed [2]error
	var wg sync.WaitGroup
	if q.Paraphrases > 0 {
		wg.Go(func() {
			paraphrases, failed[0] = r.o.Rewriter.Paraphrase(budget, q.Collection, r.syntax.Text, q.Paraphrases)
		})
	}
	if q.HyDE && r.runs(Dense) {
		wg.Go(func() { supposed, failed[1] = r.o.Rewriter.Suppose(budget, q.Collection, r.syntax.Text) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i, so := range []string{"so no paraphrases are searched.", "so no made-up answer is searched."} {
		if failed[i] != nil {
			r.note(ctx, late(budget, "The model that rewrites queries", r.o.RewriteBudget, failed[i]), so)
		}
	}
	r.useParaphrases(paraphrases)
	r.useSupposed(supposed)
	return nil
}

func (r *search) useParaphrases(texts []string) {
	seen := map[string]bool{strings.ToLower(plain(r.syntax.Text, maxParaphrase)): true}
	for _, text := range texts {
		text = plain(text, maxParaphrase)
		if key := strings.ToLower(text); text == "" || seen[key] || len(r.variants) == r.query.Paraphrases {
			continue
		} else {
			seen[key] = true
		}
		v := &search{Searcher: r.Searcher, query: r.query, collection: r.collection, scope: r.scope, analyzer: r.analyzer, rows: r.rows}
		v.query.Explain, v.syntax.Text, v.wordsErr = false, text, r.wordsErr
		r.variants = append(r.variants, v)
		r.result.Notes = append(r.result.Notes, fmt.Sprintf("Searched also: %s", text))
	}
}

func (r *search) useSupposed(text string) {
	if r.supposed = plain(text, maxSupposed); r.supposed != "" {
		r.result.Notes = append(r.result.Notes, "Searched by meaning also, as an answer might read: "+r.supposed)
	}
}

// plain is text on one line of at most limit bytes, as Postgres takes it.
func plain(text string, limit int) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text[:min(len(text), 4*limit)], "\x00", "")), " ")
	return strings.ToValidUTF8(text[:min(len(text), limit)], "")
}

// between is the middle of two vectors of length 1, as long as they: where HyDE
// searches (Gao, Ma, Lin and Callan, ACL 2023, equation 8, with one document).
// Opposite ones have none; that is the first.
func between(a, b []float32) []float32 {
	out := make([]float32, len(a))
	var sum float64
	for i := range a {
		out[i] = a[i] + b[i]
		sum += float64(out[i]) * float64(out[i])
	}
	if sum < minScore {
		return a
	}
	for i := range out {
		out[i] /= float32(math.Sqrt(sum))
	}
	return out
}

// widen searches the paraphrases, at once, and adds what they found and the query
// did not. Of a paraphrase that no leg answers, Degraded tells.
func (r *search) widen(ctx context.Context, candidates []Candidate) ([]Candidate, error) {
	if len(r.variants) == 0 {
		return candidates, nil
	}
	defer r.stage("paraphrases")()
	failed := make([]error, len(r.variants))
	var g errgroup.Group
	g.SetLimit(variantsAtOnce)
	for i, v := range r.variants {
		g.Go(func() error {
			failed[i] = v.find(ctx)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err := errors.Join(failed...); err != nil {
		r.note(ctx, &legError{"The search for a paraphrase failed", err}, "so it is left out.")
	}
	known := map[int64]bool{}
	for _, c := range candidates {
		known[c.ChunkID] = true
	}
	var more []Candidate
	for i, v := range r.variants {
		if failed[i] != nil {
			continue
		}
		for _, c := range union(v.near, v.words.hits) {
			if !known[c.ChunkID] {
				known[c.ChunkID] = true
				more = append(more, Candidate{ChunkID: c.ChunkID})
			}
		}
	}
	r.variants = slices.DeleteFunc(r.variants, func(v *search) bool { return v.near == nil && v.words.hits == nil })
	more, err := r.sift(ctx, more)
	return append(slices.Clip(candidates), more...), err
}

// blend gives each candidate the paraphrases' part of its score: the mean of what
// it would have scored in the search for each, with every leg's score exact.
func (r *search) blend(ctx context.Context, candidates []Candidate) error {
	if len(r.variants) == 0 {
		return nil
	}
	sums := map[int64]float64{}
	for _, v := range r.variants {
		found := map[int64]Candidate{}
		for _, c := range union(v.near, v.words.hits) {
			found[c.ChunkID] = c
		}
		scored := make([]Candidate, len(candidates))
		for i, c := range candidates {
			scored[i] = cmp.Or(found[c.ChunkID], Candidate{ChunkID: c.ChunkID})
		}
		if err := v.complete(ctx, scored); err != nil {
			return err
		}
		Fuse(scored, r.query.Fusion, r.weight())
		if err := v.addProximity(ctx, scored); err != nil {
			return err
		}
		for _, c := range scored {
			sums[c.ChunkID] += c.Score
		}
	}
	for i, c := range candidates {
		candidates[i].Score = ownShare*c.Score + (1-ownShare)*sums[c.ChunkID]/float64(len(r.variants))
	}
	sortFused(candidates)
	return nil
}

// ownCosines returns candidates with their cosines to the query itself, where they
// were searched by another vector: what coverage counts by.
func (r *search) ownCosines(ctx context.Context, candidates []Candidate) ([]Candidate, error) {
	if r.supposed == "" || r.result.Vector == nil {
		return candidates, nil
	}
	own := slices.Clone(candidates)
	for i := range own {
		own[i].Dense = LegScore{}
	}
	err := r.fill(ctx, r.collection, own, r.result.Vector, nil)
	for i := range own {
		own[i].Dense.Rank = candidates[i].Dense.Rank
	}
	return own, err
}
