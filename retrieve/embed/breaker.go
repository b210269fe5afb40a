package embed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"
)

const (
	// breakerFailures in a row make calls go on without the model at once.
	breakerFailures = 3
	// breakerRetry is how long they do before the model is tried again, and
	// probeWithin the time of that try.
	breakerRetry = 10 * time.Second
	probeWithin  = 5 * time.Second
)

// ErrDown marks a call of a Breaker that did not ask the model.
var ErrDown = errors.New("the embedding model does not answer now")

// Breaker is a Model for calls that somebody waits for. One that fails again and
// again, as a remote one that is down, would cost each of them all its time: after
// breakerFailures in a row, or one connection that is refused, no call waits for
// it, and every breakerRetry one of them has it tried in the background until it
// answers. All who wait for a model should share one. Safe for concurrent use.
type Breaker struct {
	Model

	mu      sync.Mutex
	failed  int   // in a row
	last    error // of them
	retry   time.Time
	probing bool
}

// NewBreaker returns a breaker around m, or m where it is one. A connection to an
// *OpenAI that is refused is not tried again by its calls.
func NewBreaker(m Model) *Breaker {
	if b, ok := m.(*Breaker); ok {
		return b
	}
	if o, ok := m.(*OpenAI); ok {
		m = o.hasty()
	}
	return &Breaker{Model: m}
}

// Embed implements Model. It fails with ErrDown, and the last failure's error,
// while the model is down. When ctx ends before the model answers, that says
// nothing of the model: the texts may have been many.
func (b *Breaker) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if err := b.down(ctx); err != nil {
		return nil, err
	}
	return b.try(ctx, ctx, texts)
}

// EmbedTokens implements TokenModel, for what WithTokens returns.
func (b *Breaker) EmbedTokens(ctx context.Context, texts []string) ([]Tokens, error) {
	if err := b.down(ctx); err != nil {
		return nil, err
	}
	m, ok := b.Model.(TokenModel)
	if !ok {
		return nil, errors.New("the embedding model gives no vectors of tokens")
	}
	tokens, err := m.EmbedTokens(ctx, texts)
	for i := 0; err == nil && i < len(tokens); i++ {
		err = usable(tokens[i].Whole, b.Info().Dim)
	}
	b.note(ctx, err)
	if err != nil {
		return nil, err
	}
	return tokens, nil
}

// Within is Embed in at most d, where a model that takes longer has failed.
func (b *Breaker) Within(ctx context.Context, d time.Duration, texts []string) ([][]float32, error) {
	if err := b.down(ctx); err != nil {
		return nil, err
	}
	return b.tryWithin(ctx, d, texts)
}

// down says why the model is not to be asked now; nil when it is.
func (b *Breaker) down(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed < breakerFailures {
		return nil
	}
	if !b.probing && !time.Now().Before(b.retry) {
		b.probing = true
		go b.probe(context.WithoutCancel(ctx)) // it ends within its time
	}
	return fmt.Errorf("%w: %w", ErrDown, b.last)
}

func (b *Breaker) probe(ctx context.Context) {
	_, _ = b.tryWithin(ctx, probeWithin, []string{"probe"}) // what matters of it is noted
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

func (b *Breaker) tryWithin(ctx context.Context, d time.Duration, texts []string) ([][]float32, error) {
	within, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	vectors, err := b.try(within, ctx, texts)
	if err != nil && within.Err() != nil && !errors.Is(err, within.Err()) {
		err = errors.Join(within.Err(), err)
	}
	return vectors, err
}

// try asks the model in ctx, and notes how that ended unless caller has ended.
func (b *Breaker) try(ctx, caller context.Context, texts []string) ([][]float32, error) {
	vectors, err := b.Model.Embed(ctx, texts)
	if err == nil && len(vectors) != len(texts) {
		err = fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	for _, v := range vectors {
		if err == nil {
			err = usable(v, b.Info().Dim)
		}
	}
	b.note(caller, err)
	if err != nil {
		return nil, err
	}
	return vectors, nil
}

// note counts how a try ended. One that its caller gave up says nothing.
func (b *Breaker) note(caller context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.failed = 0
		return
	case errors.Is(err, errRefused): // there is no server
		b.failed = breakerFailures
	case caller.Err() == nil:
		b.failed++
	default:
		return
	}
	b.last, b.retry = err, time.Now().Add(breakerRetry)
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
