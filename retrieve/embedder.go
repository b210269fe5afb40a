package retrieve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

const (
	// embedFailures in a row make searches go on without the model at once.
	embedFailures = 3
	// embedRetry is how long they do before the model is tried again.
	embedRetry = 10 * time.Second
)

// embedder embeds queries within a budget. A model that fails again and again,
// as a remote one that is down, would cost each search its whole budget: after
// embedFailures in a row no search waits for it, and every embedRetry one of
// them has it tried in the background until it answers. Safe for concurrent use.
type embedder struct {
	model  embed.Model
	budget time.Duration

	mu      sync.Mutex
	failed  int   // in a row
	last    error // of them
	retry   time.Time
	probing bool
}

// embed sets the query's vector and what the leg searches by: the same, unless an
// answer was supposed.
func (r *search) embed(ctx context.Context) error {
	defer r.stage("embed")()
	texts := []string{r.syntax.Text}
	if r.supposed != "" {
		texts = append(texts, r.supposed)
	}
	vectors, err := r.queries.embed(ctx, texts)
	if err != nil {
		return err
	}
	r.result.Vector, r.aim = vectors[0], vectors[0]
	if len(texts) > 1 {
		r.aim = between(vectors[0], vectors[1])
	}
	return nil
}

// embed returns the vector of each of a query's texts, or a *legError.
func (e *embedder) embed(ctx context.Context, texts []string) ([][]float32, error) {
	if err := e.down(ctx); err != nil {
		return nil, err
	}
	return e.try(ctx, texts)
}

// down says why the model is not to be asked now; nil when it is.
func (e *embedder) down(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed < embedFailures {
		return nil
	}
	if !e.probing && !time.Now().Before(e.retry) {
		e.probing = true
		go e.probe(context.WithoutCancel(ctx)) // it ends within the budget
	}
	return &legError{"The embedding model has failed several times in a row", e.last}
}

func (e *embedder) probe(ctx context.Context) {
	_, _ = e.try(ctx, []string{"probe"}) // what matters of it is noted
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probing = false
}

func (e *embedder) try(ctx context.Context, texts []string) ([][]float32, error) {
	within, cancel := context.WithTimeout(ctx, e.budget)
	defer cancel()
	vectors, err := e.model.Embed(within, texts)
	if err == nil && len(vectors) != len(texts) {
		err = fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for _, v := range vectors {
		if err == nil {
			err = usable(v, e.model.Info().Dim)
		}
	}
	if err != nil {
		err = late(within, "The embedding model", e.budget, err)
	}
	e.note(ctx, err)
	if err != nil {
		return nil, err
	}
	return vectors, nil
}

// note counts how a try ended. One that its caller gave up says nothing.
func (e *embedder) note(ctx context.Context, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		e.failed = 0
	case ctx.Err() == nil:
		e.failed++
		e.last, e.retry = err, time.Now().Add(embedRetry)
	}
}

// usable says why a model's vector cannot be searched by: its length is not the
// model's, a number is not finite, or all are zero, which has no direction.
func usable(v []float32, dim int) error {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	switch {
	case len(v) != dim:
		return fmt.Errorf("a vector of %d dimensions from a model of %d", len(v), dim)
	case math.IsNaN(sum) || math.IsInf(sum, 0):
		return errors.New("a vector that is not finite")
	case sum == 0:
		return errors.New("a vector of zeros")
	}
	return nil
}
