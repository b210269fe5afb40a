package embed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"
)

// OpenAI embeds through the HTTP interface of OpenAI, which llama.cpp, vLLM,
// Ollama, TEI and others serve too.
//
// Whether equal texts give equal vectors is the server's doing; most come close
// without reaching it.
type OpenAI struct {
	config OpenAIConfig
	client *http.Client
	slots  chan struct{} // held by the requests of large calls
	info   Info
	pacer  Pacer // nil: none
	// final: a connection that is refused is not tried again.
	final bool
}

var _ Model = (*OpenAI)(nil)

// NewOpenAI returns an embedder for a server that is not contacted yet.
func NewOpenAI(config OpenAIConfig) (*OpenAI, error) {
	if err := config.Validate(); err != nil {
		return nil, fmt.Errorf("embedder over HTTP: %w", err)
	}
	config = config.withDefaults()
	identity := sha256.Sum256(fmt.Appendf(nil, "openai %q %d %v %d %q",
		config.Model, config.Dim, config.SendDim, config.MaxTokens, config.Revision))
	return &OpenAI{
		config: config,
		client: newClient(config),
		slots:  make(chan struct{}, config.Concurrency),
		info: Info{
			Name:        config.Model,
			Dim:         config.Dim,
			MaxTokens:   config.MaxTokens,
			Fingerprint: hex.EncodeToString(identity[:16]),
		},
	}, nil
}

// hasty returns an embedder that shares all with o, for who has another way to go
// on: where nothing listens a call fails at once.
func (o *OpenAI) hasty() *OpenAI {
	hasty := *o
	hasty.final = true
	return &hasty
}

// Info describes the model. Its fingerprint covers what is configured; weights
// that change behind the same name are told by OpenAIConfig.Revision.
func (o *OpenAI) Info() Info { return o.info }

// Tokens estimates a text's tokens, as high as it may be for the common
// tokenizers: see estimateTokens.
func (o *OpenAI) Tokens(text string) int { return estimateTokens(text) }

// Close drops idle connections.
func (o *OpenAI) Close() error {
	o.client.CloseIdleConnections()
	return nil
}

// Embed implements Model. The texts travel in batches, several at once; the
// first batch that fails ends the call. A response that is not the one asked for
// is a *StatusError, a *DimensionError or ErrResponse, none at all is
// ErrUnreachable. No error holds the key.
func (o *OpenAI) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	vectors := make([][]float32, len(texts))
	batches := o.split(texts)
	if len(batches) == 1 {
		if err := o.embedBatch(ctx, batches[0], vectors); err != nil {
			return nil, err
		}
		return vectors, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(o.config.Concurrency)
	for _, b := range batches {
		group.Go(func() error {
			select {
			case o.slots <- struct{}{}:
				defer func() { <-o.slots }()
			case <-ctx.Done():
				return ctx.Err()
			}
			return o.embedBatch(ctx, b, vectors[b.first:])
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return vectors, nil
}

func (o *OpenAI) embedBatch(ctx context.Context, b batch, into [][]float32) error {
	vectors, err := o.requestWithRetries(ctx, b)
	if err != nil {
		return fmt.Errorf("embed texts %d to %d by %q: %w", b.first+1, b.first+len(b.texts), o.config.Model, err)
	}
	copy(into, vectors)
	return nil
}

// batch is a run of a call's texts, each cut to MaxTokens.
type batch struct {
	first  int // index of its first text in the call
	texts  []string
	tokens int
}

// split keeps to BatchTexts and BatchTokens; a single text may exceed the latter.
func (o *OpenAI) split(texts []string) []batch {
	var batches []batch
	var current batch
	for i, text := range texts {
		text, n := cutTokens(text, o.config.MaxTokens)
		full := len(current.texts) == o.config.BatchTexts || current.tokens+n > o.config.BatchTokens
		if full && len(current.texts) > 0 {
			batches = append(batches, current)
			current = batch{first: i}
		}
		current.texts = append(current.texts, text)
		current.tokens += n
	}
	return append(batches, current)
}
