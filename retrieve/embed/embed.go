// Package embed turns text into vectors. Its implementations are onnx (in
// process, the only part of Quarry that needs cgo) and OpenAI (HTTP).
package embed

import (
	"context"
	"fmt"
	"math"
)

// Model is one embedding model. ingest and retrieve must use the same one for a
// collection; Info.Fingerprint tells whether they do. Safe for concurrent use.
type Model interface {
	// Embed returns a vector of Info().Dim numbers and length 1 for each text,
	// in order. Equal texts give equal vectors, whatever shares the call. A text
	// of more than Info().MaxTokens is cut at its end. No text is no vector and
	// no error. It stops early, with ctx's error, when ctx ends.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	// Tokens counts a text's tokens, special ones not included. For models
	// whose tokenizer is not known here it is a safe (high) estimate.
	Tokens(text string) int
	Info() Info
}

// TokenModel is a model that gives its tokens' vectors too, for late interaction.
type TokenModel interface {
	Model
	// EmbedTokens is Embed with the tokens' vectors.
	EmbedTokens(ctx context.Context, texts []string) ([]Tokens, error)
}

// Tokens is a text's vector and those of its tokens, in order and without special
// ones, each of length 1.
type Tokens struct {
	Whole []float32
	Each  [][]float32
}

// EmbedTokens is m's EmbedTokens; where m is no TokenModel, the texts' vectors alone.
func EmbedTokens(ctx context.Context, m Model, texts []string) ([]Tokens, error) {
	if t, ok := m.(TokenModel); ok {
		return t.EmbedTokens(ctx, texts)
	}
	vectors, err := m.Embed(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(vectors) != len(texts) {
		return nil, fmt.Errorf("%d vectors for %d texts", len(vectors), len(texts))
	}
	out := make([]Tokens, len(vectors))
	for i, v := range vectors {
		out[i].Whole = v
	}
	return out, nil
}

// Info describes a model.
type Info struct {
	// Name, for people and for configuration, as in "all-MiniLM-L6-v2".
	Name string
	// Dim is the length of its vectors.
	Dim int
	// MaxTokens is the longest text it reads, special tokens included.
	MaxTokens int
	// Fingerprint changes whenever equal text could give another vector: it
	// covers weights, tokenizer and MaxTokens.
	Fingerprint string
}

// Cosine of two vectors, of whatever lengths; 0 where it is no number, or where their
// dimensions differ.
func Cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return 0
	}
	var dot, x, y float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		x += float64(a[i]) * float64(a[i])
		y += float64(b[i]) * float64(b[i])
	}
	if c := dot / math.Sqrt(x*y); !math.IsNaN(c) && !math.IsInf(c, 0) {
		return c
	}
	return 0
}
