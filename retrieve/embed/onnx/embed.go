package onnx

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/quarry-rag/quarry/retrieve/embed"
)

// directTexts is the largest call that runs at once whatever else is going on:
// a question, or the sentences of one answer. All larger calls together run at
// most one text a core, so that questions never queue behind ingestion.
const directTexts = 8

// Embed implements embed.Model. Equal texts give bit-for-bit equal vectors on
// one machine. When ctx ends it stops between two steps of the model, within
// some tens of milliseconds.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	vectors := make([][]float32, len(texts))
	err := m.each(ctx, texts, func(i int, states []float32) (err error) {
		vectors[i], err = pool(states)
		return err
	})
	if err != nil {
		return nil, err
	}
	return vectors, nil
}

// EmbedTokens implements embed.TokenModel.
func (m *Model) EmbedTokens(ctx context.Context, texts []string) ([]embed.Tokens, error) {
	out := make([]embed.Tokens, len(texts))
	err := m.each(ctx, texts, func(i int, states []float32) (err error) {
		if out[i].Whole, err = pool(states); err != nil {
			return err
		}
		for at := dim; at+dim < len(states); at += dim { // but the first and the last, which mark the ends
			state, err := pool(states[at : at+dim])
			if err != nil {
				return err
			}
			out[i].Each = append(out[i].Each, state)
		}
		_, out[i].Spans = m.tokenizer.EncodeSpans(texts[i], m.info.MaxTokens)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each hands take the states of each text's tokens, which are its own for the
// time of the call. It calls it concurrently, and stops at the first error.
func (m *Model) each(ctx context.Context, texts []string, take func(i int, states []float32) error) error {
	var next atomic.Int64
	return m.spread(ctx, len(texts), func(ctx context.Context) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(texts) {
				return nil
			}
			err := m.inTurn(ctx, texts[i], len(texts) > directTexts, func(states []float32) error { return take(i, states) })
			if err != nil {
				return fmt.Errorf("embed text %d of %d: %w", i+1, len(texts), err)
			}
		}
	})
}

// spread runs work on up to one goroutine a core and returns the first error.
func (m *Model) spread(ctx context.Context, texts int, work func(context.Context) error) error {
	workers := min(texts, runtime.GOMAXPROCS(0))
	if workers == 1 {
		return work(ctx)
	}
	group, ctx := errgroup.WithContext(ctx)
	for range workers {
		group.Go(func() error { return work(ctx) })
	}
	return group.Wait()
}

func (m *Model) inTurn(ctx context.Context, text string, wait bool, take func(states []float32) error) error {
	if wait {
		select {
		case m.slots <- struct{}{}:
			defer func() { <-m.slots }()
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ids := m.tokenizer.Encode(text, m.info.MaxTokens)
	buffer := m.states.Get().(*[]float32)
	defer m.states.Put(buffer)
	states := (*buffer)[:len(ids)*dim]
	if err := m.session.run(ctx, ids, states); err != nil {
		return err
	}
	return take(states)
}

// pool returns the mean of the tokens' states, scaled to length 1. The scale
// makes the division by the number of tokens needless.
func pool(states []float32) ([]float32, error) {
	vector := make([]float32, dim)
	for len(states) > 0 {
		for i, v := range states[:dim] {
			vector[i] += v
		}
		states = states[dim:]
	}
	var square float64
	for _, v := range vector {
		square += float64(v) * float64(v)
	}
	if !(square > 0) || math.IsInf(square, 1) {
		return nil, fmt.Errorf("the model gave a vector of squared length %v", square)
	}
	scale := 1 / math.Sqrt(square)
	for i, v := range vector {
		vector[i] = float32(float64(v) * scale)
	}
	return vector, nil
}
