package retrieve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/retrieve/filter"
	"github.com/quarry-rag/quarry/retrieve/lexical"
)

const (
	defaultLimit = 10
	maxLimit     = 1000
	// legDepth is how many chunks each leg gives to fusion, at least. Since missing
	// scores are filled in, twice as many change no ranking, and cost as much again.
	legDepth = 50
)

// search is one call of Search.
type search struct {
	*Searcher
	query      Query
	collection collection
	scope      scope
	analyzer   *lexical.Analyzer
	syntax     lexical.Syntax
	terms      lookup
	df         frequencies                 // of terms; nil: not read yet
	ahead      func() ([][]float32, error) // waits for the text's vector; nil: not begun
	fates      map[int64]Fate              // of chunks; nil: not to be explained
	fused      map[int64]int               // ranks before reranking; nil: there was none
	sifted     []Candidate                 // that lack what the query demands
	lacks      map[int64]string            // what each of those lacks
	variants   []*search                   // of the query in other words
	supposed   string                      // what an answer might read like; "": not asked for
	aim        []float32                   // what the dense leg searches by
	near       []hit
	nearRest   rest
	words      words
	rows       map[int64]*found // chunks read, by paraphrases too; nil: gone
	denseErr   error
	wordsErr   error
	begun      sync.WaitGroup // what runs beside
	mu         sync.Mutex     // of result.Stages while legs run
	result     Result
}

// Search returns at most q.Limit passages, best first. No match, and text
// without anything to look for, is an empty Result, not an error. An unknown
// collection gives ErrUnknownCollection, vectors of another model
// ErrModelMismatch (unless only the lexical leg is asked for). A leg that fails
// or exceeds its budget is left out and Result.Degraded says so; it is an error
// when no leg is left. It stops early, with ctx's error, when ctx ends. Safe for
// concurrent use.
func (s *Searcher) Search(ctx context.Context, q Query) (Result, error) {
	r := s.begin(q)
	if err := r.run(ctx); err != nil {
		return Result{}, fmt.Errorf("search %q: %w", q.Collection, err)
	}
	return r.result, nil
}

func (s *Searcher) begin(q Query) *search {
	return &search{Searcher: s, query: q, rows: map[int64]*found{}}
}

func (r *search) run(ctx context.Context) error {
	defer r.stage("total")()
	if err := r.query.check(); err != nil {
		return err
	}
	if r.query.Explain {
		r.fates = map[int64]Fate{}
	}
	ctx, stop := context.WithCancel(ctx)
	defer r.begun.Wait()
	defer stop()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.restrict(ctx); err != nil {
		return err
	}
	if err := r.reword(ctx); err != nil {
		return err
	}
	candidates, err := r.candidates(ctx)
	if err != nil {
		return err
	}
	if candidates, err = r.widen(ctx, candidates); err != nil {
		return err
	}
	if err := r.complete(ctx, candidates); err != nil {
		return err
	}
	if err := r.fuse(ctx, candidates); err != nil {
		return err
	}
	candidates, err = r.rerank(ctx, candidates)
	if err != nil {
		return err
	}
	found, err := r.hydrate(ctx, candidates)
	if err != nil {
		return err
	}
	if r.result.Passages, err = r.arrange(ctx, found); err != nil {
		return err
	}
	return r.explain(ctx, candidates)
}

// check bounds a query and sets its defaults.
func (q *Query) check() error {
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	if q.Legs == 0 {
		q.Legs = Dense | Lexical
	}
	switch {
	case q.Limit < 1 || q.Limit > maxLimit:
		return fmt.Errorf("limit %d is not within 1 to %d", q.Limit, maxLimit)
	case q.MaxTokens < 0:
		return fmt.Errorf("max tokens %d is negative", q.MaxTokens)
	case q.DensePlan != "" && q.DensePlan != planExact && q.DensePlan != planHNSW:
		return fmt.Errorf("dense plan %q is not exact or hnsw", q.DensePlan)
	case q.Paraphrases < 0 || q.Paraphrases > maxParaphrases:
		return fmt.Errorf("%d paraphrases are not within 0 to %d", q.Paraphrases, maxParaphrases)
	case !(q.Diversity >= 0 && q.Diversity <= 1):
		return fmt.Errorf("diversity %v is not within 0 to 1", q.Diversity)
	case q.DenseWeight != nil && !(*q.DenseWeight >= 0 && *q.DenseWeight <= 1):
		return fmt.Errorf("dense weight %v is not within 0 to 1", *q.DenseWeight)
	}
	if q.Filter != nil {
		return filter.Validate(q.Filter)
	}
	return nil
}

// candidates are what the legs found and the query demands. A quoted phrase that
// nothing has is searched by its words.
func (r *search) candidates(ctx context.Context) ([]Candidate, error) {
	for {
		if err := r.find(ctx); err != nil {
			return nil, err
		}
		all := union(r.near, r.words.hits)
		kept, err := r.sift(ctx, all)
		if err != nil {
			return nil, err
		}
		if len(kept) > 0 || !r.relax() {
			r.sifted = without(all, kept)
			return kept, nil
		}
	}
}

// restrict works out the documents that may be found.
func (r *search) restrict(ctx context.Context) (err error) {
	r.scope = newScope(r.query, r.collection.Restricted)
	if r.scope.all() || r.collection.Chunks == 0 {
		return nil
	}
	defer r.stage("filter")()
	ctx, cancel := context.WithTimeout(ctx, r.o.DenseBudget)
	defer cancel()
	r.scope, err = r.narrow(ctx, r.collection, r.scope)
	return err
}

func (r *search) fuse(ctx context.Context, candidates []Candidate) error {
	fused := r.stage("fuse")
	Fuse(candidates, r.query.Fusion, r.weight())
	fused()
	if err := r.addProximity(ctx, candidates); err != nil {
		return err
	}
	own, err := r.ownCosines(ctx, candidates)
	if err != nil {
		return err
	}
	r.result.Coverage = coverage(own, r.words.idfSum, len(r.near) > 0, len(r.terms.ids) > 0 && r.wordsErr == nil)
	return r.blend(ctx, candidates)
}

// weight of the dense leg.
func (r *search) weight() float64 {
	if r.query.DenseWeight != nil {
		return *r.query.DenseWeight
	}
	return r.collection.Settings.DenseWeight
}

// stage notes the time from its call to that of the function it returns.
func (r *search) stage(name string) func() {
	start := time.Now()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.result.Stages = append(r.result.Stages, Stage{name, time.Since(start)})
	}
}
