package retrieve

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// embedder embeds queries within a budget. Safe for concurrent use.
type embedder struct {
	model  *embed.Breaker
	budget time.Duration
}

// embedAhead begins to embed the query's text alone, when that is what the dense leg
// will search by. It ends with ctx.
func (r *search) embedAhead(ctx context.Context) {
	if !r.runs(Dense) || r.query.HyDE || strings.TrimSpace(r.syntax.Text) == "" {
		return
	}
	text := r.syntax.Text
	var vectors [][]float32
	var err error
	done := make(chan struct{})
	r.begun.Go(func() {
		defer close(done)
		vectors, err = r.embedTexts(ctx, []string{text})
	})
	r.ahead = func() ([][]float32, error) {
		<-done
		return vectors, err
	}
}

// embed sets the query's vector and what the leg searches by: the same, unless an
// answer was supposed.
func (r *search) embed(ctx context.Context) (err error) {
	var vectors [][]float32
	if r.ahead != nil {
		vectors, err = r.ahead()
	} else if r.supposed != "" {
		vectors, err = r.embedTexts(ctx, []string{r.syntax.Text, r.supposed})
	} else {
		vectors, err = r.embedTexts(ctx, []string{r.syntax.Text})
	}
	if err != nil {
		return err
	}
	r.result.Vector, r.aim = vectors[0], vectors[0]
	if r.supposed != "" {
		r.aim = between(vectors[0], vectors[1])
	}
	return nil
}

func (r *search) embedTexts(ctx context.Context, texts []string) ([][]float32, error) {
	defer r.stage("embed")()
	return r.queries.embed(ctx, texts)
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
