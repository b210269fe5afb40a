package retrieve

import (
	"context"
	"errors"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// embedder embeds queries within a budget. Safe for concurrent use.
type embedder struct {
	model  *embed.Breaker
	budget time.Duration
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
func (e embedder) embed(ctx context.Context, texts []string) ([][]float32, error) {
	vectors, err := e.model.Within(ctx, e.budget, texts)
	switch {
	case errors.Is(err, embed.ErrDown):
		return nil, &legError{"The embedding model does not answer now", err}
	case err != nil:
		return nil, overdue(errors.Is(err, context.DeadlineExceeded), "The embedding model", e.budget, err)
	}
	return vectors, nil
}
